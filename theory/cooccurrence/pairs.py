"""Two features that co-occur on one neuron: loss, stationary weights, folds and overlaps.

An antipodal pair holds a on its neuron for one feature and -c for the other, with a >= c where
the two differ.  ``single_weight`` is the weight of one feature alone, ``pair_weight`` of both.
"""

from functools import partial

import sympy as sp

from ..model import W, at, network, overlap, relu
from ..proof import Definition, Formula, Step, Taylor, derived, of
from ..proof import symbols as s

_NOTES = "paper_notes/cooccurrence.md"
definition = partial(Definition, source=_NOTES)
formula = partial(Formula, source=_NOTES)
_P1, _P2 = s.single_weight, s.pair_weight
_ORDERED = (s.a >= s.c,)
_A, _C, _R = s.a, s.c, s.pair_ratio
LARGER_ERROR = 1 - _A * (_A - _C)  # when both are active
_L1 = 4 * s.lam * (_A + _C)
_DELTA = sp.KroneckerDelta
_Y = _A**2 - 1
_v, _EDGE = s.active_value, _C / _A
_S = s.antipodal_overlap
_overlap_step = partial(Step, ranges={_S: (0, 1)})
_TOP = sp.Rational(307, 251)  # the square of the larger weight at the maximum, to 6 digits
_APART = (s.a > s.c,)


PAIRS = definition(
    name="loss_with_pairs",
    expression=_P1
    * sp.Sum((relu(overlap(s.p, s.q)) - _DELTA(s.p, s.q)) ** 2, (s.p, 1, s.n), (s.q, 1, s.n))
    + _P2
    / 2
    * sp.Sum(
        (1 - _DELTA(s.q, s.j))
        * (relu(overlap(s.p, s.q) + overlap(s.p, s.j)) - _DELTA(s.p, s.q) - _DELTA(s.p, s.j)) ** 2,
        (s.p, 1, s.n),
        (s.q, 1, s.n),
        (s.j, 1, s.n),
    )
    + 4 * s.lam * sp.Sum(sp.Abs(W[s.p, s.g]), (s.p, 1, s.n), (s.g, 1, s.m)),
    meaning="The loss of features that are active alone with the weight p_1 and in pairs with the "
    "weight p_2, values 1.",
)

cooccurring_loss = formula(
    name="cooccurring_loss",
    expression=(_P1 + _P2) * (1 - s.w**2) ** 2 + 4 * s.lam * s.w,
    arguments=(s.w, _P1, _P2, s.lam),
    meaning="The loss of a feature alone on its neuron, one other feature co-occurring.",
    example=">>> theory.cooccurring_loss(1, 1, 0.1, 0.25)\n1.0",
    unit="summed loss",
)
COOCCURRING_LOSS = derived(
    cooccurring_loss,
    "Alone on its neuron, a feature costs {formula}, p_1 and p_2 the weights of one alone "
    "and of both.",
    Step(
        name="half of two",
        left=of(PAIRS, build=lambda loss: network(loss, [[s.w, 0], [0, s.w]]) / 2),
        right=(2 * _P1 * (s.w**2 - 1) ** 2 + 2 * _P2 * (s.w**2 - 1) ** 2) / 2 + 4 * s.lam * s.w,
        reason="two features, each alone on its neuron, have the overlap 0: each has the error "
        "w^2 - 1 where it is active, alone or with the other one",
    ),
    Step(name="common factor", reason="half of the loss of the two"),
)

_ALONE = (1 - _A**2) ** 2 + (1 - _C**2) ** 2

pair_loss = formula(
    name="pair_loss",
    expression=_P1 * _ALONE + _P2 * (LARGER_ERROR**2 + 1) + _L1,
    arguments=(s.a, s.c, _P1, _P2, s.lam),
    meaning="The loss of an antipodal pair (a, -c) that co-occurs, values 1.",
    example=">>> theory.pair_loss(1, 1, 1, 0.1, 0.0)\n0.2",
    regime=_ORDERED,
    unit="summed loss",
)
PAIR_LOSS = derived(
    pair_loss,
    "An antipodal pair (a, -c), a >= c, costs {formula}.",
    Step(
        name="rectifiers",
        left=of(PAIRS, build=lambda loss: network(loss, [[s.a], [-s.c]])),
        right=_P1 * _ALONE
        + _P2 * ((relu(_A**2 - _A * _C) - 1) ** 2 + (relu(_C**2 - _A * _C) - 1) ** 2)
        + _L1,
        reason="the overlaps are a^2, c^2 and -a c; with both features active the outputs are "
        "ReLU(a^2 - a c) and ReLU(c^2 - a c)",
    ),
    Step(
        name="one output is read",
        reason="where a > c the larger feature is read, the smaller one is silent",
        assumptions=_APART,
    ),
)


