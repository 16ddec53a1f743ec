"""Results that an interrupted report finds again."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

from ..numerics._files import npz_bytes, writable_folder, write_bytes
from ..numerics.sweep.store import source_digest

_FOLDER: ContextVar[Path | None] = ContextVar("folder of kept results", default=None)


@contextmanager
def keep_in(folder: str | Path) -> Iterator[None]:
    """Let :func:`kept` keep its results in a folder while the context lasts.

    >>> import tempfile
    >>> import numpy as np
    >>> from polysem import verify
    >>> calls = []
    >>> def slow():
    ...     calls.append(1)
    ...     return {"squares": np.arange(3) ** 2}
    >>> with tempfile.TemporaryDirectory() as folder, verify.keep_in(folder):
    ...     first = verify.kept("squares", {"upto": 3}, slow)
    ...     again = verify.kept("squares", {"upto": 3}, slow)
    >>> again["squares"].tolist(), len(calls)
    ([0, 1, 4], 1)

    Parameters
    ----------
    folder : path
        Created where it is missing.

    Raises
    ------
    OSError
        If the folder cannot be written.

    Source
    ------
    paper_notes/sweeps.md.
    """
    token = _FOLDER.set(writable_folder(folder))
    try:
        yield
    finally:
        _FOLDER.reset(token)


def kept_folder() -> Path | None:
    """The folder of kept results, to be handed to workers that do not share this context.

    >>> from polysem import verify
    >>> verify.kept_folder() is None
    True

    Returns
    -------
    pathlib.Path or None

    Source
    ------
    paper_notes/sweeps.md.
    """
    return _FOLDER.get()


def kept(
    name: str, about: Mapping[str, Any], compute: Callable[[], Mapping[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """The arrays that ``compute`` gives, computed once for a folder of kept results.

    The file's name holds a digest of ``about``, of all sources and of the versions of NumPy and
    SciPy, and the file is written in one move: what is found is whole and not stale. A file
    that cannot be read is computed again. Outside :func:`keep_in` nothing is kept.

    >>> import numpy as np
    >>> from polysem import verify
    >>> verify.kept("ones", {"size": 2}, lambda: {"ones": np.ones(2)})["ones"].tolist()
    [1.0, 1.0]

    Parameters
    ----------
    name : str
        Stem of the file.
    about : mapping
        All that the result depends on, ready for JSON: settings, entropy, runs.
    compute : callable
        Gives the arrays by name.

    Returns
    -------
    dict of str to numpy.ndarray

    Source
    ------
    paper_notes/sweeps.md.
    """
    folder = _FOLDER.get()
    if folder is None:
        return dict(compute())
    content = json.dumps(dict(about), sort_keys=True) + source_digest(
        "numerics", "theory", "verify"
    )
    path = folder / f"{name}-{hashlib.sha256(content.encode()).hexdigest()[:24]}.npz"
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            return {key: file[key] for key in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        pass
    values = {key: np.asarray(value) for key, value in compute().items()}
    write_bytes(path, npz_bytes(values))
    return values
