"""Tables of the co-occurrence chapter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..show.rounding import number, with_error
from ..show.tables import Table, rows_table
from .counts import FEATURES
from .variants import NARROW


def price_table(rows: list[dict[str, Any]]) -> Table:
    """Closed form and measurement of each price."""
    return rows_table(
        "cooccurrence_prices",
        "Loss that one polysemantic neuron adds (w at lambda = 0.01, n = 6): closed form "
        "(proved; leading order for weight noise) and Monte Carlo mean(standard error), or the "
        "exact loss where there is no noise.",
        [
            {
                "perturbation": row["perturbation"],
                "closed form": f"{row['closed form']:.5f}",
                "measured": with_error(row["measured"])
                if isinstance(row["measured"], np.ndarray)
                else f"{row['measured']:.5f}",
            }
            for row in rows
        ],
    )


def count_table(measured: pd.DataFrame) -> Table:
    """Ratios by width, lambda and strength."""
    rows = [
        {
            "$m$": str(m),
            "$\\lambda$": f"{lam:g}",
            "networks": str(int(cell.networks.max())),
            "K(0)": number(cell["mean"].iloc[0], cell.mean_error.iloc[0]),
            **_by_strength(cell, sorted(set(measured.strength) - {0})),
        }
        for (m, lam), cell in measured.groupby(["m", "lam"], sort=True)
    ]
    return rows_table(
        "cooccurrence_counts",
        f"Measured: polysemantic neurons K(p)/K(0) after the flow on all pairs, n = "
        f"{FEATURES}, r = p/lambda, mean(standard error), 0 where no network has one; all rows of "
        "one width start from the same weights.",
        rows,
    )


def variant_table(measured: pd.DataFrame) -> Table:
    """Minibatches beside the pairs of the same strength, by values."""
    whole = measured[(measured.fraction == 1) & (measured.m == NARROW) & (measured.strength > 0)]
    rows = [
        {
            "values": values,
            "inputs": "all pairs" if scheme == "pairs" else f"batches of {batch:g}",
            **_by_strength(cell, sorted(set(whole.strength))),
        }
        for (values, scheme, batch), cell in whole.groupby(["values", "scheme", "batch"])
    ]
    rows.sort(key=lambda row: (row["values"], row["inputs"]))
    networks = int(whole.networks.min())
    return rows_table(
        "cooccurrence_minibatches",
        "Measured: K(p)/K(0), n = 32, m = 64, mean(standard error) of "
        f"{networks} networks that start from the same weights; r is the weight of both features "
        "times the mean square of a value, over lambda. All pairs: every input with one or two "
        "features; batches: independent features of probability p = r/100, lambda = p/100 times "
        "that mean square.",
        rows,
    )


def fraction_table(measured: pd.DataFrame) -> Table:
    """Networks in which only some pairs co-occur: all counts, and the two kinds of neurons."""
    partial = measured[measured.fraction < 1].sort_values(["m", "fraction", "strength"])
    rows = [
        {
            "$m$": str(row.m),
            "fraction $f$": f"{row.fraction:g}",
            "$r$": f"{row.strength:g}",
            "K(p)/K(0)": number(row.ratio, row.ratio_error),
            "less interpolation": number(row.shift, row.shift_error),
            "co-occurring": number(row.together, row.together_error),
            "all pairs": number(*_all_pairs(measured, row)),
            "not co-occurring": number(row.apart, row.apart_error),
        }
        for row in partial.itertuples()
    ]
    return rows_table(
        "cooccurrence_fraction",
        "Measured: networks in which a fraction f of the pairs co-occurs (n = 32, lambda = "
        "0.01, mean(standard error)). The interpolation is 1 - f + f times the ratio where all "
        "pairs do. The last columns: polysemantic neurons with co-occurring features over f K(0), "
        "that ratio where all pairs co-occur, and the other neurons over (1 - f) K(0).",
        rows,
    )


def _by_strength(cell: pd.DataFrame, strengths: list[float]) -> dict[str, str]:
    """Ratio and error at each strength; a dash where it was not measured."""
    shown = {row.strength: number(row.ratio, row.ratio_error) for row in cell.itertuples()}
    return {f"r = {strength:g}": shown.get(strength, "--") for strength in strengths}


def _all_pairs(measured: pd.DataFrame, row: Any) -> tuple[float, float]:
    same = (measured.m == row.m) & (measured.strength == row.strength)
    kind = (measured.scheme == "pairs") & (measured["values"] == "binary")
    found = measured[same & kind & (measured.fraction == 1)].iloc[0]
    return found.ratio, found.ratio_error
