"""Claims found by the form of their formula, by a number, and by words."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from difflib import get_close_matches
from functools import cache
from itertools import islice

import mpmath
import sympy as sp
from sympy.parsing.sympy_parser import (
    convert_xor,
    implicit_multiplication,
    parse_expr,
    standard_transformations,
)

from .claims import Claim, claims
from .evaluate import value_of
from .formula import Formula
from .guards import wide_points
from .step import Step
from .symbols import KNOWN

_DIGITS = 30
_POINTS = 4
_FOUND = 10
_FUNCTIONS = {
    name: getattr(sp, name)
    for name in ("sqrt", "exp", "log", "cos", "sin", "acos", "erf", "erfc", "erfinv", "Max", "Abs")
} | {"binomial": sp.binomial, "factorial": sp.factorial, "pi": sp.pi, "arccos": sp.acos}
_WEIGHTS = {"label": 3.0, "meaning": 2.0, "statement": 1.0, "prose": 0.5}


def find(wanted: str | float | sp.Expr) -> list[Claim]:
    """The claims whose formula is an expression, or has a number as value or among its constants.

    Expressions are compared by their values at random arguments, so that the way in which one is
    written does not matter; the letters are those of ``theory.symbols``. A number is compared to
    the digits that are given.

    >>> from polysem import theory
    >>> [claim.label for claim in theory.find("1/(2m)")]
    ['pair_probability']
    >>> [claim.label for claim in theory.find(0.3849)][:1]
    ['fold']

    Parameters
    ----------
    wanted : str, float or sympy.Expr
        An expression such as "n (n-1)/(4m)", in the argument names or in the printed letters, or
        a number.

    Returns
    -------
    list of Claim
        For a number, first the claims whose formula has this value.

    Raises
    ------
    ValueError
        Where the text is no expression, or has a letter that is not known.

    Source
    ------
    paper_notes/notation.md
    """
    expression = _parsed(wanted) if isinstance(wanted, str) else sp.sympify(wanted)
    if expression.is_Number:
        return _with_number(expression, re.search(r"\.(\d+)$", str(wanted).strip()))
    return [
        claim
        for claim in claims().values()
        if isinstance(claim.formula, Formula) and _same(claim.formula, expression)
    ]


def _letters() -> dict[str, sp.Symbol]:
    """The letters by their argument names and by their printed names."""
    found = {symbol.name: symbol for symbol in KNOWN}
    return found | {letter.argument: symbol for symbol, letter in KNOWN.items()}


def _parsed(text: str) -> sp.Expr:
    """An expression in the letters of the theory; other names are refused before it is read."""
    allowed = {**_letters(), **_FUNCTIONS}
    named = re.sub(r"\blambda\b", "lam", text)
    for name in re.findall(r"[^\W\d]\w*", named):
        if name not in allowed:
            near = get_close_matches(name, allowed, n=3)
            hint = f"did you mean {', '.join(near)}?" if near else "see theory.symbols."
            raise ValueError(f"Got {name} in {text!r}; it is no letter of the theory: {hint}")
    if not re.fullmatch(r"[\w\s+\-*/^().,]+", named) or "__" in named:
        raise ValueError(
            f"Got {text!r}; give an expression of letters, numbers and + - * / ^ ( ), such as "
            "'n (n-1)/(4m)'."
        )
    rules = (*standard_transformations, convert_xor, implicit_multiplication)
    try:
        found = parse_expr(named, local_dict=allowed, transformations=rules)
    except Exception as error:  # the parser raises errors of many kinds
        raise ValueError(
            f"Got {text!r}, which is no expression ({type(error).__name__}); write it like "
            "'n (n-1)/(4m)'."
        ) from error
    return sp.sympify(found)


def _same(formula: Formula, expression: sp.Expr) -> bool:
    """Whether a formula has the values of an expression at random points of its regime."""
    if formula.expression.free_symbols != expression.free_symbols:
        return False
    step = Step(name=formula.name, reason="compare")
    largest = 9 if formula.expression.has(sp.Sum) else 10_000
    points = wide_points([formula.expression], formula.regime, step, largest=largest)
    with mpmath.workdps(_DIGITS):
        return all(
            _near(value_of(formula.expression, point), value_of(expression, point))
            for point in islice(points, _POINTS)
        )


def _near(one: mpmath.mpf, other: mpmath.mpf) -> bool:
    return bool(abs(one - other) <= mpmath.mpf(10) ** (5 - _DIGITS) * max(abs(one), abs(other)))


def _with_number(number: sp.Expr, decimals: re.Match[str] | None) -> list[Claim]:
    """The claims whose formula has a value, then those with it among their constants."""
    wanted = float(number)
    slack = 0.5 * 10.0 ** -len(decimals[1]) if decimals else 1e-12 * abs(wanted)
    own, within = [], []
    for claim, (value, parts) in _constants().items():
        if value is not None and abs(value - wanted) <= slack:
            own.append(claim)
        elif not number.is_Integer and any(abs(part - wanted) <= slack for part in parts):
            within.append(claim)
    return own + within


@cache
def _constants() -> dict[Claim, tuple[float | None, list[float]]]:
    """The value of each formula that is a constant, and of the constant parts of all formulas."""
    found = {}
    for claim in claims().values():
        if isinstance(claim.formula, Formula):
            whole = claim.formula.expression
            parts = {
                part: float(part.evalf(_DIGITS))
                for tree in (whole, *claim.formula.regime)
                for part in sp.preorder_traversal(tree)
                if isinstance(part, sp.Expr) and part.is_number and part.is_finite
            }
            found[claim] = (parts.get(whole), list(parts.values()))
    return found


def search(words: str) -> list[Claim]:
    """The claims that contain some words in their label, statement, meaning or proof, best first.

    >>> from polysem import theory
    >>> "growth_rate" in [claim.label for claim in theory.search("noise growth")]
    True

    Parameters
    ----------
    words : str
        One or more words; the beginning of a word is enough.

    Returns
    -------
    list of Claim
        At most 10; empty where no claim contains any of the words.

    Raises
    ------
    ValueError
        Where no word is given.

    Source
    ------
    paper_notes/blueprint.md
    """
    asked = _words(words)
    if not asked:
        raise ValueError(f"Got {words!r}; give one or more words, such as 'noise growth'.")
    scores: dict[Claim, float] = defaultdict(float)
    for word in asked:
        hits = {claim: _hits(word, texts) for claim, texts in _texts().items()}
        there = {claim: hit for claim, hit in hits.items() if hit}
        for claim, hit in there.items():
            scores[claim] += hit * math.log(len(hits) / len(there) + 1)
    best = sorted(scores, key=lambda claim: (_words(claim.label) != asked, -scores[claim]))
    return best[:_FOUND]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9]{2,}", text.lower().replace("_", " "))


def _hits(word: str, texts: dict[str, list[str]]) -> float:
    """How well a word matches: by the place where it stands, each place once."""
    return sum(
        _WEIGHTS[place]
        for place, found in texts.items()
        if any(other.startswith(word) for other in found)
    )


@cache
def _texts() -> dict[Claim, dict[str, list[str]]]:
    """The words of each claim, by place."""
    return {
        claim: {
            "label": _words(claim.label),
            "meaning": _words(claim.formula.meaning if claim.formula else ""),
            "statement": _words(claim.template),
            "prose": _words(claim.prose.argument if claim.prose else ""),
        }
        for claim in claims().values()
    }
