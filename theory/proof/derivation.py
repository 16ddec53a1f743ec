"""Derivations: chains of equalities that a machine checks by routes of different kind.

A derivation starts from the model or from the formula of an earlier claim, moves by equalities
and ends on the formula of its own claim::

    from ..proof import symbols as s
    from ..proof.claims import Claim
    from ..proof.derivation import Definition, Derivation, Step, of
    from ..proof.formula import Formula

    FORCE = Definition(
        name="force", expression=(1 - s.w**2) * s.w - s.lam,
        meaning="The velocity of a lone weight.", source="Lecomte et al. 2023, Setup",
    )
    growth = Formula(name="growth", expression=1 - 3 * s.w**2, arguments=(s.w,), ...)
    CLAIMS = (
        Claim(
            label="growth", statement="A small deviation of a lone weight grows at 1 - 3 w^2.",
            kind="derived here", source="paper_notes/stationary.md", formula=growth,
            derivation=Derivation(
                Step(
                    name="linearise",
                    left=of(FORCE, build=lambda force: sp.Derivative(force, s.w)),
                    right=growth, reason="differentiate the force",
                ),
            ),
        ),
    )

- ``of(source, build=...)`` takes the expression of a ``Definition`` or of a ``Claim`` (its
  formula) and builds a left side from it. A build that ignores its source is a failure. What a
  claim uses is read off these references.
- A step without ``left`` continues from the right side of the step before; to repeat that side
  is a failure, except where a formula names it.
- ``given={symbol: of(claim, ...)}`` replaces a symbol on both sides by what a claim says of it.
- ``assumptions`` are relations that hold where the step does; ``ranges={symbol: (low, high)}``
  says where numeric points are drawn (positive symbols: (0, 3], indices and sizes: 1 to 5).
- Write ``Sum``, ``Integral``, ``Derivative``, ``Limit`` unevaluated, with ``Root``, ``Taylor`` and
  ``Expansion`` of :mod:`polysem.theory.proof.operators`: each route evaluates them in its own way.

Each step is checked by SymPy's simplification (no decision is a failure), by numbers at random
rational points to 50 digits (:mod:`polysem.theory.proof.evaluate`), and, where it has a sum, an
integral or a limit, by certified enclosures (:mod:`polysem.theory.proof.enclosure`, if python-flint
is installed).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from .enclosure import enclose
from .formula import Formula, IndexForm
from .routes import numeric, symbolic

_FINE = ("passed", "not needed", "not run")
_MARK = sp.Symbol("mark", positive=True)


@dataclass(frozen=True, kw_only=True, eq=False)
class Definition:
    """A part of the model, from which derivations may start.

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

    Source
    ------
    paper_notes/blueprint.md
    """

    name: str
    expression: sp.Expr
    meaning: str
    source: str


@dataclass(frozen=True)
class Origin:
    """An expression built from those of definitions and claims; see :func:`of`.

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

    def ignored(self) -> list[Any]:
        """The sources on which the expression does not depend."""
        plain = list(map(stated, self.sources))
        found = []
        for place, source in enumerate(self.sources):
            for marked in (_MARK * plain[place], _MARK + plain[place]):
                built = self.build(*plain[:place], marked, *plain[place + 1 :])
                if sp.sympify(built).has(_MARK):
                    break
            else:
                found.append(source)
        return found


def of(*sources: Any, build: Callable[..., sp.Expr] = lambda expression: expression) -> Origin:
    """A left side built from the model or from the formula of earlier claims.

    >>> from polysem import theory
    >>> origin = theory.of(theory.model.LOSS, build=lambda loss: -loss)
    >>> origin.ignored()
    []

    Parameters
    ----------
    *sources : Definition or Claim
        What the expression comes from.
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
        A short name, told when the step fails.
    right : sympy.Expr, Formula or IndexForm
        The right side.
    reason : str
        Why the sides are equal.
    left : Origin, optional
        The left side; without it the right side of the step before.
    given : mapping of sympy.Symbol to Origin
        Symbols that earlier claims express by others.
    assumptions : tuple of sympy relations
        What must hold of the symbols.
    ranges : mapping of sympy.Symbol to (low, high)
        Where numeric points are drawn.
    digits : int
        The digits to which the numeric route must agree.

    Source
    ------
    paper_notes/blueprint.md
    """

    name: str
    right: sp.Expr | Formula | IndexForm
    reason: str
    left: Origin | None = None
    given: Mapping[sp.Symbol, Origin] = field(default_factory=dict)
    assumptions: tuple[sp.Basic, ...] = ()
    ranges: Mapping[sp.Basic, tuple[Any, Any]] = field(default_factory=dict)
    digits: int = 50

    @property
    def right_expression(self) -> sp.Expr:
        right = self.right
        return right.expression if isinstance(right, Formula | IndexForm) else sp.sympify(right)

    @property
    def sources(self) -> tuple[Any, ...]:
        origins = [*([self.left] if self.left else []), *self.given.values()]
        return tuple(source for origin in origins for source in origin.sources)


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """What the routes say of one step.

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
        "passed", "not needed", "not run" (with the reason), or why it failed.

    Source
    ------
    paper_notes/blueprint.md
    """

    name: str
    symbolic: str
    numeric: str
    enclosure: str = "not needed"

    @property
    def passed(self) -> bool:
        return (
            self.symbolic == "passed"
            and self.numeric == "passed"
            and self.enclosure.startswith(_FINE)
        )

    @property
    def message(self) -> str:
        """One line for each route that failed, with the name of the step."""
        routes = {"symbolic": self.symbolic, "numeric": self.numeric, "enclosure": self.enclosure}
        return "\n".join(
            f"Step {self.name!r}, {route} route: {said}"
            for route, said in routes.items()
            if not said.startswith(_FINE)
        )


