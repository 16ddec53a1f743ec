"""Features that are active independently of each other: sampled inputs and their gradient."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real

import numpy as np

from .._types import Array
from .._validate import check_choice, check_fields, check_integer, check_rng
from ..training.gradient import diagonal
from .pairs import SECOND_MOMENT, Values

_EVALUATION = 4096  # inputs on which the loss is estimated, the same for all weights


@dataclass(frozen=True, kw_only=True)
class SampledFeatures:
    """Settings of inputs that are drawn anew at every step (abstract)."""

    activation_probability: float
    values: Values = "binary"
    batch: int = 256

    def __post_init__(self) -> None:
        p = self.activation_probability
        if not isinstance(p, Real) or not 0 < p <= 1:
            raise ValueError(
                f"Got activation_probability={p!r}; it is a probability and must lie in (0, 1]."
            )
        check_choice("values", self.values, SECOND_MOMENT)
        check_fields(self, check_integer, batch="the number of inputs of a step")


@dataclass(frozen=True, kw_only=True)
class Bernoulli(SampledFeatures):
    r"""Inputs whose features are active independently with probability p; sampled at each step.

    :math:`L = E\,\|{\rm ReLU}(WW^\top x) - x\|^2`, a mean over inputs x.  Of two given features
    one alone is active with weight p (1 - p), both with weight p^2.  The gradient is that of a
    fresh batch, with standard error of order 1 / sqrt(batch); the loss is estimated on 4096 fixed
    inputs.  Inputs with one active feature are summed by feature, empty ones left out, so that
    only those with several active features cost a matrix product each.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> data = numerics.Bernoulli(activation_probability=0.2, batch=8)
    >>> data.sample(3, np.random.default_rng(0)).shape
    (8, 3)
    >>> data.gradient(np.eye(3), np.random.default_rng(0)).max()  # eye(3) is perfect
    np.float64(0.0)

    Parameters
    ----------
    activation_probability : float
        p, the probability that a feature is active.
    values : {"binary", "uniform"}
        Values of active features: 1, or independent and uniform on [0, 1].
    batch : int
        Number of inputs of a step.
    keeps_zero_neurons : bool
        Whether a neuron without weights stays without, so that it may be left out.

    Raises
    ------
    ValueError
        For a probability outside (0, 1], an empty batch, unknown values; for a gradient without
        a Generator.

    Source
    ------
    paper_notes/cooccurrence.md.
    """

    keeps_zero_neurons: bool = True

    def sample(self, n: int, rng: np.random.Generator, size: int | None = None) -> Array:
        """Inputs, shape (batch, n); ``size`` of them where given."""
        n = check_integer("n", n, "the number of features")
        size = check_integer("size", self.batch if size is None else size, "a number of inputs")
        row, feature, value = self._active(n, rng, size)
        inputs = np.zeros((size, n))
        inputs[row, feature] = value
        return inputs

    def _active(self, n: int, rng: np.random.Generator, size: int) -> tuple[Array, ...]:
        """Input, feature and value of all that is active: a binomial number of places."""
        count = rng.binomial(size * n, self.activation_probability)
        place = np.sort(rng.choice(size * n, count, replace=False, shuffle=False))
        value = rng.random(count) if self.values == "uniform" else np.ones(count)
        return place // n, place % n, value

    def loss(self, weights: Array) -> Array:
        """Loss of each network, estimated on fixed inputs."""
        inputs = self.sample(weights.shape[-2], np.random.default_rng(0), _EVALUATION)
        error = np.maximum((inputs @ weights) @ weights.swapaxes(-1, -2), 0) - inputs
        return (error**2).sum((-2, -1)) / _EVALUATION

    def gradient(self, weights: Array, rng: np.random.Generator | None = None) -> Array:
        """Gradient on a fresh batch, which all networks share."""
        n = weights.shape[-2]
        row, feature, value = self._active(n, check_rng(rng), self.batch)
        alone = np.bincount(row, minlength=self.batch)[row] == 1
        squares = np.bincount(feature[alone], value[alone] ** 2, n).astype(weights.dtype)
        gradient = _gradient_alone(weights, squares)
        several, place = np.unique(row[~alone], return_inverse=True)
        if several.size:
            inputs = np.zeros((several.size, n), weights.dtype)
            inputs[place, feature[~alone]] = value[~alone]
            gradient += _gradient_together(weights, inputs)
        return gradient * (2 / self.batch)


def _gradient_alone(weights: Array, squares: Array) -> Array:
    """(D + D^T) W, half the gradient: column i of ReLU(G) - I times the sum of squares of i."""
    slope = np.maximum(weights @ weights.swapaxes(-1, -2), 0)
    diagonal(slope)[...] -= 1
    slope *= squares
    slope += slope.swapaxes(-1, -2).copy()
    return slope @ weights


def _gradient_together(weights: Array, inputs: Array) -> Array:
    """Half the gradient of the summed errors of the inputs."""
    hidden = inputs @ weights
    output = hidden @ weights.swapaxes(-1, -2)
    error = (output - inputs) * (output > 0)
    return error.swapaxes(-1, -2) @ hidden + inputs.T @ (error @ weights)
