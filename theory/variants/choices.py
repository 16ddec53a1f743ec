"""Which neurons the features choose: collisions of the largest initial weights."""

from __future__ import annotations

import sympy as sp

from ..collisions.independent import (
    EXPECTED_NEURONS_INDEPENDENT,
    EXPECTED_PAIRS,
    EXPECTED_SHARED_NEURONS_INDEPENDENT,
    PAIR_PROBABILITY,
    SLOTS,
)
from ..model import at
from ..proof import Step, of, stated
from ..proof import symbols as s
from .draft import Draft

_B = s.relative_threshold


def add_choices(draft: Draft) -> None:
    """The collisions among the initial choices, and what a linear output leaves of them."""
    if not draft.law.independent:
        _add_orthogonal(draft)
    elif draft.law.signs:
        draft.claims["expected_pairs"] = EXPECTED_PAIRS
        draft.claims["expected_neurons"] = EXPECTED_NEURONS_INDEPENDENT
        draft.claims["expected_shared_neurons"] = EXPECTED_SHARED_NEURONS_INDEPENDENT
    else:
        _add_one_signed(draft)
    if not draft.relu and draft.penalty.sparsifies:
        _add_linear(draft)


def _add_one_signed(draft: Draft) -> None:
    draft.claim(
        draft.formula(
            "expected_pairs",
            sp.S.Zero,
            "The expected number of pairs of features that choose one neuron with opposite signs.",
            also=(s.n, s.m),
        ),
        "The expected number of opposite-sign pairs among the initial choices is {formula}.",
        prose="All initial weights are positive.",
    )
    draft.claim(
        draft.formula(
            "same_neuron_pairs",
            s.n * (s.n - 1) / (2 * s.m),
            "The expected number of pairs of features that choose one neuron.",
        ),
        "The expected number of pairs of features that choose one neuron is {formula}.",
        Step(
            name="one slot a neuron",
            left=of(
                SLOTS,
                build=lambda slots: sp.binomial(s.n, 2) / (slots / 2),
            ),
            reason="n(n-1)/2 pairs; a neuron is one of half the slots",
        ),
    )
    draft.claims["expected_shared_neurons"] = EXPECTED_SHARED_NEURONS_INDEPENDENT


def _add_orthogonal(draft: Draft) -> None:
    """The pairs among orthonormal rows, to first order in 1/m."""
    largest = s.m * _B**2 * draft.law.density * (1 - draft.law.tail) ** (s.m - 1)
    square = sp.Integral(largest, (_B, 0, sp.oo))
    draft.claim(
        draft.numerical(
            "expected_pairs",
            s.n * (s.n - 1) / (4 * s.m) * (1 - (square - 1) ** 2 / (2 * s.m)),
            "The expected number of pairs of features that choose one neuron with opposite signs.",
            regime=(s.n <= s.m, s.m >= 64),
            error="relative O((log m)^4/m^2)",
            fixed=True,
        ),
        "Among orthonormal rows the expected number of opposite-sign pairs is {formula}, a "
        "quadrature, less than among independent rows.",
        prose="Given the first row u, the second has the variance (1 - u_k^2)/(m - 1) on neuron k. "
        "On the neuron of the largest weight of u this is less than the mean by the fraction "
        "(z^2 - 1)/m, z that weight in standard deviations, and the chance that the largest weight "
        "is there falls by half that times E z^2 - 1.",
        by=(PAIR_PROBABILITY,),
    )


def _add_linear(draft: Draft) -> None:
    """Opposite signs repel as equal signs do if the output is linear."""
    SELECTION = draft.claim(
        draft.formula(
            "pair_selection_rate",
            stated(draft.claims["selection_rate"]),
            "The time derivative of the logarithm of the ratio of two opposite weights of two "
            "features on one neuron.",
            unit="per flow time",
        ),
        "With a linear output the logarithm of the ratio of the sizes w_a and w_b of opposite "
        "weights on one neuron changes at the rate {formula}, so the smaller one is expelled.",
        Step(
            name="two features on one neuron",
            left=of(
                draft.definitions["loss"],
                build=lambda loss: _ratio_rate(at(loss, [[s.larger], [-s.smaller]])),
            ),
            reason="-1/4 of the derivative of the loss, over the weight",
        ),
    )
    draft.claim(
        draft.formula(
            "trained_neurons",
            sp.S.Zero,
            "The number of polysemantic neurons of a trained network with n <= m.",
            also=(s.n, s.m),
            regime=(s.n <= s.m,),
        ),
        "With a linear output a trained network with n <= m has {formula} polysemantic neurons.",
        prose="Two weights on one neuron cannot both stay, whatever their signs.",
        by=(SELECTION,),
    )


def _ratio_rate(loss: sp.Expr) -> sp.Expr:
    rates = (-sp.Derivative(loss, size) / (4 * size) for size in (s.larger, s.smaller))
    return next(rates) - next(rates)
