"""Numbers published by the authors of the paper, with their sources."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from importlib.resources import files

READING_ERROR = {"notebook": 0.0, "figure": 0.02}


@dataclass(frozen=True, kw_only=True)
class PublishedCount:
    """A published number of polysemantic neurons.

    >>> from polysem import verify
    >>> first = verify.published_counts()[0]
    >>> first.n, first.m, first.neurons
    (256, 256, 72.0)

    Parameters
    ----------
    source : str
        "notebook" (a printed output) or "figure" (read from a published figure).
    n, m : int
        Numbers of features and of neurons.
    lam_code : float
        The authors' l1 weight; in the notebook it belongs to a loss averaged over the batch.
    runs : int
        Number of networks over which `neurons` is the mean.
    neurons : float
        Mean number of polysemantic neurons by the authors' [0.8, 1.2] rule.
    reading_error : float
        Relative error of reading the number from a figure.

    Source
    ------
    paper_notes/data/authors_counts.csv
    """

    source: str
    n: int
    m: int
    lam_code: float
    runs: int
    neurons: float
    reading_error: float


def data_rows(name: str) -> list[dict[str, str]]:
    """The rows of a table shipped in paper_notes/data, without its comment lines."""
    text = files("polysem.paper_notes.data").joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def recorded_on(name: str) -> str:
    """The date on which a table in paper_notes/data was recorded, from its first line.

    >>> from polysem.verify.published import recorded_on
    >>> recorded_on("measured_counts.csv").count("-")
    2
    """
    text = files("polysem.paper_notes.data").joinpath(name).read_text(encoding="utf-8")
    return text.partition("\n")[0].removeprefix("# Recorded on ").rstrip(".")


def published_counts() -> tuple[PublishedCount, ...]:
    """All counts that the authors published, in the order of the table.

    >>> from polysem import verify
    >>> sorted({(count.source, count.n) for count in verify.published_counts()})
    [('figure', 256), ('notebook', 64), ('notebook', 256)]

    Returns
    -------
    tuple of PublishedCount

    Source
    ------
    paper_notes/data/authors_counts.csv, which says where each number was read.
    """
    return tuple(
        PublishedCount(
            source=row["source"],
            n=int(row["n_features"]),
            m=int(row["n_neurons"]),
            lam_code=float(row["l1_code"]),
            runs=int(row["runs"]),
            neurons=float(row["polysemantic_neurons"]),
            reading_error=READING_ERROR[row["source"]],
        )
        for row in data_rows("authors_counts.csv")
    )
