"""Explanations: one claim in full, and the whole chain from the model to its formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from textwrap import fill
from typing import Any

import sympy as sp

from . import typeset
from .claims import Claim, claims
from .formula import IndexForm, plain
from .notation import legend
from .prose import in_latex, in_markdown
from .record import Record, confirms
from .status import reason
from .step import Definition, Step, named

LINE = 100  # letters of a line on a terminal
_ROUTES = ("symbolic", "numeric", "enclosure")
_BY_VERDICT = {
    "agrees": "holds within its margin for",
    "departs": "does not hold for",
    "undecided": "is undecided for",
}


def labelled(label: str, known: Mapping[str, Claim]) -> Claim:
    """The claim of a label.

    >>> from polysem import theory
    >>> from polysem.theory.proof.explain import labelled
    >>> labelled("fold", theory.claims()).kind
    'derived here'

    Raises
    ------
    ValueError
        If no claim has the label; the message lists similar labels.
    """
    if label not in known:
        near = get_close_matches(label, known, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "polysem claims lists all labels."
        raise ValueError(f"Got LABEL={label}; there is no claim with this label: {hint}")
    return known[label]


@cache
def _of_package() -> Record:
    return Record.load()


def with_package(record: Record) -> Record:
    """A record of claims outside the package, with those of the package and their results.

    >>> from polysem.theory.proof.explain import with_package
    >>> from polysem.theory.proof.record import Record
    >>> with_package(Record({}, {}, {}, known={})).known["fold"].label
    'fold'
    """
    package = _of_package()
    return Record(
        {**package.claims, **record.claims},
        {**package.checks, **record.checks},
        record.versions or package.versions,
        known={**claims(), **record.known},
    )


def record_of(claim: Claim) -> Record:
    """The record of the package, with a claim that may not be part of it."""
    known = {source.label: source for source in chain(claim) if isinstance(source, Claim)}
    inside = all(claims().get(label) is source for label, source in known.items())
    return _of_package() if inside else with_package(Record({}, {}, {}, known=known))


def chain(claim: Claim) -> tuple[Definition | Claim, ...]:
    """All that a claim rests on, each after what it rests on itself, and the claim.

    >>> from polysem import theory
    >>> from polysem.theory.proof.explain import chain
    >>> chain(theory.claims()["gradient"])[0].name
    'loss'
    """
    found: dict[Definition | Claim, None] = {}

    def visit(source: Definition | Claim) -> None:
        for used in source.rests_on if isinstance(source, Claim) else ():
            if used not in found:
                visit(used)
        found.setdefault(source)

    visit(claim)
    return tuple(found)


def used_by(label: str, known: Mapping[str, Claim]) -> list[str]:
    """The labels of the claims that use a claim.

    >>> from polysem import theory
    >>> from polysem.theory.proof.explain import used_by
    >>> "crossing" in used_by("stationary_weight", theory.claims())
    True
    """
    return [other for other, claim in known.items() if label in claim.uses]


def page(claim: Claim, record: Record, told: Callable[[str], str] | None = None) -> str:
    """One claim in full: statement, status, derivation, witness, checks.

    >>> from polysem import theory
    >>> from polysem.theory.proof.explain import page
    >>> from polysem.theory.proof.record import Record
    >>> page(theory.claims()["fold_amplitude"], Record.load()).splitlines()[2]
    'The two stationary weights meet at w = sqrt(3)/3.'

    Parameters
    ----------
    claim : Claim
        The claim, one of the record.
    record : Record
        The results.
    told : callable, optional
        Says in a sentence what a check found, by its name.
    """
    label, formula = claim.label, claim.formula
    why = reason(claim, record.evidence)
    lines = [f"{label}: {record.standing(label)} ({why})", claim.statement, ""]
    lines += [f"Kind: {claim.kind}. Source: {claim.source}."]
    if formula is not None:
        lines += ["", sp.pretty(formula.expression, use_unicode=True, num_columns=LINE)]
        lines += ["", f"Regime: {formula.regime_in_words()}. Error: {formula.error}."]
    if claim.derivation:
        lines += ["", "Derivation:", *_steps(claim, record)]
    if claim.prose is not None:
        lines += ["", f"In words ({claim.prose.page}): {claim.prose.argument}"]
    lines += ["", witness_in_words(record.claims.get(label, {}).get("witness"))]
    lines += [line for found in _checks(claim, record, told) for line in ("", found)]
    lines += ["", f"Uses: {', '.join((*claim.uses, *claim.definitions)) or 'nothing'}."]
    lines += [f"Used by: {', '.join(used_by(label, record.known)) or 'nothing'}."]
    lines += legend(_expressions(claim), plain)
    return wrapped("\n".join(lines))


def wrapped(text: str) -> str:
    """A text in lines of at most 100 letters; what continues a line is indented as it is.

    >>> from polysem.theory.proof.explain import wrapped
    >>> [line.count("word") for line in wrapped("  " + 30 * "word ").splitlines()]
    [19, 11]
    """
    return "\n".join(map(_folded, text.splitlines()))


def _folded(line: str) -> str:
    if len(line) <= LINE:
        return line
    indent = line[: len(line) - len(line.lstrip())]
    return fill(
        line, LINE, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _expressions(source: Definition | Claim) -> list[sp.Expr]:
    """What is printed of a definition, or of a claim: its formula and the sides of its steps."""
    if isinstance(source, Definition):
        return [source.expression]
    found = [] if source.formula is None else [source.formula.expression]
    sides = source.derivation.sides() if source.derivation else []
    return found + [side for both in sides for side in both]


def _steps(claim: Claim, record: Record) -> list[str]:
    """The chain of a derivation, with what each route said of each step."""
    assert claim.derivation
    found = {step["name"]: step for step in record.claims.get(claim.label, {}).get("steps", [])}
    lines = [f"    {plain(claim.derivation.sides()[0][0])}"]
    for step, (_, right) in zip(claim.derivation.steps, claim.derivation.sides(), strict=True):
        lines += [
            f"  {step.name}: {typeset.because(step, plain)}",
            f"    = {plain(right)}",
            f"      {_said(found.get(step.name, {}))}",
        ]
        lines += [f"      where {conditions}" for conditions in _assumed(step, plain)]
    return lines


def _said(step: Mapping[str, str]) -> str:
    return ", ".join(f"{route}: {step.get(route, 'not run')}" for route in _ROUTES)


def _assumed(step: Step, write: Callable[[Any], str]) -> list[str]:
    """The conditions under which a step holds, in one line, if it has any."""
    conditions = [write(condition) for condition in step.assumptions if condition != sp.true]
    return [" and ".join(conditions)] if conditions else []


def _checks(claim: Claim, record: Record, told: Callable[[str], str] | None) -> list[str]:
    """What the checks on simulations said, and in which of their settings."""
    lines: list[str] = []
    by_quantity: dict[str, str] = {}
    for name in claim.checks:
        found = record.verdicts(claim.label).get(name, {})
        by_quantity |= found
        verdict = record.evidence.checks.get(claim.label, {}).get(name, "not run")
        scale = record.checks[name]["scale"] if name in record.checks else ""
        where = f" ({scale} scale)" if scale else ""
        lines.append(f"Check {name}{where}: {verdict}.{told(name) if told else ''}")
    for verdict in () if told else sorted(set(by_quantity.values())):
        where = "; ".join(q for q, said in by_quantity.items() if said == verdict)
        lines.append(f"On simulations, the claim {_BY_VERDICT[verdict]}: {where}.")
    return lines


def witness_in_words(entry: Mapping[str, Any] | None) -> str:
    """What a witness found, in one sentence.

    >>> from polysem.theory.proof.explain import witness_in_words
    >>> witness_in_words({"from": ["fold", "crossing"]})
    'Witness: those of fold, crossing, from which the claim follows.'
    """
    if entry is None:
        return "Witness: none."
    if "from" in entry:
        return f"Witness: those of {', '.join(entry['from'])}, from which the claim follows."
    power = entry["order"]
    found = (
        f"the largest deviation{_noise(entry)} is {entry['error']:.2g}, of "
        f"{entry['accuracy']:.2g} that is allowed"
        if power is None
        else f"the error falls as the power {power:.2f} of its claimed size"
    )
    verdict = "confirms" if confirms(entry) else "does not confirm"
    said = f" ({entry['message']})" if entry.get("message") else ""
    return (
        f"Witness: {entry['method']} from the model {verdict} the claim "
        f"({entry['samples']} samples); {found}{said}."
    )


def _noise(entry: Mapping[str, Any]) -> str:
    """What five standard errors add to the largest deviation of a witness that draws samples."""
    noise = entry.get("noise")
    return f", with five standard errors (at most {noise:.2g})," if noise else ""


@dataclass(frozen=True, repr=False)
class Explanation:
    """Why a claim holds: the definitions and claims from the model to its formula, in order.

    ``str`` gives it as text, :meth:`markdown` and :meth:`latex` in the other formats.

    >>> from polysem import theory
    >>> [source.name for source in theory.explain("fold").definitions]
    ['loss']

    Parameters
    ----------
    claim : Claim
        The claim that is explained.
    record : Record
        What the routes, the witnesses and the checks said.

    Source
    ------
    paper_notes/blueprint.md
    """

    claim: Claim
    record: Record

    @property
    def chain(self) -> tuple[Definition | Claim, ...]:
        """All that the claim rests on, each after what it rests on itself, and the claim."""
        return chain(self.claim)

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The definitions from which the claim follows."""
        return tuple(source for source in self.chain if isinstance(source, Definition))

    @property
    def claims(self) -> tuple[Claim, ...]:
        """The claims of the chain, in order; the last is the one that is explained."""
        return tuple(source for source in self.chain if isinstance(source, Claim))

    def summary(self) -> str:
        """In one sentence: from what the claim follows, in how many claims and steps."""
        starts = ", ".join(source.name for source in self.definitions) or "no definition"
        steps = sum(len(c.derivation.steps) for c in self.claims if c.derivation)
        return (
            f"{self.claim.label} rests on {starts}: {len(self.claims)} claims with {steps} steps "
            "in the order in which they follow from each other."
        )

    def legend(self, write: Callable[[Any], str] = plain) -> list[str]:
        """What the letters and the notation in the explanation mean, in two lines at most.

        >>> from polysem import theory
        >>> print(theory.explain("lam_from_code").legend()[0].split("), ")[0])
        Letters: W (weights, W[i, l] that of feature i on neuron l
        """
        return legend([e for source in self.chain for e in _expressions(source)], write)

    def __str__(self) -> str:
        parts = [self.summary()]
        for place, source in enumerate(self.chain, 1):
            lines = [
                f"{named(source)}: {_standing(source, self.record)}",
                _sentence(source, IndexForm.plain),
            ]
            lines += _conditions(source)
            if isinstance(source, Definition):
                lines.append(f"    {source.name} = {plain(source.expression)}")
            elif source.derivation:
                lines += _steps(source, self.record)
            elif source.formula is not None:
                lines.append(f"    {source.label} = {source.formula.plain()}")
            lines += self._evidence(source)
            parts.append("\n".join([f"{place}. {lines[0]}", *(f"   {line}" for line in lines[1:])]))
        parts += self.legend(plain)
        return wrapped("\n\n".join(parts))

    def __repr__(self) -> str:
        return str(self)

    def markdown(self) -> str:
        """The explanation in Markdown, with formulas in LaTeX between dollar signs."""
        entries = [self.entry(source) for source in self.chain]
        meanings = map(in_markdown, self.legend(_in_math))
        return "\n\n".join([self.summary(), *entries, *meanings])

    def entry(self, source: Definition | Claim, heading: str = "####") -> str:
        """One definition or claim of the chain in Markdown."""
        words = in_markdown(_sentence(source, lambda formula: f"${formula.latex()}$"))
        parts = [f"{heading} {named(source)}", f"*{_standing(source, self.record)}*", words]
        parts += map(in_markdown, _conditions(source))
        formula = _displayed(source, "aligned")
        parts += [f"$$\n{formula}\n$$"] if formula else []
        return "\n\n".join([*parts, *map(in_markdown, self._evidence(source, _in_math))])

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def latex(self) -> str:
        """The explanation in LaTeX (with the package amsmath)."""
        parts = [in_latex(self.summary())]
        for source in self.chain:
            words = [_sentence(source, typeset.inline), *_conditions(source)]
            words = list(map(in_latex, words))
            name, standing = map(in_latex, (named(source), _standing(source, self.record)))
            display = _displayed(source, "align*")
            formula = [display if "{align*}" in display else f"\\[{display}\\]"] if display else []
            evidence = map(in_latex, self._evidence(source, _in_math))
            head = rf"\paragraph{{{name}}} ({standing})"
            parts.append("\n\n".join(["\n".join([head, *words]), *formula, *evidence]))
        parts += map(in_latex, self.legend(_in_math))
        return "{\\raggedright\n" + "\n\n".join(parts) + "\n\n}"

    def _evidence(
        self, source: Definition | Claim, write: Callable[[Any], str] = plain
    ) -> list[str]:
        """What supports a claim beside its steps: assumptions, words, witness, checks."""
        if isinstance(source, Definition):
            return []
        lines = []
        if write is not plain and source.derivation:
            results = self.record.claims.get(source.label, {}).get("steps", [])
            said = (
                f"{route} {' or '.join(sorted({step[route] for step in results}) or ['not run'])}"
                for route in _ROUTES
            )
            lines.append(f"Routes of the steps: {', '.join(said)}.")
            for step in source.derivation.steps:
                lines += [f"Step {step.name!r} for {x}." for x in _assumed(step, write)]
        if source.prose is not None:
            lines.append(f"In words: {source.prose.argument}")
        lines.append(witness_in_words(self.record.claims.get(source.label, {}).get("witness")))
        return lines + _checks(source, self.record, None)


