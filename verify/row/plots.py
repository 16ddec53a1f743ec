"""Tables and figures of the l1 chapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ... import theory
from ...numerics import Cell, trained_count
from ...numerics._types import Array
from ..measured import measured_counts
from ..published import PublishedCount, recorded_on
from ..show.figures import Plot, plain_ticks
from ..show.rounding import mean_and_error, number, rounded
from ..show.tables import Table, rows_table
from .runs import COMPARED_TIMES, FEATURES, LAM, LAWS, NETWORKS


@dataclass(frozen=True)
class Counted:
    """Means over networks of one width, and their standard errors.

    ``neurons`` are polysemantic by the authors' rule; ``retained`` is the fraction of features that
    end on the neuron and sign of their largest initial weight; ``recorded`` is the date of the
    measured table, and empty if the networks were trained in this report.
    """

    m: int
    networks: int
    neurons: float
    neurons_error: float
    retained: float
    retained_error: float
    recorded: str = ""

    @classmethod
    def of(cls, m: int, arrays: Mapping[str, Array]) -> Counted:
        """The means of trained networks."""
        neurons, retained = (mean_and_error(arrays[name]) for name in ("neurons", "retained"))
        return cls(m, len(arrays["neurons"]), *neurons, *retained)

    @classmethod
    def shipped(cls) -> list[Counted]:
        """The means of the measured table at this setting."""
        cells = {Cell(n=FEATURES, m=m, lam=LAM) for m in NETWORKS["paper"]}
        return [
            cls(
                *(entry.m, entry.runs),
                *(entry.neurons, entry.neurons_error),
                *(entry.retained, entry.retained_error),
                recorded_on("measured_counts.csv"),
            )
            for entry in measured_counts()
            if entry.cell in cells
        ]

    @property
    def source(self) -> str:
        """Words for a line of the report: the date, if the means are read from the table."""
        return f" (recorded on {self.recorded})" if self.recorded else ""


def sparsification_table(data: pd.DataFrame) -> Table:
    shown = data[data.t.isin(COMPARED_TIMES)]
    rows = [
        {
            "quantity": words,
            "$t$": f"{row.t:g}",
            "exact flow": rounded(exact),
            "half-normal law": rounded(law),
            "error (%)": f"{100 * (law / exact - 1):.1f}",
            "paper": rounded(paper),
            "its error (%)": f"{100 * (paper / exact - 1):.1f}",
        }
        for words, name in (("live weights", "live"), (r"$\ell_1$ norm", "l1"))
        for _, row in shown.iterrows()
        for exact, law, paper in [[row[f"{name}_{kind}"] for kind in ("exact", "law", "paper")]]
    ]
    return rows_table(
        "l1_sparsification",
        "One feature, m = 1e5, lambda = 1e-5, s = 0.9/sqrt(m): exact flow of the authors' "
        "own initial row, the half-normal law (asymptotic, no free constant) and the paper's "
        "estimate, with the relative error of each.",
        rows,
    )


def count_table(counts: list[Counted]) -> Table:
    return rows_table(
        "l1_counts",
        f"Polysemantic neurons (rule [0.8, 1.2]) after the flow, n = {FEATURES}, "
        f"lambda = {LAM}, mean(standard error), beside the laws; and the fraction of features "
        "that end on the neuron and sign of their largest initial weight. Measured in this report, "
        "or recorded on the date in the last column. The exclusion law is exact for its model.",
        [
            {
                "$m$": str(counted.m),
                "networks": str(counted.networks),
                "measured": number(counted.neurons, counted.neurons_error),
                **{name: f"{law(n=FEATURES, m=counted.m):.2f}" for name, _, law in LAWS},
                "retained": number(counted.retained, counted.retained_error),
                "recorded": counted.recorded or "--",
            }
            for counted in counts
        ],
    )


def published_table(published: tuple[PublishedCount, ...]) -> Table:
    rows = []
    for count in published:
        mean = theory.expected_neurons_exclusion(n=count.n, m=count.m)
        rows.append(
            {
                "source": count.source,
                "$n$": str(count.n),
                "$m$": str(count.m),
                "runs": str(count.runs),
                "published": f"{count.neurons:g}",
                **{name: f"{f(n=count.n, m=count.m):.2f}" for name, _, f in LAWS},
                "ratio": f"{count.neurons / mean:.2f}",
                "sd": f"{(count.neurons - mean) / _spread(count):.1f}",
            }
        )
    return rows_table(
        "l1_published",
        "Numbers of polysemantic neurons published by the paper's authors beside the "
        "laws; ratio to the exclusion law, and deviation from it in standard deviations (sd) of "
        "its mean over the runs.",
        rows,
    )


def _spread(count: PublishedCount) -> float:
    """The standard deviation of the exclusion law's mean over the runs of a published count."""
    return float(theory.variance_neurons_exclusion(n=count.n, m=count.m) / count.runs) ** 0.5


