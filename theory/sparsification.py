"""One row on its own: the exact two-variable solution, its slow manifold, its half-normal law."""

import sympy as sp

from . import symbols as s
from .formula import Formula

_NOTES = "paper_notes/sparsification.md"
_ROW = "Lecomte et al. 2023, Sparsity; paper_notes/sparsification.md"

amplitude_rate = Formula(
    name="amplitude_rate",
    expression=(1 - s.common**2 * s.excess2) * s.common,
    arguments=(s.common, s.excess2),
    meaning="The time derivative of the common amplitude of the live weights of a lone row.",
    source=_NOTES,
    example=">>> theory.amplitude_rate(common_amplitude=2.0, excess2=0.125)\n1.0",
    unit="per flow time",
)
threshold_rate = Formula(
    name="threshold_rate",
    expression=s.lam / s.common,
    arguments=(s.lam, s.common),
    meaning="The time derivative of the threshold of a lone row.",
    source=_NOTES,
    example=">>> theory.threshold_rate(lam=0.5, common_amplitude=2.0)\n0.25",
    unit="weight per flow time",
)
soft_threshold_weight = Formula(
    name="soft_threshold_weight",
    expression=s.common * sp.Max(s.initial - s.threshold, 0),
    arguments=(s.common, s.initial, s.threshold),
    meaning="The size of a weight of a lone row: its initial size, soft-thresholded and scaled.",
    source=_NOTES,
    example=(
        ">>> theory.soft_threshold_weight(common_amplitude=2.0, initial=0.75, threshold=0.5)\n0.5"
    ),
    unit="weight",
)
row_death_time = Formula(
    name="row_death_time",
    expression=-sp.log(1 - s.largest / s.lam),
    arguments=(s.lam, s.largest),
    meaning="A time by which a lone row is dead, all weights 0, if lambda exceeds them all.",
    source=_NOTES,
    example=">>> round(theory.row_death_time(lam=0.2, largest=0.1), 6)\n0.693147",
    regime=(s.largest < s.lam,),
    error="exact as a bound",
    unit="flow",
)
transient_delay = Formula(
    name="transient_delay",
    expression=1 / s.initial_norm - 1 - sp.log((1 + 1 / s.initial_norm) / 2),
    arguments=(s.initial_norm,),
    meaning="By how much the slow manifold overestimates the time at which a threshold is met.",
    source=_NOTES,
    example=">>> round(theory.transient_delay(initial_norm=0.9), 4)\n0.057",
    error="o(1) as lambda -> 0",
    unit="flow",
)
slow_inverse_amplitude_squared = Formula(
    name="slow_inverse_amplitude_squared",
    expression=s.excess2
    + s.lam * s.excess1 * sp.sqrt(s.excess2)
    + s.lam**2 * (s.excess1**2 + s.live * s.excess2 / 2),
    arguments=(s.lam, s.live, s.excess1, s.excess2),
    meaning="The inverse square of the common amplitude on the slow manifold, to second order.",
    source=_NOTES,
    example=(
        ">>> round(theory.slow_inverse_amplitude_squared(lam=0.01, live=100, excess1=7.5,"
        " excess2=1.0), 6)\n1.085625"
    ),
    error="O(lambda^3) at fixed moments; the small parameter is lambda sqrt(live)",
)
slow_amplitude = Formula(
    name="slow_amplitude",
    expression=2 / (s.lam * s.excess1 + sp.sqrt(s.lam**2 * s.excess1**2 + 4 * s.excess2)),
    arguments=(s.lam, s.excess1, s.excess2),
    meaning="The common amplitude at which the norm of a lone row is momentarily stationary.",
    source=_NOTES,
    example=(">>> round(theory.slow_amplitude(lam=0.01, excess1=7.5, excess2=1.0), 6)\n0.963203"),
    error="relative O(lambda^2 live): see slow_amplitude_excess",
)
slow_amplitude_excess = Formula(
    name="slow_amplitude_excess",
    expression=s.lam**2 * (s.live + s.excess1**2 / s.excess2) / 4,
    arguments=(s.lam, s.live, s.excess1, s.excess2),
    meaning="By what fraction slow_amplitude is too large.",
    source=_NOTES,
    example=(
        ">>> round(theory.slow_amplitude_excess(lam=0.01, live=100, excess1=7.5, excess2=1.0), 6)"
        "\n0.003906"
    ),
    error="O(lambda^3) at fixed moments",
)

