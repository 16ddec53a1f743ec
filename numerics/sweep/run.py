"""A grid of runs that can be interrupted, with the same results on every scheduler."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .._types import Array
from .._workers import parallel
from ..noise.average import NoExactAverage
from ..noise.model import SampledNoise
from ..training import measure
from ..training.initial import initial_weights
from ..training.place import training_on
from ..training.problem import Problem
from ..training.solution import Outcome
from ..training.train import train
from .blas import one_blas_thread
from .spec import Cell, Chunk, SweepSpec, run_generator
from .store import Store, chunk_key

_COUNTS: dict[str, Callable[[Array], Any]] = {
    "polysemantic_neurons_authors": measure.polysemantic_neurons,
    "polysemantic_neurons_scale_free": partial(measure.polysemantic_neurons, rule="scale-free"),
    "antipodal_pairs": measure.antipodal_pairs,
    "features_alive": lambda weights: len(weights) - measure.dead_features(weights, 0.0),
}
_OF_ZEROS: dict[str, Callable[[Array, Array], Any]] = {
    "mean_nonzero_per_feature": lambda initial, now: measure.live_weights(now),
    "winner_is_initial_argmax": lambda initial, now: (
        measure.winners(now) == measure.winners(initial)
    ),
}
_NORMS: dict[str, Callable[[Array], Any]] = {
    "l1_norm": partial(measure.row_norms, order=1),
    "norm2": partial(measure.row_norms, order=2),
    "fourth_norm": partial(measure.row_norms, order=4),
}
OUTCOMES = tuple(outcome.name.lower() for outcome in Outcome)


@dataclass(frozen=True, kw_only=True)
class SweepResult:
    """What a sweep did.

    >>> from polysem import numerics
    >>> numerics.SweepResult(folder=None, computed=3, reused=2, notes=()).computed
    3

    Parameters
    ----------
    folder : pathlib.Path
        Folder of the results; :func:`sweep_runs` reads it.
    computed, reused : int
        Chunks computed now, and chunks found complete.
    notes : tuple of str
        What was set aside, and why.

    Source
    ------
    paper_notes/sweeps.md.
    """

    folder: Path | None
    computed: int
    reused: int
    notes: tuple[str, ...]


def sweep(
    spec: SweepSpec, out: str | Path, *, jobs: int | None = None, progress: bool = False
) -> SweepResult:
    """Compute all runs of a grid that are not in the folder yet.

    Every run has a generator that entropy, cell and run determine, and is trained on its own with
    BLAS on one thread. So its numbers depend only on the spec, the sources and the machine's
    arithmetic, and not on the scheduler, the chunks, or interruptions. With another device or type
    than cpu and float64 the runs of a chunk are trained together, unless they draw noise: this is
    faster, and the rounding of a run then depends on its chunk. Put
    ``joblib.parallel_config`` around the call to run the sweep in threads or on a cluster.

    >>> import tempfile
    >>> from polysem import numerics
    >>> spec = numerics.SweepSpec.from_dict(
    ...     {"entropy": 7, "runs": 4, "chunk": 2, "grid": [{"n": 4, "m": 8, "lam": 0.1}]}
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     first = numerics.sweep(spec, folder)
    ...     again = numerics.sweep(spec, folder)
    ...     runs = numerics.sweep_runs(folder)
    >>> first.computed, again.computed, runs["features_alive"].shape
    (2, 0, (4,))

    Parameters
    ----------
    spec : SweepSpec
        The grid.
    out : path
        Its folder; created, or resumed.
    jobs : int, optional
        Workers at once; 1, or what the surrounding ``parallel_config`` says.
    progress : bool
        Show a bar that counts finished runs.

    Returns
    -------
    SweepResult

    Raises
    ------
    ValueError
        If another sweep writes to the folder, a worker runs other sources, or the device cannot be
        used.
    OSError
        If the folder cannot be written; complete chunks stay.

    Source
    ------
    paper_notes/sweeps.md.
    """
    from joblib import delayed
    from tqdm import tqdm

    with training_on(**spec.place), Store.of(out, spec).locked() as store:
        total, missing = 0, []
        for chunk in spec.chunks():
            total += 1
            fault = store.fault(chunk)
            if fault:
                store.set_aside(chunk, fault)
            if fault is not None:
                missing.append(chunk)
        tasks = (
            delayed(run_chunk)(spec.cells[chunk.cell], chunk, spec.entropy, **spec.place)
            for chunk in missing
        )
        results = parallel(tasks, jobs=jobs, return_as="generator_unordered")
        runs = spec.runs * len(spec.cells)
        there = runs - sum(chunk.count for chunk in missing)
        with tqdm(total=runs, initial=there, unit="run", disable=not progress) as bar:
            for chunk, key, values, seconds in results:
                if key != store.key(chunk):
                    raise ValueError(
                        f"{chunk.name} was computed by a worker with other sources or versions; "
                        "install the same polysem, NumPy and SciPy there."
                    )
                store.write(chunk, values, seconds)
                bar.update(chunk.count)
        return SweepResult(
            folder=Path(out),
            computed=len(missing),
            reused=total - len(missing),
            notes=tuple(store.notes),
        )


def run_chunk(
    cell: Cell, chunk: Chunk, entropy: int, **place: str
) -> tuple[Chunk, str, dict[str, Array], float]:
    """Train the runs of a chunk: their numbers, the key of the chunk, and seconds.

    They are trained one by one on the processor in double precision and where they draw noise, and
    otherwise together.

    >>> from polysem import numerics
    >>> cell, chunk = numerics.Cell(n=4, m=8, lam=0.1), numerics.Chunk(cell=0, first=0, count=2)
    >>> _, _, values, _ = numerics.run_chunk(cell, chunk, entropy=7)
    >>> values["features_alive"].tolist()
    [4, 4]

    Parameters
    ----------
    cell : Cell
        The settings.
    chunk : Chunk
        Which runs.
    entropy : int
        The root of all draws.
    **place : str
        Where to compute, and in which type: device and dtype of :func:`training_on`.

    Returns
    -------
    chunk, key, values, seconds

    Raises
    ------
    KeyboardInterrupt
        If a run is interrupted; a chunk with an incomplete run is never stored.

    Source
    ------
    paper_notes/sweeps.md.
    """
    started = time.perf_counter()
    runs = range(chunk.first, chunk.first + chunk.count)
    alone = not place or isinstance(cell.model, SampledNoise)
    groups = [[run] for run in runs] if alone else [list(runs)]
    with one_blas_thread(), training_on(**place):
        rows = [row for group in groups for row in _run_together(cell, chunk.cell, group, entropy)]
    values = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    seconds = time.perf_counter() - started
    return chunk, chunk_key(cell, chunk, entropy, **place), values, seconds


def _run_together(cell: Cell, place: int, runs: list[int], entropy: int) -> list[dict[str, Any]]:
    """Train runs of one cell as a stack: the numbers of each."""
    rngs = [run_generator(entropy, place, run) for run in runs]
    initial = np.stack([initial_weights(cell.n, cell.m, rng, scale=cell.scale) for rng in rngs])
    rng = rngs[0] if len(runs) == 1 else None  # runs that draw noise are alone
    solution = train(initial, cell.lam, optimizer=cell.built_optimizer, model=cell.model, rng=rng)
    if Outcome.INTERRUPTED in solution.outcomes:
        raise KeyboardInterrupt
    problem, rows = Problem(lam=cell.lam, model=cell.model), []
    for k, run in enumerate(runs):
        rows.append(
            {
                "run": run,
                "outcome": OUTCOMES.index(str(solution.outcomes[k])),
                "time": float(solution.time[k]),
                "steps": int(solution.steps[k]),
                **measured(
                    initial[k], solution.partial_weights[k], problem, dead_below=cell.zero_scale
                ),
            }
        )
    return rows


def measured(
    initial: Array, weights: Array, problem: Problem, *, dead_below: float = 0.0
) -> dict[str, Any]:
    """Counts, norms and loss of one trained network; -1 and NaN where it diverged.

    Of a model with a decoder or a bias the counts and norms are those of the encoder.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.measured(np.eye(2), np.eye(2), numerics.Problem(lam=0.1))["features_alive"]
    2

    Parameters
    ----------
    initial, weights : numpy.ndarray, shape (n, m)
        The weights before and after.
    problem : Problem
        What was descended.
    dead_below : float
        Rows no longer than this are dead, and weights as small count as zero, see
        :func:`without_jitter`; a row that reproduces its feature has length 1.

    Returns
    -------
    dict of str to int or float

    Source
    ------
    paper_notes/sweeps.md.
    """
    if not np.isfinite(weights).all():
        return dict.fromkeys(_COUNTS, -1) | dict.fromkeys((*_OF_ZEROS, *_NORMS, "loss"), math.nan)
    before, rows = problem.encoder(initial), problem.encoder(weights)
    kept = measure.without_jitter(rows, dead_below, length=1.0)
    counts = {name: int(count(kept)) for name, count in _COUNTS.items()}
    means = {name: float(np.mean(mean(before, kept))) for name, mean in _OF_ZEROS.items()}
    norms = {name: float(np.mean(norm(rows))) for name, norm in _NORMS.items()}
    return counts | means | norms | {"loss": _loss(weights, problem)}


def _loss(weights: Array, problem: Problem) -> float:
    """NaN where the exact average over noise takes too long: bipolar, more than 32 neurons."""
    try:
        return float(problem.loss(weights))
    except NoExactAverage:
        return math.nan


def sweep_runs(folder: str | Path, *, incomplete: bool = False) -> dict[str, Array]:
    """All runs of a sweep: one array a quantity, one entry a run, cell by cell.

    The column "cell" is the place of the cell in the spec (``sweep.json``); "outcome" counts in
    ``numerics.OUTCOMES``. An incomplete sweep is refused unless asked for.

    >>> from polysem import numerics
    >>> numerics.sweep_runs("no such folder")
    Traceback (most recent call last):
    ...
    ValueError: Got folder='no such folder'; no sweep was started there.

    Parameters
    ----------
    folder : path
        The sweep's folder.
    incomplete : bool
        Return the runs that are there.

    Returns
    -------
    dict of str to numpy.ndarray, shape (runs,)

    Raises
    ------
    ValueError
        If no sweep was started there, or chunks are missing, with their number and names.

    Source
    ------
    paper_notes/sweeps.md.
    """
    store = Store.read(folder)
    missing = store.missing()
    if missing and not incomplete:
        names = ", ".join(chunk.name for chunk in missing[:3]) + (", ..." if missing[3:] else "")
        total = sum(1 for _ in store.spec.chunks())
        raise ValueError(
            f"Got an incomplete sweep: {len(missing)} of {total} chunks are missing ({names}); "
            "resume the sweep, or pass incomplete=True to read the others."
        )
    parts, absent = [], set(missing)
    for chunk in store.spec.chunks():
        if chunk not in absent:
            values = store.values(chunk)
            parts.append({"cell": np.full(chunk.count, chunk.cell)} | values)
    if not parts:
        return {}
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
