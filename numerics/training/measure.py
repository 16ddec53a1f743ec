"""What can be read off a weight matrix: norms, winners, polysemantic neurons."""

from __future__ import annotations

import math

import numpy as np

from .._arrays import cast, namespace, squared_norms, to_library
from .._types import Array
from .._validate import check_array, check_choice, check_fraction

AUTHORS_BAND = (0.8, 1.2)
DEAD_BELOW = 0.2
"""The largest length of a dead row, over that of a live one."""


def live_weights(weights: Array) -> Array:
    """Number of non-zero weights of each feature, the paper's m'.

    A weight counts unless it is exactly zero: :func:`without_jitter` first removes what an
    optimizer leaves around zero.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.live_weights(np.array([[0.5, 0.0], [1.0, -1.0]]))
    array([1, 2])

    Parameters
    ----------
    weights : array of any library, shape (n, m) or (networks, n, m)
        The weights, features first.

    Returns
    -------
    array, shape (n,) or (networks, n)
        The counts.

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 3.
    """
    weights = check_array("weights", weights)
    counts: Array = namespace(weights).count_nonzero(weights, axis=-1)
    return counts


def row_norms(weights: Array, order: int = 1) -> Array:
    r"""Norm of each feature's weights, :math:`\sum_k |W_{ik}|^p` to the power 1 for p = 1.

    For order 2 and 4 the powers are summed and no root is taken, as the theory uses them:
    row_norm2 is :math:`|W_i|^2` and the fourth norm is :math:`\sum_k W_{ik}^4`.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.row_norms(np.array([[2.0, -1.0]]), order=4)
    array([17.])

    Parameters
    ----------
    weights : array of any library, shape (n, m) or (networks, n, m)
        The weights, features first.
    order : int
        1, 2 or 4.

    Returns
    -------
    array, shape (n,) or (networks, n)
        Sum of the powers of the absolute weights.

    Raises
    ------
    ValueError
        If the order is another, or the weights are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 3 and 4.
    """
    weights = check_array("weights", weights)
    if order == 1:
        norms: Array = namespace(weights).sum(namespace(weights).abs(weights), axis=-1)
        return norms
    if order == 2:
        return squared_norms(weights)
    if order == 4:
        return squared_norms(weights * weights)
    raise ValueError(f"Got order={order!r}; choose the order 1, 2 or 4.")


def overlaps(weights: Array) -> Array:
    """Inner products of the rows of all pairs of features.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.overlaps(np.array([[1.0, 0.0], [-0.5, 1.0]]))
    array([-0.5])

    Parameters
    ----------
    weights : array of any library, shape (n, m) or (networks, n, m)
        The weights, features first.

    Returns
    -------
    array, shape (n (n - 1) / 2,) or (networks, n (n - 1) / 2)
        W_i . W_j for i < j, row by row.

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 3.
    """
    weights = check_array("weights", weights)
    n, gram = weights.shape[-2], weights @ weights.mT
    rows, columns = np.triu_indices(n, 1)
    xp, places = namespace(gram), to_library(n * rows + columns, gram)
    pairs: Array = xp.take(xp.reshape(gram, (*gram.shape[:-2], n * n)), places, axis=-1)
    return pairs


def winners(weights: Array) -> Array:
    """Neuron that holds the largest weight of each feature; -1 where all are zero.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.winners(np.array([[0.1, -2.0], [0.0, 0.0]]))
    array([ 1, -1])

    Parameters
    ----------
    weights : array of any library, shape (n, m) or (networks, n, m)
        The weights, features first.

    Returns
    -------
    array of int, shape (n,) or (networks, n)
        Index of the neuron; the first one where weights are equal.

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 3.
    """
    weights = check_array("weights", weights)
    xp = namespace(weights)
    largest: Array = xp.argmax(xp.abs(weights), axis=-1)
    return xp.where(xp.any(weights != 0, axis=-1), largest, -1)


def winner_signs(weights: Array) -> Array:
    """Sign of the largest weight of each feature; 0 where all are zero.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.winner_signs(np.array([[0.1, -2.0], [0.0, 0.0]]))
    array([-1,  0])

    Parameters
    ----------
    weights : array of any library, shape (n, m) or (networks, n, m)
        The weights, features first.

    Returns
    -------
    array of int, shape (n,) or (networks, n)
        -1, 0 or 1.

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 3.
    """
    weights = check_array("weights", weights)
    xp = namespace(weights)
    largest = xp.argmax(xp.abs(weights), axis=-1, keepdims=True)
    signs = xp.sign(xp.take_along_axis(weights, largest, axis=-1)[..., 0])
    return cast(signs, xp.int64)


