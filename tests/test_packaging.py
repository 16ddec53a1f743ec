"""The wheel and the sdist are whole, and the installed package is never shadowed."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A wheel and an sdist of the tracked files, built outside of the clone."""
    folder = tmp_path_factory.mktemp("build")
    clone = folder / "polysem"
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).is_file():
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, clone / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(clone)],
        capture_output=True,
        check=True,
    )
    return clone, next(folder.glob("*.whl")), next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The wheel, unpacked by pip into a folder of its own."""
    target = tmp_path_factory.mktemp("target")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--target",
            str(target),
            str(built[1]),
        ],
        check=True,
        capture_output=True,
    )
    return target


def run(installed, cwd, *arguments):
    environment = os.environ | {"PYTHONPATH": str(installed), "MPLBACKEND": "Agg"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def shipped_files():
    """The files that the package needs, with their paths from the root."""
    kinds = {".py", ".pyi", ".csv", ".md", ".json", ".mplstyle", ".bib"}
    found = [path for part in ("theory", "numerics", "verify") for path in (ROOT / part).rglob("*")]
    found += [*(ROOT / "paper_notes").iterdir(), *(ROOT / "paper_notes" / "data").iterdir()]
    for path in found:
        if path.suffix in kinds:
            yield str(path.relative_to(ROOT))


def test_the_wheel_holds_every_module_and_table(built):
    names = set(zipfile.ZipFile(built[1]).namelist())
    assert {f"polysem/{name}" for name in shipped_files()} <= names
    assert "polysem/py.typed" in names
    code = {name for name in names if name.endswith((".py", ".pyi"))}
    in_tree = {f"polysem/{name}" for name in shipped_files()}
    assert code - in_tree == {"polysem/__init__.py", "polysem/__main__.py"}
    assert not any(name.startswith(("tests/", "polysem/tests")) for name in names)


def test_the_sdist_is_complete(built):
    with tarfile.open(built[2]) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    assert set(shipped_files()) <= names
    assert {"README.md", "LICENSE", "pyproject.toml", "polysem/__init__.py"} <= names


def test_a_foreign_folder_named_polysem_does_not_win(installed, tmp_path):
    (tmp_path / "polysem").mkdir()
    (tmp_path / "polysem" / "theory.py").write_text("raise SystemExit('shadowed')")
    done = run(
        installed, tmp_path, "-c", "import polysem; import polysem.theory; print(polysem.__file__)"
    )
    assert done.stdout.strip().startswith(str(installed)), done.stderr


def test_it_runs_from_the_parent_of_a_clone(built, installed):
    done = run(
        installed,
        built[0].parent,
        "-m",
        "polysem",
        "predict",
        "--features",
        "256",
        "--neurons",
        "1024",
        "--json",
    )
    assert json.loads(done.stdout)["expected_pairs"] == 15.9375, done.stderr


def test_a_package_imported_bare_says_how_to_import_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", "import theory"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "import it as polysem.theory" in done.stderr


REPORT = """
from polysem.verify.cli import main
from polysem.verify.row import chapter, runs
chapter.ROWS = {"quick": 3}
runs.NETWORKS["quick"] = {64: 2}
main(["report", "--scale", "quick", "--chapter", "l1", "--out", "report"])
"""


def test_the_installed_package_writes_the_report(installed, tmp_path):
    """The l1 chapter with few rows and networks; `make report` writes all chapters whole."""
    done = run(installed, tmp_path, "-c", REPORT)
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert [chapter["name"] for chapter in summary["chapters"]] == ["l1"]
    for chapter in summary["chapters"]:
        assert chapter["agreements"]
        for name in chapter["files"]:
            assert (tmp_path / "report" / name).stat().st_size > 0
