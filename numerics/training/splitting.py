r"""The flow in large steps: first interference, then feature benefit and l1 exactly.

Late in training all fast forces are in equilibrium, so explicit steps of order 1 are shorter than
accuracy needs. Benefit and regulariser together have an exact solution for each row,

.. math:: |W_k(t)| = A (|W_k(0)| - B)_+, \quad \dot u = -2(u - M_2(B)), \quad
          \dot B = \lambda \sqrt u, \quad u = A^{-2}, \quad M_2(B) = \sum_k (|W_k(0)| - B)_+^2,

so a step need only be short enough for interference to be taken apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._arrays import (
    cast,
    copied,
    each,
    namespace,
    rectified,
    set_diagonal,
    shrunk,
    squared_norms,
    taken,
    to_library,
    to_numpy,
)
from .._integrate import runge_kutta
from .._types import Array
from .._validate import (
    check_fields,
    check_lam,
    check_network,
    check_nonnegative,
    check_positive,
    check_rel,
)
from .descent import Moved, State, UntilRest
from .problem import Problem
from .repulsion import Rows, largest_entry, largest_row_sum, without_overlap
from .rest import several_weights, still_rows

_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(12)
_NODES, _NODE_WEIGHTS = (_NODES + 1) / 2, _NODE_WEIGHTS / 2
_ROUNDS = 2  # of the implicit equation for B
_SETTLED = 40.0  # time in which a lone weight comes to rest to rounding
_FIRST_STEP = 0.1  # at rel = 0.005, and in proportion to it
_GROWTH = 0.02  # of the step with time, through the fast phase
_UNSCALED = 4.0  # squared norm of a row from which on steps are in inverse proportion to it


def benefit_and_l1(weights: Array, lam: float, t: float) -> Array:
    r"""Rows after a time t of feature benefit and regulariser, without interference.

    The two-variable solution of the row flow, with :math:`M_2` taken as linear in time within
    the step: its error is between second and third order in
    :math:`\mathrm{rel} = \lambda t\lVert W_i\rVert_1`, 3e-5 of the largest weight at rel = 0.0125
    for 300 weights. A row with one weight is integrated as such, to rounding.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.benefit_and_l1(np.array([[0.5, 0.001]]), lam=0.01, t=0.2).round(4)
    array([[0.5743, 0.    ]])

    Parameters
    ----------
    weights : numpy.ndarray, shape (n, m)
        The weights, features first.
    lam : float
        The paper's lambda, in flow units.
    t : float
        Flow time.

    Returns
    -------
    numpy.ndarray, shape (n, m)
        A new array; weights that die are exactly zero.

    Raises
    ------
    ValueError
        If a weight is not finite, lam < 0, or t <= 0.

    Source
    ------
    Lecomte et al. 2023, Sec. 3; paper_notes/training.md.
    """
    weights, lam = check_network("weights", weights), check_lam(lam)
    time = np.array([check_positive("t", t, "a flow time")])
    return _benefit_and_l1(weights[None, ...], lam, time)[0, ...]


def _benefit_and_l1(weights: Array, lam: float, t: Array) -> Array:
    """Of a stack of networks, each with its own time."""
    xp = namespace(weights)

    def shaped(values: Array) -> Array:
        return to_library(values[..., None], weights)  # (nodes, networks, 1), in double precision

    elapsed = np.multiply.outer(_NODES**2, t)
    decay = shaped(np.exp(-2 * elapsed))
    weight = shaped(2 * np.multiply.outer(_NODES * _NODE_WEIGHTS, t))
    lag, time, end = shaped(elapsed), shaped(t), shaped(np.exp(-2 * t))
    norm2 = cast(squared_norms(weights), xp.float64)
    slope = xp.zeros_like(norm2)
    for _ in range(_ROUNDS):
        u = norm2 + (1 - norm2) * decay + slope * (lag - (1 - decay) / 2)
        threshold = lam * xp.sum(weight * xp.sqrt(xp.maximum(u, decay)), axis=0)
        left = shrunk(copied(weights), cast(threshold, weights.dtype)[..., None])
        slope = (squared_norms(left) - norm2) / time
    u = norm2 + (1 - norm2) * end + slope * (time - (1 - end) / 2)
    left *= cast(1 / xp.sqrt(xp.maximum(u, end)), weights.dtype)[..., None]
    return _with_lone_weights(left, weights, lam, t)


def _with_lone_weights(left: Array, weights: Array, lam: float, t: Array) -> Array:
    """The result, with every row of one weight integrated as such."""
    xp = namespace(weights)
    lone = to_numpy(xp.count_nonzero(weights, axis=-1)) == 1
    if not lone.any():
        return left
    before = to_numpy(xp.sum(weights, axis=-1)).astype(float)  # of a lone weight the weight itself
    after = np.zeros_like(before)
    size = _lone_weights(np.abs(before[lone]), lam, np.broadcast_to(t[:, None], lone.shape)[lone])
    after[lone] = np.sign(before[lone]) * size
    column = to_library(after, weights, weights.dtype)[..., None]
    there = to_library(lone, weights)[..., None] & (weights != 0)
    return xp.where(there, column, left)


def _lone_weights(w: Array, lam: float, t: Array) -> Array:
    """w' = (1 - w^2) w - lam, stopped at 0, by the fourth-order Runge-Kutta rule."""

    def speed(w: Array) -> Array:
        return (1 - w * w) * w - lam

    w, duration = w.copy(), np.minimum(t, _SETTLED)
    steps = np.ceil(duration / 0.25)
    h, going = duration / steps, np.arange(w.size)
    for step in range(int(steps.max())):
        first = speed(w[going])
        moves = (w[going] > 0) & (np.abs(first) >= 1e-15) & (step < steps[going])
        going, first = going[moves], first[moves]
        if not going.size:
            break
        w[going] = np.maximum(runge_kutta(speed, w[going], h[going], first), 0.0)
    return w


