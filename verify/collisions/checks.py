"""The stochastic claims of the l1 theory, each bound to its experiment."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from ... import theory
from ...numerics import (
    Cell,
    ExclusionLaw,
    OneHot,
    half_normal_law,
    initial_weights,
    winner_signs,
    winners,
)
from ...numerics.row import flow as row_flow
from ..stats.budget import FALSE_ALARM
from ..stats.check import Check, Samples, Wrong
from ..stats.intervals import normal_interval
from ..stats.totals import total_law
from .counting import Counts, count
from .measured import MeasuredCount, apart, measured_counts

_SHARED_RUNS = 5200  # the networks of n = 64, m = 128 at which three checks look


@lru_cache(maxsize=64)
def _counted(cell: Cell, runs: int, entropy: int, model: OneHot | None = None) -> Counts:
    return count(cell, runs=runs, entropy=apart(entropy), model=model)


def _neurons(cell: Cell, runs: int, entropy: int, model: OneHot | None = None) -> Samples:
    return _counted(cell, runs, entropy, model).neurons


def _retained(cell: Cell, runs: int, entropy: int) -> Samples:
    return _counted(cell, runs, entropy).retained


def _squared_deviation(cell: Cell, runs: int, entropy: int) -> Samples:
    mean = theory.expected_neurons_exclusion(n=cell.n, m=cell.m)
    return (_neurons(cell, runs, entropy) - mean) ** 2


def _initial_slots(n: int, m: int, runs: int, entropy: int) -> tuple[Samples, Samples]:
    """Neuron and sign of the largest initial weight of each feature."""
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(n, m)))
    weights = initial_weights(n, m, rng, instances=runs, dtype=np.float32)
    return winners(weights), winner_signs(weights)


def _disjoint_pairs(n: int, m: int, runs: int, entropy: int) -> Samples:
    """Whether features 1 and 2, 3 and 4, ... choose one neuron with opposite signs."""
    neurons, signs = _initial_slots(n, m, runs, entropy)
    same = neurons[:, ::2] == neurons[:, 1::2]
    return (same & (signs[:, ::2] != signs[:, 1::2])).ravel()


def _initial_neurons(n: int, m: int, runs: int, entropy: int) -> Samples:
    """Neurons that are the largest initial weight of features of both signs."""
    neurons, signs = _initial_slots(n, m, runs, entropy)
    plus, minus = (
        np.stack(
            [
                np.bincount(row[sign == s], minlength=m) > 0
                for row, sign in zip(neurons, signs, strict=True)
            ]
        )
        for s in (1, -1)
    )
    return (plus & minus).sum(axis=1)


def _row_live(m: int, lam: float, t: float, rows: int, entropy: int) -> Samples:
    """Live weights at time t of rows on their own."""
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(m, rows)))
    return np.array([row_flow(rng.normal(0, m**-0.5, m), lam, [t]).live[0] for _ in range(rows)])


def _initial_pairs() -> Check:
    n, m, runs = 64, 16, 17_000
    pairs = n * (n - 1) / 2
    return Check(
        name="initial_pairs",
        group="initial_pairs",
        claim="expected_pairs",
        quantity=f"probability that two features start on one neuron with opposite signs, m = {m}",
        kind="exact law",
        prediction=theory.expected_pairs(n=n, m=m) / pairs,
        draw=partial(_disjoint_pairs, n, m, runs),
        samples=runs * n // 2,
        margin=0.1,
        detects=0.1,
        bounds=(0, 1),
        wrong=(
            Wrong(name="n^2/2m for n^2/4m", prediction=n**2 / (2 * m) / pairs),
            Wrong(name="n^2/8m for n^2/4m", prediction=n**2 / (8 * m) / pairs),
        ),
    )


def _initial_neurons_check() -> Check:
    n = m = 64
    runs = 1500
    return Check(
        name="initial_neurons",
        group="initial_neurons",
        claim="expected_neurons_independent",
        quantity=f"neurons that start as largest weight with both signs, n = m = {n}",
        kind="exact law",
        prediction=theory.expected_neurons_independent(n=n, m=m),
        draw=partial(_initial_neurons, n, m, runs),
        samples=runs,
        margin=0.1,
        detects=0.1,
        bounds=(0, n // 2),
        guess=(10.0, 6.0),
        wrong=(
            Wrong(name="pair law for the neuron law", prediction=theory.expected_pairs(n=n, m=m)),
            Wrong(
                name="wrong signs counted (any two features)",
                prediction=theory.expected_shared_neurons_independent(n=n, m=m),
            ),
            Wrong(
                name="exclusion for independent choices",
                prediction=theory.expected_neurons_exclusion(n=n, m=m),
            ),
        ),
    )


def _mean_in_training(
    m: int, lam: float, runs: int, *, margin: float = 0.1, nightly: bool = False
) -> Check:
    n = 64
    cell, law = Cell(n=n, m=m, lam=lam), ExclusionLaw(n, m)
    event = int(np.ceil(law.mean()))
    lowest, highest = (
        total_law([(law, 1)], ratio=ratio).tails(event)[1] for ratio in (1 - margin, 1 + margin)
    )
    ungated = OneHot(relu=False)
    wrong: tuple[Wrong, ...] = (
        Wrong(name="n^2/2m for n^2/4m", prediction=n**2 / (2 * m)),
        Wrong(name="n^2/8m for n^2/4m", prediction=n**2 / (8 * m)),
        Wrong(
            name="missing ReLU gate",
            draw=partial(_neurons, cell, max(500, runs // 4), model=ungated),
        ),
    )
    if m > n:  # at m = n it is within 10 % of the law
        wrong += (
            Wrong(
                name="wrong signs counted",
                prediction=theory.expected_shared_neurons_independent(n=n, m=m),
            ),
        )
    else:
        wrong += (
            Wrong(
                name="independent for exclusion",
                prediction=theory.expected_neurons_independent(n=n, m=m),
            ),
        )
    return Check(
        name=f"exclusion_mean_in_training_m{m}",
        group="exclusion_mean_in_training",
        claim="expected_neurons_exclusion",
        quantity=f"polysemantic neurons after the flow, n = {n}, m = {m}, lambda = {lam:g}",
        kind="leading order",
        prediction=law.mean(),
        draw=partial(_neurons, cell, runs),
        samples=runs,
        margin=margin,
        detects=0.1,
        bounds=(0, n // 2),
        guess=(law.mean(), law.var()),
        wrong=wrong,
        nightly=nightly,
        event=(event, lowest, highest),
    )


def _paper_count() -> Check:
    n, m, lam, runs = 64, 128, 0.1, _SHARED_RUNS
    return Check(
        name="paper_count_in_training",
        group="paper_count_in_training",
        claim="paper_polysemantic_neurons",
        quantity=f"polysemantic neurons after the flow, n = {n}, m = {m}, lambda = {lam:g}, "
        "the paper's n^2/4m",
        kind="leading order",
        prediction=theory.paper_polysemantic_neurons(n=n, m=m),
        draw=partial(_neurons, Cell(n=n, m=m, lam=lam), runs),
        samples=runs,
        margin=0.1,
        detects=0.1,
        bounds=(0, n // 2),
        guess=(8.0, 4.5),
        wrong=(
            Wrong(name="n^2/2m for n^2/4m", prediction=n**2 / (2 * m)),
            Wrong(name="n^2/8m for n^2/4m", prediction=n**2 / (8 * m)),
        ),
    )


def _limit(name: str, group: str, claim: str, words: str, prediction: float) -> Check:
    n, m, runs = 64, 128, 500
    return Check(
        name=f"{name}_in_the_limit",
        group=group,
        claim=claim,
        quantity=f"polysemantic neurons, n = {n}, m = {m}, lambda -> 0, {words}",
        kind="leading order",
        prediction=prediction,
        draw=partial(_neurons, Cell(n=n, m=m, lam=0.0, optimizer="quasistatic"), runs),
        samples=runs,
        margin=0.05,
        detects=0.14,
        bounds=None,
        wrong=(
            Wrong(name="n^2/2m for n^2/4m", prediction=n**2 / (2 * m)),
            Wrong(name="n^2/8m for n^2/4m", prediction=n**2 / (8 * m)),
        ),
        expected="departs",
    )


def _limits() -> tuple[Check, Check]:
    """Neither the paper's count nor the exclusion law holds where regularisation is weak."""
    return (
        _limit(
            "paper_count",
            "paper_count_in_training",
            "paper_polysemantic_neurons",
            "the paper's n^2/4m",
            theory.paper_polysemantic_neurons(n=64, m=128),
        ),
        _limit(
            "exclusion_mean",
            "exclusion_mean_in_the_limit",
            "expected_neurons_exclusion",
            "the exclusion law",
            theory.expected_neurons_exclusion(n=64, m=128),
        ),
    )


