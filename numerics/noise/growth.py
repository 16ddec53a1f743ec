"""The slow phase under noise: one row on its own exactly, and a rigid simplex that turns."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr, softmax

from ... import theory
from .._integrate import solved
from .._types import Array
from .._validate import check_integer, check_network, check_vector
from ..training.measure import row_norms
from .simplex import corner_simplex

WIDEST = 10**11
"""The largest number of neurons for which :func:`mean_inverse_winner` is computed."""

_AT_REST = 1e-6  # of the fourth norm, by which it still rises in sixty units of time


def replicator(shares: Array, rotations: Iterable[float]) -> Array:
    r"""Shares of a row that noise turns on its own.

    :math:`dx_k/d\tau = 2(x_k - \sum x^2)x_k` at :math:`\tau = rt`, solved exactly by
    :math:`x_k = y_k/\sum y`, :math:`y_k = x_{k0}/(1 - \zeta x_{k0})`,
    :math:`e^{-2\tau} = \prod_k (1 - \zeta x_{k0})`.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.replicator(np.array([0.6, 0.4]), [0.0, 1.0, 20.0]).round(3)
    array([[0.6  , 0.4  ],
           [0.743, 0.257],
           [1.   , 0.   ]])

    Parameters
    ----------
    shares : numpy.ndarray, shape (m,)
        W_k^2 / |W|^2 at the start; they sum to 1.
    rotations : sequence of float
        Times in units of 1/r, >= 0.

    Returns
    -------
    numpy.ndarray, shape (times, m)
        The shares at these times.

    Raises
    ------
    ValueError
        If the shares are negative or do not sum to 1, or a time is negative.

    Source
    ------
    paper_notes/noise.md, "The replicator".
    """
    shares = np.asarray(shares, float)
    if shares.ndim != 1 or not (shares >= 0).all() or abs(shares.sum() - 1) > 1e-9:
        raise ValueError(
            f"Got shares of shape {shares.shape} with the sum {shares.sum():.6g} and the minimum "
            f"{shares.min(initial=np.inf):.3g}; shares are the squared weights of one row, divided "
            "by their sum: give a list of numbers >= 0 with the sum 1."
        )
    rotations = np.asarray(tuple(rotations), float)
    if not (np.isfinite(rotations).all() and (rotations >= 0).all()):
        raise ValueError(
            f"Got rotations={rotations.tolist()}; rotations are times multiplied by the rate and "
            "must be finite and >= 0."
        )
    return np.array([_shares_at(shares, tau) for tau in rotations])


def _shares_at(shares: Array, tau: float) -> Array:
    """Solve for the distance of the clock from its end, on a logarithmic scale."""
    with np.errstate(divide="ignore"):
        logs, behind = np.log(shares), np.log1p(-shares / shares.max())

    def left(log_distance: float) -> Array:
        return np.logaddexp(behind, log_distance + logs - logs.max())

    def passed(log_distance: float) -> float:
        return float(left(log_distance).sum()) + 2 * tau

    # 1 - zeta x_k = (largest - x_k)/largest + d x_k/largest with d = 1 - zeta largest
    start = brentq(passed, -2 * tau - 2.0, 0.0, xtol=1e-14, rtol=1e-15) if tau > 0 else 0.0
    return softmax(logs - left(start))


def mean_inverse_winner(m: int) -> float:
    r"""Mean of one over the largest share of a random row: about the half time times r.

    :math:`E[1/\max_k x_k] = 1 + (m-1)\int v(M)/M^2\,dP(M)`, where P is the law of the largest of
    m half-normal entries and :math:`v(M) = 1 - 2M\varphi(M)/(2\Phi(M)-1)` the variance of an
    entry below M. Exact up to quadrature.

    >>> from polysem import numerics
    >>> round(numerics.mean_inverse_winner(16), 4)
    3.8251

    Parameters
    ----------
    m : int
        Number of neurons.

    Raises
    ------
    ValueError
        If m < 1 or m > 1e11: the tail of one weight is then below the rounding of doubles.

    Source
    ------
    paper_notes/noise.md, "The half time".
    """
    m = check_integer("m", m, "the number of neurons", maximum=WIDEST)

    def integrand(largest: float) -> float:
        density = math.exp(-(largest**2) / 2) / math.sqrt(2 * math.pi)
        inside = 1 - 2 * ndtr(-largest)
        variance = 1 - 2 * largest * density / inside
        return variance / largest**2 * m * inside ** (m - 1) * 2 * density

    centre = math.sqrt(2 * math.log(2 * m)) if m > 1 else 1.0
    value, _ = quad(integrand, 0, centre + 10, points=(centre / 2, centre), epsrel=1e-11, limit=200)
    return 1 + (m - 1) * value


def rigid_rotation(frame: Array, rotations: Iterable[float]) -> Array:
    r"""A regular simplex that noise turns while its overlaps stay as they are.

    :math:`dW/d\tau = P W^{\circ 3} - \tfrac{1}{2\ell}(PC + C^\top P) W` with
    :math:`P = I - \mathbf 1\mathbf 1^\top/n`, :math:`C = W^{\circ 3}W^\top`,
    :math:`\ell = n/(n-1)` and :math:`\tau = rt`: the growth law projected on rotations, along
    which the fourth norm does not fall. Integrated to tolerances of 1e-8.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))
    >>> path = numerics.rigid_rotation(numerics.corner_simplex(4, 6) @ turn, [0.0, 60.0])
    >>> (path**4).sum(axis=-1).mean(axis=-1).round(3)
    array([0.352, 0.728])

    Parameters
    ----------
    frame : numpy.ndarray, shape (n, m)
        Unit rows of a regular simplex.
    rotations : sequence of float
        Increasing times in units of 1/r.

    Returns
    -------
    numpy.ndarray, shape (times, n, m)
        The weights at these times.

    Raises
    ------
    ValueError
        If the rows are not those of a regular simplex.
    ArithmeticError
        If the integration fails.

    Source
    ------
    paper_notes/noise.md, "The slow phase".
    """
    frame = _check_simplex(frame)
    n, m = frame.shape
    projector, scale = np.eye(n) - 1 / n, n / (n - 1)
    times = check_vector("rotations", tuple(rotations), "a list of increasing times", minimum=0)

    def velocity(_: float, flat: Array) -> Array:
        weights = flat.reshape(n, m)
        cubes = weights**3
        bent = projector @ (cubes @ weights.T)
        return (projector @ cubes - (bent + bent.T) @ weights / (2 * scale)).ravel()

    path = solved(velocity, frame.ravel(), times, method="DOP853", rtol=1e-8, atol=1e-10)
    return path.T.reshape(-1, n, m)


def _check_simplex(frame: Array) -> Array:
    frame = check_network("frame", frame)
    n = len(frame)
    n = check_integer("n", n, "the number of features of a simplex", minimum=2)
    if np.abs(frame @ frame.T - n / (n - 1) * (np.eye(n) - 1 / n)).max() > 1e-6:
        raise ValueError(
            "Got a frame that is not a regular simplex of unit rows; each row must have norm 1, "
            f"and each two rows must have the inner product {-1 / (n - 1):.6g}: start from "
            "numerics.random_simplex."
        )
    return frame


def random_simplex(n: int, m: int, rng: np.random.Generator) -> Array:
    """A regular simplex of unit rows, turned at random in the space of the neurons.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> frame = numerics.random_simplex(4, 6, np.random.default_rng(0))
    >>> float(numerics.simplex_distance(frame).round(12))
    0.0

    Parameters
    ----------
    n, m : int
        Features, at least 2, and neurons, at least n - 1.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape (n, m)

    Raises
    ------
    ValueError
        If m < n - 1.

    Source
    ------
    paper_notes/noise.md, "The slow phase".
    """
    flat = corner_simplex(n, m)[:, : n - 1]
    turn, upper = np.linalg.qr(rng.standard_normal((m, n - 1)))
    return flat @ (turn * np.sign(np.diag(upper))).T


def half_rotation(frame: Array) -> float:
    r"""Time, in units of 1/r, at which a turning simplex has grown half way to its corner code.

    :math:`F(\tau_{1/2}) = (F(0) + F_{\rm corner})/2` along :func:`rigid_rotation`; infinite if
    the frame comes to rest at another code before.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> frame = numerics.random_simplex(8, 16, np.random.default_rng(0))
    >>> 3 < numerics.half_rotation(frame) < 7
    True

    Parameters
    ----------
    frame : numpy.ndarray, shape (n, m)
        Unit rows of a regular simplex.

    Raises
    ------
    ValueError
        If the rows are not those of a regular simplex.

    Source
    ------
    paper_notes/noise.md, "The half time".
    """
    frame = _check_simplex(frame)
    start = row_norms(frame, 4).mean()
    level = (start + theory.corner_fourth_norm(len(frame))) / 2
    if start >= level:
        return 0.0
    times, passed = np.linspace(0.0, 60.0, 601), 0.0
    while True:
        frames = rigid_rotation(frame, times)
        fourth = row_norms(frames, 4).mean(axis=-1)
        if fourth[-1] >= level:
            above = int(np.argmax(fourth >= level))
            between = slice(above - 1, above + 1)
            return passed + float(np.interp(level, fourth[between], times[between]))
        if fourth[-1] - fourth[0] <= _AT_REST * fourth[-1]:
            return math.inf
        frame, passed = frames[-1], passed + 60.0
