"""Sweeps: the same bytes everywhere, resumable, one writer, nothing torn or stale."""

import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pytest
from click.testing import CliRunner
from reference import slow_polysemantic_neurons

from polysem import numerics, verify
from polysem.numerics import result_cache
from polysem.numerics.sweep import store as sweep_store
from polysem.verify import sweeps as verify_sweeps
from polysem.verify.cli import main

ROOT = Path(__file__).resolve().parents[3]
GRID = {
    "entropy": 7,
    "runs": 6,
    "chunk": 2,
    "grid": [
        {"n": 8, "m": [8, 16], "lam": [0.1, 0.05]},
        {"n": 6, "m": 12, "lam": 0.02, "optimizer": ["sgd", "adamw"], "settings": {"steps": 30}},
        {"n": 6, "m": 12, "lam": 0.05, "pair_weight": 0.01, "settings": {"max_time": 5.0}},
        {
            "n": 6,
            "m": 12,
            "lam": 0.0,
            "optimizer": "sgd",
            "sigma": 0.1,
            "noise": "shared",
            "settings": {"steps": 30},
        },
    ],
}
TOML = """
entropy = 7
runs = 12
chunk = 1

[[grid]]
n = 16
m = [32, 64]
lam = [0.1, 0.03]
"""


@pytest.fixture
def spec():
    return numerics.SweepSpec.from_dict(GRID)


def results(folder):
    """Every byte that counts as a result."""
    return {path.name: path.read_bytes() for path in sorted((folder / "chunks").iterdir())}


def test_all_local_schedulers_give_the_same_bytes(spec, tmp_path):
    numerics.sweep(spec, tmp_path / "loop")
    expected = results(tmp_path / "loop")
    assert len(expected) == 2 * sum(1 for _ in spec.chunks())
    for name in ("threads", "processes"):
        with verify.scheduler(name, jobs=2):
            numerics.sweep(spec, tmp_path / name)
        assert results(tmp_path / name) == expected


def test_a_dask_cluster_of_two_processes_gives_the_same_bytes(spec, tmp_path):
    distributed = pytest.importorskip("distributed")
    numerics.sweep(spec, tmp_path / "loop")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        with verify.scheduler(cluster.scheduler_address):
            numerics.sweep(spec, tmp_path / "dask")
        with distributed.Client(cluster), joblib.parallel_config(backend="dask"):
            assert numerics.sweep(spec, tmp_path / "dask").computed == 0
    assert results(tmp_path / "dask") == results(tmp_path / "loop")


@pytest.mark.nightly
def test_a_dask_worker_that_dies_loses_nothing(tmp_path):
    distributed = pytest.importorskip("distributed")
    spec = numerics.SweepSpec.from_dict(
        {"entropy": 3, "runs": 40, "chunk": 2, "grid": [{"n": 32, "m": 64, "lam": 0.01}]}
    )
    numerics.sweep(spec, tmp_path / "loop")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        worker = next(iter(cluster.workers.values())).pid
        killer = subprocess.Popen(["sh", "-c", f"sleep 1; kill -9 {worker}"])
        with verify.scheduler(cluster.scheduler_address):
            numerics.sweep(spec, tmp_path / "dask")
        assert killer.poll() == 0  # it struck before the sweep ended
    assert results(tmp_path / "dask") == results(tmp_path / "loop")


def test_runs_depend_neither_on_chunks_nor_on_later_cells(spec, tmp_path):
    numerics.sweep(spec, tmp_path / "a")
    other = GRID | {"chunk": 5, "grid": [*GRID["grid"], {"n": 3, "m": 5, "lam": 0.1}]}
    numerics.sweep(numerics.SweepSpec.from_dict(other), tmp_path / "b")
    first, second = numerics.sweep_runs(tmp_path / "a"), numerics.sweep_runs(tmp_path / "b")
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name][: len(values)])


def test_each_run_has_its_own_seed(spec):
    draws = [spec.rng(cell, run).random() for cell in range(3) for run in range(4)]
    assert len(set(draws)) == 12
    again = numerics.SweepSpec.from_dict(GRID)
    assert again.rng(2, 3).random() == spec.rng(2, 3).random()


