"""Rows of a variant at rest: equal weights, their stability, amplitude and fold."""

from __future__ import annotations

import sympy as sp

from ..proof import Root, Step, of, stated
from ..proof import symbols as s
from ..row.stationary import AMPLITUDE
from .draft import Draft
from .row import at_size


def _norm2() -> sp.Expr:
    """The squared norm of M_0 equal weights."""
    return s.live * s.w**2


def add_rest(draft: Draft) -> None:
    """Rows of equal weights at rest, which of them are stable, and the fold."""
    penalty = draft.penalty
    if penalty.power is None:
        _add_norm(draft)
        return
    flow = draft.claims["row_flow"]
    power, free = penalty.power, 1 - penalty.l2
    REST = draft.claim(
        draft.formula(
            "lam_of_amplitude",
            (free - _norm2()) * s.w ** (2 - power),
            "The lambda at which M_0 weights of size w and else zeros are at rest.",
            regime=(_norm2() + penalty.l2 <= 1,),
            letter=s.lam,
            unit="flow",
        ),
        "A row of M_0 equal weights w is at rest where {formula} = lambda.",
        Step(
            name="balance",
            left=of(
                flow,
                build=lambda f: sp.Subs(at_size(f, _norm2(), s.w), s.lam, 0) / s.w ** (power - 1),
            ),
            reason="lambda that balances the other forces",
        ),
    )
    draft.claim(
        draft.formula(
            "transverse_rate",
            (2 - power) * (free - _norm2()),
            "The growth rate of a difference among M_0 equal weights at rest.",
            regime=(_norm2() + penalty.l2 <= 1,),
            unit="per flow time",
        ),
        f"A difference among two or more equal weights at rest grows at the rate {{formula}}, so "
        f"{_stable(draft)}.",
        Step(
            name="linearise at a fixed norm",
            left=of(
                flow,
                build=lambda f: sp.Subs(
                    sp.Derivative(at_size(f, _norm2(), s.larger), s.larger), s.larger, s.w
                ),
            ),
            reason="a difference of two weights leaves the norm as it is; lambda as at rest",
            given={s.lam: of(REST)},
        ),
    )
    draft.claim(
        draft.formula(
            "radial_rate",
            (2 - power) * free - (4 - power) * _norm2(),
            "The growth rate of a common deviation of M_0 equal weights at rest.",
            regime=(_norm2() + penalty.l2 <= 1,),
            unit="per flow time",
        ),
        "A common deviation of M_0 equal weights at rest grows at the rate {formula}, negative "
        "where lambda falls with w.",
        Step(
            name="linearise along the row",
            left=of(flow, build=lambda f: sp.Derivative(at_size(f, _norm2(), s.w), s.w)),
            reason="the derivative of the force on M_0 equal weights; lambda as at rest",
            given={s.lam: of(REST)},
        ),
    )
    if penalty.sparsifies:
        _add_fold(draft)


def _stable(draft: Draft) -> str:
    if draft.penalty.sparsifies:
        return "at most one weight is stable"
    return "equal weights attract each other"


def _slope(balance: sp.Expr, power: sp.Rational) -> sp.Expr:
    """The derivative of lambda(w) times w^(p-1), by the squared norm q of the row."""
    slope = sp.powsimp(sp.expand(s.w ** (power - 1) * sp.diff(balance, s.w)))
    return sp.expand(slope).subs(s.w, sp.sqrt(s.row_norm2 / s.live))


def _add_fold(draft: Draft) -> None:
    """The largest lambda at which equal weights rest, and the stable weight below it."""
    penalty, REST = draft.penalty, draft.claims["lam_of_amplitude"]
    power, root, free = penalty.power, penalty.root, 1 - penalty.l2
    weak = (penalty.l2 < 1,) if penalty.squared else ()
    NORM = draft.claim(
        draft.formula(
            "fold_norm2",
            free * root / (root + 2),
            "The squared norm of a row of equal weights at the fold.",
            regime=weak,
            unit="weight squared",
        ),
        "At the fold, where lambda(w) is largest, a row of equal weights has the squared norm "
        "{formula}.",
        Step(
            name="turning point",
            left=of(
                REST,
                build=lambda f: Root(_slope(f, power), s.row_norm2, 0, 1),
            ),
            reason="lambda'(w) w^(p-1) is linear in the squared norm",
        ),
    )
    TOP = draft.claim(
        draft.formula(
            "fold_amplitude",
            sp.sqrt(free * root / ((root + 2) * s.live)),
            "The size of M_0 equal weights at the fold.",
            regime=(s.live > 0, *weak),
            letter=s.w,
            unit="weight",
        ),
        "The stable and the unstable row of M_0 equal weights meet at w = {formula}.",
        Step(
            name="share of a weight",
            left=of(
                NORM, build=lambda norm2: sp.Subs(sp.sqrt(s.row_norm2 / s.live), s.row_norm2, norm2)
            ),
            reason="the squared norm is M_0 w^2",
        ),
    )
    draft.claim(
        draft.formula(
            "fold",
            2 * free / (root + 2) * (free * root / ((root + 2) * s.live)) ** (root / 2),
            "The largest lambda at which M_0 equal weights can be at rest.",
            regime=(s.live > 0, *weak),
            unit="flow",
        ),
        "A row of M_0 equal weights can be at rest only for lambda <= {formula}.",
        Step(
            name="insert the top",
            left=of(REST, TOP, build=lambda f, top: sp.Subs(f, s.w, top)),
            reason="lambda at the turning point",
        ),
    )
    _add_amplitude(draft, weak)


