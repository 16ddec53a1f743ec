"""Views of the claims: a table, one claim in full, and the generated pages of the book."""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path
from typing import Any

import sympy as sp

from ..numerics._files import read_json, write_text
from ..theory.proof import explain, prose, typeset
from ..theory.proof.claims import Claim, claims, topics
from ..theory.proof.explain import labelled, used_by
from ..theory.proof.record import PATH, Record, check_digest, recheck
from ..theory.proof.symbols import LETTERS
from .bindings import NotBoundError, from_report, run
from .recorded import agreements, sentence_of, verdict_of
from .witness.record import witnessed

_LARGEST_REPORT = 100_000_000  # bytes of a report.json

BLUEPRINT = PATH.parent.parent / "paper_notes" / "blueprint.md"


def summary(claim: Claim, record: Record) -> dict[str, Any]:
    """One claim as plain data.

    >>> from polysem.theory import claims
    >>> from polysem.theory.proof.record import Record
    >>> from polysem.verify.claims import summary
    >>> summary(claims()["fold"], Record.load())["uses"]
    ['stationary_weight', 'fold_amplitude']
    """
    formula = claim.formula
    return {
        "label": claim.label,
        "statement": claim.statement,
        "kind": claim.kind,
        "source": claim.source,
        "status": record.status(claim.label),
        "stale": record.stale(claim.label),
        "formula": None if formula is None else repr(formula),
        "error": None if formula is None else formula.error,
        "regime": None if formula is None else formula.regime_in_words(),
        "uses": list(claim.uses),
        "definitions": list(claim.definitions),
        "used_by": used_by(claim.label, record.known),
        "prose": None if claim.prose is None else claim.prose.argument,
        "steps": record.claims.get(claim.label, {}).get("steps", []),
        "witness": record.claims.get(claim.label, {}).get("witness"),
        "checks": {name: _check(name, record) for name in claim.checks},
        "regimes": {
            regime: verdict
            for lines in record.verdicts(claim.label).values()
            for regime, verdict in lines.items()
        },
    }


_SHOWN = 3  # comparisons of a check


def _check(name: str, record: Record) -> dict[str, Any]:
    """The result of a check, with the verdict and the sentence that its numbers give."""
    entry = record.checks.get(name)
    if entry is None:
        return {"verdict": "not run", "sentence": ""}
    found = agreements(entry)
    return entry | {"verdict": verdict_of(found), "sentence": sentence_of(found)}


def table(record: Record) -> str:
    """All claims of a record: label, status and kind, and the statement below.

    >>> from polysem.theory.proof.record import Record
    >>> from polysem.verify.claims import table
    >>> len(table(Record.load()).splitlines()) > 35
    True
    """
    known = record.known.values()
    label = max(len(claim.label) for claim in known)
    return "\n".join(
        f"{claim.label:<{label}}  {record.standing(claim.label)}  {claim.kind}\n"
        + textwrap.fill(claim.statement, 100, initial_indent="    ", subsequent_indent="    ")
        for claim in known
    )


def page(label: str, record: Record) -> str:
    """One claim in full.

    >>> from polysem.theory.proof.record import Record
    >>> from polysem.verify.claims import page
    >>> page("fold_amplitude", Record.load()).splitlines()[2]
    'The two stationary weights meet at w = sqrt(3)/3.'

    Raises
    ------
    ValueError
        If no claim has the label.
    """
    claim = labelled(label, record.known)
    return explain.page(claim, record, lambda name: _comparisons(label, name, record))


def _comparisons(label: str, name: str, record: Record) -> str:
    """The comparisons of a check, a paragraph each: of many a few, what does not agree first."""
    found = agreements(record.checks[name]) if name in record.checks else []
    found.sort(key=lambda agreement: agreement.verdict == "agrees")
    lines = [f"\n    {agreement.sentence()}" for agreement in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"\n    `polysem claims {label} --json` prints all {len(found)} comparisons.")
    return "".join(lines)


def chain(label: str, record: Record) -> str:
    """All claims from the model to the formula of one claim, in order.

    >>> from polysem.theory.proof.record import Record
    >>> from polysem.verify.claims import chain
    >>> chain("fold", Record.load()).split(":")[0]
    'fold rests on loss'
    """
    claim = labelled(label, record.known)
    return str(explain.Explanation(claim, explain.with_package(record)))


def blueprint(record: Record) -> str:
    """The page of all claims by topic: status, statement, formula, used claims.

    >>> from polysem.theory.proof.record import Record
    >>> from polysem.verify.claims import blueprint
    >>> blueprint(Record.load()).splitlines()[0]
    '# Blueprint: the claims, their status, and what depends on what'
    """
    lines = [
        "# Blueprint: the claims, their status, and what depends on what",
        "",
        "This page is generated by `polysem claims --recheck --save`; do not edit it. A cited",
        "claim is a statement of the paper; the other claims are derived here. The formulas use",
        "the letters of [the notation](notation.md). The book draws each topic as a graph: a line",
        "leads from a claim to a claim on its right that uses it. A round box is a statement of",
        "the paper; a dashed box belongs to another topic.",
    ]
    for topic, (meaning, found) in topics().items():
        lines += [
            "",
            f"## {topic.replace('/', ': ').replace('_', ' ').capitalize()}",
            "",
            prose.in_markdown(meaning),
        ]
        for claim in found:
            lines += ["", *in_markdown(claim, record)]
    return "\n".join([*lines, ""])


