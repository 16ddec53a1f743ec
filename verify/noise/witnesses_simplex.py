"""Witnesses of the claims about noise: the regular simplex, its loss and its dead zones."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import optimize

from ..witness.declare import witness
from . import witnesses_model as noise
from .witnesses_model import Array, best_norm2

_PATTERNS = "all patterns of the noise are enumerated"


@witness("total_row", method="arithmetic", samples=20)
def total_row(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    n, m = (int(x) for x in rng.integers(2, 20, size=2))
    rows = _rows(n, m, 10 ** rng.uniform(-1, 1), rng)
    arguments = {"n": n, "row_norm2": float((rows[0] ** 2).sum()), "overlap": _mean_overlap(rows)}
    return arguments, float((rows.sum(axis=0) ** 2).sum())


def _rows(n: int, m: int, norm2: float, rng: np.random.Generator) -> Array:
    rows = rng.standard_normal((n, m))
    return np.asarray(np.sqrt(norm2) * rows / np.linalg.norm(rows, axis=1, keepdims=True))


def _mean_overlap(rows: Array) -> float:
    gram = rows @ rows.T
    return float(gram[~np.eye(len(rows), dtype=bool)].mean())


@witness("simplex_overlap", method="minimisation", samples=30)
def simplex_overlap(n: int, row_norm2: float, rng: np.random.Generator) -> float:
    """The least of random rows and of rows that have been moved towards a sum of 0."""
    found = [_rows(n, int(m), row_norm2, rng) for m in rng.integers(1, n + 3, size=5)]
    rows = _rows(n, n, row_norm2, rng)
    for _ in range(200):
        rows = rows - rows.mean(axis=0)
        rows *= np.sqrt(row_norm2) / np.linalg.norm(rows, axis=1, keepdims=True)
    return min(map(_mean_overlap, (*found, rows)))


@witness(
    "simplex_relative_overlap",
    method="enumeration",
    within={"n": (2, 11)},
    reach=_PATTERNS,
    samples=20,
)
def simplex_relative_overlap(
    n: int, sigma: float, row_norm2: float, rng: np.random.Generator
) -> float:
    rows = noise.simplex(n, n - 1, row_norm2, rng)
    patterns, chances = noise.states((-1.0, 1.0), (0.5, 0.5), n - 1)
    deviation = np.sqrt(chances @ (sigma * patterns @ rows[1]) ** 2)
    return float(rows[0] @ rows[1] / deviation)


@witness(
    "simplex_least",
    method="minimisation",
    within={"n": (2, 5)},
    reach="the loss is minimised over the directions of all rows",
    accuracy=1e-8,
)
def simplex_least(n: int, sigma: float, row_norm2: float, rng: np.random.Generator) -> float:
    size, scale = np.sqrt(row_norm2), sigma**2 * row_norm2
    other = ~np.eye(n, dtype=bool)

    def cost(flat: Array) -> tuple[float, Array]:
        """The other outputs' cost and its slope, by the derivative under the integral."""
        rows = flat.reshape(n, n)
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        rows = size * rows / lengths
        gram, deviation = rows @ rows.T, np.array(sigma * size)
        pull = np.where(other, 2 * noise.normal_mean(lambda y: y, gram, deviation), 0)
        slope = 2 * pull @ rows
        slope -= (slope * rows).sum(axis=1, keepdims=True) * rows / row_norm2
        value = noise.normal_mean(np.square, gram, deviation)[other].sum()
        return float(value) / scale, (slope * size / lengths / scale).ravel()

    ends = [
        optimize.minimize(cost, rng.standard_normal(n * n), jac=True, options={"gtol": 1e-9}).x
        for _ in range(2)
    ]
    rows = [size * end.reshape(n, n) for end in ends]
    return min(
        noise.normal_loss(r / np.linalg.norm(r / size, axis=1, keepdims=True), sigma) for r in rows
    )


def _norm_slope(norm2: float, n: int, sigma: float) -> float:
    """The derivative of a simplex's loss per feature by its squared norm."""
    other = -1 / (n - 1)  # the cosine of two centred unit vectors

    def loss(q: float) -> float:
        deviation = np.array(sigma * np.sqrt(q))
        own = noise.normal_mean(lambda y: (y - 1) ** 2, np.array(q), deviation)
        return float(own + (n - 1) * noise.normal_mean(np.square, np.array(q * other), deviation))

    h = 1e-3
    near, far = loss(norm2 + h) - loss(norm2 - h), loss(norm2 + 2 * h) - loss(norm2 - 2 * h)
    return (8 * near - far) / (12 * h)


