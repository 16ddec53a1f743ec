"""Interference with a part taken out."""

import numpy as np
import pytest

from polysem import numerics


def sparse_weights(seed):
    rng = np.random.default_rng(seed)
    return rng.normal(0, 0.5, (5, 7)) * (rng.random((5, 7)) < 0.7)


def slow_growth(weights, i, k, sign, support, winner_push):
    """How fast |W_ik| grows by interference if its sign is the given one."""
    growth = 0.0
    for j, row in enumerate(weights):
        overlap = max(0.0, float(weights[i] @ row))
        if j == i or row[k] == 0:
            continue
        if row[k] * sign > 0:
            growth -= overlap * abs(row[k])
        elif winner_push or k != np.argmax(np.abs(row)):
            growth += support * overlap * abs(row[k])
    return growth


def slow_force(weights, support, winner_push):
    force = np.zeros_like(weights)
    for i, k in np.ndindex(*weights.shape):
        sign = np.sign(weights[i, k])
        if sign:
            force[i, k] = sign * slow_growth(weights, i, k, sign, support, winner_push)
        else:
            for sign in (1, -1):
                grown = slow_growth(weights, i, k, sign, support, winner_push)
                force[i, k] += sign * max(0.0, grown)
    return force


@pytest.mark.parametrize("support", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("winner_push", [True, False])
def test_the_altered_force_equals_its_slow_twin(support, winner_push):
    weights = sparse_weights(3)
    model = numerics.AlteredInterference(support=support, winner_push=winner_push)
    benefit = (1 - np.square(weights).sum(axis=1))[:, None] * weights
    slow = -4 * (benefit + slow_force(weights, support, winner_push))
    assert np.allclose(model.gradient(weights), slow, rtol=0, atol=1e-12)


def test_whole_support_is_the_papers_force_at_zeros_too():
    for seed in range(5):
        weights = sparse_weights(seed)
        found = numerics.AlteredInterference().gradient(weights)
        assert np.allclose(found, numerics.gradient(weights), rtol=0, atol=1e-13)


def test_without_support_no_weight_revives_and_none_is_helped():
    weights = sparse_weights(1)
    lone = (1 - np.square(weights).sum(axis=1))[:, None] * weights
    force = -numerics.AlteredInterference(support=0.0).gradient(weights) / 4 - lone
    assert (force[weights == 0] == 0).all()
    assert (force * np.sign(weights) <= 1e-15).all()


def test_bad_input():
    with pytest.raises(ValueError, match=r"support=1\.5"):
        numerics.AlteredInterference(support=1.5)
