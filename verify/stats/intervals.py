"""Confidence intervals that hold at finite sample size.

Every interval takes ``false_alarm``: the probability that it misses the truth.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

_LARGEST_BET = 0.9


def _check_rate(false_alarm: float) -> None:
    if not 0 < false_alarm < 1:
        raise ValueError(
            f"Got false_alarm={false_alarm}; it is a probability and must lie in (0, 1)."
        )


def binomial_interval(successes: int, trials: int, *, false_alarm: float) -> tuple[float, float]:
    """The exact (Clopper-Pearson) interval of a probability.

    Holds for independent trials of one probability, at every sample size; the two sides share
    the false-alarm rate.

    Examples
    --------
    >>> from polysem import verify
    >>> lower, upper = verify.binomial_interval(21, 64, false_alarm=1e-3)
    >>> print(f"{lower:.3f} {upper:.3f}")
    0.156 0.540

    Parameters
    ----------
    successes, trials : int
        What was counted, and out of how many.
    false_alarm : float
        Probability that the interval misses the truth, in (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper end, in [0, 1].

    Raises
    ------
    ValueError
        If the counts or the rate make no sense.

    Source
    ------
    Clopper and Pearson 1934; quantiles of the beta distribution from SciPy.
    """
    from scipy.stats import beta

    _check_rate(false_alarm)
    if not 0 <= successes <= trials or trials < 1:
        raise ValueError(
            f"Got successes={successes}, trials={trials}; successes must lie in [0, trials] "
            "and trials be >= 1."
        )
    failures = trials - successes
    lower = beta.ppf(false_alarm / 2, successes, failures + 1) if successes else 0.0
    upper = beta.isf(false_alarm / 2, successes + 1, failures) if failures else 1.0
    return float(lower), float(upper)


def poisson_interval(
    count: int, *, exposure: float = 1.0, false_alarm: float
) -> tuple[float, float]:
    """The exact (Garwood) interval of a Poisson rate.

    Holds for a Poisson count at every size; it is conservative where the count is less dispersed
    than Poisson, as sums of negatively related indicators are.

    Examples
    --------
    >>> from polysem import verify
    >>> lower, upper = verify.poisson_interval(790, exposure=100, false_alarm=1e-3)
    >>> print(f"{lower:.2f} {upper:.2f}")
    7.01 8.87

    Parameters
    ----------
    count : int
        The total count.
    exposure : float
        The number of runs (or the time) over which it was counted.
    false_alarm : float
        Probability that the interval misses the truth, in (0, 1).

    Returns
    -------
    tuple of float
        Lower and upper end of the rate per unit of exposure.

    Raises
    ------
    ValueError
        If the count, the exposure or the rate makes no sense.

    Source
    ------
    Garwood 1936; quantiles of the gamma distribution from SciPy.
    """
    from scipy.stats import gamma

    _check_rate(false_alarm)
    if count < 0 or not exposure > 0:
        raise ValueError(
            f"Got count={count}, exposure={exposure}; a count must be >= 0 and an exposure > 0."
        )
    lower = gamma.ppf(false_alarm / 2, count) if count else 0.0
    return float(lower) / exposure, float(gamma.isf(false_alarm / 2, count + 1)) / exposure


def bounded_mean_interval(
    samples: ArrayLike,
    *,
    bounds: tuple[float, float],
    false_alarm: float,
    guess: tuple[float, float] | None = None,
) -> tuple[float, float]:
    """The interval of a mean by betting: exact at every sample size for bounded samples.

    Two bettors play against each candidate mean, one on "larger", one on "smaller"; a candidate
    is left out once either has multiplied its money by 2 / false_alarm, which under the true
    mean happens with probability at most ``false_alarm`` (Ville).  Needs independent samples of
    one mean inside ``bounds``, nothing else.

    Examples
    --------
    >>> import numpy as np
    >>> from polysem import verify
    >>> counts = np.tile([7, 8, 9, 8], 50)
    >>> lower, upper = verify.bounded_mean_interval(counts, bounds=(0, 32), false_alarm=1e-6)
    >>> print(f"{lower:.1f} {upper:.1f}")
    7.3 9.9

    Parameters
    ----------
    samples : array_like, shape (samples,)
        Independent measurements, in the order in which they were made.
    bounds : tuple of float
        The smallest and the largest value that a sample can take.
    false_alarm : float
        Probability that the interval misses the truth, in (0, 1).
    guess : tuple of float, optional
        Mean and variance of one sample, guessed before the data were seen.  A good guess
        shortens the interval; a bad one never makes it invalid.

    Returns
    -------
    tuple of float
        Lower and upper end.

    Raises
    ------
    ValueError
        If a sample lies outside the bounds, or there is none.

    Source
    ------
    Waudby-Smith and Ramdas 2024, Theorem 3 (hedged capital).
    """
    from scipy.optimize import bisect

    _check_rate(false_alarm)
    low, high = bounds
    values = np.asarray(samples, dtype=float).ravel()
    if values.size == 0 or not high > low:
        raise ValueError(
            f"Got {values.size} samples with bounds={bounds}; give at least one sample and "
            "bounds of which the first is smaller."
        )
    if not (np.all(values >= low) and np.all(values <= high)):
        raise ValueError(
            f"Got samples from {values.min()} to {values.max()}; they must lie in bounds={bounds}."
        )
    width = high - low
    unit = (values - low) / width
    mean, variance = guess if guess is not None else (low + width / 2, width**2 / 4)
    threshold = math.log(2 / false_alarm)
    bets = _bets(unit, threshold, (mean - low) / width, variance / width**2)

    def end(points: NDArray[np.float64]) -> float:
        def left(mean: float) -> float:
            return float(np.max(_log_capital(points, bets, mean))) - threshold

        if left(0.0) < 0:
            return 0.0
        return float(bisect(left, 0.0, 1.0, xtol=1e-12))

    return low + width * end(unit), high - width * end(1 - unit)


def _bets(
    unit: NDArray[np.float64], threshold: float, mean: float, variance: float
) -> NDArray[np.float64]:
    """The stake before each sample, from the guess and the samples before it alone."""
    weight = np.arange(1, unit.size + 1)
    means = (mean + np.cumsum(unit)) / (weight + 1)
    squares = np.cumsum(np.concatenate([[variance], (unit - means) ** 2]))[:-1]
    floor = 1 / unit.size**2
    return np.sqrt(2 * threshold / (unit.size * np.maximum(squares / weight, floor)))


def _log_capital(
    unit: NDArray[np.float64], bets: NDArray[np.float64], mean: float
) -> NDArray[np.float64]:
    """Log of the money after each sample of the bettor on "larger than mean"."""
    stakes = bets if mean == 0 else np.minimum(bets, _LARGEST_BET / mean)
    return np.cumsum(np.log1p(stakes * (unit - mean)))


def normal_mean_interval(samples: ArrayLike, *, false_alarm: float) -> tuple[float, float]:
    """Student's interval of a mean: exact for normal samples, approximate for others.

    Use it where samples have no bounds, and only at moderate false-alarm rates unless they are
    normal.

    Examples
    --------
    >>> from polysem import verify
    >>> lower, upper = verify.normal_mean_interval([1.0, 1.2, 0.9, 1.1], false_alarm=0.05)
    >>> print(f"{lower:.3f} {upper:.3f}")
    0.845 1.255

    Parameters
    ----------
    samples : array_like, shape (samples,)
        Independent measurements, at least two.
    false_alarm : float
        Probability that the interval misses the truth, in (0, 1).

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
    from scipy.stats import t

    _check_rate(false_alarm)
    values = np.asarray(samples, dtype=float).ravel()
    if values.size < 2:
        raise ValueError(f"Got {values.size} samples; Student's interval needs at least 2.")
    half = t.isf(false_alarm / 2, values.size - 1) * values.std(ddof=1) / math.sqrt(values.size)
    return float(values.mean() - half), float(values.mean() + half)


def normal_interval(
    mean: float, error: float, *, false_alarm: float, samples: int | None = None
) -> tuple[float, float]:
    """The interval of a mean known only by its value and standard error.

    Assumes that the mean is normal, and its standard error known, or found from the samples.

    Examples
    --------
    >>> from polysem import verify
    >>> lower, upper = verify.normal_interval(1.0, 0.1, false_alarm=0.05)
    >>> print(f"{lower:.3f} {upper:.3f}")
    0.804 1.196

    Parameters
    ----------
    mean, error : float
        The mean and its standard error.
    false_alarm : float
        Probability that the interval misses the truth, in (0, 1).
    samples : int, optional
        Of how many samples the spread gave the standard error: the interval is then Student's.

    Returns
    -------
    tuple of float
        Lower and upper end.

    Raises
    ------
    ValueError
        If the rate makes no sense, or there are fewer than two samples.

    Source
    ------
    ``statistics.NormalDist``, ``scipy.stats.t``.
    """
    _check_rate(false_alarm)
    if samples is None:
        quantile = -NormalDist().inv_cdf(false_alarm / 2)
    else:
        from scipy.stats import t

        if samples < 2:
            raise ValueError(f"Got samples={samples}; Student's interval needs at least 2.")
        quantile = float(t.isf(false_alarm / 2, samples - 1))
    return mean - quantile * error, mean + quantile * error