def _standing(source: Definition | Claim, record: Record) -> str:
    """The status of a claim and its place, in a few words."""
    if isinstance(source, Definition):
        return f"definition, {source.source}"
    return f"{record.status(source.label)}, {source.kind}, {source.source}"


def _sentence(source: Definition | Claim, write: Callable[[IndexForm], str]) -> str:
    return source.meaning if isinstance(source, Definition) else source.worded(write)


def _conditions(source: Definition | Claim) -> list[str]:
    """Where a claim holds and how exactly, in one line."""
    formula = None if isinstance(source, Definition) else source.formula
    if formula is None:
        return []
    return [f"Regime: {formula.regime_in_words()}. Error: {formula.error}."]


def _displayed(source: Definition | Claim, environment: str) -> str:
    """The formula or the derivation in LaTeX, without what makes it a display."""
    if isinstance(source, Claim) and source.derivation:
        return typeset.align(source.derivation.steps, source.derivation.sides(), environment)
    formula = source if isinstance(source, Definition) else source.formula
    if formula is None:
        return ""
    return typeset.displayed(typeset.typewriter(named(source)), formula.expression)


def _in_math(thing: Any) -> str:
    return f"${sp.latex(thing)}$"


def explain(claim: str | Claim) -> Explanation:
    """Why a claim holds: the whole chain from the model to its formula.

    >>> from polysem import theory
    >>> print(theory.explain("fold").summary())
    fold rests on loss: 7 claims with 15 steps in the order in which they follow from each other.

    Parameters
    ----------
    claim : str or Claim
        The label of a claim of the package, or a claim of your own.

    Returns
    -------
    Explanation

    Raises
    ------
    ValueError
        Where no claim has the label; the message lists similar labels.

    Source
    ------
    paper_notes/blueprint.md
    """
    found = claim if isinstance(claim, Claim) else labelled(claim, claims())
    return Explanation(found, record_of(found))
