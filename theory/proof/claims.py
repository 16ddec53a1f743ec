"""The claims of the theory: statement, source, proof, and what they use."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

from .derivation import Derivation
from .formula import IndexForm
from .step import Definition, Step

_PACKAGE = ".".join(__name__.split(".")[:2])
_READING_ORDER = [
    "proof",
    "model",
    "row",
    "collisions",
    "interference",
    "optimizer",
    "noise",
    "cooccurrence",
    "features",
    "dropout",
    "paper",
    "variants",
]


@dataclass(frozen=True, kw_only=True, eq=False)
class Prose:
    """An argument in words, for what SymPy cannot check.

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


def _declaring_module() -> str:
    """The module whose code creates a claim: the first caller outside this one."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals["__name__"] == __name__:
        frame = frame.f_back
    return str(frame.f_globals["__name__"])


@dataclass(frozen=True, kw_only=True, eq=False)
class Claim:
    """A statement of the paper or of ours; :mod:`polysem.theory.proof.status` computes its status.

    >>> from polysem import theory
    >>> theory.claims()["amplitude"].uses
    ('stationary_weight',)

    Modules declare claims by :func:`derived` and :func:`cited`.

    Parameters
    ----------
    label : str
        The name under which the claim is found.
    template : str
        The claim in one sentence, with ``{formula}`` in place of its formula, and ``{label}`` in
        place of the formula of another claim: of the package, or one on which the proof rests.
    kind : {"cited", "derived here"}
        Whether the paper states it ("cited") or we derive it.
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
        Names of the checks that compare the claim with simulations or published numbers; they
        are bound in ``verify``.
    module : str
        The module that declares it; by default the one whose code creates it.

    Raises
    ------
    ValueError
        Where the derivation ends on another formula, or the template does not contain the
        formula; when the statement is read, where the
        template contains the name of a formula that does not exist.

    Source
    ------
    paper_notes/blueprint.md
    """

    label: str
    template: str
    kind: Literal["cited", "derived here"]
    source: str
    formula: IndexForm | None = None
    derivation: Derivation | None = None
    prose: Prose | None = None
    factor: Claim | None = None
    checks: tuple[str, ...] = ()
    module: str = field(default_factory=_declaring_module)

    def __post_init__(self) -> None:
        if self.derivation and self.derivation.steps[-1].right is not self.formula:
            raise ValueError(
                f"Claim {self.label!r}: the right side of the last step is "
                f"{self.derivation.steps[-1].right}; it must be the formula of the claim itself."
            )
        if self.formula is not None and "{formula}" not in self.template:
            raise ValueError(
                f"Claim {self.label!r}: the statement {self.template!r} does not contain its "
                "formula; write {formula} where the sentence states it."
            )

    def __repr__(self) -> str:
        return f"Claim({self.label}: {self.statement})"

    def __str__(self) -> str:
        about = importlib.import_module(f"{__package__}.explain")  # it needs this module
        return str(about.page(self, about.record_of(self)))

    @property
    def statement(self) -> str:
        """The claim in one sentence, in plain text."""
        return self.worded(lambda formula: formula.plain())

    def worded(self, write: Callable[[IndexForm], str]) -> str:
        """The claim in one sentence, each formula in it written by a given function.

        >>> from polysem import theory
        >>> theory.claims()["fold"].worded(lambda formula: formula.name)
        'A row with one non-zero weight can be at rest only for lambda <= fold.'
        """

        used = {claim.label: claim for claim in self.rests_on if isinstance(claim, Claim)}

        def written(found: re.Match[str]) -> str:
            claim = {**claims(), **used, "formula": self}.get(found[1])
            if claim is None or claim.formula is None:
                raise ValueError(
                    f"Claim {self.label!r}: the placeholder {found[0]} in its statement matches no "
                    "formula; write {formula} for the formula of this claim, or {label} with the "
                    "label of another claim that has a formula."
                )
            return write(claim.formula)

        return re.sub(r"\{(\w+)\}", written, self.template)

    def latex(self) -> str:
        """The derivation in LaTeX, or the formula where there is none to show."""
        if self.derivation:
            return self.derivation.latex()
        return f"${self.formula.latex()}$" if self.formula else ""

    def _repr_markdown_(self) -> str:
        formula = f"\n\n{self.formula._repr_latex_()}" if self.formula else ""
        statement = self.worded(lambda formula: f"${formula.latex()}$")
        return f"**{self.label}** ({self.kind}). {statement}{formula}\n\n*{self.source}*"

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


def derived(
    formula: IndexForm | str,
    template: str,
    *steps: Step,
    label: str = "",
    page: str = "",
    prose: str = "",
    by: tuple[Any, ...] = (),
    checks: tuple[str, ...] = (),
) -> Claim:
    """A claim of ours, derived on a page in steps, in words or in both.

    >>> from polysem import theory
    >>> theory.derived(theory.fold_amplitude, "The two weights meet at w = {formula}.")
    Claim(fold_amplitude: The two weights meet at w = sqrt(3)/3.)

    Parameters
    ----------
    formula : Formula, IndexForm or str
        What is claimed; for a claim without a formula its label.
    template : str
        The claim in one sentence, ``{formula}`` standing for the formula.
    *steps : Step
        The derivation. The last step has the formula on its right side, also where it names none.
    label : str, optional
        The name of the claim; by default that of the formula.
    page : str, optional
        The page of the notes that derives it; by default the source of the formula.
    prose : str, optional
        The part of the proof that is in words.
    by : tuple of Claim or Definition
        What the part in words rests on.
    checks : tuple of str
        Names of the checks that compare the claim with simulations or published numbers.

    Returns
    -------
    Claim

    Raises
    ------
    ValueError
        Where the steps are no chain that ends on the formula, or the sentence lacks it.

    Source
    ------
    paper_notes/your_claims.md
    """
    form = None if isinstance(formula, str) else formula
    source = page or (form.source if form else "")
    if steps and steps[-1].right is None:
        steps = (*steps[:-1], replace(steps[-1], right=form))
    return Claim(
        label=label or (form.name if form else str(formula)),
        template=template,
        kind="derived here",
        source=source,
        formula=form,
        derivation=Derivation(*steps) if steps else None,
        prose=Prose(argument=prose, page=source, by=by) if prose else None,
        checks=checks,
    )


def cited(
    formula: IndexForm | str,
    template: str,
    *steps: Step,
    page: str = "",
    source: str = "",
    factor: Claim | None = None,
    **options: Any,
) -> Claim:
    """A claim of the paper; the same options as :func:`derived`, and three of its own.

    >>> from polysem import theory
    >>> place = "Lecomte et al. 2023, Sparsity"
    >>> theory.cited("winner", "The largest weight wins.", source=place).kind
    'cited'

    Parameters
    ----------
    formula, template, *steps : Formula or str, str, Step
        As in :func:`derived`.
    source : str, optional
        Its place in the paper; by default the source of the formula.
    page : str, optional
        The page of the notes that has the part of the proof in words.
    factor : Claim, optional
        For an estimate: the claim of the factor by which it must be multiplied.
    **options : object
        The other options of :func:`derived`.

    Returns
    -------
    Claim

    Raises
    ------
    ValueError
        As in :func:`derived`.

    Source
    ------
    paper_notes/your_claims.md
    """
    claim = derived(formula, template, *steps, page=page, **options)
    source = source or (claim.formula.source if claim.formula else "")
    return replace(claim, kind="cited", source=source, factor=factor)


@cache
def claims() -> Mapping[str, Claim]:
    """All claims by label, in the order of the modules and of their definition there.

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
    for claim in _declared():
        if claim.label in found:
            raise ValueError(
                f"Got the label {claim.label!r} for two claims, in {found[claim.label].module} and "
                f"in {claim.module}; give each claim a label of its own."
            )
        found[claim.label] = claim
    return found


def topics() -> Mapping[str, tuple[str, list[Claim]]]:
    """The meaning and the claims of each module, by its path in the package.

    >>> from polysem.theory.proof.claims import topics
    >>> meaning, found = topics()["row/stationary"]
    >>> meaning, found[0].label
    ('Stationary states: amplitude, fold, loss per feature and crossing.', 'stationary_weight')
    """
    found: dict[str, tuple[str, list[Claim]]] = {}
    for claim in claims().values():
        about = sys.modules[claim.module].__doc__ or ""
        topic = claim.module.removeprefix(f"{_PACKAGE}.").replace(".", "/")
        found.setdefault(topic, (about.split("\n\n")[0], []))[1].append(claim)
    return found


def _declared() -> Iterator[Claim]:
    """The claims that the modules of the package declare, in the order of their definition."""
    package = importlib.import_module(_PACKAGE)
    names = [info.name for info in pkgutil.walk_packages(package.__path__, f"{_PACKAGE}.")]
    for name in sorted(names, key=lambda name: _READING_ORDER.index(name.split(".")[2])):
        module = importlib.import_module(name)
        for thing in list(vars(module).values()):
            if isinstance(thing, Claim) and thing.module == name:
                yield thing
