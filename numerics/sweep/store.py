"""The folder of a sweep: whole chunks or none, one writer, nothing stale.

``chunks/`` holds an .npz and a .json for each chunk; the .json is written last and holds the
key of what was computed and the digest of the .npz. ``times/`` holds wall times, which are no
part of the results. What is torn, foreign or stale goes to ``aside/``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from .._files import npz_bytes, writable_folder, write_bytes, write_text
from .spec import Cell, Chunk, SweepSpec

_HELD: set[Path] = set()  # folders that this process is sweeping


@cache
def source_digest(*rooms: str) -> str:
    """A digest of the sources that decide a result, and of the versions of NumPy and SciPy.

    The rooms are numerics and theory unless others are named.
    """
    import scipy

    digest = hashlib.sha256(f"numpy {np.__version__} scipy {scipy.__version__}".encode())
    parent = Path(__file__).resolve().parents[2]
    for room in rooms or ("numerics", "theory"):
        for path in sorted((parent / room).rglob("*.py")):
            digest.update(f"\0{path.relative_to(parent)}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def chunk_key(cell: Cell, chunk: Chunk, entropy: int) -> str:
    """A digest of all that a chunk's numbers depend on."""
    content = {
        "cell": asdict(cell),
        "chunk": asdict(chunk),
        "entropy": entropy,
        "sources": source_digest(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


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
        What was set aside and why, in the order in which it was found.

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
        """A chunk's file: npz or json."""
        return self.folder / "chunks" / f"{chunk.name}.{kind}"

    @contextmanager
    def locked(self) -> Iterator[Store]:
        """Hold the folder; a second sweep is refused. A process that dies lets go of it."""
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
                    for torn in self.folder.glob(pattern):
                        torn.unlink()
                text = json.dumps(self.spec.to_dict(), indent=1, sort_keys=True)
                write_text(self.folder / "sweep.json", text + "\n")
                yield self
            finally:
                _HELD.discard(place)

    def key(self, chunk: Chunk) -> str:
        """The key that a chunk's files must carry."""
        return chunk_key(self.spec.cells[chunk.cell], chunk, self.spec.entropy)

    def missing(self) -> list[Chunk]:
        """The chunks that are not there, or not whole, or of another spec or version."""
        return [chunk for chunk in self.spec.chunks() if self.fault(chunk) is not None]

    def fault(self, chunk: Chunk) -> str | None:
        """Why a chunk cannot be used; an empty string where there is none of it."""
        data, label = self.path(chunk, "npz"), self.path(chunk, "json")
        if not data.exists() and not label.exists():
            return ""
        if not data.exists() or not label.exists():
            return "torn (one of its two files is missing)"
        try:
            content = json.loads(label.read_text(encoding="utf-8"))
            key, digest = content["key"], content["sha256"]
        except (ValueError, KeyError, TypeError):
            return "torn (its .json cannot be read)"
        if hashlib.sha256(data.read_bytes()).hexdigest() != digest:
            return "torn (its .npz is not the one that was written)"
        if key != self.key(chunk):
            return "stale or foreign (another spec, entropy or version)"
        return None

    def set_aside(self, chunk: Chunk, reason: str) -> None:
        """Move what there is of a chunk out of the way, and note it."""
        aside = writable_folder(self.folder / "aside")
        for kind in ("npz", "json"):
            path = self.path(chunk, kind)
            if path.exists():
                number = sum(1 for _ in aside.glob(f"{path.name}.*"))
                os.replace(path, aside / f"{path.name}.{number}")
        self.notes.append(f"{chunk.name} was {reason}: set aside, computed again.")

    def write(self, chunk: Chunk, values: Mapping[str, np.ndarray], seconds: float) -> None:
        """Keep a chunk: the numbers, then the label that makes them valid."""
        content = npz_bytes(values)
        label = {
            "key": self.key(chunk),
            "sha256": hashlib.sha256(content).hexdigest(),
            "entropy": self.spec.entropy,
            "chunk": asdict(chunk),
            "cell": asdict(self.spec.cells[chunk.cell]),
        }
        write_bytes(self.path(chunk, "npz"), content)
        text = json.dumps(label, indent=1, sort_keys=True)
        write_text(self.path(chunk, "json"), text + "\n")
        write_text(self.folder / "times" / f"{chunk.name}.json", json.dumps(seconds) + "\n")

    def values(self, chunk: Chunk) -> dict[str, np.ndarray]:
        """The numbers of a chunk that is there; nothing is ever unpickled."""
        path = self.path(chunk, "npz")
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        except (ValueError, OSError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} cannot be read ({error}); resume the sweep.") from None

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
