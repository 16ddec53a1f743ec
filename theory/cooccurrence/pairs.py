"""Two features that co-occur on one neuron: loss, stationary weights, folds and overlaps.

An antipodal pair holds a on its neuron for one feature and -c for the other, with a >= c where
the two differ.  ``single_weight`` is the weight of one feature alone, ``pair_weight`` of both.
"""

from functools import partial

import sympy as sp

from ..model import relu
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
_v, _EDGE = s.active_value, _C / _A
_S = s.antipodal_overlap
_overlap_step = partial(Step, ranges={_S: (0, 1)})
_TOP = sp.Rational(110593856, 10**8)  # the maximum, to 8 digits
_APART = (s.a > s.c,)


MODEL = definition(
    name="two_cooccurring_features",
    expression=_P1
    * ((relu(_A**2) - 1) ** 2 + relu(-_A * _C) ** 2 + (relu(_C**2) - 1) ** 2 + relu(-_A * _C) ** 2)
    + _P2 * ((relu(_A**2 - _A * _C) - 1) ** 2 + (relu(_C**2 - _A * _C) - 1) ** 2)
    + _L1,
    meaning="The loss of two features with the weights a and -c on one neuron.",
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
        left=of(
            MODEL,
            # two neurons: no overlap, so each feature pays with weight c + q
            build=lambda loss: (
                loss.subs(_P2, 0).subs({s.c: s.a}).doit() * (_P1 + _P2) / (2 * _P1)
            ).subs({s.a: s.w, s.lam: s.lam * _P1 / (_P1 + _P2)}),
        ),
        reason="with no overlap both together cost what each costs alone",
    ),
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
        left=of(MODEL),
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
    "For values uniform on [0, 1] the error of a pair, both active, is a rational function "
    "of a and c, without a kink.",
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
    meaning="The slope at which the loss falls, from a = c = w, as the smaller weight falls or "
    "the larger one grows, by co-occurrence alone.",
    example=">>> theory.pair_kink(0.5, 1)\n1.0",
    unit="summed loss per weight",
)
PAIR_KINK = derived(
    pair_kink,
    "The symmetric pair a = c is no minimum for any co-occurrence: the loss falls on both "
    "sides of it, at the slope {formula}.",
    Step(
        name="one-sided slope",
        left=of(
            PAIR_LOSS,
            build=lambda loss: sp.Limit(sp.Derivative(loss.subs({s.lam: 0}), s.c), s.c, s.a).subs(
                _P1, 0
            ),
        ),
        right=2 * _P2 * s.a,
        reason="slope in the smaller weight, from below",
        assumptions=(sp.Gt(_P2, 0),),
    ),
    Step(
        name="at a = w",
        left=of(
            PAIR_LOSS,
            build=lambda loss: (
                -sp.diff(loss.subs({s.lam: 0, _P1: 0}), s.a).subs({s.c: s.w, s.a: s.w})
            ),
        ),
        reason="minus the slope in the larger weight is the same",
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
        reason="a quarter of the slope is lambda less this",
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
        reason="a quarter of the slope is lambda less this",
    ),
)


def _corrected(weight: Formula, balance: sp.Expr) -> sp.Expr:
    """The series, corrected by half the lambda at which it would rest (0 where it is right)."""
    larger, smaller = larger_weight_series.expression, smaller_weight_series.expression
    at = balance.subs({_P1: 1, _P2: _R})
    at = at.subs({s.a: larger, s.c: smaller}, simultaneous=True)
    return Taylor(weight.expression + at / 2, _R, 3)


larger_weight_series = formula(
    name="larger_weight_series",
    expression=1 + _R / 4 - _R**2 / 32 - 15 * _R**3 / 128,
    arguments=(s.pair_ratio,),
    meaning="The larger weight of a co-occurring pair for lambda -> 0.",
    example=">>> round(theory.larger_weight_series(0.1), 6)\n1.02457",
    error="O(pair_ratio^4), lambda = 0",
    unit="weight",
)
LARGER_WEIGHT = derived(
    larger_weight_series,
    "For lambda -> 0 the larger weight of a co-occurring pair is {formula} + O(varrho^4), "
    "varrho = p_2/p_1.",
    Step(
        name="at rest to third order",
        left=of(LARGER_BALANCE, build=lambda x: _corrected(larger_weight_series, x)),
        reason="with both series inserted, the lambda at which the pair rests is O(varrho^4)",
    ),
)

