"""The report's chapter on initialisation: how trained weights depend on the initial ones."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from ... import numerics
from ...numerics._types import Array
from ..cache import Task, run_tasks
from ..chapter import Chapter, mean_line
from ..row.runs import CountsAtStrength, StartEnd
from ..show.figures import Plot
from ..show.rounding import mean_and_error, with_error
from ..show.tables import Table, rows_table
from ..stats.agreement import Agreement

# Initial against final weights in the limit of weak regularisation; paper scale: the authors' size.
SIZES = {"quick": (64, 1024), "paper": (256, 4096)}
NETWORKS = 16

# Counts at the authors' three strengths; the weakest is far inside the limit of weak l1.
FEATURES = 64
NEURONS = {"quick": (64, 128, 256, 512), "paper": (64, 128, 256, 512, 1024, 2048)}
STRENGTHS = {"quick": (0.025, 0.0), "paper": (0.025, 0.0025, 0.0)}
RUNS = {"quick": 16, "paper": 100}
BLOCK = 4  # networks trained together; an interrupted report keeps the finished blocks
TAIL = 0.15  # the authors draw percentiles 15 to 85


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the chapter at a scale."""
    n, m = SIZES[scale]
    starts = [StartEnd(n=n, m=m, network=network) for network in range(NETWORKS)]
    grid = [(m, lam) for lam in STRENGTHS[scale] for m in NEURONS[scale]]
    blocks = [(k, min(k + BLOCK, RUNS[scale])) for k in range(0, RUNS[scale], BLOCK)]
    cells = {
        (m, lam): [
            CountsAtStrength(n=FEATURES, m=m, lam=lam, place=place, first=first, last=last)
            for first, last in blocks
        ]
        for place, (m, lam) in enumerate(grid, 1)
    }
    tasks: list[Task] = [*starts, *chain.from_iterable(cells.values())]
    results = run_tasks("initialisation", tasks, entropy, progress=progress)
    overlaps = np.stack([results[start]["overlaps"] for start in starts])
    counts = {
        key: np.concatenate([results[cell]["neurons"] for cell in listed])
        for key, listed in cells.items()
    }
    return Chapter(
        name="initialisation",
        title="Initial and final weights",
        agreements=tuple(_agreements(*SIZES[scale], overlaps)),
        tables=(_overlap_table(*SIZES[scale], overlaps),),
        figures=(_overlap_figure(*SIZES[scale], overlaps), _count_figure(counts)),
        remarks=(
            "The overlaps, and the counts for lambda -> 0, are computed in the limit of weak "
            "regularisation, in which all rows have length 1.",
        ),
    )


def _own_and_other(overlaps: Array) -> tuple[Array, Array]:
    """Overlaps of each feature with itself and with the others, one row a network."""
    same = np.eye(overlaps.shape[-1], dtype=bool)
    return overlaps[:, same], overlaps[:, ~same]


def expected_largest(m: int) -> float:
    """The mean of the largest of m half-normal variables, in standard deviations."""
    from scipy.integrate import quad
    from scipy.special import erf

    return float(quad(lambda x: -np.expm1(m * np.log(erf(x / np.sqrt(2)))), 1e-300, 40)[0])


def _agreements(n: int, m: int, overlaps: Array) -> list[Agreement]:
    own, other = _own_and_other(overlaps)
    return [
        mean_line(
            claim="start_end_overlap",
            quantity=f"inner product of the initial and the final weights of a feature at n = {n}, "
            f"m = {m}, against its value if each feature ended on its largest initial weight",
            prediction=expected_largest(m),
            samples=own.mean(axis=1),
            margin=0.05,
            unit="initial standard deviations",
        ),
        mean_line(
            claim="start_end_overlap",
            quantity="mean squared inner product of the initial weights of one feature with the "
            f"final weights of another at n = {n}, m = {m}, against its value without interference",
            prediction=1.0,
            samples=(other**2).mean(axis=1),
            margin=0.05,
            unit="initial variances",
        ),
    ]


def _overlap_table(n: int, m: int, overlaps: Array) -> Table:
    own, other = _own_and_other(overlaps)
    largest = f"{expected_largest(m):.3f}"
    rows = [
        ("initial weights of the same feature, mean", own.mean(axis=1), largest),
        ("initial weights of another feature, mean", other.mean(axis=1), "0"),
        ("initial weights of another feature, standard deviation", other.std(axis=1), "1"),
    ]
    return rows_table(
        "initialisation_overlaps",
        f"Overlap of final with initial weights at n = {n}, m = {m}, in initial standard "
        "deviations: mean(standard error) over the networks, beside the value if each feature "
        "ended on its largest initial weight without interference.",
        [
            {"overlap with": words, "measured": with_error(values), "without interference": law}
            for words, values, law in rows
        ],
    )


