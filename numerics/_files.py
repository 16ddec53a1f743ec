"""Files that are whole or absent: written beside their place, then moved into it."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def writable_folder(folder: str | Path) -> Path:
    """The folder, created where it is missing and shown to take a file."""
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path):
        pass
    return path


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file in one move."""
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
    """Write UTF-8 text in one move."""
    write_bytes(path, text.encode("utf-8"))


def npz_bytes(values: Mapping[str, NDArray[Any]]) -> bytes:
    """The arrays as an .npz without pickles (``np.savez`` can forbid them from NumPy 2.2 on)."""
    arrays: dict[str, Any] = dict(values)
    for name, value in arrays.items():
        if value.dtype.hasobject:
            raise ValueError(f"Got {name} of dtype {value.dtype}; only plain numbers are kept.")
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()
