"""Settings under AdamW that no table holds, drawn at random and then trained.

After earlier draws the law was changed, and their networks are now in the table to which it is
fitted. The settings here were drawn after that, and then trained. They are of two kinds: the
predicted mean is below twice chance, or above.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np

from ... import numerics
from ..published import data_rows
from .runs import Counted, Networks, read

TABLE = "adam_held_out.csv"
SETTINGS = 24
PRECISION = 0.04
"""The demanded standard error of a mean, relative to it."""
_SEED = 20261213
_WIDTHS = (64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048)
_CROWDING = (0.25, 8.0)  # n/sqrt(m)
_LAM = (0.0008, 0.035)
_LARGEST = 1e9  # networks times n^2 m, what a setting may cost
_STEPS = 7500
_NEAR = 2.0  # times chance


def law(networks: Networks) -> numerics.TrainedCount:
    """The prediction for a setting."""
    return numerics.adam_count(networks.n, networks.m, networks.lam)


@cache
def held_out_settings() -> tuple[Networks, ...]:
    """The settings with the number of networks that gives the demanded precision.

    The width is one of several; n/sqrt(m) and lambda are uniform in their logarithms, lambda in
    the k-th of equal parts of its range for setting k. Every other setting is near chance. Settings
    of the other kind, those with n > m, those that cost too much, and those in which l1 kills
    features are drawn again.

    >>> from polysem.verify.optimizer.held_out import SETTINGS, held_out_settings
    >>> len(held_out_settings()) == SETTINGS
    True
    """
    rng = np.random.default_rng(_SEED)
    edges = np.linspace(math.log(_LAM[0]), math.log(_LAM[1]), SETTINGS + 1)
    found: list[Networks] = []
    while len(found) < SETTINGS:
        m = int(rng.choice(_WIDTHS))
        n = round(math.exp(rng.uniform(*np.log(_CROWDING))) * math.sqrt(m))
        lam = float(f"{math.exp(rng.uniform(*edges[len(found) : len(found) + 2])):.3g}")
        one = _networks(n, m, lam) if 2 <= n <= m else None
        if one is not None and near_chance(one) == (len(found) % 2 == 0):
            found.append(one)
    return tuple(found)


def _networks(n: int, m: int, lam: float) -> Networks | None:
    """As many networks as give the precision; None where they cost too much or features die."""
    one = Networks(n=n, m=m, lam=lam, networks=1, steps=_STEPS)
    try:
        expected = law(one)
    except ValueError:  # l1 kills features
        return None
    needed = max(8, math.ceil(expected.var() / (PRECISION * expected.mean()) ** 2))
    return replace(one, networks=needed) if needed * n**2 * m <= _LARGEST else None


@cache
def held_out() -> tuple[Counted, ...]:
    """The drawn settings, trained."""
    return tuple(map(read, data_rows(TABLE)))


def near_chance(networks: Networks) -> bool:
    """Whether the predicted mean is below twice that of the exclusion law."""
    return law(networks).mean() < _NEAR * numerics.ExclusionLaw(networks.n, networks.m).mean()


def deviation(one: Counted) -> tuple[float, float]:
    """The measured over the predicted mean, less 1, and its standard error."""
    predicted = law(one.setting).mean()
    return one.mean / predicted - 1, one.mean_error / predicted


def within(one: Counted) -> bool:
    """Whether the mean lies within 10 % or two standard errors of the prediction."""
    away, error = deviation(one)
    return abs(away) <= max(0.1, 2 * error)
