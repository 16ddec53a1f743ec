"""The half-normal law: its moments, its two equations, its limits, and rows drawn at random."""

import math

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from polysem import numerics


@settings(max_examples=25)
@given(b=st.floats(0, 60))
def test_moments_are_their_integrals(b):
    with mp.workdps(40):
        scale = 1 / mp.mpf(1 + b)
        knots = [0, scale / 5, scale, 5 * scale, 30 * scale, 100 * scale, 80]
        exact = [mp.quad(lambda x, p=p: x**p * mp.exp(-b * x - x * x / 2), knots) for p in range(3)]
    np.testing.assert_allclose(
        numerics.half_normal_moments(b), [float(e) for e in exact], rtol=1e-13
    )


def test_moments_in_the_letters_of_the_page():
    b = np.linspace(0, 5, 11)
    phi, q = norm.pdf(b), norm.sf(b)
    h = numerics.half_normal_moments(b)
    np.testing.assert_allclose(phi * h[0], q, rtol=1e-12)
    np.testing.assert_allclose(phi * h[1], phi - b * q, rtol=1e-9)
    np.testing.assert_allclose(phi * h[2], (1 + b**2) * q - b * phi, rtol=1e-9)


@pytest.mark.parametrize(("m", "lam", "scale"), [(1024, 0.01, None), (100_000, 1e-5, 2.8e-3)])
def test_the_law_solves_the_two_equations(m, lam, scale):
    times = np.geomspace(1, 0.3 / lam, 7)
    step = 1e-3 * times
    before, now, after = (
        numerics.half_normal_law(m, lam, times + d, scale=scale) for d in (-step, 0, step)
    )
    growth = (after.amplitude - before.amplitude) / (2 * step)
    rise = (after.threshold - before.threshold) / (2 * step)
    np.testing.assert_allclose(growth, (1 - now.norm2) * now.amplitude, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(rise, lam / now.amplitude, rtol=1e-5)
    b = now.threshold / (scale or 1 / math.sqrt(m))
    np.testing.assert_allclose(now.live, 2 * m * norm.sf(b), rtol=1e-10)


def test_at_the_start_it_is_the_half_normal_row():
    law = numerics.half_normal_law(500, 0.02, [0.0], scale=0.1)
    assert law.live[0] == pytest.approx(500, rel=1e-12)
    assert law.l1_norm[0] == pytest.approx(500 * 0.1 * math.sqrt(2 / math.pi), rel=1e-12)
    assert law.norm2[0] == pytest.approx(500 * 0.01, rel=1e-12)


def test_the_weak_limit_is_reached_at_the_stated_order():
    """At fixed lambda t, a tenth of lambda brings the full law ten times closer to the limit."""
    product, gaps = np.array([0.05, 0.2]), []
    for lam in (1e-3, 1e-4, 1e-5):
        full = numerics.half_normal_law(1024, lam, product / lam)
        weak = numerics.half_normal_law(1024, lam, product / lam, weak=True)
        gaps.append(np.abs(full.live / weak.live - 1))
    np.testing.assert_allclose(gaps[0] / gaps[1], 10, rtol=0.05)
    np.testing.assert_allclose(gaps[1] / gaps[2], 10, rtol=0.05)


def test_the_weak_limit_is_the_parametric_integral():
    scale, lam = 1 / 32, 1e-6
    law = numerics.half_normal_law(1024, lam, np.array([0.02, 0.1, 0.5]) / lam, weak=True)
    for t, threshold in zip(law.times, law.threshold, strict=True):
        knots = mp.linspace(0, threshold / scale, 9)
        area = mp.quad(
            lambda b: 1 / mp.sqrt((1 + b * b) * mp.erfc(b / mp.sqrt(2)) / 2 - b * mp.npdf(b)), knots
        )
        assert lam * t == pytest.approx(float(area) / math.sqrt(2 * 1024), rel=1e-9)


def test_the_products_in_reach_are_those_of_the_page():
    """lambda t |W|_1 and m' (lambda t)^2 depend on b alone, at leading order in lambda."""
    m, scale, lam = 10**6, 1e-3, 1.0
    times = np.geomspace(1e-3, 1, 4000)
    law = numerics.half_normal_law(m, lam, times, scale=scale, weak=True)
    b = law.threshold / scale
    at = [2, 2.5, 3, 4]
    np.testing.assert_allclose(
        np.interp(at, b, times * law.l1_norm), [1.061, 1.123, 1.138, 1.109], atol=6e-4
    )
    np.testing.assert_allclose(
        np.interp(at, b, times**2 * law.live), [2.050, 2.340, 2.433, 2.357], atol=2e-3
    )


def test_random_rows_follow_the_law():
    """Null hypothesis: the mean of live weights over rows is the law's, for rows of 4096.

    100 rows; per time the mean's deviation is bounded by 6 standard errors (false alarm below
    1e-8 for all times by the normal tail) plus .5 % for the law's own finite-row error; the
    smallest deviation detected for certain is twice that, below 10 % at these times.
    """
    m, lam, times, rows = 4096, 1e-3, np.array([10.0, 50.0, 100.0]), 100
    rng = np.random.default_rng([4096, 7])
    live = np.array(
        [
            numerics.row_flow(rng.normal(0, 1 / math.sqrt(m), m), lam, times).live
            for _ in range(rows)
        ]
    )
    law = numerics.half_normal_law(m, lam, times).live
    error = live.std(axis=0, ddof=1) / math.sqrt(rows)
    assert (2 * (6 * error + 0.005 * law) < 0.1 * law).all()
    assert (np.abs(live.mean(axis=0) - law) < 6 * error + 0.005 * law).all()
    paper = 1 / (1 / math.sqrt(m) + lam * times) ** 2
    assert (np.abs(paper / law - 1) > 0.1).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 0.1, [1.0]), "m=0"),
        ((9, -1.0, [1.0]), "lam=-1"),
        ((9, 0.1, [-1.0]), "times with the value -1"),
    ],
)
def test_bad_input_shows_the_value(arguments, words):
    with pytest.raises(ValueError, match=words):
        numerics.half_normal_law(*arguments)
    with pytest.raises(ValueError, match="b=-1"):
        numerics.half_normal_moments(-1.0)
