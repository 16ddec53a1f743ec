"""The counting laws: against enumeration, exact rationals, certified balls, and SciPy's rules."""

import itertools
import math
from collections import Counter
from fractions import Fraction

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import enumerated_exclusion_law, enumerated_independent_law
from scipy import stats

from polysem import numerics, theory

LAWS = {
    "exclusion": numerics.ExclusionLaw,
    "both signs": numerics.IndependentNeuronsLaw,
    "shared": numerics.IndependentSharedLaw,
    "pairs": numerics.IndependentPairsLaw,
}


def enumerated(name, n, m):
    """The law by going through all choices of n slots out of 2m."""
    if name == "exclusion":
        return as_floats(enumerated_exclusion_law(n, m))
    if name != "pairs":
        return as_floats(enumerated_independent_law(n, m, both_signs=name == "both signs"))
    counts = Counter()
    for choice in itertools.product(range(2 * m), repeat=n):
        slots = Counter(choice)
        counts[sum(slots[2 * k] * slots[2 * k + 1] for k in range(m))] += 1
    return {k: count / (2 * m) ** n for k, count in counts.items()}


def as_floats(law):
    return {k: float(p) for k, p in law.items() if p}


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 1), (2, 3), (4, 2), (3, 4), (5, 3), (6, 3)])
def test_laws_are_their_enumeration(name, n, m):
    law = LAWS[name](n, m)
    exact = enumerated(name, n, m)
    low, high = law.support()
    assert min(exact) == low or name == "pairs"
    assert max(exact) <= high
    k = np.arange(-2, high + 3)
    np.testing.assert_allclose(
        law.pmf(k), [exact.get(int(i), 0.0) for i in k], rtol=1e-12, atol=1e-14
    )
    mean = sum(i * p for i, p in exact.items())
    assert law.mean() == pytest.approx(mean, abs=1e-12)
    assert law.var() == pytest.approx(sum((i - mean) ** 2 * p for i, p in exact.items()), abs=1e-12)


@pytest.mark.parametrize("name", LAWS)
def test_laws_by_enumeration_when_features_outnumber_slots(name):
    if name == "exclusion":
        with pytest.raises(ValueError, match="n must be <= 2 m"):
            LAWS[name](5, 2)
        return
    exact = enumerated(name, 7, 2)
    law = LAWS[name](7, 2)
    np.testing.assert_allclose(
        law.pmf(sorted(exact)), [exact[k] for k in sorted(exact)], rtol=1e-12, atol=1e-14
    )