def test_a_run_is_a_training_run(spec, tmp_path):
    """Slow twin: the first cell by hand."""
    numerics.sweep(spec, tmp_path)
    runs = numerics.sweep_runs(tmp_path)
    for run in range(spec.runs):
        seeds = np.random.SeedSequence(7, spawn_key=(0, run))
        start = numerics.initial_weights(8, 8, np.random.default_rng(seeds))
        end = numerics.train(start, 0.1)
        here = (runs["cell"] == 0) & (runs["run"] == run)
        assert runs["l1_norm"][here] == [np.abs(end.weights).sum(axis=1).mean()]
        assert runs["polysemantic_neurons_authors"][here] == [
            slow_polysemantic_neurons(end.weights)
        ]
        assert numerics.OUTCOMES[runs["outcome"][here][0]] == str(end.outcome)


def test_whole_chunks_are_reused_and_more_runs_are_added(spec, tmp_path):
    first = numerics.sweep(spec, tmp_path)
    before = results(tmp_path)
    again = numerics.sweep(spec, tmp_path)
    assert (again.computed, again.reused) == (0, first.computed)
    longer = numerics.SweepSpec.from_dict(GRID | {"runs": 8})
    more = numerics.sweep(longer, tmp_path)
    assert (more.computed, more.reused) == (len(spec.cells), first.computed)
    assert before.items() <= results(tmp_path).items()


@pytest.mark.parametrize("harm", ["cut", "swapped", "no label", "no data", "label cut", "entropy"])
def test_what_is_torn_foreign_or_stale_is_set_aside_and_computed_again(spec, tmp_path, harm):
    numerics.sweep(spec, tmp_path)
    expected = results(tmp_path)
    data = tmp_path / "chunks" / "cell00001-run000002.npz"
    label = data.with_suffix(".json")
    if harm == "cut":
        data.write_bytes(data.read_bytes()[:-7])
    elif harm == "swapped":
        other = tmp_path / "chunks" / "cell00002-run000002"
        data.write_bytes(other.with_suffix(".npz").read_bytes())
        label.write_bytes(other.with_suffix(".json").read_bytes())
    elif harm == "no label":
        label.unlink()
    elif harm == "no data":
        data.unlink()
    elif harm == "label cut":
        label.write_bytes(label.read_bytes()[:9])
    else:
        foreign = numerics.SweepSpec.from_dict(GRID | {"entropy": 8})
        numerics.sweep(foreign, tmp_path / "foreign")
        for path in (data, label):
            path.write_bytes((tmp_path / "foreign" / "chunks" / path.name).read_bytes())
    with pytest.raises(ValueError, match=r"1 of 24 chunks are missing \(cell00001-run000002\)"):
        numerics.sweep_runs(tmp_path)
    again = numerics.sweep(spec, tmp_path)
    assert again.computed == 1
    assert len(again.notes) == 1
    assert "cell00001-run000002 was" in again.notes[0]
    assert list((tmp_path / "aside").iterdir())
    assert results(tmp_path) == expected


def test_changed_sources_make_all_chunks_stale(spec, tmp_path, monkeypatch):
    numerics.sweep(spec, tmp_path)
    monkeypatch.setattr(result_cache, "code_digest", lambda name: "another version")
    assert numerics.sweep(spec, tmp_path).reused == 0


def test_the_key_covers_the_code_that_a_run_reaches():
    """In numerics, and in theory where a formula is used."""

    def names(code):
        return {name.removeprefix("polysem.") for name in result_cache.reached(code)}

    run = names(sweep_store._COMPUTES)
    training = ("train", "descent", "quasistatic", "measure", "initial")
    assert {f"numerics.training.{name}" for name in training} <= run
    assert {"numerics.sweep.run", "numerics.sweep.spec", "numerics.cooccurrence.pairs"} <= run
    assert {"numerics.noise.average", "numerics.noise.model"} <= run
    assert not any(name.startswith("verify") for name in run)
    law = names("polysem.numerics.ExclusionLaw")
    assert {"numerics.collisions.laws", "theory.proof.formula", "theory.proof.symbols"} <= law


