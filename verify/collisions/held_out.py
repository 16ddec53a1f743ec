"""Settings that the table of trained counts does not hold, drawn at random and then trained."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from ...numerics import Cell, TrainedCount, dead_fraction, trained_count
from ...numerics.collisions.trained_count import DEAD, Surface, place, settings, tilt_surface
from ..published import data_rows

PRECISION = 0.015
"""The demanded standard error of the mean count, relative to it."""


@dataclass(frozen=True, kw_only=True)
class Draw:
    """How settings are drawn.

    Parameters
    ----------
    seed, settings : int
        Seed of the draw, and the number of settings.
    crowding, filling, strength : tuple of float
        Ranges of n/sqrt(m), n/m and lambda sqrt(m), uniform in their logarithms.
    largest : int
        The largest n m, so that a setting takes minutes.
    weakest : float
        The least lambda above 0, for the same reason.
    step : tuple
        Settings of the optimizer of the limit.
    table : str
        The file of the counts of the settings that are trained.
    known : bool
        Whether the table of the law holds them by now; a comparison then leaves them out.
    """

    seed: int
    settings: int
    crowding: tuple[float, float]
    filling: tuple[float, float]
    strength: tuple[float, float]
    largest: int
    weakest: float = 0.0
    step: tuple[tuple[str, float], ...] = ()
    table: str
    known: bool


SECOND = Draw(
    seed=20261129,
    settings=22,
    crowding=(1.0, 8.0),
    filling=(1 / 16, 1.0),
    strength=(0.02, 1.0),
    largest=10_000,
    table="held_out_counts.csv",
    known=True,
)
THIRD = Draw(
    seed=20261201,
    settings=22,
    crowding=(0.8, 12.0),
    filling=(1 / 32, 1.0),
    strength=(0.01, 1.0),
    largest=25_000,
    weakest=0.01,
    step=(("rel", 0.03),),
    table="held_out_third.csv",
    known=False,
)


def held_out_settings(draw: Draw = SECOND) -> list[tuple[int, int, float]]:
    """n, m and lambda of the settings; every third is the limit lambda -> 0.

    >>> from polysem.verify.collisions.held_out import held_out_settings
    >>> len(held_out_settings())
    22
    """
    rng = np.random.default_rng(draw.seed)
    found: list[tuple[int, int, float]] = []
    while len(found) < draw.settings:
        crowding, filling, strength = (
            float(np.exp(rng.uniform(*np.log(bounds))))
            for bounds in (draw.crowding, draw.filling, draw.strength)
        )
        m = round((crowding / filling) ** 2)
        n = round(filling * m)
        lam = round(strength / math.sqrt(m), 6) if len(found) % 3 else 0.0
        small = m >= 16 and n >= 4 and n * m <= draw.largest
        lives = not lam or (lam >= draw.weakest and dead_fraction(m, lam) <= DEAD)
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


@cache
def _surface() -> Surface:
    """log omega as the table gave it when it was frozen."""
    surface = tilt_surface()
    frozen = np.array([one.source != "held out" for one in settings("flow")])
    parts = {name: getattr(surface, name)[frozen] for name in ("places", "values", "errors")}
    return replace(surface, **parts)


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
    draw : Draw
        The draw to which it belongs.
    """

    n: int
    m: int
    lam: float
    counts: np.ndarray
    draw: Draw = SECOND

    @cached_property
    def law(self) -> TrainedCount:
        """The prediction of the table, without the settings of the draw."""
        if not self.draw.known:
            return trained_count(self.n, self.m, self.lam)
        value, error = _surface().at(place(self.n, self.m, self.lam))
        return TrainedCount(
            self.n,
            self.m,
            lam=self.lam,
            optimizer="flow",
            omega=math.exp(value),
            omega_error=error,
            basis="interpolated",
        )

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
def held_out(draw: Draw = SECOND) -> tuple[HeldOut, ...]:
    """The settings that were trained, from the committed table.

    >>> from polysem.verify.collisions.held_out import held_out
    >>> len(held_out()) >= 20
    True
    """
    found = []
    for row in data_rows(draw.table):
        pairs = [pair.split(":") for pair in row["counts"].split()]
        counts = np.repeat([int(k) for k, _ in pairs], [int(times) for _, times in pairs])
        found.append(
            HeldOut(
                n=int(row["n"]), m=int(row["m"]), lam=float(row["lam"]), counts=counts, draw=draw
            )
        )
    return tuple(found)


def cell(n: int, m: int, lam: float, draw: Draw = SECOND) -> Cell:
    """How a setting is trained: the flow, or the quasi-static limit for lambda = 0.

    >>> from polysem.verify.collisions.held_out import cell
    >>> cell(8, 16, 0.0).optimizer
    'quasistatic'
    """
    if lam:
        return Cell(n=n, m=m, lam=lam)
    return Cell(n=n, m=m, lam=lam, optimizer="quasistatic", settings=draw.step)
