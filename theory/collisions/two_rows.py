"""Networks of two features: an opposite pair of largest weights stays, so pairs exceed chance."""

import sympy as sp

from ..model import THREE_FORCES
from ..proof import Formula, Root, Step, derived, of
from ..proof import symbols as s
from .independent import PAIR_PROBABILITY
from .tilted import TILTED_PMF_RATIO

_NOTES = "paper_notes/omega_theory.md"

OPPOSITE_WINNERS_STAY = derived(
    "opposite_winners_stay",
    "If the largest weights of two features are on one neuron and have opposite signs, they remain "
    "their largest weights under the flow of a network without other features, for every lambda.",
    page=_NOTES,
    prose="Let a be the size of the largest weight of feature 1 and b that of another of its "
    "weights, and a' and b' those of feature 2 on the same neurons; g >= 0 is the positive part of "
    "the overlap. The overlap moves the sizes by + g a' and by at most + g b'. The norm multiplies "
    "both sizes by one rate r, and the l1 term takes lambda from both, or less from a weight at "
    "zero, which does not shrink. So (a - b)' >= r (a - b) + g (a' - b') as long as b > 0, and "
    "likewise for feature 2: a - b and a' - b' cannot become negative. For b = 0 it is clear.",
    by=(THREE_FORCES,),
)

two_feature_weight = Formula(
    name="two_feature_weight",
    expression=2 * (s.m - 1) / (2 * s.m - 1),
    arguments=(s.m,),
    meaning="The least weight omega of an opposite pair in a network of two features.",
    source=_NOTES,
    example=">>> round(theory.two_feature_weight(m=64), 3)\n0.992",
    regime=(s.m >= 2,),
    where="the flow, at a lambda at which both features live",
    error="bound",
)
TWO_FEATURE_WEIGHT = derived(
    two_feature_weight,
    "With two features, a trained network has an opposite pair at least as often as the largest "
    "initial weights are one, so omega is at least {formula}, or 2(m-1)/(2m-1).",
    Step(
        name="odds of a pair",
        left=of(
            TILTED_PMF_RATIO,
            PAIR_PROBABILITY,
            build=lambda ratio, pair: Root(
                sp.Subs(ratio, (s.k, s.n), (0, 2)) - pair / (1 - pair), s.omega, 0, 2
            ),
        ),
        reason="P(K = 1)/P(K = 0) is omega/(2(m-1)), and it is at least p/(1 - p) with p = 1/(2m), "
        "the probability of an opposite pair at the start, because such a pair stays",
    ),
    by=(OPPOSITE_WINNERS_STAY,),
    prose="In the end every feature has one weight, its largest.",
)
