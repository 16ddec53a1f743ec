r"""The limit of weak regularisation: a sweeping process whose cost does not depend on lambda.

With :math:`\tau = \lambda t` fixed and :math:`\lambda \to 0` the fast forces are always in
equilibrium: rows have unit norm and no pair of rows has a positive overlap. What remains is the
projected gradient flow of the l1 norm on that set, integrated here by the catching-up scheme:
shrink all weights, restore the constraints, repeat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ._validate import check_integer, check_positive
from .gradient import OneHot
from .optimizers import Problem, soft_threshold

_LARGEST_PUSH = 0.5  # twice this times an overlap is what one push takes from it


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
    norms = np.sqrt(np.einsum("ik,ik->i", weights, weights))
    norms[norms == 0] = 1
    return weights / norms[:, None]


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
        Unit rows.
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
    diagonal = np.arange(len(weights))
    for _ in range(max_pushes):
        overlap = weights @ weights.T
        overlap[diagonal, diagonal] = 0
        np.maximum(overlap, 0, out=overlap)
        if overlap.max() <= tolerance:
            break
        overlap *= min(_LARGEST_PUSH, 0.9 / float(overlap.sum(axis=1).max()))
        weights = unit_rows(weights - overlap @ weights)
    return weights


@dataclass(frozen=True, kw_only=True)
class QuasiStatic:
    r"""The limit of weak regularisation, in steps that are fractions of the rows' own l1 norm.

    Each step shrinks all weights by :math:`d\tau = \mathrm{rel}/\max_i\lVert W_i\rVert_1`, and
    lets the rows repel each other. It stops when every row has one weight. Time is
    :math:`\tau/\lambda` (:math:`\tau` itself for lam = 0); the result depends on lam in nothing
    else. Two errors: that of the limit, which vanishes with lam, and that of the step, which
    vanishes with rel; both are tabulated in paper_notes/training.md.

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
        The largest positive overlap that may remain after the repulsion.
    max_time, max_steps : float, int
        Where to end a run that has not come to rest.

    Source
    ------
    paper_notes/training.md.
    """

    name: ClassVar[str] = "quasistatic"
    memoryless: ClassVar[bool] = True
    one_by_one: ClassVar[bool] = True

    rel: float = 0.03
    overlap_tolerance: float = 1e-3
    max_time: float = np.inf
    max_steps: int = 100_000
    drop_zero_neurons: bool = True

    def __post_init__(self) -> None:
        check_positive("rel", self.rel, "a step relative to the l1 norm")
        if self.rel >= 1:
            raise ValueError(f"Got rel={self.rel!r}; a step of rel >= 1 kills rows, lower it.")
        check_positive("overlap_tolerance", self.overlap_tolerance, "an overlap")
        check_integer("max_steps", self.max_steps, "the largest number of steps")
        if not self.max_time > 0:
            raise ValueError(f"Got max_time={self.max_time!r}; it is a time and must be > 0.")

    def start(self, weights: np.ndarray, problem: Problem) -> None:
        """The limit process has no memory, and a model of its own."""
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

    def step(
        self, weights: np.ndarray, problem: Problem, limit: np.ndarray, state: None
    ) -> tuple[np.ndarray, np.ndarray]:
        """New weights, exactly sparse, and the time that has passed in each network."""
        clock = problem.lam or 1.0
        new, elapsed = np.empty_like(weights), np.empty(len(weights))
        for row, one in enumerate(weights):
            apart = remove_positive_overlaps(unit_rows(one), self.overlap_tolerance)
            largest = float(np.abs(apart).sum(axis=1).max())
            shrink = min(self.rel / largest, clock * float(limit[row])) if largest else 1.0
            new[row] = unit_rows(soft_threshold(apart, shrink))
            elapsed[row] = shrink / clock
        return new, elapsed

    def at_rest(
        self, before: np.ndarray, after: np.ndarray, size: np.ndarray, problem: Problem
    ) -> np.ndarray:
        """Whether every row of a network has one weight, and no overlap is positive."""
        rest = (np.count_nonzero(after, axis=-1) <= 1).all(axis=-1)
        for row in np.flatnonzero(rest):
            overlap = after[row] @ after[row].T
            np.fill_diagonal(overlap, 0)
            rest[row] = overlap.max() <= self.overlap_tolerance
        return rest
