"""Winning weights under interference: kicks, and the fraction of winners that they leave in place.

Interference acts on a row as an additive kick to its initial weights,
``|W_k| = A (|w_k| + eta_k - B)``. What a law of the kicks says of the winners is here in closed
form; paper_notes/reshuffling.md derives it and says what is proved, asymptotic and fitted.
"""

from functools import partial

import sympy as sp

from ..model import INITIAL, THREE_FORCES, W, overlap, relu
from ..proof import Definition, Formula, IndexForm, Step, below, density, derived, of
from ..proof import symbols as s
from ..proof.symbols import kick_size, lam, m, n, pair_constant
from .fast_phase import INTERFERENCE_COSINE, INTERFERENCE_SHIFT

_NOTES = "paper_notes/reshuffling.md"
definition = partial(Definition, source=_NOTES)
formula = partial(Formula, source=_NOTES)
_x = sp.Dummy("x", real=True)
_y = sp.Dummy("y", nonnegative=True)
PAIR_CONSTANT = sp.Rational(346, 1000)
"""J of the dense pair problem, measured: 0.346 +- 0.001 (numerics.pair_problem)."""

NETWORK_AMPLITUDE = definition(
    name="network_amplitude_rate",
    expression=(1 - overlap(s.i, s.i)) * s.common,
    meaning="The growth of A_i, which starts at 1 and follows the feature benefit alone.",
)

height_rate_form = IndexForm(
    name="height_rate",
    expression=(
        -sp.Sum(
            relu(overlap(s.i, s.j)) * W[s.j, s.l] * (1 - sp.KroneckerDelta(s.i, s.j)), (s.j, 1, n)
        )
        - lam * sp.sign(W[s.i, s.l])
    )
    / s.common,
    meaning="The velocity of W_il / A_i: of the kick of the weight, less that of B_i.",
    source=_NOTES,
)
KICK_IDENTITY = derived(
    height_rate_form,
    "W_il/A_i moves by {formula}. So while a weight has not touched zero, |W_il| = A_i (|w_l| + "
    "eta_l - B_i): interference is an additive kick to the initial weight.",
    Step(
        name="quotient rule",
        left=of(
            THREE_FORCES,
            NETWORK_AMPLITUDE,
            build=lambda flow, growth: flow / s.common - W[s.i, s.l] * growth / s.common**2,
        ),
        reason="d(W/A)/dt = W'/A - W A'/A^2; the feature benefit cancels",
        assumptions=(sp.Le(s.i, n), sp.Le(s.l, m)),
        ranges={n: (2, 3), m: (1, 3)},
    ),
    label="kick_identity",
    prose="Integrate with eta' = sigma F/A and B' = lambda/A from A = 1, eta = B = 0, where sigma "
    "is the sign of the weight and F the interference on it.",
    checks=("kick_identity",),
)

UNIFORM_ASSIGNMENT = derived(
    "uniform_assignment",
    "If no (neuron, sign) slot is taken twice, then given the number of antipodal pairs "
    "every assignment of features to slots is equally likely.",
    page=_NOTES,
    prose="Flow and initial law are invariant under permutations of features and neurons "
    "and under sign changes of neurons; these act transitively on the injections with a "
    "given number of complete pairs.",
    by=(THREE_FORCES,),
)


rival_weight = formula(
    name="rival_weight",
    expression=below(s.kick)
    + sp.exp(kick_size**2 / 2 - kick_size * s.kick) * below(kick_size - s.kick),
    arguments=(s.kick, kick_size),
    meaning="Mean of max(1, exp(difference of kicks)) over the kick of a rival (D).",
    example=">>> theory.rival_weight(kick=0.0, kick_size=0.0)\n1.0",
)
RIVAL_WEIGHT = derived(
    rival_weight,
    "The mean of max(1, exp(delta_k (X - eta))) over a standard normal X is {formula}.",
    Step(
        name="two ranges",
        left=of(
            INITIAL,
            build=lambda density: (
                sp.Integral(density.subs(s.relative_threshold, _x), (_x, -sp.oo, s.kick))
                + sp.Integral(
                    density.subs(s.relative_threshold, _x) * sp.exp(kick_size * (_x - s.kick)),
                    (_x, s.kick, sp.oo),
                )
            ),
        ),
        reason="rivals with smaller and with larger kicks; complete the square",
    ),
)


