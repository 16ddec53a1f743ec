"""Certified enclosures of both sides of a step in ball arithmetic (python-flint, optional)."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import sympy as sp

from .evaluate import Point
from .routes import points

BITS = 200
TOLERANCE = 2.0**-110
_NEEDED = (sp.Sum, sp.Integral, sp.Limit)
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
    if not (left.has(*_NEEDED) or right.has(*_NEEDED)):
        return "not needed"
    if not available():
        return "not run"
    import flint

    with flint.ctx.workprec(BITS):
        for point in points(step, left, right, assumptions):
            try:
                for symbol, origin in step.given.items():
                    point[symbol] = ball(origin.expression, point)
                balls = [ball(side, point) for side in (left, right)]
            except NotImplementedError as missing:
                return f"not run ({missing})"
            if not all(b.is_finite() for b in balls):
                return "not run (a ball is not finite)"
            widest = max(float(b.real.rad()) + float(b.imag.rad()) for b in balls)
            size = max(1.0, *(float(abs(b).mid()) for b in balls))
            if not widest <= 1e-30 * size:
                return f"balls are too wide ({widest:.1e}): {left} = {balls[0]}"
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
    import flint

    def go(e: sp.Basic) -> Any:
        return ball(e, point, analytic)

    head = expression
    if isinstance(head, sp.Rational):
        return flint.acb(flint.fmpq(int(head.p), int(head.q)))
    if head is sp.pi:
        return flint.acb(flint.arb.pi())
    if head is sp.E:
        return flint.acb(1).exp()
    if isinstance(head, sp.Symbol):
        return _convert(point[head])
    if isinstance(head, sp.Indexed):
        return _convert(point[head.base.label][tuple(_whole(x, point) for x in head.indices)])
    if isinstance(head, sp.Add):
        return sum((go(x) for x in head.args), flint.acb(0))
    if isinstance(head, sp.Mul):
        product = flint.acb(1)
        for x in head.args:
            product *= go(x)
        return product
    if isinstance(head, sp.Pow):
        return _power(head, point, analytic)
    if isinstance(head, sp.Sum):
        return _sum(head, point, analytic)
    if isinstance(head, sp.Integral):
        return _integral(head, point)
    if isinstance(head, sp.Limit):
        return _limit(head, point)
    if isinstance(head, sp.Derivative):
        return go(head.doit(deep=False))
    if isinstance(head, sp.sign | sp.Heaviside):
        return _by_sign(head, go(head.args[0]))
    if isinstance(head, sp.Max):
        return _largest([go(x) for x in head.args])
    if isinstance(head, sp.KroneckerDelta):
        return flint.acb(int(_whole(head.args[0], point) == _whole(head.args[1], point)))
    if isinstance(head, sp.binomial):
        return _binomial(*(_whole(x, point) for x in head.args))
    name = _FUNCTIONS.get(type(head))
    if name is None:
        raise NotImplementedError(f"no enclosure rule for {type(head).__name__}")
    value = go(head.args[0])
    return value.log(analytic=analytic) if name == "log" else getattr(value, name)()


_FUNCTIONS = {
    sp.exp: "exp",
    sp.log: "log",
    sp.cos: "cos",
    sp.sin: "sin",
    sp.erf: "erf",
    sp.erfc: "erfc",
}


def _convert(value: Any) -> Any:
    import flint

    if isinstance(value, Fraction):
        return flint.acb(flint.fmpq(value.numerator, value.denominator))
    return flint.acb(value)


def _whole(expression: sp.Basic, point: Point) -> int:
    unique = ball(expression, point).real.unique_fmpz()
    if unique is None:
        raise NotImplementedError(f"{expression} is no integer in ball arithmetic")
    return int(unique)


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
    import flint

    (variable, low, high), *rest = reversed(total.limits)
    inner = sp.Sum(total.function, *reversed(rest)) if rest else total.function
    if high is sp.oo:
        raise NotImplementedError("an infinite sum")
    terms = range(_whole(low, point), _whole(high, point) + 1)
    values = (ball(inner, point.with_value(variable, k), analytic) for k in terms)
    return sum(values, flint.acb(0))


def _integral(integral: sp.Integral, point: Point) -> Any:
    import flint

    (variable, low, high), *rest = reversed(integral.limits)
    inner = sp.Integral(integral.function, *reversed(rest)) if rest else integral.function
    if low is -sp.oo:
        raise NotImplementedError("an integral from minus infinity")
    if high is sp.oo:
        finite = sp.Integral(inner, (variable, low, _FAR))
        return _integral(finite, point) + _gaussian_tail(inner, variable, point)

    def function(x: Any, analytic: bool) -> Any:
        return ball(inner, point.with_value(variable, x), analytic)

    ends = ball(low, point), ball(high, point)
    return flint.acb.integral(function, *ends, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _gaussian_tail(function: sp.Expr, variable: sp.Symbol, point: Point) -> Any:
    """A ball about 0 that holds the integral beyond _FAR of a polynomial times exp(-x^2/2).

    By parts, the integral of x^j exp(-x^2/2) beyond T is at most 2 T^(j-1) exp(-T^2/2) for
    T^2 >= 2 j.
    """
    import flint

    polynomial = sp.Poly(sp.powsimp(sp.expand(function * sp.exp(variable**2 / 2))), variable)
    if polynomial.degree() > _FAR or any(c.has(sp.exp) for c in polynomial.coeffs()):
        raise NotImplementedError("an integral to infinity that is not Gaussian")
    bound = flint.arb(0)
    for (power,), coefficient in polynomial.terms():
        size = abs(ball(coefficient, point)).upper()
        bound += 2 * size * flint.arb(_FAR) ** (power - 1) * flint.arb(-(_FAR**2) / 2).exp()
    return flint.acb(flint.arb(0, bound.upper()))


def _limit(limit: sp.Limit, point: Point) -> Any:
    """The function over a ball that reaches its limit point (rational functions only)."""
    import flint

    function, variable, target, direction = limit.args
    small = sp.Dummy("y", positive=True)
    place = 1 / small if target is sp.oo else target + small * (-1 if str(direction) == "-" else 1)
    near = sp.cancel(sp.together(function.subs(variable, place)))
    if not near.is_rational_function(small):
        raise NotImplementedError(f"the limit of {function}")
    tiny = flint.arb(flint.arb(2) ** -150, flint.arb(2) ** -150)
    return ball(near, point.with_value(small, tiny))


def _by_sign(head: sp.Basic, value: Any) -> Any:
    import flint

    real = value.real
    if real == 0 and isinstance(head, sp.Heaviside):
        return flint.acb(flint.fmpq(1, 2))
    if real.contains(0) and not real == 0:
        raise NotImplementedError(f"{head} where its sign is not certain")
    sign = 0 if real == 0 else (1 if real > 0 else -1)
    return flint.acb(sign if isinstance(head, sp.sign) else (1 + sign) // 2)


def _largest(values: list[Any]) -> Any:
    import flint

    best = values[0].real
    for value in values[1:]:
        best = best.max(value.real)
    return flint.acb(best)


def _binomial(top: int, bottom: int) -> Any:
    import flint

    return flint.acb(flint.fmpz.bin_uiui(top, bottom) if 0 <= bottom <= top else 0)
