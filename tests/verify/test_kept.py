"""Kept results: found again when whole and of this version, computed again when not."""

import importlib

import numpy as np
import pytest

from polysem import verify
from polysem.numerics.sweep import store as sweep_store


@pytest.fixture
def slow():
    """A computation that counts its calls."""

    def compute():
        compute.calls += 1
        return {"squares": np.arange(4) ** 2}

    compute.calls = 0
    return compute


def test_what_is_kept_is_computed_once(tmp_path, slow):
    with verify.keep_in(tmp_path / "runs"):
        first = verify.kept("squares", {"upto": 4}, slow)
    with verify.keep_in(tmp_path / "runs"):
        again = verify.kept("squares", {"upto": 4}, slow)
        np.testing.assert_array_equal(first["squares"], again["squares"])
        assert slow.calls == 1
        verify.kept("squares", {"upto": 5}, slow)
        assert slow.calls == 2
    verify.kept("squares", {"upto": 4}, slow)
    assert slow.calls == 3  # outside nothing is kept


def test_a_torn_file_is_computed_again(tmp_path, slow):
    with verify.keep_in(tmp_path):
        verify.kept("squares", {}, slow)
        (path,) = tmp_path.iterdir()
        whole = path.read_bytes()
        for torn in (whole[:50], b"", b"no archive"):
            path.write_bytes(torn)
            verify.kept("squares", {}, slow)
            assert path.read_bytes() == whole
    assert slow.calls == 4


def test_a_pickle_is_never_loaded(tmp_path, slow):
    with verify.keep_in(tmp_path):
        verify.kept("squares", {}, slow)
        (path,) = tmp_path.iterdir()
        np.savez(path, squares=np.array([{}], dtype=object), allow_pickle=True)
        assert verify.kept("squares", {}, slow)["squares"].tolist() == [0, 1, 4, 9]


def test_other_sources_make_it_stale(tmp_path, slow, monkeypatch):
    with verify.keep_in(tmp_path):
        verify.kept("squares", {}, slow)
        monkeypatch.setattr(
            importlib.import_module("polysem.verify.kept"),
            "source_digest",
            lambda *rooms: "another version",
        )
        verify.kept("squares", {}, slow)
    assert slow.calls == 2


def test_the_digest_of_verify_counts_too():
    assert sweep_store.source_digest() != sweep_store.source_digest("numerics", "theory", "verify")


def test_a_failed_computation_keeps_nothing(tmp_path):
    def fail():
        raise RuntimeError("stopped")

    with verify.keep_in(tmp_path), pytest.raises(RuntimeError, match="stopped"):
        verify.kept("squares", {}, fail)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_report_goes_on_where_it_was(tmp_path, monkeypatch):
    """The l1 chapter's networks are trained cell by cell; those that are done are not again."""
    from polysem import numerics
    from polysem.verify.row import runs as l1_runs

    trained = []
    train = numerics.train

    def counted(initial, lam, **options):
        if len(trained) == 1:
            trained.append("stop")
            raise KeyboardInterrupt
        trained.append(initial.shape)
        return train(initial, lam)

    seeds = np.random.SeedSequence(5).spawn(2)
    monkeypatch.setattr(l1_runs.numerics, "train", counted)
    with verify.keep_in(tmp_path):
        l1_runs.trained(64, 1, seeds[0])
        with pytest.raises(KeyboardInterrupt):
            l1_runs.trained(128, 1, seeds[1])
        first = l1_runs.trained(64, 1, seeds[0])
        second = l1_runs.trained(128, 1, seeds[1])
    assert trained == [(1, 64, 64), "stop", (1, 64, 128)]
    assert first["neurons"].shape == second["neurons"].shape == (1,)
