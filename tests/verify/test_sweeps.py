"""The command ``polysem sweep``: what cannot work is refused before any work."""

import contextlib
import threading
import time
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from polysem import verify
from polysem.verify import sweeps as verify_sweeps
from polysem.verify.cli import main

TOML = "entropy = 7\nruns = 2\n[[grid]]\nn = 2\nm = 4\nlam = 0.1\n"


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(TOML)

    def run(*arguments):
        return CliRunner().invoke(main, ["sweep", "spec.toml", *map(str, arguments)])

    return run


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (("--jobs", -4, "--scheduler", "threads"), "jobs=-4"),
        (("--jobs", 2), "--jobs without --scheduler"),
        (("--scheduler", "nonsense"), "scheduler='nonsense'"),
        (("--table", "x.xls"), "x.xls"),
        (("--table", "missing/x.csv"), "missing/x.csv"),
        (("--table", ""), "table=''"),
        (("--out", ""), "folder=''"),
    ],
)
def test_options_are_checked_first(call, tmp_path, options, shown, dry):
    done = call("--out", "out", *options, *dry)
    assert done.exit_code == 2
    assert shown in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["spec.toml"]


def test_the_table_is_written(call, tmp_path):
    assert call("--out", "out", "--table", "cells.csv").exit_code == 0
    assert (tmp_path / "cells.csv").read_text().startswith("n,m,lam")


def test_a_scheduler_needs_a_worker():
    with pytest.raises(ValueError, match="jobs=0"), verify.scheduler("threads", jobs=0):
        pass


class _Often(threading.Event):
    """An event whose waiters look 50 times as often."""

    def wait(self, timeout=None):
        return super().wait(timeout and timeout / 50)


class _Cluster:
    """A cluster with one worker, whose tasks the given looks see one after the other."""

    def __init__(self, *busy):
        self.busy = iter(busy)

    def processing(self):
        return {"worker": ("task",) if next(self.busy, False) else ()}

    def ncores(self):
        return {"worker": 1}


@pytest.mark.parametrize(("busy", "lost"), [((), False), ((True,), True)])
def test_only_workers_that_have_worked_can_be_lost(busy, lost, monkeypatch):
    """Those that wait for their first task are not."""
    quick = SimpleNamespace(Event=_Often, Thread=threading.Thread)
    monkeypatch.setattr(verify_sweeps, "threading", quick)
    monkeypatch.setattr(verify_sweeps, "_PATIENCE", 0.2)
    told = pytest.raises(RuntimeError, match="no worker") if lost else contextlib.nullcontext()
    with told, verify_sweeps._while_it_works(_Cluster(*busy), "tcp://here"):
        end = time.monotonic() + (30 if lost else 0.6)
        while time.monotonic() < end:  # an interruption ends it
            time.sleep(0.01)
