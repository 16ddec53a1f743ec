"""The protocol of an optimizer, and three of them: the flow, SGD and AdamW."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np

from .._types import Array
from .._validate import (
    check_choice,
    check_integer,
    check_max_time,
    check_nonnegative,
    check_positive,
    check_vector,
)
from .gradient import OneHot, diagonal
from .problem import Problem, soft_threshold
from .rest import several_weights, still_rows
from .solution import Outcome

_FALLBACK_STEP = 0.1
Moved = tuple[Array, Array]
"""The weights after a step, and its size in flow time for each network."""


@dataclass(kw_only=True)
class State:
    """What an optimizer remembers from one step to the next: here, nothing.

    Parameters
    ----------
    outcome : Outcome, optional
        Set by a step that cannot be followed by another one; it ends the run.
    """

    outcome: Outcome | None = None

    def keep(self, rows: Array) -> None:
        """Go on with some of the features, given as a mask."""


@runtime_checkable
class Optimizer(Protocol):
    """What the training loop asks of an optimizer: how to step, when to look and when to end.

    An optimizer of your own is a frozen dataclass that inherits from this class, sets ``name``,
    ``ends_at_rest`` and ``max_steps`` and defines ``step``; it inherits the rest.

    Examples
    --------
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
    regularises : bool
        Whether l1 acts even where lam = 0.
    check_every : int
        Steps between two checks for rest, divergence and zero neurons.
    reduce : bool
        Whether the loop may leave out zero neurons and features at rest.
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
    regularises: ClassVar[bool] = False
    check_every: ClassVar[int] = 16

    @property
    def reduce(self) -> bool:
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

    max_time: float = math.inf
    max_steps: int = 1_000_000
    reduce: bool = True

    def __post_init__(self) -> None:
        check_integer("max_steps", self.max_steps, "the largest number of steps")
        check_max_time(self.max_time)


@dataclass(frozen=True, kw_only=True)
class FixedSteps(Optimizer):
    """The settings of descent by a fixed number of steps (abstract)."""

    ends_at_rest: ClassVar[bool] = False

    learning_rate: float
    steps: int

    def __post_init__(self) -> None:
        check_positive("learning_rate", self.learning_rate, "the learning rate")
        check_integer("steps", self.steps, "the number of steps")

    @property
    def max_steps(self) -> int:
        """All steps are taken."""
        return self.steps


