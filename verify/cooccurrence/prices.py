"""What a polysemantic neuron costs under a perturbation: the perturbed network itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import numerics, theory
from ..kept import kept
from ..stats.agreement import Agreement
from ..stats.budget import REPORT_ALPHA

SAMPLES = {"quick": 20_000, "paper": 400_000}
_DRAWN_AT_ONCE = 20_000


def network(n: int, pairs: int, weight: float) -> NDArray:
    """n features of one weight each, ``pairs`` of the n neurons polysemantic.

    >>> from polysem.verify.cooccurrence.prices import network
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


def prices(
    samples: int, seed: np.random.SeedSequence
) -> tuple[list[dict[str, Any]], list[Agreement]]:
    """Closed forms of the price against the perturbed network."""
    n, w = 6, theory.amplitude(lam=0.01)
    cases = (
        ("hidden noise", 0.2, 0.0, theory.hidden_noise_price(w, 0.2)),
        ("hidden noise", 0.5, 0.0, theory.hidden_noise_price(w, 0.5)),
        ("weight noise", 0.03, 0.0, theory.weight_noise_price(w, 0.03)),
        ("input noise", 0.1, 0.0, theory.input_noise_price(n, w, 0.1)),
        ("input noise", 0.5, 0.0, theory.input_noise_price(n, w, 0.5)),
        ("bernoulli", 0.2, 0.2, theory.noisy_cooccurrence_price(0.2, w, 0.2)),
        ("bernoulli", 0.5, 0.05, theory.noisy_cooccurrence_price(0.05, w, 0.5)),
    )
    labels = {
        "hidden noise": "hidden_noise_price",
        "weight noise": "weight_noise_price",
        "input noise": "input_noise_price",
        "bernoulli": "noisy_cooccurrence_price",
    }
    rows: list[dict[str, Any]] = []
    found = []
    for place, (kind, size, p, predicted) in enumerate(cases):
        about = {"case": [kind, size, p], "samples": samples, "entropy": seed.entropy}

        def compute(place=place, kind=kind, size=size, p=p) -> dict[str, NDArray]:
            rng = np.random.default_rng([*seed.generate_state(4), place])
            drawn = [
                price_samples(kind, n, w, size, _DRAWN_AT_ONCE, rng, activation_probability=p)
                for _ in range(samples // _DRAWN_AT_ONCE)
            ]
            return {"drawn": np.concatenate(drawn)}

        drawn = kept("price", about | {"spawn_key": list(seed.spawn_key)}, compute)["drawn"]
        told = f"{kind}, {'tau' if kind[0] in 'wi' else 'sigma'} = {size:g}"
        told += f", p = {p:g}" if p else ""
        check = Agreement.of_mean(
            claim=labels[kind],
            quantity=f"price of a polysemantic neuron, n = {n}: {told}",
            prediction=predicted,
            samples=drawn,
            margin=0.1,
            bounds=None,
            alpha=REPORT_ALPHA,
        )
        rows.append({"perturbation": told, "closed form": predicted, "measured": drawn})
        found.append(check)
    for pairs in (0, 2):
        predicted = theory.ablation_variance(n, pairs, w, 0.3)
        found.append(
            Agreement.of_value(
                claim="ablation_variance",
                quantity=f"variance of the loss, neurons silenced with 0.3, K = {pairs}",
                prediction=predicted,
                estimate=ablation_variance(n, pairs, w, 0.3),
                numerical_error=1e-12,
                margin=1e-10,
            )
        )
    model = numerics.Pairs(pair_weight=0.05)
    measured = float(model.loss(network(n, 1, w)) - model.loss(network(n, 0, w)))
    predicted = theory.cooccurrence_price(0.05, w)
    rows.append({"perturbation": "pairs, p = 0.05", "closed form": predicted, "measured": measured})
    return rows, found