def in_markdown(claim: Claim, record: Record) -> list[str]:
    """A claim in Markdown, with links to those of the same record.

    >>> from polysem.theory import claims
    >>> from polysem.theory.proof.record import Record
    >>> from polysem.verify.claims import in_markdown
    >>> in_markdown(claims()["fold"], Record.load())[0]
    '### fold'
    """
    statement = claim.worded(lambda formula: f"${formula.latex()}$")
    source = re.sub(r"paper_notes/(\w+\.md)", r"[paper_notes/\1](\1)", claim.source)
    lines = [
        f"### {claim.label}",
        "",
        f"**{record.status(claim.label)}**, {claim.kind}. {prose.in_markdown(statement)}",
        "",
    ]
    if claim.formula is not None:
        lines += ["$$", typeset.named(claim.formula), "$$", ""]
    uses = [f"[{name}](#{name})" if name in record.known else f"`{name}`" for name in claim.uses]
    uses += [f"*{name}*" for name in claim.definitions]
    return [*lines, f"Source: {source}. Uses: {', '.join(uses) or 'nothing'}."]


def notation() -> str:
    """The page of all letters: argument, symbol, the paper's letter, meaning, unit, shape.

    >>> from polysem.verify.claims import notation
    >>> notation().splitlines()[0]
    '# Notation'
    """
    lines = [
        "# Notation",
        "",
        "This page is generated by `polysem claims --recheck --save`; do not edit it.",
        "",
        "The convention everywhere: $\\lambda$ is the paper's, in units of the flow, which is a",
        "quarter of the one in the authors' program, and $t$ is flow time (see",
        "[the model](model.md)). Functions take a letter under its argument name.",
        "",
        "| argument | letter | in the paper | meaning | unit | shape |",
        "|---|---|---|---|---|---|",
    ]
    for entry in LETTERS.values():
        cells = (entry.paper, entry.meaning, entry.unit, entry.shape)
        lines.append(
            f"| `{entry.argument}` | ${sp.latex(entry.symbol)}$ | "
            + " | ".join(cell.replace("|", r"\|") for cell in cells)
            + " |"
        )
    return "\n".join([*lines, ""])


def to_dict(record: Record, label: str | None = None) -> dict[str, Any]:
    """All claims or a single one as plain data.

    >>> from polysem.theory.proof.record import Record
    >>> from polysem.verify.claims import to_dict
    >>> to_dict(Record.load(), "fold")["status"]
    'proved'
    """
    if label is not None:
        return summary(labelled(label, record.known), record)
    return {
        "versions": record.versions,
        "claims": [summary(claim, record) for claim in record.known.values()],
    }


def rechecked(
    record: Record,
    label: str | None = None,
    *,
    simulations: bool = False,
    report: Path | None = None,
) -> Record:
    """The record after a new check of the derivations of one claim or of all.

    With ``simulations`` the random checks run again, at the quick scale of the report; a verdict
    of the paper scale in the record is kept unless the new one departs. With ``report`` the
    verdicts of that report.json enter the record.

    >>> from polysem.theory.proof.record import Record
    >>> from polysem.verify.claims import rechecked
    >>> rechecked(Record.load(), "fold").stale("fold")
    False

    Raises
    ------
    ValueError
        For an unknown label, or a file that is not a report.
    """
    if label is not None:
        labelled(label, claims())
    labels = [label] if label else list(claims())
    wanted = {name for which in labels for name in claims()[which].checks}
    results = {
        name: entry
        for name, entry in (_verdicts(sorted(wanted)) if simulations else {}).items()
        if not _kept(name, record) or verdict_of(agreements(entry)) == "departs"
    }
    if report is not None:
        results |= {n: entry for n, entry in _of_report(report).items() if n in wanted}
    entries = recheck([claims()[which] for which in labels], progress=label is None)
    for name, found in witnessed(labels, progress=label is None).items():
        entries[name]["witness"] = found
    return record.updated(entries, results)


def _kept(name: str, record: Record) -> bool:
    """Whether the record holds a result of the paper scale for the claim as it is now."""
    entry = record.checks.get(name, {"scale": "", "digest": ""})
    return entry["scale"] == "paper" and entry["digest"] == check_digest(name)


def _of_report(path: Path) -> dict[str, dict[str, Any]]:
    try:
        return from_report(read_json(path, _LARGEST_REPORT))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"Got {path}; it is not a report.json: give the file that polysem report wrote."
        ) from error


def _verdicts(names: list[str]) -> dict[str, Any]:
    """The verdicts of checks; checks that need the paper scale are skipped and listed."""
    found, skipped = {}, []
    for name in names:
        try:
            found[name] = run(name)
        except NotBoundError:
            skipped.append(name)
    if skipped:
        print(f"No experiment at quick scale: {', '.join(skipped)}.", file=sys.stderr)
    return found


def save(record: Record) -> None:
    """Save a record and its pages: theory/status.json, blueprint.md and notation.md.

    Raises
    ------
    ValueError
        Outside a clone, which has no folder for the pages.
    """
    if not BLUEPRINT.parent.is_dir():
        raise ValueError(
            f"Got --save outside a clone: {BLUEPRINT.parent} is missing; run it in a clone."
        )
    record.save()
    write_text(BLUEPRINT, blueprint(record))
    write_text(BLUEPRINT.with_name("notation.md"), notation())
