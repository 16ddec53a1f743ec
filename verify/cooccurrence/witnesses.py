"""Witnesses of the claims on pairs that co-occur: loss, states at rest, folds, overlaps."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import mpmath
import numpy as np
from scipy import optimize

from ..witness.declare import witness
from .witnesses_model import Rows, cost, pair_rows, precise, root, rows, slope, velocity, wide

_PANEL, _SHARE = np.polynomial.legendre.leggauss(8)


def _alone(weight: Any) -> Rows:
    return rows([[weight, 0], [0, weight]])


# the loss


@witness("cooccurring_loss", method="enumeration", samples=20)
@precise
def cooccurring_loss(weight: float, single_weight: float, pair_weight: float, lam: float) -> Any:
    return cost(_alone(weight), single_weight, pair_weight, lam) / 2


@witness("pair_loss", method="enumeration", samples=20)
@precise
def pair_loss(a: float, c: float, single_weight: float, pair_weight: float, lam: float) -> Any:
    return cost(pair_rows(a, c), single_weight, pair_weight, lam)


def _pieces(low: float, high: float, cuts: list[float]) -> Any:
    """The nodes and the weights of a quadrature between two bounds, cut at some places."""
    edges = np.array(sorted({low, high, *(x for x in cuts if low < x < high)}))
    half = np.diff(edges)[:, None] / 2
    return (edges[:-1, None] + half * (1 + _PANEL)).ravel(), (half * _SHARE).ravel()


def _uniform_error(weights: Any) -> float:
    """The mean error of two features that are both active, values uniform on [0, 1]."""
    overlaps = weights @ weights.T
    kinks = [-x / y for x, y in zip(overlaps[1], overlaps[0], strict=True) if y]
    total = 0.0
    second, shares = _pieces(0.0, 1.0, [1 / x for x in kinks if x > 0])
    for value, share in zip(second, shares, strict=True):
        first, parts = _pieces(0.0, 1.0, [x * value for x in kinks])
        inputs = np.array([first, np.full_like(first, value)])
        errors = ((np.maximum(overlaps @ inputs, 0) - inputs) ** 2).sum(axis=0)
        total += share * float(errors @ parts)
    return total


@witness("uniform_pair_error", method="quadrature", samples=20)
def uniform_pair_error(a: float, c: float) -> float:
    return _uniform_error(np.array([[a], [-c]]))


@witness("pair_kink", method="arithmetic", samples=20)
@precise
def pair_kink(pair_weight: float, weight: float, rng: np.random.Generator) -> Any:
    """The fall on one of the sides, at random; it is the same on both."""
    single, lam = wide(rng), wide(rng)

    def apart(difference: Any) -> Any:
        return cost(
            pair_rows(weight + difference / 2, weight - difference / 2), single, pair_weight, lam
        )

    side = int(rng.choice([-1, 1]))
    return -side * slope(apart, side)


# states at rest


def _balance(loss: Callable[[float, Any], Any], side: int) -> Any:
    """The lambda at which the slope of the loss in one weight is 0."""
    without, with_one = (slope(partial(loss, lam), side) for lam in (0, 1))
    return without / (without - with_one)


@witness("larger_balance", method="root finding", samples=20)
@precise
def larger_balance(a: float, c: float, single_weight: float, pair_weight: float) -> Any:
    return _balance(lambda lam, x: cost(pair_rows(a + x, c), single_weight, pair_weight, lam), 1)


@witness("smaller_balance", method="root finding", samples=20)
@precise
def smaller_balance(a: float, c: float, single_weight: float, pair_weight: float) -> Any:
    return _balance(lambda lam, x: cost(pair_rows(a, c + x), single_weight, pair_weight, lam), -1)


def at_rest(ratio: Any, lam: Any = 0) -> list[Any]:
    """Both weights of a pair at rest, in units in which one feature alone has the weight 1."""

    def motion(a: Any, c: Any) -> list[Any]:
        (larger,), (smaller,) = velocity(pair_rows(a, c), 1, ratio, lam)
        return [larger, -smaller]

    near = mpmath.mpf(ratio)
    return root(motion, [1 + near / 3, 1 - near / 3])


_WEIGHT_SERIES: dict[str, Any] = {
    "method": "root finding",
    "accuracy": 1e-15,
    "samples": 1,
    "along": {"pair_ratio": (0.08, 0.04, 0.02, 0.01)},
    "order": "pair_ratio**4",
}


@witness("larger_weight_series", **_WEIGHT_SERIES)
@precise
def larger_weight_series(pair_ratio: float) -> Any:
    return at_rest(pair_ratio)[0]


@witness("smaller_weight_series", **_WEIGHT_SERIES)
@precise
def smaller_weight_series(pair_ratio: float) -> Any:
    return at_rest(pair_ratio)[1]


@witness(
    "pair_excess_series",
    method="root finding",
    accuracy=1e-15,
    samples=1,
    along={"pair_ratio": (0.2, 0.1, 0.05)},
    order="pair_ratio**6",
)
@precise
def pair_excess_series(pair_ratio: float) -> Any:
    """Two features alone have no error at lambda = 0, with weights of 1."""
    alone = cost(_alone(1), 1, pair_ratio, 0)
    return cost(pair_rows(*at_rest(pair_ratio)), 1, pair_ratio, 0) - alone


# folds


def _motions(a: float, c: float, ratio: float) -> tuple[float, float]:
    """The velocities of the sizes of both weights without l1: at rest both are lambda."""
    (larger,), (smaller,) = velocity(np.array([[a], [-c]]), 1.0, ratio, 0.0)
    return float(larger), -float(smaller)


def lam_at_rest(c: float, ratio: float) -> tuple[float, float]:
    """The lambda at which a pair with this smaller weight rests, and its larger weight."""

    def lead(a: float) -> float:
        larger, smaller = _motions(a, c, ratio)
        return larger - smaller

    a = optimize.brentq(lead, c * (1 + 1e-9), 3 + c, xtol=1e-15, rtol=1e-14)
    return _motions(a, c, ratio)[1], a


def _top(values: Callable[[float], float], low: float, high: float) -> float:
    """The only maximum between two bounds; NaN if a search finds a second one."""
    places = np.linspace(low, high, 40)
    turns = np.flatnonzero(np.diff(np.sign(np.diff([values(x) for x in places]))))
    if len(turns) != 1:
        return math.nan
    found = optimize.minimize_scalar(
        lambda x: -values(x),
        bounds=(places[turns[0]], places[turns[0] + 2]),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return -float(found.fun)


@precise
def _stiff_lam(a: Any, ratio: float) -> Any:
    """The lambda at which a pair with this larger weight rests, at strong co-occurrence."""

    def motions(c: Any) -> Any:
        (larger,), (smaller,) = velocity(pair_rows(a, c), 1, ratio, 0)
        return larger, -smaller

    start = mpmath.mpf(a) - 1 / mpmath.mpf(a)  # where both together give an output of 1
    c = root(lambda c: [motions(c)[0] - motions(c)[1]], [start])[0]
    return motions(c)[0]


_STRONG = {"pair_ratio": (1e6, 1e7, 1e8)}


@witness(
    "stiff_pair_lam",
    method="root finding",
    accuracy=1e-15,
    samples=8,
    along=_STRONG,
    order="1/pair_ratio",
)
def stiff_pair_lam(a: float, pair_ratio: float) -> Any:
    return _stiff_lam(a, pair_ratio)


@witness(
    "stiff_pair_slope",
    method="root finding",
    accuracy=1e-15,
    samples=8,
    along=_STRONG,
    order="1/pair_ratio",
)
@precise
def stiff_pair_slope(a: float, pair_ratio: float) -> Any:
    return slope(lambda x: _stiff_lam(a + x, pair_ratio))


@witness(
    "pair_fold_limit",
    method="minimisation",
    accuracy=1e-10,
    samples=1,
    along=_STRONG,
    order="1/pair_ratio",
)
def pair_fold_limit(pair_ratio: float) -> float:
    """The only maximum over the larger weight."""
    return _top(lambda a: float(_stiff_lam(a, pair_ratio)), 1.002, 3.0)


@witness(
    "pair_fold_series",
    method="minimisation",
    accuracy=1e-10,
    samples=1,
    along={"pair_ratio": (1e-3, 1e-4, 1e-5)},
    order="pair_ratio**(3/2)",
)
def pair_fold_series(pair_ratio: float) -> float:
    """The only maximum over the smaller weight."""
    return _top(lambda c: lam_at_rest(c, pair_ratio)[0], 0.01, 1.0)


# overlaps


def _unit(overlap: Any) -> list[list[Any]]:
    """Two rows of norm 1 and of an overlap."""
    near = mpmath.mpf(overlap)
    return [[1, 0], [near, mpmath.sqrt(1 - near**2)]]


@witness("overlap_penalty", method="enumeration", samples=20)
@precise
def overlap_penalty(pair_weight: float, antipodal_overlap: float, rng: np.random.Generator) -> Any:
    single = wide(rng)
    together = cost(rows(_unit(-antipodal_overlap)), single, pair_weight, 0)
    return together - cost(rows(_unit(0)), single, pair_weight, 0)


@witness("uniform_overlap_penalty", method="quadrature", samples=20)
def uniform_overlap_penalty(pair_weight: float, antipodal_overlap: float) -> float:
    weights = np.array(_unit(-antipodal_overlap), dtype=float)
    return pair_weight * (_uniform_error(weights) - _uniform_error(np.eye(2)))


def _decay(pair: float, overlap: float, rng: np.random.Generator, *, norms_kept: bool) -> Any:
    """Minus the velocity of the size of the overlap of two unit rows in three dimensions.

    The velocity of a weight is a quarter of the slope of the loss, by a difference.
    """
    single, weights = wide(rng), rows([[*row, 0] for row in _unit(-overlap)])
    motion = 0 * weights
    for place in np.ndindex(weights.shape):

        def moved(x: Any, place: tuple[int, ...] = place) -> Any:
            there = weights.copy()
            there[place] += x
            return cost(there, single, pair, 0)

        motion[place] = -slope(moved) / 4
    if norms_kept:
        motion = motion - (motion * weights).sum(axis=1, keepdims=True) * weights
    return motion[0] @ weights[1] + weights[0] @ motion[1]


@witness("overlap_decay", method="arithmetic", samples=20)
@precise
def overlap_decay(pair_weight: float, antipodal_overlap: float, rng: np.random.Generator) -> Any:
    return _decay(pair_weight, antipodal_overlap, rng, norms_kept=True)


@witness("overlap_decay_raw", method="arithmetic", samples=20)
@precise
def overlap_decay_raw(
    pair_weight: float, antipodal_overlap: float, rng: np.random.Generator
) -> Any:
    return _decay(pair_weight, antipodal_overlap, rng, norms_kept=False)
