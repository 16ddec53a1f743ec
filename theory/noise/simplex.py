"""Early dynamics under noise: the overlaps of a regular simplex, its loss, its dead zones."""

from functools import partial

import sympy as sp

from ..proof import Definition, Formula, Root, Step, below, density, derived, of, turning_point
from ..proof import symbols as s
from .exact import DIAGONAL_LOSS, DIAGONAL_LOSS_LEAST, MIRRORED_BELOW
from .outputs import (
    OVERLAP_NOISE_VARIANCE,
    RECTIFIED_MEAN,
    RECTIFIED_SQUARE,
    at_output,
    output_error,
)

_NOTES = "paper_notes/noise.md"
definition = partial(Definition, source=_NOTES)
formula = partial(Formula, source=_NOTES)
_Q = s.row_norm2
_SIDE = s.opposite_weight
_ENOUGH = (s.n >= 2,)

TOTAL_ROW = Definition(
    name="total_row",
    expression=s.n * _Q + s.n * (s.n - 1) * s.overlap,
    meaning="The squared norm of the sum of n rows of squared norm q and mean overlap u.",
    source="Lecomte et al. 2023, Setup",
)

simplex_overlap = formula(
    name="simplex_overlap",
    expression=-_Q / (s.n - 1),
    arguments=(s.n, _Q),
    meaning="The overlap of any two rows of a regular simplex, the least mean overlap there is.",
    example=">>> theory.simplex_overlap(n=9, row_norm2=1.0)\n-0.125",
    regime=_ENOUGH,
    unit="weight squared",
)
SIMPLEX_OVERLAP = derived(
    simplex_overlap,
    "The mean overlap of n rows of squared norm q is at least {formula}, with equality iff "
    "they sum to zero.",
    Step(
        name="a squared norm is not negative",
        left=of(TOTAL_ROW, build=lambda total: s.overlap - total / (s.n * (s.n - 1))),
        right=sp.Add(s.overlap, -_Q / (s.n - 1), -s.overlap, evaluate=False),
        reason="u is at least u - |sum of the rows|^2/(n (n-1)), with equality iff the sum is 0, "
        "and |sum of the rows|^2 is n q + n (n-1) u",
        ranges={s.n: (2, 9)},
    ),
    Step(name="cancel", reason="u cancels", ranges={s.n: (2, 9)}),
)

simplex_relative_overlap = formula(
    name="simplex_relative_overlap",
    expression=-sp.sqrt(_Q) / ((s.n - 1) * s.sigma),
    arguments=(s.n, s.sigma, _Q),
    meaning="The overlap of the simplex in units of the noise on an output, a*.",
    example=">>> theory.simplex_relative_overlap(n=9, sigma=0.125, row_norm2=1.0)\n-1.0",
    regime=_ENOUGH,
)
SIMPLEX_RELATIVE_OVERLAP = derived(
    simplex_relative_overlap,
    "On the simplex every overlap is a* = {formula} noise units.",
    Step(
        name="divide",
        left=of(
            SIMPLEX_OVERLAP,
            OVERLAP_NOISE_VARIANCE,
            build=lambda overlap, variance: sp.Mul(overlap, 1 / sp.sqrt(variance), evaluate=False),
        ),
        reason="the overlap -q/(n - 1) over the standard deviation sigma sqrt(q)",
        ranges={s.n: (2, 9)},
    ),
)


def _simplex_loss(square: sp.Expr, mean: sp.Expr, overlap: sp.Expr, noise: sp.Expr) -> sp.Expr:
    others = (s.n - 1) * at_output(square, overlap, noise)
    return s.n * (output_error(square, mean, _Q, noise) + others)


_S = s.sigma * sp.sqrt(_Q)
_OWN, _OTHER = sp.sqrt(_Q) / s.sigma, -sp.sqrt(_Q) / ((s.n - 1) * s.sigma)

simplex_loss_gaussian = formula(
    name="simplex_loss_gaussian",
    expression=s.n
    * (
        (_Q**2 + _S**2 - 2 * _Q) * below(_OWN)
        + (_Q - 2) * _S * density(_OWN)
        + 1
        + (s.n - 1) * _S**2 * ((1 + _OTHER**2) * below(_OTHER) + _OTHER * density(_OTHER))
    ),
    arguments=(s.n, s.sigma, _Q),
    meaning="The loss of a regular simplex of squared row norm q under Gaussian noise.",
    example=">>> round(theory.simplex_loss_gaussian(n=8, sigma=0.15, row_norm2=0.988953), 6)"
    "\n0.284418",
    regime=_ENOUGH,
    unit="summed loss",
)
SIMPLEX_LEAST = derived(
    simplex_loss_gaussian,
    "Among rows of squared norm q the regular simplex has the least loss under Gaussian noise, "
    "{formula}, and for m >= n - 1 every least state is one.",
    Step(
        name="add the outputs",
        left=of(
            RECTIFIED_SQUARE,
            RECTIFIED_MEAN,
            SIMPLEX_OVERLAP,
            OVERLAP_NOISE_VARIANCE,
            build=lambda square, mean, overlap, variance: _simplex_loss(
                square, mean, overlap, sp.sqrt(variance)
            ),
        ),
        reason="n own outputs, n(n-1) others",
        ranges={s.n: (2, 9), s.sigma: (0.1, 1), _Q: (0.5, 1.5)},
    ),
    label="simplex_least",
    prose="The mean squared output is strictly convex and increasing in the overlap, so "
    "the sum over pairs is least where all overlaps equal the least possible mean.",
    checks=("noise_fast_phase",),
)


