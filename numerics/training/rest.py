"""Whether a row rests, and how single precision hides that balanced weights still move.

Two nearly equal weights of a row balance each other under l1, and their difference grows in
proportion to itself. In single precision it stops growing where a step adds less than a rounding.
"""

from __future__ import annotations

import numpy as np

from .._arrays import namespace, to_library, to_numpy
from .._types import Array

_ROUNDINGS = 4


def still_rows(before: Array, after: Array, slow: Array | float) -> Array:
    """Which rows have no weight that moves by more than ``slow`` and a few roundings."""
    xp = namespace(after)
    moved = to_numpy(xp.max(xp.abs(after - before), axis=-1))
    return np.asarray(moved <= slow + _ROUNDINGS * float(xp.finfo(after.dtype).eps))


def several_weights(weights: Array) -> Array:
    """Which rows have more than one weight."""
    return to_numpy(namespace(weights).count_nonzero(weights, axis=-1)) > 1


def in_double(weights: Array, initial: Array) -> Array:
    """Weights in double precision; equal ones get the order of their initial magnitudes.

    A row on its own keeps this order. The weights change by less than their rounding, and weights
    of equal initial magnitude change by the same factor.
    """
    given, start = to_numpy(weights), to_numpy(initial)
    finer = given.astype(float)
    part = np.finfo(given.dtype).eps / 4
    for row in zip(*np.nonzero(several_weights(given)), strict=True):
        live = np.flatnonzero(given[row])
        _, order = np.unique(np.abs(start[row][live]), return_inverse=True)
        finer[row][live] *= 1 + part * order / live.size
    return to_library(finer, weights)
