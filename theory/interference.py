"""Two features on one neuron, and the fast phase in which positive overlaps are removed."""

import sympy as sp

from . import symbols as s
from .formula import Formula

_NOTES = "paper_notes/interference.md"
_SHARED_FOLD = sp.sqrt(6) / 9

shared_amplitude = Formula(
    name="shared_amplitude",
    expression=sp.sqrt(sp.Rational(2, 3)) * sp.cos(sp.acos(-3 * sp.sqrt(6) / 2 * s.lam) / 3),
    arguments=(s.lam,),
    meaning="The weight of two features that share a neuron with equal sign, a saddle.",
    source=_NOTES,
    example=">>> round(theory.shared_amplitude(lam=0.1), 6)\n0.650488",
    regime=(s.lam <= _SHARED_FOLD,),
    unit="weight",
)
expulsion_rate = Formula(
    name="expulsion_rate",
    expression=s.lam / s.a,
    arguments=(s.lam, s.a),
    meaning="The rate at which the difference of two equal-sign weights on one neuron grows.",
    source=_NOTES,
    example=">>> theory.expulsion_rate(lam=0.25, a=0.5)\n0.5",
    unit="per flow time",
)
shared_sum_rate = Formula(
    name="shared_sum_rate",
    expression=1 - 6 * s.a**2,
    arguments=(s.a,),
    meaning="The rate of the sum of two equal-sign weights about their stationary state.",
    source=_NOTES,
    example=">>> theory.shared_sum_rate(a=0.5)\n-0.5",
    unit="per flow time",
)
expulsion_time = Formula(
    name="expulsion_time",
    expression=s.a / s.lam * sp.log(1 / s.gap),
    arguments=(s.lam, s.a, s.gap),
    meaning="The time in which one of two equal-sign features is expelled from a neuron.",
    source=_NOTES,
    example=">>> round(theory.expulsion_time(lam=0.1, a=0.65, gap=0.01), 3)\n29.934",
    regime=(s.lam > 0, s.gap < 1),
    error="O(1/lambda) beside the logarithm (the saddle's linear flow)",
    unit="flow",
)
interference_cosine = Formula(
    name="interference_cosine",
    expression=1 - s.n / (16 * s.m),
    arguments=(s.n, s.m),
    meaning="The cosine between a feature's row at the start and after the fast phase.",
    source=_NOTES,
    example=">>> theory.interference_cosine(n=64, m=2048)\n0.998046875",
    regime=(s.n <= s.m,),
    error="O((n/m)^(3/2)), for lambda -> 0",
)
interference_shift = Formula(
    name="interference_shift",
    expression=s.scale * sp.sqrt(s.n / (8 * s.m)),
    arguments=(s.n, s.m, s.scale),
    meaning="The root mean square by which the fast phase moves an entry of the weights.",
    source=_NOTES,
    example=">>> theory.interference_shift(n=64, m=2048, scale=1.0)\n0.0625",
    regime=(s.n <= s.m,),
    error="relative O(sqrt(n/m)), for lambda -> 0",
    unit="weight",
)
