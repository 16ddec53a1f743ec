"""The networks that still run, without neurons and features that no longer change."""

from __future__ import annotations

import numpy as np

from .._arrays import namespace, placed, put, taken, to_library, to_numpy
from .._types import Array

_WORTHWHILE = 0.9  # to copy rarely, leave out only when this fraction or less remains


class Batch:
    """Networks without the neurons that are zero and the features that have settled."""

    def __init__(self, which: Array, weights: Array):
        self.which, self.weights = which, weights
        networks, n, m = weights.shape
        self.rows = np.tile(np.arange(n), (networks, 1))  # features still here
        self.columns = np.tile(np.arange(m), (networks, 1))  # neurons still here
        self.whole: Array | None = None  # all weights, once some are left out
        self.any_set_aside = np.zeros(which.size, bool)  # features with weights, by network

    def full(self, rows: Array) -> Array:
        """All weights of some networks, with the neurons and features that were left out."""
        part = taken(self.weights, rows)
        if self.whole is None:
            return part
        return placed(part, taken(self.whole, rows), self.rows[rows], self.columns[rows])

    def store(self, target: Array) -> None:
        """Copy each network to its place in the array of all networks."""
        if self.which.size:
            put(target, self.which, self.full(np.arange(self.which.size)))

    def keep(self, mask: Array, target: Array) -> Array:
        """Store the networks outside the mask and go on with the others; returns their places."""
        gone, kept = np.flatnonzero(~mask), np.flatnonzero(mask)
        put(target, self.which[gone], self.full(gone))
        parts = {"weights": self.weights, "whole": self.whole} if kept.size else {}
        self._change(
            which=self.which[kept],
            any_set_aside=self.any_set_aside[kept],
            rows=self.rows[kept],
            columns=self.columns[kept],
            **{name: part if part is None else taken(part, kept) for name, part in parts.items()},
        )
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
        self._note()
        self._change(**self._narrowed(self.weights, _first(live, width)))

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
        self._note()
        stay = _first(rows, height)
        number = to_numpy(xp.count_nonzero(live, axis=(1, 2)))
        part = xp.take_along_axis(self.weights, to_library(stay[..., None], live), axis=1)
        narrowed = self._narrowed(part, _first(columns, width))
        left = to_numpy(xp.count_nonzero(narrowed["weights"], axis=(1, 2)))
        self._change(
            rows=np.take_along_axis(self.rows, stay, axis=1),
            any_set_aside=self.any_set_aside | (left < number),
            **narrowed,
        )
        return stay

    def _note(self) -> None:
        """Copy the weights that are here to their places among all."""
        whole = (
            namespace(self.weights).zeros_like(self.weights) if self.whole is None else self.whole
        )
        self.whole = placed(self.weights, whole, self.rows, self.columns)

    def _narrowed(self, weights: Array, stay: Array) -> dict[str, Array]:
        """The weights and neurons at some places of each network."""
        places = to_library(stay[:, None, :], weights)
        return {
            "weights": namespace(weights).take_along_axis(weights, places, axis=-1),
            "columns": np.take_along_axis(self.columns, stay, axis=-1),
        }

    def _change(self, **changed: Array | None) -> None:
        """Set attributes that fit each other in one step, which an interruption cannot part."""
        vars(self).update(changed)


def _first(mask: Array, number: int) -> Array:
    """Places of the true entries of each network in their order, and then of some others."""
    return np.argsort(~mask, axis=-1, kind="stable")[:, :number]
