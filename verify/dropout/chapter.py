"""The report's chapter on dropout: it spreads rows, and ends polysemanticity at a threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ... import theory
from ..cache import Arrays, Task, run_tasks
from ..chapter import Chapter, half_interval, main_result, mean_line
from ..show.figures import Plot
from ..show.rounding import mean_and_error, number, with_error
from ..show.tables import Table, rows_table
from ..stats.agreement import Agreement
from .runs import LAM, RATIOS, STARTS, Spread, Trained, threshold

NETWORKS = {"quick": 100, "paper": 4000}
_STARTS = {"quick": 1000, "paper": STARTS}
_SHOWN = {"quick": (0.8, 1.06), "paper": RATIOS}
SPREAD = {
    "quick": (Spread(rate=0.3, networks=20),),
    "paper": (*(Spread(rate=rate, networks=100) for rate in (0.1, 0.2, 0.3, 0.5)),),
}


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the chapter on dropout at a scale."""
    plan = [
        Trained(ratio=ratio, networks=NETWORKS[scale], starts=_STARTS[scale])
        for ratio in _SHOWN[scale]
    ]
    tasks: list[Task] = [*plan, *SPREAD[scale]]
    results = run_tasks("dropout", tasks, entropy, progress=progress)
    trained = {task: results[task] for task in plan}
    spread = {task: results[task] for task in SPREAD[scale]}
    lines = (*agreements(trained), *_spread_agreements(spread))
    return Chapter(
        name="dropout",
        title="Dropout on the hidden layer: spread rows, and no price on a shared neuron",
        agreements=lines,
        main_results=main_result(
            lines,
            "dropout_spreads",
            "rate 0.3",
            "Dropout on the hidden layer is the opposite of l1: without l1 it spreads a feature "
            "over all neurons. The fourth norm of the weights of a feature alone, divided by that "
            "of equal weights, falls from 3 to nearly 1 (32 neurons, rate 0.3).",
        ),
        tables=(weights_table(trained), spread_table(spread)),
        figures=(count_figure(trained),),
        remarks=(
            "v is the variance of the mask over its squared mean, rate/(1 - rate). Below the "
            f"threshold v = {threshold(LAM):.4f} at lambda = {LAM:g}, l1 leaves one weight in each "
            "row. The law of the count is the exclusion law times R_2, the chance that two rows "
            "alone end as a pair under dropout over that without dropout. R_2 is found by the flow "
            "of two rows from random starts; nothing is fitted to networks.",
        ),
    )


def chance_ratio(found: Arrays) -> tuple[float, float]:
    """R_2: the chance that two rows alone end as a pair, over that without dropout; its error."""
    pairs, plain = found["pairs"], found["plain_pairs"]
    ratio = float(pairs.mean() / plain.mean())
    return ratio, mean_and_error(pairs - ratio * plain)[1] / float(plain.mean())


def agreements(trained: Mapping[Trained, Arrays]) -> list[Agreement]:
    """The count of each rate beside the exclusion law and the chance of two rows."""
    lines = []
    for task, found in trained.items():
        ratio, error = chance_ratio(found)
        expected = theory.dropout_neurons(task.n, task.m, ratio)
        where = (
            f"rate {task.rate:.3f}, n = {task.n}, m = {task.m}, lambda = {task.lam:g}, v over its "
            f"threshold {task.ratio:g}"
        )
        lines.append(
            mean_line(
                claim="dropout_neurons",
                quantity=f"mean number of polysemantic neurons under dropout: {where}",
                prediction=expected,
                samples=found["neurons"],
                margin=0.1,
                numerical_error=theory.dropout_neurons(task.n, task.m, 1.0)
                * half_interval(error, task.starts),
            )
        )
        if task.ratio <= 0.8:
            lines.append(
                mean_line(
                    claim="two_weights_noise",
                    quantity=f"fraction of features that end with one weight: {where}",
                    prediction=1.0,
                    samples=(found["weights"] == 1).mean(axis=-1),
                    margin=0.01,
                )
            )
    return lines


