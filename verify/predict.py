"""What the closed forms predict for a network of given size and training."""

from __future__ import annotations

from numpy.typing import ArrayLike

from ..numerics._validate import check_choice, check_lam, check_sizes
from .collisions.trained import answer
from .features.predict import unequal_model
from .optimizer.predict import adam, adam_answer
from .prediction import Predictions, Setting
from .topics import modules

LEARNING_RATE = {"flow": 0.02, "quasistatic": 0.02, "adamw": 1e-3}
"""The learning rate by which times are given in steps, by optimizer."""


def predict(
    n: int,
    m: int,
    *,
    lam: float | None = None,
    optimizer: str = "flow",
    sigma: float | None = None,
    kurtosis: float | None = None,
    learning_rate: float | None = None,
    beta2: float | None = None,
    steps: int | None = None,
    data: str | None = None,
    cooccurrence: float | None = None,
    frequencies: ArrayLike | None = None,
    importance: ArrayLike | None = None,
    pairs: ArrayLike | None = None,
    dropout: float | None = None,
) -> Predictions:
    """How many polysemantic neurons to expect in a network of n features and m neurons.

    The answer comes first: ``expected_neurons`` with its 95 % range for one network. The laws of
    the theory follow. Every value carries its meaning, its error and its source; a formula outside
    its regime gives no value but a reason.

    >>> from polysem import verify
    >>> predictions = verify.predict(256, 1024, lam=0.00025)
    >>> 11 < predictions["expected_neurons"].value < 14
    True
    >>> predictions["expected_pairs"].value
    15.9375
    >>> round(predictions["amplitude"].value, 6)
    0.999875

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons.
    lam : float, optional
        The paper's lambda, in units of the flow; without it the limit lambda -> 0.
    optimizer : {"flow", "quasistatic", "adamw"}, optional
        How the network is trained: by the flow, in the limit lambda -> 0 of the flow, or by AdamW.
    sigma, kurtosis : float, optional
        Noise on the hidden layer, see :func:`predict_noise`.
    learning_rate : float, optional
        The learning rate: of AdamW, and for times in steps under noise.
    beta2 : float, optional
        Decay of AdamW's second moment per step, by default 0.999.
    steps : int, optional
        Number of AdamW's steps, by default 7500.
    data : {"pairs", "bernoulli", "uniform"}, optional
        How features co-occur, see :func:`predict_cooccurrence`.
    cooccurrence : float, optional
        The weight of a pair, or the probability that a feature is active.
    frequencies, importance, pairs : array_like, optional
        Unequal features, see :class:`polysem.numerics.UnequalFeatures`; each feature by itself is
        in :func:`predict_features`.
    dropout : float, optional
        The rate of dropout on the hidden layer.

    Returns
    -------
    Predictions
        By name of the formula.

    Raises
    ------
    ValueError
        For sizes below 1, lam negative or not finite, sigma without kurtosis, data without
        cooccurrence, or beta2 or steps without AdamW.

    Source
    ------
    Lecomte et al. 2023, Sec. 3; the page that each prediction names.
    """
    n, m, _ = check_sizes(n, m, copies=0)
    if lam is not None:
        lam = check_lam(lam)
    check_choice("optimizer", optimizer, ("flow", "quasistatic", "adamw"))
    if optimizer == "quasistatic" and lam:
        raise ValueError(
            f"Got optimizer='quasistatic' with lam={lam:g}; it is the limit lambda -> 0: leave out "
            "lam, or use optimizer='flow'."
        )
    unequal = {
        name: values
        for name, values in (
            ("frequencies", frequencies),
            ("importance", importance),
            ("pairs", pairs),
        )
        if values is not None
    }
    given = {"beta2": beta2, "steps": steps}
    if optimizer != "adamw" and (idle := [name for name, it in given.items() if it is not None]):
        raise ValueError(
            f"Got {' and '.join(idle)} with optimizer={optimizer!r}; give optimizer='adamw', or "
            f"leave out {' and '.join(idle)}."
        )
    setting = Setting(
        n=n,
        m=m,
        lam=lam,
        optimizer="adamw" if optimizer == "adamw" else "flow",
        sigma=sigma,
        kurtosis=kurtosis,
        learning_rate=LEARNING_RATE[optimizer] if learning_rate is None else learning_rate,
        data=data,
        cooccurrence=cooccurrence,
        unequal=unequal_model(n, **unequal) if unequal else None,
        dropout=dropout,
        adam=adam(learning_rate, beta2, steps) if optimizer == "adamw" else None,
    )
    found = adam_answer(setting) if setting.adam else answer(setting)
    found += [p for module in modules("predict") for p in module.predictions(setting)]
    return Predictions({prediction.name: prediction for prediction in found})
