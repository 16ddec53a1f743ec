"""Chapter l1 of the report: one feature, counted collisions, winners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import numerics, theory
from .agreement import Agreement
from .figures import Plot
from .kept import kept
from .published import PublishedCount, published_counts
from .report import Chapter
from .rounding import rounded, with_error
from .tables import Table

if TYPE_CHECKING:
    import pandas as pd

# The authors' one-feature figure.
ROW_NEURONS, ROW_LAM, ROW_SCALE = 100_000, 1e-5, 0.9 / np.sqrt(100_000)
ROW_TIMES = np.logspace(0, 5, 101)
COMPARED_TIMES = (10.0, 100.0, 1_000.0, 10_000.0)
ROWS = {"quick": 20, "paper": 200}

# Counted collisions: n = 64 as in the authors' notebook, at a lambda that quick scale affords.
FEATURES, LAM = 64, 0.01
NETWORKS = {
    "quick": {64: 100, 128: 100, 256: 100, 512: 60},
    "paper": {64: 400, 128: 400, 256: 400, 512: 400, 1024: 400},
}
FALSE_ALARM = 1e-3  # of each line of the chapter; the suite's checks have their own budget


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the l1 chapter at a scale."""
    from tqdm.auto import tqdm

    rows, networks = np.random.SeedSequence(entropy).spawn(2)
    sparsification = _sparsification()
    counts = {}
    cells = tqdm(NETWORKS[scale].items(), desc="l1", disable=None if progress else True)
    for (m, instances), seed in zip(cells, networks.spawn(len(NETWORKS[scale])), strict=True):
        counts[m] = _train(m, instances, seed)
    published = published_counts()
    return Chapter(
        name="l1",
        title="l1 regularisation: one feature, collisions, winners",
        agreements=(
            *_row_agreements(ROWS[scale], np.random.default_rng(rows)),
            *(a for m, counted in counts.items() for a in _count_agreements(m, counted)),
            *_published_agreements(published),
        ),
        tables=(
            _sparsification_table(sparsification),
            _count_table(counts),
            _published_table(published),
        ),
        figures=(
            _sparsification_figure(sparsification),
            _count_figure(counts, published),
            _winner_figure(counts),
        ),
        remarks=(
            "The notebook's counts come from a loss averaged over the batch, the figure's from "
            "the summed loss; both from AdamW. The laws do not know the optimizer.",
        ),
    )


def _sparsification() -> pd.DataFrame:
    """The authors' one-feature figure: exact flow, half-normal law, the paper's estimate."""
    import pandas as pd

    legacy = np.random.RandomState(0)
    row = np.abs(legacy.normal(0, ROW_SCALE, ROW_NEURONS))
    times = np.union1d(ROW_TIMES, COMPARED_TIMES)
    exact = numerics.row_flow(row, ROW_LAM, times)
    law = numerics.half_normal_law(ROW_NEURONS, ROW_LAM, times, scale=ROW_SCALE)
    paper = {
        name: numerics.numpy_function(formula)(m=ROW_NEURONS, lam=ROW_LAM, t=times)
        for name, formula in (
            ("live", theory.paper_live_weights),
            ("l1", theory.paper_l1_norm),
        )
    }
    return pd.DataFrame(
        {
            "t": times,
            "live_exact": exact.live,
            "live_law": law.live,
            "live_paper": paper["live"],
            "l1_exact": exact.l1_norm,
            "l1_law": law.l1_norm,
            "l1_paper": paper["l1"],
        }
    )


def _row_agreements(rows: int, rng: np.random.Generator) -> list[Agreement]:
    """Mean live weights of independent rows against the half-normal law and the estimate."""
    law = numerics.half_normal_law(ROW_NEURONS, ROW_LAM, COMPARED_TIMES, scale=ROW_SCALE)
    live = np.array(
        [
            numerics.row_flow(rng.normal(0, ROW_SCALE, ROW_NEURONS), ROW_LAM, COMPARED_TIMES).live
            for _ in range(rows)
        ]
    )
    found = []
    for place, t in enumerate(COMPARED_TIMES):
        paper = theory.paper_live_weights(m=ROW_NEURONS, lam=ROW_LAM, t=t)
        for claim, name, prediction, margin in (
            ("half_normal_live", "the half-normal law", float(law.live[place]), 0.02),
            ("paper_live_weights", "the paper's estimate", paper, 0.02),
        ):
            found.append(
                Agreement.of_mean(
                    claim=claim,
                    quantity=f"live weights of a lone row at t = {t:g}, {name}",
                    prediction=prediction,
                    samples=live[:, place],
                    margin=margin,
                    bounds=None,
                    false_alarm=FALSE_ALARM,
                )
            )
    return found


