"""The reduced race of two features, sampled: who survives, and the slope at weak co-occurrence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ... import numerics, theory
from ...numerics.cooccurrence.pairs import Values
from ..kept import kept
from ..stats.agreement import Agreement
from ..stats.budget import REPORT_ALPHA

if TYPE_CHECKING:
    import pandas as pd

STRENGTHS = (0.02, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5)
SAMPLES = {"quick": 2500, "paper": 40_000}
SLOPE = 2.48  # -F'(0), measured earlier to 0.01
_FITS: dict[Values, theory.Formula] = {
    "binary": theory.suppression_fit,
    "uniform": theory.uniform_suppression_fit,
}


def race_frame(samples: int, seed: np.random.SeedSequence) -> pd.DataFrame:
    """Sampled collisions that survive, by values and strength, beside the fits."""
    import pandas as pd

    def compute() -> dict[str, NDArray]:
        rng = np.random.default_rng(seed)
        return {
            values: numerics.collision_survives(STRENGTHS, samples, rng, values=values).sum(-1)
            for values in _FITS
        }

    survive = kept("race", _about(samples, seed), compute)
    parts = []
    for values, formula in _FITS.items():
        fraction = survive[values] / samples
        parts.append(
            pd.DataFrame(
                {
                    "values": values,
                    "strength": STRENGTHS,
                    "samples": samples,
                    "survive": survive[values],
                    "fraction": fraction,
                    "error": np.sqrt(fraction * (1 - fraction) / samples),
                    "fit": [formula(strength=r) for r in STRENGTHS],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def race_agreements(
    race: pd.DataFrame, samples: int, seed: np.random.SeedSequence
) -> list[Agreement]:
    """The slope against an earlier measurement, the race against the fits to it."""

    def compute() -> dict[str, NDArray]:
        rng = np.random.default_rng(seed)
        return {"slope": numerics.suppression_slope(samples, rng)}

    found = [
        Agreement.of_mean(
            claim="handicap_rate",
            quantity="initial slope of the suppression, reduced race, measured again",
            prediction=SLOPE,
            samples=kept("race-slope", _about(samples, seed), compute)["slope"],
            margin=0.05,
            bounds=None,
            alpha=REPORT_ALPHA,
        )
    ]
    for row in race.itertuples():
        if row.strength in (0.1, 0.3, 0.75):
            label = "" if row.values == "binary" else "uniform_"
            found.append(
                Agreement.of_proportion(
                    claim=f"{label}suppression_fit",
                    quantity=f"collisions that survive r = {row.strength:g} in the reduced race, "
                    f"values {row.values}, against the fit",
                    prediction=row.fit,
                    successes=int(row.survive),
                    trials=int(row.samples),
                    margin=0.1,
                    alpha=REPORT_ALPHA,
                )
            )
    return found


def _about(samples: int, seed: np.random.SeedSequence) -> dict[str, object]:
    return {"samples": samples, "entropy": seed.entropy, "spawn_key": list(seed.spawn_key)}
