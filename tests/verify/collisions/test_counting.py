"""Counts depend on entropy, cell and run alone, and agree with the reference implementation."""

import numpy as np
import pytest
from hypothesis import given
from reference import slow_polysemantic_neurons

from polysem import numerics, verify
from polysem.verify.collisions.counting import _initial, _same_sign
from polysem.verify.strategies import networks


def test_runs_extend_and_do_not_depend_on_the_batch(monkeypatch):
    cell = numerics.Cell(n=8, m=8, lam=0.1)
    whole = verify.count(cell, runs=10, entropy=3)
    monkeypatch.setattr("polysem.verify.collisions.counting._BATCH_WEIGHTS", 3 * 64)
    parts = verify.count(cell, runs=7, entropy=3)
    assert (whole.neurons[:7] == parts.neurons).all()
    assert (whole.retained[:7] == parts.retained).all()
    assert not (whole.retained == verify.count(cell, runs=10, entropy=4).retained).all()


def test_counts_are_those_of_the_slow_loop():
    cell = numerics.Cell(n=12, m=10, lam=0.1)
    counts = verify.count(cell, runs=6, entropy=0)
    for run in range(6):
        final = numerics.train(_initial(cell, run, 0), cell.lam).weights
        assert counts.neurons[run] == slow_polysemantic_neurons(final)


@given(networks(max_features=6, max_neurons=6, min_lam=0.02, max_lam=0.2, slots=True))
def test_counts_lie_between_their_bounds(network):
    cell = numerics.Cell(n=network.n, m=network.m, lam=network.lam)
    counts = verify.count(cell, runs=2, entropy=network.seed)
    alive = network.n - counts.dead
    assert (counts.neurons <= network.n // 2).all()
    assert (counts.scale_free >= np.maximum(0, alive - network.m)).all()
    assert counts.same_sign.sum() == 0
    assert ((counts.retained >= 0) & (counts.retained <= 1)).all()


def test_a_run_that_does_not_end_is_an_error():
    cell = numerics.Cell(n=4, m=8, lam=0.01, settings=(("max_steps", 2),))
    with pytest.raises(RuntimeError, match="max_steps"):
        verify.count(cell, runs=1, entropy=0)


def test_single_and_double_precision_end_alike():
    weights = numerics.initial_weights(32, 64, np.random.default_rng(0), instances=20)
    double = numerics.polysemantic_neurons(numerics.train(weights, 0.05).weights)
    single = numerics.polysemantic_neurons(numerics.train(weights.astype(np.float32), 0.05).weights)
    assert (double == single).all()


def test_a_cell_of_a_sweep_is_counted_as_it_says():
    """Scale and averaged noise of a cell reach the networks; draws at each step are refused."""
    small, large = (numerics.Cell(n=6, m=12, lam=0.1, scale=name) for name in ("xavier", "paper"))
    ratio = numerics.initial_scale("xavier", 6, 12) / numerics.initial_scale("paper", 6, 12)
    assert _initial(small, 0, 1) == pytest.approx(ratio * _initial(large, 0, 1), rel=1e-6)
    noisy = numerics.Cell(n=6, m=12, lam=0.1, sigma=0.3)
    final = numerics.train(_initial(noisy, 0, 1), 0.1, model=noisy.model).weights
    counts = verify.count(noisy, runs=1, entropy=1)
    assert counts.neurons[0] == slow_polysemantic_neurons(final)
    drawn = numerics.Cell(n=6, m=12, lam=0.1, sigma=0.3, noise="shared", optimizer="sgd")
    with pytest.raises(ValueError, match="noise='averaged'"):
        verify.count(drawn, runs=1, entropy=1)


@pytest.mark.parametrize("sign", [1, -1])
def test_two_features_of_one_sign_on_a_neuron_are_counted(sign):
    final = np.zeros((4, 3))
    final[:2, 0] = sign
    final[2:, 1] = 1, -1
    assert _same_sign(final) == 1
