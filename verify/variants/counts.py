"""The collisions of the initial choices of a variant, and of its trained networks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from ... import numerics
from ...numerics._types import Array
from .setting import ALPHA, COUNT_MARGIN, Compared, Setting


def choices(setting: Setting) -> Iterator[Compared]:
    """Counts of the largest initial weights."""
    start = setting.start(setting.n, setting.m, setting.rng(4), setting.networks)
    neurons, signs = numerics.winners(start), numerics.winner_signs(start)
    counted = _counts(neurons, signs, setting.m)
    where = f"n = {setting.n}, m = {setting.m}, networks = {setting.networks}; no training"
    for name, samples in counted.items():
        if name in setting.variant:
            predicted = setting.value(name, n=setting.n, m=setting.m)
            yield _count(setting, name, predicted, samples, where)


def _counts(neurons: Array, signs: Array, m: int) -> dict[str, Array]:
    """Collisions by network: pairs of opposite signs, of any signs, and the neurons shared."""
    up = (neurons[..., None] == np.arange(m)) & (signs[..., None] > 0)
    down = (neurons[..., None] == np.arange(m)) & (signs[..., None] < 0)
    more, less = up.sum(axis=-2), down.sum(axis=-2)
    total = more + less
    return {
        "expected_pairs": (more * less).sum(axis=-1),
        "same_neuron_pairs": (total * (total - 1) // 2).sum(axis=-1),
        "expected_neurons": ((more > 0) & (less > 0)).sum(axis=-1),
        "expected_shared_neurons": (total > 1).sum(axis=-1),
    }


def _count(setting: Setting, name: str, predicted: float, samples: Array, where: str) -> Compared:
    if predicted:
        return setting.mean(name, predicted, samples, COUNT_MARGIN, where)
    found = Compared.of_poisson(
        claim=name,
        quantity=name,
        prediction=0.0,
        count=int(samples.sum()),
        runs=samples.size,
        margin=COUNT_MARGIN,
        alpha=ALPHA,
    )
    return replace(found, where=where, error=math.sqrt(samples.sum()) / samples.size)


def trained_where(setting: Setting, networks: int, lam: float) -> str:
    """The setting of the trained networks, in a line."""
    sizes = {"n": setting.n, "m": setting.m, "networks": networks}
    return setting.where(lam, **sizes, time=20 / lam)


def trained(setting: Setting, networks: int, lam: float) -> tuple[Array, Array]:
    """Polysemantic neurons, and the part of features that keep their neuron, by trained network."""
    start = setting.start(setting.n, setting.m, setting.rng(5), networks)
    end = setting.train(start, lam, 20 / lam).partial_weights
    same = numerics.winners(start) == numerics.winners(end)
    return numerics.polysemantic_neurons(end), same.mean(axis=-1)


def trained_zero(setting: Setting, shared: Array, where: str) -> Iterator[Compared]:
    """The count of trained networks, where the variant predicts one."""
    if "trained_neurons" in setting.variant:
        yield _count(setting, "trained_neurons", 0.0, shared, where)
