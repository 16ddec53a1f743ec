"""The exact flow of one feature on its own: soft-thresholding of its initial weights.

Derivation and letters: paper_notes/row_flow.md. The state that is integrated is the largest
weight ``x = |W_max|`` and the log amplitude ``log A``; the threshold is
``B = max|W(0)| - x / A``. Written so, nothing cancels however late the time is.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._validate import check_lam, check_vector

_TOLERANCE = 1e-12
_LARGEST_LOG = 700.0  # exp of more overflows
_NEWTON_STEPS = 3  # from linear interpolation inside one short step: 1e-4, 1e-8, 1e-16


@dataclass(frozen=True, kw_only=True, eq=False)
class RowFlow:
    """One feature on its own at a list of times.

    The weights are ``amplitude * max(|W(0)| - threshold, 0)``, signs unchanged. Exact but for
    the integration of two scalar equations (relative tolerance 1e-12).

    >>> from polysem import numerics
    >>> flow = numerics.row_flow([0.5, -0.3, 0.1], lam=0.01, times=[0.0, 20.0])
    >>> flow.live
    array([3, 2])

    Parameters
    ----------
    times : ndarray, shape (T,)
        Flow time.
    live : ndarray of int, shape (T,)
        Number of weights that are not zero.
    l1_norm, norm2 : ndarray, shape (T,)
        Sum of absolute weights, and sum of squared weights.
    amplitude, threshold : ndarray, shape (T,)
        ``A`` and ``B`` of the exact solution; B stays where it is once all weights are dead.
    largest : ndarray, shape (T,)
        The largest absolute weight, ``A (max|W(0)| - B)``.

    Source
    ------
    paper_notes/row_flow.md; Lecomte et al. 2023, the sparsification section, estimates the same.
    """

    times: NDArray[np.float64]
    live: NDArray[np.int64]
    l1_norm: NDArray[np.float64]
    norm2: NDArray[np.float64]
    amplitude: NDArray[np.float64]
    threshold: NDArray[np.float64]
    largest: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Moments:
    """``M_p(B) = sum_k (|w_k| - B)_+^p`` from the distances of the weights to the largest one.

    All sums have positive terms, so that the moments keep their relative accuracy up to the
    last weight. ``first[j]`` and ``second[j]`` are the moments at ``B = |w|_(j)``, when the
    ``j`` largest weights are about to be left.
    """

    distance: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]

    @classmethod
    def of(cls, magnitudes: NDArray[np.float64]) -> _Moments:
        distance = np.sort(magnitudes.max() - magnitudes)
        step = np.diff(distance)
        count = np.arange(1, len(distance))
        first = np.concatenate([[0.0], np.cumsum(count * step)])
        rise = step * (2 * first[:-1] + count * step)
        return cls(distance=distance, first=first, second=np.concatenate([[0.0], np.cumsum(rise)]))

    def scaled(self, largest: Any, amplitude: Any) -> tuple[Any, Any, Any]:
        """Live weights, ``A M_1`` and ``A^2 M_2`` where the largest weight is ``largest``."""
        live = np.searchsorted(self.distance, largest / amplitude, side="left")
        last = np.maximum(live - 1, 0)
        rest = np.maximum(largest - amplitude * self.distance[last], 0.0)
        l1 = amplitude * self.first[last]
        norm2 = amplitude * (amplitude * self.second[last]) + rest * (2 * l1 + live * rest)
        return live, l1 + live * rest, norm2


def row_flow(row: ArrayLike, lam: float, times: ArrayLike) -> RowFlow:
    """Follow one feature on its own exactly, at the given times.

    ``dW_k/dt = (1 - |W|^2) W_k - lambda sign(W_k)``, weights stopping at 0, is solved by
    ``|W_k(t)| = A(t) (|W_k(0)| - B(t))_+`` with ``dA/dt = (1 - A^2 M_2(B)) A``,
    ``dB/dt = lambda / A``, ``M_p(B) = sum_k (|W_k(0)| - B)_+^p``. Holds for every row and every
    lambda >= 0; the two scalar equations are integrated to a relative tolerance of 1e-12.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> row = np.random.default_rng(0).normal(0, 1 / 32, 1024)
    >>> flow = numerics.row_flow(row, lam=0.01, times=[1.0, 10.0, 1000.0])
    >>> flow.live
    array([781, 108,   1])
    >>> flow.norm2.round(3)
    array([0.783, 0.917, 0.99 ])

    Parameters
    ----------
    row : array_like, shape (m,)
        Initial weights of the feature.
    lam : float
        The paper's lambda, in units of the flow.
    times : array_like, shape (T,)
        Flow times (4 * learning rate * steps for SGD on the summed loss), in any order.

    Returns
    -------
    RowFlow

    Raises
    ------
    ValueError
        If the row or the times are not finite, or lambda or a time is negative.

    Source
    ------
    paper_notes/row_flow.md (the exact solution); Lecomte et al. 2023, sparsification section.
    """
    magnitudes = np.abs(check_vector("row", row, "the initial weights of a feature"))
    lam = check_lam(lam)
    when = check_vector("times", times, "flow time", minimum=0)
    if not magnitudes.max():
        return _dead(when)
    if lam == 0 or not when.max():
        return _free(magnitudes, when)
    table = _Moments.of(magnitudes)
    order, place = np.unique(when, return_inverse=True)
    solution = _integrate(table, magnitudes.max(), lam, order[-1], t_eval=order)
    largest, log_amplitude = solution.y[:, place]
    amplitude = np.exp(np.minimum(log_amplitude, _LARGEST_LOG))
    largest = np.maximum(largest, 0.0)
    live, l1, norm2 = table.scaled(largest, amplitude)
    return RowFlow(
        times=when,
        live=live,
        l1_norm=l1,
        norm2=norm2,
        amplitude=amplitude,
        threshold=magnitudes.max() - largest / amplitude,
        largest=largest,
    )


def extinction_times(row: ArrayLike, lam: float) -> NDArray[np.float64]:
    """The time at which each weight of a lone row becomes zero; infinity for a survivor.

    Weight k dies when ``B(t) = |W_k(0)|``: one integration gives all the times at once. The
    largest weight survives unless lambda is too large for it; weights tied with it share
    its fate. No weight of a lone row revives.

    >>> from polysem import numerics
    >>> numerics.extinction_times([0.5, -0.3, 0.0], lam=0.1).round(4)
    array([   inf, 7.5303, 0.    ])
    >>> numerics.extinction_times([0.5, -0.3, 0.1], lam=0.6).max().round(4)  # total extinction
    np.float64(1.3922)

    Parameters
    ----------
    row : array_like, shape (m,)
        Initial weights of the feature.
    lam : float
        The paper's lambda, in units of the flow.

    Returns
    -------
    ndarray, shape (m,)
        Flow times, in the order of the weights; 0 for a weight that starts at 0.

    Raises
    ------
    ValueError
        If the row is not finite or lambda is negative.

    Source
    ------
    paper_notes/row_flow.md.
    """
    magnitudes = np.abs(check_vector("row", row, "the initial weights of a feature"))
    lam = check_lam(lam)
    times = np.where(magnitudes > 0, np.inf, 0.0)
    if lam == 0 or not magnitudes.max():
        return times
    table = _Moments.of(magnitudes)
    distance = magnitudes.max() - magnitudes
    tied = int(np.count_nonzero(distance == 0))
    runner_up = table.distance[tied] if tied < len(distance) else 0.0

    def others_dead(_: float, state: NDArray[np.float64]) -> float:
        return state[0] - math.exp(min(state[1], _LARGEST_LOG)) * runner_up

    def all_dead(_: float, state: NDArray[np.float64]) -> float:
        return state[0]

    if runner_up:
        solution = _until(table, magnitudes.max(), lam, others_dead)
        largest = solution.y[0, -1]
        doomed = _doomed(largest, tied, lam)
    else:
        doomed = _doomed(magnitudes.max(), tied, lam)
    if doomed:
        solution = _until(table, magnitudes.max(), lam, all_dead)
    dying = (magnitudes > 0) & (doomed | (distance > 0))
    if dying.any():
        times[dying] = _crossings(solution, distance[dying], lam)
    return times


def _doomed(largest: float, tied: int, lam: float) -> bool:
    """Whether ``x' = (1 - c x^2) x - lambda`` takes the last ``c`` weights to zero."""
    x = min(largest, 1 / math.sqrt(3 * tied))
    return (1 - tied * x * x) * x < lam


