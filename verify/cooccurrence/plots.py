"""Figures of the co-occurrence chapter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ... import numerics, theory
from ..show.figures import Plot, plain_ticks
from ..stats.intervals import binomial_interval
from .counts import FEATURES, LAM
from .prices import pair_price
from .variants import NARROW

WIDTHS = (64, 128, 512)


def _points(
    axis: Any, cell: pd.DataFrame, x: str, fmt: str, label: str, shift: float = 0.0
) -> None:
    """Measured ratios with their standard errors, shifted sideways."""
    axis.errorbar(cell[x] + shift, cell.ratio, cell.ratio_error, fmt=fmt, label=label)


def suppression_figure(measured: pd.DataFrame, race: pd.DataFrame) -> Plot:
    """Training at three widths beside the reduced race and its fit."""
    trained = measured[measured.lam == LAM].assign(source="training")
    raced = race[race["values"] == "binary"].rename(
        columns={"fraction": "ratio", "error": "ratio_error", "samples": "networks"}
    )
    data = pd.concat([trained, raced.assign(source="reduction"), _fit()])
    columns = ["source", "n", "m", "lam", "strength", "ratio", "ratio_error", "networks"]

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axis = figure.subplots()
        line, points = (data[data.source == source] for source in ("fit", "reduction"))
        axis.plot(line.strength, line.ratio, "k", linewidth=0.8, label="fit, $n \\ll m$")
        _points(axis, points, "strength", "k.", "reduced race")
        for place, m in enumerate(WIDTHS):
            cell = data[(data.source == "training") & (data.m == m) & (data.strength > 0)]
            _points(axis, cell, "strength", f"C{place}o", f"$m = {m}$")
        axis.set(xlabel=r"$r = p/\lambda$", ylabel="$K(p)/K(0)$", yscale="log", ylim=(5e-4, 1.3))
        plain_ticks(axis.yaxis, (0.001, 0.01, 0.1, 1))
        axis.legend()

    return Plot(
        name="cooccurrence_suppression",
        caption="Polysemantic neurons that still form when features co-occur, n = 64, lambda = "
        "0.01. Points: full training (measured, standard errors) and the two-feature race (the "
        "reduction is proved for lambda -> 0 and n << m, its outcome sampled). Line: "
        "exp(-5r/2 - r^2), a fit to the race, not derived. The wider the network, the nearer to "
        "the race.",
        data=data[columns],
        draw=draw,
        title="Features that occur together share fewer neurons, the more so in wide networks.",
    )


def collapse_figure(measured: pd.DataFrame) -> Plot:
    """The same at several lambda: the collapse onto r."""
    data = pd.concat([measured.assign(source="training"), _fit()])

    def draw(figure: Any, data: pd.DataFrame) -> None:
        line = data[data.source == "fit"]
        for axis, m in zip(figure.subplots(1, 3, sharey=True), WIDTHS, strict=True):
            axis.plot(line.strength, line.ratio, "k", linewidth=0.8, label="fit, $n \\ll m$")
            for place, lam in enumerate((0.03, 0.01, 0.003)):
                cell = data[(data.m == m) & (data.lam == lam) & (data.strength > 0)]
                shift, label = 0.04 * (place - 1), rf"$\lambda = {lam:g}$"
                _points(axis, cell, "strength", f"C{place}o", label, shift)
            ratio = "1" if m == FEATURES else f"1/{m // FEATURES}"
            axis.set(title=f"$n/m = {ratio}$", xlabel=r"$r = p/\lambda$")
            axis.set(yscale="log", ylim=(3e-3, 1.3))
            plain_ticks(axis.yaxis, (0.01, 0.1, 1))
        figure.axes[0].set(ylabel="$K(p)/K(0)$")
        figure.axes[0].legend(loc="lower left")

    return Plot(
        name="cooccurrence_collapse",
        caption="The count at fixed r = p/lambda hardly depends on lambda, at each width (n = 64; "
        "measured, standard errors; points shifted sideways by 0.04; all lambda of a width start "
        "from the same weights). Line: the fit to the race, for n << m.",
        data=data,
        draw=draw,
        size=(6.8, 2.8),
        title=r"At each width the count depends on $p/\lambda$, and hardly on $\lambda$.",
    )


def variant_figure(measured: pd.DataFrame) -> Plot:
    """Sampled minibatches beside pairs; and only some pairs."""

    def draw(figure: Any, data: pd.DataFrame) -> None:
        left, right = figure.subplots(1, 2)
        for place, (values, cell) in enumerate(data[data.m == NARROW].groupby("values")):
            whole = cell[(cell.fraction == 1) & (cell.strength > 0)]
            pairs = whole[whole.scheme == "pairs"].sort_values("strength")
            left.plot(pairs.strength, pairs.ratio, f"C{place}-", label=f"pairs, {values}")
            sampled = whole[(whole.scheme == "minibatch") & (whole.batch > 1000)]
            _points(left, sampled, "strength", f"C{place}o", f"minibatches, {values}")
        left.set(xlabel=r"$r = q\,E u^2/\lambda$", ylabel="$K(p)/K(0)$", yscale="log")
        plain_ticks(left.yaxis, (0.01, 0.1, 1))
        left.legend()
        pairs = data[(data.scheme == "pairs") & (data["values"] == "binary") & (data.m == NARROW)]
        for place, strength in enumerate((0.5, 1.0, 2.0)):
            cell = pairs[pairs.strength == strength].sort_values("fraction")
            _points(right, cell, "fraction", f"C{place}o", f"$r = {strength:g}$")
            right.plot((0, 1), (1, cell.ratio.iloc[-1]), f"C{place}:")
        right.set(xlabel="fraction of the pairs that co-occurs", ylim=(0, 1.05))
        right.legend()

    return Plot(
        name="cooccurrence_variants",
        caption="Other data of the same strength (n = 32, m = 64; measured, standard errors). "
        "Left: minibatches of independent features (points) beside training on all pairs (lines), "
        "values 1 and uniform on [0, 1]. Right: only a fraction of the pairs co-occurs; dotted: "
        "linear interpolation in the fraction.",
        data=measured,
        draw=draw,
        size=(6.8, 3.2),
        title="Sampled data suppress collisions as exact pairs do; so does a part of the pairs.",
    )


def _fit() -> pd.DataFrame:
    """The fit to the race on a grid."""
    grid = np.linspace(0, 1.5, 61)
    ratio = [theory.suppression_fit(strength=float(r)) for r in grid]
    return pd.DataFrame({"source": "fit", "strength": grid, "ratio": ratio})


def kick_figure(kicks: pd.DataFrame) -> Plot:
    """Pairs left after a perturbation."""

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axis = figure.subplots()
        for place, (strength, cell) in enumerate(data.groupby("strength")):
            ends = [
                binomial_interval(min(int(row.after), int(row.before)), int(row.before), alpha=0.05)
                for row in cell.itertuples()
            ]
            left = cell.after / cell.before
            below, above = left - [low for low, _ in ends], [high for _, high in ends] - left
            shift = 1.05**place
            axis.errorbar(
                cell.kick * shift,
                left,
                (below, above),
                fmt=f"C{place}o",
                label=f"$r = {strength:g}$",
            )
            axis.axvline(cell.escape_angle.iloc[0], color=f"C{place}", linestyle=":")
        axis.set(xlabel="perturbation of each weight (st. dev.)", ylabel="pairs left")
        axis.set(xscale="log", ylim=(0, 1.05))
        plain_ticks(axis.xaxis, (0.001, 0.01, 0.1, 1))
        axis.plot([], [], "k:", label="a single row escapes")
        axis.legend()

    return Plot(
        name="cooccurrence_kicks",
        caption="Hysteresis (n = m = 64, lambda = 0.01): networks trained without co-occurrence, "
        "then perturbed and trained on with p = r lambda. Points: measured fraction of "
        "polysemantic neurons left, with exact 95 % intervals. Dotted: the angle at "
        "which a single row escapes (proved for lambda -> 0); perturbations of all 64 weights of a "
        "row do so at a smaller deviation.",
        data=kicks,
        draw=draw,
        title="Pairs that have formed survive co-occurrence, even after a perturbation.",
    )


def fold_figure() -> Plot:
    """The largest lambda at which a pair exists."""
    ratios = np.geomspace(1e-3, 1e3, 49)
    data = pd.DataFrame(
        {
            "pair_ratio": ratios,
            "fold": [numerics.pair_fold(float(x)) for x in ratios],
            "series": [max(theory.pair_fold_series(float(x)), 0) for x in ratios],
            "limit": theory.pair_fold_limit(),
        }
    )

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axis = figure.subplots()
        axis.loglog(data.pair_ratio, data.fold, label="continuation")
        axis.loglog(
            data.pair_ratio, data.series.where(data.series > 0), "--", label="weak co-occurrence"
        )
        axis.loglog(data.pair_ratio, data.limit, ":", label="limit")
        axis.set(
            xlabel="both / one alone, $q/c$", ylabel=r"$\lambda/c$ of the fold", ylim=(0.02, 1)
        )
        plain_ticks(axis.xaxis, (0.001, 0.01, 0.1, 1, 10, 100, 1000))
        plain_ticks(axis.yaxis, (0.02, 0.05, 0.1, 0.2, 0.5, 1))
        axis.legend()

    return Plot(
        name="cooccurrence_fold",
        caption="The antipodal pair of two co-occurring features exists below the line "
        "(continuation, to rounding). Dashed: first order for weak co-occurrence (asymptotic). "
        "Dotted: the limit of strong co-occurrence (proved).",
        data=data,
        draw=draw,
        title="Two co-occurring features form a pair only up to a largest $\\lambda$.",
    )


def tradeoff_figure(measured: pd.DataFrame) -> Plot:
    """The cost of the polysemantic neurons that training leaves."""
    points: list[tuple[Any, ...]] = []
    for row in measured[measured.lam == LAM].itertuples():
        price = pair_price(FEATURES, row.lam, row.strength) / row.lam
        pairs = theory.expected_pairs(n=FEATURES, m=row.m)
        loss, error = row.mean * price / pairs, row.mean_error * price / pairs
        points.append(("training", row.m, row.strength, loss, error, np.nan))
    points += [
        ("law", 512, r, 2 * r * theory.suppression_fit(strength=float(r)), np.nan, np.nan)
        for r in np.linspace(0, 1.5, 61)
    ]
    worst = theory.worst_strength()
    points += [
        ("worst", m, worst, theory.worst_tradeoff_loss(FEATURES, m, lam), np.nan, lam)
        for lam in (0.003, 0.01, 0.03)
        for m in (256, 512, 1024, 2048, 4096)
    ]
    columns = ["source", "m", "strength", "loss", "error", "lam"]
    data = pd.DataFrame(points, columns=columns)

    def draw(figure: Any, data: pd.DataFrame) -> None:
        left, right = figure.subplots(1, 2)
        law = data[data.source == "law"]
        left.plot(law.strength, law.loss, "k", linewidth=0.8, label=r"$2rF(r)$, $n \ll m$")
        for place, m in enumerate(WIDTHS):
            cell = data[(data.source == "training") & (data.m == m)]
            left.errorbar(
                cell.strength, cell.loss, cell.error, fmt=f"C{place}o", label=f"$m = {m}$"
            )
        left.set(xlabel=r"$r = p/\lambda$", ylabel=r"$\Delta L/(\lambda K_0)$")
        left.legend()
        for place, (lam, cell) in enumerate(data[data.source == "worst"].groupby("lam")):
            right.loglog(cell.m, cell.loss, f"C{place}", label=rf"$\lambda = {lam:g}$")
        right.set(xlabel="neurons $m$", ylabel=r"largest $\Delta L$ over $p$")
        plain_ticks(right.xaxis, (256, 1024, 4096))
        plain_ticks(right.yaxis, (0.0003, 0.001, 0.003, 0.01, 0.03))
        right.legend()

    return Plot(
        name="cooccurrence_tradeoff",
        caption="What polysemanticity costs a network trained on co-occurring features, n = 64. "
        "Left: measured counts times the price of a relaxed pair (proved), in units of lambda "
        "times n(n-1)/(4m), lambda = 0.01; line: the law with the fitted suppression. Training "
        "limits the cost: more co-occurrence leaves fewer pairs. Right: its largest value over p, "
        "0.26 lambda n(n-1)/(4m) (rests on the fit; n << m).",
        data=data,
        draw=draw,
        size=(6.8, 3.2),
        title="More co-occurrence leaves fewer pairs, so their total cost stays bounded.",
    )


def map_figure() -> Plot:
    """The parameters at which a polysemantic neuron lowers the loss."""
    w = theory.amplitude(lam=0.001)
    sigmas, probabilities = np.geomspace(0.02, 2, 81), np.geomspace(1e-4, 0.9, 81)
    price = numerics.numpy_function(theory.noisy_cooccurrence_price)
    grid = np.array([[float(s), float(p)] for s in sigmas for p in probabilities])
    data = pd.DataFrame(
        {
            "sigma": grid[:, 0],
            "activation_probability": grid[:, 1],
            "price": price(activation_probability=grid[:, 1], weight=w, sigma=grid[:, 0]),
        }
    )
    odds = numerics.numpy_function(theory.break_even_odds)(weight=w, sigma=data.sigma)
    weak = numerics.numpy_function(theory.break_even_odds_small)(weight=w, sigma=data.sigma)
    data["break_even"] = np.where(odds > 0, odds / (1 + odds), 1.0)
    data["break_even_weak_noise"] = weak / (1 + weak)

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axis = figure.subplots()
        pays = data.pivot(index="activation_probability", columns="sigma", values="price") < 0
        axis.contourf(
            pays.columns,
            pays.index,
            pays.astype(float),
            levels=[-0.5, 0.5, 1.5],
            colors=["#f5d9c8", "#cfe3f1"],
        )
        line = data.drop_duplicates("sigma")
        axis.loglog(line.sigma, line.break_even, "k", label="break-even")
        axis.loglog(line.sigma, line.break_even_weak_noise, "k--", label="weak noise")
        axis.text(0.03, 0.2, "raises the loss")
        axis.text(0.4, 0.001, "lowers the loss")
        axis.set(
            xlabel=r"noise on the neurons $\sigma$",
            ylabel="activation probability $p$",
            ylim=(1e-4, 0.9),
        )
        plain_ticks(axis.xaxis, (0.02, 0.1, 0.5, 2))
        plain_ticks(axis.yaxis, (0.0001, 0.001, 0.01, 0.1))
        axis.legend(loc="lower right")

    return Plot(
        name="cooccurrence_map",
        caption="Where a polysemantic neuron lowers the mean loss (blue) and where it raises "
        "it, features active independently with probability p, normal noise on the neurons "
        "(w at lambda = 0.001). Line: break-even odds (proved). Dashed: their weak-noise form "
        "(asymptotic).",
        data=data,
        draw=draw,
        title="A polysemantic neuron lowers the loss under strong noise and rare activity.",
    )
