"""A row of a variant: its flow, which weight gains, and its solution."""

from __future__ import annotations

import sympy as sp

from ..model import W, overlap, relu
from ..proof import IndexForm, Step, of
from ..proof import symbols as s
from .draft import PAGE, Draft

X = sp.IndexedBase("W", positive=True)
"""The sizes of the weights of a row; their signs stay."""
_NORM2 = sp.Sum(X[s.h] ** 2, (s.h, 1, s.m))
_INSIDE = (sp.Le(s.l, s.m),)


def _loss(draft: Draft) -> sp.Expr:
    """The loss of n features: squared error on each one-hot input, and four times the cost."""
    output = overlap(s.p, s.q)
    error = (relu(output) if draft.relu else output) - sp.KroneckerDelta(s.p, s.q)
    size = sp.Abs(W[s.p, s.g])
    return sp.Sum(error**2, (s.p, 1, s.n), (s.q, 1, s.n)) + 4 * sp.Sum(
        draft.penalty.cost.subs(s.initial, size), (s.p, 1, s.n), (s.g, 1, s.m)
    )


def _lone(loss: sp.Expr) -> sp.Expr:
    """The loss of one feature, by the sizes of its weights."""
    return (
        loss.subs(s.n, 1)
        .doit()
        .replace(
            lambda e: isinstance(e, sp.Indexed) and e.base == W,
            lambda e: X[e.indices[1]],
        )
    )


def at_size(flow: sp.Expr, norm2: sp.Expr, size: sp.Expr) -> sp.Expr:
    """The velocity of a weight of a size in a row of a squared norm."""
    return flow.replace(lambda e: isinstance(e, sp.Sum), lambda e: norm2).subs(X[s.l], size)


def add_flow(draft: Draft) -> None:
    """The flow of a row, and how the ratio of two weights changes."""
    penalty = draft.penalty
    loss = draft.definition("loss", _loss(draft), "The loss of the variant, for n features.")
    flow = IndexForm(
        name="row_flow",
        expression=(1 - _NORM2) * X[s.l] - penalty.force(X[s.l]),
        meaning="The velocity of the size of weight l of a row on its own.",
        source=PAGE,
        where="weight l is not 0",
    )
    FLOW = draft.claim(
        flow,
        "A weight of a row that overlaps with no other changes its size at the rate {formula}.",
        Step(
            name="differentiate",
            left=of(loss, build=lambda loss: -sp.Derivative(_lone(loss), X[s.l]) / 4),
            reason="-1/4 of the derivative of the loss of one feature",
            assumptions=(
                *_INSIDE,
                sp.Eq(relu(_NORM2), _NORM2),
                sp.Eq(sp.Heaviside(_NORM2), 1),
            )
            if draft.relu
            else _INSIDE,
        ),
    )
    rate = draft.formula(
        "selection_rate",
        s.lam * (s.smaller ** (penalty.power - 2) - s.larger ** (penalty.power - 2))
        if penalty.power is not None
        else sp.S.Zero,
        "The time derivative of the logarithm of the ratio of two weights of a row.",
        also=(s.larger, s.smaller),
        unit="per flow time",
    )
    words = (
        "so the larger weight gains on the smaller one"
        if penalty.sparsifies
        else "so all weights keep their ratios"
        if penalty.power is None
        else "so the smaller weight gains on the larger one"
    )
    draft.claim(
        rate,
        f"The logarithm of the ratio w_a/w_b of two weights of a row changes at the rate "
        f"{{formula}}, {words}.",
        Step(
            name="divide by the weight",
            left=of(
                FLOW,
                build=lambda f: (
                    at_size(f, s.row_norm2, s.larger) / s.larger
                    - at_size(f, s.row_norm2, s.smaller) / s.smaller
                ),
            ),
            reason="the feature benefit 1 - |W|^2 is common to all weights",
        ),
    )
