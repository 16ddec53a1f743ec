"""A chapter of the report: what was compared, and how it is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .show.figures import Plot
from .show.rounding import rounded
from .show.tables import Table
from .stats.agreement import Agreement
from .stats.budget import REPORT_ALPHA
from .stats.intervals import normal_interval
from .stats.power import POWER_QUANTILE


@dataclass(frozen=True, kw_only=True)
class MainResult:
    """A main result of the report, in one sentence, with the comparison that decides it.

    >>> from polysem import verify
    >>> coin = verify.Agreement.of_proportion(
    ...     claim="coin", quantity="heads", prediction=0.5, successes=5040, trials=10_000,
    ...     margin=0.1,
    ... )
    >>> verify.MainResult(text="The coin is fair.", agreement=coin).numbers
    'Measured: 0.504 [0.475, 0.533]. Predicted: 0.500.'

    Parameters
    ----------
    text : str
        The result, as a reader with no other page open can understand it.
    agreement : Agreement
        The comparison that decides it.
    figure : str
        Name of the figure that shows it; empty for none.
    compared : str
        What the measurement is compared with, as "The paper's formula".
    rival : bool
        Whether the result says that the prediction fails.

    Source
    ------
    The chapters of the report.
    """

    text: str
    agreement: Agreement
    figure: str = ""
    compared: str = "Predicted"
    rival: bool = False

    @property
    def numbers(self) -> str:
        """The measured value with its interval, and the predicted value."""
        found = self.agreement
        low, high = found.interval
        unit = "" if found.unit == "none" else f" {found.unit}"
        numbers = [rounded(value, 3) for value in (found.estimate, low, high, found.prediction)]
        return (
            f"Measured: {numbers[0]} [{numbers[1]}, {numbers[2]}]{unit}. "
            f"{self.compared}: {numbers[3]}{unit}."
        )

    @property
    def sentence(self) -> str:
        """The text, marked where the comparison does not confirm it."""
        confirmed = self.agreement.verdict == ("departs" if self.rival else "agrees")
        return self.text if confirmed else f"Not confirmed in this report: {self.text}"


def main_result(
    agreements: Sequence[Agreement], claim: str, quantity: str, text: str, **given: Any
) -> tuple[MainResult, ...]:
    """A main result on the line of a claim whose quantity has the words; none without a line."""
    lines = [line for line in agreements if line.claim == claim and quantity in line.quantity]
    return tuple(MainResult(text=text, agreement=line, **given) for line in lines[:1])


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
    main_results : tuple of MainResult
        The main results, for the first page of the report.
    rivals : frozenset of str
        Labels whose formulas are compared here in order to refute them.

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
    main_results: tuple[MainResult, ...] = ()
    rivals: frozenset[str] = frozenset()

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
