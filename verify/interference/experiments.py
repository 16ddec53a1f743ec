"""What the reshuffling chapter computes beside ensembles of networks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ... import numerics


@dataclass(frozen=True, kw_only=True)
class TwoRowSample:
    """Pairs of rows on their own, and the winners that their kicks leave in networks.

    Parameters
    ----------
    m : int
        Number of neurons.
    strength : float
        lambda sqrt(m); 0 stands for the limit.
    pairs : int
        Number of pairs.
    features : tuple of int
        Numbers of features of the networks.
    draws : int
        Number of rows drawn for each.
    """

    m: int
    strength: float
    pairs: int
    features: tuple[int, ...]
    draws: int

    def run(self, entropy: int) -> dict[str, NDArray[np.float64]]:
        """The predicted fractions and their standard errors, one entry a number of features."""
        rng = _rng(entropy, 1, self.m, round(1e6 * self.strength))
        lam = self.strength / math.sqrt(self.m)
        kicks = numerics.two_rows(self.m, self.pairs, rng, lam=lam).kicks
        found = np.array(
            [
                numerics.two_row_prediction(kicks, n, self.m, rng, draws=self.draws)
                for n in self.features
            ]
        )
        return {"prediction": found[:, 0], "error": found[:, 1]}


@dataclass(frozen=True, kw_only=True)
class LoneRows:
    """Rows on their own under a strong l1 term: which does it kill?

    Parameters
    ----------
    m : int
        Number of neurons.
    lam : float
        The paper's lambda.
    rows : int
        Number of rows.
    """

    m: int
    lam: float
    rows: int

    def run(self, entropy: int) -> dict[str, NDArray[np.float64]]:
        """The one-curve law, and fates by the exact flow less those that the law tells.

        The mean of ``fates`` is the fraction that dies: the law's own verdict on each row, whose
        mean is known, serves as control variate.
        """
        rng = _rng(entropy, 2, self.m, round(1e6 * self.lam))
        rows = rng.normal(0, self.m**-0.5, (self.rows, self.m))
        law = numerics.dead_fraction(self.m, self.lam)
        largest = np.abs(rows).max(axis=1) * math.sqrt(self.m)
        told = largest < numerics.critical_weight(self.m, self.lam)
        fates = numerics.rows_die(rows, self.lam).astype(float) - told + law
        return {"law": np.array(law), "fates": fates}


@dataclass(frozen=True, kw_only=True)
class DensePairs:
    """The dense pair problem at one step.

    Parameters
    ----------
    step : float
        Step in gaps.
    chains : int
        Number of independent chains.
    """

    step: float
    chains: int

    def run(self, entropy: int) -> dict[str, NDArray[np.float64]]:
        """Its constant J and the standard error."""
        rng = _rng(entropy, 3, round(1e6 * self.step), self.chains)
        found = numerics.pair_problem(rng, step=self.step, chains=self.chains)
        return {"constant": np.array(found.constant), "error": np.array(found.constant_error)}


def _rng(entropy: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(6, *key)))