def _gap_rate(x: sp.Expr) -> sp.Expr:
    """Density over tail of the normal law: one over the mean gap at x."""
    return density(x) / below(-x)


retained_fraction = formula(
    name="retained_fraction",
    expression=sp.Integral(
        1 / (1 / _gap_rate(-s.kick - kick_size / 2) + 1 / _gap_rate(s.kick - kick_size / 2)),
        (s.kick, -sp.oo, sp.oo),
    ),
    arguments=(kick_size,),
    meaning="Fraction of winners left in place by independent Gaussian kicks; Gaussian rows differ "
    "by O(1/log m).",
    example=">>> round(theory.retained_fraction(kick_size=0.5), 4)\n0.7444",
    where="rows with an exponential upper tail",
)
RETAINED_FRACTION = derived(
    retained_fraction,
    "In rows with an exponential upper tail, independent Gaussian kicks of size delta_k, in gaps, "
    "leave the fraction {formula} of the winners in place.",
    prose="The largest weights of such a row are a Poisson process of density e^-y. Given the "
    "winner's height y and kick x it stays the winner with probability exp(-e^-y (D(x) - 1)), and "
    "int e^-y exp(-e^-y D) dy = 1/D. With the Mills ratio M, phi(x)/D(x) is 1/(M(-x) + M(x - "
    "delta_k)); the integral counts x from delta_k/2.",
    by=(RIVAL_WEIGHT,),
)

largest_weight = formula(
    name="largest_weight",
    expression=sp.sqrt(2) * sp.erfinv(2 ** (-1 / m)),
    arguments=(m,),
    meaning="Median of the largest of m half-normal weights, in units of their scale.",
    example=">>> round(theory.largest_weight(m=64), 4)\n2.55",
)
LARGEST_WEIGHT = derived(
    largest_weight,
    "The median of the largest of m half-normal weights is {formula}.",
    prose="All m weights lie below z with probability erf(z/sqrt(2))^m, which is 1/2 there.",
    by=(INITIAL,),
)


fast_kick_size = formula(
    name="fast_kick_size",
    expression=_gap_rate(largest_weight.expression)
    * sp.sqrt((n - 1) / (8 * m))
    / (1 - (n - 1) / (16 * m)),
    arguments=(n, m),
    meaning="Size of a kick after the fast phase, in units of the gap below the winner.",
    example=">>> round(theory.fast_kick_size(n=16, m=64), 4)\n0.4983",
    regime=(n <= m,),
    error="relative O(n/sqrt(m))",
    where="lambda t << 1",
)
FAST_KICK_SIZE = derived(
    fast_kick_size,
    "After the fast phase the kicks have the size {formula}: the shift of an entry in units of the "
    "gap below the winner, which the fast phase scales by the cosine.",
    Step(
        name="shift over gap",
        left=of(
            INTERFERENCE_SHIFT,
            INTERFERENCE_COSINE,
            LARGEST_WEIGHT,
            build=lambda shift, cosine, top: (
                sp.Subs(_gap_rate(s.draw), s.draw, top) * shift / cosine
            ),
        ),
        reason="in units of the gap below the largest of m weights, phi/Q there, which shrinks "
        "with the entries",
        ranges={m: (4, 9)},
    ),
    prose="The shift of an entry is a sum over many rows, normal in the limit.",
)

FAST_PHASE_LAW = derived(
    "fast_phase_law",
    "With kicks of the size fast_kick_size, R is, within 3 percentage points, the fraction of "
    "winners in place at t = 10, lambda = .001, for n <= m/4 and m >= 64.",
    page=_NOTES,
    checks=("fast_phase_law",),
)

EXPONENTIAL = definition(
    name="exponential_density",
    expression=sp.exp(-_y),
    meaning="The density of the excess of a weight that lives at a high threshold, in gaps.",
)


