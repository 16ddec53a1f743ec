"""Chapter reshuffling of the report: who wins, how many collide, when a feature dies."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import numerics, theory
from ...numerics.interference.two_rows import KICK_GROUPS
from ..chapter import Chapter
from ..published import data_rows
from ..stats.agreement import Agreement
from ..stats.budget import REPORT_ALPHA
from ..stats.intervals import normal_interval
from ..stats.power import POWER_QUANTILE
from ..tasks import Arrays, Task, run_all
from .experiments import LoneRows
from .plan import (
    CHAINS,
    FAST_LAM,
    FAST_TIME,
    dense_pairs,
    ensembles,
    lone_rows,
    two_row_samples,
)
from .runs import Ensemble, Outcomes

STEP_ERROR = 0.008  # of the retained fraction in the limit at rel = .1, see the page
DISPERSION_MARGIN = 0.25
VARIANCE_RUNS = 1000  # (3.3 + 2.33) sqrt(2/runs), what a variance detects, is the margin there
TWO_ROW_STEP_ERROR = 0.004  # of the prediction in the limit, at rel = 0.03: see the page
SUPPORT_STEP_ERROR = 0.002  # of the count with altered interference, over its mean; see the page
COMMITTED = "reshuffling_runs.csv"
SUPPORT_MARGIN = {(4, 16): 0.05, (8, 16): 0.02, (16, 16): 0.02}

TwoRow = dict[tuple[int, float, int], tuple[float, float]]
"""Two-row prediction and its error, by neurons, lambda sqrt(m) and features."""


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the reshuffling chapter at a scale."""
    from . import plots as plots

    plan, samples = ensembles(scale), two_row_samples(scale)
    tasks: list[Task] = [*samples, *(one for listed in plan.values() for one in listed)]
    tasks += [*lone_rows(scale), *dense_pairs(scale)]
    results = run_all("reshuffling", tasks, entropy, progress=progress)
    runs = {
        purpose: [Outcomes(ensemble=one, **results[one]) for one in listed]
        for purpose, listed in plan.items()
    }
    two_rows = {
        (sample.m, sample.strength, n): (float(value), float(error))
        for sample in samples
        for n, value, error in zip(sample.features, *results[sample].values(), strict=True)
    }
    fates = [(rows, results[rows]) for rows in lone_rows(scale)]
    agreements = (
        _kick_identity(np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(6,)))),
        _pair_constant([results[pairs] for pairs in dense_pairs(scale)], scale),
        *(a for found in runs["limit"] for a in _law(found)),
        *(a for found in runs["laplace"] for a in _law(found)),
        *_trend(runs["limit"]),
        *_two_row_agreements(two_rows, [*runs["limit"], *runs["flow"]]),
        *(_fast_agreement(found) for found in runs["fast"]),
        *(_collapse_agreement(rows, found) for rows, found in fates),
        *(a for found in runs["support"] for a in _support(found)),
        *(a for found in runs["limit"] for a in _dispersion(found)),
        *_committed([f for purpose in ("limit", "laplace", "flow") for f in runs[purpose]], scale),
    )
    tables = {
        purpose: [found.row() | {"purpose": purpose} for found in listed]
        for purpose, listed in runs.items()
    }
    return Chapter(
        name="reshuffling",
        title="Reshuffling: who wins, how many collide, when a feature dies",
        agreements=agreements,
        tables=(
            plots.runs_table(tables["limit"] + tables["laplace"], two_rows),
            plots.drift_table(_with_committed(tables["limit"], scale)),
            plots.support_table(tables["support"]),
            plots.collapse_table(fates, tables["dead"]),
        ),
        figures=(
            plots.crowding_figure(_with_committed(tables["limit"] + tables["flow"], scale)),
            plots.collapse_figure(_with_committed(tables["dead"], scale), fates),
        ),
        remarks=(
            "The limit lambda -> 0 is computed by the quasi-static scheme at rel = .1; its step "
            "error is below .01 in the retained fraction.",
            "At quick scale the figures show the committed paper-scale runs; the runs of this "
            "report are confronted with them above.",
        ),
    )


def _with_committed(rows: list[dict[str, Any]], scale: str) -> list[dict[str, Any]]:
    """The rows, and at quick scale the committed ones of the same purposes instead."""
    if scale == "paper":
        return rows
    wanted = {row["purpose"] for row in rows}
    return [dict(row) for row in data_rows(COMMITTED) if row["purpose"] in wanted]


def _kick_identity(rng: np.random.Generator) -> Agreement:
    """The identity along a run of a network, at the end of which most weights have died."""
    start = numerics.initial_weights(32, 128, rng)
    recorder = numerics.KickRecorder(start)
    final = numerics.train(start, 0.01, max_time=40.0, observe=recorder).weights
    live = recorder.alive[0]
    error = np.abs(recorder.weights()[0] - final)[live].max() / np.abs(final).max()
    return Agreement.of_value(
        claim="kick_identity",
        quantity=f"error of the kick identity after t = 40 (n = 32, m = 128; {live.sum()} weights "
        "alive), relative to the largest weight",
        prediction=0.0,
        estimate=float(error),
        numerical_error=0.0,
        margin=1e-10,
    )


