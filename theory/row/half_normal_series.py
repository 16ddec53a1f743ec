"""Gaussian rows at late times: series of the half-normal law, and the paper's estimates."""

from functools import partial

import sympy as sp

from ..model import INITIAL
from ..proof import Expansion, Formula, Step, cited, defining, derived, of
from ..proof import symbols as s
from .half_normal import (
    CLOCK,
    DENSITY,
    HALF_NORMAL_EXCESS2,
    HALF_NORMAL_L1_NORM,
    HALF_NORMAL_LIVE,
    L1_NORM_CONSTANT,
    LIVE_CONSTANT,
    MEAN1,
    MEAN2,
    TAIL,
)
from .sparsification import paper_l1_norm, paper_live_weights

formula = partial(Formula, source="paper_notes/half_normal.md")
_B = s.relative_threshold
# Mills' ratio Q/phi times b, by its asymptotic series
_MILLS = 1 - 1 / _B**2 + 3 / _B**4 - 15 / _B**6 + 105 / _B**8 - 945 / _B**10
_late_step = partial(Step, ranges={_B: (3, 8)})

excess2_series = formula(
    name="excess2_series",
    expression=4 * DENSITY / _B**3 * (1 - 6 / _B**2 + 45 / _B**4),
    arguments=(_B,),
    meaning="The squared excess of a Gaussian row per neuron, for a large threshold, scale 1.",
    example=">>> round(theory.excess2_series(relative_threshold=5.0) / 1e-8, 3)\n3.958",
    regime=(_B > 0,),
    error="relative O(b^-6), divergent, enveloping",
)
EXCESS2_SERIES = derived(
    excess2_series,
    "For a large threshold M2 per neuron, at s = 1, is {formula}, with the relative error O(b^-6).",
    _late_step(
        name="Mills",
        left=of(
            HALF_NORMAL_EXCESS2,
            INITIAL,
            build=lambda m2, density: (
                density / _B**3 * Expansion(m2 / (s.m * s.scale**2 * density) * _B**3, _B, 4)
            ),
        ),
        right=DENSITY / _B**3 * Expansion(2 * _B**3 * ((1 + _B**2) * _MILLS / _B - _B), _B, 4),
        reason="M2 = 2 ((1 + b^2) Q - b phi) per neuron, and the tail is Q = (phi/b) (1 - 1/b^2 + "
        "3/b^4 - 15/b^6 + ...), by repeated integration by parts",
    ),
    _late_step(name="add up", reason="the two largest powers cancel, and 2/b^3 is the next"),
    prose="The series of Mills' ratio envelops it: the error has the sign of, and is below, "
    "the first term left out.",
)

participation_series = formula(
    name="participation_series",
    expression=sp.Rational(1, 2) + 1 / (2 * _B**2) - 4 / _B**4 + 44 / _B**6,
    arguments=(_B,),
    meaning="The squared l1 norm over the number of live weights (1 in the paper's estimate).",
    example=">>> theory.participation_series(relative_threshold=10.0)\n0.504644",
    regime=(_B > 0,),
    error="O(b^-8), divergent: do not predict with it for b below 6",
)
PARTICIPATION_SERIES = derived(
    participation_series,
    "|W|_1^2/m' is {formula} + O(b^-8) for a large threshold, not 1.",
    _late_step(
        name="Mills",
        left=of(
            HALF_NORMAL_L1_NORM,
            HALF_NORMAL_LIVE,
            build=lambda norm, live: Expansion(norm**2 / live, _B, 6),
        ),
        right=Expansion(
            (1 - _MILLS) ** 2 / (((1 + _B**2) * _MILLS / _B - _B) * _MILLS / _B), _B, 6
        ),
        reason="|W|_1 = M1/sqrt(M2) and m' = 2 m Q(b), the number of live weights; in each the "
        "tail is Q(b) = (phi(b)/b) (1 - 1/b^2 + 3/b^4 - 15/b^6 + ...), and phi(b) cancels",
    ),
    _late_step(name="divide the series", reason="to leading order (1/b^2)^2/((2/b^3) (1/b)) = 1/2"),
)

