"""The rules of the packages: public names, letters, light imports, examples."""

import doctest
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("theory", "numerics", "verify")
HEAVY = ("matplotlib", "scipy.stats", "pandas", "hypothesis")


def modules():
    """The names of all modules below polysem."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if parts[-1] != "__init__":
                yield ".".join(["polysem", *parts])


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_exists(package):
    module = importlib.import_module(f"polysem.{package}")
    assert sorted(module.__all__) == sorted(set(module.__all__))
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_no_two_letters_share_a_name():
    from polysem.theory.proof.symbols import LETTERS

    for names in (
        [entry.symbol.name for entry in LETTERS.values()],
        [entry.argument for entry in LETTERS.values()],
    ):
        assert len(names) == len(set(names))


def test_light_imports():
    """Importing verify and its pytest plugin loads none of the heavy libraries."""
    code = (
        "import sys, json, polysem.verify, polysem.verify.cli, polysem.verify.pytest_plugin\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize("name", list(modules()))
def test_examples_run(name):
    module = importlib.import_module(name)
    failures, _ = doctest.testmod(
        module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    assert failures == 0


def test_the_project_names_no_machine_path():
    done = subprocess.run(
        ["git", "grep", "-nIE", "/(work|home|root|tmp)/[a-z]", "--", ".", ":!tests/test_rules.py"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.stdout == ""


def test_every_page_that_is_cited_exists():
    done = subprocess.run(
        ["git", "grep", "-ohE", r"paper_notes/[A-Za-z0-9_/]+\.(md|csv)", "--", "*.py", "*.md"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    cited = set(done.stdout.split())
    assert len(cited) > 10
    assert {page for page in cited if not (ROOT / page).is_file()} == set()


def test_no_line_of_a_page_begins_with_a_percent_sign():
    """The book would leave such a line out, as a comment."""
    pages = sorted((ROOT / "paper_notes").glob("*.md"))
    assert len(pages) > 20
    lost = [
        f"{page.name}: {line}"
        for page in pages
        for line in page.read_text(encoding="utf-8").splitlines()
        if line.lstrip().startswith("%")
    ]
    assert not lost
