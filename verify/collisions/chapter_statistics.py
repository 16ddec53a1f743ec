"""The report's chapter on statistics: checks with their power, and the measured counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ...numerics import Cell, TiltedLaw
from ...numerics.collisions.trained_count import settings
from ...theory.proof.prose import in_latex
from ...theory.proof.record import Record
from ..cache import cached, run_jobs
from ..chapter import Chapter, estimate_line, half_interval, main_result, mean_line
from ..checks import checks, checks_budget
from ..measured import MeasuredCount, apart, measured_counts
from ..published import recorded_on
from ..recorded import agreements, sentence_of
from ..show.figures import Plot, plain_ticks
from ..show.rounding import number
from ..show.tables import Table, rows_table
from ..stats.agreement import Agreement
from ..stats.budget import ALPHA
from ..stats.check import Check, CheckResult, Samples
from . import omega_laws
from .count_plot import count_plot
from .counting import Counts, count

TABLE = "measured_counts.csv"
LAW_MARGIN = 0.1
TILTED_MARGIN = {"flow": 0.05, "adamw": 0.1}
"""The largest relative deviation of the variance; AdamW was measured in fewer networks."""
REPEAT_MARGIN = 0.2
FEATURES = 64
NEURONS = (64, 128, 256, 512, 1024)

# Settings that quick scale measures again, and numbers of networks. A sample of AdamW that decides
# takes too long there; the measured table shows it with its date.
REPEATED: tuple[tuple[Cell, int], ...] = (
    (Cell(n=64, m=64, lam=0.01), 60),
    (Cell(n=64, m=128, lam=0.03), 150),
    (Cell(n=32, m=32, lam=0.0, optimizer="quasistatic"), 60),
)

# Checks whose networks take a minute and more of CPU time: the quick scale quotes the record.
RECORDED = (
    "exclusion_mean_in_training_m128",
    "paper_count_in_training",
    "dispersion_in_training",
    "paper_count_in_the_limit",
    "exclusion_mean_in_the_limit",
    "retained_fraction_in_the_limit",
)


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the statistics chapter at a scale; "paper" measures the whole table again."""
    table = measured_counts()
    quick = [name for name, check in checks().items() if not check.nightly and name not in RECORDED]
    names = list(checks()) if scale == "paper" else quick
    cells = REPEATED if scale == "quick" else tuple((e.cell, e.runs) for e in table)
    groups = _sharing(names)
    jobs: list[tuple[Sequence[str] | Cell, int, int]] = [(group, 0, entropy) for group in groups]
    jobs += [(cell, runs, apart(entropy)) for cell, runs in cells]
    found = run_jobs(_measured, jobs, title="statistics", progress=progress)
    of_check = {result.check.name: result for part in found[: len(groups)] for result in part}
    results, repeated = [of_check[name] for name in names], found[len(groups) :]
    against_law = [_against_law(entry) for entry in table if not _dying(entry)]
    agreements = (
        *(result.agreement for result in results),
        *against_law,
        *_tilted(),
        *omega_laws.agreements(),
        *(a for counts in repeated for a in _repeat(counts)),
    )
    return Chapter(
        name="statistics",
        title="Statistics: checks, their power, and the measured counts",
        agreements=agreements,
        main_results=main_result(
            agreements,
            "winner_in_network",
            "n = 64, m = 64",
            "A feature alone ends on its largest initial weight. In a network others push some "
            "features off it (64 features, 64 neurons, lambda = 0.1; the fraction that stays).",
            compared="Other networks with these settings",
        ),
        rivals=frozenset({"expected_neurons_exclusion"}),
        tables=(
            _checks_table(results),
            _wrong_table(results),
            _ratio_table(table),
            _retained_table(table),
            _limit_table(table),
        ),
        figures=(count_plot(), _figure(table)),
        remarks=(*_remarks(results, table), *(_from_record() if scale == "quick" else ())),
    )


