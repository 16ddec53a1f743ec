"""Half-normal moments and constants: limits, enveloping series, numbers known from elsewhere."""

import math

import mpmath
import pytest
import sympy as sp

from polysem import theory


@pytest.mark.parametrize("b", [3, 4, 5, 8, 12])
def test_the_series_of_the_second_moment_envelops_it(b):
    """The error is below the first term left out, and has its sign: -420/b^6."""
    exact = theory.half_normal_excess2(m=1, relative_threshold=float(b), scale=1.0)
    lead = 4 * theory.gaussian_density(relative_threshold=float(b)) / b**3
    error = (exact - theory.excess2_series(relative_threshold=float(b))) / lead
    assert -420 / b**6 < error < 0


@pytest.mark.parametrize(
    ("b", "norm", "live"),
    [
        (2.0, 1.061, 2.050),
        (2.5, 1.123, 2.340),
        (3.0, 1.138, 2.433),
        (4.0, 1.109, 2.357),
        (5.0, 1.075, 2.240),
    ],
)
def test_the_constants_in_reach(b, norm, live):
    assert round(theory.l1_norm_constant(b), 3) == norm
    assert round(theory.live_constant(b), 3) == live


@pytest.mark.parametrize("b", [10.0, 14.0, 20.0])
def test_the_constants_approach_their_series(b):
    """The first term left out has a coefficient of some thousands."""
    assert abs(theory.l1_norm_constant(b) - theory.l1_norm_constant_series(b)) < 3000 / b**8
    assert abs(theory.live_constant(b) - theory.live_constant_series(b)) < 6000 / b**8


def test_at_threshold_zero_the_moments_are_those_of_the_whole_row():
    m, scale = 1000, 0.03
    assert theory.half_normal_live(m, 0.0) == m
    assert math.isclose(
        theory.half_normal_excess1(m, 0.0, scale), m * scale * math.sqrt(2 / math.pi)
    )
    assert math.isclose(theory.half_normal_excess2(m, 0.0, scale), m * scale**2)
    assert theory.half_normal_time(0.01, m, 0.0) == 0


@pytest.mark.parametrize("b", [0.5, 2.0, 6.0])
def test_each_moment_is_minus_the_slope_of_the_next(b):
    with mpmath.workdps(40):
        one, two = (
            sp.lambdify(f.arguments, f.expression, "mpmath")
            for f in (theory.half_normal_excess1, theory.half_normal_excess2)
        )
        live = theory.half_normal_live(1, b)
        assert math.isclose(-mpmath.diff(lambda x: one(1, x, 1), b), live, rel_tol=1e-14)
        slope = -mpmath.diff(lambda x: two(1, x, 1), b)
        assert math.isclose(slope, 2 * theory.half_normal_excess1(1, b, 1.0), rel_tol=1e-14)


def test_the_square_of_the_norm_is_half_the_count():
    """An exponential law, which the tail becomes, has half its mean square as squared mean."""
    b = 25.0
    norm = theory.half_normal_l1_norm(10**6, b)
    assert math.isclose(norm**2 / theory.half_normal_live(10**6, b), 0.5, rel_tol=2e-3)
