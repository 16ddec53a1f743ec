"""The check of a training loop: seeded mistakes are named, correct variants pass."""

import time
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from loops import (
    FUNCTIONAL_BUGS,
    NUMPY_BUGS,
    TORCH_BUGS,
    functional_train,
    numpy_step,
    torch_loop,
)

from polysem import numerics, verify
from polysem.verify.stats.assertions import SPENT

N, M = 16, 32
LAM = {"numpy": 0.05, "functional": 0.01, "torch": 0.05}
BUGS = [
    *(("numpy", bug, words) for bug, words in NUMPY_BUGS.items()),
    *(("functional", bug, words) for bug, words in FUNCTIONAL_BUGS.items()),
    *(("torch", bug, words) for bug, words in TORCH_BUGS.items()),
]


def checked(style, *, n=N, m=M, lam=None, rate=None, bug=None, dtype=np.float64, **settings):
    """The report on one of the three loops."""
    lam = LAM[style] if lam is None else lam
    common = {"n": n, "m": m, "lam": lam, "progress": False}
    if style == "numpy":
        rate = rate or 0.02
        l1 = settings.pop("kind_of_l1", "proximal")
        step = numpy_step(n, m, lam, rate=rate, bug=bug, dtype=dtype, l1=l1)
        return verify.check_training_loop(
            step, kind="step", learning_rate=rate, **common, **settings
        )
    if style == "functional":
        rate = rate or 1e-3
        return verify.check_training_loop(
            functional_train(n, m, lam, rate=rate, bug=bug, dtype=dtype),
            learning_rate=rate,
            weight_decay=1e-2,
            instances=4,
            **common,
            **settings,
        )
    pytest.importorskip("torch")
    optimizer = settings.pop("optimizer", "sgd")
    if bug == "momentum":
        settings["momentum"] = 0.0  # what is meant
    instances = settings.pop("instances", 4)
    module, descent, step = torch_loop(
        n, m, lam, rate=rate or 0.01, bug=bug, optimizer=optimizer, instances=instances
    )
    return verify.check_training_loop(step, module=module, optimizer=descent, **common, **settings)


def test_there_are_25_mistakes():
    assert len(BUGS) == 25


@pytest.mark.parametrize(("style", "bug", "words"), BUGS, ids=lambda value: str(value))
def test_a_single_mistake_is_caught_and_named(style, bug, words):
    report = checked(style, bug=bug, train=False)
    assert not report.agrees
    words = words.format(n=N, n2=N * N)
    assert any(words in found for found in report.bugs), report.text()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda w: np.clip(w, -0.4, 0.4), "clamped to the size 0.4"),
        (lambda w: np.maximum(w, 0), "negative weights are set to 0"),
        (lambda w: w / np.linalg.norm(w, axis=-1, keepdims=True), "rows are normalised"),
    ],
)
def test_a_condition_on_the_weights_after_a_step_is_named(spoil, words):
    step = numpy_step(N, M, 0.05)
    report = verify.check_training_loop(
        lambda w: spoil(step(w)), n=N, m=M, lam=0.05, kind="step", train=False
    )
    (found,) = report.departures
    assert words in found.bug


@pytest.mark.parametrize("by_optimizer", [False, True])
def test_a_stated_weight_decay_is_that_of_the_call_or_of_the_optimizer(by_optimizer):
    """The loop decays by 0.01; an argument of the call replaces what the optimizer states."""
    group = {"lr": 1e-3, "weight_decay": 0.05 if by_optimizer else 0.01}
    report = verify.check_training_loop(
        functional_train(N, M, 0.01, rate=1e-3),
        optimizer=SimpleNamespace(param_groups=[group]),
        weight_decay=None if by_optimizer else 0.05,
        n=N,
        m=M,
        lam=0.01,
        instances=4,
        train=False,
        progress=False,
    )
    (found,) = [finding for finding in report.departures if "0.05 was stated" in finding.bug]
    assert found.check == "weight decay"


def test_clipped_gradients_are_named():
    def step(weights):
        gradient = numerics.gradient(weights)
        gradient /= max(1.0, np.linalg.norm(gradient))
        return numerics.soft_threshold(weights - 0.02 * gradient, 0.004)

    report = verify.check_training_loop(step, n=N, m=M, lam=0.05, kind="step", train=False)
    assert "gradient clipping" in report.departures[0].bug


