"""Who wins when features interfere: kicks, and the fraction of winners that they leave in place.

Interference acts on a row as an additive kick to its initial weights,
``|W_k| = A (|w_k| + eta_k - B)``. What a law of the kicks says of the winners is here in closed
form; paper_notes/reshuffling.md derives it and says what is proved, asymptotic and fitted.
"""

import sympy as sp

from .formula import Formula
from .symbols import kick_size, lam, m, n, pair_constant

_x = sp.Dummy("x", real=True)

PAIR_CONSTANT = sp.Rational(346, 1000)
"""J of the dense pair problem, measured: 0.346 +- 0.001 (numerics.pair_problem)."""

FITTED_CONSTANT = sp.Rational(31, 100)
"""delta^2 sqrt(m)/n, fitted to Gaussian rows with 2 <= n/sqrt(m) <= 8, n <= m/2, m <= 1024."""


def _density(x: sp.Expr) -> sp.Expr:
    return sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)


def _below(x: sp.Expr) -> sp.Expr:
    return sp.erfc(-x / sp.sqrt(2)) / 2


def _gap_rate(x: sp.Expr) -> sp.Expr:
    """Density over tail of the normal law: one over the mean gap at x."""
    return _density(x) / _below(-x)


crowding = Formula(
    name="crowding",
    expression=n / sp.sqrt(m),
    arguments=(n, m),
    meaning="Features over the square root of the neurons: the variable of reshuffling.",
    source="paper_notes/reshuffling.md",
    example=">>> theory.crowding(n=128, m=1024)\n4.0",
)

largest_weight = Formula(
    name="largest_weight",
    expression=sp.sqrt(2) * sp.erfinv(2 ** (-1 / m)),
    arguments=(m,),
    meaning="Median of the largest of m half-normal weights, in units of their scale.",
    source="paper_notes/reshuffling.md",
    example=">>> round(theory.largest_weight(m=64), 4)\n2.55",
)

sparse_threshold = Formula(
    name="sparse_threshold",
    expression=sp.sqrt(2) * sp.erfinv(1 - 1 / sp.sqrt(m)),
    arguments=(m,),
    meaning="Threshold at which sqrt(m) of m half-normal weights live, in units of their scale.",
    source="paper_notes/reshuffling.md",
    example=">>> round(theory.sparse_threshold(m=64), 4)\n1.5341",
)

gap_ratio = Formula(
    name="gap_ratio",
    expression=_gap_rate(largest_weight.expression) / _gap_rate(sparse_threshold.expression),
    arguments=(m,),
    meaning="Gap at the sparse threshold over the gap below the winner (f; 1 for Laplace rows).",
    source="paper_notes/reshuffling.md",
    example=">>> round(theory.gap_ratio(m=64), 4)\n1.4577",
    regime=(m > 1,),
)

winner_height = Formula(
    name="winner_height",
    expression=_gap_rate(sparse_threshold.expression)
    * (largest_weight.expression - sparse_threshold.expression),
    arguments=(m,),
    meaning="Height of the winner over the sparse threshold, in gaps there (h).",
    source="paper_notes/reshuffling.md",
    example=">>> round(theory.winner_height(m=64), 4)\n1.999",
    regime=(m > 1,),
)

winner_height_laplace = Formula(
    name="winner_height_laplace",
    expression=sp.log(m) / 2 - sp.log(sp.log(2)),
    arguments=(m,),
    meaning="Height of the winner over the sparse threshold for Laplace rows, in gaps (h).",
    source="paper_notes/reshuffling.md",
    example=">>> round(theory.winner_height_laplace(m=64), 4)\n2.446",
    regime=(m > 1,),
)

retained_fraction = Formula(
    name="retained_fraction",
    expression=sp.Integral(
        _density(_x)
        / (_below(_x) + sp.exp(kick_size**2 / 2 - kick_size * _x) * _below(kick_size - _x)),
        (_x, -sp.oo, sp.oo),
    ),
    arguments=(kick_size,),
    meaning="Fraction of winners left in place by independent Gaussian kicks.",
    source="paper_notes/reshuffling.md",
    example=">>> round(theory.retained_fraction(kick_size=0.5), 4)\n0.7444",
    error="exact for exponential gaps; O(1/log m) for Gaussian rows",
)

fast_kick_size = Formula(
    name="fast_kick_size",
    expression=_gap_rate(largest_weight.expression) * sp.sqrt(n / (8 * m)) / (1 - n / (4 * m)),
    arguments=(n, m),
    meaning="Size of a kick after the fast phase, lambda t << 1.",
    source="paper_notes/reshuffling.md",
    example=">>> round(theory.fast_kick_size(n=16, m=64), 4)\n0.5409",
    regime=(n <= m,),
    error="O(n/m) relative",
)

sparse_kick_size = Formula(
    name="sparse_kick_size",
    expression=gap_ratio.expression
    * sp.sqrt(pair_constant * (n - 1) / (winner_height.expression * sp.sqrt(m))),
    arguments=(n, m, pair_constant),
    meaning="Size of a kick at the end, lambda -> 0, Gaussian rows; no fitted constant.",
    source="paper_notes/reshuffling.md",
    example=">>> round(theory.sparse_kick_size(n=128, m=1024, pair_constant=0.346), 4)\n0.9655",
    regime=(m > 1,),
    error="heuristic in its factor O(1): R within 8 % for n <= 4 sqrt(m), too large beyond",
)

sparse_kick_size_laplace = Formula(
    name="sparse_kick_size_laplace",
    expression=sp.sqrt(pair_constant * (n - 1) / (winner_height_laplace.expression * sp.sqrt(m))),
    arguments=(n, m, pair_constant),
    meaning="Size of a kick at the end, lambda -> 0, Laplace rows; no fitted constant.",
    source="paper_notes/reshuffling.md",
    example=(
        ">>> round(theory.sparse_kick_size_laplace(n=32, m=64, pair_constant=0.346), 4)\n0.7404"
    ),
    regime=(m > 1,),
    error="heuristic in its factor O(1): R within 8 % for n <= 4 sqrt(m)",
)

fitted_kick_size = Formula(
    name="fitted_kick_size",
    expression=sp.sqrt(FITTED_CONSTANT * crowding.expression),
    arguments=(n, m),
    meaning="Size of a kick at the end, lambda -> 0, Gaussian rows; one fitted constant.",
    source="paper_notes/reshuffling.md",
    example=">>> round(theory.fitted_kick_size(n=128, m=1024), 4)\n1.1136",
    regime=(n >= 2 * sp.sqrt(m), 2 * n <= m),
    error="fitted for m = 16..1024; it misses the drift with log m",
)

regularisation_strength = Formula(
    name="regularisation_strength",
    expression=lam * sp.sqrt(m),
    arguments=(m, lam),
    meaning="lambda sqrt(m): the l1 weight in units of the initial weights.",
    source="paper_notes/reshuffling.md",
    example=">>> theory.regularisation_strength(m=1024, lam=0.01)\n0.32",
)
