"""Predictions and training for features that co-occur, as functions and as commands."""

import json

import pytest
from click.testing import CliRunner

from polysem import theory, verify
from polysem.verify.cli import main


def values(*args, **kwargs):
    return {p.name: p for p in verify.predict_cooccurrence(*args, **kwargs)}


def test_the_scaling_variables():
    pairs = values(64, 512, lam=0.01, data="pairs", cooccurrence=0.005)
    assert pairs["single_weight"].value == pytest.approx(1.31)
    assert pairs["strength"].value == pytest.approx(0.5)
    bernoulli = values(64, 512, lam=0.001, data="bernoulli", cooccurrence=0.02)
    assert bernoulli["single_weight"].value == pytest.approx(0.0196)
    assert bernoulli["pair_weight"].value == pytest.approx(4e-4)
    assert bernoulli["strength"].value == pytest.approx(0.4)
    uniform = values(64, 512, lam=0.001, data="uniform", cooccurrence=0.02)
    assert uniform["strength"].value == pytest.approx(0.4 / 3)
    assert uniform["lam_over_single_weight"].value == pytest.approx(3 * 0.001 / 0.0196)
    assert uniform["break_even_sigma"].value is None


def test_the_range_of_the_suppression_is_told():
    dilute = values(64, 512, lam=0.01, data="pairs", cooccurrence=0.005)["suppression"]
    crowded = values(64, 128, lam=0.01, data="pairs", cooccurrence=0.005)["suppression"]
    assert "dilute" in dilute.meaning
    assert "fit" in dilute.error
    assert "crowded" in crowded.meaning
    assert crowded.error.startswith("heuristic: ")
    assert dilute.value < crowded.value < 1
    far = values(64, 512, lam=0.01, data="pairs", cooccurrence=0.1)["suppression"]
    assert far.value is None
    assert "holds for" in far.reason
    without = values(64, 512, lam=None, data="pairs", cooccurrence=0.1)["strength"]
    assert without.reason == "needs lam"


@pytest.mark.parametrize(("data", "p"), [("bernoulli", 0.05), ("pairs", 0.01)])
def test_at_the_break_even_noise_the_price_is_zero(data, p):
    found = values(16, 256, lam=1e-4, data=data, cooccurrence=p)
    sigma, ratio = (
        found["break_even_sigma"].value,
        found["pair_weight"].value / found["single_weight"].value,
    )
    whole = p if data == "bernoulli" else 1 + 15 * p
    w = theory.amplitude(lam=1e-4 / whole)
    assert theory.break_even_odds(w, sigma) == pytest.approx(ratio, rel=1e-8)
    if data == "bernoulli":
        assert theory.noisy_cooccurrence_price(p, w, sigma) == pytest.approx(0, abs=1e-12)
        assert theory.noisy_cooccurrence_price(p, w, 0.9 * sigma) > 0


def invoke(*arguments):
    return CliRunner().invoke(main, list(arguments))


def test_predict_prints_them_and_warns():
    done = invoke(
        "predict",
        "--features",
        "64",
        "--neurons",
        "512",
        "--l1",
        "0.01",
        "--data",
        "pairs",
        "--cooccurrence",
        "0.0025",
        "--json",
    )
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["suppression"] == pytest.approx(theory.suppression_fit(0.25))
    assert found["expected_neurons_cooccurring"] == pytest.approx(
        found["suppression"] * found["expected_neurons_exclusion"]
    )
    assert done.stderr == ""
    warned = invoke(
        "predict",
        "--features",
        "64",
        "--neurons",
        "512",
        "--l1",
        "0.01",
        "--data",
        "bernoulli",
        "--cooccurrence",
        "0.02",
        "--json",
    )
    assert warned.exit_code == 0
    assert "warning: lambda/c = 0.51 is above sqrt(6)/9" in warned.stderr
    json.loads(warned.stdout)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--data", "pairs"), "give both or neither"),
        (("--cooccurrence", "0.1"), "give both or neither"),
        (("--data", "triples", "--cooccurrence", "0.1"), "Got data='triples'"),
        (("--data", "pairs", "--cooccurrence", "-1"), "Got cooccurrence=-1"),
        (("--data", "uniform", "--cooccurrence", "1.5"), "Got cooccurrence=1.5"),
        (("--data", "bernoulli", "--cooccurrence", "nan"), "Got cooccurrence=nan"),
    ],
)
@pytest.mark.parametrize("command", [("predict",), ("train", "--seed", "0")])
def test_bad_input_gives_one_line(command, arguments, said):
    done = invoke(*command, "--features", "4", "--neurons", "16", "--l1", "0.01", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_train_takes_the_data():
    base = ("train", "--features", "6", "--neurons", "24", "--l1", "0.05", "--seed", "3", "--json")
    alone = json.loads(invoke(*base).stdout)
    pairs = json.loads(invoke(*base, "--data", "pairs", "--cooccurrence", "0.1").stdout)
    assert pairs["outcome"] == "converged"
    assert pairs["loss"] > alone["loss"]
    sampled = invoke(
        "train",
        "--features",
        "4",
        "--neurons",
        "16",
        "--l1",
        "0.02",
        "--seed",
        "3",
        "--json",
        "--data",
        "bernoulli",
        "--cooccurrence",
        "0.3",
        "--max-time",
        "20",
    )
    assert sampled.exit_code == 0
    assert json.loads(sampled.stdout)["time"] == pytest.approx(20)
