"""The model: loss, gradient, the three forces of the flow, and the authors' scaling."""

from functools import partial

import sympy as sp

from .proof import AtWeights, Definition, Formula, IndexForm, Step, cited, density, derived, of
from .proof import symbols as s

_NOTES = "paper_notes/model.md"
formula = partial(Formula, source=_NOTES)
_step = partial(Step, ranges={s.n: (2, 3), s.m: (1, 3)})
_SETUP = "Lecomte et al. 2023, Setup"
W = sp.IndexedBase("W", real=True)
"""The weights: row i is feature i, column l is neuron l."""
_I, _J, _L = s.i, s.j, s.l
_INSIDE = (sp.Le(_I, s.n), sp.Le(_L, s.m))
_DELTA = sp.KroneckerDelta


def relu(x: sp.Expr, evaluate: bool = True) -> sp.Expr:
    """max(x, 0); without ``evaluate`` also where the sign of x is known."""
    return sp.Max(x, 0, evaluate=evaluate)


def sign(x: sp.Expr) -> sp.Expr:
    """The sign of x, also where it is known."""
    return sp.sign(x, evaluate=False)


def size(x: sp.Expr) -> sp.Expr:
    """The absolute value of x, also where its sign is known."""
    return sp.Abs(x, evaluate=False)


def overlap(i: sp.Expr, j: sp.Expr) -> sp.Expr:
    """The inner product of rows i and j over all neurons."""
    return sp.Sum(W[i, s.h] * W[j, s.h], (s.h, 1, s.m))


LOSS = Definition(
    name="loss",
    expression=sp.Sum(
        (relu(overlap(s.p, s.q)) - _DELTA(s.p, s.q)) ** 2, (s.p, 1, s.n), (s.q, 1, s.n)
    )
    + s.lam_code * sp.Sum(sp.Abs(W[s.p, s.g]), (s.p, 1, s.n), (s.g, 1, s.m)),
    meaning="The authors' loss: squared error on each one-hot input, summed, and an l1 term.",
    source=_SETUP,
)

_error = relu(overlap(s.p, s.q)) - _DELTA(s.p, s.q)
_l1_slope = s.lam_code * sp.sign(W[_I, _L])

gradient_form = IndexForm(
    name="gradient",
    expression=4 * (sp.Sum(relu(overlap(_I, s.q)) * W[s.q, _L], (s.q, 1, s.n)) - W[_I, _L])
    + s.lam_code * sp.sign(W[_I, _L]),
    meaning="The derivative of the authors' loss by weight (i, l), where no weight is 0.",
    source=_NOTES,
    where="no overlap and no weight is 0",
)
GRADIENT = derived(
    gradient_form,
    "Where no overlap and no weight is 0, the derivative of the loss by weight (i, l) is "
    "{formula}; in matrix form the gradient is 4 (ReLU(W W^T) - I) W + lambda_code sign(W).",
    _step(
        name="chain rule",
        left=of(LOSS, build=lambda loss: sp.Derivative(loss, W[_I, _L])),
        right=sp.Sum(
            2
            * _error
            * sp.Heaviside(overlap(s.p, s.q))
            * (_DELTA(s.p, _I) * W[s.q, _L] + _DELTA(s.q, _I) * W[s.p, _L]),
            (s.p, 1, s.n),
            (s.q, 1, s.n),
        )
        + _l1_slope,
        reason="(ReLU(x) - d)^2 has the slope 2 (ReLU(x) - d) H(x), with d = 1 for p = e and else "
        "0, and H(x) = 1 for x > 0 and else 0; each overlap G_pe = W_p . W_e depends on row i "
        "through p = i and through e = i",
        assumptions=_INSIDE,
    ),
    _step(
        name="two equal halves",
        right=4
        * sp.Sum(
            (relu(overlap(_I, s.q)) - _DELTA(_I, s.q))
            * sp.Heaviside(overlap(_I, s.q))
            * W[s.q, _L],
            (s.q, 1, s.n),
        )
        + _l1_slope,
        reason="the terms with p = i and those with e = i have the same sum, as G_pe = G_ep",
        assumptions=_INSIDE,
    ),
    _step(
        name="open gates",
        reason="ReLU(x) H(x) = ReLU(x) with the step function H, and H(G_ii) = 1 for a row that "
        "is not 0, so that the term with e = i of the delta is W_il",
        assumptions=(*_INSIDE, sp.Eq(sp.Heaviside(overlap(_I, _I)), 1)),
    ),
)