def _spread_agreements(spread: Mapping[Spread, Arrays]) -> list[Agreement]:
    return [
        mean_line(
            claim="dropout_spreads",
            quantity="m F/q^2 of lone rows after training with dropout and without l1 (1 for "
            f"weights of one size, 3 for random rows): rate {task.rate:g}, m = {task.m}",
            prediction=1.0,
            samples=found["alone"],
            margin=0.1,
        )
        for task, found in spread.items()
        if task.rate >= 0.3  # at lower rates the rows still spread at the end of the run
    ]


def weights_table(trained: Mapping[Trained, Arrays]) -> Table:
    """Numbers of weights, and of polysemantic neurons, against the rate."""
    rows = []
    for task, found in trained.items():
        noise = task.ratio * threshold(task.lam)
        ratio, _ = chance_ratio(found)
        rows.append(
            {
                "rate": f"{task.rate:.4f}",
                r"$v/v^*$": f"{task.ratio:g}",
                "one large weight": with_error(found["large"].astype(float)),
                "weights": with_error(found["weights"].mean(axis=-1)),
                "most": f"{max(theory.spread_count(noise, task.lam), 1):.2f}",
                "neurons": with_error(found["neurons"]),
                "$R_2$": number(*chance_ratio(found)),
                "law": f"{theory.dropout_neurons(task.n, task.m, ratio):.3f}",
            }
        )
    task = next(iter(trained))
    return rows_table(
        "dropout_counts",
        f"Dropout and l1, n = {task.n}, m = {task.m}, lambda = {task.lam:g}: fraction of lone rows "
        "with a weight of 0.8 or more; weights of a feature in networks; the largest number of "
        "equal weights that is stable (proved); polysemantic neurons by the authors' rule "
        "(measured); the chance that two rows alone end as a pair, over that without dropout, and "
        "the exclusion law times this ratio (heuristic). Mean(standard error) of "
        f"{task.rows} rows, {task.networks} networks and {task.starts} starts of two rows.",
        rows,
    )


def spread_table(spread: Mapping[Spread, Arrays]) -> Table:
    """Concentration of the rows under dropout without l1."""
    return rows_table(
        "dropout_spread",
        "m F/q^2 after training with dropout and without l1: 1 for weights of one size, 3 for "
        "random rows, m for one weight (measured).",
        [
            {
                "rate": f"{task.rate:g}",
                "start": with_error(found["start"]),
                "networks": with_error(found["end"]),
                "lone rows": with_error(found["alone"]),
            }
            for task, found in spread.items()
        ],
    )


def count_figure(trained: Mapping[Trained, Arrays]) -> Plot:
    """Polysemantic neurons against the variance of the mask."""
    rows = []
    for task, found in trained.items():
        expected = theory.dropout_neurons(task.n, task.m, chance_ratio(found)[0])
        rows.append((task.ratio, *mean_and_error(found["neurons"]), expected))
    data = pd.DataFrame(rows, columns=["ratio", "neurons", "error", "law"])

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axis = figure.subplots()
        axis.errorbar(data.ratio, data.neurons, data.error, fmt="C0o", label="networks")
        axis.plot(data.ratio, data.law, "k_", markersize=12, label="two rows alone")
        axis.axvline(1.0, color="C1", linewidth=0.8, label="threshold")
        axis.set(
            xlabel="variance of the mask over its threshold, $v/v^*$",
            ylabel="polysemantic neurons",
            ylim=(0, None),
        )
        axis.legend()

    return Plot(
        name="dropout_counts",
        caption=f"Polysemantic neurons against the variance v of the mask of dropout, lambda = "
        f"{LAM:g}, n = 8, m = 32 (measured, standard errors), beside the exclusion law times the "
        "chance of two rows alone to end as a pair, over that without dropout (heuristic). Line: "
        "the variance v* at which two equal weights become stable (proved).",
        data=data,
        draw=draw,
        title="Above a small rate of dropout there are fewer polysemantic neurons.",
    )