@pytest.mark.parametrize("style", ["numpy", "functional", "torch"])
def test_a_correct_loop_agrees_in_every_point(style):
    report = checked(style, train=False)
    assert report.agrees, report.text()
    points = {one.check for one in report.findings if one.verdict == "agrees"}
    assert {"tying", "gradient", "rectifier", "orientation", "units", "later steps"} <= points


def test_momentum_that_is_meant_agrees():
    """torch's optimizer states it."""
    report = checked("torch", bug="momentum as meant", train=False)
    assert report.agrees, report.text()
    step = numpy_step(N, M, 0.05)
    common = {"n": N, "m": M, "lam": 0.05, "kind": "step", "train": False}
    (found,) = verify.check_training_loop(step, momentum=0.9, **common).departures
    assert "momentum 0.9 is missing" in found.bug


def variant(place, entropy):
    """A correct loop with sizes, precision, learning rate and l1 weight of its own."""
    rng = np.random.default_rng([entropy, place])
    style = ("numpy", "functional", "torch", "torch")[place % 4]
    options = {
        "n": int(rng.integers(1, 25)),
        "m": int(rng.integers(2, 41)),
        "lam": float(rng.choice([0, 0.002, 0.01, 0.05, 0.1, 0.2])),
        "rate": float(rng.choice([0.002, 0.01, 0.02])),
        "seed": place,
    }
    if style == "numpy":
        options["dtype"] = rng.choice([np.float32, np.float64])
        options["kind_of_l1"] = str(rng.choice(["proximal", "subgradient"]))
    if style == "functional" or place % 4 == 3:
        options["rate"] /= 10
    if style == "torch":
        options["optimizer"] = "adamw" if place % 4 == 3 else "sgd"
        options["instances"] = int(rng.integers(1, 5))
    return style, options


@pytest.mark.parametrize("place", range(12))
def test_correct_variants_raise_no_alarm(place):
    style, options = variant(place, 1)
    report = checked(style, train=False, **options)
    assert report.agrees, report.text()


@pytest.mark.nightly
@pytest.mark.parametrize("place", range(200))
def test_200_correct_variants_raise_no_alarm(place, entropy):
    style, options = variant(place, entropy)
    report = checked(style, train=place % 5 == 0, level="quick", **options)
    assert report.agrees, report.text()


@pytest.mark.nightly
@pytest.mark.parametrize("style", ["numpy", "functional", "torch"])
def test_the_default_level_takes_half_a_minute_at_most(style):
    began = time.process_time()
    assert checked(style).agrees
    assert time.process_time() - began < 30


def training(strength=0.2, *, relu=True, steps=1500, start=None):
    """train(W) -> W by proximal steps for lam = 0.05."""

    def train(weights):
        if start is not None:
            weights = np.random.default_rng(start).normal(0, M**-0.5, weights.shape)
        for _ in range(steps):
            gram = weights @ weights.swapaxes(-1, -2)
            outputs = np.maximum(gram, 0) if relu else gram
            moved = weights - 0.08 * (outputs - np.eye(weights.shape[-2])) @ weights
            weights = numerics.soft_threshold(moved, 0.02 * strength)
        return weights

    return train


@pytest.mark.parametrize(
    ("options", "check", "words"),
    [
        ({"strength": 0.8}, "amplitude at rest", "four times ours"),
        ({"strength": 0.05}, "amplitude at rest", "a quarter of ours"),
        ({"relu": False}, "count", "ReLU is missing"),
        ({"start": 1}, "retained winners", "does not depend on the initial weights"),
        ({"steps": 20}, "training", "before the features settle"),
        ({"strength": 20.0}, "amplitude at rest", "all features die"),
    ],
)
def test_final_weights_alone_show_these_mistakes(options, check, words):
    report = verify.check_training_loop(
        training(**options), n=N, m=M, lam=0.05, kind="train", instances=20, level="quick"
    )
    (found,) = report.departures
    assert found.check == check
    assert words in found.bug


def test_final_weights_of_a_correct_loop_agree():
    report = verify.assert_training_loop(
        training(), n=N, m=M, lam=0.05, kind="train", instances=20, level="quick", alpha=1e-8
    )
    assert report.agrees
    assert SPENT[-1].alpha == 1e-8
    assert {"amplitude at rest", "retained winners", "penalty"} <= {
        one.check for one in report.findings if one.verdict == "agrees"
    }


