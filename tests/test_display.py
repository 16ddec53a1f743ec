"""What public results show of themselves: one line, LaTeX or HTML, and tables that compile."""

import numpy as np
import pytest

from polysem import numerics, theory, verify

START = numerics.initial_weights(4, 8, np.random.default_rng(0), instances=3)
COIN = verify.Agreement.of_proportion(
    claim="coin", quantity="heads", prediction=0.5, successes=5040, trials=10_000, margin=0.1
)
STATE = verify.strategies.exclusion_state(16, 32, np.random.default_rng(0))
RESULTS = {
    "Formula": theory.amplitude,
    "Claim": theory.claims()["fold"],
    "Derivation": theory.claims()["fold"].derivation,
    "ExclusionLaw": numerics.ExclusionLaw(n=64, m=128),
    "IndependentPairsLaw": numerics.IndependentPairsLaw(n=64, m=128),
    "IndependentNeuronsLaw": numerics.IndependentNeuronsLaw(n=64, m=128),
    "RowFlow": numerics.row_flow([0.5, -0.3, 0.1], lam=0.01, times=np.linspace(0, 20, 50)),
    "HalfNormalLaw": numerics.half_normal_law(1024, 0.01, np.linspace(0, 20, 50)),
    "Solution": numerics.train(START, lam=0.05),
    "Agreement": COIN,
    "Diagnosis": verify.diagnose(STATE),
    "Predictions": verify.predict(64, 128, lam=0.01),
    "Run": verify.run(4, 16, 0.05, seed=0),
    "Table": verify.symbols_table(),
}
RICH = ("_repr_latex_", "_repr_markdown_", "_repr_html_", "_repr_png_")
TABULAR = {
    "ExclusionLaw",
    "RowFlow",
    "HalfNormalLaw",
    "Solution",
    "Agreement",
    "Diagnosis",
    "Predictions",
    "Run",
    "Table",
}


@pytest.mark.parametrize("name", RESULTS)
def test_one_line_in_the_repl(name):
    shown = repr(RESULTS[name])
    assert "\n" not in shown
    assert " object at 0x" not in shown
    assert len(shown) < 240


@pytest.mark.parametrize("name", RESULTS)
def test_a_notebook_sees_latex_html_or_a_table(name):
    thing = RESULTS[name]
    shown = [getattr(thing, rich)() for rich in RICH if hasattr(thing, rich)]
    assert any(shown) or not thing.to_frame().empty


@pytest.mark.parametrize("name", sorted(TABULAR))
def test_tabular_results_give_a_frame(name):
    frame = RESULTS[name].to_frame()
    assert len(frame) >= 1
    assert all(isinstance(column, str) for column in frame.columns)


def test_a_frame_holds_what_the_result_holds():
    law = RESULTS["ExclusionLaw"].to_frame()
    assert law.pmf.sum() == pytest.approx(1, abs=1e-12)
    assert (law.k * law.pmf).sum() == pytest.approx(theory.expected_neurons_exclusion(n=64, m=128))
    flow = RESULTS["RowFlow"]
    np.testing.assert_array_equal(flow.to_frame().live, flow.live)
    assert RESULTS["Solution"].to_frame().outcome.tolist() == ["converged"] * 3
    predictions = RESULTS["Predictions"].to_frame().set_index("prediction")
    assert float(predictions.value["expected_pairs"]) == pytest.approx(
        theory.expected_pairs(n=64, m=128), rel=1e-5
    )


def test_a_formula_shows_its_name_letters_and_closed_form():
    assert (
        theory.expected_pairs._repr_latex_()
        == r"$\displaystyle \mathtt{expected\_pairs}(n, m) = \frac{n \left(n - 1\right)}{4 m}$"
    )


def test_a_formula_called_wrongly_says_what_it_takes():
    with pytest.raises(TypeError, match="expected_pairs takes n, m"):
        theory.expected_pairs(features=3, m=4)
    with pytest.raises(theory.RegimeError, match="holds for"):
        theory.amplitude(lam=0.5)


def test_the_packages_are_attributes_of_the_project():
    import subprocess
    import sys

    code = "import polysem; print(polysem.theory.amplitude(0.1) < 1, 'verify' in dir(polysem))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["True", "True"]


def test_printed_predictions_show_their_values():
    shown = str(verify.predict(64, 256, lam=0.01))
    assert "expected_pairs                       3.9375" in shown
    assert "dead_fraction                        1.4416e-229" in shown
    assert "none: " in str(verify.predict(64, 256))