def _newton(loss: sp.Expr) -> sp.Expr:
    """The squared row norm after a step of Newton from 1, where the curvature is 2."""
    return 1 - sp.Subs(sp.Derivative(loss, _Q), _Q, 1) / 2


_UNIT = -1 / ((s.n - 1) * s.sigma)

simplex_norm2 = formula(
    name="simplex_norm2",
    expression=1
    - s.sigma**2
    / 2
    * (1 + (s.n - 1) * ((1 + 2 * _UNIT**2) * below(_UNIT) + 2 * _UNIT * density(_UNIT))),
    arguments=(s.n, s.sigma),
    meaning="The squared row norm of the best regular simplex under Gaussian noise.",
    example=">>> round(theory.simplex_norm2(n=8, sigma=0.1), 6)\n0.995762",
    regime=(s.n >= 2, s.sigma <= sp.Rational(1, 3)),
    error="O(((n-1) sigma^2)^2)",
    unit="weight squared",
)
SIMPLEX_NORM2 = derived(
    simplex_norm2,
    "The best squared row norm of a simplex is 1 - (sigma^2/2)[1 + (n-1)((1+2a^2) Phi(a) + 2 a "
    "phi(a))] at a = -1/((n-1) sigma), that is {formula}, up to second order in sigma at fixed "
    "(n-1) sigma.",
    Step(
        name="one Newton step from q = 1",
        left=of(
            DIAGONAL_LOSS,
            RECTIFIED_SQUARE,
            SIMPLEX_OVERLAP,
            OVERLAP_NOISE_VARIANCE,
            build=lambda own, square, overlap, variance: _newton(
                own + (s.n - 1) * at_output(square, overlap, sp.sqrt(variance))
            ),
        ),
        reason="the loss per feature is (1-q)^2 and terms of order sigma^2",
        ranges={s.n: (2, 9), s.sigma: (0.05, 0.33)},
    ),
)

LONGEST_NOISE = definition(
    name="longest_noise",
    expression=s.sigma * sp.sqrt(s.m * _Q),
    meaning="The largest bipolar noise on an output: sigma |W_j|_1 <= sigma sqrt(m q).",
)

dead_zone = formula(
    name="dead_zone",
    expression=sp.sqrt(_Q) / ((s.n - 1) * sp.sqrt(s.m)),
    arguments=(s.n, s.m, _Q),
    meaning="The sigma up to which bipolar noise exerts no force on any rotation of the simplex.",
    example=">>> round(theory.dead_zone(n=8, m=16, row_norm2=1.0), 4)\n0.0357",
    regime=(*_ENOUGH, s.m >= s.n - 1),
    unit="hidden activation",
)
DEAD_ZONE = derived(
    dead_zone,
    "For sigma <= {formula} bipolar noise never lifts an overlap of the simplex above 0, in any "
    "rotation of the simplex, and exerts no force; above it, it does so in some rotation.",
    Step(
        name="largest noise meets the overlap",
        left=of(
            LONGEST_NOISE,
            SIMPLEX_OVERLAP,
            build=lambda noise, overlap: Root(noise + overlap, s.sigma, 0, sp.sqrt(_Q)),
        ),
        reason="sigma |W_j|_1 <= sigma sqrt(m q) by Cauchy-Schwarz; it lifts an overlap above 0 "
        "once it exceeds q/(n-1)",
        ranges={s.n: (2, 9), s.m: (1, 20)},
    ),
    prose="Below the limit |Z| <= |u| surely, so the exact identity for u <= 0 gives 0. A row of "
    "m weights of one size has |W_j|_1 = sqrt(m q), and some rotation has such a row.",
    by=(MIRRORED_BELOW,),
    checks=("noise_dead_zone",),
)

FAMILY_MARGIN = definition(
    name="family_margin",
    expression=(2 * _SIDE - (s.n - 2) * _SIDE**2)
    / ((1 + (s.n - 1) * _SIDE) * sp.sqrt(1 + (s.n - 1) * _SIDE**2)),
    meaning="Minus the overlap over |W_j|_1 sqrt(q), for c on the diagonal and -c y_s beside it.",
)

