"""The threshold below which l1 kills a lone row, its series, and the fraction of dead rows.

A lone row with threshold b (in units of its initial scale) and inverse amplitude v obeys
``dv/db = -(1 - mu2(b)/v^2) / Lambda`` with ``Lambda = lambda sqrt(m)``; it dies if b reaches its
largest weight. paper_notes/reshuffling.md derives the series.
"""

from functools import partial

import sympy as sp

from ..model import INITIAL
from ..proof import Formula, Step, derived, of
from ..proof import symbols as s
from .slow_manifold import INVERSE_SQUARE_SLOPE
from .sparsification import ROW_SOLUTION

_NOTES = "paper_notes/reshuffling.md"
formula = partial(Formula, source=_NOTES)
_L, _V = s.l1_strength, s.inverse_amplitude
_PI = sp.pi
_b, _z = s.past_threshold, s.relative_threshold

collapse_rate = formula(
    name="collapse_rate",
    expression=-(1 - s.mean_excess2 / _V**2) / _L,
    arguments=(_V, s.mean_excess2, _L),
    meaning="How the inverse amplitude of a lone row changes with its threshold.",
    example=(
        ">>> theory.collapse_rate(inverse_amplitude=1.0, mean_excess2=0.5, l1_strength=2.0)\n-0.25"
    ),
)
COLLAPSE_RATE = derived(
    collapse_rate,
    "With the threshold as clock, in units of the initial scale 1/sqrt(m), the inverse "
    "amplitude of a lone row obeys dv/db = {formula}.",
    Step(
        name="change clock and variable",
        left=of(
            INVERSE_SQUARE_SLOPE,
            build=lambda slope: (
                sp.Subs(
                    slope,
                    (s.inverse_square, s.excess2, s.lam),
                    (_V**2, s.mean_excess2, _L / sp.sqrt(s.m)),
                )
                / (2 * _V * sp.sqrt(s.m))
            ),
        ),
        right=sp.Mul(
            -2 * sp.sqrt(s.m) / _L,
            _V - s.mean_excess2 / _V,
            1 / (2 * _V * sp.sqrt(s.m)),
            evaluate=False,
        ),
        reason="u = v^2 gives du = 2 v dv, B = b/sqrt(m) gives dB = db/sqrt(m); M2 = m mu2/m and "
        "lambda = Lambda/sqrt(m)",
    ),
    Step(name="cancel", reason="2 sqrt(m) cancels, and (v - mu2/v)/v = 1 - mu2/v^2"),
)


def _mean(density: sp.Expr, power: int) -> sp.Expr:
    """The mean over |z| of the integral over b of (|z| - b)_+^2 b^power, a beta integral."""
    inner = 2 * sp.factorial(power) / sp.factorial(power + 3) * _z ** (power + 3)
    return sp.Integral(2 * density * inner, (_z, 0, sp.oo))


collapse_shift = formula(
    name="collapse_shift",
    expression=sp.Rational(2, 3) * sp.sqrt(2 / _PI),
    meaning="Coefficient of Lambda^0 in the collapse threshold.",
    example=">>> round(theory.collapse_shift(), 4)\n0.5319",
)
COLLAPSE_SHIFT = derived(
    collapse_shift,
    "The small weights of a row raise its collapse threshold by E|z|^3/3 = {formula} to "
    "leading order.",
    Step(
        name="integrate the mean excess",
        left=of(INITIAL, build=lambda density: _mean(density, 0)),
        reason="the threshold lies above Lambda by int mu2 db, with mu2 the mean of (|z| - b)_+^2; "
        "with the order of the integrals exchanged, each |z| gives |z|^3/3",
    ),
    prose="To leading order v = 1 - b/Lambda, and mu2 has its weight at b of order 1, "
    "where v = 1: v vanishes at b = Lambda + int mu2.",
    by=(COLLAPSE_RATE,),
)

collapse_first = formula(
    name="collapse_first",
    expression=sp.Rational(1, 2) - 8 / (9 * _PI),
    meaning="Coefficient of 1/Lambda in the collapse threshold.",
    example=">>> round(theory.collapse_first(), 4)\n0.2171",
)
COLLAPSE_FIRST = derived(
    collapse_first,
    "The coefficient of 1/Lambda in the collapse threshold is 2 int mu2 (b - I) db = {formula}, "
    "I' = mu2.",
    Step(
        name="integrate",
        left=of(
            INITIAL, COLLAPSE_SHIFT, build=lambda density, shift: 2 * _mean(density, 1) - shift**2
        ),
        reason="with the order of the integrals exchanged, each |z| gives int (|z| - b)^2 b db = "
        "|z|^4/12; mu2 I = I' I, so that 2 int mu2 I = I(infinity)^2, the square of collapse_shift",
    ),
    prose="1/v^2 = 1 + 2 (b - I)/Lambda + O(Lambda^-2).",
    by=(COLLAPSE_RATE,),
)

_angle = sp.Dummy("theta", nonnegative=True)


