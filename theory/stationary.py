"""Stationary states: amplitude, fold, loss per feature and crossing."""

import sympy as sp

from . import symbols as s
from .claims import Claim, Prose
from .derivation import Derivation, Step, of
from .formula import Formula
from .model import MONOSEMANTIC_FORCE
from .operators import Root, Taylor

_FOLD = 2 / (3 * sp.sqrt(3))
_AMPLITUDE = 2 / sp.sqrt(3) * sp.cos(sp.acos(-3 * sp.sqrt(3) / 2 * s.lam) / 3)
_NOTES = "paper_notes/stationary.md"

lam_of_amplitude = Formula(
    name="lam_of_amplitude",
    expression=(1 - s.w**2) * s.w,
    arguments=(s.w,),
    meaning="The lambda at which a row with the one weight w, or a pair (w, -w), is stationary.",
    source=_NOTES,
    example=">>> theory.lam_of_amplitude(weight=0.5)\n0.375",
    regime=(s.w <= 1,),
    unit="flow",
)
amplitude = Formula(
    name="amplitude",
    expression=_AMPLITUDE,
    arguments=(s.lam,),
    meaning="The non-zero weight of a trained feature, the stable root of (1 - w^2) w = lambda.",
    source=_NOTES,
    example=">>> round(theory.amplitude(lam=0.01), 6)\n0.994962",
    regime=(s.lam <= _FOLD,),
    unit="weight",
)
amplitude_series = Formula(
    name="amplitude_series",
    expression=1 - s.lam / 2 - 3 * s.lam**2 / 8 - s.lam**3 / 2 - 105 * s.lam**4 / 128,
    arguments=(s.lam,),
    meaning="The trained weight for small lambda.",
    source=_NOTES,
    example=">>> round(theory.amplitude_series(lam=0.01), 6)\n0.994962",
    regime=(s.lam <= _FOLD,),
    error="O(lambda^5)",
    unit="weight",
)
fold = Formula(
    name="fold",
    expression=_FOLD,
    arguments=(),
    meaning="The largest lambda at which a feature can be represented at all.",
    source=_NOTES,
    example=">>> round(theory.fold(), 6)\n0.3849",
    unit="flow",
)
fold_amplitude = Formula(
    name="fold_amplitude",
    expression=1 / sp.sqrt(3),
    arguments=(),
    meaning="The trained weight at the fold, where the stable and the unstable root meet.",
    source=_NOTES,
    example=">>> round(theory.fold_amplitude(), 6)\n0.57735",
    unit="weight",
)
loss_per_feature = Formula(
    name="loss_per_feature",
    expression=(1 - _AMPLITUDE**2) * (1 + 3 * _AMPLITUDE**2),
    arguments=(s.lam,),
    meaning="The loss of a trained feature, monosemantic or one of an antipodal pair.",
    source=_NOTES,
    example=">>> round(theory.loss_per_feature(lam=0.01), 6)\n0.039899",
    regime=(s.lam <= _FOLD,),
    unit="summed loss",
)
loss_series = Formula(
    name="loss_series",
    expression=4 * s.lam - s.lam**2 - s.lam**3 / 2 - s.lam**4 / 2,
    arguments=(s.lam,),
    meaning="The loss of a trained feature for small lambda.",
    source=_NOTES,
    example=">>> round(theory.loss_series(lam=0.01), 6)\n0.039899",
    regime=(s.lam <= _FOLD,),
    error="O(lambda^5)",
    unit="summed loss",
)
crossing = Formula(
    name="crossing",
    expression=sp.sqrt(6) / 9,
    arguments=(),
    meaning="The lambda above which a dead feature (loss 1) costs less than a trained one.",
    source=_NOTES,
    example=">>> round(theory.crossing(), 6)\n0.272166",
    unit="flow",
)
final_loss = Formula(
    name="final_loss",
    expression=s.n * loss_per_feature.expression,
    arguments=(s.n, s.lam),
    meaning="The loss of a network whose n rows hold one weight each, no two on one slot.",
    source=_NOTES,
    example=">>> round(theory.final_loss(n=64, lam=0.01), 5)\n2.55357",
    regime=(s.lam <= _FOLD,),
    unit="summed loss",
)
live_curvature = Formula(
    name="live_curvature",
    expression=4 * (3 * s.w**2 - 1),
    arguments=(s.w,),
    meaning="The second derivative of the loss along the non-zero weight of a stationary row.",
    source=_NOTES,
    example=">>> theory.live_curvature(weight=1.0)\n8.0",
    unit="summed loss per weight squared",
)

STATIONARY_WEIGHT = Claim(
    label="stationary_weight",
    statement="A row with one non-zero weight w is stationary where (1 - w^2) w = lambda.",
    kind="derived here",
    source=_NOTES,
    formula=lam_of_amplitude,
    derivation=Derivation(
        Step(
            name="force at rest",
            left=of(MONOSEMANTIC_FORCE, build=lambda f: f.subs(s.lam, 0)),
            right=lam_of_amplitude,
            reason="lambda that balances the feature benefit",
        ),
    ),
)
AMPLITUDE = Claim(
    label="amplitude",
    statement="The stable stationary weight is 2/sqrt(3) cos(arccos(-3 sqrt(3) lambda/2)/3).",
    kind="derived here",
    source=_NOTES,
    formula=amplitude,
    derivation=Derivation(
        Step(
            name="largest root",
            left=of(STATIONARY_WEIGHT, build=lambda f: Root(f - s.lam, s.w, 1 / sp.sqrt(3), 1)),
            right=amplitude,
            reason="triple angle: (1 - w^2) w = -2 cos(3 x)/(3 sqrt 3) for w = 2 cos(x)/sqrt 3",
        ),
    ),
    prose=Prose(
        argument="For lambda in [0, fold] the angle lies in [pi/6, pi/3], so w >= 1/sqrt(3).",
        page=_NOTES,
    ),
)
AMPLITUDE_SERIES = Claim(
    label="amplitude_series",
    statement="The trained weight is 1 - lambda/2 - 3 lambda^2/8 - ... for small lambda.",
    kind="derived here",
    source=_NOTES,
    formula=amplitude_series,
    derivation=Derivation(
        Step(
            name="Taylor",
            left=of(AMPLITUDE, build=lambda w: Taylor(w, s.lam, 4)),
            right=amplitude_series,
            reason="expand about lambda = 0",
        ),
    ),
)
FOLD_AMPLITUDE = Claim(
    label="fold_amplitude",
    statement="The two stationary weights meet at w = 1/sqrt(3).",
    kind="derived here",
    source=_NOTES,
    formula=fold_amplitude,
    derivation=Derivation(
        Step(
            name="turning point",
            left=of(STATIONARY_WEIGHT, build=lambda f: Root(sp.Derivative(f, s.w), s.w, 0, 1)),
            right=fold_amplitude,
            reason="lambda(w) has its only maximum between 0 and 1 there",
        ),
    ),
)
FOLD = Claim(
    label="fold",
    statement="A feature can be represented only for lambda <= 2/(3 sqrt(3)).",
    kind="derived here",
    source=_NOTES,
    formula=fold,
    derivation=Derivation(
        Step(
            name="insert the top",
            left=of(STATIONARY_WEIGHT, FOLD_AMPLITUDE, build=lambda f, top: f.subs(s.w, top)),
            right=fold,
            reason="lambda at the turning point",
        ),
    ),
)
CLAIMS = (STATIONARY_WEIGHT, AMPLITUDE, AMPLITUDE_SERIES, FOLD_AMPLITUDE, FOLD)