def _pair_constant(found: list[Arrays], scale: str) -> Agreement:
    """J by two steps, extrapolated to step 0."""
    coarse, fine = found
    estimate = float(2 * fine["constant"] - coarse["constant"])
    error = _half(math.hypot(2 * fine["error"], coarse["error"]), CHAINS[scale])
    return Agreement(
        claim="pair_constant",
        quantity="constant J of the dense pair problem",
        prediction=float(theory.PAIR_CONSTANT),
        estimate=estimate,
        interval=(estimate - error, estimate + error),
        margin=0.03,
        alpha=REPORT_ALPHA,
        smallest_detectable=2 * error / float(theory.PAIR_CONSTANT),
        samples=CHAINS[scale],
        assumption="independent chains with a normal mean; error of the step of second order",
    )


def _half(error: float, samples: int) -> float:
    """Half of Student's interval of a mean from its standard error."""
    return normal_interval(0.0, error, alpha=REPORT_ALPHA, samples=samples)[1]


def _law(found: Outcomes) -> Iterable[Agreement]:
    """The sparse-phase law and the fitted law, where they claim to hold."""
    ensemble = found.ensemble
    crowding = ensemble.n / math.sqrt(ensemble.m)
    if ensemble.m < 64 or crowding > 4:
        return
    size = {"gaussian": "sparse_kick_size", "laplace": "sparse_kick_size_laplace"}[ensemble.law]
    sparse = float(numerics.retained_fraction_sparse(ensemble.n, ensemble.m, law=ensemble.law))
    laws = [(size, "parameter-free law", sparse)]
    if ensemble.law == "gaussian" and crowding >= 2 and 2 * ensemble.n <= ensemble.m:
        laws.append(("fitted_kick_size", "fitted law", _fitted(ensemble)))
    for claim, words, prediction in laws:
        yield Agreement.of_mean(
            claim=claim,
            quantity=f"winners kept, lambda -> 0, {ensemble.sizes}, {ensemble.law} rows, {words}",
            prediction=prediction,
            samples=found.retained,
            margin=0.08,
            bounds=None,
            alpha=REPORT_ALPHA,
            numerical_error=STEP_ERROR,
        )


def _fitted(ensemble: Ensemble) -> float:
    return float(numerics.retained_fraction(theory.fitted_kick_size(n=ensemble.n, m=ensemble.m)))


def _trend(runs: list[Outcomes]) -> Iterable[Agreement]:
    """The fall of the winners kept where n/sqrt(m) doubles: between none and twice the law's."""
    known = {(f.ensemble.n, f.ensemble.m): f for f in runs if f.ensemble.m >= 64}
    steps = [((n, m), (2 * n, m)) for n, m in known if 2 * n <= 4 * math.sqrt(m)]
    steps += [((n, 4 * m), (n, m)) for n, m in known if n <= 4 * math.sqrt(m)]
    for (n, m), (more, fewer) in steps:
        if (n, m) not in known or (more, fewer) not in known:
            continue
        sparse, crowded = known[n, m].retained, known[more, fewer].retained
        law = float(
            numerics.retained_fraction_sparse(n, m) - numerics.retained_fraction_sparse(more, fewer)
        )
        error = math.hypot(*(kept.std(ddof=1) / math.sqrt(len(kept)) for kept in (sparse, crowded)))
        estimate = float(sparse.mean() - crowded.mean())
        half = _half(error, min(len(sparse), len(crowded))) + STEP_ERROR
        yield Agreement(
            claim="winner_in_network",
            quantity=f"fall of the winners kept, lambda -> 0, from n = {n}, m = {m} to n = {more}, "
            f"m = {fewer}, parameter-free law",
            prediction=law,
            estimate=estimate,
            interval=(estimate - half, estimate + half),
            margin=1.0,
            alpha=REPORT_ALPHA,
            smallest_detectable=(half + POWER_QUANTILE * error + STEP_ERROR) / law,
            samples=min(len(sparse), len(crowded)),
            numerical_error=STEP_ERROR,
            assumption="independent networks, means that are normal",
        )


def two_row_key(ensemble: Ensemble) -> tuple[int, float, int]:
    """Under which the two-row prediction for an ensemble is found."""
    return ensemble.m, round(ensemble.lam * math.sqrt(ensemble.m), 6), ensemble.n


