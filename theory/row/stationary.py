"""Stationary states: amplitude, fold, loss per feature and crossing."""

from functools import partial

import sympy as sp

from ..model import LOSS, MONOSEMANTIC_FORCE, MONOSEMANTIC_LOSS, PAIR_LOSS, THREE_FORCES, network
from ..proof import Formula, Root, Step, Taylor, derived, of, stated, turning_point
from ..proof import symbols as s

_x = sp.Dummy("x", nonnegative=True)
_FOLD = 2 / (3 * sp.sqrt(3))
_AMPLITUDE = 2 / sp.sqrt(3) * sp.cos(sp.acos(-3 * sp.sqrt(3) / 2 * s.lam) / 3)
formula = partial(Formula, source="paper_notes/stationary.md")

lam_of_amplitude = formula(
    name="lam_of_amplitude",
    expression=(1 - s.w**2) * s.w,
    arguments=(s.w,),
    meaning="The lambda at which a row with the one weight w, or a pair (w, -w), is stationary.",
    example=">>> theory.lam_of_amplitude(weight=0.5)\n0.375",
    regime=(s.w <= 1,),
    letter=s.lam,
    unit="flow",
)
STATIONARY_WEIGHT = derived(
    lam_of_amplitude,
    "A row with one non-zero weight w is stationary where {formula} = lambda.",
    Step(
        name="force at rest",
        left=of(MONOSEMANTIC_FORCE, build=lambda f: Root(f, s.lam, 0, 1)),
        reason="set the force (1 - w^2) w - lambda to 0 and solve for lambda",
    ),
    label="stationary_weight",
)

amplitude = formula(
    name="amplitude",
    expression=_AMPLITUDE,
    arguments=(s.lam,),
    meaning="The non-zero weight of a trained feature, the stable root of (1 - w^2) w = lambda.",
    example=">>> round(theory.amplitude(lam=0.01), 6)\n0.994962",
    regime=(s.lam <= _FOLD,),
    letter=s.w,
    unit="weight",
)
AMPLITUDE = derived(
    amplitude,
    "The stable stationary weight is {formula}.",
    Step(
        name="triple angle",
        left=of(STATIONARY_WEIGHT, build=lambda f: Root(f - s.lam, s.w, 1 / sp.sqrt(3), 1)),
        right=2
        / sp.sqrt(3)
        * sp.cos(Root(-_FOLD * sp.cos(3 * s.angle) - s.lam, s.angle, sp.pi / 6, sp.pi / 3)),
        reason="set w = 2 cos(vartheta)/sqrt(3): by cos(3 x) = 4 cos(x)^3 - 3 cos(x) the cubic (1 "
        "- w^2) w becomes -2 cos(3 vartheta)/(3 sqrt(3)); w = 1/sqrt(3) is vartheta = pi/3, and w "
        "= 1 is vartheta = pi/6",
    ),
    Step(
        name="largest root",
        reason="cos(3 vartheta) = -3 sqrt(3) lambda/2; 3 vartheta lies between pi/2 and pi, where "
        "the arccosine gives it",
    ),
    prose="For lambda in [0, fold] the angle lies in [pi/6, pi/3], so w >= 1/sqrt(3). Below the "
    "fold w > 1/sqrt(3), so the force (1 - w^2) w - lambda has the slope 1 - 3 w^2 < 0 and w is "
    "stable; the other root is below 1/sqrt(3), where the slope is positive.",
)

amplitude_series = formula(
    name="amplitude_series",
    expression=1 - s.lam / 2 - 3 * s.lam**2 / 8 - s.lam**3 / 2 - 105 * s.lam**4 / 128,
    arguments=(s.lam,),
    meaning="The trained weight for small lambda.",
    example=">>> round(theory.amplitude_series(lam=0.01), 6)\n0.994962",
    regime=(s.lam <= _FOLD,),
    error="O(lambda^5)",
    unit="weight",
)


def _inverted(power: int) -> sp.Expr:
    """The term of a power of lambda in the x with x (2 - 3 x + x^2) = lambda, by Lagrange."""
    slopes = sp.Derivative((2 - 3 * _x + _x**2) ** -power, (_x, power - 1))
    return s.lam**power / sp.factorial(power) * sp.Subs(slopes, _x, 0)


