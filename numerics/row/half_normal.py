"""The law of a Gaussian row: live weights and norms against time, with no fitted constant.

The weights of a Gaussian row are replaced by their law: ``M_p(B)`` becomes its expectation.
Derivation and letters: paper_notes/row_flow.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erfcx

from .._integrate import solved
from .._show import one_line, table_of_fields
from .._types import FloatArray
from .._validate import check_integer, check_lam, check_positive, check_vector

_TOLERANCE = 1e-11
_SWITCH = 3.0  # below it the closed form loses less than two digits
_DEPTH = 80  # terms of the continued fraction; enough for 1e-15 from _SWITCH on


@dataclass(frozen=True, kw_only=True, eq=False)
class HalfNormalLaw:
    """Expected live weights and norms of a Gaussian row at given times (:func:`half_normal_law`).

    Parameters
    ----------
    times : ndarray, shape (T,)
        Flow time.
    live, l1_norm, norm2 : ndarray, shape (T,)
        Number of live weights, sum of absolute weights, sum of squared weights.
    amplitude, threshold : ndarray, shape (T,)
        ``A`` and ``B`` of the exact solution.

    Source
    ------
    paper_notes/row_flow.md.
    """

    times: FloatArray
    live: FloatArray
    l1_norm: FloatArray
    norm2: FloatArray
    amplitude: FloatArray
    threshold: FloatArray

    __repr__ = one_line

    def to_frame(self) -> Any:
        """A pandas table, a row for each time."""
        return table_of_fields(self)


def half_normal_moments(b: ArrayLike) -> FloatArray:
    """The integrals ``h_p(b) = int_0^inf x^p exp(-b x - x^2/2) dx`` for p = 0, 1, 2.

    They give the moments of a Gaussian row above the threshold ``b s``:
    ``M_p = 2 m s^p phi(b) h_p(b)``. Below b = 3 by ``h_0 = Q/phi``, ``h_1 = 1 - b h_0``,
    ``h_2 = (1 + b^2) h_0 - b``; above, where these cancel, by the continued fraction of
    ``h_p / h_{p-1} = p / (b + h_{p+1} / h_p)``. Relative error below 1e-13 for b >= 0.

    >>> from polysem import numerics
    >>> numerics.half_normal_moments([0.0, 30.0])[2].round(8)
    array([1.25331414e+00, 7.35800000e-05])

    Parameters
    ----------
    b : array_like, shape (...)
        Threshold in units of the standard deviation, >= 0.

    Returns
    -------
    ndarray, shape (3, ...)

    Raises
    ------
    ValueError
        If a threshold is negative.

    Source
    ------
    paper_notes/row_flow.md (half-normal moments).
    """
    b = np.asarray(b, dtype=np.float64)
    if not (b >= 0).all():
        raise ValueError(f"Got b={b.min():g}; b is a threshold and must be >= 0.")
    h0 = math.sqrt(math.pi / 2) * erfcx(b / math.sqrt(2))
    far = b >= _SWITCH
    first, second = _ratios(np.where(far, b, _SWITCH))
    h1 = np.where(far, first * h0, 1 - b * h0)
    h2 = np.where(far, first * second * h0, (1 + b * b) * h0 - b)
    return np.stack([h0, h1, h2])


def _ratios(b: Any) -> tuple[Any, Any]:
    """``h_1 / h_0`` and ``h_2 / h_1`` by the continued fraction, from its far end."""
    ratio = 0.0 * b
    for p in range(_DEPTH, 2, -1):
        ratio = p / (b + ratio)
    second = 2 / (b + ratio)
    return 1 / (b + second), second


def half_normal_law(
    m: int,
    lam: float,
    times: ArrayLike,
    *,
    scale: float | None = None,
    weak: bool = False,
) -> HalfNormalLaw:
    """Expected live weights and norms of a Gaussian row on its own, against time.

    ``M_0 = 2 m Q(b)``, ``M_1 = 2 m s (phi - b Q)``, ``M_2 = 2 m s^2 ((1 + b^2) Q - b phi)`` with
    ``b = B/s`` close the two equations of the exact row flow; nothing is fitted. The law is
    that of a large row: relative fluctuations of one row are of order ``live^(-1/2)``. Its tail
    has no end, so below about 3 live weights use the order statistics of the finite row.
    With ``weak`` the limit lambda -> 0 at fixed ``lambda t`` is given instead, in which the norm
    is 1 throughout: ``lambda t = s int_0^b db' / sqrt(M_2(b'))``. Its relative error in the
    live weights is of order ``(1 + lambda^2 live)/t``.

    >>> from polysem import numerics
    >>> law = numerics.half_normal_law(100_000, 1e-5, [1e3, 1e4], scale=0.9 / 1e5**0.5)
    >>> law.live.round(0)
    array([14588.,   243.])

    Parameters
    ----------
    m : int
        Number of weights.
    lam : float
        The paper's lambda, in units of the flow.
    times : array_like, shape (T,)
        Flow times, in any order.
    scale : float, optional
        Standard deviation of an initial weight; ``1/sqrt(m)`` if not given.
    weak : bool, optional
        Give the limit of weak regularisation instead.

    Raises
    ------
    ValueError
        If m < 1, lambda or a time is negative, or the scale is not positive.

    Source
    ------
    paper_notes/row_flow.md; Lecomte et al. 2023, the sparsification section, has
    ``live = 1/(1/sqrt(m) + lambda t)^2`` in its place.
    """
    m = check_integer("m", m, "the number of neurons")
    lam = check_lam(lam)
    when = check_vector("times", times, "flow time", minimum=0)
    scale = 1 / math.sqrt(m) if scale is None else check_positive("scale", scale, "a deviation")
    order, place = np.unique(when, return_inverse=True)
    b, log_amplitude = (_weak if weak else _full)(m, lam, order, scale)[:, place]
    amplitude = np.exp(log_amplitude)
    moments = half_normal_moments(b)
    density = 2 * m * np.exp(-b * b / 2) / math.sqrt(2 * math.pi)
    return HalfNormalLaw(
        times=when,
        live=density * moments[0],
        l1_norm=scale * density * amplitude * moments[1],
        norm2=scale**2 * density * amplitude**2 * moments[2],
        amplitude=amplitude,
        threshold=b * scale,
    )


def _full(m: int, lam: float, times: FloatArray, scale: float) -> FloatArray:
    """``b' = lambda / (A s)`` and ``(log A)' = 1 - A^2 M_2(b)``."""
    log_mass = _log_mass(m, scale)

    def rate(_: float, state: FloatArray) -> tuple[float, float]:
        b, log_amplitude = float(state[0]), float(state[1])
        norm2 = math.exp(log_mass + 2 * log_amplitude - b * b / 2) * _second(b)
        return lam / scale * math.exp(-log_amplitude), 1 - norm2

    return solved(rate, (0.0, 0.0), times, rtol=_TOLERANCE, atol=_TOLERANCE)


def _weak(m: int, lam: float, times: FloatArray, scale: float) -> FloatArray:
    """``db / d(lambda t) = sqrt(M_2(b)) / s`` and ``A = M_2^(-1/2)``."""
    log_mass = _log_mass(m, scale)

    def log_amplitude(b: Any) -> Any:
        return (b * b / 2 - log_mass - np.log(_second(b))) / 2

    def rate(_: float, state: FloatArray) -> tuple[float]:
        b = float(state[0])
        return (math.exp(-log_amplitude(b)) / scale,)

    (b,) = solved(rate, (0.0,), lam * times, rtol=_TOLERANCE, atol=_TOLERANCE)
    return np.stack([b, log_amplitude(b)])


def _log_mass(m: int, scale: float) -> float:
    """The logarithm of ``M_2 / (exp(-b^2/2) h_2)``."""
    return math.log(2 * m / math.sqrt(2 * math.pi)) + 2 * math.log(scale)


def _second(b: Any) -> Any:
    """``h_2(b)``; for one number without the cost of an array."""
    if not isinstance(b, float):
        return half_normal_moments(b)[2]
    h0 = math.sqrt(math.pi / 2) * float(erfcx(b / math.sqrt(2)))
    if b < _SWITCH:
        return (1 + b * b) * h0 - b
    first, second = _ratios(b)
    return first * second * h0
