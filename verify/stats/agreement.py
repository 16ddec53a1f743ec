"""Comparison of a prediction with its measurement, with stated error rates."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, NotRequired, Self, TypedDict, Unpack

import numpy as np
from numpy.typing import ArrayLike

from ...theory.proof.verdict import Verdict, verdict
from ..show.rounding import rounded
from ..show.tables import Table, Tabular, rows_table
from .budget import ALPHA
from .intervals import (
    binomial_interval,
    bounded_mean_interval,
    median_interval,
    median_rank,
    normal_mean_interval,
    poisson_interval,
)
from .power import POWER, POWER_QUANTILE, smallest_binomial_deviation, smallest_poisson_deviation

TABLE_CAPTION = "Measured against predicted, with the interval of the measurement and the verdict."

_WORDS = {
    "agrees": "it agrees",
    "departs": "it departs",
    "undecided": "the sample does not decide",
}


class Stated(TypedDict):
    """The fields of an Agreement that every comparison states."""

    claim: str
    quantity: str
    prediction: float
    margin: float
    unit: NotRequired[str]


@dataclass(frozen=True, kw_only=True)
class Agreement(Tabular):
    r"""A prediction and its measurement, and whether they agree within a stated margin.

    The verdict is an equivalence test with the interval of measurement / prediction:

    * "agrees": the interval lies inside [1 - margin, 1 + margin];
    * "departs": the interval lies entirely outside;
    * "undecided": the interval contains an end of the margin; draw more samples.

    If the prediction is 0, the margin and the deviations are absolute, in the unit.

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
        The compared quantity, in words.
    prediction, estimate : float
        The predicted and the measured value, in ``unit``.
    interval : tuple of float
        Interval of the measured value, in ``unit``; it includes ``numerical_error``.
    margin : float
        The largest relative deviation that counts as agreement, >= 0.
    alpha : float
        Probability that the interval misses the true value (0 for a deterministic value).  If the
        interval fills more than half of the margin, a right prediction may stay undecided.
    smallest_detectable : float
        The minimum detectable effect: the smallest relative deviation beyond the margin that gives
        "departs" with probability at least 0.99; ``inf`` if the sample can detect none.  For a
        mean it uses the standard deviation of this sample; if the standard deviation grows with
        the mean, a larger deviation is needed above the prediction.
    samples : int
        Number of independent samples.
    unit : str
        Unit of the values, in words.
    numerical_error : float
        A bound on the error that is not random (step size, rounding), in ``unit``; the interval
        includes it.
    assumption : str
        What the interval assumes about the samples.
    approximate : bool
        Whether alpha is approximate (the interval assumes a normal mean) or a bound.

    Raises
    ------
    ValueError
        If a value is not finite, the interval does not contain the estimate, the margin, the
        numerical error or the smallest detectable deviation is negative or NaN, alpha lies outside
        [0, 1), or there are fewer than 1 samples.

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
    alpha: float
    smallest_detectable: float
    samples: int
    unit: str = "none"
    numerical_error: float = 0.0
    assumption: str = "none"
    approximate: bool = False

    def __post_init__(self) -> None:
        lower, upper = self.interval
        if not (math.isfinite(self.prediction) and math.isfinite(self.estimate)):
            raise ValueError(
                f"Got prediction={self.prediction}, estimate={self.estimate} for "
                f"{self.quantity}; both must be finite numbers."
            )
        if not self.numerical_error >= 0:
            raise ValueError(
                f"Got numerical_error={self.numerical_error}; an error bound must be >= 0."
            )
        if not lower <= self.estimate <= upper:
            raise ValueError(
                f"Got interval=({lower}, {upper}) and estimate={self.estimate} for "
                f"{self.quantity}; the interval must contain the estimate."
            )
        if not self.margin >= 0:
            raise ValueError(f"Got margin={self.margin}; a margin must be >= 0.")
        if not 0 <= self.alpha < 1:
            raise ValueError(
                f"Got alpha={self.alpha}; the error rate must lie in [0, 1): give 0 only for a "
                "deterministic value."
            )
        if not self.smallest_detectable >= 0:
            raise ValueError(
                f"Got smallest_detectable={self.smallest_detectable}; a deviation must be >= 0."
            )
        if not self.samples >= 1:
            raise ValueError(f"Got samples={self.samples}; at least 1 sample is required.")

    @classmethod
    def of_mean(
        cls,
        *,
        samples: ArrayLike,
        bounds: tuple[float, float] | None,
        guess: tuple[float, float] | None = None,
        alpha: float = ALPHA,
        numerical_error: float = 0.0,
        **stated: Unpack[Stated],
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
        claim, quantity, prediction, margin, numerical_error, unit, alpha
            As in :class:`Agreement`.
        """
        from scipy.stats import sem

        values = np.asarray(samples, dtype=float).ravel()
        if bounds is None:
            interval = normal_mean_interval(values, alpha=alpha)
            assumption = "independent samples with a normal mean"
        else:
            interval = bounded_mean_interval(values, bounds=bounds, alpha=alpha, guess=guess)
            assumption = f"independent samples in [{bounds[0]:g}, {bounds[1]:g}]"
        estimate = float(values.mean())
        half = max(estimate - interval[0], interval[1] - estimate)
        error = float(sem(values)) if values.size > 1 else half
        detects = _relative(half + POWER_QUANTILE * error, stated["prediction"])
        if bounds is None and not error:
            detects = math.inf  # the standard deviation that Student's interval needs is unknown
        return cls._of(
            interval,
            estimate=estimate,
            detects=detects,
            samples=values.size,
            assumption=assumption,
            approximate=bounds is None,
            alpha=alpha,
            numerical_error=numerical_error,
            **stated,
        )

    @classmethod
    def of_median(
        cls,
        *,
        samples: ArrayLike,
        alpha: float = ALPHA,
        numerical_error: float = 0.0,
        **stated: Unpack[Stated],
    ) -> Self:
        """The median of independent samples against its prediction (exact interval).

        The smallest detectable deviation is that of normal samples with the standard deviation of
        this sample.

        Parameters
        ----------
        samples : array_like, shape (samples,)
            Independent measurements of one law.
        claim, quantity, prediction, margin, numerical_error, unit, alpha
            As in :class:`Agreement`.
        """
        from scipy.stats import beta, norm

        values = np.asarray(samples, dtype=float).ravel()
        interval = median_interval(values, alpha=alpha)
        rank = median_rank(values.size, alpha=alpha)
        quantile = norm.isf(beta.ppf(1 - POWER, rank, values.size - rank + 1))
        return cls._of(
            interval,
            estimate=float(np.median(values)),
            detects=_relative(quantile * values.std(ddof=1), stated["prediction"]),
            samples=values.size,
            assumption="independent samples of one law",
            alpha=alpha,
            numerical_error=numerical_error,
            **stated,
        )

    @classmethod
    def of_proportion(
        cls,
        *,
        successes: int,
        trials: int,
        alpha: float = ALPHA,
        numerical_error: float = 0.0,
        **stated: Unpack[Stated],
    ) -> Self:
        """A proportion of independent trials against its predicted probability (exact interval).

        Parameters
        ----------
        successes, trials : int
            What was counted, and out of how many independent trials.
        claim, quantity, prediction, margin, numerical_error, unit, alpha
            As in :class:`Agreement`.
        """
        successes, trials = int(successes), int(trials)
        margin = stated["margin"] + _relative(numerical_error, stated["prediction"])
        return cls._of(
            binomial_interval(successes, trials, alpha=alpha),
            estimate=successes / trials,
            detects=smallest_binomial_deviation(
                stated["prediction"], trials, alpha=alpha, margin=margin
            ),
            samples=trials,
            assumption="independent trials of one probability",
            alpha=alpha,
            numerical_error=numerical_error,
            **stated,
        )

    @classmethod
    def of_poisson(
        cls,
        *,
        count: int,
        runs: int,
        alpha: float = ALPHA,
        numerical_error: float = 0.0,
        **stated: Unpack[Stated],
    ) -> Self:
        """A total count over independent runs against its predicted mean per run (exact interval).

        Parameters
        ----------
        count, runs : int
            The total, and the number of runs over which it was counted.
        claim, quantity, prediction, margin, numerical_error, unit, alpha
            As in :class:`Agreement`; ``prediction`` is the mean of one run.
        """
        count, runs = int(count), int(runs)
        margin = stated["margin"] + _relative(numerical_error, stated["prediction"])
        return cls._of(
            poisson_interval(count, exposure=runs, alpha=alpha),
            estimate=count / runs,
            detects=smallest_poisson_deviation(
                stated["prediction"], exposure=runs, alpha=alpha, margin=margin
            ),
            samples=runs,
            assumption="a Poisson total, or one less dispersed",
            alpha=alpha,
            numerical_error=numerical_error,
            **stated,
        )

    @classmethod
    def of_value(cls, *, estimate: float, numerical_error: float, **stated: Unpack[Stated]) -> Self:
        """A deterministic value with a stated numerical error against its prediction.

        Parameters
        ----------
        estimate : float
            The computed value.
        numerical_error : float
            A bound on its error, in ``unit``.
        claim, quantity, prediction, margin, unit
            As in :class:`Agreement`; alpha is 0.
        """
        return cls._of(
            (estimate, estimate),
            estimate=estimate,
            detects=0.0,
            samples=1,
            assumption="a deterministic value within its numerical error",
            alpha=0.0,
            numerical_error=numerical_error,
            **stated,
        )

    @classmethod
    def _of(
        cls,
        interval: tuple[float, float],
        *,
        prediction: float,
        estimate: float,
        detects: float,
        numerical_error: float,
        **others: Any,
    ) -> Self:
        """The numerical error widens the interval and the deviation that it detects."""
        return cls(
            prediction=float(prediction),
            estimate=float(estimate),
            interval=(
                min(interval[0], estimate) - numerical_error,
                max(interval[1], estimate) + numerical_error,
            ),
            smallest_detectable=detects + _relative(2 * numerical_error, prediction),
            numerical_error=numerical_error,
            **others,
        )

    def __repr__(self) -> str:
        low, high = self.interval
        return (
            f"Agreement({self.verdict}: {self.quantity}; predicted {self.prediction:.5g}, "
            f"measured {self.estimate:.5g} [{low:.5g}, {high:.5g}])"
        )

    def row(self) -> dict[str, str]:
        """The comparison as one row of a table, with rounded numbers."""
        return {
            "quantity": self.quantity,
            "predicted": rounded(self.prediction, 4),
            "measured": rounded(self.estimate, 4),
            "from": rounded(self.interval[0], 4),
            "to": rounded(self.interval[1], 4),
            "ratio": "-" if self.ratio is None else f"{self.ratio:.3f}",
            "margin": f"{self.margin:g}",
            "verdict": self.verdict,
        }

    def table(self) -> Table:
        """The comparison as a table of one row."""
        return rows_table("agreements", TABLE_CAPTION, [self.row()])

    @property
    def ratio(self) -> float | None:
        """Measured over predicted; None if the quotient is not finite."""
        ratio = self.estimate / self.prediction if self.prediction else math.inf
        return ratio if math.isfinite(ratio) else None

    @property
    def ratio_interval(self) -> tuple[float, float] | None:
        """The interval divided by the prediction; None if a quotient is not finite."""
        if not self.prediction:
            return None
        low, high = sorted(end / self.prediction for end in self.interval)
        return (low, high) if math.isfinite(high - low) else None

    @property
    def verdict(self) -> Verdict:
        """The verdict: "agrees", "departs" or "undecided"."""
        return verdict(self.prediction, self.interval, self.margin)

    @property
    def decides(self) -> bool:
        """Whether the interval is at most half as wide as the margin allows.

        If so, a prediction that is right up to the numerical error agrees whenever the interval
        contains it.
        """
        reach = max(self.estimate - self.interval[0], self.interval[1] - self.estimate)
        return 2 * reach <= self.margin * (abs(self.prediction) or 1.0)

    @property
    def samples_to_decide(self) -> int | None:
        """Samples with which the interval would leave the margin's end, if the estimate stays.

        None if the comparison is decided, if the estimate lies on the end, or if the numerical
        error alone reaches it.

        >>> from polysem import verify
        >>> verify.Agreement.of_proportion(
        ...     claim="coin", quantity="heads", prediction=0.5, successes=50, trials=100,
        ...     margin=0.1,
        ... ).samples_to_decide
        2873
        """
        if self.verdict != "undecided":
            return None
        size = self.margin * (abs(self.prediction) or 1.0)
        ends = (self.prediction - size, self.prediction + size)
        room = min(abs(self.estimate - end) for end in ends) - self.numerical_error
        reach = max(self.estimate - self.interval[0], self.interval[1] - self.estimate)
        random = reach - self.numerical_error
        return math.ceil(self.samples * (random / room) ** 2) if room > 0 else None

    def sentence(self) -> str:
        """The comparison in one sentence."""
        lower, upper = self.interval
        unit = "" if self.unit == "none" else f" {self.unit}"

        def size(deviation: float) -> str:
            return f"{100 * deviation:.3g} %" if self.prediction else f"{deviation:.3g}{unit}"

        text = (
            f"{self.quantity}: predicted {self.prediction:.5g}{unit}, measured "
            f"{self.estimate:.5g} [{lower:.5g}, {upper:.5g}]"
        )
        if self.ratio_interval is not None:
            low, high = self.ratio_interval
            text += f", ratio {self.ratio:.3g} [{low:.3g}, {high:.3g}]"
        text += f"; {_WORDS[self.verdict]} at a margin of {size(self.margin)}"
        error = f"numerical error {self.numerical_error:.2g}"
        if not self.alpha:
            return f"{text} ({error})."
        seen = (
            "it can detect no deviation"
            if math.isinf(self.smallest_detectable)
            else f"it detects {size(self.smallest_detectable)} beyond the margin"
        )
        step = f", {error}" if self.numerical_error else ""
        about = "about " if self.approximate else ""
        return f"{text} ({self.samples} samples, alpha {about}{self.alpha:.1g}, {seen}{step})."

    def to_dict(self) -> dict[str, Any]:
        """Fields, ratio, verdict and sentence as plain values for JSON (no NaN, no infinity)."""
        detectable = self.smallest_detectable
        return asdict(self) | {
            "interval": list(self.interval),
            "ratio": self.ratio,
            "ratio_interval": self.ratio_interval and list(self.ratio_interval),
            "smallest_detectable": None if math.isinf(detectable) else detectable,
            "verdict": self.verdict,
            "sentence": self.sentence(),
        }


def _relative(value: float, prediction: float) -> float:
    return value / (abs(prediction) or 1.0)
