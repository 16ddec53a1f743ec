"""All checks of the stochastic claims, and the sum of their false-alarm rates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from .stats.budget import Budget
from .stats.check import Check
from .topics import modules


@lru_cache(maxsize=1)
def checks() -> Mapping[str, Check]:
    """All checks of the stochastic claims about counts, winners and noise, by name.

    Examples
    --------
    >>> from polysem import verify
    >>> len({check.group for check in verify.checks().values()}) >= 7
    True

    Returns
    -------
    mapping of str to Check
        Those of the l1 theory, then those of noise.

    Source
    ------
    paper_notes/statistics.md.
    """
    return {check.name: check for module in modules("checks") for check in module.checks()}


def checks_budget() -> Budget:
    """The false-alarm rates of all checks, those of the night included.

    A check of a measured value spends its rate on the error of that value too, and a check that
    the nights watch spends it on their evidence.

    Examples
    --------
    >>> from polysem import verify
    >>> verify.checks_budget().check()

    Returns
    -------
    Budget
        An entry for each check, and for what it spends beside its interval.

    Source
    ------
    paper_notes/statistics.md.
    """
    found = checks().values()
    return Budget(
        entries=tuple((name, check.false_alarm) for check in found for name in _spends(check)),
        normal=sum((check.bounds is None) + (check.numerical_error > 0) for check in found),
    )


def _spends(check: Check) -> tuple[str, ...]:
    measured = (f"{check.name}: the table's error",) if check.numerical_error else ()
    watched = (f"{check.name}: evidence of the nights",) if check.event else ()
    return (check.name, *measured, *watched)
