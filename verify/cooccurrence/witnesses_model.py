"""The model on inputs with several active features and under noise, for witnesses.

Nothing here uses a formula of the theory. Weights are arrays of floats, or of mpmath's numbers
where differences of the loss need more digits.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
_NODES, _PARTS = np.polynomial.legendre.leggauss(20)
_TAIL = 13.0  # the normal law beyond this many deviations is below 1e-37

precise: Callable[[Callable[..., Any]], Callable[..., Any]] = mpmath.workdps(60)
"""A decorator: mpmath's numbers have 60 digits in the function."""


def rows(values: Sequence[Sequence[Any]]) -> Rows:
    """Weights as an array of mpmath's numbers.

    >>> from polysem.verify.cooccurrence.witnesses_model import rows
    >>> rows([[1, 0]]).shape
    (1, 2)
    """
    return np.array([[mpmath.mpf(x) for x in row] for row in values], dtype=object)


def wide(rng: np.random.Generator, low: float = 1e-3, high: float = 1e3) -> float:
    """A random size, uniform in its logarithm.

    >>> from polysem.verify.cooccurrence.witnesses_model import wide
    >>> import numpy as np
    >>> 1e-3 <= wide(np.random.default_rng(1)) <= 1e3
    True
    """
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


def pair_rows(a: Any, c: Any) -> Rows:
    """An antipodal pair on one neuron, in mpmath's numbers.

    >>> from polysem.verify.cooccurrence.witnesses_model import pair_rows
    >>> float(pair_rows(1, 0.5)[1, 0])
    -0.5
    """
    return rows([[a], [-c]])


@lru_cache
def one_or_two_active(n: int) -> tuple[Rows, Rows]:
    """The inputs in which one feature is active, and those in which two are, as columns.

    >>> from polysem.verify.cooccurrence.witnesses_model import one_or_two_active
    >>> [inputs.shape for inputs in one_or_two_active(4)]
    [(4, 4), (4, 6)]
    """
    alone = np.eye(n, dtype=int)
    pairs = [alone[i] + alone[j] for i, j in itertools.combinations(range(n), 2)]
    return alone, np.array(pairs, dtype=int).reshape(-1, n).T


def cost(weights: Rows, single: Any, pair: Any, lam: Any) -> Any:
    """The loss of features that are active alone, of a weight, and in pairs, of another.

    >>> import numpy as np
    >>> from polysem.verify.cooccurrence.witnesses_model import cost
    >>> float(cost(np.array([[1.0], [-1.0]]), 1.0, 0.5, 0.01))
    1.08
    """
    total = 4 * lam * np.abs(weights).sum()
    overlaps = weights @ weights.T
    for factor, inputs in zip((single, pair), one_or_two_active(len(weights)), strict=True):
        total = total + factor * ((np.maximum(overlaps @ inputs, 0) - inputs) ** 2).sum()
    return total


def velocity(weights: Rows, single: Any, pair: Any, lam: Any) -> Rows:
    """A quarter of the descent of :func:`cost`, where no weight and no output is 0.

    >>> import numpy as np
    >>> from polysem.verify.cooccurrence.witnesses_model import velocity
    >>> float(velocity(np.array([[0.5]]), 1.0, 0.0, 0.0)[0, 0])
    0.375
    """
    overlaps = weights @ weights.T
    slopes = 0 * overlaps
    for factor, inputs in zip((single, pair), one_or_two_active(len(weights)), strict=True):
        outputs = overlaps @ inputs
        slopes = slopes + factor * ((np.maximum(outputs, 0) - inputs) * (outputs > 0)) @ inputs.T
    signs = (weights > 0) * 1 - (weights < 0) * 1
    return np.asarray(-(slopes + slopes.T) @ weights / 2 - lam * signs)


def slope(function: Callable[[Any], Any], side: int = 1) -> Any:
    """The one-sided derivative at 0 of a function of mpmath's numbers.

    >>> from polysem.verify.cooccurrence.witnesses_model import precise, slope
    >>> float(precise(slope)(lambda x: abs(x), -1))
    -1.0
    """
    step = side * mpmath.mpf("1e-25")
    return (function(step) - function(mpmath.mpf(0))) / step


def curvature(function: Callable[[Any], Any]) -> Any:
    """The second derivative at 0 of a function of mpmath's numbers.

    >>> from polysem.verify.cooccurrence.witnesses_model import curvature, precise
    >>> round(float(precise(curvature)(lambda x: x**2)), 12)
    2.0
    """
    step = mpmath.mpf("1e-14")
    return (function(step) + function(-step) - 2 * function(mpmath.mpf(0))) / step**2


def root(function: Callable[..., Any], start: Sequence[Any]) -> list[Any]:
    """A root of equations in mpmath's numbers, by Newton's method from a start.

    >>> from polysem.verify.cooccurrence.witnesses_model import precise, root
    >>> float(precise(root)(lambda x, y: [x**2 - 4, x - y], (1, 1))[1])
    2.0
    """
    found = mpmath.findroot(lambda *x: list(function(*x)), list(start), tol=1e-60, maxsteps=50)
    return list(found)


def excess_error(mean: float, deviation: float, target: float) -> float:
    """E (ReLU(y) - target)^2 - target^2 of a normal y, by quadrature.

    >>> from polysem.verify.cooccurrence.witnesses_model import excess_error
    >>> round(excess_error(0.0, 1.0, 0.0), 12)
    0.5
    """
    if deviation == 0:
        return max(mean, 0.0) ** 2 - 2 * max(mean, 0.0) * target
    low = max(-mean / deviation, -_TAIL)
    high = max(low, 0.0) + _TAIL
    edges = np.linspace(low, high, 14)
    half = np.diff(edges)[:, None] / 2
    z = edges[:-1, None] + half * (1 + _NODES)
    output = mean + deviation * z
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return float((half * _PARTS * output * (output - 2 * target) * density).sum())
