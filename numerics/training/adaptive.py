"""Optimizers that divide the gradient by its size: AdamW, RMSprop and Lion, for stacks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .._arrays import namespace, written
from .._types import Array
from .._validate import (
    check_fields,
    check_fraction,
    check_nonnegative,
    check_positive,
    check_vector,
)
from .descent import FixedSteps, Moved, Steps
from .problem import Problem


def _check_betas(betas: Any) -> None:
    values = check_vector("betas", betas, "the two rates of the moments", minimum=0)
    if len(values) != 2 or not (values < 1).all():
        raise ValueError(f"Got betas={betas!r}; give two numbers, each in [0, 1).")


def _average(moment: Array, value: Array, beta: float) -> Array:
    """The running mean moved towards a value; both are overwritten."""
    value *= 1 - beta
    moment *= beta
    moment += value
    return moment


@dataclass(frozen=True, kw_only=True)
class _Decoupled(FixedSteps):
    """Steps after which the weights decay apart from the gradient; time is counted in steps."""

    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fields(self, check_nonnegative, weight_decay="the decay of the weights")

    def _moved(self, weights: Array, change: Array, rate: float) -> Moved:
        """The weights after a step against ``change``, which is overwritten."""
        change *= -rate
        change += weights if not self.weight_decay else weights * (1 - rate * self.weight_decay)
        return change, np.ones(weights.shape[0])


@dataclass(frozen=True, kw_only=True)
class AdamW(_Decoupled):
    r"""AdamW, by default as the authors run it; time is counted in steps.

    :math:`W \leftarrow (1-\eta\,\mathrm{decay})W - \eta\,\hat u/(\sqrt{\hat v} + \epsilon)` with
    the running means u of the gradient and v of its square, both corrected for their start at
    zero. l1 acts by its subgradient :math:`4\lambda\,\mathrm{sign}(W)`. It does not follow the
    gradient flow, and a factor on the whole loss changes nothing but the part of epsilon.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(4, 16, np.random.default_rng(0))
    >>> numerics.train(start, 0.00025, optimizer="adamw", steps=10).outcome
    <Outcome.COMPLETED: 'All requested steps were taken, or the requested time is over.'>

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
    amsgrad : bool
        Divide by the largest second moment so far.
    row_mean : bool
        An intervention: give all weights of a feature the mean of their second moments. Adam then
        remembers the size of the gradient of each row, but not of each weight.
    steps : int
        Number of steps.
    schedule : RateSchedule
        Factor on the learning rate from step to step.

    Source
    ------
    Loshchilov and Hutter 2019; AMSGrad: Reddi, Kale and Kumar 2018; the defaults: Lecomte et al.
    2023, Sec. 3 and the authors' program.
    """

    name: ClassVar[str] = "adamw"

    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    amsgrad: bool = False
    row_mean: bool = False
    steps: int = 7500

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fields(self, check_positive, epsilon="the least root of the second moment")
        _check_betas(self.betas)

    def start(self, weights: Array, problem: Problem) -> _Moments:
        """Both moments at zero."""
        zeros = namespace(weights).zeros_like
        largest = zeros(weights) if self.amsgrad else None
        return _Moments(first=zeros(weights), second=zeros(weights), largest=largest)

    def step(self, weights: Array, problem: Problem, limit: Array, state: _Moments) -> Moved:
        """New weights; the time of a step is 1."""
        rate = self.next_rate(state)
        gradient = problem.subgradient(weights)
        xp, (beta1, beta2) = namespace(gradient), self.betas
        squares = xp.square(gradient)
        if self.row_mean:
            squares[...] = xp.mean(squares, axis=-1, keepdims=True)
        state.first = _average(state.first, gradient, beta1)
        second = state.second = _average(state.second, squares, beta2)
        if state.largest is not None:
            second = written(xp.maximum, state.largest, second, out=state.largest)
            state.largest = second
        root = written(xp.sqrt, second, out=squares)
        root /= math.sqrt(1 - beta2**state.count)
        root += self.epsilon
        change = written(xp.divide, state.first, root, out=gradient)
        change /= 1 - beta1**state.count
        return self._moved(weights, change, rate)


@dataclass(kw_only=True)
class _Moments(Steps):
    first: Array
    second: Array
    largest: Array | None


@dataclass(frozen=True, kw_only=True)
class RMSprop(_Decoupled):
    r"""RMSprop: the gradient over its root mean square; time is counted in steps.

    :math:`W \leftarrow (1-\eta\,\mathrm{decay})W - \eta\,\nabla L/(\sqrt v + \epsilon)` with the
    running mean v of the squared gradient, which starts at zero: the first step has the size
    :math:`\eta/\sqrt{1-\beta_2}`. l1 acts by its subgradient.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(4, 16, np.random.default_rng(0))
    >>> run = numerics.train(start, 0.00025, optimizer="rmsprop", steps=1)
    >>> bool(np.allclose(abs(run.weights - start), 0.01, rtol=1e-4))
    True

    Parameters
    ----------
    learning_rate : float
        The learning rate.
    weight_decay : float
        Decay of the weights per unit of learning rate.
    beta2 : float
        Decay of the second moment per step, in [0, 1).
    epsilon : float
        Added to the root of the second moment.
    steps : int
        Number of steps.
    schedule : RateSchedule
        Factor on the learning rate from step to step.

    Source
    ------
    Tieleman and Hinton 2012, lecture 6.5.
    """

    name: ClassVar[str] = "rmsprop"

    learning_rate: float = 1e-3
    beta2: float = 0.99
    epsilon: float = 1e-8
    steps: int = 7500

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fields(self, check_positive, epsilon="the least root of the second moment")
        check_fields(self, check_fraction, beta2="the decay of the second moment per step")

    def start(self, weights: Array, problem: Problem) -> _Moment:
        """The second moment at zero."""
        return _Moment(moment=namespace(weights).zeros_like(weights))

    def step(self, weights: Array, problem: Problem, limit: Array, state: _Moment) -> Moved:
        """New weights; the time of a step is 1."""
        rate = self.next_rate(state)
        gradient = problem.subgradient(weights)
        xp = namespace(gradient)
        squares = xp.square(gradient)
        state.moment = _average(state.moment, squares, self.beta2)
        root = written(xp.sqrt, state.moment, out=squares)
        root += self.epsilon
        gradient /= root
        return self._moved(weights, gradient, rate)


@dataclass(frozen=True, kw_only=True)
class Lion(_Decoupled):
    r"""Lion: every weight moves by the learning rate; time is counted in steps.

    :math:`W \leftarrow (1-\eta\,\mathrm{decay})W - \eta\,\mathrm{sign}(\beta_1 u +
    (1-\beta_1)\nabla L)`, then :math:`u \leftarrow \beta_2 u + (1-\beta_2)\nabla L`. With
    ``betas=(0, 0)`` this is sign descent. l1 acts by its subgradient.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(4, 16, np.random.default_rng(0))
    >>> run = numerics.train(start, 0.00025, optimizer="lion", betas=(0.0, 0.0), steps=1)
    >>> bool(np.allclose(abs(run.weights - start), 1e-4))
    True

    Parameters
    ----------
    learning_rate : float
        The learning rate.
    weight_decay : float
        Decay of the weights per unit of learning rate.
    betas : tuple of float
        Weight of the running mean in a step, and decay of this mean per step.
    steps : int
        Number of steps.
    schedule : RateSchedule
        Factor on the learning rate from step to step.

    Source
    ------
    Chen et al. 2023, Algorithm 2.
    """

    name: ClassVar[str] = "lion"

    learning_rate: float = 1e-4
    betas: tuple[float, float] = (0.9, 0.99)
    steps: int = 75_000

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_betas(self.betas)

    def start(self, weights: Array, problem: Problem) -> _Moment:
        """The mean of the gradient at zero."""
        return _Moment(moment=namespace(weights).zeros_like(weights))

    def step(self, weights: Array, problem: Problem, limit: Array, state: _Moment) -> Moved:
        """New weights; the time of a step is 1."""
        rate = self.next_rate(state)
        gradient = problem.subgradient(weights)
        beta1, beta2 = self.betas
        change = beta1 * state.moment
        change += (1 - beta1) * gradient
        state.moment = _average(state.moment, gradient, beta2)
        return self._moved(weights, namespace(change).sign(change), rate)


@dataclass(kw_only=True)
class _Moment(Steps):
    moment: Array
