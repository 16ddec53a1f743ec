"""The learning rate from step to step: warm-up, and cosine decay."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from .._validate import check_choice, check_fields, check_integer


@dataclass(frozen=True, kw_only=True)
class RateSchedule:
    r"""The factor on the learning rate at each step of a run.

    In step t = 1 .. T it is t/w for t <= w; from then on 1, or with ``decay="cosine"``
    :math:`\tfrac12(1 + \cos(\pi (t-1-w)/(T-w)))`, which starts at 1 and ends just above 0. Exact;
    PyTorch's LinearLR followed by CosineAnnealingLR gives the same.

    >>> from polysem import numerics
    >>> schedule = numerics.RateSchedule(warm_up=2, decay="cosine")
    >>> [round(schedule.factor(step, 6), 3) for step in range(1, 7)]
    [0.5, 1.0, 1.0, 0.854, 0.5, 0.146]

    Parameters
    ----------
    warm_up : int
        Number w of steps in which the rate rises, >= 0.
    decay : {"constant", "cosine"}
        What follows.

    Raises
    ------
    ValueError
        For another decay, or a negative warm-up.

    Source
    ------
    Loshchilov and Hutter 2017; paper_notes/training.md.
    """

    warm_up: int = 0
    decay: str = "constant"

    def __post_init__(self) -> None:
        check_fields(self, partial(check_integer, minimum=0), warm_up="a number of steps")
        check_choice("decay", self.decay, ("constant", "cosine"))

    def factor(self, step: int, steps: int) -> float:
        """The factor in a step, counted from 1, of a run of ``steps`` steps."""
        if step <= self.warm_up:
            return step / self.warm_up
        if self.decay == "constant":
            return 1.0
        return (1 + math.cos(math.pi * (step - 1 - self.warm_up) / (steps - self.warm_up))) / 2
