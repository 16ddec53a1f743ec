"""A chapter of the report: what was compared, and how it is shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from .show.figures import Plot
from .show.tables import Table
from .stats.agreement import Agreement
from .stats.budget import REPORT_ALPHA
from .stats.intervals import normal_interval
from .stats.power import POWER_QUANTILE


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One topic of the report: what was compared, and how it is shown.

    >>> from polysem import verify
    >>> verify.Chapter(name="empty", title="Nothing").verdicts()
    {}

    Parameters
    ----------
    name, title : str
        Stem of its files, and heading.
    agreements : tuple of Agreement
        Each prediction with its measurement and verdict.
    tables : tuple of Table
    figures : tuple of Plot
    remarks : tuple of str
        Sentences that the reader needs beside the numbers.

    Source
    ------
    The chapters of the report; each claim names its page.
    """

    name: str
    title: str
    agreements: tuple[Agreement, ...] = ()
    tables: tuple[Table, ...] = ()
    figures: tuple[Plot, ...] = ()
    remarks: tuple[str, ...] = ()

    def verdicts(self) -> dict[str, int]:
        """How many agreements ended with each verdict."""
        return dict(sorted(Counter(agreement.verdict for agreement in self.agreements).items()))


def mean_line(**given: Any) -> Agreement:
    """A line of the report for the mean of independent samples, at the report's error rate."""
    return Agreement.of_mean(bounds=None, alpha=REPORT_ALPHA, **given)


def half_interval(error: float, samples: int) -> float:
    """Half of Student's interval of a mean from its standard error, at the report's error rate."""
    return normal_interval(0.0, error, alpha=REPORT_ALPHA, samples=samples)[1]


def estimate_line(
    *,
    prediction: float,
    estimate: float,
    error: float,
    samples: int,
    numerical_error: float = 0.0,
    assumption: str = "independent networks with a normal mean",
    **given: Any,
) -> Agreement:
    """A line of the report for a mean that is known by its estimate and its standard error.

    ``numerical_error`` widens the interval on both sides.

    >>> from polysem.verify.chapter import estimate_line
    >>> estimate_line(
    ...     claim="one", quantity="one", prediction=1.0, estimate=1.01, error=0.01, samples=400,
    ...     margin=0.1,
    ... ).verdict
    'agrees'
    """
    half = half_interval(error, samples)
    seen = half + POWER_QUANTILE * error + 2 * numerical_error
    return Agreement(
        prediction=prediction,
        estimate=estimate,
        interval=(estimate - half - numerical_error, estimate + half + numerical_error),
        alpha=REPORT_ALPHA,
        smallest_detectable=seen / abs(prediction) if prediction else seen,
        samples=samples,
        numerical_error=numerical_error,
        assumption=assumption,
        approximate=True,
        **given,
    )
