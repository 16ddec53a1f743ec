"""Certified enclosures of both sides of a step in ball arithmetic (python-flint, optional).

They are a second engine for the algebra: the balls of both sides hold their values for certain.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable
from contextlib import suppress
from fractions import Fraction
from functools import cache, partial, reduce
from math import prod
from operator import methodcaller
from typing import Any

import sympy as sp

from .evaluate import Point, outermost, placed
from .operators import AtWeights, Expansion, Root, Taylor
from .routes import carried_out, points

with suppress(ImportError):
    import flint

BITS = 200
TOLERANCE = 2.0**-110
_FAR = 40


def available() -> bool:
    """Whether python-flint is installed.

    >>> from polysem.theory.proof.enclosure import available
    >>> available() in (True, False)
    True
    """
    return importlib.util.find_spec("flint") is not None


def enclose(step: Any, left: sp.Expr, right: sp.Expr, assumptions: Iterable[Any]) -> str:
    """Whether the balls of both sides overlap and are narrow, at the step's points."""
    if not available():
        return "not run"
    with flint.ctx.workprec(BITS):
        for point in points(step, left, right, assumptions):
            try:
                for symbol, expression in step.replaced.items():
                    point[symbol] = ball(expression, point)
                balls = [ball(side, point) for side in (left, right)]
            except NotImplementedError as missing:
                return f"not run ({missing})"
            if not all(b.is_finite() for b in balls):
                return "not run (an interval is not finite)"
            widest = max(float(b.real.rad()) + float(b.imag.rad()) for b in balls)
            size = max(1.0, *(float(abs(b).mid()) for b in balls))
            if not widest <= 1e-30 * size:
                return f"not run (the intervals are too wide: {widest:.1e})"
            if not balls[0].overlaps(balls[1]):
                shown = {str(symbol): str(value) for symbol, value in point.items()}
                return f"{balls[0].str(12)} is not {balls[1].str(12)} at {shown}"
    return "passed"


def ball(expression: sp.Basic, point: Point, analytic: bool = False) -> Any:
    """A complex ball that contains the value of an expression at a point.

    >>> import sympy as sp
    >>> from polysem.theory.proof.evaluate import Point
    >>> from polysem.theory.proof.enclosure import ball
    >>> x = sp.Symbol("x")
    >>> ball(sp.Integral(x**2, (x, 0, 1)), Point()).overlaps(ball(sp.Rational(1, 3), Point()))
    True
    """
    for kind in type(expression).__mro__:
        if kind in _RULES:
            return _RULES[kind](expression, point, analytic)
    raise NotImplementedError(f"interval arithmetic has no rule for {type(expression).__name__}")


def _convert(value: Any) -> Any:
    if isinstance(value, Fraction):
        return flint.acb(flint.fmpq(value.numerator, value.denominator))
    return flint.acb(value)


def _whole(expression: sp.Basic, point: Point) -> int:
    unique = ball(expression, point).real.unique_fmpz()
    if unique is None:
        raise NotImplementedError(
            f"interval arithmetic does not determine the integer {expression}"
        )
    return int(unique)


def _indexed(letter: sp.Indexed, point: Point, _: bool) -> Any:
    return _convert(point[letter.base.label][tuple(_whole(x, point) for x in letter.indices)])


def _power(power: sp.Pow, point: Point, analytic: bool) -> Any:
    base = ball(power.base, point, analytic)
    if power.exp.is_Integer:
        return base ** int(power.exp)
    if (2 * power.exp).is_Integer:
        odd = int(2 * power.exp)
        return base.sqrt(analytic=analytic) ** odd
    exponent = ball(power.exp, point, analytic)
    unique = exponent.real.unique_fmpz() if exponent.imag == 0 else None
    return base ** int(unique) if unique is not None else base.pow(exponent, analytic=analytic)


