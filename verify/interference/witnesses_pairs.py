"""Witnesses of the weight of opposite pairs: the tilt that gives the number of them in training."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import optimize, stats

from ..witness.declare import Measured, witness
from ..witness.model import normal_start, settle, shared_neurons

_N, _M, _NETWORKS = 16, 32, 2500
_LIMIT, _STRONG = 0.003, 0.05  # lambda near 0, and where contacts lag


def _mean(omega: float) -> float:
    """The mean number of full neurons of sets of slots, each full neuron with the weight omega."""
    full = np.arange(_N // 2 + 1)
    sets = [
        math.comb(_M, k) * math.comb(_M - k, _N - 2 * k) * 2 ** (_N - 2 * k) for k in full.tolist()
    ]
    chances = np.array(sets, float) * omega**full
    return float(chances @ full / chances.sum())


@lru_cache
def _weight(lam: float) -> Measured:
    """The weight at which that mean is the one of trained networks."""
    rng = np.random.default_rng([round(1e4 * lam), 11])
    start = settle(normal_start(_NETWORKS, _N, _M, rng), lam, 12.0, step=0.15)
    counts = shared_neurons(settle(start, lam, 3 / lam - 12.0, step=0.45))
    found = float(optimize.brentq(lambda omega: _mean(omega) - counts.mean(), 0.01, 10))
    slope = (_mean(1.01 * found) - _mean(0.99 * found)) / (0.02 * found)
    return Measured(found, float(counts.std(ddof=1)) / math.sqrt(_NETWORKS) / slope)


def _height() -> float:
    """How many gaps the median largest weight lies above the level that sqrt(m) weights exceed."""
    low = stats.halfnorm.isf(1 / math.sqrt(_M))
    top = stats.halfnorm.ppf(0.5 ** (1 / _M))
    return float((top - low) * stats.halfnorm.pdf(low) / stats.halfnorm.sf(low))


_TRAINED: dict[str, Any] = {
    "method": "training",
    "accuracy": 0.15,
    "samples": 1,
    "nightly": True,
    "reach": "the formula is a fit or an estimate, and networks of one size are trained",
}


@witness("pair_weight_limit", **_TRAINED)
def pair_weight_limit(rng: np.random.Generator) -> tuple[dict[str, Any], Measured]:
    return {"n": _N, "m": _M, "height": _height()}, _weight(_LIMIT)


@witness("pair_weight_flow", **_TRAINED)
def pair_weight_flow(rng: np.random.Generator) -> tuple[dict[str, Any], Measured]:
    return {"m": _M, "lam": _STRONG, "omega": _weight(_LIMIT).value}, _weight(_STRONG)
