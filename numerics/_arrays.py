"""Arrays of NumPy, PyTorch or another library of the array API standard.

The training loop is written once, in the names of the standard. Here stands what it needs beside
them: the way from and to NumPy, where all bookkeeping is done, and the few operations that a
library does faster in its own way. Those that change their first argument return it; use what they
return, because a library may have to make a new array.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import array_api_compat as compat
import numpy as np

from ._types import Array

_NUMPY = (np.ndarray, np.generic)
_NAMESPACES: dict[type, Any] = {}


def namespace(array: Any) -> Any:
    """The library of an array, with the names of the array API standard."""
    if isinstance(array, _NUMPY):
        return np  # it has the names that are used here, and no wrapper slows it down
    kind = type(array)
    if kind not in _NAMESPACES:
        _NAMESPACES[kind] = compat.array_namespace(array)
    return _NAMESPACES[kind]


def is_foreign(array: Any) -> bool:
    """Whether it is an array of another library than NumPy."""
    return not isinstance(array, _NUMPY) and bool(compat.is_array_api_obj(array))


def is_torch_generator(rng: Any) -> bool:
    """Whether it is a generator of PyTorch, which draws on a device."""
    return type(rng).__module__.partition(".")[0] == "torch" and hasattr(rng, "get_state")


def on_host(array: Any) -> bool:
    """Whether the processor holds the array, and no accelerator does."""
    return not is_foreign(array) or "cpu" in device_name(array).lower()


def device_name(array: Any) -> str:
    """Where the array is: "cpu", "cuda:0", ..."""
    return str(compat.device(array)) if is_foreign(array) else "cpu"


def dtype_name(array: Any) -> str:
    """The type of the entries: "float64" or "float32"."""
    return str(array.dtype).rpartition(".")[2]


def to_numpy(array: Any) -> Array:
    """The array in NumPy, on the host."""
    if isinstance(array, np.ndarray) or not is_foreign(array):
        return np.asarray(array)
    if compat.is_torch_array(array):
        array = array.detach().cpu()
    elif compat.is_cupy_array(array):
        array = array.get()
    return np.asarray(array)


def to_library(values: Any, like: Array, dtype: Any = None) -> Array:
    """NumPy's values in the library of another array, on its device."""
    if not is_foreign(like):
        return np.asarray(values, dtype)
    moved: Array = namespace(like).asarray(values, dtype=dtype, device=compat.device(like))
    return moved


def each(values: Array, like: Array) -> Array:
    """One number for each network, of the type of the weights and shaped to multiply them."""
    if isinstance(like, np.ndarray):
        return values.astype(like.dtype)[:, None, None]
    return to_library(values, like, like.dtype)[:, None, None]


def cast(array: Array, dtype: Any) -> Array:
    """The array with entries of another type."""
    if isinstance(array, np.ndarray):
        return array.astype(dtype, copy=False)
    same: Array = namespace(array).astype(array, dtype, copy=False)
    return same


def copied(array: Array) -> Array:
    """A copy of the array."""
    copy: Array = namespace(array).asarray(array, copy=True)
    return copy


def taken(array: Array, index: Array, axis: int = 0) -> Array:
    """The entries along one axis whose places NumPy's ``index`` gives, as a new array."""
    part: Array = namespace(array).take(array, to_library(index, array), axis=axis)
    return part


def put(target: Array, index: Array, values: Array) -> None:
    """Set the entries along the first axis whose places are given."""
    values = cast(values, target.dtype)
    if _has_views(target):
        target[to_library(index, target)] = values
        return
    for place, network in enumerate(index.tolist()):
        target[network, ...] = values[place, ...]


