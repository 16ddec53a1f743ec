r"""The limit of weak regularisation: a sweeping process whose cost does not depend on lambda.

With :math:`\tau = \lambda t` fixed and :math:`\lambda \to 0` the fast forces are always in
equilibrium: rows have unit norm and no pair of rows has a positive overlap. What remains is the
projected gradient flow of the l1 norm on that set. Each constraint has a reaction, a multiplier
:math:`c_{ij}\ge0` with which two rows repel each other; a step shrinks the repelled weights, and
the multipliers follow the overlaps that are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ._validate import check_integer, check_positive
from .gradient import OneHot
from .problem import Problem
from .solution import Outcome

_LARGEST_PUSH = 0.5  # twice this times an overlap is what one push takes from it
_FAST_PHASE_STEPS = 1000  # some hundred units of time; the rest is left to the repulsion
_ROUNDS = 2  # of the multipliers in a step
_GAIN = 0.7  # of a multiplier, where 1 would cure the overlap of a lone pair at once
_LARGEST_GAIN = 2.0
_LARGEST_FORCE = 1.8  # sum of a row's overlaps from which on the gains are lowered
_WIDE = 2.5  # neurons per feature from which on it pays to move the overlaps alone


def unit_rows(weights: np.ndarray) -> np.ndarray:
    """The rows scaled to norm 1; a zero row stays zero.

    Examples
    --------
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


def _norms(weights: np.ndarray) -> np.ndarray:
    """The norms of the rows; 1 for a zero row."""
    norms = np.sqrt(np.einsum("ik,ik->i", weights, weights))
    norms[norms == 0] = 1
    return norms


def remove_positive_overlaps(
    weights: np.ndarray, tolerance: float = 1e-3, max_pushes: int = 10_000
) -> np.ndarray:
    r"""Let unit rows repel each other until no overlap is above the tolerance.

    Repeats :math:`W \leftarrow W - \omega\,\mathrm{ReLU}(G)_{off}\,W` and rescales the rows;
    :math:`\omega = \min(1/2, 0.9/\text{largest row sum})` keeps the repulsion from overshooting.
    It follows the interference force of the flow, with the feature benefit infinitely strong.

    Examples
    --------
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
        Number of repetitions after which to give up.

    Returns
    -------
    numpy.ndarray, shape (n, m)
        Unit rows.

    Source
    ------
    paper_notes/training.md.
    """
    rows = _Rows(weights)
    _repel(rows, tolerance, max_pushes)
    return unit_rows(rows.weights())


def _repel(rows: _Rows, tolerance: float, max_pushes: int) -> bool:
    """Move the rows apart, and say whether that was enough."""
    diagonal = np.arange(len(rows.overlap))
    for _ in range(max_pushes):
        norms = rows.norms()
        push = np.maximum(rows.overlap, 0)
        push /= norms
        push /= norms[:, None]
        push[diagonal, diagonal] = 0
        if push.max() <= tolerance:
            return True
        push *= -min(_LARGEST_PUSH, 0.9 / float(push.sum(axis=1).max()))
        push[diagonal, diagonal] = 1
        push /= norms
        rows.move(push)
    return False


def fast_phase(weights: np.ndarray, tolerance: float = 1e-3) -> np.ndarray:
    r"""The flow without regulariser, until no overlap is above the tolerance.

    It is what training does in the time before the regulariser is felt; steps as of
    :class:`Flow`.

    Examples
    --------
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

    Source
    ------
    paper_notes/training.md.
    """
    rows = _Rows(weights)
    diagonal = np.arange(len(weights))
    for _ in range(_FAST_PHASE_STEPS):
        force = np.maximum(rows.overlap, 0)
        h = 0.4 / max(1.0, float(force.sum(axis=1).max())) ** 3
        own = force[diagonal, diagonal]
        force[diagonal, diagonal] = 0
        if force.max() <= tolerance:
            break
        force *= -h
        force[diagonal, diagonal] = 1 + h * (1 - own)
        rows.move(force)
    return rows.weights()


