"""Where noise leads: overlaps of a regular simplex, its codes, and when neurons are shared."""

import sympy as sp

from . import symbols as s
from .claims import Claim, Prose
from .derivation import Definition, Derivation, Step, of
from .formula import Formula
from .noise import (
    DIAGONAL_LOSS,
    DIAGONAL_LOSS_LEAST,
    MIRRORED_BELOW,
    MIRRORED_WITHIN,
    OVERLAP_NOISE_VARIANCE,
    RECTIFIED_MEAN,
    RECTIFIED_SQUARE,
    below,
    density,
)
from .operators import Root

_NOTES = "paper_notes/noise.md"
_ENOUGH = (s.n >= 2,)

TOTAL_ROW = Definition(
    name="total_row",
    expression=s.n * s.row_norm2 + s.n * (s.n - 1) * s.overlap,
    meaning="The squared norm of the sum of n rows of squared norm q and mean overlap u.",
    source="Lecomte et al. 2023, Setup",
)
LONGEST_NOISE = Definition(
    name="longest_noise",
    expression=s.sigma * sp.sqrt(s.m * s.row_norm2),
    meaning="The largest bipolar noise on an output: sigma |W_j|_1 <= sigma sqrt(m q).",
    source=_NOTES,
)

FAMILY_MARGIN = Definition(
    name="family_margin",
    expression=(2 * s.w - (s.n - 2) * s.w**2)
    / ((1 + (s.n - 1) * s.w) * sp.sqrt(1 + (s.n - 1) * s.w**2)),
    meaning="Minus the overlap over |W_j|_1 sqrt(q), for c on the diagonal and -w c beside it.",
    source=_NOTES,
)
_FAMILY_LIMIT = (2 * s.w - s.w**2) / (1 + s.w)


def _family_limit(margin: sp.Expr) -> sp.Expr:
    return sp.limit(s.n * margin.subs(s.w, s.w / s.n), s.n, sp.oo)


simplex_overlap = Formula(
    name="simplex_overlap",
    expression=-s.row_norm2 / (s.n - 1),
    arguments=(s.n, s.row_norm2),
    meaning="The overlap of any two rows of a regular simplex, the least mean overlap there is.",
    source=_NOTES,
    example=">>> theory.simplex_overlap(n=9, row_norm2=1.0)\n-0.125",
    regime=_ENOUGH,
    unit="weight squared",
)
simplex_relative_overlap = Formula(
    name="simplex_relative_overlap",
    expression=-sp.sqrt(s.row_norm2) / ((s.n - 1) * s.sigma),
    arguments=(s.n, s.sigma, s.row_norm2),
    meaning="The overlap of the simplex in units of the noise on an output, a*.",
    source=_NOTES,
    example=">>> theory.simplex_relative_overlap(n=9, sigma=0.125, row_norm2=1.0)\n-1.0",
    regime=_ENOUGH,
)
_S = s.sigma * sp.sqrt(s.row_norm2)


def _gaussian_simplex(square: sp.Expr, mean: sp.Expr, overlap: sp.Expr, noise: sp.Expr) -> sp.Expr:
    own = {s.overlap: s.row_norm2, s.row_noise: noise}
    other = {s.overlap: overlap, s.row_noise: noise}
    return s.n * (
        square.subs(own, simultaneous=True)
        - 2 * mean.subs(own, simultaneous=True)
        + 1
        + (s.n - 1) * square.subs(other, simultaneous=True)
    )


