"""Witnesses of the claims about noise: the final codes and their columns."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize

from ..witness.declare import witness
from . import witnesses_model as noise
from .witnesses_model import Array


def _pairs(rng: np.random.Generator) -> tuple[dict[str, Any], float, float]:
    """An even n and sigma as arguments; the best squared norm of n/2 pairs, and their loss."""
    n = 2 * int(rng.integers(1, 7))
    sigma = float(rng.choice([rng.uniform(0, 1), 1.0]) * 2 / np.sqrt(n + 4))
    rows = np.vstack([np.eye(n // 2), -np.eye(n // 2)])
    found = optimize.minimize_scalar(
        lambda q: noise.bipolar_loss(np.sqrt(q) * rows, sigma),
        bounds=(sigma**2, 2.0),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return {"n": n, "sigma": sigma}, float(found.x), float(found.fun)


@witness("crowded_norm2", method="minimisation", samples=20, accuracy=1e-6)
def crowded_norm2(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    arguments, norm2, _ = _pairs(rng)
    return arguments, norm2


@witness("crowded_loss", method="minimisation", samples=20)
def crowded_loss(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    arguments, _, loss = _pairs(rng)
    return arguments, loss


def _corner(n: int) -> Array:
    """The corner simplex: n - 1 rows with a neuron of their own, and one spread row.

    The weights are found from the norms and overlaps of a regular simplex.
    """

    def rows(side: float) -> Array:
        own = np.sqrt(max(1 - (n - 2) * side**2, 0))
        found = np.full((n, n - 1), -side)
        np.fill_diagonal(found, own)
        found[-1] = -1 / np.sqrt(n - 1)
        return found

    if n == 2:
        return rows(0.0)

    def missing(side: float) -> float:
        found = rows(side)
        return float(found[0] @ found[-1] + 1 / (n - 1))

    corner = rows(float(optimize.brentq(missing, 0, 1 / np.sqrt(n - 2), xtol=1e-15)))
    wanted = (n * np.eye(n) - 1) / (n - 1)
    assert np.abs(corner @ corner.T - wanted).max() < 1e-9
    return corner


@witness(
    "corner_side",
    method="root finding",
    samples=20,
    accuracy=1e-8,
    within={"n": (3, 100)},
    reach="for n = 2 no row has this weight",
)
def corner_side(n: int) -> float:
    return float(-_corner(n)[0, 1])


@witness("corner_fourth_norm", method="root finding", samples=20)
def corner_fourth_norm(n: int) -> float:
    return float((_corner(n) ** 4).sum(axis=1).mean())


@witness("centred_fourth_norm", method="arithmetic", samples=20)
def centred_fourth_norm(n: int) -> float:
    rows = np.eye(n) - 1 / n
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return float((rows**4).sum(axis=1).mean())


@witness("largest_column_norm2", method="minimisation", samples=20)
def largest_column_norm2(n: int, row_norm2: float, rng: np.random.Generator) -> float:
    """The largest |W v|^2 over directions v, by power iteration: a rotation makes v a neuron."""
    rows = noise.simplex(n, n + 1, row_norm2, rng)
    direction = rng.standard_normal(n + 1)
    for _ in range(50):
        direction = rows.T @ (rows @ direction)
        direction /= np.linalg.norm(direction)
    return float(((rows @ direction) ** 2).sum())


@witness("shared_weight_limit", method="minimisation", samples=20, accuracy=1e-7)
def shared_weight_limit(n: int, row_norm2: float, rng: np.random.Generator) -> float:
    """The largest min(|W_1 . v|, |W_2 . v|) over the directions v in the plane of two rows."""
    first, second, *_ = noise.simplex(n, n, row_norm2, rng)
    across = second - (second @ first) / row_norm2 * first
    size = np.linalg.norm(across)
    plane = [first / np.sqrt(row_norm2), across / size if size > 1e-6 else np.zeros(n)]

    def less(angle: float) -> float:
        direction = np.cos(angle) * plane[0] + np.sin(angle) * plane[1]
        return -min(abs(float(first @ direction)), abs(float(second @ direction)))

    grid = np.linspace(0, np.pi, 181)
    best = grid[np.argmin([less(angle) for angle in grid])]
    near = optimize.minimize_scalar(
        less, bounds=(best - 0.02, best + 0.02), method="bounded", options={"xatol": 1e-12}
    )
    return -min(float(near.fun), less(best))


def _pairs_on_neurons(n: int, part: float) -> bool:
    """Whether the claim fails: neurons with two rows of more than a part of their squared norm."""
    columns = np.zeros((n, n - 1))
    for k in range(n // 2):
        columns[2 * k, k], columns[2 * k + 1, k] = 1, -1
    columns[:, n // 2 :] = np.random.default_rng(n).standard_normal((n, n - 1 - n // 2))
    columns[:, n // 2 :] -= columns[:, n // 2 :].mean(axis=0)
    rows = np.sqrt(n / (n - 1)) * np.linalg.qr(columns)[0]
    wanted = (n * np.eye(n) - 1) / (n - 1)
    assert np.abs(rows @ rows.T - wanted).max() < 1e-9
    sitting = (rows**2 > part * (rows**2).sum(axis=1, keepdims=True)).sum(axis=0)
    return int((sitting >= 2).sum()) != n // 2


@witness(
    "simplex_with_shared_neurons",
    method="arithmetic",
    samples=20,
    wrong=lambda rng: _pairs_on_neurons(int(rng.integers(5, 40)), 0.64),
)
def simplex_with_shared_neurons(rng: np.random.Generator) -> bool:
    return _pairs_on_neurons(int(rng.integers(2, 40)), 0.5)
