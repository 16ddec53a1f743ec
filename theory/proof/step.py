"""A step of a derivation: an equality, where its sides come from, and what its routes say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from .formula import IndexForm

NOT_DECIDED, REMEDY = "not decided", "add an intermediate step"
"""How a route says that it neither confirms nor contradicts a step, and what helps."""
_FINE = ("passed", "not run")


@dataclass(frozen=True, kw_only=True, eq=False)
class Definition:
    """A definition of the model, from which derivations may start.

    >>> from polysem import theory
    >>> theory.model.INITIAL.meaning
    'The density of an initial weight in units of its standard deviation.'

    Parameters
    ----------
    name : str
        A short name.
    expression : sympy.Expr
        What is defined.
    meaning : str
        One sentence: what it is.
    source : str
        Section of the paper, or page of the notes.
    letter : sympy.Symbol, optional
        The letter that it defines; a step may replace that letter by the expression.

    Source
    ------
    paper_notes/blueprint.md
    """

    name: str
    expression: sp.Expr
    meaning: str
    source: str
    letter: sp.Symbol | None = None


def defining(formula: IndexForm, meaning: str) -> Definition:
    """The definition that a formula states, as a start of derivations.

    >>> from polysem import theory
    >>> from polysem.theory.proof.step import defining
    >>> defining(theory.threshold_rate, "The velocity of the threshold.").name
    'threshold_rate'
    """
    return Definition(
        name=formula.name,
        expression=formula.expression,
        meaning=meaning,
        source=formula.source,
        letter=formula.letter,
    )


@dataclass(frozen=True)
class Origin:
    """An expression built from the expressions of definitions and claims; see :func:`of`.

    >>> from polysem import theory
    >>> theory.of(theory.model.LOSS, build=lambda loss: 2 * loss).sources[0].name
    'loss'

    Parameters
    ----------
    sources : tuple of Definition or Claim
        What the expression is built from.
    build : callable
        Takes the expressions of the sources and gives the new one.

    Source
    ------
    paper_notes/blueprint.md
    """

    sources: tuple[Any, ...]
    build: Callable[..., sp.Expr]

    @property
    def expression(self) -> sp.Expr:
        return sp.sympify(self.build(*map(stated, self.sources)))


def of(*sources: Any, build: Callable[..., sp.Expr] = lambda expression: expression) -> Origin:
    """A left side built from the model or from the formula of earlier claims.

    >>> from polysem import theory
    >>> origin = theory.of(theory.model.LOSS, build=lambda loss: -loss)
    >>> origin.expression == -theory.model.LOSS.expression
    True

    Parameters
    ----------
    *sources : Definition or Claim
        The sources of the expression.
    build : callable, optional
        Takes the expressions of the sources; it must use each of them.

    Returns
    -------
    Origin

    Source
    ------
    paper_notes/blueprint.md
    """
    return Origin(sources, build)


def named(source: Any) -> str:
    """The label of a claim, or the name of a definition or a formula."""
    return str(getattr(source, "label", None) or source.name)


def stated(source: Any) -> sp.Expr:
    """The expression that a definition, a claim or a formula states."""
    formula = getattr(source, "formula", None)
    return source.expression if formula is None else formula.expression


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """One equality of a derivation.

    >>> from polysem import theory
    >>> step = theory.claims()["amplitude"].derivation.steps[-1]
    >>> step.right is theory.amplitude
    True

    Parameters
    ----------
    name : str
        A short name, shown when the step fails.
    reason : str
        Why the sides are equal.
    right : sympy.Expr, Formula or IndexForm, optional
        The right side; in the last step of a claim, by default the formula of the claim.
    left : Origin, optional
        The left side; without it the right side of the step before.
    given : mapping of sympy.Symbol to Origin
        Symbols with the expressions that earlier claims give for them.
    assumptions : tuple of sympy relations
        Conditions on the symbols.
    ranges : mapping of sympy.Symbol to (low, high)
        The intervals from which the numeric points are drawn.

    Source
    ------
    paper_notes/blueprint.md
    """

    name: str
    reason: str
    right: sp.Expr | IndexForm | None = None
    left: Origin | None = None
    given: Mapping[sp.Symbol, Origin] = field(default_factory=dict)
    assumptions: tuple[sp.Basic, ...] = ()
    ranges: Mapping[sp.Basic, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def replaced(self) -> dict[sp.Symbol, sp.Expr]:
        """What earlier claims give for some of the symbols, as expressions."""
        return {symbol: origin.expression for symbol, origin in self.given.items()}

    @property
    def right_expression(self) -> sp.Expr:
        right = self.right
        return right.expression if isinstance(right, IndexForm) else sp.sympify(right)

    @property
    def sources(self) -> tuple[Any, ...]:
        origins = [*([self.left] if self.left else []), *self.given.values()]
        return tuple(source for origin in origins for source in origin.sources)


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """The results of the routes for one step.

    >>> from polysem import theory
    >>> theory.claims()["fold"].derivation.check()[0].passed
    True

    Parameters
    ----------
    name : str
        The name of the step.
    symbolic, numeric : str
        "passed", or why not.
    enclosure : str
        "passed", "not run" (with the reason), or why it failed.

    Source
    ------
    paper_notes/blueprint.md
    """

    name: str
    symbolic: str
    numeric: str
    enclosure: str = "not run"

    @property
    def passed(self) -> bool:
        return (
            self.symbolic == "passed"
            and self.numeric == "passed"
            and self.enclosure.startswith(_FINE)
        )

    @property
    def undecided(self) -> bool:
        """Whether the numbers confirm the step, and the only other result is no decision."""
        return (
            self.numeric == "passed"
            and self.symbolic.startswith(NOT_DECIDED)
            and self.enclosure.startswith(_FINE)
        )

    @property
    def message(self) -> str:
        """One line for each failed route, with the name of the step."""
        routes = {"symbolic": self.symbolic, "numeric": self.numeric, "enclosure": self.enclosure}
        return "\n".join(
            f"Step {self.name!r}, {route} route: {said}"
            for route, said in routes.items()
            if not said.startswith(_FINE)
        )
