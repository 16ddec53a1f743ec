"""The fraction of winners that kicks leave in place."""

import numpy as np
import pytest
from scipy.stats import kstest, norm

from polysem import numerics, theory

ALPHA = 1e-8


@pytest.mark.parametrize("size", [0.0, 0.3, 1.0, 3.0])
def test_the_fast_quadrature_equals_the_formula(size):
    exact = theory.retained_fraction(kick_size=size)
    assert numerics.retained_fraction(size) == pytest.approx(exact, rel=1e-12)


def test_limits():
    assert numerics.retained_fraction(0.0) == pytest.approx(1, abs=1e-13)
    small = 1e-4
    slope = (1 - numerics.retained_fraction(small)) / small
    assert slope == pytest.approx(1 / np.sqrt(np.pi), rel=1e-3)
    assert numerics.retained_fraction(8.0) < 1e-3


def test_any_kick_law_gives_the_gaussian_one_for_gaussian_kicks():
    quantiles = norm.ppf((np.arange(200_000) + 0.5) / 200_000)
    found = numerics.retained_fraction_of_kicks(0.7 * quantiles)
    assert found == pytest.approx(numerics.retained_fraction(0.7), abs=1e-5)


def slow_retained(kicks):
    """R = E[1/D(x)], D(s) = E max(1, e^(x' - s)), as it is written."""
    means = [np.mean([max(1.0, np.exp(other - x)) for other in kicks]) for x in kicks]
    return np.mean([1 / mean for mean in means])


def test_the_law_of_a_sample_equals_its_slow_twin():
    kicks = np.random.default_rng(0).standard_t(4, 60)
    assert numerics.retained_fraction_of_kicks(kicks) == pytest.approx(
        slow_retained(kicks), rel=1e-12
    )


def test_the_law_holds_for_a_poisson_process_with_skew_kicks(entropy):
    """Null: the fraction of kept tops is R(kick law).  40000 draws, rate 1e-8, sees 0.03."""
    draws, points = 40_000, 400
    rng = np.random.default_rng([entropy, 1])
    heights = -np.log(np.cumsum(rng.exponential(size=(draws, points)), axis=1))
    kicks = -rng.exponential(0.5, (draws, points))
    kept = ((heights + kicks).argmax(axis=1) == 0).mean()
    grid = -0.5 * np.log1p(-(np.arange(100_000) + 0.5) / 100_000) * -1
    law = numerics.retained_fraction_of_kicks(grid)
    detectable = 2 * norm.isf(ALPHA / 2) * np.sqrt(law * (1 - law) / draws)
    assert detectable < 0.03
    assert abs(kept - law) < detectable / 2
    wrong = numerics.retained_fraction(0.5)  # a Gaussian law of the same spread is rejected
    assert abs(kept - wrong) > detectable


@pytest.mark.parametrize("law", ["gaussian", "laplace"])
def test_top_weights_have_the_law_of_order_statistics(law, entropy):
    """Null: the third largest of 50 has its exact law.  20000 draws, rate 1e-8 (KS)."""
    rng = np.random.default_rng([entropy, 2])
    top = numerics.top_weights(50, 20_000, 3, rng, law=law)
    assert (np.diff(top, axis=1) < 0).all()
    from scipy.stats import beta, expon, halfnorm

    base = halfnorm if law == "gaussian" else expon
    third = beta(48, 3).cdf
    assert kstest(top[:, 2], lambda x: third(base.cdf(x))).pvalue > ALPHA
    assert kstest(top[:, 2], lambda x: beta(49, 2).cdf(base.cdf(x))).pvalue < ALPHA


def test_published_values_of_the_laws():
    """The sizes and fractions of paper_notes/reshuffling.md, to the digits printed there."""
    assert numerics.retained_fraction([0.1, 0.5, 1.0, 2.0]).round(4).tolist() == [
        0.9447,
        0.7444,
        0.5387,
        0.2554,
    ]
    fast = numerics.retained_fraction_fast([16, 64, 128, 64], [64, 256, 1024, 1024])
    assert fast.round(3).tolist() == [0.745, 0.706, 0.764, 0.83]
    sparse = numerics.retained_fraction_sparse([32, 64, 128], [64, 256, 1024])
    assert sparse.round(3).tolist() == [0.471, 0.516, 0.551]
    laplace = numerics.retained_fraction_sparse([32, 64], [64, 256], law="laplace")
    assert laplace.round(3).tolist() == [0.64, 0.674]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: numerics.retained_fraction(-1.0), "kick_size=-1.0"),
        (lambda: numerics.retained_fraction_of_kicks([]), "0 kicks"),
        (lambda: numerics.retained_fraction_sparse(4, 16, law="cauchy"), "law='cauchy'"),
        (lambda: numerics.top_weights(4, 1, 5, np.random.default_rng(0)), "keep=5"),
    ],
)
def test_bad_input(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_under_the_flow_fewer_kicks_are_in_time():
    limit = numerics.retained_fraction_sparse(64, 256)
    found = [numerics.retained_fraction_flow(64, 256, lam) for lam in (0.0, 1e-9, 0.01, 0.1, 10.0)]
    assert found[:2] == pytest.approx([limit, limit], abs=1e-6)
    assert np.all(np.diff(found[1:]) > 0)
    assert found[-1] > 0.99


def test_the_flow_starts_from_a_given_limit():
    assert numerics.retained_fraction_flow(64, 256, 0.0, limit=0.3) == 0.3
    assert numerics.retained_fraction_flow(64, 256, 0.03, limit=1.0) == 1.0
    assert numerics.retained_fraction_flow(64, 256, 1e-9, limit=0.3) == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize("limit", [0.0, -0.1, 1.1, float("nan")])
def test_a_fraction_out_of_range_is_refused(limit):
    with pytest.raises(ValueError, match="the fraction of winners kept"):
        numerics.retained_fraction_flow(8, 16, 0.1, limit=limit)
