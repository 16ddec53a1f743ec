"""The cache of a report: what is read again, what is computed again, and on which processes."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pytest

from polysem import verify
from polysem.numerics import result_cache
from polysem.verify import cache
from polysem.verify.interference.runs import Ensemble

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def slow():
    """A computation that counts its calls."""

    def compute():
        compute.calls += 1
        return {"squares": np.arange(4) ** 2}

    compute.calls = 0
    return compute


def test_what_is_cached_is_computed_once(tmp_path, slow):
    with verify.cache_in(tmp_path / "runs"):
        first = verify.cached("squares", {"upto": 4}, slow)
    with verify.cache_in(tmp_path / "runs"):
        again = verify.cached("squares", {"upto": 4}, slow)
        np.testing.assert_array_equal(first["squares"], again["squares"])
        assert slow.calls == 1
        verify.cached("squares", {"upto": 5}, slow)
        assert slow.calls == 2
    verify.cached("squares", {"upto": 4}, slow)
    assert slow.calls == 3  # outside nothing is stored


def test_a_torn_file_is_computed_again(tmp_path, slow):
    with verify.cache_in(tmp_path):
        verify.cached("squares", {}, slow)
        (path,) = tmp_path.iterdir()
        whole = path.read_bytes()
        for torn in (whole[:50], b"", b"no archive"):
            path.write_bytes(torn)
            verify.cached("squares", {}, slow)
            assert path.read_bytes() == whole
    assert slow.calls == 4


def test_a_pickle_is_never_loaded(tmp_path, slow):
    with verify.cache_in(tmp_path):
        verify.cached("squares", {}, slow)
        (path,) = tmp_path.iterdir()
        np.savez(path, squares=np.array([{}], dtype=object), allow_pickle=True)
        assert verify.cached("squares", {}, slow)["squares"].tolist() == [0, 1, 4, 9]


def test_other_sources_make_it_stale(tmp_path, slow, monkeypatch):
    with verify.cache_in(tmp_path):
        verify.cached("squares", {}, slow)
        monkeypatch.setattr(result_cache, "code_digest", lambda name: "another version")
        verify.cached("squares", {}, slow)
    assert slow.calls == 2


def test_another_version_of_numpy_makes_it_stale(tmp_path, slow, monkeypatch):
    with verify.cache_in(tmp_path):
        verify.cached("squares", {}, slow)
        monkeypatch.setattr(np, "__version__", "0.0")
        verify.cached("squares", {}, slow)
    assert slow.calls == 2


def test_a_failed_computation_stores_nothing(tmp_path):
    def fail():
        raise RuntimeError("stopped")

    with verify.cache_in(tmp_path), pytest.raises(RuntimeError, match="stopped"):
        verify.cached("squares", {}, fail)
    assert list(tmp_path.iterdir()) == []


def test_every_process_finds_the_cache_folder(tmp_path):
    """In processes of its own, whatever thread joblib draws the jobs in."""

    def folders():
        return cache.run_jobs(cache.cache_folder, [()] * 5, title="folders", progress=False)

    with verify.cache_in(tmp_path):
        assert folders() == [tmp_path] * 5
    assert folders() == [None] * 5


def test_results_come_in_the_order_of_the_arguments():
    given = [(2, power) for power in range(9)]
    assert cache.run_jobs(pow, given, title="powers", progress=False) == [2**k for k in range(9)]


def test_processes_give_what_one_gives_and_every_task_is_cached(tmp_path):
    tasks = [Ensemble(n=4, m=16, lam=0.0, runs=3 + extra) for extra in range(6)]
    with verify.cache_in(tmp_path):
        found = cache.run_tasks("few", tasks, 7, progress=False)
    assert list(found) == tasks
    for task in tasks:
        for name, values in task.run(7).items():
            assert np.array_equal(values, found[task][name])
    assert len(list(tmp_path.glob("few-*.npz"))) == len(tasks)


EDITS = {
    "comment": lambda text: f"# An edited comment.\n{text}",
    "docstring": lambda text: text.replace('"""', '"""Edited. ', 1),
    "layout": lambda text: text.replace("\n\n\n", "\n\n\n\n\n", 1),
    "code": lambda text: f"{text}\nADDED = 1\n",
}


@pytest.fixture
def digest_after(monkeypatch):
    """The digest of the code of the l1 runs with one module edited, and all others as they are."""
    source, text = result_cache._source, result_cache._text
    result_cache.reached("polysem.verify.row.runs")  # reads all modules before one is edited

    def digest(edit=None, module=""):
        def edited(name):
            return (source.__wrapped__ if name.endswith(f".{module}") else source)(name)

        monkeypatch.setattr(result_cache, "_source", edited)
        monkeypatch.setattr(result_cache, "_text", lambda path: EDITS[edit](text(path)))
        return result_cache.code_digest.__wrapped__("polysem.verify.row.runs")

    return digest


@pytest.mark.parametrize("edit", ["comment", "docstring", "layout"])
@pytest.mark.parametrize("module", ["row.runs", "training.train", "row.plots"])
def test_an_edit_that_computes_nothing_else_leaves_the_digest(digest_after, edit, module):
    assert digest_after(edit, module) == digest_after()


@pytest.mark.parametrize(
    "module", ["row.runs", "training.train", "training.batch", "row.sparsification", "row.flow"]
)
def test_an_edit_of_reached_code_changes_the_digest(digest_after, module):
    assert digest_after("code", module) != digest_after()


@pytest.mark.parametrize("module", ["row.plots", "verify.report.write", "collisions.counting"])
def test_an_edit_of_code_that_is_not_reached_leaves_the_digest(digest_after, module):
    assert digest_after("code", module) == digest_after()


IMPORTS = """
from typing import TYPE_CHECKING
from .. import numerics, theory as laws
from ..numerics import train as run
from .show.rounding import number
if TYPE_CHECKING:
    from .show.figures import Plot