l1_norm_constant_slope = formula(
    name="l1_norm_constant_slope",
    expression=MEAN1 / MEAN2 + s.norm_time * (MEAN1 / MEAN2 - TAIL / MEAN1),
    arguments=(s.norm_time, _B),
    meaning="The derivative of lambda t times the l1 norm of a Gaussian row by its threshold.",
    example=(
        ">>> round(theory.l1_norm_constant_slope(norm_time=1.138, relative_threshold=3.0), 3)"
        "\n-0.004"
    ),
    error="leading order in lambda",
)
L1_NORM_CONSTANT_SLOPE = derived(
    l1_norm_constant_slope,
    "X = lambda t |W|_1 obeys dX/db = {formula} = M1/M2 + X (M1/M2 - M0/M1), at s = 1.",
    Step(
        name="differentiate",
        left=of(L1_NORM_CONSTANT, build=lambda x: sp.Derivative(x, _B)),
        right=MEAN1 / MEAN2
        + MEAN1**2 * CLOCK / MEAN2 ** sp.Rational(3, 2)
        - TAIL * CLOCK / sp.sqrt(MEAN2),
        reason="X is M1 times the integral times 1/sqrt(M2), with M0 = Q, M1 = phi - b Q and M2 = "
        "(1 + b^2) Q - b phi; M1' = -M0, M2' = -2 M1, and the integral has the slope 1/sqrt(M2)",
        ranges={_B: (0.5, 3)},
    ),
    Step(
        name="in X",
        reason="the integral over sqrt(M2) is X/M1",
        given={s.norm_time: of(L1_NORM_CONSTANT)},
        ranges={_B: (0.5, 3)},
    ),
)


def _solved(slope: sp.Expr, series: sp.Expr) -> sp.Expr:
    """X as the linear equation dX/db = slope(X) gives it, with the derivative of a series."""
    offset = slope.subs(s.norm_time, 0)
    return (sp.diff(series, _B) - offset) / (slope.subs(s.norm_time, 1) - offset)


def _trial(*coefficients: int) -> sp.Expr:
    """A series in 1/b^2."""
    return sp.Add(*[number / _B ** (2 * power) for power, number in enumerate(coefficients)])


l1_norm_constant_series = formula(
    name="l1_norm_constant_series",
    expression=1 + 2 / _B**2 - 6 / _B**4 + 90 / _B**6,
    arguments=(_B,),
    meaning="lambda t times the l1 norm of a Gaussian row, for a large threshold.",
    example=">>> theory.l1_norm_constant_series(relative_threshold=10.0)\n1.01949",
    regime=(_B > 0,),
    error="O(b^-8), divergent: do not predict with it for b below 6",
)
L1_NORM_CONSTANT_SERIES = derived(
    l1_norm_constant_series,
    "lambda t |W|_1 = {formula} + O(b^-8) for a large threshold.",
    _late_step(
        name="formal solution",
        left=of(
            L1_NORM_CONSTANT_SLOPE,
            build=lambda slope: Expansion(_solved(slope, _trial(1, 2, -6, 90)), _B, 6),
        ),
        reason="the slope says X = (X' - M1/M2)/(M1/M2 - M0/M1); the series, inserted for X' on "
        "the right, returns. X' lowers a power of b by 1, and the divisor is near -b/2, so the "
        "next term of the series adds only terms of order b^-10 on the right",
    ),
    prose="Two solutions differ by a multiple of exp(-b^2/4) to leading order, beyond all powers.",
)

live_constant_series = formula(
    name="live_constant_series",
    expression=2 * (1 + 3 / _B**2 - 3 / _B**4 + 95 / _B**6),
    arguments=(_B,),
    meaning="(lambda t)^2 times the number of live weights, for a large threshold.",
    example=">>> theory.live_constant_series(relative_threshold=10.0)\n2.05959",
    regime=(_B > 0,),
    error="O(b^-8), divergent: do not predict with it for b below 6",
)
LIVE_CONSTANT_SERIES = derived(
    live_constant_series,
    "m' (lambda t)^2 = {formula} + O(b^-8) for a large threshold.",
    _late_step(
        name="square over participation",
        left=of(
            L1_NORM_CONSTANT_SERIES,
            PARTICIPATION_SERIES,
            build=lambda x, share: Expansion(x**2 / share, _B, 6),
        ),
        right=Expansion(
            sp.Mul(
                1 + 4 / _B**2 - 8 / _B**4 + 156 / _B**6,
                2 - 2 / _B**2 + 18 / _B**4 - 210 / _B**6,
                evaluate=False,
            ),
            _B,
            6,
        ),
        reason="m' (lambda t)^2 = (lambda t |W|_1)^2 m'/|W|_1^2: the square of the one series, and "
        "the reciprocal of the other, each to the order b^-6",
    ),
    _late_step(name="multiply", reason="up to the order b^-6"),
    prose="The constants are functions of b alone.",
    by=(LIVE_CONSTANT,),
)