def sparsification_figure(data: pd.DataFrame) -> Plot:
    def draw(figure: Any, data: pd.DataFrame) -> None:
        panels = figure.subplots(2, 2, sharex=True, height_ratios=(2, 1))
        for column, (name, words) in enumerate(
            (("live", "live weights $m'$"), ("l1", r"$\ell_1$ norm"))
        ):
            above, below = panels[:, column]
            exact = data[f"{name}_exact"]
            above.loglog(data.t, exact, "k", label="exact flow")
            for law, words_of_law, style in (
                ("law", "half-normal law", "C0--"),
                ("paper", "paper's estimate", "C1-."),
            ):
                value = data[f"{name}_{law}"]
                above.loglog(data.t, value, style, label=words_of_law)
                below.semilogx(data.t, 100 * (value / exact - 1), style)
            above.set_ylabel(words)
            below.axhline(0, color="k", linewidth=0.6)
            below.set(xlabel="flow time $t$", ylabel="error (%)")
            plain_ticks(above.yaxis, (1, 10, 100, 1000, 10_000, 100_000)[: 6 if column == 0 else 4])
            plain_ticks(below.xaxis, (1, 10, 100, 1000, 10_000))
        panels[0, 0].legend(loc="lower left")

    return Plot(
        name="l1_sparsification",
        caption="One feature on its own (m = 1e5, lambda = 1e-5, the authors' initial row). Exact "
        "flow (black), half-normal law (asymptotic in lambda, no free constant) and the paper's "
        "estimate. Below: relative error of each against the exact flow; where few weights "
        "are left, the one row fluctuates about the law, which is a mean.",
        data=data,
        draw=draw,
        size=(6.8, 3.8),
        title="The half-normal law follows the exact flow; the paper's estimate is up to 2.6 times "
        "too small.",
    )


def count_figure(counts: list[Counted], published: tuple[PublishedCount, ...]) -> Plot:
    points = [("flow", FEATURES, c.m, c.neurons, c.neurons_error) for c in counts]
    points += [(f"authors' {c.source}", c.n, c.m, c.neurons, _spread(c)) for c in published]
    frame = pd.DataFrame(points, columns=["source", "n", "m", "neurons", "error"])
    for name, _, law in LAWS:
        frame[name] = [law(n=n, m=m) for n, m in zip(frame.n, frame.m, strict=True)]

    def draw(figure: Any, data: pd.DataFrame) -> None:
        panels = figure.subplots(2, 2, sharex="col", height_ratios=(2, 1))
        markers = {"flow": "ko", "authors' notebook": "C4s", "authors' figure": "C3^"}
        lines = {
            "exclusion": ("C0-", "exclusion law"),
            "independent": ("C2--", "independent choices"),
            "paper": ("C1-.", "paper's $n^2/4m$"),
        }
        entries = {}
        for (above, below), (n, part) in zip(panels.T, data.groupby("n"), strict=True):
            curve = part.drop_duplicates("m").sort_values("m")
            for name, (style, label) in lines.items():
                entries[label] = above.loglog(curve.m, curve[name], style)[0]
                below.loglog(curve.m, curve[name] / curve.exclusion, style)
            for source, points in part.groupby("source", sort=False):
                shown = points[points.neurons > 0]
                look = {"fmt": markers[str(source)], "linewidth": 0.7}
                entries[source] = above.errorbar(shown.m, shown.neurons, shown.error, **look)
                ratio = (shown.neurons / shown.exclusion, shown.error / shown.exclusion)
                below.errorbar(shown.m, *ratio, **look)
            above.set(title=f"$n = {n}$", ylim=(0.05, 120))
            below.set(xlabel="neurons $m$", ylim=(0.2, 30))
            if n != FEATURES:
                below.set(yscale="linear", ylim=(0, 2))
            ticks = [m for m in (64, 256, 1024, 4096, 16384) if curve.m.min() <= m <= curve.m.max()]
            plain_ticks(below.xaxis, ticks)
            plain_ticks(above.yaxis, (0.1, 1, 10, 100))
            if n == FEATURES:
                plain_ticks(below.yaxis, (0.3, 1, 3, 10))
        panels[0, 0].set_ylabel("polysemantic neurons")
        panels[1, 0].set_ylabel("ratio to\nexclusion law")
        figure.legend(entries.values(), entries, loc="outside lower center", ncols=3)

    return Plot(
        name="l1_counts",
        caption="Polysemantic neurons against the number of neurons. Lines: the exclusion law, "
        "independent choices, and the paper's n^2/4m. Points: our flow (mean and its standard "
        "error), and the counts published by the authors (spread of the exclusion law over their "
        "runs). Below: ratio to the exclusion law. The notebook's one count of 0 cannot be shown "
        "on these logarithmic axes.",
        data=frame,
        draw=draw,
        size=(6.8, 4.6),
        title="Under the flow the count is chance or up to 16 % less. The authors' AdamW makes "
        "many more in wide networks of 64 features.",
    )


def _retained(m: int) -> float:
    return trained_count(FEATURES, m, LAM).retained_fraction()[0]


def winner_figure(counts: list[Counted]) -> Plot:
    frame = pd.DataFrame(
        [(c.m, c.retained, c.retained_error, _retained(c.m)) for c in counts],
        columns=["m", "retained", "error", "law"],
    )

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axes = figure.subplots()
        axes.errorbar(data.m, data.retained, data.error, fmt="ko", label="measured")
        axes.plot(data.m, data.law, "C0", label="law of the count")
        axes.axhline(1, color="C1", linestyle="-.")
        axes.annotate(
            "one feature on its own: exact",
            (data.m.iloc[0], 1),
            (0, -3),
            color="C1",
            textcoords="offset points",
            va="top",
            fontsize=7,
        )
        axes.set(
            xscale="log",
            ylim=(0, 1.05),
            xlabel="neurons $m$",
            ylabel="retained winners",
        )
        plain_ticks(axes.xaxis, list(data.m))
        axes.legend(loc="lower right")

    return Plot(
        name="l1_winners",
        caption=f"Fraction of features that end on the neuron and sign of their largest initial "
        f"weight, n = {FEATURES}, lambda = {LAM}; mean over networks and its standard error "
        "(measured). The blue line is interpolated between measured networks, the upper line is "
        "the theorem for a row on its own.",
        data=frame,
        draw=draw,
        title="Other features push a feature off its largest initial weight.",
    )
