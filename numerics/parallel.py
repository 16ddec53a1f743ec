"""Independent networks over processes, each with one BLAS thread."""

from __future__ import annotations

from typing import Any

import numpy as np

from ._validate import check_integer, check_weights
from .sweep.blas import one_blas_thread
from .training.solution import Solution
from .training.train import train


def train_parallel(initial: np.ndarray, lam: float, *, jobs: int = 2, **options: Any) -> Solution:
    """Train a stack of networks in several processes.

    The stack is cut in as many parts as there are jobs, by joblib and whatever backend the
    caller has chosen; each part trains on one BLAS thread. As no network sees another, only
    rounding can depend on the number of jobs.

    Examples
    --------
    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(4, 16, np.random.default_rng(0), instances=3)
    >>> numerics.train_parallel(start, 0.05, jobs=1).outcome.name
    'CONVERGED'

    Parameters
    ----------
    initial : numpy.ndarray, shape (instances, n, m)
        Initial weights.
    lam : float
        The paper's lambda, in flow units.
    jobs : int
        Number of processes.
    **options
        As of :func:`train`, without ``rng`` and ``observe``, which belong to one process.

    Returns
    -------
    Solution
        Of all networks, in their order; its seconds are the sum over the processes.

    Raises
    ------
    ValueError
        As :func:`train`, and for ``rng`` or ``observe``.

    Source
    ------
    paper_notes/training.md.
    """
    from joblib import Parallel, delayed

    initial = check_weights("initial", initial)
    jobs = check_integer("jobs", jobs, "the number of processes")
    for name in ("rng", "observe"):
        if options.get(name) is not None:
            raise ValueError(f"Got {name} and jobs={jobs}; a process cannot share it: use train.")
    if initial.ndim == 2:
        raise ValueError(
            f"Got initial of shape {initial.shape}; one network is one job: use train."
        )
    parts = np.array_split(initial, min(jobs, len(initial)))
    solutions = Parallel(n_jobs=len(parts))(
        delayed(_one_thread)(part, lam, options) for part in parts
    )
    first = solutions[0]
    records = {
        name: values
        if name == "time"
        else np.concatenate([solution.records[name] for solution in solutions], axis=1)
        for name, values in first.records.items()
    }
    return Solution(
        initial=initial,
        lam=first.lam,
        optimizer=first.optimizer,
        weights=np.concatenate([solution.weights for solution in solutions]),
        outcomes=np.concatenate([solution.outcomes for solution in solutions]),
        time=np.concatenate([solution.time for solution in solutions]),
        steps=np.concatenate([solution.steps for solution in solutions]),
        records=records,
        stats={name: sum(solution.stats[name] for solution in solutions) for name in first.stats},
    )


def _one_thread(initial: np.ndarray, lam: float, options: dict[str, Any]) -> Solution:
    with one_blas_thread():
        return train(initial, lam, **options)
