"""The exact flow of one feature on its own: soft-thresholding of its initial weights.

Derivation and letters: paper_notes/row_flow.md. Until only the largest weight is left (or
the weights tied with it) the row follows ``row_mesh.Track``; after that its size x obeys
``x' = (1 - x^2) x - lambda``. The threshold is measured from the largest weight,
``B = max|W(0)| - x/A``, so that nothing cancels however late the time is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._integrate import solved
from .._show import one_line, table_of_fields
from .._types import Array, FloatArray, IntArray
from .._validate import check_lam, check_vector
from .mesh import Moments, Track

_TOLERANCE = 1e-12
_LARGEST_LOG = 700.0  # exp of more overflows
_SMALLEST = 1e-100
_DEATH_ERROR = 1e-9  # relative, of an integral that is sought to 1e-12
_PIECES = 500  # of such an integral
_DEEPEST = 45.0  # its relative rest is the exponential of minus this


@dataclass(frozen=True, kw_only=True, eq=False)
class RowFlow:
    """One feature on its own at a list of times, as :func:`row_flow` returns it.

    The weights are ``amplitude * max(|W(0)| - threshold, 0)``, signs unchanged. Exact but for
    the integration of two scalar equations (relative error below 1e-8).

    Parameters
    ----------
    times : ndarray, shape (T,)
        Flow time.
    live : ndarray of int, shape (T,)
        Number of weights that are not zero.
    l1_norm, norm2 : ndarray, shape (T,)
        Sum of absolute weights, and sum of squared weights.
    amplitude, threshold : ndarray, shape (T,)
        ``A`` and ``B`` of the exact solution; B no longer changes once all weights are dead.
    largest : ndarray, shape (T,)
        The largest absolute weight, ``A (max|W(0)| - B)``.

    Source
    ------
    paper_notes/row_flow.md; Lecomte et al. 2023, the sparsification section, estimates the same.
    """

    times: FloatArray
    live: IntArray
    l1_norm: FloatArray
    norm2: FloatArray
    amplitude: FloatArray
    threshold: FloatArray
    largest: FloatArray

    __repr__ = one_line

    def to_frame(self) -> Any:
        """A pandas table, a row for each time."""
        return table_of_fields(self)


def row_flow(row: ArrayLike, lam: float, times: ArrayLike) -> RowFlow:
    """Follow one feature on its own exactly, at the given times.

    ``dW_k/dt = (1 - |W|^2) W_k - lambda sign(W_k)``, weights stopping at 0, is solved by
    ``|W_k(t)| = A(t) (|W_k(0)| - B(t))_+`` with ``dA/dt = (1 - A^2 M_2(B)) A``,
    ``dB/dt = lambda / A``, ``M_p(B) = sum_k (|W_k(0)| - B)_+^p``. Holds for every row and every
    lambda >= 0; norms and weights are within 1e-8.

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
    order, place = np.unique(when, return_inverse=True)
    whole = _Row.of(magnitudes, lam)
    track = whole.track(order[-1])
    values = np.empty((6, len(order)))
    early = order <= track.time[-1] if track else np.zeros(len(order), dtype=bool)
    if track and early.any():
        y, v = track.at(order[early])
        live, first, second = whole.moments.at(y)
        values[:, early] = live, first / v, second / v**2, 1 / v, whole.largest - y, y / v
    if not early.all():
        x, log_amplitude = whole.last_weights(order[~early], track)
        amplitude = np.exp(np.minimum(log_amplitude, _LARGEST_LOG))
        live = np.where(x > 0, whole.tied, 0)
        rest = live, live * x, live * x**2, amplitude, whole.largest - x / amplitude, x
        values[:, ~early] = rest
    return _flow(when, *values[:, place])


def extinction_times(row: ArrayLike, lam: float) -> FloatArray:
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
    whole = _Row.of(magnitudes, lam)
    track = whole.track(np.inf)
    distance = whole.largest - magnitudes
    if track:
        dying = (magnitudes > 0) & (distance > 0)
        times[dying] = track.time[np.searchsorted(-track.y, -distance[dying])]
    if whole.doomed(track):
        times[distance == 0] = whole.death(track)
    return times


