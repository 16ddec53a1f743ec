"""Final weights under noise: sparse simplexes, limits on shared neurons, pairs on few neurons."""

from functools import partial

import sympy as sp

from ..proof import Formula, Root, Step, derived, of, turning_point
from ..proof import symbols as s
from .exact import DIAGONAL_LOSS, MIRRORED_BELOW, MIRRORED_WITHIN
from .simplex import SIMPLEX_OVERLAP

_NOTES = "paper_notes/noise.md"
formula = partial(Formula, source=_NOTES)
_Q = s.row_norm2
_step = partial(Step, ranges={s.n: (2, 9)})
_ENOUGH = (s.n >= 2,)
_PAIRS = "even n, symmetric noise that never exceeds q"


def _crowded(own: sp.Expr, square: sp.Expr) -> sp.Expr:
    """The loss of a feature of an antipodal pair: its own output, and n - 2 overlaps of 0."""
    return own + (s.n - 2) * sp.Subs(square, (s.depth, s.draw), (0, s.sigma * sp.sqrt(_Q)))


crowded_norm2 = formula(
    name="crowded_norm2",
    expression=1 - s.n * s.sigma**2 / 4,
    arguments=(s.n, s.sigma),
    meaning="The squared row norm of n/2 antipodal pairs on n/2 neurons.",
    example=">>> theory.crowded_norm2(n=8, sigma=0.25)\n0.875",
    regime=((s.n + 4) * s.sigma**2 <= 4,),
    where=_PAIRS,
    unit="weight squared",
)
CROWDED_NORM2 = derived(
    crowded_norm2,
    "On m = n/2 neurons, n/2 antipodal pairs are best at q = {formula}.",
    Step(
        name="minimise",
        left=of(
            DIAGONAL_LOSS,
            MIRRORED_BELOW,
            build=lambda own, square: turning_point(_crowded(own, square), _Q, -5, 2),
        ),
        right=Root(2 * _Q - 2 + s.n * s.sigma**2 / 2, _Q, -5, 2),
        reason="n - 2 overlaps are 0, that of the partner is -q and silent: the loss of a feature "
        "is (1 - q)^2 + sigma^2 q + (n - 2) sigma^2 q/2",
        ranges={s.n: (2, 9), s.sigma: (0.05, 0.6)},
    ),
    Step(name="solve", reason="2 q = 2 - n sigma^2/2", ranges={s.n: (2, 9), s.sigma: (0.05, 0.6)}),
)

crowded_loss = formula(
    name="crowded_loss",
    expression=s.n * (s.n * s.sigma**2 / 2 - s.n**2 * s.sigma**4 / 16),
    arguments=(s.n, s.sigma),
    meaning="The loss of n/2 antipodal pairs on n/2 neurons, at the best norm.",
    example=">>> round(theory.crowded_loss(n=8, sigma=0.15), 7)\n0.7038",
    regime=((s.n + 4) * s.sigma**2 <= 4,),
    where=_PAIRS,
    unit="summed loss",
)
CROWDED_LOSS = derived(
    crowded_loss,
    "The loss of n/2 antipodal pairs on n/2 neurons, at the best norm, is {formula}; it depends "
    "on no kurtosis.",
    Step(
        name="insert",
        left=of(
            DIAGONAL_LOSS,
            MIRRORED_BELOW,
            CROWDED_NORM2,
            build=lambda own, square, q: s.n * sp.Subs(_crowded(own, square), _Q, q),
        ),
        right=s.n
        * ((s.n * s.sigma**2 / 4) ** 2 + (1 - s.n * s.sigma**2 / 4) * s.n * s.sigma**2 / 2),
        reason="at the best norm 1 - q = n sigma^2/4, and the noise costs n sigma^2 q/2",
        ranges={s.n: (2, 9), s.sigma: (0.05, 0.6)},
    ),
    Step(
        name="add",
        reason="n^2 sigma^4/16 - n^2 sigma^4/8 = -n^2 sigma^4/16",
        ranges={s.n: (2, 9), s.sigma: (0.05, 0.6)},
    ),
    prose="At overlap 0 half of the mean square passes for every symmetric law, so no "
    "rotation of the pairs is preferred.",
    by=(MIRRORED_WITHIN,),
)

