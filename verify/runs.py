"""One training run and its measures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .. import numerics
from ..numerics._types import Array
from ..numerics._validate import check_fraction, check_lam, check_seed, check_sizes
from ..numerics.cooccurrence.pairs import Values
from ..numerics.training.records import zero_scale
from .cooccurrence.predict import DATA, check_cooccurrence, data_model
from .features.predict import unequal_model
from .show.rounding import shown
from .show.tables import Table, Tabular, fields_table

RULE = "authors: at least two features with |W_ik| in [0.8, 1.2]"
TRAINING_DATA = (*DATA, "blocks", "uniform-blocks")


@dataclass(frozen=True, kw_only=True)
class Run(Tabular):
    """The counts, norms and outcome of one trained network, as :func:`run` returns them.

    Parameters
    ----------
    features, neurons, seed : int
        Sizes, and the root of the initial weights.
    l1 : float
        The paper's lambda.
    optimizer : str
        How the network was trained.
    measured_rows : str
        The rows of weights that all counts and norms refer to: those of the encoder, which is
        the decoder too where the weights are tied.
    rule : str
        What `polysemantic_neurons` counts.
    polysemantic_neurons, polysemantic_neurons_authors, polysemantic_neurons_scale_free : int
        The count by `rule`, by the authors' rule and by the scale-free one.
    dead_below : float
        A row no longer than this is dead, and weights as small count as zero, see
        :func:`polysem.numerics.without_jitter`; 0 stands for exact zeros.
    features_alive : int
        Features that are not dead.
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
        Without noise: reconstruction loss plus 4 lambda times the l1 norm of all weights,
        the decoder's too.
    time : float
        Flow time (steps, for an optimizer without one) at the end.
    steps : int
    outcome, outcome_sentence : str
        How the run ended, and the remedy where it ended badly.
    device, dtype : str
        Where it was computed, and in which type.

    Source
    ------
    paper_notes/training.md
    """

    features: int
    neurons: int
    l1: float
    optimizer: str
    seed: int
    measured_rows: str
    rule: str
    dead_below: float
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
    device: str
    dtype: str

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
        """How the run ended and what it left, then one line a field."""
        fields = self.to_dict()
        width = max(map(len, fields))
        lines = [self.outcome_sentence]
        if self.polysemantic_neurons is not None:
            lines.append(
                f"{self.polysemantic_neurons} polysemantic neurons; {self.features_alive} of "
                f"{self.features} features are alive."
            )
        lines.append("")
        for name, value in fields.items():
            if name != "outcome_sentence":
                words = shown(value) if isinstance(value, float) else value
                lines.append(f"{name:<{width}}  {words}")
        return "\n".join(lines)


def run(
    n: int,
    m: int,
    lam: float,
    *,
    optimizer: str = "flow",
    seed: int,
    dead_below: float | None = None,
    partial: bool = False,
    **settings: Any,
) -> Run:
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
    dead_below : float, optional
        The largest length of a dead row; unless given 0, exact zeros, for an optimizer that sets
        weights to zero, and 0.2 for one that does not (AdamW, SGD by the subgradient).
    partial : bool
        Measure what there is of a run that did not end as asked.
    settings : dict
        Handed to :func:`polysem.numerics.train`.

    Raises
    ------
    ValueError
        For arguments that make no sense; the message shows the value and the remedy.
    TrainingError, KeyboardInterrupt
        Without ``partial``, if the run did not end as asked.

    Source
    ------
    paper_notes/training.md
    """
    n, m, _ = check_sizes(n, m)
    lam = check_lam(lam)
    seed = check_seed("seed", seed, "the root of all draws")
    if dead_below is not None:
        dead_below = check_fraction("dead_below", dead_below, "the largest length of a dead row")
    rng = np.random.default_rng(seed)
    model = settings.get("model")
    initial = _initial(model, n, m, rng)
    solution = numerics.train(
        initial, lam, optimizer=optimizer, rng=rng, throw=not partial, **settings
    )
    if dead_below is None:
        dead_below = zero_scale(solution.optimizer, lam)
    if model is None or isinstance(model, numerics.SampledNoise | numerics.AveragedNoise):
        model = numerics.OneHot()  # the loss of a noisy network is given without the noise
    return Run(
        features=n,
        neurons=m,
        l1=lam,
        optimizer=optimizer,
        seed=seed,
        measured_rows=_measured_rows(model),
        rule=RULE,
        dead_below=dead_below,
        time=float(solution.time),
        steps=int(solution.steps),
        outcome=str(solution.outcome),
        outcome_sentence=solution.outcome.value,
        device=solution.stats["device"],
        dtype=solution.stats["dtype"],
        **_measure(
            initial,
            solution.partial_weights,
            numerics.Problem(lam=lam, model=model),
            dead_below,
        ),
    )


def _initial(model: Any, n: int, m: int, rng: np.random.Generator) -> Array:
    """Independent draws for encoder and decoder, and a bias of zero, as the model needs them."""
    encoder = numerics.initial_weights(n, m, rng)
    if not isinstance(model, numerics.Autoencoder):
        return encoder
    return model.pack(
        encoder,
        None if model.tied else numerics.initial_weights(n, m, rng),
        np.zeros(n) if model.bias else None,
    )


