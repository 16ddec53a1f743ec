"""Loss and gradient where the pairs of features in a list co-occur and the others never do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._types import Array, FloatArray, IntArray
from .._validate import check_fields, check_integer, check_nonnegative, check_rng


@dataclass(frozen=True, kw_only=True, eq=False)
class SomePairs:
    r"""Every feature alone with weight 1, and the listed pairs of features with weight p.

    .. math:: L = \sum_i\|{\rm ReLU}(Ge_i)-e_i\|^2
              + p\sum_{(i,j)}\|{\rm ReLU}(G(e_i+e_j))-e_i-e_j\|^2, \quad G=WW^\top.

    With D the derivative of L by the entries of G, taken as independent, the gradient is
    (D + D^T) W.  Exact; a step costs O(n) for each listed pair.  For all pairs use
    :class:`Pairs`, which sums them faster.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> antipodal_pair = np.array([[1.0], [-1.0]])
    >>> float(numerics.SomePairs(pairs=np.array([[0, 1]]), pair_weight=0.01).loss(antipodal_pair))
    0.02

    Parameters
    ----------
    pairs : ndarray of int, shape (pairs, 2)
        The two features of each pair, each pair once.
    pair_weight : float
        p, the weight of a listed pair relative to a single feature.
    keeps_zero_neurons : bool
        Whether a neuron without weights stays without, so that it may be left out.

    Raises
    ------
    ValueError
        For a negative ``pair_weight``, a list of the wrong shape, or a pair that stands in it
        twice or has one feature only.

    Source
    ------
    paper_notes/cooccurrence.md.
    """

    pairs: Array
    pair_weight: float
    keeps_zero_neurons: bool = True

    def __post_init__(self) -> None:
        check_fields(self, check_nonnegative, pair_weight="the weight of a pair of features")
        pairs = np.asarray(self.pairs)
        if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
            raise ValueError(
                f"Got pairs of shape {pairs.shape} and dtype {pairs.dtype}; give an integer array "
                "of shape (pairs, 2)."
            )
        if pairs.size and pairs.min() < 0:
            raise ValueError(
                f"Got a pair with feature {pairs.min()}; features are numbered from 0."
            )
        if (pairs[:, 0] == pairs[:, 1]).any():
            raise ValueError("Got a pair of one feature with itself; list two different features.")
        if len(np.unique(np.sort(pairs, axis=1), axis=0)) < len(pairs):
            raise ValueError("Got a pair twice; list each pair once.")

    def loss(self, weights: Array) -> Array:
        """Loss of each network."""
        inputs = self._inputs(weights)
        error = np.maximum(inputs @ (weights @ weights.swapaxes(-1, -2)), 0) - inputs
        return ((error**2).sum(-1) * self._input_weights(weights)).sum(-1)

    def gradient(self, weights: Array, rng: np.random.Generator | None = None) -> Array:
        """(D + D^T) W; at the kinks the rectifier's derivative is 0."""
        inputs = self._inputs(weights)
        output = inputs @ (weights @ weights.swapaxes(-1, -2))
        error = (output - inputs) * (output > 0)
        error *= 2 * self._input_weights(weights)[:, None]
        slope = inputs.T @ error
        slope += slope.swapaxes(-1, -2).copy()
        return slope @ weights

    def _inputs(self, weights: Array) -> Array:
        """All singles, then the listed pairs, shape (inputs, n)."""
        n = weights.shape[-2]
        if self.pairs.size and self.pairs.max() >= n:
            raise ValueError(
                f"Got a pair with feature {self.pairs.max()}; the {n} features are numbered 0 to "
                f"{n - 1}."
            )
        return singles_and_pairs(n, self.pairs).astype(weights.dtype)

    def _input_weights(self, weights: Array) -> Array:
        counts = weights.shape[-2], len(self.pairs)
        return np.repeat([1, self.pair_weight], counts).astype(weights.dtype)


def singles_and_pairs(n: int, pairs: Array) -> FloatArray:
    """Each of n features alone, then the given pairs of features, shape (inputs, n)."""
    inputs = np.eye(n + len(pairs), n)
    inputs[n + np.arange(len(pairs))[:, None], pairs] = 1
    return inputs


def random_pairs(n: int, fraction: float, rng: np.random.Generator) -> IntArray:
    """A given fraction of the pairs of n features, drawn without replacement.

    Their number is n (n - 1) / 2 times the fraction, rounded.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.random_pairs(5, 0.3, np.random.default_rng(0)).shape
    (3, 2)

    Parameters
    ----------
    n : int
        Number of features.
    fraction : float
        Fraction of the pairs, in [0, 1].
    rng : numpy.random.Generator
        Source of the draw.

    Returns
    -------
    ndarray of int, shape (pairs, 2)
        The smaller feature first, in lexicographic order.

    Raises
    ------
    ValueError
        For a fraction outside [0, 1].

    Source
    ------
    paper_notes/cooccurrence.md.
    """
    n = check_integer("n", n, "the number of features")
    check_rng(rng)
    if not 0 <= fraction <= 1:
        raise ValueError(
            f"Got fraction={fraction!r}; it is the fraction of the pairs to draw and must lie in "
            "[0, 1]."
        )
    every = np.stack(np.triu_indices(n, 1), axis=-1)
    drawn = rng.choice(len(every), round(fraction * len(every)), replace=False, shuffle=False)
    return every[np.sort(drawn)]
