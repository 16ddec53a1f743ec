"""BLAS on one thread, so that the bits do not depend on how many jobs run."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import threadpool_limits


class _Threads:
    """How many jobs of this process want BLAS on one thread; the last one gives it back."""

    lock = threading.Lock()
    jobs = 0
    limits: Any = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS on one thread while any job of this process runs.

    The limit belongs to the process. Were every job to set and restore it, one that ends
    would give two threads, and with them other bits, to one that still runs.
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
