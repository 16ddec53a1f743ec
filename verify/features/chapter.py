"""The report's chapter on unequal features: who lives, who shares a neuron, who is expelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ... import numerics
from ...numerics._types import Array
from ..cache import Arrays, Task, run_tasks
from ..chapter import Chapter, estimate_line, half_interval, mean_line
from ..published import data_rows, recorded_on
from ..show.figures import Plot
from ..show.rounding import mean_and_error, number, rounded
from ..show.tables import Table, rows_table
from ..stats.agreement import Agreement
from ..stats.budget import REPORT_ALPHA
from .runs import CHUNK, Case, Planted, reliability, together

CASES = {"zipf": Case(kind="zipf", lam=0.03), "pairs": Case(kind="pairs")}
CHUNKS = {"zipf": 140, "pairs": 70}
_WORDS = {
    "zipf": "frequencies by Zipf's law",
    "pairs": "24 pairs that co-occur, of 66",
}
TABLE = "unequal_counts.csv"
_BINS = 6
_STRENGTH = 0.25
PLANTED = {
    scale: tuple(
        Planted(
            importance=importance, frequencies=frequencies, strength=_STRENGTH, networks=networks
        )
        for importance, frequencies in (
            ((1.0, 1.0), (1.0, 1.0)),
            ((1.6, 0.4), (1.0, 1.0)),
            ((1.0, 0.2), (1.0, 1.0)),
            ((1.0, 1.0), (1.0, 0.4)),
        )
    )
    for scale, networks in (("quick", 200), ("paper", 10_000))
}
_SAMPLES = 20_000  # of the race of two features


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the chapter on unequal features at a scale."""
    tasks = [
        replace(case, chunk=chunk)
        for name, case in CASES.items()
        for chunk in range(CHUNKS[name] if scale == "paper" else 0)
    ]
    every: list[Task] = [*tasks, *PLANTED[scale]]
    results = run_tasks("features", every, entropy, progress=progress)
    if scale == "paper":
        networks = {name: CHUNK * chunks for name, chunks in CHUNKS.items()}
        counted = {
            name: together(results[task] for task in tasks if task.kind == case.kind)
            for name, case in CASES.items()
        }
    else:
        networks, counted = recorded()
    source = f", recorded on {recorded_on(TABLE)}" if scale == "quick" else ""
    return Chapter(
        name="features",
        title="Features of unequal importance, frequency and co-occurrence",
        agreements=(
            *agreements(counted, networks, source),
            *planted_agreements({task: results[task] for task in PLANTED[scale]}),
            _expelled(),
        ),
        tables=(survival_table(counted["zipf"], networks["zipf"]),),
        figures=(reliability_figure(counted, networks),),
        remarks=(
            "The reliability slope is that of a straight line through the measured frequencies "
            "over the predicted probabilities; 1 is perfect. A feature shares a neuron where its "
            "largest weight stands beside the largest weight of another feature with the other "
            "sign, of any size.",
        ),
    )


def recorded() -> tuple[dict[str, int], dict[str, dict[str, Array]]]:
    """The networks of each case in the shipped table, and what was counted in them.

    >>> from polysem.verify.features.chapter import recorded
    >>> networks, counted = recorded()
    >>> sorted(networks), counted["zipf"]["shared"].shape
    (['pairs', 'zipf'], (12, 12))
    """
    networks, counted = {}, {}
    for row in data_rows(TABLE):
        alive, above, neurons = (
            np.array(row[name].split(), dtype=np.int64) for name in ("alive", "shared", "neurons")
        )
        shared = np.zeros((len(alive), len(alive)), dtype=np.int64)
        shared[np.triu_indices(len(alive), 1)] = above
        networks[row["case"]] = int(row["networks"])
        counted[row["case"]] = {"alive": alive, "shared": shared + shared.T, "neurons": neurons}
    return networks, counted


def agreements(
    counted: Mapping[str, Mapping[str, Array]], networks: Mapping[str, int], source: str = ""
) -> list[Agreement]:
    """Survival, collisions and counts of the cases against their predictions."""
    found = []
    for name, case in CASES.items():
        mine, total = counted[name], networks[name]
        upper = np.triu_indices(case.n, 1)
        expected = case.expected
        where = f"{_WORDS[name]}, n = {case.n}, m = {case.m}, lambda = {case.lam:g}{source}"
        if name == "zipf":
            slope, error, _ = reliability(expected.survival, mine["alive"], total)
            found.append(
                _line("unequal_rest", f"survival of each feature, {where}", slope, error, total)
            )
        slope, error, _ = reliability(expected.collision[upper], mine["shared"][upper], total)
        label = "unequal_collision_probability"
        found.append(_line(label, f"collisions of each pair, {where}", slope, error, total))
        sum_, squares = map(float, mine["neurons"])
        mean = sum_ / total
        found.append(
            estimate_line(
                claim=label,
                quantity=f"mean number of neurons that two features share, {where}",
                prediction=expected.expected_neurons,
                estimate=mean,
                error=((squares / total - mean**2) / total) ** 0.5,
                samples=total,
                margin=0.05,
            )
        )
    return found