@witness(
    "simplex_norm2",
    method="root finding",
    accuracy=1e-9,
    samples=1,
    along={"n": (11, 21, 41, 81, 161), "sigma": (0.2, 0.1, 0.05, 0.025, 0.0125)},
    order="((n - 1)*sigma**2)**2",
)
def simplex_norm2(n: int, sigma: float) -> float:
    return float(optimize.brentq(_norm_slope, 0.5, 1.2, args=(n, sigma), xtol=1e-13))


def _largest_quiet(rows: Array) -> float:
    """The largest sigma at which no bipolar pattern lifts an overlap above 0."""
    noise_per_sigma = (np.sign(rows) * rows).sum(axis=1)  # under the worst pattern of each row
    gaps = -(rows @ rows.T) / noise_per_sigma
    return float(gaps[~np.eye(len(rows), dtype=bool)].min())


@witness("dead_zone", method="minimisation", samples=30)
def dead_zone(n: int, m: int, row_norm2: float, rng: np.random.Generator) -> float:
    """The least over random rotations and the one that spreads a row evenly."""
    rows = noise.simplex(n, m, row_norm2, rng)
    step = rows[0] / np.sqrt(row_norm2) - 1 / np.sqrt(m)
    size = (step**2).sum()
    spread = rows - 2 * np.outer(rows @ step, step) / size if size > 1e-20 else rows
    turned = [rows @ np.linalg.qr(rng.standard_normal((m, m)))[0] for _ in range(3)]
    return min(map(_largest_quiet, (rows, spread, *turned)))


def _quiet_family(n: int, ratio: float) -> float:
    """The same for the family of a diagonal and weights beside it; all its rows are alike."""
    row, other = np.full(n, -ratio), np.full(n, -ratio)
    row[0] = other[1] = 1
    row, other = row / np.linalg.norm(row), other / np.linalg.norm(other)
    return float(-(row @ other) / np.abs(row).sum())


@witness("family_margin", method="arithmetic", samples=20)
def family_margin(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    n, ratio = int(rng.integers(2, 60)), 10 ** rng.uniform(-3, 1)
    rows = noise.family(n, ratio)
    return {"n": n, "opposite_weight": ratio}, _largest_quiet(rows)


@witness(
    "family_margin_limit",
    method="arithmetic",
    within={"opposite_weight": (1e-3, 10.0)},
    reach="the number of features must be large against the ratio",
    accuracy=1e-13,
    along={"n": (512, 1024, 2048, 4096)},
    order="1/n",
    relative=True,
)
def family_margin_limit(n: int, opposite_weight: float) -> float:
    return _quiet_family(n, opposite_weight / n)


def _best_family(n: int) -> tuple[float, float]:
    found = optimize.minimize_scalar(
        lambda w: -n * _quiet_family(n, w / n),
        bounds=(0, 2),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return float(found.x), -float(found.fun) / n


@witness("family_ratio", method="minimisation", accuracy=1e-5, samples=1)
def family_ratio() -> float:
    """Two sizes, from which the part of order 1/n is removed."""
    small, large = (_best_family(n)[0] for n in (2000, 4000))
    return 2 * large - small


@witness(
    "family_dead_zone",
    method="minimisation",
    samples=1,
    along={"n": (32, 64, 128, 256, 512)},
    order="1/n",
    relative=True,
)
def family_dead_zone(n: int) -> float:
    return _best_family(n)[1]


@witness("silent_loss", method="minimisation", samples=20, accuracy=1e-8)
def silent_loss(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """Weights on which bipolar noise is silent, at their best norm; up to the edge for n < 3."""
    n = int(rng.integers(1, 8))
    share = rng.choice([rng.uniform(0, 1), 1.0])
    if n < 3:
        rows, sigma = np.array([[1.0], [-1.0]])[:n], share * np.sqrt(2 / 3)
    else:
        rows = noise.family(n, _best_family(n)[0] / n)
        sigma = 0.9 * share * _largest_quiet(rows)
    return {"n": n, "sigma": float(sigma)}, best_norm2(rows, float(sigma))[1]


@witness(
    "orthonormal_loss",
    method="enumeration",
    within={"n": (1, 9)},
    reach=_PATTERNS,
    samples=20,
)
def orthonormal_loss(n: int, sigma: float, rng: np.random.Generator) -> float:
    """Rows in a random rotation where the noise never exceeds 1, else on neurons of their own."""
    rows = np.linalg.qr(rng.standard_normal((n, n)))[0]
    clips = sigma * np.abs(rows).sum(axis=1).max() > 1
    return noise.bipolar_loss(np.eye(n) if clips else rows, sigma)
