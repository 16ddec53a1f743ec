"""Tables and the figure of the chapter on the optimizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ... import numerics, theory
from ...numerics.optimizer.count import count_table
from ..published import PublishedCount, published_counts
from ..show.figures import Plot, plain_ticks
from ..show.rounding import number, rounded
from ..show.tables import Table, rows_table
from ..stats.intervals import poisson_interval
from .interventions import interventions
from .pairs import pair_counts

_FEATURES = 64
_LAM = 0.016


def interventions_table() -> Table:
    """What each intervention leaves of AdamW's excess."""
    rows = [
        {
            "change": one.variant,
            "networks": one.networks,
            "neurons": one.neurons,
            "mean": rounded(one.mean),
            "95 % interval": f"{one.low:.2f} to {one.high:.2f}",
            "chance": rounded(one.chance),
            "retained": rounded(one.retained),
        }
        for one in interventions()
    ]
    caption = "Polysemantic neurons under AdamW and its variants, n = 16, m = 1024, lambda = 0.016."
    return rows_table("adam_interventions", caption, rows)


def pairs_table() -> Table:
    """The reduced model beside trained networks, setting by setting."""
    rows = [
        {
            "m": one.setting.m,
            "lambda": f"{one.setting.lam:g}",
            "rate": f"{one.setting.learning_rate:g}",
            "beta1": f"{one.setting.beta1:g}",
            "beta2": f"{one.setting.beta2:g}",
            "p2": number(one.p2, one.p2_error),
            "trained": number(one.trained, one.trained_error),
            "error, %": f"{100 * one.deviation:+.0f}({100 * one.deviation_error:.0f})",
            "kept": f"{one.retained:.3f}",
            "in training": f"{one.trained_retained:.3f}",
        }
        for one in pair_counts()
    ]
    caption = (
        "Probability p2 that two features end on one neuron, and the retained fraction (kept) of "
        "two rows, in the reduced model and in training of two rows alone; and by how much the "
        "model's p2 exceeds that of training."
    )
    return rows_table("adam_pairs", caption, rows)


@dataclass(frozen=True, kw_only=True)
class Printed:
    """A count printed in the authors' notebook, and its probability.

    ``chance`` is the probability of at least this count by the exclusion law, ``predicted`` that
    by the law of the count under AdamW.
    """

    count: PublishedCount
    lam: float
    chance: float
    predicted: float
    mean: float
    chance_mean: float


def printed() -> list[Printed]:
    """The notebook's counts for 64 features.

    >>> from polysem.verify.optimizer.plots import printed
    >>> [one.count.m for one in printed()][:3]
    [64, 128, 256]
    """
    found = []
    for count in published_counts():
        if count.source == "notebook" and count.n == _FEATURES:
            lam = theory.lam_from_averaged_code(n=count.n, lam_code=count.lam_code)
            chance = numerics.ExclusionLaw(count.n, count.m)
            law = numerics.adam_count(count.n, count.m, lam)
            least = count.neurons - 1
            found.append(
                Printed(
                    count=count,
                    lam=lam,
                    chance=float(chance.sf(least)),
                    predicted=float(law.sf(least)),
                    mean=law.mean(),
                    chance_mean=chance.mean(),
                )
            )
    return found


def measured_widths() -> list[tuple[int, float, float, float]]:
    """m, and the mean of our networks in the notebook's settings with its 95 % interval (Garwood).

    >>> from polysem.verify.optimizer.plots import measured_widths
    >>> [m for m, *_ in measured_widths()][-3:]
    [4096, 8192, 16384]
    """
    found = []
    for row in count_table():
        if int(row["n"]) == _FEATURES and float(row["lam"]) == _LAM:
            networks = int(row["networks"])
            total = round(float(row["neurons_mean"]) * networks)
            low, high = poisson_interval(total, exposure=networks, alpha=0.05)
            found.append((int(row["m"]), total / networks, low, high))
    return found


