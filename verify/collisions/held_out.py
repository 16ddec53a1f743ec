"""Settings that the table of trained counts does not hold, drawn at random and then trained."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np

from ...numerics import Cell, TrainedCount, dead_fraction, trained_count
from ...numerics.collisions.trained_count import DEAD
from ..published import data_rows

SEED = 20261129
SETTINGS = 22
PRECISION = 0.015
"""The demanded standard error of the mean count, relative to it."""
_CROWDING = (1.0, 8.0)  # of n / sqrt m
_FILLING = (1 / 16, 1.0)  # of n / m
_STRENGTH = (0.02, 1.0)  # of lambda sqrt m
_LARGEST = 10_000  # n * m, so that a setting takes minutes


def held_out_settings() -> list[tuple[int, int, float]]:
    """n, m and lambda of the settings; every third is the limit lambda -> 0.

    The crowding, the filling and lambda sqrt(m) are uniform in their logarithms.

    >>> from polysem.verify.collisions.held_out import held_out_settings
    >>> len(held_out_settings())
    22
    """
    rng = np.random.default_rng(SEED)
    found: list[tuple[int, int, float]] = []
    while len(found) < SETTINGS:
        crowding, filling, strength = (
            float(np.exp(rng.uniform(*np.log(bounds))))
            for bounds in (_CROWDING, _FILLING, _STRENGTH)
        )
        m = round((crowding / filling) ** 2)
        n = round(filling * m)
        lam = round(strength / math.sqrt(m), 6) if len(found) % 3 else 0.0
        small = m >= 16 and n >= 4 and n * m <= _LARGEST
        lives = not lam or dead_fraction(m, lam) <= DEAD
        if small and lives and (n, m, lam) not in found:
            found.append((n, m, lam))
    return found


def networks_needed(n: int, m: int, lam: float) -> int:
    """How many networks give the mean count to the demanded precision, as the law expects it.

    >>> from polysem.verify.collisions.held_out import networks_needed
    >>> 700 < networks_needed(32, 64, 0.0) < 1200
    True
    """
    law = trained_count(n, m, lam)
    return math.ceil(law.var() / (law.mean() * PRECISION) ** 2)


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """A setting that was trained, and what the law said before.

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons.
    lam : float
        The paper's lambda; 0 is the limit.
    counts : ndarray of int, shape (networks,)
        Number of polysemantic neurons of each network.
    """

    n: int
    m: int
    lam: float
    counts: np.ndarray

    @cached_property
    def law(self) -> TrainedCount:
        """The prediction."""
        return trained_count(self.n, self.m, self.lam)

    @property
    def mean(self) -> float:
        """The mean count."""
        return float(self.counts.mean())

    @property
    def mean_error(self) -> float:
        """Its standard error."""
        return float(self.counts.std(ddof=1) / math.sqrt(len(self.counts)))

    @property
    def deviation(self) -> float:
        """Measured over predicted mean, less 1."""
        return self.mean / self.law.mean() - 1

    @property
    def within(self) -> bool:
        """Whether the mean is within 2 % of the prediction, or within two standard errors."""
        return abs(self.deviation) <= max(0.02, 2 * self.mean_error / self.law.mean())

    @property
    def covered(self) -> float:
        """The fraction of networks within the 95 % interval of the law."""
        low, high = self.law.interval(0.95)
        return float(np.mean((self.counts >= low) & (self.counts <= high)))

    @property
    def covered_at_random(self) -> float:
        """The same for an interval whose ends are kept with a chance that makes it hold 95 %."""
        law = self.law
        tail = 0.025
        below, mass = law.cdf(self.counts - 1), law.pmf(self.counts)
        share_low = np.clip((tail - below) / mass, 0, 1)
        above = law.sf(self.counts)
        share_high = np.clip((tail - above) / mass, 0, 1)
        return float(np.mean(1 - share_low - share_high))


@cache
def held_out() -> tuple[HeldOut, ...]:
    """The settings that were trained, from the committed table.

    >>> from polysem.verify.collisions.held_out import held_out
    >>> len(held_out()) >= 20
    True
    """
    found = []
    for row in data_rows("held_out_counts.csv"):
        pairs = [pair.split(":") for pair in row["counts"].split()]
        counts = np.repeat([int(k) for k, _ in pairs], [int(times) for _, times in pairs])
        found.append(
            HeldOut(n=int(row["n"]), m=int(row["m"]), lam=float(row["lam"]), counts=counts)
        )
    return tuple(found)


def cell(n: int, m: int, lam: float) -> Cell:
    """How a setting is trained: the flow, or the quasi-static limit for lambda = 0.

    >>> from polysem.verify.collisions.held_out import cell
    >>> cell(8, 16, 0.0).optimizer
    'quasistatic'
    """
    return Cell(n=n, m=m, lam=lam, optimizer="flow" if lam else "quasistatic")