def _excesses(density: sp.Expr, lag: sp.Expr) -> sp.Expr:
    """The mean of y (y + lag) over the excess y = x^2/2."""
    excess = _x**2 / 2
    return sp.Integral(excess * (excess + lag) * density.subs(_y, excess) * _x, (_x, 0, sp.oo))


overlap_correlation = formula(
    name="overlap_correlation",
    expression=sp.exp(-s.lag) * (1 + s.lag / 2) ** 2,
    arguments=(s.lag,),
    meaning="Correlation of the overlap of two crowded rows at two thresholds.",
    example=">>> theory.overlap_correlation(lag=0.0)\n1.0",
    where="rows of exponential excesses",
)
OVERLAP_CORRELATION = derived(
    overlap_correlation,
    "Without a push the overlap of two crowded rows of exponential excesses has, at two "
    "thresholds of lag D in gaps, the correlation {formula}.",
    Step(
        name="excesses at two thresholds",
        left=of(
            EXPONENTIAL,
            build=lambda density: (
                sp.exp(-s.lag) * (_excesses(density, s.lag) / _excesses(density, 0)) ** 2
            ),
        ),
        right=(2 + s.lag) ** 2 / 4 * sp.exp(-s.lag),
        reason="of c^2 shared neurons e^(-2D) live on; each adds the product of two excesses, "
        "and the scale of the overlap falls by e^-D; the mean of y (y + D) over an excess y = "
        "x^2/2 is 2 + D",
    ),
    Step(name="halve", reason="(2 + D)/2 = 1 + D/2"),
    prose="Signs and excesses of different neurons are independent, so only a neuron that "
    "is alive at both thresholds adds to the covariance; an exponential law has no memory, so "
    "that only the lag matters.",
)

PAIR_CONSTANT_CLAIM = derived(
    "pair_constant",
    "The constant of the dense pair problem is J = 0.346(1).",
    page=_NOTES,
    checks=("pair_constant",),
)

sparse_threshold = formula(
    name="sparse_threshold",
    expression=sp.sqrt(2) * sp.erfinv(1 - 1 / sp.sqrt(m)),
    arguments=(m,),
    meaning="Threshold at which sqrt(m) of m half-normal weights live, in units of their scale.",
    example=">>> round(theory.sparse_threshold(m=64), 4)\n1.5341",
)

gap_ratio = formula(
    name="gap_ratio",
    expression=_gap_rate(largest_weight.expression) / _gap_rate(sparse_threshold.expression),
    arguments=(m,),
    meaning="Gap at the sparse threshold over the gap below the winner (f; 1 for Laplace rows).",
    example=">>> round(theory.gap_ratio(m=64), 4)\n1.4577",
    regime=(m > 1,),
)

winner_height = formula(
    name="winner_height",
    expression=_gap_rate(sparse_threshold.expression)
    * (largest_weight.expression - sparse_threshold.expression),
    arguments=(m,),
    meaning="Height of the winner over the sparse threshold, in gaps there (h).",
    example=">>> round(theory.winner_height(m=64), 4)\n1.999",
    regime=(m > 1,),
)

sparse_kick_size = formula(
    name="sparse_kick_size",
    expression=gap_ratio.expression
    * sp.sqrt(pair_constant * (n - 1) / (winner_height.expression * sp.sqrt(m))),
    arguments=(n, m, pair_constant),
    meaning="Size of a kick at the end, lambda -> 0, Gaussian rows; no fitted constant.",
    example=">>> round(theory.sparse_kick_size(n=128, m=1024, pair_constant=0.346), 4)\n0.9655",
    regime=(m > 1,),
    error="heuristic: R within 10 % at m = 64, for lambda -> 0 within 8 % for m = 64 and 256 and "
    "n <= 4 sqrt(m), and for m = 1024 and n <= 2 sqrt(m); up to 13 % too large beyond",
)
SPARSE_PHASE_LAW = derived(
    sparse_kick_size,
    "For lambda -> 0 kicks of size {formula} (delta_k^2 = J f^2 (n-1)/(h sqrt(m)), no constant "
    "fitted) give the winners kept by Gaussian rows within 8 % for m = 64 and 256 and n <= 4 "
    "sqrt(m), and for m = 1024 and n <= 2 sqrt(m); in wider or more crowded ones up to 13 % too "
    "many.",
    checks=("sparse_phase_law",),
)

