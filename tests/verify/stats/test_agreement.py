"""Verdicts follow the definition of equivalence; the budget fails when it is overspent."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from polysem import verify

VALUE = {"claim": "amplitude", "quantity": "w", "prediction": 2.0, "margin": 0.1}


@pytest.mark.parametrize(
    ("estimate", "error", "verdict"),
    [(2.1, 0.05, "agrees"), (2.1, 0.15, "undecided"), (2.4, 0.1, "departs"), (1.5, 0.2, "departs")],
)
def test_verdict_is_the_place_of_the_interval(estimate, error, verdict):
    check = verify.Agreement.of_value(**VALUE, estimate=estimate, numerical_error=error)
    assert check.verdict == verdict
    assert check.alpha == 0
    assert check.ratio_interval == pytest.approx(((estimate - error) / 2, (estimate + error) / 2))


def test_negative_and_zero_predictions():
    minus = verify.Agreement.of_value(
        **VALUE | {"prediction": -2.0}, estimate=-2.1, numerical_error=0.05
    )
    assert minus.verdict == "agrees"
    assert minus.ratio_interval[0] < minus.ratio < minus.ratio_interval[1]
    zero = verify.Agreement.of_value(
        **VALUE | {"prediction": 0.0}, estimate=0.05, numerical_error=0.01
    )
    assert zero.verdict == "agrees"
    assert zero.ratio is None
    assert zero.to_dict()["ratio_interval"] is None


@pytest.mark.parametrize(("trials", "decides"), [(6366, False), (14_000, True)])
def test_an_interval_of_half_the_margin_leaves_nothing_undecided(trials, decides):
    """The exact probability that a right prediction does not agree, over all possible counts."""
    from scipy.stats import binom

    failing = []
    for successes in range(trials // 2 - 400, trials // 2 + 1):  # the others: below 1e-10
        check = verify.Agreement.of_proportion(
            claim="coin", quantity="heads", prediction=0.5, margin=0.1,
            successes=successes, trials=trials,
        )  # fmt: skip
        if check.verdict != "agrees":
            failing.append(successes)
    probability = 2 * float(binom.pmf(failing, trials, 0.5).sum())
    assert check.decides == decides
    assert (probability <= check.alpha) == decides


def test_equal_samples_show_no_deviation():
    check = verify.Agreement.of_mean(
        claim="c", quantity="q", prediction=5.2, margin=0.1, samples=[5, 5, 5], bounds=None
    )
    assert check.smallest_detectable == float("inf")
    with pytest.raises(AssertionError, match="draw more than 3 samples"):
        verify.assert_agrees(check, detects=0.5)


@given(
    estimate=st.floats(-10, 10),
    error=st.floats(0, 5),
    prediction=st.floats(-10, 10),
    margin=st.floats(0, 2),
)
def test_verdict_agrees_with_the_words(estimate, error, prediction, margin):
    check = verify.Agreement.of_value(
        claim="c", quantity="q", prediction=prediction, estimate=estimate,
        numerical_error=error, margin=margin,
    )  # fmt: skip
    room = margin * (abs(prediction) or 1.0)
    lower, upper = check.interval
    distances = [abs(lower - prediction), abs(upper - prediction)]
    spans = lower <= prediction <= upper
    nearest = 0.0 if spans else min(distances)
    expected = "agrees" if max(distances) <= room else "departs" if nearest > room else "undecided"
    assert check.verdict == expected
    if check.decides and spans:
        assert expected == "agrees"
    json.dumps(check.to_dict(), allow_nan=False)


def test_exact_constructors_show_their_rates():
    proportion = verify.Agreement.of_proportion(
        claim="c", quantity="winners", prediction=0.5, successes=2600, trials=5000, margin=0.2
    )
    assert proportion.verdict == "agrees"
    assert proportion.alpha == 1e-8
    assert f"{100 * proportion.smallest_detectable:.3g} %" in proportion.sentence()
    counts = verify.Agreement.of_poisson(
        claim="c", quantity="counts", prediction=4.0, count=8100, runs=1000, margin=0.1
    )
    assert counts.verdict == "departs"
    assert counts.smallest_detectable < 0.15


def test_numerical_error_widens_every_interval():
    """By itself at either end; where power depends on the margin, on the margin with the error."""
    common = {"claim": "c", "quantity": "q", "prediction": 4.0}
    for make, data in (
        (verify.Agreement.of_mean, {"samples": [3, 4, 5] * 50, "bounds": (0, 8)}),
        (verify.Agreement.of_mean, {"samples": [3, 4, 5] * 50, "bounds": None}),
        (verify.Agreement.of_poisson, {"count": 600, "runs": 150}),
    ):
        sharp = make(**common, **data, margin=0.1)
        lenient = make(**common, **data, margin=0.1 + 0.5 / 4)
        wide = make(**common, **data, margin=0.1, numerical_error=0.5)
        assert wide.interval == pytest.approx((sharp.interval[0] - 0.5, sharp.interval[1] + 0.5))
        assert wide.smallest_detectable == pytest.approx(lenient.smallest_detectable + 2 * 0.5 / 4)
        assert "numerical error 0.5" in wide.sentence()


def test_an_undetecting_sample_says_so():
    check = verify.Agreement.of_proportion(
        claim="c", quantity="q", prediction=0.01, successes=0, trials=20, margin=0.1
    )
    assert check.verdict == "undecided"
    assert check.to_dict()["smallest_detectable"] is None
    assert "it can detect no deviation" in check.sentence()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimate": float("nan")}, "estimate=nan"),
        ({"interval": (3.0, 4.0)}, "must contain the estimate"),
        ({"margin": -0.1}, "margin=-0.1"),
        ({"alpha": 1.0}, "alpha=1.0"),
        ({"samples": 0}, "samples=0"),
        ({"smallest_detectable": float("nan")}, "smallest_detectable=nan"),
        ({"numerical_error": float("nan")}, "numerical_error=nan"),
        ({"interval": (float("nan"), 3.0)}, "must contain the estimate"),
    ],
)
def test_bad_fields_are_refused(change, message):
    check = verify.Agreement.of_value(**VALUE, estimate=2.1, numerical_error=0.05)
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(check, **change)


def test_a_quotient_beyond_the_floats_is_none():
    agreement = verify.Agreement.of_value(
        claim="c", quantity="q", prediction=1e-310, estimate=1.0, numerical_error=0.1, margin=0.1
    )
    assert agreement.ratio is None
    assert agreement.ratio_interval is None
    assert json.loads(json.dumps(agreement.to_dict(), allow_nan=False))["ratio"] is None


def test_the_smallest_detectable_deviation_of_a_mean_has_the_power():
    """Half of Student's interval and the normal quantile of .99, in standard errors."""
    samples = np.array([3.0, 4.0, 4.5, 5.0, 6.0])
    check = verify.Agreement.of_mean(
        claim="c", quantity="q", prediction=-2.0, margin=0.1, samples=samples, bounds=None,
        alpha=0.01,
    )  # fmt: skip
    quantiles = stats.t(4).isf(0.005) + stats.norm.ppf(0.99)
    assert check.smallest_detectable == pytest.approx(quantiles * stats.sem(samples) / 2)


