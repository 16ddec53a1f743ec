"""One source for every array library: the same results, and arrays of the library that was given.

The reference is NumPy; array-api-strict has nothing but what the standard says, and PyTorch is a
library with devices.
"""

from typing import ClassVar

import array_api_strict
import numpy as np
import pytest

from polysem import numerics
from polysem.numerics import Outcome
from polysem.numerics._arrays import to_numpy

OPTIMIZERS = [
    pytest.param("flow", 0.03, {}, id="flow"),
    pytest.param("flow", 0.03, {"l2": 0.1, "max_steps": 200}, id="flow-l2"),
    pytest.param("splitting", 0.01, {"rel": 0.05}, id="splitting"),
    pytest.param("quasistatic", 0.0, {"rel": 0.2}, id="quasistatic"),
    pytest.param("sgd", 0.02, {"steps": 100}, id="sgd"),
    pytest.param("sgd", 0.02, {"steps": 100, "l1": "proximal"}, id="sgd-proximal"),
    pytest.param("sgd", 0.02, {"steps": 60, "momentum": 0.5}, id="sgd-momentum"),
    pytest.param("sgd", 0.02, {"steps": 60, "momentum": 0.5, "nesterov": True}, id="sgd-nesterov"),
    pytest.param("adamw", 0.002, {"steps": 100}, id="adamw"),
    pytest.param("adamw", 0.002, {"steps": 60, "amsgrad": True, "row_mean": True}, id="amsgrad"),
    pytest.param("rmsprop", 0.002, {"steps": 100}, id="rmsprop"),
    pytest.param("lion", 0.002, {"steps": 100}, id="lion"),
]
of_each_optimizer = pytest.mark.parametrize(("optimizer", "lam", "settings"), OPTIMIZERS)


@pytest.fixture(params=["strict", "torch"])
def library(request):
    """A function that makes an array of the library from one of NumPy."""
    if request.param == "strict":
        return array_api_strict.asarray
    torch = pytest.importorskip("torch")
    return lambda array: torch.tensor(array)


def start(n, m, seed=0, **options):
    return numerics.initial_weights(n, m, np.random.default_rng(seed), **options)


@of_each_optimizer
@pytest.mark.parametrize("instances", [None, 3])
def test_training_gives_arrays_of_the_library_with_the_numbers_of_numpy(
    library, optimizer, lam, settings, instances
):
    initial = start(6, 18, 4, instances=instances)
    record = {"record": ("live_weights", "weights"), "record_at": [0.0, 1.0]}
    ours = numerics.train(initial, lam, optimizer=optimizer, **record, **settings)
    given = library(initial)
    theirs = numerics.train(given, lam, optimizer=optimizer, **record, **settings)
    assert type(theirs.partial_weights) is type(given)
    assert theirs.partial_weights.dtype == given.dtype
    assert theirs.stats["dtype"] == "float64"
    np.testing.assert_allclose(to_numpy(theirs.partial_weights), ours.partial_weights, atol=1e-11)
    np.testing.assert_array_equal(to_numpy(given), initial)
    np.testing.assert_array_equal(theirs.steps, ours.steps)
    np.testing.assert_array_equal(theirs.outcomes, ours.outcomes)
    for name, values in ours.records.items():
        np.testing.assert_allclose(theirs.records[name], values, atol=1e-11)


@of_each_optimizer
def test_a_batch_gives_what_its_networks_give_one_by_one(optimizer, lam, settings):
    initial = start(7, 21, 8, instances=5)
    together = numerics.train(initial, lam, optimizer=optimizer, **settings)
    for network in range(len(initial)):
        alone = numerics.train(initial[network], lam, optimizer=optimizer, **settings)
        np.testing.assert_allclose(
            together.partial_weights[network], alone.partial_weights, atol=1e-8
        )
        assert together.outcomes[network] is alone.outcome
        assert together.steps[network] == alone.steps


def test_a_network_that_overlaps_does_not_end_the_others():
    apart = np.eye(8, 5)[None] * np.where(np.arange(8) < 4, 1, 0)[:, None]
    apart[0, 4:, :4] = -np.eye(4)
    initial = np.concatenate([start(8, 5, 3, instances=1), apart + 0.0])
    run = numerics.train(initial, 0.0, optimizer="quasistatic", max_pushes=2)
    assert run.outcomes.tolist() == [Outcome.OVERLAPPING, Outcome.CONVERGED]
    np.testing.assert_array_equal(run.partial_weights[1], initial[1])


@pytest.mark.parametrize("optimizer", ["flow", "quasistatic"])
def test_balanced_weights_in_single_precision_are_decided_in_double(library, optimizer):
    one = np.float32(0.75)
    initial = np.array([[0, one - np.spacing(one), one, 0], [0, 0, 0, 1]], np.float32)
    run = numerics.train(library(initial), 0.1, optimizer=optimizer)
    assert run.outcome is Outcome.CONVERGED
    assert dtype_of(run.weights) == "float32"
    assert np.flatnonzero(to_numpy(run.weights)[0]).tolist() == [2]


