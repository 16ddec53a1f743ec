"""One row on its own: the exact two-variable solution, its winner, its norms and deaths."""

from functools import partial

import sympy as sp

from ..model import LONE_ROW, MONOSEMANTIC_FORCE, W, sign
from ..proof import Definition, Formula, IndexForm, Step, cited, defining, derived, of
from ..proof import symbols as s

_NOTES = "paper_notes/sparsification.md"
definition = partial(Definition, source=_NOTES)
formula = partial(Formula, source=_NOTES)
index_form = partial(IndexForm, source=_NOTES)
_X = sp.IndexedBase("w_0", nonnegative=True)
_EXCESS = sp.Max(_X[s.h] - s.threshold, 0)

EXCESS1 = definition(
    name="excess1",
    expression=sp.Sum(_EXCESS, (s.h, 1, s.m)),
    meaning="M_1(B): the sum of the excesses of the initial weights over the threshold B.",
    letter=s.excess1,
)

EXCESS2 = definition(
    name="excess2",
    expression=sp.Sum(_EXCESS**2, (s.h, 1, s.m)),
    meaning="M_2(B): the sum of the squares of these excesses.",
    letter=s.excess2,
)

amplitude_rate = formula(
    name="amplitude_rate",
    expression=(1 - s.common**2 * s.excess2) * s.common,
    arguments=(s.common, s.excess2),
    meaning="The time derivative of the common amplitude of the live weights of a lone row.",
    example=">>> theory.amplitude_rate(common_amplitude=2.0, excess2=0.125)\n1.0",
    unit="per flow time",
)

AMPLITUDE_RATE = defining(
    amplitude_rate, "dA/dt = (1 - A^2 M_2) A, which defines the common amplitude A, with A(0) = 1."
)

threshold_rate = formula(
    name="threshold_rate",
    expression=s.lam / s.common,
    arguments=(s.lam, s.common),
    meaning="The time derivative of the threshold of a lone row.",
    example=">>> theory.threshold_rate(lam=0.5, common_amplitude=2.0)\n0.25",
    unit="weight per flow time",
)

THRESHOLD_RATE = defining(
    threshold_rate, "dB/dt = lambda/A, which defines the threshold B, with B(0) = 0."
)

soft_threshold_weight = formula(
    name="soft_threshold_weight",
    expression=s.common * sp.Max(s.initial - s.threshold, 0),
    arguments=(s.common, s.initial, s.threshold),
    meaning="The size of a weight of a lone row: its initial size, soft-thresholded and scaled.",
    example=(
        ">>> theory.soft_threshold_weight(common_amplitude=2.0, initial=0.75, threshold=0.5)\n0.5"
    ),
    unit="weight",
)

SOFT_THRESHOLD = defining(
    soft_threshold_weight,
    "A (x - B)_+, the claimed size of a weight that starts at the size x; (y)_+ = max(y, 0).",
)


def _inserted(force: sp.Expr, soft: sp.Expr) -> sp.Expr:
    """The force on a lone row at the claimed weights, all positive without loss of generality."""
    return force.replace(
        lambda e: isinstance(e, sp.Indexed) and e.base == W,
        lambda e: sp.Subs(soft, s.initial, _X[e.indices[1]]),
    )


_WEIGHT = soft_threshold_weight.expression.subs(s.initial, _X[s.l])
_NORM2 = sp.Sum((s.common * _EXCESS) ** 2, (s.h, 1, s.m))
_alive = partial(
    Step,
    assumptions=(_X[s.l] > s.threshold, sp.Le(s.l, s.m)),
    ranges={s.threshold: (0, 2)},
)