def _tilted() -> list[Agreement]:
    """The variance of the count over that of the tilted law with the same mean, by optimizer.

    Settings are weighted by the precision of their variance, whose squared relative error is
    (2 + 1/variance)/networks. A mean below 1 tells little of the form, so it is left out.
    """
    lines = []
    for optimizer, words in (("flow", "the flow and its limit"), ("adamw", "AdamW")):
        chosen = [s for s in settings(optimizer) if s.n < s.m and s.mean >= 1 and s.networks > 1]
        laws = [TiltedLaw(s.n, s.m, math.exp(s.log_tilt[0])) for s in chosen]
        variances = np.array([law.var() for law in laws])
        networks = np.array([s.networks for s in chosen])
        found = np.array([s.networks * s.mean_error**2 for s in chosen]) / variances
        precision = networks / (2 + 1 / variances)
        lines.append(
            estimate_line(
                claim="tilted_law_in_training",
                quantity=f"variance of the count over the tilted law's, {words}, "
                f"{len(chosen)} settings with n < m",
                prediction=1.0,
                estimate=float(np.average(found, weights=precision)),
                error=float(1 / np.sqrt(precision.sum())),
                samples=int(networks.sum()),
                margin=TILTED_MARGIN[optimizer],
            )
        )
    return lines


def _from_record() -> tuple[str, ...]:
    """What the record says of the checks that the quick scale does not run."""
    found = Record.load().checks
    groups = dict.fromkeys(checks()[name].group for name in RECORDED if name in checks())
    quoted = [sentence_of(agreements(found[group])) for group in groups if group in found]
    return (
        f"Not run at quick scale: {', '.join(RECORDED)}. The counts that were recorded "
        f"on {recorded_on(TABLE)} are compared with the exclusion law above.",
        *(f"The record of the checks says: {sentence}" for sentence in quoted),
    )


def _sharing(names: Sequence[str]) -> list[list[str]]:
    """The checks in groups that draw the same networks: one process then draws them once."""
    groups: dict[Any, list[str]] = {}
    for name in names:
        groups.setdefault(getattr(checks()[name].draw, "args", name), []).append(name)
    return list(groups.values())


def _measured(what: Sequence[str] | Cell, runs: int, entropy: int) -> list[CheckResult] | Counts:
    """Checks by their names, or the counts of a cell."""
    if isinstance(what, Cell):
        return count(what, runs=runs, entropy=entropy)
    return [_kept(checks()[name]).run(entropy) for name in what]


def _kept(check: Check) -> Check:
    """The check with all its experiments in the cache."""
    wrong = (
        replace(each, draw=partial(_drawn, check.name, each.name, each.draw)) if each.draw else each
        for each in check.wrong
    )
    return replace(check, draw=partial(_drawn, check.name, "", check.draw), wrong=tuple(wrong))


def _drawn(check: str, wrong: str, draw: Callable[[int], Samples], entropy: int) -> Samples:
    about = {"check": check, "wrong": wrong, "entropy": entropy}
    return cached("check", about, lambda: {"drawn": draw(entropy)})["drawn"]


def _dying(entry: MeasuredCount) -> bool:
    return entry.dead > entry.n / 10


def _words(entry: MeasuredCount | Cell) -> str:
    if entry.optimizer == "quasistatic":
        return "the limit lambda -> 0"
    if entry.optimizer == "adamw":
        return f"AdamW as the authors use it, lambda = {entry.lam:g}"
    return f"the flow, lambda = {entry.lam:g}"


def _against_law(entry: MeasuredCount) -> Agreement:
    """A measured mean against the exclusion law, the error of the step beside the statistical."""
    return estimate_line(
        claim="expected_neurons_exclusion",
        quantity=f"polysemantic neurons in the table recorded on {recorded_on(TABLE)}, "
        f"n = {entry.n}, m = {entry.m}, {_words(entry)}",
        prediction=entry.expected,
        estimate=entry.neurons,
        error=entry.neurons_error,
        samples=entry.runs,
        margin=LAW_MARGIN,
        numerical_error=entry.step_bound,
    )


