"""The figure of the law of the count: measured networks beside the interpolated law."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from ...numerics import ExclusionLaw, trained_count
from ...numerics.collisions.trained_count import settings
from ..published import published_counts
from ..show.figures import Plot

_FILLING = 0.25
_STRENGTHS = {0.0: (0.0, 0.0), 0.1: (0.05, 0.2), 0.5: (0.3, 0.8)}
"""lambda sqrt(m) of the curves, and the range of the points that are drawn with each."""
_LARGEST_ERROR = 0.05
_AUTHORS = "AdamW, published"


def count_plot() -> Plot:
    """Polysemantic neurons over the exclusion law's mean, against n / sqrt(m).

    >>> from polysem.verify.collisions.count_plot import count_plot
    >>> sorted(set(count_plot().data.kind))
    ['AdamW', 'AdamW, published', 'flow', 'law']
    """
    return Plot(
        name="trained_counts",
        caption="Number of polysemantic neurons of trained networks over the mean of the exclusion "
        "law, which is chance. Points are measured networks with standard errors below 5 % and "
        "lambda sqrt(m) near that of a curve. The crosses were published by the authors. Lines are "
        "the law of the count at n = m/4, interpolated between the points. Bands are its standard "
        "error. The points beyond 10 have n = m or n = m/2.",
        data=pd.concat([_measured(), _published(), _law()], ignore_index=True),
        draw=_draw,
        size=(6.4, 3.8),
        title=r"Fewer polysemantic neurons than chance for $2\sqrt{m} < n < 8\sqrt{m}$ and weak "
        r"$\ell_1$",
    )


def _measured() -> pd.DataFrame:
    rows = []
    for optimizer in ("flow", "adamw"):
        for one in settings(optimizer):
            expected = ExclusionLaw(one.n, one.m).mean()
            error = one.mean_error / expected
            if one.mean_error < _LARGEST_ERROR * one.mean and one.n <= one.m:
                kind = "AdamW" if optimizer == "adamw" else "flow"
                rows.append((kind, one.n, one.m, one.lam, one.mean / expected, error))
    return _frame(rows)


def _published() -> pd.DataFrame:
    """The authors' figure, where networks of many features make the reading error small."""
    rows = []
    for one in published_counts():
        if one.source == "figure" and one.n <= one.m and one.neurons >= 1:
            expected = ExclusionLaw(one.n, one.m).mean()
            lam = one.lam_code / 4
            rows.append((_AUTHORS, one.n, one.m, lam, one.neurons / expected, 0.0))
    return _frame(rows)


def _law() -> pd.DataFrame:
    rows = []
    for strength in _STRENGTHS:
        for crowding in np.geomspace(1, 12, 30):
            m = round((crowding / _FILLING) ** 2)
            n = round(crowding * math.sqrt(m))
            law = trained_count(n, m, strength / math.sqrt(m))
            expected = ExclusionLaw(n, m).mean()
            spread = law.mean_error / expected
            rows.append(("law", n, m, law.lam, law.mean() / expected, spread))
    return _frame(rows)


def _frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["kind", "n", "m", "lam", "ratio", "error"])
    frame["crowding"] = frame.n / np.sqrt(frame.m)
    frame["strength"] = (frame.lam * np.sqrt(frame.m)).round(6)
    return frame


def _draw(figure: Any, data: pd.DataFrame) -> None:
    axes = figure.subplots()
    for colour, (strength, (low, high)) in zip(("C0", "C2", "C1"), _STRENGTHS.items(), strict=True):
        label = r"$\lambda \to 0$" if not strength else rf"$\lambda\sqrt{{m}} = {strength:g}$"
        curve = data[(data.kind == "law") & np.isclose(data.strength, strength, atol=1e-4)]
        curve = curve.sort_values("crowding")
        axes.plot(curve.crowding, curve.ratio, color=colour, label=f"flow, {label}")
        edges = curve.ratio - curve.error, curve.ratio + curve.error
        axes.fill_between(curve.crowding, *edges, color=colour, alpha=0.2, linewidth=0)
        points = data[(data.kind == "flow") & data.strength.between(low, high)]
        axes.errorbar(points.crowding, points.ratio, points.error, fmt=".", color=colour)
    for kind, style in (("AdamW", "d"), (_AUTHORS, "x")):
        points = data[data.kind == kind]
        error = points.error if points.error.any() else None
        axes.errorbar(points.crowding, points.ratio, error, fmt=style, color="k", ms=4, label=kind)
    axes.axhline(1, color="0.5", linewidth=0.8)
    axes.annotate("chance", (0.44, 1.01), fontsize="small", color="0.4")
    axes.set_xscale("log")
    axes.set_ylim(0.5, 1.4)
    axes.set_xticks([0.5, 1, 2, 4, 8, 16], ["0.5", "1", "2", "4", "8", "16"])
    axes.minorticks_off()
    axes.set_xlabel(r"features over the root of neurons, $n/\sqrt{m}$")
    axes.set_ylabel("polysemantic neurons / chance")
    figure.legend(loc="outside lower center", ncols=3)
