r"""The features that l1 kills: the one-curve law, and an exact test for given rows.

A lone row dies if its threshold reaches its largest weight. For a Gaussian row whose largest
weight is z (in units of its scale) the other weights are replaced by their law below z. This leaves
one curve for each z, and the row dies if z is below a critical value. Derivation:
paper_notes/reshuffling.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf, erfinv

from .._validate import check_integer, check_positive

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_STEP = 0.05  # of the fourth-order steps in rows_die, over |W|^2 of large rows
_BISECTIONS = 40
_BLOCK = 1 << 19


def dead_fraction(m: int, lam: float) -> float:
    r"""Fraction of lone Gaussian rows that l1 kills, by the one-curve law.

    ``P(dead) = erf(z_c / sqrt(2))^m`` with z_c of :func:`critical_weight`. It leaves out the
    fluctuation of the small weights: within 3 points of the exact row flow at m = 64, 256, 1024
    (measured by the report at paper scale).

    >>> from polysem import numerics
    >>> round(numerics.dead_fraction(64, 0.238), 2)
    0.63

    Parameters
    ----------
    m : int
        Number of neurons.
    lam : float
        The paper's lambda, in flow units, > 0.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For m < 1 or lam <= 0.

    Source
    ------
    paper_notes/reshuffling.md (collapse).
    """
    return float(erf(critical_weight(m, lam) / math.sqrt(2)) ** m)


def critical_weight(m: int, lam: float) -> float:
    """The largest weight below which a lone Gaussian row dies, in units of 1/sqrt(m).

    Bisection in z of the one-curve flow ``x' = (1 - |W|^2) x - lambda``, ``(log A)' = 1 - |W|^2``
    with ``|W|^2 = x^2 + A^2 (m - 1)/m E[(|y| - b)_+^2; |y| < z]``, ``b = z - sqrt(m) x / A``.

    >>> from polysem import numerics
    >>> round(numerics.critical_weight(1, 0.3), 3)  # one weight: lambda = w (1 - w^2)
    0.339

    Parameters
    ----------
    m : int
        Number of neurons.
    lam : float
        The paper's lambda, in flow units, > 0.

    Returns
    -------
    float
        Infinite where no lone row can live, lambda above the fold 2/(3 sqrt(3)).

    Raises
    ------
    ValueError
        For m < 1 or lam <= 0.

    Source
    ------
    paper_notes/reshuffling.md (collapse).
    """
    m = check_integer("m", m, "the number of neurons")
    lam = check_positive("lam", lam, "an l1 weight")
    if lam >= 2 / (3 * math.sqrt(3)):
        return math.inf
    high = 1.0
    while _curve_dies(high, m, lam):
        high *= 2
    return _change(lambda z: _curve_dies(z, m, lam), 0.0 if high == 1 else high / 2, high)


def half_collapse_lam(m: int) -> float:
    """The lambda that kills half of the lone Gaussian rows, by the one-curve law.

    >>> from polysem import numerics
    >>> round(numerics.half_collapse_lam(64), 2)
    0.23

    Parameters
    ----------
    m : int
        Number of neurons.

    Returns
    -------
    float
        In flow units.

    Source
    ------
    paper_notes/reshuffling.md (collapse).
    """
    m = check_integer("m", m, "the number of neurons")
    median = math.sqrt(2) * float(erfinv(2 ** (-1 / m)))
    return _change(lambda lam: not _curve_dies(median, m, lam), 0.0, 2 / (3 * math.sqrt(3)))


def _change(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where a condition that holds at low values ceases to hold."""
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2


def _curve_dies(z: float, m: int, lam: float) -> bool:
    from scipy.integrate import solve_ivp

    share = (m - 1) / m / float(erf(z / math.sqrt(2)))  # of the others, given that none exceeds z

    def rate(_: float, state: NDArray[np.float64]) -> tuple[float, float]:
        x, log_amplitude = float(state[0]), float(state[1])
        amplitude = math.exp(min(log_amplitude, 300.0))
        length = max(x, 0.0) * math.sqrt(m) / amplitude  # z - b
        depth = length * (1 + _NODES) / 2
        density = np.exp(-((z - length + depth) ** 2) / 2) * math.sqrt(2 / math.pi)
        others = float(_WEIGHTS @ (depth**2 * density)) * length / 2
        norm2 = x * x + amplitude**2 * share * others
        return (1 - norm2) * x - lam, 1 - norm2

    def dead(_: float, state: NDArray[np.float64]) -> float:
        return float(state[0])

    dead.terminal = True  # type: ignore[attr-defined]
    end = 2000 * (1 + 1 / lam)
    start = (z / math.sqrt(m), 0.0)
    solution = solve_ivp(rate, (0, end), start, method="LSODA", rtol=1e-9, atol=1e-12, events=dead)
    return bool(len(solution.t_events[0]))


