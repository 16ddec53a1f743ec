"""Pairs of features with a co-occurrence of their own: penalty, strength, price, collisions."""

from functools import partial

import sympy as sp

from ..cooccurrence.pairs import OVERLAP_PENALTY
from ..cooccurrence.race import SUPPRESSION_FIT
from ..model import at, overlap, relu
from ..proof import Definition, Formula, Step, derived, of
from ..proof import symbols as s
from .unequal import FREQUENCY, IMPORTANCE, UNEQUAL_LOSS

_NOTES = "paper_notes/features.md"
formula = partial(Formula, source=_NOTES)
_DELTA = sp.KroneckerDelta
_A, _C, _P2, _S = s.a, s.c, s.pair_weight, s.antipodal_overlap
_BOTH = s.importance + s.other_importance
PAIR = sp.IndexedBase("P", nonnegative=True)
"""The weight of the input of features i and j, half of it under (i, j) and half under (j, i)."""

UNEQUAL_PAIRS = Definition(
    name="unequal_loss_of_pairs",
    expression=UNEQUAL_LOSS.expression
    + sp.Sum(
        (1 - _DELTA(s.q, s.j))
        * (PAIR[s.q, s.j] / 2)
        * IMPORTANCE[s.p]
        * (relu(overlap(s.p, s.q) + overlap(s.p, s.j)) - _DELTA(s.p, s.q) - _DELTA(s.p, s.j)) ** 2,
        (s.p, 1, s.n),
        (s.q, 1, s.n),
        (s.j, 1, s.n),
    ),
    meaning="The loss of features that are active alone or in pairs: the pair (q, j) has the "
    "weight P_qj = P_jq.",
    source=_NOTES,
)


def _two(loss: sp.Expr, rows: list[list[sp.Expr]]) -> sp.Expr:
    """The loss of two features, frequencies, importance and the weight of the pair as letters."""
    letters = {
        FREQUENCY[1]: s.frequency,
        FREQUENCY[2]: s.other_frequency,
        IMPORTANCE[1]: s.importance,
        IMPORTANCE[2]: s.other_importance,
        PAIR[1, 2]: _P2,
        PAIR[2, 1]: _P2,
    }
    return at(loss, rows).subs(letters)


paired_own_weight = formula(
    name="paired_own_weight",
    expression=s.importance * (s.frequency + _P2),
    arguments=(s.frequency, s.importance, _P2),
    meaning="The weight of the error of a feature on its own output, on a neuron of its own.",
    example=">>> theory.paired_own_weight(0.5, 2, 0.25)\n1.5",
    letter=s.own_weight,
    unit="loss per squared error",
)
PAIRED_OWN_WEIGHT = derived(
    paired_own_weight,
    "On a neuron of its own, a feature that co-occurs with one other feature has the own weight "
    "d_i = {formula}: importance times the frequency with which it is active at all. With more "
    "partners, their p_2 add.",
    Step(
        name="error of one weight",
        left=of(
            UNEQUAL_PAIRS,
            build=lambda loss: (
                sp.diff(
                    _two(loss, [[s.w, sp.Integer(0)], [sp.Integer(0), sp.Integer(1)]]), s.w
                ).subs(s.lam, 0)
                / sp.diff((1 - s.w**2) ** 2, s.w)
            ),
        ),
        reason="each input in which the feature is active has the error 1 - w^2 on its output",
    ),
)

