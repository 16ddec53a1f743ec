"""What reshuffling and collapse predict for a network: winners kept, counts, dead features."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from ... import numerics, theory
from ..prediction import Prediction, Setting
from ..published import data_rows

_prediction = partial(Prediction, source="paper_notes/reshuffling.md")
SMALLEST, LARGEST = 64, 1024  # neurons of the networks whose counts are interpolated
KILLS = 1e-3
"""The fraction of dead features from which on a warning is given."""
SLOW = 1e-8
"""The least lambda for the one-curve law, whose time to the end grows without bound below."""


def predictions(setting: Setting) -> list[Prediction]:
    """The fraction of retained winners, the measured count, and the dead features.

    >>> from polysem.verify.interference.predict import predictions
    >>> from polysem.verify.prediction import Setting
    >>> found = {p.name: p for p in predictions(Setting(n=128, m=1024, lam=0.001))}
    >>> round(found["retained_fraction_limit"].value, 3)
    0.551
    >>> found["dead_fraction"].warning is None
    True
    """
    n, m, lam = setting.n, setting.m, setting.lam
    return [_retained(n, m), _fast(n, m), _count(n, m, lam), _threshold(m), _dead(n, m, lam)]


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


def _count(n: int, m: int, lam: float | None) -> Prediction:
    ratio, reason = measured_count_ratio(n, m, lam or 0.0)
    return _prediction(
        name="expected_neurons_measured",
        value=None if ratio is None else ratio * theory.expected_neurons_exclusion(n=n, m=m),
        reason=reason,
        meaning="Polysemantic neurons of the flow: the exclusion law's mean times a factor "
        "interpolated in measured counts (empirical, not a law).",
        error=f"5 to 10 %, measured for m = {SMALLEST}..{LARGEST}, .5 <= n/sqrt(m) <= 8, n <= m/2",
    )


def measured_count_ratio(n: int, m: int, lam: float) -> tuple[float | None, str | None]:
    """K over the exclusion mean, interpolated in the committed runs; or why there is none.

    Linear in log(n/sqrt(m)) within a value of lambda sqrt(m), averaged over the measured sizes,
    and then linear in lambda sqrt(m); 1 beyond the largest measured strength is not assumed.

    >>> from polysem.verify.interference.predict import measured_count_ratio
    >>> measured_count_ratio(64, 64, 0.0)
    (None, 'measured for n <= m/2; got n=64, m=64')
    """
    crowding, strength = n / math.sqrt(m), lam * math.sqrt(m)
    if not SMALLEST <= m <= LARGEST:
        return None, f"measured for m = {SMALLEST}..{LARGEST}; got m={m}"
    if 2 * n > m:
        return None, f"measured for n <= m/2; got n={n}, m={m}"
    curves = _curves()
    if strength > max(curves):
        return None, f"measured for lambda sqrt(m) <= {max(curves):g}; got {strength:.3g}"
    values = {}
    for key, (log_crowding, ratios) in curves.items():
        if log_crowding[0] <= math.log(crowding) <= log_crowding[-1]:
            values[key] = float(np.interp(math.log(crowding), log_crowding, ratios))
    below = [key for key in values if key <= strength]
    above = [key for key in values if key >= strength]
    if not below or not above:
        return None, f"no counts were measured near n/sqrt(m)={crowding:.3g} at this lambda"
    low, high = max(below), min(above)
    share = (strength - low) / (high - low) if high > low else 0.0
    return (1 - share) * values[low] + share * values[high], None


def _curves() -> dict[float, tuple[list[float], list[float]]]:
    """Measured ratios by lambda sqrt(m): log crowding and the mean over sizes, by weight."""
    points: dict[tuple[float, float], list[tuple[float, float]]] = {}
    for row in data_rows("reshuffling_runs.csv"):
        n, m = int(row["n"]), int(row["m"])
        if row["purpose"] not in ("limit", "flow") or not SMALLEST <= m <= LARGEST or 2 * n > m:
            continue
        key = (round(float(row["lam"]) * math.sqrt(m), 6), n / math.sqrt(m))
        error = float(row["count_ratio_error"])
        points.setdefault(key, []).append((float(row["count_ratio"]), error**-2))
    curves: dict[float, tuple[list[float], list[float]]] = {}
    for (strength, crowding), found in sorted(points.items()):
        values, weights = zip(*found, strict=True)
        curve = curves.setdefault(strength, ([], []))
        curve[0].append(math.log(crowding))
        curve[1].append(float(np.average(values, weights=weights)))
    return curves


def _threshold(m: int) -> Prediction:
    return _prediction(
        name="half_collapse_lam",
        value=numerics.half_collapse_lam(m),
        meaning="The lambda that kills half of the features on their own; in a network with "
        "n = m it lies 9 % lower, with n = m/16 1 % (measured).",
        error="one-curve law, within 2 % of the exact row flow",
    )


def _dead(n: int, m: int, lam: float | None) -> Prediction:
    value, reason, warning = 0.0, None, None
    if lam is None:
        reason = "needs lam"
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
