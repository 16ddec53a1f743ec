"""The time and memory that the rest of a sweep will take."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from .spec import SweepSpec
from .store import Store

_ARRAYS = 10  # of the size of the weights or the Gram matrix, alive at once
_INTERPRETER = 150_000_000  # bytes of a worker with NumPy and SciPy loaded


@dataclass(frozen=True, kw_only=True)
class SweepCost:
    """The expected cost of the runs that a sweep still has to compute.

    >>> from polysem import numerics
    >>> spec = numerics.SweepSpec.from_dict(
    ...     {"entropy": 7, "runs": 100, "grid": [{"n": 64, "m": 256, "lam": 0.01}]}
    ... )
    >>> numerics.sweep_cost(spec).runs
    100

    Parameters
    ----------
    runs, missing_runs, missing_chunks : int
        Runs of the whole grid, and the runs and chunks still to be computed.
    seconds : float
        Time on one core for the missing runs of all cells that have a finished chunk.
    unknown_cells : int
        Cells with missing runs and no finished chunk; their time is not in ``seconds``.
    bytes_per_worker : int
        Estimated peak memory of one worker.

    Source
    ------
    paper_notes/sweeps.md.
    """

    runs: int
    missing_runs: int
    missing_chunks: int
    seconds: float
    unknown_cells: int
    bytes_per_worker: int


def sweep_cost(spec: SweepSpec, folder: str | Path | None = None) -> SweepCost:
    """Estimate time and memory of the missing runs; the time comes from the finished chunks.

    A missing run is expected to take as long as the mean finished run of its cell.

    >>> from polysem import numerics
    >>> spec = numerics.SweepSpec.from_dict(
    ...     {"entropy": 7, "runs": 3, "grid": [{"n": 8, "m": 16, "lam": 0.1}]}
    ... )
    >>> cost = numerics.sweep_cost(spec)
    >>> cost.missing_chunks, cost.unknown_cells
    (1, 1)

    Parameters
    ----------
    spec : SweepSpec
        The grid.
    folder : path, optional
        Folder of the sweep, in which some chunks may be finished.

    Returns
    -------
    SweepCost

    Source
    ------
    paper_notes/sweeps.md.
    """
    taken, finished = defaultdict[int, float](float), Counter[int]()
    missing = list(spec.chunks())
    if folder is not None:
        store = Store.of(folder, spec)
        for chunk in missing:
            if (seconds := store.seconds(chunk)) is not None:
                taken[chunk.cell] += seconds
                finished[chunk.cell] += chunk.count
        missing = store.missing()
    left = Counter[int]()
    for chunk in missing:
        left[chunk.cell] += chunk.count
    largest = max(cell.n * max(cell.n, cell.m) for cell in spec.cells)
    return SweepCost(
        runs=spec.runs * len(spec.cells),
        missing_runs=left.total(),
        missing_chunks=len(missing),
        seconds=sum(left[cell] * taken[cell] / runs for cell, runs in finished.items()),
        unknown_cells=len(left.keys() - finished.keys()),
        bytes_per_worker=_INTERPRETER + 8 * _ARRAYS * largest,
    )
