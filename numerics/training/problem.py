"""The training problem: a model with its regularisers, and the proximal map of l1."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._arrays import is_foreign, namespace, shrunk
from .._types import Array, Packed
from .gradient import Model, OneHot


def soft_threshold(weights: Array, threshold: Any) -> Array:
    r"""Proximal map of the l1 norm: shrink each weight by the threshold, or to exactly zero.

    :math:`\mathrm{sign}(w)\,(|w| - \theta)_+`. Exact.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.soft_threshold(np.array([0.5, -0.25, 2.0]), 0.5)
    array([0. , 0. , 1.5])

    Parameters
    ----------
    weights : array of NumPy, PyTorch, ...
        The weights.
    threshold : float or array
        How much to shrink, >= 0.

    Returns
    -------
    array, shape of ``weights``
        A new array.

    Raises
    ------
    ValueError
        If a threshold is negative.

    Source
    ------
    paper_notes/training.md.
    """
    if (namespace(threshold).min(threshold) if is_foreign(threshold) else np.min(threshold)) < 0:
        raise ValueError(f"Got threshold={threshold!r}; it says how much to shrink: give >= 0.")
    return shrunk(1.0 * weights, threshold)


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """A model, its regularisers and the source of its noise: what training descends.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.Problem(lam=0.1).gradient(np.array([[2.0]]))
    array([[24.]])

    Parameters
    ----------
    lam : float
        Weight of the l1 norm, in flow units: the loss has 4 lam |W|_1.
    l2 : float
        Weight of half the squared norm, in flow units: the loss has 2 l2 |W|_2^2.
    model : Model
        Loss and gradient without the regularisers.
    rng : numpy.random.Generator or torch.Generator, optional
        Given to a model that draws noise or data.

    Source
    ------
    Lecomte et al. 2023, Sec. 2.
    """

    lam: float
    l2: float = 0.0
    model: Model = field(default_factory=OneHot)
    rng: Any = None

    def gradient(self, weights: Array) -> Array:
        """Gradient of all but the l1 term, in units of the loss."""
        gradient = self.model.gradient(weights, self.rng)
        if self.l2:
            gradient = gradient + 4 * self.l2 * self.mask(weights) * weights
        return gradient

    def subgradient(self, weights: Array) -> Array:
        """A subgradient of the whole loss: that of l1 is the sign, 0 for a weight at zero."""
        gradient = self.gradient(weights)
        if self.lam:
            gradient += 4 * self.lam * self.mask(weights) * namespace(weights).sign(weights)
        return gradient

    def mask(self, weights: Array) -> Any:
        """1 where the regularisers act; a model may leave out parameters by ``regularised``."""
        regularised = getattr(self.model, "regularised", None)
        return 1.0 if regularised is None else regularised(weights)

    def encoder(self, parameters: Array) -> Array:
        """The rows of weights to measure; a model may keep more parameters, see ``unpack``."""
        unpack = getattr(self.model, "unpack", None)
        rows = parameters if unpack is None else unpack(parameters)[0]
        return rows if unpack is None or is_foreign(rows) else np.asarray(rows)

    def marked(self, parameters: Array) -> Array:
        """The parameters, as :class:`Packed` where they are more than rows of weights."""
        more = not is_foreign(parameters) and self.encoder(parameters).shape != parameters.shape
        return parameters.view(Packed) if more else parameters

    @property
    def decouples(self) -> bool:
        """Whether features that share no neuron do not feel each other."""
        return type(self.model) is OneHot and self.model.relu and not self.l2

    def loss(self, weights: Array) -> Array:
        """The whole loss of each network."""
        xp, total = namespace(weights), self.model.loss(weights)
        if self.lam:
            l1_norm = xp.sum(xp.abs(self.mask(weights) * weights), axis=(-2, -1))
            total = total + 4 * self.lam * l1_norm
        if self.l2:
            squares = xp.sum(xp.square(self.mask(weights) * weights), axis=(-2, -1))
            total = total + 2 * self.l2 * squares
        return total
