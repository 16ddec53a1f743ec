"""Assertions for test suites: agreement with its error rates, added up over the session."""

from __future__ import annotations

from collections.abc import Iterable

from .agreement import Agreement

SPENT: list[tuple[str, float]] = []
"""Claim and false-alarm rate of every agreement asserted in this process."""


def assert_agrees(
    agreement: Agreement,
    *,
    detects: float | None = None,
    rejects: Iterable[Agreement] = (),
) -> None:
    """Assert that a measurement agrees with its prediction, and that the check could have failed.

    The false-alarm rate is added to the session's budget where the pytest plugin is loaded.

    Examples
    --------
    >>> from polysem import verify
    >>> common = {"claim": "coin", "quantity": "heads", "successes": 5040, "trials": 10_000}
    >>> fair = verify.Agreement.of_proportion(prediction=0.5, margin=0.1, **common)
    >>> doubled = verify.Agreement.of_proportion(prediction=0.25, margin=0.1, **common)
    >>> verify.assert_agrees(fair, detects=0.1, rejects=[doubled])

    Parameters
    ----------
    agreement : Agreement
        The right formula against the measurement.
    detects : float, optional
        The largest allowed value of its smallest detectable deviation.
    rejects : iterable of Agreement
        Wrong formulas against the same measurement: each must depart.

    Returns
    -------
    None

    Raises
    ------
    AssertionError
        With the sentence of what is not as stated.

    Source
    ------
    paper_notes/your_ci.md.
    """
    SPENT.append((f"{agreement.claim}: {agreement.quantity}", agreement.alpha))
    if agreement.verdict != "agrees":
        raise AssertionError(agreement.sentence())
    if detects is not None and not agreement.smallest_detectable <= detects:
        raise AssertionError(
            f"The check of {agreement.quantity} detects {agreement.smallest_detectable:.3g} at "
            f"best, not {detects:.3g}: draw more than {agreement.samples} samples."
        )
    for wrong in rejects:
        if wrong.verdict != "departs":
            raise AssertionError(f"A wrong formula is not rejected. {wrong.sentence()}")
