"""Stationary states: amplitude, fold, loss per feature and crossing."""

from functools import partial

import sympy as sp

from ..model import LOSS, MONOSEMANTIC_FORCE, MONOSEMANTIC_LOSS, PAIR_LOSS, THREE_FORCES, at
from ..proof import Formula, Root, Step, Taylor, derived, of, stated, turning_point
from ..proof import symbols as s

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
        left=of(MONOSEMANTIC_FORCE, build=lambda f: f.subs(s.lam, 0)),
        reason="lambda that balances the feature benefit",
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
        name="largest root",
        left=of(STATIONARY_WEIGHT, build=lambda f: Root(f - s.lam, s.w, 1 / sp.sqrt(3), 1)),
        reason="triple angle: (1 - w^2) w = -2 cos(3 x)/(3 sqrt 3) for w = 2 cos(x)/sqrt 3",
    ),
    prose="For lambda in [0, fold] the angle lies in [pi/6, pi/3], so w >= 1/sqrt(3).",
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
AMPLITUDE_SERIES = derived(
    amplitude_series,
    "The trained weight is {formula} + O(lambda^5) for small lambda.",
    Step(
        name="Taylor",
        left=of(AMPLITUDE, build=lambda w: Taylor(w, s.lam, 4)),
        reason="expand about lambda = 0",
    ),
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
        reason="lambda(w) has its only maximum between 0 and 1 there",
    ),
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
        left=of(STATIONARY_WEIGHT, FOLD_AMPLITUDE, build=lambda f, top: f.subs(s.w, top)),
        reason="lambda at the turning point",
    ),
)

FOLD_OF_NETWORKS = derived(
    "fold_of_networks",
    "In a network of any size all rows die for lambda > {fold}, whatever their start.",
    page="paper_notes/stationary.md",
    prose="The inner product of row i with its velocity, for w = |W_i|, is at most (1 - w^2) w^2 "
    "- lambda |W_i|_1, because the interference adds -sum_j ReLU(G_ij) G_ij <= 0. As |W_i|_1 >= w, "
    "w' <= (1 - w^2) w - lambda, and the largest value of (1 - w^2) w is the fold of one weight.",
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
        reason="lambda = (1 - w^2) w at rest",
        given={s.lam: of(STATIONARY_WEIGHT)},
    ),
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
        reason="expand about lambda = 0",
    ),
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
        reason="1 - loss = w^2 (3 w^2 - 2), monotone on the stable branch",
    ),
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
        left=of(STATIONARY_WEIGHT, CROSSING_AMPLITUDE, build=lambda f, weight: f.subs(s.w, weight)),
        reason="lambda at which the loss is 1",
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
    pair = at(loss, [[s.w + s.a], [-s.w - side * s.a]]).subs(s.lam_code, 4 * s.lam)
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
        name="small weight",
        left=of(
            THREE_FORCES,
            build=lambda f: sp.Limit(at(f, [[s.w, s.gap]], neuron=2), s.gap, 0),
        ),
        reason="feature benefit vanishes with the weight, the l1 force does not",
    ),
)
