"""Settings under AdamW that were drawn before they were trained."""

import math

import numpy as np
import pytest

from polysem import numerics
from polysem.numerics.optimizer import count
from polysem.verify.optimizer import held_out as module
from polysem.verify.optimizer.held_out import PRECISION, deviation, held_out, held_out_settings
from polysem.verify.optimizer.runs import Networks


def test_the_trained_settings_are_the_drawn_ones():
    """A later change of the law may change how many networks a setting needs, and so the draw."""
    trained = [(one.setting.n, one.setting.m, one.setting.lam) for one in held_out()]
    assert trained == [(one.n, one.m, one.lam) for one in held_out_settings()]


def test_the_settings_cover_the_demanded_ranges():
    crowding = [one.setting.n / math.sqrt(one.setting.m) for one in held_out()]
    lam = [one.setting.lam for one in held_out()]
    assert min(crowding) < 0.35
    assert max(crowding) > 4
    assert max(lam) / min(lam) > 30


def test_the_means_are_as_precise_as_demanded():
    """A small excess is allowed: the number of networks follows from the predicted variance."""
    assert all(one.mean_error < 1.3 * PRECISION * one.mean for one in held_out())


def test_the_rows_came_to_one_weight():
    for one in held_out():
        features = one.setting.n * one.setting.networks
        assert one.dead + one.unsettled < 0.005 * features
        assert one.counts.sum() == one.setting.networks


def test_the_page_says_how_many_means_agree():
    near = [one for one in held_out() if module.near_chance(one.setting)]
    assert sum(map(module.within, held_out())) == 23
    assert len(near) == 12
    assert sum(map(module.within, near)) == 11


@pytest.mark.parametrize("near", [True, False])
def test_the_means_are_as_near_to_the_law_as_it_says(near):
    """The squares of the deviations over both errors together have the mean 1.

    The mean of 12 lies in (.25, 2.4) with probability .99 if the errors are normal.
    """
    squares = []
    for one in held_out():
        if module.near_chance(one.setting) == near:
            law = module.law(one.setting)
            errors = law.mean_error**2 + one.mean_error**2
            squares.append((one.mean - law.mean()) ** 2 / errors)
    assert 0.25 < np.mean(squares) < 2.4


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_a_law_with_another_factor_fits_few_settings(monkeypatch, factor):
    right = module.law

    class Scaled:
        def __init__(self, law):
            self.mean = lambda: factor * law.mean()

    monkeypatch.setattr(module, "law", lambda networks: Scaled(right(networks)))
    assert sum(map(module.within, held_out())) <= 4


@pytest.mark.parametrize(
    ("parts", "most"), [(("flow",), 6), (("support",), 6), (("flow", "support"), 12)]
)
def test_without_one_of_its_parts_the_law_fits_few_settings(monkeypatch, parts, most):
    """The two terms without the measured factor fit some of the settings, each term alone fewer."""

    class Part:
        def __init__(self, networks):
            n, m, lam = networks.n, networks.m, networks.lam
            terms = {
                "flow": count.limit_mean(n, m),
                "support": count.support_term(n, m, lam, count.pair_probability(m, lam)[0]),
            }
            self.mean = lambda: sum(terms[part] for part in parts)

    monkeypatch.setattr(module, "law", Part)
    assert sum(map(module.within, held_out())) <= most


def test_the_settings_with_an_excess_are_far_above_chance():
    for one in held_out():
        chance = numerics.ExclusionLaw(one.setting.n, one.setting.m).mean()
        if not module.near_chance(one.setting):
            assert one.mean - 4 * one.mean_error > chance


def test_a_setting_is_trained_from_its_seeds():
    one = Networks(n=4, m=16, lam=0.02, networks=6, steps=1500)
    found = one.counted()
    final = numerics.train(
        np.stack([one.start(seed) for seed in range(6)]), 0.02, optimizer="adamw", steps=1500
    ).weights
    assert found.mean == pytest.approx(numerics.polysemantic_neurons(final).mean())
    assert found.retained <= 24


def test_the_deviation_is_relative_to_the_prediction():
    one = held_out()[0]
    predicted = module.law(one.setting).mean()
    assert deviation(one)[0] == pytest.approx((one.mean - predicted) / predicted)
