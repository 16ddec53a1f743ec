"""Minimum detectable effects of exact intervals, for planning sample sizes."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from statistics import NormalDist

POWER = 0.99
"""The probability with which a check detects its minimum detectable effect."""

POWER_QUANTILE = NormalDist().inv_cdf(POWER)
"""The same as a number of standard errors of a normal estimate."""


def smallest_binomial_deviation(
    prediction: float, trials: int, *, alpha: float, margin: float = 0.0
) -> float:
    """The minimum detectable effect of the exact interval of a probability, relative.

    If the true probability lies this far beyond the margin, or farther, the interval excludes the
    whole margin with probability at least 0.99.  This holds on both sides if probabilities exist
    there; the result is ``inf`` if the sample is too small for any deviation.

    >>> from polysem import verify
    >>> print(f"{verify.smallest_binomial_deviation(0.5, 10_000, alpha=1e-6):.3f}")
    0.072

    Parameters
    ----------
    prediction : float
        The predicted probability, in [0, 1].
    trials : int
        Number of independent trials.
    alpha : float
        Probability that the interval misses the true value.
    margin : float
        The largest relative deviation that counts as agreement.

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
        """How far above the edge a probability must lie; inf if even 1 is not detected."""
        reject = int(binom.isf(alpha / 2, trials, edge)) + 1
        if reject > trials:
            return math.inf
        return float(beta.ppf(POWER, reject, trials - reject + 1)) - edge

    smaller = beyond(1 - lowest) if lowest > 0 else 0.0
    larger = beyond(highest) if highest < 1 else 0.0
    if not smaller:
        return larger / scale if larger else math.inf
    return max(smaller, min(larger, 1 - highest)) / scale


def smallest_poisson_deviation(
    prediction: float, *, exposure: float = 1.0, alpha: float, margin: float = 0.0
) -> float:
    """The minimum detectable effect of the exact interval of a Poisson rate, relative.

    If the true rate lies this far beyond the margin, or farther, the interval excludes the whole
    margin with probability at least 0.99.  This holds on both sides if rates exist there; the
    result is ``inf`` if even a rate of 0 cannot be excluded.  The upper side decides: below the
    prediction the variance is smaller, and so is the deviation that is seen.

    >>> from polysem import verify
    >>> deviation = verify.smallest_poisson_deviation(7.9, exposure=1000, alpha=1e-6)
    >>> print(f"{deviation:.3f}")
    0.083

    Parameters
    ----------
    prediction : float
        The predicted rate, >= 0.
    exposure : float
        Number of runs.
    alpha : float
        Probability that the interval misses the true value.
    margin : float
        The largest relative deviation that counts as agreement.

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
    reject = int(poisson.isf(alpha / 2, highest)) + 1
    larger = float(gamma.ppf(POWER, reject)) - highest
    if lowest > 0 and poisson.ppf(alpha / 2, lowest) < 1:
        return math.inf
    return larger / (exposure * scale)


def smallest_mean_deviation(
    prediction: float, *, deviation: float, samples: int, alpha: float
) -> float:
    r"""The minimum detectable effect of the interval of a mean, relative, for planning.

    .. math:: \frac{(\sqrt{2 \log(2/\alpha)} + z)\,\sigma}{\sqrt N\,|\text{prediction}|}

    with sigma the standard deviation of a sample and z the normal quantile of the power.  It is
    the leading order in 1/N for the betting interval, and an upper bound for Student's interval.
    :class:`Agreement` gives the value for measured samples.

    >>> from polysem import verify
    >>> size = verify.smallest_mean_deviation(
    ...     7.9, deviation=2.1, samples=1000, alpha=1e-8
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
    alpha : float
        Probability that the interval misses the true value.

    Returns
    -------
    float
        The deviation divided by the prediction (by 1 where the prediction is 0).

    Source
    ------
    Waudby-Smith and Ramdas 2024, Sec. 4 (width of the betting interval).
    """
    quantiles = math.sqrt(2 * math.log(2 / alpha)) + POWER_QUANTILE
    return quantiles * deviation / math.sqrt(samples) / (abs(prediction) or 1.0)


def samples_needed(detectable: Callable[[int], float], *, at_most: float) -> int:
    """A number of samples at which the minimum detectable effect is small enough.

    It is the smallest such number if the effect decreases with the number of samples.  For a
    discrete law the effect decreases with small jumps upwards, and slightly fewer samples may do.

    >>> from polysem import verify
    >>> verify.samples_needed(
    ...     lambda trials: verify.smallest_binomial_deviation(0.5, trials, alpha=1e-6),
    ...     at_most=0.1,
    ... )
    5225

    Parameters
    ----------
    detectable : callable
        Takes the number of samples and gives the minimum detectable effect.
    at_most : float
        The effect that must be detectable.

    Raises
    ------
    ValueError
        If ``at_most`` is not above 0, or 2**40 samples are not enough.

    Source
    ------
    Bisection (``bisect.bisect_left``).
    """
    if not at_most > 0:
        raise ValueError(f"Got at_most={at_most}; it is an effect and must be > 0.")
    enough = 1
    while not detectable(enough) <= at_most:
        enough *= 2
        if enough > 2**40:
            raise ValueError(
                f"Got at_most={at_most}; even 2**40 samples cannot detect an effect of this size: "
                "give a larger at_most."
            )
    sizes = range(max(enough // 2, 1), enough)
    return sizes.start + bisect_left(sizes, True, key=lambda size: detectable(size) <= at_most)
