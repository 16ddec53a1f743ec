"""Weights from untrusted files: no code is run, and sizes are checked before anything is read."""

from __future__ import annotations

import io
import math
import pickletools
import re
import stat
import struct
import warnings
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from ...numerics._extras import need
from ...numerics._types import Array

LARGEST = 2**28
"""Size of the largest array that is read, in bytes."""

_LONGEST_HEADER = 10_000
_NUMPY_PACKS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others can ask for any memory
_ZIP_END = struct.Struct("<4s6xH10x")  # of an archive without a comment: signature, members
_MOST_MEMBERS = 10_000
_LONGEST_JSON = 1_000_000
_USUAL_NAMES = ("final", "weights", "weight", "W")
_OPTIMIZER = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer", "square_avg")
"""Names under which torch's optimizers keep arrays of the shape of the weights."""
_MOST_NESTED = 100_000
_FLOATS = {2: np.float32, 4: np.float32, 8: np.float64}
_RANKS = "give weights of rank 2, or of rank 3 with instances first, each length at least 1"

Shape = tuple[int, ...]


class Refusal(ValueError):
    """A reason not to read a file: the rest of a sentence that begins with its name."""


def read_weights(path: str | Path, *, array: str | None = None) -> tuple[Array, str]:
    """Read weights from a .npy, .npz, .safetensors or .pt file.

    If the file holds several arrays of rank 2 or 3, the one whose name is or ends in final,
    weights, weight or W is read, unless ``array`` names another.  In a nested checkpoint the
    names are joined with dots, such as ``model.W``; what an optimizer keeps is left out unless it
    is named.  Pickled objects are never loaded.

    No format says whether an array holds weights or all parameters of a model with a decoder or a
    bias: save the encoder, ``model.unpack(parameters)[0]``.

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
        The file; its suffix gives the format.
    array : str, optional
        Name of the array in a file that holds several; for a nested one the path, such as
        ``model.W``.

    Returns
    -------
    tuple of (ndarray, str)
        float32 or float64 array of rank 2 or 3, and its name in the file ("" in a .npy file).

    Raises
    ------
    ValueError
        In one line, for a file that is truncated, holds no such array, contains objects, text or
        values that are not finite, or declares more data than it has.
    ImportError
        For a .pt file if torch is not installed.

    Source
    ------
    Formats: NumPy Enhancement Proposal 1, safetensors, torch.save.
    """
    file = Path(path)
    reader = _READERS.get(file.suffix.lower())
    try:
        if reader is None:
            raise Refusal("has an unknown format; give .npy, .npz, .safetensors, .pt or .pth")
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise Refusal("is not a regular file; give a file with weights")
        if status.st_size > LARGEST + _LONGEST_JSON:
            raise Refusal(
                f"has {status.st_size} bytes, but at most {LARGEST} bytes are read; save fewer "
                "networks"
            )
        values, name = reader(file, array)
        return _plain(values), name
    except Refusal as refusal:
        raise ValueError(f"The file {file.name} {refusal}.") from refusal
    except (ImportError, PermissionError, FileNotFoundError):
        raise
    except Exception as error:  # each reader raises other exceptions on damaged files
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(
            f"The file {file.name} cannot be read ({reason[:120]}); save it again."
        ) from error


def weight_files(folder: str | Path) -> list[Path]:
    """The files with weights in a folder, in the order of the last number in their names.

    >>> import tempfile
    >>> from pathlib import Path
    >>> from polysem.verify.diagnosis.files import weight_files
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("step_100.npy", "step_20.npy", "notes.txt"):
    ...         _ = (Path(folder) / name).write_bytes(b"")
    ...     [path.name for path in weight_files(folder)]
    ['step_20.npy', 'step_100.npy']
    """
    found = [path for path in Path(folder).iterdir() if path.suffix.lower() in _READERS]
    if not found:
        raise ValueError(
            f"Got the folder {folder} without weights; give a folder with files of the types "
            f"{', '.join(_READERS)}."
        )
    return sorted(found, key=lambda path: (step_of(path), path.name))


def step_of(path: str | Path) -> int:
    """The last number in the name of a file, as a rule the step of a checkpoint; -1 if none."""
    numbers = re.findall(r"\d{1,18}", Path(path).stem)
    return int(numbers[-1]) if numbers else -1


def _plain(values: Array) -> Array:
    """The values as native float32 or float64, all finite."""
    if values.dtype.kind in "iub":
        exact = np.float32 if values.dtype.itemsize <= 2 else np.float64
        if values.size * exact(0).itemsize > LARGEST:
            raise Refusal(
                f"contains {values.size} whole numbers, which need "
                f"{values.size * exact(0).itemsize} bytes as real numbers, but at most {LARGEST} "
                "bytes are read; save fewer networks"
            )
        values = values.astype(exact)
    if values.dtype.kind != "f" or values.dtype.itemsize not in _FLOATS:
        raise Refusal(f"contains values of type {values.dtype}; give real numbers")
    values = values.astype(_FLOATS[values.dtype.itemsize], copy=False)
    bad = values.size - int(np.isfinite(values).sum())
    if bad:
        raise Refusal(f"contains {bad} values that are NaN or infinite; give finite weights")
    return values


