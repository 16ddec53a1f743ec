"""The training loop: descent, rest, outcomes, records, observers."""

import pickle
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from polysem import numerics, theory
from polysem.numerics import Outcome
from polysem.numerics.training.batch import Batch


def start(n, m, seed=0, **options):
    return numerics.initial_weights(n, m, np.random.default_rng(seed), **options)


@given(st.integers(1, 12), st.integers(1, 24), st.floats(0, 0.3), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_the_loss_never_rises_along_the_flow(n, m, lam, seed):
    rises = []

    def watch(step):
        change = step.problem.loss(step.after) - step.problem.loss(step.before)
        rises.append(float(change.max()))

    numerics.train(start(n, m, seed), lam, observe=watch, max_steps=300)
    assert max(rises) <= 1e-12 * n


@given(st.integers(1, 10), st.integers(1, 20), st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_at_rest_the_forces_balance(n, m, seed):
    lam = 0.05
    run = numerics.train(start(n, m, seed), lam, max_steps=50_000)
    assume(run.outcome is Outcome.CONVERGED)
    forces = numerics.forces(run.weights, lam)
    push = forces.feature_benefit + forces.interference
    alive = run.weights != 0
    assert np.abs((push + forces.regularization)[alive]).max(initial=0) < 1e-5 * lam
    assert np.abs(push[~alive]).max(initial=0) < lam * (1 + 1e-5)


def test_a_lone_weight_rests_at_the_amplitude():
    lam = 0.1
    run = numerics.train(np.array([[0.9]]), lam, tolerance=1e-10)
    w = float(run.weights[0, 0])
    assert (1 - w * w) * w == pytest.approx(lam, rel=1e-9)


def test_the_step_error_is_of_first_order():
    initial = start(6, 18, 5)

    def at(h):
        return numerics.train(initial, 0.02, step_size=h, max_time=2.0).weights

    fine = at(2.0 / 8192)
    coarse, small = (np.linalg.norm(at(h) - fine) for h in (2 / 32, 2 / 512))
    assert np.log2(coarse / small) / 4 == pytest.approx(1, abs=0.15)


def test_weights_die_and_revive_but_zero_neurons_stay():
    seen, revived = np.zeros((24, 32), bool), []

    def watch(step):
        nonlocal seen
        zero_before, zero_after = step.before[0] == 0, step.after[0] == 0
        revived.append(int((zero_before & ~zero_after).sum()))
        dead_neuron = zero_before.all(axis=0)
        assert zero_after[:, dead_neuron].all()
        seen |= zero_after

    numerics.train(start(24, 32, 3), 0.02, observe=watch)
    assert seen.any()
    assert sum(revived) > 0


@pytest.mark.parametrize("seed", range(4))
def test_leaving_out_zero_neurons_changes_nothing(seed):
    initial = start(12, 60, seed, instances=3)
    fast = numerics.train(initial, 0.03)
    plain = numerics.train(initial, 0.03, reduce=False)
    np.testing.assert_allclose(fast.weights, plain.weights, atol=1e-12)
    np.testing.assert_array_equal(fast.steps, plain.steps)


@pytest.mark.parametrize("seed", range(2))
def test_setting_aside_features_at_rest_changes_nothing_but_the_tolerance(seed):
    initial = start(40, 60, seed)  # a network alone: settled features leave the loop
    fast = numerics.train(initial, 0.03, record="live_weights", record_at=[20.0, 120.0])
    plain = numerics.train(
        initial, 0.03, reduce=False, record="live_weights", record_at=[20.0, 120.0]
    )
    np.testing.assert_allclose(fast.weights, plain.weights, atol=1e-6)
    np.testing.assert_array_equal(fast.records["live_weights"], plain.records["live_weights"])


def test_instances_do_not_see_each_other():
    initial = start(6, 20, 1, instances=4)
    together = numerics.train(initial, 0.05)
    for k in range(4):
        alone = numerics.train(initial[k], 0.05)
        assert alone.outcome is Outcome.CONVERGED
        np.testing.assert_allclose(together.weights[k], alone.weights, atol=1e-12)
        assert together.steps[k] == alone.steps


def test_single_precision_is_kept_and_agrees():
    initial = start(8, 40, 2)
    single = numerics.train(initial.astype(np.float32), 0.05)
    double = numerics.train(initial, 0.05)
    assert single.weights.dtype == np.float32
    np.testing.assert_allclose(single.weights, double.weights, atol=1e-4)


def test_records_are_taken_at_the_stated_times():
    initial = start(5, 30, 6, instances=2)
    run = numerics.train(
        initial,
        0.05,
        record=("live_weights", "row_norm2", "weights", "retained_winners"),
        record_at=(0.0, 1.0, 7.5, 1e6),
    )
    assert run.records["live_weights"].shape == (4, 2, 5)
    np.testing.assert_array_equal(run.records["weights"][0], initial)
    np.testing.assert_array_equal(run.records["weights"][-1], run.weights)
    until = numerics.train(initial, 0.05, max_time=7.5, record="weights", record_at=[1.0])
    np.testing.assert_allclose(run.records["weights"][2], until.weights, atol=1e-12)
    assert until.time == pytest.approx(7.5, rel=1e-12)
    live = run.records["live_weights"]
    assert (live[-1] <= live[1]).all()


def test_what_is_never_reached_is_recorded_as_nan():
    run = numerics.train(start(3, 5), 0.1, max_steps=3, record="winners", record_at=[50.0])
    assert np.isnan(run.records["winners"]).all()
    assert run.records["winners"].shape == (1, 3)


def test_a_failed_run_survives_the_way_between_processes():
    with pytest.raises(numerics.TrainingError) as caught:
        numerics.train(start(3, 5), 0.1, max_steps=3, throw=True)
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.solution.outcome is Outcome.OUT_OF_STEPS


def test_own_measures_are_recorded():
    run = numerics.train(
        start(3, 9),
        0.1,
        record={"largest": lambda weights: np.abs(weights).max(axis=(-2, -1))},
        record_at=[0.0, 2.0],
    )
    assert run.records["largest"].shape == (2,)


def test_collapse_is_an_outcome():
    run = numerics.train(start(3, 50), 1.0)
    assert run.outcome is Outcome.COLLAPSED
    assert not run.weights.any()
    assert "lower lam" in run.outcome.value


def test_a_network_that_dies_between_two_looks_has_collapsed():
    """All its neurons are left out before it is seen at rest."""
    initial = np.random.default_rng(286).normal(0, 1 / 16, (6, 256))
    assert numerics.train(initial, 0.15).outcome is Outcome.COLLAPSED


def test_out_of_steps_is_an_outcome_and_can_be_thrown():
    run = numerics.train(start(6, 20), 0.02, max_steps=5)
    assert run.outcome is Outcome.OUT_OF_STEPS
    assert run.steps == 5
    with pytest.raises(numerics.TrainingError, match="raise max_steps") as caught:
        numerics.train(start(6, 20), 0.02, max_steps=5, throw=True)
    assert caught.value.solution.steps == 5


@pytest.mark.parametrize(
    ("optimizer", "setting"),
    [("flow", {"step_size": 30.0}), ("sgd", {"learning_rate": 9.0, "steps": 200})],
)
def test_divergence_is_an_outcome_and_records_are_kept(optimizer, setting):
    run = numerics.train(
        start(6, 20),
        0.02,
        optimizer=optimizer,
        record="row_norm2",
        record_at=[0.0, 1e4],
        **setting,
    )
    assert run.outcome is Outcome.DIVERGED
    assert np.isfinite(run.records["row_norm2"][0]).all()


def test_a_stopped_run_returns_what_there_is():
    def stop(step):
        if step.time[0] > 3:
            raise KeyboardInterrupt

    run = numerics.train(
        start(6, 20), 0.02, observe=stop, record="live_weights", record_at=[0.0, 1.0, 50.0]
    )
    assert run.outcome is Outcome.INTERRUPTED
    assert run.time > 3
    assert np.isfinite(run.records["live_weights"][:2]).all()
    assert np.isnan(run.records["live_weights"][2]).all()
    with pytest.raises(KeyboardInterrupt):
        numerics.train(start(6, 20), 0.02, observe=stop, throw=True)


class Quadratic:
    """A model of one's own: 2 |W|^2, so that the flow is W' = -W."""

    keeps_zero_neurons = True

    def loss(self, weights):
        return 2 * np.square(weights).sum(axis=(-2, -1))

    def gradient(self, weights, rng=None):
        return 4 * weights


def test_any_model_with_a_loss_and_a_gradient_can_be_trained():
    run = numerics.train(start(3, 4), 0.0, model=Quadratic(), step_size=1e-3, max_time=1.0)
    np.testing.assert_allclose(run.weights, run.initial * np.exp(-1), rtol=1e-3)


def test_l2_acts_as_stated():
    initial = np.array([[0.5]])
    run = numerics.train(initial, 0.0, l2=0.19, tolerance=1e-9)
    assert float(run.weights[0, 0]) == pytest.approx(0.9)  # (1 - w^2) w = l2 w


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lam": -0.1}, r"Got lam=-0\.1; lam is an l1 weight and must be >= 0"),
        ({"lam": float("nan")}, r"Got lam=nan; lam is an l1 weight"),
        ({"optimizer": "adam"}, r"Got optimizer='adam'; choose one of flow, "),
        (
            {"learning_rate": 1.0},
            r"Got learning_rate=1\.0; flow has no setting learning_rate: choose from max_time, ",
        ),
        ({"step_size": 0.0}, r"Got step_size=0\.0; step_size is a step in flow time"),
        ({"record": "norm", "record_at": [1.0]}, r"Got record='norm'; choose from live_weights"),
        ({"record": "winners"}, r"Got only one of record \(quantities\) and record_at"),
        ({"record": "winners", "record_at": [2.0, 1.0]}, r"Got record_at=\[2\.0, 1\.0\]"),
        ({"rng": 3}, r"Got rng=3; give a Generator"),
        ({"optimizer": numerics.SGD}, r"Got optimizer=<class"),
        ({"max_time": "long"}, r"Got max_time='long'"),
        ({"record": "winners", "record_at": 5.0}, r"Got record_at=5.0; give a list"),
        ({"record": {"top": np.max}, "record_at": [1.0]}, r"Got a measure 'top' of shape \(\)"),
    ],
)
def test_bad_arguments_are_refused_in_one_line(arguments, message):
    lam = arguments.pop("lam", 0.1)
    with pytest.raises(ValueError, match=message):
        numerics.train(start(2, 3), lam, **arguments)