smaller_weight_series = formula(
    name="smaller_weight_series",
    expression=1 - _R / 4 - _R**2 / 32 + 7 * _R**3 / 128,
    arguments=(s.pair_ratio,),
    meaning="The smaller weight of a co-occurring pair for lambda -> 0.",
    example=">>> round(theory.smaller_weight_series(0.1), 6)\n0.974742",
    error="O(pair_ratio^4), lambda = 0",
    unit="weight",
)
SMALLER_WEIGHT = derived(
    smaller_weight_series,
    "For lambda -> 0 the smaller weight of a co-occurring pair is {formula} + O(varrho^4), "
    "varrho = p_2/p_1.",
    Step(
        name="at rest to third order",
        left=of(SMALLER_BALANCE, build=lambda x: _corrected(smaller_weight_series, x)),
        reason="with both series inserted, the lambda at which the pair rests is O(varrho^4)",
    ),
)

pair_excess_series = formula(
    name="pair_excess_series",
    expression=2 * _R - _R**2 / 2 + _R**4 / 8,
    arguments=(s.pair_ratio,),
    meaning="What a relaxed pair costs more than two features alone, over single_weight.",
    example=">>> round(theory.pair_excess_series(0.1), 7)\n0.1950125",
    error="O(pair_ratio^6), lambda = 0",
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
        reason="at a minimum an error O(varrho^4) of the weights costs O(varrho^8)",
    ),
)

stiff_pair_lam = formula(
    name="stiff_pair_lam",
    expression=-(_A**2 - 1) * (2 * _A**6 - 2 * _A**4 - 2 * _A**2 + 1) / (_A**3 * (2 * _A**2 + 1)),
    arguments=(s.a,),
    meaning="lambda / single_weight at which a pair with (a, 1/a - a) rests, pair_ratio -> oo.",
    example=">>> round(theory.stiff_pair_lam(1.1), 7)\n0.037141",
    regime=(s.a > 1,),
    error="O(1/pair_ratio)",
    unit="flow",
)
STIFF_PAIR = derived(
    stiff_pair_lam,
    "However strong the co-occurrence, a pair with c = a - 1/a exists at a lambda of order p_1.",
    Step(
        name="balance",
        left=of(
            PAIR_LOSS,
            build=lambda loss: (
                -sp.diff(loss.subs(s.lam, 0).subs(s.c, s.a - 1 / s.a), s.a)
                / (4 * _P1 * sp.Derivative(2 * s.a - 1 / s.a, s.a))
            ),
        ),
        reason="co-occurrence forces a (a - c) = 1; the rest balances l1",
    ),
)

pair_fold_limit = formula(
    name="pair_fold_limit",
    expression=stiff_pair_lam.expression.subs(_A, _TOP),
    meaning="lambda / single_weight up to which an antipodal pair exists, pair_ratio -> oo.",
    example=">>> round(theory.pair_fold_limit(), 7)\n0.0372679",
    error="exact to 1e-15: the maximum is inserted to 8 digits",
    unit="flow",
)
PAIR_FOLD_LIMIT = derived(
    pair_fold_limit,
    "As co-occurrence grows without bound, an antipodal pair exists up to lambda/p_1 = 0.03727.",
    Step(
        name="largest lambda",
        left=of(STIFF_PAIR, build=lambda lam: lam.subs(s.a, _TOP)),
        reason="the only maximum with c > 0",
    ),
    prose="For a > 1, lambda is 0 at a = 1 and falls to minus infinity; its derivative has the "
    "factor 12x^5 + 2x^4 - 12x^3 - 18x^2 + 7x + 3, x = a^2, with one root above 1. That the fold "
    "falls to this limit from above, for every ratio, is observed by numerical continuation and "
    "not claimed.",
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
            build=lambda f: f.subs({_P1: 1, _P2: _R}).subs(
                {s.a: 1 / sp.sqrt(3), s.c: 1 / sp.sqrt(3)}
            ),
        ),
        reason="(1 - c^2) c is largest at 1/sqrt(3), and the larger weight differs by "
        "O(varrho^(1/2))",
    ),
    prose="At the fold the smaller weight sits at the top of (1 - c^2) c; there the larger one is "
    "larger by (varrho/3)^(1/2), which enters at order varrho^(3/2).",
)

OVERLAP_MODEL = definition(
    name="two_overlapping_features",
    expression=2 * _P2 * (relu(1 - _S) - 1) ** 2,
    meaning="The error of two unit features of overlap -s, both active.",
)

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
        left=of(OVERLAP_MODEL),
        reason="for s < 1 both are read",
        assumptions=(_S < 1,),
    ),
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
        left=of(
            OVERLAP_PENALTY,
            # s_o = cos(vartheta): each row turns by a quarter of the slope, ds_o = -sin dvartheta
            build=lambda loss: (
                -sp.sin(s.angle) / 2 * sp.diff(loss.subs(_S, sp.cos(s.angle)), s.angle)
            ).subs(s.angle, sp.acos(_S)),
        ),
        reason="each of the two rows turns, with its norm kept, by a quarter of the slope",
    ),
)