def _sum(total: sp.Sum, point: Point, analytic: bool) -> Any:
    inner, variable, low, high = outermost(total)
    if high is sp.oo:
        raise NotImplementedError("interval arithmetic has no rule for an infinite sum")
    terms = range(_whole(low, point), _whole(high, point) + 1)
    values = (ball(inner, point.with_value(variable, k), analytic) for k in terms)
    return sum(values, flint.acb(0))


def _integral(integral: sp.Integral, point: Point, _: bool = False) -> Any:
    inner, variable, low, high = outermost(integral)
    if low is -sp.oo and high is sp.oo:
        halves = ((variable, -sp.oo, 0), (variable, 0, sp.oo))
        return sum((_integral(sp.Integral(inner, half), point) for half in halves), flint.acb(0))
    if low is -sp.oo:
        turned = sp.Integral(inner.subs(variable, -variable), (variable, -high, sp.oo))
        return _integral(turned, point)
    if high is sp.oo:
        finite = sp.Integral(inner, (variable, low, _FAR))
        return _integral(finite, point) + _tail(inner, variable, point)

    def integrated(inner: sp.Expr) -> Any:
        def function(x: Any, analytic: bool) -> Any:
            return ball(inner, point.with_value(variable, x), analytic)

        ends = ball(low, point), ball(high, point)
        return flint.acb.integral(function, *ends, rel_tol=TOLERANCE, abs_tol=TOLERANCE)

    found = integrated(inner)
    # a quotient may be 0/0 at a bound
    return found if found.is_finite() else integrated(sp.cancel(inner))


def _tail(function: sp.Expr, variable: sp.Symbol, point: Point) -> Any:
    """A ball about 0 that holds the integral beyond _FAR of powers times exponentials.

    The logarithm of x^j exp(p(x)) is concave if p is of degree 2 at most and its second slope is
    not positive. So the integral beyond T is at most the value at T over minus the slope of that
    logarithm there, if this is negative.
    """
    far, bound = point.with_value(variable, _FAR), flint.arb(0)
    for term in sp.Add.make_args(sp.expand(function)):
        coefficient, shape = term.as_independent(variable, as_Add=False)
        exponents, powers = sp.S.Zero, sp.S.Zero
        for factor in sp.Mul.make_args(shape):
            base, exponent = factor.as_base_exp()
            if base == sp.E:
                exponents += exponent
            elif base == variable and exponent.is_Integer and exponent > 0:
                powers += exponent
            elif factor != 1:
                raise NotImplementedError(
                    "for an integral to infinity, interval arithmetic needs powers times "
                    "exponentials of polynomials"
                )
        slope = ball(sp.diff(exponents, variable) + powers / variable, far).real
        bends = ball(sp.diff(exponents, variable, 2), far).real
        if sp.diff(exponents, variable, 3) != 0 or not (slope < 0 and bends <= 0):
            raise NotImplementedError(f"interval arithmetic does not bound {term} towards infinity")
        bound += abs(ball(coefficient * shape, far)).upper() / -slope
    return flint.acb(flint.arb(0, bound.upper()))


def _limit(limit: sp.Limit, point: Point, _: bool) -> Any:
    """The function over a ball that reaches its limit point; it holds the limit if it is finite."""
    function, variable, target, direction = limit.args
    function = carried_out(function)
    small = sp.Dummy("y", positive=True)
    place = 1 / small if target is sp.oo else target + small * (-1 if str(direction) == "-" else 1)
    near = sp.cancel(sp.together(function.subs(variable, place), deep=True))
    tiny = flint.arb(flint.arb(2) ** -150, flint.arb(2) ** -150)
    return ball(near, point.with_value(small, tiny))


def _sign(sign: sp.Basic, point: Point, analytic: bool) -> Any:
    real = ball(sign.args[0], point, analytic).real
    for value, certain in ((0, real == 0), (1, real > 0), (-1, real < 0)):
        if certain:
            return flint.acb(value)
    raise NotImplementedError(f"interval arithmetic does not determine the sign in {sign}")


