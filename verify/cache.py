"""Results of a report's experiments, computed on all cores and read again after an interruption."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np

from ..numerics._files import writable_folder
from ..numerics._types import Array
from ..numerics._workers import parallel
from ..numerics.result_cache import read_arrays, result_key, write_arrays
from ..numerics.training.place import HERE, Place, current_place, training_on

Arrays = Mapping[str, Array]
_FOLDER: ContextVar[Path | None] = ContextVar("cache folder", default=None)


@contextmanager
def cache_in(folder: str | Path) -> Iterator[None]:
    """Let :func:`cached` store its results in a folder while the context lasts.

    >>> import tempfile
    >>> import numpy as np
    >>> from polysem import verify
    >>> calls = []
    >>> def slow():
    ...     calls.append(1)
    ...     return {"squares": np.arange(3) ** 2}
    >>> with tempfile.TemporaryDirectory() as folder, verify.cache_in(folder):
    ...     first = verify.cached("squares", {"upto": 3}, slow)
    ...     again = verify.cached("squares", {"upto": 3}, slow)
    >>> again["squares"].tolist(), len(calls)
    ([0, 1, 4], 1)

    Parameters
    ----------
    folder : path
        Created where it is missing.

    Raises
    ------
    OSError
        If the folder cannot be written.

    Source
    ------
    paper_notes/sweeps.md.
    """
    token = _FOLDER.set(writable_folder(folder))
    try:
        yield
    finally:
        _FOLDER.reset(token)


def cache_folder() -> Path | None:
    """The folder in which results are stored now; None outside :func:`cache_in`.

    >>> from polysem import verify
    >>> verify.cache_folder() is None
    True

    Returns
    -------
    pathlib.Path or None

    Source
    ------
    paper_notes/sweeps.md.
    """
    return _FOLDER.get()


def cached(
    name: str,
    about: Mapping[str, Any],
    compute: Callable[[], Arrays],
    *,
    code: str | None = None,
) -> dict[str, Array]:
    """The arrays that ``compute`` gives, computed once for each cache folder.

    The file's name holds a digest of ``about``, of the versions of NumPy and SciPy, and of the
    code of the modules that ``code`` reaches by its imports; comments, docstrings and layout do
    not count. A file that cannot be read is computed again. Outside :func:`cache_in` nothing is
    stored.

    >>> import numpy as np
    >>> from polysem import verify
    >>> verify.cached("ones", {"size": 2}, lambda: {"ones": np.ones(2)})["ones"].tolist()
    [1.0, 1.0]

    Parameters
    ----------
    name : str
        Stem of the file.
    about : mapping
        All that the result depends on, ready for JSON: settings, entropy, runs.
    compute : callable
        Gives the arrays by name.
    code : str, optional
        Module of polysem that holds the computation; that of ``compute`` unless given. A module
        outside polysem counts as all of polysem, and its own code is not in the digest.

    Returns
    -------
    dict of str to numpy.ndarray

    Source
    ------
    paper_notes/sweeps.md.
    """
    folder = _FOLDER.get()
    if folder is None:
        return dict(compute())
    if current_place() != HERE:
        about = {**about, **asdict(current_place())}
    path = folder / f"{name}-{result_key(about, code or compute.__module__)[:24]}.npz"
    try:
        return read_arrays(path)
    except ValueError:
        values = {key: np.asarray(value) for key, value in compute().items()}
        write_arrays(path, values)
        return values


class Task(Protocol):
    """An experiment: a frozen dataclass whose fields and the entropy determine its arrays."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def run(self, entropy: int) -> Arrays:
        """Compute the arrays."""
        ...


def run_tasks(
    name: str, tasks: Sequence[Task], entropy: int, *, progress: bool
) -> dict[Any, Arrays]:
    """The arrays of each task, from the cache or computed on all cores.

    The numbers do not depend on the number of processes.
    """
    given = [(name, task, entropy) for task in tasks]
    found = run_jobs(_run_task, given, title=name, progress=progress)
    return dict(zip(tasks, found, strict=True))


def _run_task(name: str, task: Task, entropy: int) -> Arrays:
    about = {"task": type(task).__name__, **asdict(task), "entropy": entropy}
    return cached(name, about, lambda: task.run(entropy), code=type(task).__module__)


def run_jobs(
    function: Callable[..., Any],
    arguments: Sequence[tuple[Any, ...]],
    *,
    title: str,
    progress: bool,
) -> list[Any]:
    """The results of one function for each tuple of arguments, in order.

    As many processes run as there are cores, or as the surrounding ``joblib.parallel_config``
    says, each with one BLAS thread and with the cache folder and the device of the caller. The
    function stands at the top level of a module, so that other processes can import it.

    >>> from polysem.verify.cache import run_jobs
    >>> run_jobs(pow, [(2, 3), (3, 2)], title="powers", progress=False)
    [8, 9]
    """
    from joblib import delayed
    from tqdm import tqdm

    folder = _FOLDER.get()  # joblib draws the jobs in a thread that does not see our context
    place = current_place()
    tasks = (delayed(_run)(function, given, folder, place) for given in arguments)
    jobs = parallel(tasks, jobs=-1, return_as="generator")
    return list(tqdm(jobs, total=len(arguments), desc=title, disable=None if progress else True))


def _run(
    function: Callable[..., Any], given: tuple[Any, ...], folder: Path | None, place: Place
) -> Any:
    from threadpoolctl import threadpool_limits

    cache = cache_in(folder) if folder else nullcontext()
    device = nullcontext() if place == HERE else training_on(**asdict(place))
    with threadpool_limits(1), cache, device:
        return function(*given)
