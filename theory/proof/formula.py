"""A closed form as an object: expression, arguments, regime, error, source and example."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import mpmath
import sympy as sp
from sympy.printing.str import StrPrinter

from .symbols import KNOWN, entry

_DIGITS = (30, 60, 120, 240, 480)
_AGREE = mpmath.mpf("1e-20")
_TINY = mpmath.mpf("1e-330")  # below the smallest float
_KINDS = {
    "exact": "exact",
    "bound": "bound",
    "fitted": "fitted: .+",
    "heuristic": "heuristic: .+",
    "asymptotic": r".*(\b[Oo]\(|->|order in).*",
}
_CONDITIONS = (
    ("is_integer", "an integer"),
    ("is_positive", "> 0"),
    ("is_nonnegative", ">= 0"),
    ("is_real", "a finite real number"),
)


class RegimeError(ValueError):
    """A formula was evaluated outside the regime in which it holds.

    >>> from polysem import theory
    >>> try:
    ...     theory.amplitude(lam=1)
    ... except theory.RegimeError as error:
    ...     print(error)
    amplitude holds for lambda <= 2*sqrt(3)/9; got lam=1.

    Source
    ------
    paper_notes/notation.md
    """


def _erfc(x: Any) -> Any:
    """erfc; beyond 1e8 its limits, because mpmath overflows for the largest numbers."""
    if abs(x) > 1e8:
        return mpmath.mpf(0 if x > 0 else 2)
    return mpmath.erfc(x)


_NUMERIC = {"erfc": _erfc, "FallingFactorial": mpmath.ff}  # ff is 0 where gammas have poles


class _Docstring:
    """The docstring of the class, or of one formula when read from an instance."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __get__(self, formula: Formula | None, owner: type) -> str:
        return self.text if formula is None else formula.describe()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class IndexForm:
    """A closed form that is not evaluated by itself, such as one in index notation.

    >>> from polysem import theory
    >>> theory.claims()["three_forces"].formula.error
    'exact'

    Parameters
    ----------
    name : str
        A short name.
    expression : sympy.Expr
        The closed form.
    meaning : str
        One sentence: what it is.
    source : str
        Section of the paper, or page of the notes.
    regime : tuple of sympy relations
        Conditions on the letters.
    error : str
        "exact"; "bound"; the order of the neglected terms, such as "O(lambda^5)" or "lambda -> 0";
        or a text that begins with "fitted:" or "heuristic:".
    where : str
        Conditions of the regime that only words express.
    letter : sympy.Symbol, optional
        The letter whose value the formula gives; a step may replace that letter by the formula.
    """

    name: str
    expression: sp.Expr
    meaning: str
    source: str
    regime: tuple[sp.Basic, ...] = ()
    error: str = "exact"
    where: str = ""
    letter: sp.Symbol | None = None

    def __post_init__(self) -> None:
        if not self.kind:
            raise ValueError(
                f"Got {self.name} with error={self.error!r}; give 'exact', 'bound', the order of "
                "the neglected terms such as 'O(lambda^5)' or 'lambda -> 0', or a text that begins "
                "with 'fitted: ' or 'heuristic: '."
            )

    @property
    def kind(self) -> str:
        """How the error was found: exact, bound, asymptotic, fitted or heuristic.

        >>> from polysem import theory
        >>> theory.amplitude.kind, theory.amplitude_series.kind
        ('exact', 'asymptotic')
        """
        for kind, pattern in _KINDS.items():
            if re.fullmatch(pattern, self.error, re.DOTALL):
                return kind
        return ""

    def plain(self) -> str:
        """The right-hand side in plain text, for sentences.

        >>> from polysem import theory
        >>> theory.expected_pairs.plain()
        'n (n - 1)/(4 m)'
        """
        return plain(self.expression)

    def latex(self) -> str:
        """The right-hand side in LaTeX."""
        return sp.latex(self.expression)

    def regime_in_words(self) -> str:
        """Where the formula holds: its relations, and the conditions that words express.

        >>> from polysem import theory
        >>> theory.amplitude.regime_in_words()
        'lambda <= 2*sqrt(3)/9'
        """
        conditions = [sp.sstr(condition) for condition in self.regime]
        return " and ".join([*conditions, *filter(None, [self.where])]) or "all arguments"

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle {self.latex()}$"

    def __repr__(self) -> str:
        return f"{self.name} = {sp.sstr(self.expression)}"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Formula(IndexForm):
    __doc__ = _Docstring(
        """A closed form that can be read, evaluated and printed.

    Called with Python numbers it gives a float, with SymPy numbers an exact SymPy number,
    with symbols a SymPy expression. ``help(formula)`` says what one formula is, where it
    holds and where it comes from.

    >>> from polysem import theory
    >>> theory.expected_pairs(n=256, m=1024)
    15.9375
    >>> theory.expected_pairs
    expected_pairs(n, m) = n*(n - 1)/(4*m)

    Parameters
    ----------
    name : str
        The Python name under which the formula is found.
    expression : sympy.Expr
        The closed form, in the symbols of :mod:`polysem.theory.proof.symbols`.
    arguments : tuple of sympy.Symbol
        The symbols that it takes, in positional order; none for a constant.
    meaning : str
        One sentence: what the value is.
    source : str
        Its source: section of the paper, or page of the notes.
    example : str
        A call and the value that it prints, in the form of a doctest.
    regime : tuple of sympy relations
        Conditions on the arguments, in addition to the assumptions of their symbols.
    error : str
        "exact"; "bound"; the order of the neglected terms, such as "O(lambda^5)" or "lambda -> 0";
        or a text that begins with "fitted:" or "heuristic:".
    where : str
        Conditions of the regime that only words express.
    letter : sympy.Symbol, optional
        The letter whose value the formula gives; a step may replace that letter by the formula.
    unit : str
        The unit of the value, in words ("none" for a pure number).

    Raises
    ------
    ValueError
        Where a letter is not known, or a letter of the expression is not among the arguments.
    RegimeError
        When called with numbers outside the regime.

    Source
    ------
    paper_notes/notation.md
    """
    )

    example: str
    arguments: tuple[sp.Symbol, ...] = ()
    unit: str = "none"

    def __post_init__(self) -> None:
        super().__post_init__()
        taken = {*self.arguments, *self.expression.free_symbols}
        unknown = sorted({symbol.name for symbol in taken - KNOWN.keys()})
        missing = sorted({symbol.name for symbol in taken - set(self.arguments)})
        if unknown:
            raise ValueError(
                f"Got the formula {self.name} with {', '.join(unknown)}, not known as a letter; "
                "take a letter of theory.symbols, or create one of your own, such as "
                "theory.letter('mu', 'weight of the l2 penalty', positive=True)."
            )
        if missing:
            raise ValueError(
                f"Got the formula {self.name} with {', '.join(missing)} in its expression and not "
                "among its arguments; name all letters of the expression in arguments=(...)."
            )

    def __call__(self, *values: Any, **named: Any) -> Any:
        bound = self.bind(*values, **named)
        exact = self._exact(bound)
        problem = self._outside(bound, exact)
        if problem:
            raise RegimeError(problem)
        symbolic = any(value.free_symbols for value in exact.values())
        if symbolic or (bound and all(isinstance(value, sp.Basic) for value in bound.values())):
            return self.expression.subs(exact, simultaneous=True)
        return self._number([exact[symbol] for symbol in self.arguments])

    @cached_property
    def _evaluate(self) -> Callable[..., Any]:
        return sp.lambdify(self.arguments, self.expression, [_NUMERIC, "mpmath"])

    def _number(self, exact: list[sp.Expr]) -> float:
        """The value as a float: the precision rises until two evaluations agree."""
        previous = None
        for digits in _DIGITS:
            with mpmath.workdps(digits):
                values = [mpmath.mpf(value.evalf(digits)) for value in exact]
                value = mpmath.mpmathify(self._evaluate(*values))
                if previous is not None and abs(value - previous) <= max(
                    abs(value) * _AGREE, _TINY
                ):
                    return float(value.real)
                previous = value
        if self._is_zero(exact):
            return 0.0
        raise ArithmeticError(
            f"{self.name}: the value still changes with the precision at {_DIGITS[-1]} digits; "
            f"call {self.name} with SymPy numbers, for example sympy.Rational(1, 3)."
        )

    def _is_zero(self, exact: list[sp.Expr]) -> bool:
        """Whether SymPy proves that the value is 0; two evaluations of 0 never agree."""
        fractions = [value.replace(lambda e: e.is_Float, sp.Rational) for value in exact]
        given = dict(zip(self.arguments, fractions, strict=True))
        return bool(self.expression.subs(given, simultaneous=True).equals(0))

    def bind(self, *values: Any, **named: Any) -> dict[sp.Symbol, Any]:
        """The arguments by symbol; a TypeError names the arguments where they do not match."""
        names = [entry(symbol).argument for symbol in self.arguments]
        given = dict(zip(names, values, strict=False)) | named
        if set(given) != set(names) or len(values) + len(named) != len(names):
            raise TypeError(
                f"{self.name} takes {', '.join(names)}; got {len(values)} positional arguments and "
                f"the named arguments {', '.join(named) or '(none)'}; give each argument once."
            )
        return {symbol: given[name] for symbol, name in zip(self.arguments, names, strict=True)}

    def outside(self, bound: Mapping[sp.Symbol, Any]) -> str | None:
        """Why the arguments lie outside the regime, in one line; None where they lie inside."""
        return self._outside(bound, self._exact(bound))

    def _exact(self, bound: Mapping[sp.Symbol, Any]) -> dict[sp.Symbol, sp.Expr]:
        exact = {}
        for symbol, value in bound.items():
            try:
                number = sp.sympify(value, strict=True)
            except sp.SympifyError:
                number = None
            if not isinstance(number, sp.Expr):
                raise TypeError(
                    f"{self.name}: got {entry(symbol).argument}={value!r}; it takes a number or "
                    "a SymPy expression (for arrays use polysem.numerics.numpy_function)."
                )
            if number.is_Float and symbol.is_integer and float(number).is_integer():
                number = sp.Integer(int(number))
            exact[symbol] = number
        return exact

    def _outside(
        self, bound: Mapping[sp.Symbol, Any], exact: Mapping[sp.Symbol, sp.Expr]
    ) -> str | None:
        for symbol, value in exact.items():
            if value.free_symbols:
                continue
            for assumption, words in _CONDITIONS:
                if getattr(symbol, assumption) and not getattr(value, assumption):
                    known = entry(symbol)
                    return (
                        f"{self.name}: got {known.argument}={bound[symbol]}; "
                        f"{known.argument} is the {known.meaning} and must be {words}."
                    )
        for condition in self.regime:
            if condition.subs(exact) == sp.false:
                given = ", ".join(f"{entry(s).argument}={bound[s]}" for s in self.arguments)
                return f"{self.name} holds for {sp.sstr(condition)}; got {given}."
        return None

    def describe(self) -> str:
        """The formula in words: meaning, closed form, regime, error, example, source."""
        lines = [
            self.meaning,
            "",
            f"    {self!r}",
            "",
            f"Regime: {self.regime_in_words()}. Error: {self.error}.",
            "",
            ">>> from polysem import theory",
            *self.example.strip().splitlines(),
        ]
        if self.arguments:
            lines += ["", "Parameters", "----------"]
        for symbol in self.arguments:
            known = entry(symbol)
            kind = "int" if symbol.is_integer else "float"
            lines += [
                f"{known.argument} : {kind}",
                f"    {known.meaning.capitalize()} ({symbol.name}); unit: {known.unit}.",
            ]
        lines += ["", "Returns", "-------", "float", f"    Unit: {self.unit}."]
        lines += ["", "Raises", "------", "RegimeError", "    Outside the regime."]
        lines += ["", "Source", "------", self.source]
        return "\n".join(lines)

    def _repr_latex_(self) -> str:
        taken = ", ".join(map(sp.latex, self.arguments))
        name = self.name.replace("_", r"\_")
        return rf"$\displaystyle \mathtt{{{name}}}({taken}) = {self.latex()}$"

    def __repr__(self) -> str:
        taken = ", ".join(entry(symbol).argument for symbol in self.arguments)
        return f"{self.name}({taken}) = {sp.sstr(self.expression)}"


