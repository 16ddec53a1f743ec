"""Tables and figures of the reshuffling chapter."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import numerics
from ..show.figures import Plot
from ..show.rounding import number
from ..show.tables import Table

if TYPE_CHECKING:
    import pandas as pd

    from .chapter import TwoRow

NUMBERS = [
    "n",
    "m",
    "lam",
    "runs",
    "support",
    "retained",
    "retained_error",
    "count_ratio",
    "count_ratio_error",
    "count_variance",
    "dead",
    "dead_error",
]


MARKERS = {16: "v", 64: "o", 256: "s", 1024: "^", 4096: "D"}  # by neurons


def frame_of(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Rows of runs as a frame with numbers, crowding and strength."""
    import pandas as pd

    frame = pd.DataFrame([dict(row) for row in rows])
    frame[NUMBERS] = frame[NUMBERS].astype(float)
    frame["winner_push"] = frame.winner_push.astype(str) == "True"
    frame["crowding"] = frame.n / np.sqrt(frame.m)
    frame["strength"] = (frame.lam * np.sqrt(frame.m)).round(6)
    return frame


def _mean_of(samples: np.ndarray) -> tuple[float, float]:
    """Mean and standard error."""
    return float(samples.mean()), float(samples.std(ddof=1) / math.sqrt(len(samples)))