def late():
    from . import checks
    return numerics.loss, laws.fold, checks
"""


def imports_of(text):
    return set(result_cache._imports(ast.parse(text), "polysem.verify"))


def test_imports_are_followed_to_the_names_that_are_used():
    assert imports_of(IMPORTS) == {
        "polysem.numerics.loss",
        "polysem.theory.fold",
        "polysem.numerics.train",
        "polysem.verify.show.rounding.number",
        "polysem.verify.checks",
    } | {name for name in imports_of(IMPORTS) if not name.startswith("polysem")}


@pytest.mark.parametrize(
    ("text", "package"),
    [
        ("from .. import numerics\nx = getattr(numerics, 'loss')", "polysem.numerics"),
        ("from ..numerics import *", "polysem.numerics"),
        ("from importlib import import_module\nimport_module(name)", "polysem.verify"),
        ("from .. import numerics\nnumerics.no_such_name", "polysem.numerics"),
    ],
)
def test_what_cannot_be_resolved_counts_as_the_whole_package(text, package):
    found = set().union(*(result_cache._modules(name) for name in imports_of(text)))
    folder = ROOT / package.rpartition(".")[2]
    whole = {
        "polysem." + ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in folder.rglob("*.py")
        if path.name != "__init__.py"
    }
    assert whole <= found


def test_code_outside_the_package_counts_as_the_whole_package():
    found = result_cache.reached("__main__")
    assert found >= result_cache.reached("polysem.verify.report.write")
    assert "polysem.theory.noise.exact" in found


def test_the_digest_is_fast_enough():
    """About one second of one core; the limit allows for a slow, busy machine."""
    code = (
        "import time\nfrom polysem.numerics.result_cache import code_digest\n"
        "start = time.process_time()\ncode_digest('polysem.numerics.run_chunk')\n"
        "first = time.process_time()\ncode_digest('polysem.verify.row.runs')\n"
        "assert first - start < 10 and time.process_time() - first < 2"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


REPORT = """
import sys
from polysem import numerics, verify
from polysem.verify.report import pages
from polysem.verify.row import chapter, runs
import joblib
chapter.ROWS = {"quick": 3}
runs.NETWORKS["quick"] = {64: 2}
calls = []
train = numerics.train
runs.numerics.train = lambda *given, **more: calls.append(1) or train(*given, **more)
verify.Plot.write = lambda plot, folder: []
pages.html = lambda *given: ""  # it needs the figures
with joblib.parallel_config(backend="sequential"):
    verify.write_report(sys.argv[1], only=("l1",), progress=False)
print(len(calls))
"""


def test_a_report_resumed_after_a_comment_was_edited_computes_nothing_again(tmp_path):
    clone = tmp_path / "clone"
    for part in ("polysem", "theory", "numerics", "verify", "paper_notes"):
        shutil.copytree(ROOT / part, clone / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", clone)

    def trained():
        done = subprocess.run(
            [sys.executable, "-c", REPORT, str(tmp_path / "report")],
            cwd=clone,
            check=True,
            capture_output=True,
            text=True,
        )
        return int(done.stdout.split()[-1])

    def edit(name, change):
        path = clone / "verify" / name
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    assert trained() == 1
    for name in ("row/runs.py", "row/plots.py", "cache.py"):
        edit(name, EDITS["comment"])
        edit(name, EDITS["docstring"])
    edit("row/plots.py", EDITS["code"])
    assert trained() == 0
    edit("row/runs.py", EDITS["code"])
    assert trained() == 1


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

    monkeypatch.setattr(l1_runs.numerics, "train", counted)
    tasks = [l1_runs.Networks(m=m, networks=1, place=0) for m in (64, 128)]

    def run(tasks):
        with joblib.parallel_config(backend="sequential"):
            return cache.run_tasks("l1", tasks, 5, progress=False)

    with verify.cache_in(tmp_path):
        run(tasks[:1])
        with pytest.raises(KeyboardInterrupt):
            run(tasks)
        found = run(tasks)
    assert trained == [(1, 64, 64), "stop", (1, 64, 128)]
    assert all(arrays["neurons"].shape == (1,) for arrays in found.values())
