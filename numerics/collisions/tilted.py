"""The tilted exclusion law as a frozen distribution, and the estimate of its weight omega."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from ... import theory
from .._validate import check_positive
from ..bridge import numpy_function
from .laws import CountLaw, ExclusionLaw, Masses

_LARGEST = 115.0  # of |log omega|, the largest number that polysem accepts


@dataclass(frozen=True)
class TiltedLaw(CountLaw):
    """The exclusion law with the weight omega for each opposite pair on one neuron.

    ``P(K = k)`` is proportional to ``omega^k C(m, k) C(m - k, n - 2k) 2^(n - 2k)``, for n <= 2m:
    neurons are independent apart from the number of features, and a neuron that two features
    share has the weight omega. The law with omega = 1 is :class:`ExclusionLaw`. It is computed
    from ``P(k + 1) / P(k)``, accumulated from the mode; relative error below 1e-10 at n = 1e6.

    >>> from polysem import numerics
    >>> law = numerics.TiltedLaw(n=64, m=256, omega=0.72)
    >>> round(law.mean(), 3), round(law.var(), 3), round(float(law.pmf(0)), 4)
    (3.039, 2.484, 0.0345)

    Parameters
    ----------
    n : int
        Number of features.
    m : int
        Number of neurons; n <= 2m.
    omega : float
        Weight of an opposite pair over that of independent features, > 0.

    Returns
    -------
    a frozen distribution: pmf, logpmf, cdf, sf, ppf, isf, interval, mean, var, std, median,
    support and ``rvs(size, rng=...)``

    Raises
    ------
    ValueError
        If n or m is not a positive integer, n > 2m, or omega is not a positive number.

    Source
    ------
    paper_notes/count_law.md.
    """

    omega: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        ExclusionLaw(self.n, self.m)
        object.__setattr__(
            self, "omega", check_positive("omega", self.omega, "the weight of a pair")
        )

    def support(self) -> tuple[int, int]:
        """The least count, forced by capacity, and the greatest."""
        return ExclusionLaw(self.n, self.m).support()

    @cached_property
    def _masses(self) -> Masses:
        low, high = self.support()
        ratio = numpy_function(theory.tilted_pmf_ratio)
        ratios = np.atleast_1d(ratio(np.arange(low, high), self.n, self.m, self.omega))
        return Masses.from_ratios(low, ratios)


@dataclass(frozen=True, kw_only=True)
class TiltEstimate:
    """An estimate of omega with its interval.

    >>> from polysem import numerics
    >>> numerics.fit_tilt([3, 2, 4, 3], n=64, m=256).low < 0.72
    True

    Parameters
    ----------
    omega : float
        The maximum-likelihood estimate; 0 or infinity where every count is extreme.
    low, high : float
        The ends of the interval, from the likelihood ratio.
    confidence : float
        Probability with which the interval holds the true value, for many networks.
    networks : int
        Number of counts.

    Source
    ------
    paper_notes/count_law.md.
    """

    omega: float
    low: float
    high: float
    confidence: float
    networks: int


def fit_tilt(counts: ArrayLike, *, n: int, m: int, confidence: float = 0.95) -> TiltEstimate:
    """The omega that makes the observed counts most likely, with a likelihood-ratio interval.

    The tilted laws of one size are an exponential family in log omega, so the estimate is where
    the mean of the law is the mean of the counts. The interval holds every omega whose
    log likelihood lies below the largest by at most half the quantile of chi-square with one degree
    of freedom. Its coverage is exact in the limit of many networks.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> law = numerics.TiltedLaw(n=64, m=256, omega=0.7)
    >>> counts = law.rvs(4000, rng=np.random.default_rng(1))
    >>> found = numerics.fit_tilt(counts, n=64, m=256)
    >>> found.low < 0.7 < found.high
    True

    Parameters
    ----------
    counts : array_like of int, shape (networks,)
        Number of polysemantic neurons of each network.
    n, m : int
        Numbers of features and of neurons; n <= 2m.
    confidence : float, optional
        Probability with which the interval holds the true value.

    Returns
    -------
    TiltEstimate

    Raises
    ------
    ValueError
        For an empty sample, a count outside the support, or a confidence outside (0, 1).

    Source
    ------
    paper_notes/count_law.md.
    """
    values = np.asarray(counts, dtype=np.float64).ravel()
    low, high = ExclusionLaw(n, m).support()
    if not values.size or not ((values >= low) & (values <= high)).all():
        raise ValueError(
            f"Got counts={counts!r}; give at least one network, each with a count between {low} "
            f"and {high}, which n={n} features on m={m} neurons allow."
        )
    if not 0 < confidence < 1:
        raise ValueError(
            f"Got confidence={confidence!r}; it is a probability and must lie in (0, 1); for "
            "example, give 0.95 for 95 %."
        )
    mean, size = float(values.mean()), values.size
    best = tilt_of_mean(mean, n=n, m=m)
    drop = float(stats.chi2.ppf(confidence, 1)) / (2 * size)
    ends = [_end(mean, best, n, m, drop, sign) for sign in (-1, 1)]
    return TiltEstimate(omega=best, low=ends[0], high=ends[1], confidence=confidence, networks=size)


def tilt_of_mean(mean: float, *, n: int, m: int) -> float:
    """The omega at which the tilted law has a given mean.

    >>> from polysem import numerics
    >>> round(numerics.tilt_of_mean(3.0392, n=64, m=256), 3)
    0.72

    Parameters
    ----------
    mean : float
        The mean, within the support of the law.
    n, m : int
        Numbers of features and of neurons; n <= 2m.

    Returns
    -------
    float
        0 and infinity at the ends of the support.

    Raises
    ------
    ValueError
        If the mean lies outside the support.

    Source
    ------
    paper_notes/count_law.md.
    """
    low, high = ExclusionLaw(n, m).support()
    if not low <= mean <= high:
        raise ValueError(
            f"Got mean={mean!r}; n={n} features on m={m} neurons have between {low} and {high} "
            "polysemantic neurons."
        )
    if mean == low:
        return 0.0 if high > low else 1.0
    if mean == high:
        return math.inf
    return math.exp(_solved(lambda log: TiltedLaw(n, m, math.exp(log)).mean() - mean))


def _solved(function: Callable[[float], float]) -> float:
    """The zero of a rising function of log omega, from a bracket that doubles."""
    reach = 1.0
    while reach < _LARGEST and not function(-reach) < 0 < function(reach):
        reach = min(2 * reach, _LARGEST)
    return float(optimize.brentq(function, -reach, reach, xtol=1e-12))


def _end(mean: float, best: float, n: int, m: int, drop: float, sign: int) -> float:
    """The omega below (-1) or above (1) the best at which the log likelihood has fallen."""
    low, high = ExclusionLaw(n, m).support()
    if low == high or best == (0.0 if sign < 0 else math.inf):
        return 0.0 if sign < 0 else math.inf
    near = round(mean)

    def height(log: float) -> float:
        """The mean log likelihood of a network, up to a constant."""
        return (mean - near) * log + float(TiltedLaw(n, m, math.exp(log)).logpmf(near))

    centre = min(max(math.log(best) if best else -_LARGEST, -_LARGEST), _LARGEST)
    floor = height(centre) - drop
    reach = 1.0
    while reach < 2 * _LARGEST and height(centre + sign * reach) > floor:
        reach *= 2
    ends = sorted((centre, centre + sign * reach))
    return math.exp(optimize.brentq(lambda log: height(log) - floor, *ends, xtol=1e-12))
