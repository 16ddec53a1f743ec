"""Networks trained to see who wins and how many collide: ensembles of runs and their statistics."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import numerics, theory

EARLY, LATE = (0.05, 10.0), 0.4  # altered interference: step until a time, and step from then on
REL = 0.1  # step of the quasi-static scheme
REST = 1e-4  # tolerance of the flow
_BLOCK = 1 << 21  # weights trained at once


@dataclass(frozen=True, kw_only=True)
class Ensemble:
    """Networks of one kind that are to be trained, independent of one another.

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons.
    lam : float
        The paper's lambda; 0 stands for the limit, by the quasi-static scheme.
    runs : int
        Number of networks.
    law : {"gaussian", "laplace"}
        The law of the initial weights.
    support : float
        Factor on pushes onto weights of opposite sign.
    winner_push : bool
        Whether a row's largest weight supports weights of opposite sign.
    until : float, optional
        Flow time at which to stop; by default at rest.
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
    def seed(self) -> tuple[int, ...]:
        """A spawn key that belongs to this ensemble alone."""
        flags = 4 * (self.until is not None) + 2 * (self.law == "laplace") + (not self.winner_push)
        return (self.n, self.m, round(1e9 * self.lam), round(100 * self.support), flags)

    def run(self, entropy: int) -> dict[str, NDArray[np.float64]]:
        """Train the networks; what came of each.

        >>> from polysem.verify.interference.runs import Ensemble
        >>> Ensemble(n=4, m=16, lam=0.0, runs=5).run(entropy=1)["neurons"].shape
        (5,)
        """
        rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=self.seed))
        found: list[tuple[NDArray, NDArray, NDArray]] = []
        for runs in _blocks(self.runs, self.n * self.m):
            initial = self.initial(rng, runs)
            final = self.train(initial)
            live = np.abs(final).max(axis=-1) > 0
            won = (np.abs(final).argmax(axis=-1) == np.abs(initial).argmax(axis=-1)) & live
            both = (final.max(axis=1) > 0) & (final.min(axis=1) < 0)
            found.append((won.mean(axis=1), both.sum(axis=1).astype(float), 1 - live.mean(axis=1)))
        parts = map(np.concatenate, zip(*found, strict=True))
        return dict(zip(("retained", "neurons", "dead"), parts, strict=True))

    def initial(self, rng: np.random.Generator, runs: int) -> NDArray:
        """Initial weights in float32."""
        shape = (runs, self.n, self.m)
        rows = rng.laplace(size=shape) if self.law == "laplace" else rng.standard_normal(shape)
        return (rows / math.sqrt(self.m)).astype(np.float32)

    def train(self, initial: NDArray) -> NDArray:
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
    """What came of the networks of an ensemble, one entry a network.

    Parameters
    ----------
    ensemble : Ensemble
        The kind of network.
    retained : numpy.ndarray, shape (runs,)
        Fraction of features whose initial winner won; dead ones count as lost.
    neurons : numpy.ndarray, shape (runs,)
        Neurons shared by two features of opposite sign, the count K.
    dead : numpy.ndarray, shape (runs,)
        Fraction of features without a weight.
    """

    ensemble: Ensemble
    retained: NDArray[np.float64]
    neurons: NDArray[np.float64]
    dead: NDArray[np.float64] = field(repr=False)

    @property
    def expected(self) -> float:
        """The mean count of the exclusion law."""
        return float(theory.expected_neurons_exclusion(n=self.ensemble.n, m=self.ensemble.m))

    def row(self) -> dict[str, Any]:
        """Means, standard errors and the variance of the count, for a table."""
        runs = len(self.neurons)

        def error(values: NDArray) -> float:
            return float(values.std(ddof=1) / math.sqrt(runs)) if runs > 1 else math.nan

        return asdict(self.ensemble) | {
            "retained": float(self.retained.mean()),
            "retained_error": error(self.retained),
            "count_ratio": float(self.neurons.mean()) / self.expected,
            "count_ratio_error": error(self.neurons) / self.expected,
            "count_variance": float(self.neurons.var(ddof=1)) if runs > 1 else math.nan,
            "dead": float(self.dead.mean()),
            "dead_error": error(self.dead),
        }


def _blocks(runs: int, size: int) -> Iterator[int]:
    """How many networks of a size to train at once."""
    block = max(1, _BLOCK // size)
    yield from (min(block, runs - first) for first in range(0, runs, block))
