"""Witnesses of the sizes of kicks at the end of training: the winners that networks keep."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from ..witness.declare import Measured, witness
from ..witness.model import settle
from .witnesses import retained_fraction

_M, _LAM = 64, 0.004
_FAST, _TIME = 12.0, 3 / _LAM
_CONSTANT = 0.346  # J of the dense pair problem, another claim
_NETWORKS = {16: 800, 32: 400}


@lru_cache
def _kept(law: str, n: int) -> Measured:
    """The fraction of features whose largest weight is where it was at the start."""
    rng = np.random.default_rng([n, 7])
    shape = (_NETWORKS[n], n, _M)
    draws = rng.standard_normal(shape) if law == "gaussian" else rng.laplace(size=shape) / 2**0.5
    start = (draws / math.sqrt(_M)).astype(np.float32)
    apart = settle(start, _LAM, _FAST, step=0.15)
    final = settle(apart, _LAM, _TIME - _FAST, step=0.45)
    same = (np.abs(final).argmax(axis=2) == np.abs(start).argmax(axis=2)).mean(axis=1)
    return Measured(float(same.mean()), float(same.std(ddof=1)) / len(same) ** 0.5)


def _retained(kick_size: float) -> float:
    """The fraction of winners that kicks of a size leave in place; NaN where the grids end."""
    return retained_fraction(kick_size) if 0 <= kick_size <= 8 else math.nan


_LAW: dict[str, Any] = {
    "method": "training",
    "samples": 3,
    "through": _retained,
    "nightly": True,
    "reach": "the size of the kicks shows in the winners that are kept, and the formula is a fit "
    "or an estimate",
}


def _crowded(rng: np.random.Generator) -> int:
    return int(rng.choice(list(_NETWORKS)))


@witness("sparse_kick_size", accuracy=0.1, **_LAW)
def sparse_kick_size(rng: np.random.Generator) -> tuple[dict[str, Any], Measured]:
    n = _crowded(rng)
    return {"n": n, "m": _M, "pair_constant": _CONSTANT}, _kept("gaussian", n)


@witness("sparse_kick_size_laplace", accuracy=0.1, **_LAW)
def sparse_kick_size_laplace(rng: np.random.Generator) -> tuple[dict[str, Any], Measured]:
    n = _crowded(rng)
    return {"n": n, "m": _M, "pair_constant": _CONSTANT}, _kept("laplace", n)


@witness("fitted_kick_size", accuracy=0.1, **_LAW)
def fitted_kick_size(rng: np.random.Generator) -> tuple[dict[str, Any], Measured]:
    n = _crowded(rng)
    return {"n": n, "m": _M}, _kept("gaussian", n)
