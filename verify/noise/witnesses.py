"""Witnesses of the claims about noise: the outputs, exact averages, and the regular simplex."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
from scipy import special, stats

from ..witness.declare import witness
from . import witnesses_model as noise
from .witnesses_model import Array

_DEVIATIONS = {"overlap": (-3.0, 3.0), "row_noise": (1.0, 3.0)}
_NEAR = "beyond three deviations of the noise the cost is too small for its order to be measured"


def _cumulants(values: Array, chances: Array) -> tuple[float, float, float]:
    """Second, fourth and sixth cumulant of a symmetric law."""
    second, fourth, sixth = (float(chances @ values**order) for order in (2, 4, 6))
    return (
        second,
        fourth - 3 * second**2,
        sixth - 15 * fourth * second + 30 * second**3,
    )


def _noisy_output(rng: np.random.Generator) -> tuple[dict[str, Any], tuple[float, float, float]]:
    """A random row and law of the noise as arguments, and the cumulants of the output's noise."""
    row = rng.standard_normal(rng.integers(1, 7)) * 10 ** rng.uniform(-1, 1)
    values, chances = noise.three_point(rng.choice([1.0, rng.uniform(0.1, 1)]))
    entry = _cumulants(np.array(values), np.array(chances))
    found, weights = noise.states(values, chances, len(row))
    norms = {
        name: float((row**order).sum())
        for name, order in (("row_norm2", 2), ("fourth_norm", 4), ("sixth_norm", 6))
    }
    arguments = {"kurtosis": entry[1], "sixth_cumulant": entry[2], **norms}
    return arguments, _cumulants(found @ row, weights)


def _some(arguments: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: arguments[name] for name in names}


@witness("overlap_noise_variance", method="enumeration", samples=20)
def overlap_noise_variance(sigma: float, row_norm2: float, rng: np.random.Generator) -> float:
    """For a random law of two values, which need not be symmetric."""
    row = rng.standard_normal(rng.integers(1, 8))
    row *= np.sqrt(row_norm2) / np.linalg.norm(row)
    chance = rng.uniform(0.1, 0.9)
    values = (-np.sqrt((1 - chance) / chance), np.sqrt(chance / (1 - chance)))
    found, chances = noise.states(values, (chance, 1 - chance), len(row))
    draws = sigma * found @ row
    return float(chances @ draws**2 - (chances @ draws) ** 2)


