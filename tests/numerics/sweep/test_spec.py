"""Specs of sweeps: sizes are checked before anything is listed, unused names are refused."""

import os
import tracemalloc

import pytest

from polysem import numerics

CELL = {"n": 2, "m": 4, "lam": 0.1}
SMALL = 5_000_000  # bytes that refusing a spec may take at most


def spec(*tables, runs=2, chunk=10):
    return numerics.SweepSpec.from_dict(
        {"entropy": 7, "runs": runs, "chunk": chunk, "grid": list(tables)}
    )


@pytest.mark.parametrize(
    ("tables", "runs", "words"),
    [
        ([CELL], 10**14, "10000000000000 files"),
        ([CELL | {"n": [1, 2]}], 500_001, "100002 files"),
        ([CELL], 10**18, "runs=1000000000000000000"),
        ([CELL | {"n": list(range(1, 102)), "m": list(range(1, 101))}], 1, "10100 settings"),
        ([{name: [0.1] * 1000 for name in ("n", "m", "lam", "sigma")}], 1, "1000000000000 set"),
    ],
)
def test_a_sweep_without_end_is_refused_before_it_is_listed(tables, runs, words):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=words) as caught:
            spec(*tables, runs=runs)
        assert tracemalloc.get_traced_memory()[1] < SMALL
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)


def test_the_largest_sweep_is_planned():
    plan = spec(CELL, runs=10**9, chunk=10**4)
    assert sum(1 for _ in plan.chunks()) == 10**5
    last = numerics.Chunk(cell=0, first=10**9 - 1, count=1)
    assert numerics.run_chunk(plan.cells[0], last, 7)[2]["run"].tolist() == [10**9 - 1]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"law": "gaussian"}, "law in the grid without sigma"),
        ({"noise": "shared"}, "noise in the grid without sigma"),
        ({"excess_kurtosis": -2.0}, "excess_kurtosis in the grid without sigma"),
        ({"law": ["gaussian", "uniform"], "sigma": [0, 0.0]}, "law in the grid without sigma"),
        ({"values": "uniform"}, "values in the grid without pair_weight"),
        ({"dead_below": 1}, "dead_below=1"),
        ({"settings": {"steps": 10**22}, "optimizer": "sgd"}, "steps=10000000000000000000000"),
    ],
)
def test_a_name_without_effect_is_refused(more, words):
    with pytest.raises(ValueError, match=words):
        spec(CELL | more)


def test_a_grid_may_compare_with_none():
    cells = spec(CELL | {"law": "gaussian", "sigma": [0.0, 0.1]}).cells
    assert [cell.sigma for cell in cells] == [0.0, 0.1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe = 3", "is not UTF-8 text"),
        (b"a = " + b"[" * 5000, "is not TOML"),
        (b"runs = " + b"9" * 5000, "is not TOML"),
        (b"#" * 2_000_000, "has 2000000 bytes"),
    ],
)
def test_a_file_that_is_no_spec_is_told_by_its_name(tmp_path, content, words):
    path = tmp_path / "spec.toml"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"spec\.toml {words}") as caught:
        numerics.SweepSpec.from_toml(path)
    assert "\n" not in str(caught.value)


def test_only_regular_files_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        with pytest.raises(ValueError, match="not a regular file"):
            numerics.SweepSpec.from_toml(path)