def _line(claim: str, what: str, slope: float, error: float, networks: int) -> Agreement:
    return estimate_line(
        claim=claim,
        quantity=f"reliability slope: {what}",
        prediction=1.0,
        estimate=slope,
        error=error,
        samples=networks,
        margin=0.05,
    )


def planted_agreements(found: Mapping[Planted, Arrays]) -> list[Agreement]:
    """Collisions of two features that last, beside the race of two equal features."""
    lines = []
    for task, arrays in found.items():
        rng = np.random.default_rng(0)
        race = numerics.collision_survives(task.strength, _SAMPLES, rng, m=task.m)
        law, error = mean_and_error(race)
        lines.append(
            Agreement.of_proportion(
                claim="unequal_strength",
                quantity=f"fraction of the collisions of two features that last, {task.words}, "
                f"strength {task.strength:g}, m = {task.m}, lambda = {task.lam:g}, beside the "
                "race of two equal features of this strength",
                prediction=law,
                successes=int(arrays["lasts"].sum()),
                trials=task.networks,
                margin=0.1,
                alpha=REPORT_ALPHA,
                numerical_error=half_interval(error, _SAMPLES),
            )
        )
    return lines


def _expelled() -> Agreement:
    """Two features with the same sign on the only neuron: the rarer one is expelled."""
    rng = np.random.default_rng(0)
    start = rng.uniform(0.3, 0.7, size=(200, 2, 1))
    model = numerics.UnequalFeatures(frequencies=[1.0, 0.7])
    weights = numerics.train(start, 0.01, model=model).weights[..., 0]
    return mean_line(
        claim="intruder_rate",
        quantity="fraction of networks in which the more frequent of two features of the same "
        "sign on one neuron expels the other, p = 1 and 0.7, 200 starts",
        prediction=1.0,
        samples=((weights[:, 0] > 0) & (weights[:, 1] == 0)).astype(float),
        margin=0.05,
    )


def survival_table(found: Mapping[str, Array], networks: int) -> Table:
    """Each feature of the Zipf case: prediction and measurement."""
    case = CASES["zipf"]
    expected = case.expected
    rows: list[dict[str, Any]] = []
    for i, (own, law, alive) in enumerate(
        zip(expected.own_weight, expected.survival, found["alive"], strict=True)
    ):
        share = float(alive) / networks
        error = (share * (1 - share) / networks) ** 0.5
        rows.append(
            {
                "feature": str(i + 1),
                "$d_i$": f"{own:.3f}",
                r"$\lambda/d_i$": f"{case.lam / own:.3f}",
                "predicted": rounded(law, 3),
                "measured": number(share, error) if error else rounded(share),
            }
        )
    return rows_table(
        "features_survival",
        f"Fraction of networks in which a feature lives, frequencies 1/i, n = {case.n}, m = "
        f"{case.m}, lambda = {case.lam:g}: the one-curve law of a lone row at lambda/d_i, and "
        f"{networks} networks trained by the flow (measured, standard errors).",
        rows,
    )


def reliability_figure(
    counted: Mapping[str, Mapping[str, Array]], networks: Mapping[str, int]
) -> Plot:
    """Measured over predicted: survival of features, and collisions in groups of pairs."""
    frames = []
    for name, case in CASES.items():
        expected, upper = case.expected, np.triu_indices(case.n, 1)
        top = 1 / (2 * case.m - 1)
        law, seen = expected.collision[upper], counted[name]["shared"][upper]
        order = np.argsort(law)
        for group in np.array_split(order, _BINS):
            trials = networks[name] * len(group) * top
            total = float(seen[group].sum())
            frames.append((name, law[group].mean() / top, total / trials, total**0.5 / trials))
        if name == "zipf":
            alive = counted[name]["alive"] / networks[name]
            spread = np.sqrt(alive * (1 - alive) / networks[name])
            frames += [
                ("survival", *row) for row in zip(expected.survival, alive, spread, strict=True)
            ]
    data = pd.DataFrame(frames, columns=["kind", "predicted", "measured", "error"])

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axis = figure.subplots()
        axis.plot([0, 1], [0, 1], "k", linewidth=0.8)
        labels = {
            "survival": "survival, Zipf",
            "zipf": "collisions, Zipf",
            "pairs": "collisions, $p_{ij}$",
        }
        for place, (kind, label) in enumerate(labels.items()):
            mine = data[data.kind == kind]
            axis.errorbar(mine.predicted, mine.measured, mine.error, fmt=f"C{place}o", label=label)
        axis.set(xlabel="predicted", ylabel="measured")
        axis.legend()

    return Plot(
        name="features_reliability",
        caption="Measured frequencies over predicted probabilities (n = 12, m = 128; measured, "
        "standard errors). Survival: each feature of the Zipf case. Collisions: pairs of features "
        "in six groups of increasing prediction, in units of the probability 1/(2 m - 1) of two "
        "equal features; the prediction is heuristic. Line: perfect calibration.",
        data=data,
        draw=draw,
        title="Survival and collisions of unequal features beside their predictions.",
    )
