"""The protocol of an optimizer, and two of them: the flow and SGD."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from .._arrays import copied, each, namespace, raise_diagonal, shrunk, to_numpy
from .._types import Array
from .._validate import (
    check_choice,
    check_fields,
    check_fraction,
    check_integer,
    check_max_time,
    check_positive,
)
from .gradient import OneHot, stiffness
from .problem import Problem
from .rates import RateSchedule
from .rest import several_weights, still_rows
from .solution import Outcome

_FALLBACK_STEP = 0.1
_LARGEST_CHANGE = 0.1  # of the weights of a network in a step of another model, over their norm
Moved = tuple[Array, Array]
"""The weights after a step, and its size in flow time for each network, in NumPy."""


@dataclass(kw_only=True)
class State:
    """What an optimizer remembers from one step to the next: here, nothing.

    A step that cannot be followed by another one sets ``outcome``, which ends the run: one outcome
    for the whole stack, or those of some networks by their places in it.
    """

    outcome: Outcome | dict[int, Outcome] | None = None

    def keep(self, places: Array) -> None:
        """Go on with some of the features, given by their places in each network."""

    def keep_networks(self, index: Array) -> None:
        """Go on with some of the networks, given by their places in the stack."""


@runtime_checkable
class Optimizer(Protocol):
    """What the training loop asks of an optimizer: how to step, when to look and when to end.

    An optimizer of your own is a frozen dataclass that inherits from this class, sets ``name``,
    ``ends_at_rest`` and ``max_steps`` and defines ``step``; it inherits the rest. Times, limits
    and masks are NumPy's. The weights are NumPy's too, unless the optimizer sets
    ``array_api = True``: then it takes arrays of every library of the array API standard.

    >>> from polysem import numerics
    >>> optimizer: numerics.Optimizer = numerics.SGD()
    >>> isinstance(optimizer, numerics.Optimizer)
    True

    Parameters
    ----------
    name : str
        The name by which :func:`train` knows the optimizer.
    ends_at_rest : bool
        Whether a network leaves the run when it rests. Otherwise all networks take
        ``max_steps`` steps together.
    one_by_one : bool
        Whether ``step`` takes a single network, in an array of shape (1, n, m).
    array_api : bool
        Whether ``step`` takes and returns arrays of any library of the array API standard.
    regularises : bool
        Whether l1 acts even where lam = 0.
    check_every : int
        Steps between two checks for rest, divergence and zero neurons.
    reduce : bool
        Whether the loop may leave out zero neurons and features at rest.
    leaves_jitter : bool
        Whether weights that l1 removes end near zero and not at it.
    max_time : float
        Time at which the run of a network ends.
    max_steps : int
        Number of steps at which the run of a network ends.

    Source
    ------
    paper_notes/training.md.
    """

    name: ClassVar[str]
    ends_at_rest: ClassVar[bool]
    one_by_one: ClassVar[bool] = False
    array_api: ClassVar[bool] = False
    regularises: ClassVar[bool] = False
    check_every: ClassVar[int] = 16

    @property
    def reduce(self) -> bool:
        return False

    @property
    def leaves_jitter(self) -> bool:
        return False

    @property
    def max_time(self) -> float:
        return math.inf

    @property
    def max_steps(self) -> int: ...

    def start(self, weights: Array, problem: Problem) -> State:
        """The state before the first step; an error if the optimizer cannot solve the problem."""
        return State()

    def step(self, weights: Array, problem: Problem, limit: Array, state: Any) -> Moved:
        """New weights, and the time that has passed in each network, at most ``limit``."""

    def resting_rows(self, before: Array, after: Array, size: Array, problem: Problem) -> Array:
        """Which rows came to rest in a step of duration ``size``, shape (networks, n)."""
        return np.zeros(after.shape[:2], bool)


@dataclass(frozen=True, kw_only=True)
class UntilRest(Optimizer):
    """The settings of an optimizer that ends the run of a network when it rests (abstract)."""

    ends_at_rest: ClassVar[bool] = True
    array_api: ClassVar[bool] = True

    max_time: float = math.inf
    max_steps: int = 1_000_000
    reduce: bool = True

    def __post_init__(self) -> None:
        check_max_time(self.max_time)
        check_fields(self, check_integer, max_steps="the largest number of steps")


@dataclass(frozen=True, kw_only=True)
class FixedSteps(Optimizer):
    """The settings of descent by a fixed number of steps (abstract)."""

    ends_at_rest: ClassVar[bool] = False
    array_api: ClassVar[bool] = True

    learning_rate: float
    steps: int
    schedule: RateSchedule = field(default_factory=RateSchedule)

    def __post_init__(self) -> None:
        check_fields(self, check_positive, learning_rate="the learning rate")
        check_fields(self, check_integer, steps="the number of steps")
        if not isinstance(self.schedule, RateSchedule):
            raise ValueError(
                f"Got schedule={self.schedule!r}; give numerics.RateSchedule(...), for example "
                "numerics.RateSchedule(warm_up=100)."
            )

    @property
    def max_steps(self) -> int:
        """All steps are taken."""
        return self.steps

    @property
    def leaves_jitter(self) -> bool:
        """The subgradient moves a weight to and fro over zero."""
        return True

    def next_rate(self, state: Steps) -> float:
        """Count a step, and the learning rate in it."""
        state.count += 1
        return self.learning_rate * self.schedule.factor(state.count, self.steps)


@dataclass(kw_only=True)
class Steps(State):
    """The number of steps so far."""

    count: int = 0


@dataclass(frozen=True, kw_only=True)
class Flow(UntilRest):
    r"""Gradient flow by proximal steps: the smooth forces explicitly, l1 by its proximal map.

    :math:`W \leftarrow S_{\lambda h}(W - \tfrac h4 \nabla L)` with soft threshold
    :math:`S`; weights reach exactly zero and may leave it again, as in the flow. The error at a
    fixed time is of first order in the step h. Unless ``step_size`` is given, h is
    ``safety`` over the cube of the largest row sum :math:`\Lambda` of
    :math:`\mathrm{ReLU}(WW^\top)`. The row sum bounds the largest eigenvalue, on which stability
    depends, and falls to 1 in the fast phase; its cube makes steps short in this phase, whose
    errors decide who wins near-ties. From :math:`\Lambda = 16` on h is ``safety`` over
    :math:`256\Lambda`: unscaled weights, of any size, then shrink by the same small fraction in
    each step. Other models take the step 0.1, or less where the gradient would change the weights
    of a network by more than a tenth of their norm.

    A step that drew noise or data shows no rest. With a model that samples them, give
    ``max_time``: the run then ends there.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(4, 16, np.random.default_rng(0))
    >>> numerics.train(start, lam=0.05, optimizer=numerics.Flow(step_size=0.1)).outcome
    <Outcome.CONVERGED: 'The weights came to rest.'>

    Parameters
    ----------
    step_size : float, optional
        A fixed step, in flow time.
    safety : float
        The step after the fast phase; stable below 2/3.
    max_time : float
        Flow time at which the run ends.
    max_steps : int
        Number of steps at which the run ends.
    tolerance : float
        A network has come to rest when no weight moves faster than this times lam (or times
        1 where lam = 0), in flow time. With lam > 0 double precision decides for rows of several
        weights, which balance each other and move slowly at first; in the one-hot rectified
        model none of them may move at all. The run does not wait for a drift slower than the
        tolerance, such as weak noise causes.
    reduce : bool
        Leave out neurons whose weights are all zero, which is exact, and features at rest that
        share no neuron with any other that still moves.

    Source
    ------
    paper_notes/training.md.
    """

    name: ClassVar[str] = "flow"

    step_size: float | None = None
    safety: float = 0.4
    tolerance: float = 1e-6

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.step_size is not None:
            check_fields(self, check_positive, step_size="a step in flow time")
        check_fields(
            self,
            check_positive,
            safety="a fraction of the stable step",
            tolerance="the speed at which weights rest",
        )

    def step(self, weights: Array, problem: Problem, limit: Array, state: State) -> Moved:
        """New weights and the time that has passed in each network, at most ``limit``."""
        if type(problem.model) is OneHot and not problem.l2:
            residual = problem.model.residual(weights)
            xp = namespace(residual)
            row_sum = 1 + to_numpy(xp.max(xp.sum(residual, axis=-1), axis=-1))
            h = self._step_size(limit, stable=self.safety / stiffness(row_sum))
            residual *= each(-h, residual)
            moved = raise_diagonal(residual, 1) @ weights
        else:
            moved = problem.gradient(weights)
            h = self._step_size(limit, stable=_stable_step(weights, moved))
            moved *= each(-h / 4, moved)
            moved += weights
        if problem.lam:
            moved = shrunk(moved, each(problem.lam * h, moved) * problem.mask(weights))
        return moved, h

    def resting_rows(self, before: Array, after: Array, size: Array, problem: Problem) -> Array:
        """Which rows have no weight that moves faster than the tolerance."""
        slow = self.tolerance * (problem.lam or 1.0) * size[:, None]
        if problem.lam and problem.decouples:
            slow = np.where(several_weights(after), 0, slow)
        return still_rows(before, after, slow)

    def _step_size(self, limit: Array, stable: Array) -> Array:
        return np.minimum(stable if self.step_size is None else self.step_size, limit)


def _stable_step(weights: Array, gradient: Array) -> Array:
    """The step of a model whose stiffness is not known, from what the gradient would change."""
    norm = namespace(weights).linalg.vector_norm
    size, change = (to_numpy(norm(part, axis=(-2, -1))) for part in (weights, gradient / 4))
    moved = np.maximum(change, size)
    dead = moved == 0  # a network without weights takes any step
    return np.where(
        dead, _FALLBACK_STEP, np.minimum(_FALLBACK_STEP, _LARGEST_CHANGE * size / (moved + dead))
    )


@dataclass(frozen=True, kw_only=True)
class SGD(FixedSteps):
    r"""Gradient descent with a fixed learning rate, by default as in the authors' noise runs.

    :math:`W \leftarrow W - \eta\,(\nabla L + 4\lambda\,\mathrm{sign}(W))`; one step is the flow
    time :math:`4\eta`. With ``l1="proximal"`` the regulariser acts by its proximal map and
    weights reach exactly zero. With momentum the sum :math:`u \leftarrow \mu u + \nabla L + ...`
    takes the gradient's place, and a step is the flow time :math:`4\eta/(1-\mu)`.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(4, 16, np.random.default_rng(0))
    >>> round(float(numerics.train(start, 0.0, optimizer="sgd", steps=50).time), 9)
    4.0

    Parameters
    ----------
    learning_rate : float
        The learning rate, for the summed loss.
    steps : int
        Number of steps.
    schedule : RateSchedule
        Factor on the learning rate from step to step.
    l1 : str
        "subgradient" or "proximal".
    momentum : float
        The factor mu, in [0, 1); not with the proximal map, which has none.
    nesterov : bool
        Take the gradient plus mu times the sum.

    Raises
    ------
    ValueError
        For a setting out of its range.

    Source
    ------
    Lecomte et al. 2023, Sec. 4 and the authors' program; momentum: Sutskever et al. 2013.
    """

    name: ClassVar[str] = "sgd"

    learning_rate: float = 0.02
    steps: int = 100_000
    l1: str = "subgradient"
    momentum: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("l1", self.l1, ("subgradient", "proximal"))
        check_fields(self, check_fraction, momentum="the part of the sum that a step keeps")
        if self.momentum and self.l1 == "proximal":
            raise ValueError(
                f"Got momentum={self.momentum} with l1='proximal'; the proximal map has no "
                "momentum: use l1='subgradient'."
            )

    @property
    def leaves_jitter(self) -> bool:
        """The subgradient moves a weight to and fro over zero."""
        return self.l1 == "subgradient"

    def start(self, weights: Array, problem: Problem) -> _Velocity:
        """The sum of the gradients at zero."""
        zeros = namespace(weights).zeros_like
        return _Velocity(velocity=zeros(weights) if self.momentum else None)

    def step(self, weights: Array, problem: Problem, limit: Array, state: _Velocity) -> Moved:
        """New weights and the flow time of a step."""
        rate = self.next_rate(state)
        proximal = self.l1 == "proximal"
        change = problem.gradient(weights) if proximal else problem.subgradient(weights)
        if state.velocity is not None:
            state.velocity *= self.momentum
            state.velocity += change
            if self.nesterov:
                change = change + self.momentum * state.velocity
            else:
                change = copied(state.velocity)
        change *= -rate
        change += weights
        if proximal and problem.lam:
            change = shrunk(change, 4 * rate * problem.lam * problem.mask(weights))
        return change, np.full(weights.shape[0], 4 * rate / (1 - self.momentum))


@dataclass(kw_only=True)
class _Velocity(Steps):
    velocity: Array | None