def _dispersion() -> Check:
    n, m, lam, runs = 64, 128, 0.1, _SHARED_RUNS
    cell = Cell(n=n, m=m, lam=lam)
    return Check(
        name="dispersion_in_training",
        group="dispersion_in_training",
        claim="variance_neurons_exclusion",
        quantity=f"squared deviation of the neurons from the law's mean, n = {n}, m = {m}",
        kind="leading order",
        prediction=theory.variance_neurons_exclusion(n=n, m=m),
        draw=partial(_squared_deviation, cell, runs),
        samples=runs,
        margin=0.25,
        detects=0.3,
        bounds=None,
        wrong=(
            Wrong(
                name="Poisson for the under-dispersed law",
                prediction=theory.expected_neurons_exclusion(n=n, m=m),
            ),
        ),
    )


def _winner() -> Check:
    """The paper's reading, which does not hold in the network."""
    return replace(
        _retained_fraction(),
        name="paper_winner_in_network",
        group="paper_winner_in_network",
        claim="paper_winner_in_network",
        kind="leading order",
        prediction=1.0,
        numerical_error=0.0,
        wrong=(Wrong(name="a winner drawn anew", prediction=1 / 64),),
        expected="departs",
    )


def _retained_fraction() -> Check:
    n, m, lam, runs = 64, 64, 0.1, 1000
    cell = Cell(n=n, m=m, lam=lam)
    entry = _measured(cell)
    return Check(
        name="retained_fraction",
        group="winner_in_network",
        claim="winner_in_network",
        quantity=f"features that end on their largest initial weight, n = {n}, m = {m}, "
        f"lambda = {lam:g}",
        kind="measured",
        prediction=entry.retained,
        draw=partial(_retained, cell, runs),
        samples=runs,
        margin=0.1,
        detects=0.1,
        bounds=(0, 1),
        guess=(0.5, 0.005),
        numerical_error=_retained_error(entry),
        wrong=(Wrong(name="the largest initial weight always wins", prediction=1.0),),
    )


