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
    assert numerics.dead_features(weights, 0.0) == sum(not row.any() for row in weights)
    lengths = [sum(w * w for w in row) ** 0.5 for row in weights]
    dead = sum(length <= 0.2 * max(lengths) for length in lengths)
    assert numerics.dead_features(weights) == dead


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


def half_dead(jitter):
    """Ten networks: 8 features on a neuron each, and 8 dead with what an optimizer leaves."""
    rng = np.random.default_rng(0)
    weights = jitter * rng.standard_normal((10, 16, 64))
    for network in weights:
        network[np.arange(8), rng.integers(0, 64, 8)] = 0.9 * rng.choice([-1, 1], 8)
    return weights


@pytest.mark.parametrize("jitter", [0.0, 1e-320, 1e-200, 1e-30, 1e-6, 1e-3])
@pytest.mark.parametrize("scale", [1.0, 1e-100, 1e100])
def test_a_row_is_dead_by_its_length_beside_the_longest(jitter, scale):
    weights = scale * half_dead(jitter)
    expected = np.arange(16) >= 8
    assert (numerics.dead_rows(weights) == expected).all()
    assert (numerics.dead_features(weights) == 8).all()
    kept = numerics.without_jitter(weights)
    assert (numerics.live_weights(kept) == ~expected).all()
    np.testing.assert_array_equal(kept[kept != 0], weights[kept != 0])


def test_the_scale_of_dead_rows_can_be_set():
    weights = np.diag([1.0, 0.5, 0.1, 0.0])
    for dead_below, dead in ((0.0, 1), (0.09, 1), (0.11, 2), (0.6, 3)):
        assert numerics.dead_features(weights, dead_below) == dead
    assert numerics.dead_rows(0.01 * np.eye(2), length=1.0).all()  # all features died
    assert not numerics.dead_rows(0.01 * np.eye(2)).any()
    np.testing.assert_array_equal(numerics.without_jitter(weights, 0.0), weights)
    for wrong in (-0.1, 1.0, np.nan, "0.2"):
        with pytest.raises(ValueError, match="Got dead_below="):
            numerics.dead_rows(weights, wrong)


def test_records_take_what_l1_leaves_near_zero_as_zero():
    start = numerics.initial_weights(16, 64, np.random.default_rng(1))
    names = ("live_weights", "winners", "winner_signs", "retained_winners", "l1_norm")
    run = numerics.train(
        start, 0.215, optimizer="adamw", steps=3000, record=names, record_at=[0, 3000]
    )
    dead = numerics.dead_rows(run.weights)
    assert dead.sum() == 8
    assert (run.records["live_weights"][1] == ~dead).all()
    assert ((run.records["winners"][1] == -1) == dead).all()
    assert ((run.records["winner_signs"][1] == 0) == dead).all()
    assert not run.records["retained_winners"][1][dead].any()
    np.testing.assert_array_equal(run.records["l1_norm"][1], np.abs(run.weights).sum(axis=1))
    exact = numerics.train(start, 0.0, optimizer="adamw", steps=1, record=names, record_at=[0])
    assert (exact.records["live_weights"] == 64).all()  # without l1 no weight is removed
