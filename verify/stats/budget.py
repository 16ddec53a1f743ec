"""Error rates of the checks, and their sum against a limit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, Self

SUITE_ALPHA = 1e-6
"""The largest probability that any random check of the suite rejects a right prediction."""

CHECKS_IN_BUDGET = 100
"""The number of checks that share the suite's alpha equally."""

ALPHA = SUITE_ALPHA / CHECKS_IN_BUDGET
"""The error rate of one check of the suite, unless the check states another."""

REPORT_ALPHA = 1e-3
"""The error rate of each line of a chapter of the report."""


class Rated(Protocol):
    """A comparison with an error rate, such as an Agreement."""

    @property
    def claim(self) -> str: ...
    @property
    def quantity(self) -> str: ...
    @property
    def alpha(self) -> float: ...
    @property
    def assumption(self) -> str: ...


class BudgetError(AssertionError):
    """The error rates of the checks add up to more than the limit.

    >>> from polysem import verify
    >>> issubclass(verify.BudgetError, AssertionError)
    True

    Source
    ------
    paper_notes/statistics.md
    """


@dataclass(frozen=True, kw_only=True)
class Budget:
    """The error rates of a set of checks, and their sum against a limit.

    The probability that any check of the set rejects a right prediction is at most the sum of the
    rates (Bonferroni), whatever the dependence between the checks.

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
        Name and alpha of each check; a check that runs twice counts twice.
    limit : float
        The largest sum allowed.
    normal : int
        The number of rates that assume a normal mean; the others hold at any sample size.

    Source
    ------
    paper_notes/statistics.md.
    """

    entries: tuple[tuple[str, float], ...]
    limit: float = SUITE_ALPHA
    normal: int = 0

    @classmethod
    def of(cls, agreements: Iterable[Rated], *, limit: float = SUITE_ALPHA) -> Self:
        """The budget of a set of agreements."""
        found = tuple(agreements)
        return cls(
            entries=tuple((f"{a.claim}: {a.quantity}", a.alpha) for a in found),
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
            f"{random} random checks, alpha at most {self.spent:.3g} together "
            f"(budget {self.limit:.3g})"
            + (f"; {self.normal} of them under normality of a mean." if self.normal else ".")
        )

    def check(self) -> None:
        """Raise BudgetError if the rates add up to more than the limit."""
        if self.overspent:
            largest = sorted(self.entries, key=lambda entry: -entry[1])[:3]
            raise BudgetError(
                f"{self.sentence()} Lower alpha of some checks; the largest are "
                + ", ".join(f"{name} ({rate:.2g})" for name, rate in largest)
                + "."
            )
