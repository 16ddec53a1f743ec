"""The law of the number of polysemantic neurons under AdamW: chance, and the support's term."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from functools import cache, lru_cache
from importlib.resources import files

import numpy as np

from .._validate import check_integer, check_lam
from ..collisions.laws import ExclusionLaw
from ..collisions.tilted import TiltedLaw, tilt_of_mean
from ..collisions.trained_count import Surface, TrainedCount, trained_count
from ..training.adaptive import AdamW
from .reduced import reduced_pairs

PAIRS = 1500
"""Pairs of rows that the reduced model trains where its table does not hold the settings."""
_ENTROPY = 20261127
SCREENED = (7.40, 0.371, 2.11)
"""The constants of :func:`screening`; a test fits them to the committed networks."""
FEWEST = 4
"""A setting enters the factor if its networks have so many polysemantic neurons in all."""
_COORDINATES, _ROUNDING = ("n/sqrt(m)", "m", "lambda sqrt(m)"), 1e-9
_OTHER = "networks were measured with the authors' settings of AdamW only"
_FAR = 0.7  # of the error before any data, from which on the measured networks say little
_FULL = 0.9  # of the largest possible count


def screening(n: int, m: int, lam: float) -> float:
    r"""The part of the excess of p2 that is left among n features; fitted to measured networks.

    :math:`1/(1 + (n/n_0)^b)` with :math:`n_0 = a\,(\lambda m)^p`, three fitted constants.
    Probably the other features push the same neurons at random, which undoes what the support has
    chosen; this and the form are not derived.

    >>> from polysem.numerics.optimizer.count import screening
    >>> screening(8, 1024, 0.016) > 0.5 > 0.2 > screening(64, 1024, 0.016)
    True
    """
    a, p, b = SCREENED
    return 1 / (1 + (n / (a * (lam * m) ** p)) ** b)


def count_table() -> list[dict[str, str]]:
    """The committed networks with the authors' settings: the columns of the table as text."""
    return _rows("adam_counts.csv")


def _rows(name: str) -> list[dict[str, str]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))


def _place(m: int, lam: float) -> tuple[float, float, float]:
    strength = lam * math.sqrt(m)
    return math.log(m), math.log(strength), strength**2


def pair_table() -> list[dict[str, str]]:
    """The committed pairs of rows with the authors' settings: the columns of the table as text."""
    return _rows("reduced_pairs.csv")


@cache
def pair_surface() -> Surface:
    """log of p2 over chance under AdamW with the authors' settings, from the reduced model.

    The coordinates are log m, log(lambda sqrt(m)) and lambda^2 m, because the excess falls fast
    where lambda sqrt(m) is above 1.
    """
    rows = pair_table()
    together = np.array([int(row["together"]) for row in rows])
    pairs = np.array([int(row["pairs"]) for row in rows])
    chance = np.array([ExclusionLaw(2, int(row["m"])).mean() for row in rows])
    return Surface(
        amplitude=1.9,
        lengths=(1.6, 3.2, 1.5),
        spread=0.05,
        places=np.array([_place(int(row["m"]), float(row["lam"])) for row in rows]),
        values=np.log(np.maximum(together, 0.5) / pairs / chance),
        errors=1 / np.sqrt(np.maximum(together, 0.5)),
    )


def limit_mean(n: int, m: int) -> float:
    """The first term of the mean: that of the flow in the limit lambda -> 0."""
    return float(TiltedLaw(n, m, trained_count(n, m).omega).mean())


def support_term(n: int, m: int, lam: float, p2: float) -> float:
    """The second term of the mean: what the support of pairs adds."""
    excess = max(p2 - ExclusionLaw(2, m).mean(), 0.0) * math.comb(n, 2)
    return excess * screening(n, m, lam)


@cache
def correction() -> Surface:
    """log of the mean of trained networks over the two terms, with the authors' settings.

    The coordinates are log(n/sqrt(m)) and those of :func:`pair_surface`. Settings with too few
    polysemantic neurons are left out.
    """
    places, values, errors = [], [], []
    for row in count_table():
        n, m, lam = int(row["n"]), int(row["m"]), float(row["lam"])
        mean, variance = float(row["neurons_mean"]), float(row["neurons_variance"])
        if mean * int(row["networks"]) < FEWEST:
            continue
        support = support_term(n, m, lam, pair_probability(m, lam)[0])
        places.append((math.log(n / math.sqrt(m)), *_place(m, lam)))
        values.append(math.log(mean / (float(row["limit_mean"]) + support)))
        errors.append(math.sqrt(variance / int(row["networks"])) / mean)
    return Surface(
        amplitude=0.15,
        lengths=(0.71, 0.87, 1.02, 0.35),
        spread=0.01,
        places=np.array(places),
        values=np.array(values),
        errors=np.array(errors),
    )


