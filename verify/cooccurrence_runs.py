"""Experiments with features that co-occur: counts, kicks, and what a polysemantic neuron costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .. import numerics, theory
from .kept import kept

BLOCK = 10  # networks trained together, from one seed
LONGEST = 15.0  # lambda t at which a run ends at the latest
_STEP = {True: 0.2, False: 0.3}  # over the weight of a feature: crowded networks, wide ones


def train_pairs(
    initial: NDArray, lam: float, strength: float, *, step: float | None = None
) -> numerics.Solution:
    """Train with pair weight ``strength`` times lambda, to rest.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> from polysem.verify.cooccurrence_runs import train_pairs
    >>> start = numerics.initial_weights(4, 16, np.random.default_rng(0))
    >>> train_pairs(start, 0.02, 0.5).outcome.name
    'CONVERGED'

    Parameters
    ----------
    initial : ndarray, shape (n, m) or (instances, n, m)
    lam : float
        The paper's lambda.
    strength : float
        r, the weight of a pair over lambda.
    step : float, optional
        Step of the flow times the weight of a feature, 1 + p (n - 2).
    """
    n, m = initial.shape[-2:]
    pair_weight = strength * lam
    step = _STEP[n == m] if step is None else step
    flow = numerics.Flow(
        step_size=step / (1 + pair_weight * max(n - 2, 0)), tolerance=1e-4, max_time=LONGEST / lam
    )
    model = numerics.Pairs(pair_weight=pair_weight)
    return numerics.train(initial, lam, optimizer=flow, model=model)


def counts(
    n: int, m: int, lam: float, strengths: Sequence[float], networks: int, *, entropy: int
) -> NDArray[np.int_]:
    """Polysemantic neurons (the authors' rule) after training, shape (strengths, networks).

    Every strength starts from the same weights, so that ratios profit from the correlation.
    """
    found = [_block(n, m, lam, strengths, block, entropy) for block in range(-(-networks // BLOCK))]
    return np.concatenate(found, axis=-1)[:, :networks]


def _block(
    n: int, m: int, lam: float, strengths: Sequence[float], block: int, entropy: int
) -> NDArray[np.int_]:
    """One block of counts; an interrupted report finds it again."""

    def compute() -> dict[str, NDArray]:
        seed = np.random.SeedSequence(entropy, spawn_key=(8, n, m, block))
        initial = numerics.initial_weights(
            n, m, np.random.default_rng(seed), instances=BLOCK, dtype=np.float32
        )
        final = [train_pairs(initial, lam, strength).weights for strength in strengths]
        return {"neurons": np.array([numerics.polysemantic_neurons(weights) for weights in final])}

    about = {"n": n, "m": m, "lam": lam, "strengths": list(map(float, strengths))}
    return kept("pairs", about | {"block": block, "entropy": entropy}, compute)["neurons"]


def ratio_samples(with_pairs: NDArray, without: NDArray) -> NDArray:
    """Numbers whose mean is mean(with)/mean(without), and whose spread is that of the ratio."""
    ratio = with_pairs.mean() / without.mean()
    return ratio + (with_pairs - ratio * without) / without.mean()


def kicked_counts(
    final: NDArray, lam: float, strength: float, kick: float, rng: np.random.Generator
) -> NDArray[np.int_]:
    """Polysemantic neurons that outlive a normal kick of every weight, pairs now co-occurring."""
    kicked = final + rng.normal(0, kick, final.shape) if kick else final
    # a kick that is not small makes large overlaps, which need a smaller step
    run = train_pairs(kicked.astype(final.dtype), lam, strength, step=0.08)
    return numerics.polysemantic_neurons(run.weights)


def network(n: int, pairs: int, weight: float) -> NDArray:
    """n features of one weight each, ``pairs`` of the n neurons polysemantic.

    >>> from polysem.verify.cooccurrence_runs import network
    >>> network(3, 1, 1.0).tolist()
    [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    weights = np.zeros((n, n))
    for i in range(n):
        paired = i < 2 * pairs
        weights[i, i // 2 if paired else i] = -weight if paired and i % 2 else weight
    return weights


def price_samples(
    perturbation: str,
    n: int,
    weight: float,
    size: float,
    samples: int,
    rng: np.random.Generator,
    *,
    activation_probability: float = 0.0,
) -> NDArray:
    """Losses that n // 2 polysemantic neurons add, per neuron, each under one draw.

    The same draw perturbs the network with and without them. ``perturbation`` is "hidden noise",
    "weight noise", "input noise" (one-hot inputs, noise of deviation ``size``) or "bernoulli"
    (inputs with independent features, hidden noise).
    """
    pairs = n // 2
    single = network(n, 0, weight)
    # neurons are exchangeable under the noise, so both networks may share its draws
    double = network(n, pairs, weight)
    draw = rng.normal(0, size, (samples, n, n))
    target: NDArray = np.eye(n)
    if perturbation == "bernoulli":
        target = (rng.random((samples, 1, n)) < activation_probability).astype(float)
        draw = draw[:, :1]

    def loss(weights: NDArray) -> NDArray:
        if perturbation == "weight noise":
            moved = weights + draw
            output = moved @ moved.swapaxes(-1, -2)
        elif perturbation == "input noise":
            output = (target + draw) @ weights @ weights.T
        else:
            output = (target @ weights + draw) @ weights.T
        return ((np.maximum(output, 0) - target) ** 2).sum((-2, -1))

    return (loss(double) - loss(single)) / pairs


def ablation_variance(n: int, pairs: int, weight: float, probability: float) -> float:
    """Variance of the one-hot loss over all 2^n sets of silenced neurons, by enumeration."""
    weights = network(n, pairs, weight)
    silenced = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    kept = weights * (1 - silenced)[:, None, :]
    residual = np.maximum(kept @ kept.swapaxes(-1, -2), 0) - np.eye(n)
    losses = (residual**2).sum((-2, -1))
    count = silenced.sum(-1)
    chance = probability**count * (1 - probability) ** (n - count)
    return float(chance @ losses**2 - (chance @ losses) ** 2)


def pair_price(n: int, lam: float, strength: float) -> float:
    """What a relaxed polysemantic neuron costs in a network trained on all pairs.

    The antipodal pair at rest less two features alone at rest; NaN where no pair exists.
    """
    pair_weight = strength * lam
    alone = 1 + pair_weight * (n - 2)
    weight = theory.amplitude(lam=lam / (alone + pair_weight))
    lone = theory.cooccurring_loss(weight, alone, max(pair_weight, 1e-300), lam)
    a, b = numerics.pair_state(pair_weight / alone, lam / alone)
    if np.isnan(a):
        return np.nan
    return theory.pair_loss(max(a, b), b, alone, max(pair_weight, 1e-300), lam) - 2 * lone
