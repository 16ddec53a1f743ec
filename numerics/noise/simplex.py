"""The regular simplex, the code that hidden noise makes, and how far weights are from it."""

from __future__ import annotations

import math

import numpy as np

from .._types import Array
from .._validate import check_integer, check_weights
from ..training.measure import row_norms


def corner_simplex(n: int, m: int) -> Array:
    r"""Unit rows of the regular simplex with n - 1 of them along neurons.

    Neuron k < n - 1 carries feature k with weight :math:`\alpha - \beta` and every other of
    these features with :math:`-\beta`, where :math:`\alpha = \sqrt{n/(n-1)}` and
    :math:`\beta = (\alpha - 1/\sqrt{n-1})/(n-1)`; the last feature is spread over them all
    with :math:`-1/\sqrt{n-1}`. The other neurons are dead. Exact.

    >>> from polysem import numerics
    >>> numerics.corner_simplex(3, 3).round(4)
    array([[ 0.9659, -0.2588,  0.    ],
           [-0.2588,  0.9659,  0.    ],
           [-0.7071, -0.7071,  0.    ]])

    Parameters
    ----------
    n, m : int
        Features, at least 2, and neurons, at least n - 1.

    Returns
    -------
    numpy.ndarray, shape (n, m)
        Weights with unit rows and overlaps -1 / (n - 1).

    Raises
    ------
    ValueError
        If m < n - 1: there is no room for a simplex.

    Source
    ------
    paper_notes/noise.md, "Final states".
    """
    n = check_integer("n", n, "the number of features of a simplex", minimum=2)
    m = check_integer("m", m, "the number of neurons")
    if m < n - 1:
        raise ValueError(f"Got n={n}, m={m}; a regular simplex of n rows needs m >= n - 1.")
    inside = n - 1
    alpha = math.sqrt(n / inside)
    beta = (alpha - 1 / math.sqrt(inside)) / inside
    weights = np.zeros((n, m))
    weights[:inside, :inside] = alpha * np.eye(inside) - beta
    weights[inside, :inside] = -1 / math.sqrt(inside)
    return weights


def simplex_distance(weights: Array) -> Array:
    r"""Relative distance of the overlaps from those of the nearest regular simplex.

    :math:`\min_a \lVert WW^\top - aP \rVert_F / \lVert WW^\top \rVert_F` with
    :math:`P = I - \mathbf 1\mathbf 1^\top/n`; 0 for a regular simplex of any size and
    orientation, :math:`1/\sqrt n` for an orthonormal code. It depends on no choice of basis.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> float(numerics.simplex_distance(numerics.corner_simplex(8, 16)).round(12))
    0.0
    >>> float(numerics.simplex_distance(np.eye(4)))
    0.5

    Parameters
    ----------
    weights : numpy.ndarray, shape (n, m) or (networks, n, m)
        The weights, features first; at least two features.

    Returns
    -------
    numpy.ndarray, shape () or (networks,)
        The distance of each network, in [0, 1]; 1 where all weights are zero.

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite, or n = 1.

    Source
    ------
    paper_notes/noise.md, "The fast phase".
    """
    weights = check_weights("weights", weights)
    n = weights.shape[-2]
    check_integer("n", n, "the number of features of a simplex", minimum=2)
    gram = weights @ weights.swapaxes(-1, -2)
    projector = np.eye(n) - 1 / n
    size = np.sum(gram * gram, axis=(-1, -2))
    nearest = np.sum(gram * projector, axis=(-1, -2)) / (n - 1)
    rest = gram - nearest[..., None, None] * projector
    distance = np.sqrt(np.sum(rest * rest, axis=(-1, -2)))
    return np.divide(distance, np.sqrt(size), out=np.ones_like(distance), where=size > 0)


def spread_rows(weights: Array) -> Array:
    r"""Number of features that sit on no neuron: no weight holds a quarter of its row.

    :math:`\max_k W_{ik}^2 < |W_i|^2 / 4`; at unit length, no weight of size 1/2.

    >>> from polysem import numerics
    >>> int(numerics.spread_rows(numerics.corner_simplex(8, 16)))
    1

    Parameters
    ----------
    weights : numpy.ndarray, shape (n, m) or (networks, n, m)
        The weights, features first.

    Returns
    -------
    numpy.ndarray of int, shape () or (networks,)
        The count of each network; a dead feature is not counted.

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite.

    Source
    ------
    paper_notes/noise.md, "Final states".
    """
    weights = check_weights("weights", weights)
    largest = np.max(weights * weights, axis=-1)
    return np.asarray(np.sum(largest < row_norms(weights, 2) / 4, axis=-1))