AMPLITUDE_SERIES = derived(
    amplitude_series,
    "The trained weight is {formula} + O(lambda^5) for small lambda.",
    Step(
        name="Taylor",
        left=of(AMPLITUDE, build=lambda w: Taylor(w, s.lam, 4)),
        right=1 - sp.Add(*(_inverted(power) for power in range(1, 5))),
        reason="w = 1 - x solves (1 - w^2) w = lambda, that is x (2 - 3 x + x^2) = lambda; by "
        "Lagrange's inversion, the coefficient of lambda^k in x is 1/k! times the derivative of "
        "order k - 1 of (2 - 3 x + x^2)^(-k) at x = 0",
    ),
    Step(name="differentiate", reason="the coefficients are 1/2, 3/8, 1/2 and 105/128"),
)

fold_amplitude = formula(
    name="fold_amplitude",
    expression=1 / sp.sqrt(3),
    meaning="The trained weight at the fold, where the stable and the unstable root meet.",
    example=">>> round(theory.fold_amplitude(), 6)\n0.57735",
    unit="weight",
)
FOLD_AMPLITUDE = derived(
    fold_amplitude,
    "The two stationary weights meet at w = {formula}.",
    Step(
        name="turning point",
        left=of(STATIONARY_WEIGHT, build=lambda f: turning_point(f, s.w, 0, 1)),
        right=Root(1 - 3 * s.w**2, s.w, 0, 1),
        reason="the two weights of one lambda meet where lambda(w) = w - w^3 is largest: its slope "
        "is 1 - 3 w^2",
    ),
    Step(name="solve", reason="3 w^2 = 1"),
)

fold = formula(
    name="fold",
    expression=_FOLD,
    meaning="The largest lambda at which a feature can be represented at all.",
    example=">>> round(theory.fold(), 6)\n0.3849",
    unit="flow",
)
FOLD = derived(
    fold,
    "A row with one non-zero weight can be at rest only for lambda <= {formula}.",
    Step(
        name="insert the top",
        left=of(STATIONARY_WEIGHT, FOLD_AMPLITUDE, build=lambda f, top: sp.Subs(f, s.w, top)),
        right=sp.Mul(1 - sp.Pow(sp.sqrt(3) / 3, 2, evaluate=False), sp.sqrt(3) / 3, evaluate=False),
        reason="lambda = (1 - w^2) w at the turning point w = 1/sqrt(3)",
    ),
    Step(
        name="square",
        right=sp.Mul(sp.Rational(2, 3), sp.sqrt(3) / 3, evaluate=False),
        reason="1 - 1/3 = 2/3",
    ),
    Step(name="largest lambda", reason="2/3 times 1/sqrt(3)"),
)

FOLD_OF_NETWORKS = derived(
    "fold_of_networks",
    "In a network of any size all rows die for lambda > {fold}, whatever their start.",
    page="paper_notes/stationary.md",
    prose="The inner product of row i with its velocity, for w = |W_i|, is at most (1 - w^2) w^2 "
    "- lambda |W_i|_1, because the interference adds -sum_j ReLU(G_ij) G_ij <= 0. As |W_i|_1 >= w, "
    "w' <= (1 - w^2) w - lambda. The largest value of (1 - w^2) w is the fold of one weight, so w "
    "falls at least at the rate lambda less the fold, and is 0 after a finite time.",
    by=(THREE_FORCES, FOLD),
)

loss_of_amplitude = formula(
    name="loss_of_amplitude",
    expression=(1 - s.w**2) * (1 + 3 * s.w**2),
    arguments=(s.w,),
    meaning="The loss of a feature with stationary weight w.",
    example=">>> theory.loss_of_amplitude(weight=0.5)\n1.3125",
    regime=(s.w <= 1,),
    unit="summed loss",
)
LOSS_OF_AMPLITUDE = derived(
    loss_of_amplitude,
    "A feature with stationary weight w costs {formula}.",
    Step(
        name="insert lambda",
        left=of(MONOSEMANTIC_LOSS),
        right=(1 - s.w**2) ** 2 + 4 * (1 - s.w**2) * s.w**2,
        reason="lambda = (1 - w^2) w at rest",
        given={s.lam: of(STATIONARY_WEIGHT)},
    ),
    Step(name="common factor", reason="1 - w^2 + 4 w^2 = 1 + 3 w^2"),
)