def test_a_second_sweep_is_refused_and_a_dead_one_is_not_in_the_way(spec, tmp_path):
    store = numerics.Store.of(tmp_path, spec)
    with (
        store.locked(),
        pytest.raises(ValueError, match=f"process {os.getpid()} is already running a sweep"),
    ):
        numerics.sweep(spec, tmp_path)
    code = (
        "import sys, time\n"
        "from polysem import numerics\n"
        f"spec = numerics.SweepSpec.from_dict({GRID!r})\n"
        f"with numerics.Store.of({str(tmp_path)!r}, spec).locked():\n"
        "    print('held', flush=True)\n"
        "    time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT)
    try:
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(ValueError, match=f"process {holder.pid} is already running a sweep"):
            numerics.sweep(spec, tmp_path)
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert numerics.sweep(spec, tmp_path).reused == 0


def command(folder, toml, *more):
    return [
        *(sys.executable, "-m", "polysem", "sweep", str(toml), "--out", str(folder)),
        *("--scheduler", "loop", *more),
    ]


def killed_sweep(tmp_path, kills, seed):
    """Kill a sweep at random moments of its work, ``kills`` times; then let it end."""
    toml = tmp_path / "spec.toml"
    toml.write_text(TOML)
    spec = numerics.SweepSpec.from_toml(toml)
    total = sum(1 for _ in spec.chunks())
    started = time.monotonic()
    numerics.sweep(spec, tmp_path / "whole")
    length = time.monotonic() - started
    folder, rng, fallen = tmp_path / "killed", np.random.default_rng(seed), 0
    written = {}
    while fallen < kills:
        run = subprocess.Popen(
            command(folder, toml), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while run.poll() is None and len(list(folder.glob("chunks/*.json"))) <= len(written):
            time.sleep(0.002)  # until it has begun to work
        time.sleep(rng.uniform(0, length / 3))
        fallen += run.poll() is None
        run.kill()
        run.wait()
        store = numerics.Store.of(folder, spec)
        whole = [chunk for chunk in spec.chunks() if store.fault(chunk) is None]
        now = {chunk.name: store.path(chunk, "npz").stat().st_mtime_ns for chunk in whole}
        assert written.items() <= now.items()  # nothing lost, nothing computed twice
        written = now
        if len(written) == total:
            shutil.rmtree(folder)
            written = {}
    last = numerics.sweep(spec, folder)
    assert last.reused == len(written)
    assert results(folder) == results(tmp_path / "whole")
    assert not list(folder.glob("**/.*.npz.*"))


def test_kill_9_loses_nothing(tmp_path):
    killed_sweep(tmp_path, kills=2, seed=1)


@pytest.mark.nightly
def test_kill_9_at_twenty_moments_loses_nothing(tmp_path, entropy):
    killed_sweep(tmp_path, kills=20, seed=entropy)


def test_a_full_disk_leaves_one_line_and_nothing_torn(tmp_path):
    """A limit on the size of files stands in for a full disk: writing fails in the middle."""
    toml = tmp_path / "spec.toml"
    toml.write_text(TOML.replace("chunk = 1", "chunk = 12"))
    code = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2500, 2500))\n"
        "from polysem.verify.cli import main\n"
        f"main(['sweep', {str(toml)!r}, '--out', {str(tmp_path / 'out')!r}])\n"
    )
    done = subprocess.run(
        [sys.executable, "-B", "-c", code], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((tmp_path / "out" / "chunks").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_folder_leaves_one_line(tmp_path):
    toml = tmp_path / "spec.toml"
    toml.write_text(TOML)
    (tmp_path / "out").mkdir(mode=0o500)
    answer = CliRunner().invoke(main, ["sweep", str(toml), "--out", str(tmp_path / "out")])
    assert answer.exit_code == 2
    assert len(answer.stderr.strip().splitlines()) == 1


def test_a_folder_that_cannot_be_made_leaves_one_line(tmp_path):
    toml = tmp_path / "spec.toml"
    toml.write_text(TOML)
    answer = CliRunner().invoke(main, ["sweep", str(toml), "--out", str(toml / "out")])
    assert answer.exit_code == 2
    assert len(answer.stderr.strip().splitlines()) == 1
    assert "Not a directory" in answer.stderr


def test_a_summary_refuses_an_incomplete_grid_unless_asked(spec, tmp_path):
    numerics.sweep(spec, tmp_path)
    (tmp_path / "chunks" / "cell00000-run000004.json").unlink()
    with pytest.raises(ValueError, match="1 of 24 chunks are missing"):
        verify.SweepSummary.of(tmp_path)
    summary = verify.SweepSummary.of(tmp_path, incomplete=True)
    assert summary.missing == ("cell00000-run000004",)
    frame = summary.to_frame(by="cell")
    assert frame["runs"].tolist() == [4] + [6] * 7
    assert len(summary.to_frame()) == 46


def test_a_summary_is_written_as_csv_and_parquet(spec, tmp_path):
    pandas = pytest.importorskip("pandas")
    numerics.sweep(spec, tmp_path)
    summary = verify.SweepSummary.of(tmp_path)
    summary.write(tmp_path / "runs.csv")
    table = pandas.read_csv(tmp_path / "runs.csv")
    assert len(table) == 48
    cells = summary.to_frame(by="cell")
    means = table.groupby("cell")["l1_norm"].mean()
    np.testing.assert_allclose(cells["l1_norm"], means, rtol=1e-14)
    with pytest.raises(ValueError, match="must end in"):
        summary.write(tmp_path / "runs.pickle")
    pytest.importorskip("pyarrow")
    summary.write(tmp_path / "runs.parquet", by="cell")
    assert len(pandas.read_parquet(tmp_path / "runs.parquet")) == 8


def test_the_command_computes_resumes_and_tells(tmp_path):
    toml = tmp_path / "spec.toml"
    toml.write_text(TOML)
    runner = CliRunner()
    arguments = ["sweep", str(toml), "--out", str(tmp_path / "out"), "--json"]
    plan = json.loads(runner.invoke(main, [*arguments, "--dry-run"]).stdout)
    assert not (tmp_path / "out").exists()
    assert (plan["runs"], plan["missing_chunks"]) == (48, 48)
    assert (plan["seconds"], plan["unknown_cells"]) == (0, 4)
    first = json.loads(runner.invoke(main, arguments).stdout)
    again = json.loads(runner.invoke(main, arguments).stdout)
    assert (first["computed"], again["computed"], again["reused"]) == (48, 0, 48)
    assert json.loads(runner.invoke(main, [*arguments, "--dry-run"]).stdout)["seconds"] == 0
    (tmp_path / "out" / "chunks" / "cell00001-run000003.json").unlink()
    plan = json.loads(runner.invoke(main, [*arguments, "--dry-run"]).stdout)
    assert (plan["missing_runs"], plan["unknown_cells"]) == (1, 0)
    assert plan["seconds"] > 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"runs": 0}, "runs=0"),
        ({"entropy": -1}, "entropy=-1"),
        ({"chunk": 10**6}, "chunk=1000000"),
        ({"grid": []}, "empty grid"),
        ({"grid": [{"n": 4, "lam": 0.1}]}, "no 'm'"),
        ({"grid": [{"n": 4, "m": 4, "lam": -0.1}]}, "lam=-0.1"),
        ({"grid": [{"n": 4, "m": 4, "lam": 0.1, "colour": 1}]}, "'colour'"),
        ({"grid": [{"n": 4, "m": 4, "lam": 0.1, "optimizer": "newton"}]}, "newton"),
        ({"grid": [{"n": 4, "m": 4, "lam": 0.1, "settings": {"speed": 1}}]}, "speed"),
        ({"grid": [{"n": 4, "m": 4, "lam": 0.1, "sigma": 1.0, "pair_weight": 1.0}]}, "not both"),
        ({"grid": [{"n": 4, "m": 4, "lam": 0.1, "sigma": 1.0, "noise": "loud"}]}, "loud"),
        ({"colour": 1}, "'colour'"),
    ],
)
def test_a_bad_spec_is_told_in_one_line(change, words):
    with pytest.raises(ValueError, match=words) as caught:
        numerics.SweepSpec.from_dict(GRID | change)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_toml_is_told(tmp_path):
    (tmp_path / "bad.toml").write_text("runs = = 3\n")
    with pytest.raises(ValueError, match="is not TOML"):
        numerics.SweepSpec.from_toml(tmp_path / "bad.toml")


