"""Reading weights from a file that nobody vouches for: no code is run, nothing large allocated.

What a file claims of its size is compared with the size it has, before any of it is read.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from .extras import need

LARGEST = 2**31
"""The largest array that is read, in bytes."""

_LONGEST_HEADER = 10_000
_LONGEST_JSON = 1_000_000
_USUAL_NAMES = ("final", "weights", "weight", "W")
_FLOATS = {2: np.float32, 4: np.float32, 8: np.float64}


def read_weights(path: str | Path, *, array: str | None = None) -> tuple[NDArray[Any], str]:
    """The weights in a .npy, .npz, .safetensors or .pt file, and the name of the array taken.

    Of several arrays of rank 2 or 3 the one called final, weights, weight or W is taken, unless
    ``array`` names another.  Pickled objects are never loaded.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from polysem import verify
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "w.npy"
    ...     np.save(path, np.eye(2))
    ...     verify.read_weights(path)[0].shape
    (2, 2)

    Parameters
    ----------
    path : str or Path
        The file; its ending says what it is.
    array : str, optional
        Name of the array in a file that holds several.

    Returns
    -------
    tuple of (ndarray, str)
        float32 or float64 array of rank 2 or 3, and its name ("" in a .npy file).

    Raises
    ------
    ValueError
        In one line, for a file that is truncated, holds no such array, has objects, text or
        values that are not finite in it, or claims more than it has.
    ImportError
        For a .pt file where torch is not installed.

    Source
    ------
    Formats: NumPy Enhancement Proposal 1, safetensors, torch.save.
    """
    file = Path(path)
    readers = {
        ".npy": _read_npy,
        ".npz": _read_npz,
        ".safetensors": _read_safetensors,
        ".pt": _read_torch,
        ".pth": _read_torch,
    }
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise ValueError(
            f"Got {file.name}; give a file that ends in .npy, .npz, .safetensors or .pt."
        )
    size = file.stat().st_size
    if size > LARGEST + _LONGEST_JSON:
        raise ValueError(
            f"Got {file.name} of {size} bytes; files up to {LARGEST} bytes are read: "
            "save fewer instances."
        )
    values, name = reader(file, array)
    return _plain(values, file.name), name


def _plain(values: NDArray[Any], file: str) -> NDArray[Any]:
    """The values as native float32 or float64, finite."""
    if values.dtype.kind in "iub":
        values = values.astype(np.float64)
    if values.dtype.kind != "f" or values.dtype.itemsize not in _FLOATS:
        raise ValueError(f"Got {file} with values of type {values.dtype}; give real numbers.")
    values = values.astype(_FLOATS[values.dtype.itemsize], copy=False)
    bad = values.size - int(np.isfinite(values).sum())
    if bad:
        raise ValueError(f"Got {file} with {bad} values that are NaN or infinite; mend them.")
    return values


def _check_shape(shape: Iterable[int], file: str, name: str = "") -> None:
    shape = tuple(shape)
    if len(shape) not in (2, 3) or 0 in shape:
        where = f"{file}, array {name!r}," if name else file
        raise ValueError(
            f"Got {where} of shape {shape}; give weights of rank 2, or 3 with instances first, "
            "none of them 0."
        )


def _choose(shapes: dict[str, tuple[int, ...]], array: str | None, file: str) -> str:
    """The array that is meant, by name, by rank, or by the usual names."""
    if array is not None:
        if array not in shapes:
            raise ValueError(
                f"Got array={array!r}; {file} holds {', '.join(sorted(shapes)) or 'none'}."
            )
        _check_shape(shapes[array], file, array)
        return array
    fitting = [name for name, shape in shapes.items() if len(shape) in (2, 3) and 0 not in shape]
    usual = [name for name in _USUAL_NAMES if name in fitting]
    if len(fitting) == 1 or usual:
        return fitting[0] if len(fitting) == 1 else usual[0]
    if not fitting:
        found = ", ".join(f"{name} {shape}" for name, shape in sorted(shapes.items())[:5])
        raise ValueError(
            f"Got {file} with no array of rank 2 or 3 ({found or 'it is empty'}); "
            "give weights, with instances first where there are several."
        )
    raise ValueError(
        f"Got {file} with several arrays ({', '.join(sorted(fitting)[:8])}); name one with --array."
    )


def _npy_header(stream: IO[bytes], size: int, file: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type, once it is clear that the data of just that size follow."""
    version = npy.read_magic(stream)
    length_format = "<H" if version == (1, 0) else "<I"
    prefix = stream.read(struct.calcsize(length_format))
    (length,) = struct.unpack(length_format, prefix)
    if length > _LONGEST_HEADER:
        raise ValueError(f"Got {file} with a header of {length} bytes; it is no array of weights.")
    header = io.BytesIO(prefix + stream.read(length))
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(header, max_header_size=_LONGEST_HEADER)
    if dtype.hasobject:
        raise ValueError(
            f"Got {file} with Python objects in it; save plain numbers (they are never unpickled)."
        )
    _check_shape(shape, file)
    expected = dtype.itemsize * _product(shape)
    start = 8 + len(prefix) + length
    if expected > LARGEST or start + expected != size:
        raise ValueError(
            f"Got {file}, which claims {expected} bytes of values and has {size - start}; "
            "it is truncated or no array of weights."
        )
    return shape, dtype


