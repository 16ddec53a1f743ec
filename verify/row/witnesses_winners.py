"""Witnesses of the claims about the weight of a feature that wins in a network."""

from __future__ import annotations

import itertools
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ..witness import model
from ..witness.declare import witness

Vector = NDArray[np.float64]
_SIZES = ((3, 16), (16, 16))
_NETWORKS = 150
_ERRORS = 5  # standard errors


@cache
def _winners(n: int, m: int) -> Vector:
    """By network: the parts of the features that end on their largest weight, the second..."""
    rng = np.random.default_rng(n * m)
    start = rng.standard_normal((_NETWORKS, n, m)) / np.sqrt(m)
    weights, step, lam = start, 0.15, 0.02
    for _ in range(3000):
        moved = weights + step * model.velocity(weights, 0.0)
        weights = np.sign(moved) * np.maximum(np.abs(moved) - step * lam, 0)
    order = np.argsort(-np.abs(start), axis=2)
    won = order == np.abs(weights).argmax(axis=2)[..., None]
    return np.asarray((won * weights.any(axis=2)[..., None]).mean(axis=1))


def _sure(differences: Vector) -> float:
    """The mean of differences less five standard errors: what is sure of it."""
    error = differences.std(ddof=1) / np.sqrt(len(differences))
    return float(differences.mean() - _ERRORS * error)


def _leads(rank: int) -> float:
    """By how much a rank may win less often than another one."""
    parts = [_winners(n, m) for n, m in _SIZES]
    leads = [_sure(p[:, rank] - p[:, k]) for p in parts for k in range(p.shape[1]) if k != rank]
    return max(0.0, -min(leads))


@witness(
    "paper_winner_in_network",
    method="training",
    samples=1,
    accuracy=0.0,
    wrong=lambda rng: _leads(1),
)
def paper_winner_in_network(rng: np.random.Generator) -> float:
    """By how much the initially largest weight may fail to be the most likely winner.

    Networks are independent; five standard errors err with a probability below 1e-5 in all.
    """
    return _leads(0)


def _falls(sizes: tuple[tuple[int, int], ...]) -> float:
    """By how much the part of retained winners may fail to be below 1 and to fall."""
    parts = [np.ones(_NETWORKS), *(_winners(n, m)[:, 0] for n, m in sizes)]
    return max(0.0, -min(_sure(before - after) for before, after in itertools.pairwise(parts)))


@witness(
    "winner_in_network",
    method="training",
    samples=1,
    accuracy=0.0,
    wrong=lambda rng: _falls(_SIZES[::-1]),
)
def winner_in_network(rng: np.random.Generator) -> float:
    """At n/sqrt(m) of 3/4 and 4; a dead feature counts as one that lost its winner."""
    return _falls(_SIZES)