def _fits(shape: Shape) -> bool:
    return len(shape) in (2, 3) and min(shape) >= 1


def _choose(shapes: dict[str, Shape], array: str | None) -> str:
    """The name of the array to read: the given one, the only one that fits, or a usual one."""
    if array is not None:
        if array not in shapes:
            raise Refusal(
                f"contains no array named {array!r}; choose from "
                f"{', '.join(sorted(shapes)) or 'other files, because it contains no array'}"
            )
        if not _fits(shapes[array]):
            raise Refusal(f"contains the array {array!r} of shape {shapes[array]}; {_RANKS}")
        return array
    fitting = [name for name, shape in shapes.items() if _fits(shape)]
    fitting = [name for name in fitting if _leaf(name) not in _OPTIMIZER] or fitting
    if len(fitting) == 1:
        return fitting[0]
    for usual in _USUAL_NAMES:
        named = [name for name in fitting if _leaf(name) == usual]
        exact = [name for name in named if name == usual]
        if exact or named:
            if exact or len(named) == 1:
                return (exact or named)[0]
            break
    if not fitting:
        found = ", ".join(f"{name} {shape}" for name, shape in sorted(shapes.items())[:5])
        raise Refusal(f"contains no array of rank 2 or 3 ({found or 'it is empty'}); {_RANKS}")
    listed = ", ".join(f"{name} {shapes[name]}" for name in sorted(fitting)[:8])
    raise Refusal(
        f"contains several arrays ({listed}); name one with array=... (at the command line --array)"
    )


def _leaf(name: str) -> str:
    """The last part of the name of an array in a nested checkpoint."""
    return name.rsplit(".", 1)[-1]


def _npy_header(stream: IO[bytes], size: int) -> Shape:
    """The shape, if the header is followed by exactly the data that it declares."""
    version = npy.read_magic(stream)
    length_format = "<H" if version == (1, 0) else "<I"
    prefix = stream.read(struct.calcsize(length_format))
    (length,) = struct.unpack(length_format, prefix)
    if length > _LONGEST_HEADER:
        raise Refusal(
            f"has a header of {length} bytes, but at most {_LONGEST_HEADER} are read; save a "
            "plain array"
        )
    header = io.BytesIO(prefix + stream.read(length))
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        shape, _, dtype = read(header, max_header_size=_LONGEST_HEADER)
    if dtype.hasobject:
        raise Refusal("contains Python objects; save plain numbers (objects are never loaded)")
    if not _fits(shape):
        raise Refusal(f"contains an array of shape {shape}; {_RANKS}")
    expected = dtype.itemsize * math.prod(map(int, shape))
    found = size - (8 + len(prefix) + length)
    if expected > LARGEST or found != expected:
        raise Refusal(
            f"declares {expected} bytes of values but has {found}, so it is truncated or not an "
            "array of weights; save it again"
        )
    return tuple(shape)


def _read_npy(file: Path, array: str | None) -> tuple[Array, str]:
    if array is not None:
        raise Refusal(f"contains a single array without a name; leave out array={array!r}")
    with file.open("rb") as stream:
        _npy_header(stream, file.stat().st_size)
        stream.seek(0)
        return npy.read_array(stream, allow_pickle=False), ""


def _open_zip(file: Path) -> zipfile.ZipFile:
    """The archive, if its members are few and together no larger than the largest array."""
    with file.open("rb") as stream:
        stream.seek(-_ZIP_END.size, io.SEEK_END)
        signature, members = _ZIP_END.unpack(stream.read())
    if signature != b"PK\5\6" or members > _MOST_MEMBERS:
        raise Refusal(
            f"cannot be read (it is not an archive of up to {_MOST_MEMBERS} arrays, or its end is "
            "damaged); save it again"
        )
    archive = zipfile.ZipFile(file)
    total = sum(member.file_size for member in archive.infolist())
    if total > LARGEST:
        archive.close()
        raise Refusal(
            f"unpacks to {total} bytes, but at most {LARGEST} bytes are read; save fewer networks"
        )
    return archive


