"""One prediction: a closed form at given arguments, and the setting for which it is asked."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import Any

from .. import numerics, theory
from .show.rounding import rounded, shown
from .show.tables import Table, Tabular, rows_table


@dataclass(frozen=True, kw_only=True)
class Setting:
    """The network for which predictions are asked; None stands for what is not given.

    ``learning_rate`` turns times into steps; ``cooccurrence`` is the weight of a pair or the
    probability that a feature is active, as ``data`` says; ``unequal`` holds importance,
    frequencies and pairs; ``dropout`` is the rate; ``adam`` has the settings of AdamW.
    """

    n: int
    m: int
    lam: float | None = None
    optimizer: str = "flow"
    sigma: float | None = None
    kurtosis: float | None = None
    learning_rate: float = 0.02
    data: str | None = None
    cooccurrence: float | None = None
    unequal: numerics.UnequalFeatures | None = None
    dropout: float | None = None
    adam: numerics.AdamW | None = None


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One closed form at given arguments: its value, or why it has none.

    >>> from polysem import verify
    >>> verify.predict(256, 1024)["expected_pairs"].value
    15.9375

    Parameters
    ----------
    name : str
        The name of the formula in :mod:`polysem.theory`.
    value : float or None
        The value; None outside the regime.
    reason : str or None
        Why there is no value.
    meaning, error, source : str
        What the value is, what is left out, and where it comes from.
    warning : str, optional
        A warning, if the value signals a problem.
    standard_error : float
        Standard error of a value that is fitted to measurements; 0 for a closed form.

    Source
    ------
    The source that the prediction names.
    """

    name: str
    value: float | None
    reason: str | None = None
    meaning: str
    error: str
    source: str
    warning: str | None = None
    standard_error: float = 0.0

    def __post_init__(self) -> None:
        if self.value is not None and not math.isfinite(self.value):
            object.__setattr__(self, "value", None)
            object.__setattr__(self, "reason", "the value is not finite in double precision")


class Predictions(Tabular, dict[str, Prediction]):
    """Predictions by name, with a text and a JSON form, as :func:`predict` returns them.

    Source
    ------
    The source that each prediction names.
    """

    def to_dict(self) -> dict[str, Any]:
        """Values by name; ``reasons`` for those that are null, ``warnings``, ``about``."""
        values: dict[str, Any] = {p.name: p.value for p in self.values()}
        values["reasons"] = {p.name: p.reason for p in self.values() if p.reason}
        values["warnings"] = {p.name: p.warning for p in self.values() if p.warning}
        values["about"] = {
            p.name: {"meaning": p.meaning, "error": p.error, "source": p.source}
            for p in self.values()
        }
        return values

    def __repr__(self) -> str:
        given = [p.name for p in self.values() if p.value is not None]
        return f"Predictions({len(given)} of {len(self)} hold: {', '.join(given[:3])}, ...)"

    def __str__(self) -> str:
        """Each value, or why there is none, one a line."""
        width = max(map(len, self))
        return "\n".join(
            f"{name:<{width}}  {'none: ' + str(p.reason) if p.value is None else rounded(p.value)}"
            for name, p in self.items()
        )

    def table(self) -> Table:
        """Value, or why there is none, with meaning, error and source."""
        rows = [
            {
                "prediction": p.name,
                "value": "-" if p.value is None else rounded(p.value, 6),
                "meaning": p.meaning if p.reason is None else p.reason,
                "error": p.error,
                "source": p.source,
            }
            for p in self.values()
        ]
        return rows_table("predictions", "What the closed forms expect.", rows)

    def text(self, *, details: bool = False) -> str:
        """The answer, then one line a prediction; with its meaning, error and source in detail."""
        width = max(map(len, self)) + 2
        lines, absent = self._answer(), dict[str | None, list[str]]()
        for p in self.values():
            if p.value is None:
                absent.setdefault(p.reason, []).append(p.name)
                continue
            lines += wrapped(f"{p.name:<{width}}", shown(p.value, p.standard_error))
            if details:
                lines += wrapped(" " * width, f"{p.meaning} Error: {p.error}. Source: {p.source}.")
            if p.warning:
                lines += wrapped(" " * width, f"Warning: {p.warning}.")
        for reason, names in absent.items():
            why = str(reason).removesuffix(".")
            lines += ["", *wrapped("", f"No value for {', '.join(names)}: {why}.")]
        return "\n".join(lines)

    def _answer(self) -> list[str]:
        """The first question answered in a sentence, where the answer is known."""
        names = ("expected_neurons", "expected_neurons_low", "expected_neurons_high")
        found = [self[name].value for name in (*names, "probability_none") if name in self]
        values = [value for value in found if value is not None]
        if len(values) < 4:
            return []
        mean, low, high, none = values
        sentence = (
            f"Expect {rounded(mean, 3)} polysemantic neurons. One network has {low:.0f} to "
            f"{high:.0f} of them with probability 0.95, and none with probability "
            f"{rounded(none, 2)}."
        )
        return [*wrapped("", sentence), ""]


def wrapped(head: str, text: str) -> list[str]:
    """A text in lines of at most 100 letters, indented below its head.

    >>> from polysem.verify.prediction import wrapped
    >>> wrapped("one  ", "two three")
    ['one  two three']
    """
    return textwrap.wrap(
        text,
        100,
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_long_words=False,
        break_on_hyphens=False,
    )


def evaluate(formula: theory.Formula, **arguments: Any) -> Prediction:
    """A formula at given arguments; outside its regime a reason in place of a value."""
    value, reason = None, None
    missing = [name for name, given in arguments.items() if given is None]
    if missing:
        reason = f"needs {', '.join(missing)}"
    else:
        try:
            value = formula(**arguments)
        except OverflowError:
            reason = "the value, or a step on the way to it, is too large for double precision"
        except (theory.RegimeError, ArithmeticError) as error:
            reason = str(error)
    return Prediction(
        name=formula.name,
        value=value,
        reason=reason,
        meaning=formula.meaning,
        error=formula.error,
        source=formula.source,
    )
