"""The networks that still run, without neurons and features that no longer change."""

from __future__ import annotations

import numpy as np

from .._arrays import namespace, put, taken, to_library, to_numpy
from .._types import Array

_WORTHWHILE = 0.9  # to copy rarely, leave out only when this fraction or less remains


class Batch:
    """Networks without the neurons that are zero and the features that have settled."""

    def __init__(self, which: Array, weights: Array):
        self.which, self.weights, self.m = which, weights, weights.shape[2]
        self.columns: Array | None = None  # neurons still here, by network; None: all
        self.settled: Array | None = None  # one network, with the features that are left out
        self.rows = np.arange(weights.shape[1])  # features still here
        self.any_set_aside = False  # features with weights; then the batch holds one network

    def full(self, rows: Array) -> Array:
        """All weights of some networks, with the neurons and features that were left out."""
        part = taken(self.weights, rows)
        if self.columns is None:
            return part
        part = _spread(part, self.columns[rows], self.m, axis=2)
        if self.settled is None:
            return part
        part = _spread(part, self.rows[None], self.settled.shape[1], axis=1)
        here = np.zeros(self.settled.shape, bool)
        here[:, self.rows[:, None], self.columns] = True
        return namespace(part).where(to_library(here, part), part, self.settled)

    def store(self, target: Array) -> None:
        """Copy each network to its place in the array of all networks."""
        if self.which.size:
            put(target, self.which, self.full(np.arange(self.which.size)))

    def keep(self, mask: Array, target: Array) -> Array:
        """Store the networks outside the mask and go on with the others; returns their places."""
        gone, kept = np.flatnonzero(~mask), np.flatnonzero(mask)
        put(target, self.which[gone], self.full(gone))
        weights = taken(self.weights, kept) if kept.size else self.weights
        columns = None if self.columns is None else self.columns[kept]
        self.which, self.weights, self.columns = self.which[kept], weights, columns
        return kept

    def drop_zero_neurons(self) -> None:
        """Leave out zero neurons, except those that make all networks of the batch equally wide."""
        if not self.which.size:
            return
        xp = namespace(self.weights)
        live = to_numpy(xp.any(self.weights != 0, axis=-2))
        width = max(1, int(live.sum(axis=-1).max()))
        if width > _WORTHWHILE * live.shape[-1]:
            return
        order = np.argsort(~live, axis=-1, kind="stable")[:, :width]
        places = to_library(order[:, None, :], self.weights)
        self.weights = xp.take_along_axis(self.weights, places, axis=-1)
        self.columns = (
            order if self.columns is None else np.take_along_axis(self.columns, order, axis=-1)
        )

    def set_aside(self, resting: Array) -> Array | None:
        """Leave out features with one weight at rest on a neuron that no moving feature uses.

        Returns which features stay, or None if all do.

        Such a row feels only rows that have a weight on its neuron, and a neuron that is zero in
        all moving rows stays zero in them.
        """
        live = to_numpy(self.weights[0, ...] != 0)
        moving = ~(resting & (np.count_nonzero(live, axis=1) <= 1))
        columns = live[moving].any(axis=0)
        rows = moving | live[:, columns].any(axis=1)
        kept = rows.mean() * columns.mean()
        if kept > _WORTHWHILE or not kept:
            return None
        self.settled = self.full(np.array([0]))
        self.any_set_aside |= bool(live[~rows].any())
        if self.columns is None:
            self.columns = np.arange(self.m)[None]
        self.rows, self.columns = self.rows[rows], self.columns[:, columns]
        part = taken(self.weights, np.flatnonzero(rows), axis=1)
        self.weights = taken(part, np.flatnonzero(columns), axis=2)
        return rows


def _spread(part: Array, places: Array, size: int, *, axis: int) -> Array:
    """The entries along an axis at their places among ``size``, by network, and zeros elsewhere."""
    width = part.shape[axis]
    source = np.full((len(places), size), width)
    np.put_along_axis(source, places, np.arange(width)[None], axis=1)
    xp = namespace(part)
    padded = xp.concat([part, xp.zeros_like(taken(part, np.array([0]), axis))], axis=axis)
    index = to_library(source[:, None, :] if axis == 2 else source[:, :, None], part)
    spread: Array = xp.take_along_axis(padded, index, axis=axis)
    return spread
