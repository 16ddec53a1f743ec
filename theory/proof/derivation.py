"""Derivations: chains of equalities, each checked by symbolic, numeric and certified routes.

A derivation starts from the model or from the formula of an earlier claim, moves by equalities
and ends on the formula of its own claim::

    from functools import partial

    from ..proof import Definition, Formula, Step, derived, of
    from ..proof import symbols as s

    formula = partial(Formula, source="paper_notes/stationary.md")

    FORCE = Definition(
        name="force", expression=(1 - s.w**2) * s.w - s.lam,
        meaning="The velocity of a lone weight.", source="Lecomte et al. 2023, Setup",
    )
    growth = formula(
        name="growth", expression=1 - 3 * s.w**2, arguments=(s.w,), ...
    )
    GROWTH = derived(
        growth,
        "A small deviation of a lone weight grows at the rate {formula}.",
        Step(
            name="linearise",
            left=of(FORCE, build=lambda force: sp.Derivative(force, s.w)),
            reason="differentiate the force",
        ),
    )

- The last step ends on the formula of the claim: it needs no ``right``.
- ``of(source, build=...)`` takes the expression of a ``Definition`` or of a ``Claim`` (its
  formula) and builds a left side from it. A build that ignores its source is a failure. What a
  claim uses is read off these references.
- A step without ``left`` continues from the right side of the step before.
- A step whose sides are the same before anything is carried out is a failure, because it shows
  nothing. SymPy carries out ``f.subs(x, 2)`` and ``f.diff(x)`` at once; write ``sp.Subs(f, x, 2)``
  and ``sp.Derivative(f, x)``, and ``network(f, rows)`` for given weights, to show what is done.
- ``given={symbol: of(claim, ...)}`` replaces a symbol on both sides by what a claim says of it.
- ``assumptions`` are relations that hold where the step does; ``ranges={symbol: (low, high)}``
  says where numeric points are drawn (positive symbols: (0, 3], indices and sizes: 1 to 5).
- Write ``Sum``, ``Integral``, ``Derivative``, ``Limit`` unevaluated, with ``Root``, ``Taylor``,
  ``Expansion`` and ``AtWeights`` of :mod:`polysem.theory.proof.operators`: each route evaluates
  them in its own way.

Each step is checked by SymPy's simplification (which must decide it), by numbers at random
rational points to 50 digits (:mod:`polysem.theory.proof.evaluate`), and by certified enclosures
(:mod:`polysem.theory.proof.enclosure`, if python-flint is installed, where it has the rules).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

from .enclosure import enclose
from .formula import IndexForm
from .guards import circular, rejected, truncated, weaker
from .limit import OutOfTime, time_limit
from .routes import numeric, symbolic
from .step import NOT_DECIDED, REMEDY, Step, StepResult
from .typeset import align, chain

SECONDS = 120
"""The time limit of a route."""


class Derivation:
    """A chain of steps from the model or earlier claims to the formula of a claim.

    >>> from polysem import theory
    >>> derivation = theory.claims()["fold"].derivation
    >>> [step.name for step in derivation.steps]
    ['insert the top', 'square', 'largest lambda']
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
            raise ValueError("Got a derivation without steps; give at least one step.")
        if steps[0].left is None:
            raise ValueError(
                f"The first step, {steps[0].name!r}, has no left side; give it left=of(...) with "
                "the claim or the definition from which the derivation starts."
            )
        if not steps[0].left.sources:
            raise ValueError(
                f"The first step, {steps[0].name!r}, starts from nothing; name in of(...) the "
                "claim or the definition from which the derivation starts."
            )
        for step in steps:
            if step.right is None:
                raise ValueError(
                    f"Step {step.name!r} has no right side; give right=... (only the last step of "
                    "derived(...) or cited(...) may leave it out)."
                )
        for step in steps[1:]:
            if step.left is not None:
                raise ValueError(
                    f"Step {step.name!r} has its own left side, so the steps before it are not "
                    "used; remove the left side, or make the earlier steps a separate claim."
                )
        names = [step.name for step in steps]
        if len(set(names)) < len(names):
            raise ValueError(
                f"Got steps with the names {names}; give every step of a derivation its own name."
            )
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

    @property
    def formula(self) -> IndexForm | None:
        """The formula on which the derivation ends; None where it ends on an expression."""
        right = self.steps[-1].right
        return right if isinstance(right, IndexForm) else None

    def check(self, *, enclosures: bool = True, seconds: float = SECONDS) -> tuple[StepResult, ...]:
        """The results of all routes for all steps, in order.

        Parameters
        ----------
        enclosures : bool, optional
            Whether certified enclosures are computed too.
        seconds : float, optional
            The time limit of each route.
        """
        sides = self.sides()
        problem = (
            circular(sides) or truncated(sides, self.formula) or weaker(self.sources, self.formula)
        )
        if problem:
            return (StepResult(name=self.steps[-1].name, symbolic=problem, numeric="not run"),)
        regime = self.formula.regime if self.formula else ()
        arguments = frozenset(self.formula.expression.free_symbols) if self.formula else frozenset()
        return tuple(
            check_step(
                step,
                left,
                right,
                regime=regime,
                arguments=arguments,
                enclosures=enclosures,
                seconds=seconds,
            )
            for step, (left, right) in zip(self.steps, sides, strict=True)
        )

    def latex(self) -> str:
        """The chain as an ``align*`` block, a line a side, the reasons as text."""
        return align(self.steps, self.sides())

    def __str__(self) -> str:
        return "\n".join(chain(self.steps, self.sides()))

    def __repr__(self) -> str:
        return f"Derivation({' -> '.join(step.name for step in self.steps)})"

    def _repr_latex_(self) -> str:
        return self.latex()


def check_step(
    step: Step,
    left: sp.Expr,
    right: sp.Expr,
    *,
    regime: tuple[sp.Basic, ...] = (),
    arguments: frozenset[sp.Basic] = frozenset(),
    enclosures: bool = True,
    seconds: float = SECONDS,
) -> StepResult:
    """The results of the routes for one step with the given sides.

    >>> from polysem import theory
    >>> from polysem.theory.proof.derivation import check_step
    >>> derivation = theory.claims()["fold"].derivation
    >>> check_step(derivation.steps[0], *derivation.sides()[0]).passed
    True
    """
    problem = _said(seconds, rejected, step, left, right, regime, arguments)
    if problem:
        return StepResult(name=step.name, symbolic=problem, numeric="not run")
    given = (step, left, right, (*step.assumptions, *regime))
    return StepResult(
        name=step.name,
        symbolic=_said(seconds, symbolic, *given),
        numeric=_said(seconds, numeric, *given),
        enclosure=_said(seconds, enclose, *given) if enclosures else "not run",
    )


def _said(seconds: float, route: Callable[..., Any], *given: Any) -> Any:
    """The result of a route, or the error where it cannot evaluate the sides."""
    try:
        with time_limit(seconds):
            return route(*given)
    except OutOfTime:
        return f"{NOT_DECIDED} in {seconds:g} s, {REMEDY}"
    except Exception as error:  # every error is reported as a result
        return f"{type(error).__name__}: {error}"
