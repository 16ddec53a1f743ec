"""Laws of the initial weights, scaled to variance 1: density and tail of the size of a weight."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from ..proof import below, density
from ..proof import symbols as s

_B, _PI = s.relative_threshold, sp.pi


@dataclass(frozen=True, kw_only=True)
class Law:
    """The law of an initial weight in units of its standard deviation, by the size of the weight.

    >>> from polysem.theory.variants.law import LAWS
    >>> LAWS["laplace"].tail
    exp(-sqrt(2)*b)

    Parameters
    ----------
    density, tail : sympy.Expr
        The density of the size at b, and the probability that it exceeds b.
    excess1, excess2 : sympy.Expr, optional
        The mean of (size - b)_+ and of its square, where they have a closed form.
    late : sympy.Expr
        A size that a small part of m sizes exceed, about the square root of m of them.
    end : sympy.Expr
        The largest size.
    signs : bool
        Whether both signs occur, with equal probability.
    independent : bool
        Whether the weights are independent.
    """

    density: sp.Expr
    tail: sp.Expr
    late: sp.Expr
    excess1: sp.Expr | None = None
    excess2: sp.Expr | None = None
    end: sp.Expr = sp.oo
    signs: bool = True
    independent: bool = True


def _gaussian(*, signs: bool = True, independent: bool = True) -> Law:
    tail = 2 * below(-_B)
    return Law(
        density=2 * density(_B),
        tail=tail,
        late=sp.sqrt(sp.log(s.m)),
        excess1=2 * density(_B) - _B * tail,
        excess2=(1 + _B**2) * tail - 2 * _B * density(_B),
        signs=signs,
        independent=independent,
    )


def _laplace() -> Law:
    tail = sp.exp(-sp.sqrt(2) * _B)
    return Law(
        density=sp.sqrt(2) * tail,
        tail=tail,
        late=sp.log(s.m) / sp.sqrt(8),
        excess1=tail / sp.sqrt(2),
        excess2=tail,
    )


def _uniform() -> Law:
    end = sp.sqrt(3)
    rest = 1 - _B / end
    return Law(
        density=1 / end,
        tail=rest,
        late=end * (1 - 1 / sp.sqrt(s.m)),
        excess1=end * rest**2 / 2,
        excess2=rest**3,
        end=end,
    )


def _student() -> Law:
    """Student's law with five degrees of freedom, the fewest with a fourth moment."""
    square = 1 + _B**2 / 3
    angle = sp.acos(1 / sp.sqrt(square))
    tail = 1 - 2 / _PI * (angle + _B / (sp.sqrt(3) * square) * (1 + 2 / (3 * square)))
    return Law(
        density=16 / (3 * sp.sqrt(3) * _PI) / square**3,
        tail=tail,
        late=s.m ** sp.Rational(1, 10),
    )


LAWS = {
    "gaussian": _gaussian(),
    "laplace": _laplace(),
    "uniform": _uniform(),
    "student": _student(),
    "orthogonal": _gaussian(independent=False),
    "one-signed": _gaussian(signs=False),
}
"""The initial laws by name."""