def test_an_assertion_says_what_is_wrong_and_how_many_networks_would_decide():
    common = {"n": N, "m": M, "lam": 0.05, "kind": "step"}
    with pytest.raises(AssertionError, match="Likely bug: ReLU is missing"):
        verify.assert_training_loop(numpy_step(N, M, 0.05, bug="no rectifier"), **common)
    sizes = {"n": 4, "m": 64, "lam": 0.05, "kind": "train", "instances": 20, "alpha": 1e-8}
    with pytest.raises(AssertionError, match=r"about \d+ networks would decide"):
        verify.assert_training_loop(training(), level="quick", decided=True, **sizes)


@settings(max_examples=6)
@given(verify.strategies.networks(max_features=6, max_neurons=9, min_lam=0.01, max_lam=0.2))
def test_draws_of_hypothesis_are_replayable(network):
    step = numpy_step(network.n, network.m, network.lam)
    sizes = {"n": network.n, "m": network.m, "lam": network.lam, "seed": network.seed}
    first, second = (
        verify.assert_training_loop(step, kind="step", train=False, **sizes) for _ in range(2)
    )
    assert first == second


def test_neurons_first_is_a_layout_and_not_a_mistake():
    def step(weights):
        return numpy_step(N, M, 0.05)(weights.T).T

    common = {"n": N, "m": M, "lam": 0.05, "kind": "step", "train": False}
    assert verify.check_training_loop(step, layout="neurons-first", **common).agrees


def test_loss_and_gradient_are_compared_with_ours_and_with_differences():
    def loss(weights):
        return np.square(np.maximum(weights @ weights.T, 0) - np.eye(N)).sum()

    common = {"n": N, "m": M, "lam": 0.05, "kind": "step", "train": False}
    step = numpy_step(N, M, 0.05)

    def report(**functions):
        found = verify.check_training_loop(step, **common, **functions)
        return {one.check: one.verdict for one in found.findings}

    good = report(loss=loss, gradient=numerics.gradient)
    assert {good[name] for name in ("loss", "gradient function", "finite differences")} == {
        "agrees"
    }
    assert report(loss=lambda w: loss(w) / N)["loss"] == "departs"
    wrong = report(loss=loss, gradient=lambda w: numerics.gradient(w) / 2)
    assert wrong["gradient function"] == wrong["finite differences"] == "departs"


def test_torch_tensors_go_through_a_plain_step():
    torch = pytest.importorskip("torch")

    def step(weights):
        weights = weights.clone().requires_grad_()
        loss = (torch.relu(weights @ weights.T) - torch.eye(N)).square().sum()
        (loss + 0.2 * weights.abs().sum()).backward()
        return (weights - 0.01 * weights.grad).detach()

    report = verify.check_training_loop(
        step,
        n=N,
        m=M,
        lam=0.05,
        kind="step",
        learning_rate=0.01,
        train=False,
        as_array=lambda values: torch.tensor(values, dtype=torch.float32),
    )
    assert report.agrees, report.text()


@pytest.mark.parametrize(("mean", "bug"), [(False, None), (True, "averaged over all 256 outputs")])
def test_jax_functions_are_checked(mean, bug):
    jax = pytest.importorskip("jax")

    def loss(weights):
        error = (jax.nn.relu(weights @ weights.T) - jax.numpy.eye(N)) ** 2
        return (error.mean() if mean else error.sum()) + 0.2 * abs(weights).sum()

    step = jax.jit(lambda weights: weights - 0.01 * jax.grad(loss)(weights))
    settings = {"n": N, "m": M, "lam": 0.05, "kind": "step", "learning_rate": 0.01}
    report = verify.check_training_loop(step, as_array=jax.numpy.asarray, train=False, **settings)
    assert report.agrees == (bug is None), report.text()
    assert all(bug in found for found in report.bugs)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"kind": "run"}, "kind='run'"),
        ({"level": "long"}, "level='long'"),
        ({"alpha": 0.0}, "alpha=0.0"),
        ({"lam": -1.0}, "lam=-1"),
        ({"layout": "rows"}, "layout='rows'"),
    ],
)
def test_settings_out_of_range_are_refused(options, words):
    with pytest.raises(ValueError, match=words):
        verify.check_training_loop(lambda w: w, **{"n": 2, "m": 3, "lam": 0.1} | options)
    with pytest.raises(ValueError, match=r"shape \(1, 3\) from the training loop"):
        verify.check_training_loop(lambda w: w[:1], n=2, m=3, lam=0.1, kind="step")
