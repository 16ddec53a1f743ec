"""Sampled inputs: their law, and the gradient of a batch."""

import itertools

import numpy as np
import pytest

from polysem import numerics


def slow_gradient(data, weights, inputs):
    """The definition, network by network and input by input: 2 [e h^T + x (e^T W)] / batch."""
    gradient = np.zeros_like(weights)
    for place, w in enumerate(weights):
        for x in inputs:
            hidden = x @ w
            error = (np.maximum(w @ hidden, 0) - x) * (w @ hidden > 0)
            gradient[place] += 2 * (np.outer(error, hidden) + np.outer(x, error @ w)) / len(inputs)
    return gradient


@pytest.mark.parametrize("values", ["binary", "uniform"])
@pytest.mark.parametrize("probability", [0.02, 0.2, 1.0])
def test_the_grouped_gradient_is_the_sum_over_the_inputs(probability, values):
    weights = np.random.default_rng(2).normal(size=(3, 6, 4)) / 2
    data = numerics.Bernoulli(activation_probability=probability, values=values, batch=60)
    inputs = data.sample(6, np.random.default_rng(5))
    grouped = data.gradient(weights, np.random.default_rng(5))
    np.testing.assert_allclose(grouped, slow_gradient(data, weights, inputs), rtol=0, atol=1e-12)


def test_features_are_active_independently():
    """Frequencies of all 8 sets of 3 features; a chi-squared of 7 above 50 has rate 1.4e-8."""
    p, size = 0.3, 40_000
    data = numerics.Bernoulli(activation_probability=p, batch=size)
    inputs = data.sample(3, np.random.default_rng(11)).astype(int)
    seen = np.bincount(inputs @ [1, 2, 4], minlength=8)
    ones = np.array([bin(code).count("1") for code in range(8)])
    expected = size * p**ones * (1 - p) ** (3 - ones)
    assert ((seen - expected) ** 2 / expected).sum() < 50
    # power: the rarest set, expected 1080 times, may not be off by a quarter
    assert (0.25 * expected.min()) ** 2 / expected.min() > 50


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
    sampled = numerics.Bernoulli(activation_probability=p).loss(weights[None])
    assert sampled == pytest.approx(exact, abs=0.02)  # fixed inputs, three standard errors
    assert abs(sampled - 2 * exact) > 0.02


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"Got activation_probability=1\.5"):
        numerics.Bernoulli(activation_probability=1.5)
    with pytest.raises(ValueError, match="Got rng=None"):
        numerics.Bernoulli(activation_probability=0.5).gradient(np.eye(2))
