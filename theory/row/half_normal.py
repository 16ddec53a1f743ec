"""Gaussian rows of many weights: half-normal moments and the law in time."""

from functools import partial

import sympy as sp

from ..model import INITIAL
from ..proof import Formula, Step, below, density, derived, of
from ..proof import symbols as s
from .slow_manifold import SLOW_INVERSE_SQUARE
from .sparsification import ROW_L1_NORM, THRESHOLD_RATE

formula = partial(Formula, source="paper_notes/half_normal.md")
_B, _PAST = s.relative_threshold, s.past_threshold
_step = partial(Step, ranges={_B: (0.5, 3)})
TAIL = below(-_B)
DENSITY = density(_B)
MEAN1 = DENSITY - _B * TAIL  # mean excess of one signed weight
MEAN2 = (1 + _B**2) * TAIL - _B * DENSITY
CLOCK = sp.Integral(1 / sp.sqrt(MEAN2.subs(_B, _PAST)), (_PAST, 0, _B))


def _tail_moment(power: int, density: sp.Expr) -> sp.Expr:
    """2 m times the integral of (x - b)^power over the density beyond b."""
    x, b = _PAST, _B
    return 2 * s.m * sp.Integral((x - b) ** power * density.subs(b, x), (x, b, sp.oo))


def _beyond(power: int) -> sp.Expr:
    """The integral of a power times the standard normal density beyond b."""
    return sp.Integral(_PAST**power * DENSITY.subs(_B, _PAST), (_PAST, _B, sp.oo))


half_normal_live = formula(
    name="half_normal_live",
    expression=2 * s.m * TAIL,
    arguments=(s.m, _B),
    meaning="The expected number of live weights of a Gaussian row at a given threshold.",
    example=">>> round(theory.half_normal_live(m=1000, relative_threshold=2.0), 4)\n45.5003",
)
HALF_NORMAL_LIVE = derived(
    half_normal_live,
    "Of m Gaussian weights {formula} = 2 m Q(b) exceed the threshold b s on average over the "
    "initial row.",
    Step(
        name="tail",
        left=of(INITIAL, build=lambda density: _tail_moment(0, density)),
        reason="m weights, each with two equal tails Q(b) = erfc(b/sqrt(2))/2",
        assumptions=(_B > 0,),
    ),
)

half_normal_excess1 = formula(
    name="half_normal_excess1",
    expression=2 * s.m * s.scale * MEAN1,
    arguments=(s.m, _B, s.scale),
    meaning="The expected sum of the excesses of a Gaussian row over a given threshold.",
    example=(
        ">>> round(theory.half_normal_excess1(m=1000, relative_threshold=2.0, scale=1.0), 4)"
        "\n16.9814"
    ),
    unit="weight",
)
HALF_NORMAL_EXCESS1 = derived(
    half_normal_excess1,
    "The total excess of m Gaussian weights over the threshold b s is {formula} = "
    "2 m s (phi - b Q) on average over the initial row.",
    Step(
        name="first tail moment",
        left=of(INITIAL, build=lambda density: s.scale * _tail_moment(1, density)),
        right=2 * s.m * s.scale * (_beyond(1) - _B * _beyond(0)),
        reason="m weights with two equal tails; a weight x s, of density phi(x) = "
        "exp(-x^2/2)/sqrt(2 pi), exceeds b s by s (x - b); multiply out, x written b_1",
        assumptions=(_B > 0,),
    ),
    Step(
        name="integrate",
        reason="x phi is -phi', so its integral is phi(b); the integral of phi is the tail Q(b) = "
        "erfc(b/sqrt(2))/2",
        assumptions=(_B > 0,),
    ),
)

half_normal_excess2 = formula(
    name="half_normal_excess2",
    expression=2 * s.m * s.scale**2 * MEAN2,
    arguments=(s.m, _B, s.scale),
    meaning="The expected sum of the squared excesses of a Gaussian row over a given threshold.",
    example=(
        ">>> round(theory.half_normal_excess2(m=1000, relative_threshold=2.0, scale=1.0), 4)"
        "\n11.5375"
    ),
    unit="weight squared",
)
HALF_NORMAL_EXCESS2 = derived(
    half_normal_excess2,
    "The total squared excess of m Gaussian weights over the threshold b s is {formula} = "
    "2 m s^2 ((1 + b^2) Q - b phi) on average over the initial row.",
    Step(
        name="second tail moment",
        left=of(INITIAL, build=lambda density: s.scale**2 * _tail_moment(2, density)),
        right=2 * s.m * s.scale**2 * (_beyond(2) - 2 * _B * _beyond(1) + _B**2 * _beyond(0)),
        reason="m weights with two equal tails; a weight x s, of density phi(x) = "
        "exp(-x^2/2)/sqrt(2 pi), exceeds b s by s (x - b); multiply out the square, x written b_1",
        assumptions=(_B > 0,),
    ),
    Step(
        name="integrate",
        reason="by parts the integral of x^2 phi is b phi(b) + Q(b), with the tail Q(b) = "
        "erfc(b/sqrt(2))/2, the integral of phi; that of x phi is phi(b)",
        assumptions=(_B > 0,),
    ),
)

