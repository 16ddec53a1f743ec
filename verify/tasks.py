"""Independent tasks of a chapter, on all cores at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Protocol

import numpy as np

from .jobs import run_jobs
from .kept import kept

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

    The numbers do not depend on the number of processes.

    >>> from polysem.verify.interference.runs import Ensemble
    >>> from polysem.verify.tasks import run_all
    >>> few = Ensemble(n=4, m=16, lam=0.0, runs=5)
    >>> run_all("few", [few], 1, progress=False)[few]["dead"].shape
    (5,)
    """
    given = [(name, task, entropy) for task in tasks]
    found = run_jobs(_run_one, given, title=name, progress=progress)
    return dict(zip(tasks, found, strict=True))


def _run_one(name: str, task: Task, entropy: int) -> Arrays:
    about = {"task": type(task).__name__, **asdict(task), "entropy": entropy}
    return kept(name, about, lambda: task.run(entropy))
