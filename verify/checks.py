"""All checks of the stochastic claims, and the sum of their false-alarm rates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from .budget import Budget
from .check import Check


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
    from .checks_l1 import l1_checks
    from .checks_noise import noise_checks

    found = (
        *l1_checks(),
        *noise_checks(),
    )
    return {check.name: check for check in found}


def checks_budget() -> Budget:
    """The false-alarm rates of all checks, those of the night included.

    Examples
    --------
    >>> from polysem import verify
    >>> verify.checks_budget().check()

    Returns
    -------
    Budget
        One entry for each check.

    Source
    ------
    paper_notes/statistics.md.
    """
    found = checks().values()
    return Budget(
        entries=tuple((check.name, check.false_alarm) for check in found),
        normal=sum(check.bounds is None or check.numerical_error > 0 for check in found),
    )
