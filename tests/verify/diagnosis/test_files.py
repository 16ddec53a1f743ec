"""Files that nobody vouches for: good ones are read, hostile ones refused in one line."""

import os
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file

from polysem import verify
from polysem.verify.cli import main

WEIGHTS = np.arange(12, dtype=np.float32).reshape(3, 4) / 7
SMALL = 5_000_000  # bytes: what reading a hostile file may allocate at most


class Bomb:
    """Unpickled, it makes a file."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def npy_bytes(shape, dtype="<f4", *, body=b"", version=1, header_length=None):
    header = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode() + b"\n"
    length = len(header) if header_length is None else header_length
    prefix = struct.pack("<H" if version == 1 else "<I", length)
    return b"\x93NUMPY" + bytes([version, 0]) + prefix + header + body


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4", ">f8", np.int64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_of_every_number_type_is_read(tmp_path, dtype, order):
    path = tmp_path / "w.npy"
    np.save(path, np.asarray(np.arange(6).reshape(2, 3), dtype=dtype, order=order))
    values, name = verify.read_weights(path)
    assert values.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert values.dtype in (np.dtype("=f4"), np.dtype("=f8"))
    assert name == ""


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_takes_the_array_that_is_meant(tmp_path, save):
    path = tmp_path / "w.npz"
    save(path, final=WEIGHTS, initial=2 * WEIGHTS, seed=np.int64(3), kind=np.array("adamw"))
    assert verify.read_weights(path)[1] == "final"
    values, name = verify.read_weights(path, array="initial")
    assert name == "initial"
    assert (values == 2 * WEIGHTS).all()
    save(path, a=WEIGHTS, b=WEIGHTS)
    with pytest.raises(ValueError, match="several arrays"):
        verify.read_weights(path)
    with pytest.raises(ValueError, match="no array named 'c'"):
        verify.read_weights(path, array="c")


def test_a_safetensors_number_type_that_numpy_lacks_is_named(tmp_path):
    path = tmp_path / "w.safetensors"
    header = b'{"w":{"dtype":"F8_E4M3","shape":[2,2],"data_offsets":[0,4]}}'
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    with pytest.raises(ValueError, match="no dtype F8_E4M3; save float32"):
        verify.read_weights(path)


def test_bfloat16_safetensors_are_read(tmp_path):
    path = tmp_path / "w.safetensors"
    header = b'{"w":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]}}'
    upper = (np.array([[1, -2.5], [0, 0.15625]], np.float32).view(np.uint32) >> 16).astype("<u2")
    path.write_bytes(struct.pack("<Q", len(header)) + header + upper.tobytes())
    assert verify.read_weights(path)[0].tolist() == [[1, -2.5], [0, 0.15625]]


@pytest.mark.parametrize("dtype", [np.int8, bool, np.uint16, np.int32])
def test_whole_numbers_take_no_more_memory_than_they_need(tmp_path, dtype):
    path = tmp_path / "w.npy"
    np.save(path, np.array([[0, 1], [1, 1]], dtype))
    values, _ = verify.read_weights(path)
    assert values.tolist() == [[0, 1], [1, 1]]
    assert values.dtype == (np.float32 if np.dtype(dtype).itemsize <= 2 else np.float64)


def test_whole_numbers_that_would_grow_too_large_are_refused(tmp_path, monkeypatch):
    path = tmp_path / "w.npy"
    np.save(path, np.ones((100, 100), np.int8))
    monkeypatch.setattr("polysem.verify.diagnosis.files.LARGEST", 20_000)
    with pytest.raises(ValueError, match="need 40000 bytes as real numbers, but at most 20000"):
        verify.read_weights(path)


def test_only_regular_files_are_opened(tmp_path):
    pipe, folder = tmp_path / "w.npy", tmp_path / "w.npz"
    os.mkfifo(pipe)
    folder.mkdir()
    for path in (pipe, folder):
        with pytest.raises(ValueError, match="not a regular file"):
            verify.read_weights(path)


def test_safetensors_are_read(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({"encoder.weight": WEIGHTS, "bias": WEIGHTS[0]}, path)
    values, name = verify.read_weights(path)
    assert name == "encoder.weight"
    assert (values == WEIGHTS).all()


def test_pt_tensors_are_read_and_nothing_else(tmp_path):
    torch = pytest.importorskip("torch")
    path = tmp_path / "w.pt"
    rounded = {"W": torch.tensor(WEIGHTS).bfloat16(), "b": torch.ones(3)}
    for saved in (torch.tensor(WEIGHTS), rounded):
        torch.save(saved, path)
        assert verify.read_weights(path)[0] == pytest.approx(WEIGHTS, rel=0.01)
    mark = tmp_path / "mark"
    torch.save({"W": torch.tensor(WEIGHTS), "bomb": Bomb(mark)}, path)
    with pytest.raises(ValueError, match="more than tensors"):
        verify.read_weights(path)
    torch.save(torch.ones(1).expand(100_000, 100_000), path)
    with pytest.raises(ValueError, match="more values than are stored"):
        verify.read_weights(path)
    torch.save(torch.ones(2, 2).to(torch.float8_e4m3fn), path)
    with pytest.raises(ValueError, match="cannot be read"):
        verify.read_weights(path)
    torch.save({"W": torch.tensor(WEIGHTS), "bytes": bytearray(1)}, path)
    with pytest.raises(ValueError, match="other data than tensors"):
        verify.read_weights(path)
    path.write_bytes(pickle.dumps(Bomb(mark)))
    with pytest.raises(ValueError, match="cannot be read"):
        verify.read_weights(path)
    assert not mark.exists()


def test_pt_files_are_loaded_as_tensors_whatever_the_default_of_torch(tmp_path, monkeypatch):
    """Before torch 2.6 the default runs the code in a file."""
    torch = pytest.importorskip("torch")
    path, load = tmp_path / "w.pt", torch.load
    torch.save(torch.tensor(WEIGHTS), path)

    def as_before(file, *, map_location=None, weights_only=False):
        return load(file, map_location=map_location, weights_only=weights_only)

    monkeypatch.setattr(torch, "load", as_before)
    mark = tmp_path / "mark"
    assert verify.read_weights(path)[0] == pytest.approx(WEIGHTS, rel=1e-6)
    torch.save({"W": torch.tensor(WEIGHTS), "bomb": Bomb(mark)}, path)
    with pytest.raises(ValueError, match="more than tensors"):
        verify.read_weights(path)
    assert not mark.exists()


def test_pt_without_torch_says_so(tmp_path, monkeypatch):
    path = tmp_path / "w.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"")
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    with pytest.raises(ImportError, match=r"pip install 'polysem\[torch\]'"):
        verify.read_weights(path)


def hostile(folder):
    """Name of each file, with a word of the line that refuses it."""
    mark = folder / "mark"

    def npy(name, content):
        (folder / name).write_bytes(content)

    np.save(folder / "good.npy", WEIGHTS)
    good = (folder / "good.npy").read_bytes()
    npy("truncated.npy", good[:-5])
    npy("cut_header.npy", good[:40])
    npy("empty.npy", b"")
    npy("longer.npy", good + b"x")
    npy("no_array.npy", b"hello")
    npy("huge_claim.npy", npy_bytes((10**6, 10**6)))
    npy("overflow.npy", npy_bytes((2**62, 4)))
    npy("negative.npy", npy_bytes((-1, -12), body=b"0" * 48))
    npy("long_header.npy", npy_bytes((3, 4), version=2, header_length=2**32 - 1))
    npy("version.npy", b"\x93NUMPY\x09\x00" + good[8:])
    npy("text_type.npy", npy_bytes((2, 2), "<U1", body=b"a\0\0\0" * 4))
    npy("records.npy", npy_bytes((2, 2), [("a", "<f4")], body=b"0" * 16))
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2"
    npy("open_header.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text)
    text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1L, 1L)}\n"
    npy("python2.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + bytes(4))
    np.save(folder / "objects.npy", np.array([[Bomb(mark)] * 2] * 2, dtype=object))
    np.save(folder / "rank1.npy", WEIGHTS[0])
    np.save(folder / "rank4.npy", WEIGHTS[None, None])
    np.save(folder / "none.npy", WEIGHTS[:0])
    np.save(folder / "complex.npy", WEIGHTS + 1j)
    nan = WEIGHTS.copy()
    nan[0, 0], nan[1, 1] = np.nan, np.inf
    np.save(folder / "nan.npy", nan)
    np.savez(folder / "objects.npz", w=np.array([[Bomb(mark)] * 2] * 2, dtype=object))
    np.savez(folder / "good.npz", w=WEIGHTS)
    whole = (folder / "good.npz").read_bytes()
    npy("truncated.npz", whole[:-30])
    npy("damaged.npz", whole[:150] + b"zzzz" + whole[154:])
    np.savez(folder / "vectors.npz", b=WEIGHTS[0])
    with (
        zipfile.ZipFile(folder / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("w.npy", "w", force_zip64=True) as stream,
    ):
        stream.write(npy_bytes((26, 2**20)))
        for _ in range(26):
            stream.write(bytes(2**20))
    with (
        zipfile.ZipFile(
            folder / "zeros.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1
        ) as archive,
        archive.open("w.npy", "w", force_zip64=True) as stream,
    ):
        stream.write(npy_bytes((8192, 8193)))
        for _ in range(8193):
            stream.write(bytes(32768))
    with zipfile.ZipFile(folder / "many.npz", "w") as archive:
        for number in range(10_001):
            archive.writestr(str(number), b"")
    with zipfile.ZipFile(folder / "comment.npz", "w") as archive:
        archive.writestr("w.npy", good)
        archive.comment = b"hides the number of members"
    with zipfile.ZipFile(folder / "twins.npz", "w") as archive:
        archive.writestr("w.npy", good)
        archive.writestr("w", npy_bytes((30_000, 30_000), "<f8"))
    with zipfile.ZipFile(folder / "packed.npz", "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("w.npy", good)
    with zipfile.ZipFile(folder / "text.npz", "w") as archive:
        archive.writestr("readme.txt", "hello")
    npy("long_header.safetensors", struct.pack("<Q", 10**10) + b"{}")
    npy("past_end.safetensors", struct.pack("<Q", 1000) + b"{}")
    npy("short.safetensors", b"\x01")
    npy("no_json.safetensors", struct.pack("<Q", 4) + b"{{{{")
    claim = b'{"w":{"dtype":"F32","shape":[1000000,1000000],"data_offsets":[0,4000000000000]}}'
    npy("claim.safetensors", struct.pack("<Q", len(claim)) + claim)
    npy("weights.pkl", pickle.dumps(Bomb(mark)))
    npy("weights.pt", pickle.dumps(Bomb(mark)))
    with (folder / "ten_gigabytes.npy").open("wb") as stream:
        stream.write(npy_bytes((50000, 50000), version=2, header_length=2**32 - 1))
        stream.truncate(10 * 2**30)
    return mark


HOSTILE = {
    "truncated.npy": "truncated",
    "cut_header.npy": "cannot be read",
    "empty.npy": "cannot be read",
    "longer.npy": "declares",
    "no_array.npy": "cannot be read",
    "huge_claim.npy": "declares",
    "overflow.npy": "declares",
    "negative.npy": r"shape \(-1, -12\)",
    "long_header.npy": "header of 4294967295 bytes",
    "version.npy": "header of",
    "text_type.npy": "type <U1",
    "records.npy": "type",
    "open_header.npy": "cannot be read",
    "python2.npy": "cannot be read",
    "objects.npy": "Python objects",
    "rank1.npy": r"shape \(4,\)",
    "rank4.npy": r"shape \(1, 1, 3, 4\)",
    "none.npy": r"shape \(0, 4\)",
    "complex.npy": "type complex64",
    "nan.npy": "2 values that are NaN or infinite",
    "objects.npz": "Python objects",
    "truncated.npz": "cannot be read",
    "damaged.npz": "cannot be read",
    "vectors.npz": r"shape \(4,\)",
    "bomb.npz": "declares",
    "zeros.npz": "unpacks to 268468",
    "many.npz": "not an archive of up to 10000 arrays",
    "comment.npz": "not an archive of up to 10000 arrays",
    "twins.npz": "two arrays with the same name",
    "packed.npz": "was not written by numpy.savez",
    "text.npz": "cannot be read",
    "long_header.safetensors": "header of 10000000000 bytes",
    "past_end.safetensors": "header of 1000 bytes, so it is truncated",
    "short.safetensors": "truncated",
    "no_json.safetensors": "cannot be read",
    "claim.safetensors": "cannot be read",
    "weights.pkl": "has an unknown format",
    "weights.pt": "cannot be read",
    "ten_gigabytes.npy": "10737418240 bytes",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("hostile")
    hostile(path)
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_one_line(folder, name):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=HOSTILE[name]) as caught:
            verify.read_weights(folder / name)
        assert tracemalloc.get_traced_memory()[1] < SMALL
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(f"The file {name} ")
    assert "\n" not in str(caught.value)
    assert not (folder / "mark").exists()


@pytest.mark.parametrize("name", ["objects.npy", "truncated.npz", "weights.pt", "absent.npy"])
def test_the_command_answers_with_one_line(folder, name):
    done = CliRunner().invoke(main, ["diagnose", str(folder / name)])
    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (folder / "mark").exists()
