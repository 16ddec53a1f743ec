"""The command ``polysem sweep``: what cannot work is refused before any work."""

import pytest
from click.testing import CliRunner

from polysem import verify
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
