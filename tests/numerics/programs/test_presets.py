"""The authors' experiments by name."""

import numpy as np
import pytest

from polysem import numerics


@pytest.mark.parametrize("name", ["collisions", "fourth-norm", "one-feature"])
def test_each_experiment_starts_as_the_authors_start_it(name):
    setting = numerics.preset(name)
    small = numerics.preset(name, m=min(setting.m, 64), instances=2)
    start = small.initial(np.random.default_rng(0))
    assert start.shape == (2, small.n, small.m)


def test_the_authors_values():
    collisions = numerics.preset("collisions")
    assert collisions.optimizer == numerics.AdamW(
        learning_rate=1e-3, weight_decay=1e-2, betas=(0.9, 0.999), epsilon=1e-8, steps=7500
    )
    assert 4 * collisions.lam == 1e-3
    noise = numerics.preset("fourth-norm")
    assert noise.optimizer == numerics.SGD(learning_rate=0.02, steps=100_000, l1="subgradient")
    assert noise.model.draws == "shared"


def test_a_preset_runs():
    setting = numerics.preset("fourth-norm", instances=2)
    run = setting.train(np.random.default_rng(1), steps=50)
    again = setting.train(np.random.default_rng(1), steps=50)
    assert run.outcome is numerics.Outcome.COMPLETED
    np.testing.assert_array_equal(run.weights, again.weights)


def test_unknown_presets_are_refused():
    with pytest.raises(ValueError, match=r"Got preset='figure 1'; choose one of collisions"):
        numerics.preset("figure 1")
    with pytest.raises(ValueError, match=r"Got a change='lambda_code'; choose one of"):
        numerics.preset("collisions", lambda_code=3)
