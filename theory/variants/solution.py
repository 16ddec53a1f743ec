"""The solution of a row whose penalty sparsifies: each size is thresholded, then scaled."""

from __future__ import annotations

import sympy as sp

from ..proof import IndexForm, Step, of
from ..proof import symbols as s
from .draft import PAGE, Draft
from .row import X

_X = sp.IndexedBase("w_0", nonnegative=True)


def add_solution(draft: Draft) -> None:
    """A (x^r - B^r)_+^(1/r) with r = 2 - p, and the equations of A and B."""
    root, free = draft.penalty.root, 1 - draft.penalty.l2
    rate = draft.formula(
        "amplitude_rate",
        (free - s.common**2 * s.excess2) * s.common,
        "The time derivative of the common amplitude A of the live weights of a row.",
        unit="per flow time",
    )
    threshold = draft.formula(
        "threshold_rate",
        s.lam * s.common**-root * s.threshold ** (1 - root),
        "The time derivative of the threshold B below which the initial weights of a row are dead.",
        unit="weight per flow time",
    )
    weight = draft.formula(
        "soft_threshold_weight",
        s.common * sp.Max(s.initial**root - s.threshold**root, 0) ** (1 / root),
        "The size of a weight of a row, by its initial size: thresholded and scaled.",
        unit="weight",
    )
    excess = sp.Max(_X[s.h] ** root - s.threshold**root, 0) ** (1 / root)
    excess2 = sp.Sum(excess**2, (s.h, 1, s.m))
    EXCESS2 = draft.definition(
        "squared_excess",
        excess2,
        "M_2(B): the sum of the squares of the sizes over the amplitude, at the threshold B.",
        letter=s.excess2,
    )
    RATE = draft.defining(rate, "The rate that defines the amplitude A, with A = 1 at t = 0.")
    CLOCK = draft.defining(threshold, "The rate that defines the threshold B, 0 at t = 0.")
    WEIGHT = draft.defining(weight, "The claimed size of a weight that starts at x.")
    live = _thresholded(weight.expression, root, _X[s.l])
    draft.claim(
        IndexForm(
            name="row_solution",
            expression=sp.diff(live, s.common) * rate.expression.subs(s.excess2, excess2)
            + sp.diff(live, s.threshold) * threshold.expression,
            meaning="The velocity of a live weight when A and B move by their own equations.",
            source=PAGE,
            regime=(_X[s.l] > s.threshold, s.threshold > 0),
        ),
        f"The flow of a row is solved by A (x^r - B^r)_+^(1/r), r = {root}, for each initial size "
        "x; a live weight moves by {formula}. So the weights keep their order, weight k dies when "
        "B reaches its initial size, and the largest one survives if any does.",
        Step(
            name="insert",
            left=of(
                draft.claims["row_flow"],
                WEIGHT,
                build=lambda flow, soft: flow.replace(
                    lambda e: isinstance(e, sp.Indexed) and e.base == X,
                    lambda e: (
                        _thresholded(soft, root, _X[s.l])
                        if e.indices[0] == s.l
                        else soft.subs(s.initial, _X[e.indices[0]])
                    ),
                ),
            ),
            reason="A' dW/dA + B' dW/dB; the squared norm of the row is A^2 M_2(B)",
            assumptions=(
                sp.Eq(
                    sp.Abs(_X[s.l] ** root - s.threshold**root), _X[s.l] ** root - s.threshold**root
                ),
                _X[s.l] > s.threshold,
                sp.Le(s.l, s.m),
            ),
            ranges={s.threshold: (0, 2)},
        ),
        prose="The two equations have one solution, and a weight at 0 stays there, because the "
        "penalty pulls it back more strongly than the feature benefit moves it.",
        by=(RATE, CLOCK, EXCESS2),
    )


def _thresholded(soft: sp.Expr, root: sp.Rational, size: sp.Expr) -> sp.Expr:
    """The size of a live weight: its excess is positive."""
    return soft.replace(
        sp.Max, lambda *args: args[0] + args[1] if 0 in args else sp.Max(*args)
    ).subs(s.initial, size)
