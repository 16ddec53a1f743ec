"""Some pairs co-occur: the listed sum against the definition and against all pairs."""

import itertools

import numpy as np
import pytest

from polysem import numerics


def slow_loss(weights, pairs, pair_weight):
    """The definition, input by input."""
    n = len(weights)
    inputs = [(1, (i,)) for i in range(n)] + [(pair_weight, tuple(pair)) for pair in pairs]
    loss = 0.0
    for weight, active in inputs:
        x = np.isin(np.arange(n), active).astype(float)
        loss += weight * ((np.maximum(weights @ weights.T @ x, 0) - x) ** 2).sum()
    return loss


@pytest.mark.parametrize("pairs", [[], [(0, 1)], [(0, 3), (2, 1), (3, 4)]])
def test_loss_and_gradient_are_those_of_the_listed_inputs(pairs):
    pairs = np.array(pairs, int).reshape(-1, 2)
    weights = np.random.default_rng(3).normal(size=(2, 5, 4)) / 2
    model = numerics.SomePairs(pairs=pairs, pair_weight=0.3)
    for w, loss in zip(weights, model.loss(weights), strict=True):
        assert loss == pytest.approx(slow_loss(w, pairs, 0.3), rel=1e-12)
    gradient = model.gradient(weights)
    for row, column in itertools.product(range(5), range(4)):
        shift = np.zeros((5, 4))
        shift[row, column] = 1e-6
        slope = (model.loss(weights + shift) - model.loss(weights - shift)) / 2e-6
        np.testing.assert_allclose(gradient[:, row, column], slope, atol=1e-7)


def test_all_pairs_listed_are_all_pairs():
    weights = np.random.default_rng(4).normal(size=(3, 6, 5)) / 2
    every = numerics.random_pairs(6, 1.0, np.random.default_rng(0))
    listed = numerics.SomePairs(pairs=every, pair_weight=0.2)
    summed = numerics.Pairs(pair_weight=0.2)
    np.testing.assert_allclose(listed.loss(weights), summed.loss(weights), rtol=1e-12)
    np.testing.assert_allclose(listed.gradient(weights), summed.gradient(weights), atol=1e-12)


def test_random_pairs_are_a_fraction_without_repeats():
    pairs = numerics.random_pairs(9, 0.25, np.random.default_rng(1))
    assert pairs.shape == (9, 2)
    assert (pairs[:, 0] < pairs[:, 1]).all()
    assert len({tuple(pair) for pair in pairs}) == 9
    assert numerics.random_pairs(9, 0.0, np.random.default_rng(1)).shape == (0, 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"pairs": np.array([[0, 1, 2]]), "pair_weight": 0.1}, "Got pairs of shape"),
        ({"pairs": np.array([[0.0, 1.0]]), "pair_weight": 0.1}, "give an integer array"),
        ({"pairs": np.array([[1, 1]]), "pair_weight": 0.1}, "one feature with itself"),
        ({"pairs": np.array([[0, 1], [1, 0]]), "pair_weight": 0.1}, "a pair twice"),
        ({"pairs": np.array([[0, 1]]), "pair_weight": -0.1}, "Got pair_weight=-0.1"),
    ],
)
def test_bad_lists_are_named(given, message):
    with pytest.raises(ValueError, match=message):
        numerics.SomePairs(**given)
    with pytest.raises(ValueError, match=r"Got fraction=1\.5"):
        numerics.random_pairs(3, 1.5, np.random.default_rng(0))


def test_a_feature_that_does_not_exist_is_named():
    """Also where the other feature of the pair exists."""
    model = numerics.SomePairs(pairs=np.array([[0, 4]]), pair_weight=0.1)
    with pytest.raises(ValueError, match="Got a pair with feature 4; the 4 features"):
        model.loss(np.eye(4))
