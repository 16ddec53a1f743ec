"""Noise in the training loop: sampled and averaged descent."""

import numpy as np
import pytest

from polysem import numerics
from polysem.numerics import AveragedNoise, Noise, SampledNoise

LAWS = ("bipolar", "gaussian", "uniform", "laplace")


def slow_sampled_gradient(weights, xi):
    """Sum over the inputs of the derivative of |ReLU(W (W_i + xi_i)) - e_i|^2."""
    n = len(weights)
    total = np.zeros_like(weights)
    for i in range(n):
        hidden = weights[i] + xi[i]
        before = weights @ hidden
        error = (np.maximum(before, 0) - np.eye(n)[i]) * (before > 0)
        total += 2 * np.outer(error, hidden)
        total[i] += 2 * error @ weights
    return total


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("draws", ["shared", "independent"])
def test_sampled_gradient_is_that_of_one_draw(law, draws, entropy):
    weights = np.random.default_rng([entropy, 1]).normal(size=(3, 5, 7)) / 2
    model = SampledNoise(noise=Noise(sigma=0.4, law=law), draws=draws)
    rows = 1 if draws == "shared" else 5
    xi = model.noise.sample(np.random.default_rng(2), (3, rows, 7))
    expected = [
        slow_sampled_gradient(one, np.broadcast_to(noise, (5, 7)))
        for one, noise in zip(weights, xi, strict=True)
    ]
    fast = model.gradient(weights, np.random.default_rng(2))
    np.testing.assert_allclose(fast, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("draws", ["shared", "independent"])
def test_sampled_gradients_average_to_the_exact_one(draws, entropy):
    """Null: mean of 40 000 gradients is the averaged one; 20 entries, |z| < 6.6, rate 1e-9."""
    rng = np.random.default_rng([entropy, 3])
    weights = rng.normal(size=(4, 5)) / 2
    noise = Noise(sigma=0.3)
    many = np.broadcast_to(weights, (40_000, 4, 5))
    gradients = SampledNoise(noise=noise, draws=draws).gradient(many, rng)
    error = gradients.std(axis=0, ddof=1) / 200
    exact = AveragedNoise(noise=noise).gradient(weights)
    assert 6.6 * error.max() < 0.05 * np.abs(exact).max()  # sees 5 % of the largest entry
    assert np.all(np.abs(gradients.mean(axis=0) - exact) < 6.6 * error)


@pytest.mark.parametrize(("draws", "rows"), [("shared", 1), ("independent", 8)])
def test_the_draws_are_shared_by_the_batch_or_not(draws, rows, monkeypatch):
    drawn = []
    sample = Noise.sample

    def seen(self, rng, shape):
        drawn.append(sample(self, rng, shape))
        return drawn[-1]

    monkeypatch.setattr(Noise, "sample", seen)
    model = SampledNoise(noise=Noise(sigma=0.3), draws=draws)
    model.gradient(np.eye(8), np.random.default_rng(0))
    assert [len(np.unique(one, axis=0)) for one in drawn] == [rows]


def test_bad_draws_and_a_missing_generator_are_refused():
    model = SampledNoise(noise=Noise(sigma=0.3), draws="independent")
    weights = np.eye(3)
    with pytest.raises(ValueError, match=r"^Got draws='own'; choose one of shared, independent"):
        SampledNoise(noise=Noise(sigma=0.1), draws="own")
    with pytest.raises(ValueError, match=r"^Got rng=None; give a Generator"):
        model.gradient(weights)


def test_averaged_loss_never_rises_along_its_flow(entropy):
    start = numerics.initial_weights(5, 8, np.random.default_rng([entropy, 4]), instances=3)
    model = AveragedNoise(noise=Noise(sigma=0.2))
    run = numerics.train(
        start,
        0.0,
        model=model,
        max_time=40.0,
        record={"loss": model.loss},
        record_at=np.arange(0.0, 40.0, 2.0),
    )
    assert np.all(np.diff(run.records["loss"], axis=0) <= 1e-12)


def test_a_neuron_that_is_zero_for_all_features_stays_zero_on_average():
    weights = np.zeros((3, 5))
    weights[:, :3] = np.array([[0.9, -0.2, 0.1], [-0.3, 0.8, 0.0], [0.1, -0.1, 0.7]])
    for law in LAWS:
        gradient = AveragedNoise(noise=Noise(sigma=0.3, law=law)).gradient(weights)
        np.testing.assert_allclose(gradient[:, 3:], 0.0, atol=1e-14)


def test_noise_flow_equals_small_explicit_steps():
    """Two integrators of different kind; explicit steps err by about 1e-3 times the step."""
    start = numerics.initial_weights(4, 6, np.random.default_rng(5))
    noise = Noise(sigma=0.3)
    times = [0.0, 2.0, 10.0, 60.0]
    implicit = numerics.noise_flow(start, noise, times, tolerance=1e-8).records["weights"]
    errors = []
    for step in (0.02, 0.01):
        explicit = numerics.train(
            start,
            0.0,
            model=AveragedNoise(noise=noise),
            step_size=step,
            max_time=60.0,
            record="weights",
            record_at=times[1:],
            tolerance=1e-12,
        ).records["weights"]
        errors.append(np.abs(explicit - implicit[1:]).max())
    assert np.array_equal(implicit[0], start)
    assert errors[1] < 1e-3
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.15)  # first order, to the same limit


def test_noise_flow_says_when_it_rests():
    noise = Noise(sigma=0.3, law="gaussian")
    start = numerics.initial_weights(4, 6, np.random.default_rng(6), instances=2)
    run = numerics.noise_flow(start, noise, [10.0, 1e3])
    assert [outcome.name for outcome in run.outcomes] == ["CONVERGED", "CONVERGED"]
    assert np.all(run.time < 1e3)
    rest = numerics.averaged_gradient(run.weights, noise)
    assert np.abs(rest).max() < 1e-5
    short = numerics.noise_flow(start[0], noise, [1.0])
    assert short.outcome.name == "COMPLETED"
    with pytest.raises(ValueError, match=r"^Got times=\[2.0, 1.0\]; give increasing"):
        numerics.noise_flow(start, Noise(sigma=0.1), [2.0, 1.0])
