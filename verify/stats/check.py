"""A check of a stochastic claim: the claim, its experiment, and what it must reject.

A check is a triad: the assertion at a declared false-alarm rate, the smallest deviation that it
detects, and the sample size; all three are asserted.  Beside it stand the wrong formulas, and the
wrong experiments, that it must reject with the same sample.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from .agreement import Agreement, Verdict
from .budget import FALSE_ALARM
from .sequential import EProcess

Samples = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A wrong formula, or the experiment done wrongly: the check must tell it from the truth.

    Examples
    --------
    >>> from polysem import verify
    >>> [wrong.name for wrong in verify.checks()["initial_pairs"].wrong][:2]
    ['n^2/2m for n^2/4m', 'n^2/8m for n^2/4m']

    Parameters
    ----------
    name : str
        What is wrong.
    prediction : float, optional
        The wrong prediction, against the right sample.
    draw : callable, optional
        The wrong experiment, against the right prediction; takes the entropy.

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

    Examples
    --------
    >>> from polysem import verify
    >>> result = verify.checks()["initial_pairs"].run(entropy=0)
    >>> result.agreement.verdict, result.verdict
    ('agrees', 'exact law confirmed within 10 %')

    Parameters
    ----------
    name : str
        Unique name.
    group : str
        The name by which claims refer to it; several sizes share one.
    claim : str
        Label of the claim.
    quantity : str
        What is measured, in words.
    kind : {"exact law", "leading order", "measured"}
        What the prediction is.
    prediction : float
        The predicted mean of a sample.
    draw : callable
        The experiment: takes the entropy, gives independent samples.
    samples : int
        How many samples it gives.
    margin : float
        The relative deviation that counts as agreement.
    detects : float
        The largest allowed value of the smallest detectable deviation.
    bounds : tuple of float, or None
        Smallest and largest sample; (0, 1) of whole numbers is a proportion; None means a mean
        that is nearly normal.
    guess : tuple of float, optional
        Mean and variance of a sample, expected beforehand.
    numerical_error : float
        A bound on the error of the prediction itself.
    wrong : tuple of Wrong
        What must be rejected.
    expected : {"agrees", "departs"}
        The verdict that the experiment must give: "departs" for a claim that does not hold.
    nightly : bool
        Whether it is too slow for each change.
    event : tuple of (int, float, float), optional
        A count, and the least and the largest probability that a sample reaches it if the claim
        holds within its margin; the nights add up evidence against that.

    Source
    ------
    paper_notes/statistics.md.
    """

    name: str
    group: str
    claim: str
    quantity: str
    kind: Literal["exact law", "leading order", "measured"]
    prediction: float
    draw: Callable[[int], Samples]
    samples: int
    margin: float
    detects: float
    bounds: tuple[float, float] | None
    guess: tuple[float, float] | None = None
    numerical_error: float = 0.0
    wrong: tuple[Wrong, ...] = ()
    expected: Verdict = "agrees"
    nightly: bool = False
    event: tuple[int, float, float] | None = None

    @property
    def false_alarm(self) -> float:
        """The rate of a wrong verdict: the suite's rate over the number of checks it allows."""
        return FALSE_ALARM

    def run(self, entropy: int) -> CheckResult:
        """Do the experiment, confront it, and confront every wrong one."""
        drawn = self.draw(entropy)
        return CheckResult(
            check=self,
            drawn=drawn,
            agreement=self._confront(drawn, self.prediction),
            wrong={
                wrong.name: self._confront(
                    drawn if wrong.draw is None else wrong.draw(entropy),
                    self.prediction if wrong.prediction is None else wrong.prediction,
                )
                for wrong in self.wrong
            },
        )

    def _confront(self, drawn: Samples, prediction: float) -> Agreement:
        common: dict[str, Any] = {
            "claim": self.claim,
            "quantity": self.quantity,
            "prediction": prediction,
            "margin": self.margin,
            "false_alarm": self.false_alarm,
            "numerical_error": self.numerical_error,
        }
        if self.bounds == (0, 1) and drawn.dtype == bool:
            return Agreement.of_proportion(successes=int(drawn.sum()), trials=drawn.size, **common)
        return Agreement.of_mean(samples=drawn, bounds=self.bounds, guess=self.guess, **common)

    def evidence(self, drawn: Samples, kept: EProcess) -> EProcess:
        """The evidence against the claim after one more night."""
        if self.event is None:
            raise ValueError(f"Got check={self.name!r}; it has no event to watch.")
        return kept.add(successes=int((drawn >= self.event[0]).sum()), trials=drawn.size)


@dataclass(frozen=True, kw_only=True, eq=False)
class CheckResult:
    """What a check found.

    Examples
    --------
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
        The claim against the sample.
    wrong : dict of str to Agreement
        Each wrong formula or experiment against the right one.

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
        """Exact law confirmed, leading order within x %, or does not hold."""
        size = f"within {100 * self.check.margin:g} %"
        return {
            "agrees": {
                "exact law": f"exact law confirmed {size}",
                "leading order": f"leading order {size}",
                "measured": f"measured value confirmed {size}",
            }[self.check.kind],
            "departs": "does not hold",
            "undecided": "undecided",
        }[self.agreement.verdict]

    def failures(self) -> tuple[str, ...]:
        """What is not as declared, one sentence each; empty where all is well."""
        found = []
        if self.agreement.verdict != self.check.expected:
            found.append(self.agreement.sentence())
        if self.check.expected == "agrees" and not self.agreement.decides:
            found.append(
                f"The interval of {self.check.name} fills more than half of its margin, so that a "
                "right prediction may stay undecided: draw more samples."
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