def _product(shape: Iterable[int]) -> int:
    product = 1
    for length in shape:
        product *= int(length)
    return product


def _read_npy(file: Path, array: str | None) -> tuple[NDArray[Any], str]:
    if array is not None:
        raise ValueError(f"Got array={array!r}; {file.name} holds one array without a name.")
    try:
        with file.open("rb") as stream:
            _npy_header(stream, file.stat().st_size, file.name)
            stream.seek(0)
            return npy.read_array(stream, allow_pickle=False), ""
    except (ValueError, struct.error, SyntaxError, TypeError, EOFError) as error:
        raise _refused(error, file) from error


def _refused(error: Exception, file: Path) -> ValueError:
    """The reason in one line, in our words where they are ours."""
    text = " ".join(str(error).split())
    if text.startswith("Got "):
        return ValueError(text)
    return ValueError(f"Got {file.name}, which cannot be read ({text[:120]}); save it again.")


def _open_zip(file: Path) -> zipfile.ZipFile:
    """The archive, if its members are no larger than a file may be."""
    archive = zipfile.ZipFile(file)
    total = sum(member.file_size for member in archive.infolist())
    if total > LARGEST:
        archive.close()
        raise ValueError(
            f"Got {file.name}, which unpacks to {total} bytes; up to {LARGEST} bytes are read."
        )
    return archive


def _read_npz(file: Path, array: str | None) -> tuple[NDArray[Any], str]:
    try:
        with _open_zip(file) as archive:
            shapes: dict[str, tuple[int, ...]] = {}
            problems: dict[str, ValueError] = {}
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                with archive.open(member) as stream:
                    try:
                        shapes[name] = _npy_header(stream, member.file_size, file.name)[0]
                    except ValueError as error:
                        problems[name] = error
            if problems and (array in problems or not shapes):
                raise problems.get(array or "") or next(iter(problems.values()))
            chosen = _choose(shapes, array, file.name)
            with archive.open(f"{chosen}.npy") as stream:
                return npy.read_array(stream, allow_pickle=False), chosen
    except (
        ValueError,
        struct.error,
        SyntaxError,
        TypeError,
        EOFError,
        KeyError,
        NotImplementedError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise _refused(error, file) from error


def _read_safetensors(file: Path, array: str | None) -> tuple[NDArray[Any], str]:
    with file.open("rb") as stream:
        prefix = stream.read(8)
    length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
    if not 0 < length <= min(_LONGEST_JSON, file.stat().st_size - 8):
        raise ValueError(
            f"Got {file.name} with a header of {length} bytes; it is truncated or no safetensors."
        )
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(file), framework="numpy") as tensors:
            names = list(tensors.keys())
            shapes = {name: tuple(tensors.get_slice(name).get_shape()) for name in names}
            chosen = _choose(shapes, array, file.name)
            try:
                return tensors.get_tensor(chosen), chosen
            except AttributeError:
                kind = tensors.get_slice(chosen).get_dtype()
                raise ValueError(f"NumPy has no dtype {kind}; save float32 in its place") from None
    except (ValueError, TypeError, SafetensorError) as error:
        raise _refused(error, file) from error


def _read_torch(file: Path, array: str | None) -> tuple[NDArray[Any], str]:
    try:
        with _open_zip(file) as archive:
            packed = [m for m in archive.infolist() if m.compress_type != zipfile.ZIP_STORED]
    except (zipfile.BadZipFile, ValueError) as error:
        raise _refused(error, file) from error
    if packed:
        raise ValueError(f"Got {file.name}, which torch.save did not write; save it again.")
    torch = need("torch", "torch")
    try:
        loaded = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"Got {file.name}, which holds more than tensors or is damaged; save only the "
            "tensors (nothing else is loaded)."
        ) from error
    tensors = {"": loaded} if isinstance(loaded, torch.Tensor) else loaded
    if not isinstance(tensors, dict):
        raise ValueError(f"Got {file.name} with a {type(loaded).__name__} in it; save a tensor.")
    tensors = {
        str(name): tensor
        for name, tensor in tensors.items()
        if isinstance(tensor, torch.Tensor) and tensor.layout == torch.strided
    }
    chosen = _choose({n: tuple(t.shape) for n, t in tensors.items()}, array, file.name)
    tensor = tensors[chosen].detach()
    if tensor.nelement() * tensor.element_size() > LARGEST:
        raise ValueError(f"Got {file.name} of shape {tuple(tensor.shape)}; it is too large.")
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    return tensor.numpy(), chosen