class _Readable(StrPrinter):
    """SymPy's text in the notation of the notes; a sum starts with a positive term."""

    def _as_ordered_terms(self, expr: sp.Expr, order: str | None = None) -> list[sp.Expr]:
        terms = list(super()._as_ordered_terms(expr, order))
        first, last = (terms[place].could_extract_minus_sign() for place in (0, -1))
        return terms[::-1] if first and not last else terms

    def _print_binomial(self, expr: sp.Expr) -> str:
        return f"C({self.stringify(expr.args, ', ')})"

    def _print_FallingFactorial(self, expr: sp.Expr) -> str:
        x, r = expr.args
        return f"({self._print(x)})_{self._print(r) if r.is_Atom else f'({self._print(r)})'}"

    def _print_Sum(self, expr: sp.Expr) -> str:
        ranges = (
            f"{self._print(name)}={self._print(low)}..{self._print(high)}"
            for name, low, high in expr.limits
        )
        return f"sum({self._print(expr.function)}, {', '.join(ranges)})"

    def _print_Integral(self, expr: sp.Expr) -> str:
        ranges = ", ".join(
            f"{self._print(x)}={self._print(low)}..{self._print(high)}"
            for x, low, high in expr.limits
        )
        return f"int({self._print(expr.function)}, {ranges})"

    def _print_Derivative(self, expr: sp.Expr) -> str:
        slopes = [
            f"d^{count}/d{self._print(x)}^{count}" if count != 1 else f"d/d{self._print(x)}"
            for x, count in expr.variable_count
        ]
        return f"{' '.join(slopes)}({self._print(expr.expr)})"

    def _print_Subs(self, expr: sp.Expr) -> str:
        values = zip(expr.variables, expr.point, strict=True)
        place = ", ".join(f"{self._print(x)} = {self._print(value)}" for x, value in values)
        return f"({self._print(expr.expr)} at {place})"

    def _print_Limit(self, expr: sp.Expr) -> str:
        function, x, target, _ = expr.args
        return f"lim({self._print(function)}, {self._print(x)} -> {self._print(target)})"

    def _print_Dummy(self, expr: sp.Dummy) -> str:
        return str(expr.name)

    def _print_Equality(self, expr: sp.Eq) -> str:
        return f"{self._print(expr.lhs)} = {self._print(expr.rhs)}"

    def _print_Piecewise(self, expr: sp.Piecewise) -> str:
        cases = (
            self._print(value) + ("" if where == sp.true else f" if {self._print(where)}")
            for value, where in expr.args
        )
        return f"({', else '.join(cases)})"

    def _print_acos(self, expr: sp.Expr) -> str:
        return f"arccos({self._print(expr.args[0])})"


def plain(expression: sp.Expr) -> str:
    """An expression in plain text, in the notation of the notes.

    >>> from polysem import theory
    >>> from polysem.theory.proof.formula import plain
    >>> plain(theory.fold.expression)
    '2 sqrt(3)/9'
    """
    return str(_Readable().doprint(expression)).replace("**", "^").replace("*", " ")
