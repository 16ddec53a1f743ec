"""The general autoencoder: tied or not, rectified or not, with bias, noise and any data."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .._types import Array, Packed
from .._validate import check_choice, check_rng
from ..noise.law import Noise
from ..noise.model import DRAWS
from .data import Data, OneHotInputs


@dataclass(frozen=True, kw_only=True)
class Autoencoder:
    r"""Backpropagation by hand through :math:`y = \sigma(D(E^\top x + \xi) + b)`.

    :math:`L = \sum_x c_x \lVert y - x\rVert^2` over the drawn inputs x with weights c. Tied
    weights (D = E = W) without bias on one-hot inputs are :class:`OneHot`, which is faster.

    All parameters live in one array, so that every optimizer takes them: untied, the decoder's
    n rows stand below the encoder's; the bias is one more column, on which no regulariser acts.
    Measures as :func:`live_weights` refuse this array: give them the encoder of :meth:`unpack`.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> rng = np.random.default_rng(0)
    >>> model = numerics.Autoencoder(tied=False, bias=True)
    >>> encoder, decoder = rng.standard_normal((2, 3, 5))
    >>> start = model.pack(encoder, decoder, bias=np.zeros(3))
    >>> start.shape
    (6, 6)
    >>> run = numerics.train(start, 0.01, model=model, optimizer="sgd", steps=100)
    >>> encoder, decoder, bias = model.unpack(run.weights)
    >>> bias.shape
    (3,)

    Parameters
    ----------
    tied, relu, bias : bool
        One matrix for both layers; rectified outputs; a bias on the outputs.
    data : Data
        Where the inputs come from.
    noise : Noise, optional
        Noise on the hidden layer, drawn anew at every step.
    draws : str
        "shared": one draw of the noise for all inputs of a step, as the authors do;
        "independent": one draw for each input.

    Source
    ------
    Lecomte et al. 2023, Sec. 2 and the authors' program.
    """

    tied: bool = True
    relu: bool = True
    bias: bool = False
    data: Data = field(default_factory=OneHotInputs)
    noise: Noise | None = None
    draws: str = "shared"

    def __post_init__(self) -> None:
        check_choice("draws", self.draws, DRAWS)

    @property
    def keeps_zero_neurons(self) -> bool:
        """Noise moves the weights of a zero neuron, and the bias is no neuron."""
        return self.noise is None and not self.bias

    def pack(
        self, encoder: Array, decoder: Array | None = None, bias: Array | None = None
    ) -> Array:
        """The parameters as one array."""
        if (decoder is None) != self.tied or (bias is None) == self.bias:
            raise ValueError(
                f"Got {'no' if decoder is None else 'a'} decoder and "
                f"{'no' if bias is None else 'a'} bias for an autoencoder with tied={self.tied}, "
                f"bias={self.bias}; give a decoder if and only if tied=False, and a bias if and "
                "only if bias=True."
            )
        if decoder is None and bias is None:
            return encoder
        rows = encoder if decoder is None else np.concatenate([encoder, decoder], axis=-2)
        if bias is not None:
            column = np.zeros_like(rows[..., :1])
            column[..., : bias.shape[-1], 0] = bias
            rows = np.concatenate([rows, column], axis=-1)
        return rows.view(Packed)

    def unpack(self, parameters: Array) -> tuple[Array, Array, Array | None]:
        """Encoder, decoder (the encoder itself if tied) and bias (None if there is none)."""
        parameters = np.asarray(parameters)
        *_, rows, columns = parameters.shape
        if (rows % 2 and not self.tied) or columns == self.bias:
            raise ValueError(
                f"Got parameters of shape {parameters.shape} for an autoencoder with "
                f"tied={self.tied}, bias={self.bias}; give an array that its pack made."
            )
        n = rows if self.tied else rows // 2
        weights = parameters[..., :-1] if self.bias else parameters
        encoder = weights[..., :n, :]
        decoder = encoder if self.tied else weights[..., n:, :]
        return encoder, decoder, parameters[..., :n, -1] if self.bias else None

    def regularised(self, parameters: Array) -> Array | float:
        """1 for weights and 0 for the bias, along the last axis."""
        if not self.bias:
            return 1.0
        mask = np.ones(parameters.shape[-1], parameters.dtype)
        mask[-1] = 0
        return mask

    def loss(self, parameters: Array) -> Array:
        """Loss of each network without noise, on one fixed draw of the data."""
        encoder, decoder, bias = self.unpack(parameters)
        inputs, weights = self.data.draw(encoder.shape[-2], (), np.random.default_rng(0))
        output = self._output(inputs @ encoder, decoder, bias)
        return np.einsum("b,...bj->...", weights, np.square(output - inputs))

    def gradient(self, parameters: Array, rng: np.random.Generator | None = None) -> Array:
        """Derivative by each parameter, under one draw of data and noise."""
        encoder, decoder, bias = self.unpack(parameters)
        *networks, n, m = encoder.shape
        inputs, weights = self.data.draw(n, tuple(networks), rng)
        inputs = inputs.astype(parameters.dtype, copy=False)
        hidden = inputs @ encoder
        if self.noise is not None:
            rows = 1 if self.draws == "shared" else inputs.shape[-2]
            noise = self.noise.sample(check_rng(rng), (*networks, rows, m))
            hidden = hidden + noise.astype(parameters.dtype, copy=False)
        output = self._output(hidden, decoder, bias)
        error = 2 * weights.astype(parameters.dtype)[:, None] * (output - inputs)
        if self.relu:
            error *= output > 0
        by_decoder = error.swapaxes(-1, -2) @ hidden
        by_encoder = inputs.swapaxes(-1, -2) @ (error @ decoder)
        gradient = np.zeros_like(parameters)
        target = gradient[..., :-1] if self.bias else gradient
        if self.tied:
            target += by_encoder + by_decoder
        else:
            target[..., :n, :], target[..., n:, :] = by_encoder, by_decoder
        if self.bias:
            gradient[..., :n, -1] = error.sum(axis=-2)
        return gradient

    def _output(self, hidden: Array, decoder: Array, bias: Array | None) -> Array:
        output = hidden @ decoder.swapaxes(-1, -2)
        if bias is not None:
            output = output + bias[..., None, :]
        return np.maximum(output, 0) if self.relu else output