def _repeat(counts: Counts) -> list[Agreement]:
    """Counts and retained winners measured again, against the table; its error is added."""
    cell = counts.cell
    entry = next(e for e in measured_counts() if e.cell == cell)
    return [
        mean_line(
            claim="measured-table",
            quantity=f"{words} measured again, n = {cell.n}, m = {cell.m}, {_words(cell)}",
            prediction=getattr(entry, name),
            samples=getattr(counts, name),
            margin=REPEAT_MARGIN,
            numerical_error=half_interval(getattr(entry, f"{name}_error"), entry.runs),
        )
        for name, words in (("neurons", "polysemantic neurons"), ("retained", "retained winners"))
    ]


def _interval(agreement: Agreement) -> dict[str, str]:
    """The interval of measured over predicted, as two cells."""
    low, high = agreement.ratio_interval or (math.nan, math.nan)
    return {"ratio from": f"{low:.3f}", "to": f"{high:.3f}"}


def _checks_table(results: Sequence[CheckResult]) -> Table:
    rows = [
        {
            "check": result.check.name,
            "predicted": f"{result.agreement.prediction:.4g}",
            "measured": f"{result.agreement.estimate:.4g}",
            **_interval(result.agreement),
            "verdict": result.verdict,
            "detects (%)": f"{100 * result.agreement.smallest_detectable:.1f}",
            "samples": str(result.agreement.samples),
        }
        for result in results
    ]
    return rows_table(
        "statistics_checks",
        "Stochastic claims against their experiments: the interval of measured over "
        f"predicted at alpha = {ALPHA:g} a check, the verdict, and the "
        "smallest deviation beyond the margin that the check detects with probability 0.99.",
        rows,
    )


def _wrong_table(results: Sequence[CheckResult]) -> Table:
    rows = [
        {
            "check": result.check.name,
            "wrong": name,
            **_interval(agreement),
            "rejected": "yes" if agreement.verdict == "departs" else "NO",
        }
        for result in results
        for name, agreement in result.wrong.items()
    ]
    return rows_table(
        "statistics_wrong",
        "Wrong formulas and wrong experiments, which each check must reject with the "
        "sample it has: the interval of measured over predicted.",
        rows,
    )


def _grid(table: Sequence[MeasuredCount], cell: Any) -> pd.DataFrame:
    """One row a setting, one column a number of neurons, at n = 64."""
    by_size = {(e.optimizer, e.lam, e.m): e for e in table if e.n == FEATURES}
    rows = []
    for optimizer, lam in dict.fromkeys((optimizer, lam) for optimizer, lam, _ in by_size):
        entries = [by_size.get((optimizer, lam, m)) for m in NEURONS]
        first = next(entry for entry in entries if entry is not None)
        rows.append(_row(_words(first), entries, cell))
        if cell is _ratio_cell and any(e and not math.isnan(e.step_shift) for e in entries):
            rows.append(_row("change under a finer step", entries, _shift_cell))
    return pd.DataFrame(rows)


def _row(training: str, entries: Sequence[MeasuredCount | None], cell: Any) -> dict[str, str]:
    cells = ["--" if entry is None else cell(entry) for entry in entries]
    return {"training": training} | {
        f"$m={m}$": text for m, text in zip(NEURONS, cells, strict=True)
    }


def _shift_cell(entry: MeasuredCount) -> str:
    if math.isnan(entry.step_shift) or _dying(entry):
        return "--"
    return number(entry.step_shift / entry.expected, entry.step_error / entry.expected)


def _ratio_cell(entry: MeasuredCount) -> str:
    return "rows die" if _dying(entry) else number(entry.ratio, entry.ratio_error)


def _retained_cell(entry: MeasuredCount) -> str:
    return "rows die" if _dying(entry) else number(entry.retained, entry.retained_error)


def _ratio_table(table: Sequence[MeasuredCount]) -> Table:
    return Table(
        name="statistics_ratio",
        caption=f"Polysemantic neurons over the mean of the exclusion law, n = {FEATURES}, "
        "with the standard error (measured); below it, where a finer step was run from the same "
        "initial weights, by how much the ratio changes. The law is exact for its model; "
        "the table tests whether training follows this law.",
        frame=_grid(table, _ratio_cell),
    )


def _retained_table(table: Sequence[MeasuredCount]) -> Table:
    return Table(
        name="statistics_retained",
        caption=f"Fraction of features that end on the neuron and sign of their largest initial "
        f"weight, n = {FEATURES}, with the standard error (measured).",
        frame=_grid(table, _retained_cell),
    )


