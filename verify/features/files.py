"""Numbers for each feature, or for each pair of features, from a .csv or a .npy file."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from ...numerics._types import FloatArray

_LARGEST = 2**28  # bytes that are read


def read_numbers(path: str | Path) -> FloatArray:
    """Read a list or a matrix of numbers from a .csv or .npy file; nothing is unpickled.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from polysem import verify
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "importance.csv"
    ...     _ = path.write_text("1\\n0.5\\n")
    ...     verify.read_numbers(path)
    array([1. , 0.5])

    Parameters
    ----------
    path : str or Path
        The file. In a .csv file a row stands on a line, its numbers between commas; one column or
        one row is a list.

    Returns
    -------
    ndarray of float64, shape (n,) or (rows, columns)

    Raises
    ------
    ValueError
        In one line, for another suffix, text that is no number, rows of different lengths, an
        array of objects or of more than two axes, or values that are not finite or are negative.

    Source
    ------
    paper_notes/features.md.
    """
    file = Path(path)
    size = file.stat().st_size
    if size > _LARGEST:
        raise ValueError(
            f"The file {file.name} has {size} bytes; at most {_LARGEST} are read: give one number "
            "for each feature, or for each pair."
        )
    try:
        values = _READERS[file.suffix.lower()](file.read_bytes())
    except KeyError:
        raise ValueError(
            f"The file {file.name} has an unknown format; give a .csv or .npy file."
        ) from None
    except (ValueError, EOFError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(
            f"The file {file.name} is no list or matrix of numbers ({reason[:120]}); give numbers "
            "between commas, rows of one length, or a .npy array of numbers."
        ) from error
    if values.dtype.kind not in "iuf" or values.ndim not in (1, 2) or not values.size:
        raise ValueError(
            f"The file {file.name} contains an array of shape {values.shape} and type "
            f"{values.dtype}; give numbers of shape (n,) or (n, n)."
        )
    numbers = values.astype(np.float64)
    bad = int((~np.isfinite(numbers)).sum())
    if bad or numbers.min() < 0:
        seen = f"{bad} values that are NaN or infinite" if bad else f"the value {numbers.min():g}"
        raise ValueError(f"The file {file.name} contains {seen}; give finite numbers >= 0.")
    return numbers


def _csv(content: bytes) -> FloatArray:
    if not content.strip():
        raise ValueError("it is empty")
    matrix = np.loadtxt(io.StringIO(content.decode()), delimiter=",", ndmin=2, comments=None)
    return matrix.ravel() if 1 in matrix.shape else matrix


def _npy(content: bytes) -> FloatArray:
    return np.asarray(np.load(io.BytesIO(content), allow_pickle=False))


_READERS = {".csv": _csv, ".npy": _npy}