@dataclass(frozen=True, kw_only=True)
class Flow(UntilRest):
    r"""Gradient flow by proximal steps: the smooth forces explicitly, l1 by its proximal map.

    :math:`W \leftarrow S_{\lambda h}(W - \tfrac h4 \nabla L)` with soft threshold
    :math:`S`; weights reach exactly zero and may leave it again, as in the flow. The error at a
    fixed time is of first order in the step h. Unless ``step_size`` is given, h is
    ``safety`` over the cube of the largest row sum of :math:`\mathrm{ReLU}(WW^\top)`. The row
    sum bounds the largest eigenvalue, on which stability depends, and falls to 1 in the fast
    phase; its cube makes steps short in this phase, whose errors decide who wins near-ties.
    Other models take the step 0.1.

    Examples
    --------
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
            check_positive("step_size", self.step_size, "a step in flow time")
        check_positive("safety", self.safety, "a fraction of the stable step")
        check_positive("tolerance", self.tolerance, "the speed at which weights rest")

    def step(self, weights: Array, problem: Problem, limit: Array, state: State) -> Moved:
        """New weights and the time that has passed in each network, at most ``limit``."""
        if type(problem.model) is OneHot and not problem.l2:
            residual = problem.model.residual(weights)
            h = self._step_size(limit, 1 + residual.sum(axis=-1).max(axis=-1))
            residual *= -h[:, None, None]
            diagonal(residual)[...] += 1
            moved = residual @ weights
        else:
            h = self._step_size(limit)
            moved = problem.gradient(weights)
            moved *= (-h / 4).astype(weights.dtype)[:, None, None]
            moved += weights
        threshold = (problem.lam * h).astype(weights.dtype)[:, None, None]
        if problem.lam:
            moved = soft_threshold(moved, threshold * problem.mask(weights))
        return moved, h

    def resting_rows(self, before: Array, after: Array, size: Array, problem: Problem) -> Array:
        """Which rows have no weight that moves faster than the tolerance."""
        slow = self.tolerance * (problem.lam or 1.0) * size[:, None]
        if problem.lam and problem.decouples:
            slow = np.where(several_weights(after), 0, slow)
        return still_rows(before, after, slow)

    def _step_size(self, limit: Array, row_sum: Array | None = None) -> Array:
        if self.step_size is not None:
            return np.minimum(self.step_size, limit)
        if row_sum is None:
            return np.minimum(_FALLBACK_STEP, limit)
        return np.minimum(self.safety / np.maximum(row_sum, 1) ** 3, limit)


@dataclass(frozen=True, kw_only=True)
class SGD(FixedSteps):
    r"""Gradient descent with a fixed learning rate, by default as in the authors' noise runs.

    :math:`W \leftarrow W - \eta\,(\nabla L + 4\lambda\,\mathrm{sign}(W))`; one step is the flow
    time :math:`4\eta`. With ``l1="proximal"`` the regulariser acts by its proximal map and
    weights reach exactly zero.

    Examples
    --------
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
    l1 : str
        "subgradient" or "proximal".

    Source
    ------
    Lecomte et al. 2023, Sec. 4 and the authors' program.
    """

    name: ClassVar[str] = "sgd"

    learning_rate: float = 0.02
    steps: int = 100_000
    l1: str = "subgradient"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_choice("l1", self.l1, ("subgradient", "proximal"))

    def step(self, weights: Array, problem: Problem, limit: Array, state: State) -> Moved:
        """New weights and the flow time of a step."""
        gradient = problem.gradient(weights)
        if problem.lam and self.l1 == "subgradient":
            gradient += 4 * problem.lam * problem.mask(weights) * np.sign(weights)
        gradient *= -self.learning_rate
        gradient += weights
        if problem.lam and self.l1 == "proximal":
            threshold = 4 * self.learning_rate * problem.lam
            gradient = soft_threshold(gradient, threshold * problem.mask(weights))
        return gradient, np.full(len(weights), 4 * self.learning_rate)


@dataclass(frozen=True, kw_only=True)
class AdamW(FixedSteps):
    r"""AdamW, by default as the authors run it; time is counted in steps.

    Weight decay acts apart from the gradient, l1 by its subgradient
    :math:`4\lambda\,\mathrm{sign}(W)`, and both moments are corrected for their start at zero.
    It does not follow the gradient flow.

    Examples
    --------
    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(4, 16, np.random.default_rng(0))
    >>> numerics.train(start, 0.00025, optimizer="adamw", steps=10).outcome
    <Outcome.COMPLETED: 'All requested steps were taken; this optimizer does not wait for rest.'>

    Parameters
    ----------
    learning_rate : float
        The learning rate.
    weight_decay : float
        Decay of the weights per unit of learning rate.
    betas : tuple of float
        Decay of the first and second moment of the gradient per step.
    epsilon : float
        Added to the root of the second moment.
    steps : int
        Number of steps.

    Source
    ------
    Lecomte et al. 2023, Sec. 3 and the authors' program.
    """

    name: ClassVar[str] = "adamw"

    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    steps: int = 7500

    def __post_init__(self) -> None:
        super().__post_init__()
        check_nonnegative("weight_decay", self.weight_decay, "the decay of the weights")
        check_positive("epsilon", self.epsilon, "the least root of the second moment")
        betas = check_vector("betas", self.betas, "the two rates of the moments", minimum=0)
        if len(betas) != 2 or not (betas < 1).all():
            raise ValueError(f"Got betas={self.betas!r}; give two numbers, each in [0, 1).")

    def start(self, weights: Array, problem: Problem) -> _Moments:
        """Both moments at zero."""
        return _Moments(first=np.zeros_like(weights), second=np.zeros_like(weights))

    def step(self, weights: Array, problem: Problem, limit: Array, state: _Moments) -> Moved:
        """New weights; the time of a step is 1."""
        gradient = problem.gradient(weights)
        if problem.lam:
            gradient += 4 * problem.lam * problem.mask(weights) * np.sign(weights)
        beta1, beta2 = self.betas
        state.step += 1
        state.first *= beta1
        state.first += (1 - beta1) * gradient
        state.second *= beta2
        state.second += (1 - beta2) * np.square(gradient, out=gradient)
        root = np.sqrt(state.second, out=gradient)
        root /= math.sqrt(1 - beta2**state.step)
        root += self.epsilon
        new = weights * (1 - self.learning_rate * self.weight_decay)
        new -= (self.learning_rate / (1 - beta1**state.step)) * (state.first / root)
        return new, np.ones(len(weights))


@dataclass(kw_only=True)
class _Moments(State):
    first: Array
    second: Array
    step: int = 0
