"""Sweeps from the command line, and their summaries as tables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .. import numerics
from ..numerics._extras import need
from ..numerics._files import write_bytes, write_text
from ..numerics._types import Array
from ..numerics._validate import check_choice

SCHEDULERS = ("loop", "threads", "processes")


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

    Source
    ------
    paper_notes/sweeps.md.
    """
    import joblib

    if jobs is not None and jobs < 1:
        raise ValueError(f"Got jobs={jobs}; at least one worker is needed.")
    if "://" in name:
        distributed = need("distributed", "cluster")
        try:
            client = distributed.Client(name, timeout="10s")
        except OSError as error:
            raise ValueError(
                f"Got scheduler={name!r}; no Dask cluster answers there ({error}): start the "
                "cluster or correct the address."
            ) from None
        with client, joblib.parallel_config(backend="dask"):
            yield
        return
    if name not in SCHEDULERS:
        raise ValueError(
            f"Got scheduler={name!r}; choose one of {', '.join(SCHEDULERS)}, or give the address "
            "of a Dask cluster, as tcp://host:8786."
        )
    backend = {"loop": "sequential", "threads": "threading", "processes": "loky"}[name]
    workers = 1 if name == "loop" else jobs or os.cpu_count()
    with joblib.parallel_config(backend=backend, n_jobs=workers):
        yield


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
    >>> summary.to_frame(by="cell")[["m", "runs", "features_alive"]].values.tolist()
    [[8.0, 4.0, 4.0], [16.0, 4.0, 4.0]]

    Parameters
    ----------
    cells : tuple of Cell
        The cells, in the order of the spec.
    runs : dict of str to numpy.ndarray
        As :func:`polysem.numerics.sweep_runs` gives them.
    missing : tuple of str
        The chunks that were not there, if an incomplete sweep was asked for.

    Source
    ------
    paper_notes/sweeps.md.
    """

    cells: tuple[numerics.Cell, ...]
    runs: dict[str, Array]
    missing: tuple[str, ...]

    @classmethod
    def of(cls, folder: str | Path, *, incomplete: bool = False) -> SweepSummary:
        """Read a sweep; an incomplete one is refused unless asked for."""
        store = numerics.Store.read(folder)
        return cls(
            cells=store.spec.cells,
            runs=numerics.sweep_runs(folder, incomplete=incomplete),
            missing=tuple(chunk.name for chunk in store.missing()),
        )

    def to_frame(self, by: str = "run") -> Any:
        """A pandas table: a row a run, or by="cell" the means and their standard errors."""
        check_choice("by", by, ("run", "cell"))
        pandas = need("pandas", "tables")
        settings = pandas.DataFrame([asdict(cell) for cell in self.cells])
        settings["settings"] = [dict(cell.settings) for cell in self.cells]
        runs = pandas.DataFrame(self.runs)
        if by == "run" or runs.empty:
            runs["outcome"] = [numerics.OUTCOMES[place] for place in runs.get("outcome", [])]
            return settings.merge(runs, left_index=True, right_on="cell")
        groups = runs.drop(columns=["run", "outcome"]).groupby("cell")
        table = settings.join(groups.mean(), how="right")
        table.insert(len(settings.columns), "runs", groups.size())
        return table.join(groups.sem().add_suffix("_error"))

    def write(self, path: str | Path, by: str = "run") -> None:
        """Write the table as .csv or .parquet, by the name of the file."""
        path = Path(path)
        if path.suffix not in (".csv", ".parquet"):
            raise ValueError(f"Got path={str(path)!r}; its name must end in .csv or .parquet.")
        frame = self.to_frame(by)
        frame["settings"] = frame["settings"].map(str)
        if path.suffix == ".csv":
            write_text(path, frame.to_csv(index=False))
        else:
            need("pyarrow", "parquet")
            write_bytes(path, frame.to_parquet(index=False))
