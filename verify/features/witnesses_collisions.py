"""The witness of the estimate of how often two unequal features end on one neuron, by training."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..witness.declare import Measured, witness
from ..witness.model import normal_start, settle, shared_neurons

Array = NDArray[Any]
_LAM = 0.06
_TIME = 4 / _LAM
_M, _NETWORKS = 8, 30_000


def _descent(frequency: Array, importance: Array, pair: float) -> Callable[[Array], Array]:
    """Minus a quarter of the slope of the loss of two features, alone and together."""
    own = np.outer(importance, frequency).astype(np.float32)
    together = (pair * importance).astype(np.float32)
    same = np.eye(2, dtype=np.float32)

    def descent(weights: Array) -> Array:
        overlaps = weights @ weights.swapaxes(1, 2)
        outputs = overlaps.sum(axis=2)
        both = (np.maximum(outputs, 0) - 1) * (outputs > 0) * together
        slopes = own * (np.maximum(overlaps, 0) - same) + both[..., None]
        return np.asarray(-(slopes + slopes.swapaxes(1, 2)) @ weights / 2)

    return descent


@witness(
    "unequal_collision_probability",
    method="training",
    accuracy=0.4,
    samples=2,
    reach="the formula is an estimate, and networks of two features are trained",
)
def unequal_collision_probability(rng: np.random.Generator) -> tuple[dict[str, Any], Measured]:
    """The second feature has the smaller weight, and alone it does not always stay alive."""
    strength, rare = float(rng.choice([0.0, 0.1, 0.2])), float(rng.choice([0.2, 0.5]))
    frequency, importance = np.array([1.0, rare]), np.array([1.0, 1.0])
    pair = strength * _LAM / float(importance.mean())
    start = normal_start(_NETWORKS, 2, _M, rng)
    trained = settle(start, _LAM, _TIME, descent=_descent(frequency, importance, pair))
    chance = float(shared_neurons(trained).mean())
    arguments = {"m": _M, "survival": 1.0, "other_survival": 1.0, "strength": strength}
    arguments["lost"] = 0.0  # no third feature
    for row, name in enumerate(("survival", "other_survival")):
        alone = np.zeros_like(start[:3000])
        alone[:, row] = start[:3000, row]
        alone = settle(alone, _LAM, _TIME, descent=_descent(frequency, importance, 0.0))
        arguments[name] = float((np.abs(alone[:, row]).max(axis=1) > 0.5).mean())
    return arguments, Measured(chance, math.sqrt(chance / _NETWORKS))
