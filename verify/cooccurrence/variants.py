"""Other data of the same strength r: sampled minibatches, uniform values, some pairs only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from ... import numerics, theory
from ...numerics.cooccurrence.pairs import SECOND_MOMENT, Values
from ..jobs import run_jobs
from ..kept import kept
from ..stats.agreement import Agreement
from .counts import mean_and_error, ratio_agreement, shift_agreement
from .runs import BLOCK, ratio_samples, start, train_listed, train_pairs

if TYPE_CHECKING:
    import pandas as pd

FEATURES = 32
NARROW, WIDE = 64, 256  # neurons
LAM = 0.01  # over the weight of a feature
_ENDS = 7.0  # lambda t over that weight at which sampled training ends
_STEP = 0.2  # its step times that weight
_BATCH = 4096


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What networks are trained on, at strength r = (weight of both) E u^2 / lambda.

    Independent features of probability p have the weight p E u^2 each, and two of them p^2; so
    lambda = LAM p E u^2 and p = r LAM make the strength r and keep lambda over the weight of a
    feature at LAM. With pairs of weight r LAM that weight is 1 + r LAM (n - 1).

    >>> from polysem.verify.cooccurrence.variants import Variant
    >>> Variant(scheme="minibatch", strength=0.5).activation_probability
    0.005

    Parameters
    ----------
    scheme : {"pairs", "minibatch"}
        All inputs with one or two features, or sampled ones with independent features.
    strength : float
    m : int
        Number of neurons.
    values : {"binary", "uniform"}
    fraction : float
        Fraction of the pairs that co-occur, drawn anew for each block of networks.
    batch : int
        Inputs of a step, for minibatches.
    """

    scheme: Literal["pairs", "minibatch"]
    strength: float
    m: int = NARROW
    values: Values = "binary"
    fraction: float = 1.0
    batch: int = _BATCH

    @property
    def activation_probability(self) -> float:
        return self.strength * LAM

    def train(self, initial: NDArray, rng: np.random.Generator) -> tuple[NDArray, NDArray]:
        """Trained weights, and which features co-occur with which, shape (n, n)."""
        n = initial.shape[-2]
        together = ~np.eye(n, dtype=bool)
        if self.scheme == "minibatch":
            return self._train_sampled(initial, rng), together
        if self.fraction == 1:
            return train_pairs(initial, LAM, self.strength, values=self.values).weights, together
        pairs = numerics.random_pairs(n, self.fraction, rng)
        model = numerics.SomePairs(pairs=pairs, pair_weight=self.strength * LAM)
        together[:] = False
        together[pairs[:, 0], pairs[:, 1]] = together[pairs[:, 1], pairs[:, 0]] = True
        return train_listed(initial, LAM, self.strength, model).weights, together

    def _train_sampled(self, initial: NDArray, rng: np.random.Generator) -> NDArray:
        weight = self.activation_probability * SECOND_MOMENT[self.values]
        model = numerics.Bernoulli(
            activation_probability=self.activation_probability,
            values=self.values,
            batch=self.batch,
        )
        descent = numerics.SGD(
            learning_rate=_STEP / (4 * weight),
            steps=round(_ENDS / (LAM * _STEP)),
            l1="proximal",
        )
        return numerics.train(
            initial, LAM * weight, optimizer=descent, model=model, rng=rng
        ).weights


def variants() -> dict[Variant, int]:
    """The variants of the report at paper scale, with their numbers of networks."""
    narrow = [Variant(scheme="pairs", strength=r) for r in (0.0, 0.25, 0.5, 1.0, 2.0)]
    for r in (0.25, 0.5, 1.0):
        narrow += [
            Variant(scheme="minibatch", strength=r),
            Variant(scheme="minibatch", strength=r, values="uniform"),
            Variant(scheme="pairs", strength=r, values="uniform"),
        ]
    narrow.append(Variant(scheme="minibatch", strength=0.5, batch=256))
    narrow += [
        Variant(scheme="pairs", strength=r, fraction=f)
        for f in (0.25, 0.5, 0.75)
        for r in (0.5, 1.0, 2.0)
    ]
    wide = [Variant(scheme="pairs", strength=r, m=WIDE) for r in (0.0, 0.5, 1.0)]
    wide += [Variant(scheme="pairs", strength=r, m=WIDE, fraction=0.5) for r in (0.5, 1.0)]
    return dict.fromkeys(narrow, 400) | dict.fromkeys(wide, 1000)