class _Rows:
    """Rows that are moved by matrices from the left, and their overlaps.

    With many more neurons than features only the overlaps are moved, and the matrices are
    collected: the same numbers up to rounding, for a cost that does not depend on m.
    """

    def __init__(self, weights: np.ndarray, overlap: np.ndarray | None = None):
        self.base = weights
        self.collected: np.ndarray | None = None
        self.overlap = weights @ weights.T if overlap is None else overlap
        self.wide = weights.shape[1] > _WIDE * weights.shape[0]

    def norms(self) -> np.ndarray:
        """The norms of the rows; 1 for a zero row."""
        norms = np.sqrt(self.overlap.diagonal())
        norms[norms == 0] = 1
        return norms

    def move(self, matrix: np.ndarray) -> None:
        if self.wide:
            self.overlap = (matrix @ self.overlap) @ matrix.T
            self.collected = matrix if self.collected is None else matrix @ self.collected
        else:
            self.base = matrix @ self.base
            self.overlap = self.base @ self.base.T

    def moved_by(self, matrix: np.ndarray) -> np.ndarray:
        """What the matrix makes of the rows."""
        if self.collected is not None:
            matrix = matrix @ self.collected
        return matrix @ self.base

    def weights(self) -> np.ndarray:
        """The rows."""
        return self.base if self.collected is None else self.collected @ self.base


@dataclass(frozen=True, kw_only=True)
class QuasiStatic:
    r"""The limit of weak regularisation, in steps that are fractions of the rows' own l1 norm.

    It begins with the fast phase of the flow. A step removes what there is of positive overlaps
    by repulsion alone; then, with
    :math:`d\tau = \mathrm{rel}/\max_i\lVert W_i\rVert_1`, it does twice

    .. math:: V = S_{d\tau}(W - c\,W), \qquad
              c_{ij} \leftarrow \Big(c_{ij} + \frac{0.7\,G_{ij}}{\max(F_{ij}, 0.35)}\Big)_+ ,

    where c has no diagonal, G are the overlaps of the rows V scaled to norm 1, and F, of the first
    time, is the square that each of two rows has on the other's live neurons, taken together: what
    a repulsion can work on. It ends when every row has one weight.
    Regulariser and reaction act together: a reaction that moves dead weights is taken back by the
    regulariser, and in turns they would have several times the error of the step. Time is
    :math:`\tau/\lambda` (:math:`\tau` itself for lam = 0); the result depends on lam in nothing
    else. Two errors: that of the limit, which vanishes with lam, and that of the step, which
    vanishes with rel; both are tabulated in paper_notes/training.md. A lone row has an error of
    second order in rel.

    Examples
    --------
    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(8, 32, np.random.default_rng(0))
    >>> run = numerics.train(start, 0.0, optimizer="quasistatic")
    >>> run.outcome.name, int(numerics.live_weights(run.weights).max())
    ('CONVERGED', 1)

    Parameters
    ----------
    rel : float
        Step, as a fraction of the time in which the largest row would shrink to nothing.
    overlap_tolerance : float
        The largest positive overlap that a repulsion may leave.
    max_time, max_steps : float, int
        Where to end a run that has not come to rest.
    max_pushes : int
        Number of pushes of one repulsion after which the run ends as OVERLAPPING.
    reduce : bool
        Leave out zero neurons and features at rest that share no neuron with another: exact.

    Source
    ------
    paper_notes/training.md.
    """

    name: ClassVar[str] = "quasistatic"
    memoryless: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = True
    check_every: ClassVar[int] = 4

    rel: float = 0.1
    overlap_tolerance: float = 1e-3
    max_time: float = np.inf
    max_steps: int = 100_000
    max_pushes: int = 10_000
    reduce: bool = True

    def __post_init__(self) -> None:
        check_positive("rel", self.rel, "a step relative to the l1 norm")
        if self.rel >= 1:
            raise ValueError(f"Got rel={self.rel!r}; a step of rel >= 1 kills rows, lower it.")
        check_positive("overlap_tolerance", self.overlap_tolerance, "an overlap")
        check_integer("max_steps", self.max_steps, "the largest number of steps")
        check_integer("max_pushes", self.max_pushes, "the largest number of pushes")
        if not self.max_time > 0:
            raise ValueError(f"Got max_time={self.max_time!r}; it is a time and must be > 0.")

    def start(self, weights: np.ndarray, problem: Problem) -> _Reactions:
        """The limit process remembers the multipliers."""
        if type(problem.model) is not OneHot or not problem.model.relu or problem.l2:
            raise ValueError(
                "Got optimizer='quasistatic' with another model or l2; "
                "the limit is that of the one-hot rectified model: use optimizer='flow'."
            )
        n, m = weights.shape[-2:]
        if n > 2 * m:
            raise ValueError(
                f"Got n={n}, m={m} and optimizer='quasistatic'; more than 2m unit rows cannot all "
                "be without positive overlap: raise m or use optimizer='flow'."
            )
        return _Reactions(np.zeros((n, n), weights.dtype))

    def step(
        self, weights: np.ndarray, problem: Problem, limit: np.ndarray, state: _Reactions
    ) -> tuple[np.ndarray, np.ndarray]:
        """New weights, exactly sparse, and the time that has passed."""
        clock, (one,) = problem.lam or 1.0, weights
        if state.overlap is None:
            one = fast_phase(one, self.overlap_tolerance)
        rows = _Rows(one, state.overlap)
        work = np.abs(one)
        l1 = work.sum(axis=1) / rows.norms()
        size = self.rel / float(l1.max()) if l1.any() else 1.0
        size = min(size, clock * float(limit[0]))
        threshold = (size * (1 - size * l1 / 2))[:, None]
        if not _repel(rows, self.overlap_tolerance, self.max_pushes):
            state.outcome = Outcome.OVERLAPPING
        state.begin(size)
        for _ in range(_ROUNDS):
            moved = rows.moved_by(state.repulsion() / rows.norms())
            moved -= np.clip(moved, -threshold, threshold, out=work)
            state.follow(moved)
        return unit_rows(moved)[None], np.array([size / clock])

    def resting_rows(
        self, before: np.ndarray, after: np.ndarray, size: np.ndarray, problem: Problem
    ) -> np.ndarray:
        """Which rows have one weight and no positive overlap."""
        overlap = after @ after.swapaxes(-1, -2)
        diagonal = np.arange(overlap.shape[-1])
        overlap[..., diagonal, diagonal] = 0
        apart = overlap.max(axis=-1) <= self.overlap_tolerance
        return apart & (np.count_nonzero(after, axis=-1) <= 1)


