"""The weight omega of opposite pairs for lambda -> 0: the support of a pair, and the crowd."""

from functools import partial

import sympy as sp

from ..proof import Definition, Formula, Step, derived, of
from ..proof import symbols as s

_NOTES = "paper_notes/omega_theory.md"
formula = partial(Formula, source=_NOTES)
_c = sp.Dummy("c", positive=True)
CONTACT_RATE = sp.Rational(152, 1000)
"""Mean reaction of two rows, times c, per gap: of the dense pair problem, measured."""
LARGEST_SUPPRESSION = sp.Rational(54, 100)
"""The most by which the crowd lowers log omega, fitted to Gaussian rows."""

CONTACT_IMPULSE_AT_WINNER = Definition(
    name="impulse_at_winner",
    expression=CONTACT_RATE * (s.height + sp.log(_c)) / _c**2,
    meaning="What the winner of a row, which is h + log c gaps high when c sqrt(m) weights are "
    "alive, gives to a partner's weight of the opposite sign on its neuron, by c: the rate "
    "0.152/c, the height, and 1/c of a gap.",
    source=_NOTES,
)

contact_impulse = formula(
    name="contact_impulse",
    expression=CONTACT_RATE
    * (
        (s.height + sp.log(s.height) + 1) / s.height
        - (s.height + sp.log(s.m) / 2 + 1) / sp.sqrt(s.m)
    ),
    arguments=(s.m, s.height),
    meaning="The impulse, in gaps, that the winner of a row gives to a partner's weight of the "
    "opposite sign on its neuron.",
    example=">>> round(theory.contact_impulse(m=64, height=2), 4)\n0.1842",
    regime=(s.height >= 1, s.height < sp.sqrt(s.m)),
)
CONTACT_IMPULSE = derived(
    contact_impulse,
    "From all weights alive, c = sqrt(m), to c = h the winner of a row gives to a partner's weight "
    "of the opposite sign on its neuron the impulse {formula}, with the mean reaction of the dense "
    "pair problem.",
    Step(
        name="all stages",
        left=of(
            CONTACT_IMPULSE_AT_WINNER,
            build=lambda force: sp.Integral(force, (_c, s.height, sp.sqrt(s.m))),
        ),
        right=sp.Subs(CONTACT_RATE * (s.height + sp.log(_c) + 1) / _c, _c, s.height)
        - CONTACT_RATE * (s.height + sp.log(sp.sqrt(s.m)) + 1) / sp.sqrt(s.m),
        reason="the integral of (h + log c)/c^2 is -(h + log c + 1)/c",
        assumptions=(s.height < sp.sqrt(s.m),),
        ranges={s.m: (16, 64), s.height: (1, 3)},
    ),
    Step(
        name="root",
        reason="log sqrt(m) is half of log m",
        assumptions=(s.height < sp.sqrt(s.m),),
        ranges={s.m: (16, 64), s.height: (1, 3)},
    ),
)

pair_weight_limit = formula(
    name="pair_weight_limit",
    expression=(1 + contact_impulse.expression)
    * sp.exp(
        -sp.Min(CONTACT_RATE * s.height * (s.n - 2) / (2 * sp.sqrt(s.m)), LARGEST_SUPPRESSION)
    ),
    arguments=(s.n, s.m, s.height),
    meaning="The weight of an opposite pair for lambda -> 0; the height is winner_height, or "
    "that of Laplace rows.",
    example=">>> round(theory.pair_weight_limit(n=32, m=256, height=2.56), 3)\n0.838",
    regime=(s.n >= 2, 2 * s.n <= s.m, s.height >= 1, s.height < sp.sqrt(s.m)),
    error="fitted: within 15 %; one constant, 0.54, to m = 16..1024 and n <= 8 sqrt(m), where it "
    "is within 3.3 % root mean square",
)
PAIR_WEIGHT_LIMIT = derived(
    pair_weight_limit,
    "For lambda -> 0 and n <= m/2 the weight of opposite pairs is {formula}, to 5 % on average for "
    "Gaussian rows and to 10 % for Laplace rows: the winner supports its partner, and the "
    "h n/sqrt(m) live weights on a neuron compete with it.",
    prose="When c = h, the winner on one sign of a neuron moves the live weights of other rows "
    "there by 0.152 h/c = 0.152 gaps in one gap. There are h (n-2)/sqrt(m) of them, and half have "
    "the sign of the partner. If what they gain is lost to the partner one for one, its odds fall "
    "by exp(-0.076 h (n-2)/sqrt(m)). That the suppression ends at 0.54 is measured.",
    by=(CONTACT_IMPULSE,),
    checks=("pair_weight_limit",),
)
