"""Random arguments of a formula, drawn from its whole regime, with its corners and edges."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import sympy as sp

from ...theory.proof.formula import Formula
from ...theory.proof.symbols import entry

Range = tuple[float, float]
_TRIES = 2000
_WIDE = (1e-3, 1e3)  # decades of a positive number without a bound
_CORNERS = 16
_LOGARITHMIC = 0.5  # the share of draws that are uniform in the logarithm


def draws(
    formula: Formula, within: Mapping[str, Range], count: int, rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """Arguments of a formula by name: corners of the ranges, edges of the regime, random points.

    Corners and edges that lie outside the regime are left out, so at most a third of the
    arguments are corners, and a third are edges.

    >>> import numpy as np
    >>> from polysem import theory
    >>> found = list(draws(theory.fold_amplitude, {}, 3, np.random.default_rng(1)))
    >>> found
    [{}]

    Raises
    ------
    ValueError
        Where a range names no argument, or no random point lies in the regime.
    """
    letters = {entry(symbol).argument: symbol for symbol in formula.arguments}
    unknown = set(within) - set(letters)
    if unknown:
        raise ValueError(
            f"Got ranges for {', '.join(sorted(unknown))}; {formula.name} takes "
            f"{', '.join(letters) or 'no arguments'}: give ranges for its arguments only."
        )
    if not letters:
        yield {}
        return
    ranges = {name: within.get(name, _natural(symbol)) for name, symbol in letters.items()}
    share = max(1, count // 3)
    chosen = [
        *_some(_inside(formula, letters, _corners(letters, ranges)), share, rng),
        *_some(_inside(formula, letters, _edges(formula, letters, ranges, rng)), share, rng),
    ]
    random = _inside(formula, letters, _random(letters, ranges, rng))
    chosen += itertools.islice(random, max(count - len(chosen), 1))
    if not chosen:
        raise ValueError(
            f"No arguments of {formula.name} in the ranges {ranges} lie in its regime "
            f"{formula.regime}; give other ranges."
        )
    yield from chosen


def _natural(symbol: sp.Symbol) -> Range:
    """The range of a letter for which a witness declares none."""
    if symbol.is_integer:
        return (1 if symbol.is_positive else 0, 100)
    if symbol.is_positive:
        return _WIDE
    return (0 if symbol.is_nonnegative else -_WIDE[1], _WIDE[1])


def _inside(
    formula: Formula, letters: Mapping[str, sp.Symbol], found: Iterator[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The arguments that lie in the regime of the formula."""
    for arguments in found:
        if formula.outside({letters[name]: value for name, value in arguments.items()}) is None:
            yield arguments


def _some(
    found: Iterator[dict[str, Any]], count: int, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """At most ``count`` of the arguments, at random."""
    known = [dict(x) for x in {tuple(arguments.items()): None for arguments in found}]
    rng.shuffle(known)
    return known[:count]


def _typed(symbol: sp.Symbol, value: float) -> Any:
    return int(value) if symbol.is_integer else float(value)


def _corners(
    letters: Mapping[str, sp.Symbol], ranges: Mapping[str, Range]
) -> Iterator[dict[str, Any]]:
    corners = list(itertools.product(*(ranges[name] for name in letters)))
    for corner in [*corners[: _CORNERS // 2], *corners[::-1][: _CORNERS // 2]]:
        yield {n: _typed(letters[n], x) for n, x in zip(letters, corner, strict=True)}


def _random(
    letters: Mapping[str, sp.Symbol], ranges: Mapping[str, Range], rng: np.random.Generator
) -> Iterator[dict[str, Any]]:
    for _ in range(_TRIES):
        yield {name: _draw(symbol, ranges[name], rng) for name, symbol in letters.items()}


def _draw(symbol: sp.Symbol, bounds: Range, rng: np.random.Generator) -> Any:
    """A random value: uniform, or uniform in the logarithm, or close to one of the bounds."""
    low, high = bounds
    if symbol.is_integer:
        if rng.random() < _LOGARITHMIC:
            drawn = np.exp(rng.uniform(np.log(max(low, 1)), np.log(high + 1)))
            return int(min(max(drawn, low), high))
        return int(rng.integers(int(low), int(high) + 1))
    if low <= 0 < high and rng.random() < _LOGARITHMIC:
        size = high * 10 ** rng.uniform(-6, 0)
        return float(-min(size, -low) if low < 0 and rng.random() < 0.5 else size)
    kind = rng.integers(3)
    if kind == 0 and low > 0:
        return float(np.exp(rng.uniform(np.log(low), np.log(high))))
    if kind == 1:
        near = (high - low) * 10 ** rng.uniform(-4, -1)
        return float(low + near if rng.random() < 0.5 else high - near)
    return float(rng.uniform(low, high))


def _edges(
    formula: Formula,
    letters: Mapping[str, sp.Symbol],
    ranges: Mapping[str, Range],
    rng: np.random.Generator,
) -> Iterator[dict[str, Any]]:
    """Random points moved to where an inequality of the regime is an equality."""
    names = {symbol: name for name, symbol in letters.items()}
    for condition in formula.regime:
        if not isinstance(condition, sp.LessThan | sp.GreaterThan):
            continue
        for arguments in itertools.islice(_random(letters, ranges, rng), 8):
            moved = letters[str(rng.choice(sorted(names[s] for s in condition.free_symbols)))]
            rest = {symbol: arguments[name] for name, symbol in letters.items() if symbol != moved}
            for value in sp.solve((condition.lhs - condition.rhs).subs(rest), moved):
                low, high = ranges[names[moved]]
                if not (value.is_number and value.is_real and low <= value <= high):
                    continue
                if not moved.is_integer:
                    edge = float(value)
                    for near in (edge, np.nextafter(edge, low), np.nextafter(edge, high)):
                        yield arguments | {names[moved]: float(near)}
                elif value == int(value):
                    yield arguments | {names[moved]: int(value)}
