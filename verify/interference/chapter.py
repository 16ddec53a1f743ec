"""The report's chapter on reshuffling: winners, collisions, and features that die."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from ... import numerics, theory
from ...numerics._types import Array
from ...numerics.interference.two_rows import KICK_GROUPS
from ...theory.proof.record import Record
from ..cache import Arrays, Task, run_tasks
from ..chapter import Chapter, estimate_line, half_interval, mean_line
from ..published import recorded_on
from ..recorded import agreements, sentence_of
from ..stats.agreement import Agreement
from .experiments import CollapseCurve, LoneRows
from .plan import (
    CHAINS,
    DEAD,
    FAST_LAM,
    FAST_TIME,
    dense_pairs,
    ensembles,
    lone_rows,
    two_row_samples,
)
from .runs import TABLE, Ensemble, Means, Outcomes, TwoRow

STEP_ERROR = 0.008  # of the fraction in the limit at rel = .1, see the page
DISPERSION_MARGIN = 0.25
VARIANCE_RUNS = 1000  # (3.3 + 2.33) sqrt(2/runs), what a variance detects, is the margin there
TWO_ROW_STEP_ERROR = 0.004  # of the prediction in the limit, at rel = 0.03: see the page
SUPPORT_STEP_ERROR = 0.002  # of the count with altered interference, over its mean; see the page
SUPPORT_MARGIN = {(4, 16): 0.05, (8, 16): 0.02, (16, 16): 0.02}


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the reshuffling chapter at a scale."""
    from . import plots as plots

    plan, samples = ensembles(scale), two_row_samples(scale)
    tasks: list[Task] = [*samples, *(one for listed in plan.values() for one in listed)]
    tasks += [*lone_rows(scale), *dense_pairs(scale)]
    widths = sorted({rows.m for rows in lone_rows(scale)} | set(DEAD["paper"]))
    curves = [CollapseCurve(m=m) for m in widths]
    tasks = [*reversed(curves), *tasks]  # the widest takes longest
    results = run_tasks("reshuffling", tasks, entropy, progress=progress)
    outcomes = {
        purpose: [Outcomes(ensemble=one, **results[one]) for one in listed]
        for purpose, listed in plan.items()
    }
    fresh = {purpose: list(map(Means.of, found)) for purpose, found in outcomes.items()}
    known = fresh if scale == "paper" else {p: _with_shipped(p, m) for p, m in fresh.items()}
    two_rows = {
        (sample.m, sample.strength, n): (float(value), float(error))
        for sample in samples
        for n, value, error in zip(sample.features, *results[sample].values(), strict=True)
    }
    laws = {curve.m: results[curve] for curve in curves}
    fates = [(rows, results[rows]) for rows in lone_rows(scale)]
    agreements = (
        _kick_identity(np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(6,)))),
        _pair_constant([results[pairs] for pairs in dense_pairs(scale)], scale),
        *(a for found in (*known["limit"], *known["laplace"]) for a in _law(found)),
        *_trend(known["limit"]),
        *_two_row_agreements(two_rows, [*fresh["limit"], *fresh["flow"]]),
        *map(_fast_agreement, known["fast"]),
        *(_collapse_agreement(rows, found) for rows, found in fates),
        *(a for found in known["support"] for a in _support(found)),
        *(a for found in outcomes["limit"] for a in _dispersion(found)),
        *(_repeated(found) for purpose in fresh for found in fresh[purpose] if scale == "quick"),
    )
    tables = {
        purpose: [found.row | {"purpose": purpose} for found in listed]
        for purpose, listed in known.items()
    }
    return Chapter(
        name="reshuffling",
        title="Reshuffling: winners, collisions and dead features",
        agreements=agreements,
        tables=(
            plots.runs_table(tables["limit"] + tables["laplace"], two_rows),
            plots.drift_table(tables["limit"]),
            plots.support_table(tables["support"]),
            plots.collapse_table(fates, tables["dead"], laws),
        ),
        figures=(
            plots.crowding_figure(tables["limit"] + tables["flow"]),
            plots.collapse_figure(tables["dead"], fates, laws),
        ),
        rivals=frozenset({"exclusion_mean"}),
        remarks=(
            "The limit lambda -> 0 is computed by the quasi-static scheme at rel = .1; its step "
            "error is below .01 in the fraction of features that keep their neuron.",
            *(_from_record() if scale == "quick" else ()),
        ),
    )


