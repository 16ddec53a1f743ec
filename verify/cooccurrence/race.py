"""The sampled race of two features: survivors, and the slope at weak co-occurrence."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ... import theory
from ...numerics.cooccurrence.pairs import Values
from ..cache import Arrays
from ..chapter import mean_line
from ..stats.agreement import Agreement
from ..stats.budget import REPORT_ALPHA
from .runs import RACE_STRENGTHS

SAMPLES = {"quick": 2500, "paper": 40_000}
SLOPE = 2.48  # -F'(0), measured earlier to 0.01
_FITS: dict[Values, theory.Formula] = {
    "binary": theory.suppression_fit,
    "uniform": theory.uniform_suppression_fit,
}


def race_frame(samples: int, survive: Arrays) -> pd.DataFrame:
    """Sampled collisions that survive, by values and strength, beside the fits."""
    parts = []
    for values, formula in _FITS.items():
        fraction = survive[values] / samples
        parts.append(
            pd.DataFrame(
                {
                    "values": values,
                    "strength": RACE_STRENGTHS,
                    "samples": samples,
                    "survive": survive[values],
                    "fraction": fraction,
                    "error": np.sqrt(fraction * (1 - fraction) / samples),
                    "fit": [formula(strength=r) for r in RACE_STRENGTHS],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def race_agreements(race: pd.DataFrame, slope: Arrays) -> list[Agreement]:
    """The slope against an earlier measurement, the race against the fits to it."""
    return [
        mean_line(
            claim="handicap_rate",
            quantity="initial slope of the suppression, reduced race, measured again",
            prediction=SLOPE,
            samples=slope["slope"],
            margin=0.05,
        ),
        *(
            Agreement.of_proportion(
                claim=f"{'' if row.values == 'binary' else 'uniform_'}suppression_fit",
                quantity=f"collisions that survive r = {row.strength:g} in the reduced race, "
                f"values {row.values}, against the fit",
                prediction=row.fit,
                successes=int(row.survive),
                trials=int(row.samples),
                margin=0.1,
                alpha=REPORT_ALPHA,
            )
            for row in race.itertuples()
            if row.strength in (0.1, 0.3, 0.75)
        ),
    ]
