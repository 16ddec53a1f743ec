"""Interference as an additive kick: the identity, along runs and in continuous time."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from polysem import numerics


def recorded(lam=0.01, max_time=60.0, model=None, thresholds=(), n=12, m=32):
    start = numerics.initial_weights(n, m, np.random.default_rng(5), instances=2)
    recorder = numerics.KickRecorder(start, thresholds)
    run = numerics.train(
        start, lam, max_time=max_time, step_size=0.1, model=model, observe=recorder
    )
    return start, recorder, run.weights


def relative_error(weights, found, live):
    return np.abs(found - weights)[live].max() / np.abs(weights).max()


@pytest.mark.parametrize(
    "model", [None, numerics.AlteredInterference(support=0.3, winner_push=False)]
)
@pytest.mark.parametrize("max_time", [3.0, 60.0])
def test_the_identity_holds_along_a_run(model, max_time):
    _, recorder, weights = recorded(max_time=max_time, model=model)
    live = recorder.alive
    assert 20 < live.sum() < live.size
    assert relative_error(weights, recorder.weights(), live) < 1e-10
    assert np.abs(recorder.kick).max() > 0.1 * np.abs(recorder.size).max()


def test_wrong_identities_are_rejected():
    _, r, weights = recorded()
    amplitude, threshold = r.amplitude[..., None], r.threshold[..., None]
    wrong = {
        "sign": amplitude * (r.size - r.kick - threshold),
        "kick divided by lambda": amplitude * (r.size + r.kick / 0.01 - threshold),
        "no amplitude": r.size + r.kick - threshold,
        "no kick": amplitude * (r.size - threshold),
        "kick after growth": amplitude * (r.size - threshold) + r.kick,
    }
    for name, found in wrong.items():
        assert relative_error(weights, r.sign * found, r.alive) > 1e-3, name


def test_the_identity_holds_in_continuous_time():
    """The flow with A, B and eta beside it, by an adaptive integrator, before any weight dies."""
    n, m, lam = 4, 10, 0.02
    start = numerics.initial_weights(n, m, np.random.default_rng(2))
    start += 0.3 * np.sign(start)
    sign, size = np.sign(start), n * m

    def rate(_, state):
        weights, log_amplitude = state[:size].reshape(n, m), state[2 * size : 2 * size + n]
        force = numerics.forces(weights, lam)
        benefit = 1 - np.square(weights).sum(axis=1)
        kick = sign * force.interference * np.exp(-log_amplitude)[:, None]
        return np.concatenate(
            [force.total.ravel(), kick.ravel(), benefit, lam * np.exp(-log_amplitude)]
        )

    state = np.concatenate([start.ravel(), np.zeros(size + 2 * n)])
    end = solve_ivp(rate, (0, 0.6), state, method="DOP853", rtol=1e-12, atol=1e-13).y[:, -1]
    weights, kick = end[:size].reshape(n, m), end[size : 2 * size].reshape(n, m)
    amplitude, threshold = np.exp(end[2 * size : 2 * size + n]), end[2 * size + n :]
    assert (weights * sign > 0).all()
    found = sign * amplitude[:, None] * (np.abs(start) + kick - threshold[:, None])
    assert np.abs(found - weights).max() < 1e-10
    assert np.abs(kick).max() > 0.05


def test_a_lone_row_gets_no_kick_and_the_clock_of_the_exact_flow():
    start = numerics.initial_weights(1, 64, np.random.default_rng(1))
    recorder = numerics.KickRecorder(start)
    numerics.train(start, 0.01, max_time=20.0, step_size=0.002, observe=recorder)
    flow = numerics.row_flow(start[0], 0.01, [20.0])
    assert np.abs(recorder.kick).max() < 1e-15
    assert recorder.threshold[0, 0] == pytest.approx(flow.threshold[0], rel=2e-3)
    assert recorder.amplitude[0, 0] == pytest.approx(flow.amplitude[0], rel=2e-3)


def test_kicks_are_kept_along_the_clock():
    thresholds = (0.05, 0.2, 9.0)
    _, recorder, _ = recorded(thresholds=thresholds)
    assert np.isnan(recorder.kick_at[2]).all()
    first, second = recorder.kick_at[:2]
    assert np.isfinite(first).all()
    assert np.nanvar(second) > np.nanvar(first) > 0


def test_top_kicks_follow_the_largest_weights():
    initial = np.array([[[0.1, -0.4, 0.2], [0.3, 0.2, -0.1]]])
    kick = np.arange(6.0).reshape(1, 2, 3)
    assert numerics.top_kicks(initial, kick, keep=2).tolist() == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="keep=4"):
        numerics.top_kicks(initial, kick, keep=4)
