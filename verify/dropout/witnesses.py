"""Witnesses of the claims on dropout: the loss is averaged over all masks, one by one."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import linalg, optimize

from ..witness.declare import witness
from ..witness.model import Weights

_EDGE = 1e-3  # relative distance from a threshold on which both sides are tried


def masks(m: int, noise: float) -> Iterator[tuple[Weights, float]]:
    """All masks of m neurons, kept ones multiplied by 1 + v, with their probabilities.

    >>> from polysem.verify.dropout.witnesses import masks
    >>> [(float(mask[0]), chance) for mask, chance in masks(1, 1.0)]
    [(0.0, 0.5), (2.0, 0.5)]
    """
    kept = 1 / (1 + noise)
    for mask in itertools.product((0, 1), repeat=m):
        live = sum(mask)
        yield np.array(mask) / kept, kept**live * (1 - kept) ** (m - live)


def loss(weights: Weights, noise: float, lam: float = 0.0) -> float:
    """The loss of a network averaged over all masks, whose variance is given.

    >>> import numpy as np
    >>> from polysem.verify.dropout.witnesses import loss
    >>> loss(np.eye(2), 1.0)
    2.0
    """
    total = 4 * lam * float(np.abs(weights).sum())
    for mask, chance in masks(weights.shape[1], noise):
        error = np.maximum((weights * mask) @ weights.T, 0) - np.eye(len(weights))
        total += chance * float((error**2).sum())
    return total


def force(weights: Weights, place: tuple[int, int], noise: float, lam: float = 0.0) -> float:
    """Minus a quarter of the slope of the averaged loss in one weight, by differences."""
    step = 1e-3 * abs(float(weights[place]))

    def at(distance: float) -> float:
        moved = weights.copy()
        moved[place] += distance
        return loss(moved, noise, lam)

    near, far = at(step) - at(-step), at(2 * step) - at(-2 * step)
    return -(8 * near - far) / (48 * step)


def _row(rng: np.random.Generator) -> Weights:
    """A lone row of one to four weights of different sizes."""
    return np.asarray(rng.uniform(0.05, 1.0, size=(1, int(rng.integers(1, 5)))))


def _noise(rng: np.random.Generator) -> float:
    return float(10 ** rng.uniform(-2, 1))


def _norms(row: Weights) -> dict[str, float]:
    """The squared norm, the fourth and the sixth norm of a row."""
    names = {"row_norm2": 2, "fourth_norm": 4, "sixth_norm": 6}
    return {name: float((np.abs(row) ** power).sum()) for name, power in names.items()}


def _of(row: Weights, *names: str) -> dict[str, float]:
    norms = _norms(row)
    return {name: norms[name] for name in names}


@witness(
    "dropout_variance",
    method="enumeration",
    within={"dropout_rate": (0, 0.999)},
    reach="the variance grows without bound at the rate 1",
    accuracy=1e-9,
)
def dropout_variance(dropout_rate: float) -> float:
    kept = 1 - dropout_rate
    values, chances = np.array([0, 1 / kept]), np.array([dropout_rate, kept])
    return float(chances @ (values - chances @ values) ** 2)


@witness("own_output_error", method="enumeration", samples=30)
def own_output_error(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    row, noise = _row(rng), _noise(rng)
    return {"dropout_noise": noise, **_of(row, "row_norm2", "fourth_norm")}, loss(row, noise)


@witness("dropout_force", method="enumeration", accuracy=1e-7, samples=30)
def dropout_force(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    row, noise, lam = _row(rng), _noise(rng), float(rng.uniform(0, 1))
    neuron = int(rng.integers(row.shape[1]))
    arguments = {"weight": float(row[0, neuron]), "dropout_noise": noise, "lam": lam}
    return arguments | _of(row, "row_norm2"), force(row, (0, neuron), noise, lam)


def _concentration(row: Weights) -> float:
    return float((row**4).sum() / (row**2).sum() ** 2)


def _concentration_rate(row: Weights, noise: float) -> float:
    """The rate of F/q^2 as the row descends its averaged loss, by differences."""
    change = np.array([[force(row, (0, k), noise) for k in range(row.shape[1])]])
    step = 1e-3 * float(np.abs(row).min()) / max(float(np.abs(change).max()), 1e-12)

    def at(time: float) -> float:
        return _concentration(row + time * change)

    near, far = at(step) - at(-step), at(2 * step) - at(-2 * step)
    return (8 * near - far) / (12 * step)


@witness("concentration_rate", method="enumeration", accuracy=1e-5, samples=30)
def concentration_rate(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    row = np.append(_row(rng), [[rng.uniform(1.1, 1.5)]], axis=1)  # weights of two sizes at least
    noise = _noise(rng)
    value = _concentration_rate(row, noise)
    return {"dropout_noise": noise, **_norms(row)}, value


def _rise(rng: np.random.Generator, sign: float) -> float:
    """How much the concentration of a random row rises under dropout, or falls."""
    row = np.append(_row(rng), [[1.2]], axis=1)
    return max(sign * _concentration_rate(row, _noise(rng)), 0.0)


@witness("dropout_spreads", method="enumeration", samples=30, wrong=lambda rng: _rise(rng, -1))
def dropout_spreads(rng: np.random.Generator) -> float:
    """Its rate is not positive, and 0 for weights of one size."""
    equal = np.full((1, 3), rng.uniform(0.2, 1.0))
    return max(_rise(rng, 1), abs(_concentration_rate(equal, _noise(rng))) - 1e-9)


def _outside(rng: np.random.Generator, upper: float) -> float:
    """How far the mean squared output of another feature lies outside its bounds."""
    rows, noise = rng.normal(size=(2, 4)), _noise(rng)
    products = rows[0] * rows[1]
    if rng.random() < 0.3:
        products = -np.abs(products)
    mean = sum(chance * max(float(mask @ products), 0) ** 2 for mask, chance in masks(4, noise))
    low = max(float(products.sum()), 0.0) ** 2
    high = low + upper * noise * float((products**2).sum())
    silent = mean if (products <= 0).all() else 0.0
    return max(low - mean, mean - high, silent, 0.0)


@witness(
    "dropout_other_outputs",
    method="enumeration",
    samples=60,
    wrong=lambda rng: _outside(rng, 0.5),
)
def dropout_other_outputs(rng: np.random.Generator) -> float:
    return _outside(rng, 1.0)


@witness("even_spread_ratio", method="enumeration", samples=12)
def even_spread_ratio(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """Rows of a Hadamard matrix against rows of one weight; all of them have norm 1."""
    m = int(rng.choice([2, 4, 8]))
    n, noise = int(rng.integers(1, m + 1)), _noise(rng)
    spread = linalg.hadamard(m)[:n] / math.sqrt(m)
    return {"n": n, "m": m}, loss(spread, noise) / loss(np.eye(n), noise)


# rows of equal weights


def _equal(weight: float, count: int) -> Weights:
    return np.full((1, count), weight)


def _count(rng: np.random.Generator) -> int:
    return int(rng.integers(1, 7))


@witness("equal_row_loss", method="enumeration", samples=30)
def equal_row_loss(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    weight, count, noise, lam = rng.uniform(0.1, 1), _count(rng), _noise(rng), rng.uniform(0, 1)
    arguments = {"weight": weight, "equal_weights": count, "dropout_noise": noise, "lam": lam}
    return arguments, loss(_equal(weight, count), noise, lam)


@witness("equal_row_lam", method="enumeration", accuracy=1e-7, samples=30)
def equal_row_lam(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    weight, count, noise = rng.uniform(0.1, 1), _count(rng), _noise(rng)
    value = force(_equal(weight, count), (0, 0), noise)
    return {"weight": weight, "equal_weights": count, "dropout_noise": noise}, value


@witness("scaled_rest", method="enumeration", accuracy=1e-7, samples=20)
def scaled_rest(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    weight, count, noise = rng.uniform(0.1, 1), _count(rng), _noise(rng)
    stiff = math.sqrt(count + noise)
    value = force(_equal(weight / stiff, count), (0, 0), noise) * stiff
    return {"weight": weight}, value


@witness("equal_row_fold", method="minimisation", accuracy=1e-7, samples=20)
def equal_row_fold(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """The largest lambda that balances the other forces on equal weights of some size."""
    count, noise = _count(rng), _noise(rng)
    found = optimize.minimize_scalar(
        lambda w: -force(_equal(w, count), (0, 0), noise),
        bounds=(1e-3, 1.0),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return {"equal_weights": count, "dropout_noise": noise}, -float(found.fun)


@witness("rest_norm2", method="enumeration", accuracy=1e-6, samples=20)
def rest_norm2(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """One weight is at rest: lambda is what balances the other forces on it."""
    row, noise = 0.5 * _row(rng), float(rng.uniform(0.01, 1))
    lam = force(row, (0, 0), noise)
    return {"weight": float(row[0, 0]), "dropout_noise": noise, "lam": lam}, float((row**2).sum())


def _growth(weight: float, count: int, noise: float, lam: float) -> float:
    """The rate at which a small difference of two of the equal weights grows."""
    step, forces = 1e-4 * weight, []
    for sign in (1, -1):
        row = _equal(weight, count)
        row[0, :2] += sign * step * np.array([1, -1])
        forces.append(force(row, (0, 0), noise, lam) - force(row, (0, 1), noise, lam))
    return (forces[0] - forces[1]) / (4 * step)


def _at_rest(rng: np.random.Generator) -> tuple[float, int, float, float]:
    """Equal weights, two at least, with the lambda at which they are at rest."""
    count, noise = int(rng.integers(2, 7)), _noise(rng)
    weight = float(rng.uniform(0.2, 0.99)) / math.sqrt(count + noise)
    return weight, count, noise, force(_equal(weight, count), (0, 0), noise)


@witness("equal_difference_rate", method="enumeration", accuracy=1e-5, samples=20)
def equal_difference_rate(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    weight, count, noise, lam = _at_rest(rng)
    arguments = {"weight": weight, "dropout_noise": noise, "lam": lam}
    return arguments, _growth(weight, count, noise, lam)


@witness("spread_margin", method="enumeration", accuracy=1e-5, samples=20)
def spread_margin(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    weight, count, noise, lam = _at_rest(rng)
    arguments = {"weight": weight, "equal_weights": count, "dropout_noise": noise}
    return arguments, _growth(weight, count, noise, lam)


def _largest_stable_lam(count: int, noise: float) -> float:
    """The lambda at rest of the equal weights between which differences neither grow nor fall."""

    def growth(weight: float) -> float:
        return _growth(weight, count, noise, force(_equal(weight, count), (0, 0), noise))

    end = 1 / math.sqrt(count + noise)
    weight = optimize.brentq(growth, 0.05 * end, end, xtol=1e-12)
    return force(_equal(weight, count), (0, 0), noise)


def spread_noise(count: int, lam: float) -> float:
    """The variance of the mask from which on equal weights at rest stay equal.

    >>> from polysem.verify.dropout.witnesses import spread_noise
    >>> round(spread_noise(2, 0.01), 6)
    0.01461
    """
    return float(
        optimize.brentq(
            lambda noise: _largest_stable_lam(count, noise) - lam, 0.5 * lam, 3 * lam, xtol=1e-13
        )
    )


@witness("spread_lam", method="root finding", accuracy=1e-5, samples=12)
def spread_lam(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    count, noise = int(rng.integers(2, 7)), _noise(rng)
    arguments = {"equal_weights": count, "dropout_noise": noise}
    return arguments, _largest_stable_lam(count, noise)


@witness("spread_count", method="root finding", accuracy=1e-4, samples=12)
def spread_count(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """The lambda that is the largest for a number of weights has this number as its limit."""
    count, noise = int(rng.integers(2, 7)), _noise(rng)
    lam = _largest_stable_lam(count, noise)
    return {"dropout_noise": noise, "lam": lam}, float(count)


def _cost(count: float, noise: float, lam: float) -> float:
    """The least loss of a row of equal weights, the number of them continuous.

    A polynomial of degree 2 in the number at given w, it follows from three numbers exactly.
    """

    def at(weight: float) -> float:
        losses = [loss(_equal(weight, k), noise, lam) for k in (1, 2, 3)]
        return float(np.polyval(np.polyfit([1, 2, 3], losses, 2), count))

    end = 1 / math.sqrt(count + noise)
    low = end / math.sqrt(3)
    found = optimize.minimize_scalar(
        at, bounds=(low, end), method="bounded", options={"xatol": 1e-12}
    )
    return float(found.fun)


def _count_slope(count: float, noise: float, lam: float) -> float:
    step = 1e-3 * count
    near = _cost(count + step, noise, lam) - _cost(count - step, noise, lam)
    far = _cost(count + 2 * step, noise, lam) - _cost(count - 2 * step, noise, lam)
    return (8 * near - far) / (12 * step)


@witness("count_slope", method="minimisation", accuracy=1e-4, samples=10)
def count_slope(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """On the stable branch: weights above the fold."""
    count, noise = float(rng.uniform(1, 6)), _noise(rng)
    weight = float(rng.uniform(0.65, 0.98)) / math.sqrt(count + noise)
    lam = weight * (1 - _mean_square(weight, count, noise))
    arguments = {"weight": weight, "equal_weights": count, "dropout_noise": noise}
    return arguments, _count_slope(count, noise, lam)


def _mean_square(weight: float, count: float, noise: float) -> float:
    """The part of 1 - lambda/w at rest, linear in the number of weights, from two numbers."""
    one, two = (1 - force(_equal(weight, k), (0, 0), noise) / weight for k in (1, 2))
    return one + (two - one) * (count - 1)


@witness("cheapest_lam", method="minimisation", accuracy=1e-4, samples=6)
def cheapest_lam(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    count, noise = float(rng.uniform(1, 6)), float(10 ** rng.uniform(-1, 0.5))
    end = 2 / (3 * math.sqrt(3 * (count + noise)))  # beyond it nothing is at rest
    lam = optimize.brentq(
        lambda lam: _count_slope(count, noise, lam), 1e-4 * end, 0.98 * end, xtol=1e-10
    )
    return {"equal_weights": count, "dropout_noise": noise}, float(lam)


@witness(
    "two_weights_noise",
    method="root finding",
    accuracy=1e-8,
    samples=1,
    along={"lam": (0.04, 0.02, 0.01)},
    order="lam**3",
)
def two_weights_noise(lam: float) -> float:
    return spread_noise(2, lam)


@witness("dropout_pair_error", method="enumeration", samples=20)
def dropout_pair_error(weight: float, dropout_noise: float) -> float:
    return loss(np.array([[weight], [-weight]]), dropout_noise)


# two rows


@witness("masked_output", method="enumeration", samples=30)
def masked_output(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """Half of what the two outputs of two rows on two neurons add to the loss of each alone."""
    rows, noise = rng.uniform(0.05, 1.0, size=(2, 2)), _noise(rng)
    rows[1, 1] *= -1
    alone = sum(loss(row[None], noise) for row in rows)
    products = {"like_product": rows[0, 0] * rows[1, 0], "unlike_product": -rows[0, 1] * rows[1, 1]}
    return products | {"dropout_noise": noise}, (loss(rows, noise) - alone) / 2


def _product_rates(rows: Weights, noise: float) -> Weights:
    """How fast the product of two rows on each neuron changes by their two outputs."""
    change = np.array(
        [
            [force(rows, (i, h), noise) - force(rows[i : i + 1], (0, h), noise) for h in range(4)]
            for i in (0, 1)
        ]
    )
    return np.asarray(change[0] * rows[1] + change[1] * rows[0])


def _rises(rng: np.random.Generator, masked: bool) -> float:
    """How much a product rises, or all of them stay; at overlaps of both signs.

    The false version says the same of no dropout.
    """
    rows, noise = rng.normal(size=(2, 4)), _noise(rng)
    rates = _product_rates(rows, noise if masked else 0.0)
    stays = (rows[0] * rows[1] > 0).any() and rates.min() > -1e-6
    return max(float(rates.max()) - 1e-6, 1.0 if stays else 0.0)


@witness("dropout_pushes", method="enumeration", samples=30, wrong=lambda rng: _rises(rng, False))
def dropout_pushes(rng: np.random.Generator) -> float:
    return _rises(rng, True)