@dataclass(frozen=True, kw_only=True, eq=False)
class _Row:
    """A row in two parts: until only its largest weights are left, and from then on."""

    moments: Moments
    largest: float
    tied: int  # weights as large as the largest
    lam: float

    @classmethod
    def of(cls, magnitudes: FloatArray, lam: float) -> _Row:
        largest = float(magnitudes.max())
        if largest < _SMALLEST:
            raise ValueError(
                f"Got a row whose largest weight is {largest:g}; below {_SMALLEST:g} its square "
                "underflows: rescale the row."
            )
        moments = Moments.of(magnitudes)
        tied = int(np.searchsorted(moments.distance, 0.0, side="right"))
        return cls(moments=moments, largest=largest, tied=tied, lam=lam)

    def track(self, until: float) -> Track | None:
        """The first part, at least until a time; None if all weights that live are tied."""
        distance = self.moments.distance
        if self.tied == len(distance) or distance[self.tied] == self.largest:
            return None
        # A^-2 is at most max(1, M_2(0)), which bounds how far the threshold can rise.
        fastest = max(1.0, math.sqrt(float(self.moments.at(self.largest)[2])))
        reach = min(self.largest - self.lam * until * fastest, self.largest * (1 - 1e-12))
        end = max(float(distance[self.tied]), reach)
        return Track.of(self.moments, self.largest, end, self.lam)

    def doomed(self, track: Track | None) -> bool:
        """Whether ``x' = (1 - c x^2) x - lambda`` takes the last ``c`` weights to zero."""
        _, x, _ = self._alone(track)
        x = min(x, 1 / math.sqrt(3 * self.tied))
        return bool((1 - self.tied * x * x) * x < self.lam)

    def last_weights(self, times: FloatArray, track: Track | None) -> tuple[Any, Any]:
        """Their size x and log A at times at which no other weight lives."""
        begin, *start = self._alone(track)

        def rate(_: float, state: FloatArray) -> tuple[float, float]:
            x = float(state[0])
            growth = 1 - self.tied * max(x, 0.0) ** 2
            return (growth * x - self.lam if x > 0 else -self.lam), growth

        smallest = _TOLERANCE * min(1.0, start[0])
        x, log_amplitude = solved(rate, start, times, begin=begin, rtol=_TOLERANCE, atol=smallest)
        return np.maximum(x, 0.0), log_amplitude

    def death(self, track: Track | None) -> float:
        """The time at which the last weights die, if they are doomed.

        The integral of ``dx / g`` with ``g = lambda - (1 - c x^2) x``, from the size p on at which
        they fall most slowly: ``g(p -+ s)`` is g(p), which may nearly vanish, and a sum without
        differences. It is taken over the logarithm of s; large sizes by their inverse.
        """
        c = self.tied
        begin, x, _ = self._alone(track)
        p = min(x, 1 / math.sqrt(3 * c))
        least, slope = self.lam - (1 - c * p * p) * p, max(0.0, 1 - 3 * c * p * p)
        depth = _DEEPEST + math.log1p(p * (slope + 3 * c * p * p) / least)

        def below(y: float) -> float:
            s = p * math.exp(-y)
            return s / (least + s * (slope + c * s * (3 * p - s)))

        def above(y: float) -> float:
            s = min(x - p, p) * math.exp(-y)
            return s / (least + c * s * s * (3 * p + s))

        def far(u: float) -> float:
            return u / (least * u**3 + c * (3 * p * u + 1))

        passed = begin + _integral(below, 0.0, depth)
        if x > p:
            passed += _integral(above, 0.0, depth)
        if x > 2 * p:
            passed += _integral(far, 1 / (x - p), 1 / p)
        return passed

    def _alone(self, track: Track | None) -> tuple[float, float, float]:
        """The time from which on only the largest weights live, and x and log A then."""
        if track is None:
            return 0.0, self.largest, 0.0
        inverse = float(track.inverse[-1])
        return float(track.time[-1]), float(track.y[-1]) / inverse, -math.log(inverse)


def _integral(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.integrate import quad

    value, error = quad(function, low, high, epsabs=0, epsrel=_TOLERANCE, limit=_PIECES)
    if not error <= _DEATH_ERROR * value:
        raise ArithmeticError(
            "The time at which the last weights of the row reach zero was not found: the integral "
            f"for it is {value:.3g} with an error of up to {error:.1g}. Change lam slightly; if "
            "this does not help, report it."
        )
    return value


def _free(magnitudes: FloatArray, times: FloatArray) -> RowFlow:
    """lambda = 0: the threshold stays at 0, and ``A^-2 = M_2 + (1 - M_2) exp(-2t)``."""
    start = float(np.sum(magnitudes**2))
    amplitude = 1 / np.sqrt(start + (1 - start) * np.exp(-2 * times))
    live, zero = np.full(len(times), np.count_nonzero(magnitudes)), np.zeros_like(times)
    l1_norm, largest = amplitude * magnitudes.sum(), amplitude * magnitudes.max()
    return _flow(times, live, l1_norm, amplitude**2 * start, amplitude, zero, largest)


def _dead(times: FloatArray) -> RowFlow:
    zero = np.zeros_like(times)
    amplitude = np.exp(np.minimum(times, _LARGEST_LOG))
    return _flow(times, zero, zero, zero, amplitude, zero, zero)


def _flow(times: FloatArray, live: Array, *values: FloatArray) -> RowFlow:
    """The result from its columns: live weights, then the others in the order of the fields."""
    names = [entry.name for entry in fields(RowFlow)][2:]
    columns = dict(zip(names, values, strict=True))
    return RowFlow(times=times, live=live.astype(np.int64), **columns)
