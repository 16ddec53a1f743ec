"""Numbers as papers print them: value(error), with significant digits."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from ...numerics._extras import need

_SHORT = 1e-5
"""Numbers below this size, and above its inverse, are printed with an exponent."""


def mean_and_error(samples: ArrayLike) -> tuple[float, float]:
    """Mean of independent samples and its standard error; NaN for a single sample.

    >>> from polysem.verify.show.rounding import mean_and_error
    >>> mean_and_error([1.0, 3.0])
    (2.0, 1.0)
    """
    values = np.asarray(samples, dtype=float)
    error = float(values.std(ddof=1)) / math.sqrt(values.size) if values.size > 1 else math.nan
    return float(values.mean()), error


def with_error(samples: ArrayLike) -> str:
    """The mean of independent samples with its standard error, as 1.23(4).

    If the error is below 1e-5 of the mean, only the mean is printed, to five digits.

    >>> from polysem import verify
    >>> verify.with_error([1.0, 1.1, 0.9, 1.0])
    '1.00(4)'

    Parameters
    ----------
    samples : array_like, shape (samples,)
        Independent measurements; a single one is printed without an error.

    Source
    ------
    The shorthand notation of ``uncertainties``.
    """
    mean, error = mean_and_error(samples)
    return number(mean, error) if error > 1e-5 * abs(mean) else rounded(mean)


def number(value: float, error: float) -> str:
    """A value with its standard error, as 1.23(4); the value alone if the error is 0.

    >>> from polysem.verify.show.rounding import number
    >>> number(1.234, 0.04), number(0.0, 0.0)
    ('1.23(4)', '0')
    """
    if not error > 0:
        return f"{value:.4g}"
    return f"{need('uncertainties', 'tables').ufloat(value, error):.1uS}"


def rounded(value: float, digits: int = 5) -> str:
    """A number with a given number of significant digits, without exponent where it is short.

    >>> from polysem import verify
    >>> verify.rounded(248.3682), verify.rounded(97542.0), verify.rounded(1.4416e-229)
    ('248.37', '97542', '1.4416e-229')

    Parameters
    ----------
    value : float
    digits : int
        Significant digits.

    Source
    ------
    Significant digits, as papers print them.
    """
    if value == 0:
        return "0"
    if not _SHORT <= abs(value) < 1 / _SHORT:
        return f"{value:.{digits - 1}e}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:.{places}f}"


def shown(value: float, error: float = 0.0) -> str:
    """A value for people: whole numbers without decimals, others rounded by their error.

    >>> from polysem.verify.show.rounding import shown
    >>> shown(7.0), shown(3.387, 0.04), shown(0.0224376)
    ('7', '3.39(4)', '0.0224376')
    """
    if error > 0:
        return number(value, error)
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e6 else rounded(value, 6)
