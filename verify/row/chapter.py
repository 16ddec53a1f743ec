"""Chapter l1 of the report: one feature, counted collisions, winners."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import numerics, theory
from ..chapter import Chapter
from ..published import PublishedCount, published_counts
from ..stats.agreement import Agreement
from ..stats.budget import REPORT_ALPHA
from .plots import (
    count_figure,
    count_table,
    published_table,
    sparsification_figure,
    sparsification_table,
    winner_figure,
)
from .runs import (
    COMPARED_TIMES,
    FEATURES,
    LAM,
    LAWS,
    NETWORKS,
    ROW_LAM,
    ROW_NEURONS,
    ROW_SCALE,
    sparsification,
    trained,
)

ROWS = {"quick": 20, "paper": 200}


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the l1 chapter at a scale."""
    from tqdm.auto import tqdm

    rows, networks = np.random.SeedSequence(entropy, spawn_key=(11,)).spawn(2)
    rows_in_time = sparsification()
    counts = {}
    cells = tqdm(NETWORKS[scale].items(), desc="l1", disable=None if progress else True)
    for (m, instances), seed in zip(cells, networks.spawn(len(NETWORKS[scale])), strict=True):
        counts[m] = trained(m, instances, seed)
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
            sparsification_table(rows_in_time),
            count_table(counts),
            published_table(published),
        ),
        figures=(
            sparsification_figure(rows_in_time),
            count_figure(counts, published),
            winner_figure(counts),
        ),
        remarks=(
            "The notebook's counts come from a loss averaged over the batch, the figure's from "
            "the summed loss; both from AdamW. The laws do not know the optimizer.",
        ),
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
        for claim, name, prediction in (
            ("half_normal_live", "the half-normal law", float(law.live[place])),
            ("paper_live_weights", "the paper's estimate", paper),
        ):
            found.append(
                Agreement.of_mean(
                    claim=claim,
                    quantity=f"live weights of a lone row at t = {t:g}, {name}",
                    prediction=prediction,
                    samples=live[:, place],
                    margin=0.02,
                    bounds=None,
                    alpha=REPORT_ALPHA,
                )
            )
    return found


def _count_agreements(m: int, counted: dict[str, Any]) -> list[Agreement]:
    found = [
        Agreement.of_mean(
            claim=law.name,
            quantity=f"polysemantic neurons at n = {FEATURES}, m = {m}, lambda = {LAM}, {words}",
            prediction=law(n=FEATURES, m=m),
            samples=counted["neurons"],
            margin=0.1,
            bounds=None,
            alpha=REPORT_ALPHA,
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
            alpha=REPORT_ALPHA,
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
        half = float(norm.isf(REPORT_ALPHA / 2)) * variance**0.5 + reading
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
                    smallest_detectable=2 * half / prediction,
                    samples=sum(c.runs for c in counts),
                    numerical_error=reading,
                    assumption="counts spread as the exclusion law says, normal sum",
                )
            )
    return found
