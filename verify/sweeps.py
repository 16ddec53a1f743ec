"""Sweeps from the command line, and their summaries as tables."""

from __future__ import annotations

import _thread
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .. import numerics
from ..numerics._extras import need
from ..numerics._files import named_path, write_bytes, write_text
from ..numerics._types import Array
from ..numerics._validate import check_choice, check_integer

SCHEDULERS = ("loop", "threads", "processes")
_PATIENCE = 20.0  # seconds for which a cluster may do nothing
_FAILED = [place for place, outcome in enumerate(numerics.Outcome) if not outcome.as_asked]
_STORED = [name for name in numerics.OUTCOMES if name != "interrupted"]


def check_scheduler(name: str, jobs: int | None = None) -> None:
    """Refuse a scheduler that does not exist, and fewer than one worker."""
    if jobs is not None:
        check_integer("jobs", jobs, "the number of workers at once")
    if "://" not in name and name not in SCHEDULERS:
        raise ValueError(
            f"Got scheduler={name!r}; choose one of {', '.join(SCHEDULERS)}, or give the address "
            "of a Dask cluster, such as tcp://host:8786."
        )


def check_table(path: str | Path) -> Path:
    """The path of a table, if it can be written: its ending, folder and libraries are there."""
    path = named_path("table", path)
    if path.suffix not in (".csv", ".parquet", ".tex"):
        raise ValueError(f"Got table={str(path)!r}; its name must end in .csv, .parquet or .tex.")
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise ValueError(
            f"Got table={str(path)!r}, whose folder cannot be written ({error.strerror}); choose "
            "another one."
        ) from None
    need("pandas", "tables")
    if path.suffix == ".parquet":
        need("pyarrow", "parquet")
    return path


@contextmanager
def scheduler(name: str, jobs: int | None = None) -> Iterator[None]:
    """Run the sweeps inside on a scheduler; the results are the same bytes on all of them.

    >>> from polysem import verify
    >>> with verify.scheduler("threads", jobs=2):
    ...     pass

    Parameters
    ----------
    name : str
        "loop", "threads", "processes", or the address of a Dask cluster, as ``tcp://host:8786``.
    jobs : int, optional
        Workers at once; as many as there are processors unless given. A cluster has its own.

    Raises
    ------
    ValueError
        For another name, or fewer than one worker.
    ImportError
        If a cluster is asked for and Dask is not installed.
    RuntimeError
        If for 20 s no worker of the cluster has worked.

    Source
    ------
    paper_notes/sweeps.md.
    """
    import joblib

    check_scheduler(name, jobs)
    if "://" in name:
        distributed = need("distributed", "cluster")
        try:
            client = distributed.Client(name, timeout="10s")
        except OSError as error:
            raise ValueError(
                f"Got scheduler={name!r}; no Dask cluster answers there ({error}): start the "
                "cluster or correct the address."
            ) from None
        with client, _while_it_works(client, name), joblib.parallel_config(backend="dask"):
            yield
        return
    backend = {"loop": "sequential", "threads": "threading", "processes": "loky"}[name]
    workers = 1 if name == "loop" else jobs or os.cpu_count()
    with joblib.parallel_config(backend=backend, n_jobs=workers):
        yield


@contextmanager
def _while_it_works(client: Any, name: str) -> Iterator[None]:
    """End the sweep inside with an error once its cluster has lost the workers or the tasks.

    joblib waits for ever then. Only an interruption of the main thread ends its wait.
    """
    over, lost = threading.Event(), threading.Event()

    def watch() -> None:
        started, last = False, time.monotonic()
        while not over.wait(1):
            try:
                busy, workers = any(client.processing().values()), client.ncores()
            except OSError:  # the scheduler does not answer
                busy, workers = False, {}
            started |= busy
            if busy or (workers and not started):
                last = time.monotonic()
            elif time.monotonic() - last > _PATIENCE:
                lost.set()
                _thread.interrupt_main()
                return

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    except KeyboardInterrupt:
        if not lost.is_set():
            raise
        raise RuntimeError(
            f"Got scheduler={name!r}; no worker of this cluster has been active for "
            f"{_PATIENCE:g} s: start workers and run the same sweep again (finished chunks are "
            "kept)."
        ) from None
    finally:
        over.set()


