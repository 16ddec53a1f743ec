"""Diagnoses of several checkpoints of one training run, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import numerics
from ...numerics._types import Array
from ...numerics._validate import check_weights
from ..show.figures import Plot
from .arrays import to_numpy
from .diagnose import diagnose
from .orientation import resolve_layout
from .result import Diagnosis

if TYPE_CHECKING:
    import pandas as pd

_LETTERS = 16  # of the name of a checkpoint below its axis


@dataclass(frozen=True, kw_only=True)
class Checkpoints:
    """The result of :func:`diagnose_checkpoints`.

    >>> import numpy as np
    >>> from polysem import verify
    >>> rng = np.random.default_rng(0)
    >>> states = {step: verify.strategies.exclusion_state(4, 9, rng) for step in (0, 10)}
    >>> verify.diagnose_checkpoints(states)
    Checkpoints(0 to 10: 2 checkpoints)

    Parameters
    ----------
    steps : tuple of str
        The names of the checkpoints.
    found : tuple of Diagnosis
        Their diagnoses.
    retained : tuple of float
        Fraction of features whose largest weight is on the same neuron, with the same sign, as in
        the first checkpoint; NaN if the shapes differ.

    Source
    ------
    paper_notes/statistics.md.
    """

    steps: tuple[str, ...]
    found: tuple[Diagnosis, ...]
    retained: tuple[float, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row for each checkpoint: name, mean count, retained fraction and verdict."""
        return [
            {
                "checkpoint": step,
                "neurons": one.mean,
                "retained": None if np.isnan(kept) else kept,
                "ratio": one.ratio,
                "p_value": one.p_value,
                "verdict": one.verdict,
            }
            for step, one, kept in zip(self.steps, self.found, self.retained, strict=True)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"checkpoints": self.rows()}

    def to_frame(self) -> pd.DataFrame:
        """The rows as a pandas table."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def text(self) -> str:
        """The rows as lines of text."""
        last = self.found[-1]
        width = max(len("checkpoint"), *map(len, self.steps))
        lines = [
            f"verdict of the last checkpoint: {last.words}.",
            f"{last.instances} network(s), {last.n} features x {last.m} neurons, read "
            f"{last.layout}; neurons: shared by two features or more; retained: features on the "
            "slot of the first checkpoint.",
            f"{'checkpoint':{width}s}  neurons  retained  verdict",
        ]
        for row in self.rows():
            kept = "-" if row["retained"] is None else f"{row['retained']:.3f}"
            lines.append(
                f"{row['checkpoint']:{width}s}  {row['neurons']:7.4g}  {kept:>8s}  {row['verdict']}"
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Checkpoints({self.steps[0]} to {self.steps[-1]}: {len(self.steps)} checkpoints)"

    def plot(self) -> Plot:
        """Shared neurons and retained features at each checkpoint."""
        steps = self.steps

        def draw(figure: Any, data: pd.DataFrame) -> None:
            upper, lower = figure.subplots(2, 1, sharex=True)
            upper.plot(range(len(data)), data.neurons, "o-")
            upper.set_ylabel("shared neurons")
            lower.plot(range(len(data)), data.retained.astype(float), "o-")
            lower.set_ylabel("retained")
            lower.set_ylim(0, 1.05)
            shown = range(0, len(data), max(1, len(data) // 6))
            names = [Path(steps[place]).name[-_LETTERS:] for place in shown]
            lower.set_xticks(list(shown), names, rotation=30)
            lower.set_xlabel("checkpoint")

        caption = (
            "Neurons that two features or more share, and the fraction of features on the neuron "
            "and sign of their largest weight in the first checkpoint (both measured). Verdict of "
            f"the last: {self.found[-1].words}."
        )
        return Plot(name="checkpoints", caption=caption, data=self.to_frame(), draw=draw)


def diagnose_checkpoints(weights: Mapping[Any, Any], **options: Any) -> Checkpoints:
    """Diagnose the checkpoints of a training run, with one layout for all of them.

    The last checkpoint decides the layout if none is given: it has been trained longest.

    >>> import numpy as np
    >>> from polysem import numerics, verify
    >>> start = numerics.initial_weights(8, 16, np.random.default_rng(0), instances=3)
    >>> end = numerics.train(start, 0.05).weights
    >>> run = verify.diagnose_checkpoints({0: start, 500: end})
    >>> [one.verdict for one in run.found]
    ['no-neurons', 'undecided']

    Parameters
    ----------
    weights : mapping
        Name or step of each checkpoint, in their order, and its weights.
    **options
        As of :func:`diagnose`.

    Returns
    -------
    Checkpoints
        Diagnoses and retained fractions.

    Raises
    ------
    ValueError
        If there is no checkpoint, and as :func:`diagnose`.

    Source
    ------
    paper_notes/statistics.md.
    """
    if not weights:
        raise ValueError("Got no checkpoint; give the weights of at least one.")
    arrays = [check_weights("weights", to_numpy(value)) for value in weights.values()]
    last = arrays[-1]
    stack = last if last.ndim == 3 else last[None]
    options["layout"] = resolve_layout(stack, options.get("layout"), stacked=last.ndim == 3)
    swap = options["layout"] == "neurons-first"
    return Checkpoints(
        steps=tuple(str(name) for name in weights),
        found=tuple(diagnose(one, **options) for one in arrays),
        retained=tuple(_retained(arrays[0], one, swap=swap) for one in arrays),
    )


def _retained(first: Array, later: Array, *, swap: bool) -> float:
    if first.shape != later.shape:
        return float("nan")
    if swap:
        first, later = first.swapaxes(-1, -2), later.swapaxes(-1, -2)
    return float(numerics.retained_winners(first, later).mean())
