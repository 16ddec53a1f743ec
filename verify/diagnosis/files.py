"""Reading weights from a file that nobody vouches for: no code is run, nothing large allocated.

What a file claims of its size is compared with the size it has, before any of it is read.
"""

from __future__ import annotations

import io
import pickletools
import stat
import struct
import warnings
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..extras import need

LARGEST = 2**31
"""The largest array that is read, in bytes."""

_LONGEST_HEADER = 10_000
_NUMPY_PACKS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others take memory as the file asks
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
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"Got {file.name}, which is no regular file; give a file with weights.")
    size = status.st_size
    if size > LARGEST + _LONGEST_JSON:
        raise ValueError(
            f"Got {file.name} of {size} bytes; files up to {LARGEST} bytes are read: "
            "save fewer instances."
        )
    try:
        values, name = reader(file, array)
        return _plain(values, file.name), name
    except (ImportError, PermissionError):
        raise
    except Exception as error:  # readers of formats fail in ways of their own on damaged files
        raise _refused(error, file) from error


def _plain(values: NDArray[Any], file: str) -> NDArray[Any]:
    """The values as native float32 or float64, finite."""
    if values.dtype.kind in "iub":
        exact = np.float32 if values.dtype.itemsize <= 2 else np.float64
        if values.size * exact(0).itemsize > LARGEST:
            raise ValueError(
                f"Got {file} with {values.size} whole numbers; up to {LARGEST} bytes are read once "
                "they are real: save fewer instances."
            )
        values = values.astype(exact)
    if values.dtype.kind != "f" or values.dtype.itemsize not in _FLOATS:
        raise ValueError(f"Got {file} with values of type {values.dtype}; give real numbers.")
    values = values.astype(_FLOATS[values.dtype.itemsize], copy=False)
    bad = values.size - int(np.isfinite(values).sum())
    if bad:
        raise ValueError(f"Got {file} with {bad} values that are NaN or infinite; mend them.")
    return values


def _check_shape(shape: Iterable[int], file: str, name: str = "") -> None:
    shape = tuple(shape)
    if len(shape) not in (2, 3) or min(shape) < 1:
        where = f"{file}, array {name!r}," if name else file
        raise ValueError(
            f"Got {where} of shape {shape}; give weights of rank 2, or 3 with instances first, "
            "each length at least 1."
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
    fitting = [name for name, shape in shapes.items() if len(shape) in (2, 3) and min(shape) > 0]
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
    with warnings.catch_warnings():
        warnings.simplefilter("error")
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
    with file.open("rb") as stream:
        _npy_header(stream, file.stat().st_size, file.name)
        stream.seek(0)
        return npy.read_array(stream, allow_pickle=False), ""


def _refused(error: Exception, file: Path) -> ValueError:
    """The reason in one line, in our words where they are ours."""
    text = " ".join(str(error).split()) or type(error).__name__
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
    with _open_zip(file) as archive:
        members = {m.filename.removesuffix(".npy"): m for m in archive.infolist()}
        if any(m.compress_type not in _NUMPY_PACKS for m in members.values()):
            raise ValueError(f"Got {file.name}, packed as numpy.savez does not; save it again.")
        if len(members) < len(archive.infolist()):
            raise ValueError(f"Got {file.name} with two arrays of one name; save it again.")
        shapes: dict[str, tuple[int, ...]] = {}
        problems: dict[str, Exception] = {}
        for name, member in members.items():
            with archive.open(member) as stream:
                try:
                    shapes[name] = _npy_header(stream, member.file_size, file.name)[0]
                except Exception as error:
                    problems[name] = error
        if problems and (array in problems or not shapes):
            raise problems.get(array or "") or next(iter(problems.values()))
        chosen = _choose(shapes, array, file.name)
        with archive.open(members[chosen]) as stream:
            return npy.read_array(stream, allow_pickle=False), chosen


def _read_safetensors(file: Path, array: str | None) -> tuple[NDArray[Any], str]:
    with file.open("rb") as stream:
        prefix = stream.read(8)
    length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
    if not 0 < length <= min(_LONGEST_JSON, file.stat().st_size - 8):
        raise ValueError(
            f"Got {file.name} with a header of {length} bytes; it is truncated or no safetensors."
        )
    from safetensors import deserialize, safe_open

    with safe_open(str(file), framework="numpy") as tensors:
        slices = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118
        shapes = {name: tuple(part.get_shape()) for name, part in slices.items()}
        chosen = _choose(shapes, array, file.name)
        kind = slices[chosen].get_dtype()
        if kind == "BF16":
            bits = dict(deserialize(file.read_bytes()))[chosen]["data"]
            return _from_bfloat16(bits).reshape(shapes[chosen]), chosen
        try:
            return tensors.get_tensor(chosen), chosen
        except (AttributeError, TypeError):
            raise ValueError(f"NumPy has no dtype {kind}; save float32 in its place") from None


def _from_bfloat16(bits: bytes) -> NDArray[np.float32]:
    """A bfloat16 is the upper half of a float32."""
    return (np.frombuffer(bits, "<u2").astype(np.uint32) << 16).view(np.float32)


def _read_torch(file: Path, array: str | None) -> tuple[NDArray[Any], str]:
    with _open_zip(file) as archive:
        torch = need("torch", "torch")
        packed = [m for m in archive.infolist() if m.compress_type != zipfile.ZIP_STORED]
        pickles = [archive.read(m) for m in archive.infolist() if m.filename.endswith(".pkl")]
    if packed:
        raise ValueError(f"Got {file.name}, which torch.save did not write; save it again.")
    if any(_asks_for_memory(text) for text in pickles):
        raise ValueError(f"Got {file.name}, which asks for bytes beside its tensors; save tensors.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
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
    if tensor.nelement() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise ValueError(
            f"Got {file.name} of shape {tuple(tensor.shape)}, more values than it holds; "
            "save it without expanding it."
        )
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    try:
        return tensor.numpy(), chosen
    except TypeError:
        raise ValueError(f"NumPy has no dtype {tensor.dtype}; save float32 in its place") from None


def _asks_for_memory(pickled: bytes) -> bool:
    """Whether it names bytearray, which torch allows and which takes any size."""
    named = (argument for _, argument, _ in pickletools.genops(pickled))
    return any(isinstance(name, str) and "bytearray" in name.split() for name in named)
