"""A prediction beside its measurement: the interval against the margin, with the error rates."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from statistics import NormalDist
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from ..show.tables import Table, Tabular
from .budget import FALSE_ALARM
from .intervals import (
    binomial_interval,
    bounded_mean_interval,
    normal_mean_interval,
    poisson_interval,
)
from .power import POWER, smallest_binomial_deviation, smallest_poisson_deviation

Verdict = Literal["agrees", "departs", "undecided"]

_QUANTILE_OF_POWER = NormalDist().inv_cdf(POWER)


@dataclass(frozen=True, kw_only=True)
class Agreement(Tabular):
    r"""A prediction beside its measurement, and whether they agree to a stated margin.

    The verdict is an equivalence statement about the interval of measurement / prediction:

    * "agrees": it lies inside [1 - margin, 1 + margin];
    * "departs": it lies wholly outside;
    * "undecided": it straddles an end, so that more samples are needed.

    Where the prediction is 0 the margin and the deviations are absolute, in the unit.

    Examples
    --------
    >>> from polysem import verify
    >>> check = verify.Agreement.of_proportion(
    ...     claim="fair-coin", quantity="heads", prediction=0.5,
    ...     successes=5040, trials=10_000, margin=0.1,
    ... )
    >>> check.verdict
    'agrees'

    Parameters
    ----------
    claim : str
        Label of the claim that is checked.
    quantity : str
        What is compared, in words.
    prediction, estimate : float
        The predicted and the measured value, in ``unit``.
    interval : tuple of float
        Interval of the measured value, in ``unit``; it includes ``numerical_error``.
    margin : float
        The relative deviation that still counts as agreement, >= 0.
    false_alarm : float
        Probability that the interval misses the truth (0 for a deterministic value).  An
        interval that fills more than half of the margin may leave a right prediction undecided.
    smallest_detectable : float
        The smallest relative deviation beyond the margin that gives "departs" with probability
        at least 0.99; ``inf`` where the sample shows none.  Of a mean it is counted with the
        spread of this sample: where the spread grows with the mean, larger means are seen less.
    samples : int
        Number of independent samples.
    unit : str
        Unit of the values, in words.
    numerical_error : float
        The part of the interval's half width that is no matter of chance (step size, rounding),
        in ``unit``.
    assumption : str
        What the interval assumes of the samples.

    Raises
    ------
    ValueError
        If the interval does not hold the estimate, or a margin or a rate makes no sense.

    Source
    ------
    paper_notes/statistics.md.
    """

    claim: str
    quantity: str
    prediction: float
    estimate: float
    interval: tuple[float, float]
    margin: float
    false_alarm: float
    smallest_detectable: float
    samples: int
    unit: str = "none"
    numerical_error: float = 0.0
    assumption: str = "none"

    def __post_init__(self) -> None:
        lower, upper = self.interval
        if not (math.isfinite(self.prediction) and math.isfinite(self.estimate)):
            raise ValueError(
                f"Got prediction={self.prediction}, estimate={self.estimate} for "
                f"{self.quantity}; both must be finite numbers."
            )
        if not lower <= self.estimate <= upper:
            raise ValueError(
                f"Got interval=({lower}, {upper}) and estimate={self.estimate} for "
                f"{self.quantity}; the interval must hold the estimate."
            )
        if not self.margin >= 0:
            raise ValueError(f"Got margin={self.margin}; a margin must be >= 0.")
        if not 0 <= self.false_alarm < 1:
            raise ValueError(
                f"Got false_alarm={self.false_alarm}; it is a probability and must lie in [0, 1)."
            )

    @classmethod
    def of_mean(
        cls,
        *,
        claim: str,
        quantity: str,
        prediction: float,
        samples: ArrayLike,
        margin: float,
        bounds: tuple[float, float] | None,
        guess: tuple[float, float] | None = None,
        false_alarm: float = FALSE_ALARM,
        numerical_error: float = 0.0,
        unit: str = "none",
    ) -> Self:
        """The mean of independent samples against its prediction.

        Parameters
        ----------
        samples : array_like, shape (samples,)
            Independent measurements.
        bounds : tuple of float, or None
            The smallest and the largest possible sample: the interval then holds at every sample
            size (betting).  None takes Student's interval, which assumes that the mean is normal.
        guess : tuple of float, optional
            Mean and variance of one sample, guessed before the data were seen (bounded samples).
        others
            As in :class:`Agreement`.
        """
        values = np.asarray(samples, dtype=float).ravel()
        if bounds is None:
            interval = normal_mean_interval(values, false_alarm=false_alarm)
            assumption = "independent samples with a normal mean"
        else:
            interval = bounded_mean_interval(
                values, bounds=bounds, false_alarm=false_alarm, guess=guess
            )
            assumption = f"independent samples in [{bounds[0]:g}, {bounds[1]:g}]"
        estimate = float(values.mean())
        half = max(estimate - interval[0], interval[1] - estimate)
        spread = values.std(ddof=1) if values.size > 1 else half
        seen = half + _QUANTILE_OF_POWER * spread / math.sqrt(values.size)
        if bounds is None and not spread:
            seen = math.inf  # equal samples say nothing of the spread that the interval needs
        return cls._of(
            interval,
            detects=_relative(float(seen), prediction),
            claim=claim,
            quantity=quantity,
            prediction=prediction,
            estimate=estimate,
            margin=margin,
            false_alarm=false_alarm,
            samples=values.size,
            unit=unit,
            numerical_error=numerical_error,
            assumption=assumption,
        )

    @classmethod
    def of_proportion(
        cls,
        *,
        claim: str,
        quantity: str,
        prediction: float,
        successes: int,
        trials: int,
        margin: float,
        false_alarm: float = FALSE_ALARM,
        numerical_error: float = 0.0,
        unit: str = "none",
    ) -> Self:
        """A proportion of independent trials against its predicted probability (exact interval).

        Parameters
        ----------
        successes, trials : int
            What was counted, and out of how many independent trials.
        others
            As in :class:`Agreement`.
        """
        estimate = successes / trials if trials else math.nan
        interval = binomial_interval(int(successes), int(trials), false_alarm=false_alarm)
        return cls._of(
            interval,
            detects=smallest_binomial_deviation(
                prediction,
                int(trials),
                false_alarm=false_alarm,
                margin=margin + _relative(numerical_error, prediction),
            ),
            claim=claim,
            quantity=quantity,
            prediction=prediction,
            estimate=estimate,
            margin=margin,
            false_alarm=false_alarm,
            samples=int(trials),
            unit=unit,
            numerical_error=numerical_error,
            assumption="independent trials of one probability",
        )

    @classmethod
    def of_poisson(
        cls,
        *,
        claim: str,
        quantity: str,
        prediction: float,
        count: int,
        runs: int,
        margin: float,
        false_alarm: float = FALSE_ALARM,
        numerical_error: float = 0.0,
        unit: str = "none",
    ) -> Self:
        """A total count over independent runs against its predicted mean per run (exact interval).

        Parameters
        ----------
        count, runs : int
            The total, and the number of runs over which it was counted.
        others
            As in :class:`Agreement`; ``prediction`` is the mean of one run.
        """
        estimate = count / runs if runs else math.nan
        interval = poisson_interval(int(count), exposure=runs, false_alarm=false_alarm)
        return cls._of(
            interval,
            detects=smallest_poisson_deviation(
                prediction,
                exposure=runs,
                false_alarm=false_alarm,
                margin=margin + _relative(numerical_error, prediction),
            ),
            claim=claim,
            quantity=quantity,
            prediction=prediction,
            estimate=estimate,
            margin=margin,
            false_alarm=false_alarm,
            samples=int(runs),
            unit=unit,
            numerical_error=numerical_error,
            assumption="a Poisson total, or one less dispersed",
        )

    @classmethod
    def of_value(
        cls,
        *,
        claim: str,
        quantity: str,
        prediction: float,
        estimate: float,
        numerical_error: float,
        margin: float,
        unit: str = "none",
    ) -> Self:
        """A deterministic value with a stated numerical error against its prediction.

        Parameters
        ----------
        estimate : float
            The computed value.
        numerical_error : float
            A bound on its error, in ``unit``.
        others
            As in :class:`Agreement`; there is no false alarm.
        """
        return cls._of(
            (estimate, estimate),
            detects=0.0,
            claim=claim,
            quantity=quantity,
            prediction=prediction,
            estimate=estimate,
            margin=margin,
            false_alarm=0.0,
            samples=1,
            unit=unit,
            numerical_error=numerical_error,
            assumption="a deterministic value within its numerical error",
        )

    @classmethod
    def _of(
        cls,
        interval: tuple[float, float],
        *,
        detects: float,
        prediction: float,
        estimate: float,
        numerical_error: float,
        **stated: Any,
    ) -> Self:
        """The numerical error widens the interval, and the deviation that it shows."""
        if not numerical_error >= 0:
            raise ValueError(
                f"Got numerical_error={numerical_error}; an error bound must be a number >= 0."
            )
        lower, upper = interval
        return cls(
            prediction=float(prediction),
            estimate=float(estimate),
            interval=(
                min(lower, estimate) - numerical_error,
                max(upper, estimate) + numerical_error,
            ),
            smallest_detectable=detects + _relative(2 * numerical_error, prediction),
            numerical_error=numerical_error,
            **stated,
        )

    def __repr__(self) -> str:
        low, high = self.interval
        return (
            f"Agreement({self.verdict}: {self.quantity}; predicted {self.prediction:.5g}, "
            f"measured {self.estimate:.5g} [{low:.5g}, {high:.5g}])"
        )

    def table(self) -> Table:
        """The comparison as a table of one row."""
        from ..show.standard_tables import agreements_table

        return agreements_table([self])

    @property
    def ratio(self) -> float | None:
        """Measured over predicted; None where the quotient is not finite."""
        ratio = self.estimate / self.prediction if self.prediction else math.inf
        return ratio if math.isfinite(ratio) else None

    @property
    def ratio_interval(self) -> tuple[float, float] | None:
        """The interval divided by the prediction; None where a quotient is not finite."""
        if not self.prediction:
            return None
        low, high = sorted(end / self.prediction for end in self.interval)
        return (low, high) if math.isfinite(high - low) else None

    @property
    def verdict(self) -> Verdict:
        """ "agrees", "departs" or "undecided"."""
        scale = abs(self.prediction) or 1.0
        lower, upper = (end - self.prediction for end in self.interval)
        room = self.margin * scale
        if -room <= lower and upper <= room:
            return "agrees"
        if lower > room or upper < -room:
            return "departs"
        return "undecided"

    @property
    def decides(self) -> bool:
        """Whether the interval fills at most half of the room that the margin leaves.

        A prediction that is right, up to the numerical error, then agrees wherever the interval
        holds it.
        """
        reach = max(self.estimate - self.interval[0], self.interval[1] - self.estimate)
        return 2 * reach <= self.margin * (abs(self.prediction) or 1.0)

    def sentence(self) -> str:
        """The comparison in one sentence."""
        lower, upper = self.interval
        unit = "" if self.unit == "none" else f" {self.unit}"
        head = (
            f"{self.quantity}: predicted {self.prediction:.5g}{unit}, measured "
            f"{self.estimate:.5g} [{lower:.5g}, {upper:.5g}]"
        )
        if self.ratio_interval is not None:
            low, high = self.ratio_interval
            head += f", ratio {self.ratio:.3g} [{low:.3g}, {high:.3g}]"
        words = {
            "agrees": "it agrees",
            "departs": "it departs",
            "undecided": "the sample does not decide",
        }[self.verdict]
        margin = (
            f"at a margin of {100 * self.margin:.3g} %"
            if self.prediction
            else f"at a margin of {self.margin:.3g}{unit}"
        )
        if not self.false_alarm:
            return f"{head}; {words} {margin} (numerical error {self.numerical_error:.2g})."
        seen = (
            "it can detect no deviation"
            if math.isinf(self.smallest_detectable)
            else f"it detects {100 * self.smallest_detectable:.3g} % beyond the margin"
            if self.prediction
            else f"it detects {self.smallest_detectable:.3g}{unit} beyond the margin"
        )
        step = f", numerical error {self.numerical_error:.2g}" if self.numerical_error else ""
        return (
            f"{head}; {words} {margin} ({self.samples} samples, false-alarm rate "
            f"{self.false_alarm:.1g}, {seen}{step})."
        )

    def to_dict(self) -> dict[str, Any]:
        """Fields, ratio, verdict and sentence as plain values for JSON (no NaN, no infinity)."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        values |= {
            "interval": list(self.interval),
            "ratio": self.ratio,
            "ratio_interval": self.ratio_interval and list(self.ratio_interval),
            "smallest_detectable": (
                None if math.isinf(self.smallest_detectable) else self.smallest_detectable
            ),
            "verdict": self.verdict,
            "sentence": self.sentence(),
        }
        return values


def _relative(value: float, prediction: float) -> float:
    return value / (abs(prediction) or 1.0)