unequal_overlap_penalty = formula(
    name="unequal_overlap_penalty",
    expression=_P2 * _BOTH * _S**2,
    arguments=(_P2, s.importance, s.other_importance, _S),
    meaning="What two unit features of overlap -s add to the loss by co-occurring.",
    example=">>> theory.unequal_overlap_penalty(0.5, 1, 0.5, 1)\n0.75",
    regime=(_S <= 1,),
    unit="summed loss",
)
UNEQUAL_OVERLAP_PENALTY = derived(
    unequal_overlap_penalty,
    "The co-occurrence p_2 of two unit features of overlap -s_o adds {formula} to the loss, "
    "whatever the frequencies of the two alone.",
    Step(
        name="both read 1 - s",
        left=of(
            UNEQUAL_PAIRS,
            build=lambda loss: (
                _two(loss, [[sp.Integer(1), sp.Integer(0)], [-_S, sp.sqrt(1 - _S**2)]])
                - _two(loss, [[sp.Integer(1), sp.Integer(0)], [sp.Integer(0), sp.Integer(1)]])
            ).subs(s.lam, 0),
        ),
        reason="for s < 1 both are read, and no other input has an error",
        assumptions=(_S < 1,),
        ranges={_S: (0, 1)},
    ),
)

unequal_strength = formula(
    name="unequal_strength",
    expression=_P2 * _BOTH / (2 * s.lam),
    arguments=(_P2, s.importance, s.other_importance, s.lam),
    meaning="The strength r of the co-occurrence of two features, which decides their collisions.",
    example=">>> theory.unequal_strength(0.01, 1, 0.5, 0.01)\n0.75",
    regime=(s.lam > 0,),
    letter=s.strength,
)
UNEQUAL_STRENGTH = derived(
    unequal_strength,
    "Two features of unequal importance repel each other like equal ones whose co-occurrence over "
    "lambda is r_c = {formula}: the mean importance counts, the frequencies do not.",
    Step(
        name="ratio of the forces",
        left=of(
            UNEQUAL_OVERLAP_PENALTY,
            OVERLAP_PENALTY,
            build=lambda unequal, equal: (
                _P2 / s.lam * sp.Derivative(unequal, _S) / sp.Derivative(equal, _S)
            ),
        ),
        reason="the slopes of the two penalties in the overlap; equal features have p_2/lambda",
    ),
)

_ALONE = (
    s.frequency * s.importance * (1 - _A**2) ** 2
    + s.other_frequency * s.other_importance * (1 - _C**2) ** 2
)
unequal_pair_loss = formula(
    name="unequal_pair_loss",
    expression=_ALONE
    + _P2 * (s.importance * (1 - _A * (_A - _C)) ** 2 + s.other_importance)
    + 4 * s.lam * (_A + _C),
    arguments=(
        *(_A, _C, s.frequency, s.other_frequency),
        *(s.importance, s.other_importance, _P2, s.lam),
    ),
    meaning="The loss of an antipodal pair (a, -c) of unequal features, a the larger weight.",
    example=">>> round(theory.unequal_pair_loss(1, 1, 1, 1, 1, 0.5, 0.1, 0), 6)\n0.15",
    regime=(_A >= _C,),
    unit="summed loss",
)
UNEQUAL_PAIR_LOSS = derived(
    unequal_pair_loss,
    "An antipodal pair (a, -c) of unequal features, a >= c, costs {formula}.",
    Step(
        name="rectifiers",
        left=of(UNEQUAL_PAIRS, build=lambda loss: _two(loss, [[_A], [-_C]])),
        reason="where a > c the larger feature is read, the smaller one is silent",
        assumptions=(_A > _C,),
    ),
)

unequal_price = formula(
    name="unequal_price",
    expression=_P2 * _BOTH * s.w**2 * (2 - s.w**2),
    arguments=(_P2, s.importance, s.other_importance, s.w),
    meaning="What an antipodal pair (w, -w) costs more than its two features on their own neurons.",
    example=">>> round(theory.unequal_price(0.1, 1, 0.5, 1), 6)\n0.15",
    unit="summed loss",
)
UNEQUAL_PRICE = derived(
    unequal_price,
    "A polysemantic neuron (w, -w) of two features costs {formula} more than the two on neurons "
    "of their own.",
    Step(
        name="shared less alone",
        left=of(
            UNEQUAL_PAIR_LOSS,
            UNEQUAL_PAIRS,
            build=lambda shared, loss: (
                shared.subs({_A: s.w, _C: s.w})
                - _two(loss, [[s.w, sp.Integer(0)], [sp.Integer(0), s.w]])
            ),
        ),
        right=_P2 * _BOTH * (1 - (1 - s.w**2) ** 2),
        reason="both are silent on a shared neuron; alone each errs by 1 - w^2",
    ),
    Step(name="factor", reason="1 - (1 - x)^2 = x (2 - x)"),
)

