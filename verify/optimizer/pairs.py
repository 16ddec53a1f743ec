"""The reduced model of two rows beside trained pairs: the table of their deviations."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ... import numerics
from ...numerics._types import Array
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
    variables : float
        Mean number of variables of a pair in the reduced model; there are 2 m weights.
    retained, retained_error : float
        The retained fraction of the reduced model and its standard error.
    trained_pairs, trained_together : int
        The same of trained pairs of rows.
    trained_retained, trained_retained_error : float
        The retained fraction of trained pairs of rows and its standard error.
    """

    setting: PairSetting
    pairs: int
    together: int
    variables: float
    retained: float
    retained_error: float
    trained_pairs: int
    trained_together: int
    trained_retained: float
    trained_retained_error: float

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
    """The settings of the committed table."""
    return tuple(map(_read, data_rows(TABLE)))


def _read(row: dict[str, str]) -> PairCount:
    value: dict[str, Any] = {name: float(text or "nan") for name, text in row.items()}
    names = ("lam", "learning_rate", "beta1", "beta2")
    setting = PairSetting(m=int(row["m"]), **{name: value[name] for name in names})
    rest = set(value) - {"m", *names}
    counts = {name: int(row[name]) for name in row if name.endswith(("pairs", "together"))}
    return PairCount(setting=setting, **({name: value[name] for name in rest} | counts))
