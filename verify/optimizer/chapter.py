"""The report's chapter on the optimizer: AdamW's excess, what removes it, and the baselines."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ... import numerics
from ...numerics._types import Array
from ..cache import run_tasks
from ..chapter import Chapter, estimate_line, main_result, mean_line
from ..published import recorded_on
from ..stats.agreement import Agreement
from ..stats.budget import REPORT_ALPHA
from . import plots
from .experiments import Baseline, Forced
from .interventions import ADAMW, TABLE, WITHOUT_MEMORY, Intervention, interventions
from .pairs import PairCount, pair_counts, pair_grid

_BASELINES = tuple(
    Baseline(n=8, m=64, networks=64, optimizer=name) for name in ("flow", "sgd", "adamw")
)
_FORCED = {(12, 8): 400, (24, 16): 100, (30, 16): 60}
"""Networks at each n and m at quick scale."""
_TIMES = {"quick": 1, "paper": 5}
_EXCESS = (5, 40)  # times chance: the range of the claim


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the chapter on the optimizer at a scale."""
    forced = tuple(
        Forced(n=n, m=m, lam=0.02, networks=_TIMES[scale] * networks, optimizer=name)
        for (n, m), networks in _FORCED.items()
        for name in ("flow", "adamw")
    )
    results = run_tasks("optimizer", [*_BASELINES, *forced], entropy, progress=progress)
    agreements = (
        _against_chance(),
        _excess(),
        _without_memory(),
        _reduced_model(),
        *(_spread(task, results[task]["fourth_norm"]) for task in _BASELINES),
        *(_forced(task, results[task]["neurons"]) for task in forced),
    )
    return Chapter(
        name="optimizer",
        title="The optimizer: polysemantic neurons that AdamW adds",
        agreements=agreements,
        main_results=main_result(
            agreements,
            "expected_neurons_exclusion",
            "AdamW",
            "With l1, AdamW is a third cause: in very wide networks it makes many times more "
            "polysemantic neurons than chance (16 features, 1024 neurons, lambda = 0.016, a "
            "recorded measurement; the figure shows 64 features). In narrower networks it leaves "
            "fewer than chance.",
            figure="adam_notebook",
            compared="Chance",
            rival=True,
        ),
        tables=(
            plots.interventions_table(),
            plots.pairs_table(),
            plots.notebook_table(),
        ),
        figures=(plots.notebook_figure(),),
        rivals=frozenset({"expected_neurons_exclusion"}),
        remarks=tuple(_remarks()),
    )


def _pooled(found: Iterable[Intervention]) -> tuple[int, int, float]:
    """Polysemantic neurons, networks, and the mean by chance of one network, of several rows."""
    rows = list(found)
    return sum(r.neurons for r in rows), sum(r.networks for r in rows), rows[0].chance


def _against_chance() -> Agreement:
    neurons, networks, chance = _pooled(one for one in interventions() if one.variant == ADAMW)
    return Agreement.of_poisson(
        claim="expected_neurons_exclusion",
        quantity="polysemantic neurons of a network, AdamW, n = 16, m = 1024, lambda = 0.016, "
        f"against chance (recorded {recorded_on(TABLE)})",
        count=neurons,
        runs=networks,
        prediction=chance,
        margin=0.1,
        alpha=REPORT_ALPHA,
    )


def _excess() -> Agreement:
    low, high = _EXCESS
    neurons, networks, chance = _pooled(one for one in interventions() if one.variant == ADAMW)
    return Agreement.of_poisson(
        claim="adam_excess",
        quantity="polysemantic neurons of a network, AdamW, n = 16, m = 1024, lambda = 0.016, "
        f"against {low} to {high} times chance (recorded {recorded_on(TABLE)})",
        count=neurons,
        runs=networks,
        prediction=chance * (low + high) / 2,
        margin=(high - low) / (high + low),
        alpha=REPORT_ALPHA,
    )


def _without_memory() -> Agreement:
    neurons, networks, chance = _pooled(
        one for one in interventions() if one.variant in WITHOUT_MEMORY
    )
    return Agreement.of_poisson(
        claim="adam_without_memory",
        quantity="polysemantic neurons of a network, without a long memory of each weight, n = 16, "
        f"m = 1024, lambda = 0.016, against chance (recorded {recorded_on(TABLE)})",
        count=neurons,
        runs=networks,
        prediction=chance,
        margin=1.0,
        alpha=REPORT_ALPHA,
    )


def _exceeding() -> list[PairCount]:
    """Settings above twice chance; of one in both tables the row of `pair_counts`."""
    found = {one.setting: one for one in (*pair_grid(), *pair_counts())}
    return [one for one in found.values() if one.exceeds]


def _reduced_model() -> Agreement:
    """The mean ratio of the reduced model to trained pairs, weighted by its errors."""
    rows = _exceeding()
    ratio = np.array([1 + one.deviation for one in rows])
    weight = 1 / np.array([one.deviation_error / (1 + one.deviation) for one in rows]) ** 2
    mean = float(np.exp((weight * np.log(ratio)).sum() / weight.sum()))
    return estimate_line(
        claim="adam_reduced_model",
        quantity=f"p2 of the reduced model over that of trained pairs, mean of {len(rows)} "
        "settings above twice chance",
        prediction=1.0,
        estimate=mean,
        error=mean / math.sqrt(weight.sum()),
        samples=sum(one.pairs for one in rows),
        margin=0.25,
        assumption="independent settings with normal errors",
    )


def _spread(task: Baseline, fourth_norm: Array) -> Agreement:
    claimed = task.optimizer != "adamw"
    return mean_line(
        claim="rows_without_l1" if claimed else "rows_without_l1_under_adamw",
        quantity=f"fourth norm of a row over q^2, lambda = 0, {task.optimizer}, n = {task.n}, "
        f"m = {task.m}, isotropic rows",
        prediction=3 / (task.m + 2),
        samples=fourth_norm,
        margin=0.05,
    )


def _forced(task: Forced, neurons: Array) -> Agreement:
    return mean_line(
        claim="forced_sharing",
        quantity=f"polysemantic neurons, {task.optimizer}, n = {task.n}, m = {task.m}, lambda = "
        f"{task.lam:g}, exclusion law; at least {task.n - task.m}",
        prediction=numerics.ExclusionLaw(task.n, task.m).mean(),
        samples=neurons,
        margin=0.05,
    )


def _remarks() -> Iterable[str]:
    yield (
        "Adam divides each gradient by the root mean square of its past, the second moment. With a "
        "long memory all large weights of a feature grow at nearly one speed, and small forces "
        "from other features decide which of them stays. The support is the force that makes "
        "weights of opposite sign on one neuron grow. The variant named row mean has one second "
        "moment for all weights of a feature. p2 is the probability that two given features end on "
        "one neuron; the reduced model predicts it from two features alone."
    )
    rows = _exceeding()
    inside = sum(abs(one.deviation) <= 0.25 for one in rows)
    worst = max(rows, key=lambda one: abs(one.deviation))
    yield (
        f"In {inside} of {len(rows)} settings above twice chance the reduced model lies within "
        "25 % of trained pairs; the largest deviation is "
        f"{100 * worst.deviation:+.0f} % with a standard error of "
        f"{100 * worst.deviation_error:.0f} points."
    )
