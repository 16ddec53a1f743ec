"""The false-alarm rates of many checks together."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from .agreement import Agreement

SUITE_FALSE_ALARM = 1e-6
"""The false-alarm rate of all random checks of the suite together."""

CHECKS_IN_BUDGET = 100
"""The number of checks among which the suite's rate is shared out."""

FALSE_ALARM = SUITE_FALSE_ALARM / CHECKS_IN_BUDGET
"""The false-alarm rate of one check, where it states no other."""


class BudgetError(AssertionError):
    """The false-alarm rates of the checks add up to more than their budget.

    >>> from polysem import verify
    >>> issubclass(verify.BudgetError, AssertionError)
    True

    Source
    ------
    paper_notes/statistics.md
    """


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The false-alarm rates of a set of checks, and their sum against a limit.

    The probability that any check of the set raises a false alarm is at most the sum of the
    rates (Bonferroni), whatever the dependence between them.

    Examples
    --------
    >>> from polysem import verify
    >>> budget = verify.Budget(entries=(("winners", 1e-8), ("counts", 1e-8)))
    >>> budget.spent
    2e-08
    >>> budget.check()

    Parameters
    ----------
    entries : tuple of (str, float)
        Name and rate of each check; a check that runs twice counts twice.
    limit : float
        The largest sum allowed.
    normal : int
        How many of the rates hold under normality of a mean; the others hold at any sample size.

    Source
    ------
    paper_notes/statistics.md.
    """

    entries: tuple[tuple[str, float], ...]
    limit: float = SUITE_FALSE_ALARM
    normal: int = 0

    @classmethod
    def of(cls, agreements: Iterable[Agreement], *, limit: float = SUITE_FALSE_ALARM) -> Self:
        """The budget of a set of agreements."""
        found = tuple(agreements)
        return cls(
            entries=tuple((f"{a.claim}: {a.quantity}", a.false_alarm) for a in found),
            limit=limit,
            normal=sum("normal" in a.assumption for a in found),
        )

    @property
    def spent(self) -> float:
        """The sum of the rates."""
        return math.fsum(rate for _, rate in self.entries)

    @property
    def overspent(self) -> bool:
        """Whether the rates add up to more than the limit."""
        return self.spent > self.limit * (1 + 1e-9)

    def sentence(self) -> str:
        """The sum in one sentence."""
        random = sum(rate > 0 for _, rate in self.entries)
        return (
            f"{random} random checks, false-alarm rate at most {self.spent:.3g} together "
            f"(budget {self.limit:.3g})"
            + (f"; {self.normal} of them under normality of a mean." if self.normal else ".")
        )

    def check(self) -> None:
        """Raise BudgetError if the rates add up to more than the limit."""
        if self.overspent:
            largest = sorted(self.entries, key=lambda entry: -entry[1])[:3]
            raise BudgetError(
                f"{self.sentence()} Lower the rates; the largest are "
                + ", ".join(f"{name} ({rate:.2g})" for name, rate in largest)
                + "."
            )
