"""Witnesses of the claims about wide Gaussian rows: moments, constants in time, collapse.

The sizes of a wide row have the half-normal density, so that its squared norm is an integral over
them. In units of the initial scale 1/sqrt(m) it obeys the flow of a lone row with Lambda =
lambda sqrt(m) in place of lambda, for any number of weights.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, stats

from ..witness.declare import witness
from .witnesses_sparsification import LoneRow

Vector = NDArray[np.float64]
_GAUSS = np.polynomial.legendre.leggauss(16)


def _tail(power: int, threshold: float) -> float:
    """The mean of (|z| - b)_+^power over a Gaussian weight z, over the density at b."""
    found = integrate.quad(
        lambda y: 2 * y**power * np.exp(-threshold * y - y**2 / 2),
        0,
        min(12.0, 60 / max(threshold, 1e-9)),
        epsabs=0,
        epsrel=1e-13,
    )
    return float(found[0])


def _mean(power: int, threshold: float) -> float:
    """The mean of (|z| - b)_+^power over a Gaussian weight z of unit scale."""
    return _tail(power, threshold) * np.exp(-(threshold**2) / 2) / np.sqrt(2 * np.pi)


_MOMENT = {
    "method": "quadrature",
    "samples": 20,
    "within": {"relative_threshold": (0.0, 8.0)},
    "reach": "beyond the threshold 8 no weight is left",
}


@witness("half_normal_live", **_MOMENT)
def half_normal_live(m: int, relative_threshold: float) -> float:
    return m * _mean(0, relative_threshold)


@witness("half_normal_excess1", **_MOMENT)
def half_normal_excess1(m: int, relative_threshold: float, scale: float) -> float:
    return m * scale * _mean(1, relative_threshold)


@witness("half_normal_excess2", **_MOMENT)
def half_normal_excess2(m: int, relative_threshold: float, scale: float) -> float:
    return m * scale**2 * _mean(2, relative_threshold)


def _half_normal(low: float, high: float) -> tuple[Vector, Vector]:
    """Sizes between two bounds, and the parts of the weights of a Gaussian row that have them."""
    places, weights = _GAUSS
    ends = np.linspace(low, high, 6)
    half = (ends[1] - ends[0]) / 2
    sizes = (ends[:-1, None] + half * (1 + places)).ravel()
    density = np.exp(-(sizes**2) / 2) / np.sqrt(np.pi / 2)
    return sizes, np.tile(half * weights, 5) * density


@cache
def _until(threshold: float, inverse: float, largest: float) -> tuple[float, float, float]:
    """When the weights up to a threshold are dead: the time, and a and b of the others.

    ``inverse`` is 1/Lambda, and time is in units of it: y' = inverse (1 - |W|^2) y - 1. This is
    linear, so that the weight with the start z is a + b z until it dies.
    """

    def velocity(_time: float, state: Vector) -> Vector:
        a, b = state
        sizes, parts = _half_normal(-a / b, largest)
        growth = inverse * (1 - parts @ (a + b * sizes) ** 2)
        return np.array([growth * a - 1, growth * b])

    def alive(_time: float, state: Vector) -> float:
        return float(state[0] + state[1] * threshold)

    alive.terminal = True  # type: ignore[attr-defined]
    path = integrate.solve_ivp(
        velocity, (0, 1e3), [0.0, 1.0], rtol=1e-11, atol=1e-13, method="LSODA", events=alive
    )
    a, b = path.y_events[0][0]
    return float(path.t_events[0][0]), float(a), float(b)


def _wide_row(threshold: float, strength: float) -> tuple[float, float]:
    """Time and l1 norm over sqrt(m) of a wide row whose weights up to a threshold are dead."""
    time, a, b = _until(threshold, 1 / strength, threshold + 6)
    sizes, parts = _half_normal(threshold, threshold + 6)
    return time / strength, float(parts @ (a + b * sizes))


_IN_TIME = {
    "method": "integration",
    "accuracy": 1e-7,
    "samples": 3,
    "within": {"relative_threshold": (0.5, 3.0)},
    "reach": "the time to a larger threshold grows as exp(b^2/4)",
    "relative": True,
}
_STRENGTHS = {"along": {"l1_strength": (0.2, 0.1, 0.05, 0.025)}, "order": "l1_strength"}


@witness(
    "half_normal_time",
    along={"lam": (0.06, 0.03, 0.015, 0.0075), "m": (10,) * 4},
    order="lam",
    **_IN_TIME,
)
def half_normal_time(lam: float, m: int, relative_threshold: float) -> float:
    return _wide_row(relative_threshold, lam * np.sqrt(m))[0]


@witness("half_normal_l1_norm", **_STRENGTHS, **_IN_TIME)
def half_normal_l1_norm(m: int, relative_threshold: float, l1_strength: float) -> float:
    return np.sqrt(m) * _wide_row(relative_threshold, l1_strength)[1]


@witness("l1_norm_constant", **_STRENGTHS, **_IN_TIME)
def l1_norm_constant(relative_threshold: float, l1_strength: float) -> float:
    time, norm = _wide_row(relative_threshold, l1_strength)
    return l1_strength * time * norm


@witness("live_constant", **_STRENGTHS, **_IN_TIME)
def live_constant(relative_threshold: float, l1_strength: float) -> float:
    """The part of weights alive is that above the threshold, as the order of sizes is kept."""
    time = _wide_row(relative_threshold, l1_strength)[0]
    return 2 * stats.norm.sf(relative_threshold) * (l1_strength * time) ** 2


def _slow_time(threshold: float) -> float:
    """lambda sqrt(m) t by B' = lambda/A at norm 1, times the root of the density at the end."""

    def rate(back: float) -> float:
        at = threshold - back
        log_ratio = (threshold**2 - at**2) / 2
        return float(np.exp(-log_ratio / 2) / np.sqrt(_tail(2, at)))

    end = min(threshold, 80 / max(threshold, 1e-9))
    return float(integrate.quad(rate, 0, end, epsabs=0, epsrel=1e-12)[0])


