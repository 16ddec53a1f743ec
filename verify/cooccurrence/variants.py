"""Other data of the same strength r: sampled minibatches, uniform values, some pairs only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ... import numerics
from ...numerics._types import Array, IntArray
from ...numerics.cooccurrence.pairs import SECOND_MOMENT, Values
from ..cache import run_tasks
from .runs import BLOCK, joined, start, train_listed, train_pairs

FEATURES = 32
NARROW, WIDE = 64, 256  # neurons
LAM = 0.01  # over the weight of a feature
_ENDS = 7.0  # lambda t over that weight at which sampled training ends
_STEP = 0.2  # its step times that weight
BATCH = 4096


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What networks are trained on, at strength r = (weight of both) E u^2 / lambda.

    Independent features of probability p have the weight p E u^2 each, and two of them p^2; so
    lambda = LAM p E u^2 and p = r LAM make the strength r and keep lambda over the weight of a
    feature at LAM. With pairs of weight r LAM that weight is 1 + r LAM (n - 1).

    With "pairs" the inputs are all those with one or two features, of which ``fraction`` of the
    pairs, drawn for each block of networks, co-occur; with "minibatch" features are independent,
    and each step samples ``batch`` inputs.

    >>> from polysem.verify.cooccurrence.variants import Variant
    >>> Variant(scheme="minibatch", strength=0.5).activation_probability
    0.005
    """

    scheme: Literal["pairs", "minibatch"]
    strength: float
    m: int = NARROW
    values: Values = "binary"
    fraction: float = 1.0
    batch: int = BATCH

    @property
    def activation_probability(self) -> float:
        return self.strength * LAM

    def train(self, initial: Array, rng: np.random.Generator) -> tuple[Array, Array]:
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

    def _train_sampled(self, initial: Array, rng: np.random.Generator) -> Array:
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
) -> dict[Variant, IntArray]:
    """Polysemantic neurons of each network: with features that co-occur, and without.

    Shape (2, networks), with the number of networks that is given for each variant. Variants of
    one width start from the same weights.
    """
    tasks = [
        VariantBlock(variant=variant, block=block)
        for variant, networks in variants.items()
        for block in range(-(-networks // BLOCK))
    ]
    found = run_tasks("variants", tasks, entropy, progress=progress)
    return {
        variant: joined([found[task] for task in tasks if task.variant == variant], networks)[
            "neurons"
        ]
        for variant, networks in variants.items()
    }


@dataclass(frozen=True, kw_only=True)
class VariantBlock:
    """One block of networks trained on a variant of the data."""

    variant: Variant
    block: int

    def run(self, entropy: int) -> dict[str, Array]:
        """Polysemantic neurons with features that co-occur, and without."""
        initial = start(FEATURES, self.variant.m, self.block, entropy)
        # blocks differ in their data, variants need not
        seed = np.random.SeedSequence(entropy, spawn_key=(88, self.block))
        final, together = self.variant.train(initial, np.random.default_rng(seed))
        return {"neurons": _split_counts(final, together)}


def _split_counts(weights: Array, together: Array) -> IntArray:
    """Polysemantic neurons on which two features co-occur, and the others."""
    sits = numerics.features_on_neurons(weights, "authors").astype(int)
    meet = np.einsum("bik,ij,bjk->bk", sits, together.astype(int), sits) > 0
    polysemantic = sits.sum(axis=-2) >= 2
    return np.stack([(polysemantic & meet).sum(-1), (polysemantic & ~meet).sum(-1)])
