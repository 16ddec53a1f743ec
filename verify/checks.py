"""All checks of the stochastic claims, and the sum of their error rates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from .stats.budget import Budget, Rate
from .stats.check import Check
from .topics import modules


@lru_cache(maxsize=1)
def checks() -> Mapping[str, Check]:
    """All checks of the stochastic claims about counts, winners and noise, by name.

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
    return Budget(entries=tuple(rate for check in checks().values() for rate in _rates(check)))


def _rates(check: Check) -> Iterator[Rate]:
    yield Rate(check.name, check.alpha)
    if check.numerical_error:
        yield Rate(f"{check.name}: the error of the table", check.alpha, approximate=True)
    if check.event:
        yield Rate(f"{check.name}: sequential test of the nightly runs", check.alpha)
