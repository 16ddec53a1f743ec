"""A check of a stochastic claim: its experiment, its error rates and the wrong formulas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from ...numerics._types import Array
from ...theory.proof.verdict import Verdict
from .agreement import Agreement
from .budget import ALPHA
from .sequential import EProcess

Samples = Array


@dataclass(frozen=True)
class Wrong:
    """A wrong formula or a wrong experiment that a check must reject.

    >>> from polysem import verify
    >>> [wrong.name for wrong in verify.checks()["initial_pairs"].wrong][:2]
    ['n^2/2m for n^2/4m', 'n^2/8m for n^2/4m']

    Parameters
    ----------
    name : str
        What is wrong.
    prediction : float, optional
        A wrong prediction, compared with the right sample.
    draw : callable, optional
        A wrong experiment, compared with the right prediction; takes the entropy.

    Source
    ------
    paper_notes/statistics.md.
    """

    name: str
    prediction: float | None = None
    draw: Callable[[int], Samples] | None = None


@dataclass(frozen=True, kw_only=True)
class Check:
    """One stochastic claim, its experiment and its declared error rates.

    A check asserts the claim at a declared alpha, its minimum detectable effect, and its sample
    size.  With the same sample it must also reject every wrong formula and wrong experiment.

    >>> from polysem import verify
    >>> result = verify.checks()["initial_pairs"].run(entropy=0)
    >>> result.agreement.verdict, result.verdict
    ('agrees', 'exact law confirmed within 10 %')

    Parameters
    ----------
    name : str
        Unique name.
    group : str, optional
        The name by which claims refer to it; several sizes share one.  Without it, ``name``.
    claim : str
        Label of the claim.
    quantity : str
        The measured quantity, in words.
    kind : {"exact law", "leading order", "measured"}
        What the prediction is.
    prediction : float
        The predicted mean of a sample, or its median if there are no bounds.
    draw : callable
        The experiment: takes the entropy and gives independent samples.
    samples : int
        Number of samples that the experiment gives.
    margin : float
        The largest relative deviation that counts as agreement.
    detects : float
        The largest allowed minimum detectable effect.
    bounds : tuple of float, optional
        Smallest and largest possible sample; boolean samples in (0, 1) are a proportion.  Without
        bounds the prediction is the median of a sample, whose interval needs no assumption.
    guess : tuple of float, optional
        Mean and variance of a sample, guessed before the experiment.
    numerical_error : float
        A bound on the error of the prediction itself.
    wrong : tuple of Wrong
        The wrong formulas and experiments that the check must reject.
    expected : {"agrees", "departs"}
        The verdict that the experiment must give: "departs" for a claim that does not hold.
    nightly : bool
        Whether the check is too slow to run on each change.
    event : tuple of (int, float, float), optional
        A count, and the smallest and the largest probability that a sample reaches it if the claim
        holds within its margin.  The nightly runs collect evidence against that (a sequential
        test).

    Source
    ------
    paper_notes/statistics.md.
    """

    name: str
    claim: str
    quantity: str
    kind: Literal["exact law", "leading order", "measured"]
    prediction: float
    draw: Callable[[int], Samples]
    samples: int
    margin: float
    detects: float
    group: str = ""
    bounds: tuple[float, float] | None = None
    guess: tuple[float, float] | None = None
    numerical_error: float = 0.0
    wrong: tuple[Wrong, ...] = ()
    expected: Verdict = "agrees"
    nightly: bool = False
    event: tuple[int, float, float] | None = None

    def __post_init__(self) -> None:
        if not self.group:
            object.__setattr__(self, "group", self.name)

    @property
    def alpha(self) -> float:
        """The probability that the interval misses the true value."""
        return ALPHA

    def run(self, entropy: int) -> CheckResult:
        """Do the experiment, and compare its sample with the right and the wrong predictions."""
        drawn = self.draw(entropy)
        return CheckResult(
            check=self,
            drawn=drawn,
            agreement=self._compared(drawn, self.prediction),
            wrong={
                wrong.name: self._compared(
                    drawn if wrong.draw is None else wrong.draw(entropy),
                    self.prediction if wrong.prediction is None else wrong.prediction,
                )
                for wrong in self.wrong
            },
        )

    def _compared(self, drawn: Samples, prediction: float) -> Agreement:
        common: dict[str, Any] = {
            "claim": self.claim,
            "quantity": self.quantity,
            "prediction": prediction,
            "margin": self.margin,
            "alpha": self.alpha,
            "numerical_error": self.numerical_error,
        }
        if self.bounds == (0, 1) and drawn.dtype == bool:
            return Agreement.of_proportion(successes=int(drawn.sum()), trials=drawn.size, **common)
        if self.bounds is None:
            return Agreement.of_median(samples=drawn, **common)
        return Agreement.of_mean(samples=drawn, bounds=self.bounds, guess=self.guess, **common)

    def evidence(self, drawn: Samples, kept: EProcess) -> EProcess:
        """The sequential test of the claim with the sample of one more night."""
        if self.event is None:
            raise ValueError(
                f"Got check={self.name!r}; it has no event to count (event=None), so it cannot be "
                "tested sequentially: choose another check."
            )
        return kept.add(successes=int((drawn >= self.event[0]).sum()), trials=drawn.size)


@dataclass(frozen=True, kw_only=True, eq=False)
class CheckResult:
    """The result of a check.

    >>> from polysem import verify
    >>> verify.checks()["initial_pairs"].run(entropy=1).failures()
    ()

    Parameters
    ----------
    check : Check
        The check.
    drawn : ndarray
        The sample.
    agreement : Agreement
        The prediction compared with the sample.
    wrong : dict of str to Agreement
        The comparison with each wrong formula or experiment.

    Source
    ------
    paper_notes/statistics.md.
    """

    check: Check
    drawn: Samples
    agreement: Agreement
    wrong: dict[str, Agreement]

    @property
    def verdict(self) -> str:
        """The verdict in words, with the kind of the claim and the margin."""
        if self.agreement.verdict == "agrees":
            confirmed = "" if self.check.kind == "leading order" else " confirmed"
            kind = "measured value" if self.check.kind == "measured" else self.check.kind
            return f"{kind}{confirmed} within {100 * self.check.margin:g} %"
        return "does not hold" if self.agreement.verdict == "departs" else "undecided"

    def failures(self) -> tuple[str, ...]:
        """One sentence for each departure from what the check declares."""
        found = []
        if self.agreement.verdict != self.check.expected:
            found.append(self.agreement.sentence())
        if self.check.expected == "agrees" and not self.agreement.decides:
            found.append(
                f"The interval of {self.check.name} fills more than half of its margin, so a right "
                "prediction may stay undecided: draw more samples."
            )
        if not self.agreement.smallest_detectable <= self.check.detects:
            found.append(
                f"{self.check.name} detects {self.agreement.smallest_detectable:.3g}, "
                f"declared {self.check.detects:.3g}: draw more samples."
            )
        if self.drawn.size != self.check.samples:
            found.append(
                f"{self.check.name} drew {self.drawn.size} samples, declared {self.check.samples}."
            )
        found += [
            f"{self.check.name} does not reject {name}: {agreement.sentence()}"
            for name, agreement in self.wrong.items()
            if agreement.verdict != "departs"
        ]
        return tuple(found)
