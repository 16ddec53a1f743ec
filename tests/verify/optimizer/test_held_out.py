"""Settings under AdamW that were drawn before they were trained."""

import math

import numpy as np
import pytest

from polysem import numerics
from polysem.verify.optimizer import held_out as module
from polysem.verify.optimizer.held_out import (
    EXCESS,
    NEAR_CHANCE,
    deviation,
    held_out,
    held_out_settings,
)
from polysem.verify.optimizer.runs import Networks


def size(one):
    return one.n, one.m, one.lam


BOTH = pytest.mark.parametrize("draw", [NEAR_CHANCE, EXCESS], ids=["near chance", "excess"])


@BOTH
def test_the_trained_settings_are_the_drawn_ones(draw):
    trained = [size(one.setting) for one in held_out(draw)]
    assert sorted(trained) == sorted(map(size, held_out_settings(draw)))


@BOTH
def test_the_means_are_as_precise_as_demanded(draw):
    """A small excess is allowed: the number of networks follows from the predicted variance."""
    assert all(one.mean_error < 1.3 * draw.precision * one.mean for one in held_out(draw))


@BOTH
def test_the_rows_came_to_one_weight(draw):
    for one in held_out(draw):
        features = one.setting.n * one.setting.networks
        assert one.dead + one.unsettled < 0.005 * features
        assert one.counts.sum() == one.setting.networks


def test_the_page_says_which_means_miss_the_prediction():
    missed = [size(one.setting) for one in held_out() if not module.within(one)]
    assert missed == [(14, 64, 0.026), (112, 256, 0.00317), (22, 128, 0.00138)]
    missed = [size(one.setting) for one in held_out(EXCESS) if not module.within(one)]
    assert missed == [(19, 2048, 0.0134)]


def test_near_chance_the_law_holds_on_average_and_within_30_per_cent():
    ratios = np.array([one.mean / module.law(one.setting).mean() for one in held_out()])
    errors = np.array([one.mean_error / one.mean for one in held_out()])
    weights = errors**-2.0
    mean, error = np.average(ratios, weights=weights), weights.sum() ** -0.5
    assert abs(mean - 1) < 2 * error
    assert np.abs(ratios - 1).max() < 0.3


def test_the_excess_is_near_the_prediction_by_its_own_error_and_far_from_chance():
    """Within two standard errors of both together; without the support's term each departs."""
    for one in held_out(EXCESS):
        law = module.law(one.setting)
        stated = law.omega_error * law.var()  # of the mean
        assert abs(one.mean - law.mean()) < 2 * math.hypot(stated, one.mean_error)
        chance = numerics.ExclusionLaw(one.setting.n, one.setting.m).mean()
        assert one.mean - 4 * one.mean_error > chance
        assert law.mean() >= EXCESS.above_chance * chance


def test_the_means_with_an_excess_agree_with_the_prediction_on_average():
    away, error = np.array([deviation(one) for one in held_out(EXCESS)]).T
    assert np.average(away, weights=error**-2) == pytest.approx(-0.03, abs=0.005)
    assert (error**-2).sum() ** -0.5 < 0.03


@pytest.mark.parametrize(("factor", "most"), [(0.8, 3), (1.25, 3), (0.5, 0)])
def test_a_law_with_another_factor_fits_fewer_settings_with_an_excess(monkeypatch, factor, most):
    class Scaled:
        def __init__(self, right):
            self.right = right

        def mean(self):
            return factor * self.right.mean()

    right = module.law
    monkeypatch.setattr(module, "law", lambda networks: Scaled(right(networks)))
    assert sum(map(module.within, held_out(EXCESS))) <= most


def test_a_setting_is_trained_from_its_seeds():
    one = Networks(n=4, m=16, lam=0.02, networks=6, steps=1500)
    found = one.counted()
    final = numerics.train(
        np.stack([one.start(seed) for seed in range(6)]), 0.02, optimizer="adamw", steps=1500
    ).weights
    assert found.mean == pytest.approx(numerics.polysemantic_neurons(final).mean())
    assert found.retained <= 24
