"""Networks of unequal features: which features live, and which pairs share a neuron."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ... import numerics
from ...numerics._types import Array, FloatArray
from ..cache import Arrays
from .predict import FeaturePredictions, predict_features

CHUNK = 1000
"""Networks that are trained together."""
STRENGTHS = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0)
"""Strengths of the pairs that co-occur; each of them has four pairs."""
_PLACES = 98  # the seed that chooses these pairs


@dataclass(frozen=True, kw_only=True)
class Case:
    """A chunk of networks: frequencies by Zipf's law, or equal ones and pairs that co-occur."""

    kind: str
    n: int = 12
    m: int = 128
    lam: float = 0.02
    networks: int = CHUNK
    chunk: int = 0

    @property
    def model(self) -> numerics.UnequalFeatures:
        """The model that is trained."""
        if self.kind == "zipf":
            return numerics.UnequalFeatures(frequencies=numerics.zipf(self.n, 1.0))
        places = np.triu_indices(self.n, 1)
        strengths = np.zeros(len(places[0]))
        strengths[: 4 * len(STRENGTHS)] = np.tile(STRENGTHS, 4)
        pairs = np.zeros((self.n, self.n))
        pairs[places] = self.lam * np.random.default_rng(_PLACES).permutation(strengths)
        return numerics.UnequalFeatures(frequencies=np.ones(self.n), pairs=pairs + pairs.T)

    @property
    def expected(self) -> FeaturePredictions:
        """What the theory expects of it."""
        return predict_features(self.model, self.m, lam=self.lam)

    def run(self, entropy: int) -> dict[str, Array]:
        """How many networks keep each feature, and in how many each pair shares a neuron."""
        rng = np.random.default_rng(
            np.random.SeedSequence(entropy, spawn_key=(31, len(self.kind), self.chunk))
        )
        start = numerics.initial_weights(self.n, self.m, rng, instances=self.networks)
        weights = numerics.train(start, self.lam, model=self.model).weights
        shared = shares(weights)
        neurons = np.triu(shared, 1).sum(axis=(-2, -1))
        return {
            "alive": (weights != 0).any(axis=-1).sum(axis=0),
            "shared": shared.sum(axis=0),
            "neurons": np.array([neurons.sum(), (neurons**2).sum()]),
        }


@dataclass(frozen=True, kw_only=True)
class Planted:
    """Two features that start with their largest weights on one neuron, with opposite signs."""

    importance: tuple[float, float]
    frequencies: tuple[float, float]
    strength: float
    networks: int
    m: int = 64
    lam: float = 0.01

    @property
    def pair_weight(self) -> float:
        """The co-occurrence that has the strength."""
        return 2 * self.lam * self.strength / sum(self.importance)

    @property
    def words(self) -> str:
        """The two features, for a sentence."""
        return f"importance {self.importance}, frequencies {self.frequencies}"

    def run(self, entropy: int) -> dict[str, Array]:
        """Which of the collisions last."""
        key = (33, *(round(1000 * x) for x in (*self.importance, *self.frequencies)))
        rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=key))
        start = numerics.initial_weights(2, self.m, rng, instances=self.networks)
        pairs = [[0.0, self.pair_weight], [self.pair_weight, 0.0]]
        model = numerics.UnequalFeatures(
            frequencies=self.frequencies, importance=self.importance, pairs=pairs
        )
        end = numerics.train(planted(start), self.lam, model=model).weights
        return {"lasts": shares(end)[:, 0, 1]}


def planted(weights: Array) -> Array:
    """The second row with its largest weight moved to the neuron of the first one's, other sign.

    >>> import numpy as np
    >>> from polysem.verify.features.runs import planted
    >>> planted(np.array([[[0.9, 0.1], [0.2, 0.7]]])).tolist()
    [[[0.9, 0.1], [-0.7, 0.2]]]
    """
    found = weights.copy()
    network = np.arange(len(found))
    first, second = np.abs(found).argmax(axis=-1).T
    moved, largest = found[network, 1, first], found[network, 1, second]
    found[network, 1, second] = moved
    found[network, 1, first] = -np.sign(found[network, 0, first]) * np.abs(largest)
    return found


def shares(weights: Array) -> Array:
    """Which pairs of features have their largest weights on one neuron, with opposite signs.

    >>> import numpy as np
    >>> from polysem.verify.features.runs import shares
    >>> shares(np.array([[0.9, 0.0], [-0.8, 0.0], [0.0, 0.0]])).astype(int).tolist()
    [[0, 1, 0], [1, 0, 0], [0, 0, 0]]
    """
    winner = np.abs(weights).argmax(axis=-1)
    value = np.take_along_axis(weights, winner[..., None], axis=-1)[..., 0]
    same = winner[..., :, None] == winner[..., None, :]
    return np.asarray(same & (value[..., :, None] * value[..., None, :] < 0))


def together(found: Iterable[Arrays]) -> dict[str, Array]:
    """The sums over the chunks of a case."""
    found = list(found)
    return {name: np.sum([arrays[name] for arrays in found], axis=0) for name in found[0]}


def reliability(predicted: FloatArray, counts: Array, networks: int) -> tuple[float, float, float]:
    """Slope of measured frequencies over predicted probabilities, its error, and the value at 0.

    A straight line by weighted least squares, with the weights of binomial counts of the
    predicted probabilities; the error takes the events as independent.

    >>> import numpy as np
    >>> from polysem.verify.features.runs import reliability
    >>> slope, error, start = reliability(np.array([0.1, 0.5]), np.array([110, 520]), 1000)
    >>> round(slope, 3), round(start, 3)
    (1.025, 0.007)
    """
    spread = predicted * (1 - predicted)
    weight = 1 / np.maximum(spread, 0.01 * max(float(spread.max()), 1e-300))
    measured = counts / networks
    centred = predicted - np.average(predicted, weights=weight)
    along = weight * centred / (weight * centred**2).sum()
    noise = np.maximum(spread, measured * (1 - measured)) / networks
    slope = float(along @ measured)
    start = float(np.average(measured - slope * predicted, weights=weight))
    return slope, float(np.sqrt((along**2 * noise).sum())), start
