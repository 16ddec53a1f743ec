"""What the closed forms expect when features co-occur."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ... import numerics, theory
from ...numerics._validate import check_choice, check_lam, check_nonnegative, check_sizes
from ..prediction import Prediction, Setting, evaluate

DATA = ("pairs", "bernoulli", "uniform")
DILUTE = 1 / 8  # n/m up to which training was found to follow the wide limit
_NOTES = "paper_notes/cooccurrence.md"


def data_model(data: str | None, cooccurrence: float | None) -> numerics.Model:
    """The model that trains on these data.

    >>> from polysem import verify
    >>> verify.data_model("pairs", 0.01)
    Pairs(pair_weight=0.01, values='binary', keeps_zero_neurons=True)

    Parameters
    ----------
    data : {"pairs", "bernoulli", "uniform"}
        All singles and pairs; features active independently, of value 1; the same with values
        uniform on [0, 1].
    cooccurrence : float
        The weight of a pair, or the probability that a feature is active.

    Raises
    ------
    ValueError
        For other data, or a value out of range.

    Source
    ------
    paper_notes/cooccurrence.md.
    """
    data, value = check_cooccurrence(data, cooccurrence)
    if data == "pairs":
        return numerics.Pairs(pair_weight=value)
    return numerics.Bernoulli(
        activation_probability=value, values="uniform" if data == "uniform" else "binary"
    )


def predictions(setting: Setting) -> list[Prediction]:
    """The predictions of :func:`predict_cooccurrence`, where the setting has co-occurrence."""
    if setting.data is None and setting.cooccurrence is None:
        return []
    data, cooccurrence = check_cooccurrence(setting.data, setting.cooccurrence)
    return predict_cooccurrence(
        setting.n, setting.m, lam=setting.lam, data=data, cooccurrence=cooccurrence
    )


def predict_cooccurrence(
    n: int, m: int, *, lam: float | None, data: str, cooccurrence: float
) -> list[Prediction]:
    """Weights, scaling variable, suppression, expected count, price and break-even noise.

    Of two features, c is the weight of one alone and q of both; the second moment of the values
    multiplies both in the scaling. The suppression is a fit for n <= m/8 and a guess above, see
    the error of each prediction.

    >>> from polysem import verify
    >>> found = verify.predict_cooccurrence(64, 512, lam=0.01, data="pairs", cooccurrence=0.0025)
    >>> {p.name: round(p.value, 4) for p in found if p.name in ("strength", "suppression")}
    {'strength': 0.25, 'suppression': 0.5028}

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons.
    lam : float, optional
        The paper's lambda; for bernoulli and uniform beside the mean loss.
    data : {"pairs", "bernoulli", "uniform"}
    cooccurrence : float
        The weight of a pair, or the probability that a feature is active.

    Returns
    -------
    list of Prediction

    Raises
    ------
    ValueError
        For other data, or a value out of range.

    Source
    ------
    paper_notes/cooccurrence.md.
    """
    n, m, _ = check_sizes(n, m, copies=0)
    lam = None if lam is None else check_lam(lam)
    data, p = check_cooccurrence(data, cooccurrence)
    if data == "pairs":
        c, q, whole = 1 + p * max(n - 2, 0), p, 1 + p * (n - 1)
    else:
        c, q, whole = p * (1 - p), p * p, p
    moment = 1 / 3 if data == "uniform" else 1.0
    needs = "needs lam" if lam is None else None
    strength = moment * q / lam if lam and lam > 0 else None
    over = lam / (moment * c) if lam is not None and c else None
    found = [
        _plain("single_weight", c, "the weight c of one of two features active without the other"),
        _plain("pair_weight", q, "the weight q of both"),
        _plain(
            "lam_over_single_weight",
            over,
            "lambda over c (and the second moment of the values), what a single feature feels",
            needs,
        ),
        _plain(
            "strength",
            strength,
            "r = q/lambda (times the second moment of the values), what decides collisions",
            needs or "lam = 0 has no time scale; r needs lam > 0",
        ),
    ]
    suppression = _suppression(n, m, strength, data, needs)
    exclusion = evaluate(theory.expected_neurons_exclusion, n=n, m=m)
    count = None
    if suppression.value is not None and exclusion.value is not None:
        count = suppression.value * exclusion.value
    amplitude = evaluate(theory.amplitude, lam=None if lam is None else lam / (moment * whole))
    found += [
        suppression,
        _plain(
            "expected_neurons_cooccurring",
            count,
            "the expected number of polysemantic neurons: exclusion law times suppression",
            suppression.reason or exclusion.reason,
            error=suppression.error,
        ),
        _price(data, q, amplitude),
        _break_even(data, q, c, amplitude),
    ]
    warning = None
    if over is not None and over > theory.crossing():
        warning = (
            f"lambda/c = {over:.3g} is above sqrt(6)/9 = {theory.crossing():.3g}: "
            "a dead feature costs less than a represented one"
        )
    found.append(
        _plain(
            "lam_margin",
            None if over is None else over / theory.crossing(),
            "lambda/c over sqrt(6)/9; above 1 a dead feature costs less",
            needs,
            warning=warning,
        )
    )
    return found


def warning_of(predictions: list[Prediction]) -> str | None:
    """The warning among the predictions, or None.

    >>> from polysem import verify
    >>> found = verify.predict_cooccurrence(8, 64, lam=0.3, data="pairs", cooccurrence=0.001)
    >>> verify.warning_of(found)[:16]
    'lambda/c = 0.298'

    Parameters
    ----------
    predictions : list of Prediction
        As :func:`predict_cooccurrence` gives them.

    Source
    ------
    paper_notes/cooccurrence.md
    """
    return next((p.warning for p in predictions if p.warning), None)


def check_cooccurrence(
    data: str | None, cooccurrence: float | None, choices: Sequence[str] = DATA
) -> tuple[str, float]:
    """Both options, or the reason in one line why they cannot be used."""
    if data is None or cooccurrence is None:
        raise ValueError(f"Got data={data} and cooccurrence={cooccurrence}; give both or neither.")
    check_choice("data", data, choices)
    if data == "pairs":
        return data, check_nonnegative("cooccurrence", cooccurrence, "the weight of a pair")
    meaning = "the probability that a feature is active"
    cooccurrence = check_nonnegative("cooccurrence", cooccurrence, meaning)
    if not 0 < cooccurrence < 1:
        raise ValueError(
            f"Got cooccurrence={cooccurrence}; it is the probability that a feature is active and "
            "must be > 0 and < 1."
        )
    return data, cooccurrence


def _plain(
    name: str,
    value: float | None,
    meaning: str,
    reason: str | None = None,
    *,
    error: str = "exact",
    warning: str | None = None,
) -> Prediction:
    return Prediction(
        name=name,
        value=value,
        reason=None if value is not None else reason,
        meaning=meaning,
        error=error,
        source=_NOTES,
        warning=warning,
    )


def _suppression(
    n: int, m: int, strength: float | None, data: str, needs: str | None
) -> Prediction:
    meaning = "the fraction of the polysemantic neurons that still form"
    if strength is None:
        return _plain("suppression", None, meaning, needs or "needs lam > 0")
    dilute = n <= DILUTE * m
    if data == "uniform":
        formula, given = theory.uniform_suppression_fit, {"strength": strength}
    elif dilute:
        formula, given = theory.suppression_fit, {"strength": strength}
    else:
        formula, given = theory.crowded_suppression, {"n": n, "m": m, "strength": strength}
    found = evaluate(formula, **given)
    reason, value = found.reason, found.value
    if data == "uniform" and not dilute:
        value, reason = None, f"measured for n <= m/8 only; got n/m = {n / m:.3g}"
    regime = "dilute (n <= m/8)" if dilute else "crowded (n > m/8)"
    return _plain("suppression", value, f"{meaning}; {regime}", reason, error=found.error)


def _price(data: str, q: float, amplitude: Prediction) -> Prediction:
    meaning = "what one symmetric polysemantic neuron adds to the loss by co-occurrence"
    w = amplitude.value
    if w is None:
        value = None
    elif data == "uniform":
        value = q * (theory.uniform_pair_error(w, w) - 2 * (1 - w**2) ** 2 / 3)
    else:
        value = theory.cooccurrence_price(q, w) if q > 0 else 0.0
    return _plain("price", value, meaning, amplitude.reason)


def _break_even(data: str, q: float, c: float, amplitude: Prediction) -> Prediction:
    """The noise on the neurons at which gain and price of a polysemantic neuron cancel."""
    meaning = "sigma of normal noise on the neurons above which polysemanticity pays"
    w = amplitude.value
    if data == "uniform":
        return _plain("break_even_sigma", None, meaning, "no closed form for uniform values")
    if w is None:
        return _plain("break_even_sigma", None, meaning, amplitude.reason)
    if q == 0:
        return _plain("break_even_sigma", 0.0, meaning)
    from scipy.optimize import brentq

    def balance(log_sigma: float) -> float:
        sigma = math.exp(log_sigma)
        cost = theory.both_active_error(w, sigma) - 2 * theory.active_error(w, sigma)
        return q / c * cost + theory.hidden_noise_price(w, sigma)

    low, high = math.log(1e-6), math.log(10.0)
    if balance(low) <= 0:
        return _plain("break_even_sigma", None, meaning, "below 1e-6")
    return _plain("break_even_sigma", math.exp(brentq(balance, low, high, xtol=1e-12)), meaning)
