"""What the closed forms expect of noise on the hidden layer."""

from __future__ import annotations

import math
from dataclasses import replace

from ... import numerics, theory
from ...numerics._validate import check_positive, check_sizes
from ...numerics.noise.growth import WIDEST
from ..prediction import Prediction, Predictions, Setting, evaluate

_NOTES = "paper_notes/noise.md"


def predictions(setting: Setting) -> list[Prediction]:
    """The predictions of :func:`predict_noise`, where the setting has noise."""
    if setting.sigma is None and setting.kurtosis is None:
        return []
    if setting.sigma is None or setting.kurtosis is None:
        raise ValueError(
            f"Got sigma={setting.sigma} and kurtosis={setting.kurtosis}; give both (excess "
            "kurtosis: bipolar -2, uniform -1.2, Gaussian 0) or neither."
        )
    found = predict_noise(
        setting.n,
        setting.m,
        sigma=setting.sigma,
        kurtosis=setting.kurtosis,
        learning_rate=setting.learning_rate,
    )
    return list(found.values())


def predict_noise(
    n: int, m: int, *, sigma: float, kurtosis: float, learning_rate: float = 0.02
) -> Predictions:
    """All closed forms of the noise theory for n features and m neurons, without l1.

    A formula outside its regime gives no value but a reason.

    >>> from polysem import verify
    >>> predictions = verify.predict_noise(8, 16, sigma=0.1, kurtosis=-2)
    >>> round(predictions["growth_rate"].value, 6)
    0.002397

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons.
    sigma : float
        Standard deviation of the noise on a neuron, > 0.
    kurtosis : float
        Excess kurtosis of the noise, >= -2 (bipolar -2, uniform -1.2, Gaussian 0).
    learning_rate : float
        For times in steps of SGD on the summed loss.

    Returns
    -------
    Predictions
        By name of the formula; ``half_steps`` beside them. Norms are set to 1 where a formula takes
        them, and the turning time to one over the mean largest share of a random row.

    Raises
    ------
    ValueError
        For sizes below 1, sigma not above 0, a kurtosis below -2, or a learning rate not above 0.

    Source
    ------
    paper_notes/noise.md.
    """
    n, m, _ = check_sizes(n, m, copies=0)
    sigma = check_positive("sigma", sigma, "the standard deviation of the noise")
    learning_rate = check_positive("learning_rate", learning_rate, "the learning rate")
    numerics.Noise(sigma=sigma, law="three-point", excess_kurtosis=kurtosis)
    turning = numerics.mean_inverse_winner(m) if m <= WIDEST else None
    simplex = None if m >= n - 1 else f"needs m >= n - 1 = {n - 1} for a simplex, got m={m}"
    simplex = "needs n >= 2 for a simplex, got n=1" if n == 1 else simplex
    noise = {"n": n, "sigma": sigma}
    bipolar = None if kurtosis == -2 else f"stated for bipolar noise, got kurtosis={kurtosis:g}"
    found = [
        evaluate(theory.simplex_relative_overlap, **noise, row_norm2=1.0),
        evaluate(theory.growth_rate, **noise, kurtosis=kurtosis, row_norm2=1.0),
        evaluate(
            theory.half_time, **noise, kurtosis=kurtosis, row_norm2=1.0, half_rotation=turning
        ),
        _clipping(evaluate(theory.silent_loss, **noise), n, m, sigma),
        evaluate(theory.simplex_norm2, **noise),
        _gaussian_loss(n, sigma),
        evaluate(theory.dead_zone, n=n, m=m, row_norm2=1.0),
        evaluate(theory.isotropic_fourth_norm, m=m, row_norm2=1.0),
        evaluate(theory.corner_fourth_norm, n=n),
        evaluate(theory.shared_weight_limit, n=n, row_norm2=1.0),
        evaluate(theory.capacity_pairs, n=n, m=m, spread_rows=0),
    ]
    predictions = Predictions({prediction.name: prediction for prediction in found})
    if bipolar is not None:
        for name in ("silent_loss", "dead_zone"):
            predictions[name] = _without_value(predictions[name], bipolar)
    if simplex:
        for name in predictions.keys() - {"isotropic_fourth_norm", "capacity_pairs"}:
            predictions[name] = _without_value(predictions[name], simplex)
    elif kurtosis == -2 and sigma <= theory.dead_zone(n, m, 1.0):
        still = f"sigma={sigma:g} lies in the dead zone: no rotation of the simplex feels a force"
        for name in ("growth_rate", "half_time"):
            predictions[name] = _without_value(predictions[name], still)
    half = predictions["half_time"]
    steps = None if half.value is None else half.value / (4 * learning_rate)
    predictions["half_steps"] = Prediction(
        name="half_steps",
        value=steps,
        reason=half.reason,
        meaning=f"The half time in steps of SGD at learning rate {learning_rate:g}.",
        error=half.error,
        source=_NOTES,
    )
    return predictions


def _without_value(prediction: Prediction, reason: str) -> Prediction:
    return replace(prediction, value=None, reason=reason)


def _clipping(prediction: Prediction, n: int, m: int, sigma: float) -> Prediction:
    """The loss without clipping, where even the longest row is safe from it."""
    limit = 1 / math.sqrt(m)
    if sigma <= limit:
        return prediction
    return _without_value(
        prediction,
        f"Got sigma={sigma:g}; noise may clip a feature's own output from sigma = 1/sqrt(m) = "
        f"{limit:.4g} on, where this loss is only close",
    )


def _gaussian_loss(n: int, sigma: float) -> Prediction:
    norm2 = evaluate(theory.simplex_norm2, n=n, sigma=sigma)
    found = evaluate(theory.simplex_loss_gaussian, n=n, sigma=sigma, row_norm2=norm2.value)
    return found if norm2.value is not None else _without_value(found, norm2.reason or "")


def noise_final_state(n: int, m: int, *, sigma: float, kurtosis: float) -> str:
    """The state to which noise alone leads, in words; the basin is measured, not proved.

    >>> from polysem import verify
    >>> verify.noise_final_state(8, 16, sigma=0.1, kurtosis=0)
    'regular simplex in any rotation: Gaussian noise makes no row sparse'

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons.
    sigma, kurtosis : float
        Standard deviation and excess kurtosis of the noise on a neuron.

    Source
    ------
    paper_notes/noise.md, "Final states".
    """
    n, m, _ = check_sizes(n, m, copies=0)
    sigma = check_positive("sigma", sigma, "the standard deviation of the noise")
    numerics.Noise(sigma=sigma, law="three-point", excess_kurtosis=kurtosis)
    if n == 1:
        return "one feature: no simplex"
    if m < n - 1:
        if 2 * m < n:
            return "more features than slots: not covered by the theory"
        return (
            f"antipodal pairs forced by capacity: n - m = {n - m}, one less for each spread row "
            "(measured)"
        )
    if kurtosis == 0:
        return "regular simplex in any rotation: Gaussian noise makes no row sparse"
    if kurtosis > 0:
        return "regular simplex with rows spread evenly: positive kurtosis works against sparsity"
    if kurtosis == -2 and sigma <= theory.dead_zone(n, m, 1.0):
        return "regular simplex in the rotation it starts with: the noise is in its dead zone"
    monosemantic = (
        "no neuron is polysemantic (theta = 0.8)"
        if n >= 5
        else "two weights of 0.8 on a neuron are not excluded for n < 5"
    )
    return (
        "regular simplex on n - 1 neurons, one row spread over them, or centred on n: sparse, and "
        f"{monosemantic}"
    )
