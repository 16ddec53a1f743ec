"""What the closed forms expect of features of unequal importance, frequency and co-occurrence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ... import numerics, theory
from ...numerics._types import FloatArray
from ...numerics._validate import check_integer, check_lam
from ..prediction import Prediction, Setting
from ..show.rounding import rounded
from ..show.tables import Table, Tabular, rows_table

_NOTES = "paper_notes/features.md"
_SURVIVAL = "the one-curve law of a lone row: within 3 points"
_NO_L1 = 1e-6  # of lambda over the own weight, below which no feature dies
_prediction = partial(Prediction, source=_NOTES)


@dataclass(frozen=True, kw_only=True, eq=False)
class FeaturePredictions(Tabular):
    """What to expect of each feature and each pair, as :func:`predict_features` returns it.

    Parameters
    ----------
    own_weight : numpy.ndarray, shape (n,)
        d_i, importance times the frequency with which the feature is active.
    amplitude : numpy.ndarray, shape (n,)
        The weight of a trained feature; NaN where lambda is above its fold.
    fold : numpy.ndarray, shape (n,)
        The largest lambda at which the feature can be represented.
    survival : numpy.ndarray, shape (n,)
        The probability that l1 leaves the feature alive.
    strength : numpy.ndarray, shape (n, n)
        The strength r_ij of the co-occurrence of each pair; infinite at lam = 0 for pairs that
        co-occur.
    collision : numpy.ndarray, shape (n, n)
        The probability that the two features end on one neuron.
    price : numpy.ndarray, shape (n, n)
        What such a neuron adds to the loss.

    Source
    ------
    paper_notes/features.md.
    """

    own_weight: FloatArray
    amplitude: FloatArray
    fold: FloatArray
    survival: FloatArray
    strength: FloatArray
    collision: FloatArray
    price: FloatArray

    @property
    def expected_alive(self) -> float:
        """The expected number of features that live."""
        return float(self.survival.sum())

    @property
    def expected_neurons(self) -> float:
        """The expected number of polysemantic neurons: the sum over all pairs."""
        return float(np.triu(self.collision, 1).sum())

    @property
    def expected_price(self) -> float:
        """What they are expected to add to the loss."""
        return float((np.triu(self.collision, 1) * np.nan_to_num(self.price)).sum())

    def to_dict(self) -> dict[str, Any]:
        """Lists by name; null where a value is not finite."""
        return {
            name: np.asarray(np.where(np.isfinite(values), values, None)).tolist()
            for name, values in vars(self).items()
        }

    def __repr__(self) -> str:
        return (
            f"FeaturePredictions(n={len(self.survival)}: {self.expected_alive:.3g} features alive, "
            f"{self.expected_neurons:.3g} polysemantic neurons)"
        )

    def table(self) -> Table:
        """One row a feature."""
        neurons = self.collision.sum(axis=1)
        rows = [
            {
                "feature": str(i),
                "own weight": rounded(self.own_weight[i]),
                "amplitude": rounded(self.amplitude[i]) if np.isfinite(self.amplitude[i]) else "-",
                "fold": rounded(self.fold[i]),
                "survival": rounded(self.survival[i]),
                "shares a neuron": rounded(neurons[i]),
            }
            for i in range(len(self.survival))
        ]
        return rows_table(
            "features",
            "Each feature: own weight, amplitude, the largest lambda at which it is represented, "
            "the probability that l1 leaves it alive, and that it shares a neuron.",
            rows,
        )

    def text(self) -> str:
        """One line a feature."""
        return str(self.table().frame.to_string(index=False))


def predict_features(model: numerics.UnequalFeatures, m: int, *, lam: float) -> FeaturePredictions:
    """Amplitude, fold and survival of each feature; collisions and price of each pair.

    The survival is that of a lone row at lambda/d_i.  The collision probability is
    :func:`theory.unequal_collision_probability` times the count of equal features after training
    over that of the exclusion law, where :func:`numerics.trained_count` knows it, for as many
    features as do not avoid the two: n - D_ij/2.  For n <= m/4; see the page for what was measured.

    >>> from polysem import numerics, verify
    >>> model = numerics.UnequalFeatures(frequencies=numerics.zipf(8, 1.0))
    >>> found = verify.predict_features(model, 128, lam=0.02)
    >>> found.survival.round(2).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.99, 0.84]

    Parameters
    ----------
    model : numerics.UnequalFeatures
        Importance, frequencies and pairs.
    m : int
        Number of neurons.
    lam : float
        The paper's lambda.

    Raises
    ------
    ValueError
        For m below 1, or lam negative or not finite.

    Source
    ------
    paper_notes/features.md.
    """
    frequencies, importance, pairs = map(
        np.asarray, (model.frequencies, model.importance, model.pairs)
    )
    n = len(frequencies)
    m = check_integer("m", m, "the number of neurons")
    lam = check_lam(lam)
    own = importance * (frequencies + pairs.sum(axis=1))
    with np.errstate(divide="ignore", invalid="ignore"):
        strength = pairs * (importance + importance[:, None]) / 2 / lam if lam else pairs / 0.0
    strength = np.where(pairs > 0, strength, 0.0)
    survival = np.array([_survival(m, lam, d) for d in own])
    alive = survival * survival[:, None]
    kept = np.exp(-5 / 2 * strength - strength**2)
    lost = _lost(survival, kept)
    room = np.maximum(2 * m - 2 - lost, 0) + kept
    collision = alive * kept / np.maximum(room, np.finfo(float).tiny)
    collision *= _count_ratios(np.maximum(np.rint(n - lost / 2), 2), m, lam)
    np.fill_diagonal(collision, 0.0)
    amplitude = np.array([_amplitude(lam, d) for d in own])
    shared = np.minimum(amplitude, amplitude[:, None]) ** 2
    return FeaturePredictions(
        own_weight=own,
        amplitude=amplitude,
        fold=theory.fold() * own,
        survival=survival,
        strength=strength,
        collision=collision,
        price=pairs * (importance + importance[:, None]) * shared * (2 - shared),
    )


def _lost(survival: FloatArray, kept: FloatArray) -> FloatArray:
    """D_ij, the slots beside features i and j that third features avoid."""
    avoided = survival * (1 - kept)  # by feature k beside feature i
    np.fill_diagonal(avoided, 0.0)
    beside = avoided.sum(axis=1)
    return np.asarray(beside[:, None] + beside - avoided - avoided.T)


def _count_ratios(meet: FloatArray, m: int, lam: float) -> FloatArray:
    """The count ratios where so many features can meet the two."""
    numbers, place = np.unique(meet, return_inverse=True)
    ratios = np.array([_count_ratio(int(number), m, lam) for number in numbers])
    return np.asarray(ratios[place].reshape(meet.shape))


def _count_ratio(n: int, m: int, lam: float) -> float:
    """The expected count of equal features after training, over that of the exclusion law."""
    try:
        return numerics.trained_count(n, m, lam).mean() / theory.expected_neurons_exclusion(n, m)
    except (ValueError, ZeroDivisionError):
        return 1.0


def _survival(m: int, lam: float, own: float) -> float:
    if lam <= _NO_L1 * own:
        return float(own > 0)
    return 1 - numerics.dead_fraction(m, lam / own) if own * theory.fold() > lam else 0.0


def _amplitude(lam: float, own: float) -> float:
    if own <= 0 or lam > theory.fold() * own:
        return float("nan")
    return float(theory.unequal_amplitude(lam, own))


def unequal_model(
    n: int,
    *,
    frequencies: ArrayLike | None = None,
    importance: ArrayLike | None = None,
    pairs: ArrayLike | None = None,
) -> numerics.UnequalFeatures:
    """The model of n features; what is not given is 1, and no pair co-occurs."""
    given = {"frequencies": frequencies, "importance": importance, "pairs": pairs}
    for name, values in given.items():
        shape = (n, n) if name == "pairs" else (n,)
        if values is not None and np.shape(values) != shape:
            raise ValueError(
                f"Got {name} of shape {np.shape(values)} for {n} features; give an array of shape "
                f"{shape}."
            )
    return numerics.UnequalFeatures(
        frequencies=np.ones(n) if frequencies is None else frequencies,
        importance=importance,
        pairs=pairs,
    )


def predictions(setting: Setting) -> list[Prediction]:
    """The sums over features and pairs, where the setting has unequal features."""
    if setting.unequal is None:
        return []
    meanings = {
        "expected_features_alive": "the expected number of features that l1 leaves alive",
        "expected_neurons_unequal": "the expected number of polysemantic neurons: the sum over "
        "all pairs of features",
        "expected_price": "what these neurons are expected to add to the loss",
    }
    values: list[float | None] = [None] * 3
    reason = "needs lam"
    if setting.dropout:
        reason = "known without dropout only: leave it out, or train networks with both"
    elif setting.lam is not None:
        found = predict_features(setting.unequal, setting.m, lam=setting.lam)
        values = [found.expected_alive, found.expected_neurons, found.expected_price]
    errors = (_SURVIVAL, *[theory.unequal_collision_probability.error] * 2)
    return [
        _prediction(
            name=name,
            value=value,
            reason=reason if value is None else None,
            meaning=meaning,
            error=error,
        )
        for (name, meaning), value, error in zip(meanings.items(), values, errors, strict=True)
    ]
