"""Stability of an antipodal pair that co-occurs: small steps, third features, perturbations."""

from functools import partial

import sympy as sp

from ..model import network
from ..proof import Definition, Formula, Root, Step, Taylor, derived, of, quadratic_root
from ..proof import symbols as s
from .pairs import (
    LARGER_BALANCE,
    LARGER_ERROR,
    LARGER_WEIGHT,
    PAIRS,
    SMALLER_BALANCE,
    SMALLER_WEIGHT,
)

_NOTES = "paper_notes/cooccurrence.md"
definition = partial(Definition, source=_NOTES)
formula = partial(Formula, source=_NOTES)
_P1, _P2, _EPS, _RC = s.single_weight, s.pair_weight, s.sprout, s.strength
_ORDERED = (s.a >= s.c,)
_APART = (s.a > s.c,)
_A, _C, _R = s.a, s.c, s.pair_ratio
_W = s.w
_TH, _PH = s.angle, s.shift
_Q = (sp.sqrt(1 + _RC**2) - 1) / _RC
_D = sp.Symbol("d", positive=True)
_POSITIVE = (_RC > 0,)


def _leaving(loss: sp.Expr) -> sp.Expr:
    """The loss of a pair whose feature a also has a small weight on a free neuron."""
    return network(loss, [[_A, _EPS], [-_C, sp.Integer(0)]])


def _slope(loss: sp.Expr, order: int = 1) -> sp.Expr:
    """The derivative of a loss by the small weight, where this weight is 0."""
    return sp.Subs(sp.Derivative(loss, (_EPS, order)), _EPS, 0)


escape_cost = formula(
    name="escape_cost",
    expression=4 * s.lam,
    arguments=(s.lam,),
    meaning="The slope of the loss as a feature of a pair grows a weight on a free neuron: "
    "positive, however much the pair co-occurs.",
    example=">>> theory.escape_cost(0.01)\n0.04",
    unit="summed loss per weight",
)
ESCAPE_COST = derived(
    escape_cost,
    "As a feature of a pair grows a weight on a free neuron, the loss rises at the slope "
    "{formula}, at any co-occurrence: no small step takes it there while lambda > 0.",
    Step(
        name="first order",
        left=of(PAIRS, build=lambda loss: _slope(_leaving(loss))),
        reason="all terms but l1 are even in the new weight",
    ),
)

escape_gain = formula(
    name="escape_gain",
    expression=2 * _P1 * (1 - _A**2) + 2 * _P2 * LARGER_ERROR,
    arguments=(s.a, s.c, _P1, _P2),
    meaning="The gain at second order as the larger feature grows a weight eps on a free neuron: "
    "the loss changes by 4 lambda eps - gain eps^2.",
    example=">>> theory.escape_gain(1, 1, 1, 0.5)\n1.0",
    regime=_ORDERED,
    unit="summed loss per weight squared",
)
ESCAPE_GAIN = derived(
    escape_gain,
    "As the larger feature of a pair grows a weight eps on a free neuron, the loss falls at second "
    "order by eps^2 times {formula}.",
    Step(
        name="second order",
        left=of(PAIRS, build=lambda loss: -_slope(_leaving(loss), 2) / 2),
        reason="minus half the second derivative: alone and in the pair, the output of the larger "
        "feature gains eps^2, and (1 - x - eps^2)^2 falls by 2 (1 - x) eps^2, at x = a^2 and at "
        "x = a (a - c)",
        assumptions=_APART,
    ),
)

escape_gain_at_rest = formula(
    name="escape_gain_at_rest",
    expression=2 * _P1 * _C * (_A**2 - 1) / (2 * _A - _C),
    arguments=(s.a, s.c, _P1),
    meaning="The gain escape_gain of a pair at rest at lambda = 0: positive.",
    example=">>> round(theory.escape_gain_at_rest(1.25, 0.75, 1), 6)\n0.482143",
    regime=(s.a > 1, s.c < 1),
    where="at rest at lambda = 0",
    unit="summed loss per weight squared",
)
ESCAPE_GAIN_AT_REST = derived(
    escape_gain_at_rest,
    "At lambda = 0 a pair at rest has a > 1 > c and is a saddle towards a free neuron: its gain is "
    "{formula} > 0.",
    Step(
        name="at rest",
        left=of(
            ESCAPE_GAIN,
            LARGER_BALANCE,
            build=lambda gain, balance: sp.Subs(
                gain, _P2, -sp.Subs(balance, _P2, 0) / sp.Derivative(balance, _P2)
            ),
        ),
        right=2 * _P1 * (1 - _A**2) + 4 * _P1 * _A * (_A**2 - 1) / (2 * _A - _C),
        reason="the balance of the larger weight is linear in p_2, and lambda = 0 gives p_2 (1 - a "
        "(a - c)) = 2 p_1 a (a^2 - 1)/(2a - c)",
    ),
    Step(name="add", reason="take out 2 p_1 (a^2 - 1): 2a/(2a - c) - 1 = c/(2a - c)"),
    prose="At lambda = 0 the two balances say p_1 (1 - c^2) c = (p_2/2) a D and p_1 (a^2 - 1) a = "
    "(p_2/2) (2a - c) D with D = 1 - a (a - c). So 1 - c^2 and a^2 - 1 have the sign of D. D < 0 "
    "would need c > 1 > a, and D = 0 would need a = c = 1, where D = 1. So a > 1 > c.",
    by=(LARGER_BALANCE, SMALLER_BALANCE),
)


