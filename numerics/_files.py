"""Files: atomic writes by a temporary file in the same folder, and reads of bounded size."""

from __future__ import annotations

import io
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ._types import Array

PARTIAL = ".polysem-partial"
"""How the names of temporary files end."""

LARGEST_TEXT = 1_000_000
"""Size of the largest text file that is read, in bytes."""


def named_path(name: str, path: str | Path) -> Path:
    """The path, unless it is empty: that would mean the current folder."""
    if not str(path):
        raise ValueError(f"Got {name}=''; give a path ('.' is the current folder).")
    return Path(path)


def writable_folder(folder: str | Path) -> Path:
    """Create the folder if needed, and check that a file can be written in it."""
    path = named_path("folder", folder)
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path):
        pass
    return path


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=PARTIAL)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def remove_partial(folder: Path) -> None:
    """Remove the temporary files that an interrupted write left in a folder."""
    for path in folder.glob(f".*{PARTIAL}"):
        path.unlink()


def read_bytes(path: Path, largest: int) -> bytes:
    """The content of a regular file; a pipe would wait, and a device may have no end."""
    size = path.stat().st_size
    if not path.is_file():
        raise ValueError(f"{path} is not a regular file; give a regular file.")
    if size > largest:
        raise ValueError(
            f"{path} has {size} bytes, but at most {largest} are read; give a smaller file."
        )
    return path.read_bytes()


def read_text(path: Path, largest: int = LARGEST_TEXT) -> str:
    """The UTF-8 text of a regular file."""
    try:
        return read_bytes(path, largest).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text ({error}); save it as UTF-8.") from None


def read_json(path: Path, largest: int = LARGEST_TEXT) -> Any:
    """What a regular JSON file holds."""
    text = read_text(path, largest)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as JSON ({error}).") from None


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_bytes(path, text.encode("utf-8"))


def npz_bytes(values: Mapping[str, Array]) -> bytes:
    """The arrays as an .npz without pickles (before NumPy 2.2 ``np.savez`` cannot forbid them)."""
    arrays: dict[str, Any] = dict(values)
    for name, value in arrays.items():
        if value.dtype.hasobject:
            raise ValueError(
                f"Got {name} of dtype {value.dtype}; only numbers, truth values and text can be "
                "stored: convert the array."
            )
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()
