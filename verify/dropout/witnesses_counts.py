"""The witness of the estimate of how many shared neurons dropout leaves, by training."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..witness.declare import Measured, witness
from ..witness.model import normal_start, settle, shared_neurons
from .witnesses import masks, spread_noise

Array = NDArray[Any]
_N, _M, _LAM = 4, 4, 0.05
_TIME = 10 / _LAM
_NETWORKS, _PAIRS = 2000, 6000
_LARGE = 0.8  # the least weight that counts


class _Averaged:
    """The descent of the squared error, averaged over all masks of dropout of a variance."""

    def __init__(self, noise: float, n: int) -> None:
        found = list(masks(_M, noise))
        self.masks = np.array([mask for mask, _ in found], np.float32)
        self.chances = np.array([chance for _, chance in found], np.float32)
        self.places = list(itertools.combinations_with_replacement(range(n), 2))

    def __call__(self, weights: Array) -> Array:
        """Output k for input i is ReLU of the sum of W_kj W_ij over the neurons that are kept."""
        slopes = np.zeros_like(weights)
        for i, k in self.places:
            outputs = (weights[:, i] * weights[:, k]) @ self.masks.T
            errors = (np.maximum(outputs, 0) - (i == k)) * (outputs > 0) * self.chances
            change = errors @ self.masks  # also that of output i for input k, if i is not k
            slopes[:, i] += change * weights[:, k]
            slopes[:, k] += change * weights[:, i] * (i != k)
        return -slopes


@witness(
    "dropout_neurons",
    method="training",
    accuracy=0.25,
    samples=2,
    reach="the formula is an estimate, and small networks are trained on averages over all masks",
)
def dropout_neurons(rng: np.random.Generator) -> tuple[dict[str, Any], Measured]:
    """Near the variance at which two equal weights become stable, where rows with one are rarer."""
    noise = float(rng.choice([0.6, 1.03])) * spread_noise(2, _LAM)
    pairs = normal_start(_PAIRS, 2, _M, rng)
    with_dropout = _shared(pairs, noise).mean()
    counts = _shared(normal_start(_NETWORKS, _N, _M, rng), noise)
    error = float(counts.std(ddof=1)) / math.sqrt(_NETWORKS)
    ratio = float(with_dropout / _shared(pairs, 0.0).mean())
    return {"n": _N, "m": _M, "pair_chance_ratio": ratio}, Measured(float(counts.mean()), error)


def _shared(start: Array, noise: float) -> Array:
    """The shared neurons of networks trained under dropout of a variance."""
    descent = _Averaged(noise, start.shape[1]) if noise else None
    return shared_neurons(settle(start, _LAM, _TIME, step=0.25, descent=descent), least=_LARGE)
