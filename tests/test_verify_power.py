"""The smallest detectable deviation is excluded with the stated power, counted out exactly."""

import math

import numpy as np
import pytest

from polysem import verify

RATE = 1e-3


def test_binomial_power_is_exact():
    from scipy.stats import binom

    prediction, trials = 0.3, 2000
    size = verify.smallest_binomial_deviation(prediction, trials, false_alarm=RATE)
    counts = np.arange(trials + 1)
    excluded = np.array(
        [
            not lower <= prediction <= upper
            for lower, upper in (
                verify.binomial_interval(int(k), trials, false_alarm=RATE) for k in counts
            )
        ]
    )
    powers = [
        float(binom.pmf(counts[excluded], trials, prediction * (1 + side * size)).sum())
        for side in (-1, 1)
    ]
    assert min(powers) == pytest.approx(0.99, abs=1e-4)
    assert float(binom.pmf(counts[excluded], trials, prediction).sum()) <= RATE


def test_poisson_power_is_exact():
    from scipy.stats import poisson

    prediction, runs = 7.9, 60
    size = verify.smallest_poisson_deviation(prediction, exposure=runs, false_alarm=RATE)
    counts = np.arange(1200)
    intervals = [verify.poisson_interval(int(k), exposure=runs, false_alarm=RATE) for k in counts]
    excluded = np.array([not lower <= prediction <= upper for lower, upper in intervals])
    powers = [
        float(poisson.pmf(counts[excluded], runs * prediction * (1 + side * size)).sum())
        for side in (-1, 1)
    ]
    assert min(powers) == pytest.approx(0.99, abs=1e-4)
    assert float(poisson.pmf(counts[excluded], runs * prediction).sum()) <= RATE


def test_too_small_samples_detect_nothing():
    assert verify.smallest_binomial_deviation(0.01, 20, false_alarm=RATE) == math.inf
    assert verify.smallest_poisson_deviation(1.0, false_alarm=RATE) == math.inf


def test_samples_needed_is_the_least():
    def detectable(trials):
        return verify.smallest_mean_deviation(8.0, deviation=2.0, samples=trials, false_alarm=1e-8)

    needed = verify.samples_needed(detectable, at_most=0.1)
    assert detectable(needed) <= 0.1 < detectable(needed - 1)
    assert verify.samples_needed(detectable, at_most=1e9) == 1
    with pytest.raises(ValueError, match="at_most=0"):
        verify.samples_needed(detectable, at_most=0.0)