def _derivative(node: sp.Expr, point: Point, analytic: bool) -> Any:
    """A derivative, or its value at a place, carried out by SymPy."""
    done = carried_out(node)
    if done.has(sp.Derivative):
        raise NotImplementedError(f"interval arithmetic has no rule for the derivative {node}")
    return ball(done, point, analytic)


def _subs(node: sp.Subs, point: Point, analytic: bool) -> Any:
    if node.expr.has(sp.Derivative):
        return _derivative(node, point, analytic)
    for variable, value in zip(node.variables, node.point, strict=True):
        point = point.with_value(variable, ball(value, point))
    return ball(node.expr, point, analytic)


def _root(root: Root, point: Point, _: bool) -> Any:
    """A ball around a change of sign between the bounds, by bisection as far as signs are known."""

    def sign(x: Any) -> int:
        value = ball(root.function, point.with_value(root.variable, x)).real
        return int(value > 0) - int(value < 0)

    low, high = (ball(bound, point).real for bound in root.bounds)
    below, above = sign(low), sign(high)
    if 0 in (below, above):  # a bound may be the root itself
        low, high = low - TOLERANCE, high + TOLERANCE
        below, above = sign(low), sign(high)
    if below * above != -1:
        raise NotImplementedError(f"interval arithmetic does not determine the signs in {root}")
    while high - low > 4 * TOLERANCE:
        half = ((low + high) / 2).mid()
        middle = sign(half)
        if middle == 0 and (sign(half - TOLERANCE), sign(half + TOLERANCE)) != (below, above):
            break
        low = half - TOLERANCE if middle == 0 else half if middle == below else low
        high = half + TOLERANCE if middle == 0 else half if middle == above else high
    return flint.acb(low.union(high))


def _taylor(taylor: Taylor, point: Point, _: bool) -> Any:
    return _truncated(
        taylor.function, taylor.variable, taylor.degree, ball(taylor.variable, point), point
    )


def _expansion(expansion: Expansion, point: Point, _: bool) -> Any:
    """The Taylor polynomial in the inverse of the variable."""
    small = sp.Symbol("y", positive=True)
    turned = expansion.function.subs(expansion.variable, 1 / small)
    function = _near_zero(turned, small, expansion.order)
    inverse = 1 / ball(expansion.variable, point)
    return _truncated(function, small, expansion.order, inverse, point)


@cache
def _near_zero(function: sp.Expr, variable: sp.Symbol, order: int) -> sp.Expr:
    """A function that has a power series about 0; erfc is replaced by its asymptotic series."""
    if function.has(sp.erfc):
        far = partial(_far_erfc, order + 4)  # the leading terms may cancel
        function = sp.cancel(sp.powsimp(sp.expand(function.replace(sp.erfc, far))))
    if function.is_rational_function(variable):
        return sp.cancel(function)
    return sp.together(function, deep=True)


def _far_erfc(terms: int, x: sp.Expr) -> sp.Expr:
    """erfc by its asymptotic series, which repeated integration by parts gives."""
    term, total = sp.S.One, sp.S.One
    for count in range(1, terms):
        term *= -(2 * count - 1) / (2 * x**2)
        total += term
    return sp.exp(-(x**2)) / (sp.sqrt(sp.pi) * x) * total


def _truncated(
    function: sp.Expr, variable: sp.Symbol, degree: int, place: Any, point: Point
) -> Any:
    """The polynomial from a power series with balls as coefficients, at a place."""
    kept, flint.ctx.cap = flint.ctx.cap, degree + 1
    try:
        series = _series(carried_out(function), variable, point)
        coefficients = [series[power] for power in range(degree + 1)]
    except (ValueError, ZeroDivisionError) as error:  # there is no power series
        raise NotImplementedError(
            f"interval arithmetic has no power series of {function}"
        ) from error
    finally:
        flint.ctx.cap = kept
    return sum((c * place**power for power, c in enumerate(coefficients)), flint.acb(0))


