"""Witnesses of the claims on unequal features: the loss is summed over all inputs and outputs."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import integrate, optimize

from ..witness.declare import witness
from ..witness.model import Weights

Pairs = dict[tuple[int, int], float]
_NONE: Pairs = {}


def loss(
    weights: Weights,
    frequency: Weights,
    importance: Weights,
    pairs: Pairs = _NONE,
    lam: float = 0.0,
) -> float:
    """The loss over single features and pairs, each output with its importance.

    >>> import numpy as np
    >>> from polysem.verify.features.witnesses import loss
    >>> loss(np.zeros((2, 1)), np.array([1.0, 0.5]), np.array([1.0, 0.2]))
    1.1
    """
    total = 4 * lam * float(np.abs(weights).sum())
    inputs = [((i,), chance) for i, chance in enumerate(frequency)] + list(pairs.items())
    for active, chance in inputs:
        hidden = weights[list(active)].sum(axis=0)
        for k, row in enumerate(weights):
            error = max(float(row @ hidden), 0.0) - (k in active)
            total += chance * importance[k] * error**2
    return float(total)


def force(
    of_loss: Callable[[Weights], float], weights: Weights, place: tuple[int, int], step: float
) -> float:
    """Minus a quarter of the slope of a loss in one weight, by differences."""

    def at(distance: float) -> float:
        moved = weights.copy()
        moved[place] += distance
        return of_loss(moved)

    near, far = at(step) - at(-step), at(2 * step) - at(-2 * step)
    return -(8 * near - far) / (48 * step)


def _wide(rng: np.random.Generator, count: int) -> Weights:
    return np.asarray(10 ** rng.uniform(-1.5, 1.0, count))


@witness("unequal_flow", method="enumeration", accuracy=1e-6, samples=30)
def unequal_flow(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    n, m = rng.integers(1, 5, size=2)
    weights, lam = rng.standard_normal((n, m)), rng.uniform(0, 1)
    frequency, importance = _wide(rng, n), _wide(rng, n)
    i, neuron = int(rng.integers(n)), int(rng.integers(m))
    value = force(
        lambda w: loss(w, frequency, importance, lam=lam),
        weights,
        (i, neuron),
        1e-4 * abs(weights[i, neuron]),
    )
    arguments = {"W": weights, "f": frequency, "v": importance, "lam": lam}
    return arguments | {"n": int(n), "m": int(m), "i": i + 1, "l": neuron + 1}, value


def _one(weight: float, own: float, ratio: float = 1.0) -> float:
    """The force on the only weight of a feature; its frequency is a part of its own weight."""
    frequency, importance = np.array([own * ratio]), np.array([1 / ratio])
    weights = np.array([[weight]])
    return force(lambda w: loss(w, frequency, importance), weights, (0, 0), 1e-4 * weight)


@witness("unequal_rest", method="enumeration", accuracy=1e-6, samples=20)
def unequal_rest(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    weight, (own, ratio) = float(rng.uniform(0.01, 0.99)), _wide(rng, 2)
    return {"weight": weight, "own_weight": float(own)}, _one(weight, own, ratio)


@witness("unequal_amplitude", method="minimisation", accuracy=1e-6, samples=20)
def unequal_amplitude(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """The local minimum of the loss of one weight, below the fold found by the next witness."""
    own = float(_wide(rng, 1)[0])
    top, fold = _top(own)
    lam = float(rng.uniform(0.01, 0.97)) * fold
    weight = optimize.brentq(lambda w: _one(w, own) - lam, top, 1.0, xtol=1e-12)
    return {"lam": lam, "own_weight": own}, float(weight)


def _top(own: float) -> tuple[float, float]:
    """The weight at which the force without l1 is largest, and this force."""
    found = optimize.minimize_scalar(
        lambda w: -_one(w, own), bounds=(0.01, 1), method="bounded", options={"xatol": 1e-10}
    )
    return float(found.x), -float(found.fun)


@witness("unequal_fold", method="minimisation", accuracy=1e-7, samples=12)
def unequal_fold(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    own = float(_wide(rng, 1)[0])
    return {"own_weight": own}, _top(own)[1]


def _time_to_one(start: Weights, own: float, lam: float) -> float:
    """lambda times the time at which a lone row has one weight left.

    The largest weight and the common amplitude, by adaptive integration of the flow of the loss.
    """
    size = np.sort(np.abs(start))[::-1]
    gaps = size[0] - size

    def rate(_: float, state: Weights) -> list[float]:
        x, log_amplitude = state
        live = np.maximum(x - math.exp(log_amplitude) * gaps, 0)
        growth = own * (1 - float((live**2).sum()))
        return [growth * x - lam, growth]

    def runner_up(_: float, state: Weights) -> float:
        return float(state[0] - math.exp(state[1]) * gaps[1])

    runner_up.terminal = True  # type: ignore[attr-defined]
    found = integrate.solve_ivp(
        rate, (0, 10 / lam), [size[0], 0.0], events=runner_up, method="LSODA", rtol=1e-9, atol=1e-12
    )
    return lam * float(found.t[-1])


def _clock_difference(rng: np.random.Generator, scale: Callable[[float], float]) -> float:
    """The relative difference of lambda t of two features, once lambda is small."""
    start = rng.standard_normal(64)
    start /= np.linalg.norm(start)
    own = float(rng.uniform(0.2, 0.6))
    times = [_time_to_one(start, d, 1e-5) for d in (1.0, own)]
    return max(abs(times[1] * scale(own) / times[0] - 1) - 5e-3, 0.0)


@witness(
    "unequal_clock",
    method="integration",
    samples=6,
    wrong=lambda rng: _clock_difference(rng, lambda own: own),
)
def unequal_clock(rng: np.random.Generator) -> float:
    """A start of norm 1, so that no time passes until the row has this norm."""
    return _clock_difference(rng, lambda own: 1.0)


def _intruder(frequency: Weights, importance: Weights) -> float:
    """The growth rate of a small weight of feature 2 beside a weight 1 of feature 1."""
    small = 1e-3
    weights = np.array([[1.0], [small]])
    return force(lambda w: loss(w, frequency, importance), weights, (1, 0), 1e-3 * small) / small


@witness("intruder_rate", method="enumeration", accuracy=2e-5, absolute=True, samples=20)
def intruder_rate(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    frequency, importance = rng.uniform(0.2, 2, 2), rng.uniform(0.2, 2, 2)
    names = ("frequency", "other_frequency", "importance", "other_importance")
    arguments = dict(zip(names, map(float, [*frequency, *importance]), strict=True))
    return arguments, _intruder(frequency, importance)


@witness(
    "intruder_bound",
    method="enumeration",
    accuracy=1e-4,
    samples=30,
    relation="<=",
    attained=True,
)
def intruder_bound(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """Frequencies and importance at random, or in the ratio in which the bound is met."""
    frequency, importance = rng.uniform(0.2, 2, 2), rng.uniform(0.2, 2, 2)
    if rng.random() < 0.4:
        importance = frequency * importance[0]
    own = frequency * importance
    return {"own_weight": float(own[0]), "other_weight": float(own[1])}, _intruder(
        frequency, importance
    )


# pairs


@witness("paired_own_weight", method="enumeration", accuracy=1e-6, samples=20)
def paired_own_weight(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """The force on a small weight over the weight: it grows at the own weight."""
    frequency, importance, (pair,) = _wide(rng, 2), _wide(rng, 2), _wide(rng, 1)
    weights = np.diag([1e-4, 1.0])
    value = force(lambda w: loss(w, frequency, importance, {(0, 1): pair}), weights, (0, 0), 1e-5)
    arguments = {"frequency": frequency[0], "importance": importance[0], "pair_weight": pair}
    return {name: float(x) for name, x in arguments.items()}, value / 1e-4


def _settings(rng: np.random.Generator) -> tuple[Weights, Weights, float, dict[str, float]]:
    frequency, importance, (pair,) = _wide(rng, 2), _wide(rng, 2), _wide(rng, 1)
    arguments = {
        "importance": float(importance[0]),
        "other_importance": float(importance[1]),
        "pair_weight": float(pair),
    }
    return frequency, importance, float(pair), arguments


@witness("unequal_overlap_penalty", method="enumeration", samples=20)
def unequal_overlap_penalty(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    frequency, importance, pair, arguments = _settings(rng)
    overlap = float(rng.uniform(0.05, 1))
    rows = np.array([[1.0, 0.0], [-overlap, math.sqrt(1 - overlap**2)]])
    value = loss(rows, frequency, importance, {(0, 1): pair}) - loss(rows, frequency, importance)
    return arguments | {"antipodal_overlap": overlap}, value


@witness("unequal_strength", method="enumeration", accuracy=1e-5, samples=20)
def unequal_strength(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """The force of co-occurrence on an overlap of unit rows, over that of equal features.

    Equal features of co-occurrence lambda have the strength 1.
    """
    frequency, importance, pair, arguments = _settings(rng)
    lam, angle = float(10 ** rng.uniform(-2, 0)), float(rng.uniform(0.2, 1.2))
    rows = np.array([[1.0, 0.0], [-math.sin(angle), math.cos(angle)]])

    def turning(frequency: Weights, importance: Weights, pairs: Pairs) -> float:
        """The slope of the loss as the first row turns towards the second neuron."""
        losses = [
            loss(np.array([[math.cos(x), math.sin(x)], rows[1]]), frequency, importance, pairs)
            for x in (1e-5, -1e-5)
        ]
        return (losses[0] - losses[1]) / 2e-5

    both: Pairs = {(0, 1): pair}
    ones = np.ones(2)
    unequal = turning(frequency, importance, both) - turning(frequency, importance, {})
    equal = turning(ones, ones, {(0, 1): lam}) - turning(ones, ones, {})
    value = unequal / equal
    return arguments | {"lam": lam}, value


@witness("unequal_pair_loss", method="enumeration", samples=20)
def unequal_pair_loss(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    frequency, importance, pair, arguments = _settings(rng)
    large, small = sorted(rng.uniform(0.1, 1.5, 2), reverse=True)
    lam = float(rng.uniform(0, 1))
    rows = np.array([[large], [-small]])
    more = {"a": large, "c": small, "lam": lam}
    more |= {"frequency": frequency[0], "other_frequency": frequency[1]}
    value = loss(rows, frequency, importance, {(0, 1): pair}, lam)
    return arguments | {name: float(x) for name, x in more.items()}, value


@witness("unequal_price", method="enumeration", samples=20)
def unequal_price(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    frequency, importance, pair, arguments = _settings(rng)
    weight = float(rng.uniform(0.1, 1.5))
    shared, alone = np.array([[weight], [-weight]]), np.diag([weight, weight])
    costs = [loss(rows, frequency, importance, {(0, 1): pair}) for rows in (shared, alone)]
    return arguments | {"weight": weight}, costs[0] - costs[1]


@witness("three_feature_collision", method="enumeration", samples=20)
def three_feature_collision(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """All places of three features in the slots of a few neurons, each place with its weight."""
    m = int(rng.integers(2, 5))
    kept = dict(zip([(0, 1), (0, 2), (1, 2)], map(float, rng.uniform(0.01, 1, 3)), strict=True))
    total = together = 0.0
    for slots in itertools.permutations(range(2 * m), 3):
        met = [pair for pair in kept if slots[pair[0]] // 2 == slots[pair[1]] // 2]
        chance = math.prod(kept[pair] for pair in met)
        total += chance
        together += chance * ((0, 1) in met)
    names = ("kept", "first_kept", "second_kept")
    return {"m": m, **dict(zip(names, kept.values(), strict=True))}, together / total
