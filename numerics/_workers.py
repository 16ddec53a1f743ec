"""Worker processes that end with the process that started them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def parallel(tasks: Any, *, jobs: int | None, return_as: str) -> Any:
    """The results of tasks of joblib, on the surrounding backend.

    Its processes live no longer than this one. Ctrl-C in a terminal reaches them too; they leave
    it to this process, which ends them.
    """
    from joblib import Parallel

    pool = Parallel(n_jobs=jobs, return_as=return_as, initializer=_watch, initargs=(os.getpid(),))
    with _inherited_mask():
        return pool(tasks)


@contextmanager
def _inherited_mask() -> Iterator[None]:
    """Let processes that start inside ignore Ctrl-C; here it comes at the end.

    Of the semaphores that a stopped run leaves, the process that removes them says nothing.
    """
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # its start would end the mask
    filters = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (filters, "ignore:resource_tracker")))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if filters is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = filters


def _watch(parent: int) -> None:
    """Prepare a worker process to be killed, and to end as soon as its parent is gone."""
    from tqdm import tqdm

    tqdm.set_lock(threading.RLock())  # its own lock is a file, which a killed process leaves
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