def _series(expression: sp.Expr, variable: sp.Symbol, point: Point) -> Any:
    """The power series of an expression about 0, up to the cap of python-flint."""
    if not expression.has(variable):
        return flint.arb_series([ball(expression, point).real])
    if expression == variable:
        return flint.arb_series([0, 1])
    parts = [_series(part, variable, point) for part in expression.args]
    if isinstance(expression, sp.Add | sp.Mul):
        return sum(parts, flint.arb_series([0])) if expression.is_Add else prod(parts)
    if expression.is_Pow and (2 * expression.exp).is_Integer:
        base = parts[0] if expression.exp.is_Integer else parts[0].sqrt()
        count = int(expression.exp if expression.exp.is_Integer else 2 * expression.exp)
        return base**count if count >= 0 else (base**-count).inv()
    name = type(expression).__name__
    if len(parts) == 1 and hasattr(parts[0], name):
        return methodcaller(name)(parts[0])
    raise NotImplementedError(f"interval arithmetic has no power series of {expression}")


def _falling(falling: sp.FallingFactorial, point: Point, analytic: bool) -> Any:
    x = ball(falling.args[0], point, analytic)
    return prod((x - k for k in range(_whole(falling.args[1], point))), start=flint.acb(1))


def _binomial(binomial: sp.binomial, point: Point, _: bool) -> Any:
    top, bottom = (_whole(x, point) for x in binomial.args)
    return flint.acb(flint.fmpz.bin_uiui(top, bottom) if 0 <= bottom <= top else 0)


def _delta(delta: sp.KroneckerDelta, point: Point, _: bool) -> Any:
    return flint.acb(int(_whole(delta.args[0], point) == _whole(delta.args[1], point)))


def _call(function: Callable[..., Any]) -> Callable[..., Any]:
    """The rule of a function that takes the balls of all arguments."""
    return lambda e, point, analytic: function(*(ball(x, point, analytic) for x in e.args))


_SAME_NAME = ("exp", "cos", "sin", "acos", "erf", "erfc")
_RULES: dict[type, Callable[..., Any]] = {
    **{getattr(sp, name): _call(methodcaller(name)) for name in _SAME_NAME},
    sp.Rational: lambda e, p, _: flint.acb(flint.fmpq(int(e.p), int(e.q))),
    type(sp.pi): lambda e, p, _: flint.acb(flint.arb.pi()),
    type(sp.E): lambda e, p, _: flint.acb(1).exp(),
    sp.Symbol: lambda e, p, _: _convert(p[e]),
    sp.Indexed: _indexed,
    sp.Add: _call(lambda *balls: sum(balls, flint.acb(0))),
    sp.Mul: _call(lambda *balls: prod(balls, start=flint.acb(1))),
    sp.Pow: _power,
    sp.Sum: _sum,
    sp.Integral: _integral,
    sp.Limit: _limit,
    sp.Derivative: _derivative,
    sp.sign: _sign,
    sp.Heaviside: lambda e, p, analytic: (1 + _sign(e, p, analytic)) / 2,
    sp.Abs: _call(lambda x: flint.acb(abs(x))),
    sp.Subs: _subs,
    AtWeights: lambda e, p, analytic: ball(e.function, placed(e, p, ball), analytic),
    sp.Max: _call(lambda *balls: flint.acb(reduce(lambda x, y: x.max(y), (b.real for b in balls)))),
    sp.KroneckerDelta: _delta,
    sp.binomial: _binomial,
    sp.factorial: _call(lambda x: (x + 1).gamma()),
    sp.FallingFactorial: _falling,
    sp.erfinv: _call(lambda x: flint.acb(x.real.erfinv())),
    Root: _root,
    Taylor: _taylor,
    Expansion: _expansion,
    sp.log: lambda e, p, analytic: ball(e.args[0], p, analytic).log(analytic=analytic),
}
