"""Counts of polysemantic neurons and retained winners in many trained networks."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from ... import numerics
from ...numerics import Cell, Model
from ...numerics._types import Array, FloatArray, IntArray
from ...numerics._validate import check_integer, check_seed
from ..cache import cached

_BATCH_WEIGHTS = 1 << 20


@dataclass(frozen=True, kw_only=True, eq=False)
class Counts:
    """The counts in each network of a cell, as :func:`count` returns them.

    Parameters
    ----------
    cell : Cell
        The setting.
    neurons : ndarray of int, shape (runs,)
        Polysemantic neurons by the authors' rule.
    scale_free : ndarray of int, shape (runs,)
        Polysemantic neurons by the scale-free rule.
    same_sign : ndarray of int, shape (runs,)
        Neurons on which two features sit with the same sign.
    retained : ndarray of float, shape (runs,)
        Fraction of features that end on the slot of their largest initial weight.
    runner_up : ndarray of float, shape (runs,)
        Fraction of features that end on the slot of their second largest initial weight.
    dead : ndarray of int, shape (runs,)
        Features all of whose weights are zero.

    Source
    ------
    paper_notes/statistics.md.
    """

    cell: Cell
    neurons: IntArray
    scale_free: IntArray
    same_sign: IntArray
    retained: FloatArray
    runner_up: FloatArray
    dead: IntArray


def count(cell: Cell, *, runs: int, entropy: int, model: Model | None = None) -> Counts:
    """Train independent networks and count in each.

    Run r of a cell depends on the entropy, the cell and r alone, so more runs extend the list.

    >>> from polysem import numerics, verify
    >>> cell = numerics.Cell(n=8, m=16, lam=0.1)
    >>> few, more = verify.count(cell, runs=2, entropy=7), verify.count(cell, runs=5, entropy=7)
    >>> bool((few.neurons == more.neurons[:2]).all())
    True

    Parameters
    ----------
    cell : Cell
        The setting.
    runs : int
        Number of networks.
    entropy : int
        Root of all draws.
    model : Model, optional
        The model to train; the cell's own model if it is missing.

    Raises
    ------
    TrainingError
        If a run did not end as asked.
    ValueError
        If the noise of the cell is drawn at each step: a run would then depend on its batch.

    Source
    ------
    Lecomte et al. 2023, Sec. 3.
    """
    if cell.sigma and cell.noise != "averaged":
        raise ValueError(
            f"Got a cell with noise={cell.noise!r}; runs are counted only with averaged noise: "
            "give noise='averaged', or use numerics.sweep for sampled noise."
        )
    runs = check_integer("runs", runs, "the number of networks")
    entropy = check_seed("entropy", entropy, "the root of all draws")
    batch = max(1, _BATCH_WEIGHTS // (cell.n * cell.m))
    found = [
        _cached_batch(cell, range(start, min(start + batch, runs)), entropy, model)
        for start in range(0, runs, batch)
    ]
    return Counts(
        cell=cell, **{name: np.concatenate([part[name] for part in found]) for name in found[0]}
    )


def _cached_batch(cell: Cell, runs: range, entropy: int, model: Model | None) -> dict[str, Array]:
    """Counts of some runs, from the cache if an interrupted report has stored them."""
    about = {"cell": asdict(cell), "runs": [runs.start, runs.stop], "entropy": entropy}
    about["model"] = repr(model or cell.model)
    return cached(
        "counts",
        about,
        lambda: _count_batch(cell, runs, entropy, model),
    )


def _count_batch(cell: Cell, runs: range, entropy: int, model: Model | None) -> dict[str, Array]:
    initial = np.stack([_initial(cell, run, entropy) for run in runs])
    solution = numerics.train(
        initial, cell.lam, optimizer=cell.built_optimizer, model=model or cell.model
    )
    final = solution.weights
    return {
        "neurons": numerics.polysemantic_neurons(final, "authors"),
        "scale_free": numerics.polysemantic_neurons(final, "scale-free"),
        "same_sign": _same_sign(final),
        "retained": numerics.retained_winners(initial, final).mean(axis=-1),
        "runner_up": numerics.retained_winners(_without_largest(initial), final).mean(axis=-1),
        "dead": numerics.dead_features(final),
    }


def _without_largest(weights: Array) -> Array:
    """The weights with the largest of each feature set to zero."""
    left = weights.copy()
    np.put_along_axis(left, np.abs(weights).argmax(axis=-1)[..., None], 0.0, axis=-1)
    return left


def _same_sign(final: Array) -> IntArray:
    sits = numerics.features_on_neurons(final, "authors")
    positive, negative = (sits & (final > 0)).sum(axis=-2), (sits & (final < 0)).sum(axis=-2)
    return ((positive >= 2) | (negative >= 2)).sum(axis=-1)


def _initial(cell: Cell, run: int, entropy: int) -> Array:
    """Initial weights, which are the same for every optimizer, lambda and step."""
    seed = np.random.SeedSequence(entropy, spawn_key=(cell.n, cell.m, run))
    rng = np.random.default_rng(seed)
    return numerics.initial_weights(cell.n, cell.m, rng, scale=cell.scale, dtype=np.float32)
