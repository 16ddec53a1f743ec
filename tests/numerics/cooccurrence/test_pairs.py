"""Loss and gradient of the pairs model against a twin that reads like the definition."""

import itertools

import numpy as np
import pytest

from polysem import numerics


def relu(x):
    return np.maximum(x, 0)


def slow_pairs_loss(weights, pair_weight, values):
    """The definition: every single input, every pair, every output."""
    n = len(weights)
    overlaps = weights @ weights.T
    moment = 1 if values == "binary" else 1 / 3
    loss = 0.0
    for i in range(n):
        for k in range(n):
            loss += moment * (relu(overlaps[k, i]) - (k == i)) ** 2
    for i, j in itertools.combinations(range(n), 2):
        for k in range(n):
            first, second = overlaps[k, i], overlaps[k, j]
            targets = (k == i, k == j)
            if values == "binary":
                loss += pair_weight * (relu(first + second) - sum(targets)) ** 2
            else:
                loss += pair_weight * mean_square(first, second, targets)
    return loss


def mean_square(first, second, targets):
    """E (ReLU(u first + v second) - u targets[0] - v targets[1])^2, u and v uniform on [0, 1].

    Gauss-Legendre on either side of each kink, where the integrand is a polynomial: exact.
    """
    nodes, mass = np.polynomial.legendre.leggauss(3)

    def integral(of, kink):
        edges = [0.0, *([kink] if 0 < kink < 1 else []), 1.0]
        return sum(
            (hi - lo) / 2 * (mass @ [of((hi + lo + (hi - lo) * x) / 2) for x in nodes])
            for lo, hi in itertools.pairwise(edges)
        )

    def error(u, v):
        return (relu(u * first + v * second) - u * targets[0] - v * targets[1]) ** 2

    def inner(v):
        return integral(lambda u: error(u, v), -v * second / first if first else -1)

    return integral(inner, -first / second if second else -1)


@pytest.mark.parametrize("values", ["binary", "uniform"])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 1), (2, 3), (5, 2), (7, 9)])
def test_the_loss_is_the_sum_over_all_pairs(n, m, values):
    rng = np.random.default_rng((n, m))
    weights = rng.normal(size=(3, n, m)) / np.sqrt(m)
    weights[1] *= rng.random((n, m)) < 0.4
    fast = numerics.Pairs(pair_weight=0.3, values=values).loss(weights)
    slow = [slow_pairs_loss(one, 0.3, values) for one in weights]
    np.testing.assert_allclose(fast, slow, rtol=1e-12)


@pytest.mark.parametrize("values", ["binary", "uniform"])
@pytest.mark.parametrize(("n", "m"), [(1, 2), (2, 2), (6, 3), (12, 20)])
def test_the_gradient_is_the_derivative_of_the_loss(n, m, values):
    weights = np.random.default_rng((n, m)).normal(size=(n, m)) / np.sqrt(m)
    step = 1e-6
    central = np.empty_like(weights)
    for index in np.ndindex(weights.shape):
        shift = np.zeros_like(weights)
        shift[index] = step
        rise = numerics.Pairs(pair_weight=0.7, values=values).loss(weights + shift)
        fall = numerics.Pairs(pair_weight=0.7, values=values).loss(weights - shift)
        central[index] = (rise - fall) / (2 * step)
    gradient = numerics.Pairs(pair_weight=0.7, values=values).gradient(weights)
    np.testing.assert_allclose(gradient, central, atol=1e-7)


def test_a_long_opposite_row_leaves_little_of_a_short_one():
    """Overlap -b with b > |W_k|^2: output k is active only where v b < u |W_k|^2."""
    short, long = np.array([[0.2, 0.1], [-1.5, 0.3]])
    assert -short @ long > short @ short
    model = numerics.Pairs(pair_weight=0.7, values="uniform")
    weights = np.array([short, long])
    assert model.loss(weights) == pytest.approx(slow_pairs_loss(weights, 0.7, "uniform"))
    for index in np.ndindex(weights.shape):
        shift = np.zeros_like(weights)
        shift[index] = 1e-6
        slope = (model.loss(weights + shift) - model.loss(weights - shift)) / 2e-6
        assert model.gradient(weights)[index] == pytest.approx(float(slope), abs=1e-7)


def test_without_pairs_it_is_the_gradient_of_the_paper():
    weights = np.random.default_rng(5).normal(size=(2, 8, 5)) / 2
    overlaps = weights @ weights.swapaxes(-1, -2)
    np.testing.assert_allclose(
        numerics.Pairs(pair_weight=0).gradient(weights),
        4 * (relu(overlaps) - np.eye(8)) @ weights,
        atol=1e-13,
    )


@pytest.mark.parametrize(("a", "b"), [(1.1, 0.9), (0.8, 0.8), (0.5, 1.2), (1.0, 0.0)])
@pytest.mark.parametrize("target", [(0, 0), (1, 0)])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_twin_of_the_uniform_integral_against_a_grid(a, b, target, sign):
    u = (np.arange(1500) + 0.5) / 1500
    error = relu(u[:, None] * a + sign * u * b) - u[:, None] * target[0] - u * target[1]
    assert mean_square(a, sign * b, target) == pytest.approx((error**2).mean(), abs=1e-6)


def test_a_pair_alone_has_the_closed_force():
    a, b, p = 1.0, 0.9, 0.01
    gradient = numerics.Pairs(pair_weight=p).gradient(np.array([[a], [-b]]))
    assert gradient[0, 0] == pytest.approx(
        -4 * a * (1 - a * a) - 2 * p * (2 * a - b) * (1 - a * (a - b))
    )


def test_it_trains():
    start = numerics.initial_weights(6, 24, np.random.default_rng(3), instances=3)
    run = numerics.train(start, 0.05, model=numerics.Pairs(pair_weight=0.01))
    assert run.outcome.name == "CONVERGED"
    assert (numerics.live_weights(run.weights) == 1).all()


def test_single_precision_stays_single_and_near():
    weights = np.random.default_rng(1).normal(size=(2, 64, 32)) / np.sqrt(32)
    for values in ("binary", "uniform"):
        exact = numerics.Pairs(pair_weight=0.05, values=values).gradient(weights)
        single = numerics.Pairs(pair_weight=0.05, values=values).gradient(
            weights.astype(np.float32)
        )
        assert single.dtype == np.float32
        np.testing.assert_allclose(single, exact, atol=1e-5 * np.abs(exact).max())


def test_tiny_and_zero_overlaps_make_no_nan():
    weights = np.array([[1.0, 0, 0], [-1e-200, 1, 0], [1e-160, 0, 1], [0, 0, 0]])
    for kind in (np.float64, np.float32):
        slope = numerics.Pairs(pair_weight=0.5, values="uniform").gradient(weights.astype(kind))
        assert np.isfinite(slope).all()


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="Got pair_weight=-1"):
        numerics.Pairs(pair_weight=-1)
    with pytest.raises(ValueError, match="Got values='ternary'"):
        numerics.Pairs(pair_weight=0.1, values="ternary")
