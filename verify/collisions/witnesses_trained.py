"""The witness of the paper's number of polysemantic neurons, by training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..witness.declare import Measured, witness
from ..witness.model import normal_start, settle, shared_neurons

_LAM = 0.03
_TIME = 3 / _LAM


@witness(
    "paper_polysemantic_neurons",
    method="training",
    accuracy=0.4,
    samples=3,
    reach="the formula is an estimate, and small networks are trained",
)
def paper_polysemantic_neurons(rng: np.random.Generator) -> tuple[dict[str, Any], Measured]:
    n, m, networks = ((8, 16, 500), (12, 12, 200), (16, 32, 300))[int(rng.integers(3))]
    counts = shared_neurons(settle(normal_start(networks, n, m, rng), _LAM, _TIME))
    error = float(counts.std(ddof=1)) / math.sqrt(networks)
    return {"n": n, "m": m}, Measured(float(counts.mean()), error)
