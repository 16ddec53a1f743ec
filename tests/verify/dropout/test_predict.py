"""Predictions and training with dropout, as functions and as commands."""

import json

import pytest
from click.testing import CliRunner

from polysem import numerics, theory, verify
from polysem.verify.cli import main
from polysem.verify.runs import training_model

SIZE = ("--features", 8, "--neurons", 32, "--l1", 0.1)


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_below_the_threshold_dropout_changes_no_count():
    found = verify.predict(8, 32, lam=0.1, dropout=0.1)
    assert found["dropout_variance"].value == pytest.approx(1 / 9)
    assert found["spread_lam"].value < 0.1
    assert found["monosemantic_fraction"].value == 1.0
    assert found["expected_neurons_dropout"].value == found["expected_neurons"].value


def test_above_it_rows_keep_several_weights():
    found = verify.predict(8, 32, lam=0.1, dropout=0.25)
    assert found["spread_lam"].value > 0.1
    assert found["spread_count"].value == pytest.approx(theory.spread_count(1 / 3, 0.1))
    assert 0 < found["monosemantic_fraction"].value < 0.5
    product = found["expected_neurons"].value * found["monosemantic_fraction"].value ** 2
    assert found["expected_neurons_dropout"].value == pytest.approx(product)


def test_a_long_computation_gives_a_reason():
    found = verify.predict(8, 1000, lam=0.001, dropout=0.1)
    assert found["monosemantic_fraction"].value is None
    assert "monosemantic_rows" in found["expected_neurons_dropout"].reason


def test_without_l1_or_dropout_there_is_no_threshold():
    assert "two_weights_noise" not in verify.predict(8, 32, dropout=0.1)
    assert "two_weights_noise" not in verify.predict(8, 32, lam=0.1, dropout=0.0)
    assert "dropout_variance" not in verify.predict(8, 32, lam=0.1)


def test_the_command_predicts_and_trains():
    result = json.loads(call("predict", *SIZE, "--dropout", 0.1, "--json").stdout)
    assert result["monosemantic_fraction"] == 1.0
    few, many = (
        json.loads(call("train", *SIZE, "--seed", 0, "--dropout", rate, "--json").stdout)
        for rate in (0.1, 0.5)
    )
    assert few["mean_nonzero_per_feature"] == 1.0 < many["mean_nonzero_per_feature"]


def test_the_flow_averages_the_masks_and_the_others_draw_them():
    assert isinstance(training_model(dropout=0.1, averaged=True), numerics.Dropout)
    assert isinstance(training_model(dropout=0.1), numerics.SampledDropout)


@pytest.mark.parametrize("rate", [-0.1, 1.0, "nan"])
def test_a_rate_out_of_range_is_one_line_and_status_2(rate):
    for command in (("predict",), ("train", "--seed", 0)):
        done = call(*command, *SIZE, "--dropout", rate)
        assert done.exit_code == 2
        assert "probability that a neuron is dropped" in done.stderr
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("more", [("--bias",), ("--noise", "bipolar", "--sigma", 0.1)])
def test_what_no_model_has_together_is_refused(more):
    done = call("train", *SIZE, "--seed", 0, "--dropout", 0.1, *more)
    assert done.exit_code == 2
    assert "Got dropout and" in done.stderr