def test_the_numerical_error_of_a_proportion_is_relative_to_the_prediction():
    common = {"claim": "c", "quantity": "q", "prediction": 0.4, "successes": 2000, "trials": 5000}
    wide = verify.Agreement.of_proportion(**common, margin=0.1, numerical_error=0.02)
    lenient = verify.Agreement.of_proportion(**common, margin=0.15)
    assert wide.smallest_detectable == pytest.approx(lenient.smallest_detectable + 0.1)


def test_the_estimate_of_a_count_is_that_of_one_run():
    check = verify.Agreement.of_poisson(
        claim="c", quantity="q", prediction=2.0, count=200, runs=100, margin=0.5
    )
    assert check.estimate == 2.0


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize(("reach", "decides"), [(0.04, True), (0.06, False)])
def test_the_longer_side_of_an_interval_decides(side, reach, decides):
    """Around a prediction of 0 the margin is absolute."""
    check = verify.Agreement.of_value(
        claim="c", quantity="q", prediction=0.0, margin=0.1, estimate=0.0, numerical_error=0.001
    )
    interval = (-0.001, reach) if side > 0 else (-reach, 0.001)
    assert dataclasses.replace(check, interval=interval).decides == decides


def test_a_median_agrees_by_its_order_statistics():
    """28 samples are the fewest with an interval at 1e-8; its ends are the extreme samples."""
    samples = np.linspace(0.9, 1.2, 28)
    common = {"claim": "c", "quantity": "q", "margin": 0.5}
    check = verify.Agreement.of_median(**common, prediction=1.0, samples=samples)
    assert check.interval == (0.9, 1.2)
    assert check.estimate == pytest.approx(1.05)
    assert check.verdict == "agrees"
    assert not check.approximate
    assert (
        verify.Agreement.of_median(**common, prediction=3.0, samples=samples).verdict == "departs"
    )
    with pytest.raises(ValueError, match=r"27 samples .* at least 28"):
        verify.Agreement.of_median(**common, prediction=1.0, samples=samples[1:])


def test_a_median_deviates_by_the_smallest_detectable_and_is_seen():
    """Normal samples; the power is .99: fewer than 140 of 160 are seen with probability 2e-13."""
    rng, seen = np.random.default_rng(3), 0
    for _ in range(160):
        samples = rng.normal(1.0, 0.1, 60)
        common = {"claim": "c", "quantity": "q", "margin": 0.0, "alpha": 1e-3}
        check = verify.Agreement.of_median(**common, prediction=1.0, samples=samples)
        shifted = rng.normal(1 + 0.1 / samples.std(ddof=1) * check.smallest_detectable, 0.1, 60)
        seen += (
            verify.Agreement.of_median(**common, prediction=1.0, samples=shifted).verdict
            == "departs"
        )
    assert seen >= 140
