"""The model with noise on its hidden layer in plain NumPy: averages by enumeration and quadrature.

Output j for input i is ReLU((W_i + sigma xi) . W_j). Nothing here uses a formula of the theory.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

Array = NDArray[np.float64]
_REACH, _PANELS = 14.0, 8
_NODES, _SIZES = np.polynomial.legendre.leggauss(24)
LOCATION2 = 0.8  # the part of a smooth entry's variance that lies in its signs


def states(values: Sequence[float], chances: Sequence[float], m: int) -> tuple[Array, Array]:
    """All states of m independent entries of a law with few values, and their probabilities.

    >>> from polysem.verify.noise.witnesses_model import states
    >>> found, chances = states((-1, 1), (0.5, 0.5), 2)
    >>> found.shape, float(chances.sum())
    ((4, 2), 1.0)
    """
    found = np.array(list(itertools.product(values, repeat=m)), float)
    chosen = np.array(list(itertools.product(chances, repeat=m)), float)
    return found, chosen.prod(axis=1)


def three_point(chance: float) -> tuple[Sequence[float], Sequence[float]]:
    """Values and probabilities of the symmetric law of variance 1 that is not 0 with a chance.

    >>> from polysem.verify.noise.witnesses_model import three_point
    >>> three_point(1.0)
    ((-1.0, 0.0, 1.0), (0.5, 0.0, 0.5))
    """
    size = chance**-0.5
    return (-size, 0.0, size), (chance / 2, 1 - chance, chance / 2)


def bipolar_loss(weights: Array, sigma: float) -> float:
    """The loss under bipolar noise: the mean over all patterns of the summed squared errors.

    >>> import numpy as np
    >>> from polysem.verify.noise.witnesses_model import bipolar_loss
    >>> bipolar_loss(np.eye(2), 0.5)
    0.75
    """
    patterns, chances = states((-1.0, 1.0), (0.5, 0.5), weights.shape[1])
    noise = sigma * patterns @ weights.T
    outputs = np.maximum(weights @ weights.T + noise[:, None, :], 0)
    errors = ((outputs - np.eye(len(weights))) ** 2).sum(axis=(1, 2))
    return float(chances @ errors)


def normal_mean(function: Callable[[Array], Array], overlap: Array, deviation: Array) -> Array:
    """E f(ReLU(u + s N)) for a standard normal N, by Gauss-Legendre panels on both sides of -u/s.

    >>> import numpy as np
    >>> from polysem.verify.noise.witnesses_model import normal_mean
    >>> round(float(normal_mean(np.square, np.array(0.0), np.array(1.0))), 12)
    0.5
    """
    u, s = (np.asarray(x, float)[..., None] for x in np.broadcast_arrays(overlap, deviation))
    kink = np.clip(-u / s, -_REACH, _REACH)
    total = np.zeros(u.shape[:-1])
    for low, high in ((-_REACH, kink), (kink, _REACH)):
        x, size = _panels(low, high)
        density = np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
        total = total + (function(np.maximum(u + s * x, 0)) * density * size).sum(axis=-1)
    return np.asarray(total)


def _panels(low: Array | float, high: Array | float) -> tuple[Array, Array]:
    """Places and sizes of Gauss-Legendre quadrature in equal panels, along the last axis."""
    places = (np.arange(_PANELS)[:, None] + (1 + _NODES) / 2).ravel() / _PANELS
    sizes = np.tile(_SIZES / 2, _PANELS) / _PANELS
    return low + (high - low) * places, (high - low) * sizes


def normal_loss(weights: Array, sigma: float) -> float:
    """The loss under Gaussian noise, by quadrature on each output.

    >>> import numpy as np
    >>> from polysem.verify.noise.witnesses_model import normal_loss
    >>> round(normal_loss(np.eye(2), 0.1), 6)
    0.03
    """
    gram = weights @ weights.T
    deviation = np.broadcast_to(sigma * np.sqrt(np.diag(gram)), gram.shape)
    own = np.eye(len(weights), dtype=bool)
    others = normal_mean(np.square, gram[~own], deviation[~own])
    errors = normal_mean(lambda y: (y - 1) ** 2, gram[own], deviation[own])
    return float(others.sum() + errors.sum())


def smooth_mean(
    function: Callable[[Array], Array], overlap: float, row: Array, sigma: float, pieces: int
) -> float:
    """E f(ReLU(u + Z)), Z = sigma xi . W_j, for entries that are a sum of signs and a normal part.

    An entry is c (the sum of K = ``pieces`` random signs)/sqrt(K) plus sqrt(1 - c^2) times a
    normal variable, with c^2 = ``LOCATION2``: excess kurtosis -2 c^4/K, sixth cumulant
    16 c^6/K^2. The density of Z comes from its characteristic function.

    >>> import numpy as np
    >>> from polysem.verify.noise.witnesses_model import smooth_mean
    >>> round(smooth_mean(np.square, 0.0, np.array([0.6, 0.8]), 0.1, 1), 12)
    0.005
    """
    deviation = sigma * np.sqrt((row**2).sum())
    step = 0.2 / deviation
    frequencies = step * np.arange(1, 110)
    signs = np.cos(np.sqrt(LOCATION2 / pieces) * sigma * np.outer(frequencies, row)) ** pieces
    law = signs.prod(axis=1) * np.exp(-(1 - LOCATION2) * (deviation * frequencies) ** 2 / 2)
    reach = _REACH * deviation
    kink = np.clip(-overlap, -reach, reach)
    total = 0.0
    for low, high in ((-reach, kink), (kink, reach)):
        z, size = _panels(low, high)
        density = step / np.pi * (0.5 + np.cos(np.outer(z, frequencies)) @ law)
        total += float((function(np.maximum(overlap + z, 0)) * density * size).sum())
    return total


def simplex(n: int, m: int, norm2: float, rng: np.random.Generator) -> Array:
    """The rows of a regular simplex in a random rotation: centred unit vectors, made equally long.

    >>> import numpy as np
    >>> from polysem.verify.noise.witnesses_model import simplex
    >>> rows = simplex(3, 2, 1.0, np.random.default_rng(0))
    >>> (rows @ rows.T).round(12)[0]
    array([ 1. , -0.5, -0.5])
    """
    left, sizes, _ = np.linalg.svd(np.eye(n) - 1 / n)
    rows = left[:, : n - 1] * sizes[: n - 1]
    rows *= np.sqrt(norm2) / np.linalg.norm(rows, axis=1, keepdims=True)
    rotation = np.linalg.qr(rng.standard_normal((m, m)))[0]
    return np.asarray(rows @ rotation[: n - 1])


def family(n: int, ratio: float, norm2: float = 1.0) -> Array:
    """Rows of a given squared norm with one weight on the diagonal and -ratio times it beside it.

    >>> from polysem.verify.noise.witnesses_model import family
    >>> family(2, 0.75)
    array([[ 0.8, -0.6],
           [-0.6,  0.8]])
    """
    rows = (1 + ratio) * np.eye(n) - ratio
    return np.asarray(np.sqrt(norm2) * rows / np.linalg.norm(rows, axis=1, keepdims=True))


def best_norm2(rows: Array, sigma: float) -> tuple[float, float]:
    """The squared norm, and the loss, that is least where bipolar noise never exceeds that norm.

    >>> import numpy as np
    >>> from polysem.verify.noise.witnesses_model import best_norm2
    >>> round(best_norm2(np.eye(1), 0.5)[1], 9)
    0.234375
    """
    low = float((sigma * np.abs(rows).sum(axis=1).max()) ** 2)
    found = optimize.minimize_scalar(
        lambda q: bipolar_loss(np.sqrt(q) * rows, sigma),
        bounds=(low, 2.0),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return float(found.x), float(found.fun)
