"""A closed form as an object: expression, arguments, regime, error and source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from .symbols import letter

_DIGITS = 30
_CONDITIONS = (
    ("is_integer", "an integer"),
    ("is_positive", "> 0"),
    ("is_nonnegative", ">= 0"),
    ("is_real", "a finite real number"),
)


class RegimeError(ValueError):
    """A formula was asked for a value outside the regime in which it holds."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Formula:
    """A closed form that can be read, evaluated and printed.

    Called with Python numbers it gives a float, with SymPy numbers an exact SymPy number,
    with symbols a SymPy expression.

    >>> from polysem import theory
    >>> theory.expected_pairs(n=256, m=1024)
    15.9375

    Parameters
    ----------
    name : str
        The Python name under which the formula is found.
    expression : sympy.Expr
        The closed form, in the symbols of :mod:`polysem.theory.symbols`.
    arguments : tuple of sympy.Symbol
        The symbols that it takes, in positional order.
    meaning : str
        One sentence: what the value is.
    source : str
        Where it comes from: section of the paper, or page of the notes.
    regime : tuple of sympy relations
        What must hold of the arguments, beside the assumptions of their symbols.
    error : str
        "exact", or the order of what is left out.
    """

    name: str
    expression: sp.Expr
    arguments: tuple[sp.Symbol, ...]
    meaning: str
    source: str
    regime: tuple[sp.Basic, ...] = ()
    error: str = "exact"

    def __call__(self, *values: Any, **named: Any) -> Any:
        bound = self.bind(*values, **named)
        problem = self.outside(bound)
        if problem:
            raise RegimeError(problem)
        exact = {symbol: sp.sympify(value) for symbol, value in bound.items()}
        if any(value.free_symbols for value in exact.values()):
            return self.expression.subs(exact, simultaneous=True)
        if all(isinstance(value, sp.Basic) for value in bound.values()):
            return self.expression.subs(exact, simultaneous=True)
        value = self.expression.evalf(_DIGITS, subs=exact)
        return float(value)

    def bind(self, *values: Any, **named: Any) -> dict[sp.Symbol, Any]:
        """The arguments by symbol; a wrong name or number of them says what is taken."""
        names = [letter(symbol).argument for symbol in self.arguments]
        given = dict(zip(names, values, strict=False)) | named
        if set(given) != set(names) or len(values) + len(named) != len(names):
            raise TypeError(
                f"{self.name} takes {', '.join(names)}; "
                f"got {len(values)} positional and {', '.join(named) or 'no named'} arguments."
            )
        return {symbol: given[name] for symbol, name in zip(self.arguments, names, strict=True)}

    def outside(self, bound: Mapping[sp.Symbol, Any]) -> str | None:
        """Why the arguments lie outside the regime, in one line; None where they lie inside."""
        exact = {symbol: sp.sympify(value) for symbol, value in bound.items()}
        for symbol, value in exact.items():
            if value.free_symbols:
                continue
            for assumption, words in _CONDITIONS:
                wanted = getattr(symbol, assumption)
                if assumption == "is_integer" and value.is_Float and value == int(value):
                    continue
                if wanted and not getattr(value, assumption):
                    return (
                        f"{self.name}: got {letter(symbol).argument}={bound[symbol]}; "
                        f"{letter(symbol).argument} is the {letter(symbol).meaning} "
                        f"and must be {words}."
                    )
        for condition in self.regime:
            if condition.subs(exact) == sp.false:
                given = ", ".join(f"{letter(s).argument}={bound[s]}" for s in self.arguments)
                return f"{self.name} holds for {sp.pretty(condition)}; got {given}."
        return None

    def latex(self) -> str:
        """The right-hand side in LaTeX."""
        return sp.latex(self.expression)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def __repr__(self) -> str:
        names = ", ".join(letter(symbol).argument for symbol in self.arguments)
        return f"{self.name}({names}) = {self.expression}"
