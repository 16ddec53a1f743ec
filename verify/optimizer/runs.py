"""Networks trained by AdamW, and what is counted in them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, get_type_hints

import numpy as np

from ... import numerics
from ...numerics._types import Array

ENTROPY = 20231206
_BLOCK = 1 << 18  # weights trained at once
_DEAD, _SETTLED = 0.2, (0.8, 1.2)  # largest weight of a feature


@dataclass(frozen=True, kw_only=True)
class Networks:
    """Independent networks of one setting, to be trained from the seeds 0, 1, 2, ...

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons.
    lam : float
        The paper's lambda, in flow units.
    networks, steps : int
        Their number, and the steps of each.
    learning_rate, beta1, beta2, weight_decay : float
        Settings of AdamW; by default the authors'.
    warm_up : int
        Steps in which the learning rate rises.
    """

    n: int
    m: int
    lam: float
    networks: int
    steps: int = 7500
    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    weight_decay: float = 0.01
    warm_up: int = 0

    @property
    def optimizer(self) -> numerics.AdamW:
        """AdamW with the settings."""
        return numerics.AdamW(
            learning_rate=self.learning_rate,
            betas=(self.beta1, self.beta2),
            weight_decay=self.weight_decay,
            steps=self.steps,
            schedule=numerics.RateSchedule(warm_up=self.warm_up),
        )

    def start(self, network: int) -> Array:
        """The initial weights of a network, in single precision."""
        rng = np.random.default_rng([ENTROPY, self.n, self.m, network])
        return numerics.initial_weights(self.n, self.m, rng).astype(np.float32)

    def trained(self) -> Iterator[tuple[Array, Array]]:
        """Initial and final weights, some networks at a time."""
        some = max(1, _BLOCK // (self.n * self.m))
        for first in range(0, self.networks, some):
            seeds = range(first, min(first + some, self.networks))
            start = np.stack([self.start(seed) for seed in seeds])
            yield start, numerics.train(start, self.lam, optimizer=self.optimizer).weights

    def counted(self) -> Counted:
        """Train the networks and count."""
        neurons: list[int] = []
        retained = dead = unsettled = 0
        for start, final in self.trained():
            neurons += numerics.polysemantic_neurons(final).tolist()
            retained += int(numerics.retained_winners(start, final).sum())
            largest = np.abs(final).max(axis=-1)
            dies = largest < _DEAD
            settled = (largest >= _SETTLED[0]) & (largest <= _SETTLED[1])
            dead += int(dies.sum())
            unsettled += int((~dies & ~settled).sum())
        sums = {"retained": retained, "dead": dead, "unsettled": unsettled}
        return Counted(setting=self, counts=np.bincount(neurons), **sums)


@dataclass(frozen=True, kw_only=True, eq=False)
class Counted:
    """What was counted in the networks of a setting.

    Parameters
    ----------
    setting : Networks
        The setting.
    counts : ndarray of int
        The number of networks that have 0, 1, 2, ... polysemantic neurons.
    retained : int
        Features, of all networks, that end on the slot of their largest initial weight.
    dead, unsettled : int
        Features, of all networks, without a weight, and with a largest weight outside [0.8, 1.2].
    """

    setting: Networks
    counts: Array
    retained: int
    dead: int
    unsettled: int

    @property
    def mean(self) -> float:
        """Polysemantic neurons of one network."""
        return float(self.counts @ np.arange(len(self.counts))) / self.setting.networks

    @property
    def mean_error(self) -> float:
        """Standard error of the mean."""
        squares = float(self.counts @ np.arange(len(self.counts)) ** 2)
        variance = squares / self.setting.networks - self.mean**2
        return math.sqrt(variance / (self.setting.networks - 1))

    def row(self) -> dict[str, Any]:
        """The line of the table."""
        counts = " ".join(f"{k}:{times}" for k, times in enumerate(self.counts) if times)
        sums = {"retained": self.retained, "dead": self.dead, "unsettled": self.unsettled}
        return asdict(self.setting) | {"counts": counts} | sums


def read(row: dict[str, str]) -> Counted:
    """A line of the table.

    >>> from polysem.verify.optimizer.runs import Networks, read
    >>> one = Networks(n=2, m=8, lam=0.1, networks=2, steps=400).counted()
    >>> read({name: str(value) for name, value in one.row().items()}).mean == one.mean
    True
    """
    pairs = [pair.split(":") for pair in row["counts"].split()]
    counts = np.repeat([int(k) for k, _ in pairs], [int(times) for _, times in pairs])
    kinds = get_type_hints(Networks)
    values: dict[str, Any] = {name: kinds[name](row[name]) for name in kinds if name in row}
    sums = {name: int(row[name]) for name in ("retained", "dead", "unsettled")}
    setting = Networks(**values)
    return Counted(setting=setting, counts=np.bincount(counts), **sums)
