"""Unequal features: loss and gradient against a loop over inputs and outputs, and refusals."""

import numpy as np
import pytest

from polysem import numerics

N = 5


def settings(rng):
    pairs = np.triu(rng.random((N, N)) * (rng.random((N, N)) < 0.6), 1)
    return {"frequencies": rng.random(N), "importance": rng.random(N), "pairs": pairs + pairs.T}


def slow(weights, frequencies, importance, pairs):
    """Loss by a loop over inputs and outputs."""
    inputs = [((i,), frequencies[i]) for i in range(N)]
    inputs += [((i, j), pairs[i, j]) for i in range(N) for j in range(i)]
    total = 0.0
    for active, chance in inputs:
        for k in range(N):
            output = max(weights[k] @ weights[list(active)].sum(axis=0), 0)
            total += chance * importance[k] * (output - (k in active)) ** 2
    return total


def test_the_loss_is_that_of_all_inputs_and_outputs(entropy):
    rng = np.random.default_rng([entropy, 1])
    given, stack = settings(rng), rng.standard_normal((3, N, 4))
    model = numerics.UnequalFeatures(**given)
    expected = [slow(weights, **given) for weights in stack]
    np.testing.assert_allclose(model.loss(stack), expected, rtol=1e-12)


def test_the_gradient_is_the_derivative_of_the_loss(entropy):
    rng = np.random.default_rng([entropy, 2])
    model, weights = numerics.UnequalFeatures(**settings(rng)), rng.standard_normal((N, 4))
    found, step = np.zeros_like(weights), 1e-6
    for place in np.ndindex(weights.shape):
        change = np.zeros_like(weights)
        change[place] = step
        found[place] = (model.loss(weights + change) - model.loss(weights - change)) / (2 * step)
    np.testing.assert_allclose(model.gradient(weights), found, atol=1e-7)


def test_equal_features_are_the_models_that_are_known():
    weights = np.random.default_rng(3).standard_normal((N, 4))
    alone = numerics.UnequalFeatures(frequencies=np.ones(N))
    pairs = numerics.UnequalFeatures(frequencies=np.ones(N), pairs=0.3 * (1 - np.eye(N)))
    for mine, known in ((alone, numerics.OneHot()), (pairs, numerics.Pairs(pair_weight=0.3))):
        assert mine.loss(weights) == pytest.approx(float(known.loss(weights)))
        np.testing.assert_allclose(mine.gradient(weights), known.gradient(weights), atol=1e-12)


@pytest.mark.parametrize("wrong", ["importance squared", "frequency of the pair", "swapped"])
def test_wrong_weights_are_seen(wrong):
    rng = np.random.default_rng(4)
    given, weights = settings(rng), rng.standard_normal((N, 4))
    spoilt = dict(given)
    if wrong == "importance squared":
        spoilt["importance"] = given["importance"] ** 2
    elif wrong == "frequency of the pair":
        spoilt["pairs"] = np.outer(given["frequencies"], given["frequencies"])
    else:
        spoilt |= {"frequencies": given["importance"], "importance": given["frequencies"]}
    model = numerics.UnequalFeatures(**given)
    assert model.loss(weights) != pytest.approx(slow(weights, **spoilt), rel=0.01)


def test_single_precision_stays():
    weights = np.ones((N, 4), np.float32)
    model = numerics.UnequalFeatures(**settings(np.random.default_rng(5)))
    assert model.gradient(weights).dtype == np.float32
    assert model.loss(weights).dtype == np.float32


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"frequencies": [1, -1]}, "frequencies with the value -1"),
        ({"frequencies": [1, np.nan]}, "1 NaN"),
        ({"frequencies": [1, 1], "importance": [1]}, "1 values of importance for 2 features"),
        ({"frequencies": [1, 1], "pairs": np.ones((2, 2))}, "1 on the diagonal"),
        ({"frequencies": [1, 1], "pairs": [[0, 1], [2, 0]]}, "symmetric"),
        ({"frequencies": [1, 1], "pairs": np.zeros((3, 3))}, r"give numbers in an array of shape"),
        ({"frequencies": [1, 1], "pairs": [[0, -1], [-1, 0]]}, "pairs with the value -1"),
    ],
)
def test_bad_values_are_refused_in_one_line(given, message):
    with pytest.raises(ValueError, match=message) as error:
        numerics.UnequalFeatures(**given)
    assert "\n" not in str(error.value)


def test_weights_of_other_features_are_refused():
    model = numerics.UnequalFeatures(frequencies=[1, 1])
    with pytest.raises(ValueError, match="3 features for a model of 2"):
        model.loss(np.ones((3, 1)))


def test_zipf():
    np.testing.assert_allclose(numerics.zipf(3, 2.0), [1, 1 / 4, 1 / 9])
    assert numerics.zipf(3, 0.0).tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="how fast"):
        numerics.zipf(3, -1.0)