def _train(m: int, instances: int, seed: np.random.SeedSequence) -> dict[str, Any]:
    """Counts and kept winners of independent networks; an interrupted report finds them again."""
    about: dict[str, Any] = {"n": FEATURES, "m": m, "lam": LAM, "instances": instances}
    about |= {"entropy": seed.entropy, "spawn_key": list(seed.spawn_key)}

    def compute() -> dict[str, np.ndarray]:
        rng = np.random.default_rng(seed)
        initial = numerics.initial_weights(FEATURES, m, rng, instances=instances)
        final = numerics.train(initial, LAM).weights
        same = numerics.winners(final) == numerics.winners(initial)
        return {
            "neurons": numerics.polysemantic_neurons(final),
            "kept": np.asarray(same).reshape(instances, -1).mean(axis=1),
        }

    return kept("l1-counts", about, compute)


LAWS = (
    ("exclusion", "the exclusion law", theory.expected_neurons_exclusion),
    ("independent", "independent choices", theory.expected_neurons_independent),
    ("paper", "the paper's n²/4m", theory.paper_polysemantic_neurons),
)


def _count_agreements(m: int, counted: dict[str, Any]) -> list[Agreement]:
    found = [
        Agreement.of_mean(
            claim=law.name,
            quantity=f"polysemantic neurons at n = {FEATURES}, m = {m}, lambda = {LAM}, {words}",
            prediction=law(n=FEATURES, m=m),
            samples=counted["neurons"],
            margin=0.1,
            bounds=None,
            false_alarm=FALSE_ALARM,
        )
        for _, words, law in LAWS
    ]
    found.append(
        Agreement.of_mean(
            claim="paper_winner_in_network",
            quantity=f"features whose winner is the initial argmax at m = {m}, the paper's reading",
            prediction=1.0,
            samples=counted["kept"],
            margin=0.1,
            bounds=None,
            false_alarm=FALSE_ALARM,
        )
    )
    return found


def _published_agreements(published: tuple[PublishedCount, ...]) -> list[Agreement]:
    """Sums of published means against the sums of the laws' means, spread as by the law."""
    from scipy.stats import norm

    groups = (
        ("authors' figure, n = 256, m = 256", "figure", 256, lambda c: c.m == 256),
        ("authors' figure, n = 256, m = 512 to 4096", "figure", 256, lambda c: c.m > 256),
        ("authors' notebook, n = 256, m = 256 to 4096", "notebook", 256, lambda c: True),
        ("authors' notebook, n = 64, m = 64 to 16384", "notebook", 64, lambda c: True),
    )
    found = []
    for words, source, n, wanted in groups:
        counts = [c for c in published if c.source == source and c.n == n and wanted(c)]
        estimate = sum(c.neurons for c in counts)
        variance = sum(theory.variance_neurons_exclusion(n=n, m=c.m) / c.runs for c in counts)
        reading = sum(c.neurons * c.reading_error for c in counts)
        half = float(norm.isf(FALSE_ALARM / 2)) * variance**0.5 + reading
        for _, law_words, law in LAWS:
            prediction = sum(law(n=n, m=c.m) for c in counts)
            found.append(
                Agreement(
                    claim=law.name,
                    quantity=f"polysemantic neurons, summed over m: {words}, {law_words}",
                    prediction=prediction,
                    estimate=estimate,
                    interval=(estimate - half, estimate + half),
                    margin=0.1,
                    false_alarm=FALSE_ALARM,
                    smallest_detectable=2 * half / prediction,
                    samples=sum(c.runs for c in counts),
                    numerical_error=reading,
                    assumption="counts spread as the exclusion law says, normal sum",
                )
            )
    return found


def _sparsification_table(data: pd.DataFrame) -> Table:
    import pandas as pd

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
    return Table(
        name="l1_sparsification",
        caption="One feature, m = 1e5, lambda = 1e-5, s = 0.9/sqrt(m): exact flow of the authors' "
        "own initial row, the half-normal law (asymptotic, no free constant) and the paper's "
        "estimate, with the relative error of each.",
        frame=pd.DataFrame(rows),
    )


def _count_table(counts: dict[int, dict[str, Any]]) -> Table:
    import pandas as pd

    return Table(
        name="l1_counts",
        caption=f"Polysemantic neurons (rule [0.8, 1.2]) after the flow, n = {FEATURES}, "
        f"lambda = {LAM}, mean(standard error), beside the laws; and the fraction of features "
        "whose winner is the initial argmax. Measured; the exclusion law is exact for its model.",
        frame=pd.DataFrame(
            [
                {
                    "$m$": str(m),
                    "networks": str(len(counted["neurons"])),
                    "measured": with_error(counted["neurons"]),
                    **{name: f"{law(n=FEATURES, m=m):.2f}" for name, _, law in LAWS},
                    "winner kept": with_error(counted["kept"]),
                }
                for m, counted in counts.items()
            ]
        ),
    )


