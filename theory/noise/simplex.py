"""Where noise leads first: the overlaps of a regular simplex, its loss, its dead zones."""

import sympy as sp

from ..proof import symbols as s
from ..proof.claims import Claim, Prose
from ..proof.derivation import Definition, Derivation, Step, of
from ..proof.formula import Formula
from ..proof.operators import Root
from .exact import DIAGONAL_LOSS, DIAGONAL_LOSS_LEAST, MIRRORED_BELOW
from .outputs import (
    OVERLAP_NOISE_VARIANCE,
    RECTIFIED_MEAN,
    RECTIFIED_SQUARE,
    below,
    density,
)

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
    error="O(((n-1) sigma^2)^2): second order in sigma at fixed (n-1) sigma",
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

CLAIMS = (
    SIMPLEX_OVERLAP,
    SIMPLEX_RELATIVE_OVERLAP,
    SIMPLEX_LEAST,
    SIMPLEX_NORM2,
    DEAD_ZONE,
    FAMILY_DEAD_ZONE,
    SILENT_LOSS,
    ORTHONORMAL_LOSS,
)