def runs_table(rows: list[dict[str, Any]], two_rows: TwoRow) -> Table:
    """Winners kept and counts for lambda -> 0 beside the laws."""
    import pandas as pd

    from .chapter import two_row_key
    from .runs import Ensemble

    shown = []
    for row in frame_of(rows).itertuples():
        ensemble = Ensemble(n=int(row.n), m=int(row.m), lam=0.0, runs=1, law=row.law)
        pair = two_rows.get(two_row_key(ensemble)) if row.law == "gaussian" else None
        law = float(numerics.retained_fraction_sparse(ensemble.n, ensemble.m, law=ensemble.law))
        shown.append(
            {
                "rows": row.law,
                "$n$": str(ensemble.n),
                "$m$": str(ensemble.m),
                r"$n/\sqrt{m}$": f"{row.crowding:.2f}",
                "networks": str(int(row.runs)),
                "winners kept": number(row.retained, row.retained_error),
                "law": f"{law:.3f}",
                "kept/law": f"{row.retained / law:.3f}",
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
    weight = part.retained_error**-2
    x = np.log(part.m)
    centre = np.average(x, weights=weight)
    spread = float((weight * (x - centre) ** 2).sum())
    slope = float((weight * (x - centre) * part.retained).sum()) / spread
    return slope, spread**-0.5


def drift_table(rows: list[dict[str, Any]]) -> Table:
    """Slope of the retained fraction in log m at fixed n/sqrt(m)."""
    import pandas as pd

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
    """Count over the exclusion mean with support scaled."""
    import pandas as pd

    shown = [
        {
            "$n$": str(int(row.n)),
            "$m$": str(int(row.m)),
            r"$\lambda$": f"{row.lam:g}",
            "support": f"{row.support:g}" if row.winner_push else "1, none by winners",
            "networks": str(int(row.runs)),
            "count ratio": number(row.count_ratio, row.count_ratio_error),
            "winners kept": number(row.retained, row.retained_error),
        }
        for row in frame_of(rows).itertuples()
    ]
    return Table(
        name="reshuffling_support",
        caption="The flow with the support by weights of opposite sign scaled: polysemantic "
        "neurons over the mean of the exclusion law, and winners kept (measured, standard errors).",
        frame=pd.DataFrame(shown),
    )


def collapse_table(fates: Any, dead: list[dict[str, Any]]) -> Table:
    """Dead fractions of lone rows and of networks beside the one-curve law."""
    import pandas as pd

    shown = [
        {
            "$n$": "1",
            "$m$": str(rows.m),
            r"$\lambda$": f"{rows.lam:g}",
            "dead": number(*_mean_of(found["fates"])),
            "law": f"{found['law']:.3f}",
        }
        for rows, found in fates
    ]
    shown += [
        {
            "$n$": str(int(row.n)),
            "$m$": str(int(row.m)),
            r"$\lambda$": f"{row.lam:g}",
            "dead": number(row.dead, row.dead_error),
            "law": f"{numerics.dead_fraction(int(row.m), row.lam):.3f}",
        }
        for row in frame_of(dead).itertuples()
    ]
    return Table(
        name="reshuffling_collapse",
        caption="Fraction of features that l1 kills: rows on their own (exact flow, with the "
        "law's own verdict as control variate) and networks of 64, beside the one-curve law for a "
        "row on its own (no constant fitted).",
        frame=pd.DataFrame(shown),
    )


def crowding_figure(rows: list[dict[str, Any]]) -> Plot:
    """Winners kept and counts against n/sqrt(m), in the limit and at finite strength."""
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
                aside = 1.07 ** (place - (len(keys) - 1) / 2)
                for m, part in shown[shown["m" if limit else "strength"] == key].groupby("m"):
                    look = {"color": f"C{place}", "fmt": MARKERS[m], "markersize": 3}
                    look |= {"linewidth": 0.7, "label": label}
                    label = None
                    x_above = part.crowding if limit else aside * part.crowding
                    above.errorbar(x_above, part.retained, part.retained_error, **look)
                    sure = part[part.count_ratio_error < 0.12]
                    below.errorbar(
                        aside * sure.crowding, sure.count_ratio, sure.count_ratio_error, **look
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
            above.legend(fontsize=6)
            below.axhline(1, color="k", linewidth=0.6)
            below.set(xlabel=r"$n/\sqrt{m}$", ylim=(0.5, 1.4))
        panels[0, 0].set_ylabel("winners kept")
        panels[1, 0].set_ylabel("count / exclusion mean")

    return Plot(
        name="reshuffling_crowding",
        caption="Fraction of features whose initial winner wins (above) and number of polysemantic "
        "neurons over the mean of the exclusion law (below; points with an error below .12) "
        "against n/sqrt(m), for lambda -> 0 at five widths (left) and at three values of lambda "
        "sqrt(m) (right). Points: measured, with standard errors; their shape tells m. Below and "
        "on the right those of one n/sqrt(m) stand side by side. Lines: the parameter-free law "
        "(heuristic in one factor), in its range n <= 4 sqrt(m), m >= 64.",
        data=frame[[*NUMBERS, "law", "crowding", "strength"]],
        draw=draw,
        size=(6.8, 4.6),
    )


def collapse_figure(dead: list[dict[str, Any]], fates: Any) -> Plot:
    """Dead fraction against lambda: one-curve law, lone rows, networks of 64."""
    import pandas as pd
    from scipy.interpolate import make_interp_spline
    from scipy.special import erf

    points = [
        {
            "kind": "n = 1",
            "m": rows.m,
            "lam": rows.lam,
            "dead": _mean_of(found["fates"])[0],
            "error": _mean_of(found["fates"])[1],
        }
        for rows, found in fates
    ]
    points += [
        {"kind": "n = 64", "m": int(r.m), "lam": r.lam, "dead": r.dead, "error": r.dead_error}
        for r in frame_of(dead).itertuples()
    ]
    curves = []
    for m in sorted({point["m"] for point in points}):
        centre = numerics.half_collapse_lam(m)
        strengths = np.linspace(0.65, 1.3, 14) * centre
        critical = [numerics.critical_weight(m, float(lam)) for lam in strengths]
        smooth = make_interp_spline(strengths, critical)  # nearly a straight line
        for lam in np.linspace(0.65, 1.3, 80) * centre:
            law = float(erf(smooth(lam) / math.sqrt(2)) ** m)
            curves.append({"kind": "law", "m": m, "lam": lam, "dead": law, "error": 0.0})

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
        axes.legend(fontsize=7)

    return Plot(
        name="reshuffling_collapse",
        caption="Fraction of features that l1 kills against lambda. Lines: one-curve law for a row "
        "on its own (no constant fitted). Filled: exact flow of lone rows. Open: networks with "
        "n = 64 (measured, standard errors); interference lowers the threshold.",
        data=pd.DataFrame(points + curves),
        draw=draw,
    )
