"""The antipodal pair of two co-occurring features: its weights and its largest lambda."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import sympy as sp
from scipy.optimize import root

from ... import theory
from ...theory.proof import symbols as s
from .._types import Array
from .._validate import check_lam, check_nonnegative, check_positive

_STEPS = 24  # of the continuation in co-occurrence and lambda
_FIRST, _FACTOR = 0.05, 1.25  # its first co-occurrence, and the largest rise of a step


def pair_state(pair_ratio: float, lam: float) -> tuple[float, float]:
    r"""Weights (a, b) of the antipodal pair (a, -b) at rest, values 1.

    The zero of both balances (theory.larger_balance, theory.smaller_balance), followed from
    a = b = 1 at no co-occurrence and no l1.  Error: rounding.

    >>> from polysem import numerics
    >>> a, b = numerics.pair_state(pair_ratio=0.1, lam=0.0)
    >>> round(a, 6), round(b, 6)
    (1.024575, 0.974745)
    >>> numerics.pair_state(pair_ratio=0.1, lam=0.36)
    (nan, nan)

    Parameters
    ----------
    pair_ratio : float
        Weight of both features over the weight of one alone.
    lam : float
        l1 weight in flow units over the weight of one feature alone.

    Returns
    -------
    tuple of float
        The larger and the smaller weight; NaN where no stable pair exists.

    Raises
    ------
    ValueError
        For negative arguments.

    Source
    ------
    paper_notes/cooccurrence.md.
    """
    pair_ratio = check_nonnegative("pair_ratio", pair_ratio, "a ratio of weights")
    lam = check_lam(lam)
    forces, slopes = _system()
    state = np.array([1.0, 1.0])
    # both grow together: along this way the fold is met only at the end, if at all
    rises = np.arange(np.log(max(1, pair_ratio / _FIRST)) / np.log(_FACTOR))
    for part in np.union1d(np.linspace(0, 1, _STEPS + 1)[1:], _FACTOR**-rises):
        ratio, here = part * pair_ratio, part * lam
        found = root(
            lambda x, ratio=ratio, here=here: forces(*x, ratio) - here,
            state,
            jac=lambda x, ratio=ratio: slopes(*x, ratio),
            tol=1e-13,
        )
        curvature = -slopes(*found.x, ratio)
        stable = curvature[0, 0] > 0 and np.linalg.det(curvature) > 0
        near = np.abs(found.x - state).max() < 0.5 and found.x[1] > 0
        if not (np.abs(found.fun).max() < 1e-9 * (1 + ratio) and stable and near):
            return np.nan, np.nan
        state = found.x
    return float(state[0]), float(state[1])


def pair_fold(pair_ratio: float) -> float:
    r"""The lambda, over the weight of one feature alone, up to which the pair exists.

    Followed along co-occurrence from the fold of a lone feature: both balances and the
    determinant of their slopes vanish.  Error: rounding.

    >>> from polysem import numerics
    >>> round(numerics.pair_fold(1.0), 5)
    0.17035

    Parameters
    ----------
    pair_ratio : float
        Weight of both features over the weight of one alone, > 0.

    Raises
    ------
    ValueError
        If ``pair_ratio`` is not positive.

    Source
    ------
    paper_notes/cooccurrence.md.
    """
    pair_ratio = check_positive("pair_ratio", pair_ratio, "a ratio of weights")
    forces, slopes = _system()

    def conditions(state: Array, ratio: float) -> Array:
        larger, smaller = forces(*state, ratio)
        matrix = slopes(*state, ratio)
        return np.array([larger - smaller, np.linalg.det(matrix)]) / (1 + ratio)

    first = min(1e-3, pair_ratio)
    lone = 1 / np.sqrt(3)
    state = np.array([lone + np.sqrt(first / 3), lone])
    count = max(2, int(np.ceil(np.log(pair_ratio / first) / 0.2)) + 1)
    previous = 0.0
    for ratio in np.geomspace(first, pair_ratio, count):
        found = root(conditions, state, args=(ratio,), tol=1e-13)
        if not np.abs(found.fun).max() < 1e-8:
            raise ArithmeticError(
                f"Got pair_ratio={pair_ratio}; no largest lambda could be found for it, and "
                f"{previous:.3g} is the largest ratio that worked: give a smaller pair_ratio."
            )
        state, previous = found.x, ratio
    return float(forces(*state, pair_ratio)[0])


@cache
def _system() -> tuple[Callable[..., Array], Callable[..., Array]]:
    """The lambdas at which the two weights rest, and their slopes in the weights."""
    one = {s.single_weight: 1, s.pair_weight: s.pair_ratio}
    balance = sp.Matrix([theory.larger_balance.expression, theory.smaller_balance.expression]).subs(
        one
    )
    arguments = (s.a, s.c, s.pair_ratio)
    forces = sp.lambdify(arguments, list(balance), "numpy")
    slopes = sp.lambdify(arguments, balance.jacobian([s.a, s.c]), "numpy")
    return lambda *x: np.array(forces(*x)), lambda *x: np.array(slopes(*x), float)
