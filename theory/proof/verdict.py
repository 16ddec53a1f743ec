"""The verdict that an interval of a measurement gives on a prediction."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

Verdict = Literal["agrees", "departs", "undecided"]


def verdict(prediction: float, interval: tuple[float, float], margin: float) -> Verdict:
    """Whether a measurement agrees with a prediction: an equivalence test.

    The margin is relative to the prediction; for the prediction 0 it is absolute.

    >>> from polysem.theory.proof.verdict import verdict
    >>> verdict(1.0, (0.99, 1.02), 0.05), verdict(1.0, (0.9, 1.02), 0.05)
    ('agrees', 'undecided')

    Parameters
    ----------
    prediction : float
        The predicted value.
    interval : tuple of float
        The interval of the measured value.
    margin : float
        The largest deviation that counts as agreement.

    Returns
    -------
    str
        "agrees" where the interval lies inside the margin, "departs" where it lies outside, else
        "undecided", also for numbers that are not finite.
    """
    if not all(map(math.isfinite, (prediction, *interval, margin))):
        return "undecided"
    lower, upper = (end - prediction for end in interval)
    room = margin * (abs(prediction) or 1.0)
    if -room <= lower and upper <= room:
        return "agrees"
    if lower > room or upper < -room:
        return "departs"
    return "undecided"


def together(verdicts: Iterable[Verdict]) -> Verdict:
    """One verdict for all lines: "departs" if any line departs, "agrees" only if all agree.

    >>> from polysem.theory.proof.verdict import together
    >>> together(["agrees", "undecided"]), together(["undecided", "departs"]), together([])
    ('undecided', 'departs', 'undecided')
    """
    found = set(verdicts)
    if "departs" in found:
        return "departs"
    return "agrees" if found == {"agrees"} else "undecided"
