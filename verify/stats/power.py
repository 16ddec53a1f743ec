"""What a sample can show: the smallest deviations that an exact interval detects, for planning."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from statistics import NormalDist

POWER = 0.99
"""The probability with which a smallest detectable deviation is detected."""


def smallest_binomial_deviation(
    prediction: float, trials: int, *, false_alarm: float, margin: float = 0.0
) -> float:
    """The smallest relative deviation of a probability that its exact interval shows.

    A truth at this deviation beyond the margin, or farther, is excluded together with the whole
    margin with probability at least 0.99, on either side where there are probabilities; ``inf``
    where the sample is too small to show the least of them.

    Examples
    --------
    >>> from polysem import verify
    >>> print(f"{verify.smallest_binomial_deviation(0.5, 10_000, false_alarm=1e-6):.3f}")
    0.072

    Parameters
    ----------
    prediction : float
        The predicted probability, in [0, 1].
    trials : int
        Number of independent trials.
    false_alarm : float
        The rate of the interval.
    margin : float
        The relative deviation that still counts as agreement.

    Returns
    -------
    float
        The deviation beyond the margin, divided by the prediction (by 1 where it is 0).

    Source
    ------
    Power of the exact binomial test; quantiles of the beta distribution from SciPy.
    """
    from scipy.stats import beta, binom

    if not 0 <= prediction <= 1 or trials < 1:
        return math.inf
    scale = prediction or 1.0
    lowest, highest = prediction - margin * scale, prediction + margin * scale

    def beyond(edge: float) -> float:
        """How far above the edge a probability must lie; inf where even 1 is not shown."""
        reject = int(binom.isf(false_alarm / 2, trials, edge)) + 1
        if reject > trials:
            return math.inf
        return float(beta.ppf(POWER, reject, trials - reject + 1)) - edge

    smaller = beyond(1 - lowest) if lowest > 0 else 0.0
    larger = beyond(highest) if highest < 1 else 0.0
    if not smaller:
        return larger / scale if larger else math.inf
    return max(smaller, min(larger, 1 - highest)) / scale


def smallest_poisson_deviation(
    prediction: float, *, exposure: float = 1.0, false_alarm: float, margin: float = 0.0
) -> float:
    """The smallest relative deviation of a Poisson rate that its exact interval shows.

    A truth at this deviation beyond the margin, or farther, is excluded together with the whole
    margin with probability at least 0.99, on either side where there are rates; ``inf`` where
    even a rate of 0 would not be.

    Examples
    --------
    >>> from polysem import verify
    >>> deviation = verify.smallest_poisson_deviation(7.9, exposure=1000, false_alarm=1e-6)
    >>> print(f"{deviation:.3f}")
    0.083

    Parameters
    ----------
    prediction : float
        The predicted rate, >= 0.
    exposure : float
        Number of runs.
    false_alarm : float
        The rate of the interval.
    margin : float
        The relative deviation that still counts as agreement.

    Returns
    -------
    float
        The deviation beyond the margin, divided by the prediction (by 1 where it is 0).

    Source
    ------
    Power of the exact Poisson test; quantiles of the gamma distribution from SciPy.
    """
    from scipy.stats import gamma, poisson

    if not (prediction >= 0 and exposure > 0):
        return math.inf
    scale = prediction or 1.0
    lowest, highest = (exposure * (prediction + side * margin * scale) for side in (-1, 1))
    reject = int(poisson.isf(false_alarm / 2, highest)) + 1
    larger = float(gamma.ppf(POWER, reject)) - highest
    smaller = 0.0
    if lowest > 0:
        reject = int(poisson.ppf(false_alarm / 2, lowest)) - 1
        if reject < 0:
            return math.inf
        smaller = lowest - float(gamma.isf(POWER, reject + 1))
    return max(larger, smaller) / (exposure * scale)


def smallest_mean_deviation(
    prediction: float, *, deviation: float, samples: int, false_alarm: float
) -> float:
    r"""The smallest relative deviation of a mean that its interval shows, for planning.

    .. math:: \frac{(\sqrt{2 \log(2/\alpha)} + z)\,\sigma}{\sqrt N\,|\text{prediction}|}

    with sigma the standard deviation of a sample and z the normal quantile of the power.  It is
    the leading order in 1/N of the betting interval, and above the value for Student's; what a
    sample in hand detects is told by :class:`Agreement`.

    Examples
    --------
    >>> from polysem import verify
    >>> size = verify.smallest_mean_deviation(
    ...     7.9, deviation=2.1, samples=1000, false_alarm=1e-8
    ... )
    >>> print(f"{size:.3f}")
    0.072

    Parameters
    ----------
    prediction : float
        The predicted mean.
    deviation : float
        Standard deviation of one sample.
    samples : int
        Number of independent samples.
    false_alarm : float
        The rate of the interval.

    Returns
    -------
    float
        The deviation divided by the prediction (by 1 where the prediction is 0).

    Source
    ------
    Waudby-Smith and Ramdas 2024, Sec. 4 (width of the betting interval).
    """
    quantiles = math.sqrt(2 * math.log(2 / false_alarm)) + NormalDist().inv_cdf(POWER)
    return quantiles * deviation / math.sqrt(samples) / (abs(prediction) or 1.0)


def samples_needed(detectable: Callable[[int], float], *, at_most: float) -> int:
    """A number of samples at which a smallest detectable deviation is small enough.

    The least one where the deviation falls with the number; that of a discrete law falls in
    saw teeth, and a few less may do.

    Examples
    --------
    >>> from polysem import verify
    >>> verify.samples_needed(
    ...     lambda trials: verify.smallest_binomial_deviation(0.5, trials, false_alarm=1e-6),
    ...     at_most=0.1,
    ... )
    5225

    Parameters
    ----------
    detectable : callable
        Takes the number of samples, gives the smallest detectable deviation; falls with it.
    at_most : float
        The deviation that must be seen.

    Returns
    -------
    int
        Number of samples.

    Raises
    ------
    ValueError
        If 2**40 samples are not enough.

    Source
    ------
    Bisection (``bisect.bisect_left``).
    """
    enough = 1
    while detectable(enough) > at_most:
        enough *= 2
        if enough > 2**40:
            raise ValueError(f"Got at_most={at_most}; no feasible sample shows that little.")
    sizes = range(max(enough // 2, 1), enough)
    return sizes.start + bisect_left(sizes, True, key=lambda size: detectable(size) <= at_most)
