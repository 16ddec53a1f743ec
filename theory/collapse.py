"""When l1 kills a whole feature: the one-curve law, its series, and the dead fraction.

A lone row with threshold b (in units of its initial scale) and inverse amplitude v obeys
``dv/db = -(1 - mu2(b)/v^2) / Lambda`` with ``Lambda = lambda sqrt(m)``; it dies if b reaches its
largest weight. paper_notes/reshuffling.md derives the series.
"""

import sympy as sp

from .formula import Formula
from .symbols import l1_strength, lam, m

_PI = sp.pi

COLLAPSE_SERIES = (
    sp.Rational(2, 3) * sp.sqrt(2 / _PI),
    sp.Rational(1, 2) - 8 / (9 * _PI),
    (1728 * _PI + 2800 * sp.sqrt(2) - 1539 * sp.sqrt(2) * _PI) / (2835 * _PI ** sp.Rational(3, 2)),
)
"""Coefficients of Lambda^0, Lambda^-1 and Lambda^-2 in the collapse threshold."""

collapse_threshold = Formula(
    name="collapse_threshold",
    expression=l1_strength + sum(c / l1_strength**j for j, c in enumerate(COLLAPSE_SERIES)),
    arguments=(l1_strength,),
    meaning="A lone half-normal row dies if its largest weight, in units of its scale, is below.",
    source="paper_notes/reshuffling.md",
    example=">>> round(theory.collapse_threshold(l1_strength=2.0), 4)\n2.6808",
    regime=(l1_strength >= 1,),
    error="O(Lambda^-3), and the winner's own norm, Lambda^3/m",
)

dead_fraction_series = Formula(
    name="dead_fraction_series",
    expression=sp.erf(
        collapse_threshold.expression.subs(l1_strength, lam * sp.sqrt(m)) / sp.sqrt(2)
    )
    ** m,
    arguments=(m, lam),
    meaning="Fraction of lone half-normal rows that l1 kills, by the series of the threshold.",
    source="paper_notes/reshuffling.md",
    example=">>> round(theory.dead_fraction_series(m=1024, lam=0.0872), 3)\n0.528",
    regime=(lam * sp.sqrt(m) >= 1,),
    error="asymptotic in Lambda = lambda sqrt(m); use numerics.dead_fraction for numbers",
)

collapse_lam = Formula(
    name="collapse_lam",
    expression=sp.sqrt(2 * sp.log(2 * m)) / sp.sqrt(m),
    arguments=(m,),
    meaning="Leading order of the lambda that kills half of the features.",
    source="paper_notes/reshuffling.md",
    example=">>> round(theory.collapse_lam(m=1024), 4)\n0.122",
    error="leading order in 1/log m; 30 % too large at m = 1000",
)
