"""Loss and gradient of features of unequal importance, frequency and co-occurrence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .._types import Array, FloatArray
from .._validate import check_integer, check_nonnegative, check_vector
from ..cooccurrence.some_pairs import singles_and_pairs


@dataclass(frozen=True, kw_only=True, eq=False)
class UnequalFeatures:
    r"""Features that differ in importance and frequency and co-occur in pairs.

    .. math:: L = \sum_i p_i\sum_k I_k\,({\rm ReLU}(G_{ki})-\delta_{ki})^2
              + \sum_{i<j} p_{ij}\sum_k I_k\,({\rm ReLU}(G_{ki}+G_{kj})-\delta_{ki}-\delta_{kj})^2,
              \quad G=WW^\top.

    With D the derivative of L by the entries of G, taken as independent, the gradient is
    (D + D^T) W.  Exact; a step costs O(n^2) for each pair with p_ij > 0.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> model = numerics.UnequalFeatures(frequencies=[1.0, 0.5], importance=[1.0, 0.2])
    >>> float(model.loss(np.zeros((2, 1))))
    1.1

    Parameters
    ----------
    frequencies : array_like, shape (n,)
        p_i, the weight of the input that has feature i alone.
    importance : array_like, shape (n,), optional
        I_k, the weight of the error of output k; 1 unless given.
    pairs : array_like, shape (n, n), optional
        p_ij, the weight of the input that has features i and j; symmetric, 0 on the diagonal.
    keeps_zero_neurons : bool
        Whether a neuron without weights stays without, so that it may be left out.

    Raises
    ------
    ValueError
        For a vector or matrix of another shape, or with a value that is negative or not finite; for
        pairs that are not symmetric or have a diagonal.

    Source
    ------
    paper_notes/features.md.
    """

    frequencies: ArrayLike
    importance: ArrayLike | None = None
    pairs: ArrayLike | None = None
    keeps_zero_neurons: bool = True

    def __post_init__(self) -> None:
        frequencies = check_vector(
            "frequencies", self.frequencies, "the weight of each feature alone", minimum=0
        )
        n = len(frequencies)
        importance = np.ones(n) if self.importance is None else self.importance
        importance = check_vector("importance", importance, "the weight of each output", minimum=0)
        if len(importance) != n:
            raise ValueError(
                f"Got {len(importance)} values of importance for {n} features; give one for each."
            )
        pairs = np.zeros((n, n)) if self.pairs is None else check_pairs(self.pairs, n)
        for name, values in zip(
            ("frequencies", "importance", "pairs"), (frequencies, importance, pairs), strict=True
        ):
            object.__setattr__(self, name, values)

    @property
    def _inputs(self) -> tuple[FloatArray, FloatArray]:
        """All singles, then the pairs that occur, shape (inputs, n); the weight of each."""
        matrix = np.triu(np.asarray(self.pairs), 1)
        listed = np.argwhere(matrix)
        weights = np.concatenate([np.asarray(self.frequencies), matrix[tuple(listed.T)]])
        return singles_and_pairs(len(matrix), listed), weights

    @property
    def coupling(self) -> FloatArray:
        """S_ik = (p_i I_k + p_k I_i) / 2, the weight of the outputs of two features; d_i for one.

        >>> from polysem import numerics
        >>> numerics.UnequalFeatures(frequencies=[1, 0.5], importance=[2, 1]).coupling
        array([[2. , 1. ],
               [1. , 0.5]])
        """
        half = np.outer(np.asarray(self.frequencies), np.asarray(self.importance)) / 2
        return np.asarray(half + half.T)

    def check_rows(self, weights: Array) -> None:
        """Refuse weights of another number of features."""
        n = len(np.asarray(self.frequencies))
        if weights.shape[-2] != n:
            raise ValueError(
                f"Got weights of {weights.shape[-2]} features for a model of {n}; "
                "give as many frequencies as there are features."
            )

    def _errors(self, weights: Array) -> tuple[Array, Array, Array, Array]:
        """Inputs, weight of each, outputs before the rectifier, errors."""
        self.check_rows(weights)
        inputs, chance = (part.astype(weights.dtype) for part in self._inputs)
        output = inputs @ (weights @ weights.swapaxes(-1, -2))
        return inputs, chance, output, np.maximum(output, 0) - inputs

    def loss(self, weights: Array) -> Array:
        """Loss of each network."""
        _, chance, _, error = self._errors(weights)
        importance = np.asarray(self.importance).astype(weights.dtype)
        return np.asarray((error**2 @ importance) @ chance)

    def gradient(self, weights: Array, rng: np.random.Generator | None = None) -> Array:
        """(D + D^T) W; at the kinks the rectifier's derivative is 0."""
        inputs, chance, output, error = self._errors(weights)
        error *= output > 0
        error *= 2 * chance[:, None] * np.asarray(self.importance).astype(weights.dtype)
        slope = inputs.T @ error
        slope += slope.swapaxes(-1, -2).copy()
        return np.asarray(slope @ weights)


def check_pairs(pairs: ArrayLike, n: int) -> FloatArray:
    """The weights of pairs of n features as a symmetric float64 matrix with zero diagonal."""
    matrix = np.asarray(pairs)
    if matrix.shape != (n, n) or matrix.dtype.kind not in "iuf":
        raise ValueError(
            f"Got pairs of shape {matrix.shape} and dtype {matrix.dtype} for {n} features; give "
            f"numbers in an array of shape ({n}, {n})."
        )
    flat = check_vector("pairs", matrix.ravel(), "the weights of pairs of features", minimum=0)
    matrix = flat.reshape(n, n)
    if not np.array_equal(matrix, matrix.T):
        row, column = np.argwhere(matrix != matrix.T)[0]
        raise ValueError(
            f"Got pairs with {matrix[row, column]:g} at ({row}, {column}) and "
            f"{matrix[column, row]:g} at ({column}, {row}); a pair has one weight: give a "
            "symmetric matrix."
        )
    if matrix.diagonal().any():
        raise ValueError(
            f"Got pairs with {matrix.diagonal().max():g} on the diagonal; a pair has two different "
            "features: give 0 there, and the weight of a feature alone in frequencies."
        )
    return matrix


def zipf(n: int, exponent: float) -> FloatArray:
    """Weights in proportion to rank^-exponent, the first 1.

    >>> from polysem import numerics
    >>> numerics.zipf(4, 1.0).round(3).tolist()
    [1.0, 0.5, 0.333, 0.25]

    Parameters
    ----------
    n : int
        Number of features.
    exponent : float
        How fast the weights fall; 0 makes all of them 1.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    ValueError
        For n < 1 or a negative exponent.

    Source
    ------
    paper_notes/features.md.
    """
    n = check_integer("n", n, "the number of features")
    exponent = check_nonnegative("exponent", exponent, "how fast the weights fall")
    return np.asarray(np.arange(1.0, n + 1) ** -exponent)