def placed(part: Array, target: Array, rows: Array, columns: Array) -> Array:
    """The target, overwritten at the given rows and columns of each network by the part."""
    networks = np.arange(len(rows))
    if _has_views(target):
        index = (networks[:, None, None], rows[:, :, None], columns[:, None, :])
        target[tuple(to_library(places, target) for places in index)] = part
        return target
    here = np.zeros(target.shape, bool)
    here[networks[:, None, None], rows[:, :, None], columns[:, None, :]] = True
    part = _spread(_spread(part, columns, target.shape[2], axis=2), rows, target.shape[1], axis=1)
    return namespace(target).where(to_library(here, target), part, target)


def _spread(part: Array, places: Array, size: int, *, axis: int) -> Array:
    """The entries along an axis at their places among ``size``; others elsewhere."""
    source = np.zeros((len(places), size), int)
    np.put_along_axis(source, places, np.arange(part.shape[axis])[None], axis=1)
    index = to_library(source[:, None, :] if axis == 2 else source[:, :, None], part)
    spread: Array = namespace(part).take_along_axis(part, index, axis=axis)
    return spread


def written(function: Callable[..., Array], *operands: Any, out: Array) -> Array:
    """The function of the operands, in the memory of ``out`` where the library can."""
    return function(*operands, out=out) if _has_views(out) else function(*operands)


def rectified(array: Array, out: Array | None = None) -> Array:
    """The positive part, in the memory of ``out`` where the library can."""
    if isinstance(array, np.ndarray):
        return np.maximum(array, 0, out=out)
    xp = namespace(array)
    if compat.is_torch_namespace(xp):
        part: Array = xp.clamp(array, min=0, out=out)
        return part
    return xp.maximum(array, 0.0)


def shrunk(array: Array, threshold: Any, work: Array | None = None) -> Array:
    """The soft threshold of the array, which is overwritten; ``work`` may be overwritten too."""
    if isinstance(array, np.ndarray):
        if np.size(threshold) > len(array):  # for thresholds by row this takes half of clip's time
            kept = np.maximum(array, -threshold, out=work)
            array -= np.minimum(kept, threshold, out=kept)
        else:
            array -= np.clip(array, -threshold, threshold, out=work)
        return array
    xp = namespace(array)
    if compat.is_torch_namespace(xp) and not isinstance(threshold, float):
        array -= xp.clamp(array, -threshold, threshold, out=work)
        return array
    return array - xp.clip(array, -threshold, threshold)


def squared_norms(array: Array) -> Array:
    """The sum of squares along the last axis."""
    if isinstance(array, np.ndarray):
        return np.asarray(np.einsum("...k,...k->...", array, array))
    return namespace(array).vecdot(array, array)


def diagonal_of(matrix: Array) -> Array:
    """A copy of the diagonal of each square matrix."""
    return copied(namespace(matrix).linalg.diagonal(matrix))


def raise_diagonal(matrix: Array, by: Any) -> Array:
    """Add numbers to the diagonal of each square matrix, which is overwritten."""
    if _has_views(matrix):
        view = _diagonal_view(matrix)
        view += by
        return matrix
    return matrix + _identity(matrix) * (by if isinstance(by, int) else by[..., None])


def set_diagonal(matrix: Array, value: float) -> Array:
    """Set the diagonal of each square matrix, which is overwritten, to one number."""
    if _has_views(matrix):
        _diagonal_view(matrix)[...] = value
        return matrix
    return namespace(matrix).where(_identity(matrix) > 0, value, matrix)


def _identity(matrix: Array) -> Array:
    xp = namespace(matrix)
    identity: Array = xp.eye(matrix.shape[-1], dtype=matrix.dtype, device=compat.device(matrix))
    return identity


def _diagonal_view(matrix: Any) -> Any:
    if isinstance(matrix, np.ndarray):
        return np.einsum("...ii->...i", matrix)
    return matrix.diagonal(0, -2, -1)


def _has_views(array: Any) -> bool:
    """Whether parts of an array are views that can be written to, which the standard lacks."""
    return isinstance(array, np.ndarray) or bool(compat.is_torch_array(array))
