"""Features that co-occur in pairs: loss and gradient summed over all pairs by sorting.

The data are every single input u e_i with weight 1 and every pair u e_i + v e_j with weight
``pair_weight``.  The values u, v are 1 ("binary") or uniform on [0, 1] ("uniform", averaged in
closed form).  With G = W W^T the loss is a sum over outputs k; a pair without k enters through
the two overlaps G_ki, G_kj alone.  Sorting row k of G turns the sum over partners j into
cumulative sums: O(n^2 log n) for all pairs, where n^3 terms are summed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from .._types import Array
from .._validate import check_choice, check_fields, check_nonnegative
from ..training.gradient import diagonal as diagonal_of

Values = Literal["binary", "uniform"]
# of the value of an active feature
SECOND_MOMENT: dict[Values, float] = {"binary": 1.0, "uniform": 1.0 / 3.0}


@dataclass(frozen=True, kw_only=True)
class Pairs:
    r"""Every feature alone with weight 1, and every pair of features with weight p.

    .. math:: L = \sum_i E\|{\rm ReLU}(uGe_i)-ue_i\|^2
              + p\sum_{i<j} E\|{\rm ReLU}(G(ue_i+ve_j))-ue_i-ve_j\|^2, \quad G=WW^\top.

    The mean over the values u, v is exact.  With D the derivative of L by the entries of G,
    taken as independent, the gradient is (D + D^T) W; for values 1 and i != k

    .. math:: D_{ki}=2{\rm ReLU}(G_{ki})+2p\,[\textstyle\sum_{j\ne i,k}{\rm ReLU}(G_{ki}+G_{kj})
              + ({\rm ReLU}(G_{kk}+G_{ki})-1)1_{G_{kk}+G_{ki}>0}].

    Loss and gradient cost O(n^2 (m + log n)).

    >>> import numpy as np
    >>> from polysem import numerics
    >>> antipodal_pair = np.array([[1.0], [-1.0]])
    >>> float(numerics.Pairs(pair_weight=0.01).loss(antipodal_pair))
    0.02

    Parameters
    ----------
    pair_weight : float
        p, the weight of each unordered pair relative to a single feature.
    values : {"binary", "uniform"}
        Values of active features: 1, or independent and uniform on [0, 1].
    keeps_zero_neurons : bool
        Whether a neuron without weights stays without, so that it may be left out.

    Raises
    ------
    ValueError
        For a negative ``pair_weight`` or unknown ``values``.

    Source
    ------
    paper_notes/cooccurrence.md.
    """

    pair_weight: float
    values: Values = "binary"
    keeps_zero_neurons: bool = True

    def __post_init__(self) -> None:
        check_fields(self, check_nonnegative, pair_weight="the weight of a pair of features")
        check_choice("values", self.values, SECOND_MOMENT)

    def loss(self, weights: Array) -> Array:
        """Loss of each network."""
        overlaps = weights @ weights.swapaxes(-1, -2)
        diagonal, others = _split(overlaps)
        kind = overlaps.dtype.type
        single = ((diagonal - 1) ** 2).sum(-1) + (np.maximum(others, 0) ** 2).sum((-2, -1))
        # of degree 2 in the overlaps: by Euler's identity half the sum of overlap times slope
        pair = (others * _partner_slope(others, self.values)).sum((-2, -1)) / 2
        own, _, _ = _own_term(diagonal[..., None], others, self.values)
        pair += _without_diagonal(own).sum((-2, -1))
        return kind(SECOND_MOMENT[self.values]) * single + kind(self.pair_weight) * pair

    def gradient(self, weights: Array, rng: np.random.Generator | None = None) -> Array:
        """(D + D^T) W; at the kinks the rectifier's derivative is 0."""
        slope = self._slope(weights @ weights.swapaxes(-1, -2))
        slope += slope.swapaxes(-1, -2).copy()
        return slope @ weights

    def _slope(self, overlaps: Array) -> Array:
        """D, row k for output k."""
        kind = overlaps.dtype.type
        diagonal, others = _split(overlaps)
        moment, weight = kind(SECOND_MOMENT[self.values]), kind(self.pair_weight)
        slope = 2 * moment * np.maximum(others, 0)
        along = 2 * moment * (diagonal - 1)
        if self.pair_weight:
            slope += weight * _partner_slope(others, self.values)
            _, in_diagonal, in_overlap = _own_term(diagonal[..., None], others, self.values)
            slope += weight * _without_diagonal(in_overlap)
            along += weight * _without_diagonal(in_diagonal).sum(-1)
        diagonal_of(slope)[...] = along
        return slope


def _split(overlaps: Array) -> tuple[Array, Array]:
    return diagonal_of(overlaps), _without_diagonal(overlaps)


def _without_diagonal(matrix: Array) -> Array:
    out = matrix.copy()
    diagonal_of(out)[...] = 0
    return out


