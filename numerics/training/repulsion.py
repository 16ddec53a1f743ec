"""Rows that repel each other, without and with the feature benefit of the fast phase."""

from __future__ import annotations

import math
import warnings

import numpy as np

from .._types import Array
from .._validate import check_integer, check_network, check_positive
from .gradient import diagonal, stiffness

_LARGEST_PUSH = 0.5  # twice this times an overlap is what one push takes from it
_FAST_PHASE_STEPS = 1000  # some hundred units of time; the rest is left to the repulsion
_WIDE = 2.5  # neurons per feature above which it is faster to move the overlaps alone


def unit_rows(weights: Array) -> Array:
    """The rows scaled to norm 1; a zero row stays zero.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])

    Parameters
    ----------
    weights : numpy.ndarray, shape (n, m)
        The weights, features first.

    Returns
    -------
    numpy.ndarray, shape (n, m)
        A new array.

    Source
    ------
    paper_notes/training.md.
    """
    return weights / _norms(weights)[:, None]


def _norms(weights: Array) -> Array:
    """The norms of the rows; 1 for a zero row."""
    norms = np.sqrt(np.einsum("ik,ik->i", weights, weights))
    norms[norms == 0] = 1
    return norms


def remove_positive_overlaps(
    weights: Array, tolerance: float = 1e-3, max_pushes: int = 10_000
) -> Array:
    r"""Let unit rows repel each other until no overlap is above the tolerance.

    Repeats :math:`W \leftarrow W - \omega\,\mathrm{ReLU}(G)_{off}\,W` and rescales the rows;
    :math:`\omega = \min(1/2, 0.9/\text{largest row sum})` keeps the repulsion from overshooting.
    It follows the interference force of the flow, with the feature benefit infinitely strong.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> apart = numerics.remove_positive_overlaps(np.array([[1.0, 0.0], [0.8, 0.6]]))
    >>> bool(numerics.overlaps(apart)[0] <= 1e-3)
    True

    Parameters
    ----------
    weights : numpy.ndarray, shape (n, m)
        The rows; they need not be of norm 1.
    tolerance : float
        The largest positive overlap that may remain.
    max_pushes : int
        Largest number of repetitions.

    Returns
    -------
    numpy.ndarray, shape (n, m)
        Unit rows.

    Raises
    ------
    ValueError
        If a weight is not finite, or the tolerance or the number is not above 0.

    Warns
    -----
    RuntimeWarning
        If an overlap above the tolerance remains.

    Source
    ------
    paper_notes/training.md.
    """
    rows = Rows(check_network("weights", weights))
    tolerance = check_positive("tolerance", tolerance, "an overlap")
    max_pushes = check_integer("max_pushes", max_pushes, "the largest number of pushes")
    if not repel(rows, tolerance, max_pushes):
        warnings.warn(
            f"Got max_pushes={max_pushes}, after which rows still overlap by more than "
            f"tolerance={tolerance}; raise max_pushes or tolerance.",
            RuntimeWarning,
            stacklevel=2,
        )
    return unit_rows(rows.weights())


def without_overlap(weights: Array, tolerance: float) -> Array:
    """Which rows have no overlap above the tolerance with another row, shape (..., n)."""
    overlap = weights @ weights.swapaxes(-1, -2)
    diagonal(overlap)[...] = 0
    return np.asarray(overlap.max(axis=-1) <= tolerance)


def repel(rows: Rows, tolerance: float, max_pushes: int) -> bool:
    """Move the rows apart, and say whether that was enough."""
    for _ in range(max_pushes):
        norms = rows.norms()
        push = np.maximum(rows.overlap, 0)
        push /= norms
        push /= norms[:, None]
        diagonal(push)[...] = 0
        if push.max() <= tolerance:
            return True
        push *= -min(_LARGEST_PUSH, 0.9 / float(push.sum(axis=1).max()))
        diagonal(push)[...] = 1
        push /= norms
        rows.move(push)
    return False


def fast_phase(weights: Array, tolerance: float = 1e-3) -> Array:
    r"""The flow without regulariser, until no overlap is above the tolerance.

    It is what training does in the time before the regulariser is felt; steps as of
    :class:`Flow`.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(8, 32, np.random.default_rng(0))
    >>> bool(numerics.overlaps(numerics.fast_phase(start)).max() <= 1e-3)
    True

    Parameters
    ----------
    weights : numpy.ndarray, shape (n, m)
        Initial weights.
    tolerance : float
        The largest positive overlap that may remain.

    Returns
    -------
    numpy.ndarray, shape (n, m)
        The weights, rows not yet of norm 1.

    Raises
    ------
    ValueError
        If a weight is not finite, or the tolerance is not above 0.

    Source
    ------
    paper_notes/training.md.
    """
    rows = Rows(check_network("weights", weights))
    tolerance = check_positive("tolerance", tolerance, "an overlap")
    shrinking = 800 * math.log(max(1.0, float(rows.norms().max())))  # steps of unscaled rows
    for _ in range(_FAST_PHASE_STEPS + int(shrinking)):
        force = np.maximum(rows.overlap, 0)
        h = 0.4 / float(stiffness(force.sum(axis=1).max()))
        own = diagonal(force).copy()
        diagonal(force)[...] = 0
        if force.max() <= tolerance:
            break
        force *= -h
        diagonal(force)[...] = 1 + h * (1 - own)
        rows.move(force)
    return rows.weights()


class Rows:
    """Rows that are moved by matrices from the left, and their overlaps.

    With many more neurons than features only the overlaps are moved, and the matrices are
    collected: the same numbers up to rounding, for a cost that does not depend on m.
    """

    def __init__(self, weights: Array, overlap: Array | None = None):
        self.base = weights
        self.collected: Array | None = None
        self.overlap = weights @ weights.T if overlap is None else overlap
        self.wide = weights.shape[1] > _WIDE * weights.shape[0]

    def norms(self) -> Array:
        """The norms of the rows; 1 for a zero row."""
        norms = np.sqrt(self.overlap.diagonal())
        norms[norms == 0] = 1
        return norms

    def move(self, matrix: Array) -> None:
        if self.wide:
            self.overlap = (matrix @ self.overlap) @ matrix.T
            self.collected = matrix if self.collected is None else matrix @ self.collected
        else:
            self.base = matrix @ self.base
            self.overlap = self.base @ self.base.T

    def moved_by(self, matrix: Array) -> Array:
        """What the matrix makes of the rows."""
        if self.collected is not None:
            matrix = matrix @ self.collected
        return matrix @ self.base

    def weights(self) -> Array:
        """The rows."""
        return self.base if self.collected is None else self.collected @ self.base
