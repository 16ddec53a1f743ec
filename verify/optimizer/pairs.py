"""The reduced model of two rows beside trained pairs: the table of their deviations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from ... import numerics
from ...numerics._types import Array
from ...numerics.optimizer.count import pair_table
from ..published import data_rows

ENTROPY = 20261127
TABLE = "adam_pairs.csv"
_BLOCK = 1 << 18  # weights trained at once


@dataclass(frozen=True, kw_only=True)
class PairSetting:
    """A setting of AdamW in which two rows are trained in the reduced model.

    Parameters
    ----------
    m : int
        Number of neurons.
    lam : float
        The paper's lambda, in flow units.
    learning_rate, beta1, beta2 : float
        Settings of AdamW; the weight decay is 0.01.
    """

    m: int
    lam: float
    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999

    @property
    def optimizer(self) -> numerics.AdamW:
        """AdamW with the settings, and more steps than the rows need."""
        return numerics.AdamW(
            learning_rate=self.learning_rate,
            betas=(self.beta1, self.beta2),
            steps=round(9 / self.learning_rate),
        )

    def reduced(self, pairs: int) -> numerics.ReducedPairs:
        """Pairs of rows in the reduced model, always the same ones."""
        return numerics.reduced_pairs(
            self.m, self.lam, pairs, self._rng(), optimizer=self.optimizer
        )

    def trained(self, networks: int, *, n: int = 2) -> tuple[Array, Array]:
        """Train networks in single precision, always the same ones.

        Returns the polysemantic neurons of each network, and which features are retained.

        >>> from polysem.verify.optimizer.pairs import PairSetting
        >>> setting = PairSetting(m=16, lam=0.1, learning_rate=1e-2)
        >>> [found.shape for found in setting.trained(3, n=2)]
        [(3,), (3, 2)]
        """
        rng, some = self._rng(n), max(1, _BLOCK // (n * self.m))
        neurons, retained = [], []
        for first in range(0, networks, some):
            number = min(some, networks - first)
            start = numerics.initial_weights(n, self.m, rng, instances=number).astype(np.float32)
            steps = round(3.5 / self.learning_rate)
            final = numerics.train(start, self.lam, optimizer=self.optimizer, steps=steps).weights
            neurons.append(numerics.polysemantic_neurons(final))
            retained.append(numerics.retained_winners(start, final))
        return np.concatenate(neurons), np.concatenate(retained)

    def _rng(self, *more: int) -> np.random.Generator:
        """Of its own for each setting; settings of the same size start from different weights."""
        usual = PairSetting(m=self.m, lam=self.lam)
        numbers = [self.lam, self.learning_rate, self.beta1, self.beta2]
        millionths = [round(1e6 * number) for number in numbers[: 1 if self == usual else 4]]
        return np.random.default_rng([ENTROPY, self.m, *millionths, *more])


@dataclass(frozen=True, kw_only=True)
class PairCount:
    """A setting with its result in the reduced model and in training.

    Parameters
    ----------
    setting : PairSetting
        The setting.
    pairs, together : int
        Pairs of rows in the reduced model, and those that end on one neuron.
    retained : float
        The retained fraction of the reduced model.
    trained_pairs, trained_together : int
        The same of pairs of rows that were trained alone.
    trained_retained : float
        Their retained fraction.
    """

    setting: PairSetting
    pairs: int
    together: int
    retained: float
    trained_pairs: int
    trained_together: int
    trained_retained: float

    @property
    def p2(self) -> float:
        """p2 in the reduced model."""
        return self.together / self.pairs

    @property
    def p2_error(self) -> float:
        """Its standard error, at least that of one event."""
        return math.sqrt(max(self.together, 1)) / self.pairs

    @property
    def trained(self) -> float:
        """p2 of trained pairs of rows."""
        return self.trained_together / self.trained_pairs

    @property
    def trained_error(self) -> float:
        """Its standard error, at least that of one event."""
        return math.sqrt(max(self.trained_together, 1)) / self.trained_pairs

    @property
    def chance(self) -> float:
        """p2 of two rows that end independently, on slots that differ."""
        return numerics.ExclusionLaw(2, self.setting.m).mean()

    @property
    def exceeds(self) -> bool:
        """Whether trained pairs have more than twice chance."""
        return self.trained > 2 * self.chance

    @property
    def deviation(self) -> float:
        """p2 of the reduced model over that of trained pairs, less 1."""
        return self.p2 / self.trained - 1

    @property
    def deviation_error(self) -> float:
        """Its standard error."""
        return math.hypot(self.p2_error, self.p2 / self.trained * self.trained_error) / self.trained


@cache
def pair_counts() -> tuple[PairCount, ...]:
    """The settings of the committed table, with several rates and betas."""
    return tuple(
        PairCount(
            setting=PairSetting(
                m=int(row["m"]),
                **{name: float(row[name]) for name in ("lam", "learning_rate", "beta1", "beta2")},
            ),
            pairs=int(row["pairs"]),
            together=int(row["together"]),
            retained=float(row["retained"]),
            trained_pairs=int(row["trained_pairs"]),
            trained_together=int(row["trained_together"]),
            trained_retained=float(row["trained_retained"]),
        )
        for row in data_rows(TABLE)
    )


@cache
def pair_grid() -> tuple[PairCount, ...]:
    """A grid of m and lambda with the authors' rate and betas, from which the law interpolates.

    >>> from polysem.verify.optimizer.pairs import pair_grid
    >>> len(pair_grid()) > 60
    True
    """
    return tuple(
        PairCount(
            setting=PairSetting(m=int(row["m"]), lam=float(row["lam"])),
            pairs=int(row["pairs"]),
            together=int(row["together"]),
            retained=float(row["retained"]),
            trained_pairs=int(row["pairs"]),
            trained_together=int(row["together_alone"]),
            trained_retained=float(row["retained_alone"]),
        )
        for row in pair_table()
    )