family_margin_limit = formula(
    name="family_margin_limit",
    expression=(2 * _SIDE - _SIDE**2) / (s.n * (1 + _SIDE)),
    arguments=(s.n, _SIDE),
    meaning="The sigma up to which bipolar noise exerts no force off the diagonal, for unit rows "
    "with c on the diagonal and -c y_s/n beside it.",
    example=">>> theory.family_margin_limit(n=64, opposite_weight=1.0)\n0.0078125",
    error="relative O(1/n)",
    unit="hidden activation",
)
FAMILY_MARGIN_LIMIT = derived(
    family_margin_limit,
    "Unit rows with c on the diagonal and -c y_s/n beside it receive no force from bipolar noise "
    "off the diagonal up to sigma = {formula} for large n.",
    Step(
        name="many features",
        left=of(
            FAMILY_MARGIN,
            build=lambda margin: sp.Limit(s.n * margin.subs(_SIDE, _SIDE / s.n), s.n, sp.oo) / s.n,
        ),
        reason="n times the margin has a limit",
        ranges={_SIDE: (0, 1)},
    ),
)

family_ratio = formula(
    name="family_ratio",
    expression=sp.sqrt(3) - 1,
    meaning="The y_s at which the family with c on the diagonal and -c y_s/n beside it has the "
    "largest dead zone.",
    example=">>> round(theory.family_ratio(), 6)\n0.732051",
    error="n -> oo",
)
FAMILY_RATIO = derived(
    family_ratio,
    "Of the weights c on the diagonal and -c y_s/n beside it, y_s = {formula} has the largest dead "
    "zone for large n.",
    Step(
        name="best ratio",
        left=of(FAMILY_MARGIN_LIMIT, build=lambda margin: turning_point(s.n * margin, _SIDE, 0, 2)),
        right=Root(2 - 2 * _SIDE - _SIDE**2, _SIDE, 0, 2),
        reason="the slope of (2 y - y^2)/(1 + y) is (2 - 2 y - y^2)/(1 + y)^2",
    ),
    Step(name="solve", reason="(y + 1)^2 = 3; it is the only turning point between 0 and 2"),
)

family_dead_zone = formula(
    name="family_dead_zone",
    expression=(4 - 2 * sp.sqrt(3)) / s.n,
    arguments=(s.n,),
    meaning="The sigma up to which bipolar noise exerts no force off the diagonal, for unit rows "
    "with c on the diagonal and -d beside it at the best ratio.",
    example=">>> round(theory.family_dead_zone(n=64), 5)\n0.00837",
    error="relative O(1/n)",
    unit="hidden activation",
)
FAMILY_DEAD_ZONE = derived(
    family_dead_zone,
    "Unit rows with c on the diagonal and -d beside it receive no force from bipolar noise off the "
    "diagonal up to sigma = {formula}, at the best ratio d/c and for large n.",
    Step(
        name="insert",
        left=of(
            FAMILY_MARGIN_LIMIT,
            FAMILY_RATIO,
            build=lambda margin, ratio: sp.Subs(margin, _SIDE, ratio),
        ),
        reason="the margin at the best ratio",
    ),
)

silent_loss = formula(
    name="silent_loss",
    expression=s.n * (s.sigma**2 - s.sigma**4 / 4),
    arguments=(s.n, s.sigma),
    meaning="The loss where noise never passes a rectifier off the diagonal.",
    example=">>> theory.silent_loss(n=8, sigma=0.5)\n1.875",
    regime=(3 * s.sigma**2 <= 2,),
    where="symmetric noise that never exceeds q and never lifts an overlap above 0",
    unit="summed loss",
)
SILENT_LOSS = derived(
    silent_loss,
    "In a dead zone the loss is {formula}: among weights whose own outputs the noise never clips, "
    "none have less.",
    Step(
        name="n own outputs",
        left=of(DIAGONAL_LOSS_LEAST, build=lambda own: sp.Sum(own, (s.i, 1, s.n))),
        reason="only the n own outputs cost",
        ranges={s.sigma: (0, 1)},
    ),
)

orthonormal_loss = formula(
    name="orthonormal_loss",
    expression=s.n * s.sigma**2 + s.n * (s.n - 1) * s.sigma**2 / 2,
    arguments=(s.n, s.sigma),
    meaning="The loss of n orthonormal rows under noise that never clips a feature's own output; "
    "a pair turned opposite saves sigma^2.",
    example=">>> theory.orthonormal_loss(n=8, sigma=0.5)\n9.0",
    regime=(s.sigma <= 1,),
    where="symmetric noise that never exceeds 1",
    unit="summed loss",
)
ORTHONORMAL_LOSS = derived(
    orthonormal_loss,
    "Orthonormal rows cost {formula} under symmetric noise that never clips a feature's own "
    "output.",
    Step(
        name="own and other outputs",
        left=of(
            DIAGONAL_LOSS,
            MIRRORED_BELOW,
            build=lambda own, square: (
                s.n * sp.Subs(own, _Q, 1)
                + s.n * (s.n - 1) * sp.Subs(square, (s.depth, s.draw), (0, s.sigma))
            ),
        ),
        reason="at q = 1 an own output costs sigma^2; at overlap 0 half of the mean square of the "
        "noise, sigma^2/2, passes, whatever the law",
    ),
)