half_normal_time = formula(
    name="half_normal_time",
    expression=CLOCK / (s.lam * sp.sqrt(2 * s.m)),
    arguments=(s.lam, s.m, _B),
    meaning="The time at which a Gaussian row of many weights reaches a given threshold.",
    example=(
        ">>> round(theory.half_normal_time(lam=0.01, m=1024, relative_threshold=2.0), 3)\n20.974"
    ),
    regime=(s.lam > 0,),
    error="relative O(1/t): the slow manifold to leading order, moments replaced by their means",
    unit="flow",
)
HALF_NORMAL_TIME = derived(
    half_normal_time,
    "A Gaussian row of many weights meets the threshold b s at the time {formula} = (1/lambda) "
    "int_0^b s db'/sqrt(M2(b')).",
    _step(
        name="clock",
        left=of(
            THRESHOLD_RATE,
            HALF_NORMAL_EXCESS2,
            build=lambda rate, m2: sp.Integral(
                s.scale / sp.Subs(rate, s.common, 1 / sp.sqrt(m2.subs(_B, _PAST))), (_PAST, 0, _B)
            ),
        ),
        right=sp.Integral(
            1 / (s.lam * sp.sqrt(2 * s.m) * sp.sqrt(MEAN2.subs(_B, _PAST))), (_PAST, 0, _B)
        ),
        reason="B = b s with s the initial standard deviation, so dt = s db/(dB/dt), dB/dt = "
        "lambda/A; A = 1/sqrt(M2) on the slow manifold, where u = A^-2 is M2 to leading order; "
        "s cancels",
    ),
    _step(name="constants in front", reason="lambda sqrt(2 m) does not change on the way"),
    prose="For many weights M2 is near its mean (law of large numbers).",
    by=(SLOW_INVERSE_SQUARE,),
    checks=("half_normal_live_weights",),
)

half_normal_l1_norm = formula(
    name="half_normal_l1_norm",
    expression=sp.sqrt(2 * s.m) * MEAN1 / sp.sqrt(MEAN2),
    arguments=(s.m, _B),
    meaning="The l1 norm of a Gaussian row of many weights at a given threshold.",
    example=(">>> round(theory.half_normal_l1_norm(m=1024, relative_threshold=2.0), 4)\n5.059"),
    error="relative O(lambda sqrt(live)): the slow manifold to leading order",
    unit="weight",
)
HALF_NORMAL_L1_NORM = derived(
    half_normal_l1_norm,
    "The l1 norm of a Gaussian row of many weights is {formula} = M1/sqrt(M2).",
    Step(
        name="unit norm",
        left=of(
            ROW_L1_NORM,
            HALF_NORMAL_EXCESS1,
            HALF_NORMAL_EXCESS2,
            build=lambda norm, m1, m2: sp.Subs(norm, (s.common, s.excess1), (1 / sp.sqrt(m2), m1)),
        ),
        right=sp.Mul(
            2 * s.m * s.scale * MEAN1, 1 / sp.sqrt(2 * s.m * s.scale**2 * MEAN2), evaluate=False
        ),
        reason="A M1 with A = 1/sqrt(M2), and the means of M1 and M2",
    ),
    Step(name="cancel", reason="s cancels, and 2 m/sqrt(2 m) = sqrt(2 m)"),
    prose="On the slow manifold u = M2 to leading order.",
    by=(SLOW_INVERSE_SQUARE,),
)

l1_norm_constant = formula(
    name="l1_norm_constant",
    expression=CLOCK * MEAN1 / sp.sqrt(MEAN2),
    arguments=(_B,),
    meaning="lambda t times the l1 norm of a Gaussian row (1 in the paper's estimate).",
    example=">>> round(theory.l1_norm_constant(relative_threshold=3.0), 3)\n1.138",
    letter=s.norm_time,
    error="leading order in lambda",
)
L1_NORM_CONSTANT = derived(
    l1_norm_constant,
    "lambda t |W|_1 is {formula}, a function of the relative threshold alone.",
    _step(
        name="product",
        left=of(
            HALF_NORMAL_TIME,
            HALF_NORMAL_L1_NORM,
            build=lambda time, norm: sp.Mul(s.lam, time, norm, evaluate=False),
        ),
        right=sp.Mul(
            CLOCK / sp.sqrt(2 * s.m), sp.sqrt(2 * s.m) * MEAN1 / sp.sqrt(MEAN2), evaluate=False
        ),
        reason="lambda of the clock cancels",
    ),
    _step(
        name="no number of neurons",
        reason="sqrt(2 m) of the norm cancels that of the time: only the threshold is left",
    ),
)

live_constant = formula(
    name="live_constant",
    expression=TAIL * CLOCK**2,
    arguments=(_B,),
    meaning="(lambda t)^2 times the number of live weights of a Gaussian row (1 in the paper).",
    example=">>> round(theory.live_constant(relative_threshold=3.0), 3)\n2.433",
    error="leading order in lambda",
)
LIVE_CONSTANT = derived(
    live_constant,
    "m' (lambda t)^2 is {formula}, a function of the relative threshold alone.",
    _step(
        name="product",
        left=of(
            HALF_NORMAL_TIME,
            HALF_NORMAL_LIVE,
            build=lambda time, live: sp.Mul((s.lam * time) ** 2, live, evaluate=False),
        ),
        reason="1/(2 m) of the squared time cancels 2 m of the number",
    ),
)