def test_nothing_is_unpickled(spec, tmp_path):
    numerics.sweep(spec, tmp_path)
    store = numerics.Store.read(tmp_path)
    chunk = next(store.spec.chunks())
    np.savez(store.path(chunk, "npz"), run=np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="cannot be read"):
        store.values(chunk)


def test_the_cost_of_a_cell_is_measured_or_said_to_be_unknown(spec, tmp_path):
    plan = numerics.sweep_cost(spec)
    assert (plan.unknown_cells, plan.seconds) == (len(spec.cells), 0)
    assert plan.bytes_per_worker > 0
    numerics.sweep(spec, tmp_path)
    longer = replace(spec, runs=2 * spec.runs)
    plan = numerics.sweep_cost(longer, tmp_path)
    store = numerics.Store.of(tmp_path, spec)
    taken = sum(store.seconds(chunk) for chunk in spec.chunks())
    assert (plan.missing_runs, plan.unknown_cells) == (spec.runs * len(spec.cells), 0)
    assert plan.seconds == pytest.approx(taken, rel=1e-12)


def test_a_run_that_is_stopped_by_hand_is_not_kept(spec, tmp_path, monkeypatch):
    """Ctrl-C inside a run ends it with an outcome; the sweep must not take it for a result."""
    module = importlib.import_module("polysem.numerics.sweep.run")
    train, calls = numerics.train, []

    def stopped(initial, lam, **options):
        calls.append(1)
        solution = train(initial, lam, **options)
        if len(calls) < 4:
            return solution
        return replace(solution, outcomes=np.array(numerics.Outcome.INTERRUPTED, dtype=object))

    monkeypatch.setattr(module, "train", stopped)
    with pytest.raises(KeyboardInterrupt):
        numerics.sweep(spec, tmp_path)
    names = sorted(path.name for path in (tmp_path / "chunks").iterdir())
    assert names == ["cell00000-run000000.json", "cell00000-run000000.npz"]


