"""What a check of a training loop found, in one line for each point."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One point of a check.

    >>> from polysem import verify
    >>> print(verify.Finding(check="rectifier", verdict="agrees", line="negative overlaps rest"))
    agrees     rectifier: negative overlaps rest.

    Parameters
    ----------
    check : str
        What was checked.
    verdict : str
        "agrees", "departs", or "undecided" where the loop does not show it.
    line : str
        What was found, with numbers.
    bug : str
        The likely bug, if the loop departs.

    Source
    ------
    paper_notes/test_your_training_loop.md.
    """

    check: str
    verdict: str
    line: str
    bug: str = ""

    def __str__(self) -> str:
        likely = f" Likely bug: {self.bug}." if self.bug else ""
        return f"{self.verdict:9s}  {self.check}: {self.line}.{likely}"


def agrees(check: str, line: str) -> Finding:
    """A point in which the loop agrees with theory."""
    return Finding(check=check, verdict="agrees", line=line)


def departs(check: str, line: str, bug: str) -> Finding:
    """A point in which it does not, with the likely bug."""
    return Finding(check=check, verdict="departs", line=line, bug=bug)


def undecided(check: str, line: str) -> Finding:
    """A point that the loop does not show."""
    return Finding(check=check, verdict="undecided", line=line)


@dataclass(frozen=True, kw_only=True)
class LoopReport:
    """The result of :func:`check_training_loop`.

    >>> import numpy as np
    >>> from polysem import numerics, verify
    >>> def step(weights):
    ...     return numerics.soft_threshold(weights - 0.01 * numerics.gradient(weights), 0.002)
    >>> report = verify.check_training_loop(step, n=6, m=12, lam=0.05, train=False)
    >>> report.agrees
    True

    Parameters
    ----------
    findings : tuple of Finding
        One for each point that was checked.
    alpha : float
        The largest probability that a correct loop departs somewhere: the random points share it.

    Source
    ------
    paper_notes/test_your_training_loop.md.
    """

    findings: tuple[Finding, ...]
    alpha: float

    @property
    def agrees(self) -> bool:
        """Whether the loop departs in no point."""
        return not self.departures

    @property
    def departures(self) -> tuple[Finding, ...]:
        """The points in which the loop departs."""
        return tuple(one for one in self.findings if one.verdict == "departs")

    @property
    def bugs(self) -> tuple[str, ...]:
        """The likely bugs, each once."""
        return tuple(dict.fromkeys(one.bug for one in self.departures))

    def text(self) -> str:
        """A summary, and one line for each point."""
        return "\n".join([self._summary(), *map(str, self.findings)])

    def _summary(self) -> str:
        if self.agrees:
            points = [one for one in self.findings if one.verdict == "agrees"]
            return f"The training loop agrees with the theory in {len(points)} points."
        return f"The training loop departs from the theory: {'; '.join(self.bugs)}."

    def __repr__(self) -> str:
        return f"LoopReport({self._summary()})"

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "agrees": self.agrees,
            "alpha": self.alpha,
            "findings": [asdict(one) for one in self.findings],
        }
