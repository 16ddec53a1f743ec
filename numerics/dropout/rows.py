"""Whether lone rows keep one weight or several, under dropout and l1."""

from __future__ import annotations

import numpy as np

from .._types import BoolArray
from .._validate import check_fraction, check_integer, check_positive, check_rng
from ..training.initial import initial_weights
from ..training.measure import live_weights
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