def _own_term(diagonal: Array, overlap: Array, values: Values) -> tuple[Array, ...]:
    """E (ReLU(u d + v g) - u)^2, the error of an active output, and its slopes in d and g."""
    d, g = diagonal, overlap
    if values == "binary":
        total = d + g
        active = total > 0
        error = np.where(active, total - 1, -1)
        slope = 2 * error * active
        return error**2, slope, slope
    b = -g
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        # 0 < b <= d: what the region v b > u d takes away
        cut = np.where((b > 0) & (b <= d), b / d, 0)
        value = (d - 1) ** 2 / 3 + (d - 1) * g / 2 + g**2 / 3
        value = value - cut**2 * b * (d + 1) / 12
        in_d = 2 * (d - 1) / 3 + g / 2 + cut**2 * b / 12 + cut**3 / 6
        in_g = (d - 1) / 2 + 2 * g / 3 + cut * b / 4 + cut**2 / 4
        # b > d: the output is active only where v < u d / b
        shadowed = b > d
        kept = np.where(shadowed, d / b, 0)
    value = np.where(shadowed, (4 + kept * d * (d - 3)) / 12, value)
    in_d = np.where(shadowed, kept * (d - 2) / 4, in_d)
    in_g = np.where(shadowed, kept**2 * (d - 3) / 12, in_g)
    return value, in_d, in_g


def _partner_slope(others: Array, values: Values) -> Array:
    """Derivative in G_ki of the errors of output k on all pairs without k; diagonal given as 0."""
    rows = others.reshape(-1, others.shape[-1])
    slope = np.zeros_like(rows)
    busy = (rows > 0).any(-1)  # a row without positive overlap gives no output on any pair
    if busy.any():
        sums = _binary_partners if values == "binary" else _uniform_partners
        slope[busy] = sums(rows[busy])
    return _without_diagonal(slope.reshape(others.shape))


def _binary_partners(rows: Array) -> Array:
    """Row by row 2 sum_{j != i, k} ReLU(g_i + g_j), where g_k = 0 stands in the row."""
    count, n = rows.shape
    order = np.argsort(rows, axis=-1)
    ascending = np.take_along_axis(rows, order, -1)
    # -ascending, reversed, ascends too: a stable sort merges the two runs in O(n)
    thresholds = -ascending[:, ::-1]
    merged = np.argsort(np.concatenate([ascending, thresholds], -1), axis=-1, kind="stable")
    is_value = merged < n
    below = np.cumsum(is_value, -1)[~is_value].reshape(count, n)[:, ::-1]
    tail = np.zeros((count, n + 1), rows.dtype)
    np.cumsum(ascending[:, ::-1], -1, out=tail[:, 1:])
    partners = n - below
    total = partners * ascending + np.take_along_axis(tail, partners, -1)
    total -= 3 * np.maximum(ascending, 0)  # j = i gives 2 ReLU(g_i), j = k gives ReLU(g_i)
    slope = np.empty_like(rows)
    np.put_along_axis(slope, order, (2 * total).astype(rows.dtype, copy=False), -1)
    return slope


def _uniform_partners(rows: Array) -> Array:
    """Row by row the slope of sum_j E ReLU(u g_i + v g_j)^2 in g_i, where g_k = 0 stands in it."""
    order = np.argsort(np.abs(rows), axis=-1)
    g = np.take_along_axis(rows, order, -1)
    size, positive = np.abs(g), g >= 0
    with np.errstate(divide="ignore", over="ignore"):
        inverse = np.where(size > np.finfo(rows.dtype).tiny, 1 / size, 0)
    up, down = np.where(positive, size, 0), np.where(positive, 0, size)
    smaller = _up_to  # sums over |g_j| <= |g_i|

    def larger(terms: Array) -> Array:
        return _up_to(terms[:, ::-1])[:, ::-1] - terms

    gain = size * (2 / 3) * positive.sum(-1, keepdims=True) + up.sum(-1, keepdims=True) / 2
    gain -= size * (2 / 3 + 1 / 2 + 2 / 3)  # j = i and j = k
    gain += (2 / 3) * size * smaller(~positive) - smaller(down) / 2
    gain += smaller(down**3) * inverse * inverse / 12 + size**2 * larger(inverse * ~positive) / 4
    loss = larger(up) / 2 - (2 / 3) * size * larger(positive)
    loss += size**2 * larger(inverse * positive) / 4 + smaller(up**3) * inverse * inverse / 12
    slope = np.empty_like(rows)
    np.put_along_axis(slope, order, np.where(positive, gain, loss).astype(rows.dtype), -1)
    return slope


def _up_to(terms: Array) -> Array:
    return np.cumsum(terms, -1, dtype=np.result_type(terms.dtype, np.float32))
