"""Weights at which one step shows what it is made of."""

from __future__ import annotations

import numpy as np

from ...numerics._types import Array

_ENTRIES = 8192  # over all probes
_MOST = 12  # networks


def networks_needed(n: int, m: int) -> int:
    """How many networks of these sizes give enough entries.

    >>> from polysem.verify.kit.probes import networks_needed
    >>> networks_needed(16, 32), networks_needed(256, 1024)
    (12, 3)
    """
    return int(np.clip(_ENTRIES // (n * m), 3, _MOST))


def spread(n: int, m: int, rng: np.random.Generator) -> Array:
    """Random weights of different lengths, none of them small beside its row."""
    count = networks_needed(n, m)
    drawn = rng.standard_normal((count, n, m))
    drawn = np.sign(drawn) * (0.3 + np.abs(drawn))
    lengths = rng.uniform(0.5, 1.6, (count, n, 1))
    return np.asarray(drawn * lengths / np.linalg.norm(drawn, axis=-1, keepdims=True))


def orthogonal(n: int, m: int, lam: float, rng: np.random.Generator) -> Array:
    """Orthogonal rows, on which only benefit and l1 act, with benefits around lam.

    On the weight W_ik act (1 - |W_i|^2) W_ik and lam: which is larger decides the sign of the
    step, and the lengths are such that the quotients range over several powers of ten.
    """
    count, rows = networks_needed(n, m), min(n, m)
    found = np.zeros((count, n, m))
    for network in found:
        code = np.linalg.qr(rng.standard_normal((m, rows)))[0].T
        short = lam * np.sqrt(m) * 10 ** rng.uniform(-4, 3, rows)
        network[:rows] = np.sqrt(1 - np.minimum(short, 2 / 3))[:, None] * code
    return found


def with_small_and_zero(n: int, m: int, rng: np.random.Generator) -> tuple[Array, Array, Array]:
    """Spread weights with some entries set to 1e-7 and some to 0, and where these are."""
    weights = spread(n, m, rng)
    chosen = rng.random(weights.shape)
    small, zero = chosen < 0.15, chosen > 0.85
    weights[small] = 1e-7 * np.sign(weights[small])
    weights[zero] = 0
    return weights, small, zero
