"""Tables and figures for a paper: right numbers, rounding by the error, LaTeX that compiles."""

import os
import re

import pytest
from click.testing import CliRunner

from polysem import numerics, theory, verify
from polysem.verify.cli import main
from polysem.verify.show.latex import ENCODINGS
from polysem.verify.show.rounding import number

DEFAULT = ("pdflatex", "OT1")
GRID = [{"n": 64, "m": m, "lam": lam} for m in (256, 1024) for lam in (0.01, 0.03)]
SPEC = {"entropy": 7, "runs": 6, "grid": [{"n": 4, "m": [8, 16], "lam": [0.1, 0.2]}]}
HARD = '100 % of n^2/4m & a_b at lambda -> 0, <x> | "y" ~ #1 {z} $\\frac12$'


@pytest.fixture(scope="module")
def sweep_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep") / "runs"
    numerics.sweep(numerics.SweepSpec.from_dict(SPEC), folder)
    return folder


def test_a_closed_form_is_rounded_to_its_digits():
    table = verify.paper_table(GRID, ["expected_pairs"], digits=3).to_frame()
    assert list(table.columns) == ["$n$", "$m$", r"$\lambda$", "expected pairs"]
    assert table["expected pairs"].tolist() == [
        verify.rounded(theory.expected_pairs(n=64, m=one["m"]), 3) for one in GRID
    ]


def test_a_fitted_prediction_is_rounded_by_its_error():
    cells = verify.paper_table(GRID, ["expected_neurons"]).to_frame()["expected neurons"]
    for one, cell in zip(GRID, cells, strict=True):
        law = numerics.trained_count(one["n"], one["m"], one["lam"])
        value, error = re.fullmatch(r"([\d.]+)\((\d)\)", cell).groups()
        unit = 10.0 ** -len(value.split(".")[1])
        assert abs(float(value) - law.mean()) <= unit / 2
        assert abs(int(error) * unit - law.mean_error) <= unit / 2


def test_the_error_of_the_expected_count_is_that_of_omega():
    """The mean moves by its error if omega moves by its relative error."""
    law = numerics.trained_count(64, 256, 0.01)
    shifted = numerics.TiltedLaw(64, 256, law.omega * (1 + law.omega_error))
    found = verify.predict(64, 256, lam=0.01)["expected_neurons"].standard_error
    assert found == pytest.approx(shifted.mean() - law.mean(), rel=0.05)


def test_a_sweep_stands_beside_the_predictions(sweep_folder):
    table = verify.paper_table(sweep_folder).to_frame()
    means = verify.SweepSummary.of(sweep_folder).to_frame(by="cell")
    assert table["polysemantic neurons (measured)"].tolist() == [
        "0" if not error else f"{number(mean, error)}"
        for mean, error in zip(
            means.polysemantic_neurons_authors,
            means.polysemantic_neurons_authors_error,
            strict=True,
        )
    ]
    assert table["$m$"].tolist() == ["8", "8", "16", "16"]
    predicted = verify.paper_table(SPEC_GRID, ["expected_neurons"]).to_frame()
    assert table["expected neurons"].tolist() == predicted["expected neurons"].tolist()


SPEC_GRID = [{"n": 4, "m": m, "lam": lam} for m in (8, 16) for lam in (0.1, 0.2)]


def test_an_optimizer_without_predictions_has_dashes(tmp_path):
    spec = {"entropy": 7, "runs": 2, "grid": [{"n": 4, "m": 8, "lam": 0.1, "optimizer": "sgd"}]}
    numerics.sweep(numerics.SweepSpec.from_dict(spec), tmp_path / "s")
    table = verify.paper_table(tmp_path / "s", ["features_alive"]).to_frame()
    assert table["features alive (measured)"].tolist() != ["-"]
    with pytest.raises(ValueError, match="expected_neurons"):
        verify.paper_table(tmp_path / "s", ["expected_neurons"])


@pytest.mark.parametrize(
    ("grid", "given", "said"),
    [
        ([], {}, "empty grid"),
        (GRID, {"columns": ["magic"]}, "columns=\\['magic'\\]"),
        (GRID, {"digits": 0}, "digits=0"),
        ([{"n": 0, "m": 4}], {}, "n=0"),
    ],
)
def test_wrong_input_is_refused(grid, given, said):
    with pytest.raises(ValueError, match=said):
        verify.paper_table(grid, **given)


@pytest.mark.parametrize(
    ("engine", "encoding"), [*(("pdflatex", name) for name in ENCODINGS), ("lualatex", "T1")]
)
def test_tables_compile_with_caption_and_label(engine, encoding, sweep_folder):
    headings = {"expected_neurons": "$K$", "expected_pairs": HARD}
    tables = [
        verify.paper_table(GRID, headings, caption=HARD, name="a_b").to_latex(environment=True),
        verify.paper_table(GRID, name="bare").to_latex(),
        verify.paper_table(sweep_folder, name="sweep").to_latex(environment=True),
    ]
    long = [{"n": n, "m": 64} for n in range(2, 60)]
    tables.append(verify.paper_table(long, name="long").to_latex(environment=True))
    check = verify.check_latex([*tables, r"See \ref{tab:a_b}."], engine=engine, encoding=encoding)
    if check.compiled is None:
        required = os.environ.get("POLYSEM_REQUIRE_TEX") and (engine, encoding) == DEFAULT
        assert not required, f"{engine} is required and missing"
        pytest.skip(f"LaTeX not compiled: no {engine} with {encoding} fonts")
    assert check.problems == ()


def test_the_figure_has_the_numbers_of_the_table(sweep_folder):
    plot = verify.paper_figure(sweep_folder)
    assert set(plot.data.m) == {8, 16}
    assert plot.data.line.nunique() == 2
    assert len(plot.figure().axes[0].lines) >= 4
    with pytest.raises(ValueError, match="at least two values"):
        verify.paper_figure([{"n": 4, "m": 8}])


def test_the_command_prints_the_table(sweep_folder):
    given = ["--features", "64", "--neurons", "256", "--neurons", "1024", "--l1", "0.01"]
    done = CliRunner().invoke(main, ["table", *given, "--label", "counts"])
    assert done.exit_code == 0
    assert r"\label{tab:counts}" in done.stdout
    bare = CliRunner().invoke(main, ["table", str(sweep_folder), "--bare"])
    assert bare.stdout.strip() == verify.paper_table(sweep_folder).to_latex().strip()


@pytest.mark.parametrize(
    "given",
    [[], ["--features", "4"], ["FOLDER", "--neurons", "4"], ["--features", "4", "--neurons", "0"]],
)
def test_the_command_refuses_in_one_line(given, sweep_folder):
    given = [str(sweep_folder) if word == "FOLDER" else word for word in given]
    done = CliRunner().invoke(main, ["table", *given])
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1


def test_a_sweep_writes_its_table_for_latex(tmp_path):
    spec = tmp_path / "spec.toml"
    spec.write_text("entropy = 7\nruns = 2\n[[grid]]\nn = 4\nm = [8, 16]\nlam = 0.1\n")
    table = tmp_path / "means.tex"
    given = ["sweep", str(spec), "--out", str(tmp_path / "s"), "--table", str(table)]
    assert CliRunner().invoke(main, given).exit_code == 0
    written = table.read_text()
    assert written.strip() == (
        verify.paper_table(tmp_path / "s", name="means").to_latex(environment=True).strip()
    )
