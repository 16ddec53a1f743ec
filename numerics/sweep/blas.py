"""BLAS on one thread, so that results do not depend on the number of jobs, to the last bit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import threadpool_limits


class _Threads:
    """The number of jobs that need BLAS on one thread; the last one restores the old limit."""

    lock = threading.Lock()
    jobs = 0
    limits: Any = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS on one thread while any job of this process runs.

    The limit belongs to the process. If every job set and restored it, a job that ends would
    restore two threads for one that still runs, and change its results by rounding.
    """
    with _Threads.lock:
        if not _Threads.jobs:
            _Threads.limits = threadpool_limits(1)
        _Threads.jobs += 1
    try:
        yield
    finally:
        with _Threads.lock:
            _Threads.jobs -= 1
            if not _Threads.jobs:
                _Threads.limits.restore_original_limits()