@settings(max_examples=25)
@given(m=st.integers(1, 1500), share=st.floats(0, 1))
def test_exclusion_law_is_the_exact_rational(m, share):
    n = max(1, min(2000, round(2 * m * share)))
    law = numerics.ExclusionLaw(n, m)
    low, high = law.support()
    total = math.comb(2 * m, n)
    for k in {low, high, (low + high) // 2, round(law.mean()), min(high, round(law.mean()) + 9)}:
        ways = math.comb(m, k) * math.comb(m - k, n - 2 * k) * 2 ** (n - 2 * k)
        exact = Fraction(ways, total)
        if exact > Fraction(1, 10**300):
            assert abs(Fraction(float(law.pmf(k))) / exact - 1) < 1e-12
        log_exact = float(flint.arb(ways).log() - flint.arb(total).log())
        assert law.logpmf(k) == pytest.approx(log_exact, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("m", [600_000, 10**6, 10**7])
def test_exclusion_law_at_a_million_features_lies_in_certified_balls(m):
    n = 10**6
    law = numerics.ExclusionLaw(n, m)
    low, high = law.support()
    centre, width = round(law.mean()), round(law.std())
    before, flint.ctx.prec = flint.ctx.prec, 400
    try:

        def log_choose(a, b):
            return sum(
                (sign * flint.arb(x + 1).lgamma() for sign, x in ((1, a), (-1, b), (-1, a - b))),
                flint.arb(0),
            )

        for k in (centre, centre + 1, centre - 5 * width, centre + 30 * width, low, high):
            exact = (
                log_choose(m, k)
                + log_choose(m - k, n - 2 * k)
                + (n - 2 * k) * flint.arb(2).log()
                - log_choose(2 * m, n)
            )
            assert float(exact.rad()) < 1e-40
            assert abs(float(flint.arb(float(law.logpmf(k))) / exact - 1)) < 1e-10
            if float(exact) > -700:
                assert abs(float(flint.arb(float(law.pmf(k))) / exact.exp() - 1)) < 1e-10
    finally:
        flint.ctx.prec = before
    assert np.sum(law.pmf(np.arange(low, high + 1))) == pytest.approx(1, rel=1e-12)


def test_capacity_is_in_the_support():
    law = numerics.ExclusionLaw(10, 6)
    assert law.support() == (4, 5)
    assert law.pmf(3) == 0
    assert law.cdf(3) == 0
    assert law.pmf([4, 5]).sum() == pytest.approx(1, abs=1e-15)
    assert numerics.ExclusionLaw(12, 6).pmf(6) == 1


def series_law(name, n, m):
    """P(K = k) from the power series in exact rational arithmetic."""
    before, flint.ctx.cap = flint.ctx.cap, n + 1
    try:
        x = flint.fmpq_series([0, 1])
        e = x.exp()
        counts, rest, slots = (
            ((e - 1) ** 2, 2 * e - 1, 2 * m) if name == "both signs" else (e - 1 - x, 1 + x, m)
        )
        factor = flint.fmpq(math.factorial(n), slots**n)
        return [
            (counts**k * rest ** (m - k))[n] * math.comb(m, k) * factor
            for k in range(min(m, n // 2) + 1)
        ]
    finally:
        flint.ctx.cap = before


@pytest.mark.parametrize("name", ["both signs", "shared"])
@pytest.mark.parametrize(("n", "m"), [(16, 16), (30, 7), (40, 100), (60, 60), (90, 45)])
def test_independent_laws_are_the_exact_rationals(name, n, m):
    exact = series_law(name, n, m)
    assert sum(exact) == 1
    law = LAWS[name](n, m)
    for k, value in enumerate(exact):
        if value:
            assert float(flint.arb(float(law.pmf(k))) / value - 1) == pytest.approx(0, abs=1e-12)
        else:
            assert law.pmf(k) == 0


@pytest.mark.parametrize("name", ["both signs", "shared"])
def test_independent_laws_at_a_thousand_features_lie_in_certified_balls(name):
    n, m = 1000, 1500
    law = LAWS[name](n, m)
    before = flint.ctx.cap, flint.ctx.prec
    flint.ctx.cap, flint.ctx.prec = n + 1, 4000
    try:
        x = flint.arb_series([0, 1])
        e = x.exp()
        counts, rest, slots = (
            ((e - 1) ** 2, 2 * e - 1, 2 * m) if name == "both signs" else (e - 1 - x, 1 + x, m)
        )
        centre = round(law.mean())
        for k in (centre, centre + 60):
            value = (counts**k * rest ** (m - k))[n] * math.comb(m, k)
            value = value * math.factorial(n) / flint.arb(slots) ** n
            assert float(value.rad() / value.mid()) < 1e-30
            assert abs(float(flint.arb(float(law.pmf(k))) / value - 1)) < 1e-12
    finally:
        flint.ctx.cap, flint.ctx.prec = before


def neuron_variance(name, n, m):
    """Var K = E K + m (m - 1) P(two given neurons count) - (E K)^2, in exact arithmetic."""
    one, n, m = flint.arb(1), n, m
    if name == "both signs":  # inclusion and exclusion over the four slots
        pair = sum(
            sign * math.comb(4, left) * (one - one * left / (2 * m)) ** n
            for left, sign in enumerate([1, -1, 1, -1, 1])
        )
        single = one - 2 * (one - one / (2 * m)) ** n + (one - one / m) ** n
    else:
        none, lone = (one - one / m) ** n, one * n / m * (one - one / m) ** (n - 1)
        single = one - none - lone
        rest = one - 2 * one / m
        neither = rest**n + 2 * (n * one / m) * rest ** (n - 1)
        neither += (n * one / m) * ((n - 1) * one / m) * rest ** (n - 2)
        pair = one - 2 * (none + lone) + neither
    mean = m * single
    return float(mean + m * (m - 1) * pair - mean * mean)


@pytest.mark.parametrize("name", ["both signs", "shared"])
@pytest.mark.parametrize(("n", "m"), [(64, 128), (5000, 700), (10**6, 10**7), (10**6, 10**6)])
def test_independent_laws_keep_mean_and_variance_at_any_size(name, n, m):
    law = LAWS[name](n, m)
    mass = law._masses.probability
    before, flint.ctx.prec = flint.ctx.prec, 300
    try:
        variance = neuron_variance(name, n, m)
    finally:
        flint.ctx.prec = before
    assert mass @ np.arange(len(mass)) + law._masses.low == pytest.approx(law.mean(), rel=1e-12)
    assert law.var() == pytest.approx(variance, rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(2000, 3000), (10**6, 10**7)])
def test_the_series_engine_gives_the_exclusion_law(n, m):
    """A = x^2 and B = 1 + 2x is the exclusion law, whose ratio is known in closed form."""
    from polysem.numerics.collisions.independent_laws import _IndependentLaw, _Series, complex_log1p

    series = _Series(
        log_a=lambda x: 0 * x,
        log_b=lambda x: np.log1p(2 * x),
        slope_a=lambda x: 0 * x,
        slope_b=lambda x: 2 / (1 + 2 * x),
        turn_a=lambda z, x: 0 * z,
        turn_b=lambda z, x: complex_log1p(2 * (z - x) / (1 + 2 * x)),
    )

    class Engine(_IndependentLaw):
        _series = series

        def mean(self):
            return theory.expected_neurons_exclusion(self.n, self.m)

    engine, law = Engine(n, m), numerics.ExclusionLaw(n, m)
    centre, width = round(law.mean()), round(law.std())
    k = np.arange(max(0, centre - 30 * width), min(n // 2, centre + 30 * width), max(1, width // 7))
    np.testing.assert_allclose(engine.pmf(k), law.pmf(k), rtol=1e-12 if n < 10**4 else 1e-10)
    far = np.array([n // 2 - 1, n // 2])
    np.testing.assert_allclose(engine.logpmf(far), law.logpmf(far), rtol=1e-9)


@pytest.mark.parametrize(("n", "m"), [(64, 64), (256, 4096), (200, 20)])
def test_pairs_law_keeps_its_moments_and_its_difference_from_the_neurons(n, m):
    law = numerics.IndependentPairsLaw(n, m)
    k = np.arange(law._masses.low, law._masses.low + len(law._masses.mantissa))
    mass = law.pmf(k)
    assert mass.sum() == pytest.approx(1, abs=1e-9)
    assert mass @ k == pytest.approx(theory.expected_pairs(n, m), rel=1e-9)
    assert mass @ (k - law.mean()) ** 2 == pytest.approx(theory.variance_pairs(n, m), rel=1e-8)
    neurons = numerics.IndependentNeuronsLaw(n, m)
    assert law.pmf(0) == pytest.approx(neurons.pmf(0), abs=1e-12)  # no pair iff no neuron
    distance = 0.5 * np.abs(mass - stats.poisson(law.mean()).pmf(k)).sum()
    assert distance <= theory.chen_stein_bound(n, m)


@pytest.mark.parametrize(("n", "m"), [(16, 64), (64, 256), (256, 4096)])
def test_the_poisson_limit_is_within_its_bound(n, m):
    law, limit = numerics.ExclusionLaw(n, m), numerics.poisson_limit(n, m)
    k = np.arange(law.support()[1] + 1)
    distance = 0.5 * (np.abs(law.pmf(k) - limit.pmf(k)).sum() + limit.sf(k[-1]))
    assert distance <= theory.poisson_bound(n, m)


@pytest.mark.parametrize("name", LAWS)
def test_the_interface_is_that_of_a_frozen_scipy_distribution(name):
    """SciPy's own discrete distribution on the same table gives the same values."""
    law = LAWS[name](12, 9)
    low, high = law.support()
    k = np.arange(low, high + 1)
    mass = law.pmf(k)
    scipy_law = stats.rv_discrete(values=(k, mass / mass.sum()))
    points = np.array([-3.0, low - 1, low, low + 0.5, low + 1, 4, 5.7, 100])
    for method in ("pmf", "cdf", "sf", "logpmf"):
        if method == "logpmf":
            with np.errstate(divide="ignore"):
                expected = np.log(scipy_law.pmf(points))
        else:
            expected = getattr(scipy_law, method)(points)
        np.testing.assert_allclose(getattr(law, method)(points), expected, atol=1e-9)
    levels = np.array([0.0, 1e-3, 0.2, 0.5, 0.9, 0.999])
    np.testing.assert_array_equal(law.ppf(levels), scipy_law.ppf(levels))
    np.testing.assert_array_equal(law.isf(levels[1:]), scipy_law.isf(levels[1:]))
    assert np.isnan(law.ppf([-0.1, 1.1, np.nan])).all()
    assert law.interval(0.9) == scipy_law.interval(0.9)
    assert law.median() == scipy_law.median()
    assert law.mean() == pytest.approx(scipy_law.mean(), rel=1e-9)
    assert law.std() == pytest.approx(scipy_law.std(), rel=1e-8)
    assert np.shape(law.pmf([[1, 2], [3, 4]])) == (2, 2)
    assert np.ndim(law.pmf(1)) == 0
    assert np.isnan(law.cdf(np.nan))


@given(n=st.integers(1, 300), m=st.integers(1, 300), level=st.floats(1e-12, 0.999))
def test_quantiles_are_least(n, m, level):
    m = max(m, (n + 1) // 2)
    law = numerics.ExclusionLaw(n, m)
    k = law.ppf(level)
    assert law.cdf(k) >= level > law.cdf(k - 1)
    upper = law.isf(level)
    assert law.sf(upper) <= level
    assert law.sf(upper - 1) > level or upper == law.support()[0] - 1
    low, high = law.interval(level)
    assert law.cdf(high) - law.cdf(low - 1) >= level - 1e-12


def test_draws_follow_the_law():
    """Null hypothesis: 20 000 draws are from the pmf; chi-square at a false-alarm rate of 1e-9.

    With this size a law whose mean is 2.4 % off, that of 125 neurons, is rejected.
    """
    law = numerics.ExclusionLaw(64, 128)
    draws = law.rvs(20_000, rng=np.random.default_rng(20231206))
    kept = np.flatnonzero(law.pmf(np.arange(33)) * len(draws) > 5)
    expected = law.pmf(kept) * len(draws)
    observed = np.array([(draws == k).sum() for k in kept])
    bound = stats.chi2.isf(1e-9, len(kept))

    def distance(expected):
        outside = len(draws) - expected.sum()
        excess = (len(draws) - observed.sum() - outside) ** 2 / max(outside, 1.0)
        return np.sum((observed - expected) ** 2 / expected) + excess

    assert distance(expected) < bound
    shifted = numerics.ExclusionLaw(64, 125)
    assert shifted.mean() / law.mean() == pytest.approx(1.024, abs=1e-3)
    assert distance(shifted.pmf(kept) * len(draws)) > bound


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize(("n", "m", "words"), [(0, 3, "n=0"), (3, -1, "m=-1"), (2.5, 3, "n=2.5")])
def test_bad_sizes_are_shown(name, n, m, words):
    with pytest.raises(ValueError, match=words):
        LAWS[name](n, m)


def test_a_law_of_pairs_that_cannot_be_computed_is_refused():
    with pytest.raises(ValueError, match="operations"):
        numerics.IndependentPairsLaw(10**6, 1)
