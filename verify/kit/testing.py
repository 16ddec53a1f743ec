"""The check of a training loop as an assertion for test suites."""

from __future__ import annotations

from typing import Any

from ..stats.assertions import SPENT
from ..stats.budget import ALPHA, Rate
from .check import check_training_loop
from .report import LoopReport


def assert_training_loop(*loop: Any, decided: bool = False, **settings: Any) -> LoopReport:
    """Assert that a training loop agrees with the theory, see :func:`check_training_loop`.

    The pytest plugin adds alpha, here 1e-8 by default, to the budget of the session.  A test by
    Hypothesis draws ``verify.strategies.networks()`` and passes its n, m, lam and seed: all draws
    follow from these, so a failing example can be replayed.  How many networks are trained depends
    on the time that the loop takes.

    >>> from polysem import numerics, verify
    >>> def step(weights):
    ...     return numerics.soft_threshold(weights - 0.01 * numerics.gradient(weights), 0.002)
    >>> report = verify.assert_training_loop(step, n=6, m=12, lam=0.05, train=False)

    Parameters
    ----------
    *loop : callable
        As of :func:`check_training_loop`.
    decided : bool
        Whether a point that the sample does not decide fails too; the message then says how many
        networks would decide.
    **settings
        As of :func:`check_training_loop`.

    Returns
    -------
    LoopReport
        What was found.

    Raises
    ------
    AssertionError
        With the likely bugs and one line for each point.

    Source
    ------
    paper_notes/your_ci.md.
    """
    __tracebackhide__ = True
    report = check_training_loop(*loop, **{"alpha": ALPHA} | settings)
    if any(one.check == "count" for one in report.findings):
        SPENT.append(Rate("training loop: count", report.alpha))
    open_points = [one for one in report.findings if one.verdict == "undecided"]
    if not report.agrees or (decided and open_points):
        raise AssertionError(report.text())
    return report
