"""Features of unequal importance and frequency: forces, amplitude, fold, and who keeps a neuron.

Input i has the weight p_i (frequency), the error of output k the weight I_k (importance).  The
error of feature i on its own output has the weight d_i = p_i I_i.
"""

from functools import partial

import sympy as sp

from ..model import W, at, overlap, relu
from ..proof import Definition, Formula, IndexForm, Root, Step, derived, of
from ..proof import symbols as s
from ..row.half_normal import HALF_NORMAL_TIME
from ..row.stationary import FOLD_AMPLITUDE

_NOTES = "paper_notes/features.md"
formula = partial(Formula, source=_NOTES)
_step = partial(Step, ranges={s.n: (2, 3), s.m: (1, 3)})
_I, _J, _L = s.i, s.j, s.l
_INSIDE = (sp.Le(_I, s.n), sp.Le(_L, s.m))
_DELTA = sp.KroneckerDelta
FREQUENCY = sp.IndexedBase("f", positive=True)
"""The weight of the input of each feature alone."""
IMPORTANCE = sp.IndexedBase("v", positive=True)
"""The weight of the error of each output."""
_D, _E = s.own_weight, s.other_weight


def _sum(term: sp.Expr) -> sp.Expr:
    return sp.Sum(term, (s.p, 1, s.n), (s.q, 1, s.n))


UNEQUAL_LOSS = Definition(
    name="unequal_loss",
    expression=_sum(
        FREQUENCY[s.q] * IMPORTANCE[s.p] * (relu(overlap(s.p, s.q)) - _DELTA(s.p, s.q)) ** 2
    )
    + 4 * s.lam * sp.Sum(sp.Abs(W[s.p, s.g]), (s.p, 1, s.n), (s.g, 1, s.m)),
    meaning="The loss of features that are active alone: input q has the weight f_q, the error of "
    "output p the weight v_p.",
    source=_NOTES,
)

_coupling = (FREQUENCY[_I] * IMPORTANCE[_J] + FREQUENCY[_J] * IMPORTANCE[_I]) / 2
unequal_flow_form = IndexForm(
    name="unequal_flow",
    expression=FREQUENCY[_I] * IMPORTANCE[_I] * (1 - overlap(_I, _I)) * W[_I, _L]
    - sp.Sum(_coupling * relu(overlap(_I, _J)) * W[_J, _L] * (1 - _DELTA(_I, _J)), (_J, 1, s.n))
    - s.lam * sp.sign(W[_I, _L]),
    meaning="The velocity of weight (i, l) of features of unequal frequency f and importance v.",
    source=_NOTES,
    where="no overlap and no weight is 0",
)
_error = relu(overlap(s.p, s.q)) - _DELTA(s.p, s.q)
UNEQUAL_FLOW = derived(
    unequal_flow_form,
    "With frequencies f and importance v, weight (i, l) changes at the rate {formula}: the "
    "feature benefit has the weight f_i v_i, and the interference of two features has the mean "
    "of f_i v_j and f_j v_i, the same for both.",
    _step(
        name="chain rule",
        left=of(UNEQUAL_LOSS, build=lambda loss: -sp.Derivative(loss, W[_I, _L]) / 4),
        right=-_sum(
            FREQUENCY[s.q]
            * IMPORTANCE[s.p]
            * _error
            * sp.Heaviside(overlap(s.p, s.q))
            * (_DELTA(s.p, _I) * W[s.q, _L] + _DELTA(s.q, _I) * W[s.p, _L])
        )
        / 2
        - s.lam * sp.sign(W[_I, _L]),
        reason="each overlap G_pe = W_p . W_e depends on row i through p = i and through e = i",
        assumptions=_INSIDE,
    ),
    _step(
        name="both places",
        right=-sp.Sum(
            _coupling
            * (relu(overlap(_I, _J)) - _DELTA(_I, _J))
            * sp.Heaviside(overlap(_I, _J))
            * W[_J, _L],
            (_J, 1, s.n),
        )
        - s.lam * sp.sign(W[_I, _L]),
        reason="the terms with p = i and those with e = i; overlaps are symmetric, f_e v_p is not",
        assumptions=_INSIDE,
    ),
    _step(
        name="open gates",
        reason="ReLU(x) H(x) = ReLU(x); the term j = i has ReLU(|W_i|^2) = |W_i|^2",
        assumptions=(
            *_INSIDE,
            sp.Eq(sp.Heaviside(overlap(_I, _I)), 1),
            sp.Eq(relu(overlap(_I, _I)), overlap(_I, _I)),
        ),
    ),
)