MEMORY = """
import gc, importlib, sys, tempfile, tracemalloc
import numpy as np
from polysem import numerics
module = importlib.import_module("polysem.numerics.sweep.run")

def held(chunks):
    spec = numerics.SweepSpec.from_dict({
        "entropy": 1, "runs": 1000 * chunks, "chunk": 1000,
        "grid": [{"n": 2, "m": 4, "lam": 0.1}],
    })
    held = []

    def instant(cell, chunk, entropy):
        if chunk.first == 1000 * (chunks - 1):
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
        runs = np.arange(chunk.first, chunk.first + chunk.count)
        return chunk, module.chunk_key(cell, chunk, entropy), {"run": runs}, 0.0

    module.run_chunk = instant
    tracemalloc.start()
    with tempfile.TemporaryDirectory() as folder:
        numerics.sweep(spec, folder)
    tracemalloc.stop()
    return held[0]

held(20)
print(held(20), held(200))
"""


def test_the_memory_of_the_parent_does_not_grow_with_the_runs():
    """What Python holds at the last of 20 and of 200 chunks of 1000 runs each."""
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, check=True, cwd=ROOT
    )
    few, many = map(int, done.stdout.split())
    assert many < few + 50_000  # the results alone are 1.6 MB


def test_one_blas_thread_while_any_job_runs():
    from threadpoolctl import threadpool_info, threadpool_limits

    from polysem.numerics.sweep.blas import one_blas_thread

    def threads():
        return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}

    with threadpool_limits(2):
        before = threads()
        first, second = one_blas_thread(), one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert threads() == {1}
        second.__exit__(None, None, None)
        assert threads() == before


FAILING = {
    "entropy": 7,
    "runs": 12,
    "grid": [
        {
            "n": 8,
            "m": 16,
            "lam": 0.05,
            "optimizer": "sgd",
            "settings": {"steps": 400, "learning_rate": rate},
        }
        for rate in (0.02, 0.4, 5.0)
    ]
    + [{"n": 8, "m": 16, "lam": 0.05, "settings": {"max_steps": 5}}],
}


