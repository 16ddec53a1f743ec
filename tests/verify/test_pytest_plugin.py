"""The plugin in a project of its own: the example passes, an overspent budget fails."""

import shutil
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from polysem import verify

EXAMPLE = Path(__file__).parents[1] / "example_project"
ROOT = Path(__file__).resolve().parents[2]
INSTALLED = any(
    entry.value == "polysem.verify.pytest_plugin" for entry in entry_points(group="pytest11")
)


def run(folder, *options):
    import os

    plugin = [] if INSTALLED else ["-p", "polysem.verify.pytest_plugin"]
    path = os.pathsep.join([str(folder), str(ROOT)])
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *plugin, *options],
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": path},
        check=False,
    )


@pytest.fixture
def project(tmp_path):
    return Path(shutil.copytree(EXAMPLE, tmp_path / "project"))


def test_the_example_project_passes_and_prints_its_budget(project):
    done = run(project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 random checks, alpha at most 2e-08 together (budget 1e-06)" in done.stdout


def test_a_wrong_training_loop_fails(project):
    loop = project / "training.py"
    loop.write_text(loop.read_text().replace("np.maximum(gram, 0)", "gram"))
    tests = project / "test_training.py"
    tests.write_text(tests.read_text().replace("0.1, 1000", "0.1, 200"))  # enough to depart
    done = run(project, "-k", "number_of_polysemantic")
    assert done.returncode == 1
    assert "it departs" in done.stdout


SMALL = """
import pytest
from polysem import verify

@pytest.mark.parametrize("part", range(4))
def test_coin(part, polysem_entropy):
    check = verify.Agreement.of_proportion(
        claim="coin", quantity="heads", prediction=0.5, successes=50 + polysem_entropy,
        trials=100, margin=0.9, alpha=4e-7)
    verify.assert_agrees(check)
"""


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_an_overspent_budget_fails_the_session(tmp_path, workers):
    (tmp_path / "test_small.py").write_text(SMALL)
    done = run(tmp_path, *workers, "--polysem-entropy", "1")
    assert "4 passed" in done.stdout
    assert "4 random checks, alpha at most 1.6e-06 together" in done.stdout
    assert "overspent" in done.stdout
    assert done.returncode == 1


def test_a_larger_budget_is_not_overspent(tmp_path):
    (tmp_path / "test_small.py").write_text(SMALL)
    assert run(tmp_path, "--polysem-entropy", "1", "--polysem-budget", "1e-5").returncode == 0


@pytest.mark.parametrize("limit", ["nan", "0", "-1"])
def test_a_budget_that_is_no_probability_is_refused_in_one_line(tmp_path, limit):
    (tmp_path / "test_small.py").write_text(SMALL)
    done = run(tmp_path, f"--polysem-budget={limit}")
    assert done.returncode == 4
    assert done.stdout == ""
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(f"ERROR: --polysem-budget: Got limit={float(limit)}")


def test_assert_agrees_names_what_is_wrong():
    def coin(prediction, margin=0.1, trials=10_000):
        return verify.Agreement.of_proportion(
            claim="coin", quantity="heads", prediction=prediction, successes=trials // 2,
            trials=trials, margin=margin,
        )  # fmt: skip

    with pytest.raises(AssertionError, match="it departs"):
        verify.assert_agrees(coin(0.7))
    with pytest.raises(AssertionError, match="does not decide"):
        verify.assert_agrees(coin(0.5, margin=0.01))
    with pytest.raises(AssertionError, match="draw more than 10000"):
        verify.assert_agrees(coin(0.5), detects=0.01)
    with pytest.raises(AssertionError, match="wrong formula is not rejected"):
        verify.assert_agrees(coin(0.5), rejects=[coin(0.52)])
