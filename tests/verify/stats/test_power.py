"""The smallest detectable deviation is excluded with the stated power, counted out exactly."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from polysem import verify

RATE = 1e-3


def powers(law, intervals, prediction, margin, size):
    """Exact probabilities that "departs" is said of truths ``size`` beyond the margin."""
    scale = prediction or 1.0
    edges = [prediction + side * margin * scale for side in (-1, 1)]
    low, high = np.array(intervals).T
    departs = (low > edges[1]) | (high < edges[0])
    counts = np.arange(len(intervals))
    found = {}
    for side, edge in zip((-1, 1), edges, strict=True):
        assert law(counts, max(edge, 0))[departs].sum() <= RATE
        truth = edge + side * size * scale
        if edge > 0:
            found[side] = float(law(counts, truth)[departs].sum())
    return found


@pytest.mark.parametrize("margin", [0, 0.1, 0.5])
@pytest.mark.parametrize("prediction", [0, 0.3, 0.7, 1])
def test_binomial_power_is_exact(prediction, margin):
    from scipy.stats import binom

    trials = 500
    size = verify.smallest_binomial_deviation(prediction, trials, alpha=RATE, margin=margin)
    intervals = [verify.binomial_interval(k, trials, alpha=RATE) for k in range(trials + 1)]
    reached = powers(
        lambda k, p: binom.pmf(k, trials, min(max(p, 0), 1)), intervals, prediction, margin, size
    )
    if prediction * (1 + margin) >= 1:
        reached.pop(1)
    if prediction == margin == 0:
        reached = {1: float(binom.sf(0, trials, size))}
    assert min(reached.values()) == pytest.approx(0.99, abs=1e-4)


@pytest.mark.parametrize("margin", [0, 0.1, 0.5])
@pytest.mark.parametrize("prediction", [0, 4.0, 7.9])
def test_poisson_power_is_exact(prediction, margin):
    from scipy.stats import poisson

    runs = 60
    size = verify.smallest_poisson_deviation(prediction, exposure=runs, alpha=RATE, margin=margin)
    intervals = [verify.poisson_interval(k, exposure=runs, alpha=RATE) for k in range(1500)]
    reached = powers(
        lambda k, mean: poisson.pmf(k, runs * max(mean, 0)), intervals, prediction, margin, size
    )
    if prediction == margin == 0:
        reached = {1: float(poisson.sf(0, runs * size))}
    assert min(reached.values()) == pytest.approx(0.99, abs=1e-4)


def test_too_small_samples_detect_nothing():
    assert verify.smallest_binomial_deviation(0.01, 20, alpha=RATE) == math.inf
    assert verify.smallest_poisson_deviation(1.0, alpha=RATE) == math.inf


def test_samples_needed_is_the_least():
    def detectable(trials):
        return verify.smallest_mean_deviation(8.0, deviation=2.0, samples=trials, alpha=1e-8)

    needed = verify.samples_needed(detectable, at_most=0.1)
    assert detectable(needed) <= 0.1 < detectable(needed - 1)
    assert verify.samples_needed(detectable, at_most=1e9) == 1
    with pytest.raises(ValueError, match="at_most=0"):
        verify.samples_needed(detectable, at_most=0.0)
    with pytest.raises(ValueError, match="at_most=nan"):
        verify.samples_needed(detectable, at_most=math.nan)
    with pytest.raises(ValueError, match="cannot detect an effect of this size"):
        verify.samples_needed(lambda samples: math.nan, at_most=0.1)


def test_one_trial_can_exclude_a_probability_of_0():
    """A success excludes 0 at any rate; it is seen with probability .99 if p is .99."""
    assert verify.smallest_binomial_deviation(0.0, 1, alpha=0.5) == pytest.approx(0.99)


def test_the_deviation_from_0_is_absolute():
    size = verify.smallest_mean_deviation(0.0, deviation=2.0, samples=400, alpha=1e-3)
    assert size == pytest.approx((math.sqrt(2 * math.log(2000)) + norm.ppf(0.99)) * 2 / 20)