@witness("overlap_noise_kurtosis", method="enumeration", samples=30)
def overlap_noise_kurtosis(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    arguments, (second, fourth, _) = _noisy_output(rng)
    return _some(arguments, "kurtosis", "fourth_norm", "row_norm2"), fourth / second**2


@witness("overlap_noise_sixth", method="enumeration", samples=30, accuracy=1e-8)
def overlap_noise_sixth(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    arguments, (second, _, sixth) = _noisy_output(rng)
    return _some(arguments, "sixth_cumulant", "sixth_norm", "row_norm2"), sixth / second**3


@witness("rectified_mean", method="quadrature", samples=30)
def rectified_mean(overlap: float, row_noise: float) -> float:
    return float(noise.normal_mean(lambda y: y, np.array(overlap), np.array(row_noise)))


@witness("rectified_square", method="quadrature", samples=30)
def rectified_square(overlap: float, row_noise: float) -> float:
    return float(noise.normal_mean(np.square, np.array(overlap), np.array(row_noise)))


def _equal_weights(overlap: float, row_noise: float, kurtosis: float) -> float:
    """The mean squared output for a row of equal weights whose noise has this kurtosis."""
    m = round(-2 * noise.LOCATION2**2 / kurtosis)
    return noise.smooth_mean(np.square, overlap, np.full(m, row_noise / np.sqrt(m)), 1.0, 1)


_SIZES = np.array([8, 16, 32, 64, 128])
_KURTOSES = tuple(-2 * noise.LOCATION2**2 / _SIZES)
_SIXTHS = tuple(16 * noise.LOCATION2**3 / _SIZES**2)


@witness(
    "kurtosis_cost",
    method="quadrature",
    within=_DEVIATIONS,
    reach=_NEAR,
    along={"overlap_kurtosis": _KURTOSES},
    order="overlap_kurtosis**2",
    accuracy=1e-12,
)
def kurtosis_cost(overlap: float, row_noise: float, overlap_kurtosis: float) -> float:
    plain = rectified_square(overlap, row_noise)
    return _equal_weights(overlap, row_noise, overlap_kurtosis) - plain


@witness(
    "rectified_square_expansion",
    method="quadrature",
    within=_DEVIATIONS,
    reach=_NEAR,
    along={"overlap_kurtosis": _KURTOSES[:4], "overlap_sixth": _SIXTHS[:4]},
    order="(-overlap_kurtosis)**3",
    accuracy=1e-12,
)
def rectified_square_expansion(
    overlap: float, row_noise: float, overlap_kurtosis: float, overlap_sixth: float
) -> float:
    return _equal_weights(overlap, row_noise, overlap_kurtosis)


def _derivative_less_term(rng: np.random.Generator, sign: int) -> float:
    """The r-th derivative of the mean squared output, less the term that the claim names.

    The mean is an entire function of the overlap, so Cauchy's integral gives its derivatives.
    """
    order = int(rng.integers(3, 11))
    u, s = rng.uniform(-1.5, 1.5), rng.uniform(0.7, 1.5)
    circle = np.exp(2j * np.pi * np.arange(64) / 64)
    places, sizes = np.polynomial.legendre.leggauss(200)
    y, size = 10 * (1 + places), 10 * sizes
    density = np.exp(-(((y - u - circle[:, None]) / s) ** 2) / 2) / (s * np.sqrt(2 * np.pi))
    squares = (y**2 * density * size).sum(axis=1)
    measured = math.factorial(order) * float((squares * circle**-order).mean().real)
    a = u / s
    polynomial = special.eval_hermitenorm(order - 3, a)
    term = 2 * sign ** (order - 3) * polynomial * stats.norm.pdf(a) * s ** (2 - order)
    return abs(measured - float(term))


@witness(
    "cumulant_term",
    method="quadrature",
    samples=20,
    wrong=lambda rng: _derivative_less_term(rng, 1),
)
def cumulant_term(rng: np.random.Generator) -> float:
    return _derivative_less_term(rng, -1)


def _two_signs(mean: float, draw: float, target: float = 0.0) -> float:
    """The squared error of an output, averaged over a draw of its noise and the opposite draw."""
    outputs = np.maximum(mean + draw * np.array([1.0, -1.0]), 0)
    return float(((outputs - target) ** 2).mean())


@witness("both_sides_square", method="arithmetic", samples=20)
def both_sides_square(overlap: float) -> float:
    return 2 * _two_signs(0.0, overlap)


@witness("mirrored_square_below", method="arithmetic", samples=30)
def mirrored_square_below(depth: float, draw: float) -> float:
    return _two_signs(-depth, draw)


@witness("mirrored_square_above", method="arithmetic", samples=30)
def mirrored_square_above(depth: float, draw: float) -> float:
    return _two_signs(depth, draw)


@witness("mirrored_square_within", method="arithmetic", samples=30)
def mirrored_square_within(depth: float, draw: float) -> float:
    return _two_signs(-depth, draw)


@witness("unclipped_error", method="arithmetic", samples=30)
def unclipped_error(draw: float, row_norm2: float) -> float:
    return _two_signs(row_norm2, draw, 1.0)


@witness("rectified_curvature", method="arithmetic", samples=30)
def rectified_curvature(depth: float, draw: float) -> float:
    """The second derivative from above, by differences of many digits."""

    def square(y: Any) -> Any:
        z = mpmath.sqrt(y)
        return (max(-depth + z, 0) ** 2 + max(-depth - z, 0) ** 2) / 2

    with mpmath.workdps(40):
        return float(mpmath.diff(square, mpmath.mpf(draw) ** 2, 2, direction=1))


@witness("rectified_square_bound", method="minimisation", samples=30)
def rectified_square_bound(depth: float, row_noise: float, rng: np.random.Generator) -> float:
    """The least mean over laws of |Z| with two values; a mean and a size need no more values."""
    draws = np.sort([*row_noise * rng.uniform(0, 4, 60), row_noise, 0.0, depth])
    costs = np.array([_two_signs(-depth, z) for z in draws])
    low, high = draws <= row_noise, draws >= row_noise
    y1, y2 = draws[low, None] ** 2, draws[high] ** 2
    gaps = np.where(y2 > y1, y2 - y1, 1.0)
    chance = np.where(y2 > y1, (row_noise**2 - y1) / gaps, 0.0)
    return float(((1 - chance) * costs[low, None] + chance * costs[high]).min())


def _unclipped_row(sigma: float, norm2: float, rng: np.random.Generator) -> Array:
    """A random direction whose bipolar noise does not exceed q at this norm, else one weight."""
    for _ in range(20):
        row = rng.standard_normal((1, rng.integers(1, 5)))
        row /= np.linalg.norm(row)
        if sigma * np.abs(row).sum() <= 0.9 * np.sqrt(norm2):
            return np.asarray(row)
    return np.ones((1, 1))


@witness("diagonal_loss", method="enumeration", samples=20)
def diagonal_loss(sigma: float, row_norm2: float, rng: np.random.Generator) -> float:
    row = _unclipped_row(sigma, row_norm2, rng)
    return noise.bipolar_loss(np.sqrt(row_norm2) * row, sigma)


@witness("diagonal_norm2", method="minimisation", accuracy=1e-7, samples=20)
def diagonal_norm2(sigma: float, rng: np.random.Generator) -> float:
    return noise.best_norm2(_unclipped_row(sigma, 0.6, rng), sigma)[0]


@witness("diagonal_loss_least", method="minimisation", samples=20)
def diagonal_loss_least(sigma: float, rng: np.random.Generator) -> float:
    return noise.best_norm2(_unclipped_row(sigma, 0.6, rng), sigma)[1]


_OPPOSITE = np.array([[1.0, 0.0], [-1.0, 0.0]])


@witness("antipodal_gain", method="enumeration", samples=20)
def antipodal_gain(sigma: float) -> float:
    return noise.bipolar_loss(np.eye(2), sigma) - noise.bipolar_loss(_OPPOSITE, sigma)


@witness("antipodal_gain_gaussian", method="quadrature", samples=20)
def antipodal_gain_gaussian(sigma: float, rng: np.random.Generator) -> float:
    rotation = np.linalg.qr(rng.standard_normal((2, 2)))[0]
    return noise.normal_loss(rotation, sigma) - noise.normal_loss(_OPPOSITE @ rotation, sigma)
