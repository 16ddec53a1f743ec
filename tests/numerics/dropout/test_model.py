"""The loss under dropout: exact against a sum over all masks, and what is Gaussian beyond."""

import itertools

import numpy as np
import pytest

from polysem import numerics

RATES = (0.0, 0.1, 0.5, 0.9)


def slow(weights, rate, kept=None, frequencies=1.0, importance=1.0):
    """Loss and gradient by the sum over all masks; kept neurons are divided by 1 - rate."""
    n, m = weights.shape
    weight = np.outer(importance * np.ones(n), frequencies * np.ones(n))  # output, input
    kept = 1 - rate if kept is None else kept
    loss, gradient = 0.0, np.zeros_like(weights)
    for mask in itertools.product((0, 1), repeat=m):
        chance = np.prod(np.where(mask, 1 - rate, rate))
        mask = np.array(mask) / kept
        output = (weights * mask) @ weights.T
        error = weight * (np.maximum(output, 0) - np.eye(n)) * (output > 0)
        loss += chance * (weight * (np.maximum(output, 0) - np.eye(n)) ** 2).sum()
        gradient += chance * 2 * (error.T @ (weights * mask) + (error @ weights) * mask)
    return loss, gradient


def network(rng, n=4, m=8):
    """Random weights, of which some are 0."""
    return rng.standard_normal((n, m)) * (rng.random((n, m)) < 0.8)


@pytest.mark.parametrize("rate", RATES)
def test_loss_and_gradient_are_the_sum_over_all_masks(rate, entropy):
    rng = np.random.default_rng([entropy, 1])
    stack = np.stack([network(rng) for _ in range(3)])
    model = numerics.Dropout(rate=rate)
    for single, loss, gradient in zip(stack, model.loss(stack), model.gradient(stack), strict=True):
        exact = slow(single, rate)
        assert loss == pytest.approx(exact[0], rel=1e-12)
        np.testing.assert_allclose(gradient, exact[1], atol=1e-12 * np.abs(exact[1]).max())
        assert model.loss(single) == pytest.approx(loss, rel=1e-14)


@pytest.mark.parametrize("rate", RATES)
def test_unequal_features_are_the_sum_over_all_masks(rate, entropy):
    rng = np.random.default_rng([entropy, 9])
    given = {name: rng.uniform(0.2, 2, 4) for name in ("frequencies", "importance")}
    stack = np.stack([network(rng) for _ in range(3)])
    model = numerics.Dropout(rate=rate, features=numerics.UnequalFeatures(**given))
    for single, loss, gradient in zip(stack, model.loss(stack), model.gradient(stack), strict=True):
        exact = slow(single, rate, **given)
        assert loss == pytest.approx(exact[0], rel=1e-12)
        np.testing.assert_allclose(gradient, exact[1], atol=1e-12 * np.abs(exact[1]).max())
        for name in given:  # one of the two left out
            other = slow(single, rate, **(given | {name: 1.0}))
            assert loss != pytest.approx(other[0], rel=1e-3)
    plain = numerics.UnequalFeatures(**given)
    if rate == 0:
        np.testing.assert_allclose(model.gradient(stack), plain.gradient(stack), rtol=1e-12)


def test_pairs_that_co_occur_and_other_sizes_are_refused():
    pairs = numerics.UnequalFeatures(frequencies=[1, 1], pairs=[[0, 0.1], [0.1, 0]])
    three = numerics.UnequalFeatures(frequencies=[1, 1, 1])
    for kind in (numerics.Dropout, numerics.SampledDropout):
        with pytest.raises(ValueError, match="no exact mean over the masks"):
            kind(rate=0.1, features=pairs)
        model = kind(rate=0.1, features=three)
        with pytest.raises(ValueError, match="weights of 2 features for a model of 3"):
            model.gradient(np.eye(2), np.random.default_rng(0))


