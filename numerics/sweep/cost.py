"""What a sweep will cost, before it starts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from ..training.gradient import OneHot
from .spec import Cell, SweepSpec
from .store import Store

# Seconds of one run at n = 64, m = 256, lam = .01 (for sgd and adamw: of one step) and the
# exponents of n, m and lam, fitted by tests/benchmarks/bench_sweep.py on one core.
_FITTED = {
    "flow": (0.13, 1.0, 0.15, -1.07),
    "quasistatic": (0.084, 1.47, 0.15, 0.0),
    "sgd": (1.8e-4, 1.08, 0.71, 0.0),
    "adamw": (2.6e-4, 0.98, 0.77, 0.0),
}
_ARRAYS = 10  # of the size of the weights or the Gram matrix, alive at once
_INTERPRETER = 150_000_000  # bytes of a worker with NumPy and SciPy loaded


@dataclass(frozen=True, kw_only=True)
class SweepCost:
    """The predicted cost of what is missing from a sweep.

    >>> from polysem import numerics
    >>> spec = numerics.SweepSpec.from_dict(
    ...     {"entropy": 7, "runs": 100, "grid": [{"n": 64, "m": 256, "lam": 0.01}]}
    ... )
    >>> numerics.sweep_cost(spec).runs
    100

    Parameters
    ----------
    runs, missing_runs, missing_chunks : int
        Runs of the whole grid, and what is still to be computed.
    seconds : float
        Processor time of what is missing and can be predicted, on one core.
    unknown_cells : int
        Cells with something missing whose time is not known: noise and co-occurrence come
        to rest at times that no fit gives. The first finished chunk of a cell tells its time.
    bytes_per_worker : int
        Peak memory of one worker.

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


def predicted_seconds(cell: Cell) -> float | None:
    """Processor time of one run of a cell; None where no fit holds.

    A power law in n, m and lambda fitted to measured runs (n 16 to 128, m 64 to 1024, lambda .01
    to .1). The runs of the fit lie within a factor 2.1 of it.

    >>> from polysem import numerics
    >>> numerics.predicted_seconds(numerics.Cell(n=64, m=64, lam=0.0, sigma=0.1)) is None
    True

    Parameters
    ----------
    cell : Cell
        The settings.

    Returns
    -------
    float or None
        Seconds.

    Source
    ------
    paper_notes/sweeps.md.
    """
    if not isinstance(cell.model, OneHot) or cell.optimizer not in _FITTED:
        return None
    if cell.optimizer == "flow" and not cell.lam:
        return None
    seconds, by_n, by_m, by_lam = _FITTED[cell.optimizer]
    steps = getattr(cell.built_optimizer, "steps", 1)
    lam = (cell.lam / 0.01) ** by_lam if by_lam else 1.0
    return steps * seconds * (cell.n / 64) ** by_n * (cell.m / 256) ** by_m * lam


def sweep_cost(spec: SweepSpec, folder: str | Path | None = None) -> SweepCost:
    """Predict time and memory of what is missing; finished chunks correct the prediction.

    >>> from polysem import numerics
    >>> spec = numerics.SweepSpec.from_dict(
    ...     {"entropy": 7, "runs": 3, "grid": [{"n": 8, "m": 16, "lam": 0.1}]}
    ... )
    >>> numerics.sweep_cost(spec).missing_chunks
    1

    Parameters
    ----------
    spec : SweepSpec
        The grid.
    folder : path, optional
        Where part of it may be done.

    Returns
    -------
    SweepCost

    Source
    ------
    paper_notes/sweeps.md.
    """
    store = Store.of(folder if folder is not None else "", spec)
    chunks = list(spec.chunks())
    missing = chunks if folder is None else store.missing()
    left = dict.fromkeys(range(len(spec.cells)), 0)
    for chunk in missing:
        left[chunk.cell] += chunk.count
    measured = {} if folder is None else _measured_seconds(store)
    seconds, unknown = 0.0, 0
    for place, runs in left.items():
        if not runs:
            continue
        each = measured.get(place) or predicted_seconds(spec.cells[place])
        if each is None:
            unknown += 1
        else:
            seconds += runs * each
    largest = max(cell.n * max(cell.n, cell.m) for cell in spec.cells)
    return SweepCost(
        runs=spec.runs * len(spec.cells),
        missing_runs=sum(left.values()),
        missing_chunks=len(missing),
        seconds=seconds,
        unknown_cells=unknown,
        bytes_per_worker=_INTERPRETER + 8 * _ARRAYS * largest,
    )


def _measured_seconds(store: Store) -> dict[int, float]:
    """Mean time of a run over the finished chunks, cell by cell."""
    taken: dict[int, float] = defaultdict(float)
    runs: dict[int, int] = defaultdict(int)
    for chunk in store.spec.chunks():
        if (seconds := store.seconds(chunk)) is not None:
            taken[chunk.cell] += seconds
            runs[chunk.cell] += chunk.count
    return {cell: taken[cell] / runs[cell] for cell in runs}