row_solution_form = index_form(
    name="row_solution",
    expression=sp.Derivative(_WEIGHT, s.common)
    * amplitude_rate.expression.subs(s.excess2, EXCESS2.expression)
    + sp.Derivative(_WEIGHT, s.threshold) * threshold_rate.expression,
    meaning="The velocity of A (x - B)_+ when A and B move by their own equations.",
    regime=(_X[s.l] > s.threshold,),
)
ROW_SOLUTION = derived(
    row_solution_form,
    "The flow of a lone row is solved by soft-thresholding: each weight is A(t) (|W_k(0)| - "
    "B(t))_+ with its sign, where A' = (1 - A^2 M2(B)) A and B' = lambda/A; a live weight moves by "
    "{formula}.",
    _alive(
        name="insert",
        left=of(LONE_ROW, SOFT_THRESHOLD, build=_inserted),
        right=(1 - _NORM2) * _WEIGHT - s.lam * sign(_WEIGHT),
        reason="each weight W_1k is A (x_k - B)_+, x_k its initial size w_0[k]; it may be taken "
        "positive, because the sign of a weight only changes the sign of its velocity",
    ),
    _alive(
        name="squared norm",
        right=(1 - s.common**2 * EXCESS2.expression) * _WEIGHT - s.lam * sign(_WEIGHT),
        reason="A^2 is common to all squares, and the squared excesses add up to M2(B)",
    ),
    _alive(
        name="alive",
        right=(1 - s.common**2 * EXCESS2.expression) * _WEIGHT - s.lam,
        reason="the weight is above 0, so its sign is 1",
    ),
    _alive(
        name="chain rule",
        reason="the first part is A' dW/dA, as dW/dA = (x - B)_+ and A' = (1 - A^2 M2) A; the "
        "second is B' dW/dB, as dW/dB = -A and B' = lambda/A",
    ),
    prose="M2 is continuously differentiable in B, and u = A^-2 obeys u' = 2 M2 - 2 u with "
    "0 <= M2 <= M2(0), so that u stays between exp(-2 t) and the larger of 1 and M2(0): A and B "
    "exist for all times. The flow with weights stopping at 0 has one solution (a monotone "
    "inclusion with a locally Lipschitz term), so this is it. Where a weight is 0, l1 holds it "
    "there, because the rest of its velocity, (1 - |W_1|^2) W_1l, is 0.",
    by=(AMPLITUDE_RATE, THRESHOLD_RATE),
)

WINNER_LONE_ROW = cited(
    "winner_lone_row",
    "Take lambda > 0 and a row whose inner product with every other row stays at most 0, and which "
    "has only one weight of the largest initial size. At the end at most this weight is not zero. "
    "It is zero too if and only if the threshold B of the row reaches its initial size.",
    source="Lecomte et al. 2023, Sparsity",
    prose="B grows and all weights share A, so the order of their sizes is kept and weight "
    "k dies when B reaches |W_k(0)|. As long as B is below the second largest size, M2 and with it "
    "u, as u' = 2 M2 - 2 u, stay above a positive bound, so that B' = lambda sqrt(u) does too and "
    "B passes that size in finite time; only the largest weight is then left.",
    page=_NOTES,
    by=(ROW_SOLUTION,),
)

PAPER_WINNER = cited(
    "paper_winner_in_network",
    "In a network trained by the flow, the neuron of the largest initial weight of a feature is "
    "the one on which the feature ends most often.",
    source="Lecomte et al. 2023, Sparsity",
    checks=("paper_winner_in_network",),
)

WINNER_IN_NETWORK = derived(
    "winner_in_network",
    "Under the flow, while no feature dies, only a part of the features, the less the "
    "larger n/sqrt(m), end on the neuron of their initially largest weight.",
    page=_NOTES,
    checks=("winner_in_network", "winner_trend"),
)

excess2_slope_form = index_form(
    name="excess2_slope",
    expression=-2 * EXCESS1.expression,
    meaning="The derivative of M_2 by the threshold.",
)
EXCESS2_SLOPE = derived(
    excess2_slope_form,
    "M2 is continuously differentiable in the threshold, with derivative {formula} = -2 M1.",
    Step(
        name="differentiate",
        left=of(EXCESS2, build=lambda m2: sp.Derivative(m2, s.threshold)),
        reason="d/dB (x - B)_+^2 = -2 (x - B)_+",
        ranges={s.threshold: (0, 0.9)},
    ),
)

excess1_slope_form = index_form(
    name="excess1_slope",
    expression=-sp.Sum(sp.Heaviside(_X[s.h] - s.threshold), (s.h, 1, s.m)),
    meaning="The derivative of M_1 by the threshold, less the number of live weights.",
)
EXCESS1_SLOPE = derived(
    excess1_slope_form,
    "Between two deaths the derivative of M1 by the threshold is {formula} = -M0.",
    Step(
        name="differentiate",
        left=of(EXCESS1, build=lambda m1: sp.Derivative(m1, s.threshold)),
        reason="d/dB (x - B)_+ = -1 for a live weight, one with x > B, and else 0; M0 is the "
        "number of live weights",
        ranges={s.threshold: (0, 0.9)},
    ),
)

