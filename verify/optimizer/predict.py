"""What to expect under AdamW: the count, and how many times chance it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ... import numerics
from ...numerics.optimizer.count import pair_probability
from ..collisions.trained import answer
from ..prediction import Prediction, Setting

NOTES = "paper_notes/optimizer.md"
_ERROR = "two rows in the reduced model; screening and factor are fitted to trained networks"
_WARNED = 1.5  # times chance
_SURE = 2.0  # standard errors
_STEPS = 3.0  # over the learning rate: from then on rows have one weight


def adam(
    learning_rate: float | None = None, beta2: float | None = None, steps: int | None = None
) -> numerics.AdamW:
    """AdamW with the settings that are given.

    >>> from polysem.verify.optimizer.predict import adam
    >>> adam(beta2=0.9).betas
    (0.9, 0.9)
    """
    settings: dict[str, Any] = {"learning_rate": learning_rate, "steps": steps}
    if beta2 is not None:
        settings["betas"] = (numerics.AdamW().betas[0], beta2)
    given = {name: value for name, value in settings.items() if value is not None}
    return numerics.AdamW(**given)


def count_of(setting: Setting) -> numerics.TrainedCount:
    """The law of the count under AdamW: from trained networks where there are some.

    >>> from polysem import numerics
    >>> from polysem.verify.optimizer.predict import count_of
    >>> from polysem.verify.prediction import Setting
    >>> law = count_of(Setting(n=64, m=256, lam=0.00025, adam=numerics.AdamW()))
    >>> 3 < law.mean() < 3.4
    True
    """
    n, m, lam = setting.n, setting.m, setting.lam or 0.0
    if setting.adam == numerics.AdamW():
        try:
            return numerics.trained_count(n, m, lam, "adamw")
        except ValueError:  # no trained networks near
            pass
    return numerics.adam_count(n, m, lam, optimizer=setting.adam)


def adam_answer(setting: Setting) -> list[Prediction]:
    """The count with its range, with a warning where it is many times chance."""
    given = answer(setting, lambda: count_of(setting))
    count, *rest = (replace(p, error=_ERROR, source=NOTES) for p in given)
    warnings = [count.warning] if count.warning else []
    values = {p.name: p.value for p in rest}
    omega, error = values["omega"], values["omega_error"]
    times = _times_chance(setting, count.value)
    if times and omega and error and times > _WARNED and omega > 1 + _SURE * error:
        warnings.append(f"AdamW adds collisions: {times:.3g} times chance")
    if setting.adam and setting.adam.steps * setting.adam.learning_rate < _STEPS:
        warnings.append(
            f"{setting.adam.steps} steps may be too few: rows come to one weight after about "
            f"{_STEPS / setting.adam.learning_rate:.0f}"
        )
    return [replace(count, warning="; ".join(warnings) or None), *rest]


def _times_chance(setting: Setting, mean: float | None) -> float | None:
    """A mean over that of the exclusion law; None where there is none, or it is 0."""
    if mean is None or setting.n < 2:
        return None
    return mean / numerics.ExclusionLaw(setting.n, setting.m).mean()


def predictions(setting: Setting) -> list[Prediction]:
    """Under AdamW: the ratio of the expected number to chance, and p2."""
    if setting.adam is None:
        return []
    times: float | None = None
    p2: float | None = None
    reason = None
    try:
        times = _times_chance(setting, count_of(setting).mean())
        p2, _ = pair_probability(setting.m, setting.lam or 0.0, setting.adam)
    except ValueError as error:
        reason = str(error)
    if times is None and reason is None:
        reason = f"needs at least two features; got n={setting.n}"
    found = (
        ("times_chance", times, "The expected number over that of the exclusion law, chance."),
        ("pair_probability", p2, "The probability that two features alone end on one neuron."),
    )
    return [
        Prediction(
            name=name,
            value=value,
            reason=None if value is not None else reason,
            meaning=meaning,
            error=_ERROR,
            source=NOTES,
        )
        for name, value, meaning in found
    ]
