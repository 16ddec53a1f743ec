"""Under dropout and l1: whether lone rows keep one weight, and whether two rows end as a pair."""

from __future__ import annotations

import numpy as np

from .._types import Array, BoolArray, FloatArray
from .._validate import check_fraction, check_integer, check_positive, check_rng
from ..training.initial import initial_weights
from ..training.measure import live_weights, polysemantic_neurons
from ..training.train import train
from .model import Dropout

_TIME = 40.0  # of lambda t, by which differences of the last weights have grown


def monosemantic_rows(
    m: int, lam: float, rate: float, samples: int, rng: np.random.Generator
) -> BoolArray:
    r"""Which of sampled lone rows end with one weight under dropout and l1; the others with more.

    The flow of each Gaussian row, :math:`\dot w = (1-q)w - v w^3 - \lambda\,{\rm sign}(w)`, up to
    lambda t = 40.  For lambda -> 0 the fraction depends on v/lambda and m alone: 1 below
    :func:`theory.two_weights_noise`.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.monosemantic_rows(16, 0.1, 0.1, 20, np.random.default_rng(0)).mean()
    np.float64(1.0)

    Parameters
    ----------
    m : int
        Number of neurons.
    lam : float
        The paper's lambda, in flow units, > 0.
    rate : float
        Probability that a neuron is dropped, in [0, 1).
    samples : int
        Number of rows.
    rng : numpy.random.Generator
        Source of the initial weights.

    Returns
    -------
    ndarray of bool, shape (samples,)

    Raises
    ------
    ValueError
        For an argument out of its range.

    Source
    ------
    paper_notes/dropout.md.
    """
    m = check_integer("m", m, "the number of neurons")
    lam = check_positive("lam", lam, "an l1 weight")
    rate = check_fraction("rate", rate, "the probability that a neuron is dropped")
    samples = check_integer("samples", samples, "the number of rows")
    rows = initial_weights(1, m, check_rng(rng), instances=samples)
    run = train(rows, lam, model=Dropout(rate=rate), max_time=_TIME / lam)
    return np.asarray(live_weights(run.weights)[..., 0] == 1)


_MET = 0.3  # the share of samples that start as a pair


def pair_chances(
    m: int,
    lam: float,
    rate: float,
    samples: int,
    rng: np.random.Generator,
    *,
    time: float = _TIME,
) -> FloatArray:
    r"""Samples whose mean is the probability that two rows alone end as a pair, dropout and l1 on.

    The flow of two Gaussian rows under the averaged loss.  The weight of the second row on the
    neuron of the first row's largest weight is drawn by its rank and its sign: starts that are
    likely to end as a pair are drawn more often, and a sample is the outcome over this excess.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> chances = numerics.pair_chances(16, 0.1, 0.0, 1000, np.random.default_rng(0))
    >>> bool(0.9 < 32 * chances.mean() < 1.5)
    True

    Parameters
    ----------
    m : int
        Number of neurons.
    lam : float
        The paper's lambda, in flow units, > 0.
    rate : float
        Probability that a neuron is dropped, in [0, 1).
    samples : int
        Number of starts.
    rng : numpy.random.Generator
        Source of the initial weights.
    time : float
        lambda t at the end of the training.

    Returns
    -------
    ndarray, shape (samples,)
        0, or more than 0 for two rows with weights in [0.8, 1.2] on one neuron.

    Raises
    ------
    ValueError
        For an argument out of its range.

    Source
    ------
    paper_notes/dropout.md.
    """
    m = check_integer("m", m, "the number of neurons", minimum=2)
    lam = check_positive("lam", lam, "an l1 weight")
    model = Dropout(rate=check_fraction("rate", rate, "the probability that a neuron is dropped"))
    samples = check_integer("samples", samples, "the number of starts")
    time = check_positive("time", time, "lambda t at the end of the training")
    chance = np.tile(np.arange(1.0, m + 1) ** -0.5, 2)  # opposite signs by rank, then equal ones
    chance[0] = 0
    chance *= (1 - _MET) / chance.sum()
    chance[0] = _MET
    drawn = (np.arange(samples) + check_rng(rng).random()) / samples
    place = np.minimum(np.searchsorted(chance.cumsum(), drawn), 2 * m - 1)
    rows = initial_weights(2, m, rng, instances=samples)
    _place(rows, place % m, np.where(place < m, -1, 1))
    run = train(rows, lam, model=model if rate else None, max_time=time / lam)
    return np.asarray((polysemantic_neurons(run.weights) > 0) / (2 * m * chance[place]))


def _place(rows: Array, rank: Array, sign: Array) -> None:
    """Put the weight of a rank in the second row beside the largest of the first, with a sign."""
    network = np.arange(len(rows))
    first = np.abs(rows[:, 0]).argmax(axis=-1)
    second = (-np.abs(rows[:, 1])).argsort(axis=-1)[network, rank]
    moved = np.abs(rows[network, 1, second])
    rows[network, 1, second] = rows[network, 1, first]
    rows[network, 1, first] = sign * np.sign(rows[network, 0, first]) * moved
