r"""Exact averages of the reconstruction loss and its gradient over hidden noise.

Input :math:`e_i` reaches output j as :math:`\mathrm{ReLU}(u_{ij} + Z_j)`, with the overlap
:math:`u_{ij} = W_i \cdot W_j` and the noise :math:`Z_j = \sigma \xi \cdot W_j`. So

.. math:: L = \sum_{ij} E\,\mathrm{ReLU}(u_{ij}+Z_j)^2 - 2\sum_j E\,\mathrm{ReLU}(q_j+Z_j) + n

needs, row by row, two moments of a shifted and rectified sum of independent variables. They have
a closed form for Gaussian noise; a sum over all states, split in two halves, for noise of few
values; an integral over the characteristic function for any other symmetric law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np
from scipy.special import ndtr

from .._types import FloatArray, IntArray
from .law import Noise

MAX_HALF_STATES = 2**16
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_TAIL = 1e-12
_MAX_PANELS = 100_000
_BLOCK = 2_000  # panels worked on at once


class NoExactAverage(ValueError):
    """The exact average over this noise would take too much memory or time."""


def averaged_loss(weights: FloatArray, noise: Noise) -> FloatArray:
    r"""Reconstruction loss averaged exactly over the noise.

    .. math:: L = \sum_{ij} E\,[\mathrm{ReLU}(W_j\cdot(W_i + \sigma\xi)) - \delta_{ij}]^2

    Exact up to rounding (Gaussian, bipolar, three-point) or to 1e-11 (uniform, Laplace).

    >>> import numpy as np
    >>> from polysem import numerics
    >>> noise = numerics.Noise(sigma=0.1, law="bipolar")
    >>> bool(np.isclose(numerics.averaged_loss(np.eye(4), noise), 4 * 0.01 + 6 * 0.01))
    True

    Parameters
    ----------
    weights : array, shape (..., n, m)
        Weights of one or many networks.
    noise : Noise
        The law of the noise on the hidden layer.

    Returns
    -------
    array, shape (...)
        The loss, summed over the n inputs.

    Raises
    ------
    ValueError
        If the exact average over this law takes too much memory or time for m neurons.

    Source
    ------
    paper_notes/noise.md, "The averaged loss".
    """
    return averaged_loss_and_gradient(weights, noise)[0]


def averaged_gradient(weights: FloatArray, noise: Noise) -> FloatArray:
    r"""Gradient of :func:`averaged_loss`; descent along minus a quarter of it is the flow.

    .. math:: \frac{\partial L}{\partial W} = 2 E\,[D^T (W + \sigma\Xi) + D W],\quad
        D_{ij} = \mathrm{ReLU}(Y_{ij}) - \delta_{ij} 1[Y_{ij} > 0]

    Exact as :func:`averaged_loss` is.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> noise = numerics.Noise(sigma=0.1, law="gaussian")
    >>> numerics.averaged_gradient(np.eye(3), noise).shape
    (3, 3)

    Parameters
    ----------
    weights : array, shape (..., n, m)
        Weights of one or many networks.
    noise : Noise
        The law of the noise on the hidden layer.

    Returns
    -------
    array, shape (..., n, m)
        The gradient.

    Raises
    ------
    ValueError
        If the exact average over this law takes too much memory or time for m neurons.

    Source
    ------
    paper_notes/noise.md, "The averaged loss".
    """
    return averaged_loss_and_gradient(weights, noise)[1]


def averaged_loss_and_gradient(weights: FloatArray, noise: Noise) -> tuple[FloatArray, FloatArray]:
    r"""Averaged loss and its gradient in one pass.

    .. math:: (L, \partial L/\partial W)

    Exact as :func:`averaged_loss` is.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> loss, gradient = numerics.averaged_loss_and_gradient(np.eye(3), numerics.Noise(sigma=0.0))
    >>> float(loss), float(abs(gradient).max())
    (0.0, 0.0)

    Parameters
    ----------
    weights : array, shape (..., n, m)
        Weights of one or many networks.
    noise : Noise
        The law of the noise on the hidden layer.

    Returns
    -------
    loss : array, shape (...)
    gradient : array, shape (..., n, m)

    Raises
    ------
    ValueError
        If the exact average over this law takes too much memory or time for m neurons.

    Source
    ------
    paper_notes/noise.md, "The averaged loss".
    """
    weights = np.asarray(weights, dtype=np.float64)
    n, m = weights.shape[-2:]
    stack = weights.reshape(-1, n, m)
    overlaps = stack @ stack.swapaxes(-1, -2)
    rows = stack.reshape(-1, m)
    row_overlaps = overlaps.reshape(-1, n)  # overlaps are symmetric: row j holds all u_ij
    own = np.tile(np.arange(n), len(stack))
    if noise.sigma == 0:
        moments = _silent_moments(rows, row_overlaps, own)
    elif noise.law == "gaussian":
        moments = _gaussian_moments(rows, row_overlaps, own, noise)
    elif noise.atoms is not None:
        moments = _discrete_moments(rows, row_overlaps, own, noise)
    else:
        moments = _continuous_moments(rows, row_overlaps, own, noise)
    loss = moments.value.reshape(-1, n).sum(axis=-1) + n
    slopes = moments.overlap_slope.reshape(-1, n, n)  # [j, i] = d L_j / d u_ij
    gradient = (slopes + slopes.swapaxes(-1, -2)) @ stack + moments.row_slope.reshape(-1, n, m)
    return loss.reshape(weights.shape[:-2]), gradient.reshape(weights.shape)


@dataclass(frozen=True)
class _Moments:
    """Per row j: sum_i E ReLU(u_ij+Z)^2 - 2 E ReLU(u_jj+Z), its slope in u_ij and in W_j via Z."""

    value: FloatArray
    overlap_slope: FloatArray
    row_slope: FloatArray


def _silent_moments(rows: FloatArray, overlaps: FloatArray, own: IntArray) -> _Moments:
    live = np.maximum(overlaps, 0.0)
    index = np.arange(len(rows))
    value = (live**2).sum(axis=1) - 2 * live[index, own]
    slope = 2 * live
    slope[index, own] -= 2.0 * (overlaps[index, own] > 0)
    return _Moments(value, slope, np.zeros_like(rows))


def _gaussian_moments(
    rows: FloatArray, overlaps: FloatArray, own: IntArray, noise: Noise
) -> _Moments:
    index = np.arange(len(rows))
    norm = np.sqrt(np.einsum("rk,rk->r", rows, rows))
    s = np.maximum(noise.sigma * norm, np.finfo(float).tiny)[:, None]
    a = overlaps / s
    density = np.exp(-(np.minimum(a**2, 1e4)) / 2) / math.sqrt(2 * math.pi)
    below = ndtr(a)
    mean = s * (density + a * below)  # E ReLU(u+Z)
    square = s * s * ((1 + a * a) * below + a * density)  # E ReLU(u+Z)^2
    value = square.sum(axis=1) - 2 * mean[index, own]
    slope = 2 * mean
    slope[index, own] -= 2 * below[index, own]
    spread_slope = 2 * s[:, 0] * below.sum(axis=1) - 2 * density[index, own]
    unit = rows / np.maximum(norm, np.finfo(float).tiny)[:, None]
    return _Moments(value, slope, noise.sigma * spread_slope[:, None] * unit)


@lru_cache(maxsize=16)
def _states(
    entries: int, values: tuple[float, ...], chances: tuple[float, ...]
) -> tuple[FloatArray, FloatArray]:
    """All states of some entries of a discrete law, shape (states, entries), and their weights."""
    states = np.array(list(product(values, repeat=entries)), dtype=float).reshape(
        len(values) ** entries, entries
    )
    weights = np.array([math.prod(c) for c in product(chances, repeat=entries)])
    return states, weights


def _discrete_moments(
    rows: FloatArray, overlaps: FloatArray, own: IntArray, noise: Noise
) -> _Moments:
    """Meet in the middle: Z = A + B, each over half of the neurons, B sorted."""
    values, chances = noise.atoms  # type: ignore[misc]
    m = rows.shape[1]
    half = m // 2
    if len(values) ** (m - half) > MAX_HALF_STATES:
        limit = 2 * int(math.log(MAX_HALF_STATES) / math.log(len(values)))
        raise NoExactAverage(
            f"Got m={m}; the exact average over {noise.law} noise lists {len(values)}^(m/2) states "
            f"and is limited to m <= {limit}: use sampled noise (numerics.SampledNoise)."
        )
    law = tuple(values.tolist()), tuple(chances.tolist())
    left_states, left_chance = _states(half, *law)
    right_states, right_chance = _states(m - half, *law)
    left_states, right_states = noise.sigma * left_states, noise.sigma * right_states
    parts = []
    chunk = max(1, 2**21 // (overlaps.shape[1] * len(right_chance)))
    for start in range(0, len(rows), chunk):
        some = slice(start, start + chunk)
        left, right = rows[some, :half] @ left_states.T, rows[some, half:] @ right_states.T
        u, mine = overlaps[some], own[some]
        index = np.arange(len(u))
        mean_l, share_l = _above(u, left, right, right_chance)
        mean_r, share_r = _above(u, right, left, left_chance)
        mean_l, mean_r = mean_l * left_chance, mean_r * right_chance
        share_l, share_r = share_l[index, mine] * left_chance, share_r[index, mine] * right_chance
        mean = mean_l.sum(axis=-1)
        # sum_i E ReLU(u_i+Z)^2 = sum_i u_i E ReLU(u_i+Z) + E Z sum_i ReLU(u_i+Z)
        total_l, total_r = mean_l.sum(axis=1), mean_r.sum(axis=1)
        value = (
            (u * mean).sum(axis=1) + (total_l * left).sum(axis=1) + (total_r * right).sum(axis=1)
        )
        value -= 2 * mean[index, mine]
        slope = 2 * mean
        slope[index, mine] -= 2 * share_l.sum(axis=-1)
        row_slope = 2 * np.concatenate(
            [(total_l - share_l) @ left_states, (total_r - share_r) @ right_states], axis=1
        )
        parts.append((value, slope, row_slope))
    return _Moments(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _above(
    u: FloatArray, outer: FloatArray, inner: FloatArray, chance: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """E over the inner sums of ReLU(u_i + A + B) and of [u_i + A + B > 0], shape (rows, n, A)."""
    order = np.argsort(inner, axis=1)
    ranked = np.take_along_axis(inner, order, axis=1)
    weight = chance[order]
    zero = np.zeros((len(u), 1))
    mass = np.concatenate([zero, np.cumsum(weight[:, ::-1], axis=1)], axis=1)
    first = np.concatenate([zero, np.cumsum((weight * ranked)[:, ::-1], axis=1)], axis=1)
    shift = u[:, :, None] + outer[:, None, :]
    # One sorted list for all rows: rows are kept apart by an offset larger than any sum. Rounding
    # of the offset can only move a state across its own threshold, where ReLU(u + Z) vanishes.
    apart = 2.0 * (float(np.abs(shift).max()) + float(np.abs(ranked).max()) + 1.0)
    offset = apart * np.arange(len(u))[:, None]
    found = np.searchsorted((ranked + offset).ravel(), offset[:, :, None] - shift, side="right")
    states = ranked.shape[1]
    kept = states * (np.arange(len(u))[:, None, None] + 1) - found
    base = (states + 1) * np.arange(len(u))[:, None, None]
    share = mass.ravel()[base + kept]
    return first.ravel()[base + kept] + shift * share, share


def _continuous_moments(
    rows: FloatArray, overlaps: FloatArray, own: IntArray, noise: Noise
) -> _Moments:
    r"""Fourier integrals over the characteristic function :math:`\psi` of Z:

    E ReLU(u+Z)^2 = (u^2+s^2)/2 + (2/pi) int (ut - sin(ut) psi(t)) / t^3 dt,
    E ReLU(u+Z)   = u/2 + (1/pi) int (1 - cos(ut) psi(t)) / t^2 dt.
    """
    moments = [
        _row_by_characteristic(row, u, int(i), noise)
        for row, u, i in zip(rows, overlaps, own, strict=True)
    ]
    return _Moments(*(np.array(part) for part in zip(*moments, strict=True)))


def _row_by_characteristic(
    row: FloatArray, u: FloatArray, mine: int, noise: Noise
) -> tuple[float, FloatArray, FloatArray]:
    s = noise.sigma * float(np.linalg.norm(row))
    live = np.flatnonzero(row)
    if not math.isfinite(s):
        return math.nan, np.full_like(u, math.nan), np.full_like(row, math.nan)
    if s == 0.0:
        silent = _silent_moments(row[None], u[None], np.array([mine]))
        return silent.value[0], silent.overlap_slope[0], silent.row_slope[0]
    direction = noise.sigma * row[live] / s
    a = u / s
    end = _cutoff(direction, noise)
    panels = math.ceil(end * max(2.0, float(np.abs(a).max()), np.abs(direction).sum()) / 3.0)
    if panels > _MAX_PANELS:
        raise NoExactAverage(
            f"Got sigma={noise.sigma} with a row of norm {np.linalg.norm(row):.3g}; the exact "
            f"average over {noise.law} noise needs {panels} intervals of integration, and at most "
            f"{_MAX_PANELS} are allowed: use a larger sigma, a row with more non-zero weights, or "
            "sampled noise (numerics.SampledNoise)."
        )
    odd, even, positive = a / end, np.full_like(a, 1 / end), math.pi / 2
    square_turn, mean_turn = np.zeros(len(live)), np.zeros(len(live))
    width = end / panels
    for first in range(0, panels, _BLOCK):
        middle = width * (np.arange(first, min(first + _BLOCK, panels)) + 0.5)
        t = (middle[:, None] + width / 2 * _NODES).ravel()
        step = np.tile(width / 2 * _WEIGHTS, len(middle))
        steps = np.multiply.outer(t, direction)
        factors = noise.characteristic(steps)
        others = _products_of_others(factors)
        psi = others[:, 0] * factors[:, 0]
        turn = noise.characteristic_slope(steps) * others
        angle = np.multiply.outer(t, a)
        sine, cosine = np.sin(angle), np.cos(angle)
        odd += (step / t**3) @ (angle - sine * psi[:, None])
        even += (step / t**2) @ (1 - cosine * psi[:, None])
        positive += float((step / t * sine[:, mine]) @ psi)
        square_turn += (step / t**2 * sine.sum(axis=1)) @ turn
        mean_turn += (step / t * cosine[:, mine]) @ turn
    square = s * s * ((a**2 + 1) / 2 + (2 / math.pi) * odd)
    mean = s * (a / 2 + even / math.pi)
    slope = 2 * mean
    slope[mine] -= 2 * positive / math.pi
    # At fixed u: the slopes of s^2 [1/2 + (2/pi) odd] and (s/pi) even, where Z = s d . xi
    square_slope = s * s * (len(u) * direction - (2 / math.pi) * square_turn)
    row_slope = np.zeros_like(row)
    row_slope[live] = (noise.sigma / s) * (square_slope + 2 * (s / math.pi) * mean_turn)
    return square.sum() - 2 * mean[mine], slope, row_slope


def _cutoff(direction: FloatArray, noise: Noise) -> float:
    """Where the neglected tail, at most the envelope of psi divided by t, is below the limit."""
    size = np.abs(direction)
    end = 8.0
    while True:
        x = size * end
        if noise.law == "laplace":
            envelope = 1 / (1 + x**2 / 2)
        elif noise.law == "uniform":
            envelope = 1 / np.maximum(1.0, math.sqrt(3) * x)
        else:
            envelope = np.exp(-(x**2) / 2)
        if float(np.prod(envelope)) / end < _TAIL:
            return end
        end *= 1.25


def _products_of_others(factors: FloatArray) -> FloatArray:
    """For every k the product over l != k, without division."""
    ones = np.ones((len(factors), 1))
    before = np.concatenate([ones, np.cumprod(factors[:, :-1], axis=1)], axis=1)
    after = np.concatenate([ones, np.cumprod(factors[:, :0:-1], axis=1)], axis=1)[:, ::-1]
    return before * after
