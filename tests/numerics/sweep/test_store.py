"""The folder of a sweep: the user's files stay, and hostile ones do not stop or hang it."""

import json
import os

import pytest

from polysem import numerics

SPEC = {"entropy": 7, "runs": 2, "grid": [{"n": 2, "m": 4, "lam": 0.1}]}
NAME = "cell00000-run000000"
DEEP = b"[" * 200_000


@pytest.fixture
def spec():
    return numerics.SweepSpec.from_dict(SPEC)


def test_only_the_sweep_s_own_temporary_files_are_removed(spec, tmp_path):
    numerics.sweep(spec, tmp_path)
    mine = [
        *(".settings.json.swp", ".sweep.json.abcd1234", "chunks/.notes.json.x"),
        *("times/.b.npz.y", "drafts/.a.json.z", "drafts/.x.polysem-partial"),
    ]
    torn = [f"{part}/.{NAME}.npz.abcd1234.polysem-partial" for part in (".", "chunks", "times")]
    (tmp_path / "drafts").mkdir()
    for name in (*mine, *torn):
        (tmp_path / name).write_text("kept")
    numerics.sweep(spec, tmp_path)
    assert [(tmp_path / name).exists() for name in mine] == [True] * len(mine)
    assert [(tmp_path / name).exists() for name in torn] == [False] * len(torn)


def test_what_was_set_aside_stays_when_more_follows(spec, tmp_path):
    numerics.sweep(spec, tmp_path)
    for content in (b"first", b"second", b"third"):
        if content == b"third":
            (tmp_path / "aside" / f"{NAME}.npz.0").unlink()
        (tmp_path / "chunks" / f"{NAME}.npz").write_bytes(content)
        numerics.sweep(spec, tmp_path)
    kept = {path.read_bytes() for path in (tmp_path / "aside").glob("*.npz.*")}
    assert kept == {b"second", b"third"}


@pytest.mark.parametrize("kind", ["link", "dangling link", "hard link", "text", "pipe", "folder"])
def test_the_lock_follows_and_truncates_nothing(spec, tmp_path, kind):
    victim, lock = tmp_path / "victim", tmp_path / "out" / ".lock"
    lock.parent.mkdir()
    victim.write_text("precious words")
    if kind == "link":
        lock.symlink_to(victim)
    elif kind == "dangling link":
        lock.symlink_to(tmp_path / "nowhere")
    elif kind == "hard link":
        os.link(victim, lock)
    elif kind == "text":
        lock.write_text("mine")
    elif kind == "pipe":
        os.mkfifo(lock)
    else:
        lock.mkdir()
    with pytest.raises((ValueError, IsADirectoryError), match=r"\.lock"):
        numerics.sweep(spec, tmp_path / "out")
    assert victim.read_text() == "precious words"
    assert not (tmp_path / "nowhere").exists()
    assert kind != "text" or lock.read_text() == "mine"


def test_the_lock_of_a_dead_sweep_is_taken(spec, tmp_path):
    (tmp_path / ".lock").write_text("4194304")
    assert numerics.sweep(spec, tmp_path).computed == 1
    assert (tmp_path / ".lock").read_text() == str(os.getpid())


def harm(path, kind):
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "endless":
        path.symlink_to("/dev/zero")
    elif kind == "huge":
        with path.open("wb") as stream:
            stream.truncate(10**10)
    else:
        path.write_bytes({"deep": DEEP, "list": b"[]", "no text": b"\xff\x00"}[kind])


@pytest.mark.parametrize("kind", ["deep", "list", "no text", "pipe", "folder", "endless", "huge"])
@pytest.mark.parametrize("ending", ["json", "npz"])
def test_a_hostile_chunk_is_set_aside_and_computed_again(spec, tmp_path, ending, kind):
    numerics.sweep(spec, tmp_path)
    path = tmp_path / "chunks" / f"{NAME}.{ending}"
    whole = path.read_bytes()
    harm(path, kind)
    with pytest.raises(ValueError, match="incomplete sweep"):
        numerics.sweep_runs(tmp_path)
    again = numerics.sweep(spec, tmp_path)
    assert again.computed == 1
    assert "damaged" in again.notes[0]
    assert path.read_bytes() == whole


@pytest.mark.parametrize("kind", ["deep", "list", "no text", "pipe", "folder", "endless", "huge"])
def test_a_hostile_record_of_the_spec_is_told_in_one_line(spec, tmp_path, kind):
    numerics.sweep(spec, tmp_path)
    harm(tmp_path / "sweep.json", kind)
    with pytest.raises(ValueError, match=r"whose sweep\.json cannot be read") as caught:
        numerics.sweep_runs(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["NaN", "-5", "1e999", "-Infinity", "[]", "", "x" * 2_000_000])
def test_an_impossible_time_is_unknown(spec, tmp_path, text):
    numerics.sweep(spec, tmp_path)
    (tmp_path / "times" / f"{NAME}.json").write_text(text)
    (tmp_path / "chunks" / f"{NAME}.json").unlink()
    cost = numerics.sweep_cost(spec, tmp_path)
    assert (cost.seconds, cost.unknown_cells) == (0, 1)


def test_an_empty_path_is_not_the_current_folder(spec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for call in (numerics.sweep, numerics.sweep_cost):
        with pytest.raises(ValueError, match="Got folder=''"):
            call(spec, "")
    with pytest.raises(ValueError, match="Got folder=''"):
        numerics.sweep_runs("")
    assert list(tmp_path.iterdir()) == []


def test_the_record_of_the_spec_is_read_back(spec, tmp_path):
    longer = numerics.SweepSpec.from_dict(
        SPEC | {"grid": [{"n": 2, "m": 4, "lam": 0.1, "optimizer": "adamw", "dead_below": 0.1}]}
    )
    numerics.sweep(longer, tmp_path)
    assert numerics.Store.read(tmp_path).spec == longer
    assert json.loads((tmp_path / "sweep.json").read_text())["cells"][0]["dead_below"] == 0.1
