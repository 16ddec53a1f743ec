"""Files are whole or absent."""

import io

import numpy as np
import pytest

from polysem.numerics import _files as files


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    target = tmp_path / "a.txt"
    files.write_text(target, "old")

    def torn(*_):
        raise OSError("disk full")

    monkeypatch.setattr(files.os, "replace", torn)
    with pytest.raises(OSError, match="disk full"):
        files.write_text(target, "new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_is_made_with_its_parents(tmp_path):
    made = files.writable_folder(tmp_path / "a" / "b")
    assert made.is_dir()
    assert list(made.iterdir()) == []


def test_an_npz_holds_its_arrays_and_nothing_else():
    """``np.savez`` before NumPy 2.2 would store an unknown keyword as an array."""
    with np.load(io.BytesIO(files.npz_bytes({"a": np.arange(3), "b": np.zeros(2)}))) as found:
        assert sorted(found.files) == ["a", "b"]
    with pytest.raises(ValueError, match="Got a of dtype object"):
        files.npz_bytes({"a": np.array([{}], dtype=object)})