_TAIL = sp.erfc(s.relative_threshold / sp.sqrt(2)) / 2
_DENSITY = sp.exp(-(s.relative_threshold**2) / 2) / sp.sqrt(2 * sp.pi)
_MEAN1 = _DENSITY - s.relative_threshold * _TAIL  # mean excess of one signed weight
_MEAN2 = (1 + s.relative_threshold**2) * _TAIL - s.relative_threshold * _DENSITY
_CLOCK = sp.Integral(
    1 / sp.sqrt(_MEAN2.subs(s.relative_threshold, s.past_threshold)),
    (s.past_threshold, 0, s.relative_threshold),
)

half_normal_live = Formula(
    name="half_normal_live",
    expression=2 * s.m * _TAIL,
    arguments=(s.m, s.relative_threshold),
    meaning="The expected number of live weights of a Gaussian row at a given threshold.",
    source=_NOTES,
    example=">>> round(theory.half_normal_live(m=1000, relative_threshold=2.0), 4)\n45.5003",
    error="exact in expectation over the initial row",
)
half_normal_excess1 = Formula(
    name="half_normal_excess1",
    expression=2 * s.m * s.scale * _MEAN1,
    arguments=(s.m, s.relative_threshold, s.scale),
    meaning="The expected sum of the excesses of a Gaussian row over a given threshold.",
    source=_NOTES,
    example=(
        ">>> round(theory.half_normal_excess1(m=1000, relative_threshold=2.0, scale=1.0), 4)"
        "\n16.9814"
    ),
    error="exact in expectation over the initial row",
    unit="weight",
)
half_normal_excess2 = Formula(
    name="half_normal_excess2",
    expression=2 * s.m * s.scale**2 * _MEAN2,
    arguments=(s.m, s.relative_threshold, s.scale),
    meaning="The expected sum of the squared excesses of a Gaussian row over a given threshold.",
    source=_NOTES,
    example=(
        ">>> round(theory.half_normal_excess2(m=1000, relative_threshold=2.0, scale=1.0), 4)"
        "\n11.5375"
    ),
    error="exact in expectation over the initial row",
    unit="weight squared",
)
half_normal_time = Formula(
    name="half_normal_time",
    expression=_CLOCK / (s.lam * sp.sqrt(2 * s.m)),
    arguments=(s.lam, s.m, s.relative_threshold),
    meaning="The time at which a Gaussian row of many weights reaches a given threshold.",
    source=_NOTES,
    example=(
        ">>> round(theory.half_normal_time(lam=0.01, m=1024, relative_threshold=2.0), 3)\n20.974"
    ),
    regime=(s.lam > 0,),
    error="relative O(1/t): the slow manifold to leading order, moments replaced by their means",
    unit="flow",
)
half_normal_l1_norm = Formula(
    name="half_normal_l1_norm",
    expression=sp.sqrt(2 * s.m) * _MEAN1 / sp.sqrt(_MEAN2),
    arguments=(s.m, s.relative_threshold),
    meaning="The l1 norm of a Gaussian row of many weights at a given threshold.",
    source=_NOTES,
    example=(">>> round(theory.half_normal_l1_norm(m=1024, relative_threshold=2.0), 4)\n5.059"),
    error="relative O(lambda sqrt(live)): the slow manifold to leading order",
    unit="weight",
)
l1_norm_constant = Formula(
    name="l1_norm_constant",
    expression=_CLOCK * _MEAN1 / sp.sqrt(_MEAN2),
    arguments=(s.relative_threshold,),
    meaning="lambda t times the l1 norm of a Gaussian row (1 in the paper's estimate).",
    source=_NOTES,
    example=">>> round(theory.l1_norm_constant(relative_threshold=3.0), 3)\n1.138",
    error="leading order in lambda",
)
live_constant = Formula(
    name="live_constant",
    expression=_TAIL * _CLOCK**2,
    arguments=(s.relative_threshold,),
    meaning="(lambda t)^2 times the number of live weights of a Gaussian row (1 in the paper).",
    source=_NOTES,
    example=">>> round(theory.live_constant(relative_threshold=3.0), 3)\n2.433",
    error="leading order in lambda",
)
l1_norm_constant_series = Formula(
    name="l1_norm_constant_series",
    expression=1
    + 2 / s.relative_threshold**2
    - 6 / s.relative_threshold**4
    + 90 / s.relative_threshold**6,
    arguments=(s.relative_threshold,),
    meaning="lambda t times the l1 norm of a Gaussian row, for a large threshold.",
    source=_NOTES,
    example=">>> theory.l1_norm_constant_series(relative_threshold=10.0)\n1.01949",
    regime=(s.relative_threshold > 0,),
    error="O(b^-8), divergent: do not predict with it for b below 6",
)
live_constant_series = Formula(
    name="live_constant_series",
    expression=2
    * (
        1 + 3 / s.relative_threshold**2 - 3 / s.relative_threshold**4 + 95 / s.relative_threshold**6
    ),
    arguments=(s.relative_threshold,),
    meaning="(lambda t)^2 times the number of live weights, for a large threshold.",
    source=_NOTES,
    example=">>> theory.live_constant_series(relative_threshold=10.0)\n2.05959",
    regime=(s.relative_threshold > 0,),
    error="O(b^-8), divergent: do not predict with it for b below 6",
)
excess2_series = Formula(
    name="excess2_series",
    expression=4
    * _DENSITY
    / s.relative_threshold**3
    * (1 - 6 / s.relative_threshold**2 + 45 / s.relative_threshold**4),
    arguments=(s.relative_threshold,),
    meaning="The squared excess of a Gaussian row per neuron, for a large threshold, scale 1.",
    source=_NOTES,
    example=">>> round(theory.excess2_series(relative_threshold=5.0) / 1e-8, 3)\n3.958",
    regime=(s.relative_threshold > 0,),
    error="relative O(b^-6), divergent, enveloping",
)
participation_series = Formula(
    name="participation_series",
    expression=sp.Rational(1, 2)
    + 1 / (2 * s.relative_threshold**2)
    - 4 / s.relative_threshold**4
    + 44 / s.relative_threshold**6,
    arguments=(s.relative_threshold,),
    meaning="The squared l1 norm over the number of live weights (1 in the paper's estimate).",
    source=_NOTES,
    example=">>> theory.participation_series(relative_threshold=10.0)\n0.504644",
    regime=(s.relative_threshold > 0,),
    error="O(b^-8), divergent: do not predict with it for b below 6",
)
paper_live_weights = Formula(
    name="paper_live_weights",
    expression=1 / (1 / sp.sqrt(s.m) + s.lam * s.t) ** 2,
    arguments=(s.m, s.lam, s.t),
    meaning="The paper's estimate of the number of non-zero weights of a feature.",
    source="Lecomte et al. 2023, Sparsity",
    example=">>> theory.paper_live_weights(m=1024, lam=0.03125, t=1.0)\n256.0",
    error="lacks a factor that tends to 2: see live_constant",
)
paper_l1_norm = Formula(
    name="paper_l1_norm",
    expression=1 / (1 / sp.sqrt(s.m) + s.lam * s.t),
    arguments=(s.m, s.lam, s.t),
    meaning="The paper's estimate of the l1 norm of a feature.",
    source="Lecomte et al. 2023, Sparsity",
    example=">>> theory.paper_l1_norm(m=1024, lam=0.03125, t=1.0)\n16.0",
    error="right to a factor that tends to 1: see l1_norm_constant",
    unit="weight",
)
