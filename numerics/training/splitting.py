r"""The flow in large steps: first interference, then feature benefit and l1 exactly.

Late in training all fast forces are in equilibrium, so explicit steps of order 1 are shorter than
accuracy needs. Benefit and regulariser together have an exact solution for each row,

.. math:: |W_k(t)| = A (|W_k(0)| - B)_+, \quad \dot u = -2(u - M_2(B)), \quad
          \dot B = \lambda \sqrt u, \quad u = A^{-2}, \quad M_2(B) = \sum_k (|W_k(0)| - B)_+^2,

so a step need only be short enough for interference to be taken apart.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

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
from .gradient import diagonal
from .problem import Problem
from .repulsion import Rows, without_overlap
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
    return _benefit_and_l1(weights, lam, check_positive("t", t, "a flow time"))


def _benefit_and_l1(weights: Array, lam: float, t: float) -> Array:
    norm2 = np.einsum("ik,ik->i", weights, weights).astype(float)
    decay = np.exp(-2 * t * _NODES**2)[:, None]  # nodes crowd at 0, where u may change fast
    weight = (2 * t * _NODES * _NODE_WEIGHTS)[:, None]
    elapsed = t * (_NODES**2)[:, None]
    slope = np.zeros_like(norm2)
    for _ in range(_ROUNDS):
        u = norm2 + (1 - norm2) * decay + slope * (elapsed - (1 - decay) / 2)
        threshold = lam * (weight * np.sqrt(np.maximum(u, decay))).sum(axis=0)
        shrink = threshold.astype(weights.dtype)[:, None]
        left = weights - np.clip(weights, -shrink, shrink)
        slope = (np.einsum("ik,ik->i", left, left) - norm2) / t
    end = math.exp(-2 * t)
    u = norm2 + (1 - norm2) * end + slope * (t - (1 - end) / 2)
    left *= (1 / np.sqrt(np.maximum(u, end))).astype(weights.dtype)[:, None]
    lone = np.flatnonzero(np.count_nonzero(weights, axis=1) == 1)
    if lone.size:
        column = np.abs(weights[lone]).argmax(axis=1)
        value = weights[lone, column]
        left[lone, column] = np.sign(value) * _lone_weight(np.abs(value), lam, t)
    return left


def _lone_weight(w: Array, lam: float, t: float) -> Array:
    """w' = (1 - w^2) w - lam, stopped at 0, by the fourth-order Runge-Kutta rule."""

    def speed(w: Array) -> Array:
        return (1 - w * w) * w - lam

    w = w.astype(float)
    duration = min(t, _SETTLED)
    steps = math.ceil(duration / 0.25)
    h = duration / steps
    for _ in range(steps):
        first = speed(w)
        if np.abs(first[w > 0]).max(initial=0) < 1e-15:
            break
        w = runge_kutta(speed, w, h, first)
        w = np.where(w > 0, w, 0.0)
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
    return _interference(weights, t, check_nonnegative("tolerance", tolerance, "an overlap"))


def _interference(weights: Array, t: float, tolerance: float) -> Array:
    rows, left = Rows(weights), t
    while left > 0:
        push = np.maximum(rows.overlap, 0)
        diagonal(push)[...] = 0
        if push.max(initial=0) <= tolerance:
            break
        h = min(left, 0.5, 0.9 / float(push.sum(axis=1).max()))
        push *= -h
        diagonal(push)[...] = 1
        rows.move(push)
        left -= h
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
    one_by_one: ClassVar[bool] = True

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
        return _Clock()

    def step(self, weights: Array, problem: Problem, limit: Array, state: _Clock) -> Moved:
        """New weights and the time that has passed."""
        (one,) = weights
        largest = float(np.abs(one).sum(axis=1).max())
        norm2 = float(np.einsum("ik,ik->i", one, one).max())
        h = _FIRST_STEP + _GROWTH * state.time
        if norm2 > _UNSCALED:
            h = _FIRST_STEP / norm2
        h = min(h * self.rel / 0.005, float(limit[0]))
        if largest:
            h = min(h, self.rel / (problem.lam * largest))
        state.time += h
        apart = _interference(one, h, self.overlap_tolerance)
        return _benefit_and_l1(apart, problem.lam, h)[None], np.array([h])

    def resting_rows(self, before: Array, after: Array, size: Array, problem: Problem) -> Array:
        """Which rows have no weight that moves faster than the tolerance, and no overlap."""
        apart = without_overlap(after, self.overlap_tolerance)
        slow = np.where(several_weights(after), 0, self.tolerance * problem.lam * size[:, None])
        return apart & still_rows(before, after, slow)


@dataclass(kw_only=True)
class _Clock(State):
    time: float = 0.0
