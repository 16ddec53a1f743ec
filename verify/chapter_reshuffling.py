"""Chapter reshuffling of the report: who wins, how many collide, when a feature dies."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import numerics, theory
from .agreement import Agreement
from .published import data_rows
from .report import Chapter
from .reshuffling_runs import Ensemble, Outcomes, ensembles, run_ensemble

FALSE_ALARM = 1e-3  # of each line of the chapter; the suite's checks have their own budget
STEP_ERROR = 0.008  # of the retained fraction in the limit at rel = .03, see the page
QUANTILE = 3.3  # standard errors of a normal at that rate
COMMITTED = "reshuffling_runs.csv"
FAST_TIME, FAST_LAM = 10.0, 1e-3

FAST = {
    "quick": {(16, 64): 2000, (64, 256): 150, (64, 1024): 40},
    "paper": {(16, 64): 6000, (64, 256): 500, (128, 1024): 80, (64, 1024): 120},
}
PAIRS = {
    "quick": {64: 4000, 256: 2000},
    "paper": {64: 20_000, 256: 16_000, 1024: 6000},
}
FLOW_PAIRS = {"quick": {}, "paper": {(64, 0.3): 12_000}}
ROWS = {
    "quick": {(64, 0.2380): 8000, (256, 0.1485): 4000},
    "paper": {
        (m, lam): rows
        for m, rows, lams in (
            (64, 20_000, (0.2023, 0.2380, 0.2737)),
            (256, 12_000, (0.1262, 0.1485, 0.1708)),
            (1024, 6000, (0.0741, 0.0872, 0.1002)),
        )
        for lam in lams
    },
}
CHAINS = {"quick": 1000, "paper": 16_000}
SUPPORT_MARGIN = {(4, 16): 0.05, (8, 16): 0.02, (16, 16): 0.02}


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the reshuffling chapter at a scale."""
    from tqdm.auto import tqdm

    from . import reshuffling_plots as plots

    seeds = np.random.SeedSequence(entropy, spawn_key=(6,)).spawn(5)
    rngs = [np.random.default_rng(seed) for seed in seeds]
    plan = [
        (purpose, ensemble) for purpose, listed in ensembles(scale).items() for ensemble in listed
    ]
    bar = tqdm(plan, desc="reshuffling", disable=None if progress else True)
    runs: dict[str, list[Outcomes]] = {}
    for purpose, ensemble in bar:
        runs.setdefault(purpose, []).append(run_ensemble(ensemble, entropy))
    two_rows = _two_row_predictions(scale, rngs[1])
    fast = _fast_phase(scale, rngs[2])
    collapse = _collapse(scale, rngs[3])
    agreements = (
        _kick_identity(rngs[0]),
        _pair_constant(scale, rngs[4]),
        *(a for found in runs["limit"] for a in _law(found)),
        *(a for found in runs["laplace"] for a in _law(found)),
        *_two_row_agreements(two_rows, [*runs["limit"], *runs["flow"]]),
        *(_fast_agreement(ensemble, kept) for ensemble, kept in fast),
        *(_collapse_agreement(*found) for found in collapse),
        *(a for found in runs["support"] for a in _support(found)),
        *(
            _dispersion(found)
            for found in runs["limit"]
            if found.ensemble.n >= found.ensemble.m / 4
        ),
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
            plots.collapse_table(collapse, tables["dead"]),
        ),
        figures=(
            plots.crowding_figure(_with_committed(tables["limit"] + tables["flow"], scale)),
            plots.collapse_figure(_with_committed(tables["dead"], scale), collapse),
        ),
        remarks=(
            "The limit lambda -> 0 is computed by the quasi-static scheme at rel = .03; its step "
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


def _pair_constant(scale: str, rng: np.random.Generator) -> Agreement:
    """J by two steps, extrapolated to step 0."""
    coarse, fine = (
        numerics.pair_problem(rng, step=step, chains=CHAINS[scale]) for step in (0.04, 0.02)
    )
    estimate = 2 * fine.constant - coarse.constant
    error = QUANTILE * math.hypot(2 * fine.constant_error, coarse.constant_error)
    return Agreement(
        claim="pair_constant",
        quantity="constant J of the dense pair problem",
        prediction=float(theory.PAIR_CONSTANT),
        estimate=estimate,
        interval=(estimate - error, estimate + error),
        margin=0.03,
        false_alarm=FALSE_ALARM,
        smallest_detectable=2 * error / float(theory.PAIR_CONSTANT),
        samples=CHAINS[scale],
        assumption="independent chains with a normal mean; error of the step of second order",
    )


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
            false_alarm=FALSE_ALARM,
            numerical_error=STEP_ERROR,
        )


def _fitted(ensemble: Ensemble) -> float:
    return float(numerics.retained_fraction(theory.fitted_kick_size(n=ensemble.n, m=ensemble.m)))


TwoRow = dict[tuple[int, float], NDArray]