class Derivation:
    """A chain of steps from the model or earlier claims to the formula of a claim.

    >>> from polysem import theory
    >>> derivation = theory.claims()["fold"].derivation
    >>> [step.name for step in derivation.steps]
    ['insert the top']
    >>> all(result.passed for result in derivation.check())
    True

    Parameters
    ----------
    *steps : Step
        In order. The first has a left side, the last has the claim's formula on its right.

    Source
    ------
    paper_notes/blueprint.md
    """

    def __init__(self, *steps: Step) -> None:
        if not steps:
            raise ValueError("A derivation needs at least one step.")
        if steps[0].left is None:
            raise ValueError(
                f"The first step, {steps[0].name!r}, has no left side; build it with of(...)."
            )
        names = [step.name for step in steps]
        if len(set(names)) < len(names):
            raise ValueError(f"Two steps of one derivation share a name: {names}.")
        self.steps = steps

    @property
    def sources(self) -> tuple[Any, ...]:
        """The definitions and claims to which the steps refer, each once."""
        return tuple(dict.fromkeys(source for step in self.steps for source in step.sources))

    def sides(self) -> list[tuple[sp.Expr, sp.Expr]]:
        """Left and right side of each step, as written."""
        pairs: list[tuple[sp.Expr, sp.Expr]] = []
        for step in self.steps:
            left = pairs[-1][1] if step.left is None else step.left.expression
            pairs.append((left, step.right_expression))
        return pairs

    def check(self, *, enclosures: bool = True) -> tuple[StepResult, ...]:
        """The results of all routes for all steps, in order."""
        pairs = zip(self.steps, self.sides(), strict=True)
        return tuple(
            check_step(step, left, right, enclosures=enclosures) for step, (left, right) in pairs
        )

    def latex(self) -> str:
        """The chain as an ``align*`` block, a line a side, the reasons as text."""
        from .typeset import align

        return align(self)

    def __repr__(self) -> str:
        return f"Derivation({' -> '.join(step.name for step in self.steps)})"

    def _repr_latex_(self) -> str:
        return self.latex()


def check_step(step: Step, left: sp.Expr, right: sp.Expr, *, enclosures: bool = True) -> StepResult:
    """What the routes say of one step with the given sides.

    >>> from polysem import theory
    >>> from polysem.theory.proof.derivation import check_step
    >>> derivation = theory.claims()["fold"].derivation
    >>> check_step(derivation.steps[0], *derivation.sides()[0]).passed
    True
    """
    for origin in (*([step.left] if step.left else []), *step.given.values()):
        for source in origin.ignored():
            said = f"the left side is said to come from {_name(source)} but does not depend on it"
            return StepResult(name=step.name, symbolic=said, numeric="not run")
    if step.left is None and left == right and not isinstance(step.right, Formula | IndexForm):
        said = f"both sides are the same expression, {right}"
        return StepResult(name=step.name, symbolic=said, numeric="not run")
    given = (step, left, right, assumed(step))
    return StepResult(
        name=step.name,
        symbolic=_said(symbolic, *given),
        numeric=_said(numeric, *given),
        enclosure=_said(enclose, *given) if enclosures else "not run",
    )


def _said(route: Callable[..., str], *given: Any) -> str:
    """What a route says; where it cannot even evaluate the sides, that."""
    try:
        return route(*given)
    except Exception as error:  # whatever stops a route is told in its line
        return f"{type(error).__name__}: {error}"


def _name(source: Any) -> str:
    return getattr(source, "label", None) or source.name


def assumed(step: Step) -> tuple[sp.Basic, ...]:
    """The assumptions of a step, and the regime of the formula on its right."""
    regime = step.right.regime if isinstance(step.right, Formula | IndexForm) else ()
    return (*step.assumptions, *regime)
