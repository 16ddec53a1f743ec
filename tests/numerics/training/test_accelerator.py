"""The prepared measurement on an accelerator runs, here on the processor at small size."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "accelerator.py"


@pytest.mark.nightly
@pytest.mark.parametrize(("limit", "rows"), [(600, 11), (0, 0)])
def test_the_accelerator_script_writes_its_table(tmp_path, limit, rows):
    pytest.importorskip("torch")
    out = tmp_path / "table.csv"
    options = ["--device", "cpu:0", "--out", str(out), "--sizes", "small", "--limit", str(limit)]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *options], capture_output=True, text=True, check=True
    )
    with out.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == rows
    assert all(float(row["networks per second"]) > 0 for row in table)
    programs = {row["program"] for row in table if row["computed on"].startswith("cpu:0: ")}
    assert programs == ({"limit", "flow", "adamw", "the authors' program"} if rows else set())
    assert ("No time was left for" in done.stderr) == (not rows)