@dataclass(frozen=True, kw_only=True, eq=False)
class SweepSummary:
    """All runs of a sweep, with the settings of their cells.

    >>> import tempfile
    >>> from polysem import numerics, verify
    >>> spec = numerics.SweepSpec.from_dict(
    ...     {"entropy": 7, "runs": 4, "grid": [{"n": 4, "m": [8, 16], "lam": 0.1}]}
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = numerics.sweep(spec, folder)
    ...     summary = verify.SweepSummary.of(folder)
    >>> summary.to_frame(by="cell")[["m", "runs", "converged", "features_alive"]].values.tolist()
    [[8.0, 4.0, 4.0, 4.0], [16.0, 4.0, 4.0, 4.0]]

    Parameters
    ----------
    cells : tuple of Cell
        The cells, in the order of the spec.
    runs : dict of str to numpy.ndarray
        As :func:`polysem.numerics.sweep_runs` gives them.
    missing : tuple of str
        The chunks that were not there, if an incomplete sweep was asked for.
    device, dtype : str
        Where the runs were computed, and in which type.

    Source
    ------
    paper_notes/sweeps.md.
    """

    cells: tuple[numerics.Cell, ...]
    runs: dict[str, Array]
    missing: tuple[str, ...]
    device: str = "cpu"
    dtype: str = "float64"

    @classmethod
    def of(cls, folder: str | Path, *, incomplete: bool = False) -> SweepSummary:
        """Read a sweep; an incomplete one is refused unless asked for."""
        store = numerics.Store.read(folder)
        return cls(
            cells=store.spec.cells,
            runs=numerics.sweep_runs(folder, incomplete=incomplete),
            missing=tuple(chunk.name for chunk in store.missing()),
            device=store.spec.device,
            dtype=store.spec.dtype,
        )

    def to_frame(self, by: str = "run") -> Any:
        """A pandas table: a row a run, or by="cell" the means and their standard errors.

        The means are those of the runs that ended as asked: at rest, after the requested steps or
        time, or with all weights zero. Each outcome has a column with its number of runs.
        """
        check_choice("by", by, ("run", "cell"))
        pandas = need("pandas", "tables")
        settings = pandas.DataFrame([asdict(cell) for cell in self.cells])
        settings["settings"] = [dict(cell.settings) for cell in self.cells]
        settings["device"], settings["dtype"] = self.device, self.dtype
        runs = pandas.DataFrame(self.runs)
        outcomes = [numerics.OUTCOMES[place] for place in runs.get("outcome", [])]
        if by == "run" or runs.empty:
            runs["outcome"] = outcomes
            return settings.merge(runs, left_index=True, right_on="cell")
        cells, failed = runs["cell"], runs["outcome"].isin(_FAILED)
        counts = pandas.crosstab(cells, pandas.Categorical(outcomes, _STORED), dropna=False)
        counts.columns = list(_STORED)  # plain names
        counts.insert(0, "runs", cells.value_counts())
        values = runs[~failed].drop(columns=["run", "outcome"]).groupby("cell")
        table = settings.join(counts, how="right").join(values.mean())
        return table.join(values.sem().add_suffix("_error"))

    def left_out(self) -> str:
        """A sentence on the runs that are left out of the means of the cells; empty if none is."""
        outcomes = self.runs.get("outcome", np.array([], int))
        counts = {numerics.OUTCOMES[place]: int((outcomes == place).sum()) for place in _FAILED}
        if not any(counts.values()):
            return ""
        named = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        return (
            f"{sum(counts.values())} of {len(outcomes)} runs did not end as asked ({named}); they "
            "are left out of the means, and a cell without any other run has no mean."
        )

    def write(self, path: str | Path, by: str = "run") -> None:
        """Write the table as .csv or .parquet, by the name of the file."""
        path = check_table(path)
        frame = self.to_frame(by)
        frame["settings"] = frame["settings"].map(str)
        if path.suffix == ".csv":
            write_text(path, frame.to_csv(index=False))
        else:
            write_bytes(path, frame.to_parquet(index=False))
