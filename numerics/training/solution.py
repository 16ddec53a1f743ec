"""The result of a training run: weights, records and how the run ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np

from .._arrays import is_foreign
from .._show import frame
from .._types import Array, Packed


class Outcome(Enum):
    """How a run ended; the value is a sentence that names the remedy.

    >>> from polysem import numerics
    >>> numerics.Outcome.CONVERGED.value
    'The weights came to rest.'

    Source
    ------
    paper_notes/training.md.
    """

    CONVERGED = "The weights came to rest."
    COMPLETED = "All requested steps were taken, or the requested time is over."
    COLLAPSED = "All weights are zero; lower lam to keep features alive."
    OUT_OF_STEPS = (
        "The weights were still changing at the last step; raise max_steps or give max_time."
    )
    OVERLAPPING = (
        "Some rows still had a positive inner product after max_pushes corrections; raise "
        "overlap_tolerance."
    )
    INTERRUPTED = "The run was stopped by hand; the weights are those of the last step."
    DIVERGED = "The weights grew without bound; lower the step size (learning rate)."

    def __str__(self) -> str:
        return self.name.lower()

    @property
    def as_asked(self) -> bool:
        """Whether the weights are what the run was asked for."""
        return self in (Outcome.CONVERGED, Outcome.COMPLETED, Outcome.COLLAPSED)


_SEVERITY = tuple(Outcome)


def _first(stack: Array) -> Array:
    first = stack[0, ...]
    return first if is_foreign(first) else np.asanyarray(first)


_PARTIAL = "The weights so far are in Solution.partial_weights."


class TrainingError(RuntimeError):
    """A run that did not end as asked, raised where its weights are used as if it had.

    >>> from polysem import numerics
    >>> issubclass(numerics.TrainingError, RuntimeError)
    True

    Parameters
    ----------
    solution : Solution
        The result of the run.

    Source
    ------
    paper_notes/training.md.
    """

    def __init__(self, solution: Solution):
        super().__init__(f"{solution.outcome.value} {_PARTIAL}")
        self.solution = solution

    def __reduce__(self) -> tuple[type[TrainingError], tuple[Solution]]:
        return TrainingError, (self.solution,)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Solution:
    """The result of a training run: weights, outcome, records and costs.

    ``weights`` is an error unless all networks ended as asked: at rest, after the requested steps
    or time, or with all weights zero. ``partial_weights`` has what there is in any case.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(4, 16, np.random.default_rng(0))
    >>> numerics.train(start, lam=0.05)
    Solution(n=4, m=16, lam=0.05, optimizer=flow, outcome=converged)

    Parameters
    ----------
    initial, partial_weights : array, shape (n, m) or (networks, n, m)
        The weights before and after, features first, however the run ended, in the library and
        on the device of the initial weights; all parameters of a
        model with a decoder or a bias, which measures refuse: unpack them with the model.
    lam : float
        The paper's lambda, in flow units.
    optimizer : object
        The optimizer with all its settings.
    outcomes : numpy.ndarray of Outcome, shape () or (networks,)
        How each network's run ended.
    time : numpy.ndarray, shape () or (networks,)
        When each network's run ended: flow time, or steps for AdamW.
    steps : numpy.ndarray of int, shape () or (networks,)
        Steps taken.
    records : mapping of str to numpy.ndarray
        "time", shape (times,), and each recorded quantity, shape (times, ...); NaN where a
        run ended badly before that time.
    stats : mapping of str to object
        Costs of the run, as seconds and evaluations of the gradient, and the device and the type
        of the weights.

    Source
    ------
    paper_notes/training.md.
    """

    initial: Array
    partial_weights: Array
    lam: float
    optimizer: Any
    outcomes: Array
    time: Array
    steps: Array
    records: Mapping[str, Array] = field(default_factory=dict)
    stats: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_stack(
        cls,
        initial: Array,
        *,
        lam: float,
        optimizer: Any,
        records: Mapping[str, Array],
        stats: Mapping[str, Any],
        **stacks: Array,
    ) -> Solution:
        """From arrays with an axis for the networks, which goes where ``initial`` has none.

        The records have this axis after that of the times.
        """
        one = initial.ndim == 2
        return cls(
            initial=initial,
            lam=lam,
            optimizer=optimizer,
            records={
                name: values[:, 0] if one and name != "time" else values
                for name, values in records.items()
            },
            stats=stats,
            **{name: _first(stack) if one else stack for name, stack in stacks.items()},
        )

    @property
    def weights(self) -> Array:
        """The weights after a run that ended as asked; the errors of :meth:`as_asked`."""
        return self.as_asked().partial_weights

    def as_asked(self) -> Solution:
        """This solution, if the run ended as asked.

        Raises
        ------
        TrainingError
            If a network diverged, was still moving at the last step, or overlapped.
        KeyboardInterrupt
            If the run was stopped by hand: whoever needs its result has to stop too.
        """
        if Outcome.INTERRUPTED in np.atleast_1d(self.outcomes):
            raise KeyboardInterrupt(f"{Outcome.INTERRUPTED.value} {_PARTIAL}")
        if not self.outcome.as_asked:
            raise TrainingError(self)
        return self

    @property
    def outcome(self) -> Outcome:
        """The worst outcome among the networks."""
        return max(np.atleast_1d(self.outcomes), key=_SEVERITY.index)

    def to_frame(self) -> Any:
        """A pandas table, a row for each network: how and when its run ended."""
        outcomes = np.atleast_1d(self.outcomes)
        return frame(
            {
                "network": np.arange(outcomes.size),
                "outcome": [str(outcome) for outcome in outcomes],
                "time": np.atleast_1d(self.time),
                "steps": np.atleast_1d(self.steps),
            }
        )

    def __repr__(self) -> str:
        *stack, n, m = self.partial_weights.shape
        many = f", networks={stack[0]}" if stack else ""
        size = (
            f"parameters={n} x {m}" if isinstance(self.partial_weights, Packed) else f"n={n}, m={m}"
        )
        return (
            f"Solution({size}{many}, lam={self.lam:g}, "
            f"optimizer={self.optimizer.name}, outcome={self.outcome})"
        )