def _mean(*pieces: tuple[sp.Expr, sp.Expr, sp.Expr]) -> sp.Expr:
    """E f(u, v) of a function of degree 2: a quarter of the integrals over the edges v=1, u=1."""
    return sum(sp.Integral(f, (_v, low, high)) for f, low, high in pieces) / 4


UNIFORM_MODEL = definition(
    name="two_uniform_features",
    expression=_mean(
        # the larger feature is read where u a > v c, the smaller where v c > u a
        (_v**2, 0, _EDGE),
        ((_v * _A**2 - _A * _C - _v) ** 2, _EDGE, 1),
        ((_A**2 - _v * _A * _C - 1) ** 2, 0, 1),
        ((_C**2 - _v * _A * _C - 1) ** 2, 0, _EDGE),
        (sp.Integer(1), _EDGE, 1),
        (_v**2, 0, 1),
    ),
    meaning="The mean error of an antipodal pair, both features active and uniform on [0, 1].",
)

uniform_pair_error = formula(
    name="uniform_pair_error",
    expression=_A**4 / 3
    - _A**3 * _C / 2
    + _A**2 * _C**2 / 3
    - 2 * _A**2 / 3
    - _A * _C**3 / 12
    + _A * _C / 2
    + sp.Rational(2, 3)
    + _C**5 / (12 * _A)
    - _C**3 / (3 * _A),
    arguments=(s.a, s.c),
    meaning="The mean error of an antipodal pair (a, -c), both active, values uniform on [0, 1].",
    example=">>> round(theory.uniform_pair_error(1, 1), 6)\n0.333333",
    regime=_ORDERED,
    unit="squared error",
)
UNIFORM_PAIR_ERROR = derived(
    uniform_pair_error,
    "For values uniform on [0, 1] the mean error of a pair (a, -c), both active, a >= c, is "
    "{formula}, which has no kink at a = c.",
    Step(
        name="integrate",
        left=of(UNIFORM_MODEL),
        reason="the integrands are polynomials on both sides of u a = v c",
        assumptions=_APART,
    ),
)

pair_kink = formula(
    name="pair_kink",
    expression=2 * _P2 * s.w,
    arguments=(_P2, s.w),
    meaning="The slope at which the loss of a pair falls from a = c = w as the two weights become "
    "different, per unit of their difference, their sum kept.",
    example=">>> theory.pair_kink(0.5, 1)\n1.0",
    unit="summed loss per weight",
)
PAIR_KINK = derived(
    pair_kink,
    "The symmetric pair a = c = w is no minimum for any co-occurrence: as one weight grows and the "
    "other falls, the loss falls on both sides at the slope {formula} in the difference a - c.",
    Step(
        name="apart",
        left=of(
            PAIR_LOSS,
            build=lambda loss: (
                -sp.Subs(
                    sp.Derivative(
                        sp.Subs(loss, (s.a, s.c), (s.w + s.gap / 2, s.w - s.gap / 2)), s.gap
                    ),
                    s.gap,
                    0,
                )
            ),
        ),
        reason="a grows by half of the difference, c falls by as much; the terms of the symmetric "
        "pair cancel",
    ),
)

larger_balance = formula(
    name="larger_balance",
    expression=_P1 * (1 - _A**2) * _A + _P2 / 2 * (2 * _A - _C) * LARGER_ERROR,
    arguments=(s.a, s.c, _P1, _P2),
    meaning="The lambda at which the larger weight of a co-occurring pair is at rest.",
    example=">>> theory.larger_balance(1, 1, 1, 0.02)\n0.01",
    regime=_ORDERED,
    unit="flow",
)
LARGER_BALANCE = derived(
    larger_balance,
    "The larger weight rests where {formula} = lambda.",
    Step(
        name="slope in a",
        left=of(PAIR_LOSS, build=lambda loss: s.lam - sp.Derivative(loss, s.a) / 4),
        reason="a is at rest where the slope of the loss is 0; a quarter of the slope is lambda "
        "less this",
    ),
)

