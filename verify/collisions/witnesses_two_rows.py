"""Witnesses of the claims about two features: networks whose largest weights are on one neuron."""

from __future__ import annotations

import numpy as np

from ..witness import model
from ..witness.declare import inherits, witness

_NETWORKS = 300
_STEP, _STEPS = 0.05, 4000


def _parted(rng: np.random.Generator, features: int) -> int:
    """Networks whose first two features do not end as they began, as an opposite pair.

    Their largest weights are on neuron 0. Some networks begin far from norm 1.
    """
    m, lam = int(rng.integers(3, 9)), rng.uniform(0.02, 0.12)
    weights = rng.standard_normal((_NETWORKS, features, m)) / np.sqrt(m)
    weights *= np.exp(rng.uniform(-0.7, 0.7, size=(_NETWORKS, features, 1)))
    largest = np.abs(weights[:, :2]).argmax(axis=2)[..., None]
    top = np.take_along_axis(weights[:, :2], largest, axis=2)
    np.put_along_axis(weights[:, :2], largest, weights[:, :2, :1].copy(), axis=2)
    weights[:, :2, 0] = np.abs(top[..., 0]) * [1, -1]
    for _ in range(_STEPS):
        weights = weights + _STEP * model.velocity(weights, 0.0)
        weights = np.sign(weights) * np.maximum(np.abs(weights) - _STEP * lam, 0)
    alive = (weights[:, :2] != 0).any(axis=2).all(axis=1)
    pair = (weights[:, 0, 0] > 0.5) & (weights[:, 1, 0] < -0.5)
    return int((alive & ~pair).sum())


@witness(
    "opposite_winners_stay",
    method="training",
    samples=3,
    wrong=lambda rng: _parted(rng, features=4),
)
def opposite_winners_stay(rng: np.random.Generator) -> float:
    return _parted(rng, 2)


inherits("two_feature_weight", "opposite_winners_stay", "pair_probability", "tilted_pmf_ratio")
