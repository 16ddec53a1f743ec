"""What the first page of the report says: the findings, and the verdicts by origin of a formula."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ... import theory
from ...theory.proof.verdict import Verdict
from ..chapter import Chapter
from ..show.rounding import rounded
from ..show.tables import Table, rows_table
from ..stats.agreement import Agreement

QUESTION = (
    "A network with more neurons than features can still represent two unrelated features on one "
    "neuron. How many such polysemantic neurons are there, and what causes them?"
)
OURS, CITED, RIVAL = "polysem", "the paper", "a rival"
ORIGINS = {
    OURS: "a formula of polysem",
    CITED: "a statement of the paper",
    RIVAL: "a formula that is compared here in order to show where it fails",
}
VERDICTS: tuple[Verdict, ...] = ("agrees", "departs", "undecided")


def origin(claim: str, chapter: Chapter) -> str:
    """Whose formula a comparison tests.

    >>> from polysem import verify
    >>> from polysem.verify.report.story import origin
    >>> origin("paper_live_weights", verify.Chapter(name="a", title="A"))
    'the paper'
    """
    known = theory.claims()
    if claim in known and known[claim].kind == "cited":
        return CITED
    return RIVAL if claim in chapter.rivals else OURS


def tally(chapters: Sequence[Chapter]) -> dict[str, dict[str, int]]:
    """The number of comparisons with each verdict, by origin of the formula."""
    counts = Counter(
        (origin(line.claim, chapter), line.verdict)
        for chapter in chapters
        for line in chapter.agreements
    )
    return {
        name: {verdict: counts[name, verdict] for verdict in VERDICTS}
        for name in ORIGINS
        if any(counts[name, verdict] for verdict in VERDICTS)
    }


def headline(chapters: Sequence[Chapter]) -> str:
    """The verdicts in one line.

    >>> from polysem import verify
    >>> from polysem.verify.report.story import headline
    >>> line = verify.Agreement.of_value(
    ...     claim="one", quantity="one", prediction=1.0, estimate=1.0, numerical_error=0, margin=0.1
    ... )
    >>> headline([verify.Chapter(name="a", title="A", agreements=(line,))])
    'polysem: 1 agrees, 0 departs, 0 undecided'
    """
    return "; ".join(
        f"{name}: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
        for name, counts in tally(chapters).items()
    )


def tally_table(chapters: Sequence[Chapter]) -> Table:
    """The verdicts by origin of the formula."""
    rows = [
        {"formula of": name, "which is": ORIGINS[name], **counts}
        for name, counts in tally(chapters).items()
    ]
    return rows_table("tally", "Comparisons by origin of the formula and by verdict.", rows)


def claims_table(chapters: Sequence[Chapter]) -> Table:
    """Each claim that a chapter compares, with its verdicts there."""
    rows: list[dict[str, Any]] = []
    for chapter in chapters:
        for label in dict.fromkeys(line.claim for line in chapter.agreements):
            verdicts = Counter(line.verdict for line in chapter.agreements if line.claim == label)
            rows.append(
                {
                    "chapter": chapter.name,
                    "claim": label,
                    "formula of": origin(label, chapter),
                    **{verdict: verdicts[verdict] or "" for verdict in VERDICTS},
                    "verdict": _verdict(verdicts),
                }
            )
    return rows_table("claims", "Every compared claim, chapter by chapter.", rows)


def _verdict(verdicts: Counter[Verdict]) -> str:
    """The verdict on a claim from those of its comparisons."""
    if verdicts["departs"]:
        return "holds in a part of the settings" if verdicts["agrees"] else "departs"
    if verdicts["undecided"]:
        return "agrees where decided" if verdicts["agrees"] else "undecided"
    return "agrees"


def lines_table(chapter: Chapter) -> Table:
    """All comparisons of a chapter."""
    rows = [
        {
            "claim": line.claim,
            "quantity": line.quantity,
            "predicted": rounded(line.prediction, 4),
            "measured": rounded(line.estimate, 4),
            "interval": f"[{rounded(line.interval[0], 4)}, {rounded(line.interval[1], 4)}]",
            "ratio": "-" if line.ratio is None else f"{line.ratio:.3f}",
            "margin": _margin(line),
            "samples": line.samples,
            "verdict": line.verdict,
        }
        for line in chapter.agreements
    ]
    return rows_table(f"{chapter.name}_lines", "The comparisons of the chapter.", rows)


def _margin(line: Agreement) -> str:
    if line.prediction:
        return f"{100 * line.margin:.3g} %"
    return f"{line.margin:g}"


def undecided(chapter: Chapter) -> Iterator[str]:
    """For each comparison without a verdict the sample that would decide it."""
    for line in chapter.agreements:
        if line.verdict == "undecided":
            needed = line.samples_to_decide
            if needed is None:
                words = "the estimate lies on the margin, so no sample of a given size decides"
            else:
                words = f"about {needed} samples would decide, in place of {line.samples}"
            yield f"{line.quantity}: {words}."
