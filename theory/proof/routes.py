"""The two routes by which every step is checked: simplification, and numbers at random points."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

import mpmath
import sympy as sp

from .evaluate import Field, Point, holds, value_of
from .operators import AtWeights, Expansion, Root, Taylor, pick, vanishes
from .step import NOT_DECIDED, REMEDY, Step

POINTS = 12
COSTLY_POINTS = 3
_COSTLY = (sp.Integral, Expansion)
TRIES = 4000
DIGITS = 50


def symbolic(step: Step, left: sp.Expr, right: sp.Expr, assumptions: Iterable[Any]) -> str:
    """Passed where SymPy finds the sides equal, else what it found."""
    if left.has(Root):
        (root,) = left.atoms(Root)
        place = sp.Wild("place")
        found = right.match(left.xreplace({root: place}))
        verdict = root.is_solved_by(found[place]) if found else None
    else:
        upper = {c.lts: c.gts for c in assumptions if isinstance(c, sp.LessThan)}
        sides = [pick(carried_out(side), upper) for side in (left, right)]
        difference = (sides[0] - sides[1]).subs(step.replaced)
        narrowed = _under(difference, assumptions)
        verdict = vanishes(narrowed)
        if verdict is None and narrowed != difference:
            verdict = vanishes(difference)
    if verdict:
        return "passed"
    said = f"{NOT_DECIDED}, {REMEDY}" if verdict is None else "left less right is not zero"
    return f"{said}; left = {left}; right = {right}"


def carried_out(expression: sp.Expr) -> sp.Expr:
    """Derivatives, limits and expansions carried out; sums and integrals left as they stand."""
    return expression.replace(
        lambda e: isinstance(
            e, sp.Derivative | sp.Limit | sp.Subs | Taylor | Expansion | AtWeights
        ),
        lambda e: e.doit(deep=False) if isinstance(e, sp.Derivative) else e.doit(),
    )


def _under(expression: sp.Expr, assumptions: Iterable[Any]) -> sp.Expr:
    """The expression where the assumptions hold: a letter above q becomes q + a positive one."""
    for condition in assumptions:
        if condition in (sp.true, sp.false):
            continue
        expression = expression.subs(condition, sp.true)
        expression = expression.subs(sp.Not(condition), sp.false)
        if isinstance(condition, sp.Equality):
            expression = expression.subs(condition.lhs, condition.rhs)
        elif isinstance(condition, sp.StrictGreaterThan | sp.StrictLessThan):
            above, below = condition.gts, condition.lts
            excess = sp.Dummy("excess", positive=True)
            if isinstance(above, sp.Symbol | sp.Indexed) and not above.is_integer:
                expression = expression.subs(above, below + excess)
            elif isinstance(below, sp.Symbol | sp.Indexed) and not below.is_integer:
                expression = expression.subs(below, above - excess)
    return expression.doit() if expression.has(sp.Piecewise, sp.Max, sp.Heaviside) else expression


def letters(expressions: Iterable[sp.Basic]) -> tuple[list[sp.Symbol], list[sp.Symbol]]:
    """The free symbols of some expressions: plain ones, and those that carry indices."""
    expressions = list(expressions)
    bases = {base.label for e in expressions for base in e.atoms(sp.IndexedBase)}
    free = {symbol for e in expressions for symbol in e.free_symbols}
    plain = {symbol for symbol in free if isinstance(symbol, sp.Symbol)} - bases
    return sorted(plain, key=str), sorted(bases, key=str)


def points(
    step: Step, left: sp.Expr, right: sp.Expr, assumptions: Iterable[Any]
) -> Iterable[Point]:
    """Random rational points at which the assumptions hold, the same for the same step."""
    given = step.replaced
    assumptions = [condition for condition in assumptions if condition != sp.true]
    plain, bases = letters([left, right, *given.values(), *assumptions])
    plain = [symbol for symbol in plain if symbol not in given]
    costly = left.has(*_COSTLY) or right.has(*_COSTLY)
    count = (COSTLY_POINTS if costly else POINTS) if plain or bases else 1
    rng = random.Random(step.name)
    found = 0
    for _ in range(TRIES):
        point = Point({symbol: _draw(rng, symbol, step.ranges) for symbol in plain})
        for base in bases:
            point[base] = Field(partial(_draw, rng, base, step.ranges))
        for symbol, expression in given.items():
            point[symbol] = value_of(expression, point)
        if all(holds(condition, point) for condition in assumptions):
            yield point
            found += 1
            if found == count:
                return
    if found == 0:
        raise ArithmeticError(
            f"Step {step.name!r}: no random point found in {TRIES} tries where {assumptions} hold; "
            "give ranges={symbol: (low, high)}."
        )


def _draw(
    rng: random.Random, symbol: sp.Basic, ranges: Mapping[Any, Any], _place: Any = None
) -> Any:
    """A random value of a letter, or of an indexed letter at one place."""
    if symbol.is_integer:
        return rng.randint(*ranges.get(symbol, (1, 5)))
    low, high = ranges.get(symbol, (0 if symbol.is_nonnegative else -3, 3))
    low, high = Fraction(str(low)), Fraction(str(high))
    return low + (high - low) * Fraction(rng.randint(1, 9999), 10007)


def numeric(step: Step, left: sp.Expr, right: sp.Expr, assumptions: Iterable[Any]) -> str:
    """Passed where the sides agree at random points, else the numbers."""
    with mpmath.workdps(DIGITS + 30):
        for point in points(step, left, right, assumptions):
            values = value_of(left, point), value_of(right, point)
            size = max(1, *(abs(value) for value in values))
            if not abs(values[0] - values[1]) <= size * mpmath.mpf(10) ** (-DIGITS):
                shown = {str(symbol): str(value) for symbol, value in point.items()}
                left_shown, right_shown = (mpmath.nstr(value, 12) for value in values)
                return f"{left_shown} is not {right_shown} at {shown}; {left} against {right}"
    return "passed"
