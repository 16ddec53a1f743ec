"""Error rates of the checks, and their sum against a limit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

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
    def approximate(self) -> bool: ...


class Rate(NamedTuple):
    """The error rate of one check.

    >>> from polysem import verify
    >>> verify.Rate("winners", 1e-8)
    Rate(name='winners', alpha=1e-08, approximate=False)

    Parameters
    ----------
    name : str
        The check.
    alpha : float
        The probability that its interval misses the true value.
    approximate : bool
        Whether alpha is approximate (a normal mean is assumed) or a bound.

    Source
    ------
    paper_notes/statistics.md
    """

    name: str
    alpha: float
    approximate: bool = False

    @classmethod
    def of(cls, agreement: Rated) -> Self:
        """The rate of an agreement."""
        name = f"{agreement.claim}: {agreement.quantity}"
        return cls(name, agreement.alpha, agreement.approximate)


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
    rates (Bonferroni), whatever the dependence between the checks.  The sum is a bound if all rates
    are bounds; the budget counts the approximate rates apart.

    >>> from polysem import verify
    >>> budget = verify.Budget(entries=(verify.Rate("winners", 1e-8), verify.Rate("counts", 1e-8)))
    >>> budget.spent
    2e-08
    >>> budget.check()

    Parameters
    ----------
    entries : tuple of Rate
        The rate of each check; a check that runs twice counts twice.
    limit : float
        The largest sum allowed, in (0, 1].

    Raises
    ------
    ValueError
        If the limit lies outside (0, 1].

    Source
    ------
    paper_notes/statistics.md.
    """

    entries: tuple[Rate, ...]
    limit: float = SUITE_ALPHA

    def __post_init__(self) -> None:
        if not 0 < self.limit <= 1:
            raise ValueError(f"Got limit={self.limit} of a budget; give a probability, in (0, 1].")

    @classmethod
    def of(cls, agreements: Iterable[Rated], *, limit: float = SUITE_ALPHA) -> Self:
        """The budget of a set of agreements."""
        return cls(entries=tuple(map(Rate.of, agreements)), limit=limit)

    @property
    def spent(self) -> float:
        """The sum of the rates."""
        return math.fsum(rate.alpha for rate in self.entries)

    @property
    def overspent(self) -> bool:
        """Whether the rates add up to more than the limit."""
        return self.spent > self.limit * (1 + 1e-9)

    def sentence(self) -> str:
        """The sum in one sentence."""
        random = [rate for rate in self.entries if rate.alpha > 0]
        rough = [rate.alpha for rate in random if rate.approximate]
        kinds = (
            f"bounds: {len(random) - len(rough)}, approximations that assume a normal mean: "
            f"{len(rough)} (together {math.fsum(rough):.3g})"
        )
        return (
            f"{len(random)} random checks, alpha {'about' if rough else 'at most'} "
            f"{self.spent:.3g} together (budget {self.limit:.3g}); "
            f"{kinds if rough else 'each rate is a bound'}."
        )

    def check(self) -> None:
        """Raise BudgetError if the rates add up to more than the limit."""
        if self.overspent:
            largest = sorted(self.entries, key=lambda rate: -rate.alpha)[:3]
            raise BudgetError(
                f"{self.sentence()} Lower the alpha of some checks; the largest are "
                + ", ".join(f"{rate.name} ({rate.alpha:.2g})" for rate in largest)
                + "."
            )