def _published_table(published: tuple[PublishedCount, ...]) -> Table:
    import pandas as pd

    rows = []
    for count in published:
        mean = theory.expected_neurons_exclusion(n=count.n, m=count.m)
        spread = (theory.variance_neurons_exclusion(n=count.n, m=count.m) / count.runs) ** 0.5
        rows.append(
            {
                "source": count.source,
                "$n$": str(count.n),
                "$m$": str(count.m),
                "runs": str(count.runs),
                "published": f"{count.neurons:g}",
                **{name: f"{f(n=count.n, m=count.m):.2f}" for name, _, f in LAWS},
                "ratio": f"{count.neurons / mean:.2f}",
                "sd": f"{(count.neurons - mean) / spread:.1f}",
            }
        )
    return Table(
        name="l1_published",
        caption="Numbers of polysemantic neurons published by the paper's authors beside the "
        "laws; ratio to the exclusion law, and deviation from it in standard deviations (sd) of "
        "its mean over the runs.",
        frame=pd.DataFrame(rows),
    )


def _sparsification_figure(data: pd.DataFrame) -> Plot:
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
        panels[0, 0].legend(loc="lower left")

    return Plot(
        name="l1_sparsification",
        caption="One feature on its own (m = 1e5, lambda = 1e-5, the authors' initial row). Exact "
        "flow (black), half-normal law (asymptotic in lambda, no free constant) and the paper's "
        "estimate. Below: relative error of each against the exact flow; where a handful of "
        "weights is left the law, a mean, differs from the one row by its fluctuation.",
        data=data,
        draw=draw,
        size=(6.8, 3.6),
    )


def _count_figure(counts: dict[int, dict[str, Any]], published: tuple[PublishedCount, ...]) -> Plot:
    import pandas as pd

    rows = [
        {
            "source": "flow",
            "n": FEATURES,
            "m": m,
            "neurons": float(np.mean(counted["neurons"])),
            "error": float(np.std(counted["neurons"], ddof=1) / len(counted["neurons"]) ** 0.5),
        }
        for m, counted in counts.items()
    ]
    rows += [
        {
            "source": f"authors' {c.source}",
            "n": c.n,
            "m": c.m,
            "neurons": c.neurons,
            "error": (theory.variance_neurons_exclusion(n=c.n, m=c.m) / c.runs) ** 0.5,
        }
        for c in published
    ]
    frame = pd.DataFrame(rows)
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
            below.set_xticks(ticks, [str(m) for m in ticks])
            below.set_xticks([], minor=True)
        panels[0, 0].set_ylabel("polysemantic neurons")
        panels[1, 0].set_ylabel("ratio to\nexclusion law")
        figure.legend(entries.values(), entries, loc="outside upper center", ncols=3)

    return Plot(
        name="l1_counts",
        caption="Polysemantic neurons against the number of neurons. Lines: the exclusion law, "
        "independent choices, and the paper's n^2/4m. Points: our flow (mean and its standard "
        "error), and the counts published by the authors (spread of the exclusion law over their "
        "runs). Below: ratio to the exclusion law. The notebook's one count of 0 has no place on "
        "these logarithmic axes.",
        data=frame,
        draw=draw,
        size=(6.8, 4.4),
    )


def _winner_figure(counts: dict[int, dict[str, Any]]) -> Plot:
    import pandas as pd

    frame = pd.DataFrame(
        {
            "m": list(counts),
            "kept": [float(np.mean(c["kept"])) for c in counts.values()],
            "error": [
                float(np.std(c["kept"], ddof=1) / len(c["kept"]) ** 0.5) for c in counts.values()
            ],
        }
    )

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axes = figure.subplots()
        axes.errorbar(data.m, data.kept, data.error, fmt="ko")
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
            ylabel="winner is the initial argmax",
        )
        axes.set_xticks(data.m, [str(m) for m in data.m], minor=False)
        axes.minorticks_off()

    return Plot(
        name="l1_winners",
        caption=f"Fraction of features whose winner is the argmax of the initial row, n = "
        f"{FEATURES}, lambda = {LAM}; mean over networks and its standard error (measured). The "
        "line is the theorem for a row on its own.",
        data=frame,
        draw=draw,
    )
