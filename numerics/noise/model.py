"""The autoencoder with noise on its hidden layer, as models for the training loop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .._arrays import cast, is_torch_generator, raise_diagonal, to_library
from .._types import Array
from .._validate import check_choice, check_rng
from .average import averaged_gradient, averaged_loss
from .law import Noise

DRAWS = ("shared", "independent")


@dataclass(frozen=True, kw_only=True)
class SampledNoise:
    r"""Stochastic descent: new noise on the hidden layer at every step, as the authors train.

    :math:`L_\xi(W) = \sum_i \lVert \mathrm{ReLU}(W(W_i + \sigma\xi_i)) - e_i \rVert^2`; each
    network has its own noise. Its mean over the noise is :class:`AveragedNoise`.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> model = numerics.SampledNoise(noise=numerics.Noise(sigma=0.1))
    >>> model.gradient(np.eye(3), np.random.default_rng(0)).shape
    (3, 3)

    Parameters
    ----------
    noise : Noise
        The law of the noise.
    draws : {"shared", "independent"}
        One draw of the noise for all n inputs of a step, as in the authors' program, or one each.
    keeps_zero_neurons : bool
        Whether a neuron without weights stays without, so that it may be left out.

    Raises
    ------
    ValueError
        If draws is another word, or the gradient is asked for without a Generator.

    Source
    ------
    Lecomte et al. 2023, section on noise, and the authors' program.
    """

    array_api: ClassVar[bool] = True
    draws_on_device: ClassVar[bool] = True

    noise: Noise
    draws: str = "shared"
    keeps_zero_neurons: bool = False  # the noise of a zero neuron moves its weights

    def __post_init__(self) -> None:
        check_choice("draws", self.draws, DRAWS)

    def loss(self, weights: Array) -> Array:
        """Loss of each network, averaged exactly over the noise."""
        return averaged_loss(weights, self.noise)

    def gradient(self, weights: Array, rng: Any = None) -> Array:
        """Derivative of the loss under one draw of the noise."""
        *networks, n, m = weights.shape
        shape = (*networks, 1 if self.draws == "shared" else n, m)
        if is_torch_generator(rng):
            hidden = weights + self.noise.sample_on(rng, weights, shape)
        else:
            drawn = self.noise.sample(check_rng(rng), shape)
            hidden = weights + to_library(drawn, weights, weights.dtype)
        output = hidden @ weights.mT
        live = cast(output > 0, output.dtype)
        output = raise_diagonal(output, -1)
        output *= live
        gradient = output.mT @ hidden
        gradient += output @ weights
        gradient *= 2
        return gradient


@dataclass(frozen=True, kw_only=True)
class AveragedNoise:
    r"""Deterministic descent on the loss averaged exactly over the noise.

    :math:`L(W) = E\,L_\xi(W)`: what :class:`SampledNoise` follows as the learning rate goes
    to 0. Exact as :func:`averaged_loss` is.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(4, 8, np.random.default_rng(0))
    >>> model = numerics.AveragedNoise(noise=numerics.Noise(sigma=0.1))
    >>> numerics.train(start, 0.0, optimizer="flow", model=model, max_time=5.0).steps
    array(50)

    Parameters
    ----------
    noise : Noise
        The law of the noise.
    keeps_zero_neurons : bool
        Whether a neuron without weights stays without, so that it may be left out.

    Source
    ------
    paper_notes/noise.md.
    """

    noise: Noise
    keeps_zero_neurons: bool = True  # the noise is symmetric

    def loss(self, weights: Array) -> Array:
        """Loss of each network."""
        return averaged_loss(weights, self.noise)

    def gradient(self, weights: Array, rng: np.random.Generator | None = None) -> Array:
        """Derivative of the averaged loss."""
        return averaged_gradient(weights, self.noise)