corner_side = formula(
    name="corner_side",
    expression=1 / ((sp.sqrt(s.n) + 1) * sp.sqrt(s.n - 1)),
    arguments=(s.n,),
    meaning="Minus the weight of a corner simplex's row on the neurons of the other features.",
    example=">>> round(theory.corner_side(n=8), 4)\n0.0987",
    regime=_ENOUGH,
    unit="weight",
)
CORNER_SIDE = derived(
    corner_side,
    "A corner simplex has the weights alpha - beta and -beta with alpha = sqrt(n/(n-1)) and beta "
    "= {formula}. For n = 2 no row has the weight -beta.",
    _step(
        name="overlap with the spread row",
        left=of(
            SIMPLEX_OVERLAP,
            build=lambda overlap: (
                (sp.sqrt(_Q - overlap) + sp.sqrt(s.n - 1) * overlap).subs(_Q, 1) / (s.n - 1)
            ),
        ),
        reason="-(alpha - (n-1) beta)/sqrt(n-1) is the overlap -1/(n-1), and alpha^2 = 1 + 1/(n-1)",
    ),
    prose="With alpha fixed by (alpha - beta)^2 + (n-2) beta^2 = 1 all overlaps and norms "
    "are those of the simplex; the tests check them for every n up to 12.",
)

corner_fourth_norm = formula(
    name="corner_fourth_norm",
    expression=(((s.n + sp.sqrt(s.n) - 1) ** 4 + s.n - 2) / (sp.sqrt(s.n) + 1) ** 4 + 1)
    / (s.n * (s.n - 1)),
    arguments=(s.n,),
    meaning="The mean fourth norm of the rows of a corner simplex.",
    example=">>> round(theory.corner_fourth_norm(n=8), 7)\n0.7940072",
    regime=_ENOUGH,
    unit="weight^4",
)
CORNER_FOURTH_NORM = derived(
    corner_fourth_norm,
    "The corner simplex has mean fourth norm [(n-1)((alpha-beta)^4 + (n-2) beta^4) + 1/(n-1)]/n = "
    "{formula}.",
    _step(
        name="add the rows",
        left=of(
            CORNER_SIDE,
            SIMPLEX_OVERLAP,
            build=lambda side, overlap: (
                (
                    (s.n - 1)
                    * ((sp.sqrt(1 - overlap.subs(_Q, 1)) - side) ** 4 + (s.n - 2) * side**4)
                    + (s.n - 1) * (1 / sp.sqrt(s.n - 1)) ** 4
                )
                / s.n
            ),
        ),
        reason="n - 1 rows with a neuron, one spread row",
    ),
    checks=("noise_final_fourth_norm",),
)

centred_fourth_norm = formula(
    name="centred_fourth_norm",
    expression=(s.n**2 - 3 * s.n + 3) / (s.n * (s.n - 1)),
    arguments=(s.n,),
    meaning="The fourth norm of the rows of a centred simplex.",
    example=">>> round(theory.centred_fourth_norm(n=8), 6)\n0.767857",
    regime=_ENOUGH,
    unit="weight^4",
)
CENTRED_FOURTH_NORM = derived(
    centred_fourth_norm,
    "The centred simplex has fourth norm {formula}.",
    _step(
        name="add the weights",
        left=of(
            SIMPLEX_OVERLAP,
            build=lambda overlap: (
                (1 - overlap.subs(_Q, 1)) ** 2 * ((1 - 1 / s.n) ** 4 + (s.n - 1) / s.n**4)
            ),
        ),
        reason="W = sqrt(n/(n-1)) (I - 1/n), and n/(n-1) = 1 - overlap",
    ),
)

