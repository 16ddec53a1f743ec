"""The folder of a sweep, which one process at a time writes, chunk by chunk.

``chunks/`` holds an .npz and a .json for each chunk; the .json is written last and holds the
key of what was computed and the digest of the .npz. ``times/`` holds wall times, which are not
part of the results. Damaged, foreign and outdated files are moved to ``aside/``.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .._files import writable_folder, write_text
from .._types import Array
from ..result_cache import read_arrays, result_key, write_arrays
from .spec import Cell, Chunk, SweepSpec

_HELD: set[Path] = set()  # folders that this process is sweeping
_COMPUTES = f"{__package__}.run_chunk"


def chunk_key(cell: Cell, chunk: Chunk, entropy: int) -> str:
    """A digest of all that a chunk's numbers depend on."""
    content = {"cell": asdict(cell), "chunk": asdict(chunk), "entropy": entropy}
    return result_key(content, _COMPUTES)


@dataclass(frozen=True, kw_only=True, eq=False)
class Store:
    """The folder of a sweep, open for reading; for writing inside :meth:`locked`.

    >>> import tempfile
    >>> from polysem import numerics
    >>> spec = numerics.SweepSpec.from_dict(
    ...     {"entropy": 7, "runs": 2, "grid": [{"n": 2, "m": 4, "lam": 0.1}]}
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [chunk.name for chunk in numerics.Store.of(folder, spec).missing()]
    ['cell00000-run000000']

    Parameters
    ----------
    folder : pathlib.Path
        Where the sweep is kept.
    spec : SweepSpec
        What belongs there.
    notes : list of str
        The chunks that were moved to ``aside/`` and why, in the order in which they were found.

    Source
    ------
    paper_notes/sweeps.md.
    """

    folder: Path
    spec: SweepSpec
    notes: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, folder: str | Path, spec: SweepSpec) -> Store:
        """The store of a spec in a folder."""
        return cls(folder=Path(folder), spec=spec)

    @classmethod
    def read(cls, folder: str | Path) -> Store:
        """The store of the sweep that was last started in a folder."""
        path = Path(folder) / "sweep.json"
        if not path.is_file():
            raise ValueError(f"Got folder={str(folder)!r}; no sweep was started there.")
        content = json.loads(path.read_text(encoding="utf-8"))
        cells = tuple(
            Cell(**cell | {"settings": tuple((name, value) for name, value in cell["settings"])})
            for cell in content.pop("cells")
        )
        return cls.of(folder, SweepSpec(cells=cells, **content))

    def path(self, chunk: Chunk, kind: str) -> Path:
        """The path of a chunk's .npz or .json file."""
        return self.folder / "chunks" / f"{chunk.name}.{kind}"

    @contextmanager
    def locked(self) -> Iterator[Store]:
        """Lock the folder against a second sweep until the context or the process ends."""
        for part in (".", "chunks", "times"):
            writable_folder(self.folder / part)
        place = self.folder.resolve()
        path = self.folder / ".lock"
        if place in _HELD:
            raise ValueError(_refusal(self.folder, str(os.getpid())))
        import fcntl  # not on Windows, where the rest of this module works

        with path.open("a+") as stream:
            try:
                fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                stream.seek(0)
                raise ValueError(_refusal(self.folder, stream.read().strip())) from None
            _HELD.add(place)
            try:
                stream.truncate(0)
                stream.write(str(os.getpid()))
                stream.flush()
                for pattern in (".*.json.*", "*/.*.json.*", "*/.*.npz.*"):
                    for partial in self.folder.glob(pattern):
                        partial.unlink()
                text = json.dumps(self.spec.to_dict(), indent=1, sort_keys=True)
                write_text(self.folder / "sweep.json", text + "\n")
                yield self
            finally:
                _HELD.discard(place)

    def key(self, chunk: Chunk) -> str:
        """The key that the files of a chunk must have."""
        return chunk_key(self.spec.cells[chunk.cell], chunk, self.spec.entropy)

    def missing(self) -> list[Chunk]:
        """The chunks that are absent, damaged, or of another spec or version."""
        return [chunk for chunk in self.spec.chunks() if self.fault(chunk) is not None]

    def fault(self, chunk: Chunk) -> str | None:
        """Why a chunk cannot be used: None if it can, an empty string if it has no files."""
        data, label = self.path(chunk, "npz"), self.path(chunk, "json")
        if not data.exists() and not label.exists():
            return ""
        if not data.exists() or not label.exists():
            return "damaged (one of its two files is missing)"
        try:
            content = json.loads(label.read_text(encoding="utf-8"))
            key, digest = content["key"], content["sha256"]
        except (ValueError, KeyError, TypeError):
            return "damaged (its .json cannot be read)"
        if hashlib.sha256(data.read_bytes()).hexdigest() != digest:
            return "damaged (its .npz has another digest)"
        if key != self.key(chunk):
            return "computed for another spec, entropy or version"
        return None

    def set_aside(self, chunk: Chunk, reason: str) -> None:
        """Move the files of a chunk to ``aside/`` and note the reason."""
        aside = writable_folder(self.folder / "aside")
        for kind in ("npz", "json"):
            path = self.path(chunk, kind)
            if path.exists():
                number = sum(1 for _ in aside.glob(f"{path.name}.*"))
                os.replace(path, aside / f"{path.name}.{number}")
        self.notes.append(f"{chunk.name} was {reason}: moved to aside/, to be computed again.")

    def write(self, chunk: Chunk, values: Mapping[str, Array], seconds: float) -> None:
        """Write a chunk: the numbers, then the label that makes them valid."""
        label = {
            "key": self.key(chunk),
            "sha256": write_arrays(self.path(chunk, "npz"), values),
            "entropy": self.spec.entropy,
            "chunk": asdict(chunk),
            "cell": asdict(self.spec.cells[chunk.cell]),
        }
        text = json.dumps(label, indent=1, sort_keys=True)
        write_text(self.path(chunk, "json"), text + "\n")
        write_text(self.folder / "times" / f"{chunk.name}.json", json.dumps(seconds) + "\n")

    def values(self, chunk: Chunk) -> dict[str, Array]:
        """The numbers of a chunk; pickles are never loaded."""
        return read_arrays(self.path(chunk, "npz"))

    def seconds(self, chunk: Chunk) -> float | None:
        """How long a chunk took, if that is known."""
        try:
            text = (self.folder / "times" / f"{chunk.name}.json").read_text(encoding="utf-8")
            return float(text)
        except (OSError, ValueError):
            return None


def _refusal(folder: Path, process: str) -> str:
    return (
        f"Got out={str(folder)!r}; process {process or 'unknown'} is sweeping in it: "
        "wait for it or choose another folder."
    )