def notebook_table() -> Table:
    """The probability of the notebook's counts by chance and by our prediction."""
    trained = {
        m: f"{mean:.3g} ({low:.2g} to {high:.2g})" for m, mean, low, high in measured_widths()
    }
    rows = [
        {
            "m": one.count.m,
            "printed": int(one.count.neurons),
            "chance": rounded(one.chance_mean),
            "predicted": rounded(one.mean),
            "trained": trained[one.count.m],
            "P(at least), chance": f"{one.chance:.2g}",
            "P(at least), predicted": f"{one.predicted:.2g}",
        }
        for one in printed()
    ]
    caption = (
        "Polysemantic neurons that the authors' notebook prints for 64 features, one network a "
        "size, with the means of the exclusion law, of the prediction for AdamW, and of networks "
        "that we trained by AdamW (with 95 % intervals)."
    )
    return rows_table("adam_notebook", caption, rows)


def notebook_figure() -> Plot:
    """The authors' counts at n = 64: chance falls, the excess of AdamW rises and falls.

    >>> from polysem.verify.optimizer.plots import notebook_figure
    >>> sorted(set(notebook_figure().data.kind))
    ['AdamW, measured', 'AdamW, predicted', 'chance', 'flow, predicted', 'notebook']
    """
    rows: list[dict[str, Any]] = [
        {"kind": "notebook", "m": one.count.m, "neurons": one.count.neurons} for one in printed()
    ]
    for one in printed():
        law = numerics.adam_count(one.count.n, one.count.m, one.lam)
        low, high = law.interval(0.95)
        ends = {"low": low, "high": high}
        rows.append({"kind": "AdamW, predicted", "m": one.count.m, "neurons": one.mean} | ends)
        rows.append({"kind": "chance", "m": one.count.m, "neurons": one.chance_mean})
        flow = numerics.trained_count(one.count.n, one.count.m, one.lam)
        rows.append({"kind": "flow, predicted", "m": one.count.m, "neurons": flow.mean()})
    for m, mean, low, high in measured_widths():
        ends = {"low": low, "high": high}
        rows.append({"kind": "AdamW, measured", "m": m, "neurons": mean} | ends)
    return Plot(
        name="adam_notebook",
        caption="Number of polysemantic neurons of networks with 64 features against the number of "
        "neurons m, AdamW, lambda = 0.016. Crosses are counts of the authors' notebook, one "
        "network a size. Circles are means of 12 to 120 networks with their 95 % intervals. The "
        "blue line is the predicted mean, the band the 95 % interval of one network. The green "
        "line is the predicted mean of the flow, and the dashed line is chance.",
        data=pd.DataFrame(rows),
        draw=_draw,
        size=(6.0, 3.9),
        title="Two features share a neuron by chance, less often in wider networks. Training by "
        "AdamW adds many shared neurons in wide networks.",
    )


def _draw(figure: Any, data: pd.DataFrame) -> None:
    axes = figure.subplots()
    line = data[data.kind == "AdamW, predicted"].sort_values("m")
    axes.fill_between(line.m, line.low, line.high, color="C0", alpha=0.2, linewidth=0)
    axes.plot(line.m, line.neurons, color="C0", label="AdamW, predicted")
    flow = data[data.kind == "flow, predicted"].sort_values("m")
    axes.plot(flow.m, flow.neurons, color="C2", label="gradient flow, predicted")
    chance = data[data.kind == "chance"].sort_values("m")
    axes.plot(chance.m, chance.neurons, color="0.4", linestyle="--", label="chance")
    points = data[data.kind == "AdamW, measured"]
    error = np.array([points.neurons - points.low, points.high - points.neurons])
    axes.errorbar(points.m, points.neurons, error, fmt="o", color="C0", label="AdamW, measured")
    crosses = data[data.kind == "notebook"]
    axes.plot(crosses.m, crosses.neurons, "kx", label="authors' notebook")
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=1)
    plain_ticks(axes.xaxis, sorted(set(crosses.m)))
    plain_ticks(axes.yaxis, (0, 1, 2, 5, 10, 20))
    axes.set_ylim(-0.15, 30)
    axes.set_xlabel("number of neurons $m$")
    axes.set_ylabel(f"polysemantic neurons ({_FEATURES} features)")
    figure.legend(loc="outside lower center", ncols=3, fontsize="small")
