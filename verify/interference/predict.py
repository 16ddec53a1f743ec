"""What reshuffling and collapse predict for a network: winners kept, dead features."""

from __future__ import annotations

import math
from functools import partial

from ... import numerics, theory
from ...numerics.row.collapse import WIDEST
from ..prediction import Prediction, Setting

_prediction = partial(Prediction, source="paper_notes/reshuffling.md")
_TOO_WIDE = f"computed for m <= {WIDEST:.0e}; got m={{}}"
KILLS = 1e-3
"""The fraction of dead features from which on a warning is given."""
SLOW = 1e-8
"""The least lambda for the one-curve law, whose time to the end grows without bound below."""


def predictions(setting: Setting) -> list[Prediction]:
    """The fraction of retained winners, and the dead features."""
    n, m, lam = setting.n, setting.m, setting.lam
    return [_retained(n, m), _fast(n, m), _threshold(m), _dead(n, m, lam)]


def _retained(n: int, m: int) -> Prediction:
    value, reason = None, None
    error = (
        "heuristic in a factor of order 1; measured within 9 % for n <= 2 sqrt(m), up to 13 % too "
        "large at 4 sqrt(m)"
    )
    crowding = n / math.sqrt(m)
    if m < 64:
        reason = f"the law was tested for m >= 64; got m={m}"
    elif crowding <= 4:
        value = float(numerics.retained_fraction_sparse(n, m))
    elif crowding <= 8 and 2 * n <= m:
        value = float(numerics.retained_fraction(theory.fitted_kick_size(n=n, m=m)))
        error = "one fitted constant (the law without one fails here); measured within 10 %"
    else:
        reason = f"holds for n <= 8 sqrt(m), n <= m/2; got n={n}, m={m}"
    return _prediction(
        name="retained_fraction_limit",
        value=value,
        reason=reason,
        meaning="Fraction of features whose initially largest weight wins, lambda -> 0; a larger "
        "lambda keeps more.",
        error=error,
    )


def _fast(n: int, m: int) -> Prediction:
    inside = n <= m / 4
    return _prediction(
        name="retained_fraction_fast",
        value=float(numerics.retained_fraction_fast(n, m)) if inside else None,
        reason=None if inside else f"holds for n <= m/4; got n={n}, m={m}",
        meaning="Fraction of features whose largest weight is still the initial one after the fast "
        "phase, lambda t << 1.",
        error="first order in n/m; within 3 points of the flow for n <= m/4",
    )


def _threshold(m: int) -> Prediction:
    return _prediction(
        name="half_collapse_lam",
        value=None if m > WIDEST else numerics.half_collapse_lam(m),
        reason=_TOO_WIDE.format(m) if m > WIDEST else None,
        meaning="The lambda that kills half of the features on their own; in a network with "
        "n = m it lies 9 % lower, with n = m/16 1 % (measured).",
        error="one-curve law, within 2 % of the exact row flow",
    )


def _dead(n: int, m: int, lam: float | None) -> Prediction:
    value, reason, warning = 0.0, None, None
    if lam is None:
        reason = "needs lam"
    elif m > WIDEST:
        reason = _TOO_WIDE.format(m)
    elif 0 < lam < SLOW:
        reason = f"computed for lam >= {SLOW:g}; got {lam:g}"
    elif lam > 0:
        value = numerics.dead_fraction(m, lam)
        if value > KILLS:
            warning = (
                f"lam={lam:g} kills features: about {100 * value:.3g} % of {n}; half of them die "
                f"above lam={numerics.half_collapse_lam(m):.3g}"
            )
    return _prediction(
        name="dead_fraction",
        value=None if reason else value,
        reason=reason,
        meaning="Fraction of features on their own that l1 kills; interference kills more.",
        error="one-curve law, within 3 points of the exact row flow",
        warning=warning,
    )