loss_per_feature = formula(
    name="loss_per_feature",
    expression=(1 - _AMPLITUDE**2) * (1 + 3 * _AMPLITUDE**2),
    arguments=(s.lam,),
    meaning="The loss of a trained feature, monosemantic or one of an antipodal pair.",
    example=">>> round(theory.loss_per_feature(lam=0.01), 6)\n0.039899",
    regime=(s.lam <= _FOLD,),
    unit="summed loss",
)
LOSS_PER_FEATURE = derived(
    loss_per_feature,
    "A trained feature costs {formula}, which is {loss_of_amplitude} at its amplitude w(lambda).",
    Step(
        name="insert the amplitude",
        left=of(LOSS_OF_AMPLITUDE),
        reason="w = w(lambda)",
        given={s.w: of(AMPLITUDE)},
    ),
)

loss_series = formula(
    name="loss_series",
    expression=4 * s.lam - s.lam**2 - s.lam**3 / 2 - s.lam**4 / 2,
    arguments=(s.lam,),
    meaning="The loss of a trained feature for small lambda.",
    example=">>> round(theory.loss_series(lam=0.01), 6)\n0.039899",
    regime=(s.lam <= _FOLD,),
    error="O(lambda^5)",
    unit="summed loss",
)
LOSS_SERIES = derived(
    loss_series,
    "A trained feature costs {formula} + O(lambda^5) for small lambda.",
    Step(
        name="Taylor",
        left=of(LOSS_PER_FEATURE, build=lambda loss: Taylor(loss, s.lam, 4)),
        right=sp.Integral(4 * (1 - _x / 2 - 3 * _x**2 / 8 - _x**3 / 2), (_x, 0, s.lam)),
        reason="at rest the loss (1 - w^2)^2 + 4 lambda w is level in w, so that its slope in "
        "lambda is 4 w, with w by amplitude_series; it is 0 at lambda = 0",
    ),
    Step(name="integrate", reason="power by power"),
)

crossing_amplitude = formula(
    name="crossing_amplitude",
    expression=sp.sqrt(6) / 3,
    meaning="The trained weight at which a feature costs as much as a dead one.",
    example=">>> round(theory.crossing_amplitude(), 6)\n0.816497",
    unit="weight",
)
CROSSING_AMPLITUDE = derived(
    crossing_amplitude,
    "A feature costs as much as a dead one, 1, at w = {formula}.",
    Step(
        name="loss 1",
        left=of(LOSS_OF_AMPLITUDE, build=lambda loss: Root(loss - 1, s.w, 1 / sp.sqrt(3), 1)),
        right=Root(s.w**2 * (2 - 3 * s.w**2), s.w, 1 / sp.sqrt(3), 1),
        reason="(1 - w^2)(1 + 3 w^2) - 1 = 2 w^2 - 3 w^4, which falls on the stable branch",
    ),
    Step(name="solve", reason="3 w^2 = 2"),
)

crossing = formula(
    name="crossing",
    expression=sp.sqrt(6) / 9,
    meaning="The lambda above which a dead feature (loss 1) costs less than a trained one.",
    example=">>> round(theory.crossing(), 6)\n0.272166",
    unit="flow",
)
CROSSING = derived(
    crossing,
    "A trained feature costs less than a dead one if and only if lambda < {formula}.",
    Step(
        name="insert the weight",
        left=of(
            STATIONARY_WEIGHT, CROSSING_AMPLITUDE, build=lambda f, weight: sp.Subs(f, s.w, weight)
        ),
        right=sp.Mul(sp.Rational(1, 3), sp.sqrt(6) / 3, evaluate=False),
        reason="lambda = (1 - w^2) w at the weight w = sqrt(2/3) where the loss is 1, with 1 - w^2 "
        "= 1/3",
    ),
    Step(
        name="multiply",
        reason="1/3 times sqrt(6)/3; below this lambda the loss is smaller, because it grows with "
        "lambda, at the rate 4 w",
    ),
)

