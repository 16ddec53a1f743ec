"""Values of expressions by walking their tree in mpmath: a route that shares no code with SymPy's.

Sums are added term by term, integrals are quadratures, derivatives difference quotients, roots
bisections and limits extrapolations; SymPy's ``evalf`` and ``doit`` are never called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import mpmath
import sympy as sp

from .operators import AtWeights, Expansion, Root, Taylor


class Field(dict[tuple[int, ...], Any]):
    """The values of an indexed letter by tuple of indices, found when first asked for.

    >>> from polysem.theory.proof.evaluate import Field
    >>> Field(lambda place: sum(place))[1, 2]
    3
    """

    def __init__(self, source: Callable[[tuple[int, ...]], Any]) -> None:
        super().__init__()
        self.source = source

    def __missing__(self, place: tuple[int, ...]) -> Any:
        self[place] = self.source(place)
        return self[place]


class Point(dict[sp.Basic, Any]):
    """Values by symbol; an indexed letter has a :class:`Field`."""

    def with_value(self, letter: sp.Basic, value: Any) -> Point:
        """The point with one value changed."""
        if not isinstance(letter, sp.Indexed):
            return Point(self | {letter: value})
        changed = Field(self[letter.base.label].__getitem__)
        changed[tuple(whole(index, self) for index in letter.indices)] = value
        return Point(self | {letter.base.label: changed})


def whole(expression: sp.Expr, point: Point) -> int:
    """The value of an expression that is an integer, such as the bound of a sum."""
    value = value_of(expression, point)
    nearest = int(mpmath.nint(value.real))
    if abs(value - nearest) > mpmath.mpf(10) ** (-20):
        raise ArithmeticError(
            f"{expression} is {value} at {point}, and it must be an integer; choose other "
            "arguments."
        )
    return nearest


def value_of(expression: sp.Basic, point: Point) -> Any:
    """The value of an expression at a point, at mpmath's present precision.

    >>> import sympy as sp
    >>> from polysem.theory.proof.evaluate import Point, value_of
    >>> k, n = sp.symbols("k n")
    >>> int(value_of(sp.Sum(k**2, (k, 1, n)), Point({n: 10})))
    385
    """
    for kind in type(expression).__mro__:
        if kind in _RULES:
            return _RULES[kind](expression, point)
    raise NotImplementedError(
        f"Got {expression}, a {type(expression).__name__}; polysem has no rule to evaluate it: "
        "rewrite the expression, or add a rule to _RULES in theory/proof/evaluate.py."
    )


def _rational(number: Any, _point: Point) -> Any:
    return mpmath.mpf(int(number.p)) / int(number.q)


def _symbol(symbol: sp.Symbol, point: Point) -> Any:
    return mpmath.mpmathify(point[symbol])


def _indexed(letter: sp.Indexed, point: Point) -> Any:
    place = tuple(whole(index, point) for index in letter.indices)
    return mpmath.mpmathify(point[letter.base.label][place])


def _power(power: sp.Pow, point: Point) -> Any:
    base, exponent = power.args
    if exponent.is_Integer:
        return value_of(base, point) ** int(exponent)
    return mpmath.power(value_of(base, point), value_of(exponent, point))


def _in_one(expression: sp.Basic, variable: sp.Basic, point: Point) -> Callable[[Any], Any]:
    """The expression as a function of one variable, the others as at the point."""
    return lambda x: value_of(expression, point.with_value(variable, x))


def outermost(node: sp.Sum | sp.Integral) -> tuple[sp.Expr, sp.Symbol, sp.Expr, sp.Expr]:
    """What the outermost sum or integral adds up, its variable and its bounds."""
    *inner, limits = node.limits
    return (node.func(node.function, *inner) if inner else node.function, *limits)


def _sum(total: sp.Sum, point: Point) -> Any:
    inner, variable, low, high = outermost(total)
    terms = range(whole(low, point), whole(high, point) + 1)
    return mpmath.fsum(map(_in_one(inner, variable, point), terms))


def _integral(integral: sp.Integral, point: Point) -> Any:
    inner, variable, *bounds = outermost(integral)
    low, high = (value_of(bound, point) for bound in bounds)
    ends = [low, high]
    if mpmath.isinf(high) and not mpmath.isinf(low):
        ends = [low, low + 1, low + 4, high]
    return mpmath.quad(_in_one(inner, variable, point), ends)


def _derivative(derivative: sp.Derivative, point: Point) -> Any:
    *rest, (variable, count) = derivative.variable_count
    inner = sp.Derivative(derivative.expr, *rest) if rest else derivative.expr
    at = value_of(variable, point)
    side = int(at == 0 and bool(variable.is_nonnegative))  # there it is a slope to the right
    return mpmath.diff(_in_one(inner, variable, point), at, int(count), direction=side)


def _subs(node: sp.Subs, point: Point) -> Any:
    for variable, value in zip(node.variables, node.point, strict=True):
        point = point.with_value(variable, value_of(value, point))
    return value_of(node.expr, point)


def _limit(limit: sp.Limit, point: Point) -> Any:
    """Polynomial extrapolation in the distance, or in 1/x towards infinity."""
    function, variable, target, direction = limit.args
    count = 26
    with mpmath.workdps(4 * mpmath.mp.dps):
        if target == sp.oo:
            at = [mpmath.mpf(200 + 20 * q) for q in range(count)]
            small = [1 / x for x in at]
        else:
            sign = -1 if str(direction) == "-" else 1
            centre = value_of(target, point)
            small = [mpmath.mpf(q + 1) / (50 * count) / 100 for q in range(count)]
            at = [centre + sign * x for x in small]
        return _polynomial(small, map(_in_one(function, variable, point), at))[0]


def _polynomial(places: list[Any], values: Iterable[Any]) -> list[Any]:
    """Coefficients of the polynomial through given points."""
    powers = mpmath.matrix([[place**q for q in range(len(places))] for place in places])
    return list(mpmath.lu_solve(powers, mpmath.matrix(list(values))))


def _root(root: Root, point: Point) -> Any:
    ends = [value_of(bound, point) for bound in root.bounds]
    function = _in_one(root.function, root.variable, point)
    signs = [_sign(function(end)) for end in ends]
    if 0 in signs:
        return ends[signs.index(0)]
    if signs[0] == signs[1]:
        raise ArithmeticError(
            f"No change of sign of {root.function} between {root.bounds[0]} and {root.bounds[1]} "
            f"at {point}, so no root was found; choose other arguments, or wider bounds."
        )
    return mpmath.findroot(
        lambda x: mpmath.re(function(x)),
        ends,
        solver="bisect",
        tol=mpmath.eps,
        maxsteps=2 * mpmath.mp.prec,
        verify=False,
    )


def _taylor(taylor: Taylor, point: Point) -> Any:
    coefficients = mpmath.taylor(_in_one(taylor.function, taylor.variable, point), 0, taylor.degree)
    return mpmath.polyval(coefficients[::-1], value_of(taylor.variable, point))


def _expansion(expansion: Expansion, point: Point) -> Any:
    x = value_of(expansion.variable, point)
    at = [mpmath.mpf(400 + 20 * q) for q in range(34)]
    with mpmath.workdps(4 * mpmath.mp.dps):
        values = map(_in_one(expansion.function, expansion.variable, point), at)
        coefficients = _polynomial([1 / place for place in at], values)[: expansion.order + 1]
        return mpmath.polyval(coefficients[::-1], 1 / x)


def placed(node: AtWeights, point: Point, value: Callable[..., Any]) -> Point:
    """The point at which a network has its given weights, each by a way to evaluate it."""
    sizes = {letter: value(size, point) for letter, size in node.sizes.items()}
    weights = Field(lambda place: value(node.rows[place[0] - 1][place[1] - 1], point))
    return Point(point | sizes | {node.variable.label: weights})


def _piecewise(piecewise: sp.Piecewise, point: Point) -> Any:
    for expression, condition in piecewise.args:
        if holds(condition, point):
            return value_of(expression, point)
    raise ArithmeticError(
        f"{piecewise} has no value at {point}, because none of its conditions holds there; "
        "choose other arguments."
    )


_ORDER = {
    sp.StrictGreaterThan: lambda d: d > 0,
    sp.GreaterThan: lambda d: d >= 0,
    sp.StrictLessThan: lambda d: d < 0,
    sp.LessThan: lambda d: d <= 0,
    sp.Equality: lambda d: abs(d) < mpmath.mpf(10) ** (-mpmath.mp.dps // 2),
    sp.Unequality: lambda d: abs(d) > mpmath.mpf(10) ** (-mpmath.mp.dps // 2),
}


def holds(condition: sp.Basic, point: Point) -> bool:
    """Whether a condition holds at a point."""

    def truth(relation: sp.Rel) -> sp.Basic:
        difference = value_of(relation.lhs, point) - value_of(relation.rhs, point)
        return sp.sympify(bool(_ORDER[type(relation)](mpmath.re(difference))))

    return condition.xreplace({part: truth(part) for part in condition.atoms(sp.Rel)}) == sp.true


def _call(function: Any) -> Any:
    return lambda expression, point: function(*(value_of(x, point) for x in expression.args))


def _sign(x: Any) -> Any:
    return mpmath.sign(mpmath.re(x))


def _largest(*values: Any) -> Any:
    return max(values, key=mpmath.re)


def _smallest(*values: Any) -> Any:
    return min(values, key=mpmath.re)


_SAME_NAME = ("binomial", "factorial", "exp", "log", "cos", "sin", "acos", "erf", "erfc", "erfinv")
_RULES: dict[type, Any] = {
    **{getattr(sp, name): _call(getattr(mpmath, name)) for name in _SAME_NAME},
    sp.Rational: _rational,
    type(sp.pi): lambda e, p: +mpmath.pi,
    type(sp.E): lambda e, p: +mpmath.e,
    type(sp.oo): lambda e, p: mpmath.inf,
    type(-sp.oo): lambda e, p: -mpmath.inf,
    sp.Symbol: _symbol,
    sp.Indexed: _indexed,
    sp.Add: lambda e, p: mpmath.fsum(value_of(x, p) for x in e.args),
    sp.Mul: lambda e, p: mpmath.fprod(value_of(x, p) for x in e.args),
    sp.Pow: _power,
    sp.Sum: _sum,
    sp.Integral: _integral,
    sp.Derivative: _derivative,
    sp.Subs: _subs,
    sp.Limit: _limit,
    sp.Piecewise: _piecewise,
    sp.Max: _call(_largest),
    sp.Min: _call(_smallest),
    sp.Abs: _call(abs),
    sp.sign: _call(_sign),
    sp.Heaviside: lambda e, p: (1 + _sign(value_of(e.args[0], p))) / 2,
    sp.KroneckerDelta: lambda e, p: mpmath.mpf(whole(e.args[0], p) == whole(e.args[1], p)),
    sp.FallingFactorial: _call(mpmath.ff),
    AtWeights: lambda e, p: value_of(e.function, placed(e, p, value_of)),
    Root: _root,
    Taylor: _taylor,
    Expansion: _expansion,
}
