"""A sequential test of a probability."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from ...numerics._files import write_text


@dataclass(frozen=True, kw_only=True)
class EProcess:
    r"""A sequential test of "the probability lies in ``null``", valid at every stopping time.

    .. math:: E = \frac{B(a + k,\, b + N - k) / B(a, b)}{\sup_{p \in \text{null}}
              p^k (1-p)^{N-k}}

    after k successes in N trials: the likelihood under a beta mixture over the largest likelihood
    under the null.  Under the null, E ever reaches 1/alpha with probability at most alpha (Ville),
    however often the test is evaluated and whenever it stops.

    >>> from polysem import verify
    >>> process = verify.EProcess(null=(0.25, 0.25)).add(successes=330, trials=1000)
    >>> process.rejects(alpha=1e-3)
    True
    >>> print(f"{process.p_value:.1e}")
    2.9e-06

    Parameters
    ----------
    null : tuple of float
        Smallest and largest probability that the null hypothesis allows.
    prior : tuple of float
        The two parameters of the beta mixture.
    successes, trials : int
        The counts so far.
    largest : float
        The largest log E so far.

    Raises
    ------
    ValueError
        If the null is not an interval inside [0, 1], the prior is not positive, there are more
        successes than trials, or the largest log E is negative.

    Source
    ------
    paper_notes/statistics.md; Robbins 1970 (mixture), Ville 1939 (bound).
    """

    null: tuple[float, float]
    prior: tuple[float, float] = (1.0, 1.0)
    successes: int = 0
    trials: int = 0
    largest: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.null[0] <= self.null[1] <= 1:
            raise ValueError(f"Got null={self.null}; give two probabilities, the smaller first.")
        if not min(self.prior) > 0:
            raise ValueError(f"Got prior={self.prior}; both numbers must be > 0.")
        whole = isinstance(self.successes, int) and isinstance(self.trials, int)
        if not whole or not 0 <= self.successes <= self.trials:
            raise ValueError(
                f"Got successes={self.successes!r}, trials={self.trials!r}; give whole numbers "
                "with 0 <= successes <= trials."
            )
        if not self.largest >= 0:
            raise ValueError(
                f"Got largest={self.largest!r}; it is the largest logarithm of the test statistic "
                "so far and must be >= 0."
            )

    @property
    def log_evidence(self) -> float:
        """log E of the counts so far."""
        from scipy.special import betaln, xlogy

        k, misses = self.successes, self.trials - self.successes
        best = min(max(k / self.trials, self.null[0]), self.null[1]) if self.trials else 0.5
        a, b = self.prior
        mixture = betaln(a + k, b + misses) - betaln(a, b)
        return float(mixture - xlogy(k, best) - xlogy(misses, 1 - best))

    def add(self, *, successes: int, trials: int) -> EProcess:
        """The test with further trials, independent of the earlier ones."""
        if not 0 <= successes <= trials:
            raise ValueError(
                f"Got successes={successes}, trials={trials}; successes must lie in [0, trials]."
            )
        more = replace(
            self, successes=self.successes + int(successes), trials=self.trials + int(trials)
        )
        return replace(more, largest=max(self.largest, more.log_evidence))

    @property
    def p_value(self) -> float:
        """A p-value that holds at every stopping time: 1 over the largest E so far."""
        return math.exp(-self.largest)

    def rejects(self, *, alpha: float) -> bool:
        """Whether the test rejects the null, with error rate alpha over all evaluations."""
        return self.p_value <= alpha

    def save(self, path: str | Path) -> None:
        """Write the test to a JSON file, atomically."""
        write_text(Path(path), json.dumps(asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: str | Path, *, null: tuple[float, float]) -> Self:
        """The test stored at a path, or a new one if there is no file.

        Raises
        ------
        ValueError
            If the file is not such a test, or is a test of another null hypothesis.
        """
        file = Path(path)
        if not file.exists():
            return cls(null=null)
        try:
            stored = json.loads(file.read_text(encoding="utf-8"))
            pairs = {name: tuple(stored[name]) for name in ("null", "prior")}
            process = cls(**stored | pairs)
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(
                f"Got {file.name}, which does not hold a sequential test ({error}); move or delete "
                "the file."
            ) from error
        if process.null != tuple(null):
            raise ValueError(
                f"Got null={tuple(null)}, but {file.name} holds a sequential test of "
                f"null={process.null}; give another file, or null={process.null}."
            )
        return process
