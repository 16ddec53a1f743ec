"""The general autoencoder by hand against finite differences, special cases and PyTorch."""

import numpy as np
import pytest

from polysem import numerics, verify

DATA = [
    numerics.OneHotInputs(),
    numerics.PairInputs(pair_weight=0.3),
    numerics.BernoulliInputs(activation_probability=0.4, batch=20),
    numerics.BernoulliInputs(activation_probability=0.4, values="uniform", batch=20),
    numerics.BlockInputs(activation_probability=0.5, batch=20),
]


class Fixed:
    """Data or noise that always gives the same draw, so that a loss can be differentiated."""

    def __init__(self, source, seed):
        self.source, self.seed = source, seed

    def draw(self, n, networks, rng):
        return self.source.draw(n, networks, np.random.default_rng(self.seed))


def parameters(model, n, m, seed=0):
    rng = np.random.default_rng(seed)
    encoder, decoder = numerics.initial_weights(n, m, rng, instances=2)
    bias = 0.1 * rng.standard_normal(n)
    return model.pack(encoder, None if model.tied else decoder, bias if model.bias else None)


@pytest.mark.parametrize("data", DATA, ids=lambda data: type(data).__name__)
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("relu", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_gradient_agrees_with_finite_differences(data, tied, relu, bias):
    model = numerics.Autoencoder(tied=tied, relu=relu, bias=bias, data=Fixed(data, 0))
    point = parameters(model, 6, 9)
    gradient = model.gradient(point)
    direction = np.random.default_rng(1).standard_normal(point.shape)
    if bias and not tied:
        direction[6:, -1] = 0  # no parameter stands there
        assert not gradient[6:, -1].any()
    h = 1e-6
    slope = (model.loss(point + h * direction) - model.loss(point - h * direction)) / (2 * h)
    assert slope == pytest.approx((gradient * direction).sum(), rel=1e-6)


def test_tied_one_hot_is_the_model_of_the_paper():
    weights = numerics.initial_weights(7, 12, np.random.default_rng(2), instances=3)
    general, paper = numerics.Autoencoder(), numerics.OneHot()
    np.testing.assert_allclose(general.loss(weights), paper.loss(weights), rtol=1e-12)
    np.testing.assert_allclose(general.gradient(weights), paper.gradient(weights), atol=1e-12)


@pytest.mark.parametrize("draws", ["shared", "independent"])
def test_noise_is_that_of_the_tied_noisy_model(draws):
    noise = numerics.Noise(sigma=0.2, law="gaussian")
    weights = numerics.initial_weights(5, 8, np.random.default_rng(3), instances=2)
    general = numerics.Autoencoder(noise=noise, draws=draws)
    special = numerics.SampledNoise(noise=noise, draws=draws)
    np.testing.assert_allclose(
        general.gradient(weights, np.random.default_rng(4)),
        special.gradient(weights, np.random.default_rng(4)),
        atol=1e-12,
    )


def test_no_regulariser_acts_on_the_bias():
    model = numerics.Autoencoder(bias=True)
    point = parameters(model, 4, 6)
    problem = numerics.Problem(lam=0.7, l2=0.3, model=model)
    encoder, _, _ = model.unpack(point)
    expected = (
        model.loss(point) + 4 * 0.7 * np.abs(encoder).sum() + 2 * 0.3 * np.square(encoder).sum()
    )
    assert problem.loss(point) == pytest.approx(float(expected))
    point[..., -1] = 0.1  # a negative bias would switch its output off for good
    strong = numerics.train(point, 5.0, model=model, optimizer="flow", max_time=40.0)
    encoder, _, bias = model.unpack(strong.weights)
    assert not encoder.any()
    np.testing.assert_allclose(bias, 1 / 4, atol=1e-3)  # the mean input: no l1 holds it at 0


def test_training_untied_with_bias_and_noise_agrees_with_pytorch():
    torch = pytest.importorskip("torch")
    n, m, lam, rate, steps = 5, 8, 0.002, 0.01, 100
    noise = numerics.Noise(sigma=0.1)
    model = numerics.Autoencoder(tied=False, bias=True, noise=noise)
    start = parameters(model, n, m)
    ours = numerics.train(
        start,
        lam,
        model=model,
        optimizer="sgd",
        learning_rate=rate,
        steps=steps,
        rng=np.random.default_rng(9),
    )
    encoder, decoder, bias = (
        torch.nn.Parameter(torch.tensor(part.copy())) for part in model.unpack(start)
    )
    optimizer = torch.optim.SGD([encoder, decoder, bias], lr=rate)
    draws, inputs = np.random.default_rng(9), torch.eye(n, dtype=torch.float64)
    for _ in range(steps):
        optimizer.zero_grad()
        hidden = inputs @ encoder + torch.tensor(noise.sample(draws, (1, 1, m))[0])
        output = torch.relu(hidden @ decoder.T + bias)
        loss = ((output - inputs) ** 2).sum()
        loss = loss + 4 * lam * (encoder.abs().sum() + decoder.abs().sum())
        loss.backward()
        optimizer.step()
    theirs = model.pack(*(part.detach().numpy() for part in (encoder, decoder, bias)))
    np.testing.assert_allclose(ours.weights, theirs, atol=1e-10)


def test_wrong_parts_are_refused():
    with pytest.raises(
        ValueError, match="tied=False, bias=False; give a decoder if and only if tied=False"
    ):
        numerics.Autoencoder(tied=False).pack(np.eye(2))
    with pytest.raises(ValueError, match=r"Got draws='each'; choose one of shared"):
        numerics.Autoencoder(draws="each")
    with pytest.raises(ValueError, match="Got rng=None; give a Generator"):
        numerics.train(np.eye(2), 0.0, model=numerics.Autoencoder(data=DATA[2]), max_time=1.0)


def packed(model):
    """Three features on three neurons of their own: no neuron is shared."""
    code = np.eye(3, 8)
    return model.pack(code, None if model.tied else code, np.ones(3) if model.bias else None)


@pytest.mark.parametrize(("tied", "bias"), [(False, False), (True, True), (False, True)])
def test_packed_parameters_are_no_weights(tied, bias):
    """The decoder's rows and the bias would count as features and as a neuron."""
    model = numerics.Autoencoder(tied=tied, bias=bias)
    start = packed(model)
    run = numerics.train(start, 0.0, model=model, optimizer="sgd", steps=1)
    for parameters in (start, run.weights, run.initial):
        for measure in (numerics.polysemantic_neurons, numerics.dead_rows, verify.diagnose):
            with pytest.raises(ValueError, match="give only the encoder"):
                measure(parameters)
        assert numerics.polysemantic_neurons(model.unpack(parameters)[0]) == 0
    with pytest.raises(ValueError, match="give only the encoder"):
        numerics.train(start, 0.0, optimizer="sgd", steps=1)
    again = numerics.train(run.weights, 0.0, model=model, optimizer="sgd", steps=1)
    assert again.weights.shape == start.shape


@pytest.mark.parametrize(("tied", "bias"), [(True, False), (False, False), (True, True)])
def test_records_measure_the_encoder(tied, bias):
    model = numerics.Autoencoder(tied=tied, bias=bias)
    names = ("polysemantic_neurons", "live_weights", "winners", "overlaps", "weights")
    run = numerics.train(
        packed(model), 0.0, model=model, optimizer="sgd", steps=1, record=names, record_at=[0, 0.08]
    )
    assert (run.records["polysemantic_neurons"] == 0).all()
    assert (run.records["live_weights"][0] == 1).all()
    assert (run.records["winners"][0] == [0, 1, 2]).all()
    assert run.records["overlaps"].shape == (2, 3)
    assert run.records["weights"].shape == (2, *packed(model).shape)
    found = numerics.measured(packed(model), run.weights, numerics.Problem(lam=0.0, model=model))
    assert found["features_alive"] == 3
    assert found["polysemantic_neurons_authors"] == 0


def test_parameters_of_another_model_are_refused():
    with pytest.raises(ValueError, match=r"shape \(3, 8\) .* tied=False"):
        numerics.Autoencoder(tied=False).unpack(np.eye(3, 8))
    with pytest.raises(ValueError, match="bias=True"):
        numerics.Autoencoder(bias=True).unpack(np.ones((3, 1)))
