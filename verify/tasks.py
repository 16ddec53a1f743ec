"""Independent tasks of a chapter, on all cores at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from .kept import keep_in, kept, kept_folder

Arrays = Mapping[str, np.ndarray]


class Task(Protocol):
    """A frozen dataclass whose fields and the entropy settle what it computes."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def run(self, entropy: int) -> Arrays:
        """The arrays that it gives."""
        ...


def run_all(
    name: str, tasks: Sequence[Task], entropy: int, *, progress: bool
) -> dict[Task, Arrays]:
    """The arrays of each task; an interrupted report finds them again.

    The numbers do not depend on the number of processes, which are as many as there are cores;
    each has one BLAS thread.

    >>> from polysem.verify.reshuffling_runs import Ensemble
    >>> from polysem.verify.tasks import run_all
    >>> few = Ensemble(n=4, m=16, lam=0.0, runs=5)
    >>> run_all("few", [few], 1, progress=False)[few]["dead"].shape
    (5,)
    """
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    folder = kept_folder()  # here: joblib draws the tasks in a thread without our context
    results = Parallel(n_jobs=-1, return_as="generator")(
        delayed(_run_one)(name, task, entropy, folder) for task in tasks
    )
    bar = tqdm(results, total=len(tasks), desc=name, disable=None if progress else True)
    return dict(zip(tasks, bar, strict=True))


def _run_one(name: str, task: Task, entropy: int, folder: Path | None) -> Arrays:
    from threadpoolctl import threadpool_limits

    about = {"task": type(task).__name__, **asdict(task), "entropy": entropy}
    with threadpool_limits(1), keep_in(folder) if folder else nullcontext():
        return kept(name, about, lambda: task.run(entropy))
