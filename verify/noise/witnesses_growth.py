"""Witnesses of the claims about noise: the rates at which rows become sparse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import integrate

from ..witness.declare import Measured, inherits, witness
from . import witnesses_model as noise
from .witnesses_model import Array

_PIECES = (8, 32, 128)
_KURTOSES = {"kurtosis": tuple(-2 * noise.LOCATION2**2 / k for k in _PIECES)}
_CLEAR = "the rate is measured where it is not exponentially small and no own output is clipped"


def _pieces(kurtosis: float) -> int:
    return round(-2 * noise.LOCATION2**2 / kurtosis)


def _slope(function: Callable[[float], float], step: float = 0.003) -> float:
    """The derivative at 0, by central differences of fourth order."""
    near = function(step) - function(-step)
    far = function(2 * step) - function(-2 * step)
    return (8 * near - far) / (12 * step)


def _turned(rows: Array, angle: float) -> Array:
    """The rows turned in the plane of the first two neurons."""
    cos, sin = np.cos(angle), np.sin(angle)
    turned = rows.copy()
    turned[..., 0] = cos * rows[..., 0] - sin * rows[..., 1]
    turned[..., 1] = sin * rows[..., 0] + cos * rows[..., 1]
    return turned


def _pull(rows: Array) -> float:
    """What the velocity W^3 of all rows contributes to the turn of the plane."""
    first, second = rows[..., 0], rows[..., 1]
    return float((first * second**3 - second * first**3).sum())


def _strongest_plane_first(rows: Array) -> Array:
    """The neurons in another order: the first two span the plane that W^3 turns most strongly.

    A plane with almost no pull divides the rounding errors of the loss by almost 0.
    """
    products = rows.T @ rows**3
    pull = np.abs(products - products.T)
    first = np.unravel_index(pull.argmax(), pull.shape)
    return np.hstack([rows[:, first], np.delete(rows, first, axis=1)])


def _row_rate(overlap: float, sigma: float, kurtosis: float, norm2: float) -> float:
    """The rate from the loss of one output, as its row turns at a fixed overlap."""
    row = np.sqrt(norm2) * np.array([0.8, 0.36, 0.48])

    def cost(angle: float) -> float:
        turned = _turned(row, angle)
        return noise.smooth_mean(np.square, overlap, turned, sigma, _pieces(kurtosis))

    return -_slope(cost) * norm2 / (4 * _pull(row))


@witness(
    "overlap_rate",
    method="quadrature",
    within={"overlap": (-2.0, 2.0), "sigma": (0.5, 1.5), "row_norm2": (0.5, 2.0)},
    reach=_CLEAR,
    along=_KURTOSES,
    order="kurtosis**2",
    accuracy=1e-9,
)
def overlap_rate(overlap: float, sigma: float, kurtosis: float, row_norm2: float) -> float:
    return _row_rate(overlap, sigma, kurtosis, row_norm2)


@witness(
    "growth_rate",
    method="quadrature",
    within={"n": (8, 10), "sigma": (0.1, 0.12), "row_norm2": (0.9, 1.1)},
    reach=_CLEAR,
    along=_KURTOSES,
    order="kurtosis**2",
    accuracy=2e-9,  # rounding, of about 4e-10 in the slope of the loss, over 4 times the pull
    samples=3,
)
def growth_rate(n: int, sigma: float, kurtosis: float, row_norm2: float) -> float:
    """The rate from the loss of a network on the simplex, as all rows turn together.

    The network, and with it the factor of the error, is the same for every kurtosis.
    """
    rng = np.random.default_rng([n, *np.array([sigma, row_norm2]).view(np.uint64)])
    rows = _strongest_plane_first(noise.simplex(n, n, row_norm2, rng))
    gram = rows @ rows.T

    def loss(angle: float) -> float:
        turned = _turned(rows, angle)
        total = 0.0
        for j, row in enumerate(turned):
            own, other = gram[j, j], gram[j, j - 1]
            total += noise.smooth_mean(
                lambda y: (y - 1) ** 2, own, row, sigma, _pieces(kurtosis)
            ) + (n - 1) * noise.smooth_mean(np.square, other, row, sigma, _pieces(kurtosis))
        return total

    return -_slope(loss) * row_norm2 / (4 * _pull(rows))


@witness(
    "growth_rate_strong",
    method="quadrature",
    within={"sigma": (0.3, 1.5), "row_norm2": (0.5, 2.0)},
    reach=_CLEAR,
    along=_KURTOSES,
    order="kurtosis**2",
    accuracy=1e-8,
)
def growth_rate_strong(sigma: float, kurtosis: float, row_norm2: float) -> float:
    n = 2000
    return (n - 1) * _row_rate(-row_norm2 / (n - 1), sigma, kurtosis, row_norm2)


inherits("half_time", "growth_rate")


def _row_on_its_own(rng: np.random.Generator) -> tuple[Array, float, Array]:
    """A random row, a rate, and the velocity r W^3/q less its part along the row."""
    row = rng.standard_normal(rng.integers(1, 8)) * 10 ** rng.uniform(-0.5, 0.5)
    rate, norm2 = rng.uniform(-2, 2), float(row @ row)
    velocity = rate / norm2 * row**3
    return row, float(rate), velocity - (velocity @ row) / norm2 * row


def _norm(row: Array, order: int) -> float:
    return float((row**order).sum())


@witness("tangential_flow", method="arithmetic", samples=20)
def tangential_flow(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    row, rate, velocity = _row_on_its_own(rng)
    k = int(np.argmax(row))
    arguments = {
        "weight": float(row[k]),
        "rate": rate,
        "fourth_norm": _norm(row, 4),
        "row_norm2": _norm(row, 2),
    }
    return arguments, float(velocity[k])


@witness("fourth_norm_rate", method="arithmetic", samples=20, accuracy=1e-8)
def fourth_norm_rate(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    row, rate, velocity = _row_on_its_own(rng)
    arguments = {
        "rate": rate,
        "fourth_norm": _norm(row, 4),
        "sixth_norm": _norm(row, 6),
        "row_norm2": _norm(row, 2),
    }
    return arguments, _slope(lambda t: _norm(row + t * velocity, 4), 1e-3)


@witness("replicator", method="arithmetic", samples=20, accuracy=1e-8)
def replicator(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    row, rate, velocity = _row_on_its_own(rng)
    k = int(rng.integers(len(row)))

    def share(t: float) -> float:
        moved = row + t * velocity
        return float(moved[k] ** 2 / (moved @ moved))

    arguments = {
        "share": share(0.0),
        "rate": rate,
        "concentration": _norm(row, 4) / (row @ row) ** 2,
    }
    return arguments, _slope(share, 1e-3)


def _angle_mean(function: Callable[[float], float], m: int) -> float:
    """The mean of a function of the angle to an equator, for a random direction in m dimensions.

    The directions at an angle form a sphere of one dimension less, of radius cos(angle).
    """
    if m == 1:
        return (function(np.pi / 2) + function(-np.pi / 2)) / 2

    def part(f: Callable[[float], float]) -> float:
        halves = ((-np.pi / 2, 0), (0, np.pi / 2))
        return sum(
            integrate.quad(lambda x: f(x) * np.cos(x) ** (m - 2), *half, epsabs=0, epsrel=1e-12)[0]
            for half in halves
        )

    return float(part(function) / part(lambda x: 1.0))


def _power_mean(power: int, m: int) -> float:
    """The mean power of one weight of a random unit row."""
    return _angle_mean(lambda x: np.sin(x) ** power, m)


@witness("isotropic_fourth_norm", method="quadrature", samples=20)
def isotropic_fourth_norm(m: int, row_norm2: float) -> float:
    return m * row_norm2**2 * _power_mean(4, m)


@witness("isotropic_drift", method="quadrature", samples=20)
def isotropic_drift(m: int) -> float:
    """The square of the sum has m equal terms and m (m - 1) products of two weights."""
    sixth, eighth = _power_mean(6, m), _power_mean(8, m)
    product = 0.0
    if m > 1:
        product = _power_mean(4, m - 1) * _angle_mean(lambda x: np.sin(x) ** 4 * np.cos(x) ** 4, m)
    return m * sixth - m * eighth - m * (m - 1) * product


def _retained(n: int, m: int, frames: int, rng: np.random.Generator) -> Measured:
    """The growth of the fourth norm of rigidly turning rows, over that of free rows."""
    planes = np.triu_indices(m, 1)
    rigid, free = np.empty(frames), np.empty(frames)
    for k in range(frames):
        rows = noise.simplex(n, m, 1.0, rng)
        turns = np.zeros((len(planes[0]), n, m))
        places = np.arange(len(planes[0]))
        turns[places, :, planes[0]] = rows.T[planes[1]]
        turns[places, :, planes[1]] = -rows.T[planes[0]]
        basis = turns.reshape(len(places), -1).T
        cubes = (rows**3).ravel()
        best = basis @ np.linalg.lstsq(basis, cubes, rcond=None)[0]
        rigid[k] = best @ cubes
        free[k] = (rows**6).sum() - ((rows**4).sum(axis=1) ** 2).sum()
    ratio = rigid.mean() / free.mean()
    error = (rigid - ratio * free).std() / np.sqrt(frames) / free.mean()
    return Measured(float(ratio), float(error))


@witness(
    "retained_drift",
    method="sampling",
    within={"n": (5, 6), "m": (12, 14)},
    reach="stated within 10 % for m >= 2n",
    accuracy=0.1,
    samples=4,
)
def retained_drift(n: int, m: int, rng: np.random.Generator) -> Measured:
    return _retained(n, m, 400, rng)


inherits("initial_growth", "retained_drift", "isotropic_drift", "fourth_norm_rate")
