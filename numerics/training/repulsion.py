"""Rows that repel each other, without and with the feature benefit of the fast phase."""

from __future__ import annotations

import warnings

import numpy as np

from .._arrays import (
    copied,
    diagonal_of,
    each,
    namespace,
    raise_diagonal,
    rectified,
    set_diagonal,
    squared_norms,
    taken,
    to_library,
    to_numpy,
)
from .._types import Array
from .._validate import check_integer, check_network, check_positive
from .gradient import stiffness

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
    weights : array of any library, shape (n, m) or (networks, n, m)
        The weights, features first.

    Returns
    -------
    array, shape of ``weights``
        A new array.

    Source
    ------
    paper_notes/training.md.
    """
    return weights / _norms(squared_norms(weights))[..., None]


def _norms(squares: Array) -> Array:
    """The norms of rows from their squares; 1 for a zero row."""
    xp = namespace(squares)
    return xp.where(squares == 0, 1.0, xp.sqrt(squares))


def remove_positive_overlaps(
    weights: Array, tolerance: float = 1e-3, max_pushes: int = 10_000
) -> Array:
    r"""Let unit rows repel each other until no overlap is above the tolerance.

    Repeats :math:`W \leftarrow W - P\,W` and rescales the rows. The pushes are
    :math:`P = \max(\omega\,G + \beta P_{last}, -C)` off the diagonal, with the sum C of all pushes
    so far, so that no pair has attracted each other in total; this is the accelerated projection in
    the multipliers C. :math:`\omega = \min(1/2, 0.9/s)`, with the largest sum s of the positive
    overlaps of a row, keeps a push from overshooting; :math:`\beta = a/(a+3)` after a pushes, and
    a starts again from 0 where the pushes as a whole would raise overlaps. It follows the
    interference force of the flow, with the feature benefit infinitely strong.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> apart = numerics.remove_positive_overlaps(np.array([[1.0, 0.0], [0.8, 0.6]]))
    >>> bool(numerics.overlaps(apart)[0] <= 1e-3)
    True

    Parameters
    ----------
    weights : array of any library, shape (n, m)
        The rows; they need not be of norm 1.
    tolerance : float
        The largest positive overlap that may remain.
    max_pushes : int
        Largest number of repetitions.

    Returns
    -------
    array, shape (n, m)
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
    Nesterov 1983; the restart: O'Donoghue and Candes 2015; paper_notes/training.md.
    """
    rows = Rows(check_network("weights", weights)[None, ...])
    tolerance = check_positive("tolerance", tolerance, "an overlap")
    max_pushes = check_integer("max_pushes", max_pushes, "the largest number of pushes")
    if repel(rows, tolerance, max_pushes).size:
        warnings.warn(
            f"Got max_pushes={max_pushes}, after which rows still overlap by more than "
            f"tolerance={tolerance}; raise max_pushes or tolerance.",
            RuntimeWarning,
            stacklevel=2,
        )
    return unit_rows(rows.weights()[0, ...])


def without_overlap(weights: Array, tolerance: float) -> Array:
    """Which rows have no overlap above the tolerance with another row, shape (..., n)."""
    overlap = set_diagonal(weights @ weights.mT, 0.0)
    return to_numpy(namespace(overlap).max(overlap, axis=-1)) <= tolerance


def repel(rows: Rows, tolerance: float, max_pushes: int) -> Array:
    """Move the rows apart; returns the places of the networks for which that was not enough."""
    xp = namespace(rows.overlap)
    last = total = xp.zeros_like(rows.overlap)
    age = np.zeros(rows.which.size)  # pushes of each network since the momentum began
    for _ in range(max_pushes):
        norms, overlap = rows.norms(), copied(rows.overlap)
        overlap /= norms[:, None, :]
        overlap /= norms[:, :, None]
        overlap = set_diagonal(overlap, 0.0)
        apart = largest_entry(overlap) <= tolerance
        if apart.any():
            kept = rows.leave(apart)
            if not kept.size:
                overlapping = kept
                break
            norms, overlap, last, total = (
                taken(part, kept) for part in (norms, overlap, last, total)
            )
            age = age[kept]
        row_sum = largest_row_sum(rectified(overlap)).astype(float)
        push = each(np.minimum(_LARGEST_PUSH, 0.9 / row_sum), overlap) * overlap
        ahead = xp.maximum(push + each(age / (age + 3), last) * last, -total)
        back = to_numpy(xp.sum(ahead * overlap, axis=(-2, -1))) < 0
        if back.any():
            start = to_library(back, overlap)[:, None, None]
            ahead = xp.where(start, xp.maximum(push, -total), ahead)
        age = np.where(back, 1, age + 1)
        last, total = ahead, total + ahead
        matrix = set_diagonal(-ahead, 1.0)
        matrix /= norms[:, None, :]
        rows.move(matrix)
    else:
        overlapping = rows.which
    rows.reunite()
    return overlapping


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
    weights : array of any library, shape (n, m)
        Initial weights.
    tolerance : float
        The largest positive overlap that may remain.

    Returns
    -------
    array, shape (n, m)
        The weights, rows not yet of norm 1.

    Raises
    ------
    ValueError
        If a weight is not finite, or the tolerance is not above 0.

    Source
    ------
    paper_notes/training.md.
    """
    stack = check_network("weights", weights)[None, ...]
    return fast_phases(stack, check_positive("tolerance", tolerance, "an overlap"))[0, ...]


