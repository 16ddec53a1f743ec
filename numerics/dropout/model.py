r"""The autoencoder with dropout on its hidden layer: loss and gradient averaged over all masks.

Neuron j is kept with probability c = 1 - rate and then divided by c.  Input i reaches output k as
ReLU(Z), :math:`Z=\sum_j W_{kj}W_{ij}d_j/c`, of mean u = W_k . W_i and variance
:math:`v=\rho\sum_j W_{kj}^2W_{ij}^2`, :math:`\rho` = rate/(1 - rate).  The rectifier cuts only
where products W_kj W_ij of both signs occur; elsewhere E ReLU(Z)^2 is 0 or u^2 + v.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from .._types import Array
from .._validate import check_fields, check_fraction, check_integer, check_rng
from ..features.model import UnequalFeatures
from ..training.gradient import diagonal

_LARGEST = 20  # shared neurons; the masks of a pair number 2 to this power
_BLOCK = 1 << 20  # outputs worked on at once


def _check(model: Dropout | SampledDropout) -> None:
    check_fields(model, check_fraction, rate="the probability that a neuron is dropped")
    if model.features is not None and np.asarray(model.features.pairs).any():
        raise ValueError(
            "Got dropout and pairs of features that co-occur; the outputs of a pair have no exact "
            "mean over the masks: leave out the pairs, or the dropout."
        )


def dropout_noise(rate: float) -> float:
    """The variance of a mask over its squared mean, rate / (1 - rate)."""
    return rate / (1 - rate)


@dataclass(frozen=True, kw_only=True)
class Dropout:
    r"""Deterministic descent on the loss averaged over the masks of dropout.

    :math:`L = \sum_{ik} E\,({\rm ReLU}(W_k\cdot(d\circ W_i)/c)-\delta_{ik})^2`, with independent
    masks d_j = 1 with probability c = 1 - rate, else 0.  Exact for two rows whose products of
    weights have one sign, or which share at most ``exact_up_to`` neurons; for others the output is
    taken as Gaussian with its exact mean and variance, which changes the loss of rows of norm 1
    that share 12 neurons by less than 5 % at rates up to 0.5 (measured).

    Without the division by c, weights W' give the same loss as weights sqrt(c) W' here.  Unequal
    features weight the error of output k for input i by p_i I_k.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> float(numerics.Dropout(rate=0.5).loss(np.eye(2)))
    2.0

    Parameters
    ----------
    rate : float
        Probability that a neuron is dropped, in [0, 1).
    features : UnequalFeatures, optional
        Importance and frequencies, without pairs; 1 unless given.
    exact_up_to : int
        Number of neurons that two rows share up to which all masks are summed, at most 20.
    keeps_zero_neurons : bool
        Whether a neuron without weights stays without, so that it may be left out.

    Raises
    ------
    ValueError
        For a rate outside [0, 1), pairs that co-occur, or a number of neurons out of range.

    Source
    ------
    paper_notes/dropout.md.
    """

    rate: float
    features: UnequalFeatures | None = None
    exact_up_to: int = 8
    keeps_zero_neurons: bool = True

    def __post_init__(self) -> None:
        _check(self)
        check_integer(
            "exact_up_to",
            self.exact_up_to,
            "the number of shared neurons up to which all masks are summed",
            minimum=0,
            maximum=_LARGEST,
        )

    def loss(self, weights: Array) -> Array:
        """Loss of each network."""
        squares = weights**2
        norm2, fourth = squares.sum(-1), (squares**2).sum(-1)
        value, _, _, few = self._others(weights)
        diagonal(value)[...] = (norm2 - 1) ** 2 + dropout_noise(self.rate) * fourth
        if few.any():
            exact, _ = self._enumerated(_products(weights, np.nonzero(few)))
            value[few] = 2 * exact
        return np.asarray((self._coupling(weights) * value).sum((-2, -1)))

    def gradient(self, weights: Array, rng: np.random.Generator | None = None) -> Array:
        """Derivative of the averaged loss."""
        noise = weights.dtype.type(dropout_noise(self.rate))
        squares = weights**2
        _, in_mean, in_variance, few = self._others(weights)
        diagonal(in_mean)[...] = 2 * (squares.sum(-1) - 1)
        diagonal(in_variance)[...] = 1
        coupling = self._coupling(weights)
        in_mean, in_variance = coupling * in_mean, coupling * in_variance
        gradient = 2 * (in_mean @ weights) + 4 * noise * (in_variance @ squares) * weights
        if few.any():
            *network, row, other = places = np.nonzero(few)
            _, slope = self._enumerated(_products(weights, places))
            slope = 2 * slope.astype(weights.dtype, copy=False) * coupling[row, other][:, None]
            np.add.at(gradient, (*network, row), slope * weights[(*network, other)])
            np.add.at(gradient, (*network, other), slope * weights[(*network, row)])
        return np.asarray(gradient)

    def _coupling(self, weights: Array) -> Array:
        """The weight of the outputs of each two features."""
        if self.features is None:
            return np.ones(2 * weights.shape[-2:-1], weights.dtype)
        self.features.check_rows(weights)
        return self.features.coupling.astype(weights.dtype)

    def _others(self, weights: Array) -> tuple[Array, Array, Array, Array]:
        """E ReLU(Z)^2 of two rows, its slopes in u and v; for which i < k all masks are summed."""
        noise = weights.dtype.type(dropout_noise(self.rate))
        mean = weights @ weights.swapaxes(-1, -2)
        squares = weights**2
        variance = noise * (squares @ squares.swapaxes(-1, -2))
        up, down = (weights > 0).astype(weights.dtype), (weights < 0).astype(weights.dtype)
        alike = up @ up.swapaxes(-1, -2) + down @ down.swapaxes(-1, -2)
        opposite = up @ down.swapaxes(-1, -2)
        opposite = opposite + opposite.swapaxes(-1, -2)
        mixed = (alike > 0) & (opposite > 0)
        few = mixed & (alike + opposite <= self.exact_up_to)
        plain = ~mixed & (alike > 0)
        value, in_mean, in_variance = _gaussian(mean, variance, mixed & ~few)
        value += plain * (mean**2 + variance)
        in_mean += plain * 2 * mean
        in_variance += plain
        for part in (value, in_mean, in_variance):
            diagonal(part)[...] = 0
        return value, in_mean, in_variance, np.triu(few, 1)

    def _enumerated(self, products: Array) -> tuple[Array, Array]:
        """E ReLU(Z)^2 over all masks, and its slope in each product, for pairs (pairs, m)."""
        value, slope = np.zeros(len(products)), np.zeros(products.shape)
        shared = np.count_nonzero(products, axis=-1)
        for size in np.unique(shared):
            masks = (np.arange(2**size)[:, None] >> np.arange(size)) & 1
            chance = (1 - self.rate) ** masks.sum(1) * self.rate ** (size - masks.sum(1))
            scaled = masks / (1 - self.rate)
            step = max(1, _BLOCK >> int(size))
            pairs = np.flatnonzero(shared == size)
            for start in range(0, len(pairs), step):
                chosen = pairs[start : start + step]
                live = products[chosen] != 0
                output = np.maximum(products[chosen][live].reshape(-1, size) @ scaled.T, 0)
                value[chosen] = output**2 @ chance
                block = np.empty((len(chosen), products.shape[1]))
                block[...] = 2 * (output @ chance)[:, None]  # in a product that is 0
                block[live] = (2 * (output * chance) @ scaled).ravel()
                slope[chosen] = block
        return value, slope


def _products(weights: Array, places: tuple[Array, ...]) -> Array:
    """The products W_kj W_ij of the pairs of rows at the places, shape (pairs, m)."""
    *network, row, other = places
    return np.asarray(weights[(*network, row)] * weights[(*network, other)])


def _gaussian(mean: Array, variance: Array, where: Array) -> tuple[Array, Array, Array]:
    """E ReLU(Z)^2 of a normal Z and its slopes in mean and variance; 0 elsewhere."""
    value, in_mean, in_variance = (np.zeros_like(mean) for _ in range(3))
    u, v = mean[where], variance[where]
    size = np.sqrt(np.maximum(v, np.finfo(mean.dtype).tiny))
    ratio = np.clip(u / size, -100, 100)
    density = np.exp(-(ratio**2) / 2) / math.sqrt(2 * math.pi)
    below = ndtr(ratio)
    value[where] = (u**2 + v) * below + u * size * density
    in_mean[where] = 2 * (u * below + size * density)
    in_variance[where] = below
    return value, in_mean, in_variance


@dataclass(frozen=True, kw_only=True)
class SampledDropout:
    r"""Stochastic descent: a new mask for each input at every step, as training libraries do.

    Its mean over the masks is the exact average, that of :class:`Dropout`.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> model = numerics.SampledDropout(rate=0.1)
    >>> model.gradient(np.eye(3), np.random.default_rng(0)).shape
    (3, 3)

    Parameters
    ----------
    rate : float
        Probability that a neuron is dropped, in [0, 1).
    features : UnequalFeatures, optional
        Importance and frequencies, without pairs; 1 unless given.
    keeps_zero_neurons : bool
        Whether a neuron without weights stays without, so that it may be left out.

    Raises
    ------
    ValueError
        For a rate outside [0, 1), pairs that co-occur, or if the gradient is asked for without a
        Generator.

    Source
    ------
    paper_notes/dropout.md.
    """

    rate: float
    features: UnequalFeatures | None = None
    keeps_zero_neurons: bool = True

    def __post_init__(self) -> None:
        _check(self)

    def loss(self, weights: Array) -> Array:
        """Loss of each network, averaged as :class:`Dropout` does."""
        return Dropout(rate=self.rate, features=self.features).loss(weights)

    def gradient(self, weights: Array, rng: np.random.Generator | None = None) -> Array:
        """Derivative of the loss under one draw of the masks."""
        kept = check_rng(rng).random(weights.shape) >= self.rate
        mask = kept.astype(weights.dtype) / weights.dtype.type(1 - self.rate)
        hidden = weights * mask
        output = hidden @ weights.swapaxes(-1, -2)
        live = output > 0
        diagonal(output)[...] -= 1
        error = output * live
        if self.features is not None:
            self.features.check_rows(weights)
            frequencies, importance = map(
                np.asarray, (self.features.frequencies, self.features.importance)
            )
            error *= np.outer(frequencies, importance).astype(weights.dtype)
        gradient = error.swapaxes(-1, -2) @ hidden + (error @ weights) * mask
        return np.asarray(2 * gradient)