_OWN, _OTHER = sp.sqrt(s.row_norm2) / s.sigma, -sp.sqrt(s.row_norm2) / ((s.n - 1) * s.sigma)
simplex_loss_gaussian = Formula(
    name="simplex_loss_gaussian",
    expression=s.n
    * (
        (s.row_norm2**2 + _S**2 - 2 * s.row_norm2) * below(_OWN)
        + (s.row_norm2 - 2) * _S * density(_OWN)
        + 1
        + (s.n - 1) * _S**2 * ((1 + _OTHER**2) * below(_OTHER) + _OTHER * density(_OTHER))
    ),
    arguments=(s.n, s.sigma, s.row_norm2),
    meaning="The loss of a regular simplex of squared row norm q under Gaussian noise.",
    source=_NOTES,
    example=">>> round(theory.simplex_loss_gaussian(n=8, sigma=0.15, row_norm2=0.988953), 6)"
    "\n0.284418",
    regime=_ENOUGH,
    unit="summed loss",
)
_UNIT = -1 / ((s.n - 1) * s.sigma)
simplex_norm2 = Formula(
    name="simplex_norm2",
    expression=1
    - s.sigma**2
    / 2
    * (1 + (s.n - 1) * ((1 + 2 * _UNIT**2) * below(_UNIT) + 2 * _UNIT * density(_UNIT))),
    arguments=(s.n, s.sigma),
    meaning="The squared row norm of the best regular simplex under Gaussian noise.",
    source=_NOTES,
    example=">>> round(theory.simplex_norm2(n=8, sigma=0.1), 6)\n0.995762",
    regime=(s.n >= 2, s.sigma <= sp.Rational(1, 3)),
    error="O(sigma^4) at fixed (n-1) sigma",
    unit="weight squared",
)
dead_zone = Formula(
    name="dead_zone",
    expression=sp.sqrt(s.row_norm2) / ((s.n - 1) * sp.sqrt(s.m)),
    arguments=(s.n, s.m, s.row_norm2),
    meaning="The sigma up to which no rotation of the simplex feels bipolar noise.",
    source=_NOTES,
    example=">>> round(theory.dead_zone(n=8, m=16, row_norm2=1.0), 4)\n0.0357",
    regime=_ENOUGH,
    unit="hidden activation",
)
family_dead_zone = Formula(
    name="family_dead_zone",
    expression=(4 - 2 * sp.sqrt(3)) / s.n,
    arguments=(s.n,),
    meaning="The sigma up to which some c on the diagonal, -d beside it, feels no bipolar noise.",
    source=_NOTES,
    example=">>> round(theory.family_dead_zone(n=64), 5)\n0.00837",
    error="relative O(1/n)",
    unit="hidden activation",
)
silent_loss = Formula(
    name="silent_loss",
    expression=s.n * (s.sigma**2 - s.sigma**4 / 4),
    arguments=(s.n, s.sigma),
    meaning="The loss where noise never passes a rectifier off the diagonal.",
    source=_NOTES,
    example=">>> theory.silent_loss(n=8, sigma=0.5)\n1.875",
    regime=(s.sigma < sp.sqrt(2),),
    error="exact for bounded noise that clips nowhere on the diagonal",
    unit="summed loss",
)
orthonormal_loss = Formula(
    name="orthonormal_loss",
    expression=s.n * s.sigma**2 + s.n * (s.n - 1) * s.sigma**2 / 2,
    arguments=(s.n, s.sigma),
    meaning="The loss of n orthonormal rows under bounded noise; a pair turned opposite saves "
    "sigma^2.",
    source=_NOTES,
    example=">>> theory.orthonormal_loss(n=8, sigma=0.5)\n9.0",
    error="exact for symmetric noise that clips nowhere on the diagonal",
    unit="summed loss",
)
crowded_norm2 = Formula(
    name="crowded_norm2",
    expression=1 - s.n * s.sigma**2 / 4,
    arguments=(s.n, s.sigma),
    meaning="The squared row norm of n/2 antipodal pairs on n/2 neurons.",
    source=_NOTES,
    example=">>> theory.crowded_norm2(n=8, sigma=0.25)\n0.875",
    regime=(s.n * s.sigma**2 < 4,),
    error="exact for symmetric noise that never exceeds q",
    unit="weight squared",
)
crowded_loss = Formula(
    name="crowded_loss",
    expression=s.n * (s.n * s.sigma**2 / 2 - s.n**2 * s.sigma**4 / 16),
    arguments=(s.n, s.sigma),
    meaning="The loss of n/2 antipodal pairs on n/2 neurons, at the best norm.",
    source=_NOTES,
    example=">>> round(theory.crowded_loss(n=8, sigma=0.15), 7)\n0.7038",
    regime=(s.n * s.sigma**2 < 4,),
    error="exact for symmetric noise that never exceeds q",
    unit="summed loss",
)
_ALPHA = sp.sqrt(s.n / (s.n - 1))
_BETA = (_ALPHA - 1 / sp.sqrt(s.n - 1)) / (s.n - 1)
corner_side = Formula(
    name="corner_side",
    expression=_BETA,
    arguments=(s.n,),
    meaning="Minus the weight of a corner simplex's row on the neurons of the other features.",
    source=_NOTES,
    example=">>> round(theory.corner_side(n=8), 4)\n0.0987",
    regime=_ENOUGH,
    unit="weight",
)
corner_weight = Formula(
    name="corner_weight",
    expression=_ALPHA - _BETA,
    arguments=(s.n,),
    meaning="The weight of a corner simplex's row on its own neuron.",
    source=_NOTES,
    example=">>> round(theory.corner_weight(n=8), 4)\n0.9703",
    regime=_ENOUGH,
    unit="weight",
)
corner_fourth_norm = Formula(
    name="corner_fourth_norm",
    expression=((s.n - 1) * ((_ALPHA - _BETA) ** 4 + (s.n - 2) * _BETA**4) + 1 / (s.n - 1)) / s.n,
    arguments=(s.n,),
    meaning="The mean fourth norm of the rows of a corner simplex.",
    source=_NOTES,
    example=">>> round(theory.corner_fourth_norm(n=8), 7)\n0.7940072",
    regime=_ENOUGH,
    unit="weight^4",
)
centred_fourth_norm = Formula(
    name="centred_fourth_norm",
    expression=(s.n**2 - 3 * s.n + 3) / (s.n * (s.n - 1)),
    arguments=(s.n,),
    meaning="The fourth norm of the rows of a centred simplex.",
    source=_NOTES,
    example=">>> round(theory.centred_fourth_norm(n=8), 6)\n0.767857",
    regime=_ENOUGH,
    unit="weight^4",
)
largest_column_norm2 = Formula(
    name="largest_column_norm2",
    expression=s.n * s.row_norm2 / (s.n - 1),
    arguments=(s.n, s.row_norm2),
    meaning="The largest squared norm that a neuron's weights can have on a simplex.",
    source=_NOTES,
    example=">>> theory.largest_column_norm2(n=5, row_norm2=1.0)\n1.25",
    regime=_ENOUGH,
    unit="weight squared",
)
shared_weight_limit = Formula(
    name="shared_weight_limit",
    expression=sp.sqrt(s.n * s.row_norm2 / (2 * (s.n - 1))),
    arguments=(s.n, s.row_norm2),
    meaning="The largest size that two weights of one neuron can both have on a simplex.",
    source=_NOTES,
    example=">>> round(theory.shared_weight_limit(n=5, row_norm2=1.0), 4)\n0.7906",
    regime=_ENOUGH,
    unit="weight",
)
capacity_pairs = Formula(
    name="capacity_pairs",
    expression=sp.Max(0, s.n - s.m - s.spread_count),
    arguments=(s.n, s.m, s.spread_count),
    meaning="The number of antipodal pairs that noise leaves, given the rows on no neuron.",
    source=_NOTES,
    example=">>> theory.capacity_pairs(n=8, m=6, spread_rows=0)\n2.0",
    regime=(2 * s.m >= s.n,),
    error="conjecture: every neuron carries a feature; measured at n = 8",
)

