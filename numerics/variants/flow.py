"""The flow under a penalty on a power of the weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from .._types import Array
from .._validate import check_fields, check_positive
from ..training.descent import Flow, Moved, State
from ..training.problem import Problem

_SMALL = 0.3  # part of a weight that a step may take by the force at its start


@dataclass(frozen=True, kw_only=True)
class PowerFlow(Flow):
    r"""Gradient flow with the penalty :math:`\lambda |w|^p/p` in place of :math:`\lambda |w|`.

    A step moves the weights by the smooth forces, as :class:`Flow` does. The penalty then takes
    :math:`h \lambda |w|^{p-1}` from a weight of which this is a small part, so that the weights at
    rest have no error; another weight follows the exact flow of the penalty alone,
    :math:`|w|^r \leftarrow (|w|^r - r \lambda h)_+` with :math:`r = 2 - p`, and may reach zero. The
    error at a fixed time is of first order in the step h.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> run = numerics.train(np.array([[0.9]]), 0.1, optimizer=numerics.PowerFlow(power=1.5))
    >>> w = run.weights.item()
    >>> round((1 - w**2) * w**0.5, 5)
    0.1

    Parameters
    ----------
    power : float
        The exponent p, above 0 and not 2 (for which ``train`` has ``l2``).
    step_size, safety, max_time, max_steps, tolerance, reduce : float, int or bool
        As in :class:`Flow`.

    Raises
    ------
    ValueError
        For a power that is not allowed.

    Source
    ------
    paper_notes/variants.md
    """

    name: ClassVar[str] = "power-flow"
    array_api: ClassVar[bool] = False

    power: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_fields(self, check_positive, power="the exponent of the penalty")
        if self.power == 2:
            raise ValueError("Got power=2; give l2=... to train, and power=1 for l1.")

    def step(self, weights: Array, problem: Problem, limit: Array, state: State) -> Moved:
        """New weights and the time that has passed in each network, at most ``limit``."""
        moved, h = super().step(weights, replace(problem, lam=0.0, l2=0.0), limit, state)
        root, mask = 2 - self.power, problem.mask(weights)
        time = h.astype(weights.dtype)[:, None, None] * mask
        moved = moved - problem.l2 * time * weights
        pull = problem.lam * time
        size = np.abs(weights)
        with np.errstate(divide="ignore"):  # powers of zero weights may be infinite
            part = pull / size**root
            left = np.maximum(np.abs(moved) ** root - root * pull, 0) ** (1 / root)
        small = part < _SMALL
        taken = np.where(small, part, 0) * weights
        return np.where(small, moved - taken, np.sign(moved) * left), h
