"""The optimizers, as frozen settings with one method: take a step."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar

import numpy as np

from .._validate import (
    check_choice,
    check_integer,
    check_max_time,
    check_nonnegative,
    check_positive,
    check_vector,
)
from .gradient import OneHot
from .problem import Problem, soft_threshold
from .rest import several_weights, still_rows

_FALLBACK_STEP = 0.1


@dataclass(frozen=True, kw_only=True)
class Flow:
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
        model none of them may move at all. A drift slower than the tolerance, as weak noise
        alone causes, is not waited for.
    reduce : bool
        Leave out neurons whose weights are all zero, which is exact, and features at rest that
        share no neuron with any other that still moves.

    Source
    ------
    paper_notes/training.md.
    """

    name: ClassVar[str] = "flow"
    memoryless: ClassVar[bool] = True

    step_size: float | None = None
    safety: float = 0.4
    max_time: float = math.inf
    max_steps: int = 1_000_000
    tolerance: float = 1e-6
    reduce: bool = True

    def __post_init__(self) -> None:
        if self.step_size is not None:
            check_positive("step_size", self.step_size, "a step in flow time")
        check_positive("safety", self.safety, "a fraction of the stable step")
        check_positive("tolerance", self.tolerance, "the speed at which weights rest")
        check_integer("max_steps", self.max_steps, "the largest number of steps")
        check_max_time(self.max_time)

    def start(self, weights: np.ndarray, problem: Problem) -> None:
        """The flow has no memory."""

    def step(
        self, weights: np.ndarray, problem: Problem, limit: np.ndarray, state: None
    ) -> tuple[np.ndarray, np.ndarray]:
        """New weights and the time that has passed in each network, at most ``limit``."""
        if type(problem.model) is OneHot and not problem.l2:
            residual = problem.model._residual(weights)
            h = self._step_size(1 + residual.sum(axis=-1).max(axis=-1), limit)
            residual *= -h[:, None, None]
            diagonal = np.arange(residual.shape[-1])
            residual[:, diagonal, diagonal] += 1
            moved = residual @ weights
        else:
            h = self._step_size(None, limit)
            moved = problem.gradient(weights)
            moved *= (-h / 4).astype(weights.dtype)[:, None, None]
            moved += weights
        threshold = (problem.lam * h).astype(weights.dtype)[:, None, None]
        if problem.lam:
            moved = soft_threshold(moved, threshold * problem.mask(weights))
        return moved, h

    def resting_rows(
        self, before: np.ndarray, after: np.ndarray, size: np.ndarray, problem: Problem
    ) -> np.ndarray:
        """Which rows have no weight that moves faster than the tolerance."""
        slow = self.tolerance * (problem.lam or 1.0) * size[:, None]
        if problem.lam and problem.decouples:
            slow = np.where(several_weights(after), 0, slow)
        return still_rows(before, after, slow)

    def _step_size(self, eigenvalue: np.ndarray | None, limit: np.ndarray) -> np.ndarray:
        if self.step_size is not None:
            return np.minimum(self.step_size, limit)
        if eigenvalue is None:
            return np.minimum(_FALLBACK_STEP, limit)
        return np.minimum(self.safety / np.maximum(eigenvalue, 1) ** 3, limit)


@dataclass(frozen=True, kw_only=True)
class SGD:
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
    memoryless: ClassVar[bool] = False

    learning_rate: float = 0.02
    steps: int = 100_000
    l1: str = "subgradient"

    def __post_init__(self) -> None:
        check_positive("learning_rate", self.learning_rate, "the learning rate")
        check_integer("steps", self.steps, "the number of steps")
        check_choice("l1", self.l1, ("subgradient", "proximal"))

    def start(self, weights: np.ndarray, problem: Problem) -> None:
        """Plain descent has no memory."""

    def step(
        self, weights: np.ndarray, problem: Problem, limit: np.ndarray, state: None
    ) -> tuple[np.ndarray, np.ndarray]:
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
class AdamW:
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
    memoryless: ClassVar[bool] = False

    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    steps: int = 7500

    def __post_init__(self) -> None:
        check_positive("learning_rate", self.learning_rate, "the learning rate")
        check_nonnegative("weight_decay", self.weight_decay, "the decay of the weights")
        check_positive("epsilon", self.epsilon, "the least root of the second moment")
        check_integer("steps", self.steps, "the number of steps")
        betas = check_vector("betas", self.betas, "the two rates of the moments", minimum=0)
        if len(betas) != 2 or not (betas < 1).all():
            raise ValueError(f"Got betas={self.betas!r}; give two numbers, each in [0, 1).")

    def start(self, weights: np.ndarray, problem: Problem) -> _Moments:
        """Both moments at zero."""
        return _Moments(np.zeros_like(weights), np.zeros_like(weights))

    def step(
        self, weights: np.ndarray, problem: Problem, limit: np.ndarray, state: _Moments
    ) -> tuple[np.ndarray, np.ndarray]:
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


@dataclass
class _Moments:
    first: np.ndarray
    second: np.ndarray
    step: int = 0


def optimizers() -> dict[str, Any]:
    """The optimizers by name.

    Examples
    --------
    >>> from polysem import numerics
    >>> sorted(numerics.optimizers())
    ['adamw', 'flow', 'quasistatic', 'sgd', 'splitting']

    Returns
    -------
    dict
        Name to class.

    Source
    ------
    paper_notes/training.md.
    """
    from .quasistatic import QuasiStatic  # both are built on this module
    from .splitting import SplitFlow

    return {kind.name: kind for kind in (Flow, SplitFlow, QuasiStatic, SGD, AdamW)}


def resolve_optimizer(optimizer: Any, settings: dict[str, Any]) -> Any:
    """An optimizer from its name or itself, with some settings replaced.

    Examples
    --------
    >>> from polysem import numerics
    >>> numerics.resolve_optimizer("sgd", {"steps": 10}).learning_rate
    0.02

    Parameters
    ----------
    optimizer : str or object
        A name that :func:`optimizers` lists, or such an optimizer.
    settings : dict
        Settings to replace.

    Returns
    -------
    object
        The optimizer.

    Raises
    ------
    ValueError
        If the name or a setting is unknown.

    Source
    ------
    paper_notes/training.md.
    """
    if isinstance(optimizer, str):
        known_names = optimizers()
        optimizer = known_names[check_choice("optimizer", optimizer, known_names)]()
    elif isinstance(optimizer, type) or not hasattr(optimizer, "step"):
        raise ValueError(f"Got optimizer={optimizer!r}; give a name or an optimizer object.")
    known = [entry.name for entry in fields(optimizer)]
    for name in settings:
        if name not in known:
            raise ValueError(
                f"Got {name}={settings[name]!r}; {optimizer.name} takes {', '.join(known)}."
            )
    return replace(optimizer, **settings)
