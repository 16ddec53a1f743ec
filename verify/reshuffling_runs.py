"""Networks trained to see who wins and how many collide: ensembles of runs and their statistics."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import numerics, theory
from .kept import kept

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
    """

    n: int
    m: int
    lam: float
    runs: int
    law: str = "gaussian"
    support: float = 1.0
    winner_push: bool = True

    @property
    def sizes(self) -> str:
        """Its sizes in words."""
        return f"n = {self.n}, m = {self.m}"

    @property
    def seed(self) -> tuple[int, ...]:
        """A spawn key that belongs to this ensemble alone."""
        flags = 2 * (self.law == "laplace") + (not self.winner_push)
        return (self.n, self.m, round(1e9 * self.lam), round(100 * self.support), flags)

    def initial(self, rng: np.random.Generator, runs: int) -> NDArray:
        """Initial weights in float32."""
        shape = (runs, self.n, self.m)
        rows = rng.laplace(size=shape) if self.law == "laplace" else rng.standard_normal(shape)
        return (rows / math.sqrt(self.m)).astype(np.float32)

    def train(self, initial: NDArray) -> NDArray:
        """The weights at rest."""
        if self.lam == 0:
            return numerics.train(initial, 0.0, optimizer="quasistatic").weights
        model = None
        settings: dict[str, Any] = {"tolerance": 1e-4}
        if self.support != 1 or not self.winner_push:
            model = numerics.AlteredInterference(support=self.support, winner_push=self.winner_push)
            settings["step_size"] = 0.2
        elif self.lam * math.sqrt(self.m) > 1:  # the fate of a row depends on the step
            settings["step_size"] = 0.0125
        return numerics.train(initial, self.lam, model=model, **settings).weights


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


def run_ensemble(ensemble: Ensemble, entropy: int) -> Outcomes:
    """Train the networks of an ensemble, from seeds that depend on it and the entropy alone.

    An interrupted report finds the outcomes again.

    >>> from polysem.verify.reshuffling_runs import Ensemble, run_ensemble
    >>> run_ensemble(Ensemble(n=4, m=16, lam=0.0, runs=5), entropy=1).neurons.shape
    (5,)
    """
    about = {"ensemble": asdict(ensemble), "entropy": entropy}
    return Outcomes(
        ensemble=ensemble, **kept("reshuffling", about, lambda: _outcomes(ensemble, entropy))
    )


def _outcomes(ensemble: Ensemble, entropy: int) -> dict[str, NDArray[np.float64]]:
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=ensemble.seed))
    block = max(1, _BLOCK // (ensemble.n * ensemble.m))
    found: list[tuple[NDArray, NDArray, NDArray]] = []
    for first in range(0, ensemble.runs, block):
        initial = ensemble.initial(rng, min(block, ensemble.runs - first))
        final = ensemble.train(initial)
        live = np.abs(final).max(axis=-1) > 0
        won = (np.abs(final).argmax(axis=-1) == np.abs(initial).argmax(axis=-1)) & live
        both = (final.max(axis=1) > 0) & (final.min(axis=1) < 0)
        found.append((won.mean(axis=1), both.sum(axis=1).astype(float), 1 - live.mean(axis=1)))
    names = ("retained", "neurons", "dead")
    parts = map(np.concatenate, zip(*found, strict=True))
    return dict(zip(names, parts, strict=True))


def ensembles(scale: str) -> dict[str, list[Ensemble]]:
    """The ensembles of the chapter by purpose, at a scale.

    >>> from polysem.verify.reshuffling_runs import ensembles
    >>> sorted(ensembles("quick"))
    ['dead', 'flow', 'laplace', 'limit', 'support']
    """
    if scale == "quick":
        limit = {(4, 16): 400, (16, 16): 200, (8, 64): 200, (16, 64): 200, (32, 64): 150}
        limit |= {(16, 256): 60, (32, 256): 50, (64, 256): 40}
        laplace = {(32, 64): 60}
        flow = {(32, 64): 60}
        support = [Ensemble(n=16, m=16, lam=0.01, runs=400, support=s) for s in (1.0, 0.0)]
        dead = [Ensemble(n=64, m=64, lam=lam, runs=10) for lam in (0.19, 0.22)]
        strengths: tuple[float, ...] = (0.3,)
    else:
        limit = {(2, 16): 1500, (4, 16): 1500, (8, 16): 800, (16, 16): 400}
        limit |= {(4, 64): 800, (8, 64): 600, (16, 64): 600, (32, 64): 500, (64, 64): 150}
        limit |= {(8, 256): 250, (16, 256): 250, (32, 256): 250, (64, 256): 200, (128, 256): 50}
        limit |= {(256, 256): 16, (16, 1024): 100, (32, 1024): 100, (64, 1024): 80}
        limit |= {(128, 1024): 50, (256, 1024): 16, (64, 4096): 16, (128, 4096): 10}
        limit |= {(256, 4096): 6}
        laplace = {(8, 64): 300, (16, 64): 300, (32, 64): 300, (16, 256): 120, (32, 256): 120}
        laplace |= {(64, 256): 100, (32, 1024): 40, (64, 1024): 30, (128, 1024): 24}
        flow = {(16, 64): 400, (32, 64): 400, (64, 64): 150, (32, 256): 120, (64, 256): 100}
        flow |= {(128, 256): 40, (64, 1024): 30, (128, 1024): 20}
        flow |= {(2, 16): 1000, (4, 16): 1000, (8, 16): 600, (16, 16): 300}
        flow |= {(4, 64): 500, (8, 64): 400, (8, 256): 150, (16, 256): 150, (256, 256): 10}
        flow |= {(16, 1024): 40, (32, 1024): 40, (256, 1024): 8}
        strengths = (0.1, 0.3, 0.7)
        small = {(4, 16): 16_000, (8, 16): 12_000, (16, 16): 3000}
        support = [
            Ensemble(n=n, m=m, lam=0.01, runs=runs // (4 if s else 1), support=s)
            for (n, m), runs in small.items()
            for s in (0.0, 1.0)
        ]
        support += [
            Ensemble(n=32, m=64, lam=0.01, runs=300, support=s) for s in (0.0, 0.25, 0.5, 0.75, 1.0)
        ]
        support += [
            Ensemble(n=32, m=64, lam=0.01, runs=300, winner_push=False),
            Ensemble(n=64, m=64, lam=0.01, runs=100, support=0.0),
            Ensemble(n=64, m=256, lam=0.01, runs=100, support=0.0),
            Ensemble(n=64, m=256, lam=0.01, runs=100),
        ]
        dead = [
            Ensemble(n=64, m=m, lam=lam, runs=runs)
            for m, runs, lams in (
                (64, 60, (0.16, 0.19, 0.22, 0.25)),
                (1024, 12, (0.07, 0.077, 0.084, 0.092)),
            )
            for lam in lams
        ]
    return {
        "limit": [Ensemble(n=n, m=m, lam=0.0, runs=r) for (n, m), r in limit.items()],
        "laplace": [
            Ensemble(n=n, m=m, lam=0.0, runs=r, law="laplace") for (n, m), r in laplace.items()
        ],
        "flow": [
            Ensemble(n=n, m=m, lam=strength / math.sqrt(m), runs=r)
            for strength in strengths
            for (n, m), r in flow.items()
        ],
        "support": support,
        "dead": dead,
    }
