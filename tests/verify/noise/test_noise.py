"""The noise theory at the command line, in the report and in the diagnosis."""

import json
import os
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pytest
from click.testing import CliRunner
from matplotlib.figure import Figure
from scipy.stats import sem

from polysem import numerics, theory, verify
from polysem.verify.chapter import half_interval
from polysem.verify.cli import main
from polysem.verify.noise import chapter as chapter_noise
from polysem.verify.noise import plots as noise_figures
from polysem.verify.noise import runs as noise_runs
from polysem.verify.published import data_rows


def call(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


NOISY = ("--l1", 0, "--seed", 0, "--noise", "bipolar", "--sigma", 0.1)
SIZES = ("--features", 8, "--neurons", 16)


def test_predict_gives_the_whole_noise_block():
    done = call("predict", *SIZES, "--sigma", 0.1, "--kurtosis", -2, "--json")
    found = json.loads(done.stdout)
    assert found["simplex_relative_overlap"] == pytest.approx(-1 / 0.7)
    assert found["growth_rate"] == pytest.approx(0.00239663, abs=1e-8)
    assert found["half_time"] == pytest.approx(
        numerics.mean_inverse_winner(16) / found["growth_rate"]
    )
    assert found["half_steps"] == pytest.approx(found["half_time"] / 0.08)
    assert found["dead_zone"] == pytest.approx(1 / 28)
    assert found["final_state"].startswith("regular simplex on n - 1 neurons")


@pytest.mark.parametrize(
    ("sizes", "sigma", "kurtosis", "name", "reason"),
    [
        ((8, 6), 0.1, -2, "growth_rate", "needs m >= n - 1 = 7 for a simplex, got m=6"),
        ((8, 16), 0.03, -2, "half_time", "sigma=0.03 lies in the dead zone"),
        ((8, 16), 0.3, -2, "silent_loss", "Got sigma=0.3; noise may clip a feature's own output"),
        ((8, 16), 0.1, 3, "half_time", "half_time holds for kappa < 0"),
        ((8, 16), 0.1, 0, "dead_zone", "stated for bipolar noise, got kurtosis=0"),
        ((8, 16), 0.4, -2, "simplex_norm2", "simplex_norm2 holds for sigma <= 1/3"),
    ],
)
def test_predict_says_why_a_formula_has_no_value(sizes, sigma, kurtosis, name, reason):
    found = verify.predict_noise(*sizes, sigma=sigma, kurtosis=kurtosis)[name]
    assert found.value is None
    assert found.reason.startswith(reason)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("predict", *SIZES, "--sigma", -0.1, "--kurtosis", -2), "Got sigma=-0.1; "),
        (("predict", *SIZES, "--sigma", 0.1, "--kurtosis", -3), "Got kurtosis=-3.0; "),
        (("predict", *SIZES, "--sigma", 0.1), "Got sigma=0.1 and kurtosis=None; give both"),
        (("train", *SIZES, "--l1", 0, "--seed", 0, "--noise", "bipolar"), "Got noise=bipolar and "),
        (
            ("train", *SIZES, "--l1", 0, "--seed", 0, "--noise", "cauchy", "--sigma", 0.1),
            "Got noise law='cauchy'; choose one of ",
        ),
        (
            ("train", "--features", 4, "--neurons", 40, *NOISY),
            "Got m=40; the exact average over bipolar noise lists 2^(m/2) states and is limited",
        ),
        (
            ("train", *SIZES, *NOISY, "--draws", "twice"),
            "Got draws='twice'; choose one of shared, independent.",
        ),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments, line):
    done = call(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.startswith(f"polysem: {line}")
    assert done.stderr.count("\n") == 1


def test_train_with_noise_is_repeatable_and_reports_the_simplex():
    arguments = ("train", *SIZES, "--l1", 0, "--seed", 3, "--noise", "bipolar", "--sigma", 0.15)
    arguments += ("--optimizer", "sgd", "--learning-rate", 0.02, "--steps", 600, "--json")
    first, second = json.loads(call(*arguments).stdout), json.loads(call(*arguments).stdout)
    assert first == second
    assert first["simplex_distance"] < 0.15
    averaged = json.loads(call(*arguments[:13], "--max-time", 30, "--json").stdout)
    assert averaged["simplex_distance"] < 0.1
    assert averaged["optimizer"] == "flow"


def jittered_simplex(rng, n=8, m=16, instances=6):
    turned = numerics.corner_simplex(n, m)
    return turned + 0.01 * rng.standard_normal((instances, n, m))


def test_diagnose_tells_a_noise_trained_simplex_from_an_l1_code(entropy):
    rng = np.random.default_rng([entropy, 31])
    found = verify.diagnose(jittered_simplex(rng))
    assert found.verdict == "noise-simplex"
    assert found.simplex_limit < 0.8
    assert "at most q n/(n-1)" in found.text()
    assert verify.diagnose(2 * numerics.corner_simplex(8, 16)).verdict != "noise-simplex"
    start = numerics.initial_weights(16, 64, rng, instances=4)
    l1 = verify.diagnose(numerics.train(start, 0.02).weights)
    assert l1.verdict != "noise-simplex"
    assert l1.simplex_distance > 0.9 / 4
    assert verify.diagnose(np.eye(8), layout="features-first").verdict != "noise-simplex"
    json.loads(found.to_json())


def test_diagnose_on_networks_of_the_authors_program():
    folder = os.environ.get("POLYSEM_REFERENCE")
    if not folder:
        pytest.skip("POLYSEM_REFERENCE is not set: the reference weights were not diagnosed")
    rows = data_rows("noise_reference.csv")
    for name in {row["source"] for row in rows}:
        weights = np.load(Path(folder) / name, allow_pickle=False)["final"].astype(float)
        assert verify.diagnose(weights).verdict == "noise-simplex"
        for row in (row for row in rows if row["source"] == name):
            one = weights[int(row["instance"])]
            assert float(row["final_fourth_norm"]) == pytest.approx(
                noise_runs.fourth_norm(one), abs=1e-6
            )
            assert int(row["polysemantic_neurons"]) == numerics.polysemantic_neurons(one) == 0
    l1 = np.load(Path(folder) / "l1_adamw_n64_m128.npz", allow_pickle=False)["final"]
    assert verify.diagnose(l1.astype(float)).verdict != "noise-simplex"


def test_published_networks_lie_where_the_theory_says():
    """Five networks each; the plateau of SGD is below the corner simplex, within 5 %."""
    sparse, isotropic = map(noise_runs.reference_fourth_norms, ("bipolar", "gaussian"))
    assert abs(sparse.mean() / theory.corner_fourth_norm(8) - 1) < 0.05
    assert abs(isotropic.mean() / theory.isotropic_fourth_norm(16, 0.9884) - 1) < 0.15
    assert all(row["polysemantic_neurons"] == "0" for row in data_rows("noise_reference.csv"))


def test_the_mean_of_the_authors_networks_has_the_error_of_a_mean():
    curve = replace(chapter_noise._CURVE, steps=noise_runs.MARKS, sigma=0.15)
    weights = noise_runs.starts(8, 16, 6, entropy=1)
    lines = {a.claim: a for a in chapter_noise._curve_agreements({curve: {"weights": weights}})}
    theirs = noise_runs.reference_fourth_norms(curve.law)
    of_a_mean = half_interval(float(sem(theirs)), len(theirs))
    assert lines["authors_networks"].numerical_error == pytest.approx(of_a_mean)
    assert lines["authors_networks"].prediction == pytest.approx(theirs.mean())
    assert lines["corner_fourth_norm"].numerical_error == 0


def test_a_small_report_chapter(monkeypatch, tmp_path):
    curve = replace(chapter_noise._CURVE, networks=6, steps=(1_000,))
    small = {
        "SAMPLED": (curve, replace(curve, law="gaussian", sigma=0.15)),
        "AVERAGED": (replace(curve, networks=2, averaged=True),),
        "GROWTH": tuple(noise_runs.Growth(n=4, m=5, sigma=0.3, network=k) for k in range(6)),
        "CODES": (replace(chapter_noise._CODE, m=16, networks=4, steps=1000, cooling_steps=100),),
        "RATES": (replace(curve, learning_rate=0.04, steps=(500,)),),
    }
    for name, value in small.items():
        monkeypatch.setitem(getattr(chapter_noise, name), "quick", value)
    with joblib.parallel_config(backend="sequential"):
        chapter = chapter_noise.chapter("quick", entropy=1, progress=False)
    verdicts = {(a.claim, a.quantity): a.verdict for a in chapter.agreements}
    assert any(claim == "half_time" for claim, _ in verdicts)
    assert {a.verdict for a in chapter.agreements if a.claim == "silent_loss"} == {"agrees"}
    names = {table.name for table in chapter.tables}
    assert names >= {"noise_fourth_norm", "noise_growth", "noise_codes", "noise_learning_rate"}
    for table in chapter.tables:
        assert all(path.stat().st_size for path in table.write(tmp_path))
    assert all(figure._repr_png_() for figure in chapter.figures)


def test_growth_run_finds_the_half_time_of_the_law_within_its_factor(entropy):
    """(5, 10) at a* = -1.25 and (4, 8) at a* = -1.11: measured over law in (1/2, 2)."""
    for growth in (
        noise_runs.Growth(n=5, m=10, sigma=0.2),
        noise_runs.Growth(n=4, m=8, sigma=0.3),
    ):
        run = growth.run(entropy)
        assert 0.5 < run["measured"] / run["predicted"] < 2
        assert run["mean_overlap"] == pytest.approx(-1, abs=0.03)


def test_nearest_simplex_moves_a_simplex_nowhere():
    frame = numerics.random_simplex(5, 9, np.random.default_rng(0))
    np.testing.assert_allclose(noise_runs.nearest_simplex(frame), frame, atol=1e-12)
    moved = noise_runs.nearest_simplex(1.1 * frame + 1e-3)
    assert numerics.simplex_distance(moved) < 1e-12


def test_the_fourth_norm_figure_shows_half_times_of_its_own_noise_only():
    run = {"predicted": 100.0, "measured": 90.0}
    growth = {noise_runs.Growth(n=8, m=16, sigma=sigma): [run] for sigma in (0.1, 0.2)}
    shown = set(noise_figures.curve_figure({}, {}, growth).data.sigma)
    assert shown == {0.1}
    assert shown <= set(noise_figures.SIGMAS)
    figure, plot = Figure(), noise_figures.curve_figure({}, {}, growth)
    plot.draw(figure, plot.data)
    stars = [list(x.get_xdata()) for x in figure.axes[0].lines if x.get_marker() == "*"]
    assert [100.0 / (4 * noise_runs.LEARNING_RATE)] in stars


def test_a_network_that_does_not_grow_counts_as_the_horizon(monkeypatch):
    """The mean is then large or wide: its line departs or is undecided, and the report goes on."""
    monkeypatch.setattr(numerics, "half_rotation", lambda frame: 1e-3)
    run = noise_runs.Growth(n=4, m=8, sigma=0.3).run(0)
    assert run["measured"] == pytest.approx(noise_runs.SETTLED + 2.5 * run["predicted"])


def test_the_quick_scale_trains_codes_for_fewer_steps():
    def steps(scale):
        return {code.steps + code.cooling_steps for code in chapter_noise.CODES[scale]}

    assert max(steps("quick")) < min(steps("paper")) / 2


def test_the_table_of_curves_has_the_chosen_steps_up_to_the_longest_run():
    curve = replace(chapter_noise._CURVE, steps=noise_runs.MARKS[:4])
    found = {curve: {"fourth": np.random.default_rng(0).uniform(0.2, 0.8, (4, 3))}}
    frame = noise_figures.curve_table(found, found).frame
    assert list(frame.columns[3:]) == ["1000", "5000", "10000"]
