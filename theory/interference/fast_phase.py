"""The fast phase, in which positive overlaps of the initial rows are removed."""

from functools import partial

import sympy as sp

from ..model import INITIAL
from ..proof import Formula, Step, Taylor, derived, of
from ..proof import symbols as s

formula = partial(Formula, source="paper_notes/interference.md")

positive_overlap = formula(
    name="positive_overlap",
    expression=s.n / (2 * s.m),
    arguments=(s.n, s.m),
    meaning="The sum of the squares of a feature's positive overlaps with n others at the start.",
    example=">>> theory.positive_overlap(n=64, m=128)\n0.25",
    error="relative O(1/n + 1/m), overlaps taken as normal with variance 1/m",
)
POSITIVE_OVERLAP = derived(
    positive_overlap,
    "The positive overlaps of a feature have the total square {formula} at the start.",
    Step(
        name="half a variance",
        left=of(
            INITIAL,
            build=lambda density: (
                s.n
                / s.m
                * sp.Integral(s.relative_threshold**2 * density, (s.relative_threshold, 0, sp.oo))
            ),
        ),
        reason="n overlaps of variance 1/m, of which the positive half counts",
    ),
    prose="An overlap is a sum of m independent products of weights of variance 1/m; for "
    "many neurons it is normal with variance 1/m.",
)

interference_cosine = formula(
    name="interference_cosine",
    expression=1 - s.n / (16 * s.m),
    arguments=(s.n, s.m),
    meaning="The cosine between a feature's row at the start and after the fast phase.",
    example=">>> theory.interference_cosine(n=64, m=2048)\n0.998046875",
    regime=(s.n <= s.m,),
    error="O((n/m)^(3/2)), for lambda -> 0",
)
INTERFERENCE_COSINE = derived(
    interference_cosine,
    "The fast phase turns a feature's row by an angle of cosine {formula}.",
    Step(
        name="first order",
        left=of(
            POSITIVE_OVERLAP,
            build=lambda total: Taylor((1 - total / 2) / sp.sqrt(1 - total + total / 4), s.n, 1),
        ),
        reason="W.N = 1 - S/2 and |N|^2 = 1 - S + S/4 for N = W - (1/2) sum ReLU(G_ij) W_j",
    ),
    prose="Each of two features gives up half of a positive overlap; cross terms between "
    "overlaps are smaller by sqrt(n/m).",
)

interference_shift = formula(
    name="interference_shift",
    expression=s.scale * sp.sqrt(s.n / (8 * s.m)),
    arguments=(s.n, s.m, s.scale),
    meaning="The root mean square by which the fast phase moves an entry of the weights.",
    example=">>> theory.interference_shift(n=64, m=2048, scale=1.0)\n0.0625",
    regime=(s.n <= s.m,),
    error="relative O(sqrt(n/m)), for lambda -> 0",
    unit="weight",
)
INTERFERENCE_SHIFT = derived(
    interference_shift,
    "The fast phase moves an entry of the weights by {formula}, root mean square.",
    Step(
        name="quarter of the square",
        left=of(POSITIVE_OVERLAP, build=lambda total: s.scale * sp.sqrt(total / 4)),
        reason="the entry moves by (1/2) sum_j ReLU(G_ij) W_jl with W_jl of variance s^2",
    ),
    prose="Overlaps and single entries are independent to leading order.",
)
