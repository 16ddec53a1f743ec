"""Inputs: what is active how often, and with what."""

import numpy as np
import pytest

from polysem import numerics

# Frequencies below are means of independent 0-1 variables over 20000 inputs. Null: the stated
# probability. By Hoeffding each is within .026 but for a chance of 2 exp(-2 * 20000 * .026^2)
# = 4e-12; a wrong one (p for p/2, p^2 for p^2/2) is off by .09 or more and always seen.
BATCH, TOLERANCE = 20_000, 0.026


def drawn(data, n=6):
    inputs, weights = data.draw(n, (), np.random.default_rng(11))
    assert weights.sum() == pytest.approx(1)
    return inputs


def together(inputs, i, j):
    return ((inputs[:, i] > 0) & (inputs[:, j] > 0)).mean()


def test_independent_features():
    inputs = drawn(numerics.BernoulliInputs(activation_probability=0.6, batch=BATCH))
    assert set(np.unique(inputs)) == {0.0, 1.0}
    assert np.abs((inputs > 0).mean(axis=0) - 0.6).max() < TOLERANCE
    assert abs(together(inputs, 0, 4) - 0.36) < TOLERANCE


def test_uniform_values():
    inputs = drawn(
        numerics.BernoulliInputs(activation_probability=0.6, values="uniform", batch=BATCH)
    )
    assert np.abs((inputs > 0).mean(axis=0) - 0.6).max() < TOLERANCE
    assert np.abs(inputs.mean(axis=0) - 0.3).max() < TOLERANCE
    assert inputs.max() <= 1


def test_blocks_co_occur_only_within_themselves():
    inputs = drawn(numerics.BlockInputs(activation_probability=0.6, batch=BATCH))
    assert np.abs((inputs > 0).mean(axis=0) - 0.3).max() < TOLERANCE
    assert abs(together(inputs, 0, 2) - 0.18) < TOLERANCE
    assert abs(together(inputs, 3, 5) - 0.18) < TOLERANCE
    assert together(inputs, 2, 3) == 0


def test_pairs_are_all_there_once():
    inputs, weights = numerics.PairInputs(pair_weight=0.2).draw(5, (), None)
    assert len({tuple(row) for row in inputs}) == len(inputs) == 15
    np.testing.assert_array_equal(weights, [1] * 5 + [0.2] * 10)
    np.testing.assert_array_equal(inputs.sum(axis=1), [1] * 5 + [2] * 10)


def test_each_network_has_its_own_batch():
    data = numerics.BernoulliInputs(activation_probability=0.5, batch=8)
    first, second = data.draw(4, (2,), np.random.default_rng(0))[0]
    assert (first != second).any()


@pytest.mark.parametrize("kind", [numerics.BernoulliInputs, numerics.BlockInputs])
def test_bad_settings_are_refused(kind):
    with pytest.raises(ValueError, match=r"Got activation_probability=0; it is a probability"):
        kind(activation_probability=0)
    with pytest.raises(ValueError, match=r"Got values='gauss'; choose one of binary, uniform"):
        kind(activation_probability=0.5, values="gauss")
