"""What the record says of a check: its comparisons, their verdict, and their sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..theory.proof.verdict import Verdict, together
from .stats.agreement import Agreement


def agreements(entry: Mapping[str, Any]) -> list[Agreement]:
    """The comparisons that an entry of the record holds.

    >>> from polysem.theory.proof.record import Record
    >>> from polysem.verify.recorded import agreements
    >>> agreements(Record.load().checks["initial_pairs"])[0].verdict
    'agrees'
    """
    found = []
    for line in entry["lines"]:
        detectable = line["smallest_detectable"]
        changed = {
            "interval": tuple(line["interval"]),
            "smallest_detectable": float("inf") if detectable is None else detectable,
        }
        found.append(Agreement(**{**line, **changed}))
    return found


def verdict_of(found: Sequence[Agreement]) -> Verdict:
    """The verdict of all lines together."""
    return together(agreement.verdict for agreement in found)


def sentence_of(found: Sequence[Agreement]) -> str:
    """The lines of a check in words, with a count of the verdicts where there are several."""
    verdicts = [agreement.verdict for agreement in found]
    tally = ", ".join(f"{verdicts.count(word)} {word}" for word in sorted(set(verdicts)))
    head = [f"{len(found)} lines: {tally}."] if len(found) > 1 else []
    return " ".join([*head, *(agreement.sentence() for agreement in found)])