def _limit_table(table: Sequence[MeasuredCount]) -> Table:
    return rows_table(
        "statistics_limit",
        "As many neurons as features, in the limit lambda -> 0: count over the mean of "
        "the exclusion law, its change under a finer step, and retained winners (measured).",
        [
            {
                "$n=m$": str(e.n),
                "networks": str(e.runs),
                "ratio": _ratio_cell(e),
                "finer step": _shift_cell(e),
                "retained": _retained_cell(e),
            }
            for e in sorted(table, key=lambda entry: entry.n)
            if e.optimizer == "quasistatic" and e.n == e.m
        ],
    )


def _figure(table: Sequence[MeasuredCount]) -> Plot:
    frame = pd.DataFrame(
        [
            (e.n, e.m, _words(e), e.ratio, e.ratio_error, e.retained, e.retained_error)
            for e in table
            if not _dying(e)
        ],
        columns=["n", "m", "training", "ratio", "ratio_error", "retained", "retained_error"],
    )

    def draw(figure: Any, data: pd.DataFrame) -> None:
        left, middle, right = figure.subplots(1, 3)
        wide = data[data.n == FEATURES]
        for training, part in wide.groupby("training", sort=False):
            part = part.sort_values("m")
            place = part.m / part.n
            label = in_latex(str(training))
            left.errorbar(place, part.ratio, part.ratio_error, marker="o", label=label)
            middle.errorbar(place, part.retained, part.retained_error, marker="o")
        square = data[(data.n == data.m) & data.training.str.startswith("the limit")]
        square = square.sort_values("n")
        right.errorbar(square.n, square.ratio, square.ratio_error, marker="o", color="k")
        for axes in (left, right):
            axes.axhline(1, color="0.6", linewidth=0.8)
            axes.set_ylabel("polysemantic neurons / exclusion law")
        middle.set_ylabel("retained winners")
        for axes in (left, middle):
            axes.set_xscale("log")
            axes.set_xlabel(f"$m/n$ ($n={FEATURES}$)")
            plain_ticks(axes.xaxis, sorted(set(wide.m / wide.n)))
        right.set_xscale("log")
        right.set_xlabel(r"$n = m$, $\lambda \to 0$")
        plain_ticks(right.xaxis, sorted(set(square.n)))
        figure.legend(loc="outside lower center", ncols=3)

    return Plot(
        name="statistics_counts",
        caption="Left: polysemantic neurons over the mean of the exclusion law. Middle: fraction "
        "of features that end on their largest initial weight. Right: the ratio for as many "
        "neurons as features in the limit lambda -> 0. All measured, bars are standard errors; "
        "settings in which rows die are not shown.",
        data=frame,
        draw=draw,
        size=(6.8, 3.4),
        title="Training makes up to a quarter fewer polysemantic neurons than chance; in the "
        "limit with n = m, large networks have more.",
    )


def _remarks(results: Sequence[CheckResult], table: Sequence[MeasuredCount]) -> tuple[str, ...]:
    alive = [entry for entry in table if not _dying(entry)]
    least = min(alive, key=lambda entry: entry.ratio)
    most = max(alive, key=lambda entry: entry.ratio)
    far = [e for e in alive if abs(e.ratio - 1) > 3 * e.ratio_error + e.step_bound / e.expected]
    unconfirmed = [line for result in results for line in result.failures()]
    return (
        checks_budget().sentence()
        + f" Alpha of each check: {ALPHA:g}."
        + (f" Not as declared: {' '.join(unconfirmed)}" if unconfirmed else ""),
        f"{len(far)} of {len(alive)} settings in which all or some features survive differ from "
        "the exclusion law by more than three standard errors and the error of the step size. "
        f"The ratio is least at n = {least.n}, m = {least.m}, {_words(least)}: {least.ratio:.3f} "
        f"+- {least.ratio_error:.3f}; greatest at n = {most.n}, m = {most.m}, {_words(most)}: "
        f"{most.ratio:.3f} +- {most.ratio_error:.3f}.",
    )
