"""The fast phase, in which positive overlaps of the initial rows are removed."""

from functools import partial

import sympy as sp

from ..model import INITIAL
from ..proof import Expansion, Formula, Step, derived, of
from ..proof import symbols as s

formula = partial(Formula, source="paper_notes/interference.md")
_fast = partial(formula, arguments=(s.n, s.m), regime=(s.n <= s.m,), where="lambda -> 0")

_TOTAL = (s.n - 1) / (2 * s.m)


def _mean_square(density: sp.Expr) -> sp.Expr:
    """The mean square of a symmetric density."""
    return 2 * sp.Integral(s.relative_threshold**2 * density, (s.relative_threshold, 0, sp.oo))


positive_overlap = formula(
    name="positive_overlap",
    expression=_TOTAL,
    arguments=(s.n, s.m),
    meaning="The expected sum of the squares of a feature's positive overlaps at the start.",
    example=">>> theory.positive_overlap(n=65, m=128)\n0.25",
)
POSITIVE_OVERLAP = derived(
    positive_overlap,
    "The positive overlaps of a feature have the total square {formula} at the start, on average.",
    Step(
        name="half a variance",
        left=of(
            INITIAL,
            build=lambda density: (s.n - 1) / 2 * s.m * (_mean_square(density) / s.m) ** 2,
        ),
        right=sp.Mul((s.n - 1) / 2, s.m, 1 / s.m**2, evaluate=False),
        reason="n - 1 overlaps of m uncorrelated terms W_il W_jl, with weights of variance 1/m; "
        "the positive half counts; the second moment of the normal law is 1",
    ),
    Step(name="cancel", reason="m terms of mean square 1/m^2"),
    prose="An overlap and its negative have one law, so half of its mean square is that of its "
    "positive part.",
)

interference_cosine = _fast(
    name="interference_cosine",
    expression=1 - (s.n - 1) / (16 * s.m),
    meaning="The cosine between a feature's row at the start and after the fast phase.",
    example=">>> theory.interference_cosine(n=65, m=2048)\n0.998046875",
    error="O(n^2/m^(3/2))",
)
INTERFERENCE_COSINE = derived(
    interference_cosine,
    "The fast phase turns a feature's row by an angle of cosine {formula}, on average.",
    Step(
        name="first order",
        left=of(
            POSITIVE_OVERLAP,
            build=lambda total: Expansion((1 - total / 2) / sp.sqrt(1 - total + total / 4), s.m, 1),
        ),
        right=sp.Add(1, -_TOTAL / 2, 3 * _TOTAL / 8, evaluate=False),
        reason="W.N = 1 - S/2 and |N|^2 = 1 - S + S/4 for N = W - (1/2) sum ReLU(G_ij) W_j; to "
        "first order in S = (n-1)/(2m), 1/|N| is 1 + 3 S/8",
    ),
    Step(name="add", reason="-1/2 + 3/8 = -1/8, times (n-1)/(2m)"),
    prose="Each of two features gives up half of a positive overlap. Triples of rows with three "
    "positive overlaps add the next term, larger by n/sqrt(m) than the square of the first.",
)

interference_shift = _fast(
    name="interference_shift",
    expression=sp.sqrt((s.n - 1) / (8 * s.m)),
    meaning="The root mean square by which interference moves an entry of the weights in the fast "
    "phase, at right angles to the row, in units of the initial standard deviation.",
    example=">>> theory.interference_shift(n=65, m=2048)\n0.0625",
    error="relative O(n/sqrt(m))",
)
INTERFERENCE_SHIFT = derived(
    interference_shift,
    "Interference moves an entry of the weights in the fast phase by {formula} of its initial "
    "standard deviation, root mean square, apart from a common factor of the row.",
    Step(
        name="quarter of the square",
        left=of(
            POSITIVE_OVERLAP,
            INITIAL,
            build=lambda total, density: sp.sqrt(total / 4 * _mean_square(density)),
        ),
        right=sp.Mul(1 / sp.sqrt(2), sp.sqrt(s.n - 1) / (2 * sp.sqrt(s.m)), evaluate=False),
        reason="the entry moves by (1/2) sum_j ReLU(G_ij) W_jl, whose mean square is a quarter of "
        "that of the positive overlaps, (n - 1)/(2 m), times that of W_jl, which is 1 in these "
        "units: twice the integral, which is 1/2",
    ),
    Step(name="multiply", reason="2 sqrt(2) is the root of 8"),
    prose="Overlaps and single entries are independent to leading order.",
)

fast_shrink = _fast(
    name="fast_shrink",
    expression=1 - 3 * (s.n - 1) / (16 * s.m),
    meaning="Factor by which interference scales an initial weight in the fast phase, on average, "
    "in units of the common amplitude of the row.",
    example=">>> theory.fast_shrink(n=17, m=64)\n0.953125",
    error="O(n^2/m^(3/2))",
)
FAST_SHRINK = derived(
    fast_shrink,
    "On average the kicks of the fast phase change an initial weight by the factor {formula}.",
    Step(
        name="kicks of two orders",
        left=of(
            POSITIVE_OVERLAP,
            build=lambda total: (
                1
                - total * sp.Integral(sp.exp(-2 * s.t), (s.t, 0, sp.oo))
                + total
                * sp.Integral(sp.exp(-2 * s.t) * (1 - sp.exp(-2 * s.t)) / 2, (s.t, 0, sp.oo))
            ),
        ),
        right=sp.Add(1, -_TOTAL / 2, _TOTAL / 8, evaluate=False),
        reason="a positive overlap G exp(-2t) moves row i by -G exp(-2t) W_j, and row j loses "
        "(1/2)(1 - exp(-2t)) G W_i by then; the integrals are 1/2 and 1/8",
    ),
    Step(name="add", reason="1/2 - 1/8 = 3/8, times (n-1)/(2m)"),
    prose="A positive overlap falls as G exp(-2t), and row j loses (1/2)(1 - exp(-2t)) G W_i by "
    "then; the integrals of exp(-2t) and of exp(-2t) (1 - exp(-2t))/2 are 1/2 and 1/8. The "
    "amplitude grows by the factor 1 + S/4 in the meantime, so that the weight keeps 1 - S/8, "
    "as the cosine says.",
    by=(INTERFERENCE_COSINE,),
)
