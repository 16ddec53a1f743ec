"""Counting laws as frozen distributions with the interface of ``scipy.stats``.

``CountLaw`` turns a table of probabilities into a distribution; ``ExclusionLaw`` is the law of
the paper's collisions when no slot is taken twice. The laws for independent choices are in
``independent_laws`` and ``pairs_law``. Derivations: paper_notes/counting_laws.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ... import theory
from .._show import frame
from .._types import Array, FloatArray, IntArray
from .._validate import check_fields, check_integer, check_rng
from ..bridge import numpy_function

_BLOCK = 512  # ratios multiplied before the exponent is taken out; 2^-512 does not underflow


@dataclass(frozen=True, kw_only=True, eq=False)
class Masses:
    """Probabilities of consecutive integers, as ``mantissa * 2^exponent``, normalised.

    ``mantissa`` lies between 0.5 and 1, times the common normalisation; the integers start at
    ``low``. The exponents go on far below that of the smallest float.
    """

    low: int
    mantissa: FloatArray
    exponent: IntArray

    @classmethod
    def from_ratios(cls, low: int, ratios: FloatArray, shift: Any = 0) -> Masses:
        """The masses from ``P(k + 1) / P(k) = ratios * 2^shift``, from the mode to both ends.

        The ratios must fall through 1 once; with a shift they lie between 0.7 and 1.5.
        """
        shift = np.broadcast_to(shift, ratios.shape)
        top = int(np.count_nonzero(np.where(shift == 0, ratios > 1, shift > 0)))
        left = _products(1 / ratios[:top][::-1], -shift[:top][::-1])
        right = _products(ratios[top:], shift[top:])
        mantissa = np.concatenate([left[0][::-1], [1.0], right[0]])
        exponent = np.concatenate([left[1][::-1], [0], right[1]])
        total = np.sum(np.sort(np.ldexp(mantissa, exponent)))
        return cls(low=low, mantissa=mantissa / total, exponent=exponent)

    @cached_property
    def probability(self) -> FloatArray:
        return np.ldexp(self.mantissa, self.exponent)

    @cached_property
    def log_probability(self) -> FloatArray:
        log = np.log(
            self.mantissa, out=np.full(self.mantissa.shape, -np.inf), where=self.mantissa > 0
        )
        return log + self.exponent * np.log(2.0)

    @cached_property
    def below(self) -> FloatArray:
        """P(K <= k), summed from the small end."""
        return np.append(np.minimum(np.cumsum(self.probability[:-1]), 1.0), 1.0)

    @cached_property
    def above(self) -> FloatArray:
        """P(K > k), summed from the small end."""
        return np.append(np.cumsum(self.probability[:0:-1])[::-1], 0.0)


def complex_log1p(z: Array) -> Array:
    """log(1 + z), accurate for small z, real or complex; log 0 counts as log of 1e-300."""
    if not np.iscomplexobj(z):
        return np.log1p(z)
    near = np.where(np.abs(z) < 0.5, z, 0.0)
    small = np.log1p(near.real * (2 + near.real) + near.imag**2) / 2
    small = small + 1j * np.arctan2(near.imag, 1 + near.real)
    far = np.where(np.abs(z) < 0.5, 1.0, 1 + z)
    return small + np.log(np.where(far == 0, 1e-300, far))


def _products(ratios: FloatArray, shift: Array) -> tuple[FloatArray, IntArray]:
    """Cumulative products as mantissas and exponents: one rounding a factor, no underflow."""
    mantissa, exponent = np.frexp(ratios)
    exponent = np.cumsum(exponent + shift, dtype=np.int64)
    carry, taken = 1.0, 0
    for start in range(0, len(ratios), _BLOCK):
        part = slice(start, start + _BLOCK)
        mantissa[part], extra = np.frexp(carry * np.cumprod(mantissa[part]))
        exponent[part] += extra + taken
        carry, taken = mantissa[part][-1], taken + int(extra[-1])
    return mantissa, exponent


@dataclass(frozen=True)
class CountLaw:
    """The law of a number of neurons or pairs, for n features on m neurons (abstract).

    A subclass gives the support and the masses of a window that holds all but 1e-200 of the
    probability (or its stated error). The methods are those of a frozen SciPy distribution.
    """

    n: int
    m: int

    def __post_init__(self) -> None:
        check_fields(self, check_integer, n="the number of features", m="the number of neurons")

    @cached_property
    def _masses(self) -> Masses:
        raise NotImplementedError

    def support(self) -> tuple[int, int]:
        """The least and the greatest possible count."""
        raise NotImplementedError

    def _log_outside(self, k: FloatArray) -> FloatArray:
        """log P(K = k) for possible counts outside the window of masses."""
        return np.full(k.shape, -np.inf)

    def _look_up(self, values: FloatArray, k: Any, left: Any, right: Any) -> Any:
        """``values`` at ``floor(k)``; ``left`` and ``right`` beyond the window."""
        k = np.asarray(k, dtype=np.float64)
        place = np.floor(k) - self._masses.low
        inside = (place >= 0) & (place < len(values))
        found = values[np.where(inside, place, 0).astype(np.int64)]
        return np.where(
            np.isnan(k), np.nan, np.where(inside, found, np.where(place < 0, left, right))
        )

    def logpmf(self, k: ArrayLike) -> Any:
        """log P(K = k); minus infinity where k is not possible."""
        k = np.asarray(k, dtype=np.float64)
        value = self._look_up(self._masses.log_probability, k, -np.inf, -np.inf)
        low, high = self.support()
        window = self._masses.low, self._masses.low + len(self._masses.mantissa)
        beyond = ((k < window[0]) | (k >= window[1])) & (k >= low) & (k <= high)
        if beyond.any():
            value[beyond] = self._log_outside(k[beyond])
        return np.where(k == np.floor(k), value, np.where(np.isnan(k), np.nan, -np.inf))[()]

    def pmf(self, k: ArrayLike) -> Any:
        """P(K = k)."""
        k = np.asarray(k, dtype=np.float64)
        value = self._look_up(self._masses.probability, k, 0.0, 0.0)
        return np.where(k == np.floor(k), value, np.where(np.isnan(k), np.nan, 0.0))[()]

    def cdf(self, k: ArrayLike) -> Any:
        """P(K <= k)."""
        return self._look_up(self._masses.below, k, 0.0, 1.0)[()]

    def sf(self, k: ArrayLike) -> Any:
        """P(K > k), with its own relative accuracy in the upper tail."""
        return self._look_up(self._masses.above, k, 1.0, 0.0)[()]

    def ppf(self, q: ArrayLike) -> Any:
        """The least k with ``P(K <= k) >= q``; NaN unless 0 <= q <= 1; below the support at 0."""
        q = np.asarray(q, dtype=np.float64)
        place = np.searchsorted(self._masses.below, q, side="left")
        return self._quantile(place, q, 0.0)

    def isf(self, q: ArrayLike) -> Any:
        """The least k with ``P(K > k) <= q``; NaN unless 0 <= q <= 1."""
        q = np.asarray(q, dtype=np.float64)
        rising = self._masses.above[::-1]
        place = len(rising) - np.searchsorted(rising, q, side="right")
        return self._quantile(place, q, 1.0)

    def _quantile(self, place: IntArray, q: FloatArray, lowest: float) -> Any:
        """The values at places of the masses; below the support where q is ``lowest`` (0 or 1)."""
        low, high = self.support()
        value = np.minimum(self._masses.low + place, high).astype(np.float64)
        value = np.where(q == lowest, low - 1, np.where(q == 1 - lowest, high, value))
        return np.where((q >= 0) & (q <= 1), value, np.nan)[()]

    def interval(self, confidence: float) -> tuple[float, float]:
        """The equal-tailed interval that holds K with at least this probability."""
        if not 0 <= confidence <= 1:
            raise ValueError(
                f"Got confidence={confidence!r}; it is a probability and must lie in [0, 1]; for "
                "example, give 0.95 for 95 %."
            )
        return self.ppf((1 - confidence) / 2), self.isf((1 - confidence) / 2)

    def median(self) -> float:
        """The least k with ``P(K <= k) >= 1/2``."""
        return self.ppf(0.5)

    def mean(self) -> float:
        """E K."""
        low, mass = self._masses.low, self._masses.probability
        return float(low + mass @ np.arange(len(mass)))

    def var(self) -> float:
        """Var K."""
        low, mass = self._masses.low, self._masses.probability
        return float(mass @ (np.arange(low, low + len(mass)) - self.mean()) ** 2)

    def std(self) -> float:
        """The standard deviation of K."""
        return float(np.sqrt(self.var()))

    def to_frame(self) -> Any:
        """A pandas table of k, pmf and cdf, where the mass is not 0 in double precision."""
        k = np.arange(self._masses.low, self._masses.low + len(self._masses.probability))
        return frame({"k": k, "pmf": self.pmf(k), "cdf": self.cdf(k)})

    def _repr_latex_(self) -> str:
        return (
            rf"$K \sim \text{{{type(self).__name__}}}({self.n}, {self.m}),\quad "
            rf"E K = {self.mean():.5g},\quad \sqrt{{\mathrm{{Var}} K}} = {self.std():.4g}$"
        )

    def rvs(self, size: Any = None, *, rng: np.random.Generator) -> Any:
        """Independent draws, by inversion."""
        place = np.searchsorted(self._masses.below, check_rng(rng).random(size), side="right")
        return self._masses.low + np.minimum(place, len(self._masses.mantissa) - 1)


@dataclass(frozen=True)
class ExclusionLaw(CountLaw):
    """The number K of neurons with both signs when no slot (neuron, sign) is taken twice.

    ``P(K = k) = C(m, k) C(m - k, n - 2k) 2^(n - 2k) / C(2m, n)``, for n <= 2m; the support starts
    at ``max(0, n - m)``, the least number that capacity forces. Exact; computed from
    ``P(k + 1) / P(k)`` accumulated from the mode, relative error below 1e-12 for n <= 2000 and
    1e-10 at n = 1e6. That features which are expelled from a taken slot settle uniformly over
    all free ones is an assumption about training, not part of the law.

    >>> from polysem import numerics
    >>> law = numerics.ExclusionLaw(n=64, m=128)
    >>> round(law.mean(), 3), round(law.var(), 3), law.interval(0.95)
    (7.906, 4.494, (np.float64(4.0), np.float64(12.0)))
    >>> numerics.ExclusionLaw(n=10, m=6).support()
    (4, 5)

    Parameters
    ----------
    n : int
        Number of features.
    m : int
        Number of neurons; n <= 2m.

    Returns
    -------
    a frozen distribution: pmf, logpmf, cdf, sf, ppf, isf, interval, mean, var, std, median,
    support and ``rvs(size, rng=...)``

    Raises
    ------
    ValueError
        If n or m is not a positive integer, or n > 2m.

    Source
    ------
    paper_notes/counting_laws.md; Lecomte et al. 2023 (collisions section) has the leading order
    of the mean, ``n^2/4m``.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.n > 2 * self.m:
            raise ValueError(
                f"Got n={self.n}, m={self.m}; a neuron holds at most two features, one for each "
                f"sign, so {self.m} neurons hold at most {2 * self.m}: n must be <= 2 m."
            )

    def support(self) -> tuple[int, int]:
        """The least count, forced by capacity, and the greatest."""
        return max(0, self.n - self.m), self.n // 2

    @cached_property
    def _masses(self) -> Masses:
        low, high = self.support()
        ratio = numpy_function(theory.exclusion_pmf_ratio)
        return Masses.from_ratios(low, np.atleast_1d(ratio(np.arange(low, high), self.n, self.m)))

    def mean(self) -> float:
        """E K, from its closed form."""
        return theory.expected_neurons_exclusion(self.n, self.m)

    def var(self) -> float:
        """Var K, from its closed form."""
        return theory.variance_neurons_exclusion(self.n, self.m)


def poisson_limit(n: int, m: int) -> Any:
    """The Poisson law with the mean of the exclusion law, as a frozen SciPy distribution.

    ``K -> Poisson(n(n-1) / (2(2m-1)))`` for n, m -> infinity with n^2/m bounded; the total
    variation distance is at most ``theory.poisson_bound(n, m)``. It is the limit of the
    law of pairs and of the neurons with both signs under independent choices as well.

    >>> from polysem import numerics
    >>> law = numerics.poisson_limit(64, 4096)
    >>> round(float(law.mean()), 4), round(float(law.var()), 4)
    (0.2461, 0.2461)

    Parameters
    ----------
    n : int
        Number of features.
    m : int
        Number of neurons; n <= 2m.

    Returns
    -------
    scipy.stats frozen distribution

    Raises
    ------
    ValueError
        If n or m is not a positive integer, or n > 2m.

    Source
    ------
    paper_notes/counting_laws.md (negatively related indicators; Barbour, Holst, Janson 1992).
    """
    from scipy.stats import poisson

    return poisson(ExclusionLaw(n, m).mean())