def _pair_of_rows(flow: sp.Expr, rows: list[list[sp.Expr]], i: int) -> sp.Expr:
    """The velocity of feature i of two on one neuron, frequencies and importance as letters."""
    letters = {
        FREQUENCY[1]: s.frequency,
        FREQUENCY[2]: s.other_frequency,
        IMPORTANCE[1]: s.importance,
        IMPORTANCE[2]: s.other_importance,
    }
    return at(flow, rows, i=i).subs(letters)


unequal_rest = formula(
    name="unequal_rest",
    expression=_D * (1 - s.w**2) * s.w,
    arguments=(s.w, _D),
    meaning="The lambda at which the only weight of a feature is at rest.",
    example=">>> theory.unequal_rest(0.5, 0.5)\n0.1875",
    regime=(s.w <= 1,),
    letter=s.lam,
    unit="flow",
)
OWN_WEIGHT = Definition(
    name="own_weight",
    expression=s.frequency * s.importance,
    meaning="The weight of the error of a feature that is active alone on its own output.",
    source=_NOTES,
    letter=_D,
)
UNEQUAL_REST = derived(
    unequal_rest,
    "The only weight w of a feature is at rest where lambda = {formula}: the feature feels lambda "
    "over its own weight d_i = p_i I_i.",
    Step(
        name="one weight",
        left=of(
            UNEQUAL_FLOW,
            build=lambda flow: at(flow, [[s.w]]).subs(
                {s.lam: 0, FREQUENCY[1]: s.frequency, IMPORTANCE[1]: s.importance}
            ),
        ),
        right=s.frequency * s.importance * (s.w - s.w**3),
        reason="lambda that balances the feature benefit, one feature on one neuron",
    ),
    Step(name="own weight", reason="d = p I", given={_D: of(OWN_WEIGHT)}),
)

unequal_amplitude = formula(
    name="unequal_amplitude",
    expression=2 / sp.sqrt(3) * sp.cos(sp.acos(-3 * sp.sqrt(3) / 2 * s.lam / _D) / 3),
    arguments=(s.lam, _D),
    meaning="The weight of a trained feature alone on its neuron, or of an antipodal pair.",
    example=">>> round(theory.unequal_amplitude(0.01, 0.5), 5)\n0.98985",
    regime=(s.lam <= 2 / (3 * sp.sqrt(3)) * _D,),
    unit="weight",
)
UNEQUAL_AMPLITUDE = derived(
    unequal_amplitude,
    "The weight of a trained feature is {formula}, that of an equal feature at lambda/d_i.",
    Step(
        name="divide by the own weight",
        left=of(UNEQUAL_REST, build=lambda lam: Root(lam - s.lam, s.w, 1 / sp.sqrt(3), 1)),
        right=Root((1 - s.w**2) * s.w - s.lam / _D, s.w, 1 / sp.sqrt(3), 1),
        reason="d (1 - w^2) w = lambda is the equation of an equal feature at lambda/d",
        ranges={s.lam: (0, 0.1), _D: (0.5, 2)},
    ),
    Step(
        name="largest root",
        reason="by cos(3 x) = 4 cos(x)^3 - 3 cos(x), w = 2 cos(vartheta)/sqrt(3) with "
        "cos(3 vartheta) = -3 sqrt(3) lambda/(2 d), as for amplitude",
        ranges={s.lam: (0, 0.1), _D: (0.5, 2)},
    ),
)

