"""The slow phase: exact replicator, rigid rotation, half times, and the rate from exact noise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from polysem import numerics, theory
from polysem.numerics import Noise


def slow_replicator(shares, tau, factor=2):
    """The differential equation itself."""
    return solve_ivp(
        lambda _, x: factor * (x - (x**2).sum()) * x, (0, tau), shares, rtol=1e-12, atol=1e-14
    ).y[:, -1]


@given(st.integers(2, 12), st.integers(0, 2**32 - 1), st.floats(0.01, 4))
@settings(max_examples=25)
def test_replicator_solves_its_equation(m, seed, tau):
    shares = np.random.default_rng(seed).normal(size=m) ** 2
    shares /= shares.sum()
    np.testing.assert_allclose(
        numerics.replicator(shares, [tau])[0], slow_replicator(shares, tau), atol=1e-9
    )


def test_replicator_rejects_the_rate_r_for_2r_and_keeps_the_winner():
    shares = np.array([0.5, 0.3, 0.2])
    exact = numerics.replicator(shares, [0.5, 3.0])
    assert np.abs(exact[0] - slow_replicator(shares, 0.5, factor=1)).max() > 0.02
    assert exact[:, 0].tolist() == sorted(exact[:, 0])
    assert exact.sum(axis=1) == pytest.approx([1, 1], abs=1e-14)
    with pytest.raises(ValueError, match=r"^Got shares of shape \(2,\) with the sum 0\.9"):
        numerics.replicator(np.array([0.5, 0.4]), [1.0])
    with pytest.raises(ValueError, match=r"^Got rotations=\[-1\.0\]"):
        numerics.replicator(shares, [-1.0])


def test_replicator_ends_at_the_winner_however_late():
    shares = numerics.replicator(np.array([0.6, 0.4]), [300.0, 400.0, 5000.0])
    np.testing.assert_allclose(shares, [[1, 0]] * 3, atol=1e-200)
    tied = numerics.replicator(np.array([0.4, 0.4, 0.2]), [1000.0])
    np.testing.assert_allclose(tied, [[0.5, 0.5, 0]], rtol=1e-12, atol=1e-200)


def test_mean_inverse_winner_of_two_neurons_is_known():
    """The larger share of two is cos^2 of a uniform angle below pi/4: the mean is 4/pi."""
    assert numerics.mean_inverse_winner(2) == pytest.approx(4 / math.pi, rel=1e-10)


def test_the_half_time_of_wide_networks_is_waited_for():
    frame = numerics.random_simplex(2, 3000, np.random.default_rng(0))
    half = numerics.half_rotation(frame)
    assert 60 < half < 1000
    fourth = (numerics.rigid_rotation(frame, [0.0, half]) ** 4).sum(axis=-1).mean(axis=-1)
    assert fourth[1] == pytest.approx((fourth[0] + theory.corner_fourth_norm(2)) / 2, abs=2e-3)
    at_rest = numerics.corner_simplex(4, 6)
    assert numerics.half_rotation(at_rest) == 0
    np.testing.assert_array_equal(numerics.rigid_rotation(at_rest, [0.0]), at_rest[None])
    with pytest.raises(ValueError, match="not a regular simplex"):
        numerics.half_rotation(np.eye(3))
    with pytest.raises(ValueError, match="give one network"):
        numerics.half_rotation(at_rest[None])


@pytest.mark.parametrize("m", [2, 8, 64])
def test_mean_inverse_winner_against_draws(m, entropy):
    """Null: the integral is the mean over random rows; 40 000 rows, |z| < 6.1, rate 1e-9."""
    squares = np.random.default_rng([entropy, m]).normal(size=(40_000, m)) ** 2
    ratios = squares.sum(axis=1) / squares.max(axis=1)
    error = ratios.std(ddof=1) / 200
    assert 6.1 * error < 0.02 * ratios.mean()  # sees 2 %
    assert abs(numerics.mean_inverse_winner(m) - ratios.mean()) < 6.1 * error
    assert numerics.mean_inverse_winner(1) == 1


@pytest.mark.parametrize(("n", "m"), [(4, 4), (5, 9), (8, 16)])
def test_rigid_rotation_keeps_overlaps_and_raises_the_fourth_norm(n, m, entropy):
    frame = numerics.random_simplex(n, m, np.random.default_rng([entropy, n]))
    path = numerics.rigid_rotation(frame, np.linspace(0, 30, 61))
    gram = path @ path.swapaxes(-1, -2)
    np.testing.assert_allclose(gram, np.broadcast_to(gram[0], gram.shape), atol=1e-6)
    fourth = (path**4).sum(axis=(1, 2))
    assert np.all(np.diff(fourth) > -1e-8)


def test_rigid_rotation_is_the_projected_cube():
    """dF/dtau is the squared length of the projected gradient, found here by least squares."""
    n, m = 5, 7
    frame = numerics.random_simplex(n, m, np.random.default_rng(3))
    step = 1e-4
    moved = (numerics.rigid_rotation(frame, [0.0, step])[1] - frame) / step
    # tangent directions of the frames: W A with A antisymmetric, plus motion out of the row space
    tangents = []
    for k in range(m):
        for other in range(k):
            generator = np.zeros((m, m))
            generator[k, other], generator[other, k] = 1, -1
            tangents.append((frame @ generator).ravel())
    basis = np.array(tangents).T
    coefficients, *_ = np.linalg.lstsq(basis, (frame**3).ravel(), rcond=None)
    np.testing.assert_allclose(moved.ravel(), basis @ coefficients, atol=1e-3)


def test_corner_simplex_is_a_rest_state_of_the_rotation(centred_simplex):
    for code in (numerics.corner_simplex(8, 16), centred_simplex(8, 16)):
        end = numerics.rigid_rotation(code, [0.0, 1.0])[-1]
        np.testing.assert_allclose(end, code, atol=1e-9)
    with pytest.raises(ValueError, match=r"^Got a frame that is not a regular simplex"):
        numerics.rigid_rotation(np.eye(3), [1.0])


def test_half_rotation_of_random_frames(entropy):
    """Measured once at (8, 16): 4.40 with standard deviation 0.71; here 12 frames, 5 errors."""
    rng = np.random.default_rng([entropy, 16])
    times = [numerics.half_rotation(numerics.random_simplex(8, 16, rng)) for _ in range(12)]
    assert np.isfinite(times).all()
    assert abs(np.mean(times) - 4.40) < 5 * 0.71 / math.sqrt(12)


def fourth_norm_speed(frame, noise):
    """dF/dt of the mean fourth norm along the exact flow, part along the rows left out."""
    velocity = -0.25 * numerics.averaged_gradient(frame, noise)
    norm2 = (frame**2).sum(axis=1, keepdims=True)
    velocity -= (velocity * frame).sum(axis=1, keepdims=True) * frame / norm2
    return 4 * (frame**3 * velocity).sum(axis=1).mean()


WRONG_RATES = {
    "1/24 for 1/12": lambda n, sigma, kurtosis: theory.growth_rate(n, sigma, kurtosis, 1) / 2,
    "sign": lambda n, sigma, kurtosis: -theory.growth_rate(n, sigma, kurtosis, 1),
    "sigma^2": lambda n, sigma, kurtosis: sigma * theory.growth_rate(n, sigma, kurtosis, 1),
    "n for n - 1": lambda n, sigma, kurtosis: theory.growth_rate(n + 1, sigma, kurtosis, 1),
}


def leading_ratio(m, law, rate, rng, *, n=4, sigma=0.25, frames=4):
    """Exact speed of F over first order in the kurtosis, on random simplexes."""
    noise = Noise(sigma=sigma, law=law)
    exact = first = 0.0
    for _ in range(frames):
        frame = numerics.random_simplex(n, m, rng)
        sixth, fourth = (frame**6).sum(axis=1), (frame**4).sum(axis=1)
        exact += fourth_norm_speed(frame, noise)
        first += 4 * rate(n, sigma, noise.kurtosis) * (sixth - fourth**2).mean()
    return exact / first


def test_growth_rate_is_the_limit_of_dense_rows(entropy):
    """Higher orders fall as 1/m at fixed a*; uniform noise comes from above, Laplace from below."""
    rng = np.random.default_rng([entropy, 21])

    def right(n, sigma, kurtosis):
        return theory.growth_rate(n, sigma, kurtosis, 1)

    uniform = [leading_ratio(m, "uniform", right, rng) for m in (16, 128)]
    laplace = [leading_ratio(m, "laplace", right, rng) for m in (16, 128)]
    assert 1.1 < uniform[0] < 1.3
    assert 0.7 < laplace[0] < 0.85
    assert abs(uniform[1] - 1) < 0.05
    assert abs(laplace[1] - 1) < 0.10
    for name, wrong in WRONG_RATES.items():
        assert abs(leading_ratio(128, "uniform", wrong, rng) - 1) > 0.3, name


def test_gaussian_noise_turns_nothing(entropy):
    frame = numerics.random_simplex(5, 9, np.random.default_rng([entropy, 22]))
    assert abs(fourth_norm_speed(frame, Noise(sigma=0.2, law="gaussian"))) < 1e-14
