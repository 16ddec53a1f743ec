"""Rows in random directions: what they look like, and whether weights differ from them."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ...numerics._types import Array, FloatArray

SPARSE_SHARE = 0.9
"""Smallest share of live rows with one dominant weight at which neurons are counted."""

_DRAWS = (999, 199)  # of the null; the first number that is not too expensive
_PRODUCTS = 4e9  # multiplications that the draws take at most
_BLOCK = 1 << 20  # weights that are drawn at once
_NETWORKS = 8  # whose measures are compared with the null


def share_above(share: float, m: int) -> float:
    """Probability that one weight of a random direction holds this share of the squared norm.

    Exact for shares from 1/2 on, because two weights cannot both exceed a half; 1 below.

    >>> from polysem.verify.diagnosis.isotropy import share_above
    >>> [round(share_above(0.5, m), 2) for m in (2, 3, 4, 5, 6, 8)]
    [1.0, 0.88, 0.73, 0.58, 0.45, 0.27]
    """
    from scipy.stats import beta

    if m == 1 or share < 0.5:
        return 1.0
    return min(1.0, m * float(beta.sf(share, 0.5, (m - 1) / 2)))


def alignment_p_value(stack: Array) -> float:
    """How likely the rows would lie along the neurons as closely if no basis were preferred.

    Under the null each network has a law that does not change if its neurons are rotated: rows
    in independent random directions, or a fixed arrangement turned at random.  Nine rows of ten
    have a largest share of at least c; by Markov's inequality this has at most the probability
    P(share >= c) / 0.9, whatever the dependence between rows.  Fisher's method combines networks.

    >>> import numpy as np
    >>> from polysem.verify.diagnosis.isotropy import alignment_p_value
    >>> alignment_p_value(np.eye(4)[None])
    0.0
    >>> round(alignment_p_value(np.array([[[1.0, 0.2], [-0.2, 1.0]]])), 2)
    0.28
    """
    from scipy.stats import combine_pvalues

    m = stack.shape[-1]
    values = []
    for network in stack:
        live = network[network.any(axis=-1)]
        if len(live):
            squares = np.square(live / np.abs(live).max(axis=-1, keepdims=True))
            shares = np.sort(1 / squares.sum(axis=-1))
            reached = shares[math.floor((1 - SPARSE_SHARE) * len(shares) + 1e-9)]
            values.append(min(1.0, share_above(reached, m) / SPARSE_SHARE))
    if m == 1 or not values or min(values) == 0:
        return 0.0 if values else 1.0
    return float(combine_pvalues(values, method="fisher").pvalue)


def _capacity(gram: Array) -> Array:
    lengths = np.einsum("...ii->...i", gram)
    return np.asarray((lengths**2 / np.square(gram).sum(axis=-1)).mean(axis=-1))


def _cosine_square(gram: Array) -> Array:
    n = gram.shape[-1]
    lengths = np.einsum("...ii->...i", gram)
    squares = np.square(gram) / (lengths[..., None] * lengths[..., None, :])
    return np.asarray((squares.sum(axis=(-2, -1)) - n) / (n * (n - 1)))


def _dimensions(gram: Array) -> Array:
    return np.asarray(np.trace(gram, axis1=-2, axis2=-1) ** 2 / np.square(gram).sum(axis=(-2, -1)))


MEASURES: dict[str, Callable[[Array], Array]] = {
    "cosine_square": _cosine_square,
    "capacity": _capacity,
    "dimensions": _dimensions,
}
"""Measures of W W^T, which no rotation of the neurons changes.

The mean square of the cosines of all pairs of rows; the mean over the features of their capacity
(W_i.W_i)^2 / sum_j (W_i.W_j)^2, which is also their dimensionality; and the number of dimensions
that the rows fill, (sum_i |W_i|^2)^2 / sum_ij (W_i.W_j)^2.
"""


def rotation_free(stack: Array) -> dict[str, dict[str, Any]]:
    """Each measure beside its law for rows of the same lengths in independent random directions.

    The law is drawn, anew for each array, so the p-value is valid whatever the number of draws
    (Barnard); it is two-sided.  Empty for fewer than two live rows, and where the draws would take
    too long.

    >>> import numpy as np
    >>> from polysem.verify.diagnosis.isotropy import rotation_free
    >>> found = rotation_free(np.random.default_rng(1).standard_normal((1, 8, 4)))
    >>> found["cosine_square"]["p_value"] > 0.01
    True
    """
    networks = [network[network.any(axis=-1)] for network in stack[:_NETWORKS]]
    networks = [network / np.abs(network).max() for network in networks if len(network) > 1]
    products = sum(len(network) ** 2 * network.shape[1] for network in networks)
    draws = next((number for number in _DRAWS if products * number <= _PRODUCTS), 0)
    if not networks or not draws:
        return {}
    rng = np.random.default_rng(zlib.crc32(np.ascontiguousarray(stack).tobytes()))
    grams = [network @ network.T for network in networks]
    lengths = [np.sqrt(np.diag(gram)) for gram in grams]
    m = networks[0].shape[1]
    null: dict[str, FloatArray] = {name: np.zeros(draws) for name in MEASURES}
    for length in lengths:
        block = max(1, _BLOCK // (len(length) * max(m, len(length))))
        for start in range(0, draws, block):
            some = slice(start, min(start + block, draws))
            rows = rng.standard_normal((some.stop - start, len(length), m))
            rows *= length[:, None] / np.linalg.norm(rows, axis=-1, keepdims=True)
            gram = rows @ rows.swapaxes(-1, -2)
            for name, measure in MEASURES.items():
                null[name][some] += measure(gram) / len(lengths)
    return {
        name: _against(float(np.mean([measure(gram) for gram in grams])), null[name])
        for name, measure in MEASURES.items()
    }


def _against(value: float, null: FloatArray) -> dict[str, Any]:
    more = (1 + int((null >= value - 1e-12).sum())) / (1 + len(null))
    fewer = (1 + int((null <= value + 1e-12).sum())) / (1 + len(null))
    low, high = np.quantile(null, [0.025, 0.975])
    return {
        "value": value,
        "expected": float(null.mean()),
        "interval": (float(low), float(high)),
        "p_value": min(1.0, 2 * min(more, fewer)),
    }