def _sprouting(loss: sp.Expr) -> sp.Expr:
    """The loss of a pair and a third feature with a small weight on the neuron of the pair."""
    return network(loss, [[_A, sp.Integer(0)], [-_C, sp.Integer(0)], [-_EPS, _W]])


third_party_slope = formula(
    name="third_party_slope",
    expression=4 * s.lam + 2 * _P2 * (_A * (2 - _A**2 - _W**2) - _C * (2 - _C**2 - _W**2)),
    arguments=(s.a, s.c, s.w, _P2, s.lam),
    meaning="The slope of the loss as a third feature, alone with w on its neuron, sprouts on "
    "the pair's neuron with the sign of its smaller member; the pair is stable while it is > 0.",
    example=">>> theory.third_party_slope(1, 1, 1, 0.5, 0.01)\n0.04",
    regime=_ORDERED,
    unit="summed loss per weight",
)
THIRD_PARTY_SLOPE = derived(
    third_party_slope,
    "If third features co-occur too, the pair is stable against their sprouting on its "
    "neuron while {formula} > 0.",
    Step(
        name="first order",
        left=of(PAIRS, build=lambda loss: _slope(_sprouting(loss))),
        right=4 * s.lam
        + 2
        * _P2
        * sp.Add(
            _A * (1 - _A**2),
            _A * (1 - _W**2),
            -_C * (1 - _C**2),
            -_C * (1 - _W**2),
            evaluate=False,
        ),
        reason="with the third feature and one of the pair active, outputs 1 and 3 read a^2 - a "
        "eps and w^2 - a eps, or outputs 2 and 3 read c^2 + c eps and w^2 + c eps, of the target "
        "1; a silent output of the pair stays silent, a new positive overlap enters squared",
        assumptions=_APART,
    ),
    Step(name="collect", reason="a (1 - a^2) + a (1 - w^2) = a (2 - a^2 - w^2), likewise for c"),
)

third_party_margin = formula(
    name="third_party_margin",
    expression=4 * s.lam - 2 * _P2 * _R,
    arguments=(_P2, s.pair_ratio, s.lam),
    meaning="The slope third_party_slope for small lambda and small co-occurrence.",
    example=">>> theory.third_party_margin(0.5, 0.5, 0.125)\n0.0",
    error="O(pair_weight pair_ratio^3) + O(lambda pair_ratio^2)",
    unit="summed loss per weight",
)
THIRD_PARTY_MARGIN = derived(
    third_party_margin,
    "For small lambda a pair is stable against third features while {formula} > 0, varrho = "
    "p_2/p_1.",
    Step(
        name="insert the weights",
        left=of(
            THIRD_PARTY_SLOPE,
            LARGER_WEIGHT,
            SMALLER_WEIGHT,
            build=lambda slope, larger, smaller: Taylor(
                slope.subs({s.a: larger, s.c: smaller, s.w: 1}, simultaneous=True), _R, 1
            ),
        ),
        reason="at w = 1; to first order a (1 - a^2) is -2 (a - 1), likewise for c, and a - c is "
        "varrho/2",
    ),
)


def _larger_root(margin: sp.Expr) -> sp.Expr:
    p, c = _P2, 1 + _P2 * (s.n - 2)
    return quadratic_root(sp.numer(sp.together(margin.subs(_R, p / c))), p, -1)


_FREE = s.lam * (s.n - 2)

third_party_threshold = formula(
    name="third_party_threshold",
    expression=_FREE + sp.sqrt(_FREE**2 + 2 * s.lam),
    arguments=(s.n, s.lam),
    meaning="The weight of a pair, all pairs co-occurring, above which other features grow weights "
    "on the neuron of an antipodal pair: p^2 = 2 lambda (1 + p (n - 2)).",
    example=">>> round(theory.third_party_threshold(16, 0.001), 5)\n0.06086",
    regime=(s.n >= 3,),
    error="relative O(lambda)",
    unit="weight of a pair",
)
THIRD_PARTY_THRESHOLD = derived(
    third_party_threshold,
    "With all pairs of n features co-occurring with the weight p, an antipodal pair loses its "
    "stability against a third feature at p = {formula}, where p^2 = 2 lambda (1 + p (n-2)).",
    Step(
        name="solve",
        left=of(THIRD_PARTY_MARGIN, build=_larger_root),
        reason="the positive root, with varrho = p_2/p_1 = p / (1 + p (n - 2))",
    ),
)

PLANE = definition(
    name="escape_plane",
    expression=sp.cos(_TH)
    + sp.sin(_TH)
    + sp.cos(_PH)
    + sp.sin(_PH)
    + _RC / 2 * sp.cos(_TH) ** 2 * sp.cos(_PH) ** 2,
    meaning="A quarter of the loss over lambda of two unit rows, each on the shared neuron and a "
    "free one of its own, turned by two angles.",
)

