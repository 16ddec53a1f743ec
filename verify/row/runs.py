"""The rows and networks of the chapters on l1 and on initialisation, and their sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ... import numerics, theory
from ...numerics._types import Array

if TYPE_CHECKING:
    import pandas as pd

# The authors' one-feature figure.
ROW_NEURONS, ROW_LAM, ROW_SCALE = 100_000, 1e-5, 0.9 / np.sqrt(100_000)
ROW_TIMES = np.logspace(0, 5, 101)
COMPARED_TIMES = (10.0, 100.0, 1_000.0, 10_000.0)

# Counted collisions: n = 64 as in the authors' notebook. The quick scale trains one width and
# reads the others from the measured table.
FEATURES, LAM = 64, 0.01
NETWORKS = {"quick": {64: 100}, "paper": dict.fromkeys((64, 128, 256, 512, 1024), 400)}

LAWS = (
    ("exclusion", "the exclusion law", theory.expected_neurons_exclusion),
    ("independent", "independent choices", theory.expected_neurons_independent),
    ("paper", "the paper's n²/4m", theory.paper_polysemantic_neurons),
)


def sparsification() -> pd.DataFrame:
    """The authors' one-feature figure: exact flow, half-normal law, the paper's estimate."""
    import pandas as pd

    legacy = np.random.RandomState(0)
    row = np.abs(legacy.normal(0, ROW_SCALE, ROW_NEURONS))
    times = np.union1d(ROW_TIMES, COMPARED_TIMES)
    exact = numerics.row_flow(row, ROW_LAM, times)
    law = numerics.half_normal_law(ROW_NEURONS, ROW_LAM, times, scale=ROW_SCALE)
    live_paper, l1_paper = (
        numerics.numpy_function(formula)(m=ROW_NEURONS, lam=ROW_LAM, t=times)
        for formula in (theory.paper_live_weights, theory.paper_l1_norm)
    )
    return pd.DataFrame(
        {
            "t": times,
            "live_exact": exact.live,
            "live_law": law.live,
            "live_paper": live_paper,
            "l1_exact": exact.l1_norm,
            "l1_law": law.l1_norm,
            "l1_paper": l1_paper,
        }
    )


@dataclass(frozen=True, kw_only=True)
class Networks:
    """Independent networks of one width, trained by the flow.

    Its ``place`` among the widths gives it random draws of its own.
    """

    m: int
    networks: int
    place: int

    def run(self, entropy: int) -> dict[str, Array]:
        """Polysemantic neurons, and the fraction of retained winners, of each network."""
        seed = np.random.SeedSequence(entropy, spawn_key=(11, 1, self.place))
        rng = np.random.default_rng(seed)
        initial = numerics.initial_weights(FEATURES, self.m, rng, instances=self.networks)
        final = numerics.train(initial, LAM).weights
        return {
            "neurons": numerics.polysemantic_neurons(final),
            "retained": numerics.retained_winners(initial, final).mean(axis=-1),
        }


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Live weights of independent rows on their own, at the compared times."""

    rows: int

    def run(self, entropy: int) -> dict[str, Array]:
        """Shape (rows, times)."""
        rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(11, 0)))
        starts = (rng.normal(0, ROW_SCALE, ROW_NEURONS) for _ in range(self.rows))
        flows = [numerics.row_flow(start, ROW_LAM, COMPARED_TIMES) for start in starts]
        return {"live": np.array([flow.live for flow in flows])}


@dataclass(frozen=True, kw_only=True)
class StartEnd:
    """Initial and final weights of a network in the limit of weak regularisation.

    Parameters
    ----------
    n, m : int
        Features and neurons.
    network : int
        Its place among the networks, whose initial weights come from one generator.
    """

    n: int
    m: int
    network: int

    def run(self, entropy: int) -> dict[str, Array]:
        """W(0) W(end)^T, in units of the initial standard deviation."""
        rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(12, 0)))
        initial = numerics.initial_weights(self.n, self.m, rng, instances=self.network + 1)[-1]
        final = numerics.train(initial, 0.0, optimizer="quasistatic").weights
        return {"overlaps": np.einsum("ik,jk->ij", initial, final) * np.sqrt(self.m)}


@dataclass(frozen=True, kw_only=True)
class CountsAtStrength:
    """Polysemantic neurons of some networks at one strength of l1; 0 stands for the limit.

    Its ``place`` in the grid gives it random draws of its own. The networks are those of this
    place from ``first`` to the one before ``last``.
    """

    n: int
    m: int
    lam: float
    place: int
    first: int
    last: int

    def run(self, entropy: int) -> dict[str, Array]:
        """The number of polysemantic neurons of each network."""
        rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(12, self.place)))
        initial = numerics.initial_weights(self.n, self.m, rng, instances=self.last)[self.first :]
        optimizer = "flow" if self.lam else "quasistatic"
        final = numerics.train(initial, self.lam, optimizer=optimizer).weights
        return {"neurons": numerics.polysemantic_neurons(final)}
