"""The settings of the authors' experiments, by name."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from .._types import Array
from .._validate import check_choice
from ..noise.law import Noise
from ..noise.model import SampledNoise
from ..training.adaptive import AdamW
from ..training.descent import SGD, Flow
from ..training.gradient import Model, OneHot
from ..training.initial import initial_weights
from ..training.solution import Solution
from ..training.train import train


@dataclass(frozen=True, kw_only=True)
class Preset:
    """All settings of a training experiment.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> from dataclasses import replace
    >>> small = replace(numerics.preset("collisions"), n=6, m=12, instances=1)
    >>> small.train(np.random.default_rng(0), steps=20).outcome.name
    'COMPLETED'

    Parameters
    ----------
    n, m, instances : int
        Features, neurons, networks.
    lam : float
        The paper's lambda, in flow units: a quarter of the authors' l1.
    optimizer : object
        The optimizer with its settings.
    scale : float or str
        Standard deviation of the initial weights, see :func:`initial_scale`.
    model : Model
        What is trained.
    source : str
        Where the values were read.

    Source
    ------
    Lecomte et al. 2023 and the authors' program.
    """

    n: int
    m: int
    instances: int
    lam: float
    optimizer: Any
    source: str
    scale: float | str = "paper"
    model: Model = field(default_factory=OneHot)

    def initial(self, rng: np.random.Generator) -> Array:
        """Initial weights, shape (networks, n, m)."""
        return initial_weights(self.n, self.m, rng, instances=self.instances, scale=self.scale)

    def train(self, rng: np.random.Generator, **options: Any) -> Solution:
        """Draw the initial weights and train; options as of :func:`train`."""
        options.setdefault("model", self.model)
        options.setdefault("optimizer", self.optimizer)
        return train(self.initial(rng), self.lam, rng=rng, **options)


PRESETS: dict[str, Preset] = {
    "collisions": Preset(
        n=256,
        m=1024,
        instances=16,
        lam=1e-3 / 4,
        optimizer=AdamW(),
        source="the authors' program, collisions (m runs from 256 to 4096)",
    ),
    "fourth-norm": Preset(
        n=8,
        m=16,
        instances=5,
        lam=0.0,
        optimizer=SGD(learning_rate=0.02, steps=100_000),
        model=SampledNoise(noise=Noise(sigma=0.15)),
        source="the authors' program, fourth norm (sigma is .07, .1 and .15)",
    ),
    "one-feature": Preset(
        n=1,
        m=100_000,
        instances=1,
        lam=1e-5,
        optimizer=Flow(step_size=0.5, max_time=3e5),
        scale="one-feature",
        source="the authors' script of feature benefit against regularisation",
    ),
}


def preset(name: str, **changes: Any) -> Preset:
    """One of the authors' experiments, with some of its values changed.

    >>> from polysem import numerics
    >>> numerics.preset("collisions", m=512).lam
    0.00025

    Parameters
    ----------
    name : str
        "collisions", "fourth-norm" or "one-feature".
    **changes
        Fields of :class:`Preset` to replace.

    Raises
    ------
    ValueError
        If the name is unknown.

    Source
    ------
    Lecomte et al. 2023 and the authors' program.
    """
    chosen = PRESETS[check_choice("preset", name, PRESETS)]
    for change in changes:
        check_choice("a change", change, [entry.name for entry in fields(Preset)])
    return replace(chosen, **changes)
