"""Gaussian rows of many weights: half-normal moments and the law in time."""

import sympy as sp

from ..model import INITIAL
from ..proof import symbols as s
from ..proof.claims import Claim, Prose
from ..proof.derivation import Derivation, Step, of
from ..proof.formula import Formula
from .slow_manifold import SLOW_INVERSE_SQUARE
from .sparsification import THRESHOLD_RATE

_NOTES = "paper_notes/half_normal.md"

TAIL = sp.erfc(s.relative_threshold / sp.sqrt(2)) / 2
DENSITY = sp.exp(-(s.relative_threshold**2) / 2) / sp.sqrt(2 * sp.pi)
MEAN1 = DENSITY - s.relative_threshold * TAIL  # mean excess of one signed weight
MEAN2 = (1 + s.relative_threshold**2) * TAIL - s.relative_threshold * DENSITY
_CLOCK = sp.Integral(
    1 / sp.sqrt(MEAN2.subs(s.relative_threshold, s.past_threshold)),
    (s.past_threshold, 0, s.relative_threshold),
)

half_normal_live = Formula(
    name="half_normal_live",
    expression=2 * s.m * TAIL,
    arguments=(s.m, s.relative_threshold),
    meaning="The expected number of live weights of a Gaussian row at a given threshold.",
    source=_NOTES,
    example=">>> round(theory.half_normal_live(m=1000, relative_threshold=2.0), 4)\n45.5003",
    error="exact in expectation over the initial row",
)
half_normal_excess1 = Formula(
    name="half_normal_excess1",
    expression=2 * s.m * s.scale * MEAN1,
    arguments=(s.m, s.relative_threshold, s.scale),
    meaning="The expected sum of the excesses of a Gaussian row over a given threshold.",
    source=_NOTES,
    example=(
        ">>> round(theory.half_normal_excess1(m=1000, relative_threshold=2.0, scale=1.0), 4)"
        "\n16.9814"
    ),
    error="exact in expectation over the initial row",
    unit="weight",
)
half_normal_excess2 = Formula(
    name="half_normal_excess2",
    expression=2 * s.m * s.scale**2 * MEAN2,
    arguments=(s.m, s.relative_threshold, s.scale),
    meaning="The expected sum of the squared excesses of a Gaussian row over a given threshold.",
    source=_NOTES,
    example=(
        ">>> round(theory.half_normal_excess2(m=1000, relative_threshold=2.0, scale=1.0), 4)"
        "\n11.5375"
    ),
    error="exact in expectation over the initial row",
    unit="weight squared",
)
half_normal_time = Formula(
    name="half_normal_time",
    expression=_CLOCK / (s.lam * sp.sqrt(2 * s.m)),
    arguments=(s.lam, s.m, s.relative_threshold),
    meaning="The time at which a Gaussian row of many weights reaches a given threshold.",
    source=_NOTES,
    example=(
        ">>> round(theory.half_normal_time(lam=0.01, m=1024, relative_threshold=2.0), 3)\n20.974"
    ),
    regime=(s.lam > 0,),
    error="relative O(1/t): the slow manifold to leading order, moments replaced by their means",
    unit="flow",
)
half_normal_l1_norm = Formula(
    name="half_normal_l1_norm",
    expression=sp.sqrt(2 * s.m) * MEAN1 / sp.sqrt(MEAN2),
    arguments=(s.m, s.relative_threshold),
    meaning="The l1 norm of a Gaussian row of many weights at a given threshold.",
    source=_NOTES,
    example=(">>> round(theory.half_normal_l1_norm(m=1024, relative_threshold=2.0), 4)\n5.059"),
    error="relative O(lambda sqrt(live)): the slow manifold to leading order",
    unit="weight",
)
l1_norm_constant = Formula(
    name="l1_norm_constant",
    expression=_CLOCK * MEAN1 / sp.sqrt(MEAN2),
    arguments=(s.relative_threshold,),
    meaning="lambda t times the l1 norm of a Gaussian row (1 in the paper's estimate).",
    source=_NOTES,
    example=">>> round(theory.l1_norm_constant(relative_threshold=3.0), 3)\n1.138",
    error="leading order in lambda",
)
live_constant = Formula(
    name="live_constant",
    expression=TAIL * _CLOCK**2,
    arguments=(s.relative_threshold,),
    meaning="(lambda t)^2 times the number of live weights of a Gaussian row (1 in the paper).",
    source=_NOTES,
    example=">>> round(theory.live_constant(relative_threshold=3.0), 3)\n2.433",
    error="leading order in lambda",
)


def _tail_moment(power: int, density: sp.Expr) -> sp.Expr:
    """2 m times the integral of (x - b)^power over the density beyond b."""
    x, b = s.past_threshold, s.relative_threshold
    return 2 * s.m * sp.Integral((x - b) ** power * density.subs(b, x), (x, b, sp.oo))


