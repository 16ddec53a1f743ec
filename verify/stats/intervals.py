"""Confidence intervals; ``alpha`` is the probability that an interval misses the true value."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ...numerics._types import FloatArray
from ...numerics._validate import check_integer, check_nonnegative, check_positive

_LARGEST_BET = 0.9


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"Got alpha={alpha}; the error rate must lie in (0, 1).")


def binomial_interval(successes: int, trials: int, *, alpha: float) -> tuple[float, float]:
    """The exact (Clopper-Pearson) interval of a probability.

    It holds at every sample size if the trials are independent and have the same probability;
    alpha is divided equally between the two sides.

    >>> from polysem import verify
    >>> lower, upper = verify.binomial_interval(21, 64, alpha=1e-3)
    >>> print(f"{lower:.3f} {upper:.3f}")
    0.156 0.540

    Parameters
    ----------
    successes, trials : int
        Number of successes, and number of trials.
    alpha : float
        Probability that the interval misses the true value, in (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper end, in [0, 1].

    Raises
    ------
    ValueError
        If the counts or alpha lie outside their ranges.

    Source
    ------
    Clopper and Pearson 1934; quantiles of the beta distribution from SciPy, whose ``binomtest``
    has an absolute error of 2e-12.
    """
    from scipy.stats import beta

    _check_alpha(alpha)
    successes = check_integer("successes", successes, "a number of successes", minimum=0)
    trials = check_integer("trials", trials, "a number of trials")
    if successes > trials:
        raise ValueError(
            f"Got successes={successes}, trials={trials}; successes must lie in [0, trials]."
        )
    failures = trials - successes
    lower = beta.ppf(alpha / 2, successes, failures + 1) if successes else 0.0
    upper = beta.isf(alpha / 2, successes + 1, failures) if failures else 1.0
    return float(lower), float(upper)


def poisson_interval(count: int, *, exposure: float = 1.0, alpha: float) -> tuple[float, float]:
    """The exact (Garwood) interval of a Poisson rate.

    It holds for a Poisson count of every size.  It is conservative if the count is less dispersed
    than Poisson, as sums of negatively related indicators are.

    >>> from polysem import verify
    >>> lower, upper = verify.poisson_interval(790, exposure=100, alpha=1e-3)
    >>> print(f"{lower:.2f} {upper:.2f}")
    7.01 8.87

    Parameters
    ----------
    count : int
        The total count.
    exposure : float
        The number of runs (or the time) over which it was counted.
    alpha : float
        Probability that the interval misses the true value, in (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper end of the rate per unit of exposure.

    Raises
    ------
    ValueError
        If the count, the exposure or alpha lies outside its range.

    Source
    ------
    Garwood 1936; quantiles of the gamma distribution from SciPy, which has no such interval.
    """
    from scipy.stats import gamma

    _check_alpha(alpha)
    count = check_integer("count", count, "a total count", minimum=0)
    exposure = check_positive("exposure", exposure, "a number of runs or a time")
    lower = gamma.ppf(alpha / 2, count) if count else 0.0
    return float(lower) / exposure, float(gamma.isf(alpha / 2, count + 1)) / exposure


def bounded_mean_interval(
    samples: ArrayLike,
    *,
    bounds: tuple[float, float],
    alpha: float,
    guess: tuple[float, float] | None = None,
) -> tuple[float, float]:
    """The betting interval of a mean, which holds at every sample size for bounded samples.

    Two betting strategies play against each candidate mean: one bets that the mean is larger, the
    other that it is smaller.  The interval excludes a candidate once either strategy has
    multiplied its capital by 2 / alpha; this excludes the true mean with probability at most
    ``alpha`` (Ville).  The only assumption is independent samples of one mean inside ``bounds``.

    >>> import numpy as np
    >>> from polysem import verify
    >>> counts = np.tile([7, 8, 9, 8], 50)
    >>> lower, upper = verify.bounded_mean_interval(counts, bounds=(0, 32), alpha=1e-6)
    >>> print(f"{lower:.1f} {upper:.1f}")
    7.3 9.9

    Parameters
    ----------
    samples : array_like, shape (samples,)
        Independent measurements, in the order in which they were made.
    bounds : tuple of float
        The smallest and the largest value that a sample can take.
    alpha : float
        Probability that the interval misses the true value, in (0, 1).
    guess : tuple of float, optional
        Mean and variance of one sample, guessed before the data were seen.  A good guess
        shortens the interval; a bad guess does not make it invalid.

    Returns
    -------
    tuple of float
        Lower and upper end.

    Raises
    ------
    ValueError
        If there is no sample, a sample lies outside the bounds, or alpha lies outside (0, 1).

    Source
    ------
    Waudby-Smith and Ramdas 2024, Theorem 3 (hedged capital).
    """
    from scipy.optimize import bisect

    _check_alpha(alpha)
    low, high = bounds
    values = np.asarray(samples, dtype=float).ravel()
    if values.size == 0 or not high > low:
        raise ValueError(
            f"Got {values.size} samples with bounds={bounds}; give at least one sample, and a "
            "lower bound that is smaller than the upper bound."
        )
    if not (np.all(values >= low) and np.all(values <= high)):
        raise ValueError(
            f"Got samples from {values.min()} to {values.max()}; they must lie in bounds={bounds}."
        )
    width = high - low
    unit = (values - low) / width
    mean, variance = guess if guess is not None else (low + width / 2, width**2 / 4)
    threshold = math.log(2 / alpha)
    bets = _bets(unit, threshold, (mean - low) / width, variance / width**2)

    def end(points: FloatArray) -> float:
        def left(mean: float) -> float:
            return float(np.max(_log_capital(points, bets, mean))) - threshold

        if left(0.0) < 0:
            return 0.0
        return float(bisect(left, 0.0, 1.0, xtol=1e-12))

    return low + width * end(unit), high - width * end(1 - unit)


def _bets(unit: FloatArray, threshold: float, mean: float, variance: float) -> FloatArray:
    """The stake on each sample, which depends on the guess and the earlier samples alone."""
    weight = np.arange(1, unit.size + 1)
    means = (mean + np.cumsum(unit)) / (weight + 1)
    squares = np.cumsum(np.concatenate([[variance], (unit - means) ** 2]))[:-1]
    floor = 1 / unit.size**2
    return np.sqrt(2 * threshold / (unit.size * np.maximum(squares / weight, floor)))


def _log_capital(unit: FloatArray, bets: FloatArray, mean: float) -> FloatArray:
    """Log of the capital after each sample, for bets that the mean is larger than ``mean``."""
    stakes = bets if mean == 0 else np.minimum(bets, _LARGEST_BET / mean)
    return np.cumsum(np.log1p(stakes * (unit - mean)))


def median_interval(samples: ArrayLike, *, alpha: float) -> tuple[float, float]:
    """The interval of a median between two order statistics, which holds for every law.

    The number of samples below the median is binomial with probability 1/2 (at most so, if the law
    has atoms).  The ends are the innermost samples for which each side misses with probability at
    most alpha / 2.  Fewer than ``1 + log2(1 / alpha)`` samples give no interval.

    Examples
    --------
    >>> from polysem import verify
    >>> verify.median_interval([3.0, 1.0, 4.0, 1.5, 9.0, 2.0, 6.0], alpha=0.05)
    (1.0, 9.0)

    Parameters
    ----------
    samples : array_like, shape (samples,)
        Independent measurements of one law.
    alpha : float
        Probability that the interval misses the true median, in (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper end.

    Raises
    ------
    ValueError
        If there are too few samples for this alpha.

    Source
    ------
    David and Nagaraja 2003, Sec. 7.1; ``scipy.stats.binom``. ``scipy.stats.quantile_test`` gives
    the same ends, but NaN for the lower one where a probability of the law equals alpha/2.
    """
    _check_alpha(alpha)
    values = np.sort(np.asarray(samples, dtype=float), axis=None)
    rank = median_rank(values.size, alpha=alpha)
    if rank < 1:
        raise ValueError(
            f"Got {values.size} samples with alpha={alpha}; the interval of a median needs at "
            f"least {math.ceil(1 - math.log2(alpha))}."
        )
    return float(values[rank - 1]), float(values[-rank])


def median_rank(samples: int, *, alpha: float) -> int:
    """Rank of the lower end of the interval of a median, from 1; 0 if there is no interval.

    >>> from polysem.verify.stats.intervals import median_rank
    >>> median_rank(40, alpha=1e-8), median_rank(27, alpha=1e-8)
    (3, 0)
    """
    from scipy.stats import binom

    below = binom.cdf(np.arange(samples // 2), samples, 0.5)
    return int(np.searchsorted(below, alpha / 2, side="right"))


def normal_mean_interval(samples: ArrayLike, *, alpha: float) -> tuple[float, float]:
    """Student's interval of a mean: exact for normal samples, approximate for others.

    Use it for samples without bounds; unless they are normal, only with a moderate alpha.

    >>> from polysem import verify
    >>> lower, upper = verify.normal_mean_interval([1.0, 1.2, 0.9, 1.1], alpha=0.05)
    >>> print(f"{lower:.3f} {upper:.3f}")
    0.845 1.255

    Parameters
    ----------
    samples : array_like, shape (samples,)
        Independent measurements, at least two.
    alpha : float
        Probability that the interval misses the true value, in (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper end.

    Raises
    ------
    ValueError
        If there are fewer than two samples.

    Source
    ------
    Student 1908; ``scipy.stats.t``.
    """
    from scipy.stats import sem

    values = np.asarray(samples, dtype=float).ravel()
    if values.size < 2:
        raise ValueError(f"Got {values.size} samples; Student's interval needs at least 2.")
    return normal_interval(
        float(values.mean()), float(sem(values)), alpha=alpha, samples=values.size
    )


def normal_interval(
    mean: float, error: float, *, alpha: float, samples: int | None = None
) -> tuple[float, float]:
    """The interval of a mean from its value and standard error.

    It assumes a normal mean, and a standard error that is known or estimated from the samples.

    >>> from polysem import verify
    >>> lower, upper = verify.normal_interval(1.0, 0.1, alpha=0.05)
    >>> print(f"{lower:.3f} {upper:.3f}")
    0.804 1.196

    Parameters
    ----------
    mean, error : float
        The mean and its standard error.
    alpha : float
        Probability that the interval misses the true value, in (0, 1).
    samples : int, optional
        Number of samples from which the standard error was estimated: the interval is then
        Student's.  Without it the standard error counts as known.

    Returns
    -------
    tuple of float
        Lower and upper end.

    Raises
    ------
    ValueError
        If alpha lies outside (0, 1), the error is negative or not finite, or there are fewer than
        two samples.

    Source
    ------
    ``scipy.stats.norm``, ``scipy.stats.t``.
    """
    from scipy.stats import norm, t

    _check_alpha(alpha)
    if samples is not None and samples < 2:
        raise ValueError(f"Got samples={samples}; Student's interval needs at least 2.")
    law = norm if samples is None else t(samples - 1)
    error = check_nonnegative("error", error, "a standard error")
    half = float(law.isf(alpha / 2)) * error
    return mean - half, mean + half