def _two_row_agreements(two_rows: TwoRow, runs: list[Outcomes]) -> Iterable[Agreement]:
    """The two-row prediction, in the range where it is claimed and outside."""
    for found in runs:
        ensemble = found.ensemble
        if two_row_key(ensemble) not in two_rows:
            continue
        value, error = two_rows[two_row_key(ensemble)]
        claimed = ensemble.lam == 0 and ensemble.n <= 4 * math.sqrt(ensemble.m)
        words = f"lambda = {ensemble.lam:.4g}" if ensemble.lam else "lambda -> 0"
        yield Agreement.of_mean(
            claim="two_row_prediction" if claimed else "two_row_prediction_outside",
            quantity=f"winners kept, {words}, {ensemble.sizes}, two-row prediction"
            + ("" if claimed else " outside its range"),
            prediction=value,
            samples=found.retained,
            margin=0.08,
            bounds=None,
            alpha=REPORT_ALPHA,
            numerical_error=_half(error, KICK_GROUPS) + (0 if ensemble.lam else TWO_ROW_STEP_ERROR),
        )


def _fast_agreement(found: Outcomes) -> Agreement:
    ensemble = found.ensemble
    prediction = float(numerics.retained_fraction_fast(ensemble.n, ensemble.m))
    return Agreement.of_mean(
        claim="fast_phase_law",
        quantity=f"winners kept at t = {FAST_TIME:g}, lambda = {FAST_LAM:g}, {ensemble.sizes}, "
        "one-integral law, 3 points",
        prediction=prediction,
        samples=found.retained,
        margin=0.03 / prediction,
        bounds=None,
        alpha=REPORT_ALPHA,
    )


def _collapse_agreement(rows: LoneRows, found: Arrays) -> Agreement:
    law = float(found["law"])
    return Agreement.of_mean(
        claim="one_curve_collapse",
        quantity=f"lone rows that l1 kills, m = {rows.m}, lambda = {rows.lam:g}, one-curve law, "
        "3 points",
        prediction=law,
        samples=found["fates"],
        margin=0.03 / law,
        bounds=None,
        alpha=REPORT_ALPHA,
    )


def _support(found: Outcomes) -> Iterable[Agreement]:
    """Count without support against the exclusion mean; the full flow beside it."""
    ensemble = found.ensemble
    sizes = ensemble.n, ensemble.m
    if ensemble.support == 0:
        sized = sizes in SUPPORT_MARGIN
        claim = "count_without_support" if sized else "count_without_support_elsewhere"
        words = "support off"
    elif ensemble.support == 1 and ensemble.winner_push:
        claim, words = "exclusion_mean", "full flow"
    else:
        return
    yield Agreement.of_mean(
        claim=claim,
        quantity=f"polysemantic neurons, lambda = {ensemble.lam:g}, {ensemble.sizes}, "
        f"{words}, exclusion law",
        prediction=found.expected,
        samples=found.neurons,
        margin=SUPPORT_MARGIN.get(sizes, 0.08),
        bounds=None,
        alpha=REPORT_ALPHA,
        numerical_error=SUPPORT_STEP_ERROR * found.expected,
    )


def _dispersion(found: Outcomes) -> Iterable[Agreement]:
    """Variance over mean of the count, against the exclusion law and against Poisson's."""
    ensemble = found.ensemble
    if 4 * ensemble.n < ensemble.m or ensemble.runs < VARIANCE_RUNS:
        return
    law = theory.variance_neurons_exclusion(n=ensemble.n, m=ensemble.m) / found.expected
    full = ensemble.n == ensemble.m
    for claim, words, prediction, margin in (
        (
            "dispersion_when_full" if full else "dispersion_in_the_limit",
            "exclusion law",
            law,
            DISPERSION_MARGIN,
        ),
        ("poisson_dispersion", "Poisson's", 1.0, 0.05),
    ):
        yield Agreement.of_mean(
            claim=claim,
            quantity=f"variance over mean of the count, lambda -> 0, {ensemble.sizes}, {words}",
            prediction=float(prediction),
            samples=_dispersion_terms(found.neurons),
            margin=margin,
            bounds=None,
            alpha=REPORT_ALPHA,
        )


def _dispersion_terms(counts: NDArray) -> NDArray:
    """Terms whose mean is variance over mean, and whose spread counts that of the mean too."""
    away = counts - counts.mean()
    variance = counts.var(ddof=1)
    terms = away**2 * len(counts) / (len(counts) - 1) - variance / counts.mean() * away
    return np.asarray(terms / counts.mean())


def _committed(runs: list[Outcomes], scale: str) -> Iterable[Agreement]:
    """Fresh runs against the committed ones of paper scale."""
    if scale == "paper":
        return
    known = {
        (int(r["n"]), int(r["m"]), float(r["lam"]), r["law"]): r
        for r in data_rows(COMMITTED)
        if float(r["support"]) == 1 and r["winner_push"] == "True"
    }
    for found in runs:
        ensemble = found.ensemble
        row = known.get((ensemble.n, ensemble.m, ensemble.lam, ensemble.law))
        if row is None:
            continue
        yield Agreement.of_mean(
            claim="committed_runs",
            quantity=f"winners kept, lambda = {ensemble.lam:.4g}, {ensemble.sizes}, "
            f"{ensemble.law} rows, committed runs",
            prediction=float(row["retained"]),
            samples=found.retained,
            margin=0.1,
            bounds=None,
            alpha=REPORT_ALPHA,
            numerical_error=_half(float(row["retained_error"]), int(row["runs"])),
        )