largest_column_norm2 = formula(
    name="largest_column_norm2",
    expression=s.n * _Q / (s.n - 1),
    arguments=(s.n, _Q),
    meaning="The largest squared norm that a neuron's weights can have on a simplex.",
    example=">>> theory.largest_column_norm2(n=5, row_norm2=1.0)\n1.25",
    regime=_ENOUGH,
    unit="weight squared",
)
LARGEST_COLUMN_NORM2 = derived(
    largest_column_norm2,
    "On a regular simplex no neuron's weights have squared norm above {formula}.",
    _step(
        name="largest eigenvalue",
        left=of(SIMPLEX_OVERLAP, build=lambda overlap: _Q - overlap),
        reason="with the overlap u of all rows, W W^T = (q - u) I + u 1 1^T has the eigenvalues "
        "q - u and q + (n-1) u; at u = -q/(n-1) the first is the larger one, and the second is 0",
    ),
    prose="W^T W has the same largest eigenvalue as W W^T, and its diagonal entries are "
    "the squared norms of the columns.",
)

shared_weight_limit = formula(
    name="shared_weight_limit",
    expression=sp.sqrt(s.n * _Q / (2 * (s.n - 1))),
    arguments=(s.n, _Q),
    meaning="The largest size that two weights of one neuron can both have on a simplex.",
    example=">>> round(theory.shared_weight_limit(n=5, row_norm2=1.0), 4)\n0.7906",
    regime=_ENOUGH,
    unit="weight",
)
SHARED_WEIGHT_LIMIT = derived(
    shared_weight_limit,
    "On a regular simplex two weights of one neuron can both have a size of at least theta iff "
    "theta <= {formula}. So by the authors' rule (sizes of 0.8 to 1.2) no neuron is polysemantic "
    "for n >= 5 and q <= 1.",
    _step(
        name="two equal weights",
        left=of(LARGEST_COLUMN_NORM2, build=lambda largest: sp.sqrt(largest / 2)),
        reason="2 theta^2 is at most the squared norm of the column",
    ),
    prose="The limit falls with n: 0.8165 at n = 4, 0.7906 at n = 5. The column sqrt(q n/(n-1)) "
    "(e_1 - e_2)/sqrt(2) reaches it.",
)

SIMPLEX_WITH_SHARED_NEURONS = derived(
    "simplex_with_shared_neurons",
    "By the rule of more than half of the squared norm of a row, a regular simplex can have "
    "floor(n/2) polysemantic neurons, and no network can have more.",
    page=_NOTES,
    prose="Orthonormal columns that sum to zero, times sqrt(q n/(n-1)), make a regular simplex. "
    "Take (e_1 - e_2)/sqrt(2), (e_3 - e_4)/sqrt(2), ...: rows 1 and 2 have the part n/(2 (n-1)) > "
    "1/2 of their squared norm on the first neuron. A row has at most one such neuron, and a "
    "polysemantic neuron needs two rows.",
    by=(SIMPLEX_OVERLAP,),
)

NO_POLYSEMANTIC_NEURON = derived(
    "no_polysemantic_neuron_under_noise",
    "Trained under bipolar noise alone, with room for a simplex (m >= n - 1, n >= 5), a network "
    "ends without polysemantic neurons by the authors' rule. For 1.2 <= (n-1) sigma <= 1.5 it ends "
    "with n - 1 rows each on a neuron of its own, and without polysemantic neurons also by the "
    "rule of more than half of the squared norm.",
    page=_NOTES,
    checks=("noise_polysemantic",),
)

capacity_pairs = formula(
    name="capacity_pairs",
    expression=sp.Piecewise((sp.Max(0, s.n - s.m - s.spread_count), s.m <= s.n - 2), (0, True)),
    arguments=(s.n, s.m, s.spread_count),
    meaning="The number of antipodal pairs that noise leaves, given the number of spread rows.",
    example=">>> theory.capacity_pairs(n=8, m=6, spread_rows=0)\n2.0",
    regime=(2 * s.m >= s.n,),
    error="heuristic: every neuron carries a feature; the mean over networks within 10 % for "
    "n = 5, 6 and 7, and measured at n = 8",
)
CAPACITY_PAIRS = derived(
    capacity_pairs,
    "For m >= n/2 noise leaves {formula} antipodal pairs, n_s the number of spread rows, whatever "
    "the initial collisions: for m >= n - 1 there is room for a simplex, which has none.",
    checks=("noise_capacity_pairs",),
)