final_loss = formula(
    name="final_loss",
    expression=s.n * loss_per_feature.expression,
    arguments=(s.n, s.lam),
    meaning="The loss of a network whose n rows hold one weight each, no two on one slot.",
    example=">>> round(theory.final_loss(n=64, lam=0.01), 5)\n2.55357",
    regime=(s.lam <= _FOLD,),
    unit="summed loss",
)
FINAL_LOSS = derived(
    final_loss,
    "The loss of a trained network is {formula}, n times that of a feature, however many of its "
    "neurons are polysemantic.",
    Step(
        name="pairs and singles",
        left=of(
            MONOSEMANTIC_LOSS,
            PAIR_LOSS,
            build=lambda single, pair: (s.n - 2 * s.k) * single + s.k * pair,
        ),
        right=s.n * stated(MONOSEMANTIC_LOSS),
        reason="k pairs cost as much as 2 k single features: k drops out",
    ),
    Step(
        name="at rest",
        right=s.n * loss_of_amplitude.expression,
        reason="lambda = (1 - w^2) w",
        given={s.lam: of(STATIONARY_WEIGHT)},
    ),
    Step(name="insert the amplitude", reason="w = w(lambda)", given={s.w: of(AMPLITUDE)}),
    prose="If each row has one non-zero weight, rows on different neurons have overlap 0, "
    "so that the loss is the sum over the neurons.",
    by=(LOSS,),
)


def _pair_curvature(loss: sp.Expr, side: int) -> sp.Expr:
    """Half the second derivative of the loss of a pair (w + e, -(w + side e)) by e at 0."""
    pair = network(loss.subs(s.lam_code, 4 * s.lam), [[s.w + s.a], [-s.w - side * s.a]])
    return sp.Subs(sp.Derivative(pair, s.a, s.a), s.a, 0) / 2


live_curvature = formula(
    name="live_curvature",
    expression=4 * (3 * s.w**2 - 1),
    arguments=(s.w,),
    meaning="The second derivative of the loss along the non-zero weight of a stationary row.",
    example=">>> theory.live_curvature(weight=1.0)\n8.0",
    unit="summed loss per weight squared",
)
LIVE_CURVATURE = derived(
    live_curvature,
    "Along its non-zero weights the loss has second derivative {formula}, positive above "
    "the fold weight, at a monosemantic row and in both directions of an antipodal pair.",
    Step(
        name="both up",
        left=of(LOSS, build=lambda loss: _pair_curvature(loss, 1)),
        right=_pair_curvature(LOSS.expression, -1),
        reason="the gate of the pair is closed: one curvature in both directions",
    ),
    Step(
        name="one row",
        right=sp.Derivative(stated(MONOSEMANTIC_LOSS), s.w, s.w),
        reason="that of a monosemantic row",
    ),
    Step(name="differentiate", reason="second derivative"),
)

zero_weight_force = formula(
    name="zero_weight_force",
    expression=-s.lam,
    arguments=(s.lam,),
    meaning="The velocity of a small positive weight beside a stationary one, in the same row.",
    example=">>> theory.zero_weight_force(lam=0.25)\n-0.25",
    regime=(s.lam <= _FOLD,),
    unit="weight per flow time",
)
ZERO_WEIGHT_FORCE = derived(
    zero_weight_force,
    "The velocity of a positive weight beside a stationary weight of its row tends to {formula} as "
    "it tends to 0, so that a zero weight is held.",
    Step(
        name="two weights",
        left=of(
            THREE_FORCES,
            build=lambda f: sp.Limit(network(f, [[s.w, s.gap]], neuron=2), s.gap, 0),
        ),
        right=sp.Limit((1 - s.w**2 - s.gap**2) * s.gap - s.lam, s.gap, 0),
        reason="the force on a weight Delta > 0 in a row with the weights w and Delta",
    ),
    Step(
        name="small weight",
        reason="the feature benefit vanishes with the weight, the l1 force does not",
    ),
)