def test_progress_changes_nothing(capsys):
    quiet = numerics.train(start(4, 12), 0.1)
    loud = numerics.train(start(4, 12), 0.1, progress=True)
    np.testing.assert_array_equal(quiet.weights, loud.weights)
    assert "1/1" in capsys.readouterr().err


@pytest.mark.nightly
@pytest.mark.parametrize(("optimizer", "settings"), [("flow", {}), ("splitting", {"rel": 0.0025})])
def test_accelerated_runs_choose_the_winners_of_a_plain_run(optimizer, settings):
    draws = np.random.default_rng(7)
    same, features = 0, 0
    for case in range(50):
        n = int(draws.integers(4, 33))
        m = int(draws.integers(n, 97))
        lam = float(10 ** draws.uniform(-2.3, -1.3))
        initial = start(n, m, case)
        plain = numerics.train(initial, lam, safety=0.05, reduce=False).weights
        fast = numerics.train(initial, lam, optimizer=optimizer, **settings).weights
        agree = numerics.winners(fast) == numerics.winners(plain)
        agree &= numerics.winner_signs(fast) == numerics.winner_signs(plain)
        same, features = same + int(agree.sum()), features + n
    assert same >= 0.99 * features


def test_accelerated_runs_choose_the_winners_of_a_plain_run_in_few_networks():
    initial = start(16, 32, 8, instances=4)
    plain = numerics.train(initial, 0.02, safety=0.05, reduce=False).weights
    for optimizer in ("flow", "splitting"):
        fast = numerics.train(initial, 0.02, optimizer=optimizer).weights
        assert (numerics.winners(fast) == numerics.winners(plain)).sum() >= 62  # of 64


