"""The reduced model of two rows: histograms, and the neurons where one has a large weight.

Under an optimizer that acts on each weight alone, the initial size of a weight that the other row
does not touch and the squared length of its row determine how it moves. Weights of nearly equal
size move together, so a row is a histogram of initial sizes. Only the neurons on which the larger
of the two weights exceeds a cut are followed one by one: there even a small weight of the other row
helps the larger one to win. A weight that reaches zero stays there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import ClassVar

import numpy as np

from .._types import Array, BoolArray, FloatArray, IntArray
from .._validate import check_integer, check_lam, check_nonnegative, check_rng
from ..training.adaptive import AdamW
from ..training.descent import FixedSteps, State
from ..training.gradient import diagonal
from ..training.problem import Problem

CUT = 1.0
"""In initial standard deviations: two weights on a neuron interact unless both are smaller."""
_WIDTH, _TOP = 0.05, 7.0  # of the bins, in initial standard deviations, and where they end
_CHECK = 16  # steps between two looks at what has died
_FEWER = 0.85  # of the columns: then the rest is dropped
_BLOCK = 1 << 19  # weights of the pairs that are stepped together
_WON = 0.5  # the last weight of a row stays if it is larger


@dataclass(frozen=True, kw_only=True, eq=False)
class Grouped:
    """The paper's model for rows as histograms: a model for an optimizer's steps.

    The first columns are bins of equal weights of a row, which interact with no other row; the
    others are neurons, as in :class:`OneHot`.

    >>> import numpy as np
    >>> from polysem.numerics.optimizer.reduced import Grouped
    >>> model = Grouped(counts=np.array([[[3.0, 1.0], [2.0, 1.0]]]), bins=1)
    >>> model.gradient(np.array([[[0.5, 0.5], [0.5, -0.5]]])).tolist()
    [[[0.0, 0.0], [-0.5, 0.5]]]

    Parameters
    ----------
    counts : ndarray, shape (pairs, 2, columns)
        The number of weights that each entry stands for.
    bins : int
        The number of columns that are bins.

    Source
    ------
    paper_notes/optimizer.md
    """

    keeps_zero_neurons: ClassVar[bool] = True

    counts: Array
    bins: int

    def loss(self, weights: Array) -> Array:
        """The reconstruction loss."""
        residual = self._residual(weights)
        return np.einsum("...ij,...ij->...", residual, residual)

    def gradient(self, weights: Array, rng: np.random.Generator | None = None) -> Array:
        """Its derivative by one of the weights that each entry stands for."""
        residual = 4 * self._residual(weights)
        own = diagonal(residual)
        gradient = own[..., None] * weights
        own[...] = 0
        gradient[..., self.bins :] += residual @ weights[..., self.bins :]
        return gradient

    def _residual(self, weights: Array) -> Array:
        alone = weights[..., self.bins :]
        residual = np.maximum(alone @ alone.swapaxes(-1, -2), 0)
        diagonal(residual)[...] = (self.counts * weights * weights).sum(axis=-1) - 1
        return residual


@dataclass(frozen=True, kw_only=True, eq=False)
class ReducedPairs:
    """Pairs of rows trained in the reduced model, see :func:`reduced_pairs`.

    Parameters
    ----------
    together : ndarray of bool, shape (pairs,)
        Whether both rows end on one neuron.
    retained : ndarray, shape (pairs, 2)
        Whether a row ends on its largest initial weight; where it ends in a bin of k weights, 1/k.
    dead : ndarray of bool, shape (pairs, 2)
        Whether a row loses all weights.
    variables : float
        Mean number of variables of a pair at the start; it has 2 m weights.

    Source
    ------
    paper_notes/optimizer.md
    """

    together: BoolArray
    retained: FloatArray
    dead: BoolArray
    variables: float

    @property
    def probability(self) -> tuple[float, float]:
        """p2, the probability that two rows end on one neuron, and its standard error."""
        return _mean(self.together)

    @property
    def retained_fraction(self) -> tuple[float, float]:
        """The retained fraction, and its standard error."""
        return _mean(self.retained.mean(axis=-1))


def _mean(values: Array) -> tuple[float, float]:
    return float(values.mean()), float(values.std() / math.sqrt(len(values)))


def reduced_pairs(
    m: int,
    lam: float,
    pairs: int,
    rng: np.random.Generator,
    *,
    optimizer: FixedSteps | None = None,
    cut: float = CUT,
) -> ReducedPairs:
    """Train pairs of rows in the reduced model, by AdamW unless another optimizer is given.

    It predicts how often two features end on one neuron, and the retained fraction of a pair,
    without a fitted constant. The cut and the widths of the bins are set for accuracy, not
    fitted. Of the weights of
    AdamW that l1 has removed, which move to and fro at zero, the model takes no account.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> rng, short = np.random.default_rng(0), numerics.AdamW(steps=3000)
    >>> found = numerics.reduced_pairs(1024, 0.016, 200, rng, optimizer=short)
    >>> 0.65 < found.retained_fraction[0] < 0.85, found.variables < 0.6 * 2048
    (True, True)

    Parameters
    ----------
    m : int
        Number of neurons.
    lam : float
        The paper's lambda, in flow units; > 0.
    pairs : int
        Number of independent pairs.
    rng : numpy.random.Generator
        Source of the initial weights.
    optimizer : AdamW, RMSprop, Lion or SGD, optional
        The optimizer with its settings; AdamW without a row mean.
    cut : float
        Two weights on a neuron interact if one exceeds this, in initial standard deviations.

    Returns
    -------
    ReducedPairs

    Raises
    ------
    ValueError
        For a number below 1, lam = 0, or an optimizer that it does not cover.

    Source
    ------
    paper_notes/optimizer.md
    """
    check_rng(rng)
    m = check_integer("m", m, "the number of neurons")
    pairs = check_integer("pairs", pairs, "the number of pairs of rows")
    optimizer = AdamW() if optimizer is None else optimizer
    if not isinstance(optimizer, FixedSteps) or getattr(optimizer, "row_mean", False):
        raise ValueError(
            f"Got optimizer={optimizer!r}; give AdamW without row_mean, RMSprop, Lion or SGD: the "
            "reduced model needs a fixed number of steps that act on each weight alone."
        )
    if not check_lam(lam) > 0:
        raise ValueError(f"Got lam={lam:g}; the reduced model needs lam > 0, so that rows end.")
    check_nonnegative("cut", cut, "initial standard deviations")
    some = max(1, _BLOCK // (2 * m))
    found = []
    for first in range(0, pairs, some):
        sizes = rng.standard_normal((min(some, pairs - first), 2, m)).astype(np.float32)
        found.append(_Race(sizes, cut).run(lam, optimizer))
    numbers = [len(one.together) for one in found]
    return ReducedPairs(
        together=np.concatenate([one.together for one in found]),
        retained=np.concatenate([one.retained for one in found]),
        dead=np.concatenate([one.dead for one in found]),
        variables=float(np.average([one.variables for one in found], weights=numbers)),
    )


class _Race:
    """Some pairs of rows on the way from their initial weights to one weight a row."""

    def __init__(self, sizes: Array, cut: float):
        pairs, _, m = sizes.shape
        large = np.asarray((np.abs(sizes) > cut).any(axis=1, keepdims=True))
        bins, self.counts, place = _histogram(np.where(large, 0, np.abs(sizes)))
        columns, alone = _gathered(sizes, large[:, 0])
        self.bins = bins.shape[-1]
        self.weights = np.concatenate([bins, alone], axis=-1) / np.float32(math.sqrt(m))
        ones = np.ones_like(alone)
        self.counts = np.concatenate([self.counts, ones], axis=-1)
        place = np.where(large, self.bins + columns[:, None, :], place)
        first = np.abs(sizes).argmax(axis=-1)[..., None]
        self.first = np.take_along_axis(place, first, axis=-1)[..., 0]
        self.column = np.broadcast_to(np.arange(self.weights.shape[-1]), self.weights.shape)
        self.sign = np.sign(self.weights)
        self.variables = float((self.sign != 0).sum() / pairs)
        self.which = np.arange(pairs)
        self.winner = np.zeros((pairs, 2), int)
        self.share = np.zeros((pairs, 2))
        self.dead = np.zeros((pairs, 2), bool)
        self.first_neuron = self.bins

    def run(self, lam: float, optimizer: FixedSteps) -> ReducedPairs:
        """Step until each row has one weight, or the steps are over."""
        problem = Problem(lam=lam, model=Grouped(counts=self.counts, bins=self.bins))
        state = optimizer.start(self.weights, problem)
        forever = np.array(np.inf)
        for step in range(1, optimizer.max_steps + 1):
            self.weights, _ = optimizer.step(self.weights, problem, forever, state)
            self.weights *= self.weights * self.sign > 0
            if step % _CHECK and step < optimizer.max_steps:
                continue
            self.sign = np.sign(self.weights)
            live = (self.counts * (self.sign != 0)).sum(axis=-1)
            won = (live == 1) & (np.abs(self.weights).max(axis=-1) > _WON)
            over = (won | (live == 0)).all(axis=-1) | (step == optimizer.max_steps)
            self._store(over)
            if over.all():
                break
            self._reduce(~over, state)
            problem = replace(problem, model=Grouped(counts=self.counts, bins=self.bins))
        return self._result()

    def _store(self, over: Array) -> None:
        """Note the winners of the pairs that are over."""
        ended, sizes = self.which[over], np.abs(self.weights[over])
        best = sizes.argmax(axis=-1)[..., None]
        self.winner[ended] = np.take_along_axis(self.column[over], best, axis=-1)[..., 0]
        number = np.take_along_axis(self.counts[over], best, axis=-1)[..., 0]
        self.share[ended] = 1 / np.maximum(number, 1)
        self.dead[ended] = np.take_along_axis(sizes, best, axis=-1)[..., 0] == 0

    def _reduce(self, kept: Array, state: State) -> None:
        """Go on with some pairs, without the columns that are dead in both rows."""
        live = (self.sign != 0)[kept].any(axis=1)
        order = [_few(part) for part in (live[:, : self.bins], live[:, self.bins :])]
        chosen = np.concatenate([order[0], self.bins + order[1]], axis=-1)
        if kept.all() and chosen.shape[-1] > _FEWER * live.shape[-1]:
            return
        self.bins = order[0].shape[-1]
        self.which = self.which[kept]

        def take(array: Array) -> Array:
            return np.take_along_axis(array[kept], chosen[:, None, :], axis=-1)

        shape = self.weights.shape
        for name in ("weights", "counts", "column", "sign"):
            setattr(self, name, take(getattr(self, name)))
        for entry in fields(state):
            value = getattr(state, entry.name)
            if isinstance(value, np.ndarray) and value.shape == shape:
                setattr(state, entry.name, take(value))

    def _result(self) -> ReducedPairs:
        both = (self.winner >= self.first_neuron).all(axis=-1) & ~self.dead.any(axis=-1)
        return ReducedPairs(
            together=both & (self.winner[:, 0] == self.winner[:, 1]),
            retained=np.where((self.winner == self.first) & ~self.dead, self.share, 0),
            dead=self.dead,
            variables=self.variables,
        )


def _few(live: Array) -> IntArray:
    """For each pair the columns that are live, and as many others as fill the array."""
    width = max(1, int(live.sum(axis=-1).max()))
    return np.argsort(~live, axis=-1, kind="stable")[:, :width]


def _histogram(sizes: Array) -> tuple[Array, Array, IntArray]:
    """Mean size and number of the weights in each bin of each row, and the bin of each weight.

    Sizes of exactly zero are not counted.
    """
    edges = np.arange(0, _TOP, _WIDTH)
    place = np.searchsorted(edges, sizes, side="right") - 1
    shape = *sizes.shape[:-1], len(edges)
    row = np.arange(sizes[..., 0].size).reshape(*sizes.shape[:-1], 1) * len(edges)

    def summed(values: Array) -> Array:
        total = np.bincount((place + row).ravel(), weights=values.ravel(), minlength=np.prod(shape))
        return total.reshape(shape).astype(sizes.dtype)

    counts = summed(sizes > 0)
    return summed(sizes) / np.maximum(counts, 1), counts, place


def _gathered(sizes: Array, chosen: Array) -> tuple[IntArray, Array]:
    """The place of each neuron among the chosen ones, and their weights, filled up with zeros."""
    order = _few(chosen)
    filled = sizes * chosen[:, None, :]
    gathered = np.take_along_axis(filled, order[:, None, :], axis=-1)
    return np.cumsum(chosen, axis=-1) - 1, gathered