def dtype_of(array):
    return str(array.dtype).rpartition(".")[2]


def test_features_at_rest_that_leave_the_loop_come_back(library):
    initial = start(24, 30, 2)
    fast = numerics.train(library(initial), 0.03)
    plain = numerics.train(initial, 0.03, reduce=False)
    np.testing.assert_allclose(to_numpy(fast.weights), plain.weights, atol=1e-6)


def test_noise_is_drawn_by_numpy_and_moved(library):
    model = numerics.SampledNoise(noise=numerics.Noise(sigma=0.1), draws="independent")
    runs = [
        numerics.train(
            make(start(5, 9)),
            0.0,
            model=model,
            optimizer="sgd",
            steps=20,
            rng=np.random.default_rng(3),
        )
        for make in (np.asarray, library)
    ]
    np.testing.assert_allclose(to_numpy(runs[1].weights), runs[0].weights, atol=1e-13)


@pytest.mark.parametrize("law", ["bipolar", "gaussian", "uniform", "laplace", "three-point"])
def test_a_generator_of_pytorch_draws_the_same_law(law):
    """Second and fourth moment of 4e5 draws, within six standard errors: error rate 2e-8."""
    torch = pytest.importorskip("torch")
    kurtosis = 1.5 if law == "three-point" else None
    noise = numerics.Noise(sigma=0.3, law=law, excess_kurtosis=kurtosis)
    like = torch.zeros(1, dtype=torch.float64)
    draws = noise.sample_on(torch.Generator().manual_seed(1), like, (400_000,)).numpy() / 0.3
    for power, moment in ((1, 0.0), (2, 1.0), (4, 3.0 + noise.kurtosis)):
        values = draws**power
        error = values.std() / len(values) ** 0.5
        assert abs(values.mean() - moment) <= 6 * error + 1e-12


def test_noise_of_pytorch_is_named_and_repeats():
    torch = pytest.importorskip("torch")
    model = numerics.SampledNoise(noise=numerics.Noise(sigma=0.1))

    def run(seed, rng=None):
        rng = torch.Generator().manual_seed(seed) if rng is None else rng
        options = {"model": model, "optimizer": "sgd", "steps": 20, "rng": rng}
        return numerics.train(torch.tensor(start(5, 9)), 0.0, **options)

    first = run(1)
    assert first.stats["draws"] == "cpu"
    assert run(0, np.random.default_rng(1)).stats["draws"] == "numpy"
    assert torch.equal(first.weights, run(1).weights)
    assert not torch.equal(first.weights, run(2).weights)
    with pytest.raises(ValueError, match=r"^Got rng of PyTorch on cpu for OneHot with initial"):
        numerics.train(torch.tensor(start(2, 4)), 0.1, rng=torch.Generator())
    with pytest.raises(ValueError, match=r"^Got rng of PyTorch on cpu for SampledNoise"):
        numerics.train(start(2, 4), 0.1, model=model, rng=torch.Generator())


def test_an_intervention_trains_on_every_library(library):
    model = numerics.AlteredInterference(support=0.3, winner_push=False)
    ours, theirs = (
        numerics.train(make(start(5, 15)), 0.02, model=model, step_size=0.2, max_time=20.0).weights
        for make in (np.asarray, library)
    )
    np.testing.assert_allclose(to_numpy(theirs), ours, atol=1e-12)


MEASURES = {
    "live_weights": numerics.live_weights,
    "row_norms 1": numerics.row_norms,
    "row_norms 2": lambda weights: numerics.row_norms(weights, 2),
    "row_norms 4": lambda weights: numerics.row_norms(weights, 4),
    "overlaps": numerics.overlaps,
    "winners": numerics.winners,
    "winner_signs": numerics.winner_signs,
    "features_on_neurons": numerics.features_on_neurons,
    "scale-free": lambda weights: numerics.features_on_neurons(weights, "scale-free"),
    "polysemantic_neurons": numerics.polysemantic_neurons,
    "dead_rows": numerics.dead_rows,
    "dead_rows 0": lambda weights: numerics.dead_rows(weights, 0.0),
    "without_jitter": numerics.without_jitter,
    "dead_features": numerics.dead_features,
    "antipodal_pairs": numerics.antipodal_pairs,
    "weight_correlation": lambda weights: numerics.weight_correlation(weights, 2 * weights**3),
    "retained_winners": lambda weights: numerics.retained_winners(weights, -weights),
    "unit_rows": numerics.unit_rows,
    "soft_threshold": lambda weights: numerics.soft_threshold(weights, 0.3),
    "reconstruction_loss": numerics.reconstruction_loss,
    "loss": lambda weights: numerics.loss(weights, 0.1),
    "gradient": numerics.gradient,
    "forces": lambda weights: numerics.forces(weights, 0.1).total,
}