GRADIENT_EVERYWHERE = derived(
    "gradient_at_zero_overlap",
    "The gradient of the squared error holds also where an overlap or a row is 0.",
    page=_NOTES,
    prose="(ReLU(x) - d)^2 is continuously differentiable for d = 0; for d = 1, on the "
    "diagonal, x = |W_i|^2 has derivative 0 where the row is 0.",
    by=(GRADIENT,),
)

flow_form = IndexForm(
    name="flow",
    expression=(1 - overlap(_I, _I)) * W[_I, _L]
    - sp.Sum(relu(overlap(_I, _J)) * W[_J, _L] * (1 - _DELTA(_I, _J)), (_J, 1, s.n))
    - s.lam * sp.sign(W[_I, _L]),
    meaning="The velocity of weight (i, l): feature benefit, interference, regularization.",
    source=_SETUP,
    where="weight (i, l) is not 0",
)
THREE_FORCES = cited(
    flow_form,
    "Under the flow, -1/4 of the gradient of the authors' loss, weight (i, l) changes at the rate "
    "{formula}, the sum of feature benefit, interference and regularization, with lambda = "
    "lambda_code/4.",
    _step(
        name="quarter",
        left=of(
            GRADIENT,
            build=lambda slope: sp.Mul(
                -sp.Rational(1, 4), sp.Subs(slope, s.lam_code, 4 * s.lam), evaluate=False
            ),
        ),
        right=W[_I, _L]
        - sp.Sum(relu(overlap(_I, _J)) * W[_J, _L], (_J, 1, s.n))
        - s.lam * sp.sign(W[_I, _L]),
        reason="divide the gradient by -4, set lambda_code = 4 lambda, and write j for the index "
        "of the sum; the gradient holds also where an overlap is 0, as ReLU(x)^2 has the slope 0 "
        "there",
        assumptions=_INSIDE,
    ),
    _step(
        name="own overlap apart",
        reason="the term j = i of the sum is |W_i|^2 W_il, as ReLU(|W_i|^2) = |W_i|^2",
        assumptions=(*_INSIDE, sp.Eq(relu(overlap(_I, _I)), overlap(_I, _I))),
    ),
    label="three_forces",
)

lam_from_code = Formula(
    name="lam_from_code",
    expression=s.lam_code / 4,
    arguments=(s.lam_code,),
    meaning="The paper's lambda (flow units) for the authors' lambda (summed loss).",
    source="Lecomte et al. 2023, Setup; paper_notes/model.md",
    example=">>> theory.lam_from_code(lam_code=0.001)\n0.00025",
    unit="flow",
)
LAM_FROM_CODE = derived(
    lam_from_code,
    "The paper's lambda is {formula}, a quarter of the lambda of the authors' program.",
    Step(
        name="l1 part",
        left=of(
            GRADIENT,
            build=lambda g: (g - sp.Subs(g, s.lam_code, 0)) / 4 / sp.sign(W[_I, _L]),
        ),
        right=sp.Mul(s.lam_code * sp.sign(W[_I, _L]) / 4, 1 / sp.sign(W[_I, _L]), evaluate=False),
        reason="the flow is minus a quarter of the gradient; what l1 adds to that quarter is "
        "lambda sign(W_il), so lambda is this part over the sign",
        assumptions=_INSIDE,
        ranges={s.n: (2, 3), s.m: (1, 3)},
    ),
    Step(name="cancel", reason="the sign cancels, where the weight is not 0"),
    page=_NOTES,
)

AVERAGED_LOSS = Definition(
    name="averaged_loss",
    expression=sp.Sum(
        (relu(overlap(s.p, s.q)) - _DELTA(s.p, s.q)) ** 2, (s.p, 1, s.n), (s.q, 1, s.n)
    )
    / s.n
    + s.lam_code * sp.Sum(sp.Abs(W[s.p, s.g]), (s.p, 1, s.n), (s.g, 1, s.m)),
    meaning="The loss whose squared error is a mean over the n inputs, and an l1 term.",
    source=_NOTES,
)


def _l1_over_error(loss: sp.Expr) -> sp.Expr:
    """The l1 part of a loss, per unit of lambda_code, over its squared error."""
    return sp.Derivative(loss, s.lam_code) / sp.Subs(loss, s.lam_code, 0)


