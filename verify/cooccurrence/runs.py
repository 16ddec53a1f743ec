"""The experiments of the co-occurrence chapter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ... import numerics, theory
from ...numerics._types import Array, IntArray
from ...numerics.cooccurrence.pairs import SECOND_MOMENT, Values
from ..cache import Arrays, run_tasks

KICKED, KICKED_LAM = 64, 0.01  # features and neurons of the perturbed networks, and lambda
PRICED, PRICED_LAM = 6, 0.01  # features of the networks that are priced, and lambda
DRAWN_AT_ONCE = 20_000
BLOCK = 10  # networks trained together, from one seed
LONGEST = 15.0  # lambda t at which a run ends at the latest
_STEP = {True: 0.2, False: 0.3}  # over the weight of a feature: crowded networks, wide ones


@dataclass(frozen=True, kw_only=True)
class Scan:
    """Networks of one size and lambda, trained on all pairs with several strengths.

    ``strengths`` are r, the pair weight over lambda; the first is 0, the reference.
    """

    n: int
    m: int
    lam: float
    strengths: tuple[float, ...]
    networks: int

    @property
    def blocks(self) -> int:
        return -(-self.networks // BLOCK)


def train_pairs(
    initial: Array,
    lam: float,
    strength: float,
    *,
    values: Values = "binary",
    step: float | None = None,
) -> numerics.Solution:
    """Train on all pairs, of weight ``strength`` times lambda, to rest.

    ``lam`` is the paper's lambda over the mean square of an active value, and ``step`` the step of
    the flow times the weight of a feature, 1 + p (n - 2).
    """
    model = numerics.Pairs(pair_weight=strength * lam, values=values)
    return train_listed(initial, lam, strength, model, SECOND_MOMENT[values], step)


def train_listed(
    initial: Array,
    lam: float,
    strength: float,
    model: numerics.Model,
    moment: float = 1.0,
    step: float | None = None,
) -> numerics.Solution:
    """Train a model of pairs to rest; its singles weigh ``moment``, the mean square of a value."""
    n, m = initial.shape[-2:]
    step = _STEP[n == m] if step is None else step
    flow = numerics.Flow(
        step_size=step / (moment * (1 + strength * lam * max(n - 2, 0))),
        tolerance=1e-4,
        max_time=LONGEST / (lam * moment),
    )
    return numerics.train(initial, lam * moment, optimizer=flow, model=model)


def start(n: int, m: int, block: int, entropy: int) -> NDArray[np.float32]:
    """The initial weights of a block; all that is compared starts from the same."""
    seed = np.random.SeedSequence(entropy, spawn_key=(8, n, m, block))
    return numerics.initial_weights(
        n, m, np.random.default_rng(seed), instances=BLOCK, dtype=np.float32
    )


@dataclass(frozen=True, kw_only=True)
class PairsBlock:
    """One block of the networks of a scan."""

    scan: Scan
    block: int

    def run(self, entropy: int) -> dict[str, Array]:
        """What training leaves at each strength, as :func:`counts` gives it."""
        scan = self.scan
        initial = start(scan.n, scan.m, self.block, entropy)
        runs = [train_pairs(initial, scan.lam, strength) for strength in scan.strengths]
        rest = [[outcome is numerics.Outcome.CONVERGED for outcome in run.outcomes] for run in runs]
        return {
            "neurons": np.array([numerics.polysemantic_neurons(run.weights) for run in runs]),
            "dead": np.array([numerics.dead_features(run.weights) for run in runs]),
            "restless": 1 - np.array(rest, int),
        }


def counts(
    scans: Sequence[Scan], *, entropy: int, progress: bool = False
) -> dict[Scan, dict[str, IntArray]]:
    """What training leaves, by name, each of shape (strengths, networks).

    "neurons", the polysemantic ones by the authors' rule; "dead", features without a weight;
    "restless", 1 for a network that had not come to rest. Every strength starts from the same
    weights, so that the error of a ratio is smaller than that of independent counts.
    """
    tasks = [PairsBlock(scan=scan, block=block) for scan in scans for block in range(scan.blocks)]
    found = run_tasks("pairs", tasks, entropy, progress=progress)
    return {
        scan: joined([found[task] for task in tasks if task.scan == scan], scan.networks)
        for scan in scans
    }


def joined(blocks: Sequence[Arrays], networks: int) -> dict[str, Array]:
    """The arrays of several blocks side by side, for so many networks."""
    return {
        name: np.concatenate([block[name] for block in blocks], axis=-1)[..., :networks]
        for name in blocks[0]
    }


def ratio_samples(with_pairs: Array, without: Array) -> Array:
    """Numbers whose mean is mean(with)/mean(without), and whose spread is that of the ratio."""
    ratio = with_pairs.mean() / without.mean()
    return ratio + (with_pairs - ratio * without) / without.mean()


def kicked_counts(
    final: Array, lam: float, strength: float, kick: float, rng: np.random.Generator
) -> IntArray:
    """Polysemantic neurons left after a normal perturbation and training on co-occurring pairs."""
    kicked = final + rng.normal(0, kick, final.shape) if kick else final
    # a large perturbation makes large overlaps, which need a smaller step
    run = train_pairs(kicked.astype(final.dtype), lam, strength, step=0.08)
    return numerics.polysemantic_neurons(run.weights)


RACE_STRENGTHS = (0.02, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5)


@dataclass(frozen=True, kw_only=True)
class Race:
    """The reduced race of two features: how many sampled collisions survive."""

    samples: int

    def run(self, entropy: int) -> dict[str, Array]:
        """Survivors at each strength, by the values of active features."""
        rng = stream(entropy, 0)
        return {
            values: numerics.collision_survives(
                RACE_STRENGTHS, self.samples, rng, values=values
            ).sum(-1)
            for values in SECOND_MOMENT
        }


@dataclass(frozen=True, kw_only=True)
class Slope:
    """The slope of the suppression at weak co-occurrence, sampled in the reduced race."""

    samples: int

    def run(self, entropy: int) -> dict[str, Array]:
        """One slope for each sample."""
        return {"slope": numerics.suppression_slope(self.samples, stream(entropy, 3))}


@dataclass(frozen=True, kw_only=True)
class Kicks:
    """Pairs that formed without co-occurrence, perturbed and trained on with it.

    Each cell has a strength, the standard deviation of the perturbation, and a number of networks.
    """

    cells: tuple[tuple[float, float, int], ...]

    def run(self, entropy: int) -> dict[str, Array]:
        """Polysemantic neurons before and after, summed over the networks of each cell."""
        rng = stream(entropy, 1)
        instances = max(networks for _, _, networks in self.cells)
        initial = numerics.initial_weights(
            KICKED, KICKED, rng, instances=instances, dtype=np.float32
        )
        final = train_pairs(initial, KICKED_LAM, 0.0).weights
        before = numerics.polysemantic_neurons(final)
        after = [
            kicked_counts(final[:networks], KICKED_LAM, strength, kick, rng).sum()
            for strength, kick, networks in self.cells
        ]
        sums = [before[:networks].sum() for _, _, networks in self.cells]
        return {"before": np.array(sums), "after": np.array(after)}


@dataclass(frozen=True, kw_only=True)
class Price:
    """Sampled losses that polysemantic neurons add under a perturbation; see price_samples."""

    perturbation: str
    size: float
    activation_probability: float
    samples: int
    place: int

    def run(self, entropy: int) -> dict[str, Array]:
        """One loss for each draw."""
        seed = np.random.SeedSequence(entropy, spawn_key=(2,))
        rng = np.random.default_rng([*seed.generate_state(4), self.place])
        drawn = [
            price_samples(
                self.perturbation,
                PRICED,
                theory.amplitude(lam=PRICED_LAM),
                self.size,
                DRAWN_AT_ONCE,
                rng,
                activation_probability=self.activation_probability,
            )
            for _ in range(self.samples // DRAWN_AT_ONCE)
        ]
        return {"drawn": np.concatenate(drawn)}


def stream(entropy: int, place: int) -> np.random.Generator:
    """The random draws of one experiment of the chapter."""
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(place,)))


def network(n: int, pairs: int, weight: float) -> Array:
    """n features of one weight each, ``pairs`` of the n neurons polysemantic."""
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
) -> Array:
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
    target: Array = np.eye(n)
    if perturbation == "bernoulli":
        target = (rng.random((samples, 1, n)) < activation_probability).astype(float)
        draw = draw[:, :1]

    def loss(weights: Array) -> Array:
        if perturbation == "weight noise":
            moved = weights + draw
            output = moved @ moved.swapaxes(-1, -2)
        elif perturbation == "input noise":
            output = (target + draw) @ weights @ weights.T
        else:
            output = (target @ weights + draw) @ weights.T
        return ((np.maximum(output, 0) - target) ** 2).sum((-2, -1))

    return (loss(double) - loss(single)) / pairs
