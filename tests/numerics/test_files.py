"""Files are whole or absent."""

import io
import os
from pathlib import Path

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


def test_only_partial_files_of_this_package_are_removed(tmp_path):
    kept, torn = tmp_path / ".a.json.swp", tmp_path / ".a.json.abcd1234.polysem-partial"
    for path in (kept, torn):
        path.write_text("x")
    files.remove_partial(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [kept.name]


def test_a_write_that_is_cut_off_leaves_a_partial_file(tmp_path, monkeypatch):
    """What a killed process leaves has the name by which it is removed later."""
    names = []
    monkeypatch.setattr(files.os, "replace", lambda old, new: names.append(old))
    files.write_text(tmp_path / "a.json", "x")
    assert os.listdir(tmp_path) == [os.path.basename(names[0])]
    files.remove_partial(tmp_path)
    assert os.listdir(tmp_path) == []


def test_only_regular_files_of_a_bounded_size_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(ValueError, match="not a regular file"):
            files.read_bytes(path, 10)
    (tmp_path / "a").write_bytes(b"x" * 11)
    assert files.read_bytes(tmp_path / "a", 11) == b"x" * 11
    with pytest.raises(ValueError, match="11 bytes, but at most 10"):
        files.read_bytes(tmp_path / "a", 10)


@pytest.mark.parametrize("content", [b"\xff", b"[" * 200_000, b"{", b"1" * 5000])
def test_what_is_no_json_is_told_by_its_name(tmp_path, content):
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.json") as caught:
        files.read_json(tmp_path / "a.json")
    assert "\n" not in str(caught.value)


def test_an_empty_path_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="Got folder=''"):
        files.writable_folder("")