@dataclass
class _Reactions:
    """The multipliers of the constraints: what each pair repelled each other in the last step.

    Beside them the length of that step, the gains in it and the overlaps after it.
    """

    multipliers: np.ndarray
    size: float = 0.0
    gain: np.ndarray | None = None
    overlap: np.ndarray | None = None
    outcome: Outcome | None = None

    def begin(self, size: float) -> None:
        """A step of this length."""
        if self.size:
            self.multipliers *= size / self.size
        self.size, self.gain = size, None

    def repulsion(self) -> np.ndarray:
        """The matrix that moves the rows."""
        matrix = -self.multipliers
        diagonal = np.arange(len(matrix))
        matrix[diagonal, diagonal] = 1
        return matrix

    def follow(self, moved: np.ndarray) -> None:
        """Raise the multipliers where rows overlap, lower them where they have parted."""
        overlap = moved @ moved.T
        square = overlap.diagonal().copy()
        square[square == 0] = 1
        norms = np.sqrt(square)
        overlap /= norms
        overlap /= norms[:, None]
        self.overlap = overlap.copy()
        np.fill_diagonal(overlap, 0)
        if self.gain is None:
            live = (moved != 0).astype(moved.dtype)
            met = live @ np.square(moved).T / square
            self.gain = _GAIN / np.maximum(met + met.T, _GAIN / _LARGEST_GAIN)
        c = self.multipliers
        apart = overlap == 0  # no common neuron: no force
        acting = (c > 0) | (overlap > 0)
        force = float(np.abs(overlap, where=acting, out=np.zeros_like(c)).sum(axis=1).max())
        overlap *= self.gain
        if force > _LARGEST_FORCE:
            overlap *= _LARGEST_FORCE / force
        c += overlap
        np.maximum(c, 0, out=c)
        c[apart] = 0

    def keep(self, rows: np.ndarray) -> None:
        """Go on with some of the features."""
        kept = np.ix_(rows, rows)
        self.multipliers = self.multipliers[kept]
        if self.overlap is not None:
            self.overlap = self.overlap[kept]
