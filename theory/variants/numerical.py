"""Formulas without a closed form: the equation or integral, evaluated in double precision."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import mpmath
import sympy as sp
from mpmath.calculus.quadrature import GaussLegendre

from ..proof import Formula, Root
from ..proof.evaluate import Point, value_of
from ..proof.formula import _Docstring

_DIGITS = 20
_DEGREE = 5  # 48 nodes


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Numerical(Formula):
    __doc__ = _Docstring(
        """A formula that is an equation or an integral; numbers come from a root or a quadrature.

    >>> from polysem import theory
    >>> theory.variant(penalty="l1.5")["amplitude"]
    amplitude(lam) = root(-lambda + sqrt(w)*(1 - w**2) = 0, w = sqrt(5)/5..1) (numerical)

    The fields are those of :class:`~polysem.theory.Formula`, and one more.

    Parameters
    ----------
    fixed : bool
        Whether integrals are sums over 48 Gauss-Legendre nodes, which suits integrals in integrals;
        else they are refined by the tanh-sinh rule.
    """
    )

    fixed: bool = False

    def _number(self, exact: list[sp.Expr]) -> float:
        if isinstance(self.expression, Root):
            with mpmath.workdps(_DIGITS):
                values = [mpmath.mpf(value.evalf(_DIGITS)) for value in exact]
                point = Point(dict(zip(self.arguments, values, strict=True)))
                return float(mpmath.re(value_of(self.expression, point)))
        return float(self._in_floats(*map(float, exact)))

    @cached_property
    def _in_floats(self) -> Callable[..., Any]:
        """The expression as a function of Python's floats."""
        numbers = {name: getattr(mpmath.fp, name) for name in dir(mpmath.fp) if name[0] != "_"}
        if self.fixed:
            numbers["quad"] = _by_nodes
        return sp.lambdify(self.arguments, self.expression, [numbers, "mpmath"])

    def __repr__(self) -> str:
        return f"{super().__repr__()} (numerical)"


@cache
def _nodes() -> list[tuple[float, float]]:
    """Places and weights of the Gauss-Legendre rule on [-1, 1]."""
    rule = GaussLegendre(mpmath.mp)
    return [(float(x), float(w)) for x, w in rule.get_nodes(-1, 1, _DEGREE, 53)]


def _by_nodes(function: Callable[..., Any], *ranges: tuple[float, float]) -> float:
    """An integral as a sum over nodes; a half-line is mapped to an interval."""
    if not ranges:
        return float(function())
    low, high = map(float, ranges[0])
    if math.isinf(high):
        places = ((low + (1 + x) / (1 - x), 2 * w / (1 - x) ** 2) for x, w in _nodes())
    else:
        half = (high - low) / 2
        places = ((low + half * (1 + x), half * w) for x, w in _nodes())
    return math.fsum(
        weight * _by_nodes(partial(function, place), *ranges[1:]) for place, weight in places
    )