def _retained_in_the_limit() -> Check:
    n = m = 32
    cell, runs = Cell(n=n, m=m, lam=0.0, optimizer="quasistatic"), 900
    adamw = Cell(n=n, m=m, optimizer="adamw", lam=0.00025)
    entry = _measured(cell)
    return Check(
        name="retained_fraction_in_the_limit",
        group="winner_in_network",
        claim="winner_in_network",
        quantity=f"features that end on their largest initial weight, n = m = {n}, lambda -> 0",
        kind="measured",
        prediction=entry.retained,
        draw=partial(_retained, cell, runs),
        samples=runs,
        margin=0.15,
        detects=0.14,
        bounds=None,
        numerical_error=_retained_error(entry),
        wrong=(
            Wrong(name="the largest initial weight always wins", prediction=1.0),
            Wrong(name="AdamW for the flow", draw=partial(_retained, adamw, 120)),
        ),
    )


def _measured(cell: Cell) -> MeasuredCount:
    return next(entry for entry in measured_counts() if entry.cell == cell)


def _retained_error(entry: MeasuredCount) -> float:
    """How far the table's own mean may lie from the truth, at the rate of a check."""
    error, rate = entry.retained_error, FALSE_ALARM
    return normal_interval(0.0, error, false_alarm=rate, samples=entry.runs)[1]


def _live_weights() -> Check:
    m, lam, t, rows = 1024, 0.01, 20.0, 500
    return Check(
        name="half_normal_live_weights",
        group="half_normal_live_weights",
        claim="half_normal_live",
        quantity=f"live weights of a lone row, m = {m}, lambda = {lam:g}, t = {t:g}",
        kind="leading order",
        prediction=float(half_normal_law(m, lam, [t]).live[0]),
        draw=partial(_row_live, m, lam, t, rows),
        samples=rows,
        margin=0.1,
        detects=0.1,
        bounds=None,
        wrong=(
            Wrong(name="1/(lambda t)^2 for 2/(lambda t)^2", prediction=1 / (lam * t) ** 2),
            Wrong(
                name="the paper's estimate",
                prediction=theory.paper_live_weights(m=m, lam=lam, t=t),
            ),
            Wrong(
                name="lambda_code for lambda",
                prediction=float(half_normal_law(m, 4 * lam, [t]).live[0]),
            ),
        ),
    )


def checks() -> tuple[Check, ...]:
    """Every check of counts, winners and lone rows; quick ones first, then those of the night."""
    return (
        _initial_pairs(),
        _initial_neurons_check(),
        _mean_in_training(64, 0.1, 1000),
        _mean_in_training(128, 0.1, _SHARED_RUNS),
        _paper_count(),
        *_limits(),
        _dispersion(),
        _winner(),
        _retained_fraction(),
        _retained_in_the_limit(),
        _live_weights(),
        _mean_in_training(256, 0.1, 5000, nightly=True),
        _mean_in_training(512, 0.03, 8000, margin=0.2, nightly=True),
        _mean_in_training(1024, 0.03, 16000, margin=0.2, nightly=True),
    )
