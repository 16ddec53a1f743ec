"""The tilted law is what independent neurons give, and its estimate finds the weight again."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from polysem import numerics, theory
from polysem.numerics.collisions.trained_count import (
    place,
    retained_surface,
    settings,
    tilt_surface,
)


def by_enumeration(n, m, omega):
    """P(K = k): every way to fill m neurons with n features, an opposite pair weighing omega."""
    weights = np.zeros(n // 2 + 1)
    for filled in itertools.product((0, 1, 2), repeat=m):
        if sum(filled) == n:
            shared = filled.count(2)
            weights[shared] += 2 ** filled.count(1) * omega**shared
    return weights / weights.sum()


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 5), (6, 6), (7, 5), (8, 4)])
@pytest.mark.parametrize("omega", [0.1, 1.0, 7.0])
def test_the_law_is_that_of_independent_neurons(n, m, omega):
    law = numerics.TiltedLaw(n, m, omega)
    expected = by_enumeration(n, m, omega)
    assert law.pmf(np.arange(len(expected))) == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert law.mean() == pytest.approx(expected @ np.arange(len(expected)), rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(64, 64), (50, 400), (300, 170)])
def test_weight_one_is_the_exclusion_law(n, m):
    tilted, exclusion = numerics.TiltedLaw(n, m, 1.0), numerics.ExclusionLaw(n, m)
    assert tilted.mean() == pytest.approx(exclusion.mean(), rel=1e-12)
    assert tilted.var() == pytest.approx(exclusion.var(), rel=1e-10)


def test_a_million_features():
    law = numerics.TiltedLaw(10**6, 10**6, 2.0)
    assert law.mean() == pytest.approx(theory.mass_action_count(10**6, 10**6, 2.0), rel=2e-6)
    assert float(law.pmf(np.arange(290_000, 296_000)).sum()) == pytest.approx(1, abs=1e-9)


def test_the_estimate_is_where_the_mean_is_the_sample_mean():
    law = numerics.TiltedLaw(20, 30, 0.6)
    assert numerics.tilt_of_mean(law.mean(), n=20, m=30) == pytest.approx(0.6, rel=1e-9)
    counts = law.rvs(500, rng=np.random.default_rng(2))
    found = numerics.fit_tilt(counts, n=20, m=30)
    assert numerics.TiltedLaw(20, 30, found.omega).mean() == pytest.approx(counts.mean())
    best = np.sum(numerics.TiltedLaw(20, 30, found.omega).logpmf(counts))
    for end in (found.low, found.high):
        drop = best - np.sum(numerics.TiltedLaw(20, 30, end).logpmf(counts))
        assert drop == pytest.approx(1.920729, rel=1e-4)


def test_the_interval_covers_at_its_rate():
    """Null: coverage 95 %. 600 samples of 60 networks; the binomial error at 1e-6 is 4.9 sigma."""
    law, rng = numerics.TiltedLaw(24, 60, 0.7), np.random.default_rng(3)
    found = [numerics.fit_tilt(law.rvs(60, rng=rng), n=24, m=60) for _ in range(600)]
    inside = sum(one.low < 0.7 < one.high for one in found)
    assert abs(inside - 570) < 4.9 * math.sqrt(600 * 0.95 * 0.05)


def test_extreme_samples_give_one_sided_intervals():
    none = numerics.fit_tilt([0, 0, 0], n=8, m=64)
    assert (none.omega, none.low) == (0.0, 0.0)
    assert 0 < none.high < math.inf
    full = numerics.fit_tilt([4, 4], n=8, m=8)
    assert full.omega == full.high == math.inf
    assert 0 < full.low < math.inf
    forced = numerics.fit_tilt([4], n=8, m=4)
    assert (forced.low, forced.high) == (0.0, math.inf)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: numerics.TiltedLaw(4, 8, -1.0), "must be > 0"),
        (lambda: numerics.TiltedLaw(17, 8, 1.0), "n must be <= 2 m"),
        (lambda: numerics.fit_tilt([], n=4, m=8), "at least one network"),
        (lambda: numerics.fit_tilt([3], n=4, m=8), "between 0 and 2"),
        (lambda: numerics.fit_tilt([1], n=4, m=8, confidence=2), "a probability"),
        (lambda: numerics.tilt_of_mean(math.nan, n=4, m=8), "polysemantic neurons"),
        (lambda: numerics.trained_count(4, 8, 0.01, "sgd"), "sgd"),
        (lambda: numerics.trained_count(64, 1024, 0.1), "would lose all weights"),
        (lambda: numerics.trained_count(64, 4096, 0.00025, "adamw"), "was measured for"),
        (lambda: numerics.trained_count(40, 16), "n must be <= 2 m"),
        (lambda: numerics.trained_count(10**12, 10**13), "is computed for n <= 1000000"),
    ],
)
def test_bad_input_gets_one_line(call, words):
    with pytest.raises(ValueError, match=words) as raised:
        call()
    assert "\n" not in str(raised.value)


def test_the_surface_predicts_settings_that_are_left_out():
    """Each setting from all others: the errors are as large as the surface says."""
    for surface in (tilt_surface("flow"), retained_surface()):
        scaled, _ = surface.left_out()
        assert np.sqrt(np.mean(scaled**2)) < 1.35
        assert np.mean(np.abs(scaled) < 2) > 0.9


def test_a_left_out_error_is_that_of_a_surface_without_the_setting():
    whole = tilt_surface("flow")
    keep = np.arange(len(whole.values)) != 7
    without = replace(
        whole, places=whole.places[keep], values=whole.values[keep], errors=whole.errors[keep]
    )
    value, error = without.at(whole.places[7])
    scaled, scale = whole.left_out()
    assert scale[7] == pytest.approx(math.hypot(error, whole.errors[7]), rel=1e-6)
    assert scaled[7] * scale[7] == pytest.approx(whole.values[7] - value, rel=1e-6, abs=1e-9)


def test_the_law_of_a_trained_network_holds_the_error_of_omega():
    law = numerics.trained_count(1000, 5000)
    sharp = numerics.TiltedLaw(1000, 5000, law.omega)
    assert law.std() > 1.1 * sharp.std()
    assert law.pmf(np.arange(501)).sum() == pytest.approx(1, abs=1e-9)
    assert law.mean() == pytest.approx(sharp.mean(), rel=0.01)


def test_the_length_scales_of_omega_are_near_their_most_likely_values():
    """Each scale, changed by a third by itself, makes the measured values less likely."""
    surface = tilt_surface("flow")
    best = surface.log_likelihood()
    for place_of, scale in itertools.product(range(3), (2 / 3, 3 / 2)):
        lengths = list(surface.lengths)
        lengths[place_of] *= scale
        assert replace(surface, lengths=tuple(lengths)).log_likelihood() < best


def test_small_networks_on_very_many_neurons_are_extrapolated():
    law = numerics.trained_count(16, 16384)
    assert law.basis.startswith("extrapolated in n/sqrt(m)")
    assert law.omega == pytest.approx(1, abs=0.2)
    assert law.omega_error > 0.2


def test_every_setting_of_the_table_is_one_that_the_law_admits():
    for optimizer in ("flow", "adamw"):
        for one in settings(optimizer):
            assert one.n <= 2 * one.m
            assert 0 < one.mean < one.n / 2
            assert not one.retained <= 0
            assert not one.retained >= 1
            assert np.isfinite(place(one.n, one.m, one.lam)).all()