_TOTAL = 2 * s.m * (2 * s.m - 2)

PLACES = Definition(
    name="places_of_three_features",
    expression=_TOTAL * s.kept + _TOTAL * (2 * s.m - 4 + s.first_kept + s.second_kept),
    meaning="The weights of all places of three features in the 2m slots, a neuron with a sign, no "
    "slot taken twice; two features on one neuron have the weight F of their pair. First: features "
    "i and j on one neuron, k elsewhere. Then: i and j on two neurons, k elsewhere or with one.",
    source=_NOTES,
)

three_feature_collision = formula(
    name="three_feature_collision",
    expression=s.kept / (2 * s.m - 4 + s.kept + s.first_kept + s.second_kept),
    arguments=(s.m, s.kept, s.first_kept, s.second_kept),
    meaning="The probability that two of three features stand on one neuron, if no slot is taken "
    "twice and a fraction of the collisions of each pair lasts.",
    example=">>> theory.three_feature_collision(2, 1, 0.5, 0.5)\n0.5",
    regime=(s.m >= 2, s.kept > 0, s.kept <= 1, s.first_kept <= 1, s.second_kept <= 1),
)
THREE_FEATURES = derived(
    three_feature_collision,
    "Of three features that take no slot twice, two stand on one neuron with the probability "
    "{formula}, F the fractions of the collisions that last: if the third one avoids the neurons "
    "of the two, it leaves more of these to pairs.",
    Step(
        name="count places",
        left=of(PLACES, build=lambda total: 2 * s.m * (2 * s.m - 2) * s.kept / total),
        reason="2 m slots for i, the other slot of its neuron for j, 2 m - 2 for k; over all",
        ranges={s.m: (2, 9)},
    ),
)

unequal_collision_probability = formula(
    name="unequal_collision_probability",
    expression=s.survival
    * s.other_survival
    / (1 + (2 * s.m - 2 - s.lost) * sp.exp(sp.Rational(5, 2) * s.strength + s.strength**2)),
    arguments=(s.m, s.survival, s.other_survival, s.strength, s.lost),
    meaning="The probability that two features end as a pair on one neuron.",
    example=">>> round(theory.unequal_collision_probability(64, 1, 0.5, 0, 0), 6)\n0.003937",
    regime=(
        s.survival <= 1,
        s.other_survival <= 1,
        s.strength <= sp.Rational(3, 2),
        s.lost <= 2 * s.m - 2,
    ),
    error="heuristic: within 40 % for n <= m/4; survival and collision are taken as independent, "
    "the suppression is that of two features alone in a wide network, and the slots that third "
    "features avoid are added up",
)
UNEQUAL_COLLISIONS = derived(
    unequal_collision_probability,
    "Two features end as a pair on one neuron with the probability {formula}, alpha_i and alpha_j "
    "the probabilities that l1 leaves them alive, r_c the strength of their own co-occurrence, "
    "D_ij the slots beside the two that third features avoid: the sum of 2 - F_ik - F_jk over "
    "those that live.",
    Step(
        name="one pair of features",
        left=of(
            THREE_FEATURES,
            SUPPRESSION_FIT,
            build=lambda chance, fit: (
                s.survival
                * s.other_survival
                * chance.subs({s.second_kept: 2 - s.first_kept - s.lost}).subs(s.kept, fit)
            ),
        ),
        reason="the slots of three features, with all third ones in place of one, and the fraction "
        "of the collisions that co-occurrence leaves",
    ),
    checks=("unequal_collisions_in_training",),
)
