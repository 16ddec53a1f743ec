"""Tables and figures of the reshuffling chapter."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from ... import numerics
from ..cache import Arrays
from ..show.figures import Plot, plain_ticks
from ..show.rounding import mean_and_error, number
from ..show.tables import Table, rows_table
from .runs import Ensemble, TwoRow

NUMBERS = [
    *("n", "m", "lam", "runs", "support"),
    *("same_neuron", "same_neuron_error"),
    *("count_ratio", "count_ratio_error", "count_variance"),
    *("dead", "dead_error"),
]
MARKERS = {16: "v", 64: "o", 256: "s", 1024: "^", 4096: "D"}  # by neurons


def frame_of(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Rows of runs as a frame with numbers, crowding and strength."""
    frame = pd.DataFrame([dict(row) for row in rows])
    frame[NUMBERS] = frame[NUMBERS].astype(float)
    frame["winner_push"] = frame.winner_push.astype(str) == "True"
    frame["crowding"] = frame.n / np.sqrt(frame.m)
    frame["strength"] = (frame.lam * np.sqrt(frame.m)).round(6)
    return frame


def runs_table(rows: list[dict[str, Any]], two_rows: TwoRow) -> Table:
    """Features that keep their neuron and counts for lambda -> 0 beside the laws."""
    shown = []
    for row in frame_of(rows).itertuples():
        ensemble = Ensemble(n=int(row.n), m=int(row.m), lam=0.0, runs=1, law=row.law)
        pair = two_rows.get(ensemble.two_row_key) if row.law == "gaussian" else None
        law = float(numerics.retained_fraction_sparse(ensemble.n, ensemble.m, law=ensemble.law))
        shown.append(
            {
                "rows": row.law,
                "$n$": str(ensemble.n),
                "$m$": str(ensemble.m),
                r"$n/\sqrt{m}$": f"{row.crowding:.2f}",
                "networks": str(int(row.runs)),
                "keep their neuron": number(row.same_neuron, row.same_neuron_error),
                "law": f"{law:.3f}",
                "ratio to law": f"{row.same_neuron / law:.3f}",
                "two rows": number(*pair) if pair else "",
                "count ratio": number(row.count_ratio, row.count_ratio_error),
            }
        )
    return Table(
        name="reshuffling_limit",
        caption="lambda -> 0 (quasi-static scheme, rel = .1): fraction of features whose initial "
        "winner wins (measured, standard error), the parameter-free law (heuristic in one factor; "
        "stated for n <= 4 sqrt(m)), the two-row prediction (no fit), and the number of "
        "polysemantic neurons over the mean of the exclusion law (measured).",
        frame=pd.DataFrame(shown),
    )


def drift_of(frame: pd.DataFrame, crowding: float) -> tuple[float, float]:
    """Weighted slope of the retained fraction against log m at one n/sqrt(m), and its error."""
    part = frame[np.isclose(frame.crowding, crowding) & (frame.law == "gaussian") & (frame.m >= 64)]
    (slope, _), covariance = np.polyfit(
        np.log(part.m), part.same_neuron, 1, w=1 / part.same_neuron_error, cov="unscaled"
    )
    return float(slope), float(covariance[0, 0]) ** 0.5


def drift_table(rows: list[dict[str, Any]]) -> Table:
    """Slope of the retained fraction in log m at fixed n/sqrt(m)."""
    frame = frame_of(rows)
    shown = []
    for crowding in (1.0, 2.0, 4.0, 8.0):
        points = int((np.isclose(frame.crowding, crowding) & (frame.m >= 64)).sum())
        if points < 3:
            continue
        slope, error = drift_of(frame, crowding)
        law = [
            float(numerics.retained_fraction_sparse(round(crowding * math.sqrt(m)), m))
            for m in (64, 1024)
        ]
        shown.append(
            {
                r"$n/\sqrt{m}$": f"{crowding:g}",
                "widths": str(points),
                r"$dR/d\log m$": number(slope, error),
                "standard errors": f"{slope / error:.1f}",
                "law": f"{(law[1] - law[0]) / math.log(16):.4f}",
            }
        )
    return Table(
        name="reshuffling_drift",
        caption="Drift of the retained fraction with log m at fixed n/sqrt(m), lambda -> 0, "
        "Gaussian rows, m >= 64 (measured: weighted slope and its significance), beside the slope "
        "of the parameter-free law between m = 64 and 1024.",
        frame=pd.DataFrame(shown, columns=None if shown else ["none"]),
    )