def _with_shipped(purpose: str, fresh: list[Means]) -> list[Means]:
    """The shipped means, and those of this report that the shipped table does not have."""
    shipped = Means.shipped(purpose)
    there = {_kind(found.ensemble) for found in shipped}
    return shipped + [found for found in fresh if _kind(found.ensemble) not in there]


def _kind(ensemble: Ensemble) -> Ensemble:
    """The ensemble whatever its number of networks and its last digits of lambda."""
    return replace(ensemble, runs=0, lam=float(f"{ensemble.lam:.6g}"), until=None)


def _from_record() -> tuple[str, ...]:
    """What the record says of the checks that the quick sample cannot decide."""
    found = Record.load().checks
    return (
        "Lines marked as recorded rest on the networks of the paper scale in "
        f"paper_notes/data/{TABLE}; this report trains a few ensembles again and compares them.",
        *(
            "Not run at quick scale; the record of the paper scale says: "
            f"{sentence_of(agreements(found[name]))}"
            for name in ("two_row_prediction", "dispersion_in_the_limit")
            if name in found
        ),
    )


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
    return estimate_line(
        claim="pair_constant",
        quantity="constant J of the dense pair problem",
        prediction=float(theory.PAIR_CONSTANT),
        estimate=float(2 * fine["constant"] - coarse["constant"]),
        error=math.hypot(2 * fine["error"], coarse["error"]),
        samples=CHAINS[scale],
        margin=0.03,
        assumption="independent chains with a normal mean; error of the step of second order",
    )


def _law(found: Means) -> Iterable[Agreement]:
    """The sparse-phase law and the fitted law, where they claim to hold."""
    ensemble = found.ensemble
    if ensemble.m < 64 or ensemble.crowding > 4:
        return
    size = {"gaussian": "sparse_kick_size", "laplace": "sparse_kick_size_laplace"}[ensemble.law]
    sparse = float(numerics.retained_fraction_sparse(ensemble.n, ensemble.m, law=ensemble.law))
    laws = [(size, "parameter-free law", sparse)]
    if ensemble.law == "gaussian" and ensemble.crowding >= 2 and 2 * ensemble.n <= ensemble.m:
        laws.append(("fitted_kick_size", "fitted law", _fitted(ensemble)))
    for claim, words, prediction in laws:
        yield estimate_line(
            claim=claim,
            quantity=f"features that keep their neuron, {ensemble.where}, {ensemble.law} rows, "
            f"{words}{found.source}",
            prediction=prediction,
            margin=0.08,
            numerical_error=STEP_ERROR,
            **found.estimate("same_neuron"),
        )


def _fitted(ensemble: Ensemble) -> float:
    return float(numerics.retained_fraction(theory.fitted_kick_size(n=ensemble.n, m=ensemble.m)))


def _trend(runs: list[Means]) -> Iterable[Agreement]:
    """How much fewer stay where n/sqrt(m) doubles: between none and twice the law's."""
    known = {(f.ensemble.n, f.ensemble.m): f for f in runs if f.ensemble.m >= 64}
    steps = [((n, m), (2 * n, m)) for n, m in known if 2 * n <= 4 * math.sqrt(m)]
    steps += [((n, 4 * m), (n, m)) for n, m in known if n <= 4 * math.sqrt(m)]
    for (n, m), (more, fewer) in steps:
        if (n, m) not in known or (more, fewer) not in known:
            continue
        sparse, crowded = (known[size].estimate("same_neuron") for size in ((n, m), (more, fewer)))
        yield estimate_line(
            claim="winner_in_network",
            quantity=f"fall of the features that keep their neuron, lambda -> 0, from n = {n}, "
            f"m = {m} to n = {more}, m = {fewer}, parameter-free law{known[n, m].source}",
            prediction=float(
                numerics.retained_fraction_sparse(n, m)
                - numerics.retained_fraction_sparse(more, fewer)
            ),
            estimate=sparse["estimate"] - crowded["estimate"],
            error=math.hypot(sparse["error"], crowded["error"]),
            samples=min(sparse["samples"], crowded["samples"]),
            margin=1.0,
            numerical_error=STEP_ERROR,
        )


