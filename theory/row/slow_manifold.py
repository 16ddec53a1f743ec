"""The slow manifold of a row on its own: its amplitude as a function of the threshold."""

from functools import partial

import sympy as sp

from ..proof import Definition, Formula, Root, Step, Taylor, derived, of
from ..proof import symbols as s
from .sparsification import AMPLITUDE_RATE, EXCESS1_SLOPE, EXCESS2_SLOPE, THRESHOLD_RATE

_NOTES = "paper_notes/sparsification.md"
formula = partial(Formula, source=_NOTES)
_U, _A, _M1, _M2, _RHO = s.inverse_square, s.common, s.excess1, s.excess2, s.initial_norm

INVERSE_SQUARE = Definition(
    name="inverse_square",
    expression=_A**-2,
    meaning="u, the inverse square of the common amplitude.",
    source=_NOTES,
    letter=_U,
)

inverse_square_rate = formula(
    name="inverse_square_rate",
    expression=-2 * (_U - _M2),
    arguments=(_U, _M2),
    meaning="The time derivative of u, the inverse square of the common amplitude.",
    example=(">>> theory.inverse_square_rate(inverse_amplitude_squared=1.0, excess2=0.75)\n-0.5"),
    unit="per flow time",
)
INVERSE_SQUARE_RATE = derived(
    inverse_square_rate,
    "u = A^-2 obeys the linear equation u' = {formula}.",
    Step(
        name="change variable",
        left=of(AMPLITUDE_RATE, build=lambda rate: sp.Derivative(_A**-2, _A) * rate),
        right=inverse_square_rate.expression.subs(_U, _A**-2),
        reason="u' = -2 A^-3 A'",
    ),
    Step(name="in u", reason="u = A^-2", given={_U: of(INVERSE_SQUARE)}),
)

inverse_square_slope = formula(
    name="inverse_square_slope",
    expression=-2 / s.lam * (sp.sqrt(_U) - _M2 / sp.sqrt(_U)),
    arguments=(s.lam, _U, _M2),
    meaning="The derivative of u, the inverse square of the amplitude, by the threshold.",
    example=(
        ">>> theory.inverse_square_slope(lam=0.5, inverse_amplitude_squared=4.0, excess2=3.0)\n-2.0"
    ),
    regime=(s.lam > 0,),
    unit="per weight",
)
INVERSE_SQUARE_SLOPE = derived(
    inverse_square_slope,
    "With the threshold as clock a lone row is one scalar equation, du/dB = {formula}.",
    Step(
        name="divide",
        left=of(
            INVERSE_SQUARE_RATE,
            THRESHOLD_RATE,
            build=lambda up, clock: up / sp.Subs(clock, _A, 1 / sp.sqrt(_U)),
        ),
        right=-2 * (_U - _M2) / (s.lam * sp.sqrt(_U)),
        reason="du/dB = (du/dt)/(dB/dt), where dB/dt = lambda/A = lambda sqrt(u)",
        assumptions=(s.lam > 0,),
    ),
    Step(name="split", reason="u/sqrt(u) = sqrt(u)", assumptions=(s.lam > 0,)),
)

transient_delay = formula(
    name="transient_delay",
    expression=1 / _RHO - 1 - sp.log((1 + 1 / _RHO) / 2),
    arguments=(_RHO,),
    meaning="By how much the slow manifold overestimates the time at which a threshold is met.",
    example=">>> round(theory.transient_delay(initial_norm=0.9), 4)\n0.057",
    error="o(1) as lambda -> 0",
    unit="flow",
)
TRANSIENT_DELAY = derived(
    transient_delay,
    "As lambda -> 0 a threshold is met earlier than the slow manifold says by {formula}, "
    "rho = |W(0)|, and later where this is negative, for rho > 1.",
    Step(
        name="excess of the clock",
        left=of(
            INVERSE_SQUARE_RATE,
            build=lambda rate: sp.Integral(
                (s.a / _RHO - 1) * (-2 * s.a / rate.subs({_U: s.a**2})), (s.a, _RHO, 1)
            ).subs(_M2, _RHO**2),
        ),
        right=sp.Integral(s.a / (_RHO * (s.a + _RHO)), (s.a, _RHO, 1)),
        reason="int (sqrt(u/M2) - 1) dt with u = a^2, at M2 = |W(0)|^2, its initial value",
    ),
    Step(name="integrate", reason="a/(a + rho) = 1 - rho/(a + rho)"),
    prose="While the transient lasts, a time of order 1, the threshold and with it M2 move "
    "by order lambda only.",
)


def _along(slow: sp.Expr) -> sp.Expr:
    """The derivative by B of a function of M1, M2 (M2' = -2 M1, M1' = -M0)."""
    return -2 * _M1 * sp.diff(slow, _M2) - s.live * sp.diff(slow, _M1)


slow_inverse_amplitude_squared = formula(
    name="slow_inverse_amplitude_squared",
    expression=_M2 + s.lam * _M1 * sp.sqrt(_M2) + s.lam**2 * (_M1**2 + s.live * _M2 / 2),
    arguments=(s.lam, s.live, _M1, _M2),
    meaning="The inverse square of the common amplitude on the slow manifold, to second order.",
    example=(
        ">>> round(theory.slow_inverse_amplitude_squared(lam=0.01, live=100, excess1=7.5,"
        " excess2=1.0), 6)\n1.085625"
    ),
    error="O(lambda^3) at fixed moments; the small parameter is lambda sqrt(live)",
)