def _add_amplitude(draft: Draft, weak: tuple[sp.Basic, ...]) -> None:
    """The stable weight of a row with one weight."""
    penalty, REST = draft.penalty, draft.claims["lam_of_amplitude"]
    free = 1 - penalty.l2
    top, fold = (stated(draft.claims[name]).subs(s.live, 1) for name in ("fold_amplitude", "fold"))
    words = "The non-zero weight of a trained row, the stable root of the balance of forces."
    regime = (s.lam <= fold, *weak)
    if penalty.power != 1:
        balance = stated(REST).subs(s.live, 1) - s.lam
        draft.claim(
            draft.numerical(
                "amplitude",
                Root(balance, s.w, top, sp.sqrt(free)),
                words,
                regime=regime,
                unit="weight",
            ),
            "The stable weight of a row with one weight is {formula}, found numerically.",
            prose="Between the fold and the weight at lambda = 0 the balance falls with w.",
            by=(REST,),
        )
        return
    if penalty.squared:
        _add_scaled_amplitude(draft, words, regime)
        return
    draft.claim(
        draft.formula(
            "amplitude",
            2 / sp.sqrt(3) * sp.cos(sp.acos(-3 * sp.sqrt(3) / 2 * s.lam) / 3),
            words,
            regime=regime,
            unit="weight",
        ),
        "The stable weight of a row with one weight is {formula}.",
        Step(
            name="largest root",
            left=of(
                REST,
                build=lambda f: Root(f.subs(s.live, 1) - s.lam, s.w, 1 / sp.sqrt(3), 1),
            ),
            reason="triple angle: (1 - w^2) w = -2 cos(3 x)/(3 sqrt 3) for w = 2 cos(x)/sqrt 3",
        ),
    )


def _add_scaled_amplitude(draft: Draft, words: str, regime: tuple[sp.Basic, ...]) -> None:
    """The stable weight with l1 and l2, from that with l1 alone."""
    SCALED = draft.claim(
        draft.formula(
            "scaled_lam",
            (1 - s.larger**2) * s.larger,
            "lambda/(1 - lambda_2)^(3/2) of a row at rest, by its weight over sqrt(1 - lambda_2).",
            regime=(s.l2 < 1,),
        ),
        "A row with the weight w_a sqrt(1 - lambda_2) rests where lambda/(1 - lambda_2)^(3/2) is "
        "{formula}, as with l1 alone.",
        Step(
            name="scale",
            left=of(
                draft.claims["lam_of_amplitude"],
                build=lambda f: (
                    f.subs({s.live: 1, s.w: s.larger * sp.sqrt(1 - s.l2)}, simultaneous=True)
                    / (1 - s.l2) ** sp.Rational(3, 2)
                ),
            ),
            reason="w = w_a sqrt(1 - lambda_2)",
        ),
    )
    angle = sp.acos(-s.lam / 2 * sp.sqrt(27 / (1 - s.l2) ** 3)) / 3
    draft.claim(
        draft.formula(
            "amplitude",
            2 * sp.sqrt((1 - s.l2) / 3) * sp.cos(angle),
            words,
            regime=regime,
            unit="weight",
        ),
        "The stable weight of a row with one weight is {formula}.",
        Step(
            name="scale back",
            left=of(
                AMPLITUDE,
                build=lambda w: (
                    sp.sqrt(1 - s.l2) * sp.Subs(w, s.lam, s.lam / (1 - s.l2) ** sp.Rational(3, 2))
                ),
            ),
            reason="the stable root with l1 alone, at the scaled lambda",
        ),
        prose="The scaled balance is that of l1 alone, so its stable root is too.",
        by=(SCALED,),
    )


def _add_norm(draft: Draft) -> None:
    """The norm of a row under l2 alone, which keeps its direction."""
    flow = draft.claims["row_flow"]
    free = 1 - s.l2
    RATE = draft.claim(
        draft.formula(
            "norm2_rate",
            2 * (free - s.row_norm2) * s.row_norm2,
            "The time derivative of the squared norm of a row.",
            unit="weight squared per flow time",
        ),
        "The squared norm q of a row changes at the rate {formula}, whatever its direction.",
        Step(
            name="twice the inner product",
            left=of(
                flow,
                build=lambda f: 2 * s.row_norm2 * at_size(f, s.row_norm2, s.larger) / s.larger,
            ),
            reason="every weight has the same relative velocity, so q changes by twice that",
        ),
    )
    draft.claim(
        draft.formula(
            "rest_norm2",
            free,
            "The squared norm of a row at rest.",
            regime=(s.l2 <= 1,),
            unit="weight squared",
        ),
        "A row at rest has the squared norm {formula}, in any direction; all rows die if "
        "lambda_2 >= 1.",
        Step(
            name="no velocity",
            left=of(
                RATE, build=lambda rate: Root(sp.expand(rate / s.row_norm2), s.row_norm2, 0, 1)
            ),
            reason="the only zero of the rate other than 0",
        ),
    )
    start = s.initial_norm**2
    growth = sp.exp(2 * free * s.t)
    norm2 = draft.formula(
        "norm2",
        free * start * growth / (free + start * (growth - 1)),
        "The squared norm of a row at time t, from the initial norm rho.",
        regime=(s.l2 < 1,),
        letter=s.row_norm2,
        unit="weight squared",
    )
    NORM = draft.defining(norm2, "The claimed squared norm q of a row at time t, rho^2 at t = 0.")
    draft.claim(
        draft.formula(
            "norm2_slope",
            sp.diff(norm2.expression, s.t),
            "The time derivative of norm2.",
            regime=(s.l2 < 1,),
            unit="weight squared per flow time",
        ),
        "norm2 is the squared norm of a row at time t: its derivative {formula} is the rate at "
        "this norm, and it starts at rho^2.",
        Step(
            name="insert",
            left=of(RATE),
            reason="the rate of q at q(t)",
            given={s.row_norm2: of(NORM)},
        ),
    )
