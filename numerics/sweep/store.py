"""The folder of a sweep, which one process at a time writes, chunk by chunk.

``chunks/`` holds an .npz and a .json for each chunk; the .json is written last and holds the
key of what was computed and the digest of the .npz. ``times/`` holds wall times, which are not
part of the results. Damaged, foreign and outdated files are moved to ``aside/``.
"""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import math
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO

from .._files import (
    named_path,
    read_bytes,
    read_json,
    read_text,
    remove_partial,
    writable_folder,
    write_text,
)
from .._types import Array
from ..result_cache import LARGEST_ARRAYS, read_arrays, result_key, write_arrays
from .spec import Cell, Chunk, SweepSpec

_HELD: set[Path] = set()  # folders that this process is sweeping
_PARTS = (".", "chunks", "times")
_LARGEST_SPEC = 100_000_000  # bytes of a sweep.json with all its cells written out
_LONGEST_NUMBER = 20  # of a process, in digits
_NO_LOCK = "{} prevents the creation of the lock file; delete it, or choose another folder."
_COMPUTES = f"{__package__}.run_chunk"


def chunk_key(cell: Cell, chunk: Chunk, entropy: int, **place: str) -> str:
    """A digest of all that a chunk's numbers depend on."""
    content = {"cell": asdict(cell), "chunk": asdict(chunk), "entropy": entropy, **place}
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
        return cls(folder=named_path("folder", folder), spec=spec)

    @classmethod
    def read(cls, folder: str | Path) -> Store:
        """The store of the sweep that was last started in a folder."""
        path = named_path("folder", folder) / "sweep.json"
        if not path.exists():
            raise ValueError(f"Got folder={str(folder)!r}; no sweep was started there.")
        try:
            content = read_json(path, _LARGEST_SPEC)
            cells = tuple(
                Cell(
                    **cell | {"settings": tuple((name, value) for name, value in cell["settings"])}
                )
                for cell in content.pop("cells")
            )
            return cls.of(folder, SweepSpec(cells=cells, **content))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(
                f"Got folder={str(folder)!r}, whose sweep.json cannot be read ({error}); run the "
                "sweep again to recreate it."
            ) from None

    def path(self, chunk: Chunk, kind: str) -> Path:
        """The path of a chunk's .npz or .json file."""
        return self.folder / "chunks" / f"{chunk.name}.{kind}"

    @contextmanager
    def locked(self) -> Iterator[Store]:
        """Lock the folder against a second sweep until the context or the process ends."""
        for part in _PARTS:
            writable_folder(self.folder / part)
        place = self.folder.resolve()
        path = self.folder / ".lock"
        if place in _HELD:
            raise ValueError(_refusal(self.folder, str(os.getpid())))
        import fcntl  # not on Windows, where the rest of this module works

        with _lock_file(path) as stream:
            holder = stream.read(_LONGEST_NUMBER).strip()
            try:
                fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ValueError(_refusal(self.folder, holder)) from None
            _HELD.add(place)
            try:
                stream.seek(0)
                stream.truncate()
                stream.write(str(os.getpid()))
                stream.flush()
                for part in _PARTS:
                    remove_partial(self.folder / part)
                text = json.dumps(self.spec.to_dict(), indent=1, sort_keys=True)
                write_text(self.folder / "sweep.json", text + "\n")
                yield self
            finally:
                _HELD.discard(place)

    def key(self, chunk: Chunk) -> str:
        """The key that the files of a chunk must have."""
        return chunk_key(self.spec.cells[chunk.cell], chunk, self.spec.entropy, **self.spec.place)

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
            content = read_json(label)
            key, digest = content["key"], content["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            return "damaged (its .json cannot be read)"
        try:
            found = hashlib.sha256(read_bytes(data, LARGEST_ARRAYS)).hexdigest()
        except (OSError, ValueError):
            return "damaged (its .npz cannot be read)"
        if found != digest:
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
                free = (aside / f"{path.name}.{number}" for number in itertools.count())
                os.replace(path, next(place for place in free if not os.path.lexists(place)))
        self.notes.append(f"{chunk.name} was {reason}: moved to aside/, to be computed again.")

    def write(self, chunk: Chunk, values: Mapping[str, Array], seconds: float) -> None:
        """Write a chunk: the numbers, then the label that makes them valid."""
        label = {
            "key": self.key(chunk),
            "sha256": write_arrays(self.path(chunk, "npz"), values),
            "entropy": self.spec.entropy,
            "chunk": asdict(chunk),
            "cell": asdict(self.spec.cells[chunk.cell]),
            "device": self.spec.device,
            "dtype": self.spec.dtype,
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
            seconds = float(read_text(self.folder / "times" / f"{chunk.name}.json"))
        except (OSError, ValueError):
            return None
        return seconds if 0 <= seconds < math.inf else None


def _lock_file(path: Path) -> TextIO:
    """The lock, open for reading and writing; a link or any other file there is left alone."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError(_NO_LOCK.format(path)) from None
        raise
    status = os.fstat(handle)
    known = stat.S_ISREG(status.st_mode) and status.st_size <= _LONGEST_NUMBER
    if not (known and re.fullmatch(rb"[0-9]*", os.pread(handle, _LONGEST_NUMBER, 0))):
        os.close(handle)
        raise ValueError(_NO_LOCK.format(path))
    return os.fdopen(handle, "r+", encoding="ascii")


def _refusal(folder: Path, process: str) -> str:
    return (
        f"Got out={str(folder)!r}; process {process or 'unknown'} is already running a "
        "sweep in this folder: wait until it ends, or choose another folder."
    )