def _inserted(slope: sp.Expr, slow: sp.Expr) -> sp.Expr:
    """u - (lambda/2) sqrt(u) (du/dB as the equation says, less that along the manifold)."""
    return sp.expand(slow + s.lam * sp.sqrt(slow) / 2 * (slope.subs(_U, slow) - _along(slow)))


SLOW_INVERSE_SQUARE = derived(
    slow_inverse_amplitude_squared,
    "After a transient of order 1, u = {formula} + O(lambda^3).",
    Step(
        name="fixed point",
        left=of(
            INVERSE_SQUARE_SLOPE,
            build=lambda slope: Taylor(_inserted(slope, _inserted(slope, _M2)), s.lam, 2),
        ),
        right=Taylor(
            _M2
            + s.lam
            * sp.sqrt(_M2 + s.lam * _M1 * sp.sqrt(_M2))
            * (_M1 + s.lam * (_M1**2 / sp.sqrt(_M2) + s.live * sp.sqrt(_M2)) / 2),
            s.lam,
            2,
        ),
        reason="the equation for du/dB says u = M2 - (lambda/2) sqrt(u) du/dB; u = M2 on the "
        "right, with M2' = -2 M1, gives u = M2 + lambda M1 sqrt(M2), and this on the right, with "
        "M1' = -M0, the first line; collect it as M2 + lambda sqrt(u) (M1 + ...)",
        assumptions=(s.lam > 0,),
        ranges={_M2: (0.5, 3), s.live: (0.1, 3)},
    ),
    Step(
        name="second order",
        reason="sqrt(M2 + lambda M1 sqrt(M2)) = sqrt(M2) + lambda M1/2 to first order; M1^2/2 "
        "comes from both factors",
        assumptions=(s.lam > 0,),
        ranges={_M2: (0.5, 3), s.live: (0.1, 3)},
    ),
    prose="u' = -2 (u - M2) pulls u at rate 2 to this curve, the slow manifold, on which u changes "
    "only with B; M1' = -M0, M2' = -2 M1.",
    by=(INVERSE_SQUARE_RATE, EXCESS1_SLOPE, EXCESS2_SLOPE),
)

slow_amplitude = formula(
    name="slow_amplitude",
    expression=2 / (s.lam * _M1 + sp.sqrt(s.lam**2 * _M1**2 + 4 * _M2)),
    arguments=(s.lam, _M1, _M2),
    meaning="The common amplitude on the slow manifold, the root of A^2 M2 = 1 - lambda A M1.",
    example=(">>> round(theory.slow_amplitude(lam=0.01, excess1=7.5, excess2=1.0), 6)\n0.963203"),
    error="relative O(lambda^2 live): see slow_amplitude_excess",
)
SLOW_AMPLITUDE = derived(
    slow_amplitude,
    "With M_2' for u' on the slow manifold, A = {formula}.",
    Step(
        name="quadratic",
        left=of(
            INVERSE_SQUARE_SLOPE,
            build=lambda slope: Root(
                sp.expand(s.lam * _A / 2 * (slope.subs(_U, _A**-2) + 2 * _M1)),
                _A,
                0,
                1 / sp.sqrt(_M2),
            ),
        ),
        right=(sp.sqrt(s.lam**2 * _M1**2 + 4 * _M2) - s.lam * _M1) / (2 * _M2),
        reason="du/dB = -2 M1 at u = A^-2 gives A^2 M2 = 1 - lambda A M1; the positive root",
        assumptions=(s.lam > 0,),
    ),
    Step(
        name="rational numerator",
        reason="multiply numerator and denominator by the sum of the root and lambda M1",
        assumptions=(s.lam > 0,),
    ),
    prose="To leading order u is M2, and M2' = -2 M1.",
    by=(EXCESS2_SLOPE,),
)

slow_amplitude_excess = formula(
    name="slow_amplitude_excess",
    expression=s.lam**2 * (s.live + _M1**2 / _M2) / 4,
    arguments=(s.lam, s.live, _M1, _M2),
    meaning="By what fraction slow_amplitude is too large.",
    example=(
        ">>> round(theory.slow_amplitude_excess(lam=0.01, live=100, excess1=7.5, excess2=1.0), 6)"
        "\n0.003906"
    ),
    error="O(lambda^3) at fixed moments",
)
SLOW_AMPLITUDE_EXCESS = derived(
    slow_amplitude_excess,
    "The amplitude slow_amplitude is too large by the fraction {formula}.",
    Step(
        name="compare",
        left=of(
            SLOW_AMPLITUDE,
            SLOW_INVERSE_SQUARE,
            build=lambda closed, u: Taylor(closed * sp.sqrt(u) - 1, s.lam, 2),
        ),
        reason="A_s sqrt(u) - 1 to second order in lambda",
        ranges={_M2: (0.5, 3)},
    ),
)
