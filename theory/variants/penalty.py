"""Penalties on the size of a weight: l_p with any exponent, l2, and both together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from ..proof import symbols as s

_NAMED = {"elastic net": "l1 + l2"}


@dataclass(frozen=True, kw_only=True)
class Penalty:
    """What a weight of size x costs, in flow units: lambda x^p/p, and lambda_2 x^2/2.

    >>> from polysem.theory.variants.penalty import Penalty
    >>> Penalty.named("elastic net").cost
    lambda*x + lambda_2*x**2/2

    Parameters
    ----------
    power : sympy.Rational, optional
        The exponent p; without it lambda does not occur.
    squared : bool
        Whether the term with lambda_2 occurs.
    """

    power: sp.Rational | None
    squared: bool

    @classmethod
    def named(cls, name: str) -> Penalty:
        """The penalty of a name: "l1", "l2", "elastic net", or "l" with another exponent."""
        terms = [term.strip() for term in _NAMED.get(name, name).split("+")]
        found = [re.fullmatch(r"l(\d+(?:\.\d+)?)", term) for term in terms]
        powers = [sp.Rational(Fraction(term[1])) for term in found if term]
        others = [power for power in powers if power != 2]
        if len(powers) < len(terms) or len(others) > 1 or len(set(powers)) < len(powers):
            raise ValueError(
                f"Got penalty={name!r}; give 'l1', 'l2', 'elastic net', or 'l' with an exponent "
                "above 0 such as 'l1.5', with '+ l2' for an l2 term beside it."
            )
        if 0 in others:
            raise ValueError(f"Got penalty={name!r}; the exponent must be above 0.")
        return cls(power=others[0] if others else None, squared=2 in powers)

    @property
    def sparsifies(self) -> bool:
        """Whether the larger of two weights gains on the smaller one: p < 2."""
        return self.power is not None and bool(self.power < 2)

    @property
    def root(self) -> sp.Rational:
        """2 - p, the power of a weight that falls at a constant rate under the penalty alone."""
        assert self.power is not None
        return 2 - self.power

    @property
    def cost(self) -> sp.Expr:
        """The cost of a weight of size x, in flow units (the loss has four times this)."""
        power = self.power
        main = s.lam * s.initial**power / power if power is not None else sp.S.Zero
        return main + self.l2 * s.initial**2 / 2

    @property
    def l2(self) -> sp.Expr:
        """lambda_2, or 0 where that term does not occur."""
        return s.l2 if self.squared else sp.S.Zero

    @property
    def letters(self) -> tuple[sp.Symbol, ...]:
        """The weights of the terms."""
        return (*([] if self.power is None else [s.lam]), *([s.l2] if self.squared else []))

    def force(self, size: sp.Expr) -> sp.Expr:
        """The force lambda x^(p-1) + lambda_2 x at a size."""
        power = self.power
        main = s.lam * size ** (power - 1) if power is not None else sp.S.Zero
        return main + self.l2 * size
