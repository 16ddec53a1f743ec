"""Conditions on a step and on a derivation, without which an equality would show nothing.

Each condition gives one line that says why a step is rejected, or None.
"""

from __future__ import annotations

import inspect
import itertools
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import partial
from types import CodeType, FunctionType, ModuleType
from typing import Any

import mpmath
import sympy as sp

from .evaluate import Field, Point, holds, value_of
from .formula import IndexForm, plain
from .operators import Expansion, Root, Taylor
from .routes import letters, points
from .step import Definition, Origin, Step, named, stated

_PACKAGE = __name__.split(".proof")[0]
_DIGITS = 20
_LIMIT_DIGITS = 80  # for limits and expansions, which are extrapolated
_MOVES: tuple[Callable[[sp.Expr], sp.Expr], ...] = (
    lambda e: e * sp.Rational(65, 64),
    lambda e: e + sp.Rational(1, 64),
    lambda e: e + sp.Add(*_scalars(e)) / 64,  # a maximum stays where it is under the first two
    lambda e: e + sp.Add(*(x**2 for x in _scalars(e))) / 64,
    lambda e: e + 1,  # a bound of a sum stays an integer
    lambda e: e ** sp.Rational(65, 64),
)
_REPEATED = (
    "both sides are the same expression before anything is carried out, {}; write the left side "
    "with sp.Subs, sp.Derivative, sp.Sum or another operation that the step carries out"
)
_SHARP = ("exact", "bound")
_WIDE_POINTS = 60
_WIDE_TRIES = 3000
_LARGEST_SIZE = 9  # of an integer letter: sums over it are added term by term
_LARGEST_COUNT = 10_000  # of an integer letter where nothing is added
_COSTLY = (sp.Integral, sp.Limit, Expansion, Root, Taylor, sp.Derivative)
_ELSEWHERE = 6


def rejected(
    step: Step,
    left: sp.Expr,
    right: sp.Expr,
    regime: tuple[Any, ...],
    arguments: frozenset[sp.Basic] = frozenset(),
) -> str | None:
    """Why a step shows nothing, whatever its routes say; None where it may be checked.

    Parameters
    ----------
    step : Step
        The step.
    left, right : sympy.Expr
        Its sides.
    regime : tuple of sympy relations
        The regime of the claim.
    arguments : frozenset of sympy.Symbol
        The letters of the claim's formula: what a source assumes of them must be in the regime.
    """
    if repeats(left, right):
        return _REPEATED.format(right)
    origins = [*([step.left] if step.left else []), *step.given.values()]
    return (
        next(filter(None, map(_hidden, origins)), None)
        or _unfounded(step)
        or _narrower(step, left, right, regime, arguments)
        or _differs_elsewhere(step, left, right, regime)
        or _beyond_bounds(step, left, right, regime)
        or next(filter(None, (_unused(step, origin, regime) for origin in origins)), None)
    )


def repeats(left: sp.Expr, right: sp.Expr) -> bool:
    """Whether the sides of a step are the same, also as they are printed.

    >>> import sympy as sp
    >>> from polysem.theory.proof.guards import repeats
    >>> x = sp.Symbol("x")
    >>> repeats(2 * x, x + x), repeats(sp.Derivative(x**2, x), 2 * x)
    (True, False)
    """
    return bool(left == right) or plain(left) == plain(right)


def circular(sides: list[tuple[sp.Expr, sp.Expr]]) -> str | None:
    """Why a derivation is refused: it ends on the expression from which it starts."""
    if len(sides) > 1 and repeats(sides[0][0], sides[-1][1]):
        return _REPEATED.format(sides[-1][1])
    return None


def truncated(sides: list[tuple[sp.Expr, sp.Expr]], formula: IndexForm | None) -> str | None:
    """Why an exact formula or a bound may not end a chain: an operation on the way is not exact."""
    if formula is None or formula.kind not in _SHARP:
        return None
    for node in {node for side in itertools.chain(*sides) for node in sp.preorder_traversal(side)}:
        far = isinstance(node, sp.Limit) and node.args[2] in (sp.oo, -sp.oo)
        if far or isinstance(node, Taylor | Expansion):
            return (
                f"the error is said to be {formula.error!r}, but the derivation uses "
                f"{type(node).__name__} in {node.args[1]}; state the order of the error"
            )
    return None


