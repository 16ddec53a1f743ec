"""When a row rests, and what is left to decide where single precision shows a balance.

Two weights of a row that an l1 regulariser lets balance move apart as slowly as they are close.
In single precision a step takes their difference no further once it grows by less than a rounding.
"""

from __future__ import annotations

import numpy as np

_ROUNDINGS = 4


def still_rows(before: np.ndarray, after: np.ndarray, slow: np.ndarray | float) -> np.ndarray:
    """Which rows have no weight that moves by more than this and by more than rounding."""
    moved = np.abs(after - before).max(axis=-1, initial=0)
    return moved <= slow + _ROUNDINGS * np.finfo(after.dtype).eps


def several_weights(weights: np.ndarray) -> np.ndarray:
    """Which rows have more than one weight."""
    return np.count_nonzero(weights, axis=-1) > 1


def in_double(weights: np.ndarray, initial: np.ndarray) -> np.ndarray:
    """Weights in double precision; those that single precision holds equal, in initial order.

    The order of the magnitudes is the one that a row on its own keeps. Weights move within their
    rounding only, and weights of equal initial magnitude by the same part.
    """
    finer = weights.astype(float)
    part = np.finfo(weights.dtype).eps / 4
    for row in zip(*np.nonzero(several_weights(weights)), strict=True):
        live = np.flatnonzero(weights[row])
        _, order = np.unique(np.abs(initial[row][live]), return_inverse=True)
        finer[row][live] *= 1 + part * order / live.size
    return finer