def retained_winners(initial: Array, final: Array) -> Array:
    """Whether each feature ends on the neuron and sign of its largest initial weight.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = np.array([[0.3, -0.4], [0.2, 0.1]])
    >>> numerics.retained_winners(start, np.array([[0.0, -1.0], [0.0, 1.0]]))
    array([ True, False])

    Parameters
    ----------
    initial, final : array of any library, shape (n, m) or (networks, n, m)
        The weights before and after, features first.

    Returns
    -------
    array of bool, shape (n,) or (networks, n)
        False for a feature that died.

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 3.
    """
    initial, final = check_array("initial", initial), check_array("final", final)
    if initial.shape != final.shape:
        raise ValueError(
            f"Got initial of shape {tuple(initial.shape)} and final of shape "
            f"{tuple(final.shape)}; the shapes must be equal: give the weights of the same "
            "networks before and after training."
        )
    same_neuron = winners(initial) == winners(final)
    return same_neuron & (winner_signs(initial) == winner_signs(final))


def features_on_neurons(weights: Array, rule: str = "authors") -> Array:
    r"""Which features sit on which neuron.

    "authors": :math:`|W_{ik}| \in [0.8, 1.2]`. "scale-free": the weight holds more than half
    of its row, :math:`W_{ik}^2 > |W_i|^2/2`, which no feature can do on two neurons.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.features_on_neurons(np.array([[0.9, 0.1], [0.5, 0.0]]))
    array([[ True, False],
           [False, False]])

    Parameters
    ----------
    weights : array of any library, shape (n, m) or (networks, n, m)
        The weights, features first.
    rule : str
        "authors" or "scale-free".

    Returns
    -------
    array of bool, shape of ``weights``
        True where feature i sits on neuron k.

    Raises
    ------
    ValueError
        If the rule is unknown or the weights are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 3 and the authors' program.
    """
    weights = check_array("weights", weights)
    xp = namespace(weights)
    if check_choice("rule", rule, ("authors", "scale-free")) == "authors":
        low, high = AUTHORS_BAND
        magnitude = xp.abs(weights)
        return (magnitude >= low) & (magnitude <= high)
    largest = xp.max(xp.abs(weights), axis=-1, keepdims=True)  # squares of quotients stay finite
    squares = xp.square(weights / xp.where(largest > 0, largest, 1.0))
    return squares > xp.sum(squares, axis=-1, keepdims=True) / 2


def polysemantic_neurons(weights: Array, rule: str = "authors") -> Array:
    """Number of neurons on which at least two features sit.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> int(numerics.polysemantic_neurons(np.array([[0.9, 0.0], [-1.0, 0.0]])))
    1

    Parameters
    ----------
    weights : array of any library, shape (n, m) or (networks, n, m)
        The weights, features first.
    rule : str
        "authors" or "scale-free", see :func:`features_on_neurons`.

    Returns
    -------
    array of int, shape () or (networks,)
        The count of each network.

    Raises
    ------
    ValueError
        If the rule is unknown or the weights are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 3 and the authors' program.
    """
    sits = features_on_neurons(weights, rule)
    xp = namespace(sits)
    features = xp.count_nonzero(sits, axis=-2)
    return xp.asarray(xp.count_nonzero(features >= 2, axis=-1))


def dead_rows(
    weights: Array, dead_below: float = DEAD_BELOW, *, length: float | None = None
) -> Array:
    r"""Which features are dead: their row is no longer than a fraction of a live one.

    :math:`|W_i| \le \mathrm{dead\_below}\cdot\mathrm{length}`. An optimizer that takes l1 by its
    subgradient leaves a dead row with weights around zero; measured lengths are up to 0.14 for
    SGD at learning rate 0.02 and 0.002 for AdamW, where live rows have length 0.6 to 1.

    Examples
    --------
    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.dead_rows(np.array([[0.9, 0.0], [1e-3, -1e-3]]))
    array([False,  True])

    Parameters
    ----------
    weights : array of any library, shape (n, m) or (networks, n, m)
        The weights, features first.
    dead_below : float
        The fraction, in [0, 1); with 0 a dead row is exactly zero.
    length : float, optional
        The length of a live row; that of the longest row of each network unless given.

    Returns
    -------
    array of bool, shape (n,) or (networks, n)

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite, or the fraction lies outside [0, 1).

    Source
    ------
    paper_notes/notation.md.
    """
    weights = check_array("weights", weights)
    xp = namespace(weights)
    if not check_fraction("dead_below", dead_below, "the largest relative length of a dead row"):
        return xp.asarray(~xp.any(weights != 0, axis=-1))
    scaled, live = _over_largest(weights, length)
    return xp.asarray(xp.linalg.vector_norm(scaled, axis=-1) <= dead_below * live[..., 0])