def _scalars(expression: sp.Expr) -> list[sp.Symbol]:
    """The letters in an expression that are neither integers nor bases of indexed letters."""
    return [s for s in letters([expression])[0] if not s.is_integer]


def weaker(sources: tuple[Any, ...], formula: IndexForm | None) -> str | None:
    """Why an exact formula or a bound may not rest on its sources: one of them is less sharp."""
    if formula is None or formula.kind not in _SHARP:
        return None
    allowed = _SHARP[: _SHARP.index(formula.kind) + 1]
    for source in sources:
        about = getattr(source, "formula", None)
        if about is not None and about.kind not in allowed:
            return (
                f"the error is said to be {formula.error!r}, but {named(source)} holds with the "
                f"error {about.error!r}; state that error"
            )
    return None


def _unused(step: Step, origin: Origin, regime: tuple[Any, ...]) -> str | None:
    """Whether an expression stays the same when one of its sources is changed."""
    plain = [stated(source) for source in origin.sources]
    for place, source in enumerate(origin.sources):
        if not any(_moves(step, origin, plain, place, move, regime) for move in _MOVES):
            return f"the left side is said to come from {named(source)} but does not depend on it"
    return None


def _moves(
    step: Step,
    origin: Origin,
    plain: list[sp.Expr],
    place: int,
    move: Callable[..., sp.Expr],
    regime: tuple[Any, ...],
) -> bool:
    """Whether the value of a built expression changes with one source."""
    try:
        built = sp.sympify(origin.build(*plain))
        moved = sp.sympify(origin.build(*plain[:place], move(plain[place]), *plain[place + 1 :]))
        if built == moved:
            return False
        assumed = (*step.assumptions, *regime)
        digits = _LIMIT_DIGITS if built.has(sp.Limit, Expansion) else _DIGITS
        with mpmath.workdps(digits):
            for point in itertools.islice(points(step, built, moved, assumed), 2):
                value = value_of(built, point)
                difference = value - value_of(moved, point)
                size = max(1, abs(value))
                if not abs(difference) <= size * mpmath.mpf(10) ** (5 - _DIGITS):
                    return True
    except Exception:  # the build may not take the changed source
        return False
    return False


def _unfounded(step: Step) -> str | None:
    """Why a letter may not be replaced: its source gives the value of another letter."""
    for symbol, origin in step.given.items():
        if not origin.sources:
            return f"{symbol} is replaced by an expression that comes from nothing; name its source"
        (source, *more) = origin.sources
        about = getattr(source, "formula", None) or source
        if more or origin.expression != stated(source) or about.letter != symbol:
            return (
                f"{symbol} is replaced by an expression built from {named(source)}, which gives "
                f"{about.letter or 'no letter'}; only the letter that a source gives may be "
                "replaced, and only by its expression"
            )
    return None


def _hidden(origin: Origin) -> str | None:
    """Why a build is refused: it uses a formula that is not among its sources."""
    cited = {stated(source) for source in origin.sources}
    for name, thing in _reached(origin.build, set()):
        if _result(thing) not in (None, *cited):
            return (
                f"the left side is built with {name}, which is not among its sources; "
                "cite it in of()"
            )
    return None


def _result(thing: Any) -> sp.Expr | None:
    """The expression of a result; None for letters, numbers and other things."""
    if isinstance(thing, IndexForm | Definition):
        return thing.expression
    if isinstance(thing, sp.Expr):
        plain = thing.is_Atom or isinstance(thing, sp.Indexed | sp.KroneckerDelta)
        return None if plain else thing
    formula = getattr(thing, "formula", None)
    return formula.expression if isinstance(formula, IndexForm) else None


