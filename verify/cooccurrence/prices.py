"""The prices of polysemantic neurons: closed forms against perturbed networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ... import numerics, theory
from ..cache import Arrays
from ..chapter import mean_line
from ..stats.agreement import Agreement
from .runs import PRICED, PRICED_LAM, Price, network

SAMPLES = {"quick": 20_000, "paper": 400_000}


def ablation_variance(n: int, pairs: int, weight: float, probability: float) -> float:
    """Variance of the one-hot loss over all 2^n sets of silenced neurons, by enumeration."""
    weights = network(n, pairs, weight)
    silenced = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
    left = weights * (1 - silenced)[:, None, :]
    residual = np.maximum(left @ left.swapaxes(-1, -2), 0) - np.eye(n)
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


def price_tasks(samples: int) -> dict[Price, float]:
    """The perturbations to sample, each with the closed form of its price."""
    w = theory.amplitude(lam=PRICED_LAM)
    cases = (
        ("hidden noise", 0.2, 0.0, theory.hidden_noise_price(w, 0.2)),
        ("hidden noise", 0.5, 0.0, theory.hidden_noise_price(w, 0.5)),
        ("weight noise", 0.03, 0.0, theory.weight_noise_price(w, 0.03)),
        ("input noise", 0.1, 0.0, theory.input_noise_price(PRICED, w, 0.1)),
        ("input noise", 0.5, 0.0, theory.input_noise_price(PRICED, w, 0.5)),
        ("bernoulli", 0.2, 0.2, theory.noisy_cooccurrence_price(0.2, w, 0.2)),
        ("bernoulli", 0.5, 0.05, theory.noisy_cooccurrence_price(0.05, w, 0.5)),
    )
    return {
        Price(
            perturbation=kind, size=size, activation_probability=p, samples=samples, place=place
        ): predicted
        for place, (kind, size, p, predicted) in enumerate(cases)
    }


def prices(
    tasks: Mapping[Price, float], results: Mapping[Price, Arrays]
) -> tuple[list[dict[str, Any]], list[Agreement]]:
    """Closed forms of the price against the perturbed network, as rows and as lines."""
    n, w = PRICED, theory.amplitude(lam=PRICED_LAM)
    rows: list[dict[str, Any]] = []
    lines = []
    for task, predicted in tasks.items():
        kind, p, drawn = task.perturbation, task.activation_probability, results[task]["drawn"]
        words = f"{kind}, {'tau' if kind[0] in 'wi' else 'sigma'} = {task.size:g}"
        words += f", p = {p:g}" if p else ""
        rows.append({"perturbation": words, "closed form": predicted, "measured": drawn})
        lines.append(
            mean_line(
                claim="noisy_cooccurrence_price" if p else f"{kind.replace(' ', '_')}_price",
                quantity=f"price of a polysemantic neuron, n = {n}: {words}",
                prediction=predicted,
                samples=drawn,
                margin=0.1,
            )
        )
    lines += [
        Agreement.of_value(
            claim="ablation_variance",
            quantity=f"variance of the loss, neurons silenced with 0.3, K = {pairs}",
            prediction=theory.ablation_variance(n, pairs, w, 0.3),
            estimate=ablation_variance(n, pairs, w, 0.3),
            numerical_error=1e-12,
            margin=1e-10,
        )
        for pairs in (0, 2)
    ]
    model = numerics.Pairs(pair_weight=0.05)
    measured = float(model.loss(network(n, 1, w)) - model.loss(network(n, 0, w)))
    predicted = theory.cooccurrence_price(0.05, w)
    rows.append({"perturbation": "pairs, p = 0.05", "closed form": predicted, "measured": measured})
    return rows, lines
