"""The witness of the estimate of how many antipodal pairs noise leaves, by descent of its mean."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..witness.declare import Measured, witness
from ..witness.model import normal_start, settle
from .witnesses_model import states

Array = NDArray[Any]
_NETWORKS, _TIME = 40, 300.0
_CASES = ((6, 3, 0.2), (6, 4, 0.15), (7, 4, 0.2), (5, 4, 0.2))  # n, m, sigma
_ANTIPODAL = -0.8  # the cosine of two rows in a pair is below


class _Averaged:
    """The descent of the squared error, averaged over all patterns of bipolar noise."""

    def __init__(self, n: int, m: int, sigma: float) -> None:
        patterns = states((-1.0, 1.0), (0.5, 0.5), m)[0].astype(np.float32)
        self.noise = np.float32(sigma) * patterns[:, None, :]
        self.same = np.eye(n, dtype=np.float32)

    def __call__(self, weights: Array) -> Array:
        hidden = weights[:, None] + self.noise
        outputs = hidden @ weights[:, None].swapaxes(2, 3)
        errors = (np.maximum(outputs, 0) - self.same) * (outputs > 0)
        slopes = errors.swapaxes(2, 3) @ hidden + errors @ weights[:, None]
        return np.asarray(-slopes.mean(axis=1) / 2)


@witness(
    "capacity_pairs",
    method="training",
    accuracy=0.1,
    samples=6,
    reach="the formula is an estimate, and small networks are trained on averages over all noise",
)
def capacity_pairs(rng: np.random.Generator) -> tuple[dict[str, Any], Measured]:
    """The mean over the networks that have the commonest number of spread rows."""
    n, m, sigma = _CASES[int(rng.integers(len(_CASES)))]
    start = normal_start(_NETWORKS, n, m, rng)
    rows = settle(start, 0.0, _TIME, step=0.2, descent=_Averaged(n, m, sigma))
    norms = (rows**2).sum(axis=2)
    spread = ((rows**2).max(axis=2) < norms / 4).sum(axis=1)
    commonest = int(np.bincount(spread).argmax())
    rows /= np.sqrt(norms)[..., None]
    found = (rows @ rows.swapaxes(1, 2) < _ANTIPODAL).sum(axis=(1, 2))[spread == commonest] / 2
    error = float(found.std()) / math.sqrt(len(found))
    arguments = {"n": n, "m": m, "spread_rows": commonest}
    return arguments, Measured(float(found.mean()), error)
