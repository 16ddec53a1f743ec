"""What the closed forms predict for a network of given size and training."""

from __future__ import annotations

from ..numerics._validate import check_lam, check_sizes
from .prediction import Predictions, Setting
from .topics import modules


def predict(
    n: int,
    m: int,
    *,
    lam: float | None = None,
    sigma: float | None = None,
    kurtosis: float | None = None,
    learning_rate: float = 0.02,
    data: str | None = None,
    cooccurrence: float | None = None,
) -> Predictions:
    """What the theory says of a network of n features and m neurons, and what was measured.

    Every value carries its meaning, its error and its source; a formula outside its regime
    gives no value but a reason.

    >>> from polysem import verify
    >>> predictions = verify.predict(256, 1024, lam=0.00025)
    >>> predictions["expected_pairs"].value
    15.9375
    >>> round(predictions["amplitude"].value, 6)
    0.999875

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons.
    lam : float, optional
        The paper's lambda, in units of the flow.
    sigma, kurtosis, learning_rate : float, optional
        Noise on the hidden layer, see :func:`predict_noise`.
    data : {"pairs", "bernoulli", "uniform"}, optional
        How features co-occur, see :func:`predict_cooccurrence`.
    cooccurrence : float, optional
        The weight of a pair, or the probability that a feature is active.

    Returns
    -------
    Predictions
        By name of the formula.

    Raises
    ------
    ValueError
        For sizes below 1, lam negative or not finite, sigma without kurtosis, or data without
        cooccurrence.

    Source
    ------
    Lecomte et al. 2023, Sec. 3; the page that each prediction names.
    """
    check_sizes(n, m, copies=0)
    if lam is not None:
        check_lam(lam)
    setting = Setting(
        n=n,
        m=m,
        lam=lam,
        sigma=sigma,
        kurtosis=kurtosis,
        learning_rate=learning_rate,
        data=data,
        cooccurrence=cooccurrence,
    )
    found = [p for module in modules("predict") for p in module.predictions(setting)]
    return Predictions({prediction.name: prediction for prediction in found})
