"""Hysteresis: pairs formed without co-occurrence, then perturbed and trained on with it."""

from __future__ import annotations

import pandas as pd

from ... import theory
from ..cache import Arrays
from ..stats.agreement import Agreement
from ..stats.budget import REPORT_ALPHA
from .runs import Kicks

NETWORKS = {"quick": (3, 1), "paper": (6, 4)}  # for the smallest perturbation, for the others
KICKS = {1.0: (0.001, 0.1, 0.2), 8.0: (0.001, 0.02, 0.05, 0.1)}  # the first only breaks ties


def kick_task(scale: str) -> Kicks:
    """The perturbations of a scale: the smallest with more networks than the others."""
    few, fewer = NETWORKS[scale]
    # a large perturbation at r = 8 takes ten times as long as all others together
    most = 2 if scale == "quick" else None
    return Kicks(
        cells=tuple(
            (strength, kick, fewer if place else few)
            for strength, kicks in KICKS.items()
            for place, kick in enumerate(kicks[:most])
        )
    )


def kick_frame(task: Kicks, found: Arrays) -> pd.DataFrame:
    """Polysemantic neurons before and after, by strength and perturbation."""
    frame = pd.DataFrame(task.cells, columns=["strength", "kick", "networks"])
    frame["before"], frame["after"] = found["before"], found["after"]
    frame["escape_angle"] = [theory.escape_angle(strength=r) for r in frame.strength]
    return frame.drop(columns="networks")


def kick_agreements(kicks: pd.DataFrame) -> list[Agreement]:
    """A tie-breaking perturbation preserves the pairs."""
    return [
        Agreement.of_proportion(
            claim="escape_cost",
            quantity=f"pairs formed before that survive co-occurrence r = {row.strength:g} "
            f"after a perturbation of {row.kick:g}",
            prediction=1.0,
            successes=min(row.after, row.before),
            trials=row.before,
            margin=0.15,
            alpha=REPORT_ALPHA,
        )
        for row in kicks.itertuples()
        if row.kick == KICKS[row.strength][0]
    ]
