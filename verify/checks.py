"""All checks of the stochastic claims, and the sum of their error rates."""

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
    """The error rates of all checks, including the nightly ones.

    A check of a measured value counts again for the error of that value.  A check with an event
    counts again for the sequential test of the nightly runs.

    Examples
    --------
    >>> from polysem import verify
    >>> verify.checks_budget().check()

    Returns
    -------
    Budget
        One entry for each check, and one for each further use of its alpha.

    Source
    ------
    paper_notes/statistics.md.
    """
    found = checks().values()
    return Budget(
        entries=tuple((name, check.alpha) for check in found for name in _spends(check)),
        normal=sum((check.bounds is None) + (check.numerical_error > 0) for check in found),
    )


def _spends(check: Check) -> tuple[str, ...]:
    measured = (f"{check.name}: the error of the table",) if check.numerical_error else ()
    watched = (f"{check.name}: evidence of the nightly runs",) if check.event else ()
    return (check.name, *measured, *watched)
