"""What is read off a weight matrix, against loops that read like the definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import slow_polysemantic_neurons

from polysem import numerics


def slow_antipodal_pairs(weights, threshold=-0.8):
    count = 0
    for i in range(len(weights)):
        for j in range(i):
            lengths = np.linalg.norm(weights[i]) * np.linalg.norm(weights[j])
            if lengths > 0 and weights[i] @ weights[j] / lengths < threshold:
                count += 1
    return count


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_counts_agree_with_their_slow_twins(n, m, seed):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(n, m)) * (rng.random((n, m)) < 0.4)
    assert numerics.polysemantic_neurons(weights) == slow_polysemantic_neurons(weights)
    assert numerics.antipodal_pairs(weights) == slow_antipodal_pairs(weights)
    assert numerics.dead_features(weights) == sum(not row.any() for row in weights)


@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_counts_do_not_depend_on_the_order_or_sign_of_neurons(n, m, seed):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(n, m))
    moved = weights[:, rng.permutation(m)] * rng.choice([-1, 1], size=m)
    for rule in ("authors", "scale-free"):
        assert numerics.polysemantic_neurons(weights, rule) == numerics.polysemantic_neurons(
            moved, rule
        )
    np.testing.assert_allclose(numerics.overlaps(weights), numerics.overlaps(moved), atol=1e-12)


def test_the_scale_free_rule_puts_a_feature_on_one_neuron_at_most():
    weights = np.random.default_rng(0).normal(size=(50, 4))
    on = numerics.features_on_neurons(weights, "scale-free")
    assert on.sum(axis=1).max() == 1
    np.testing.assert_array_equal(on, numerics.features_on_neurons(7 * weights, "scale-free"))
    assert not numerics.features_on_neurons(np.ones((1, 2)), "scale-free").any()


def test_winners_keep_neuron_and_sign():
    start = np.array([[0.5, -0.6, 0.1], [0.2, 0.0, 0.3], [0.0, 0.4, 0.1]])
    final = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(numerics.retained_winners(start, final), [True, False, False])
    np.testing.assert_array_equal(numerics.winners(final), [1, 2, -1])
    np.testing.assert_array_equal(numerics.winner_signs(final), [-1, -1, 0])


def test_norms_are_sums_of_powers():
    weights = np.random.default_rng(1).normal(size=(2, 3, 5))
    for order in (1, 2, 4):
        np.testing.assert_allclose(
            numerics.row_norms(weights, order), (np.abs(weights) ** order).sum(axis=-1)
        )
    with pytest.raises(ValueError, match=r"Got order=3"):
        numerics.row_norms(weights, 3)


def test_correlation_of_start_and_end():
    weights = np.random.default_rng(2).normal(size=(4, 6))
    np.testing.assert_allclose(numerics.weight_correlation(weights, 3 * weights), 1)
    np.testing.assert_allclose(numerics.weight_correlation(weights, -weights), -1)
    np.testing.assert_array_equal(numerics.weight_correlation(weights, 0 * weights), 0)