def variant_counts(
    variants: Mapping[Variant, int], *, entropy: int, progress: bool = False
) -> dict[Variant, NDArray[np.int_]]:
    """Polysemantic neurons of each network: with features that co-occur, and without.

    Shape (2, networks), with the number of networks that is given for each variant. Variants of
    one width start from the same weights.
    """
    jobs = [
        (variant, block, entropy)
        for variant, networks in variants.items()
        for block in range(-(-networks // BLOCK))
    ]
    found = run_jobs(_block, jobs, title="cooccurrence, other data", progress=progress)
    return {
        variant: np.concatenate(
            [part for (of, _, _), part in zip(jobs, found, strict=True) if of == variant], axis=-1
        )[:, :networks]
        for variant, networks in variants.items()
    }


def _block(variant: Variant, block: int, entropy: int) -> NDArray[np.int_]:
    """One block of counts; an interrupted report finds it again."""

    def compute() -> dict[str, NDArray]:
        initial = start(FEATURES, variant.m, block, entropy)
        # blocks differ in their data, variants need not
        seed = np.random.SeedSequence(entropy, spawn_key=(88, block))
        final, together = variant.train(initial, np.random.default_rng(seed))
        return {"neurons": _split_counts(final, together)}

    about = asdict(variant) | {"networks": BLOCK, "block": block, "entropy": entropy}
    return kept("variants", about, compute)["neurons"]


def _split_counts(weights: NDArray, together: NDArray) -> NDArray[np.int_]:
    """Polysemantic neurons on which two features co-occur, and the others."""
    sits = numerics.features_on_neurons(weights, "authors").astype(int)
    meet = np.einsum("bik,ij,bjk->bk", sits, together.astype(int), sits) > 0
    polysemantic = sits.sum(axis=-2) >= 2
    return np.stack([(polysemantic & meet).sum(-1), (polysemantic & ~meet).sum(-1)])


def variant_rows(counted: Mapping[Variant, NDArray]) -> list[dict[str, Any]]:
    """Ratios to no co-occurrence with standard errors, and their shift against what is expected.

    All is in units of K(0), from networks with the same initial weights. Minibatches are compared
    with all pairs of the same strength and values; a fraction f of the pairs with
    1 - f + f times the ratio where all co-occur. "together" and "apart" are the neurons whose
    features co-occur, over f K(0), and the others, over (1 - f) K(0).
    """
    rows = []
    for variant, found in counted.items():
        networks = found.shape[-1]

        def ratio(k: NDArray, variant=variant, networks=networks) -> NDArray:
            without = replace(variant, scheme="pairs", strength=0.0, fraction=1.0, batch=_BATCH)
            return ratio_samples(k, counted[replace(without, values="binary")].sum(0)[:networks])

        f, whole = variant.fraction, replace(variant, scheme="pairs", fraction=1.0, batch=_BATCH)
        samples = {"ratio": ratio(found.sum(0))}
        if whole != variant:
            every = ratio(counted[whole].sum(0)[:networks])
            samples["shift"] = samples["ratio"] - (1 - f + f * every)
        if f < 1:
            samples["together"], samples["apart"] = ratio(found[0]) / f, ratio(found[1]) / (1 - f)
        row = {"n": FEATURES} | asdict(variant) | {"networks": networks}
        samples = {"mean": found.sum(0)} | samples
        for name in ("mean", "ratio", "shift", "together", "apart"):
            unknown = (np.nan, np.nan)
            row[name], row[f"{name}_error"] = (
                mean_and_error(samples[name]) if name in samples else unknown
            )
        rows.append(row)
    return rows


def variant_agreements(measured: pd.DataFrame) -> Iterable[Agreement]:
    """Minibatches against pairs; in wide networks, some pairs against the guess."""
    for row in measured[measured["shift"].notna()].itertuples():
        size = f"r = {row.strength:g}, n = {row.n}, m = {row.m}"
        if row.scheme == "minibatch":
            yield shift_agreement(
                "handicap_rate",
                f"K(p)/K(0) with minibatches of {row.batch:g}, values {row.values}, {size}, less "
                "that with all pairs",
                row,
                row.networks,
            )
        elif row.m == WIDE:
            yield ratio_agreement(
                "partial_suppression",
                f"K(p)/K(0) where a fraction {row.fraction:g} of the pairs co-occurs, {size}, "
                "against the guess for n << m",
                theory.partial_suppression(row.fraction, row.strength),
                row,
            )