def _reached(thing: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """What a function refers to: closure, defaults, globals, and what helpers refer to."""
    if isinstance(thing, partial):
        for name, value in (*enumerate(thing.args), *thing.keywords.items()):
            yield str(name), value
        thing = thing.func
    if not isinstance(thing, FunctionType) or id(thing) in seen:
        return
    seen.add(id(thing))
    defaults = [p.default for p in inspect.signature(thing).parameters.values()]
    found = dict(inspect.getclosurevars(thing).nonlocals)
    found |= {
        f"the default {value}": value for value in defaults if value is not inspect.Parameter.empty
    }
    names = set(_names(thing.__code__))
    found |= {name: thing.__globals__[name] for name in names if name in thing.__globals__}
    for name, value in found.items():
        if isinstance(value, ModuleType):
            for path, member in _members(name, value, names):
                yield path, member
                yield from _reached(member, seen)
        elif isinstance(value, list | tuple | dict):
            parts = value.values() if isinstance(value, dict) else value
            yield from ((name, part) for part in parts)
        else:
            yield name, value
            yield from _reached(value, seen)


def _members(name: str, module: ModuleType, names: set[str]) -> Iterator[tuple[str, Any]]:
    """What a module of the package has under some names, its own modules included."""
    if not module.__name__.startswith(_PACKAGE):
        return
    for part in names & set(dir(module)):
        member = getattr(module, part)
        if isinstance(member, ModuleType):
            yield from _members(f"{name}.{part}", member, names - {part})
        else:
            yield f"{name}.{part}", member


def _names(code: CodeType) -> Iterator[str]:
    """All names in a function and in the functions within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _narrower(
    step: Step,
    left: sp.Expr,
    right: sp.Expr,
    regime: tuple[Any, ...],
    arguments: frozenset[sp.Basic],
) -> str | None:
    """Why an assumption is refused: somewhere in the regime of the claim it does not hold."""
    indices = _indices([left, right])
    assumed = {c: "the step assumes" for c in step.assumptions if not _bound(c, indices)}
    inherited = {
        condition: f"{named(source)} assumes"
        for source in step.sources
        for condition in getattr(getattr(source, "formula", None), "regime", ())
        if condition.free_symbols <= arguments
    }
    missing = {
        c: who for c, who in (inherited | assumed).items() if c != sp.true and c not in regime
    }
    if not missing:
        return None
    plain = not any(c.has(sp.Indexed, sp.Sum) for c in (*missing, *regime))
    expressions = [*missing] if plain else [left, right, *missing]
    largest = _LARGEST_COUNT if plain else _LARGEST_SIZE
    for point in wide_points(expressions, regime, step, largest=largest):
        for condition, who in missing.items():
            if not holds(condition, point):
                return (
                    f"{who} {sp.sstr(condition)}, which is no part of the claim's regime: it fails "
                    f"at {_shown(point)}; put it into the regime"
                )
    return None


def _indices(expressions: list[sp.Expr]) -> set[sp.Basic]:
    """The letters that stand as indices of indexed letters or of Kronecker deltas."""
    found: set[sp.Basic] = set()
    for expression in expressions:
        for node in expression.atoms(sp.Indexed, sp.KroneckerDelta):
            for index in node.indices if isinstance(node, sp.Indexed) else node.args:
                found |= index.free_symbols
    return found


def _bound(condition: Any, indices: set[sp.Basic]) -> bool:
    """Whether a relation bounds an index: i <= n."""
    return isinstance(condition, sp.LessThan) and condition.lts in indices


def _differs_elsewhere(
    step: Step, left: sp.Expr, right: sp.Expr, regime: tuple[Any, ...]
) -> str | None:
    """Why the ranges of a step are refused: beyond them, in the regime, the sides differ."""
    if not step.ranges or left.has(*_COSTLY) or right.has(*_COSTLY):
        return None
    with mpmath.workdps(_DIGITS):
        wide = itertools.islice(wide_points([left, right], regime, step), _ELSEWHERE)
        found = next(_differing(left, right, wide), None)
        if found is None:
            return None
        inside = itertools.islice(points(step, left, right, (*step.assumptions, *regime)), 2)
        point, values = next(_differing(left, right, inside), found)
        shown = " against ".join(mpmath.nstr(value, 8) for value in values)
    if _inside(step, point):
        return (
            f"the sides differ at {_shown(point)}, {shown}, inside the ranges of the step; "
            "correct the formula or the step"
        )
    return (
        f"the sides differ at {_shown(point)}, {shown}, which the ranges of the step leave out; "
        "put the condition into the regime"
    )


def _differing(
    left: sp.Expr, right: sp.Expr, places: Iterable[Point]
) -> Iterator[tuple[Point, tuple[Any, Any]]]:
    """The points at which two sides differ, with their values."""
    for point in places:
        try:
            values = value_of(left, point), value_of(right, point)
        except (ArithmeticError, ValueError):
            continue
        size = max(1, *map(abs, values))
        if mpmath.isfinite(size) and abs(values[0] - values[1]) > size * mpmath.mpf("1e-10"):
            yield point, values


def _inside(step: Step, point: Point) -> bool:
    """Whether the ranges of a step contain a point."""
    for letter, (low, high) in step.ranges.items():
        found = point.get(letter, low)
        values = found.values() if isinstance(found, Field) else (found,)
        if not all(low <= value <= high for value in values):
            return False
    return True


def _beyond_bounds(
    step: Step, left: sp.Expr, right: sp.Expr, regime: tuple[Any, ...]
) -> str | None:
    """Why a root is refused: somewhere in the regime the right side lies outside its bounds."""
    if not isinstance(left, Root):
        return None
    for point in wide_points([left, right], regime, step):
        value = mpmath.re(value_of(right, point))
        low, high = (mpmath.re(value_of(bound, point)) for bound in left.bounds)
        slack = mpmath.mpf(10) ** (-mpmath.mp.dps // 2) * max(1, abs(value))
        if not low - slack <= value <= high + slack:
            return (
                f"at {_shown(point)} the right side {mpmath.nstr(value, 8)} lies outside the "
                f"bounds {mpmath.nstr(low, 8)} and {mpmath.nstr(high, 8)} of the root"
            )
    return None


def wide_points(
    expressions: list[Any], regime: tuple[Any, ...], step: Step, *, largest: int = _LARGEST_SIZE
) -> Iterator[Point]:
    """Random points of the whole regime, over six decades, whatever the ranges of the step say."""
    replaced = step.replaced
    plain, bases = letters([*expressions, *replaced.values(), *regime])
    rng = random.Random(f"wide {step.name}")
    indices = _indices([e for e in expressions if isinstance(e, sp.Expr)])
    bounds = [c for c in step.assumptions if _bound(c, indices)]
    found = 0
    for _ in range(_WIDE_TRIES):
        point = Point({s: _wide(rng, s, largest) for s in plain if s not in replaced})
        for base in bases:
            point[base] = Field(partial(_wide_entry, rng, base))
        try:
            point |= {s: value_of(e, point) for s, e in replaced.items()}
            inside = all(holds(c, point) for c in (*regime, *bounds))
        except (ArithmeticError, ValueError):
            continue
        if inside:
            yield Point(point)
            found += 1
            if found == _WIDE_POINTS:
                return
    if not found:
        raise ArithmeticError(
            f"Step {step.name!r}: no random point found where {regime} holds; write the regime "
            "so that it can be met by random numbers."
        )


def _wide(rng: random.Random, symbol: sp.Symbol, largest: int = _LARGEST_SIZE) -> Any:
    if symbol.is_integer:
        highest = rng.choice((_LARGEST_SIZE, largest))
        return rng.randint(1 if symbol.is_positive else 0, highest)
    draws = (10 ** rng.uniform(-3, 3), rng.uniform(0, 1), rng.uniform(0, 3))
    size = Fraction(rng.choice(draws))
    return size if symbol.is_nonnegative or rng.random() < 0.5 else -size


def _wide_entry(rng: random.Random, base: sp.Symbol, _place: Any = None) -> Any:
    return _wide(rng, base)


def _shown(point: Mapping[Any, Any]) -> str:
    parts = (f"{s} = {float(x):.4g}" for s, x in point.items() if not isinstance(x, Field))
    return ", ".join(parts) or "random weights"