def fast_phases(weights: Array, tolerance: float) -> Array:
    """The fast phase of each network of a stack."""
    rows = Rows(weights)
    norms = to_numpy(namespace(weights).max(rows.norms(), axis=-1)).astype(float)
    shrinking = 800 * np.log(np.maximum(1.0, norms))  # steps of unscaled rows
    steps = _FAST_PHASE_STEPS + shrinking.astype(int)
    for step in range(steps.max()):
        force = rectified(rows.overlap)
        h = 0.4 / stiffness(largest_row_sum(force)).astype(float)
        own = diagonal_of(force)
        force = set_diagonal(force, 0.0)
        done = (largest_entry(force) <= tolerance) | (step >= steps[rows.which])
        if done.any():
            kept = rows.leave(done)
            if not kept.size:
                break
            force, own, h = taken(force, kept), taken(own, kept), h[kept]
        force *= each(-h, force)
        force = raise_diagonal(force, 1 + each(h, own)[..., 0] * (1 - own))
        rows.move(force)
    rows.reunite()
    return rows.weights()


def largest_entry(matrix: Array) -> Array:
    """The largest entry of each matrix, in NumPy."""
    return to_numpy(namespace(matrix).max(matrix, axis=(-2, -1)))


def largest_row_sum(matrix: Array) -> Array:
    """The largest sum of a row of each matrix, in NumPy."""
    xp = namespace(matrix)
    return to_numpy(xp.max(xp.sum(matrix, axis=-1), axis=-1))


class Rows:
    """The rows of a stack of networks that are moved by matrices from the left, and their overlaps.

    With many more neurons than features only the overlaps are moved, and the matrices are
    collected: the same numbers up to rounding, for a cost that does not depend on m. Networks that
    need not be moved any more leave, and the others go on without them.
    """

    def __init__(self, weights: Array, overlap: Array | None = None):
        self.base = weights
        self.collected: Array | None = None
        self.overlap = weights @ weights.mT if overlap is None else overlap
        self.wide = weights.shape[-1] > _WIDE * weights.shape[-2]
        self.which = np.arange(weights.shape[0])  # the networks that still move
        self._left: list[tuple[Array, list[Array]]] = []

    def norms(self) -> Array:
        """The norms of the rows, shape (networks, n); 1 for a zero row."""
        return _norms(diagonal_of(self.overlap))

    def move(self, matrix: Array) -> None:
        """Move the rows of the networks that have not left."""
        if self.wide:
            self.overlap = (matrix @ self.overlap) @ matrix.mT
            self.collected = matrix if self.collected is None else matrix @ self.collected
        else:
            self.base = matrix @ self.base
            self.overlap = self.base @ self.base.mT

    def leave(self, mask: Array) -> Array:
        """Let networks leave; returns the places of those that stay, if any."""
        kept, gone = np.flatnonzero(~mask), np.flatnonzero(mask)
        if kept.size:
            self._left.append((self.which[gone], [taken(part, gone) for part in self._moved]))
            self._moved = [taken(part, kept) for part in self._moved]
            self.which = self.which[kept]
        return kept

    def reunite(self) -> None:
        """Take back the networks that left, in their order."""
        if not self._left:
            return
        places, parts = zip(*self._left, (self.which, self._moved), strict=True)
        self.which = np.concatenate(places)
        order, concat = np.argsort(self.which), namespace(self.base).concat
        self._moved = [taken(concat(part, axis=0), order) for part in zip(*parts, strict=True)]
        self.which, self._left = self.which[order], []

    @property
    def _moved(self) -> list[Array]:
        """What ``move`` changes."""
        if not self.wide:
            return [self.overlap, self.base]
        if self.collected is None:
            self.collected = set_diagonal(namespace(self.base).zeros_like(self.overlap), 1.0)
        return [self.overlap, self.collected]

    @_moved.setter
    def _moved(self, parts: list[Array]) -> None:
        if self.wide:
            self.overlap, self.collected = parts
        else:
            self.overlap, self.base = parts

    def weights(self) -> Array:
        """The rows."""
        return self.base if self.collected is None else self.collected @ self.base
