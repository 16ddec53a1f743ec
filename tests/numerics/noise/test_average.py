"""Exact noise averages against brute force, other routes and finite differences."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from polysem import numerics
from polysem.numerics import Noise
from polysem.numerics.noise import average as noise_average

NOISES = [
    Noise(sigma=0.3, law="bipolar"),
    Noise(sigma=0.3, law="three-point", excess_kurtosis=-1.0),
    Noise(sigma=0.3, law="three-point", excess_kurtosis=2.0),
    Noise(sigma=0.3, law="gaussian"),
    Noise(sigma=0.3, law="uniform"),
    Noise(sigma=0.3, law="laplace"),
]
LAW = [pytest.param(noise, id=f"{noise.law}{noise.kurtosis:g}") for noise in NOISES]


def relu(x):
    return np.maximum(x, 0.0)


def slow_states(noise, m):
    """All states of sigma xi with their probabilities."""
    values, chances = noise.atoms
    for state in product(range(len(values)), repeat=m):
        yield noise.sigma * values[list(state)], math.prod(chances[list(state)])


def slow_loss(weights, noise):
    """sum over the states of the loss at that state, as the paper writes it."""
    n, m = weights.shape
    total = 0.0
    for xi, chance in slow_states(noise, m):
        for i in range(n):
            output = relu(weights @ (weights[i] + xi))
            total += chance * np.sum((output - np.eye(n)[i]) ** 2)
    return total


def slow_gradient(weights, noise):
    """sum over the states of the derivative of the loss at that state."""
    n, m = weights.shape
    total = np.zeros((n, m))
    for xi, chance in slow_states(noise, m):
        for i in range(n):
            hidden = weights[i] + xi
            before = weights @ hidden
            error = (relu(before) - np.eye(n)[i]) * (before > 0)
            total += 2 * chance * np.outer(error, hidden)
            total[i] += 2 * chance * error @ weights
    return total


def test_rare_large_noise_is_averaged_as_by_brute_force():
    """The sorted sums of several rows must stay apart though most of them are 0."""
    noise = Noise(sigma=30.0, law="three-point", excess_kurtosis=2.0)
    weights = np.random.default_rng(4).standard_normal((4, 3))
    loss, gradient = numerics.averaged_loss_and_gradient(weights, noise)
    assert loss == pytest.approx(slow_loss(weights, noise), rel=1e-12)
    np.testing.assert_allclose(gradient, slow_gradient(weights, noise), rtol=1e-9, atol=1e-9)


def uniform_square(u, sides):
    """E ReLU(u + sum_k sides_k U_k)^2 for U_k uniform on [-1, 1]: an exact divided difference."""
    order = len(sides)
    total = sum(
        math.prod(signs) * max(u + np.dot(signs, sides), 0.0) ** (order + 2)
        for signs in product((1, -1), repeat=order)
    )
    return 2 * total / (math.factorial(order + 2) * 2**order * math.prod(sides))


def uniform_mean(u, sides):
    """E ReLU(u + sum_k sides_k U_k), the same way."""
    order = len(sides)
    total = sum(
        math.prod(signs) * max(u + np.dot(signs, sides), 0.0) ** (order + 1)
        for signs in product((1, -1), repeat=order)
    )
    return total / (math.factorial(order + 1) * 2**order * math.prod(sides))


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 6),
    m=st.integers(1, 5),
    sigma=st.floats(0.01, 1.0),
    noise=st.sampled_from(NOISES[:3]),
)
@settings(max_examples=60)
def test_half_enumeration_is_the_brute_force(seed, n, m, sigma, noise):
    noise = Noise(sigma=sigma, law=noise.law, excess_kurtosis=noise.excess_kurtosis)
    weights = np.random.default_rng(seed).normal(size=(n, m)) / np.sqrt(m)
    loss, gradient = numerics.averaged_loss_and_gradient(weights, noise)
    assert loss == pytest.approx(slow_loss(weights, noise), rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(gradient, slow_gradient(weights, noise), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("noise", LAW)
def test_gradient_is_the_derivative_of_the_loss(noise, entropy):
    """Central differences; the third derivative jumps at kinks, hence 1e-7."""
    rng = np.random.default_rng([entropy, 1])
    weights, direction = rng.normal(size=(2, 3, 6, 9)) / 3
    step = 1e-5
    loss, gradient = numerics.averaged_loss_and_gradient(weights, noise)
    assert loss.shape == (3,)
    rise = numerics.averaged_loss(weights + step * direction, noise) - numerics.averaged_loss(
        weights - step * direction, noise
    )
    slope = np.einsum("aik,aik->a", gradient, direction)
    np.testing.assert_allclose(rise / (2 * step), slope, atol=1e-7)


def test_characteristic_route_equals_the_gaussian_closed_form(entropy):
    rng = np.random.default_rng([entropy, 2])
    rows = rng.normal(size=(6, 5)) / 2
    overlaps = rows @ rows.T
    own = np.arange(6)
    noise = Noise(sigma=0.4, law="gaussian")
    closed = noise_average._gaussian_moments(rows, overlaps, own, noise)
    fourier = noise_average._continuous_moments(rows, overlaps, own, noise)
    for part in ("value", "overlap_slope", "row_slope"):
        np.testing.assert_allclose(getattr(fourier, part), getattr(closed, part), atol=1e-11)


@pytest.mark.parametrize("m", [2, 3, 5])
def test_uniform_noise_equals_its_divided_difference(m, entropy):
    rng = np.random.default_rng([entropy, 3, m])
    weights = rng.choice([-1, 1], size=(4, m)) * rng.uniform(0.3, 0.9, size=(4, m))
    noise = Noise(sigma=0.5, law="uniform")
    expected = 4.0
    for j, i in product(range(4), repeat=2):
        sides = 0.5 * np.sqrt(3) * np.abs(weights[j])
        u = weights[i] @ weights[j]
        expected += uniform_square(u, sides) - (2 * uniform_mean(u, sides) if i == j else 0)
    assert numerics.averaged_loss(weights, noise) == pytest.approx(expected, abs=1e-10)


def test_laplace_noise_equals_a_double_integral():
    weights = np.array([[0.7, -0.4]])
    scale = 0.5 * np.sqrt(0.5) * np.abs(weights[0])
    u = float(weights[0] @ weights[0])

    def density(x, width):
        return np.exp(-abs(x) / width) / (2 * width)

    def inner(x):
        kink = -u - x

        def value(y):
            output = relu(u + x + y)
            return ((output - 1) ** 2) * density(y, scale[1])

        points = sorted({kink, 0.0})
        return sum(
            integrate.quad(value, a, b, epsabs=1e-13, limit=200)[0]
            for a, b in zip([-12.0, *points], [*points, 12.0], strict=True)
        ) * density(x, scale[0])

    expected = sum(
        integrate.quad(inner, a, b, epsabs=1e-12, limit=200)[0]
        for a, b in ((-12, -u), (-u, 0), (0, 12))
    )
    noise = Noise(sigma=0.5, law="laplace")
    assert numerics.averaged_loss(weights, noise) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("noise", LAW)
def test_noise_of_no_size_changes_nothing(noise, entropy):
    weights = np.random.default_rng([entropy, 4]).normal(size=(5, 7)) / 2
    silent = Noise(sigma=0.0, law=noise.law, excess_kurtosis=noise.excess_kurtosis)
    overlaps = weights @ weights.T
    assert numerics.averaged_loss(weights, silent) == pytest.approx(
        ((relu(overlaps) - np.eye(5)) ** 2).sum(), abs=1e-12
    )
    np.testing.assert_allclose(
        numerics.averaged_gradient(weights, silent),
        4 * (relu(overlaps) - np.eye(5)) @ weights,
        atol=1e-12,
    )


@pytest.mark.parametrize("noise", LAW)
def test_dead_rows_cost_one_each(noise):
    loss, gradient = numerics.averaged_loss_and_gradient(np.zeros((3, 4)), noise)
    assert loss == pytest.approx(3, abs=1e-12)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("noise", LAW)
def test_sampled_losses_average_to_the_exact_one(noise, entropy):
    """Null: the mean of 40 000 sampled losses is the exact one; |z| < 6.1, false alarm 1e-9."""
    rng = np.random.default_rng([entropy, 5])
    weights = rng.normal(size=(4, 6)) / np.sqrt(6)
    hidden = weights + noise.sample(rng, (40_000, 1, 6))
    losses = ((relu(hidden @ weights.T) - np.eye(4)) ** 2).sum(axis=(1, 2))
    error = losses.std(ddof=1) / 200
    assert 6.1 * error < 0.1 * losses.mean()  # a deviation of 10 % would be seen
    assert abs(losses.mean() - numerics.averaged_loss(weights, noise)) < 6.1 * error


def test_too_many_neurons_is_one_clear_line():
    with pytest.raises(
        ValueError, match=r"^Got m=40; .* m <= 32: use sampled noise \(numerics\.SampledNoise\)\.$"
    ):
        numerics.averaged_loss(np.zeros((2, 40)), Noise(sigma=0.1))
    with pytest.raises(ValueError, match=r"^Got sigma=1e-06 .* use a larger sigma"):
        numerics.averaged_loss(np.eye(4), Noise(sigma=1e-6, law="uniform"))


@pytest.mark.parametrize("law", ["gaussian", "uniform", "laplace"])
def test_the_neglected_tail_is_below_its_limit(law):
    """The integrand over t is at most the characteristic function's envelope over t.

    For Laplace and Gaussian noise the characteristic function is its own envelope.
    """
    noise = Noise(sigma=0.3, law=law)
    direction = np.array([0.9, 0.4, 0.1])
    end = noise_average._cutoff(direction, noise)
    for t in end * np.linspace(1, 3, 50):
        assert abs(np.prod(noise.characteristic(direction * t))) / t < noise_average._TAIL
