"""The quantities that a training run records, and the times at which it records them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from .._arrays import to_numpy
from .._types import Array
from .._validate import check_times
from . import measure
from .descent import Optimizer
from .problem import Problem

Measure = Callable[[Array, Array], Any]

MEASURES: dict[str, Measure] = {
    "live_weights": lambda initial, now: measure.live_weights(now),
    "l1_norm": lambda initial, now: measure.row_norms(now, 1),
    "row_norm2": lambda initial, now: measure.row_norms(now, 2),
    "fourth_norm": lambda initial, now: measure.row_norms(now, 4),
    "overlaps": lambda initial, now: measure.overlaps(now),
    "winners": lambda initial, now: measure.winners(now),
    "winner_signs": lambda initial, now: measure.winner_signs(now),
    "retained_winners": measure.retained_winners,
    "polysemantic_neurons": lambda initial, now: measure.polysemantic_neurons(now),
    "weight_correlation": measure.weight_correlation,
    "weights": lambda initial, now: now,
}

_OF_ZEROS = ("live_weights", "winners", "winner_signs", "retained_winners")


def _of_now(function: Callable[[Array], Any], problem: Problem) -> Measure:
    return lambda initial, now: function(problem.marked(now))


def zero_scale(optimizer: Optimizer, lam: float) -> float:
    """The ``dead_below`` of a run: 0, exact, where the optimizer sets weights to exactly zero."""
    return measure.DEAD_BELOW if lam and optimizer.leaves_jitter else 0.0


def _of_encoder(name: str, problem: Problem, dead_below: float) -> Measure:
    """A measure of the encoder's rows, without jitter where it asks which weights are zero."""
    function = MEASURES[name]
    if name == "weights":
        return function

    def measured(initial: Array, now: Array) -> Any:
        now = problem.encoder(now)
        if name in _OF_ZEROS:
            now = measure.without_jitter(now, dead_below, length=1.0)
        return function(problem.encoder(initial), now)

    return measured


def _shape(name: str, function: Measure, initial: Array) -> tuple[int, ...]:
    """The shape of a measure of one network."""
    value = to_numpy(function(initial[:1, ...], initial[:1, ...]))
    if not value.ndim or len(value) != 1:
        raise ValueError(
            f"Got a measure {name!r} of shape {value.shape}; it must give one entry for "
            "each network, for example weights.max(axis=(1, 2))."
        )
    return value.shape[1:]


class Schedule:
    """The quantities to record, their times, and the values recorded so far."""

    def __init__(self, measures: Mapping[str, Measure], times: Array, initial: Array):
        self.measures, self.times = measures, times
        self.values = {
            name: np.full((len(times), initial.shape[0], *_shape(name, function, initial)), np.nan)
            for name, function in measures.items()
        }

    @classmethod
    def of(
        cls,
        record: Any,
        record_at: Iterable[float],
        initial: Array,
        problem: Problem,
        optimizer: Optimizer,
    ) -> Schedule:
        """The empty schedule from the arguments of :func:`train`."""
        times = check_times("record_at", record_at)
        if isinstance(record, Mapping):
            measures = {name: _of_now(function, problem) for name, function in record.items()}
        else:
            record = (record,) if isinstance(record, str) else tuple(record)
            for name in record:
                if name not in MEASURES:
                    raise ValueError(
                        f"Got record={name!r}; choose from {', '.join(MEASURES)}, "
                        "or give a mapping of names to functions of the weights."
                    )
            dead_below = zero_scale(optimizer, problem.lam)
            measures = {name: _of_encoder(name, problem, dead_below) for name in record}
        if bool(measures) != bool(times.size):
            raise ValueError(
                "Got only one of record (quantities) and record_at (times); give both or neither."
            )
        return cls(measures, times, initial)

    def store(self, which: int, network: int, initial: Array, now: Array) -> None:
        """Record one network at the time with index ``which``."""
        for name, function in self.measures.items():
            self.values[name][which, network] = to_numpy(function(initial, now))[0]