def _read_npz(file: Path, array: str | None) -> tuple[Array, str]:
    with _open_zip(file) as archive:
        members = {m.filename.removesuffix(".npy"): m for m in archive.infolist()}
        if any(m.compress_type not in _NUMPY_PACKS for m in members.values()):
            raise Refusal("was not written by numpy.savez; save it again with numpy.savez")
        if len(members) < len(archive.infolist()):
            raise Refusal("contains two arrays with the same name; save it again")
        shapes: dict[str, Shape] = {}
        problems: dict[str, Exception] = {}
        for name, member in members.items():
            with archive.open(member) as stream:
                try:
                    shapes[name] = _npy_header(stream, member.file_size)
                except Exception as error:
                    problems[name] = error
        if problems and (array in problems or not shapes):
            raise problems.get(array or "") or next(iter(problems.values()))
        chosen = _choose(shapes, array)
        with archive.open(members[chosen]) as stream:
            return npy.read_array(stream, allow_pickle=False), chosen


def _read_safetensors(file: Path, array: str | None) -> tuple[Array, str]:
    with file.open("rb") as stream:
        prefix = stream.read(8)
    length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
    if not 0 < length <= min(_LONGEST_JSON, file.stat().st_size - 8):
        raise Refusal(
            f"has a header of {length} bytes, so it is truncated or not a safetensors file; save "
            "it again"
        )
    from safetensors import deserialize, safe_open

    with safe_open(str(file), framework="numpy") as tensors:
        slices = {name: tensors.get_slice(name) for name in tensors.keys()}  # noqa: SIM118
        shapes = {name: tuple(part.get_shape()) for name, part in slices.items()}
        chosen = _choose(shapes, array)
        kind = slices[chosen].get_dtype()
        if kind == "BF16":  # the upper half of a float32
            raw = dict(deserialize(file.read_bytes()))  # type: ignore[no-untyped-call]
            bits = np.frombuffer(raw[chosen]["data"], "<u2")
            return (bits.astype(np.uint32) << 16).view(np.float32).reshape(shapes[chosen]), chosen
        try:
            return tensors.get_tensor(chosen), chosen
        except (AttributeError, TypeError):
            raise ValueError(f"NumPy has no dtype {kind}; save float32 instead") from None


def _read_torch(file: Path, array: str | None) -> tuple[Array, str]:
    with _open_zip(file) as archive:
        torch = need("torch", "torch")
        packed = [m for m in archive.infolist() if m.compress_type != zipfile.ZIP_STORED]
        pickles = [archive.read(m) for m in archive.infolist() if m.filename.endswith(".pkl")]
    if packed:
        raise Refusal("was not written by torch.save; save it again with torch.save")
    if any(_asks_for_memory(text) for text in pickles):
        raise Refusal("contains other data than tensors (a bytearray); save only tensors")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loaded = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:
        raise Refusal(
            "contains more than tensors or is damaged; save only the tensors (nothing else is "
            "loaded)"
        ) from error
    if not isinstance(loaded, (torch.Tensor, dict, list, tuple)):
        raise Refusal(f"contains a {type(loaded).__name__}; save a tensor")
    tensors = {
        name: tensor
        for name, tensor in _flattened(loaded).items()
        if isinstance(tensor, torch.Tensor) and tensor.layout == torch.strided
    }
    chosen = _choose({n: tuple(t.shape) for n, t in tensors.items()}, array)
    tensor = tensors[chosen].detach()
    if tensor.nelement() * tensor.element_size() > tensor.untyped_storage().nbytes():
        raise Refusal(
            f"contains a tensor of shape {tuple(tensor.shape)} with more values than are stored "
            "(made by tensor.expand); save tensor.clone()"
        )
    if tensor.dtype == torch.bfloat16:
        tensor = tensor.float()
    try:
        return tensor.numpy(), chosen
    except TypeError:
        raise ValueError(f"NumPy has no dtype {tensor.dtype}; save float32 instead") from None


def _flattened(loaded: Any) -> dict[str, Any]:
    """What nested dicts and lists hold, with the keys on the way joined by dots."""
    found: dict[str, Any] = {}
    waiting, entered = [("", loaded)], {id(loaded)}
    while waiting:
        name, value = waiting.pop()
        if not isinstance(value, (dict, list, tuple)):
            found[name] = value
            continue
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in inner:
            nested = isinstance(part, (dict, list, tuple))
            if nested and id(part) in entered:
                continue  # a checkpoint that contains itself
            entered.add(id(part))
            waiting.append((f"{name}.{key}" if name else str(key), part))
        if len(waiting) + len(found) > _MOST_NESTED:
            raise Refusal(f"contains more than {_MOST_NESTED} values; save only the weights")
    return found


def _asks_for_memory(pickled: bytes) -> bool:
    """Whether the pickle names bytearray, which torch allows with any size."""
    named = (argument for _, argument, _ in pickletools.genops(pickled))
    return any(isinstance(name, str) and "bytearray" in name.split() for name in named)


_READERS = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".safetensors": _read_safetensors,
    ".pt": _read_torch,
    ".pth": _read_torch,
}
