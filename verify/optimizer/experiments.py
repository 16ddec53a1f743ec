"""Experiments of the chapter on the optimizer: baselines without l1, forced sharing, two rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import numerics
from ...numerics._types import Array


def _start(entropy: int, n: int, m: int, networks: int) -> Array:
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(7, n, m)))
    return numerics.initial_weights(n, m, rng, instances=networks)


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """Networks without l1 and noise, under one optimizer.

    >>> from polysem.verify.optimizer.experiments import Baseline
    >>> found = Baseline(n=4, m=32, networks=2, optimizer="sgd").run(0)
    >>> found["fourth_norm"].shape, int(found["neurons"].sum())
    ((2,), 0)
    """

    n: int
    m: int
    networks: int
    optimizer: str

    def run(self, entropy: int) -> dict[str, Array]:
        """Mean fourth norm of the rows over q^2, and polysemantic neurons, of each network."""
        settings: dict[str, Any] = {"steps": 4000}
        if self.optimizer == "flow":
            settings = {"max_time": 200.0}
        start = _start(entropy, self.n, self.m, self.networks)
        final = numerics.train(start, 0.0, optimizer=self.optimizer, **settings).weights
        fourth = (final**4).sum(axis=-1) / (final**2).sum(axis=-1) ** 2
        neurons = numerics.polysemantic_neurons(final)
        return {"fourth_norm": fourth.mean(axis=-1), "neurons": neurons}


@dataclass(frozen=True, kw_only=True)
class Forced:
    """Networks with more features than neurons, under the flow or AdamW.

    >>> from polysem.verify.optimizer.experiments import Forced
    >>> found = Forced(n=6, m=4, lam=0.02, networks=2, optimizer="flow").run(0)
    >>> bool((found["neurons"] >= 2).all())
    True
    """

    n: int
    m: int
    lam: float
    networks: int
    optimizer: str

    def run(self, entropy: int) -> dict[str, Array]:
        """The number of polysemantic neurons of each network."""
        start = _start(entropy, self.n, self.m, self.networks)
        final = numerics.train(start, self.lam, optimizer=self.optimizer).weights
        return {"neurons": numerics.polysemantic_neurons(final)}
