"""Experiments of the reshuffling chapter that train no networks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ... import numerics
from ...numerics._types import FloatArray


@dataclass(frozen=True, kw_only=True)
class TwoRowSample:
    """Pairs of rows on their own, and the prediction for networks that follows from them.

    ``strength`` is lambda sqrt(m), 0 for the limit; ``draws`` rows are drawn for each number of
    ``features``.
    """

    m: int
    strength: float
    pairs: int
    features: tuple[int, ...]
    draws: int

    def run(self, entropy: int) -> dict[str, FloatArray]:
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
    """Rows on their own under a strong l1 term, some of which die."""

    m: int
    lam: float
    rows: int

    def run(self, entropy: int) -> dict[str, FloatArray]:
        """The one-curve law, and the deaths in the exact flow with the law as control variate.

        The mean of ``fates`` is the fraction that dies. The law predicts whether each row dies,
        and the mean of these predictions is known.
        """
        rng = _rng(entropy, 2, self.m, round(1e6 * self.lam))
        rows = rng.normal(0, self.m**-0.5, (self.rows, self.m))
        law = numerics.dead_fraction(self.m, self.lam)
        largest = np.abs(rows).max(axis=1) * math.sqrt(self.m)
        predicted = largest < numerics.critical_weight(self.m, self.lam)
        fates = numerics.rows_die(rows, self.lam).astype(float) - predicted + law
        return {"law": np.array(law), "fates": fates}


@dataclass(frozen=True, kw_only=True)
class DensePairs:
    """The dense pair problem at one step.

    The step is in units of the gap between weights.
    """

    step: float
    chains: int

    def run(self, entropy: int) -> dict[str, FloatArray]:
        """Its constant J and the standard error."""
        rng = _rng(entropy, 3, round(1e6 * self.step), self.chains)
        found = numerics.pair_problem(rng, step=self.step, chains=self.chains)
        return {"constant": np.array(found.constant), "error": np.array(found.constant_error)}


@dataclass(frozen=True, kw_only=True)
class CollapseCurve:
    """The one-curve law at one width, as critical weights over a range of lambda."""

    m: int

    def run(self, entropy: int) -> dict[str, FloatArray]:
        """Values of lambda around the half collapse, and the critical weight at each."""
        lams = np.linspace(0.65, 1.3, 8) * numerics.half_collapse_lam(self.m)
        critical = [numerics.critical_weight(self.m, float(lam)) for lam in lams]
        return {"lam": lams, "critical": np.array(critical)}


def _rng(entropy: int, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(6, *key)))
