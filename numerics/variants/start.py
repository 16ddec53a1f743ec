"""Initial weights of a variant: laws other than the Gaussian one."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .._types import Array
from .._validate import check_choice, check_rng, check_sizes

Shape = tuple[int, ...]
_FREEDOM = 5  # of Student's law; its variance is then 5/3
_LAWS: dict[str, Callable[[np.random.Generator, Shape], Array]] = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "laplace": lambda rng, shape: rng.laplace(scale=math.sqrt(0.5), size=shape),
    "uniform": lambda rng, shape: rng.uniform(-math.sqrt(3), math.sqrt(3), shape),
    "student": lambda rng, shape: math.sqrt(0.6) * rng.standard_t(_FREEDOM, shape),
    "orthogonal": lambda rng, shape: _orthogonal(rng, shape),
    "one-signed": lambda rng, shape: np.abs(rng.standard_normal(shape)),
}


def variant_weights(
    initial: str, n: int, m: int, rng: np.random.Generator, *, instances: int
) -> Array:
    r"""Initial weights of a law that :func:`polysem.theory.variant` knows.

    All are scaled so that a weight has the mean square :math:`1/m`.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> rows = numerics.variant_weights("orthogonal", 2, 8, np.random.default_rng(0), instances=3)
    >>> rows.shape, np.allclose(rows @ rows.swapaxes(1, 2), np.eye(2))
    ((3, 2, 8), True)

    Parameters
    ----------
    initial : str
        "gaussian", "laplace", "uniform", "student", "orthogonal" or "one-signed".
    n, m : int
        Numbers of features and neurons; n <= m for orthonormal rows.
    rng : numpy.random.Generator
        The source of randomness.
    instances : int
        Number of independent networks.

    Returns
    -------
    numpy.ndarray, shape (networks, n, m)
        The weights.

    Raises
    ------
    ValueError
        For another law, a size that is not positive, or more orthonormal rows than neurons.

    Source
    ------
    paper_notes/variants.md
    """
    check_choice("initial", initial, tuple(_LAWS))
    n, m, networks = check_sizes(n, m, instances)
    check_rng(rng)
    return _LAWS[initial](rng, (networks or 1, n, m)) / math.sqrt(m)


def _orthogonal(rng: np.random.Generator, shape: Shape) -> Array:
    """Uniformly random orthonormal rows, times sqrt(m)."""
    networks, n, m = shape
    if n > m:
        raise ValueError(f"Got n={n}, m={m}; orthonormal rows need n <= m: give more neurons.")
    columns, triangle = np.linalg.qr(rng.standard_normal((networks, m, n)))
    signs = np.sign(np.einsum("kii->ki", triangle))
    return math.sqrt(m) * (columns * signs[:, None]).swapaxes(1, 2)
