"""Starts of other laws, and the flow under a penalty on a power."""

import numpy as np
import pytest

from polysem import numerics, theory


@pytest.mark.parametrize(
    "initial", ["gaussian", "laplace", "uniform", "student", "orthogonal", "one-signed"]
)
def test_weights_have_the_mean_square_one_over_m(initial):
    """The sample mean of 640 000 squares; its standard error is at most 0.4 %, that is 8 of it."""
    weights = numerics.variant_weights(initial, 2, 16, np.random.default_rng(0), instances=20_000)
    assert (weights**2).mean() * 16 == pytest.approx(1, rel=0.03)
    assert (weights.min() >= 0) == (initial == "one-signed")


def test_more_orthonormal_rows_than_neurons_are_refused():
    with pytest.raises(ValueError, match="orthonormal rows need n <= m"):
        numerics.variant_weights("orthogonal", 3, 2, np.random.default_rng(0), instances=1)


def test_an_unknown_law_is_refused():
    with pytest.raises(ValueError, match="initial"):
        numerics.variant_weights("cauchy", 3, 2, np.random.default_rng(0), instances=1)


def test_power_one_is_the_flow_with_l1():
    start = numerics.initial_weights(4, 8, np.random.default_rng(0), instances=3)
    runs = [
        numerics.train(start, 0.02, optimizer=optimizer(step_size=0.002, max_time=20.0)).weights
        for optimizer in (numerics.Flow, numerics.PowerFlow)
    ]
    assert np.abs(runs[0] - runs[1]).max() < 2e-3
    assert np.array_equal(runs[0] != 0, runs[1] != 0)


@pytest.mark.parametrize("power", [0.5, 1.5])
def test_a_small_weight_dies_when_it_should(power):
    """Beside a weight w at rest, x^r obeys the linear equation y' = r (b y - lambda)."""
    root, lam, small = 2 - power, 0.01, 0.05
    weight = theory.variant(penalty=f"l{power}")["amplitude"](lam=lam)
    benefit = lam * weight**-root
    due = -np.log(1 - benefit * small**root / lam) / (root * benefit)
    times = np.linspace(0.9, 1.1, 41) * due
    live = numerics.train(
        np.array([[[weight, small]]]),
        lam,
        optimizer=numerics.PowerFlow(power=power, step_size=due / 5000, max_time=1.2 * due),
        record=["live_weights"],
        record_at=times,
    ).records["live_weights"]
    assert live[0].item() == 2
    assert times[np.argmax(live.ravel() == 1)] == pytest.approx(due, rel=0.02)


def test_a_power_of_two_is_refused():
    with pytest.raises(ValueError, match="give l2="):
        numerics.PowerFlow(power=2)


def test_a_network_that_l1_and_l2_kill_is_dead_and_not_diverged():
    run = numerics.train(
        np.array([[0.1, 0.05]]), 0.2, optimizer=numerics.PowerFlow(power=1.0), l2=0.1
    )
    assert run.outcome is numerics.Outcome.COLLAPSED
