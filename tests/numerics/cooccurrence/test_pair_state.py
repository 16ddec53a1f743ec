"""The state of a co-occurring pair and its fold, by continuation and by brute force."""

import numpy as np
import pytest
from scipy.optimize import minimize

from polysem import numerics, theory


@pytest.mark.parametrize("ratio", [0.01, 0.3, 2.0, 50.0])
def test_the_state_is_the_minimum_of_the_loss(ratio):
    lam = 0.02
    model = numerics.Pairs(pair_weight=ratio)

    def loss(x):
        return float(model.loss(np.array([[x[0]], [-x[1]]]))) + 4 * lam * np.abs(x).sum()

    a, b = numerics.pair_state(ratio, lam)
    best = minimize(
        loss, [a + 0.01, b - 0.01], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13}
    )
    np.testing.assert_allclose([b, a], np.sort(best.x), atol=1e-6)


def test_training_ends_in_the_asymmetric_state():
    start = np.array([[0.9], [-0.8]])
    run = numerics.train(start, 0.01, model=numerics.Pairs(pair_weight=0.2), tolerance=1e-8)
    a, b = numerics.pair_state(0.2, 0.01)
    np.testing.assert_allclose(run.weights.ravel(), [a, -b], atol=1e-6)
    assert a - b > 0.09  # the symmetric state of p = 0 it is not


@pytest.mark.parametrize("ratio", [0.003, 0.1, 1, 7, 100])
def test_the_fold_is_where_the_state_ends(ratio):
    """The twin: bisection on the existence of the state."""
    low, high = 0.0, 0.4
    while high - low > 1e-7:
        middle = (low + high) / 2
        if np.isnan(numerics.pair_state(ratio, middle)[0]):
            high = middle
        else:
            low = middle
    assert numerics.pair_fold(ratio) == pytest.approx(low, abs=1e-6)


def test_the_fold_has_its_limits():
    for ratio in (1e-3, 1e-2):
        left_out = numerics.pair_fold(ratio) - theory.pair_fold_series(pair_ratio=ratio)
        assert abs(left_out) < 0.5 * ratio**1.5
    assert numerics.pair_fold(1e5) == pytest.approx(theory.pair_fold_limit(), abs=2e-6)
    folds = [numerics.pair_fold(ratio) for ratio in np.geomspace(1e-3, 1e3, 13)]
    assert (np.diff(folds) < 0).all()


def test_the_series_are_right_to_their_order():
    for ratio in (0.05, 0.1):
        a, b = numerics.pair_state(ratio, 0.0)
        assert abs(a - theory.larger_weight_series(pair_ratio=ratio)) < 0.1 * ratio**4
        assert abs(b - theory.smaller_weight_series(pair_ratio=ratio)) < 0.1 * ratio**4
        excess = float(numerics.Pairs(pair_weight=ratio).loss(np.array([[a], [-b]])))
        assert abs(excess - theory.pair_excess_series(pair_ratio=ratio)) < ratio**6


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="Got pair_ratio=-1"):
        numerics.pair_state(-1, 0.1)
    with pytest.raises(ValueError, match="Got pair_ratio=0"):
        numerics.pair_fold(0)