def _measured_rows(model: Any) -> str:
    if not isinstance(model, numerics.Autoencoder):
        return "weights (encoder and decoder are tied)"
    left_out = [
        name for name, there in (("decoder", not model.tied), ("bias", model.bias)) if there
    ]
    rows = "weights (encoder and decoder are tied" if model.tied else "encoder (untied"
    return f"{rows}; not measured: {', '.join(left_out)})" if left_out else f"{rows})"


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

    Raises
    ------
    ValueError
        If one of law and sigma is missing, or one of them makes no sense.

    Source
    ------
    paper_notes/noise.md
    """
    noise = _noise(law, sigma, kurtosis)
    sampled = numerics.SampledNoise(noise=noise, draws=draws)
    return numerics.AveragedNoise(noise=noise) if averaged else sampled


def _noise(law: str | None, sigma: float | None, kurtosis: float | None) -> numerics.Noise:
    if law is None or sigma is None:
        raise ValueError(
            f"Got noise={law} and sigma={sigma}; give both for training with noise, or neither."
        )
    return numerics.Noise(sigma=sigma, law=law, excess_kurtosis=kurtosis)


def training_model(
    *,
    untied: bool = False,
    bias: bool = False,
    data: str | None = None,
    cooccurrence: float | None = None,
    law: str | None = None,
    sigma: float | None = None,
    kurtosis: float | None = None,
    draws: str = "shared",
    averaged: bool = False,
    features: int = 1,
    dropout: float | None = None,
    **unequal: ArrayLike,
) -> numerics.Model | None:
    """The model that a command line describes; None for tied weights on one-hot inputs.

    Where a faster model than the general autoencoder trains the same network, it is returned.
    ``untied`` gives the decoder weights of its own, ``data`` says how features co-occur, and the
    options of the noise are those of :func:`noise_model`. Unequal features and dropout go together
    with each other only.

    >>> from polysem.verify import runs
    >>> runs.training_model(data="pairs", cooccurrence=0.01)
    Pairs(pair_weight=0.01, values='binary', keeps_zero_neurons=True)
    >>> model = runs.training_model(untied=True, data="blocks", cooccurrence=0.1)
    >>> model.tied, model.data
    (False, BlockInputs(activation_probability=0.1, values='binary', batch=256))
    """
    others = {
        "untied weights": untied,
        "a bias": bias,
        "co-occurring data": data is not None or cooccurrence is not None,
        "noise": law is not None or sigma is not None,
    }
    if unequal or dropout is not None:
        unequal_features = unequal_model(features, **unequal) if unequal else None
        found = [name for name, there in others.items() if there]
        return _lone_model(unequal_features, dropout, averaged, found)
    noise = None if law is None and sigma is None else _noise(law, sigma, kurtosis)
    inputs = _inputs(data, cooccurrence)
    one_hot = isinstance(inputs, numerics.OneHotInputs)
    if not (untied or bias):
        if noise is None and one_hot:
            return None
        if noise is None and data in DATA:
            return data_model(data, cooccurrence)
        if noise is not None and one_hot:
            return noise_model(law, sigma, kurtosis=kurtosis, draws=draws, averaged=averaged)
    if noise is not None and averaged:
        raise ValueError(
            "Got optimizer='flow' for noise with untied weights, a bias or co-occurring features; "
            "the flow averages noise only for tied weights on one-hot inputs: use "
            "optimizer='sgd' or 'adamw'."
        )
    return numerics.Autoencoder(tied=not untied, bias=bias, data=inputs, noise=noise, draws=draws)


def _lone_model(
    unequal: numerics.UnequalFeatures | None,
    dropout: float | None,
    averaged: bool,
    others: list[str],
) -> numerics.Model | None:
    """Unequal features, dropout, or both; masks are averaged, or drawn at each step."""
    if others:
        mine = "unequal features" if dropout is None else "dropout"
        raise ValueError(
            f"Got {' and '.join([mine, *others])}; no model has both: train them one by one."
        )
    if dropout is not None:
        kind = numerics.Dropout if averaged else numerics.SampledDropout
        return kind(rate=dropout, features=unequal)
    return unequal


def _inputs(data: str | None, cooccurrence: float | None) -> numerics.Data:
    if data is None and cooccurrence is None:
        return numerics.OneHotInputs()
    data, cooccurrence = check_cooccurrence(data, cooccurrence, TRAINING_DATA)
    if data == "pairs":
        return numerics.PairInputs(pair_weight=cooccurrence)
    kind = numerics.BlockInputs if data.endswith("blocks") else numerics.BernoulliInputs
    values: Values = "uniform" if data.startswith("uniform") else "binary"
    return kind(activation_probability=cooccurrence, values=values)


def _measure(
    initial: Array, final: Array, problem: numerics.Problem, dead_below: float
) -> dict[str, Any]:
    """The measures of the encoder's rows, and the loss of the whole network."""
    names = [name for name, kind in Run.__annotations__.items() if kind.endswith("| None")]
    if not np.isfinite(final).all():
        return dict.fromkeys(names)
    values = numerics.measured(initial, final, problem, dead_below=dead_below)
    weights = numerics.without_jitter(problem.encoder(final), dead_below, length=1.0)
    values["polysemantic_neurons"] = values["polysemantic_neurons_authors"]
    values["simplex_distance"] = (
        float(numerics.simplex_distance(weights)) if len(weights) > 1 else None
    )
    values["spread_rows"] = int(numerics.spread_rows(weights))
    return {name: values[name] for name in names}
