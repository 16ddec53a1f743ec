"""What the closed forms expect of dropout on the hidden layer."""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from ... import numerics, theory
from ...numerics._validate import check_fraction, check_positive
from ..collisions.trained import answer
from ..prediction import Prediction, Setting, evaluate

ROWS = 400
"""Lone rows by which the fraction of monosemantic rows is estimated."""
_WIDEST, _SMALLEST = 256, 0.005  # m and lambda up to which and from which rows are sampled
_prediction = partial(Prediction, source="paper_notes/dropout.md")


def predictions(setting: Setting) -> list[Prediction]:
    """Variance of the mask, threshold, number of weights of a row, and polysemantic neurons."""
    if setting.dropout is None:
        return []
    rate = check_fraction("dropout", setting.dropout, "the probability that a neuron is dropped")
    noise, lam = theory.dropout_variance(rate), setting.lam
    found = [
        evaluate(theory.dropout_variance, dropout_rate=rate),
        evaluate(theory.even_spread_ratio, n=setting.n, m=setting.m),
    ]
    if not lam or not noise:
        return found
    if setting.unequal is not None:
        reason = "known for equal features only: train networks with both"
        return [*found, _dropout_neurons(None, reason)]
    fraction = monosemantic_fraction(setting.m, lam, rate)
    return [
        *found,
        evaluate(theory.two_weights_noise, lam=lam),
        evaluate(theory.spread_lam, equal_weights=2.0, dropout_noise=noise),
        evaluate(theory.spread_count, dropout_noise=noise, lam=lam),
        fraction,
        _neurons(setting, fraction),
    ]


def monosemantic_fraction(m: int, lam: float, rate: float) -> Prediction:
    """The fraction of lone rows that end with one weight, 1 below the threshold.

    >>> from polysem.verify.dropout.predict import monosemantic_fraction
    >>> monosemantic_fraction(64, 0.05, 0.05).value
    1.0
    """
    lam = check_positive("lam", lam, "an l1 weight")
    noise = theory.dropout_variance(rate)
    value, reason, error = 1.0, None, "exact for two weights; measured for more"
    if lam < theory.spread_lam(2.0, noise):
        value, error = 0.0, f"sampled: {ROWS} lone rows, standard error up to 0.025"
        if m > _WIDEST or lam < _SMALLEST:
            value = math.nan
            reason = (
                f"takes long for m = {m} and lambda = {lam:g}: sample the rows with "
                "numerics.monosemantic_rows"
            )
        else:
            rows = numerics.monosemantic_rows(m, lam, rate, ROWS, np.random.default_rng(0))
            value = float(rows.mean())
    return _prediction(
        name="monosemantic_fraction",
        value=None if reason else value,
        reason=reason,
        meaning="The fraction of features that end with one weight.",
        error=error,
    )


def _neurons(setting: Setting, fraction: Prediction) -> Prediction:
    """Both features of a pair must end with one weight, of at least 0.8 by the authors' rule."""
    without = answer(setting)[0]
    value, reason = None, fraction.reason or without.reason
    if fraction.value is not None and without.value is not None:
        value = without.value * fraction.value**2
    return _dropout_neurons(value, reason)


def _dropout_neurons(value: float | None, reason: str | None) -> Prediction:
    return _prediction(
        name="expected_neurons_dropout",
        value=value,
        reason=reason,
        meaning="The expected number of polysemantic neurons under dropout: without it, times the "
        "square of the fraction of rows with one weight.",
        error="heuristic: the square stands for the chance of two rows, R_2, which is 1 to 10 % "
        "larger (measured at n = 8, m = 32); numerics.pair_chances gives R_2",
    )
