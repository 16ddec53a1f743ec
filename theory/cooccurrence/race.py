"""How co-occurrence suppresses collisions of features, and the fraction that survives."""

from functools import partial

import sympy as sp

from ..proof import Definition, Formula, Step, derived, of
from ..proof import symbols as s

_NOTES = "paper_notes/cooccurrence.md"
formula = partial(Formula, source=_NOTES)
_X, _Y = s.shared_weight, s.opposite_weight

RACE = Definition(
    name="race_velocity",
    expression=s.multiplier * _X - 1 - s.strength * _X * _Y**2,
    meaning="The velocity, in time lambda t, of the shared weight of a unit row: what keeps the "
    "norm, l1, and the repulsion -p g W_j of the co-occurring feature of overlap g = -x_k y_k.",
    source=_NOTES,
)

handicap_rate = formula(
    name="handicap_rate",
    expression=s.strength * _X * _Y**2,
    arguments=(s.strength, s.shared_weight, s.opposite_weight),
    meaning="What co-occurrence adds to the threshold of a shared weight, per rise of that of "
    "the other weights: dC/dB.",
    example=">>> theory.handicap_rate(0.5, 1, 1)\n0.5",
    regime=(_X <= 1, _Y <= 1),
    error="O(lambda) at fixed pair_weight / lambda",
    where="two rows that overlap on one neuron only, as for m >> n",
)
HANDICAP_RATE = derived(
    handicap_rate,
    "On the shared neuron a row has, beside its threshold B, a handicap C with dC/dB = {formula}.",
    Step(
        name="amplitude and threshold",
        left=of(RACE, build=lambda velocity: s.multiplier * s.shared_weight - velocity - 1),
        reason="x = A (w - B - C), dA = mu_r A dt, dB = dt/A: dC/dB = mu_r x - dx/dt - 1",
    ),
    prose="For lambda -> 0 every row keeps norm 1, so A grows at a common rate; for m >> n the two "
    "rows overlap on the shared neuron alone.",
)

suppression_fit = formula(
    name="suppression_fit",
    expression=sp.exp(-sp.Rational(5, 2) * s.strength - s.strength**2),
    arguments=(s.strength,),
    meaning="The fraction of collisions that survive co-occurrence, wide networks, values 1.",
    example=">>> round(theory.suppression_fit(0.25), 3)\n0.503",
    regime=(s.strength <= sp.Rational(3, 2),),
    error="fitted: about 1 % in its logarithm for 0.1 <= r <= 1.5",
)
SUPPRESSION_FIT = derived(
    suppression_fit,
    "In wide networks a fraction {formula} of the collisions survives, r_c = p_2/lambda.",
    checks=("suppression_in_training",),
)

uniform_suppression_fit = formula(
    name="uniform_suppression_fit",
    expression=sp.exp(-sp.Rational(31, 20) * s.strength - sp.Rational(17, 100) * s.strength**2),
    arguments=(s.strength,),
    meaning="The fraction of collisions that survive co-occurrence, wide networks, values u "
    "uniform on [0, 1]; r = pair_weight E u^2 / lambda.",
    example=">>> round(theory.uniform_suppression_fit(0.25), 3)\n0.672",
    regime=(s.strength <= 3,),
    error="fitted: about 2 % in its logarithm for 0.1 <= r <= 3",
)
UNIFORM_SUPPRESSION_FIT = derived(
    uniform_suppression_fit,
    "For values uniform on [0, 1] the fraction of collisions that survives in wide networks is "
    "{formula}, r_c = p_2 E u^2/lambda.",
)

_OCCUPIED = s.n - s.n * (s.n - 1) / (2 * (2 * s.m - 1))

crowded_suppression = formula(
    name="crowded_suppression",
    expression=suppression_fit.expression ** (1 - _OCCUPIED / s.m),
    arguments=(s.n, s.m, s.strength),
    meaning="K(p)/K(0) in a network whose neurons are not nearly all free: the suppression of "
    "wide networks to the power of the fraction of free neurons.",
    example=">>> round(theory.crowded_suppression(64, 128, 0.5), 3)\n0.431",
    regime=(s.n <= s.m, s.strength <= 2),
    error="heuristic: for n = 64, r <= 2 and lambda = 0.01 within 0.02 of the measured "
    "K(p)/K(0) at m = 128 and 0.05 at m = 512, but up to 0.23 too small at n = m; off by 0.05 at "
    "(128, lambda = 0.003, r = 0.25) and 0.06 at (512, 0.03, 0.5)",
)
CROWDED_SUPPRESSION = derived(
    crowded_suppression,
    "In crowded networks co-occurrence suppresses less: the fraction that survives is {formula}, "
    "that of wide networks to the power of the share of free neurons.",
)

partial_suppression = formula(
    name="partial_suppression",
    expression=1 - s.fraction + s.fraction * suppression_fit.expression,
    arguments=(s.fraction, s.strength),
    meaning="K(p)/K(0) where only a fraction of the pairs co-occurs: the other collisions stay.",
    example=">>> round(theory.partial_suppression(0.5, 0.5), 3)\n0.612",
    regime=(s.fraction <= 1, s.strength <= sp.Rational(3, 2)),
    error="heuristic: within 0.03 of the measured K(p)/K(0) at n/m = 1/8; in crowded "
    "networks too small, by up to 0.24 at n/m = 1/2",
)
PARTIAL_SUPPRESSION = derived(
    partial_suppression,
    "In wide networks the polysemantic neurons whose features never meet stay: if a "
    "fraction f_c of the pairs co-occurs, {formula} of all are left.",
    checks=("partial_suppression_in_training",),
)