HALF_NORMAL_LIVE = Claim(
    label="half_normal_live",
    statement="Of m Gaussian weights 2 m Q(b) exceed the threshold b s on the average.",
    kind="derived here",
    source=_NOTES,
    formula=half_normal_live,
    derivation=Derivation(
        Step(
            name="tail",
            left=of(INITIAL, build=lambda density: _tail_moment(0, density)),
            right=half_normal_live,
            reason="m weights, two equal tails",
            assumptions=(s.relative_threshold > 0,),
        ),
    ),
)
HALF_NORMAL_EXCESS1 = Claim(
    label="half_normal_excess1",
    statement="Their mean total excess is 2 m s (phi - b Q).",
    kind="derived here",
    source=_NOTES,
    formula=half_normal_excess1,
    derivation=Derivation(
        Step(
            name="first tail moment",
            left=of(INITIAL, build=lambda density: s.scale * _tail_moment(1, density)),
            right=half_normal_excess1,
            reason="integrate (x - b) phi(x) beyond b",
            assumptions=(s.relative_threshold > 0,),
        ),
    ),
)
HALF_NORMAL_EXCESS2 = Claim(
    label="half_normal_excess2",
    statement="Their mean total squared excess is 2 m s^2 ((1 + b^2) Q - b phi).",
    kind="derived here",
    source=_NOTES,
    formula=half_normal_excess2,
    derivation=Derivation(
        Step(
            name="second tail moment",
            left=of(INITIAL, build=lambda density: s.scale**2 * _tail_moment(2, density)),
            right=half_normal_excess2,
            reason="integrate (x - b)^2 phi(x) beyond b",
            assumptions=(s.relative_threshold > 0,),
        ),
    ),
)
HALF_NORMAL_TIME = Claim(
    label="half_normal_time",
    statement="A Gaussian row of many weights meets the threshold b s at the time "
    "(1/lambda) int_0^b s db'/sqrt(M2(b')).",
    kind="derived here",
    source=_NOTES,
    formula=half_normal_time,
    derivation=Derivation(
        Step(
            name="clock",
            left=of(
                THRESHOLD_RATE,
                HALF_NORMAL_EXCESS2,
                build=lambda rate, m2: sp.Integral(
                    (s.scale / rate.subs(s.common, 1 / sp.sqrt(m2))).subs(
                        s.relative_threshold, s.past_threshold
                    ),
                    (s.past_threshold, 0, s.relative_threshold),
                ),
            ),
            right=half_normal_time,
            reason="dt = s db/(dB/dt), with A = 1/sqrt(M2) on the slow manifold",
            ranges={s.relative_threshold: (0.5, 3)},
        ),
    ),
    prose=Prose(
        argument="For many weights M2 is near its mean (law of large numbers).",
        page=_NOTES,
        by=(SLOW_INVERSE_SQUARE,),
    ),
    checks=("half_normal_live_weights",),
)
HALF_NORMAL_L1_NORM = Claim(
    label="half_normal_l1_norm",
    statement="The l1 norm of a Gaussian row of many weights is M1/sqrt(M2).",
    kind="derived here",
    source=_NOTES,
    formula=half_normal_l1_norm,
    derivation=Derivation(
        Step(
            name="unit norm",
            left=of(
                HALF_NORMAL_EXCESS1, HALF_NORMAL_EXCESS2, build=lambda m1, m2: m1 / sp.sqrt(m2)
            ),
            right=half_normal_l1_norm,
            reason="A M1 with A = 1/sqrt(M2)",
        ),
    ),
    prose=Prose(
        argument="On the slow manifold u = M2 to leading order.",
        page=_NOTES,
        by=(SLOW_INVERSE_SQUARE,),
    ),
)
L1_NORM_CONSTANT = Claim(
    label="l1_norm_constant",
    statement="lambda t |W|_1 is a function of the relative threshold alone.",
    kind="derived here",
    source=_NOTES,
    formula=l1_norm_constant,
    derivation=Derivation(
        Step(
            name="product",
            left=of(
                HALF_NORMAL_TIME, HALF_NORMAL_L1_NORM, build=lambda time, norm: s.lam * time * norm
            ),
            right=l1_norm_constant,
            reason="the numbers of neurons cancel",
            ranges={s.relative_threshold: (0.5, 3)},
        ),
    ),
)
LIVE_CONSTANT = Claim(
    label="live_constant",
    statement="m' (lambda t)^2 is a function of the relative threshold alone.",
    kind="derived here",
    source=_NOTES,
    formula=live_constant,
    derivation=Derivation(
        Step(
            name="product",
            left=of(
                HALF_NORMAL_TIME,
                HALF_NORMAL_LIVE,
                build=lambda time, live: (s.lam * time) ** 2 * live,
            ),
            right=live_constant,
            reason="the numbers of neurons cancel",
            ranges={s.relative_threshold: (0.5, 3)},
        ),
    ),
)

CLAIMS = (
    HALF_NORMAL_LIVE,
    HALF_NORMAL_EXCESS1,
    HALF_NORMAL_EXCESS2,
    HALF_NORMAL_TIME,
    HALF_NORMAL_L1_NORM,
    L1_NORM_CONSTANT,
    LIVE_CONSTANT,
)
