"""The report's chapter on l1 regularisation: one feature, collisions, winners."""

from __future__ import annotations

from ... import numerics, theory
from ...numerics._types import Array
from ..cache import run_tasks
from ..chapter import Chapter, MainResult, estimate_line, main_result, mean_line
from ..published import PublishedCount, published_counts
from ..stats.agreement import Agreement
from ..stats.budget import REPORT_ALPHA
from . import plots
from .runs import (
    COMPARED_TIMES,
    FEATURES,
    LAM,
    LAWS,
    NETWORKS,
    ROW_LAM,
    ROW_NEURONS,
    ROW_SCALE,
    Networks,
    Rows,
    sparsification,
)

ROWS = {"quick": 20, "paper": 200}


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the l1 chapter at a scale."""
    rows = Rows(rows=ROWS[scale])
    networks = [
        Networks(m=m, networks=count, place=place)
        for place, (m, count) in enumerate(NETWORKS[scale].items())
    ]
    results = run_tasks("l1", [rows, *networks], entropy, progress=progress)
    fresh = [plots.Counted.of(task.m, results[task]) for task in networks]
    widths = {counted.m for counted in fresh}
    counts = fresh + [shipped for shipped in plots.Counted.shipped() if shipped.m not in widths]
    rows_in_time = sparsification()
    published = published_counts()
    agreements = (
        *_row_agreements(results[rows]["live"]),
        *(_trained(counted) for counted in fresh),
        *(a for counted in counts for a in _count_agreements(counted)),
        *_published_agreements(published),
    )
    return Chapter(
        name="l1",
        title="l1 regularisation: one feature, collisions, winners",
        agreements=agreements,
        tables=(
            plots.sparsification_table(rows_in_time),
            plots.count_table(counts),
            plots.published_table(published),
        ),
        figures=(
            plots.sparsification_figure(rows_in_time),
            plots.count_figure(counts, published),
            plots.winner_figure(counts),
        ),
        main_results=_main_results(agreements),
        rivals=frozenset(law.name for _, _, law in LAWS),
        remarks=(
            "The authors trained with AdamW. Their notebook averages the loss over the features, "
            "so its lambda_code of 0.001 is lambda = 0.001 * 64/4 = 0.016 for 64 features; their "
            "figure sums the loss, with lambda = 0.001/4 = 0.00025. The comparisons of this "
            "chapter use formulas for the gradient flow; the chapter on the optimizer treats it.",
        ),
    )


def _row_agreements(live: Array) -> list[Agreement]:
    """Mean live weights of independent rows against the half-normal law and the estimate."""
    law = numerics.half_normal_law(ROW_NEURONS, ROW_LAM, COMPARED_TIMES, scale=ROW_SCALE)
    paper = [theory.paper_live_weights(m=ROW_NEURONS, lam=ROW_LAM, t=t) for t in COMPARED_TIMES]
    return [
        mean_line(
            claim=claim,
            quantity=f"live weights of a lone row at t = {t:g}, {name}",
            prediction=prediction,
            samples=live[:, place],
            margin=0.02,
        )
        for place, t in enumerate(COMPARED_TIMES)
        for claim, name, prediction in (
            ("half_normal_live", "the half-normal law", float(law.live[place])),
            ("paper_live_weights", "the paper's estimate", paper[place]),
        )
    ]


def _trained(counted: plots.Counted) -> Agreement:
    """The count of networks that were trained in this report, against the law of the count."""
    law = numerics.trained_count(FEATURES, counted.m, LAM)
    return estimate_line(
        claim="law of the count",
        quantity=f"polysemantic neurons, the law of the count, n = {FEATURES}, m = {counted.m}, "
        f"lambda = {LAM}",
        prediction=law.mean(),
        estimate=counted.neurons,
        error=counted.neurons_error,
        samples=counted.networks,
        margin=0.1,
    )


def _main_results(agreements: tuple[Agreement, ...]) -> tuple[MainResult, ...]:
    return (
        *main_result(
            agreements,
            "law of the count",
            "n = 64, m = 64",
            "The paper's first cause holds: training with l1 regularisation leaves polysemantic "
            "neurons, and training without it none. Their number is near chance, 15.9, for 64 "
            "features, 64 neurons and lambda = 0.01; elsewhere it differs from chance by up to 30 "
            "%.",
            compared="A law interpolated between other trained networks",
            figure="trained_counts",
        ),
        *main_result(
            agreements,
            "paper_polysemantic_neurons",
            "figure, n = 256, m = 512 to 4096",
            "The paper's n^2/4m, and chance as well, is too large for its authors' networks of 256 "
            "features with 512 to 4096 neurons, trained by AdamW (sum over the widths).",
            compared="The paper's formula",
            figure="l1_counts",
            rival=True,
        ),
        *main_result(
            agreements,
            "paper_live_weights",
            "t = 1000,",
            "A feature keeps more non-zero weights than the paper's formula says (100 000 neurons, "
            "lambda = 1e-5, t = 1000). The half-normal law of polysem is right there.",
            compared="The paper's formula",
            figure="l1_sparsification",
            rival=True,
        ),
    )


def _count_agreements(counted: plots.Counted) -> list[Agreement]:
    """Counts against the laws."""
    return [
        estimate_line(
            claim=law.name,
            quantity=f"polysemantic neurons, {words}, n = {FEATURES}, m = {counted.m}, "
            f"lambda = {LAM}{counted.source}",
            prediction=law(n=FEATURES, m=counted.m),
            estimate=counted.neurons,
            error=counted.neurons_error,
            samples=counted.networks,
            margin=0.1,
        )
        for _, words, law in LAWS
    ]


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
        variance = sum(theory.variance_neurons_exclusion(n=n, m=c.m) / c.runs for c in counts)
        reading = sum(c.neurons * c.reading_error for c in counts)
        half = float(norm.isf(REPORT_ALPHA / 2)) * variance**0.5 + reading
        estimate = sum(c.neurons for c in counts)
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
                    alpha=REPORT_ALPHA,
                    approximate=True,
                    smallest_detectable=2 * half / prediction,
                    samples=sum(c.runs for c in counts),
                    numerical_error=reading,
                    assumption="counts spread as the exclusion law says, normal sum",
                )
            )
    return found
