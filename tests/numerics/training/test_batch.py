"""A batch leaves out what no longer changes, and gives back whole networks."""

import sys

import numpy as np

from polysem.numerics.training.batch import Batch


def test_zero_neurons_are_left_out_and_come_back():
    rng = np.random.default_rng(0)
    live = np.zeros((2, 40), bool)
    live[0, [3, 8, 11, 20, 21, 22, 25, 30, 38, 39]] = True
    live[1, [0, 7, 13, 19, 33, 37]] = True
    weights = rng.standard_normal((2, 3, 40)) * live[:, None]
    batch = Batch(np.arange(2), weights.copy())
    batch.drop_zero_neurons()
    assert batch.weights.shape == (2, 3, 10)
    for left, alive in zip(batch.columns, live, strict=True):  # in the order of the neurons
        assert left[: alive.sum()].tolist() == np.flatnonzero(alive).tolist()
    np.testing.assert_array_equal(batch.full(np.arange(2)), weights)


def test_an_empty_batch_stays_empty():
    batch = Batch(np.arange(0), np.zeros((0, 3, 4)))
    batch.drop_zero_neurons()
    assert batch.weights.shape == (0, 3, 4)


def test_rows_at_rest_on_neurons_of_their_own_are_left_out_and_come_back():
    """The second network has one such row more, which stays and makes it as large as the first."""
    weights = np.array(
        [
            [[0.9, 0, 0, 0], [0, 0.5, -0.2, 0], [0, -0.1, 0.6, 0], [0, 0, 0.3, 0]],
            [[0, 0.7, 0.1, 0], [0.8, 0, 0, 0], [0, 0, 0, -0.9], [0, 0.6, 0, 0]],
        ]
    )
    resting = np.array([[True, False, False, True], [False, True, True, False]])
    batch = Batch(np.arange(2), weights.copy())
    stays = batch.set_aside(resting)
    assert stays is not None
    assert stays.tolist() == [[1, 2, 3], [0, 3, 1]]
    np.testing.assert_array_equal(batch.weights[0], weights[0, 1:, 1:3])
    np.testing.assert_array_equal(batch.weights[1], [[0.7, 0.1], [0.6, 0], [0, 0]])
    np.testing.assert_array_equal(batch.full(np.arange(2)), weights)
    assert batch.any_set_aside.tolist() == [True, True]
    kept = np.zeros_like(weights)
    batch.keep(np.array([False, True]), kept)
    np.testing.assert_array_equal(kept[0], weights[0])
    np.testing.assert_array_equal(batch.full(np.array([0])), weights[1:])


def interrupted(action, line):
    """Do the action, and interrupt it before a line of the module; whether it got so far."""

    def trace(frame, event, _):
        nonlocal line
        if not frame.f_code.co_filename.endswith("training/batch.py"):
            return None
        line -= event == "line"
        if line < 0:
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_an_interruption_at_any_line_leaves_whole_networks():
    weights = np.zeros((3, 6, 20))
    weights[:, [0, 1, 2], [3, 4, 5]] = 0.9
    weights[:, 3:, 10:13] = np.random.default_rng(0).standard_normal((3, 3, 3))
    resting = np.array([[True, True, True, False, False, False]] * 3)
    for line in range(200):
        batch, kept = Batch(np.arange(3), weights.copy()), np.zeros_like(weights)

        def shrink(batch=batch, kept=kept):
            batch.drop_zero_neurons()
            batch.set_aside(resting)
            batch.keep(np.array([True, False, True]), kept)

        went = interrupted(shrink, line)
        batch.store(kept)
        np.testing.assert_array_equal(kept, weights)
        if not went:
            break
    assert 40 < line < 199
