"""Witnesses of the estimates of how many shared neurons co-occurrence leaves, by training."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..witness.declare import Measured, witness
from ..witness.model import normal_start, ratio_of_means, settle, shared_neurons
from .witnesses_model import one_or_two_active

Array = NDArray[Any]
_LAM = 0.03
_TIME = 3 / _LAM
_ESTIMATE: dict[str, Any] = {
    "method": "training",
    "accuracy": 0.15,
    "absolute": True,
    "samples": 2,
    "reach": "the formula is an estimate, and small networks are trained",
}


def _trained(weights: Array, strength: Array) -> Array:
    """The shared neurons of networks, each with the strengths of its pairs."""
    pairs = one_or_two_active(weights.shape[1])[1].astype(np.float32)
    same = np.eye(weights.shape[1], dtype=np.float32)
    factors = (_LAM * strength).astype(np.float32)[:, None, :]

    def descent(weights: Array) -> Array:
        overlaps = weights @ weights.swapaxes(1, 2)
        outputs = overlaps @ pairs
        errors = (np.maximum(outputs, 0) - pairs) * (outputs > 0) * factors
        slopes = np.maximum(overlaps, 0) - same + errors @ pairs.T
        return np.asarray(-(slopes + slopes.swapaxes(1, 2)) @ weights / 2)

    return shared_neurons(settle(weights, _LAM, _TIME, descent=descent))


def _kept(weights: Array, strength: Array) -> Measured:
    """The shared neurons over those of the same networks without co-occurrence."""
    without = shared_neurons(settle(weights, _LAM, _TIME))
    return Measured(*ratio_of_means(_trained(weights, strength), without))


@witness("crowded_suppression", **_ESTIMATE)
def crowded_suppression(rng: np.random.Generator) -> tuple[dict[str, Any], Measured]:
    n, m = 8, int(rng.choice([16, 24]))
    strength = float(rng.choice([0.2, 0.4, 0.8]))
    found = _kept(normal_start(1200, n, m, rng), np.full((1200, 28), strength))
    return {"n": n, "m": m, "strength": strength}, found


def _colliding(networks: int, n: int, m: int, rng: np.random.Generator) -> Array:
    """Initial weights, given that the largest of the first two rows collide with opposite signs."""
    weights = normal_start(networks, n, m, rng)
    place = np.arange(networks)
    neuron, other = np.abs(weights[:, :2]).argmax(axis=2).T
    row = weights[:, 1]
    row[place, neuron], row[place, other] = row[place, other], row[place, neuron]
    row[row[place, neuron] * weights[place, 0, neuron] > 0] *= -1
    return np.asarray(weights)


@witness("partial_suppression", **_ESTIMATE)
def partial_suppression(rng: np.random.Generator) -> tuple[dict[str, Any], Measured]:
    """Networks in which two features collide at the start; each pair co-occurs at random."""
    networks, n, m = 800, 4, 64
    fraction, strength = float(rng.choice([0.3, 0.6])), float(rng.choice([0.3, 0.6, 1.0]))
    together = rng.random((networks, 6)) < fraction
    together[:, 0] = np.arange(networks) < fraction * networks  # the pair that collides
    found = _kept(_colliding(networks, n, m, rng), strength * together)
    return {"fraction": fraction, "strength": strength}, found
