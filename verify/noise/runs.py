"""Networks trained with noise on the hidden layer, for the noise chapter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ... import numerics, theory
from ...numerics import Noise, SampledNoise
from ...numerics._types import Array
from ...numerics.noise.law import LAWS
from ..published import data_rows

# The authors' figure: learning rate .02, 1e5 steps.
N, M, SIGMAS, LEARNING_RATE = 8, 16, (0.07, 0.1, 0.15), 0.02
MARKS = (1_000, 3_000, 5_000, 10_000, 20_000, 30_000, 50_000, 100_000)
SETTLED = 40.0  # flow time by which the overlaps have reached the simplex


def stream(entropy: int, *key: int) -> np.random.Generator:
    """Random draws for one experiment of this chapter."""
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(7, *key)))


def starts(n: int, m: int, networks: int, entropy: int) -> Array:
    """The same initial weights for every law and sigma, so that curves can be compared."""
    return numerics.initial_weights(n, m, stream(entropy, 0, n, m), instances=networks)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Mean fourth norm of the rows against steps, under sampled or averaged noise.

    The fourth norm is measured after ``steps``, of which the last ends the run; the learning rate
    is that on the summed loss. If ``averaged``, the run follows the flow of the exactly averaged
    loss to the same flow times.
    """

    n: int
    m: int
    networks: int
    law: str
    sigma: float
    steps: tuple[int, ...]
    learning_rate: float = LEARNING_RATE
    averaged: bool = False

    def run(self, entropy: int) -> dict[str, Array]:
        """Mean fourth norms, shape (times, networks), and final weights."""
        noise = Noise(sigma=self.sigma, law=self.law)
        initial = starts(self.n, self.m, self.networks, entropy)
        times = 4 * self.learning_rate * np.array(self.steps, float)
        if self.averaged:
            solution = numerics.noise_flow(initial, noise, times).as_asked()
            fourth = numerics.row_norms(solution.records["weights"].reshape(-1, self.n, self.m), 4)
            means = fourth.mean(axis=-1).reshape(len(times), -1)
            return {"fourth": means, "weights": solution.weights}
        key = (self.n, self.m, round(1e6 * self.sigma), round(1e6 * self.learning_rate))
        solution = numerics.train(
            initial,
            0.0,
            optimizer="sgd",
            learning_rate=self.learning_rate,
            steps=self.steps[-1],
            model=SampledNoise(noise=noise),
            rng=stream(entropy, 1, *key, LAWS.index(self.law)),
            record="fourth_norm",
            record_at=times,
            throw=True,
        )
        means = solution.records["fourth_norm"].mean(axis=-1)
        return {"fourth": means, "weights": solution.weights}


@dataclass(frozen=True, kw_only=True)
class Code:
    """Final codes at a size: SGD, then a tenth of the learning rate to still its jitter."""

    n: int
    m: int
    networks: int
    sigma: float
    steps: int
    cooling_steps: int

    def run(self, entropy: int) -> dict[str, Array]:
        """Final weights, shape (networks, n, m)."""
        weights = starts(self.n, self.m, self.networks, entropy)
        rng = stream(entropy, 2, self.n, self.m)
        model = SampledNoise(noise=Noise(sigma=self.sigma))
        for learning_rate, steps in ((0.02, self.steps), (0.002, self.cooling_steps)):
            weights = numerics.train(
                weights,
                0.0,
                optimizer="sgd",
                learning_rate=learning_rate,
                steps=steps,
                model=model,
                rng=rng,
            ).weights
        return {"weights": weights}


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Half time of one network under exactly averaged noise, beside the growth law."""

    n: int
    m: int
    sigma: float
    law: str = "bipolar"
    network: int = 0

    def run(self, entropy: int) -> dict[str, Array]:
        """Measured and predicted half times in flow units, and the overlaps when settled."""
        noise = Noise(sigma=self.sigma, law=self.law)
        start = starts(self.n, self.m, self.network + 1, entropy)[-1]
        settled = numerics.noise_flow(start, noise, [SETTLED]).weights
        frame = nearest_simplex(settled)
        half = numerics.half_rotation(frame)
        rate = theory.growth_rate(self.n, self.sigma, noise.kurtosis, 1.0)
        level = (fourth_norm(frame) + theory.corner_fourth_norm(self.n)) / 2
        times = np.linspace(0, 2.5 * half / rate, 501)[1:]
        path = numerics.noise_flow(settled, noise, times).as_asked().records["weights"]
        fourth = numerics.row_norms(path, 4).mean(axis=-1)
        reached = np.append(fourth >= level, True)  # a later half time counts as the horizon
        measured = SETTLED + float(times[min(int(np.argmax(reached)), len(times) - 1)])
        norm2 = numerics.row_norms(settled, 2).mean()
        found = {
            "half_rotation": half,
            "predicted": half / rate,
            "measured": measured,
            "relative_overlap": theory.simplex_relative_overlap(self.n, self.sigma, 1.0),
            "mean_overlap": float(numerics.overlaps(settled).mean() / norm2 * (self.n - 1)),
            "simplex_distance": float(numerics.simplex_distance(settled)),
        }
        return {name: np.array(value) for name, value in found.items()}


def reference_fourth_norms(law: str) -> Array:
    """Final fourth norms of the authors' program, one a network (n = 8, m = 16, sigma = .15)."""
    rows = data_rows("noise_reference.csv")
    return np.array([float(row["final_fourth_norm"]) for row in rows if row["law"] == law])


def fourth_norm(weights: Array) -> float:
    """Mean fourth norm of the rows of one network."""
    return float(numerics.row_norms(weights, 4).mean())


def nearest_simplex(weights: Array) -> Array:
    """The regular simplex of unit rows nearest to the weights of one network."""
    n = len(weights)
    left, _, right = np.linalg.svd(weights - weights.mean(axis=0), full_matrices=False)
    return math.sqrt(n / (n - 1)) * left[:, : n - 1] @ right[: n - 1]


def values(runs: Sequence[Mapping[str, Array]], name: str) -> Array:
    """One quantity of several growth runs."""
    return np.array([float(run[name]) for run in runs])
