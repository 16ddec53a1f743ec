"""What we hand to LaTeX: environments, columns and brackets everywhere, compiled where it can be.

``POLYSEM_REQUIRE_TEX=1`` makes a missing pdflatex a failure.
"""

import hashlib
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from polysem import theory, verify

DEFAULT = ("pdflatex", "OT1")
ROOT = Path(__file__).resolve().parent.parent
GRID = [(64, 64), (64, 256), (256, 1024), (256, 100)]
TABLES = ("symbols", "claims", "predictions", "predict", "agreements", "run", "benchmark")
DERIVED = [label for label, claim in theory.claims().items() if claim.derivation]


@cache
def derivation(label):
    return theory.claims()[label].derivation.latex()


def derivations():
    return {label: derivation(label) for label in DERIVED}


@cache
def tables():
    coin = {"claim": "coin", "quantity": "heads", "prediction": 0.5, "margin": 0.1}
    agreements = [
        verify.Agreement.of_proportion(**coin, successes=successes, trials=10_000)
        for successes in (5040, 5600)
    ]
    names = ["expected_pairs", "expected_neurons_exclusion", "amplitude", "loss_per_feature"]
    found = {
        "symbols": verify.symbols_table(),
        "claims": verify.claims_table(),
        "predictions": verify.predictions_table(GRID, names=names, lam=0.001),
        "predict": verify.predict(256, 1024, lam=0.00025).table(),
        "agreements": verify.agreements_table(agreements),
        "run": verify.run(4, 16, 0.05, seed=0).table(),
        "benchmark": verify.benchmark_table(),
    }
    return {name: table.to_latex() for name, table in found.items()}


def digest(every):
    """A digest of all tables and of every so many derivations."""
    latex = [derivation(label) for label in DERIVED[::every]]
    return hashlib.sha256(repr((tables(), latex)).encode()).hexdigest()


def test_every_derivation_has_whole_environments_and_brackets():
    latex = derivations()
    assert len(latex) >= 30
    for label, text in latex.items():
        assert text.count(r"\begin{") == text.count(r"\end{"), label
        assert text.count("{") == text.count("}"), label
        for line in text.splitlines()[1:-1]:
            assert line.startswith("& "), (label, line)
            assert line.count(r"\left") == line.count(r"\right"), (label, line)


def test_no_table_is_left_out():
    assert tuple(tables()) == TABLES


@pytest.mark.parametrize("name", TABLES)
def test_every_row_of_a_table_has_its_columns(name):
    text = tables()[name]
    form = re.search(r"\\begin\{(?:tabular|longtable)\}\{(.*)\}$", text, re.MULTILINE)
    assert form, text[:300]
    columns = re.sub(r">\{[^}]*\}|\[[^\]]*\]|\{[^}]*\}", "", form[1])
    assert set(columns) <= set("lSp")
    rows = [
        line for line in text.splitlines() if line.endswith(r"\\") and "multicolumn" not in line
    ]
    assert len(rows) >= 2
    for row in rows:
        assert row.replace(r"\&", "").count("&") == len(columns) - 1, row


@pytest.mark.parametrize(
    ("engine", "encoding"),
    [
        DEFAULT,
        pytest.param("pdflatex", "T1", marks=pytest.mark.nightly),
        pytest.param("lualatex", "T1", marks=pytest.mark.nightly),
    ],
)
def test_tables_and_derivations_compile_without_a_warning_or_an_overfull_box(engine, encoding):
    pieces = [*tables().values(), *derivations().values()]
    check = verify.check_latex(pieces, engine=engine, encoding=encoding)
    if check.compiled is None:
        required = os.environ.get("POLYSEM_REQUIRE_TEX") and (engine, encoding) == DEFAULT
        assert not required, f"{engine} is required and missing"
        pytest.skip(f"LaTeX not compiled: no {engine} with {encoding} fonts")
    assert check.problems == ()
    assert check.compiled


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.nightly)])
def test_same_input_same_bytes_in_two_processes(every):
    """This process has a random order of its hashes, the other one a given order."""
    code = (
        "import importlib.util as u\n"
        "spec = u.spec_from_file_location('t', 'tests/test_latex.py')\n"
        "t = u.module_from_spec(spec); spec.loader.exec_module(t)\n"
        f"print(t.digest({every}))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert other.strip() == digest(every)