def _norm_time(threshold: float) -> float:
    """lambda t |W|_1 of a wide row, for lambda -> 0."""
    return _slow_time(threshold) * _tail(1, threshold) / np.sqrt(_tail(2, threshold))


@witness("l1_norm_constant_slope", method="quadrature", accuracy=1e-6)
def l1_norm_constant_slope(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """The slope of lambda (t - t_0) |W|_1, where the origin t_0 of time sets its value."""
    threshold, value, step = rng.uniform(0.5, 6), rng.uniform(0, 3), 1e-3

    def norm(at: float) -> float:
        return float(_mean(1, at) / np.sqrt(_mean(2, at)))

    def gained(at: float) -> float:
        return float(integrate.quad(lambda b: _mean(2, b) ** -0.5, threshold, at)[0])

    places = threshold + step * np.array([-2, -1, 1, 2])
    values = [(value / norm(threshold) + gained(at)) * norm(at) for at in places]
    slope = float(np.dot([1, -8, 8, -1], values)) / (12 * step)
    return {"norm_time": value, "relative_threshold": threshold}, slope


_LATE = {"method": "quadrature", "samples": 1, "accuracy": 2e-13}
_THRESHOLDS = {"along": {"relative_threshold": (20.0, 28.0, 40.0, 56.0)}}


@witness(
    "excess2_series",
    along={"relative_threshold": (16.0, 24.0, 30.0, 36.0)},
    order="relative_threshold**-6",
    relative=True,
    **_LATE,
)
def excess2_series(relative_threshold: float) -> float:
    return _tail(2, relative_threshold) * stats.norm.pdf(relative_threshold)


@witness("participation_series", order="relative_threshold**-8", **_LATE, **_THRESHOLDS)
def participation_series(relative_threshold: float) -> float:
    """|W|_1^2/m' of a row of norm 1 whose sizes are the excesses of a Gaussian row."""
    live, excess1, excess2 = (_tail(power, relative_threshold) for power in range(3))
    return excess1**2 / excess2 / live


@witness("l1_norm_constant_series", order="relative_threshold**-8", **_LATE, **_THRESHOLDS)
def l1_norm_constant_series(relative_threshold: float) -> float:
    return _norm_time(relative_threshold)


@witness("live_constant_series", order="relative_threshold**-8", **_LATE, **_THRESHOLDS)
def live_constant_series(relative_threshold: float) -> float:
    return _slow_time(relative_threshold) ** 2 * _tail(0, relative_threshold)


@witness("l1_norm_limit", method="quadrature", accuracy=1e-5)
def l1_norm_limit() -> float:
    """The norm over 1/(lambda t), to which the estimate tends, at a late time."""
    return _norm_time(1e3)


@witness("live_limit", method="quadrature", accuracy=1e-5)
def live_limit() -> float:
    return live_constant_series(1e3)


def _surplus(inverse: float, largest: float = 7.0) -> float:
    """The least weight that outlives a wide row, less Lambda; ``inverse`` is 1/Lambda.

    When all weights of the row are dead, a further weight a + b z lives on if it exceeds Lambda.
    The surplus is analytic at inverse = 0, so that negative values serve as well.
    """
    _, a, b = _until(largest, inverse, largest)
    return ((1 - b) / inverse - a) / b


@cache
def _coefficients() -> Vector:
    """The series of the surplus in 1/Lambda, from its values at Chebyshev points."""
    points = 0.1 * np.cos(np.pi * (np.arange(12) + 0.5) / 12)
    values = [_surplus(point) for point in points]
    return np.asarray(np.polynomial.Polynomial.fit(points, values, 11).convert().coef)


@witness("collapse_shift", method="integration", accuracy=1e-6)
def collapse_shift() -> float:
    return float(_coefficients()[0])


@witness("collapse_first", method="integration", accuracy=1e-5)
def collapse_first() -> float:
    return float(_coefficients()[1])


@witness("collapse_second", method="integration", accuracy=1e-4)
def collapse_second() -> float:
    return float(_coefficients()[2])


@witness(
    "collapse_threshold",
    method="integration",
    accuracy=1e-8,
    samples=1,
    along={"l1_strength": (10.0, 14.0, 20.0, 28.0)},
    order="l1_strength**-3",
)
def collapse_threshold(l1_strength: float) -> float:
    """The least weight that outlives a wide row, for m without end."""
    return l1_strength + _surplus(1 / l1_strength)


@witness(
    "dead_fraction_series",
    method="integration",
    accuracy=1e-8,
    samples=1,
    along={
        "lam": (5.05e-5, 1.64e-6, 3.2e-8, 3.74e-10),
        "m": (14 * 10**9, 18 * 10**12, 62 * 10**15, 58 * 10**19),
    },
    order="1/(lam**2 * m)",
)
def dead_fraction_series(lam: float, m: int) -> float:
    """The probability that no Gaussian weight exceeds the least one that outlives the others.

    The numbers of weights keep the fraction near 1/2.
    """
    strength = lam * m**0.5
    least = strength + _surplus(1 / strength, min(7.0, strength))
    return float(np.exp(float(m) * np.log1p(-2 * stats.norm.sf(least))))


@witness("collapse_rate", method="arithmetic", accuracy=1e-6, samples=20)
def collapse_rate(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """The velocities of 1/A and of B in units of 1/sqrt(m), for a random row."""
    row = LoneRow.random(rng)
    common, threshold = row.rates()
    root = np.sqrt(len(row.initial))
    arguments = {
        "inverse_amplitude": 1 / row.common,
        "mean_excess2": row.moment(2),
        "l1_strength": row.lam * root,
    }
    return arguments, -common / row.common**2 / (threshold * root)
