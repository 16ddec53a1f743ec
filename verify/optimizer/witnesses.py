"""Witnesses of the claims on Adam: its recursion, run by hand on the model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from ..witness.declare import witness
from ..witness.model import loss, velocity

Array = NDArray[np.float64]


class _Adam:
    """Adam's recursion on an array of weights."""

    def __init__(self, rate: float, *, beta1: float, beta2: float, floor: float, decay: float = 0):
        self.rate, self.betas, self.floor, self.decay = rate, (beta1, beta2), floor, decay
        self.first: Any = 0.0
        self.second: Any = 0.0
        self.count = 0

    def step(self, weights: Any, gradient: Any) -> Any:
        """The weights after a step."""
        beta1, beta2 = self.betas
        self.count += 1
        self.first = beta1 * self.first + (1 - beta1) * gradient
        self.second = beta2 * self.second + (1 - beta2) * gradient**2
        mean = self.first / (1 - beta1**self.count)
        root = np.sqrt(self.second / (1 - beta2**self.count))
        return (1 - self.rate * self.decay) * weights - self.rate * mean / (root + self.floor)


@witness("adam_first_step", method="arithmetic")
def adam_first_step(
    learning_rate: float, slope: float, floor: float, rng: np.random.Generator
) -> float:
    """The way of a weight at 0 in the first step, for any two rates of the moments."""
    beta1, beta2 = rng.uniform(0, 0.999, 2)
    adam = _Adam(learning_rate, beta1=beta1, beta2=beta2, floor=floor)
    return float(adam.step(0.0, -slope))


def _gradient(weight: float, lam: float, l2: float = 0.0) -> float:
    """The derivative of the loss of a row with one weight, by central differences.

    They are exact for this loss, a polynomial of fourth degree, but for rounding.
    """

    def between(step: float) -> float:
        high, low = weight + step, weight - step
        return (
            loss(np.array([[high]]), lam)
            - loss(np.array([[low]]), lam)
            + 2 * l2 * (high**2 - low**2)
        )

    step = 1e-2
    return (8 * between(step) - between(2 * step)) / (12 * step)


@witness(
    "adamw_rest_slope",
    method="root finding",
    accuracy=1e-6,
    within={"floor": (1e-3, 10.0), "weight": (0.05, 3.0), "weight_decay": (1e-3, 20.0)},
    reach="the step of Adam is evaluated in double precision; near d_w w = 1 the root is far away",
)
def adamw_rest_slope(weight: float, weight_decay: float, floor: float) -> float:
    """The constant gradient under which a long run of the recursion does not move the weight."""

    def moved(size: float) -> float:
        adam = _Adam(0.01, beta1=0.5, beta2=0.75, floor=floor, decay=weight_decay)
        for _ in range(3):
            after = adam.step(weight, -size)
        return float(after - weight)

    high = floor
    while moved(high) < 0:
        high *= 2
    return float(optimize.brentq(moved, 0, high, xtol=1e-14, rtol=1e-13))


@witness(
    "adamw_amplitude_shift",
    method="training",
    samples=6,
    accuracy=1e-6,
    along={"floor": (0.04, 0.02, 0.01, 0.005)},
    order="floor**2",
    within={"weight": (0.7, 1.2), "weight_decay": (0.05, 0.6)},
    reach="the recursion is run until it rests",
)
def adamw_amplitude_shift(weight: float, weight_decay: float, floor: float) -> float:
    """How far below the weight a run of AdamW on a row of one weight comes to rest.

    The l1 weight is the one at which a row with this weight has no gradient.
    """
    lam = float(optimize.brentq(lambda lam: _gradient(weight, lam), -2, 1, xtol=1e-15))
    now = weight
    for rate in (1e-2, 1e-3, 1e-4):
        adam = _Adam(rate, beta1=0.0, beta2=0.0, floor=floor, decay=weight_decay)
        for _ in range(4000):
            now = float(adam.step(now, -4 * ((1 - now**2) * now - lam)))
    return weight - now


@witness(
    "decay_as_l2",
    method="root finding",
    accuracy=1e-6,
    within={"weight_decay": (1e-3, 1.0), "second_moment": (1e-3, 1.0), "floor": (1e-6, 0.5)},
    reach="the row must keep a weight",
)
def decay_as_l2(weight_decay: float, second_moment: float, floor: float) -> float:
    """The l2 weight at which the loss of a row is stationary where AdamW does not move it."""
    root = math.sqrt(second_moment) + floor

    def moved(w: float) -> float:
        return -weight_decay * w - _gradient(w, 0.0) / root

    at_rest = float(optimize.brentq(moved, 0.3, 1.0))

    return float(optimize.brentq(lambda l2: _gradient(at_rest, 0.0, l2), -10, 10))


