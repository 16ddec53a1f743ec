"""Initial weights, drawn from a given generator."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._types import Array
from .._validate import check_choice, check_integer, check_positive, check_rng, check_sizes

SCALES = ("paper", "one-feature", "xavier", "authors-xavier")


def initial_scale(kind: str, n: int, m: int, *, instances: int = 1) -> float:
    r"""Standard deviation of an initial weight, by name.

    "paper" is :math:`1/\sqrt m` (exact unit rows in the mean), "one-feature" is
    :math:`0.9/\sqrt m` as in the authors' one-feature script, "xavier" is
    :math:`\sqrt{2/(n+m)}`. "authors-xavier" is what Xavier's rule gives when it is applied,
    as in the authors' program, to the whole stack of networks:
    :math:`\sqrt{2/(m(n+\mathrm{instances}))}`.

    >>> from polysem import numerics
    >>> numerics.initial_scale("one-feature", 1, 100)
    0.09

    Parameters
    ----------
    kind : str
        "paper", "one-feature", "xavier" or "authors-xavier".
    n : int
        Number of features.
    m : int
        Number of neurons.
    instances : int
        Number of networks in the stack; used by "authors-xavier" alone.

    Raises
    ------
    ValueError
        If the name is unknown or a size is not positive.

    Source
    ------
    Lecomte et al. 2023, Sec. 2 and the authors' program.
    """
    n, m, _ = check_sizes(n, m, instances)
    instances = check_integer("instances", instances, "the number of networks")
    check_choice("scale", kind, SCALES)
    return {
        "paper": 1 / math.sqrt(m),
        "one-feature": 0.9 / math.sqrt(m),
        "xavier": math.sqrt(2 / (n + m)),
        "authors-xavier": math.sqrt(2 / (m * (n + instances))),
    }[kind]


def initial_weights(
    n: int,
    m: int,
    rng: np.random.Generator,
    *,
    instances: int | None = None,
    scale: float | str = "paper",
    dtype: Any = np.float64,
) -> Array:
    r"""Independent Gaussian weights, one row for each feature.

    :math:`W_{ik} \sim N(0, s^2)`, with :math:`s = 1/\sqrt m` unless said otherwise. float32
    weights are the rounded float64 ones, so both precisions start from the same network.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.initial_weights(3, 5, np.random.default_rng(0)).shape
    (3, 5)

    Parameters
    ----------
    n : int
        Number of features.
    m : int
        Number of neurons.
    rng : numpy.random.Generator
        The source of randomness.
    instances : int, optional
        Number of independent networks; without it there is one, and no axis for it.
    scale : float or str
        Standard deviation of a weight, or a name that :func:`initial_scale` takes.
    dtype : type
        numpy.float64 or numpy.float32.

    Returns
    -------
    numpy.ndarray, shape (n, m) or (networks, n, m)
        The weights.

    Raises
    ------
    ValueError
        If a size is not positive or too large for the memory, or the scale is not positive.

    Source
    ------
    Lecomte et al. 2023, Sec. 2.
    """
    n, m, instances = check_sizes(n, m, instances)
    check_rng(rng)
    if isinstance(scale, str):
        scale = initial_scale(scale, n, m, instances=instances or 1)
    scale = check_positive("scale", scale, "the standard deviation of an initial weight")
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ValueError(f"Got dtype={dtype!r}; give numpy.float64 or numpy.float32.")
    shape = (n, m) if instances is None else (instances, n, m)
    return (scale * rng.standard_normal(shape)).astype(dtype, copy=False)
