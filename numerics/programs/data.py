"""Inputs for training: one-hot, pairs, independent and block-wise features."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Real
from typing import Protocol

import numpy as np

from .._validate import check_choice, check_integer, check_nonnegative, check_rng
from ..cooccurrence.pairs import SECOND_MOMENT, Values


class Data(Protocol):
    """What :class:`Autoencoder` asks of its data: inputs, and the weight of each in the loss.

    Examples
    --------
    >>> from polysem import numerics
    >>> data: numerics.Data = numerics.OneHotInputs()

    Source
    ------
    paper_notes/training.md.
    """

    def draw(
        self, n: int, networks: tuple[int, ...], rng: np.random.Generator | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (..., batch, n) and their weights (batch,); ``networks`` is the stack's shape."""


@dataclass(frozen=True, kw_only=True)
class OneHotInputs:
    """Each feature alone with value 1, once: the loss is their sum, as in the paper.

    Examples
    --------
    >>> from polysem import numerics
    >>> numerics.OneHotInputs().draw(2, (), None)[0]
    array([[1., 0.],
           [0., 1.]])

    Source
    ------
    Lecomte et al. 2023, Sec. 2.
    """

    def draw(
        self, n: int, networks: tuple[int, ...], rng: np.random.Generator | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """All n inputs."""
        return np.eye(n), np.ones(n)


@dataclass(frozen=True, kw_only=True)
class PairInputs:
    """Each feature alone with weight 1 and each pair of features with a weight of its own.

    It lists all n (n + 1) / 2 inputs: slow and plain, for small n. :class:`Pairs` sums the same
    loss without a list.

    Examples
    --------
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
        check_nonnegative("pair_weight", self.pair_weight, "the weight of a pair")

    def draw(
        self, n: int, networks: tuple[int, ...], rng: np.random.Generator | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """All singles, then all pairs."""
        first, second = np.triu_indices(n, 1)
        pairs = np.zeros((len(first), n))
        pairs[np.arange(len(first)), first] = 1
        pairs[np.arange(len(first)), second] = 1
        weights = np.append(np.ones(n), np.full(len(first), self.pair_weight))
        return np.concatenate([np.eye(n), pairs]), weights


@dataclass(frozen=True, kw_only=True)
class BernoulliInputs:
    r"""Features that are active independently; a new batch at every step.

    The loss is the mean over the batch. With probability p a feature has the value 1
    ("binary") or a uniform value in [0, 1] ("uniform"), else 0.

    Examples
    --------
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

    activation_probability: float
    values: Values = "binary"
    batch: int = 256

    def __post_init__(self) -> None:
        _check_batches(self.activation_probability, self.values, self.batch)

    def draw(
        self, n: int, networks: tuple[int, ...], rng: np.random.Generator | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """A new batch for each network."""
        rng, shape = check_rng(rng), (*networks, self.batch, n)
        inputs = _active(rng, shape, self.activation_probability, self.values)
        return inputs, np.full(self.batch, 1 / self.batch)


@dataclass(frozen=True, kw_only=True)
class BlockInputs:
    r"""Two blocks of correlated features; a new batch at every step.

    Each input belongs to one half of the features, both halves being as likely; a feature of
    that half is active with probability p, all others are 0. Features co-occur with those of
    their own half only: two of one half are active together with probability
    :math:`p^2/2`, two of different halves never. The loss is the mean over the batch.

    Examples
    --------
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

    activation_probability: float
    values: Values = "binary"
    batch: int = 256

    def __post_init__(self) -> None:
        _check_batches(self.activation_probability, self.values, self.batch)

    def draw(
        self, n: int, networks: tuple[int, ...], rng: np.random.Generator | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """A new batch for each network."""
        rng, shape = check_rng(rng), (*networks, self.batch, n)
        inputs = _active(rng, shape, self.activation_probability, self.values)
        half = rng.integers(0, 2, shape[:-1])
        inputs *= half[..., None] == (np.arange(n) >= n - n // 2)
        return inputs, np.full(self.batch, 1 / self.batch)


def _active(
    rng: np.random.Generator, shape: tuple[int, ...], probability: float, values: str
) -> np.ndarray:
    """Values of features that are active independently, 0 for the others."""
    inputs = np.ones(shape) if values == "binary" else rng.random(shape)
    inputs *= rng.random(shape) < probability
    return inputs


def _check_batches(probability: float, values: str, batch: int) -> None:
    if not isinstance(probability, Real) or not 0 < probability <= 1:
        raise ValueError(
            f"Got activation_probability={probability!r}; it is a probability and must lie "
            "in (0, 1]."
        )
    check_choice("values", values, SECOND_MOMENT)
    check_integer("batch", batch, "the number of inputs per step")