def support_table(rows: list[dict[str, Any]]) -> Table:
    """Count over the exclusion mean where the support is scaled."""
    shown = [
        {
            "$n$": str(int(row.n)),
            "$m$": str(int(row.m)),
            r"$\lambda$": f"{row.lam:g}",
            "support": f"{row.support:g}" if row.winner_push else "1, none by winners",
            "networks": str(int(row.runs)),
            "count ratio": number(row.count_ratio, row.count_ratio_error),
            "keep their neuron": number(row.same_neuron, row.same_neuron_error),
        }
        for row in frame_of(rows).itertuples()
    ]
    return rows_table(
        "reshuffling_support",
        "The flow with the support by weights of opposite sign scaled: polysemantic "
        "neurons over the mean of the exclusion law, and features that keep their neuron "
        "(measured, standard errors).",
        shown,
    )


def _dead_fraction(m: int, lam: float, curve: Arrays) -> float:
    """The one-curve law, by interpolation of the critical weight, nearly a straight line."""
    from scipy.interpolate import make_interp_spline
    from scipy.special import erf

    critical = make_interp_spline(curve["lam"], curve["critical"])(lam)
    return float(erf(critical / math.sqrt(2)) ** m)


def collapse_table(fates: Any, dead: list[dict[str, Any]], curves: dict[int, Arrays]) -> Table:
    """Dead fractions of lone rows and of networks beside the one-curve law."""
    cells = [
        (1, rows.m, rows.lam, number(*mean_and_error(found["fates"])), found["law"])
        for rows, found in fates
    ]
    for row in frame_of(dead).itertuples():
        m, lam = int(row.m), row.lam
        shown, law = number(row.dead, row.dead_error), _dead_fraction(m, lam, curves[m])
        cells.append((int(row.n), m, lam, shown, law))
    columns = ("$n$", "$m$", r"$\lambda$", "dead", "law")
    return rows_table(
        "reshuffling_collapse",
        "Fraction of features that l1 kills: rows on their own (exact flow, with the "
        "law's own verdict as control variate) and networks of 64, beside the one-curve law for a "
        "row on its own (no constant fitted).",
        [
            dict(zip(columns, (str(n), str(m), f"{lam:g}", shown, f"{law:.3f}"), strict=True))
            for n, m, lam, shown, law in cells
        ],
    )