def test_the_seconds_are_those_of_the_run():
    before = time.perf_counter()
    run = numerics.train(np.eye(2, 3), 0.1)
    assert 0 <= run.stats["seconds"] <= time.perf_counter() - before


def interrupt(step):
    if step.time[0] > 3:
        raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("options", "outcome", "error"),
    [
        ({"observe": interrupt}, Outcome.INTERRUPTED, KeyboardInterrupt),
        ({"max_steps": 5}, Outcome.OUT_OF_STEPS, numerics.TrainingError),
        ({"step_size": 30.0}, Outcome.DIVERGED, numerics.TrainingError),
        (
            {"optimizer": "quasistatic", "max_pushes": 1},
            Outcome.OVERLAPPING,
            numerics.TrainingError,
        ),
    ],
)
def test_the_weights_of_a_run_that_did_not_end_as_asked_are_refused(options, outcome, error):
    run = numerics.train(start(12, 8, 8), 0.02, **options)
    assert run.outcome is outcome
    with pytest.raises(error, match=r"partial_weights"):
        numerics.polysemantic_neurons(run.weights)
    with pytest.raises(error):
        run.as_asked()
    with pytest.raises(error):
        numerics.train(start(12, 8, 8), 0.02, throw=True, **options)
    assert run.partial_weights.shape == (12, 8)


