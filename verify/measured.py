"""Counts measured in trained networks, and their ratio to the exclusion law."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from .. import theory
from ..numerics import Cell, ExclusionLaw
from ..numerics._validate import check_sizes
from .published import data_rows, published_counts

NEARBY_CROWDING = 1.5
"""Sizes are near if n / sqrt m differs by less than this factor, and n / m by its square."""


@dataclass(frozen=True, kw_only=True)
class MeasuredCount:
    """Polysemantic neurons and retained winners, measured in many networks of one setting.

    >>> from polysem import verify
    >>> first = verify.measured_counts()[0]
    >>> first.n, first.m, 0.8 < first.ratio < 1.2
    (64, 64, True)

    Parameters
    ----------
    n, m : int
        Features and neurons.
    optimizer : str
        "flow", "quasistatic" or "adamw".
    lam : float
        The paper's lambda; 0 in the quasi-static limit.
    runs : int
        Number of networks.
    neurons, neurons_error : float
        Mean number of polysemantic neurons by the authors' rule, and its standard error.
    neurons_variance : float
        Variance of the number between networks.
    retained, retained_error : float
        Fraction of features that end on the slot of their largest initial weight, and its
        standard error; NaN if it was not published.
    dead : float
        Mean number of features without a weight.
    step_shift, step_error : float
        Mean change of the number under a finer step from the same start, and its standard error;
        NaN if no finer step was run.
    rel : float
        Step of the quasi-static limit; NaN means the default step of the optimizer.
    source : str
        "measured" here or "published" by the paper's authors.

    Source
    ------
    paper_notes/data/measured_counts.csv, authors_counts.csv.
    """

    n: int
    m: int
    optimizer: str
    lam: float
    runs: int
    neurons: float
    neurons_error: float
    neurons_variance: float = math.nan
    retained: float = math.nan
    retained_error: float = math.nan
    dead: float = math.nan
    step_shift: float = math.nan
    step_error: float = math.nan
    rel: float = math.nan
    source: str = "measured"

    @property
    def cell(self) -> Cell:
        """The setting, as :func:`polysem.verify.count` takes it."""
        settings = () if math.isnan(self.rel) else (("rel", self.rel),)
        return Cell(n=self.n, m=self.m, optimizer=self.optimizer, lam=self.lam, settings=settings)

    @property
    def expected(self) -> float:
        """Mean of the exclusion law."""
        return float(theory.expected_neurons_exclusion(n=self.n, m=self.m))

    @property
    def ratio(self) -> float:
        """Measured mean over the mean of the exclusion law."""
        return self.neurons / self.expected

    @property
    def ratio_error(self) -> float:
        """Standard error of the ratio."""
        return self.neurons_error / self.expected

    @property
    def step_bound(self) -> float:
        """Bound on the error of the step: its shift plus two standard errors; 0 if not run."""
        if math.isnan(self.step_shift):
            return 0.0
        return abs(self.step_shift) + 2 * self.step_error

    @property
    def crowding(self) -> float:
        """n over the root of m."""
        return self.n / math.sqrt(self.m)


@cache
def measured_counts() -> tuple[MeasuredCount, ...]:
    """All measured counts of the project, in the order of the table.

    >>> from polysem import verify
    >>> len({(c.n, c.m, c.optimizer, c.lam) for c in verify.measured_counts()}) >= 20
    True

    Returns
    -------
    tuple of MeasuredCount
        One entry for each setting.

    Source
    ------
    paper_notes/data/measured_counts.csv, which says how they were made.
    """
    return tuple(_measured(row) for row in data_rows("measured_counts.csv"))


def _measured(row: dict[str, str]) -> MeasuredCount:
    sizes: dict[str, Any] = {name: int(row[name]) for name in ("n", "m", "runs")}
    value: dict[str, Any] = {
        name: float(text or "nan") for name, text in row.items() if name != "optimizer"
    }
    same = ("lam", "neurons_variance", "step_shift", "step_error", "rel")
    return MeasuredCount(
        **sizes,
        **{name: value[name] for name in same},
        optimizer=row["optimizer"],
        neurons=value["neurons_mean"],
        neurons_error=math.sqrt(value["neurons_variance"] / sizes["runs"]),
        retained=value["retained_mean"],
        retained_error=math.sqrt(value["retained_variance"] / sizes["runs"]),
        dead=value["dead_mean"],
    )


@cache
def _with_published() -> tuple[MeasuredCount, ...]:
    published = [
        MeasuredCount(
            n=entry.n,
            m=entry.m,
            optimizer="adamw",
            lam=entry.lam_code / 4,
            runs=entry.runs,
            neurons=entry.neurons,
            neurons_error=math.hypot(
                math.sqrt(ExclusionLaw(entry.n, entry.m).var() / entry.runs),
                entry.reading_error * entry.neurons,
            ),
            source="published",
        )
        for entry in published_counts()
        if entry.source == "figure"
    ]
    return (*measured_counts(), *published)


def apart(entropy: int) -> int:
    """An entropy that gives other networks than those of the table.

    >>> from polysem.verify.measured import apart
    >>> apart(20231206) not in (20231206, 20231207)
    True
    """
    words = np.random.SeedSequence(entropy, spawn_key=(5,)).generate_state(4)
    return int.from_bytes(words.tobytes(), "little")


@dataclass(frozen=True, kw_only=True)
class TrainingBand:
    """The ratios of measured to expected count that training produced at sizes near (n, m).

    >>> from polysem import verify
    >>> band = verify.training_band(64, 128)
    >>> band.lower < 0.9 < 1.0 < band.upper
    True

    Parameters
    ----------
    lower, upper : float
        The smallest ratio minus two standard errors and the step error, and the largest ratio plus
        them.
    entries : tuple of MeasuredCount
        The measurements that give the band.

    Source
    ------
    paper_notes/statistics.md.
    """

    lower: float
    upper: float
    entries: tuple[MeasuredCount, ...]


def training_band(n: int, m: int) -> TrainingBand | None:
    r"""The band at these sizes if several settings were measured there, otherwise at near sizes.

    Near means n / sqrt m within a factor 1.5 and n / m within its square.  Settings in which more
    than a tenth of the features die are excluded.  The band is empirical: it covers only the
    optimizers and regularisation strengths that were measured.

    >>> from polysem import verify
    >>> verify.training_band(4, 1_000_000) is None
    True

    Parameters
    ----------
    n, m : int
        Features and neurons.

    Returns
    -------
    TrainingBand or None
        None if nothing was measured near these sizes.

    Source
    ------
    paper_notes/statistics.md.
    """
    n, m, _ = check_sizes(n, m, copies=0)
    usable = [e for e in _with_published() if not e.dead > e.n / 10]
    entries = [entry for entry in usable if (entry.n, entry.m) == (n, m)]
    if len(entries) < 2:  # the band of a single setting would contain only its error
        crowding, load = n / math.sqrt(m), n / m
        entries = [
            entry
            for entry in usable
            if abs(math.log(entry.crowding / crowding)) <= math.log(NEARBY_CROWDING)
            and abs(math.log(entry.n / entry.m / load)) <= 2 * math.log(NEARBY_CROWDING)
        ]
    if not entries:
        return None
    errors = [2 * e.ratio_error + e.step_bound / e.expected for e in entries]
    pairs = list(zip(entries, errors, strict=True))
    return TrainingBand(
        lower=max(0.0, min(entry.ratio - error for entry, error in pairs)),
        upper=max(entry.ratio + error for entry, error in pairs),
        entries=tuple(entries),
    )