def _two_row_agreements(two_rows: TwoRow, runs: list[Means]) -> Iterable[Agreement]:
    """The two-row prediction, in the range where it is claimed and outside."""
    for found in runs:
        ensemble = found.ensemble
        if ensemble.two_row_key not in two_rows:
            continue
        value, error = two_rows[ensemble.two_row_key]
        claimed = ensemble.lam == 0 and ensemble.crowding <= 4
        yield estimate_line(
            claim="two_row_prediction" if claimed else "two_row_prediction_outside",
            quantity=f"features that keep their neuron, {ensemble.where}, two-row prediction"
            + ("" if claimed else " outside its range"),
            prediction=value,
            margin=0.08,
            numerical_error=half_interval(error, KICK_GROUPS)
            + (0 if ensemble.lam else TWO_ROW_STEP_ERROR),
            **found.estimate("same_neuron"),
        )


def _fast_agreement(found: Means) -> Agreement:
    ensemble = found.ensemble
    prediction = float(numerics.retained_fraction_fast(ensemble.n, ensemble.m))
    return estimate_line(
        claim="fast_phase_law",
        quantity=f"features that keep their neuron at t = {FAST_TIME:g}, lambda = {FAST_LAM:g}, "
        f"{ensemble.sizes}, one-integral law, 3 points{found.source}",
        prediction=prediction,
        margin=0.03 / prediction,
        **found.estimate("same_neuron"),
    )


def _collapse_agreement(rows: LoneRows, found: Arrays) -> Agreement:
    law = float(found["law"])
    return mean_line(
        claim="one_curve_collapse",
        quantity=f"rows on their own that l1 kills, m = {rows.m}, lambda = {rows.lam:g}, "
        "one-curve law, 3 points",
        prediction=law,
        samples=found["fates"],
        margin=0.03 / law,
    )


def _support(found: Means) -> Iterable[Agreement]:
    """Count without support, and count of the full flow, against the exclusion mean."""
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
    yield estimate_line(
        claim=claim,
        quantity=f"neurons with weights of both signs, {ensemble.where}, {words}, exclusion law"
        f"{found.source}",
        prediction=ensemble.expected,
        margin=SUPPORT_MARGIN.get(sizes, 0.08),
        numerical_error=SUPPORT_STEP_ERROR * ensemble.expected,
        **found.estimate("count_ratio", ensemble.expected),
    )


def _dispersion(found: Outcomes) -> Iterable[Agreement]:
    """Variance over mean of the count, against the exclusion law and against Poisson's."""
    ensemble = found.ensemble
    if 4 * ensemble.n < ensemble.m or ensemble.runs < VARIANCE_RUNS:
        return
    law = theory.variance_neurons_exclusion(n=ensemble.n, m=ensemble.m) / ensemble.expected
    full = ensemble.n == ensemble.m
    exclusion = "dispersion_when_full" if full else "dispersion_in_the_limit"
    for claim, words, prediction, margin in (
        (exclusion, "exclusion law", law, DISPERSION_MARGIN),
        ("poisson_dispersion", "Poisson's", 1.0, 0.05),
    ):
        yield mean_line(
            claim=claim,
            quantity=f"variance over mean of the count, lambda -> 0, {ensemble.sizes}, {words}",
            prediction=float(prediction),
            samples=_dispersion_terms(found.opposite_sign_neurons),
            margin=margin,
        )


def _dispersion_terms(counts: Array) -> Array:
    """Terms whose mean is variance over mean, and whose spread counts that of the mean too."""
    away = counts - counts.mean()
    variance = counts.var(ddof=1)
    terms = away**2 * len(counts) / (len(counts) - 1) - variance / counts.mean() * away
    return np.asarray(terms / counts.mean())


def _repeated(found: Means) -> Agreement:
    """Networks of this report against those of the same kind in the shipped table."""
    ensemble = found.ensemble
    shipped = {
        _kind(known.ensemble): known
        for purpose in ("limit", "laplace", "flow", "fast", "support", "dead")
        for known in Means.shipped(purpose)
    }
    known = shipped[_kind(ensemble)].estimate("same_neuron")
    return estimate_line(
        claim="committed_runs",
        quantity=f"features that keep their neuron, {ensemble.where}, {ensemble.law} rows, against "
        f"the {known['samples']} networks recorded on {recorded_on(TABLE)}",
        prediction=known["estimate"],
        margin=0.1,
        numerical_error=half_interval(known["error"], known["samples"]),
        **found.estimate("same_neuron"),
    )