lam_from_averaged_code = formula(
    name="lam_from_averaged_code",
    expression=s.n * s.lam_code / 4,
    arguments=(s.n, s.lam_code),
    meaning="The paper's lambda (flow units) where the squared error is a mean over n inputs.",
    example=">>> theory.lam_from_averaged_code(n=64, lam_code=0.001)\n0.016",
    unit="flow",
)
LAM_FROM_AVERAGED_CODE = derived(
    lam_from_averaged_code,
    "Where the squared error is a mean over the n inputs, and not a sum, the paper's lambda is "
    "{formula}.",
    Step(
        name="l1 part over error",
        left=of(
            LAM_FROM_CODE,
            LOSS,
            AVERAGED_LOSS,
            build=lambda lam, summed, averaged: (
                lam * _l1_over_error(averaged) / _l1_over_error(summed)
            ),
        ),
        right=s.lam_code
        / 4
        * sp.Subs(LOSS.expression, s.lam_code, 0)
        / sp.Subs(AVERAGED_LOSS.expression, s.lam_code, 0),
        reason="a common factor of the loss changes no minimum and no path of the flow, so lambda "
        "is the weight of the l1 norm in units of the squared error; the l1 terms are the same",
        ranges={s.n: (2, 3), s.m: (1, 3)},
    ),
    Step(
        name="sum over mean",
        reason="a sum over n inputs is n times their mean",
        ranges={s.n: (2, 3), s.m: (1, 3)},
    ),
)


def network(
    expression: sp.Expr, rows: list[list[sp.Expr]], i: int = 1, neuron: int = 1
) -> AtWeights:
    """An expression in index form for a network with these weights, not yet carried out."""
    places = {s.n: len(rows), s.m: len(rows[0]), s.i: i, s.l: neuron}
    used = {letter: size for letter, size in places.items() if letter in expression.free_symbols}
    return AtWeights(expression, W, rows, used)


def at(expression: sp.Expr, rows: list[list[sp.Expr]], i: int = 1, neuron: int = 1) -> sp.Expr:
    """An expression in index form at explicit weights, for feature i and one neuron."""
    return network(expression, rows, i, neuron).doit()


_TWO = (1 - s.a**2 - s.c**2) * s.a - s.lam  # the velocity of a beside c
flow_time = formula(
    name="flow_time",
    expression=4 * s.step_size * s.steps,
    arguments=(s.step_size, s.steps),
    meaning="The flow time reached by SGD on the summed loss.",
    example=">>> theory.flow_time(step_size=0.001, steps=7500)\n30.0",
    error="O(step_size) in the weights (Euler's method)",
    unit="flow",
)
FLOW_TIME = derived(
    flow_time,
    "N steps of SGD with step size delta on the summed loss reach flow time {formula}.",
    Step(
        name="steps over velocity",
        left=of(
            GRADIENT,
            THREE_FORCES,
            build=lambda slope, velocity: (
                -s.steps
                * s.step_size
                * network(slope.subs(s.lam_code, 4 * s.lam), [[s.a], [s.c]])
                / network(velocity, [[s.a], [s.c]])
            ),
        ),
        right=sp.Mul(4 * s.step_size * s.steps, _TWO, 1 / _TWO, evaluate=False),
        reason="distance of N small steps over the velocity, for two features on one neuron: each "
        "step is -delta times the slope, which is -4 times the velocity",
    ),
    Step(name="cancel", reason="the velocity cancels"),
    prose="The ratio of step to velocity is the same for all n, m, by the claim on the "
    "three forces; for small steps the path is the flow's.",
    by=(THREE_FORCES,),
)

row_form = IndexForm(
    name="lone_row",
    expression=(1 - sp.Sum(W[1, s.h] ** 2, (s.h, 1, s.m))) * W[1, s.l] - s.lam * sp.sign(W[1, s.l]),
    meaning="The velocity of weight l of a row that overlaps with no other.",
    source=_SETUP,
    where="weight l is not 0",
)
LONE_ROW = cited(
    row_form,
    "If row 1 has an inner product of at most 0 with every other row, its weight l changes at the "
    "rate {formula}.",
    Step(
        name="the own row",
        left=of(THREE_FORCES, build=lambda f: sp.Subs(f, (s.n, s.i), (1, 1))),
        right=(1 - overlap(1, 1)) * W[1, s.l]
        - sp.Sum(relu(overlap(1, _J)) * W[_J, s.l] * (1 - _DELTA(1, _J)), (_J, 1, 1))
        - s.lam * sp.sign(W[1, s.l]),
        reason="rows with ReLU(G_1j) = 0, G_1j = W_1 . W_j, add nothing to the sum; leave them "
        "out, so that n = 1",
        assumptions=(sp.Le(s.l, s.m),),
    ),
    Step(
        name="no interference",
        reason="the only term left, j = 1, has the factor 1 - delta_11 = 0",
        assumptions=(sp.Le(s.l, s.m),),
    ),
)

