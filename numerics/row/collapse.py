r"""The features that l1 kills: the one-curve law, and an exact test for given rows.

A lone row dies if its threshold reaches its largest weight. For a Gaussian row whose largest
weight is z (in units of its scale) the other weights are replaced by their law below z. This leaves
one curve for each z, and the row dies if z is below a critical value. Derivation:
paper_notes/reshuffling.md.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erf, erfinv

from .._integrate import runge_kutta
from .._types import BoolArray, FloatArray
from .._validate import check_integer, check_positive

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_DEPTHS = (1 + _NODES) / 2
_FOLD = 2 / (3 * math.sqrt(3))  # above it no single weight can live
_STEP = 0.05  # of the fourth-order steps in rows_die, over |W|^2 of large rows
_BLOCK = 1 << 19
WIDEST = 10**8
"""The largest number of neurons for which the one-curve law is computed."""


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

    Raises
    ------
    ValueError
        For m < 1 or m > 1e8, or lam <= 0.

    Source
    ------
    paper_notes/reshuffling.md (collapse).
    """
    return float(erf(critical_weight(m, lam) / math.sqrt(2)) ** m)


def critical_weight(m: int, lam: float) -> float:
    """The largest weight below which a lone Gaussian row dies, in units of 1/sqrt(m).

    The boundary of the rows that die in the one-curve flow ``x' = (1 - |W|^2) x - lambda``,
    ``(log A)' = 1 - |W|^2`` with ``|W|^2 = x^2 + A^2 (m - 1)/m E[(|y| - b)_+^2; |y| < z]`` and
    ``b = z - sqrt(m) x / A``; to a relative error of about 1e-10.

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
        For m < 1 or m > 1e8, or lam <= 0.

    Source
    ------
    paper_notes/reshuffling.md (collapse).
    """
    from scipy.optimize import brentq

    m = check_integer("m", m, "the number of neurons", maximum=WIDEST)
    lam = check_positive("lam", lam, "an l1 weight")
    if lam >= _FOLD:
        return math.inf
    low = _unstable_weight(lam) * math.sqrt(m)
    if m == 1:
        return low
    high = 2 * low
    while _margin(high, m, lam) > 0:
        low, high = high, 2 * high
    return float(brentq(_margin, low, high, args=(m, lam), xtol=1e-12, rtol=1e-11))


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
    from scipy.optimize import brentq

    m = check_integer("m", m, "the number of neurons", maximum=WIDEST)
    median = math.sqrt(2) * float(erfinv(2 ** (-1 / m)))
    if _margin(median, m, _FOLD) <= 0:
        return _FOLD
    return float(brentq(lambda lam: _margin(median, m, lam), 1e-9, _FOLD, xtol=1e-13, rtol=1e-11))


def _unstable_weight(lam: float) -> float:
    """The smaller root of x (1 - x^2) = lambda: a single weight below it dies."""
    return 2 / math.sqrt(3) * math.sin(math.asin(min(lam / _FOLD, 1.0)) / 3)


def _margin(z: float, m: int, lam: float) -> float:
    """The log of the largest weight that dies, over that of the row; positive if the row dies.

    Time drops out of the one-curve flow when s = z - b is the variable:
    ``d(log x)/d(log s) = 1 - x (1 - |W|^2)/lambda`` with ``A = sqrt(m) x/s``. The weights that
    just live or die end at the unstable state of a single weight, where s = 0; every solution
    that starts near it at small s converges to that boundary as s grows to z.
    """
    from scipy.integrate import solve_ivp

    share = (m - 1) / float(erf(z / math.sqrt(2)))  # of the others, given that none exceeds z

    def rate(log_part: float, state: FloatArray) -> tuple[float]:
        s, x = z * math.exp(log_part), math.exp(state[0])
        density = np.exp(-((z - s + s * _DEPTHS) ** 2) / 2) * math.sqrt(2 / math.pi)
        others = share * s / 2 * float(_WEIGHTS @ (_DEPTHS**2 * density))  # over x^2
        return (1 - x * (1 - x * x * (1 + others)) / lam,)

    def grows(_: float, state: FloatArray) -> float:
        """Beyond |W| = 1, x only grows with s."""
        return float(state[0]) - math.log(1 + z / math.sqrt(m))

    grows.terminal = True  # type: ignore[attr-defined]
    start, tolerances = (math.log(_unstable_weight(lam)),), {"rtol": 1e-10, "atol": 1e-12}
    found = solve_ivp(rate, (-30.0, 0.0), start, method="LSODA", events=grows, **tolerances)
    return float(found.y[0, -1]) - math.log(z / math.sqrt(m))


def rows_die(rows: ArrayLike, lam: float) -> BoolArray:
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


def _block_dies(rows: FloatArray, lam: float) -> BoolArray:
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
        x, amplitude = _step(np.stack([x, amplitude]), distance, lam)
    return dies


def _step(state: FloatArray, distance: FloatArray, lam: float) -> FloatArray:
    """Largest weight and amplitude of each row after a step of its own length."""

    def rate(state: FloatArray) -> FloatArray:
        x, amplitude = state
        others = np.maximum(x[:, None] - amplitude[:, None] * distance, 0)
        growth = 1 - x * x - np.einsum("rk,rk->r", others, others)
        return np.stack([growth * x - lam, growth * amplitude])

    first = rate(state)
    length = _STEP / np.maximum(1, 1 - first[1] / state[1])
    return runge_kutta(rate, state, length, first)