def test_the_rate_for_what_is_kept_is_seen():
    weights = network(np.random.default_rng(2))
    model = numerics.Dropout(rate=0.3)
    assert model.loss(weights) != pytest.approx(slow(weights, 0.7)[0], rel=0.1)
    assert model.loss(weights) != pytest.approx(slow(weights, 0.3, kept=0.3)[0], rel=0.1)


def test_without_the_division_the_weights_are_scaled():
    weights, rate = network(np.random.default_rng(3)), 0.3
    plain, _ = slow(weights, rate, kept=1.0)
    assert numerics.Dropout(rate=rate).loss(np.sqrt(1 - rate) * weights) == pytest.approx(plain)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_the_gaussian_form_of_many_shared_neurons_is_close(rate, entropy):
    """Rows of norm 1 that share 12 neurons; the error of the loss, and of all forces."""
    rng = np.random.default_rng([entropy, 4])
    stack = rng.standard_normal((20, 4, 12)) / np.sqrt(12)
    exact, close = (numerics.Dropout(rate=rate, exact_up_to=k) for k in (12, 0))
    np.testing.assert_allclose(close.loss(stack), exact.loss(stack), rtol=0.05)
    error = np.linalg.norm(close.gradient(stack) - exact.gradient(stack))
    assert error < 0.05 * np.linalg.norm(exact.gradient(stack))
    assert np.abs(close.loss(stack) / exact.loss(stack) - 1).max() > 1e-5  # it is not exact


def test_one_sign_needs_no_sum_over_masks():
    rng = np.random.default_rng(5)
    weights = np.abs(rng.standard_normal((2, 10)))
    for signs in (1, [[1], [-1]]):
        exact = slow(signs * weights, 0.4)
        model = numerics.Dropout(rate=0.4, exact_up_to=0)
        assert model.loss(signs * weights) == pytest.approx(exact[0], rel=1e-12)
        np.testing.assert_allclose(model.gradient(signs * weights), exact[1], rtol=1e-11)


def test_sampled_gradients_average_to_the_exact_one(entropy):
    """Null: mean of 40 000 gradients is the averaged one; 48 entries, |z| < 6.6, rate 2e-9."""
    rng = np.random.default_rng([entropy, 6])
    weights = network(rng, 4, 6)
    many = np.broadcast_to(weights, (40_000, 4, 6))
    unequal = numerics.UnequalFeatures(frequencies=[1, 0.5, 1, 2], importance=[1, 1, 0.3, 0.5])
    for features in (None, unequal):
        given = {"rate": 0.3, "features": features}
        drawn = numerics.SampledDropout(**given).gradient(many, rng)
        error = drawn.std(axis=0, ddof=1) / 200
        exact = numerics.Dropout(**given).gradient(weights)
        assert 6.6 * error.max() < 0.1 * np.abs(exact).max()
        assert np.all(np.abs(drawn.mean(axis=0) - exact) <= 6.6 * error)


def test_the_sampled_loss_is_the_averaged_one():
    weights = network(np.random.default_rng(7))
    averaged = numerics.Dropout(rate=0.3).loss(weights)
    assert numerics.SampledDropout(rate=0.3).loss(weights) == averaged


def test_single_precision_stays():
    weights = network(np.random.default_rng(8)).astype(np.float32)
    for model in (numerics.Dropout(rate=0.3), numerics.Dropout(rate=0.3, exact_up_to=0)):
        assert model.gradient(weights).dtype == np.float32


@pytest.mark.parametrize("rate", [-0.1, 1.0, np.nan, "half"])
def test_a_rate_out_of_range_is_refused(rate):
    for model in (numerics.Dropout, numerics.SampledDropout):
        with pytest.raises(ValueError, match="probability that a neuron is dropped"):
            model(rate=rate)
    with pytest.raises(ValueError, match="exact_up_to=21"):
        numerics.Dropout(rate=0.1, exact_up_to=21)