def interference(weights: Array, t: float, tolerance: float) -> Array:
    r"""Rows after a time t of interference alone.

    :math:`\dot W_i = -\sum_{j\ne i} \mathrm{ReLU}(W_i\cdot W_j) W_j` by explicit steps, whose
    error is of first order, until the time is over or no overlap is above the tolerance.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.interference(np.array([[1.0, 0.0], [-1.0, 0.0]]), t=5.0, tolerance=0.001)
    array([[ 1.,  0.],
           [-1.,  0.]])

    Parameters
    ----------
    weights : numpy.ndarray, shape (n, m)
        The weights, features first.
    t : float
        Flow time.
    tolerance : float
        Positive overlap below which interference is taken to be over.

    Returns
    -------
    numpy.ndarray, shape (n, m)
        The weights.

    Raises
    ------
    ValueError
        If a weight is not finite, or the time or the tolerance is negative.

    Source
    ------
    Lecomte et al. 2023, Sec. 3; paper_notes/training.md.
    """
    weights, t = check_network("weights", weights), check_nonnegative("t", t, "a flow time")
    tolerance = check_nonnegative("tolerance", tolerance, "an overlap")
    return _interference(weights[None, ...], np.array([t]), tolerance)[0, ...]


def _interference(weights: Array, t: Array, tolerance: float) -> Array:
    """Of a stack of networks, each with its own time."""
    rows, left = Rows(weights), np.array(t, float)
    while True:
        push = set_diagonal(rectified(rows.overlap), 0.0)
        done = (largest_entry(push) <= tolerance) | (left[rows.which] <= 0)
        if done.any():
            kept = rows.leave(done)
            if not kept.size:
                break
            push = taken(push, kept)
        h = np.minimum(left[rows.which], np.minimum(0.5, 0.9 / largest_row_sum(push).astype(float)))
        push *= each(-h, push)
        rows.move(set_diagonal(push, 1.0))
        left[rows.which] -= h
    rows.reunite()
    return rows.weights()


@dataclass(frozen=True, kw_only=True)
class SplitFlow(UntilRest):
    r"""Gradient flow in steps that do not shrink with lambda: for small lambda.

    A step of time h is interference for h, then benefit and l1 for h by their exact solution.
    h is such that :math:`\lambda h \max_i\lVert W_i\rVert_1 = \mathrm{rel}`; through the fast
    phase it starts at 20 rel and grows with time. The error at a fixed time is of first order in
    rel. The number of steps does not depend on lambda, but for the fast phase, where
    it grows with its logarithm.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(8, 32, np.random.default_rng(0))
    >>> run = numerics.train(start, 0.0003, optimizer="splitting")
    >>> run.outcome.name, bool(run.steps < 3000 < run.time)
    ('CONVERGED', True)

    Parameters
    ----------
    rel : float
        Step, as a fraction of the time in which the regulariser alone would take a row.
    overlap_tolerance : float
        Positive overlap below which interference is over within a step.
    max_time, max_steps : float, int
        Where to end a run that has not come to rest.
    tolerance : float
        A row rests when no weight of it moves faster than this times lam; a row of several
        weights when none moves at all, in double precision.
    reduce : bool
        Leave out zero neurons and features at rest that share no neuron with another.

    Source
    ------
    paper_notes/training.md.
    """

    name: ClassVar[str] = "splitting"

    rel: float = 0.005
    overlap_tolerance: float = 1e-4
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        check_rel(self.rel)
        check_fields(
            self,
            check_positive,
            overlap_tolerance="an overlap",
            tolerance="the speed at which weights rest",
        )

    def start(self, weights: Array, problem: Problem) -> _Clock:
        """Only the time is remembered, from which the fast phase is known."""
        if not problem.decouples or not problem.lam:
            raise ValueError(
                "Got optimizer='splitting' with a model, an l2 or a lam that it cannot train; it "
                "needs the paper's model (tied weights, ReLU output, one-hot inputs), l2=0 and "
                "lam > 0: use optimizer='flow'."
            )
        return _Clock(time=np.zeros(weights.shape[0]))

    def step(self, weights: Array, problem: Problem, limit: Array, state: _Clock) -> Moved:
        """New weights and the time that has passed."""
        xp = namespace(weights)
        largest = to_numpy(xp.max(xp.sum(xp.abs(weights), axis=-1), axis=-1)).astype(float)
        norm2 = to_numpy(xp.max(squared_norms(weights), axis=-1)).astype(float)
        h = _FIRST_STEP + _GROWTH * state.time
        h = np.where(norm2 > _UNSCALED, _FIRST_STEP / np.maximum(norm2, _UNSCALED), h)
        h = np.minimum(h * self.rel / 0.005, limit)
        shrinking = self.rel / (problem.lam * np.where(largest, largest, 1.0))
        h = np.where(largest, np.minimum(h, shrinking), h)
        state.time = state.time + h
        apart = _interference(weights, h, self.overlap_tolerance)
        return _benefit_and_l1(apart, problem.lam, h), h

    def resting_rows(self, before: Array, after: Array, size: Array, problem: Problem) -> Array:
        """Which rows have no weight that moves faster than the tolerance, and no overlap."""
        apart = without_overlap(after, self.overlap_tolerance)
        slow = np.where(several_weights(after), 0, self.tolerance * problem.lam * size[:, None])
        return apart & still_rows(before, after, slow)


@dataclass(kw_only=True)
class _Clock(State):
    time: Array

    def keep_networks(self, index: Array) -> None:
        """Go on with some of the networks."""
        self.time = self.time[index]
