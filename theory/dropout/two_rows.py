"""Two rows under dropout: it lowers the products of their weights, so that more end as a pair."""

from functools import partial

import sympy as sp

from ..collisions.exclusion import EXPECTED_NEURONS_EXCLUSION
from ..model import relu
from ..proof import Definition, Formula, Step, derived, of
from ..proof import symbols as s
from .equal_rows import DROPOUT_PAIR

_NOTES = "paper_notes/dropout.md"
formula = partial(Formula, source=_NOTES)
_V, _A, _C = s.dropout_noise, s.like_product, s.unlike_product


TWO_NEURONS = Definition(
    name="two_neurons_with_dropout",
    expression=_V * relu(_A, False) ** 2 + _V * relu(-_C, False) ** 2 + relu(_A - _C, False) ** 2,
    meaning="The mean squared output of a feature for the input of another one, which shares two "
    "neurons with it: the products of their weights are g_a and -g_b. Each neuron is kept with the "
    "probability 1/(1 + v_d) and then multiplied by 1 + v_d: so the chances are v_d/(1 + v_d)^2 "
    "for the first alone, as much for the second alone, and 1/(1 + v_d)^2 for both.",
    source=_NOTES,
)

masked_output = formula(
    name="masked_output",
    expression=relu(_A - _C) ** 2 + _V * _A**2,
    arguments=(_A, _C, _V),
    meaning="The mean squared output of a feature for the input of another one, under dropout, if "
    "the two share two neurons.",
    example=">>> theory.masked_output(0.25, 0.5, 0.5)\n0.03125",
    unit="summed loss",
)
MASKED_OUTPUT = derived(
    masked_output,
    "Two features that share two neurons, with weights of equal signs on one (product g_a) and of "
    "opposite signs on the other (product -g_b), have the mean squared output {formula}: dropout "
    "charges the product of equal signs at overlaps <= 0 too, and does not charge the other one.",
    Step(
        name="four masks",
        left=of(TWO_NEURONS),
        reason="the first neuron alone gives g_a, the second one alone no output",
    ),
)

DROPOUT_PUSHES = derived(
    "dropout_pushes",
    "Averaged over all masks, the outputs of two features raise the product of their weights on no "
    "neuron, and lower it on at least one as long as any product is positive, at overlaps <= 0 "
    "too; so dropout turns overlaps negative, and rows towards opposite signs.",
    page=_NOTES,
    prose="Each of the two outputs is Z = sum_h D_h W_ih W_kh before the rectifier, and a quarter "
    "of the slope of their squares moves W_ih by -W_kh E D_h ReLU(Z). So the product on the neuron "
    "changes at the rate -(W_ih^2 + W_kh^2) E D_h ReLU(Z), where D_h and ReLU(Z) are never "
    "negative. Where a product is positive, the mask that keeps its neuron alone makes the mean "
    "positive. Without dropout it is ReLU(u), which is 0 at overlaps u <= 0.",
    by=(MASKED_OUTPUT,),
)

dropout_neurons = formula(
    name="dropout_neurons",
    expression=s.pair_chance_ratio * s.n * (s.n - 1) / (2 * (2 * s.m - 1)),
    arguments=(s.n, s.m, s.pair_chance_ratio),
    meaning="The expected number of polysemantic neurons under dropout.",
    example=">>> round(theory.dropout_neurons(8, 32, 0.5), 4)\n0.2222",
    regime=(s.n <= 2 * s.m,),
    error="heuristic: within 25 % for n <= m; a third row changes the chance of a pair by "
    "the same factor with and without dropout",
)
DROPOUT_NEURONS = derived(
    dropout_neurons,
    "Under dropout and l1 a network is expected to have {formula} polysemantic neurons, R_2 the "
    "probability that two rows alone end as a pair under dropout, over the one without dropout.",
    Step(
        name="each two features",
        left=of(
            EXPECTED_NEURONS_EXCLUSION,
            build=lambda count: s.n * (s.n - 1) / 2 * s.pair_chance_ratio * sp.Subs(count, s.n, 2),
        ),
        reason="without dropout the exclusion law holds, for each two features as for two alone; "
        "dropout changes the chance of two rows by R_2",
        ranges={s.n: (2, 8), s.m: (4, 12)},
    ),
    by=(DROPOUT_PAIR, DROPOUT_PUSHES),
    checks=("dropout_neurons_in_training",),
)