def _two_row_predictions(scale: str, rng: np.random.Generator) -> TwoRow:
    """Kick vectors of pairs on their own, by neurons and lambda sqrt(m)."""
    kicks = {(m, 0.0): numerics.two_rows(m, p, rng).kicks for m, p in PAIRS[scale].items()}
    for (m, strength), pairs in FLOW_PAIRS[scale].items():
        found = numerics.two_rows(m, pairs, rng, lam=strength / math.sqrt(m))
        kicks[m, strength] = found.kicks
    return kicks


def predicted_by_two_rows(kicks: TwoRow, ensemble: Ensemble) -> tuple[float, float] | None:
    """The two-row prediction for an ensemble and its standard error, if its pairs were run."""
    key = (ensemble.m, round(ensemble.lam * math.sqrt(ensemble.m), 6))
    if key not in kicks or ensemble.law != "gaussian":
        return None
    rng = np.random.default_rng([ensemble.n, ensemble.m])
    return numerics.two_row_prediction(kicks[key], ensemble.n, ensemble.m, rng)


def _two_row_agreements(kicks: TwoRow, runs: list[Outcomes]) -> Iterable[Agreement]:
    for found in runs:
        ensemble = found.ensemble
        predicted = predicted_by_two_rows(kicks, ensemble)
        if predicted is None or ensemble.n > 4 * math.sqrt(ensemble.m):
            continue
        value, error = predicted
        words = f"lambda = {ensemble.lam:.4g}" if ensemble.lam else "lambda -> 0"
        yield Agreement.of_mean(
            claim="two_row_prediction",
            quantity=f"winners kept, {words}, {ensemble.sizes}, two-row prediction",
            prediction=value,
            samples=found.retained,
            margin=0.08,
            bounds=None,
            false_alarm=FALSE_ALARM,
            numerical_error=QUANTILE * error,
        )


def _fast_phase(scale: str, rng: np.random.Generator) -> list[tuple[Ensemble, NDArray]]:
    """Winners kept at t = 10 of the flow at small lambda."""
    found = []
    for (n, m), runs in FAST[scale].items():
        ensemble = Ensemble(n=n, m=m, lam=FAST_LAM, runs=runs)
        initial = ensemble.initial(rng, runs)
        final = numerics.train(initial, FAST_LAM, max_time=FAST_TIME).weights
        kept = np.abs(final).argmax(axis=-1) == np.abs(initial).argmax(axis=-1)
        found.append((ensemble, kept.mean(axis=1)))
    return found


def _fast_agreement(ensemble: Ensemble, kept: NDArray) -> Agreement:
    prediction = float(numerics.retained_fraction_fast(ensemble.n, ensemble.m))
    return Agreement.of_mean(
        claim="fast_phase_law",
        quantity=f"winners kept at t = 10, lambda = {FAST_LAM:g}, {ensemble.sizes}, "
        "one-integral law, 3 points",
        prediction=prediction,
        samples=kept,
        margin=0.03 / prediction,
        bounds=None,
        false_alarm=FALSE_ALARM,
    )


Fates = tuple[int, float, float, NDArray]


def _collapse(scale: str, rng: np.random.Generator) -> list[Fates]:
    """Neurons, lambda, one-curve law, and the exact fates less those that the law tells."""
    found = []
    for (m, lam), count in ROWS[scale].items():
        rows = rng.normal(0, m**-0.5, (count, m))
        law = numerics.dead_fraction(m, lam)
        told = np.abs(rows).max(axis=1) * math.sqrt(m) < numerics.critical_weight(m, lam)
        found.append((m, lam, law, numerics.rows_die(rows, lam).astype(float) - told + law))
    return found


def _collapse_agreement(m: int, lam: float, law: float, fates: NDArray) -> Agreement:
    return Agreement.of_mean(
        claim="one_curve_collapse",
        quantity=f"lone rows that l1 kills, m = {m}, lambda = {lam:g}, one-curve law, 3 points",
        prediction=law,
        samples=fates,
        margin=0.03 / law,
        bounds=None,
        false_alarm=FALSE_ALARM,
    )


def _support(found: Outcomes) -> Iterable[Agreement]:
    """Count without support against the exclusion mean; the full flow beside it."""
    ensemble = found.ensemble
    if ensemble.support == 0:
        claim, words = "count_without_support", "support off"
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
        margin=SUPPORT_MARGIN.get((ensemble.n, ensemble.m), 0.08),
        bounds=None,
        false_alarm=FALSE_ALARM,
    )


def _dispersion(found: Outcomes) -> Agreement:
    """Variance over mean of the count against that of the exclusion law (1 for Poisson)."""
    ensemble = found.ensemble
    law = theory.variance_neurons_exclusion(n=ensemble.n, m=ensemble.m) / found.expected
    squares = np.square(found.neurons - found.neurons.mean()) / found.neurons.mean()
    return Agreement.of_mean(
        claim="dispersion_neurons_exclusion",
        quantity=f"variance over mean of the count, lambda -> 0, {ensemble.sizes}, exclusion law",
        prediction=float(law),
        samples=squares * len(squares) / (len(squares) - 1),
        margin=0.25,
        bounds=None,
        false_alarm=FALSE_ALARM,
    )


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
            false_alarm=FALSE_ALARM,
            numerical_error=QUANTILE * float(row["retained_error"]),
        )