PAPER_L1_ESTIMATE = defining(
    paper_l1_norm, "The paper's estimate of the l1 norm, 1/(1/sqrt(m) + lambda t)."
)


def _over_estimate(series: sp.Expr, estimate: sp.Expr, power: int) -> sp.Expr:
    """The limit of (lambda t)^power times the law, over that of the paper's estimate."""
    late = sp.Limit(estimate * (s.lam * s.t) ** power, s.t, sp.oo)
    return sp.Limit(series, _B, sp.oo) / late


l1_norm_limit = formula(
    name="l1_norm_limit",
    expression=sp.Integer(1),
    meaning="The limit of the l1 norm of a wide Gaussian row over the paper's estimate.",
    example=">>> theory.l1_norm_limit()\n1.0",
    error="asymptotic: m -> infinity first (lambda sqrt(m) -> 0), then t -> infinity",
)
L1_NORM_LIMIT = derived(
    l1_norm_limit,
    "For m -> infinity first (lambda sqrt(m) -> 0), at late times, the l1 norm is the "
    "paper's estimate times {formula}.",
    Step(
        name="ratio of limits",
        left=of(
            L1_NORM_CONSTANT_SERIES,
            PAPER_L1_ESTIMATE,
            build=lambda x, paper: _over_estimate(x, paper, 1),
        ),
        right=sp.Limit(l1_norm_constant_series.expression, _B, sp.oo),
        reason="both times lambda t; the paper's estimate times lambda t tends to 1, and late "
        "times are large thresholds b",
        assumptions=(s.lam > 0,),
        ranges={s.m: (400, 900)},
    ),
    Step(name="large threshold", reason="all terms but the first vanish"),
)

PAPER_LIVE_ESTIMATE = defining(
    paper_live_weights,
    "The paper's estimate of the number of live weights, 1/(1/sqrt(m) + lambda t)^2.",
)

live_limit = formula(
    name="live_limit",
    expression=sp.Integer(2),
    meaning="The limit of the number of live weights of a wide Gaussian row over the paper's "
    "estimate.",
    example=">>> theory.live_limit()\n2.0",
    error="asymptotic: m -> infinity first (lambda sqrt(m) -> 0), then t -> infinity",
)
LIVE_LIMIT = derived(
    live_limit,
    "For m -> infinity first (lambda sqrt(m) -> 0), at late times, the number of live "
    "weights is the paper's estimate times {formula}.",
    Step(
        name="ratio of limits",
        left=of(
            LIVE_CONSTANT_SERIES,
            PAPER_LIVE_ESTIMATE,
            build=lambda x, paper: _over_estimate(x, paper, 2),
        ),
        right=sp.Limit(live_constant_series.expression, _B, sp.oo),
        reason="both times (lambda t)^2; the paper's estimate times (lambda t)^2 tends to 1, and "
        "late times are large thresholds b",
        assumptions=(s.lam > 0,),
        ranges={s.m: (400, 900)},
    ),
    Step(name="large threshold", reason="all terms but the first vanish"),
)

PAPER_L1_NORM = cited(
    paper_l1_norm,
    "The l1 norm of the weights of a feature is {formula}, which is close to 1/(lambda t) at "
    "large t.",
    factor=L1_NORM_LIMIT,
)

PAPER_LIVE_WEIGHTS = cited(
    paper_live_weights,
    "The number of non-zero weights of a feature is the square of their l1 norm, {formula}, which "
    "is close to 1/(lambda t)^2 at large t.",
    factor=LIVE_LIMIT,
)