unequal_fold = formula(
    name="unequal_fold",
    expression=2 / (3 * sp.sqrt(3)) * _D,
    arguments=(_D,),
    meaning="The largest lambda at which a feature can be represented.",
    example=">>> round(theory.unequal_fold(0.5), 6)\n0.19245",
    unit="flow",
)
UNEQUAL_FOLD = derived(
    unequal_fold,
    "A feature can be represented only for lambda <= {formula}: with lambda above it for some "
    "features, l1 removes these and leaves the others.",
    Step(
        name="insert the top",
        left=of(
            UNEQUAL_REST,
            FOLD_AMPLITUDE,
            build=lambda rest, top: sp.Subs(sp.expand(rest), s.w, top),
        ),
        right=sp.Mul(_D, sp.Rational(2, 3), sp.sqrt(3) / 3, evaluate=False),
        reason="lambda at the weight of the fold, 1/sqrt(3) as for an equal feature: 1 - w^2 = 2/3",
    ),
    Step(name="multiply", reason="2/3 times 1/sqrt(3)"),
)

UNEQUAL_CLOCK = derived(
    "unequal_clock",
    "Importance and frequency do not change the time at which a lone row becomes monosemantic, to "
    "leading order in lambda/d_i: the threshold passes its weights at the same lambda t.",
    page=_NOTES,
    prose="In the time d t, the row of a feature of weight d follows the flow of an equal feature "
    "at lambda/d. The time to a threshold is in "
    "proportion to 1/lambda; so (lambda/d) (d t) = lambda t is the same for all d.",
    by=(UNEQUAL_REST, HALF_NORMAL_TIME),
)

intruder_rate = formula(
    name="intruder_rate",
    expression=s.other_frequency * s.other_importance
    - (s.frequency * s.other_importance + s.other_frequency * s.importance) / 2,
    arguments=(s.frequency, s.other_frequency, s.importance, s.other_importance),
    meaning="The growth rate of a small weight of feature j on the neuron of feature i, same sign, "
    "lambda = 0.",
    example=">>> theory.intruder_rate(1, 0.5, 1, 1)\n-0.25",
    unit="per flow time",
)
INTRUDER_RATE = derived(
    intruder_rate,
    "Without l1, a small weight of feature j grows at the rate {formula} beside a weight 1 of "
    "feature i of the same sign on their neuron. At equal importance the rate is (p_j - p_i)/2: "
    "of the two, the more frequent feature keeps the neuron and the rarer one is expelled.",
    Step(
        name="slope of the velocity",
        left=of(
            UNEQUAL_FLOW,
            build=lambda flow: sp.Limit(
                _pair_of_rows(flow, [[sp.Integer(1)], [s.c]], 2).subs(s.lam, 0) / s.c, s.c, 0
            ),
        ),
        reason="the velocity of a small weight over the weight",
    ),
)

intruder_bound = formula(
    name="intruder_bound",
    expression=_E - sp.sqrt(_D * _E),
    arguments=(_D, _E),
    meaning="An upper bound of intruder_rate by the own weights of the two features.",
    example=">>> theory.intruder_bound(1, 0.25)\n-0.25",
    error="bound",
    unit="per flow time",
)
INTRUDER_BOUND = derived(
    intruder_bound,
    "The rate at which feature j grows on the neuron of feature i is at most {formula}: of two "
    "features with the same sign on a neuron, the one of the smaller own weight d is expelled "
    "by the other.",
    Step(
        name="equal ratios",
        left=of(
            INTRUDER_RATE,
            build=lambda rate: sp.Subs(
                rate,
                (s.frequency, s.importance, s.other_frequency, s.other_importance),
                (sp.sqrt(_D), sp.sqrt(_D), sp.sqrt(_E), sp.sqrt(_E)),
            ),
        ),
        reason="the bound is met where p and I are in the same ratio",
    ),
    prose="The mean of p_i I_j and p_j I_i is at least the root of their product, d_i d_j.",
)