def _crossings(solution: Any, distance: NDArray[np.float64], lam: float) -> NDArray[np.float64]:
    """The times at which ``x / A`` has fallen to the given distances, by Newton steps."""
    targets, place = np.unique(distance, return_inverse=True)
    gap = solution.y[0] * np.exp(-solution.y[1])
    knot = np.clip(np.searchsorted(-gap, -targets), 1, len(gap) - 1)
    low, high = solution.t[knot - 1], solution.t[knot]
    share = (gap[knot - 1] - targets) / (gap[knot - 1] - gap[knot])
    times = low + share * (high - low)
    for _ in range(_NEWTON_STEPS):
        largest, log_amplitude = solution.sol(times)
        step = (largest - targets * np.exp(log_amplitude)) / lam
        times = np.clip(times + step, low, high)
    return times[place]


def _until(table: _Moments, largest: float, lam: float, event: Any) -> Any:
    event.terminal = True
    end = 2000 * (1 + 1 / lam)
    solution = _integrate(table, largest, lam, end, events=event, dense_output=True)
    if not len(solution.t_events[0]):
        raise ArithmeticError(f"Got lam={lam}; no extinction was found before t={end:g}.")
    return solution


def _integrate(table: _Moments, largest: float, lam: float, end: float, **options: Any) -> Any:
    """Integrate ``x' = (1 - |W|^2) x - lambda`` and ``(log A)' = 1 - |W|^2``."""
    from scipy.integrate import solve_ivp

    distance, first, second = (
        values.tolist() for values in (table.distance, table.first, table.second)
    )

    def rate(_: float, state: NDArray[np.float64]) -> tuple[float, float]:
        x, log_amplitude = float(state[0]), float(state[1])
        if x <= 0:
            return -lam, 1.0
        amplitude = math.exp(min(log_amplitude, _LARGEST_LOG))
        live = bisect_left(distance, x / amplitude)
        rest = x - amplitude * distance[live - 1]
        norm2 = amplitude * (amplitude * second[live - 1]) + rest * (
            2 * amplitude * first[live - 1] + live * rest
        )
        return (1 - norm2) * x - lam, 1 - norm2

    solution = solve_ivp(
        rate,
        (0.0, end),
        (largest, 0.0),
        method="LSODA",
        rtol=_TOLERANCE,
        atol=(_TOLERANCE * largest, _TOLERANCE),
        **options,
    )
    if not solution.success:
        raise ArithmeticError(f"The row flow could not be integrated: {solution.message}")
    return solution


def _free(magnitudes: NDArray[np.float64], times: NDArray[np.float64]) -> RowFlow:
    """lambda = 0: the threshold stays at 0, and ``A^-2 = M_2 + (1 - M_2) exp(-2t)``."""
    start = float(np.sum(magnitudes**2))
    amplitude = 1 / np.sqrt(start + (1 - start) * np.exp(-2 * times))
    return RowFlow(
        times=times,
        live=np.full(len(times), np.count_nonzero(magnitudes)),
        l1_norm=amplitude * magnitudes.sum(),
        norm2=amplitude**2 * start,
        amplitude=amplitude,
        threshold=np.zeros_like(times),
        largest=amplitude * magnitudes.max(),
    )


def _dead(times: NDArray[np.float64]) -> RowFlow:
    zero = np.zeros_like(times)
    return RowFlow(
        times=times,
        live=np.zeros(len(times), dtype=np.int64),
        l1_norm=zero,
        norm2=zero,
        amplitude=np.exp(np.minimum(times, _LARGEST_LOG)),
        threshold=zero,
        largest=zero,
    )