@lru_cache(maxsize=64)
def pair_probability(
    m: int, lam: float, optimizer: AdamW | None = None, pairs: int = PAIRS
) -> tuple[float, float]:
    """p2, the probability that two rows end on one neuron under AdamW, and its standard error.

    With the authors' settings (learning rate 1e-3, betas .9 and .999, no schedule) it is
    interpolated between runs of the reduced model. Where the learning rate times sqrt(m) is at most
    1 - beta2, it is set to chance: networks show no excess there, though two rows alone exceed
    chance by 40 % at m = 1024, lambda = 0.016, beta2 = 0.9. Otherwise the reduced model is run,
    always from the same seed.

    >>> from polysem.numerics.optimizer.count import pair_probability
    >>> 0.006 < pair_probability(1024, 0.016)[0] < 0.012
    True
    """
    chance = ExclusionLaw(2, m).mean()
    optimizer = optimizer or AdamW()
    if _is_default(optimizer):
        value, error = pair_surface().at(np.array(_place(m, lam)))
        p2 = min(chance * math.exp(value), 1.0)
        return p2, p2 * error
    if forgets(m, optimizer):
        return chance, 0.0
    rng = np.random.default_rng(_ENTROPY)
    found = reduced_pairs(m, lam, pairs, rng, optimizer=optimizer)
    value, error = found.probability
    return value, max(error, 1 / pairs)


def forgets(m: int, optimizer: AdamW) -> bool:
    """Whether a weight moves at most one initial standard deviation in Adam's memory time.

    >>> from polysem import numerics
    >>> from polysem.numerics.optimizer.count import forgets
    >>> forgets(1024, numerics.AdamW()), forgets(1024, numerics.AdamW(betas=(0.9, 0.9)))
    (False, True)
    """
    return optimizer.learning_rate * math.sqrt(m) <= 1 - optimizer.betas[1]


def _is_default(optimizer: AdamW) -> bool:
    usual = AdamW(weight_decay=optimizer.weight_decay, steps=optimizer.steps)
    return optimizer == usual and optimizer.weight_decay <= usual.weight_decay


def _corrected(n: int, m: int, lam: float, optimizer: AdamW | None) -> tuple[float, float, str]:
    """The measured factor on the two terms, its standard error, and where it comes from.

    For settings other than the authors' it is 1, with the error that it has before any data.
    """
    surface = correction()
    if optimizer is not None and not _is_default(optimizer):
        return 1.0, surface.amplitude, _OTHER
    where = np.array([math.log(n / math.sqrt(m)), *_place(m, lam)])
    low, high = surface.places.min(axis=0) - _ROUNDING, surface.places.max(axis=0) + _ROUNDING
    outside = (where < low) | (where > high)
    beyond = [name for name, out in zip(_COORDINATES, outside[:3], strict=True) if out]
    change, error = surface.at(where)
    basis = "interpolated"
    if beyond:
        basis = f"extrapolated in {', '.join(beyond)}"
    elif error > _FAR * surface.amplitude:
        basis = "extrapolated: no measured network is near"
    return math.exp(change), error, basis


def adam_count(
    n: int, m: int, lam: float, *, optimizer: AdamW | None = None, pairs: int = PAIRS
) -> TrainedCount:
    r"""The law of the number of polysemantic neurons under AdamW.

    The mean is a sum of two terms times a measured factor. The first term is the mean of the flow
    in the limit lambda -> 0 (`trained_count`), the second the support's,
    :math:`\binom n2 (p_2 - p_{chance})\,s`, with p2 of two rows from the reduced model, which has
    no fitted constant, and the screening s by the other features, which has three. The factor is
    interpolated between 240 measured settings with the authors' settings of AdamW; for others it
    is 1. The law is the tilted exclusion law with this mean. The error of the factor, and
    away from the measured settings that of p2, is in ``omega_error`` and widens it; beyond
    lambda sqrt(m) = 0.9 it was twice as large. Of 24 held-out settings with m <= 2048 and
    lambda sqrt(m) < 1, 23 agreed within 10 % or two standard errors. ``basis`` says where no
    measured network is near.

    >>> from polysem import numerics
    >>> law = numerics.adam_count(64, 4096, 0.016)
    >>> 2 < law.mean() < 8, law.mean() > 10 * numerics.ExclusionLaw(64, 4096).mean()
    (True, True)

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons; n <= 2m. For n > m it is the law of the flow.
    lam : float
        The paper's lambda, in flow units; > 0.
    optimizer : AdamW, optional
        AdamW with its settings; by default the authors'.
    pairs : int
        Pairs of rows that the reduced model trains for settings other than the authors'.

    Returns
    -------
    TrainedCount

    Raises
    ------
    ValueError
        As `trained_count`, and for lam = 0.

    Source
    ------
    paper_notes/optimizer.md
    """
    pairs = check_integer("pairs", pairs, "the number of pairs of rows")
    if not (lam := check_lam(lam)) > 0:
        raise ValueError(f"Got lam={lam:g}; under AdamW the count is predicted for lam > 0.")
    trained_count(n, m, lam)  # refuses a lam that kills features
    limit = trained_count(n, m)
    if n < 2 or n > m:
        basis = "interpolated" if n < 2 else "extrapolated in n/m: the law of the flow"
        return replace(limit, lam=lam, optimizer="adamw", basis=basis)
    p2, p2_error = pair_probability(m, lam, optimizer, pairs)
    flow, support = limit_mean(n, m), support_term(n, m, lam, p2)
    factor, error, basis = _corrected(n, m, lam, optimizer)
    mean = min((flow + support) * factor, _FULL * limit.support()[1])
    omega = tilt_of_mean(mean, n=n, m=m)
    mean_error = mean * error
    if basis != "interpolated":  # among the measured settings the factor holds the error of p2
        mean_error = math.hypot(mean_error, screening(n, m, lam) * math.comb(n, 2) * p2_error)
    return TrainedCount(
        n,
        m,
        lam=lam,
        optimizer="adamw",
        omega=omega,
        omega_error=mean_error / TiltedLaw(n, m, omega).var(),
        basis=limit.basis if basis == "interpolated" else basis,
    )
