"""The model: loss, flow and the scaling between the authors' program and the paper."""

import sympy as sp

from . import symbols as s
from .derivation import Definition
from .formula import Formula

W = sp.IndexedBase("W", real=True)

lam_from_code = Formula(
    name="lam_from_code",
    expression=s.lam_code / 4,
    arguments=(s.lam_code,),
    meaning="The paper's lambda (flow units) for the authors' lambda (summed loss).",
    source="Lecomte et al. 2023, Setup; paper_notes/model.md",
    example=">>> theory.lam_from_code(lam_code=0.001)\n0.00025",
    unit="flow",
)
flow_time = Formula(
    name="flow_time",
    expression=4 * s.step_size * s.steps,
    arguments=(s.step_size, s.steps),
    meaning="The flow time reached by SGD on the summed loss.",
    source="paper_notes/model.md",
    example=">>> theory.flow_time(step_size=0.001, steps=7500)\n30.0",
    error="O(step_size) in the weights (Euler's method)",
    unit="flow",
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
monosemantic_loss = Formula(
    name="monosemantic_loss",
    expression=(1 - s.w**2) ** 2 + 4 * s.lam * s.w,
    arguments=(s.w, s.lam),
    meaning="The loss that a row with one non-zero weight adds to the authors' summed loss.",
    source="paper_notes/model.md",
    example=">>> theory.monosemantic_loss(weight=1.0, lam=0.25)\n1.0",
    unit="summed loss",
)
gaussian_density = Formula(
    name="gaussian_density",
    expression=sp.exp(-(s.relative_threshold**2) / 2) / sp.sqrt(2 * sp.pi),
    arguments=(s.relative_threshold,),
    meaning="The density of an initial weight in units of its standard deviation.",
    source="Lecomte et al. 2023, Setup",
    example=">>> round(theory.gaussian_density(relative_threshold=1.0), 6)\n0.241971",
)

ROW_FORCE = Definition(
    name="row_force",
    expression=(1 - sp.Sum(W[s.h] ** 2, (s.h, 1, s.m))) * W[s.l] - s.lam * sp.sign(W[s.l]),
    meaning="The velocity of weight l of a row on its own, away from 0.",
    source="Lecomte et al. 2023, Setup",
)