@witness("adam_response", method="arithmetic", accuracy=1e-5)
def adam_response(rng: np.random.Generator) -> tuple[dict[str, float], float]:
    """The difference of two runs whose gradients differ a little, over the learning rate."""
    length, beta2 = int(rng.integers(2, 40)), rng.uniform(0.1, 0.999)
    gradients, changes = rng.normal(size=length), rng.normal(size=length)
    steps = []
    for lead in (1e-5, -1e-5):
        adam = _Adam(1.0, beta1=0.0, beta2=beta2, floor=0.0)
        for gradient, change in zip(gradients, changes, strict=True):
            step = adam.step(0.0, -gradient * (1 + lead * change))
        steps.append(float(step))
    memory = beta2 ** np.arange(length)[::-1] * gradients**2
    letters = {
        "first_moment": float(gradients[-1]),
        "second_moment": float(memory.sum() * (1 - beta2) / (1 - beta2**length)),
        "change": float(changes[-1]),
        "remembered_change": float(memory @ changes / memory.sum()),
    }
    return letters, (steps[0] - steps[1]) / 2e-5


def _two_runs(rng: np.random.Generator, *, factor: float, floor: float, sgd: bool = False) -> float:
    """The largest difference of two runs whose losses differ by a factor."""
    start = rng.normal(size=(3, 8)) / math.sqrt(8)
    ends = []
    for by in (1.0, factor):
        weights = start.copy()
        adam = _Adam(0.01, beta1=0.9, beta2=0.99, floor=floor)
        for _ in range(60):
            gradient = -4 * by * velocity(weights, 0.02)
            weights = weights - 0.01 * gradient if sgd else adam.step(weights, gradient)
        ends.append(weights)
    return float(np.abs(ends[0] - ends[1]).max())


@witness(
    "adam_common_factor",
    method="training",
    samples=4,
    accuracy=1e-9,
    wrong=lambda rng: _two_runs(rng, factor=1 / 3, floor=0.0, sgd=True),
)
def adam_common_factor(rng: np.random.Generator) -> float:
    """Runs with the summed and the averaged loss; SGD is the false version."""
    return _two_runs(rng, factor=1 / 3, floor=0.0)


def _scaled_runs(rng: np.random.Generator, power: float) -> float:
    """Difference of a run in W from one in x = W sqrt(m) at the learning rate times m**power."""
    m, lam, rate = 12, 0.03, 0.004
    start = rng.normal(size=(3, m)) / math.sqrt(m)
    weights, scaled = start.copy(), start * math.sqrt(m)
    one = _Adam(rate, beta1=0.9, beta2=0.99, floor=0.0)
    other = _Adam(rate * m**power, beta1=0.9, beta2=0.99, floor=0.0)
    for _ in range(60):
        weights = one.step(weights, -4 * velocity(weights, lam))
        error = np.maximum(scaled @ scaled.T / m, 0) - np.eye(3)
        slope = 4 * error @ scaled + 4 * lam * math.sqrt(m) * np.sign(scaled)
        scaled = other.step(scaled, slope)
    return float(np.abs(weights - scaled / math.sqrt(m)).max())


@witness(
    "adam_scaled_variables",
    method="training",
    samples=4,
    accuracy=1e-9,
    wrong=lambda rng: _scaled_runs(rng, 1.0),
)
def adam_scaled_variables(rng: np.random.Generator) -> float:
    """The false version scales the learning rate by m."""
    return _scaled_runs(rng, 0.5)


def _overtaken(rng: np.random.Generator, beta2: float) -> float:
    """The part of lone rows whose largest weight at the end is not the largest at the start."""
    m = 2048
    weights = rng.normal(size=(24, 1, m)) / math.sqrt(m)
    first = np.abs(weights).argmax(axis=-1)
    adam = _Adam(1e-3, beta1=0.0, beta2=beta2, floor=1e-12)
    for _ in range(1500):
        weights = adam.step(weights, -4 * velocity(weights, 0.02))
    return float((np.abs(weights).argmax(axis=-1) != first).mean())


@witness(
    "sign_descent_order",
    method="training",
    samples=1,
    accuracy=0.0,
    wrong=lambda rng: _overtaken(rng, 0.999),
)
def sign_descent_order(rng: np.random.Generator) -> float:
    """The false version says it of Adam with a long memory, under which some rows change."""
    return _overtaken(rng, 0.0)


def _winner(beta2: float) -> float:
    """The initial size of the winner in a row of half-normal quantiles, in standard deviations."""
    m, strength, rate = 16_384, 0.5, 0.06
    initial = stats.halfnorm.ppf((np.arange(m) + 0.5) / m)
    sizes, adam = initial.copy(), _Adam(rate, beta1=0.0, beta2=beta2, floor=1e-12)
    while sizes.max() < math.sqrt(m) / 3:
        benefit = 1 - (sizes**2).sum() / m
        sizes = np.maximum(adam.step(sizes, strength * (sizes > 0) - benefit * sizes), 0)
    return float(initial[sizes.argmax()])


@witness(
    "adam_selection",
    method="training",
    samples=1,
    accuracy=0.0,
    wrong=lambda rng: abs(_winner(0.5) - 3.4) > 0.1,
)
def adam_selection(rng: np.random.Generator) -> bool:
    """Whether the winner is not near 3.4, or the largest, 4.2, loses under a short memory too."""
    return abs(_winner(0.999) - 3.4) > 0.1 or _winner(0.5) < 4.1
