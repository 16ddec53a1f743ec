"""No run in single precision ends where two weights of a row balance, unless they start equal."""

import numpy as np
import pytest

from polysem import numerics
from polysem.numerics import Cell, Outcome
from polysem.numerics.training.rest import in_double
from polysem.verify.collisions.counting import _initial

# optimizer, lam, and the time between two looks at rest where rows have two weights
KINDS = [
    pytest.param(numerics.Flow(), 0.1, 16 * 0.4, id="flow"),
    pytest.param(numerics.Flow(), 0.03, 16 * 0.4, id="flow-weak"),
    pytest.param(numerics.SplitFlow(rel=0.05), 0.1, 16 * 0.05 / (0.1 * 2**0.5), id="splitting"),
    pytest.param(numerics.QuasiStatic(), 0.0, 4 * 0.1 / 2**0.5, id="limit"),
]
of_each_kind = pytest.mark.parametrize(("optimizer", "lam", "look"), KINDS)
ONE = np.float32(0.75)


def several_live(run):
    return (numerics.live_weights(run.weights) > 1).any()


def two_weights(roundings):
    """A row with two weights that far apart, beside one at rest."""
    return np.array([[0, ONE - roundings * np.spacing(ONE), ONE, 0], [0, 0, 0, 1]], np.float32)


def parting(start, optimizer, lam):
    """A run, and until when its first row had two weights."""
    times = []

    def note(step):
        if np.count_nonzero(step.before[0, 0]) > 1:
            times.append(step.time[0])

    return numerics.train(start, lam, optimizer=optimizer, observe=note), times[-1]


@of_each_kind
@pytest.mark.parametrize("roundings", [1, 4, 50, 1000])
def test_the_larger_of_two_weights_wins_when_double_precision_says(optimizer, lam, look, roundings):
    start = two_weights(roundings)
    run, time = parting(start, optimizer, lam)
    _, double = parting(start.astype(float), optimizer, lam)
    assert run.outcome is Outcome.CONVERGED
    assert run.weights.dtype == np.float32
    assert np.flatnonzero(run.weights[0]).tolist() == [2]
    if roundings >= 50:  # closer than that single precision knows their order, not by how much
        assert abs(time - double) <= 2 * look + 0.01 * double


@of_each_kind
def test_equal_weights_stay_equal_as_in_the_exact_flow(optimizer, lam, look):
    run = numerics.train(two_weights(0), lam, optimizer=optimizer)
    assert run.outcome is Outcome.CONVERGED
    assert run.weights[0, 1] == run.weights[0, 2] > 0.6


@of_each_kind
@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(s, marks=pytest.mark.nightly) for s in (2, 3))]
)
def test_no_start_between_two_ends_comes_to_rest_in_a_balance(optimizer, lam, look, seed):
    """Bisection to the last bit between networks that end differently."""

    def end(start):
        run = numerics.train(start, lam, optimizer=optimizer)
        assert run.outcome is Outcome.CONVERGED
        assert not several_live(run)
        return (numerics.winners(run.weights) * numerics.winner_signs(run.weights)).tolist()

    halvings = 0
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 8))
    low, high = numerics.initial_weights(n, n + 1, rng, instances=2, dtype=np.float32)
    first = end(low)
    assert first != end(high)
    while not ((middle := (low + high) / 2) == low).all() and not (middle == high).all():
        halvings += 1
        if end(middle) == first:
            low = middle
        else:
            high = middle
    assert halvings > 20  # the bits of single precision


def test_a_balance_that_a_night_found_comes_to_rest():
    cell = Cell(n=32, m=32, lam=0.0, optimizer="quasistatic")
    start = _initial(cell, 91, 11781354064331549732727606769916616639)
    run = numerics.train(start, 0.0, optimizer="quasistatic")
    assert run.outcome is Outcome.CONVERGED
    assert not several_live(run)


@of_each_kind
def test_rows_that_balance_on_the_same_neurons_part(optimizer, lam, look):
    start = np.array([[0.75, ONE - 4 * np.spacing(ONE)], [0.75, -0.75]], np.float32)
    start[1, 0] += 2 * np.spacing(ONE)
    run = numerics.train(start, lam, optimizer=optimizer)
    assert run.outcome is Outcome.CONVERGED
    assert not several_live(run)


def test_networks_of_a_batch_and_their_records_do_not_depend_on_each_other():
    others = numerics.initial_weights(2, 4, np.random.default_rng(0), instances=2, dtype="f4")
    batch = np.stack([others[0], two_weights(50), others[1]])
    options = {"record": ["live_weights"], "record_at": [1.0, 100.0, 2000.0]}
    together = numerics.train(batch, 0.01, **options)
    for index, start in enumerate(batch):
        alone = numerics.train(start, 0.01, **options)
        np.testing.assert_array_equal(together.weights[index], alone.weights)
        assert together.time[index] == alone.time
        live = alone.records["live_weights"]
        np.testing.assert_array_equal(together.records["live_weights"][:, index], live)
    assert together.records["live_weights"][:, 1, 0].tolist() == [2, 2, 1]


def test_a_run_that_is_over_before_the_balance_ends_still_moves():
    run = numerics.train(two_weights(50), 0.01, max_time=100.0)
    assert run.outcome is Outcome.COMPLETED
    assert run.time == 100.0


def test_double_precision_begins_within_the_rounding_of_single():
    weights = np.array([[0.5, -0.5, 0, 0.25], [0, 0.5, 0.5, 0], [0, 0, 0, 1]], np.float32)[None]
    initial = np.array([[0.3, 0.4, 0.1, 0.2], [0, 0.4, 0.4, 0], [0, 0, 0, 1]], np.float32)[None]
    ((first, second, third),) = finer = in_double(weights, initial)
    np.testing.assert_array_equal(finer.astype(np.float32), weights)
    assert finer.dtype == float
    assert -first[1] > first[0] > 0.5 - 1e-15
    assert second[1] == second[2]
    assert third.tolist() == [0, 0, 0, 1]
