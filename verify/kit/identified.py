"""What a step is made of, and what the user says of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...numerics import soft_threshold
from ...numerics._types import Array
from .forces import columns
from .report import Finding


@dataclass(kw_only=True)
class Identified:
    """What a step is made of.

    Parameters
    ----------
    family : str
        "gradient", "sign" (Adam, RMSprop, Lion: the size of the gradient is divided out), or
        "unknown".
    rate : float
        Learning rate of the summed loss.
    lam : float
        Weight of the l1 norm in flow units.
    decay : float
        Decay of the weights per unit of learning rate, outside the gradient.
    l1 : str
        "proximal", "subgradient" or "unknown".
    parts : dict of str to float
        Coefficients of the forces in a step.
    findings : list of Finding
        What was found.
    """

    family: str
    rate: float = 0.0
    lam: float = 0.0
    decay: float = 0.0
    l1: str = "unknown"
    parts: dict[str, float] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Whether nothing departs."""
        return all(one.verdict != "departs" for one in self.findings)

    def next(self, weights: Array) -> Array:
        """The weights after a step made of these parts."""
        forces = columns(weights)
        smooth = [name for name in self.parts if name != "l1"]
        moved = weights + sum(self.parts[name] * forces[name] for name in smooth)
        if self.l1 == "proximal":
            return soft_threshold(moved, max(self.parts["l1"], 0.0))
        return np.asarray(moved + self.parts["l1"] * forces["l1"])


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What the user says about the loop; None where nothing is said."""

    lam: float
    learning_rate: float | None
    weight_decay: float | None
    momentum: float
    l1: str | None