def crowding_figure(rows: list[dict[str, Any]]) -> Plot:
    """Features that keep their neuron, and counts, against n/sqrt(m)."""
    frame = frame_of(rows)

    def draw(figure: Any, data: pd.DataFrame) -> None:
        panels = figure.subplots(2, 2, sharex=True, sharey="row")
        for column, limit in enumerate((True, False)):
            above, below = panels[:, column]
            shown = data[(data.strength == 0) == limit]
            keys = sorted(shown["m" if limit else "strength"].unique())
            for place, key in enumerate(keys):
                label: str | None
                label = f"$m = {int(key)}$" if limit else rf"$\lambda\sqrt{{m}} = {key:g}$"
                shift = 1.07 ** (place - (len(keys) - 1) / 2)
                for m, part in shown[shown["m" if limit else "strength"] == key].groupby("m"):
                    look = {"color": f"C{place}", "fmt": MARKERS[m], "markersize": 3}
                    look |= {"linewidth": 0.7, "label": label}
                    label = None
                    x_above = part.crowding if limit else shift * part.crowding
                    above.errorbar(x_above, part.same_neuron, part.same_neuron_error, **look)
                    sure = part[part.count_ratio_error < 0.12]
                    below.errorbar(
                        shift * sure.crowding, sure.count_ratio, sure.count_ratio_error, **look
                    )
                if limit and key >= 64:
                    n = np.arange(2, 4 * math.isqrt(int(key)) + 1)
                    law = numerics.retained_fraction_sparse(n, int(key))
                    above.plot(n / math.sqrt(key), law, color=f"C{place}")
            above.set(
                xscale="log",
                xlim=(0.3, 20),
                title=r"$\lambda \to 0$" if limit else r"finite $\lambda$",
            )
            plain_ticks(below.xaxis, (0.5, 1, 2, 4, 8, 16))
            above.legend(fontsize=6)
            below.axhline(1, color="k", linewidth=0.6)
            below.set(xlabel=r"$n/\sqrt{m}$", ylim=(0.5, 1.4))
        look = {"color": "0.4", "markersize": 3, "linestyle": "none"}
        shapes = [
            panels[1, 1].plot([], [], marker=MARKERS[m], label=f"$m = {m:g}$", **look)[0]
            for m in sorted(data.m[data.strength > 0].unique())
        ]
        panels[1, 1].legend(handles=shapes, fontsize=6, ncols=len(shapes), loc="lower center")
        panels[0, 0].set_ylabel("keep their neuron")
        panels[1, 0].set_ylabel("count / exclusion mean")

    return Plot(
        name="reshuffling_crowding",
        caption="Fraction of features whose initial winner wins (above) and number of polysemantic "
        "neurons over the mean of the exclusion law (below; points with an error below .12) "
        "against n/sqrt(m), for lambda -> 0 at five widths (left) and at three values of lambda "
        "sqrt(m) (right). Points: measured, with standard errors; their shape shows m. Below and "
        "on the right those of one n/sqrt(m) stand side by side. Lines: the parameter-free law "
        "(heuristic in one factor), in its range n <= 4 sqrt(m), m >= 64.",
        data=frame[[*NUMBERS, "law", "crowding", "strength"]],
        draw=draw,
        size=(6.8, 4.6),
        title="The more crowded the network, the fewer features keep their neuron.",
    )


def collapse_figure(dead: list[dict[str, Any]], fates: Any, curves: dict[int, Arrays]) -> Plot:
    """Dead fraction against lambda: one-curve law, lone rows, networks of 64."""
    points = [("n = 1", rows.m, rows.lam, *mean_and_error(found["fates"])) for rows, found in fates]
    points += [
        ("n = 64", int(row.m), row.lam, row.dead, row.dead_error)
        for row in frame_of(dead).itertuples()
    ]
    points += [
        ("law", m, lam, _dead_fraction(m, lam, curve), 0.0)
        for m, curve in curves.items()
        for lam in np.linspace(curve["lam"][0], curve["lam"][-1], 80)
    ]

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axes = figure.subplots()
        for place, (m, part) in enumerate(data.groupby("m")):
            for kind, group in part.groupby("kind"):
                color = f"C{place}"
                if kind == "law":
                    axes.plot(group.lam, group.dead, color=color, label=f"$m = {m}$")
                else:
                    face = color if kind == "n = 1" else "white"
                    axes.errorbar(
                        group.lam, group.dead, group.error, fmt="o", color=color, mfc=face
                    )
        axes.set(xlabel=r"$\lambda$", ylabel="dead features", xscale="log")
        plain_ticks(axes.xaxis, (0.06, 0.1, 0.2, 0.3))
        axes.plot([], [], "o", color="k", label="$n = 1$, exact flow")
        axes.plot([], [], "o", color="k", mfc="white", label="$n = 64$, trained")
        figure.legend(loc="outside lower center", ncols=2)

    return Plot(
        name="reshuffling_collapse",
        caption="Fraction of features that l1 kills against lambda. Lines: one-curve law for a row "
        "on its own (no constant fitted). Filled: exact flow of lone rows. Open: networks with "
        "n = 64 (measured, standard errors); interference lowers the threshold.",
        data=pd.DataFrame(points, columns=["kind", "m", "lam", "dead", "error"]),
        draw=draw,
        size=(3.4, 3.6),
        title="A strong l1 term kills features; other features lower the threshold.",
    )
