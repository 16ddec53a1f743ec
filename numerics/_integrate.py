"""Integration of ordinary differential equations: one explicit step, and a whole solution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ._types import Array


def runge_kutta(rate: Callable[[Array], Array], state: Array, step: Any, first: Array) -> Array:
    """The state after one classical Runge-Kutta step; ``first`` is the rate at its start."""
    second = rate(state + step / 2 * first)
    third = rate(state + step / 2 * second)
    fourth = rate(state + step * third)
    return state + step / 6 * (first + 2 * second + 2 * third + fourth)


def solved(
    rate: Callable[[float, Array], Any],
    start: Any,
    times: Array,
    *,
    begin: float = 0.0,
    method: str = "LSODA",
    **tolerances: float,
) -> Array:
    """The states at increasing times, shape (numbers, times); ``start`` holds at ``begin``."""
    from scipy.integrate import solve_ivp

    if times[-1] <= begin:
        return np.repeat(np.array(start)[:, None], len(times), axis=1)
    span = (begin, float(times[-1]))
    solution = solve_ivp(rate, span, start, method=method, t_eval=times, **tolerances)
    if not solution.success:
        raise ArithmeticError(
            f"The integration did not reach the time {span[1]:g}: {solution.message} Give earlier "
            "times; if this does not help, report it."
        )
    return np.asarray(solution.y)
