"""One training run and what is to be said of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .. import numerics
from .show.tables import Table, Tabular, fields_table

RULE = "authors: at least two features with |W_ik| in [0.8, 1.2]"


@dataclass(frozen=True, kw_only=True)
class Run(Tabular):
    """The counts, norms and outcome of one trained network.

    >>> from polysem import verify
    >>> verify.run(4, 16, 0.01, seed=0).outcome
    'converged'

    Parameters
    ----------
    features, neurons, seed : int
        Sizes, and the root of the initial weights.
    l1 : float
        The paper's lambda.
    optimizer : str
        How the network was trained.
    rule : str
        What `polysemantic_neurons` counts.
    polysemantic_neurons, polysemantic_neurons_authors, polysemantic_neurons_scale_free : int
        The count by `rule`, by the authors' rule and by the scale-free one.
    features_alive : int
        Features with a weight that is not zero.
    mean_nonzero_per_feature : float
        Non-zero weights per feature, the paper's m'.
    winner_is_initial_argmax : float
        Fraction of features whose largest weight is where it was at the start.
    l1_norm, norm2, fourth_norm : float
        Means over the features of the sums of |W|, W^2 and W^4.
    simplex_distance : float
        Relative distance of the overlaps from those of a regular simplex.
    antipodal_pairs, spread_rows : int
        Pairs of opposite rows; features no weight of which holds a quarter of the row.
    loss : float
        Without noise: summed reconstruction loss plus 4 lambda |W|_1.
    time : float
        Flow time (steps, for an optimizer without one) at the end.
    steps : int
    outcome, outcome_sentence : str
        How the run ended, and the remedy where it ended badly.

    Source
    ------
    paper_notes/training.md
    """

    features: int
    neurons: int
    l1: float
    optimizer: str
    seed: int
    rule: str
    polysemantic_neurons: int | None
    polysemantic_neurons_authors: int | None
    polysemantic_neurons_scale_free: int | None
    features_alive: int | None
    mean_nonzero_per_feature: float | None
    winner_is_initial_argmax: float | None
    l1_norm: float | None
    norm2: float | None
    fourth_norm: float | None
    simplex_distance: float | None
    antipodal_pairs: int | None
    spread_rows: int | None
    loss: float | None
    time: float
    steps: int
    outcome: str
    outcome_sentence: str

    @property
    def failed(self) -> bool:
        """Whether the weights grew without bound."""
        return self.outcome == "diverged"

    def to_dict(self) -> dict[str, Any]:
        """The fields, ready for JSON; null where a diverged run left nothing to measure."""
        return asdict(self)

    def __repr__(self) -> str:
        return (
            f"Run(n={self.features}, m={self.neurons}, l1={self.l1:g}, seed={self.seed}: "
            f"{self.outcome}, {self.polysemantic_neurons} polysemantic neurons)"
        )

    def table(self) -> Table:
        """The fields, one a row."""
        return fields_table("run", "One training run.", self.to_dict())

    def text(self) -> str:
        """One line a field."""
        fields = self.to_dict()
        width = max(map(len, fields))
        return "\n".join(f"{name:<{width}}  {value}" for name, value in fields.items())


def run(n: int, m: int, lam: float, *, optimizer: str = "flow", seed: int, **settings: Any) -> Run:
    """Train one network from a seed and measure it.

    >>> from polysem import verify
    >>> result = verify.run(8, 64, 0.02, seed=0)
    >>> result.features_alive, result.mean_nonzero_per_feature
    (8, 1.0)

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons.
    lam : float
        The paper's lambda, in units of the flow.
    optimizer : str
        As in :func:`polysem.numerics.train`.
    seed : int
        The root of the initial weights and of the noise; >= 0.
    settings : dict
        Handed to :func:`polysem.numerics.train`.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        For arguments that make no sense; the message shows the value and the remedy.

    Source
    ------
    paper_notes/training.md
    """
    if seed < 0:
        raise ValueError(f"Got seed={seed}; a seed must be >= 0.")
    rng = np.random.default_rng(seed)
    initial = numerics.initial_weights(n, m, rng)
    solution = numerics.train(initial, lam, optimizer=optimizer, rng=rng, **settings)
    model = settings.get("model")
    if not isinstance(model, numerics.Pairs | numerics.Bernoulli):
        model = numerics.OneHot()  # the loss of a noisy network is told without the noise
    problem = numerics.Problem(lam=lam, model=model)
    measured = _measure(initial, solution.weights, problem)
    return Run(
        features=n,
        neurons=m,
        l1=lam,
        optimizer=optimizer,
        seed=seed,
        rule=RULE,
        time=float(solution.time),
        steps=int(solution.steps),
        outcome=str(solution.outcome),
        outcome_sentence=solution.outcome.value,
        **measured,
    )


def noise_model(
    law: str | None,
    sigma: float | None,
    *,
    kurtosis: float | None = None,
    draws: str = "shared",
    averaged: bool = False,
) -> numerics.Model:
    """The model with noise on its hidden layer, from the words of a command line.

    >>> from polysem import verify
    >>> model = verify.noise_model("bipolar", 0.1)
    >>> verify.run(4, 8, 0.0, optimizer="sgd", seed=0, model=model, steps=10).outcome
    'completed'

    Parameters
    ----------
    law : str
        The law of the noise, see :class:`polysem.numerics.Noise`.
    sigma : float
        Its standard deviation.
    kurtosis : float, optional
        The excess kurtosis of the three-point law.
    draws : {"shared", "independent"}
        One draw for all inputs of a step, or one each; for sampled noise.
    averaged : bool
        Average the loss exactly in place of drawing.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If one of law and sigma is missing, or one of them makes no sense.

    Source
    ------
    paper_notes/noise.md
    """
    if law is None or sigma is None:
        raise ValueError(f"Got noise={law} and sigma={sigma}; give both, or neither.")
    noise = numerics.Noise(sigma=sigma, law=law, excess_kurtosis=kurtosis)
    sampled = numerics.SampledNoise(noise=noise, draws=draws)
    return numerics.AveragedNoise(noise=noise) if averaged else sampled


def _measure(initial: np.ndarray, weights: np.ndarray, problem: numerics.Problem) -> dict[str, Any]:
    names = [name for name, kind in Run.__annotations__.items() if kind.endswith("| None")]
    if not np.isfinite(weights).all():
        return dict.fromkeys(names)
    values = numerics.measured(initial, weights, problem)
    values["polysemantic_neurons"] = values["polysemantic_neurons_authors"]
    values["simplex_distance"] = (
        float(numerics.simplex_distance(weights)) if len(weights) > 1 else None
    )
    values["spread_rows"] = int(numerics.spread_rows(weights))
    return {name: values[name] for name in names}