SIMPLEX_OVERLAP = Claim(
    label="simplex_overlap",
    statement="The mean overlap of n rows of squared norm q is at least -q/(n-1), with equality "
    "iff they sum to zero.",
    kind="derived here",
    source=_NOTES,
    formula=simplex_overlap,
    derivation=Derivation(
        Step(
            name="rows that sum to zero",
            left=of(
                TOTAL_ROW,
                build=lambda total: Root(total, s.overlap, -s.row_norm2, s.row_norm2),
            ),
            right=simplex_overlap,
            reason="a squared norm is not negative",
            ranges={s.n: (3, 9)},
        ),
    ),
)
SIMPLEX_RELATIVE_OVERLAP = Claim(
    label="simplex_relative_overlap",
    statement="On the simplex every overlap is a* = -sqrt(q)/((n-1) sigma) noise units.",
    kind="derived here",
    source=_NOTES,
    formula=simplex_relative_overlap,
    derivation=Derivation(
        Step(
            name="divide",
            left=of(
                SIMPLEX_OVERLAP,
                OVERLAP_NOISE_VARIANCE,
                build=lambda overlap, variance: overlap / sp.sqrt(variance),
            ),
            right=simplex_relative_overlap,
            reason="overlap over standard deviation",
            ranges={s.n: (2, 9)},
        ),
    ),
)
SIMPLEX_LEAST = Claim(
    label="simplex_least",
    statement="Among rows of equal norm the regular simplex has the least loss under Gaussian "
    "noise, and for m >= n - 1 every least state is one.",
    kind="derived here",
    source=_NOTES,
    formula=simplex_loss_gaussian,
    derivation=Derivation(
        Step(
            name="add the outputs",
            left=of(
                RECTIFIED_SQUARE,
                RECTIFIED_MEAN,
                SIMPLEX_OVERLAP,
                OVERLAP_NOISE_VARIANCE,
                build=lambda square, mean, overlap, variance: _gaussian_simplex(
                    square, mean, overlap, sp.sqrt(variance)
                ),
            ),
            right=simplex_loss_gaussian,
            reason="n own outputs, n(n-1) others",
            ranges={s.n: (2, 9), s.sigma: (0.1, 1), s.row_norm2: (0.5, 1.5)},
        ),
    ),
    prose=Prose(
        argument="The mean squared output is strictly convex and increasing in the overlap, so "
        "the sum over pairs is least where all overlaps equal the least possible mean.",
        page=_NOTES,
    ),
    checks=("noise_fast_phase",),
)
SIMPLEX_NORM2 = Claim(
    label="simplex_norm2",
    statement="The best squared row norm is 1 - (sigma^2/2)[1 + (n-1)((1+2a^2) Phi(a) + "
    "2 a phi(a))] at a = -1/((n-1) sigma).",
    kind="derived here",
    source=_NOTES,
    formula=simplex_norm2,
    derivation=Derivation(
        Step(
            name="one Newton step from q = 1",
            left=of(
                DIAGONAL_LOSS,
                RECTIFIED_SQUARE,
                SIMPLEX_OVERLAP,
                OVERLAP_NOISE_VARIANCE,
                build=lambda own, square, overlap, variance: (
                    1
                    - sp.Subs(
                        sp.Derivative(
                            own
                            + (s.n - 1)
                            * square.subs(
                                {s.overlap: overlap, s.row_noise: sp.sqrt(variance)},
                                simultaneous=True,
                            ),
                            s.row_norm2,
                        ),
                        s.row_norm2,
                        1,
                    )
                    / 2
                ),
            ),
            right=simplex_norm2,
            reason="the loss per feature is (1-q)^2 and terms of order sigma^2",
            ranges={s.n: (2, 9), s.sigma: (0.05, 0.33)},
        ),
    ),
)
DEAD_ZONE = Claim(
    label="dead_zone",
    statement="For sigma <= sqrt(q)/((n-1) sqrt(m)) bipolar noise never lifts an overlap of the "
    "simplex above 0: no rotation of it feels a force.",
    kind="derived here",
    source=_NOTES,
    formula=dead_zone,
    derivation=Derivation(
        Step(
            name="largest noise meets the overlap",
            left=of(
                LONGEST_NOISE,
                SIMPLEX_OVERLAP,
                build=lambda noise, overlap: s.sigma * -overlap / noise,
            ),
            right=dead_zone,
            reason="sigma |W_j|_1 <= sigma sqrt(m q) by Cauchy-Schwarz; set it to q/(n-1)",
            ranges={s.n: (2, 9), s.m: (1, 20)},
        ),
    ),
    prose=Prose(
        argument="Below the limit |Z| <= |u| surely, so the exact identity for u <= 0 gives 0.",
        page=_NOTES,
        by=(MIRRORED_BELOW,),
    ),
    checks=("noise_dead_zone",),
)
FAMILY_DEAD_ZONE = Claim(
    label="family_dead_zone",
    statement="The weights c on the diagonal and -d beside it feel no bipolar noise off the "
    "diagonal up to sigma = (4 - 2 sqrt 3)/n for large n.",
    kind="derived here",
    source=_NOTES,
    formula=family_dead_zone,
    derivation=Derivation(
        Step(
            name="many features",
            left=of(
                FAMILY_MARGIN,
                build=lambda margin: sp.Limit(s.n * margin.subs(s.w, s.w / s.n), s.n, sp.oo),
            ),
            right=_FAMILY_LIMIT,
            reason="with d/c = w/n",
            ranges={s.w: (0, 2)},
            digits=20,
        ),
        Step(
            name="best ratio",
            left=of(
                FAMILY_MARGIN,
                build=lambda margin: Root(sp.Derivative(_family_limit(margin), s.w), s.w, 0, 2),
            ),
            right=sp.sqrt(3) - 1,
            reason="the only turning point",
        ),
        Step(
            name="insert",
            left=of(
                FAMILY_MARGIN,
                build=lambda margin: _family_limit(margin).subs(s.w, sp.sqrt(3) - 1) / s.n,
            ),
            right=family_dead_zone,
            reason="the margin there",
        ),
    ),
)
SILENT_LOSS = Claim(
    label="silent_loss",
    statement="In a dead zone the loss is n (sigma^2 - sigma^4/4): no weights have less whose "
    "own outputs the noise never clips.",
    kind="derived here",
    source=_NOTES,
    formula=silent_loss,
    derivation=Derivation(
        Step(
            name="n own outputs",
            left=of(DIAGONAL_LOSS_LEAST, build=lambda own: s.n * own),
            right=silent_loss,
            reason="only the own outputs cost",
            ranges={s.sigma: (0, 1)},
        ),
    ),
)
ORTHONORMAL_LOSS = Claim(
    label="orthonormal_loss",
    statement="Orthonormal rows cost n sigma^2 + n(n-1) sigma^2/2 under bounded noise.",
    kind="derived here",
    source=_NOTES,
    formula=orthonormal_loss,
    derivation=Derivation(
        Step(
            name="own and other outputs",
            left=of(
                DIAGONAL_LOSS,
                MIRRORED_BELOW,
                build=lambda own, square: (
                    s.n * own.subs(s.row_norm2, 1)
                    + s.n * (s.n - 1) * square.subs({s.depth: 0, s.draw: s.sigma})
                ),
            ),
            right=orthonormal_loss,
            reason="at u = 0 half of the mean square passes, whatever the law",
        ),
    ),
)
CROWDED_NORM2 = Claim(
    label="crowded_norm2",
    statement="On m = n/2 neurons, n/2 antipodal pairs are best at q = 1 - n sigma^2/4.",
    kind="derived here",
    source=_NOTES,
    formula=crowded_norm2,
    derivation=Derivation(
        Step(
            name="minimise",
            left=of(
                DIAGONAL_LOSS,
                MIRRORED_BELOW,
                build=lambda own, square: Root(
                    sp.Derivative(
                        own
                        + (s.n - 2)
                        * square.subs({s.depth: 0, s.draw: s.sigma * sp.sqrt(s.row_norm2)}),
                        s.row_norm2,
                    ),
                    s.row_norm2,
                    -5,
                    2,
                ),
            ),
            right=crowded_norm2,
            reason="n - 2 overlaps are 0, that of the partner is -q and silent",
            ranges={s.n: (2, 9), s.sigma: (0.05, 0.6)},
        ),
    ),
)
CROWDED_LOSS = Claim(
    label="crowded_loss",
    statement="Their loss is n [(n/2) sigma^2 - (n/4)^2 sigma^4]; it depends on no kurtosis.",
    kind="derived here",
    source=_NOTES,
    formula=crowded_loss,
    derivation=Derivation(
        Step(
            name="insert",
            left=of(
                DIAGONAL_LOSS,
                MIRRORED_BELOW,
                CROWDED_NORM2,
                build=lambda own, square, q: (
                    s.n
                    * (
                        own
                        + (s.n - 2)
                        * square.subs({s.depth: 0, s.draw: s.sigma * sp.sqrt(s.row_norm2)})
                    ).subs(s.row_norm2, q)
                ),
            ),
            right=crowded_loss,
            reason="the loss at the best norm",
            ranges={s.n: (2, 9), s.sigma: (0.05, 0.6)},
        ),
    ),
    prose=Prose(
        argument="At overlap 0 half of the mean square passes for every symmetric law, so no "
        "rotation of the pairs is preferred.",
        page=_NOTES,
        by=(MIRRORED_WITHIN,),
    ),
)
CORNER_SIDE = Claim(
    label="corner_side",
    statement="A corner simplex has the weights alpha - beta and -beta with "
    "alpha = sqrt(n/(n-1)) and beta = (alpha - 1/sqrt(n-1))/(n-1).",
    kind="derived here",
    source=_NOTES,
    formula=corner_side,
    derivation=Derivation(
        Step(
            name="overlap with the spread row",
            left=of(
                SIMPLEX_OVERLAP,
                build=lambda overlap: (
                    (_ALPHA + sp.sqrt(s.n - 1) * overlap.subs(s.row_norm2, 1)) / (s.n - 1)
                ),
            ),
            right=corner_side,
            reason="-(alpha - (n-1) beta)/sqrt(n-1) = -1/(n-1)",
            ranges={s.n: (2, 9)},
        ),
    ),
    prose=Prose(
        argument="With alpha fixed by (alpha - beta)^2 + (n-2) beta^2 = 1 all overlaps and norms "
        "are those of the simplex; the tests check them for every n up to 12.",
        page=_NOTES,
    ),
)
CORNER_FOURTH_NORM = Claim(
    label="corner_fourth_norm",
    statement="The corner simplex has mean fourth norm "
    "[(n-1)((alpha-beta)^4 + (n-2) beta^4) + 1/(n-1)]/n.",
    kind="derived here",
    source=_NOTES,
    formula=corner_fourth_norm,
    derivation=Derivation(
        Step(
            name="add the rows",
            left=of(
                CORNER_SIDE,
                build=lambda side: (
                    (
                        (s.n - 1) * ((_ALPHA - side) ** 4 + (s.n - 2) * side**4)
                        + (s.n - 1) * (1 / sp.sqrt(s.n - 1)) ** 4
                    )
                    / s.n
                ),
            ),
            right=corner_fourth_norm,
            reason="n - 1 rows with a neuron, one spread row",
            ranges={s.n: (2, 9)},
        ),
    ),
    checks=("noise_final_fourth_norm",),
)
CENTRED_FOURTH_NORM = Claim(
    label="centred_fourth_norm",
    statement="The centred simplex has fourth norm (n^2 - 3n + 3)/(n(n-1)).",
    kind="derived here",
    source=_NOTES,
    formula=centred_fourth_norm,
    derivation=Derivation(
        Step(
            name="add the weights",
            left=of(
                SIMPLEX_OVERLAP,
                build=lambda overlap: (
                    (1 - overlap.subs(s.row_norm2, 1)) ** 2
                    * ((1 - 1 / s.n) ** 4 + (s.n - 1) / s.n**4)
                ),
            ),
            right=centred_fourth_norm,
            reason="W = sqrt(n/(n-1)) (I - 1/n), and n/(n-1) = 1 - overlap",
            ranges={s.n: (2, 9)},
        ),
    ),
)
LARGEST_COLUMN_NORM2 = Claim(
    label="largest_column_norm2",
    statement="On a regular simplex no neuron's weights have squared norm above q n/(n-1).",
    kind="derived here",
    source=_NOTES,
    formula=largest_column_norm2,
    derivation=Derivation(
        Step(
            name="largest eigenvalue",
            left=of(SIMPLEX_OVERLAP, build=lambda overlap: s.row_norm2 - overlap),
            right=largest_column_norm2,
            reason="W W^T = (q - u) I + u 1 1^T has the eigenvalues q - u and q + (n-1) u",
            ranges={s.n: (2, 9)},
        ),
    ),
    prose=Prose(
        argument="W^T W has the same largest eigenvalue as W W^T, and its diagonal entries are "
        "the squared norms of the columns.",
        page=_NOTES,
    ),
)
SHARED_WEIGHT_LIMIT = Claim(
    label="shared_weight_limit",
    statement="Two weights of one neuron are both at least theta only if theta^2 <= "
    "q n/(2(n-1)): noise alone makes no neuron polysemantic (theta = 0.8, q <= 1) for n >= 5 and "
    "m >= n - 1.",
    kind="derived here",
    source=_NOTES,
    formula=shared_weight_limit,
    derivation=Derivation(
        Step(
            name="two equal weights",
            left=of(LARGEST_COLUMN_NORM2, build=lambda largest: sp.sqrt(largest / 2)),
            right=shared_weight_limit,
            reason="2 theta^2 is at most the squared norm of the column",
            ranges={s.n: (2, 9)},
        ),
    ),
    prose=Prose(
        argument="The limit falls with n: 0.8165 at n = 4, 0.7906 at n = 5.",
        page=_NOTES,
    ),
    checks=("noise_polysemantic",),
)
CAPACITY_PAIRS = Claim(
    label="capacity_pairs",
    statement="For n/2 <= m < n - 1 noise leaves n - m antipodal pairs, one less for each spread "
    "row, whatever the initial collisions; for m >= n - 1 none.",
    kind="derived here",
    source=_NOTES,
    formula=capacity_pairs,
    checks=("noise_capacity_pairs",),
)
CLAIMS = (
    SIMPLEX_OVERLAP,
    SIMPLEX_RELATIVE_OVERLAP,
    SIMPLEX_LEAST,
    SIMPLEX_NORM2,
    DEAD_ZONE,
    FAMILY_DEAD_ZONE,
    SILENT_LOSS,
    ORTHONORMAL_LOSS,
    CROWDED_NORM2,
    CROWDED_LOSS,
    CORNER_SIDE,
    CORNER_FOURTH_NORM,
    CENTRED_FOURTH_NORM,
    LARGEST_COLUMN_NORM2,
    SHARED_WEIGHT_LIMIT,
    CAPACITY_PAIRS,
)