def _two_means(density: sp.Expr) -> sp.Expr:
    """The mean over |z|, |z'| of int (|z| - b)_+^2 (|z'| - b)_+^3 b/3 db, in polar coordinates."""
    x, y = sp.cos(_angle), sp.sin(_angle)

    def below(low: sp.Expr) -> sp.Expr:
        inner = sp.integrate(sp.expand((x - _b) ** 2 * (y - _b) ** 3 * _b / 3), (_b, 0, low))
        return sp.expand(inner)

    radial = sp.Integral(_z**8 * density, (_z, 0, sp.oo))
    angular = sp.Integral(below(y), (_angle, 0, _PI / 4))
    angular += sp.Integral(below(x), (_angle, _PI / 4, _PI / 2))
    return 4 / sp.sqrt(2 * _PI) * radial * angular


collapse_second = formula(
    name="collapse_second",
    expression=(1728 * _PI + 2800 * sp.sqrt(2) - 1539 * sp.sqrt(2) * _PI)
    / (2835 * _PI ** sp.Rational(3, 2)),
    meaning="Coefficient of 1/Lambda^2 in the collapse threshold.",
    example=">>> round(theory.collapse_second(), 4)\n0.1616",
)
COLLAPSE_SECOND = derived(
    collapse_second,
    "The coefficient of Lambda^-2 in the collapse threshold is int mu2 (3 (b - I)^2 - 4 K) db = "
    "{formula}, K' = mu2 (b - I).",
    Step(
        name="integrate",
        left=of(
            INITIAL,
            COLLAPSE_SHIFT,
            build=lambda density, shift: (
                3 * _mean(density, 2)
                - 2 * (shift * _mean(density, 1) - _two_means(density))
                - shift**3 / 3
                - 4 * shift * (_mean(density, 1) - shift**2 / 2)
            ),
        ),
        reason="by parts: int mu2 K = K I - int I mu2 (b - I) at infinity, and I = I(infinity) "
        "- E(|z| - b)_+^3/3",
    ),
    prose="1/v^2 to second order is 1 + 2 (b - I)/Lambda + (3 (b - I)^2 - 4 K)/Lambda^2.",
    by=(COLLAPSE_RATE,),
)

collapse_threshold = formula(
    name="collapse_threshold",
    expression=_L
    + collapse_shift.expression
    + collapse_first.expression / _L
    + collapse_second.expression / _L**2,
    arguments=(_L,),
    meaning="A lone half-normal row dies if its largest weight, in units of its scale, is below.",
    example=">>> round(theory.collapse_threshold(l1_strength=2.0), 4)\n2.6808",
    regime=(_L >= 1,),
    error="O(Lambda^-3), and the winner's own norm, Lambda^3/m",
)
COLLAPSE_THRESHOLD = derived(
    collapse_threshold,
    "A lone row dies if its largest weight, in units of 1/sqrt(m), is below {formula}, "
    "Lambda = lambda sqrt(m) large.",
    Step(
        name="collect the orders",
        left=of(
            COLLAPSE_SHIFT,
            COLLAPSE_FIRST,
            COLLAPSE_SECOND,
            build=lambda c0, c1, c2: _L * (1 + sp.Add(c0 / _L, c1 / _L**2)) + c2 / _L**2,
        ),
        reason="dv/db = -(1 - mu2/v^2)/Lambda with v = 1 at b = 0 makes v = 0 where b = Lambda + "
        "int_0^b mu2/v^2; the integral in powers of 1/Lambda has the coefficients above",
    ),
    prose="The row dies if and only if b reaches its largest weight while v > 0.",
    by=(COLLAPSE_RATE, ROW_SOLUTION),
)

dead_fraction_series = formula(
    name="dead_fraction_series",
    expression=sp.erf(collapse_threshold.expression.subs(_L, s.lam * sp.sqrt(s.m)) / sp.sqrt(2))
    ** s.m,
    arguments=(s.m, s.lam),
    meaning="Fraction of lone half-normal rows that l1 kills, by the series of the threshold.",
    example=">>> round(theory.dead_fraction_series(m=1024, lam=0.0872), 3)\n0.528",
    regime=(s.lam * sp.sqrt(s.m) >= 1,),
    error="O(Lambda^-2) at a given fraction, Lambda = lambda sqrt(m): use numerics.dead_fraction",
)
DEAD_FRACTION_SERIES = derived(
    dead_fraction_series,
    "l1 kills the fraction {formula} of lone Gaussian rows, which is erf(z_c/sqrt(2))^m with the "
    "collapse threshold z_c.",
    prose="All m half-normal weights must lie below the threshold.",
    by=(COLLAPSE_THRESHOLD,),
)

ONE_CURVE_COLLAPSE = derived(
    "one_curve_collapse",
    "The one-curve law, the other weights replaced by their distribution below the largest, gives "
    "the fraction of lone Gaussian rows that l1 kills within 3 percentage points.",
    page=_NOTES,
    checks=("one_curve_collapse",),
)
