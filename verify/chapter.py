"""A chapter of the report: what was compared, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from .show.figures import Plot
from .show.tables import Table
from .stats.agreement import Agreement


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One topic of the report: what was compared, and how it is shown.

    >>> from polysem import verify
    >>> verify.Chapter(name="empty", title="Nothing").verdicts()
    {}

    Parameters
    ----------
    name, title : str
        Stem of its files, and heading.
    agreements : tuple of Agreement
        Each prediction with its measurement and verdict.
    tables : tuple of Table
    figures : tuple of Plot
    remarks : tuple of str
        Sentences that the reader needs beside the numbers.

    Source
    ------
    The chapters of the report; each claim names its page.
    """

    name: str
    title: str
    agreements: tuple[Agreement, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Plot, ...] = ()
    remarks: tuple[str, ...] = ()

    def verdicts(self) -> dict[str, int]:
        """How many agreements ended with each verdict."""
        found = [agreement.verdict for agreement in self.agreements]
        return {verdict: found.count(verdict) for verdict in sorted(set(found))}