row_l1_norm = formula(
    name="row_l1_norm",
    expression=s.common * s.excess1,
    arguments=(s.common, s.excess1),
    meaning="The l1 norm of a lone row.",
    example=">>> theory.row_l1_norm(common_amplitude=2.0, excess1=3.5)\n7.0",
    unit="weight",
)
ROW_L1_NORM = derived(
    row_l1_norm,
    "The l1 norm of a lone row is {formula} at its threshold B.",
    Step(
        name="add up",
        left=of(SOFT_THRESHOLD, build=lambda w: sp.Sum(w.subs(s.initial, _X[s.h]), (s.h, 1, s.m))),
        right=s.common * EXCESS1.expression,
        reason="every size is A (x - B)_+, x its initial size, and A is common to all",
    ),
    Step(
        name="total excess",
        reason="the sum of the excesses is M_1",
        given={s.excess1: of(EXCESS1)},
    ),
    prose="The weights are those of the solution.",
    by=(ROW_SOLUTION,),
)

row_norm2 = formula(
    name="row_norm2",
    expression=s.common**2 * s.excess2,
    arguments=(s.common, s.excess2),
    meaning="The squared Euclidean norm of a lone row.",
    example=">>> theory.row_norm2(common_amplitude=2.0, excess2=0.25)\n1.0",
    unit="weight squared",
)
ROW_NORM2 = derived(
    row_norm2,
    "The squared norm of a lone row is {formula} at its threshold B.",
    Step(
        name="add up",
        left=of(
            SOFT_THRESHOLD, build=lambda w: sp.Sum(w.subs(s.initial, _X[s.h]) ** 2, (s.h, 1, s.m))
        ),
        right=s.common**2 * EXCESS2.expression,
        reason="every size is A (x - B)_+, x its initial size, and A^2 is common to all squares",
    ),
    Step(
        name="total squared excess",
        reason="the sum of the squared excesses is M_2",
        given={s.excess2: of(EXCESS2)},
    ),
    prose="The weights are those of the solution.",
    by=(ROW_SOLUTION,),
)

row_death_time = formula(
    name="row_death_time",
    expression=-sp.log(1 - s.largest / s.lam),
    arguments=(s.lam, s.largest),
    meaning="A time by which a lone row is dead, all weights 0, if lambda exceeds them all.",
    example=">>> round(theory.row_death_time(lam=0.2, largest=0.1), 6)\n0.693147",
    regime=(s.largest < s.lam,),
    error="bound",
    unit="flow",
)
ROW_DEATH_TIME = derived(
    row_death_time,
    "If lambda exceeds all initial weights of a lone row, the row is dead by {formula}, "
    "x_max the largest of them.",
    Step(
        name="way over velocity",
        left=of(
            MONOSEMANTIC_FORCE,
            build=lambda f: sp.Integral(-1 / (f + s.w**3), (s.w, 0, s.largest)),
        ),
        right=sp.Integral(1 / (s.lam - s.w), (s.w, 0, s.largest)),
        reason="without its term -w^3 the velocity is w - lambda, which is slower to kill",
        assumptions=(s.lam > s.largest,),
    ),
    Step(
        name="integrate",
        reason="-log(lambda - w) from 0 to x_max",
        assumptions=(s.lam > s.largest,),
    ),
    prose="In a row |W|^2 w stands for w^3 and only adds to the decay: comparison of "
    "solutions, weight by weight.",
    by=(LONE_ROW,),
)

paper_live_weights = Formula(
    name="paper_live_weights",
    expression=1 / (1 / sp.sqrt(s.m) + s.lam * s.t) ** 2,
    arguments=(s.m, s.lam, s.t),
    meaning="The paper's estimate of the number of non-zero weights of a feature.",
    source="Lecomte et al. 2023, Sparsity",
    example=">>> theory.paper_live_weights(m=1024, lam=0.03125, t=1.0)\n256.0",
    error="heuristic: the number is twice this, within 50 %; the factor live_constant rises to "
    "about 3 and then tends to 2",
)

paper_l1_norm = Formula(
    name="paper_l1_norm",
    expression=1 / (1 / sp.sqrt(s.m) + s.lam * s.t),
    arguments=(s.m, s.lam, s.t),
    meaning="The paper's estimate of the l1 norm of a feature.",
    source="Lecomte et al. 2023, Sparsity",
    example=">>> theory.paper_l1_norm(m=1024, lam=0.03125, t=1.0)\n16.0",
    error="heuristic: within 30 % while ten weights or more live; it lacks the factor "
    "l1_norm_constant, which tends to 1",
    unit="weight",
)