def test_the_end_of_the_requested_time_is_what_was_asked_for():
    run = numerics.train(start(6, 20), 0.02, max_time=2.0)
    assert run.outcome is Outcome.COMPLETED
    assert run.as_asked() is run
    np.testing.assert_array_equal(run.weights, run.partial_weights)


def test_an_interruption_counts_before_any_other_outcome():
    """Of a stack with a diverged network too: the caller has to stop, not to mend a step size."""
    run = numerics.train(start(6, 20, instances=2), 0.1)
    outcomes = np.array([Outcome.INTERRUPTED, Outcome.DIVERGED], dtype=object)
    with pytest.raises(KeyboardInterrupt):
        _ = replace(run, outcomes=outcomes).weights


def test_an_interruption_after_the_last_network_is_not_lost(monkeypatch):
    """All outcomes are good then, so that none of them would stop the caller."""

    def keep(*given):
        raise KeyboardInterrupt

    monkeypatch.setattr(Batch, "keep", keep)
    with pytest.raises(KeyboardInterrupt):
        numerics.train(start(3, 9), 0.1)


def test_a_step_cut_short_by_a_record_shows_no_rest():
    """The sixteenth step, after which the loop looks, has a duration of 1e-8."""
    times = [1.5, 1.5 + 1e-8, 50.0]
    initial = start(6, 20, 1).astype(np.float32)
    run = numerics.train(initial, 0.0, step_size=0.1, record="row_norm2", record_at=times)
    assert run.time > 2
    plain = numerics.train(initial, 0.0, step_size=0.1)
    np.testing.assert_allclose(run.weights, plain.weights, atol=1e-5)


class Drawn(Quadratic):
    """The gradient of a mean that is sampled anew at every step, and almost always zero."""

    def gradient(self, weights, rng=None):
        return super().gradient(weights) * 1e3 * (rng.random() < 1e-3)


@pytest.mark.parametrize(
    ("model", "lam"),
    [
        (Drawn(), 0.0),
        (numerics.Bernoulli(activation_probability=0.001, batch=64), 0.0),
        (numerics.SampledNoise(noise=numerics.Noise(sigma=1e-9)), 0.05),
        (
            numerics.Autoencoder(
                data=numerics.BernoulliInputs(activation_probability=0.001, batch=64)
            ),
            0.0,
        ),
    ],
)
def test_sampled_data_or_noise_show_no_rest(model, lam):
    """One batch may be empty, or nearly so; the run ends at the time that was asked for."""
    rng = np.random.default_rng(1)
    run = numerics.train(start(5, 16, 1), lam, model=model, rng=rng, max_time=150.0)
    assert run.outcome is Outcome.COMPLETED
    assert run.time == pytest.approx(150)


@pytest.mark.parametrize(("scale", "dtype"), [(1e4, np.float64), (1e7, np.float32)])
def test_unscaled_weights_end_in_the_same_state_by_both_step_rules(scale, dtype):
    """That of the row sums, and that of other models, whose stiffness is not known."""
    initial = (scale * np.random.default_rng(0).standard_normal((4, 8))).astype(dtype)
    run = numerics.train(initial, 0.02)
    pairs = numerics.train(initial, 0.02, model=numerics.Pairs(pair_weight=0.0))
    assert run.steps < 15_000
    np.testing.assert_allclose(pairs.weights, run.weights, atol=1e-5)
    amplitude = theory.amplitude(lam=0.02)
    np.testing.assert_allclose(np.abs(run.weights).max(axis=1), amplitude, atol=1e-5)


def test_weights_of_deviation_1_take_no_more_steps_than_by_splitting():
    initial = np.random.default_rng(0).standard_normal((32, 128))
    flow = numerics.train(initial, 0.02)
    assert flow.outcome is Outcome.CONVERGED
    assert flow.steps < 1.5 * numerics.train(initial, 0.02, optimizer="splitting").steps


def test_a_start_outside_all_bounds_is_refused():
    with pytest.raises(ValueError, match=r"size 1e\+09; the size must be at most 1e\+08"):
        numerics.train(np.full((2, 3), 1e9), 0.02)


def test_a_run_that_did_not_end_as_asked_still_prints():
    run = numerics.train(start(6, 20), 0.02, max_steps=3)
    assert "outcome=out_of_steps" in repr(run)


def test_a_network_that_l1_and_l2_kill_collapses():
    """Its step size was 0/0 once all weights were zero."""
    run = numerics.train(np.array([[0.1, 0.05]]), 0.2, l2=0.1)
    assert run.outcome is numerics.Outcome.COLLAPSED
    assert not run.weights.any()
