"""Networks trained with dropout and l1, beside lone rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ... import numerics, theory
from ...numerics._types import Array

N, M, LAM = 8, 32, 0.05
RATIOS = (0.4, 0.8, 1.03, 1.06, 1.1)
"""Variances of the mask, over the one at which two weights become stable."""
LARGE = 0.8
"""The least weight that counts in a polysemantic neuron, by the authors' rule."""
ROWS = 4000
STARTS = 20_000
"""Starts of two rows alone, from which the chance of a pair is estimated."""
_TIME = 20.0  # of lambda t
_EXACT = 4  # shared neurons up to which the masks of two rows are summed


def threshold(lam: float) -> float:
    """The variance of the mask at which two equal weights become stable.

    >>> from polysem.verify.dropout.runs import threshold
    >>> round(threshold(0.05), 5)
    0.08459
    """
    from scipy.optimize import brentq

    return float(brentq(lambda noise: theory.spread_lam(2.0, noise) - lam, lam, 4 * lam))


def rate_of(noise: float) -> float:
    """The rate of dropout whose mask has a variance."""
    return noise / (1 + noise)


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Networks, two rows alone and lone rows under dropout; ratio: variance over the threshold."""

    ratio: float
    networks: int
    rows: int = ROWS
    starts: int = STARTS
    n: int = N
    m: int = M
    lam: float = LAM

    @property
    def rate(self) -> float:
        """The rate of dropout."""
        return rate_of(self.ratio * threshold(self.lam))

    def run(self, entropy: int) -> dict[str, Array]:
        """Polysemantic neurons and weights of networks, chances of two rows, weights of lone rows.

        Two rows are trained with dropout and, from the same starts, without.
        """
        key = (32, round(1e4 * self.ratio))
        rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=key))
        model = numerics.Dropout(rate=self.rate, exact_up_to=_EXACT)
        time = _TIME / self.lam
        start = numerics.initial_weights(self.n, self.m, rng, instances=self.networks)
        weights = numerics.train(start, self.lam, model=model, max_time=time).weights
        alone = numerics.initial_weights(1, self.m, rng, instances=self.rows)
        rows = numerics.train(alone, self.lam, model=model, max_time=time).weights
        seed = rng.integers(2**32)
        chances = [
            numerics.pair_chances(
                self.m, self.lam, rate, self.starts, np.random.default_rng(seed), time=_TIME
            )
            for rate in (self.rate, 0.0)
        ]
        return {
            "pairs": chances[0],
            "plain_pairs": chances[1],
            "neurons": numerics.polysemantic_neurons(weights),
            "weights": numerics.live_weights(weights),
            "alone": numerics.live_weights(rows)[:, 0],
            "large": np.asarray((np.abs(rows[:, 0]) >= LARGE).any(axis=-1)),
        }


@dataclass(frozen=True, kw_only=True)
class Spread:
    """Networks under dropout without l1: how concentrated the rows are at the end."""

    rate: float
    networks: int
    n: int = N
    m: int = M
    time: float = 200.0

    def run(self, entropy: int) -> dict[str, Array]:
        """m F/q^2 of the rows, at the start and at the end, and of lone rows at the end."""
        rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(33,)))
        model = numerics.Dropout(rate=self.rate, exact_up_to=_EXACT)
        start = numerics.initial_weights(self.n, self.m, rng, instances=self.networks)
        end = numerics.train(start, 0.0, model=model, max_time=self.time).weights
        alone = start[:, :1]
        rows = numerics.train(alone, 0.0, model=model, max_time=self.time).weights
        names = {"start": start, "end": end, "alone": rows}
        return {name: self._concentration(weights) for name, weights in names.items()}

    def _concentration(self, weights: Array) -> Array:
        """Mean over the rows of m F/q^2: 1 for weights of one size, 3 for random rows."""
        squares = (weights**2).sum(axis=-1)
        return np.asarray((self.m * (weights**4).sum(axis=-1) / squares**2).mean(axis=-1))
