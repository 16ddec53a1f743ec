"""The networks that still run, without neurons and features that no longer change."""

from __future__ import annotations

import numpy as np

from .._types import Array

_WORTHWHILE = 0.9  # to copy rarely, leave out only when this fraction or less remains


class Batch:
    """Networks without the neurons that are zero and the features that have settled."""

    def __init__(self, which: Array, weights: Array):
        self.which, self.weights, self.m = which, weights, weights.shape[2]
        self.columns: Array | None = None  # neurons still here, by network; None: all
        self.settled: Array | None = None  # all weights of one network, once features are left out
        self.rows = np.arange(weights.shape[1])  # features still here

    @property
    def any_set_aside(self) -> bool:
        """Whether features with weights are left out; then the batch holds one network."""
        if self.settled is None:
            return False
        return bool(np.delete(self.settled, self.rows, axis=0).any())

    def full(self, row: int) -> Array:
        """All weights of one network, with the neurons and features that were left out."""
        if self.columns is None:
            return self.weights[row]
        if self.settled is not None:
            full = self.settled.copy()
            full[self.rows[:, None], self.columns[0]] = self.weights[0]
            return full
        full = np.zeros((self.weights.shape[1], self.m), self.weights.dtype)
        full[:, self.columns[row]] = self.weights[row]
        return full

    def store(self, target: Array) -> None:
        """Copy each network to its place in the array of all networks."""
        for row, network in enumerate(self.which):
            target[network] = self.full(row)

    def keep(self, mask: Array, target: Array) -> None:
        """Store all networks and continue with those in the mask."""
        self.store(target)
        self.which, self.weights = self.which[mask], self.weights[mask]
        if self.columns is not None:
            self.columns = self.columns[mask]

    def drop_zero_neurons(self) -> None:
        """Leave out zero neurons, except those that make all networks of the batch equally wide."""
        if not self.which.size:
            return
        live = self.weights.any(axis=-2)
        width = max(1, int(live.sum(axis=-1).max()))
        if width > _WORTHWHILE * live.shape[-1]:
            return
        order = np.argsort(~live, axis=-1, kind="stable")[:, :width]
        self.weights = np.take_along_axis(self.weights, order[:, None, :], axis=-1)
        self.columns = (
            order if self.columns is None else np.take_along_axis(self.columns, order, axis=-1)
        )

    def set_aside(self, resting: Array) -> Array | None:
        """Leave out features with one weight at rest on a neuron that no moving feature uses.

        Returns which features stay, or None if all do.

        Such a row feels only rows that have a weight on its neuron, and a neuron that is zero in
        all moving rows stays zero in them.
        """
        weights = self.weights[0]
        moving = ~(resting & (np.count_nonzero(weights, axis=1) <= 1))
        columns = weights[moving].any(axis=0)
        rows = moving | weights[:, columns].any(axis=1)
        kept = rows.mean() * columns.mean()
        if kept > _WORTHWHILE or not rows.any():
            return None
        if self.columns is None:
            self.columns = np.arange(self.m)[None]
        if self.settled is None:
            self.settled = np.zeros((len(self.rows), self.m), weights.dtype)
        self.settled[self.rows[:, None], self.columns[0]] = weights
        self.rows, self.columns = self.rows[rows], self.columns[:, columns]
        self.weights = self.weights[:, rows][:, :, columns]
        return rows
