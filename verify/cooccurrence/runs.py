"""Training on features that co-occur: how many polysemantic neurons form, and how many stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from ... import numerics
from ...numerics.cooccurrence.pairs import SECOND_MOMENT, Values
from ..jobs import run_jobs
from ..kept import kept

BLOCK = 10  # networks trained together, from one seed
LONGEST = 15.0  # lambda t at which a run ends at the latest
_STEP = {True: 0.2, False: 0.3}  # over the weight of a feature: crowded networks, wide ones


@dataclass(frozen=True, kw_only=True)
class Scan:
    """Networks of one size and lambda, trained on all pairs with several strengths.

    >>> from polysem.verify.cooccurrence.runs import Scan
    >>> Scan(n=64, m=512, lam=0.01, strengths=(0.0, 0.5), networks=25).blocks
    3

    Parameters
    ----------
    n, m : int
    lam : float
        The paper's lambda.
    strengths : tuple of float
        r = pair weight over lambda; the first is 0, the reference.
    networks : int
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
    initial: NDArray,
    lam: float,
    strength: float,
    *,
    values: Values = "binary",
    step: float | None = None,
) -> numerics.Solution:
    """Train on all pairs, of weight ``strength`` times lambda, to rest.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> from polysem.verify.cooccurrence.runs import train_pairs
    >>> start = numerics.initial_weights(4, 16, np.random.default_rng(0))
    >>> train_pairs(start, 0.02, 0.5).outcome.name
    'CONVERGED'

    Parameters
    ----------
    initial : ndarray, shape (n, m) or (instances, n, m)
    lam : float
        The paper's lambda over the mean square of the value of an active feature.
    strength : float
        r, the weight of a pair over ``lam``.
    values : {"binary", "uniform"}
        Values of active features.
    step : float, optional
        Step of the flow times the weight of a feature, 1 + p (n - 2).
    """
    model = numerics.Pairs(pair_weight=strength * lam, values=values)
    return train_listed(initial, lam, strength, model, SECOND_MOMENT[values], step)


def train_listed(
    initial: NDArray,
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


def counts(
    scans: Sequence[Scan], *, entropy: int, progress: bool = False
) -> dict[Scan, dict[str, NDArray[np.int_]]]:
    """What training leaves, by name, each of shape (strengths, networks).

    "neurons", the polysemantic ones by the authors' rule; "dead", features without a weight;
    "restless", 1 for a network that had not come to rest. Every strength starts from the same
    weights, so that ratios profit from the correlation.
    """
    jobs = [(scan, block, entropy) for scan in scans for block in range(scan.blocks)]
    found = run_jobs(_block, jobs, title="cooccurrence", progress=progress)
    whole = {}
    for scan in scans:
        parts = [part for (of, _, _), part in zip(jobs, found, strict=True) if of == scan]
        whole[scan] = {
            name: np.concatenate([part[name] for part in parts], axis=-1)[:, : scan.networks]
            for name in parts[0]
        }
    return whole


def _block(scan: Scan, block: int, entropy: int) -> dict[str, NDArray[np.int_]]:
    """One block of networks; an interrupted report finds it again."""

    def compute() -> dict[str, NDArray]:
        initial = start(scan.n, scan.m, block, entropy)
        runs = [train_pairs(initial, scan.lam, strength) for strength in scan.strengths]
        rest = [[outcome is numerics.Outcome.CONVERGED for outcome in run.outcomes] for run in runs]
        return {
            "neurons": np.array([numerics.polysemantic_neurons(run.weights) for run in runs]),
            "dead": np.array([numerics.dead_features(run.weights) for run in runs]),
            "restless": 1 - np.array(rest, int),
        }

    about = asdict(scan) | {"networks": BLOCK, "block": block, "entropy": entropy}
    return kept("pairs", about, compute)


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
