"""Hysteresis: pairs that formed without co-occurrence, kicked and trained on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ... import numerics, theory
from ..kept import kept
from ..stats.agreement import Agreement
from ..stats.budget import REPORT_ALPHA
from .runs import kicked_counts, train_pairs

if TYPE_CHECKING:
    import pandas as pd

FEATURES, LAM = 64, 0.01
NETWORKS = {"quick": (3, 1), "paper": (6, 4)}  # for the smallest kick, for the others
KICKS = {1.0: (0.001, 0.1, 0.2), 8.0: (0.001, 0.02, 0.05, 0.1)}  # the first only breaks ties


def kick_frame(scale: str, seed: np.random.SeedSequence) -> pd.DataFrame:
    """Polysemantic neurons before and after, by strength and kick."""
    import pandas as pd

    cells = [
        (strength, kick, NETWORKS[scale][place > 0])
        for strength, kicks in KICKS.items()
        for place, kick in enumerate(kicks[:3] if scale == "quick" else kicks)
    ]

    def compute() -> dict[str, NDArray]:
        rng = np.random.default_rng(seed)
        instances = max(networks for _, _, networks in cells)
        start = numerics.initial_weights(
            FEATURES, FEATURES, rng, instances=instances, dtype=np.float32
        )
        final = train_pairs(start, LAM, 0.0).weights
        before = numerics.polysemantic_neurons(final)
        after = [
            kicked_counts(final[:networks], LAM, strength, kick, rng).sum()
            for strength, kick, networks in cells
        ]
        sums = [before[:networks].sum() for _, _, networks in cells]
        return {"before": np.array(sums), "after": np.array(after)}

    about = {"cells": cells, "entropy": seed.entropy, "spawn_key": list(seed.spawn_key)}
    found = kept("kicks", about, compute)
    return pd.DataFrame(
        {
            "strength": [strength for strength, _, _ in cells],
            "kick": [kick for _, kick, _ in cells],
            "before": found["before"],
            "after": found["after"],
            "escape_angle": [theory.escape_angle(strength=strength) for strength, _, _ in cells],
        }
    )


def kick_agreements(kicks: pd.DataFrame) -> list[Agreement]:
    """A kick that only breaks ties leaves the pairs."""
    return [
        Agreement.of_proportion(
            claim="escape_cost",
            quantity=f"pairs formed before that survive co-occurrence r = {row.strength:g}, kicked "
            f"by {row.kick:g}",
            prediction=1.0,
            successes=min(row.after, row.before),
            trials=row.before,
            margin=0.15,
            alpha=REPORT_ALPHA,
        )
        for row in kicks.itertuples()
        if row.kick == KICKS[row.strength][0]
    ]
