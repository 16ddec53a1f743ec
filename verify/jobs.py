"""Independent experiments over the processes of the machine, each with one BLAS thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from .kept import keep_in, kept_folder


def run_jobs(
    function: Callable[..., Any], arguments: Sequence[tuple], *, title: str, progress: bool
) -> list[Any]:
    """The results of one function for each tuple of arguments, in order.

    As many processes run as there are cores, or what the caller's ``joblib.parallel_config``
    says. Workers find the folder of kept results, so that an interrupted report goes on.

    >>> from polysem.verify.jobs import run_jobs
    >>> run_jobs(pow, [(2, 3), (3, 2)], title="powers", progress=False)
    [8, 9]

    Parameters
    ----------
    function : callable
        To be found by its name in a module.
    arguments : sequence of tuple
    title : str
        In front of the progress bar.
    progress : bool
        Show a bar on a terminal.
    """
    from joblib import Parallel, delayed
    from tqdm.auto import tqdm

    folder = kept_folder()  # here: joblib draws the jobs in a thread without our context
    jobs = Parallel(n_jobs=-1, return_as="generator")(
        delayed(_run)(function, given, folder) for given in arguments
    )
    return list(tqdm(jobs, total=len(arguments), desc=title, disable=None if progress else True))


def _run(function: Callable[..., Any], given: tuple, folder: Path | None) -> Any:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), keep_in(folder) if folder else nullcontext():
        return function(*given)
