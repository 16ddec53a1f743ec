"""Inputs for training: one-hot, pairs, independent and block-wise features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from .._types import Array
from .._validate import check_fields, check_nonnegative, check_rng
from ..cooccurrence.minibatches import SampledFeatures
from ..cooccurrence.some_pairs import singles_and_pairs

Drawn = tuple[Array, Array]
"""Inputs, and the weight of each in the loss."""


class Data(Protocol):
    """What :class:`Autoencoder` asks of its data: inputs, and the weight of each in the loss.

    >>> from polysem import numerics
    >>> data: numerics.Data = numerics.OneHotInputs()

    Source
    ------
    paper_notes/training.md.
    """

    def draw(self, n: int, networks: tuple[int, ...], rng: np.random.Generator | None) -> Drawn:
        """Inputs (..., batch, n) and their weights (batch,); ``networks`` is the stack's shape."""


@dataclass(frozen=True, kw_only=True)
class OneHotInputs:
    """Each feature alone with value 1, once: the loss is their sum, as in the paper.

    >>> from polysem import numerics
    >>> numerics.OneHotInputs().draw(2, (), None)[0]
    array([[1., 0.],
           [0., 1.]])

    Source
    ------
    Lecomte et al. 2023, Sec. 2.
    """

    def draw(self, n: int, networks: tuple[int, ...], rng: np.random.Generator | None) -> Drawn:
        """All n inputs."""
        return np.eye(n), np.ones(n)


@dataclass(frozen=True, kw_only=True)
class PairInputs:
    """Each feature alone with weight 1 and each pair of features with a weight of its own.

    A simple reference implementation for small n: it lists all n (n + 1) / 2 inputs.
    :class:`Pairs` sums the same loss without a list.

    >>> from polysem import numerics
    >>> numerics.PairInputs(pair_weight=0.1).draw(2, (), None)
    (array([[1., 0.],
           [0., 1.],
           [1., 1.]]), array([1. , 1. , 0.1]))

    Parameters
    ----------
    pair_weight : float
        Weight of each unordered pair.

    Source
    ------
    paper_notes/cooccurrence.md.
    """

    pair_weight: float

    def __post_init__(self) -> None:
        check_fields(self, check_nonnegative, pair_weight="the weight of a pair")

    def draw(self, n: int, networks: tuple[int, ...], rng: np.random.Generator | None) -> Drawn:
        """All singles, then all pairs."""
        pairs = np.stack(np.triu_indices(n, 1), axis=-1)
        return singles_and_pairs(n, pairs), np.repeat([1, self.pair_weight], [n, len(pairs)])


@dataclass(frozen=True, kw_only=True)
class _Batches(SampledFeatures):
    """A new batch of inputs for each network at every step (abstract)."""

    def draw(self, n: int, networks: tuple[int, ...], rng: np.random.Generator | None) -> Drawn:
        """A new batch for each network."""
        inputs = self._inputs(check_rng(rng), (*networks, self.batch, n))
        return inputs, np.full(self.batch, 1 / self.batch)

    def _inputs(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        inputs = np.ones(shape) if self.values == "binary" else rng.random(shape)
        inputs *= rng.random(shape) < self.activation_probability
        return inputs


@dataclass(frozen=True, kw_only=True)
class BernoulliInputs(_Batches):
    r"""Features that are active independently; a new batch at every step.

    The loss is the mean over the batch. With probability p a feature has the value 1
    ("binary") or a uniform value in [0, 1] ("uniform"), else 0.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> data = numerics.BernoulliInputs(activation_probability=0.5, batch=4)
    >>> data.draw(3, (2,), np.random.default_rng(0))[0].shape
    (2, 4, 3)

    Parameters
    ----------
    activation_probability : float
        p, in (0, 1].
    values : {"binary", "uniform"}
        Values of active features: 1, or independent and uniform on [0, 1].
    batch : int
        Inputs per step and network.

    Source
    ------
    paper_notes/cooccurrence.md.
    """


@dataclass(frozen=True, kw_only=True)
class BlockInputs(_Batches):
    r"""Two blocks of correlated features; a new batch at every step.

    Each input belongs to one half of the features, both halves being as likely; a feature of
    that half is active with probability p, all others are 0. Features co-occur with those of
    their own half only: two of one half are active together with probability
    :math:`p^2/2`, two of different halves never. The loss is the mean over the batch.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> data = numerics.BlockInputs(activation_probability=1.0, batch=2)
    >>> sorted(data.draw(4, (), np.random.default_rng(3))[0].sum(axis=1).tolist())
    [2.0, 2.0]

    Parameters
    ----------
    activation_probability : float
        p, in (0, 1], within the chosen half.
    values : {"binary", "uniform"}
        Values of active features: 1, or independent and uniform on [0, 1].
    batch : int
        Inputs per step and network.

    Source
    ------
    paper_notes/training.md.
    """

    def _inputs(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        inputs, n = super()._inputs(rng, shape), shape[-1]
        half = rng.integers(0, 2, shape[:-1])
        inputs *= half[..., None] == (np.arange(n) >= n - n // 2)
        return inputs