monosemantic_force = Formula(
    name="monosemantic_force",
    expression=(1 - s.w**2) * s.w - s.lam,
    arguments=(s.w, s.lam),
    meaning="The velocity of the only weight of a row: feature benefit less regularization.",
    source="Lecomte et al. 2023, Setup; paper_notes/stationary.md",
    example=">>> theory.monosemantic_force(weight=0.5, lam=0.125)\n0.25",
    unit="weight per flow time",
)
MONOSEMANTIC_FORCE = derived(
    monosemantic_force,
    "The only weight w > 0 of a row moves by {formula}.",
    Step(
        name="one weight",
        left=of(LONE_ROW, build=lambda f: network(f, [[s.w]])),
        right=(1 - s.w**2) * s.w - s.lam * sign(s.w),
        reason="the weights that are 0 add nothing to the norm; the only other one is w, so the "
        "squared norm is w^2",
    ),
    Step(name="positive", reason="w > 0 has the sign 1"),
    page=_NOTES,
)

monosemantic_loss = formula(
    name="monosemantic_loss",
    expression=(1 - s.w**2) ** 2 + 4 * s.lam * s.w,
    arguments=(s.w, s.lam),
    meaning="The loss that a row with one non-zero weight adds to the authors' summed loss.",
    example=">>> theory.monosemantic_loss(weight=1.0, lam=0.25)\n1.0",
    unit="summed loss",
)
MONOSEMANTIC_LOSS = derived(
    monosemantic_loss,
    "A row with the only weight w costs {formula}.",
    Step(
        name="one weight",
        left=of(LOSS, build=lambda loss: network(loss.subs(s.lam_code, 4 * s.lam), [[s.w]])),
        right=(relu(s.w**2, evaluate=False) - 1) ** 2 + 4 * s.lam * size(s.w),
        reason="one feature, one neuron: the only overlap is w^2, and lambda_code = 4 lambda",
    ),
    Step(name="positive", reason="ReLU(w^2) = w^2 and |w| = w"),
)

antipodal_pair_loss = formula(
    name="antipodal_pair_loss",
    expression=2 * monosemantic_loss.expression,
    arguments=(s.w, s.lam),
    meaning="The loss of an antipodal pair, two features with weights w and -w on one neuron.",
    example=">>> theory.antipodal_pair_loss(weight=1.0, lam=0.25)\n2.0",
    unit="summed loss",
)
PAIR_LOSS = derived(
    antipodal_pair_loss,
    "An antipodal pair costs {formula}, as much as two monosemantic features.",
    Step(
        name="two features",
        left=of(
            LOSS,
            build=lambda loss: network(loss.subs(s.lam_code, 4 * s.lam), [[s.w], [-s.w]]),
        ),
        right=2 * (relu(s.w**2, evaluate=False) - 1) ** 2
        + 2 * relu(-(s.w**2), evaluate=False) ** 2
        + 8 * s.lam * size(s.w),
        reason="the overlaps are w^2, w^2 and twice -w^2; lambda_code = 4 lambda",
    ),
    Step(
        name="closed gates",
        right=2 * (s.w**2 - 1) ** 2 + 8 * s.lam * s.w,
        reason="ReLU(-w^2) = 0: each feature is silent where the other is active",
    ),
    Step(name="two single features", reason="twice the loss of a row with one weight"),
)

gaussian_density = Formula(
    name="gaussian_density",
    expression=density(s.relative_threshold),
    arguments=(s.relative_threshold,),
    meaning="The density of an initial weight in units of its standard deviation.",
    source=_SETUP,
    example=">>> round(theory.gaussian_density(relative_threshold=1.0), 6)\n0.241971",
)

INITIAL = Definition(
    name="initial_density",
    expression=gaussian_density.expression,
    meaning=gaussian_density.meaning,
    source=_SETUP,
)