def _overlap_figure(n: int, m: int, overlaps: Array) -> Plot:
    mean = overlaps.mean(axis=0)
    own, other = _own_and_other(overlaps)
    edges = np.arange(-4.0, 6.01, 0.25)
    middle = (edges[1:] + edges[:-1]) / 2
    cells = pd.DataFrame(
        {
            "kind": "matrix",
            "start": np.repeat(np.arange(n), n),
            "end": np.tile(np.arange(n), n),
            "value": mean.ravel(),
        }
    )
    parts = [
        pd.DataFrame({"kind": kind, "overlap": middle, "value": np.histogram(v, edges)[0] / v.size})
        for kind, v in (("own", own), ("other", other))
    ]
    laws = pd.DataFrame({"kind": "laws", "overlap": middle} | _laws(m, edges))
    data = pd.concat([cells, *parts, laws], ignore_index=True)

    def draw(figure: Any, data: pd.DataFrame) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
        cells = data[data.kind == "matrix"]
        matrix = cells.pivot(index="start", columns="end", values="value").to_numpy()
        image = left.imshow(matrix, cmap="cividis", interpolation="nearest")
        left.set(xlabel="feature, end", ylabel="feature, start")
        figure.colorbar(image, ax=left, shrink=0.75, label=r"overlap $/\,s$")
        laws = data[data.kind == "laws"]
        for kind, color, law, words in (
            ("other", "C0", "normal", "two features"),
            ("own", "C1", "largest", "one feature"),
        ):
            part = data[data.kind == kind]
            seen = part[part.value > 0]
            right.plot(seen.overlap, seen.value, "o", color=color, markersize=2.5)
            right.plot(laws.overlap, laws[law], color=color)
            top = laws.loc[laws[law].idxmax()]
            right.annotate(
                words,
                (top.overlap, max(top[law], part.value.max())),
                (0, 4),
                textcoords="offset points",
                ha="center",
                color=color,
                fontsize=7,
            )
        right.set(
            xlabel=r"overlap of start and end $/\,s$",
            ylabel="share in a bin of 0.25",
            ylim=(0, 1.1 * data[["value", "largest"]][data.kind != "matrix"].max().max()),
        )

    return Plot(
        name="initialisation_overlaps",
        caption=f"Overlap of final with initial weights, n = {n}, m = {m}, weak regularisation. "
        f"Left: mean over {NETWORKS} networks (measured); the diagonal is a feature with itself. "
        "Right: all entries (points, measured) beside the normal law for two features and the law "
        "of the largest of m half-normal weights for one (lines), which hold exactly if each "
        "feature ends on its largest initial weight without interference. The measured overlaps "
        "of different features lie to the left of the normal law.",
        data=data,
        draw=draw,
        size=(6.8, 3.1),
        title="A feature stays near its initial direction, and away from those of the others.",
    )


def _laws(m: int, edges: Array) -> dict[str, Array]:
    """The probabilities of the bins under the two laws."""
    from scipy.special import erf, ndtr

    largest = np.where(edges > 0, erf(np.maximum(edges, 0) / np.sqrt(2)), 0.0) ** m
    return {"normal": np.diff(ndtr(edges)), "largest": np.diff(largest)}


def _count_figure(counts: dict[tuple[int, float], Array]) -> Plot:
    rows = []
    for (m, lam), neurons in counts.items():
        law = numerics.ExclusionLaw(n=FEATURES, m=m)
        low, high = np.quantile(neurons, [TAIL, 1 - TAIL])
        rows.append(
            {
                "lam": lam,
                "m": m,
                "networks": neurons.size,
                **dict(zip(("mean", "error"), mean_and_error(neurons), strict=True)),
                "low": float(low),
                "high": float(high),
                "law": law.mean(),
                "law_low": float(law.ppf(TAIL)),
                "law_high": float(law.ppf(1 - TAIL)),
            }
        )

    def draw(figure: Any, data: pd.DataFrame) -> None:
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
        law = data.drop_duplicates("m").sort_values("m")
        above.fill_between(law.m, law.law_low, law.law_high, color="0.88", linewidth=0)
        above.plot(law.m, law.law, "k", label="exclusion law, 15 to 85 %")
        below.axhline(1, color="k")
        strengths = sorted(data.lam.unique())
        for place, lam in enumerate(strengths):
            part = data[data.lam == lam].sort_values("m")
            shift = 1.06 ** (place - (len(strengths) - 1) / 2)
            words = rf"$\lambda = {lam:g}$" if lam else r"$\lambda \to 0$"
            spread = np.abs(part[["low", "high"]].to_numpy().T - part["mean"].to_numpy())
            style = {"fmt": "o", "color": f"C{place}"}
            above.errorbar(part.m * shift, part["mean"], spread, label=words, **style)
            ratio = (part["mean"] / part.law, part.error / part.law)
            below.errorbar(part.m * shift, *ratio, **style)
        above.set(xscale="log", ylabel="polysemantic neurons")
        above.legend()
        below.set(xlabel="neurons $m$", ylabel="ratio to\nthe law's mean")
        below.set_xticks(law.m, [str(m) for m in law.m])
        below.minorticks_off()

    return Plot(
        name="initialisation_counts",
        caption=f"Polysemantic neurons against the number of neurons, n = {FEATURES}, for several "
        "strengths of l1 (measured; the limit is the weakest). Above: mean, with bars from the "
        "15th to the 85th percentile of the networks; line and grey band: mean and the same "
        "percentiles of the exclusion law (n features in n different slots at random). Below: mean "
        "over the law's mean, with the standard error.",
        data=pd.DataFrame(rows),
        draw=draw,
        title="With weak l1, trained networks have fewer polysemantic neurons than chance.",
    )