escape_slope = formula(
    name="escape_slope",
    expression=sp.cos(_TH) - sp.sin(_TH) - _RC * sp.cos(_TH) * sp.sin(_TH),
    arguments=(s.angle, _RC),
    meaning="The slope of the loss, over 4 lambda, as one row of a pair turns to a free neuron.",
    example=">>> theory.escape_slope(0, 0.5)\n1.0",
    regime=(s.angle >= 0, s.angle <= sp.pi / 2),
)
ESCAPE_SLOPE = derived(
    escape_slope,
    "As one of two antipodal rows of norm 1 turns by an angle vartheta to a free neuron the loss "
    "has the slope {formula}, over 4 lambda, r_c = p_2/lambda.",
    Step(
        name="turn one row",
        left=of(PLANE, build=lambda u: sp.Derivative(sp.Subs(u, s.shift, 0), s.angle)),
        right=sp.Derivative(sp.cos(_TH) + sp.sin(_TH) + 1 + _RC / 2 * sp.cos(_TH) ** 2, s.angle),
        reason="the other row stays on the shared neuron",
    ),
    Step(name="differentiate", reason="by the angle of the leaving row"),
)


def _by_difference(d: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    """The cosine and the sine of the angle, by their difference."""
    root = sp.sqrt(2 - d**2)
    return {sp.cos(s.angle): (root + d) / 2, sp.sin(s.angle): (root - d) / 2}


def _root_in_difference(slope: sp.Expr) -> sp.Expr:
    return Root(slope.subs(_by_difference(_D)), _D, 0, 1)


escape_difference = formula(
    name="escape_difference",
    expression=_Q,
    arguments=(_RC,),
    meaning="cos - sin of the angle at which a row of a pair escapes; tan(arctan(r)/2).",
    example=">>> round(theory.escape_difference(1.0), 6)\n0.414214",
    regime=_POSITIVE,
    error="O(lambda) at fixed pair_weight / lambda",
)
ESCAPE_DIFFERENCE = derived(
    escape_difference,
    "At the saddle cos(vartheta) - sin(vartheta) = {formula}, r_c = p_2/lambda.",
    Step(
        name="by the difference",
        left=of(ESCAPE_SLOPE, build=_root_in_difference),
        right=Root(_D - _RC * (1 - _D**2) / 2, _D, 0, 1),
        reason="with d = cos t - sin t, sin t cos t = (1 - d^2)/2: the slope is quadratic in d",
    ),
    Step(name="solve", reason="r_c d^2 + 2 d - r_c = 0; the root between 0 and 1"),
)

escape_angle = formula(
    name="escape_angle",
    expression=sp.acos(_Q / sp.sqrt(2)) - sp.pi / 4,
    arguments=(_RC,),
    meaning="The angle to which one row of a pair must be turned towards a free neuron to escape.",
    example=">>> round(theory.escape_angle(1.0), 5)\n0.48815",
    regime=_POSITIVE,
    error="O(lambda) at fixed pair_weight / lambda",
    unit="radian",
)
ESCAPE_ANGLE = derived(
    escape_angle,
    "A pair survives turns of one row by an angle below {formula}.",
    Step(
        name="angle",
        left=of(
            ESCAPE_DIFFERENCE,
            build=lambda d: Root(sp.cos(_TH) - sp.sin(_TH) - d, _TH, 0, sp.pi / 2),
        ),
        right=Root(sp.sqrt(2) * sp.cos(_TH + sp.pi / 4) - _Q, _TH, 0, sp.pi / 2),
        reason="cos t - sin t = sqrt(2) cos(t + pi/4)",
    ),
    Step(name="solve", reason="take the arccosine"),
    prose="For lambda -> 0 the rows keep norm 1 while they turn, so the flow is that of the "
    "angle; the saddle is its only rest between the pair and the free neuron.",
    by=(PLANE,),
)


def _rise(plane: sp.Expr, d: sp.Expr) -> sp.Expr:
    one_row = plane.subs(s.shift, 0)
    return one_row.subs(_by_difference(d)) - one_row.subs(s.angle, 0)


_ROOT = sp.sqrt(2 - _Q**2)

escape_barrier = formula(
    name="escape_barrier",
    expression=_ROOT - 1 + _RC / 4 * (_Q * _ROOT - 1),
    arguments=(_RC,),
    meaning="The rise of the loss, over 4 lambda, that one row of a pair must pass to escape.",
    example=">>> round(theory.escape_barrier(1.0), 6)\n0.242218",
    regime=_POSITIVE,
    error="O(lambda) at fixed pair_weight / lambda",
)
ESCAPE_BARRIER = derived(
    escape_barrier,
    "One row of a pair must pass a barrier of {formula}, times 4 lambda, to leave for a free "
    "neuron, r_c = p_2/lambda.",
    Step(
        name="rise to the saddle",
        left=of(PLANE, ESCAPE_DIFFERENCE, build=_rise),
        reason="the height of the saddle above the pair",
    ),
)
