"""The laws of the number of shared neurons with which a diagnosis compares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import numerics
from ...numerics._types import FloatArray
from ...numerics._validate import check_choice
from ...numerics.collisions.laws import CountLaw
from ..stats.totals import Total, total_law

NULLS = ("exclusion", "independent")
OPTIMIZERS = ("flow", "quasistatic", "adamw")
_ADAMW_LAM = 2.5e-4  # under which AdamW was measured
_NODES = 21
_NEGLIGIBLE = 1e-12  # weight of a node

Laws = Sequence[tuple[CountLaw, int]]
"""Each law with the number of networks under it."""


def names_of(null: str, optimizer: str | None, lam: float | None) -> tuple[str, str]:
    """The name of the law, and the same in words.

    >>> from polysem.verify.diagnosis.nulls import names_of
    >>> names_of("exclusion", "adamw", None)
    ('adamw', 'the law of the count under adamw')
    """
    check_choice("null", null, NULLS)
    if optimizer is not None:
        check_choice("optimizer", optimizer, OPTIMIZERS)
        if null != "exclusion":
            raise ValueError(f"Got null={null!r} and optimizer={optimizer!r}; give one of them.")
    elif lam is not None:
        raise ValueError(f"Got lam={lam} without optimizer; add optimizer, or remove lam.")
    if optimizer == "quasistatic" and lam:
        raise ValueError(
            f"Got lam={lam} with optimizer='quasistatic', the limit lambda -> 0; leave out lam, or "
            "give optimizer='flow'."
        )
    if optimizer is not None:
        return optimizer, f"the law of the count under {optimizer}"
    return null, {"exclusion": "the exclusion law", "independent": "independent choices"}[null]


def law(name: str, n: int, m: int, lam: float | None) -> CountLaw:
    """The law of one network with n features on neurons.

    >>> from polysem.verify.diagnosis.nulls import law
    >>> law("independent", 2, 4, None).mean()
    0.25
    """
    if name == "exclusion":
        return numerics.ExclusionLaw(n, m)
    if name == "independent":
        return numerics.IndependentSharedLaw(n, m)
    if name == "adamw":
        return numerics.trained_count(n, m, _ADAMW_LAM if lam is None else lam, "adamw")
    return numerics.trained_count(n, m, lam or 0.0, "flow")


def total_and_error(laws: Laws) -> tuple[Total, float]:
    """The law of the total, and the relative standard error of its mean.

    Networks of one setting share the error of its omega, so their total is a mixture over omega
    and no sum of independent mixtures.
    """
    if not isinstance(laws[0][0], numerics.TrainedCount):
        return total_law(laws), 0.0
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    weights = weights / weights.sum()
    parts = [
        (weight, _moved(laws, node))
        for node, weight in zip(nodes, weights, strict=True)
        if weight > _NEGLIGIBLE
    ]
    totals = [(weight, total_law(moved)) for weight, moved in parts]
    means = np.array([sum(law.mean() * count for law, count in moved) for _, moved in parts])
    chances = np.array([weight for weight, _ in parts])
    mean = float(chances @ means)
    spread = math.sqrt(max(float(chances @ means**2) - mean**2, 0.0))
    return _mixture(totals), spread / mean if mean else 0.0


def _moved(laws: Laws, node: float) -> list[tuple[CountLaw, int]]:
    """The tilted laws with log omega this many standard errors away from its value."""
    moved: list[tuple[CountLaw, int]] = []
    for one, count in laws:
        assert isinstance(one, numerics.TrainedCount)
        omega = one.omega * math.exp(node * one.omega_error)
        moved.append((numerics.TiltedLaw(one.n, one.m, omega), count))
    return moved


def _mixture(totals: Sequence[tuple[float, Total]]) -> Total:
    low = min(total.low for _, total in totals)
    high = max(total.low + len(total.probability) for _, total in totals)
    masses: FloatArray = np.zeros(high - low)
    for weight, total in totals:
        start = total.low - low
        masses[start : start + len(total.probability)] += weight * total.probability
    return Total(low=low, probability=masses / masses.sum())


def point_laws(laws: Laws) -> Laws:
    """The laws without the error of omega: what the ratio is taken to."""
    return _moved(laws, 0.0) if isinstance(laws[0][0], numerics.TrainedCount) else laws


def degenerate(total: Total) -> bool:
    """Whether one total has nine tenths of the probability, so that a count tells next to nothing.

    >>> from polysem import numerics
    >>> from polysem.verify.diagnosis.nulls import degenerate
    >>> from polysem.verify.stats.totals import total_law
    >>> degenerate(total_law([(numerics.ExclusionLaw(16, 8), 5)]))
    True
    """
    return bool(total.probability.max() >= 0.9)


def excess(ends: tuple[float, float], expected: float, forced: float) -> tuple[Any, Any]:
    """The interval of the mean number of shared neurons above the forced ones."""
    low, high = ends
    return max(0.0, low * expected - forced), max(0.0, high * expected - forced)
