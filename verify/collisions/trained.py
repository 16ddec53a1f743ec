"""The answer to the first question: how many polysemantic neurons a trained network has."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from scipy import special

from ... import numerics, theory
from ..prediction import Prediction, Setting

_SURFACE = "fitted to measured networks; see omega_error"
_prediction = partial(Prediction, source="paper_notes/count_law.md", error=_SURFACE)
_PROBABILITY = 0.95
_MEANINGS = {
    "expected_neurons": "The expected number of polysemantic neurons after training.",
    "expected_neurons_low": "At least this many, with probability at least 0.975, in one network.",
    "expected_neurons_high": "At most this many, with probability at least 0.975, in one network.",
    "probability_none": "The probability that no neuron is polysemantic.",
    "omega": "The weight of an opposite pair in the tilted exclusion law; 1 is the exclusion law.",
    "omega_error": "The relative standard error of omega.",
}


def answer(
    setting: Setting, count: Callable[[], numerics.TrainedCount] | None = None
) -> list[Prediction]:
    """The count with its range, and the fraction of retained winners.

    ``count`` gives the law of the count, by default that of the trained networks.

    >>> from polysem.verify.collisions.trained import answer
    >>> from polysem.verify.prediction import Setting
    >>> found = {p.name: p.value for p in answer(Setting(n=64, m=256))}
    >>> 2.9 < found["expected_neurons"] < 3.2, found["expected_neurons_high"]
    (True, 6.0)
    """
    n, m, lam = setting.n, setting.m, setting.lam or 0.0
    try:
        law = numerics.trained_count(n, m, lam, setting.optimizer) if count is None else count()
    except ValueError as error:
        return [
            *(_absent(name, meaning, str(error)) for name, meaning in _MEANINGS.items()),
            _absent("retained_fraction", _RETAINED, str(error)),
            _time(setting),
        ]
    low, high = law.interval(_PROBABILITY)
    errors = {"expected_neurons": law.mean_error, "omega": law.omega_error * law.omega}
    values = (law.mean(), low, high, law.probability_none, law.omega, law.omega_error)
    warning = None if law.basis == "interpolated" else law.basis
    found = [
        _prediction(
            name=name,
            value=float(value),
            meaning=meaning,
            warning=warning if name == "expected_neurons" else None,
            standard_error=float(errors.get(name, 0.0)),
        )
        for (name, meaning), value in zip(_MEANINGS.items(), values, strict=True)
    ]
    return [*found, _retained(law), _time(setting)]


_RETAINED = "The fraction of features that end on the neuron of their largest initial weight."


def _absent(name: str, meaning: str, reason: str) -> Prediction:
    return _prediction(name=name, value=None, meaning=meaning, reason=reason)


def _retained(law: numerics.TrainedCount) -> Prediction:
    try:
        value, error = law.retained_fraction()
    except ValueError as problem:
        return _absent("retained_fraction", _RETAINED, str(problem))
    return _prediction(
        name="retained_fraction",
        value=value,
        meaning=_RETAINED,
        error=f"fitted to measured networks; standard error {error:.2g}",
        standard_error=error,
    )


def _time(setting: Setting) -> Prediction:
    """The time at which a lone row is expected to have one weight left."""
    reason, value = None, None
    if setting.optimizer != "flow":
        reason = "the time is known for the flow only"
    elif not setting.lam:
        reason = "needs a lambda above 0"
    elif setting.m < 2:
        reason = "a row on one neuron has one weight from the start"
    else:
        threshold = math.sqrt(2) * float(special.erfcinv(1 / setting.m))
        value = theory.half_normal_time(lam=setting.lam, m=setting.m, relative_threshold=threshold)
    return Prediction(
        name="time_to_one_weight",
        value=value,
        reason=reason,
        meaning="The flow time at which a row on its own is expected to have one weight left.",
        error=theory.half_normal_time.error,
        source=theory.half_normal_time.source,
    )
