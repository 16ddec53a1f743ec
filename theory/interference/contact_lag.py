"""The lag of contacts under the flow, and what it does to winners and to opposite pairs."""

from functools import partial

import sympy as sp

from ..proof import Definition, Formula, Step, derived, of
from ..proof import symbols as s
from .reshuffling import winner_height

_NOTES = "paper_notes/omega_theory.md"
formula = partial(Formula, source=_NOTES)
_u = sp.Dummy("u", positive=True)

contact_lag = formula(
    name="contact_lag",
    expression=s.lam * s.m ** sp.Rational(3, 4) / sp.sqrt(2 * winner_height.expression),
    arguments=(s.m, s.lam),
    meaning="By how much the threshold of the weights rises while two rows push each other apart, "
    "in units of the gap between weights, when the winner begins to decide the overlaps.",
    example=">>> round(theory.contact_lag(m=64, lam=0.03), 4)\n0.3395",
    regime=(s.m > 1,),
    error="heuristic: taken where the winner begins to decide the overlaps of its row",
)

pair_weight_flow = formula(
    name="pair_weight_flow",
    expression=s.omega ** sp.exp(-2 * contact_lag.expression),
    arguments=(s.m, s.lam, s.omega),
    meaning="The weight of an opposite pair under the flow, from its value omega for lambda -> 0.",
    example=">>> round(theory.pair_weight_flow(m=64, lam=0.03, omega=0.677), 3)\n0.821",
    regime=(s.m > 1,),
    error="heuristic: within 15 % for n <= 2m/3, and for m = 16..1024 within 3 % root mean square",
)
PAIR_WEIGHT_FLOW = derived(
    pair_weight_flow,
    "The weight of opposite pairs under the flow is {formula}, with omega its value for "
    "lambda -> 0 and no fitted constant: log omega falls by exp(-2 lag), because the crowd acts on "
    "a pair by two contacts in turn, and each comes later than in the limit by the lag.",
    prose="The row on one sign of a neuron pushes the weights of others to the opposite sign, and "
    "these repel the row that would settle there. A contact acts after the time in which two rows "
    "part, and until then the fraction 1 - exp(-lag) of the live weights has died.",
    checks=("pair_weight_flow",),
)

LATE_KICKS = Definition(
    name="late_kicks",
    expression=2 * _u * sp.exp(-s.lag * _u),
    meaning="The part of the variance of kicks that is left, by the root u of h/c, where c sqrt(m) "
    "weights are alive. In the limit it is proportional to dc/c^2, that is to 2 u du; a contact "
    "that is late by lag u gaps counts exp(-lag u).",
    source=_NOTES,
)

late_kick_share = formula(
    name="late_kick_share",
    expression=2
    * ((1 + s.lag * s.last_stage) * sp.exp(-s.lag * s.last_stage) - (1 + s.lag) * sp.exp(-s.lag))
    / (s.lag**2 * (1 - s.last_stage**2)),
    arguments=(s.lag, s.last_stage),
    meaning="The variance of the kicks under the flow over that for lambda -> 0.",
    example=">>> round(theory.late_kick_share(lag=1, last_stage=0.5), 4)\n0.4641",
    regime=(s.lag > 0, s.last_stage < 1),
)
LATE_KICK_SHARE = derived(
    late_kick_share,
    "If kicks arise at every stage of live weights in proportion to dc/c^2, and those that are "
    "late by lag sqrt(h/c) gaps count exp(-lag sqrt(h/c)), the share {formula} of their variance "
    "is left.",
    Step(
        name="all stages",
        left=of(
            LATE_KICKS,
            build=lambda late: sp.Integral(late, (_u, s.last_stage, 1)) / (1 - s.last_stage**2),
        ),
        right=2
        / (1 - s.last_stage**2)
        * sp.Subs(
            (1 + s.lag * s.last_stage) * sp.exp(-s.lag * s.last_stage) / s.lag**2
            - (1 + s.lag * _u) * sp.exp(-s.lag * _u) / s.lag**2,
            _u,
            1,
        ),
        reason="the integral of u exp(-D u) is -(1 + D u) exp(-D u)/D^2",
        assumptions=(s.lag > 0, s.last_stage < 1),
        ranges={s.lag: (0.1, 4), s.last_stage: (0.1, 0.9)},
    ),
    Step(
        name="collect",
        reason="at u = 1",
        assumptions=(s.lag > 0, s.last_stage < 1),
        ranges={s.lag: (0.1, 4), s.last_stage: (0.1, 0.9)},
    ),
)
RETAINED_UNDER_FLOW = derived(
    "retained_under_flow",
    "Under the flow the features that keep their largest weight are those of the limit "
    "lambda -> 0 with the variance of the kicks times late_kick_share, to 5 % on average, for "
    "n <= 2m/3; no constant is fitted.",
    page=_NOTES,
    prose="The lag at a stage is that of contact_lag times sqrt(h/c), because it is proportional "
    "to c^(-1/2); the first stage is c = sqrt(m), where all weights are alive, the last is c = h.",
    by=(LATE_KICK_SHARE,),
    checks=("retained_under_flow",),
)