smaller_balance = formula(
    name="smaller_balance",
    expression=_P1 * (1 - _C**2) * _C - _P2 / 2 * _A * LARGER_ERROR,
    arguments=(s.a, s.c, _P1, _P2),
    meaning="The lambda at which the smaller weight of a co-occurring pair is at rest.",
    example=">>> theory.smaller_balance(1, 1, 1, 0.02)\n-0.01",
    regime=_ORDERED,
    unit="flow",
)
SMALLER_BALANCE = derived(
    smaller_balance,
    "The smaller weight rests where {formula} = lambda.",
    Step(
        name="slope in c",
        left=of(PAIR_LOSS, build=lambda loss: s.lam - sp.Derivative(loss, s.c) / 4),
        reason="c is at rest where the slope of the loss is 0; a quarter of the slope is lambda "
        "less this",
    ),
)


def _rest(larger: sp.Expr, smaller: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Both weights of a pair at rest at lambda = 0, as series to third order in the ratio.

    Each correction by half of the balances, whose slopes at ratio 0 are -2, gains an order; the
    third one is left to be carried out.
    """
    weights = {_A: sp.Integer(1), _C: sp.Integer(1)}
    for order in (1, 2, 3):
        corrected = {
            weight: old
            + Taylor(sp.Subs(balance, (_P1, _P2, _A, _C), (1, _R, *weights.values())), _R, order)
            / 2
            for (weight, old), balance in zip(weights.items(), (larger, smaller), strict=True)
        }
        weights = corrected if order == 3 else {x: f.doit() for x, f in corrected.items()}
    return weights[_A], weights[_C]


larger_weight_series = formula(
    name="larger_weight_series",
    expression=1 + _R / 4 - _R**2 / 32 - 15 * _R**3 / 128,
    arguments=(s.pair_ratio,),
    meaning="The larger weight of a co-occurring pair for lambda -> 0.",
    example=">>> round(theory.larger_weight_series(0.1), 6)\n1.02457",
    error="O(pair_ratio^4)",
    where="lambda = 0",
    unit="weight",
)
LARGER_WEIGHT = derived(
    larger_weight_series,
    "For lambda -> 0 the larger weight of a co-occurring pair is {formula} + O(varrho^4), "
    "varrho = p_2/p_1.",
    Step(
        name="at rest to third order",
        left=of(
            LARGER_BALANCE,
            SMALLER_BALANCE,
            build=lambda larger, smaller: _rest(larger, smaller)[0],
        ),
        reason="the weights to second order come in the same way, one order at a time; inserted in "
        "the balance at p_1 = 1 and lambda = 0, they leave a remainder of third order, and half of "
        "it is the correction, because the slope of the balance, 1 - 3 w^2 at w = 1, is -2",
    ),
)

smaller_weight_series = formula(
    name="smaller_weight_series",
    expression=1 - _R / 4 - _R**2 / 32 + 7 * _R**3 / 128,
    arguments=(s.pair_ratio,),
    meaning="The smaller weight of a co-occurring pair for lambda -> 0.",
    example=">>> round(theory.smaller_weight_series(0.1), 6)\n0.974742",
    error="O(pair_ratio^4)",
    where="lambda = 0",
    unit="weight",
)
SMALLER_WEIGHT = derived(
    smaller_weight_series,
    "For lambda -> 0 the smaller weight of a co-occurring pair is {formula} + O(varrho^4), "
    "varrho = p_2/p_1.",
    Step(
        name="at rest to third order",
        left=of(
            LARGER_BALANCE,
            SMALLER_BALANCE,
            build=lambda larger, smaller: _rest(larger, smaller)[1],
        ),
        reason="the weights to second order come in the same way, one order at a time; inserted in "
        "the balance at p_1 = 1 and lambda = 0, they leave a remainder of third order, and half of "
        "it is the correction, because the slope of the balance, 1 - 3 w^2 at w = 1, is -2",
    ),
)

pair_excess_series = formula(
    name="pair_excess_series",
    expression=2 * _R - _R**2 / 2 + _R**4 / 8,
    arguments=(s.pair_ratio,),
    meaning="What a relaxed pair costs more than two features alone, over single_weight.",
    example=">>> round(theory.pair_excess_series(0.1), 7)\n0.1950125",
    error="O(pair_ratio^6)",
    where="lambda = 0",
    unit="summed loss",
)
PAIR_EXCESS = derived(
    pair_excess_series,
    "For lambda -> 0 a relaxed pair costs {formula} more than two features alone, in units "
    "of p_1, varrho = p_2/p_1.",
    Step(
        name="insert the weights",
        left=of(
            PAIR_LOSS,
            LARGER_WEIGHT,
            SMALLER_WEIGHT,
            build=lambda loss, larger, smaller: Taylor(
                loss.subs({s.lam: 0, _P1: 1, _P2: _R}).subs(
                    {s.a: larger, s.c: smaller}, simultaneous=True
                ),
                _R,
                5,
            ),
        ),
        reason="insert both weights in the loss at lambda = 0, p_1 = 1 and p_2 = varrho, where two "
        "features alone cost nothing; at a minimum an error O(varrho^4) of the weights costs "
        "O(varrho^8)",
    ),
)

stiff_pair_lam = formula(
    name="stiff_pair_lam",
    expression=-(_A**2 - 1) * (2 * _A**6 - 2 * _A**4 - 2 * _A**2 + 1) / (_A**3 * (2 * _A**2 + 1)),
    arguments=(s.a,),
    meaning="lambda / single_weight at which a pair whose larger weight is a rests, at strong "
    "co-occurrence.",
    example=">>> round(theory.stiff_pair_lam(1.1), 7)\n0.037141",
    regime=(s.a > 1,),
    error="O(1/pair_ratio)",
    unit="flow",
)
STIFF_PAIR = derived(
    stiff_pair_lam,
    "However strong the co-occurrence, a pair with the weights a and -c, c = a - 1/a, is at rest "
    "at lambda/p_1 = {formula}.",
    Step(
        name="balance",
        left=of(
            PAIR_LOSS,
            build=lambda loss: (
                -sp.Derivative(sp.Subs(loss, (s.lam, s.c), (0, s.a - 1 / s.a)), s.a)
                / (4 * _P1 * sp.Derivative(2 * s.a - 1 / s.a, s.a))
            ),
        ),
        right=sp.Mul(
            4 * _A * (1 - _A**2) + 4 * (_A - 1 / _A) * (1 - (_A - 1 / _A) ** 2) * (1 + 1 / _A**2),
            1 / (4 * (2 + 1 / _A**2)),
            evaluate=False,
        ),
        reason="co-occurrence forces a (a - c) = 1, that is c = a - 1/a, where its part of the "
        "loss is 1; along this curve the slope of the rest and that of 4 lambda (a + c) add up to "
        "0; in (1 - a^2)^2 + (1 - c^2)^2, c has the slope 1 + 1/a^2",
    ),
    Step(name="common denominator", reason="multiply numerator and denominator by a^5"),
)

stiff_pair_slope = formula(
    name="stiff_pair_slope",
    expression=(6 - 3 * _Y - 78 * _Y**2 - 116 * _Y**3 - 62 * _Y**4 - 12 * _Y**5)
    / (_A**4 * (2 * _A**2 + 1) ** 2),
    arguments=(s.a,),
    meaning="The slope of stiff_pair_lam in the larger weight a.",
    example=">>> round(theory.stiff_pair_slope(1.1), 6)\n0.042654",
    regime=(s.a > 1,),
    error="O(1/pair_ratio)",
    unit="flow per weight",
)
STIFF_SLOPE = derived(
    stiff_pair_slope,
    "The lambda at which a pair rests at strong co-occurrence has only one maximum in a > 1: its "
    "slope over p_1 is {formula}.",
    Step(
        name="differentiate",
        left=of(STIFF_PAIR, build=lambda lam: sp.Derivative(lam, s.a)),
        reason="the quotient rule; expand the numerator in powers of a^2 - 1",
    ),
    prose="The numerator falls from 6 to minus infinity as a^2 - 1 grows from 0, because all its "
    "other coefficients are negative. So it is 0 once, and lambda grows before and falls after.",
)

pair_fold_limit = formula(
    name="pair_fold_limit",
    expression=stiff_pair_lam.expression.subs(_A, sp.sqrt(_TOP)),
    meaning="lambda / single_weight up to which an antipodal pair exists at strong co-occurrence; "
    "the number itself is rounded by 4e-11.",
    example=">>> round(theory.pair_fold_limit(), 7)\n0.0372679",
    error="O(1/pair_ratio)",
    unit="flow",
)
PAIR_FOLD_LIMIT = derived(
    pair_fold_limit,
    "As co-occurrence grows without bound, an antipodal pair exists up to lambda/p_1 = {formula}, "
    "which is 0.03727.",
    Step(
        name="largest lambda",
        left=of(STIFF_PAIR, build=lambda lam: sp.Subs(lam, s.a, sp.sqrt(_TOP))),
        reason="the maximum, at a^2 = 1.2231001 (4e-11 below it)",
    ),
    prose="The slope of lambda is 0 at a^2 = 1.2231001 and nowhere else above 1. That the fold "
    "falls to this limit from above, for every ratio, is observed by numerical continuation and "
    "not claimed.",
    by=(STIFF_SLOPE,),
)

pair_fold_series = formula(
    name="pair_fold_series",
    expression=2 / (3 * sp.sqrt(3)) - _R / (2 * sp.sqrt(3)),
    arguments=(s.pair_ratio,),
    meaning="lambda / single_weight up to which an antipodal pair exists.",
    example=">>> round(theory.pair_fold_series(0.001), 5)\n0.38461",
    error="O(pair_ratio^(3/2))",
    unit="flow",
)
PAIR_FOLD = derived(
    pair_fold_series,
    "A weakly co-occurring pair exists for lambda/p_1 up to {formula}, varrho = p_2/p_1.",
    Step(
        name="fold of the smaller weight",
        left=of(
            SMALLER_BALANCE,
            build=lambda f: sp.Subs(
                f, (_P1, _P2, s.a, s.c), (1, _R, 1 / sp.sqrt(3), 1 / sp.sqrt(3))
            ),
        ),
        reason="(1 - c^2) c is largest at 1/sqrt(3), and the larger weight differs by "
        "O(varrho^(1/2))",
    ),
    prose="At the fold the smaller weight sits at the top of (1 - c^2) c; there the larger one is "
    "larger by (varrho/3)^(1/2), which enters at order varrho^(3/2).",
)


def _unit(overlap: sp.Expr) -> list[list[sp.Expr]]:
    """Two rows of norm 1 of an overlap."""
    return [[sp.Integer(1), sp.Integer(0)], [overlap, sp.sqrt(1 - overlap**2)]]


overlap_penalty = formula(
    name="overlap_penalty",
    expression=2 * _P2 * _S**2,
    arguments=(_P2, _S),
    meaning="What a pair of unit features of overlap -s adds to the loss by co-occurring.",
    example=">>> theory.overlap_penalty(0.5, 1)\n1.0",
    regime=(_S <= 1,),
    unit="summed loss",
)
OVERLAP_PENALTY = derived(
    overlap_penalty,
    "Co-occurrence charges {formula} for an overlap -s_o of two unit features.",
    _overlap_step(
        name="both read 1 - s",
        left=of(
            PAIRS,
            build=lambda loss: (
                network(loss.subs(s.lam, 0), _unit(-_S))
                - network(loss.subs(s.lam, 0), _unit(sp.Integer(0)))
            ),
        ),
        right=2 * _P2 * (relu(1 - _S) - 1) ** 2,
        reason="two rows of norm 1 have no error on other inputs; with both features active each "
        "output reads ReLU(1 - s)",
    ),
    _overlap_step(name="both are read", reason="for s < 1 it is 1 - s", assumptions=(_S < 1,)),
)

UNIFORM_OVERLAP_MODEL = definition(
    name="two_uniform_overlapping_features",
    expression=2 * _P2 * _mean((_v**2, 0, _S), (_S**2, _S, 1), (_v**2 * _S**2, 0, 1)),
    meaning="The mean error of two unit features of overlap -s, both active and uniform.",
)

uniform_overlap_penalty = formula(
    name="uniform_overlap_penalty",
    expression=2 * _P2 * (_S**2 / 3 - _S**3 / 6),
    arguments=(_P2, _S),
    meaning="What a pair of unit features of overlap -s adds to the loss by co-occurring, values "
    "uniform on [0, 1].",
    example=">>> round(theory.uniform_overlap_penalty(0.5, 1), 6)\n0.166667",
    regime=(_S <= 1,),
    unit="summed loss",
)
UNIFORM_OVERLAP_PENALTY = derived(
    uniform_overlap_penalty,
    "For values uniform on [0, 1] co-occurrence charges {formula}.",
    _overlap_step(
        name="integrate",
        left=of(UNIFORM_OVERLAP_MODEL),
        reason="a feature is read where its value exceeds s times the other's",
    ),
)


def _decay(loss: sp.Expr, normal: bool) -> sp.Expr:
    """The velocity of the overlap of two unit rows at lambda = 0, by the flow of a loss.

    With ``normal``, what moves a row along itself is taken away, which keeps its norm.
    """
    places = [[W[1, 1], W[1, 2]], [W[2, 1], W[2, 2]]]
    free = at(loss, places).subs(s.lam, 0)
    rows = [sp.Matrix([row]) for row in _unit(-_S)]
    values = dict(zip([*places[0], *places[1]], [*rows[0], *rows[1]], strict=True))
    velocities = [
        sp.Matrix([[-sp.diff(free, x).subs(values, simultaneous=True) / 4 for x in row]])
        for row in places
    ]
    if normal:
        velocities = [v - v.dot(row) * row for v, row in zip(velocities, rows, strict=True)]
    return velocities[0].dot(rows[1]) + rows[0].dot(velocities[1])


overlap_decay = formula(
    name="overlap_decay",
    expression=2 * _P2 * _S * (1 - _S**2),
    arguments=(_P2, _S),
    meaning="The rate at which co-occurrence removes a negative overlap of two features whose "
    "norms are kept at 1.",
    example=">>> theory.overlap_decay(0.5, 0.5)\n0.375",
    regime=(_S <= 1,),
    unit="weight squared per flow time",
)
OVERLAP_DECAY = derived(
    overlap_decay,
    "Co-occurrence makes the repulsion two-sided: a negative overlap -s_o of two rows whose norms "
    "are kept at 1 decays at the rate {formula}. An antipodal pair, s_o = 1, does not decay.",
    _overlap_step(
        name="two rows turn",
        left=of(PAIRS, build=lambda loss: _decay(loss, normal=True)),
        reason="both outputs read 1 - s, an error of -s; a quarter of the slope moves each row by "
        "p_2 s (W_1 + W_2), and without the part along itself W_1 moves by p_2 s (W_2 + s W_1), "
        "which adds p_2 s (1 - s^2) to the overlap, and W_2 adds the same",
        assumptions=(_S < 1,),
    ),
)

overlap_decay_raw = formula(
    name="overlap_decay_raw",
    expression=2 * _P2 * _S * (1 - _S),
    arguments=(_P2, _S),
    meaning="The rate at which co-occurrence removes a negative overlap of two features of norm 1 "
    "on the flow itself, on which their norms grow.",
    example=">>> theory.overlap_decay_raw(0.5, 0.5)\n0.25",
    regime=(_S < 1,),
    unit="weight squared per flow time",
)
OVERLAP_DECAY_RAW = derived(
    overlap_decay_raw,
    "On the flow of two rows of norm 1 and overlap -s_o, which does not keep the norms, the "
    "overlap decays at the rate {formula}.",
    _overlap_step(
        name="two rows move",
        left=of(PAIRS, build=lambda loss: _decay(loss, normal=False)),
        reason="both outputs read 1 - s, an error of -s; a quarter of the slope moves each row by "
        "p_2 s (W_1 + W_2), which adds p_2 s (1 - s) to the overlap",
    ),
)