winner_height_laplace = formula(
    name="winner_height_laplace",
    expression=sp.log(m) / 2 - sp.log(sp.log(2)),
    arguments=(m,),
    meaning="Height of the winner over the sparse threshold for Laplace rows, in gaps (h).",
    example=">>> round(theory.winner_height_laplace(m=64), 3)\n2.446",
    regime=(m > 1,),
)

sparse_kick_size_laplace = formula(
    name="sparse_kick_size_laplace",
    expression=sp.sqrt(pair_constant * (n - 1) / (winner_height_laplace.expression * sp.sqrt(m))),
    arguments=(n, m, pair_constant),
    meaning="Size of a kick at the end, lambda -> 0, Laplace rows; no fitted constant.",
    example=(
        ">>> round(theory.sparse_kick_size_laplace(n=32, m=64, pair_constant=0.346), 4)\n0.7404"
    ),
    regime=(m > 1,),
    error="heuristic: R within 10 % for n <= 4 sqrt(m), m >= 64",
)
SPARSE_PHASE_LAW_LAPLACE = derived(
    sparse_kick_size_laplace,
    "For Laplace rows kicks of size {formula}, the law of sparse_kick_size with f = 1 and their "
    "own height h, give the winners kept for lambda -> 0 within 9 %, for n <= 4 sqrt(m).",
    checks=("sparse_phase_law_laplace",),
)

FITTED_CONSTANT = sp.Rational(31, 100)
"""delta^2 sqrt(m)/n, fitted to Gaussian rows with 2 <= n/sqrt(m) <= 8, n <= m/2, m <= 1024."""

crowding = formula(
    name="crowding",
    expression=n / sp.sqrt(m),
    arguments=(n, m),
    meaning="Features over the square root of the neurons: the variable of reshuffling.",
    example=">>> theory.crowding(n=128, m=1024)\n4.0",
)

fitted_kick_size = formula(
    name="fitted_kick_size",
    expression=sp.sqrt(FITTED_CONSTANT * crowding.expression),
    arguments=(n, m),
    meaning="Size of a kick at the end, lambda -> 0, Gaussian rows; one fitted constant.",
    example=">>> round(theory.fitted_kick_size(n=128, m=1024), 4)\n1.1136",
    regime=(n >= 2 * sp.sqrt(m), 2 * n <= m),
    error="fitted: R within 10 % at m = 64, for lambda -> 0 within 6 % for m = 64..4096 and "
    "n <= 4 sqrt(m)",
)
FITTED_KICK_SIZE = derived(
    fitted_kick_size,
    "For lambda -> 0 and Gaussian rows kicks of size {formula}, a fit, give the winners "
    "kept within 8 % for 2 <= n/sqrt(m) <= 4, m >= 64.",
    checks=("fitted_kick_size",),
)

TWO_ROW_PREDICTION = derived(
    "two_row_prediction",
    "The kicks of two rows on their own predict within 8 % the fraction of winners that a "
    "network retains, for lambda -> 0 and n <= 4 sqrt(m).",
    page=_NOTES,
    checks=("two_row_prediction",),
)

COUNT_WITHOUT_SUPPORT = derived(
    "count_without_support",
    "Without support by weights of opposite sign the number of polysemantic neurons has the mean "
    "of the exclusion law: for 16 neurons within 5 % at n = 4, 2 % at n = 8 and 16.",
    page=_NOTES,
    checks=("count_without_support",),
)

DISPERSION_IN_THE_LIMIT = derived(
    "dispersion_in_the_limit",
    "For lambda -> 0, m/4 <= n <= m/2 and m <= 256 variance over mean of the number of "
    "polysemantic neurons is the exclusion law's within 25 %.",
    page=_NOTES,
    checks=("dispersion_in_the_limit",),
)
