"""Sampled inputs: their law, and the gradient of a batch."""

import itertools

import numpy as np
import pytest

from polysem import numerics


def test_the_gradient_is_the_derivative_on_the_same_batch():
    weights = np.random.default_rng(1).normal(size=(2, 5, 3)) / 2
    for values in ("binary", "uniform"):
        data = numerics.Bernoulli(activation_probability=0.3, values=values, batch=40)
        inputs = data.sample(5, np.random.default_rng(9))

        def loss(w, inputs=inputs):
            error = np.maximum(inputs @ w @ w.swapaxes(-1, -2), 0) - inputs
            return (error**2).sum((-2, -1)) / len(inputs)

        gradient = data.gradient(weights, np.random.default_rng(9))
        for row, column in itertools.product(range(5), range(3)):
            shift = np.zeros((5, 3))
            shift[row, column] = 1e-6
            slope = (loss(weights + shift) - loss(weights - shift)) / 2e-6
            np.testing.assert_allclose(gradient[:, row, column], slope, atol=1e-7)


def test_two_features_give_the_pairs_model():
    """E over the four inputs of two features is c singles and q pairs, c = p (1 - p), q = p^2."""
    p, weights = 0.3, np.array([[1.1], [-0.8]])
    inputs = np.array(list(itertools.product([0, 1], repeat=2)), float)
    chance = np.prod(np.where(inputs, p, 1 - p), -1)
    error = np.maximum(inputs @ weights @ weights.T, 0) - inputs
    exact = chance @ (error**2).sum(-1)
    c, q = p * (1 - p), p**2
    assert exact == pytest.approx(c * float(numerics.Pairs(pair_weight=q / c).loss(weights)))


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"Got activation_probability=1\.5"):
        numerics.Bernoulli(activation_probability=1.5)
    with pytest.raises(ValueError, match="Got rng=None"):
        numerics.Bernoulli(activation_probability=0.5).gradient(np.eye(2))
