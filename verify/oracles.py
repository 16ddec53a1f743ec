"""Slow answers to trust: derivatives by differences, laws by enumeration, counts by loops."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray


def finite_difference_gradient(
    function: Callable[[NDArray[np.float64]], float],
    weights: NDArray[np.float64],
    *,
    step: float = 1e-5,
) -> NDArray[np.float64]:
    r"""The gradient of a function by central differences, one weight at a time.

    .. math:: \frac{L(W + h E_{ik}) - L(W - h E_{ik})}{2 h}, \qquad \text{error } O(h^2)

    Examples
    --------
    >>> import numpy as np
    >>> from polysem import verify
    >>> slope = verify.finite_difference_gradient(lambda w: float((w**2).sum()), np.ones((1, 2)))
    >>> np.round(slope, 6)
    array([[2., 2.]])

    Parameters
    ----------
    function : callable
        Takes an array of the shape of ``weights``, gives a number.
    weights : ndarray
        Where to differentiate.
    step : float
        The h of the differences, > 0.

    Returns
    -------
    ndarray, shape of ``weights``
        The gradient.

    Source
    ------
    Definition.
    """
    slope = np.empty(weights.shape)
    for index in np.ndindex(weights.shape):
        shift = np.zeros(weights.shape)
        shift[index] = step
        slope[index] = (function(weights + shift) - function(weights - shift)) / (2 * step)
    return slope


def enumerated_exclusion_law(n: int, m: int) -> dict[int, Fraction]:
    """The law of the number of complete pairs among n of 2m slots, by listing all choices.

    Examples
    --------
    >>> from polysem import verify
    >>> verify.enumerated_exclusion_law(2, 2)
    {0: Fraction(2, 3), 1: Fraction(1, 3)}

    Parameters
    ----------
    n, m : int
        Features and neurons; C(2m, n) choices are listed.

    Returns
    -------
    dict of int to Fraction
        Probability of each number of neurons with both signs.

    Source
    ------
    Lecomte et al. 2023, Sec. 3, with no slot taken twice; paper_notes/collisions.md.
    """
    slots = [(neuron, sign) for neuron in range(m) for sign in (-1, 1)]
    counts = Counter(
        sum((neuron, 1) in chosen and (neuron, -1) in chosen for neuron in range(m))
        for chosen in map(set, combinations(slots, n))
    )
    total = counts.total()
    return {k: Fraction(count, total) for k, count in sorted(counts.items())}


def enumerated_independent_law(n: int, m: int, *, both_signs: bool) -> dict[int, Fraction]:
    """The law of the number of shared neurons under independent choices, by listing them all.

    Examples
    --------
    >>> from polysem import verify
    >>> verify.enumerated_independent_law(2, 1, both_signs=True)
    {0: Fraction(1, 2), 1: Fraction(1, 2)}

    Parameters
    ----------
    n, m : int
        Features and neurons; (2m)^n choices are listed.
    both_signs : bool
        Count neurons chosen with both signs; otherwise neurons chosen at least twice.

    Returns
    -------
    dict of int to Fraction
        Probability of each number of such neurons.

    Source
    ------
    Lecomte et al. 2023, Sec. 3; paper_notes/collisions.md.
    """
    slots = [(neuron, sign) for neuron in range(m) for sign in (-1, 1)]
    counts: Counter[int] = Counter()
    for chosen in product(slots, repeat=n):
        signs: dict[int, list[int]] = {}
        for neuron, sign in chosen:
            signs.setdefault(neuron, []).append(sign)
        shared = (len(set(on)) == 2 if both_signs else len(on) >= 2 for on in signs.values())
        counts[sum(shared)] += 1
    total = counts.total()
    return {k: Fraction(count, total) for k, count in sorted(counts.items())}


def slow_polysemantic_neurons(weights: NDArray[np.float64]) -> int:
    """The authors' count in loops: neurons with at least two weights of size .8 to 1.2.

    Examples
    --------
    >>> import numpy as np
    >>> from polysem import verify
    >>> verify.slow_polysemantic_neurons(np.array([[1.0, 0.0], [-0.9, 0.3]]))
    1

    Parameters
    ----------
    weights : ndarray, shape (n, m)
        One network, features first.

    Returns
    -------
    int
        The number of such neurons.

    Source
    ------
    Lecomte et al. 2023, Sec. 3 and the authors' program.
    """
    n, m = weights.shape
    count = 0
    for k in range(m):
        features = [i for i in range(n) if 0.8 <= abs(weights[i, k]) <= 1.2]
        count += len(features) >= 2
    return count
