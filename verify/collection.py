"""Collections: claims of your own with their witnesses, status and record, outside the package."""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import sympy as sp

from ..theory.proof.claims import Claim
from ..theory.proof.claims import claims as claims_of_package
from ..theory.proof.explain import labelled
from ..theory.proof.formula import Formula, IndexForm
from ..theory.proof.prose import in_latex
from ..theory.proof.record import Record, definitions, recheck
from ..theory.proof.status import Evidence
from ..theory.proof.step import Definition
from ..theory.proof.step import named as name_of
from .claims import in_markdown, page, table
from .witness.declare import Witness
from .witness.judge import compared, refuted
from .witness.record import digest, entry


class Collection:
    """Claims of your own, with a status computed by the rule of the package.

    The claims on which they rest are included, as far as they are not in the package. A definition
    of your own counts as argued, unless it has a witness. ``polysem claims --from FILE`` shows the
    collection that a file of Python code makes.

    >>> from itertools import product
    >>> from polysem import theory, verify
    >>> from polysem.theory import symbols as s
    >>> from sympy import Sum
    >>> chance = theory.Formula(
    ...     name="same_slot", expression=1 / (2 * s.m), arguments=(s.m,), source="my notes",
    ...     meaning="The chance of one slot.", example=">>> same_slot(m=4)\\n0.125",
    ... )
    >>> claim = theory.derived(
    ...     chance,
    ...     "Two features choose the same slot with probability {formula}.",
    ...     theory.Step(
    ...         name="every slot",
    ...         left=theory.of(theory.SLOTS, build=lambda n: Sum(1 / n**2, (s.k, 1, n))),
    ...         reason="both features are in slot k, for each of the slots",
    ...     ),
    ... )
    >>> book = verify.Collection("mybook", claim)
    >>> @book.witness(claim, method="enumeration", within={"m": (1, 9)}, reach="all are listed")
    ... def same_slot(m):
    ...     choices = list(product(range(2 * m), repeat=2))
    ...     return sum(first == second for first, second in choices) / len(choices)
    >>> book.check()
    {'same_slot': 'proved'}

    Parameters
    ----------
    name : str
        The title of the collection.
    *claims : Claim
        Claims of :func:`~polysem.theory.derived` or :func:`~polysem.theory.cited`.
    record : str or pathlib.Path, optional
        The file of the results. It is read where it exists, and ``check(save=True)`` writes it.

    Raises
    ------
    ValueError
        Where a label or a name stands for two things, or is in use in the package; where a
        derivation starts from anything else than a claim or a definition; where the file is no
        record.

    Source
    ------
    paper_notes/your_claims.md
    """

    def __init__(self, name: str, *claims: Claim, record: str | Path | None = None) -> None:
        if not claims:
            raise ValueError(f"Got the collection {name!r} without claims; give at least one.")
        self.name = name
        self.path = None if record is None else Path(record)
        self.witnesses: dict[str, Witness] = {}
        self._own: dict[str, Claim | Definition] = {}
        for claim in claims:
            self._take(claim)
        self.claims = {k: own for k, own in self._own.items() if isinstance(own, Claim)}
        self._results = Record.load(self.path) if self.path else Record({}, {}, {})

    def _take(self, source: Any) -> None:
        """Add a claim or a definition of the user, after those on which it rests."""
        if not isinstance(source, Claim | Definition):
            raise ValueError(
                f"Got {str(source)[:60]!r}; a collection and its claims can use only claims of "
                "theory.derived(...) and theory.Definition objects: give one of these."
            )
        name = name_of(source)
        if source in (*definitions(), claims_of_package().get(name), self._own.get(name)):
            return
        taken = {*claims_of_package(), *(known.name for known in definitions())}
        if name in self._own or name in taken:
            where = "the package" if name in taken else f"the collection {self.name!r}"
            raise ValueError(
                f"Got the name {name!r} for a claim or a definition; {where} has another one of "
                "this name: give it a name of its own."
            )
        for used in source.rests_on if isinstance(source, Claim) else ():
            self._take(used)
        self._own[name] = source

    def witness(
        self, about: Claim | Definition, **options: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a function as the witness of a claim or of a definition.

        It computes the quantity from the model, and not by the formula. It takes the arguments of
        the formula by name, and ``rng`` where it draws random numbers. The record keeps a digest of
        its file, so that a result for another version of the file does not count.

        Parameters
        ----------
        about : Claim or Definition
            What it tests; a definition with a witness is listed as a claim.
        **options : object
            ``method``: "enumeration", "quadrature", "sampling" or another kind of computation;
            ``accuracy``: the largest relative deviation that it explains (1e-9);
            ``samples``: how many random arguments are drawn (12);
            ``within={argument: (low, high)}`` with ``reach``, the reason for these ranges.
            For a bound, a limit, or a claim without a formula see the class ``Witness`` in
            ``polysem.verify.witness.declare``.
        """
        name = name_of(about)
        if self._own.get(name) is not about or name in self.witnesses:
            raise ValueError(
                f"Got a witness of {name!r}; it needs a claim or a definition of the collection "
                f"{self.name!r} that has no witness yet."
            )
        if isinstance(about, Claim) and about.formula is None and "wrong" not in options:
            raise ValueError(
                f"Got a witness of {name!r}, a claim without a formula; give wrong=..., the same "
                "computation for a false version of the claim, which must be rejected."
            )

        def declare(compute: Callable[..., Any]) -> Callable[..., Any]:
            self.witnesses[name] = Witness(label=name, compute=compute, **options)
            if isinstance(about, Definition):
                self.claims[name] = _as_claim(about)
            return compute

        return declare

    @property
    def record(self) -> Record:
        """The results that concern the claims and the witnesses as they are now."""
        current = {name: digest(witness) for name, witness in self.witnesses.items()}
        kept = {
            name: found
            for name, found in self._results.claims.items()
            if (found.get("witness") or {}).get("digest") == current.get(name)
        }
        return Record(kept, {}, self._results.versions, known=self.claims, base=_package())

    def check(self, *labels: str, save: bool = False, progress: bool = False) -> dict[str, str]:
        """Check the derivations and witnesses of all claims, or of some; the status of each claim.

        Parameters
        ----------
        *labels : str
            The claims to check; by default all.
        save : bool, optional
            Whether the results are written to the file of the collection.
        progress : bool, optional
            Whether a progress bar is shown.
        """
        if save and self.path is None:
            raise ValueError(
                f"The collection {self.name!r} has no file to save to; give it one with "
                "verify.Collection(..., record='mybook.json')."
            )
        chosen = [self.named(label) for label in labels] or list(self.claims.values())
        entries = recheck(chosen, progress=progress)
        for claim in chosen:
            if claim.label in self.witnesses:
                entries[claim.label]["witness"] = self._witnessed(claim)
        self._results = self.record.updated(entries, {})
        if save and self.path:
            self._results.save(self.path)
        return {label: self._results.status(label) for label in self.claims}

    def _witnessed(self, claim: Claim) -> dict[str, Any]:
        witness = self.witnesses[claim.label]
        if claim.formula is None and refuted(witness).passed:
            raise ValueError(
                f"The witness of {claim.label!r} also confirms the false version of the claim, so "
                "it cannot detect an error; correct the witness."
            )
        return entry(witness, compared(witness, claim.formula))

    def named(self, label: str) -> Claim:
        """The claim of a label; a ValueError lists similar labels."""
        return labelled(label, self.claims)

    def status(self, label: str) -> str:
        """The status of a claim: that of its last check, if nothing has changed since."""
        return self.record.status(self.named(label).label)

    def page(self, label: str) -> str:
        """One claim in full: statement, status, derivation, witness."""
        return page(label, self.record)

    def blueprint(self) -> str:
        """All claims in Markdown: status, statement, formula, used claims."""
        record = self.record
        entries = (in_markdown(claim, record) for claim in self.claims.values())
        return "\n".join([f"# {self.name}", *(line for found in entries for line in ["", *found])])

    def latex(self) -> str:
        """All claims in LaTeX: statement, status and derivation (with the package amsmath)."""
        record, parts = self.record, []
        for label, claim in self.claims.items():
            words = in_latex(claim.worded(lambda formula: f"${formula.latex()}$"))
            shown = claim.derivation.latex() if claim.derivation else ""
            parts.append(f"{words} ({in_latex(record.status(label))})\n{shown}".rstrip())
        return "\n\n".join(parts)

    def __repr__(self) -> str:
        return table(self.record)

    def _repr_markdown_(self) -> str:
        return self.blueprint()


@cache
def _package() -> Evidence:
    """What is known of the claims of the package."""
    return Record.load().evidence


def _as_claim(definition: Definition) -> Claim:
    """The claim that a definition holds in the model, for a definition with a witness."""
    form: dict[str, Any] = {
        part: getattr(definition, part) for part in ("name", "expression", "meaning", "source")
    }
    letters = sorted(definition.expression.free_symbols, key=str)
    return Claim(
        label=definition.name,
        template=f"{definition.meaning.rstrip('.')}: {{formula}}.",
        kind="derived here",
        source=definition.source,
        formula=IndexForm(**form)
        if definition.expression.has(sp.Indexed)
        else Formula(**form, arguments=tuple(letters), example=""),
    )


def read(path: Path) -> Collection:
    """The collection that a file of Python code makes; the file is run.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Raises
    ------
    ValueError
        Where the file raises an error, or does not make exactly one collection.
    """
    sys.path.insert(0, str(path.resolve().parent))
    with told(path):
        made = runpy.run_path(str(path), run_name=path.stem)
    found = {thing for thing in made.values() if isinstance(thing, Collection)}
    if len(found) != 1:
        raise ValueError(
            f"Got {path}; it makes {len(found)} collections: write exactly one in it, such as "
            "book = verify.Collection('mybook', claim)."
        )
    return found.pop()


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Tell an error of a user's file in one line, and print what it prints as messages."""
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == str(path)]
        where = f" in line {lines[-1]}" if lines else ""
        raise ValueError(
            f"{path} raised {type(error).__name__}{where}: {error}; correct the file."
        ) from error
