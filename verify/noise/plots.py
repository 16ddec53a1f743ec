"""Tables and figures of the noise chapter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from ... import numerics, theory
from ...numerics._types import Array
from ..cache import Arrays
from ..show.figures import Plot, plain_ticks
from ..show.rounding import mean_and_error, rounded, with_error
from ..show.tables import Table, rows_table
from .runs import LEARNING_RATE, MARKS, SIGMAS, Code, Curve, Growth, M, N, values

TABLED = (1_000, 5_000, 10_000, 20_000, 50_000, 100_000)


def curve_table(sampled: dict[Curve, Arrays], averaged: dict[Curve, Arrays]) -> Table:
    rows = []
    longest = max(curve.steps[-1] for curve in sampled)
    networks = {words: next(iter(c)).networks for words, c in (("s", sampled), ("a", averaged))}
    for words, curves in (("SGD", sampled), ("averaged", averaged)):
        for curve, arrays in curves.items():
            measured = dict(zip(curve.steps, arrays["fourth"], strict=True))
            cells = {
                f"{s:g}": with_error(measured[s]) if s in measured else ""
                for s in MARKS
                if s in TABLED and s <= longest
            }
            head = {"noise": curve.law, r"$\sigma$": f"{curve.sigma:g}", "descent": words}
            rows.append({**head, **cells})
    return rows_table(
        "noise_fourth_norm",
        "Mean fourth norm of the rows after the number of steps at the head of each "
        f"column, n = {N}, m = {M}, learning rate .02: SGD with shared noise, and the flow of "
        "the exactly averaged loss at the same flow times and from the same starts. "
        f"Mean(standard error) over networks ({networks['s']} sampled, {networks['a']} averaged); "
        "measured.",
        rows,
    )


def growth_table(growth: dict[Growth, list[Arrays]]) -> Table:
    return rows_table(
        "noise_growth",
        "Flow time at which the fourth norm has grown half way, from the exactly averaged "
        "flow, and the time that the growth law predicts (first order in the kurtosis) from the "
        "simplex of the same start. Measured over predicted depends mainly on a*.",
        [
            {
                "$n$": str(cell.n),
                "$m$": str(cell.m),
                "noise": cell.law,
                r"$\sigma$": f"{cell.sigma:g}",
                "$a^*$": f"{runs[0]['relative_overlap']:.2f}",
                "measured": with_error(values(runs, "measured")),
                "law": with_error(values(runs, "predicted")),
                "ratio": with_error(values(runs, "measured") / values(runs, "predicted")),
            }
            for cell, runs in growth.items()
        ],
    )


def code_table(codes: dict[Code, Arrays]) -> Table:
    measures: dict[str, Callable[[Array], Array]] = {
        "authors": numerics.polysemantic_neurons,
        "scale-free": lambda w: numerics.polysemantic_neurons(w, "scale-free"),
        "pairs": numerics.antipodal_pairs,
        "spread": numerics.spread_rows,
        "distance": numerics.simplex_distance,
    }
    return rows_table(
        "noise_codes",
        "Final weights under bipolar noise without l1: polysemantic neurons by the authors' rule "
        "(two weights of size 0.8 to 1.2) and by the scale-free rule, antipodal pairs, spread "
        "rows (on no neuron), distance from a regular simplex; and the number that "
        f"random collisions would give. Mean(standard error) over {next(iter(codes)).networks} "
        "networks; measured.",
        [
            {
                "$n$": str(code.n),
                "$m$": str(code.m),
                **{name: with_error(of(found["weights"])) for name, of in measures.items()},
                "$n(n-1)/4m$": rounded(theory.expected_pairs(code.n, code.m), 3),
            }
            for code, found in codes.items()
        ],
    )


def rate_table(rates: dict[Curve, Arrays]) -> Table:
    return rows_table(
        "noise_learning_rate",
        f"Fourth norm at flow time 4000, n = {N}, m = {M}, bipolar noise, sigma = .15, "
        "against the learning rate: the final value falls, and then the rows are "
        "no longer sparse (rows of random direction have "
        f"{theory.isotropic_fourth_norm(M, 1.0):.3f}). Measured; no law is claimed.",
        [
            {
                "learning rate": f"{curve.learning_rate:g}",
                "fourth norm": with_error(arrays["fourth"][-1]),
                "simplex distance": with_error(numerics.simplex_distance(arrays["weights"])),
            }
            for curve, arrays in rates.items()
        ],
    )


def curve_figure(sampled: Any, averaged: Any, growth: Any) -> Plot:
    points = [
        (words, curve.law, curve.sigma, steps, fourth.mean(), fourth.std(ddof=1))
        for words, curves in (("SGD", sampled), ("averaged", averaged))
        for curve, arrays in curves.items()
        for steps, fourth in zip(curve.steps, arrays["fourth"], strict=True)
    ]
    for cell, runs in growth.items():
        if (cell.n, cell.m, cell.law) == (N, M, "bipolar") and cell.sigma in SIGMAS:
            half = values(runs, "predicted").mean() / (4 * LEARNING_RATE)
            middle = (theory.isotropic_fourth_norm(M, 1.0) + theory.corner_fourth_norm(N)) / 2
            points.append(("law", cell.law, cell.sigma, half, middle, 0.0))
    columns = ["descent", "law", "sigma", "steps", "fourth_norm", "spread"]

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axes = figure.subplots()
        colours = {sigma: f"C{place}" for place, sigma in enumerate(SIGMAS)}
        for (descent, law, sigma), part in data.groupby(["descent", "law", "sigma"]):
            colour = colours[sigma]
            if descent == "law":
                axes.plot(part.steps, part.fourth_norm, "*", color=colour, markersize=9)
            elif descent == "averaged":
                axes.plot(part.steps, part.fourth_norm, "--", color=colour)
            else:
                axes.errorbar(
                    part.steps,
                    part.fourth_norm,
                    part.spread,
                    fmt="o-" if law == "bipolar" else "x:",
                    color=colour,
                    label=f"{law}, $\\sigma$ = {sigma:g}",
                )
        for height, words, up in (
            (theory.corner_fourth_norm(N), "one weight for each feature", 1),
            (theory.isotropic_fourth_norm(M, 1.0), "random directions", -1),
        ):
            axes.axhline(height, color="0.7", zorder=0)
            look = {"textcoords": "offset points", "color": "0.4", "fontsize": 7}
            axes.annotate(words, (data.steps.min(), height), (0, 8 * up - 6), **look)
        axes.plot([], [], "k--", label="averaged flow")
        axes.plot([], [], "k*", markersize=9, label="half growth, growth law")
        axes.set(xscale="log", xlabel="steps", ylabel="mean fourth norm of the rows")
        plain_ticks(axes.xaxis, sorted({1000, 10_000, *data.steps[data.descent == "SGD"]}))
        figure.legend(loc="outside lower center", ncols=2)

    return Plot(
        name="noise_fourth_norm",
        caption=f"The authors' figure, n = {N}, m = {M}, learning rate .02: mean fourth norm of "
        "the rows against steps, mean and standard deviation over networks (points; measured), "
        "the flow of the exactly averaged loss from the same starts (dashed), times at which "
        "the growth law predicts half of the growth (stars; first order in the kurtosis, nothing "
        "is fitted), and the values of the sparsest simplex and of rows of random direction "
        "(lines; proved).",
        data=pd.DataFrame(points, columns=columns),
        draw=draw,
        size=(3.4, 3.8),
        title="Bipolar noise makes the rows sparse; Gaussian noise does not.",
    )


def growth_figure(growth: dict[Growth, list[Arrays]]) -> Plot:
    data = pd.DataFrame(
        {"n": cell.n, "m": cell.m, "law": cell.law, "sigma": cell.sigma, **run}
        for cell, runs in growth.items()
        for run in runs
    )

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axes = figure.subplots()
        for place, ((n, m, law), part) in enumerate(data.groupby(["n", "m", "law"])):
            label = f"({n}, {m}), {law}"
            axes.plot(part.predicted, part.measured, "o", color=f"C{place}", label=label)
        ends = np.array([data.predicted.min() / 1.5, data.predicted.max() * 1.5])
        axes.plot(ends, ends, "-", color="0.5", zorder=0)
        for factor in (0.5, 2):
            axes.plot(ends, factor * ends, ":", color="0.7", zorder=0)
        axes.set(xscale="log", yscale="log", xlabel="half time, law", ylabel="half time, measured")
        for axis in (axes.xaxis, axes.yaxis):
            plain_ticks(axis, (200, 500, 1000, 2000, 5000))
        axes.legend(title="$(n, m)$, noise")

    return Plot(
        name="noise_half_time",
        caption="Flow time to half growth under exactly averaged noise (measured) against "
        "12 tau/(|kappa| sigma phi(a*)), where tau is the half time of the growth in "
        "units of the inverse rate, computed from the same start. Line: "
        "equality; dotted: factors 1/2 and 2.",
        data=data,
        draw=draw,
        title="The growth law predicts when the rows become sparse, within a factor of 2.",
    )


def code_figure(codes: dict[Code, Arrays]) -> Plot:
    measures: dict[str, Callable[[Array], Array]] = {
        "polysemantic_authors": numerics.polysemantic_neurons,
        "antipodal_pairs": numerics.antipodal_pairs,
    }
    measured: dict[int, dict[str, float]] = {code.m: {} for code in codes}
    for code, found in codes.items():
        for name, measure in measures.items():
            mean, error = mean_and_error(measure(found["weights"]))
            measured[code.m] |= {name: mean, f"{name}_error": error}
    rows = [
        {
            "m": m,
            "capacity": max(0, N - m),
            "random_collisions": theory.expected_pairs(N, m),
            **measured.get(m, {}),
        }
        for m in range(min(measured), max(measured) + 1)
    ]

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axes = figure.subplots()
        run = data.dropna()
        for name, look, label in (
            ("polysemantic_authors", {"fmt": "o"}, "polysemantic, authors' rule"),
            ("antipodal_pairs", {"fmt": "s", "mfc": "none"}, "antipodal pairs"),
        ):
            axes.errorbar(run.m, run[name], run[f"{name}_error"], label=label, **look)
        axes.plot(data.m, data.capacity, "-", label="$n - m$, forced by capacity")
        axes.plot(data.m, data.random_collisions, "--", label="chance, $n(n-1)/4m$")
        axes.set(xscale="log", xlabel="neurons $m$", ylabel="count")
        axes.set_xticks(run.m, [str(m) for m in run.m])
        axes.minorticks_off()
        axes.legend()

    return Plot(
        name="noise_counts",
        caption=f"Polysemantic neurons and antipodal pairs under bipolar noise alone, n = {N}, "
        "sigma = .15 (mean and standard error over networks; measured), with the smallest "
        "possible number, max(0, n - m) minus one for each spread row, and the number for random "
        "collisions (lines). From m = n - 1 on there are none (measured).",
        data=pd.DataFrame(rows),
        draw=draw,
        title=f"Under noise, {N} features share neurons only where they must.",
    )
