"""Rows and networks of the l1 chapter: what is run, at which sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ... import numerics, theory
from ..kept import kept

if TYPE_CHECKING:
    import pandas as pd

# The authors' one-feature figure.
ROW_NEURONS, ROW_LAM, ROW_SCALE = 100_000, 1e-5, 0.9 / np.sqrt(100_000)
ROW_TIMES = np.logspace(0, 5, 101)
COMPARED_TIMES = (10.0, 100.0, 1_000.0, 10_000.0)

# Counted collisions: n = 64 as in the authors' notebook, at a lambda that quick scale affords.
FEATURES, LAM = 64, 0.01
NETWORKS = {
    "quick": {64: 100, 128: 100, 256: 100, 512: 60},
    "paper": {64: 400, 128: 400, 256: 400, 512: 400, 1024: 400},
}


def sparsification() -> pd.DataFrame:
    """The authors' one-feature figure: exact flow, half-normal law, the paper's estimate."""
    import pandas as pd

    legacy = np.random.RandomState(0)
    row = np.abs(legacy.normal(0, ROW_SCALE, ROW_NEURONS))
    times = np.union1d(ROW_TIMES, COMPARED_TIMES)
    exact = numerics.row_flow(row, ROW_LAM, times)
    law = numerics.half_normal_law(ROW_NEURONS, ROW_LAM, times, scale=ROW_SCALE)
    paper = {
        name: numerics.numpy_function(formula)(m=ROW_NEURONS, lam=ROW_LAM, t=times)
        for name, formula in (
            ("live", theory.paper_live_weights),
            ("l1", theory.paper_l1_norm),
        )
    }
    return pd.DataFrame(
        {
            "t": times,
            "live_exact": exact.live,
            "live_law": law.live,
            "live_paper": paper["live"],
            "l1_exact": exact.l1_norm,
            "l1_law": law.l1_norm,
            "l1_paper": paper["l1"],
        }
    )


def trained(m: int, instances: int, seed: np.random.SeedSequence) -> dict[str, Any]:
    """Counts and kept winners of independent networks; an interrupted report finds them again."""
    about: dict[str, Any] = {"n": FEATURES, "m": m, "lam": LAM, "instances": instances}
    about |= {"entropy": seed.entropy, "spawn_key": list(seed.spawn_key)}

    def compute() -> dict[str, np.ndarray]:
        rng = np.random.default_rng(seed)
        initial = numerics.initial_weights(FEATURES, m, rng, instances=instances)
        final = numerics.train(initial, LAM).weights
        same = numerics.winners(final) == numerics.winners(initial)
        return {
            "neurons": numerics.polysemantic_neurons(final),
            "kept": np.asarray(same).reshape(instances, -1).mean(axis=1),
        }

    return kept("l1-counts", about, compute)


LAWS = (
    ("exclusion", "the exclusion law", theory.expected_neurons_exclusion),
    ("independent", "independent choices", theory.expected_neurons_independent),
    ("paper", "the paper's n²/4m", theory.paper_polysemantic_neurons),
)
