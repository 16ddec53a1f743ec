"""Witnesses of the claims about the tilted law: neurons multiplied out one by one."""

from __future__ import annotations

import numpy as np

from ..witness.declare import witness


def _weights(n: int, m: int, omega: float) -> np.ndarray:
    """The total weight of the networks with k shared neurons, neuron by neuron.

    Entry (f, k) belongs to f features and k shared neurons; logarithms keep large networks finite.
    """
    log = np.full((n + 1, n // 2 + 1), -np.inf)
    log[0, 0] = 0.0
    for _ in range(m):
        one, two = np.full_like(log, -np.inf), np.full_like(log, -np.inf)
        one[1:] = log[:-1] + np.log(2)
        two[2:, 1:] = log[:-2, :-1] + np.log(omega)
        log = np.logaddexp(np.logaddexp(log, one), two)
    return np.asarray(log[n])


@witness(
    "tilted_pmf_ratio",
    method="enumeration",
    within={"k": (0, 6), "n": (2, 14), "m": (1, 14), "omega": (0.01, 100)},
    reach="networks are built neuron by neuron, in a time that grows as m n^2",
    samples=24,
)
def tilted_pmf_ratio(k: int, n: int, m: int, omega: float) -> float:
    weights = _weights(n, m, omega)
    return float(np.exp(weights[k + 1] - weights[k]))


@witness("tilt_of_exclusion", method="sampling", accuracy=0.02, samples=1)
def tilt_of_exclusion(rng: np.random.Generator) -> float:
    """The omega with which the weights give the mean of sets of slots drawn without return."""
    n, m, draws = 6, 5, 200_000
    slots = np.argsort(rng.random((draws, 2 * m)), axis=1)[:, :n]
    counts = np.array([np.isin(slots, (q, q + m)).sum(axis=1) == 2 for q in range(m)]).sum(axis=0)
    low, high = 0.1, 10.0
    for _ in range(60):
        middle = np.sqrt(low * high)
        mean = _mean(n, m, middle)
        low, high = (middle, high) if mean < counts.mean() else (low, middle)
    return float(middle)


def _mean(n: int, m: int, omega: float) -> float:
    log = _weights(n, m, omega)
    weights = np.exp(log - log.max())
    return float(weights @ np.arange(len(weights)) / weights.sum())


@witness(
    "mass_action_count",
    method="enumeration",
    accuracy=1e-7,
    samples=3,
    within={"omega": (0.2, 5)},
    reach="beyond these weights the counts are close to their limits, so the error is below n = 96",
    along={"n": (24, 48, 96), "m": (36, 72, 144)},
    order="1/n",
    relative=True,
)
def mass_action_count(n: int, m: int, omega: float) -> float:
    return _mean(n, m, omega)


@witness(
    "mass_action",
    method="enumeration",
    accuracy=1e-7,
    samples=3,
    within={"omega": (0.2, 5)},
    reach="the order in the numbers of neurons does not depend on the weight",
    along={"k": (8, 16, 32), "n": (48, 96, 192), "m": (72, 144, 288)},
    order="1/k + 1/(n - 2*k) + 1/(m - n + k)",
    relative=True,
)
def mass_action(k: int, n: int, m: int, omega: float) -> float:
    weights = _weights(n, m, omega)
    return float(np.exp(weights[k + 1] - weights[k]))
