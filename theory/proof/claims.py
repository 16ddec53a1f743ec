"""Claims: what the theory says, with its place, its proof, what it uses and a computed status."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from .derivation import Definition, Derivation, Step
from .formula import Formula, IndexForm

PROVED = "proved"
PROSE = "proved in prose"
ASYMPTOTIC = "asymptotic"
MEASURED = "measured"
REFINED = "refined"
WRONG = "does not hold as stated"
UNDECIDED = "undecided"
CONJECTURE = "conjecture"
FAILS = "fails its checks"
_STRENGTH = (
    PROVED,
    PROSE,
    ASYMPTOTIC,
    MEASURED,
    REFINED,
    UNDECIDED,
    CONJECTURE,
    WRONG,
    FAILS,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Prose:
    """An argument in words, for what SymPy cannot carry.

    >>> from polysem import theory
    >>> theory.claims()["amplitude"].prose.page
    'paper_notes/stationary.md'

    Parameters
    ----------
    argument : str
        The core of the argument, in a sentence or two.
    page : str
        The page of the notes that has it in full.
    by : tuple of Claim or Definition
        What it rests on.

    Source
    ------
    paper_notes/blueprint.md
    """

    argument: str
    page: str
    by: tuple[Any, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Claim:
    """A statement of the paper or of ours; its status is computed, never declared.

    >>> from polysem import theory
    >>> theory.claims()["amplitude"].uses
    ('stationary_weight',)

    Parameters
    ----------
    label : str
        The name under which the claim is found.
    statement : str
        The claim in one sentence.
    kind : {"cited", "derived here"}
        Whether the paper states it.
    source : str
        Its place in the paper, or the page of the notes that derives it.
    formula : Formula or IndexForm, optional
        What is claimed, as a closed form.
    derivation : Derivation, optional
        The steps that lead to the formula.
    prose : Prose, optional
        The part of the proof that is in words.
    factor : Claim, optional
        For a cited estimate: the claim of the factor by which it must be multiplied.
    checks : tuple of str
        Names of the checks that confront the claim with simulations or published numbers; they
        are bound in ``verify``.

    Source
    ------
    paper_notes/blueprint.md
    """

    label: str
    statement: str
    kind: Literal["cited", "derived here"]
    source: str
    formula: Formula | IndexForm | None = None
    derivation: Derivation | None = None
    prose: Prose | None = None
    factor: Claim | None = None
    checks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.derivation and self.derivation.steps[-1].right is not self.formula:
            raise ValueError(
                f"Claim {self.label!r}: the derivation ends on "
                f"{self.derivation.steps[-1].right}, not on the claim's formula."
            )

    def __repr__(self) -> str:
        return f"Claim({self.label}: {self.statement})"

    def latex(self) -> str:
        """The derivation in LaTeX, or the formula where there is none to show."""
        if self.derivation:
            return self.derivation.latex()
        return f"${self.formula.latex()}$" if self.formula else ""

    def _repr_markdown_(self) -> str:
        formula = f"\n\n{self.formula._repr_latex_()}" if self.formula else ""
        return f"**{self.label}** ({self.kind}). {self.statement}{formula}\n\n*{self.source}*"

    @property
    def rests_on(self) -> tuple[Any, ...]:
        """The claims and definitions to which the proof refers, each once."""
        found = [
            *(self.derivation.sources if self.derivation else ()),
            *(self.prose.by if self.prose else ()),
            *([self.factor] if self.factor else ()),
        ]
        return tuple(dict.fromkeys(found))

    @property
    def uses(self) -> tuple[str, ...]:
        """The labels of the claims to which the proof refers."""
        return tuple(source.label for source in self.rests_on if isinstance(source, Claim))

    @property
    def definitions(self) -> tuple[str, ...]:
        """The names of the definitions of the model to which the proof refers."""
        return tuple(source.name for source in self.rests_on if isinstance(source, Definition))

    def status(self, verdicts: Mapping[str, str], steps_passed: Mapping[str, bool]) -> str:
        """The status that follows from check results.

        Parameters
        ----------
        verdicts : mapping
            "agrees", "departs" or "undecided" by name of the check.
        steps_passed : mapping
            Whether all steps pass, by label of the claim.
        """
        if self.derivation and not steps_passed.get(self.label, False):
            return FAILS
        said = [verdicts[name] for name in self.checks if name in verdicts]
        if "departs" in said:
            return WRONG
        if self.factor is not None:
            known = (PROVED, PROSE, ASYMPTOTIC, MEASURED)
            if self.factor.status(verdicts, steps_passed) not in known:
                return UNDECIDED
            assert self.factor.formula is not None
            return REFINED if self.factor.formula.expression == 1 else WRONG
        if self.derivation or self.prose:
            own = PROSE if self.prose else PROVED
            if self.formula is not None and not self.formula.error.startswith("exact"):
                own = ASYMPTOTIC
            used = [s.status(verdicts, steps_passed) for s in self.rests_on if isinstance(s, Claim)]
            return max([own, *used], key=_STRENGTH.index)
        if not said:
            return CONJECTURE
        return MEASURED if len(said) == len(self.checks) and set(said) == {"agrees"} else UNDECIDED


def derived(
    formula: Formula,
    statement: str,
    *steps: Step,
    page: str,
    prose: str = "",
    by: tuple[Any, ...] = (),
    checks: tuple[str, ...] = (),
) -> Claim:
    """A claim of ours under its formula's name, derived on a page in steps, in words or in both.

    >>> from polysem import theory
    >>> from polysem.theory.proof.claims import derived
    >>> derived(theory.fold_amplitude, "It is 1/sqrt(3).", page="paper_notes/stationary.md").label
    'fold_amplitude'
    """
    return Claim(
        label=formula.name,
        statement=statement,
        kind="derived here",
        source=page,
        formula=formula,
        derivation=Derivation(*steps) if steps else None,
        prose=Prose(argument=prose, page=page, by=by) if prose else None,
        checks=checks,
    )


@cache
def claims() -> Mapping[str, Claim]:
    """All claims by label, in the order of the modules and of their statement.

    >>> from polysem import theory
    >>> theory.claims()["fold"].kind
    'derived here'

    Returns
    -------
    dict of str to Claim

    Raises
    ------
    ValueError
        Where two claims share a label.

    Source
    ------
    paper_notes/blueprint.md
    """
    found: dict[str, Claim] = {}
    for claim, _ in _listed():
        if claim.label in found:
            raise ValueError(f"Two claims have the label {claim.label!r}.")
        found[claim.label] = claim
    return found


def topics() -> Mapping[str, tuple[str, list[Claim]]]:
    """What each topic is about, and its claims, by the name of its module.

    >>> from polysem.theory.proof.claims import topics
    >>> meaning, found = topics()["stationary"]
    >>> meaning, found[0].label
    ('Stationary states: amplitude, fold, loss per feature and crossing.', 'stationary_weight')
    """
    found: dict[str, tuple[str, list[Claim]]] = {}
    for claim, module in _listed():
        about = importlib.import_module(module).__doc__ or ""
        found.setdefault(module.rpartition(".")[2], (about.split("\n\n")[0], []))[1].append(claim)
    return found


def _listed() -> Iterator[tuple[Claim, str]]:
    package = __name__.rpartition(".")[0].rpartition(".")[0]
    folder = Path(__file__).parent.parent
    for info in pkgutil.walk_packages([str(folder)], f"{package}."):
        module = importlib.import_module(info.name)
        for claim in getattr(module, "CLAIMS", ()):
            yield claim, info.name