@pytest.mark.parametrize("name", MEASURES)
@pytest.mark.parametrize("instances", [None, 2])
def test_measures_of_a_library_have_the_numbers_of_numpy(library, name, instances):
    weights = start(5, 8, 1, instances=instances)
    weights[..., 2, :] = 0
    weights[..., 3:] *= 0.01
    given = library(weights)
    measured = MEASURES[name](given)
    assert type(measured) is type(given)
    np.testing.assert_allclose(to_numpy(measured), MEASURES[name](weights), atol=1e-14)


@pytest.mark.parametrize(
    "function",
    [
        numerics.remove_positive_overlaps,
        numerics.fast_phase,
        lambda weights: numerics.benefit_and_l1(weights, lam=0.05, t=0.4),
        lambda weights: numerics.interference(weights, t=2.0, tolerance=1e-3),
    ],
)
def test_the_parts_of_a_step_take_arrays_of_a_library(library, function):
    weights = start(6, 9, 5)
    weights[1] *= np.arange(9) == 4  # a row with one weight
    given = library(weights)
    assert type(function(given)) is type(given)
    np.testing.assert_allclose(to_numpy(function(given)), function(weights), atol=1e-13)


class NumpyModel:
    keeps_zero_neurons = True

    def loss(self, weights):
        return numerics.OneHot().loss(weights)

    def gradient(self, weights, rng=None):
        return numerics.OneHot().gradient(weights)


class NumpyFlow(numerics.Flow):
    array_api: ClassVar[bool] = False


@pytest.mark.parametrize("options", [{"model": NumpyModel()}, {"optimizer": NumpyFlow()}])
def test_what_computes_in_numpy_refuses_other_arrays_in_one_line(library, options):
    numerics.train(start(2, 4), 0.1, max_time=1.0, **options)
    with pytest.raises(ValueError, match=r"^Got initial as an array of .* computes in NumPy: give"):
        numerics.train(library(start(2, 4)), 0.1, max_time=1.0, **options)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w * np.nan, "Got initial with NaN or infinite values"),
        (lambda w: w[0], "Got initial of shape"),
        (lambda w: 1e9 * w, "Got initial with a weight of size"),
        (lambda w: w * 1j, "Got initial of type .*complex128; give float32 or float64"),
    ],
)
def test_bad_arrays_of_a_library_are_refused(library, change, message):
    with pytest.raises(ValueError, match=message):
        numerics.train(library(change(start(2, 4))), 0.1)


def other_winners(first, second):
    """Which networks have a feature with another winner or sign."""
    return ~numerics.retained_winners(to_numpy(first), to_numpy(second)).all(axis=-1)


def near_ties(initial, reference, train):
    """Which networks end elsewhere when their initial weights are changed by some roundings."""
    rng, found = np.random.default_rng(0), np.zeros(len(initial), bool)
    for _ in range(8):
        change = 8 * np.finfo(initial.dtype).eps * rng.standard_normal(initial.shape)
        moved = (initial * (1 + change)).astype(initial.dtype)
        found |= other_winners(reference, train(moved).partial_weights)
    return found


WHOLE_RUNS = [
    pytest.param("flow", 0.02, {}, id="flow"),
    pytest.param("splitting", 0.003, {"rel": 0.02}, id="splitting"),
    pytest.param("quasistatic", 0.0, {}, id="quasistatic"),
    pytest.param("sgd", 0.02, {"steps": 1000}, id="sgd"),
    pytest.param("adamw", 0.002, {"steps": 2000, "learning_rate": 0.003}, id="adamw"),
    pytest.param("rmsprop", 0.002, {"steps": 2000, "learning_rate": 0.003}, id="rmsprop"),
    pytest.param("lion", 0.002, {"steps": 4000, "learning_rate": 0.0005}, id="lion"),
]


@pytest.mark.parametrize(("optimizer", "lam", "settings"), WHOLE_RUNS)
@pytest.mark.parametrize("runs", [1, pytest.param(10, marks=pytest.mark.nightly)])
def test_numpy_and_pytorch_find_the_same_winners(optimizer, lam, settings, runs, record_property):
    """Ten networks of each of ``runs`` sizes; where winners differ, roundings decide who wins."""
    torch = pytest.importorskip("torch")

    def train(initial):
        return numerics.train(initial, lam, optimizer=optimizer, **settings)

    differing = 0
    for seed in range(runs):
        rng = np.random.default_rng([seed, 20])
        n = int(rng.integers(2, 13))
        dtype = (np.float64, np.float32)[seed % 2]
        initial = numerics.initial_weights(n, 3 * n, rng, instances=10, dtype=dtype)
        ours, theirs = train(initial), train(torch.tensor(initial))
        other = other_winners(ours.partial_weights, theirs.partial_weights)
        differing += int(other.sum())
        if other.any():
            ties = near_ties(initial, ours.partial_weights, train)
            assert (ties | ~other).all(), (seed, np.flatnonzero(other & ~ties))
    record_property("networks with other winners, all near-ties", differing)
    print(f"{optimizer}: {differing} of {10 * runs} networks differ, all of them near-ties")
