"""Atomic file writes: a temporary file in the same folder replaces the file at the end."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ._types import Array


def writable_folder(folder: str | Path) -> Path:
    """Create the folder if needed, and check that a file can be written in it."""
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path):
        pass
    return path


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text atomically."""
    write_bytes(path, text.encode("utf-8"))


def npz_bytes(values: Mapping[str, Array]) -> bytes:
    """The arrays as an .npz without pickles (before NumPy 2.2 ``np.savez`` cannot forbid them)."""
    arrays: dict[str, Any] = dict(values)
    for name, value in arrays.items():
        if value.dtype.hasobject:
            raise ValueError(
                f"Got {name} of dtype {value.dtype}; only plain numbers can be stored: convert it."
            )
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()