def test_failed_runs_are_counted_and_left_out_of_the_means(tmp_path):
    """All means and errors of a row rest on the runs that ended as asked; without any it is NaN."""
    pytest.importorskip("pandas")
    numerics.sweep(numerics.SweepSpec.from_dict(FAILING), tmp_path)
    summary = verify.SweepSummary.of(tmp_path)
    cells, runs = summary.to_frame(by="cell"), summary.to_frame()
    assert cells["runs"].tolist() == [12] * 4
    assert cells["completed"].tolist() == [12, 6, 0, 0]
    assert cells["diverged"].tolist() == [0, 6, 12, 0]
    assert cells["out_of_steps"].tolist() == [0, 0, 0, 12]
    ended = runs[runs["outcome"] == "completed"]
    for name in ("time", "features_alive", "l1_norm", "winner_is_initial_argmax", "loss"):
        groups = ended.groupby("cell")[name]
        for found, right in ((name, groups.mean()), (f"{name}_error", groups.sem())):
            np.testing.assert_allclose(cells[found][:2], right, rtol=1e-12)
            assert cells[found][2:].isna().all()
    assert summary.left_out().startswith(
        "30 of 48 runs did not end as asked (12 out_of_steps, 18 diverged)"
    )


def test_a_table_of_the_command_comes_with_a_line_on_failed_runs(tmp_path):
    pytest.importorskip("pandas")
    toml = tmp_path / "spec.toml"
    toml.write_text(TOML.replace("runs = 12", "runs = 2") + "settings = {max_steps = 5}\n")
    table = ["--table", str(tmp_path / "cells.csv")]
    done = CliRunner().invoke(main, ["sweep", str(toml), "--out", str(tmp_path / "out"), *table])
    assert done.exit_code == 0
    assert len(done.stderr.splitlines()) == 1
    assert "8 of 8 runs did not end as asked (8 out_of_steps)" in done.stderr


def interrupted(out, toml, number, *scheduler, delay=0.5):
    """A sweep in processes that gets a signal once its folder is there; its status and stderr."""
    process = subprocess.Popen(
        [sys.executable, "-m", "polysem", "sweep", toml, "--out", out, *scheduler],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (out / "sweep.json").exists():
        time.sleep(0.01)
    time.sleep(delay)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does
    else:
        process.send_signal(number)
    return process, process.communicate(timeout=20)[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_no_worker_process_outlives_a_sweep(number, tmp_path):
    """``communicate`` ends when no process holds the pipes any more."""
    toml = tmp_path / "long.toml"
    toml.write_text(TOML.replace("runs = 12", "runs = 500"))
    out = tmp_path / "out"
    process, stderr = interrupted(out, toml, number, "--scheduler", "processes", "--jobs", "3")
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert stderr.splitlines() == [
            "polysem: Interrupted. Run the same command again to continue; the finished chunks are "
            f"in {out / 'chunks'}."
        ]
    else:
        assert process.returncode == -signal.SIGTERM


@pytest.mark.nightly
@pytest.mark.parametrize("scheduler", ["loop", "processes"])
def test_ctrl_c_at_random_moments_changes_no_sweep(scheduler, tmp_path, entropy):
    """The other moments of the twenty are those of the chapters of the report."""
    toml = tmp_path / "spec.toml"
    toml.write_text(TOML.replace("runs = 12", "runs = 100"))
    numerics.sweep(numerics.SweepSpec.from_toml(toml), tmp_path / "whole")
    rng, met = np.random.default_rng([entropy, *scheduler.encode()]), 0
    out = tmp_path / "met"
    while met < 2:
        delay = float(rng.uniform(0, 4))
        process, stderr = interrupted(
            out, toml, signal.SIGINT, "--scheduler", scheduler, delay=delay
        )
        if process.returncode == 0:
            shutil.rmtree(out)
            met = 0
            continue
        assert process.returncode == 130, stderr
        met += 1
    numerics.sweep(numerics.SweepSpec.from_toml(toml), out)
    first, second = numerics.sweep_runs(tmp_path / "whole"), numerics.sweep_runs(out)
    for name, values in first.items():
        np.testing.assert_array_equal(second[name], values)


@pytest.mark.nightly
def test_a_cluster_without_workers_ends_the_sweep_with_a_line(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(verify_sweeps, "_PATIENCE", 5.0)
    toml = tmp_path / "long.toml"
    toml.write_text(TOML.replace("runs = 12", "runs = 5000"))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        threading.Timer(5, cluster.scale, (0,)).start()
        arguments = ["sweep", str(toml), "--out", str(tmp_path / "out")]
        done = CliRunner().invoke(main, [*arguments, "--scheduler", cluster.scheduler_address])
    assert done.exit_code == 2
    assert "no worker of this cluster has been active" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert verify.SweepSummary.of(tmp_path / "out", incomplete=True).missing
