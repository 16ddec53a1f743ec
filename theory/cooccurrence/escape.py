"""Stability of an antipodal pair that co-occurs: small steps, third features, perturbations."""

from functools import partial

import sympy as sp

from ..proof import Definition, Formula, Step, Taylor, derived, of, quadratic_root
from ..proof import symbols as s
from .pairs import LARGER_ERROR, LARGER_WEIGHT, SMALLER_WEIGHT

_NOTES = "paper_notes/cooccurrence.md"
definition = partial(Definition, source=_NOTES)
formula = partial(Formula, source=_NOTES)
_P1, _P2, _EPS, _RC = s.single_weight, s.pair_weight, s.sprout, s.strength
_ORDERED = (s.a >= s.c,)
_A, _C, _R = s.a, s.c, s.pair_ratio
_W = s.w
_TH, _PH = s.angle, s.shift
_Q = (sp.sqrt(1 + _RC**2) - 1) / _RC
_POSITIVE = (_RC > 0,)

LEAVING = definition(
    name="leaving_row",
    expression=_P1 * ((1 - _A**2 - _EPS**2) ** 2 + (1 - _C**2) ** 2)
    + _P2 * ((1 - _A**2 - _EPS**2 + _A * _C) ** 2 + 1)
    + 4 * s.lam * (_A + _C + _EPS),
    meaning="The loss of a pair whose larger feature also has a weight on a free neuron.",
)

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
    "No small step takes a feature of a pair to a free neuron, at any co-occurrence, while lambda "
    "> 0.",
    Step(
        name="first order",
        left=of(LEAVING, build=lambda loss: sp.diff(loss, _EPS).subs(_EPS, 0)),
        reason="all terms but l1 are even in the new weight",
    ),
)

escape_gain = formula(
    name="escape_gain",
    expression=2 * _P1 * (1 - _A**2) + 2 * _P2 * LARGER_ERROR,
    arguments=(s.a, s.c, _P1, _P2),
    meaning="The gain at second order as a feature of a pair grows a weight eps on a free neuron: "
    "the loss changes by 4 lambda eps - gain eps^2.",
    example=">>> theory.escape_gain(1, 1, 1, 0.5)\n1.0",
    regime=_ORDERED,
    unit="summed loss per weight squared",
)
ESCAPE_GAIN = derived(
    escape_gain,
    "At lambda = 0 the pair is a saddle towards a free neuron, with the coefficient -({formula}).",
    Step(
        name="second order",
        left=of(LEAVING, build=lambda loss: -sp.diff(loss, _EPS, 2).subs(_EPS, 0) / 2),
        reason="minus half the second derivative",
    ),
)


THIRD_MODEL = definition(
    name="third_feature",
    expression=_P2
    * (
        # l and i active: outputs l and i;  l and j active: outputs l and j
        (_W**2 + _EPS**2 - _EPS * _A - 1) ** 2
        + (_A**2 - _EPS * _A - 1) ** 2
        + (_W**2 + _EPS**2 + _EPS * _C - 1) ** 2
        + (_C**2 + _EPS * _C - 1) ** 2
    )
    + 4 * s.lam * _EPS,
    meaning="The terms of first order in the weight -epsilon that a third feature, alone with w "
    "on its own neuron, grows on the neuron of a pair.",
)

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
        left=of(THIRD_MODEL, build=lambda loss: sp.diff(loss, _EPS).subs(_EPS, 0)),
        reason="the four outputs that depend on the new weight at first order",
    ),
    prose="All other terms are of second order: an output of the pair that is silent stays "
    "silent, a new positive overlap enters squared.",
)

third_party_margin = formula(
    name="third_party_margin",
    expression=4 * s.lam - 2 * _P2 * _R,
    arguments=(_P2, s.pair_ratio, s.lam),
    meaning="The slope third_party_slope for small lambda and small co-occurrence.",
    example=">>> theory.third_party_margin(0.5, 0.5, 0.125)\n0.0",
    error="O(pair_weight pair_ratio^3), lambda -> 0",
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
        reason="first order in the asymmetry of the pair",
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
    regime=(s.n >= 2,),
    error="leading order in lambda",
    unit="weight of a pair",
)
THIRD_PARTY_THRESHOLD = derived(
    third_party_threshold,
    "With all pairs co-occurring, the pairs lose their stability at p^2 = 2 lambda (1 + p "
    "(n-2)), far above p = lambda.",
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
    error="lambda -> 0",
)
ESCAPE_SLOPE = derived(
    escape_slope,
    "As one row of a pair turns by an angle vartheta to a free neuron the loss has the "
    "slope {formula}, over 4 lambda, r_c = p_2/lambda.",
    Step(
        name="turn one row",
        left=of(PLANE, build=lambda u: sp.diff(u.subs(s.shift, 0), s.angle)),
        reason="differentiate by the angle of the leaving row",
    ),
)


def _by_difference(d: sp.Expr) -> dict[sp.Expr, sp.Expr]:
    """The cosine and the sine of the angle, by their difference."""
    root = sp.sqrt(2 - d**2)
    return {sp.cos(s.angle): (root + d) / 2, sp.sin(s.angle): (root - d) / 2}


def _root_in_difference(slope: sp.Expr) -> sp.Expr:
    d = sp.Symbol("d", positive=True)
    return quadratic_root(sp.expand(slope.subs(_by_difference(d))), d, 1)


escape_difference = formula(
    name="escape_difference",
    expression=_Q,
    arguments=(_RC,),
    meaning="cos - sin of the angle at which a row of a pair escapes; tan(arctan(r)/2).",
    example=">>> round(theory.escape_difference(1.0), 6)\n0.414214",
    regime=_POSITIVE,
    error="lambda -> 0",
)
ESCAPE_DIFFERENCE = derived(
    escape_difference,
    "At the saddle cos(vartheta) - sin(vartheta) = {formula}, r_c = p_2/lambda.",
    Step(
        name="solve",
        left=of(ESCAPE_SLOPE, build=_root_in_difference),
        reason="with d = cos t - sin t, sin t cos t = (1 - d^2)/2: the slope is quadratic in d",
    ),
)

escape_angle = formula(
    name="escape_angle",
    expression=sp.acos(_Q / sp.sqrt(2)) - sp.pi / 4,
    arguments=(_RC,),
    meaning="The angle to which one row of a pair must be turned towards a free neuron to escape.",
    example=">>> round(theory.escape_angle(1.0), 5)\n0.48815",
    regime=_POSITIVE,
    error="lambda -> 0 at fixed pair_weight / lambda",
    unit="radian",
)
ESCAPE_ANGLE = derived(
    escape_angle,
    "A pair survives turns of one row by an angle below {formula}.",
    Step(
        name="angle",
        left=of(ESCAPE_DIFFERENCE, build=lambda d: sp.acos(d / sp.sqrt(2)) - sp.pi / 4),
        reason="cos t - sin t = sqrt(2) cos(t + pi/4)",
    ),
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
    error="lambda -> 0 at fixed pair_weight / lambda",
)
ESCAPE_BARRIER = derived(
    escape_barrier,
    "The barrier is sqrt 2 - 1 - r/4 + ... for weak and 1/(2r) for strong co-occurrence, "
    "times 4 lambda.",
    Step(
        name="rise to the saddle",
        left=of(PLANE, ESCAPE_DIFFERENCE, build=_rise),
        reason="the height of the saddle above the pair",
    ),
)