def rows_die(rows: ArrayLike, lam: float) -> NDArray[np.bool_]:
    """Which of many lone rows l1 kills, by the exact two-variable flow of each.

    ``x' = (1 - |W|^2) x - lambda`` for the largest weight and ``(log A)' = 1 - |W|^2`` by
    fourth-order Runge-Kutta steps, until the row is dead or only weights as large as the largest
    are left, which decide whether it dies. Agrees with :func:`extinction_times` but for rows within
    1e-4 of the boundary, and takes many rows at once.

    >>> from polysem import numerics
    >>> numerics.rows_die([[0.3, 0.1], [0.5, 0.1]], lam=0.3)
    array([ True, False])

    Parameters
    ----------
    rows : array_like, shape (rows, m)
        Initial weights, one lone feature a row.
    lam : float
        The paper's lambda, in flow units, > 0.

    Returns
    -------
    ndarray of bool, shape (rows,)

    Raises
    ------
    ValueError
        If rows is not a matrix or lam <= 0.

    Source
    ------
    paper_notes/reshuffling.md (collapse); paper_notes/row_flow.md (the exact solution).
    """
    rows = np.asarray(rows, dtype=float)
    if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
        raise ValueError(
            f"Got rows of shape {rows.shape}; give finite weights in an array of shape (rows, m)."
        )
    lam = check_positive("lam", lam, "an l1 weight")
    size = max(1, _BLOCK // rows.shape[1])
    blocks = [_block_dies(rows[i : i + size], lam) for i in range(0, len(rows), size)]
    return np.concatenate(blocks)


def _block_dies(rows: NDArray[np.float64], lam: float) -> NDArray[np.bool_]:
    size = np.sort(np.abs(rows), axis=1)[:, ::-1]
    dies, going = np.zeros(len(rows), dtype=bool), np.arange(len(rows))
    x, amplitude = size[:, 0].copy(), np.ones(len(rows))
    distance = size[:, :1] - size[:, 1:]
    while going.size:
        live = distance * amplitude[:, None] < x[:, None]
        tied = 1 + (live & (distance == 0)).sum(axis=1)
        alone = live.sum(axis=1) < tied
        root = np.minimum(x, 1 / np.sqrt(3 * tied))
        doomed = (x <= 0) | (alone & ((1 - tied * root**2) * root < lam))
        dies[going[doomed]] = True
        keep = ~(doomed | alone)
        columns = int(live[keep].sum(axis=1).max(initial=0))
        going, x, amplitude = going[keep], x[keep], amplitude[keep]
        distance = distance[keep, :columns]
        x, amplitude = _runge_kutta(x, amplitude, distance, lam)
    return dies


def _runge_kutta(x: Any, amplitude: Any, distance: Any, lam: float) -> tuple[Any, Any]:
    def rate(x: Any, amplitude: Any) -> tuple[Any, Any]:
        others = np.maximum(x[:, None] - amplitude[:, None] * distance, 0)
        growth = 1 - x * x - np.einsum("rk,rk->r", others, others)
        return growth * x - lam, growth * amplitude

    k1 = rate(x, amplitude)
    h = _STEP / np.maximum(1, 1 - k1[1] / amplitude)
    k2 = rate(x + h / 2 * k1[0], amplitude + h / 2 * k1[1])
    k3 = rate(x + h / 2 * k2[0], amplitude + h / 2 * k2[1])
    k4 = rate(x + h * k3[0], amplitude + h * k3[1])
    return tuple(
        y + h / 6 * (a + 2 * b + 2 * c + d)
        for y, a, b, c, d in zip((x, amplitude), k1, k2, k3, k4, strict=True)
    )
