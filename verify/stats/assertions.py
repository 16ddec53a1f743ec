"""Assertions for test suites; their error rates are added up over the session."""

from __future__ import annotations

from collections.abc import Iterable

from .agreement import Agreement
from .budget import Rate

SPENT: list[Rate] = []
"""The error rate of every agreement asserted in this process."""


def assert_agrees(
    agreement: Agreement,
    *,
    detects: float | None = None,
    rejects: Iterable[Agreement] = (),
) -> None:
    """Assert that a measurement agrees with its prediction, and that a wrong prediction would fail.

    The pytest plugin adds alpha to the budget of the session.

    >>> from polysem import verify
    >>> common = {"claim": "coin", "quantity": "heads", "successes": 5040, "trials": 10_000}
    >>> fair = verify.Agreement.of_proportion(prediction=0.5, margin=0.1, **common)
    >>> doubled = verify.Agreement.of_proportion(prediction=0.25, margin=0.1, **common)
    >>> verify.assert_agrees(fair, detects=0.1, rejects=[doubled])

    Parameters
    ----------
    agreement : Agreement
        The comparison of the right formula with the measurement.
    detects : float, optional
        The largest allowed minimum detectable effect.
    rejects : iterable of Agreement
        Comparisons of wrong formulas with the same measurement: each must depart.

    Raises
    ------
    AssertionError
        With a sentence that says what failed.

    Source
    ------
    paper_notes/your_ci.md.
    """
    SPENT.append(Rate.of(agreement))
    if agreement.verdict != "agrees":
        raise AssertionError(agreement.sentence())
    if detects is not None and not agreement.smallest_detectable <= detects:
        raise AssertionError(
            f"The check of {agreement.quantity} detects only deviations of at least "
            f"{agreement.smallest_detectable:.3g}, but it must detect {detects:.3g}: draw more "
            f"than {agreement.samples} samples."
        )
    for wrong in rejects:
        if wrong.verdict != "departs":
            raise AssertionError(
                "A deliberately wrong formula is not rejected: draw more samples, reduce the "
                "margin, or give a wrong formula whose value is farther from the measured one. "
                f"{wrong.sentence()}"
            )
