"""Training of a variant, as its checks do it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ... import numerics
from ...numerics._types import Array
from ...theory.proof.symbols import entry
from ...theory.variants.penalty import Penalty
from ...theory.variants.variant import Variant
from ..stats.agreement import Agreement

ALPHA = 0.01
"""The probability that the interval of a random quantity misses the true value."""
ROW_MARGIN, COUNT_MARGIN = 0.02, 0.05


@dataclass(frozen=True, kw_only=True, repr=False)
class Compared(Agreement):
    """An agreement with the setting of its measurement, and the error of the measured value.

    Parameters
    ----------
    where : str
        The setting, in a line.
    error : float
        The standard error of a random quantity, else the bound on the numerical error.
    """

    where: str = ""
    error: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Setting:
    """A variant with the sizes and the l2 weight of its checks."""

    variant: Variant
    n: int
    m: int
    l2: float
    rows: int
    wide: int
    networks: int
    entropy: int

    @property
    def penalty(self) -> Penalty:
        """The penalty of the variant."""
        return Penalty.named(self.variant.penalty)

    def rng(self, check: int) -> np.random.Generator:
        """The generator of one check."""
        return np.random.default_rng([self.entropy, check])

    def value(self, name: str, **given: Any) -> float:
        """A formula of the variant; arguments that it does not take are left out."""
        formula = self.variant[name]
        given = {"l2": self.l2} | given
        taken = {entry(letter).argument for letter in formula.arguments}
        return float(formula(**{key: value for key, value in given.items() if key in taken}))

    def start(self, n: int, m: int, rng: np.random.Generator, networks: int) -> Array:
        """Initial weights of the variant."""
        return numerics.variant_weights(self.variant.initial, n, m, rng, instances=networks)

    def train(self, start: Array, lam: float, max_time: float, **options: Any) -> Any:
        """The flow of the variant, until rest or a time."""
        penalty = self.penalty
        steps = {key: options.pop(key) for key in ("step_size",) if key in options}
        return numerics.train(
            start,
            lam if penalty.power is not None else 0.0,
            optimizer=numerics.PowerFlow(
                power=float(penalty.power or 1), max_time=max_time, **steps
            ),
            model=numerics.OneHot(relu=self.variant.benefit == "relu"),
            l2=self.l2 if penalty.squared else 0.0,
            **options,
        )

    def where(self, lam: float | None = None, **given: float) -> str:
        """The setting of a measurement in a line, with the l2 weight where there is one."""
        first = {} if lam is None else {"lambda": lam}
        last = {"l2": self.l2} if self.penalty.squared else {}
        return ", ".join(
            f"{name.replace('_', ' ')} = "
            + (f"{value:.4g}" if isinstance(value, float) else f"{value}")
            for name, value in (first | given | last).items()
        )

    def exact(
        self, name: str, prediction: float, estimate: float, error: float, where: str
    ) -> Compared:
        """A number of a row, which is not random."""
        found = Compared.of_value(
            claim=name,
            quantity=name,
            prediction=prediction,
            estimate=estimate,
            numerical_error=error,
            margin=ROW_MARGIN,
        )
        return replace(found, where=where, error=error)

    def mean(
        self, name: str, prediction: float, samples: Any, margin: float, where: str
    ) -> Compared:
        """The mean of a random quantity."""
        found = Compared.of_mean(
            claim=name.split(" ")[0],
            quantity=name,
            prediction=prediction,
            samples=samples,
            bounds=None,
            alpha=ALPHA,
            margin=margin,
        )
        _, error = mean_and_error(samples)
        return replace(found, where=where, error=error)


def mean_and_error(samples: Array) -> tuple[float, float]:
    """The mean of some samples, and its standard error."""
    return float(samples.mean()), float(samples.std(ddof=1) / np.sqrt(samples.size))
