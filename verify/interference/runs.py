"""Ensembles of trained networks for the reshuffling chapter, and their statistics."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ... import numerics, theory
from ...numerics._types import Array, FloatArray
from ..published import data_rows, recorded_on
from ..show.rounding import mean_and_error

EARLY, LATE = (0.05, 10.0), 0.4  # altered interference: step until a time, and step from then on
REL = 0.1  # step of the quasi-static scheme
REST = 1e-4  # tolerance of the flow
MEASURED = ("same_neuron", "opposite_sign_neurons", "dead")
TABLE = "reshuffling_runs.csv"
TwoRow = dict[tuple[int, float, int], tuple[float, float]]
"""Two-row prediction and its standard error, by :attr:`Ensemble.two_row_key`."""

_BLOCK = 1 << 21  # weights trained at once


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Independent networks of one kind, to be trained.

    ``lam`` is 0 for the limit, by the quasi-static scheme. ``law`` is that of the initial weights.
    ``support`` and ``winner_push`` alter the interference (:class:`AlteredInterference`).
    ``until`` is the flow time at which to stop; by default the networks come to rest.
    """

    n: int
    m: int
    lam: float
    runs: int
    law: str = "gaussian"
    support: float = 1.0
    winner_push: bool = True
    until: float | None = None

    @property
    def sizes(self) -> str:
        """Its sizes in words."""
        return f"n = {self.n}, m = {self.m}"

    @property
    def where(self) -> str:
        """Its lambda and sizes in words."""
        return f"lambda {f'= {self.lam:.4g}' if self.lam else '-> 0'}, {self.sizes}"

    @property
    def crowding(self) -> float:
        """n/sqrt(m)."""
        return self.n / math.sqrt(self.m)

    @property
    def two_row_key(self) -> tuple[int, float, int]:
        """Neurons, lambda sqrt(m) and features: the key of its two-row prediction."""
        return self.m, round(self.lam * math.sqrt(self.m), 6), self.n

    @property
    def expected(self) -> float:
        """The mean of the exclusion law for its polysemantic neurons."""
        return float(theory.expected_neurons_exclusion(n=self.n, m=self.m))

    @property
    def spawn_key(self) -> tuple[int, ...]:
        """The spawn key of its random draws, which no other ensemble has."""
        flags = 4 * (self.until is not None) + 2 * (self.law == "laplace") + (not self.winner_push)
        return (self.n, self.m, round(1e9 * self.lam), round(100 * self.support), flags)

    def run(self, entropy: int) -> dict[str, FloatArray]:
        """Train the networks and measure each."""
        rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=self.spawn_key))
        found: list[tuple[Array, Array, Array]] = []
        for runs in _blocks(self.runs, self.n * self.m):
            initial = self.initial(rng, runs)
            final = self.train(initial)
            live = np.abs(final).max(axis=-1) > 0
            same = (np.abs(final).argmax(axis=-1) == np.abs(initial).argmax(axis=-1)) & live
            both = (final.max(axis=1) > 0) & (final.min(axis=1) < 0)
            found.append((same.mean(axis=1), both.sum(axis=1).astype(float), 1 - live.mean(axis=1)))
        parts = map(np.concatenate, zip(*found, strict=True))
        return dict(zip(MEASURED, parts, strict=True))

    def initial(self, rng: np.random.Generator, runs: int) -> Array:
        """Initial weights in float32."""
        shape = (runs, self.n, self.m)
        rows = rng.laplace(size=shape) if self.law == "laplace" else rng.standard_normal(shape)
        return (rows / math.sqrt(self.m)).astype(np.float32)

    def train(self, initial: Array) -> Array:
        """The weights at rest, or at the time ``until``."""
        if self.until is not None:
            return numerics.train(initial, self.lam, max_time=self.until).weights
        if self.lam == 0:
            return numerics.train(initial, 0.0, optimizer="quasistatic", rel=REL).weights
        if self.support != 1 or not self.winner_push:
            model = numerics.AlteredInterference(support=self.support, winner_push=self.winner_push)
            step, until = EARLY
            early = numerics.train(initial, self.lam, model=model, step_size=step, max_time=until)
            return numerics.train(
                early.weights, self.lam, model=model, step_size=LATE, tolerance=REST
            ).weights
        strong = self.lam * math.sqrt(self.m) > 1  # the fate of a row depends on the step
        return numerics.train(
            initial, self.lam, step_size=0.0125 if strong else None, tolerance=REST
        ).weights


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcomes:
    """What training made of the networks of an ensemble, one entry a network.

    ``same_neuron`` is the fraction of features that end on the neuron of their largest initial
    weight, of either sign; dead features, whose fraction is ``dead``, do not.
    ``opposite_sign_neurons`` counts neurons with weights of both signs, whatever their size.
    """

    ensemble: Ensemble
    same_neuron: FloatArray
    opposite_sign_neurons: FloatArray
    dead: FloatArray = field(repr=False)

    def row(self) -> dict[str, Any]:
        """Means, standard errors and the variance of the count, for a table."""
        count, expected = self.opposite_sign_neurons, self.ensemble.expected
        row = asdict(self.ensemble)
        for name, values in (
            ("same_neuron", self.same_neuron),
            ("count_ratio", count / expected),
            ("dead", self.dead),
        ):
            row[name], row[f"{name}_error"] = mean_and_error(values)
        return row | {"count_variance": float(count.var(ddof=1)) if len(count) > 1 else math.nan}


@dataclass(frozen=True, kw_only=True)
class Means:
    """Means and standard errors of an ensemble, measured now or read from the shipped table.

    ``row`` is as :meth:`Outcomes.row` gives it; ``recorded`` is the date of the shipped table, and
    empty if the networks were trained in this report.
    """

    ensemble: Ensemble
    row: dict[str, Any]
    recorded: str = ""

    @classmethod
    def of(cls, outcomes: Outcomes) -> Means:
        """The means of trained networks."""
        return cls(ensemble=outcomes.ensemble, row=outcomes.row())

    @classmethod
    def shipped(cls, purpose: str) -> list[Means]:
        """All ensembles of one purpose in the shipped table."""
        found = []
        for row in data_rows(TABLE):
            if row["purpose"] == purpose:
                sizes = {name: int(row[name]) for name in ("n", "m", "runs")}
                ensemble = Ensemble(
                    **sizes,
                    lam=float(row["lam"]),
                    support=float(row["support"]),
                    law=row["law"],
                    winner_push=row["winner_push"] == "True",
                )
                found.append(cls(ensemble=ensemble, row=dict(row), recorded=recorded_on(TABLE)))
        return found

    @property
    def source(self) -> str:
        """Words for a line of the report: the date, if the means are read from the table."""
        return f" (recorded on {self.recorded})" if self.recorded else ""

    def estimate(self, name: str, scale: float = 1.0) -> dict[str, Any]:
        """Estimate, standard error and sample size of one column, times a factor."""
        return {
            "estimate": scale * float(self.row[name]),
            "error": scale * float(self.row[f"{name}_error"]),
            "samples": self.ensemble.runs,
        }


def _blocks(runs: int, size: int) -> Iterator[int]:
    """How many networks of a size to train at once."""
    block = max(1, _BLOCK // size)
    yield from (min(block, runs - first) for first in range(0, runs, block))
