"""Intervals keep their rate, equal the second library's, and their samples show what they say."""

import math

import numpy as np
import pytest
from scipy.stats import norm, quantile_test
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.rates import confint_poisson

from polysem import verify

RATE = 1e-3
LAW = np.array([0.1, 0.3, 0.35, 0.15, 0.07, 0.03])
VALUES = np.arange(4, 10)
MEAN = float(LAW @ VALUES)
DEVIATION = math.sqrt(float(LAW @ (VALUES - MEAN) ** 2))


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (3, 10), (10, 10), (512, 4000)])
def test_binomial_interval_equals_statsmodels(successes, trials):
    ours = verify.binomial_interval(successes, trials, alpha=RATE)
    theirs = proportion_confint(successes, trials, alpha=RATE, method="beta")
    assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("count", [0, 1, 17, 4000])
def test_poisson_interval_equals_statsmodels(count):
    ours = verify.poisson_interval(count, exposure=3.0, alpha=RATE)
    theirs = confint_poisson(count, 3.0, method="exact-c", alpha=RATE)
    assert ours == pytest.approx(theirs, rel=1e-10, abs=1e-15)


@pytest.mark.parametrize("alpha", [0.05, RATE, 1e-8])
@pytest.mark.parametrize("size", [2, 5, 6, 28, 61, 4000])
def test_median_interval_equals_scipy(size, alpha):
    samples = np.random.default_rng(size).standard_exponential(size)
    test = quantile_test(samples, q=0, p=0.5)
    theirs = test.confidence_interval(confidence_level=1 - alpha)
    if 2 ** (1 - size) > alpha:
        assert np.isnan(theirs).all()
        with pytest.raises(ValueError, match="the interval of a median needs at least"):
            verify.median_interval(samples, alpha=alpha)
    else:
        assert verify.median_interval(samples, alpha=alpha) == tuple(theirs)


def test_median_interval_at_a_binomial_probability():
    """Of six samples all lie on one side of the median with probability 1/32."""
    assert verify.median_interval(range(6), alpha=1 / 32) == (0, 5)


def test_normal_interval_equals_scipy():
    ours = verify.normal_interval(2.5, 0.3, alpha=RATE)
    assert ours == pytest.approx(norm.interval(1 - RATE, 2.5, 0.3), rel=1e-12)
    values = np.array([1.0, 1.2, 0.9, 1.1])
    error = values.std(ddof=1) / 2
    ours = verify.normal_interval(values.mean(), error, alpha=RATE, samples=4)
    assert ours == pytest.approx(verify.normal_mean_interval(values, alpha=RATE))
    with pytest.raises(ValueError, match="samples=1"):
        verify.normal_interval(2.5, 0.3, alpha=RATE, samples=1)


def slow_bounded_mean_holds(samples, bounds, alpha, mean, guess):
    """Whether a candidate mean survives both bettors, sample by sample as in the paper."""
    low, high = bounds
    for sign in (+1, -1):
        candidate = (mean - low) / (high - low)
        centre = (guess[0] - low) / (high - low)
        unit = [(x - low) / (high - low) for x in samples]
        if sign < 0:
            candidate, centre, unit = 1 - candidate, 1 - centre, [1 - x for x in unit]
        squares = guess[1] / (high - low) ** 2
        total, money = centre, 1.0
        for seen, x in enumerate(unit, start=1):
            variance = max(squares / seen, 1 / len(unit) ** 2)
            stake = math.sqrt(2 * math.log(2 / alpha) / (len(unit) * variance))
            money *= 1 + min(stake, 0.9 / candidate) * (x - candidate)
            if money >= 2 / alpha:
                return False
            total += x
            squares += (x - total / (seen + 1)) ** 2
    return True


@pytest.mark.parametrize("rate", [0.05, 1e-6])
@pytest.mark.parametrize(
    ("values", "law", "guess"), [(VALUES, LAW, (6, 2)), ((0, 12), None, (6, 30))]
)
def test_bounded_interval_is_the_set_that_the_slow_bettors_leave(values, law, guess, rate):
    samples = np.random.default_rng(0).choice(values, size=150, p=law)
    lower, upper = verify.bounded_mean_interval(samples, bounds=(0, 12), alpha=rate, guess=guess)
    for mean in np.linspace(0.5, 11.5, 45):
        inside = slow_bounded_mean_holds(samples, (0, 12), rate, mean, guess)
        assert inside == (lower < mean < upper)
    for end, within in ((lower, 1e-6), (upper, -1e-6)):
        assert slow_bounded_mean_holds(samples, (0, 12), rate, end + within, guess)
        assert not slow_bounded_mean_holds(samples, (0, 12), rate, end - within, guess)


def test_bounded_interval_keeps_its_rate():
    """Null: the mean is the law's. 400 intervals at rate .1; false alarm of this test 1e-6."""
    rng = np.random.default_rng(1)
    missed = 0
    for _ in range(400):
        lower, upper = verify.bounded_mean_interval(
            rng.choice(VALUES, size=60, p=LAW), bounds=(0, 12), alpha=0.1
        )
        missed += not lower <= MEAN <= upper
    lower, _ = verify.binomial_interval(missed, 400, alpha=2e-6)
    assert lower <= 0.1


@pytest.mark.parametrize("direction", [+1, -1])
def test_a_mean_deviates_by_the_smallest_detectable_and_is_seen(direction):
    """The power is .99: of 60 samples shifted by the smallest detectable, at least 50 are seen.

    With power .99 fewer than 50 are seen with probability 2e-11.
    """
    rng = np.random.default_rng(2)
    seen = 0
    for _ in range(60):
        samples = rng.choice(VALUES, size=400, p=LAW)
        check = verify.Agreement.of_mean(
            claim="c", quantity="q", prediction=MEAN, samples=samples, margin=0.0,
            bounds=(0, 12), alpha=1e-6,
        )  # fmt: skip
        true_mean_over_prediction = 1 + direction * check.smallest_detectable
        shifted = verify.Agreement.of_mean(
            claim="c", quantity="q", prediction=MEAN / true_mean_over_prediction,
            samples=rng.choice(VALUES, size=400, p=LAW), margin=0.0, bounds=(0, 12),
            alpha=1e-6,
        )  # fmt: skip
        seen += shifted.verdict == "departs"
    assert seen >= 50


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: verify.binomial_interval(3, 2, alpha=0.1), "successes=3, trials=2"),
        (lambda: verify.binomial_interval(1, 2, alpha=1.5), "alpha=1.5"),
        (lambda: verify.binomial_interval(2.5, 4, alpha=0.1), "successes=2.5"),
        (lambda: verify.poisson_interval(-1, alpha=0.1), "count=-1"),
        (lambda: verify.poisson_interval(math.nan, alpha=0.1), "count=nan"),
        (lambda: verify.poisson_interval(1, exposure=math.inf, alpha=0.1), "exposure=inf"),
        (lambda: verify.normal_interval(2.5, -0.3, alpha=0.1), "error=-0.3"),
        (lambda: verify.normal_interval(2.5, math.nan, alpha=0.1), "error=nan"),
        (
            lambda: verify.bounded_mean_interval([5], bounds=(0, 4), alpha=0.1),
            r"bounds=\(0, 4\)",
        ),
        (lambda: verify.bounded_mean_interval([], bounds=(0, 4), alpha=0.1), "0 samples"),
        (lambda: verify.normal_mean_interval([5], alpha=0.1), "1 samples"),
    ],
)
def test_bad_input_shows_its_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()
