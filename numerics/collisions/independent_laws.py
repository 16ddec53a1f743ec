"""Laws of the number of neurons when every feature chooses its slot independently.

Both laws are coefficients of a power series: with ``A`` the series of a neuron that counts and
``B`` that of one that does not,

    P(K = k) is proportional to C(m, k) [x^n] A(x)^k B(x)^(m - k).

The coefficient is taken at a real tilt ``x_k`` near the saddle point: it is
``A^k B^(m-k) x_k^-n`` times the probability that the tilted total is exactly n, which a finite
Fourier sum gives without loss. Nothing is approximated. paper_notes/counting_laws.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from scipy.special import gammaln

from ... import theory
from .._types import FloatArray, IntArray
from .laws import CountLaw, Masses, complex_log1p

_TERMS = 24  # of the Taylor series of phi_j below |z| = 1
_KNOTS, _SHARES = np.polynomial.legendre.leggauss(12)
_HALVINGS = 60
_CHUNK = 1024
_WIDE = 50.0  # standard deviation of a total that may be treated as Gaussian far out


def _phi(z: Any, shift: Any) -> list[Any]:
    """``exp(-shift) phi_j(z)``, phi_j(z) = sum_i z^i / (i + j)!, for j = 0, 1, 2, 3."""
    z, shift = np.broadcast_arrays(z, shift)
    small = np.abs(z) < 1
    near, far = np.where(small, z, 0.0), np.where(small, 1.0, z)
    values = [np.exp(z - shift)]
    for j in (1, 2, 3):
        series = np.zeros_like(near)
        for i in range(_TERMS, -1, -1):
            series = series * near + 1 / math.factorial(i + j)
        step = (values[-1] - np.exp(-shift) / math.factorial(j - 1)) / far
        values.append(np.where(small, np.exp(-shift) * series, step))
    return values


@dataclass(frozen=True, kw_only=True)
class _Series:
    """The series of one neuron: ``a = A/x^2`` if it counts, ``b = B`` if it does not."""

    log_a: Callable[[Any], Any]
    log_b: Callable[[Any], Any]
    slope_a: Callable[[Any], Any]  # (log a)'
    slope_b: Callable[[Any], Any]
    turn_a: Callable[[Any, Any], Any]  # log(a(z) / a(x)) for |z| <= x
    turn_b: Callable[[Any, Any], Any]


def _turn(z: Any, x: Any, j: int) -> Any:
    """log(phi_j(z) / phi_j(x)); a quotient of 0 counts as 1e-300."""
    quotient = _phi(z, x)[j] / _phi(x, x)[j]
    return np.log(np.where(quotient == 0, 1e-300, quotient))


# A = (e^x - 1)^2, B = 2 e^x - 1: both signs chosen, or at most one of them.
_BOTH_SIGNS = _Series(
    log_a=lambda x: 2 * (x + np.log(_phi(x, x)[1])),
    log_b=lambda x: x + np.log1p(-np.expm1(-x)),
    slope_a=lambda x: 2 * (1 - _phi(x, x)[2] / _phi(x, x)[1]),
    slope_b=lambda x: 2 / (2 - np.exp(-x)),
    turn_a=lambda z, x: 2 * _turn(z, x, 1),
    turn_b=lambda z, x: complex_log1p(np.expm1(z - x) * 2 / (2 - np.exp(-x))),
)
# A = e^x - 1 - x, B = 1 + x: two features or more, or at most one.
_SHARED = _Series(
    log_a=lambda x: x + np.log(_phi(x, x)[2]),
    log_b=np.log1p,
    slope_a=lambda x: 1 - 2 * _phi(x, x)[3] / _phi(x, x)[2],
    slope_b=lambda x: 1 / (1 + x),
    turn_a=lambda z, x: _turn(z, x, 2),
    turn_b=lambda z, x: complex_log1p((z - x) / (1 + x)),
)


@dataclass(frozen=True)
class _IndependentLaw(CountLaw):
    """A law ``C(m, k) [x^n] A^k B^(m-k)`` (abstract)."""

    _series: ClassVar[_Series]

    def support(self) -> tuple[int, int]:
        """The least and the greatest possible count."""
        return 0, min(self.m, self.n // 2)

    @cached_property
    def _masses(self) -> Masses:
        low, high = self.support()
        mean = self.mean()
        reach = 40 * math.sqrt(mean) + 200
        low, high = max(low, math.floor(mean - reach)), min(high, math.ceil(mean + reach))
        k = np.arange(low, high + 1)
        tilt = self._tilt(k)
        chance = np.concatenate(
            [
                self._chance(k[i : i + _CHUNK], tilt[i : i + _CHUNK])
                for i in range(0, len(k), _CHUNK)
            ]
        )
        step = self._step(k[:-1], tilt[:-1], tilt[1:]) + np.diff(np.log(chance))
        shift = np.round(step / math.log(2)).astype(np.int64)
        return Masses.from_ratios(low, np.exp(step - shift * math.log(2)), shift)

    def _tilt(self, k: IntArray) -> FloatArray:
        """An x near the saddle point of ``a^k b^(m-k) x^-(n - 2k)``; 0 where n = 2k."""
        left = self.n - 2 * k
        low = np.full(k.shape, math.log(1e-3 / (self.n + self.m)))
        high = np.full(k.shape, math.log(4.0 * (self.n + 1)))
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            x = np.exp(middle)
            total = x * (k * self._series.slope_a(x) + (self.m - k) * self._series.slope_b(x))
            low, high = np.where(total < left, middle, low), np.where(total < left, high, middle)
        return np.where(left > 0, np.exp(middle), 0.0)

    def _chance(self, k: IntArray, x: FloatArray) -> FloatArray:
        """The probability that the total of the neurons tilted by x is exactly n."""
        left, step = self.n - 2 * k, 1e-4
        low, high = (
            factor * x * (k * self._series.slope_a(factor * x))
            + factor * x * (self.m - k) * self._series.slope_b(factor * x)
            for factor in (1 - step, 1 + step)
        )
        deviation = np.sqrt((high - low) / (2 * step))
        nodes = 2 * math.ceil(6 * deviation.max() + 24) + 1
        kept = (nodes - 1) // 2
        if deviation.min() > _WIDE:  # further out each term is below exp(-50)
            kept = min(kept, math.ceil(nodes * 10 / (2 * math.pi * deviation.min())))
        angle = 2 * math.pi / nodes * np.arange(1, kept + 1)[:, None]
        turn = -2 * np.sin(angle / 2) ** 2 + 1j * np.sin(angle)  # e^(i angle) - 1
        z = x + x * turn
        phase = k * self._series.turn_a(z, x) + (self.m - k) * self._series.turn_b(z, x)
        phase = phase - 1j * angle * left
        chance = (1 + 2 * np.exp(phase).real.sum(axis=0)) / nodes
        return np.where(left > 0, chance, 1.0)

    def _step(self, k: IntArray, x: Any, y: Any) -> FloatArray:
        """The logarithm of the weight at ``k + 1`` (tilt y) over that at ``k`` (tilt x)."""
        left = self.n - 2 * (k + 1)
        series, half = self._series, (y - x) / 2
        short = series.slope_a((x + y) / 2 + half * _KNOTS[:, None])
        rise = np.where(x - y < 0.5, half * (_SHARES @ short), series.turn_a(y, x))
        turned = np.log1p(np.where(left > 0, (y - x) / x, 0.0))
        return (
            np.log((self.m - k) / (k + 1))
            + series.log_a(y)
            - series.log_b(y)
            + 2 * np.log(x)
            + k * rise
            + (self.m - k) * series.turn_b(y, x)
            - left * turned
        )

    def _log_outside(self, k: FloatArray) -> FloatArray:
        """Directly from the weights; the rounding error is small against the logarithm."""
        edge = np.array([self._masses.low])
        log_edge = self._masses.log_probability[0]
        return self._log_weight(k.astype(np.int64)) - self._log_weight(edge) + log_edge

    def _log_weight(self, k: IntArray) -> FloatArray:
        x = self._tilt(k)
        left = self.n - 2 * k
        chance = np.array([self._chance(k[i : i + 1], x[i : i + 1])[0] for i in range(len(k))])
        return (
            gammaln(self.m + 1) - gammaln(k + 1) - gammaln(self.m - k + 1)
            + k * self._series.log_a(x)
            + (self.m - k) * self._series.log_b(x)
            - np.where(left > 0, left * np.log(np.where(left > 0, x, 1.0)), 0.0)
            + np.log(chance)
        )  # fmt: skip


@dataclass(frozen=True)
class IndependentNeuronsLaw(_IndependentLaw):
    """The number of neurons chosen with both signs when n features choose slots independently.

    ``P(K = k) = n!/(2m)^n C(m, k) [x^n] (e^x - 1)^(2k) (2 e^x - 1)^(m - k)``. Exact; relative
    error below 1e-12 for n <= 2000 and 1e-9 at n = 1e6.

    >>> from polysem import numerics
    >>> law = numerics.IndependentNeuronsLaw(n=64, m=128)
    >>> round(law.mean(), 3), round(float(law.pmf(6)), 4)
    (6.208, 0.1968)

    Parameters
    ----------
    n : int
        Number of features.
    m : int
        Number of neurons.

    Returns
    -------
    a frozen distribution, as ExclusionLaw

    Raises
    ------
    ValueError
        If n or m is not a positive integer.

    Source
    ------
    paper_notes/counting_laws.md.
    """

    _series: ClassVar[_Series] = _BOTH_SIGNS

    def mean(self) -> float:
        """E K, from its closed form."""
        return theory.expected_neurons_independent(self.n, self.m)


@dataclass(frozen=True)
class IndependentSharedLaw(_IndependentLaw):
    """The number of neurons that two features or more choose, signs apart, independently.

    ``P(K = k) = n!/m^n C(m, k) [x^n] (e^x - 1 - x)^k (1 + x)^(m - k)``; at least one if n > m.
    Exact; relative error below 1e-12 for n <= 2000 and 1e-9 at n = 1e6.

    >>> from polysem import numerics
    >>> law = numerics.IndependentSharedLaw(n=64, m=128)
    >>> round(law.mean(), 3), law.support()
    (11.469, (0, 32))

    Parameters
    ----------
    n : int
        Number of features.
    m : int
        Number of neurons.

    Returns
    -------
    a frozen distribution, as ExclusionLaw

    Raises
    ------
    ValueError
        If n or m is not a positive integer.

    Source
    ------
    paper_notes/counting_laws.md; the criterion is that of the authors' program.
    """

    _series: ClassVar[_Series] = _SHARED

    def support(self) -> tuple[int, int]:
        """At least one neuron is shared when there are more features than neurons."""
        return int(self.n > self.m), min(self.m, self.n // 2)

    def mean(self) -> float:
        """E K, from its closed form."""
        return theory.expected_shared_neurons_independent(self.n, self.m)
