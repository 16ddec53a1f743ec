"""What predict says of AdamW, and the warning."""

import json

import pytest
from click.testing import CliRunner

from polysem import numerics, verify
from polysem.verify.cli import main

SIZE = ("--features", 16, "--neurons", 1024, "--l1", 0.016)


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_adamw_is_warned_of_where_it_adds_collisions():
    result = json.loads(call("predict", *SIZE, "--optimizer", "adamw", "--json").stdout)
    assert result["times_chance"] > 5
    assert "AdamW adds collisions" in result["warnings"]["expected_neurons"]
    assert result["expected_neurons_high"] >= 2
    flow = json.loads(call("predict", *SIZE, "--json").stdout)
    assert "times_chance" not in flow
    assert result["expected_neurons"] > 5 * flow["expected_neurons"]


def test_at_the_authors_settings_the_trained_networks_answer():
    found = verify.predict(64, 256, lam=0.00025, optimizer="adamw")
    law = numerics.trained_count(64, 256, 0.00025, "adamw")
    assert found["expected_neurons"].value == pytest.approx(law.mean())
    assert not found["expected_neurons"].warning


def test_too_few_steps_are_named():
    found = verify.predict(64, 256, lam=0.00025, optimizer="adamw", steps=1000)
    assert "1000 steps may be too few" in found["expected_neurons"].warning


@pytest.mark.parametrize("option", [("--beta2", 0.9), ("--steps", 100)])
def test_options_of_adamw_need_adamw(option):
    done = call("predict", *SIZE, *option)
    assert done.exit_code == 2
    assert "optimizer='adamw'" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", [("--beta2", 1.5), ("--learning-rate", -1)])
def test_a_wrong_setting_is_named(option):
    done = call("predict", *SIZE, "--optimizer", "adamw", *option)
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1


def test_without_lambda_there_is_a_reason():
    found = verify.predict(16, 1024, optimizer="adamw")
    assert found["expected_neurons"].value is None
    assert "lam > 0" in found["times_chance"].reason
