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
        self.rows: Array | None = None  # features still here, by network; None: all
        self.settled: Array | None = None  # the networks with the features that are left out
        self.any_set_aside = np.zeros(which.size, bool)  # features with weights, by network

    def full(self, rows: Array) -> Array:
        """All weights of some networks, with the neurons and features that were left out."""
        part = taken(self.weights, rows)
        if self.columns is None:
            return part
        columns = self.columns[rows]
        part = _spread(part, columns, self.m, axis=2)
        if self.rows is None or self.settled is None:
            return part
        features, settled = self.rows[rows], taken(self.settled, rows)
        part = _spread(part, features, settled.shape[1], axis=1)
        here = np.zeros(settled.shape, bool)
        here[np.arange(rows.size)[:, None, None], features[..., None], columns[:, None]] = True
        return namespace(part).where(to_library(here, part), part, settled)

    def store(self, target: Array) -> None:
        """Copy each network to its place in the array of all networks."""
        if self.which.size:
            put(target, self.which, self.full(np.arange(self.which.size)))

    def keep(self, mask: Array, target: Array) -> Array:
        """Store the networks outside the mask and go on with the others; returns their places."""
        gone, kept = np.flatnonzero(~mask), np.flatnonzero(mask)
        put(target, self.which[gone], self.full(gone))
        self.which, self.any_set_aside = self.which[kept], self.any_set_aside[kept]
        if kept.size:
            self.weights = taken(self.weights, kept)
            self.settled = None if self.settled is None else taken(self.settled, kept)
        self.columns = None if self.columns is None else self.columns[kept]
        self.rows = None if self.rows is None else self.rows[kept]
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
        self._narrow(_first(live, width))

    def set_aside(self, resting: Array) -> Array | None:
        """Leave out features with one weight at rest on a neuron that no moving feature uses.

        Returns the places of the features that stay, by network, or None if all do. Some stay only
        to make all networks of the batch equally large.

        Such a row feels only rows that have a weight on its neuron, and a neuron that is zero in
        all moving rows stays zero in them.
        """
        xp = namespace(self.weights)
        live = self.weights != 0
        moving = ~(resting & (to_numpy(xp.count_nonzero(live, axis=-1)) <= 1))
        used = xp.any(live & to_library(moving, live)[..., None], axis=1)
        rows = moving | to_numpy(xp.any(live & used[:, None, :], axis=2))
        columns = to_numpy(used)
        height, width = rows.sum(axis=1).max(), columns.sum(axis=1).max()
        kept = height * width / (rows.shape[1] * columns.shape[1])
        if kept > _WORTHWHILE or not kept:
            return None
        self.settled = self.full(np.arange(self.which.size))
        if self.rows is None:
            self.rows = np.broadcast_to(np.arange(rows.shape[1]), rows.shape)
        stay = _first(rows, height)
        self.rows = np.take_along_axis(self.rows, stay, axis=1)
        weights = to_numpy(xp.count_nonzero(live, axis=(1, 2)))
        self.weights = xp.take_along_axis(
            self.weights, to_library(stay[..., None], self.weights), axis=1
        )
        self._narrow(_first(columns, width))
        self.any_set_aside |= to_numpy(xp.count_nonzero(self.weights, axis=(1, 2))) < weights
        return stay

    def _narrow(self, stay: Array) -> None:
        """Go on with some of the neurons, given by their places in each network."""
        xp, places = namespace(self.weights), to_library(stay[:, None, :], self.weights)
        self.weights = xp.take_along_axis(self.weights, places, axis=-1)
        before = self.columns
        self.columns = stay if before is None else np.take_along_axis(before, stay, axis=-1)


def _first(mask: Array, number: int) -> Array:
    """Places of the true entries of each network in their order, and then of some others."""
    return np.argsort(~mask, axis=-1, kind="stable")[:, :number]


def _spread(part: Array, places: Array, size: int, *, axis: int) -> Array:
    """The entries along an axis at their places among ``size``, by network, and zeros elsewhere."""
    width = part.shape[axis]
    source = np.full((len(places), size), width)
    np.put_along_axis(source, places, np.arange(width)[None], axis=1)
    xp = namespace(part)
    padded = xp.concat([part, xp.zeros_like(taken(part, np.array([0]), axis))], axis=axis)
    if len(places) == 1:
        return taken(padded, source[0], axis)
    index = to_library(source[:, None, :] if axis == 2 else source[:, :, None], part)
    spread: Array = xp.take_along_axis(padded, index, axis=axis)
    return spread