def _over_largest(weights: Array, length: float | None) -> tuple[Array, Array]:
    """The weights, and the length of a live row, over the largest weight of each network.

    The squares of these quotients do not overflow.
    """
    xp = namespace(weights)
    largest = xp.max(xp.abs(weights), axis=(-2, -1), keepdims=True)
    largest = xp.where(largest > 0, largest, 1.0)
    scaled = weights / largest
    if length is None:
        norms = xp.linalg.vector_norm(scaled, axis=-1, keepdims=True)
        return scaled, xp.max(norms, axis=-2, keepdims=True)
    with np.errstate(over="ignore"):  # all weights are far below the length
        return scaled, length / largest


def without_jitter(
    weights: Array, dead_below: float = DEAD_BELOW, *, length: float | None = None
) -> Array:
    r"""The weights with dead rows, and what is as small in live ones, set to zero.

    A weight is set to zero if a row of m such weights would be dead, see :func:`dead_rows`:
    :math:`|W_{ik}| \le \mathrm{dead\_below}\cdot\mathrm{length}/\sqrt m`.

    Examples
    --------
    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.without_jitter(np.array([[0.9, 1e-4], [1e-3, -1e-3]]))
    array([[0.9, 0. ],
           [0. , 0. ]])

    Parameters
    ----------
    weights : array of any library, shape (n, m) or (networks, n, m)
        The weights, features first.
    dead_below : float
        As in :func:`dead_rows`; with 0 the weights are returned as they are.
    length : float, optional
        As in :func:`dead_rows`.

    Returns
    -------
    array, shape of ``weights``
        A new array.

    Raises
    ------
    ValueError
        As :func:`dead_rows`.

    Source
    ------
    paper_notes/notation.md.
    """
    weights = check_array("weights", weights)
    dead = dead_rows(weights, dead_below, length=length)
    scaled, live = _over_largest(weights, length)
    xp = namespace(weights)
    small = xp.abs(scaled) <= dead_below / math.sqrt(weights.shape[-1]) * live
    return xp.where(dead[..., None] | small, 0.0, weights)


def dead_features(weights: Array, dead_below: float = DEAD_BELOW) -> Array:
    """Number of dead features, see :func:`dead_rows`.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> int(numerics.dead_features(np.array([[0.9, 0.0], [0.0, 0.0]])))
    1

    Parameters
    ----------
    weights : array of any library, shape (n, m) or (networks, n, m)
        The weights, features first.
    dead_below : float
        The largest length of a dead row, over that of the longest row of the network.

    Returns
    -------
    array of int, shape () or (networks,)
        The count of each network.

    Raises
    ------
    ValueError
        As :func:`dead_rows`.

    Source
    ------
    paper_notes/notation.md.
    """
    dead = dead_rows(weights, dead_below)
    xp = namespace(dead)
    return xp.asarray(xp.count_nonzero(dead, axis=-1))


def antipodal_pairs(weights: Array, threshold: float = -0.8) -> Array:
    """Number of pairs of features whose rows point in opposite directions.

    The cosine of the two rows lies below the threshold. It depends on no choice of basis.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> int(numerics.antipodal_pairs(np.array([[0.9, 0.0], [-0.3, 0.0], [0.0, 1.0]])))
    1

    Parameters
    ----------
    weights : array of any library, shape (n, m) or (networks, n, m)
        The weights, features first.
    threshold : float
        The largest cosine that counts.

    Returns
    -------
    array of int, shape () or (networks,)
        The count of each network; a dead feature is in no pair.

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 3.
    """
    weights = check_array("weights", weights)
    xp = namespace(weights)
    length = xp.sqrt(squared_norms(weights))[..., None]
    unit = weights / xp.where(length > 0, length, 1.0)
    return xp.asarray(xp.count_nonzero(overlaps(unit) < threshold, axis=-1))


def weight_correlation(initial: Array, final: Array) -> Array:
    r"""Correlation of each feature's weights before and after training.

    :math:`\cos(W_i(0), W_i)`, without subtraction of a mean: rows have mean zero by symmetry.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.weight_correlation(np.array([[3.0, 4.0]]), np.array([[0.0, 1.0]]))
    array([0.8])

    Parameters
    ----------
    initial, final : array of any library, shape (n, m) or (networks, n, m)
        The weights before and after, features first.

    Returns
    -------
    array, shape (n,) or (networks, n)
        The cosine of the two rows; 0 where one of them is dead.

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 3.
    """
    initial, final = check_array("initial", initial), check_array("final", final)
    xp = namespace(final)
    product = xp.vecdot(initial, final)
    lengths = xp.sqrt(squared_norms(initial) * squared_norms(final))
    return product / xp.where(lengths > 0, lengths, 1.0)
