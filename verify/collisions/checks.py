"""Checks of the stochastic claims of the l1 theory."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from ... import numerics, theory
from ...numerics import Cell, ExclusionLaw, OneHot
from ..measured import MeasuredCount, apart, measured_counts
from ..stats.budget import ALPHA
from ..stats.check import Check, Samples, Wrong
from ..stats.intervals import normal_interval
from ..stats.totals import total_law
from .counting import Counts, count

_SHARED_RUNS = 7000  # networks of n = 64, m = 128, which three checks share
_LARGEST_SQUARE = 64.0  # the law exceeds it with probability 2.7e-4; cut there, 0.03 % is lost
_MOST_LIVE = 128  # 16 standard deviations above the mean count of live weights


@lru_cache(maxsize=64)
def _counted(cell: Cell, runs: int, entropy: int, model: OneHot | None) -> Counts:
    return count(cell, runs=runs, entropy=apart(entropy), model=model)


def _neurons(cell: Cell, runs: int, entropy: int, model: OneHot | None = None) -> Samples:
    return _counted(cell, runs, entropy, model).neurons


def _retained(cell: Cell, runs: int, entropy: int) -> Samples:
    return _counted(cell, runs, entropy, None).retained


def _largest_of_two(cell: Cell, runs: int, entropy: int) -> Samples:
    """Of the features that end on one of their two largest weights, those on the largest."""
    found = _counted(cell, runs, entropy, None)
    return found.retained / np.maximum(found.retained + found.runner_up, 1 / cell.n)


def _squared_deviation(cell: Cell, runs: int, entropy: int) -> Samples:
    mean = theory.expected_neurons_exclusion(n=cell.n, m=cell.m)
    return np.minimum((_neurons(cell, runs, entropy) - mean) ** 2, _LARGEST_SQUARE)


def _initial_slots(n: int, m: int, runs: int, entropy: int) -> tuple[Samples, Samples]:
    """Neuron and sign of the largest initial weight of each feature."""
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(n, m)))
    weights = numerics.initial_weights(n, m, rng, instances=runs, dtype=np.float32)
    return numerics.winners(weights), numerics.winner_signs(weights)


def _disjoint_pairs(n: int, m: int, runs: int, entropy: int) -> Samples:
    """Whether features 1 and 2, 3 and 4, ... choose the same neuron with opposite signs."""
    neurons, signs = _initial_slots(n, m, runs, entropy)
    same = neurons[:, ::2] == neurons[:, 1::2]
    return (same & (signs[:, ::2] != signs[:, 1::2])).ravel()


def _initial_neurons(n: int, m: int, runs: int, entropy: int) -> Samples:
    """Neurons that hold the largest initial weight of features of both signs."""
    neurons, signs = _initial_slots(n, m, runs, entropy)
    chosen = np.zeros((runs, m, 2), dtype=bool)
    chosen[np.arange(runs)[:, None], neurons, (signs > 0).astype(int)] = True
    return chosen.all(axis=-1).sum(axis=-1)


def _row_live(m: int, lam: float, t: float, rows: int, entropy: int) -> Samples:
    """Live weights at time t of single rows without the other features."""
    rng = np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(m, rows)))
    live = [numerics.row_flow(rng.normal(0, m**-0.5, m), lam, [t]).live[0] for _ in range(rows)]
    return np.minimum(live, _MOST_LIVE)


def _wrong_factors(n: int, m: int, pairs: float = 1) -> tuple[Wrong, Wrong]:
    """The paper's count n^2/4m, wrong by a factor of 2 either way, over a number of pairs."""
    return (
        Wrong("n^2/2m for n^2/4m", n**2 / (2 * m) / pairs),
        Wrong("n^2/8m for n^2/4m", n**2 / (8 * m) / pairs),
    )


def _initial_pairs() -> Check:
    n, m, runs = 64, 16, 17_000
    pairs = n * (n - 1) / 2
    return Check(
        name="initial_pairs",
        claim="expected_pairs",
        quantity=f"probability that two features start on one neuron with opposite signs, m = {m}",
        kind="exact law",
        prediction=theory.expected_pairs(n=n, m=m) / pairs,
        draw=partial(_disjoint_pairs, n, m, runs),
        samples=runs * n // 2,
        margin=0.1,
        detects=0.1,
        bounds=(0, 1),
        wrong=_wrong_factors(n, m, pairs),
    )


def _initial_neurons_check() -> Check:
    n = m = 64
    runs = 1500
    any_signs = theory.expected_shared_neurons_independent(n=n, m=m)
    return Check(
        name="initial_neurons",
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
            Wrong("pair law for the neuron law", theory.expected_pairs(n=n, m=m)),
            Wrong("wrong signs counted (any two features)", any_signs),
            Wrong("exclusion for independent choices", theory.expected_neurons_exclusion(n=n, m=m)),
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
    ungated = partial(_neurons, cell, max(500, runs // 4), model=OneHot(relu=False))
    # at m = n the count of features with any signs is within 10 % of the law
    other_law = (
        Wrong("wrong signs counted", theory.expected_shared_neurons_independent(n=n, m=m))
        if m > n
        else Wrong("independent for exclusion", theory.expected_neurons_independent(n=n, m=m))
    )
    return Check(
        name=f"exclusion_mean_in_training_m{m}",
        group="exclusion_mean_in_training",
        claim="exclusion_mean_in_training",
        quantity=f"polysemantic neurons after the flow, n = {n}, m = {m}, lambda = {lam:g}",
        kind="leading order",
        prediction=law.mean(),
        draw=partial(_neurons, cell, runs),
        samples=runs,
        margin=margin,
        detects=0.1,
        bounds=(0, n // 2),
        guess=(law.mean(), law.var()),
        wrong=(*_wrong_factors(n, m), Wrong("missing ReLU gate", draw=ungated), other_law),
        nightly=nightly,
        event=(event, lowest, highest),
    )


def _paper_count() -> Check:
    """The paper's count, with the networks of the check of the exclusion law."""
    exclusion = _mean_in_training(128, 0.1, _SHARED_RUNS)
    return replace(
        exclusion,
        name="paper_count_in_training",
        group="paper_count_in_training",
        claim="paper_polysemantic_neurons",
        quantity=f"{exclusion.quantity}, the paper's n^2/4m",
        prediction=theory.paper_polysemantic_neurons(n=64, m=128),
        guess=(8.0, 4.5),
        wrong=_wrong_factors(64, 128),
        event=None,
    )


def _limits() -> tuple[Check, Check]:
    """Neither the paper's count nor the exclusion law holds if regularisation is weak."""
    n, m, runs = 64, 128, 500
    paper_count = Check(
        name="paper_count_in_the_limit",
        group="paper_count_in_training",
        claim="paper_polysemantic_neurons",
        quantity=f"polysemantic neurons, n = {n}, m = {m}, lambda -> 0, the paper's n^2/4m",
        kind="leading order",
        prediction=theory.paper_polysemantic_neurons(n=n, m=m),
        draw=partial(_neurons, Cell(n=n, m=m, lam=0.0, optimizer="quasistatic"), runs),
        samples=runs,
        margin=0.05,
        detects=0.2,
        bounds=(0, n // 2),
        guess=(6.0, 4.0),
        wrong=_wrong_factors(n, m),
        expected="departs",
    )
    exclusion_mean = replace(
        paper_count,
        name="exclusion_mean_in_the_limit",
        group="exclusion_mean_in_the_limit",
        claim="exclusion_mean_in_training",
        quantity=f"polysemantic neurons, n = {n}, m = {m}, lambda -> 0, the exclusion law",
        prediction=theory.expected_neurons_exclusion(n=n, m=m),
    )
    return paper_count, exclusion_mean


def _dispersion() -> Check:
    n, m, lam, runs = 64, 128, 0.1, _SHARED_RUNS
    poisson = theory.expected_neurons_exclusion(n=n, m=m)  # a variance equal to the mean
    return Check(
        name="dispersion_in_training",
        claim="dispersion_in_training",
        quantity=f"squared deviation of the neurons from the law's mean, n = {n}, m = {m}, "
        f"values above {_LARGEST_SQUARE:g} taken as {_LARGEST_SQUARE:g}",
        kind="leading order",
        prediction=theory.variance_neurons_exclusion(n=n, m=m),
        draw=partial(_squared_deviation, Cell(n=n, m=m, lam=lam), runs),
        samples=runs,
        margin=0.25,
        detects=0.3,
        bounds=(0, _LARGEST_SQUARE),
        guess=(4.5, 36.0),
        wrong=(Wrong("Poisson for the under-dispersed law", poisson),),
    )


def _retained_fractions() -> tuple[Check, Check]:
    """The paper's claim, that the largest initial weight most likely wins, and the fraction."""
    n, m, lam, runs = 64, 64, 0.1, 1000
    cell = Cell(n=n, m=m, lam=lam)
    entry = _measured(cell)
    measured = Check(
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
        wrong=(Wrong("the largest initial weight always wins", 1.0),),
    )
    paper = replace(
        measured,
        name="paper_winner_in_network",
        group="paper_winner_in_network",
        claim="paper_winner_in_network",
        quantity=f"features on their largest initial weight, of those on one of their two largest, "
        f"n = {n}, m = {m}, lambda = {lam:g}",
        kind="leading order",
        prediction=1.0,
        draw=partial(_largest_of_two, cell, runs),
        margin=0.5,  # above one half the largest weight is the most likely winner
        guess=(0.75, 0.005),
        numerical_error=0.0,
        wrong=(Wrong("the second largest weight wins", 0.0),),
    )
    return paper, measured


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
        bounds=(0, 1),
        guess=(0.4, 0.007),
        numerical_error=_retained_error(entry),
        wrong=(
            Wrong("the largest initial weight always wins", 1.0),
            Wrong("AdamW for the flow", draw=partial(_retained, adamw, 400)),
        ),
    )


def _measured(cell: Cell) -> MeasuredCount:
    return next(entry for entry in measured_counts() if entry.cell == cell)


def _retained_error(entry: MeasuredCount) -> float:
    """The largest error of the table's own mean, at the alpha of one check."""
    return normal_interval(0.0, entry.retained_error, alpha=ALPHA, samples=entry.runs)[1]


def _live_weights() -> Check:
    m, lam, t, rows = 1024, 0.01, 20.0, 1000
    return Check(
        name="half_normal_live_weights",
        claim="half_normal_time",
        quantity=f"live weights of a lone row, m = {m}, lambda = {lam:g}, t = {t:g}, counts above "
        f"{_MOST_LIVE} taken as {_MOST_LIVE}",
        kind="leading order",
        prediction=float(numerics.half_normal_law(m, lam, [t]).live[0]),
        draw=partial(_row_live, m, lam, t, rows),
        samples=rows,
        margin=0.1,
        detects=0.1,
        bounds=(0, _MOST_LIVE),
        guess=(46.0, 25.0),
        wrong=(
            Wrong("1/(lambda t)^2 for 2/(lambda t)^2", 1 / (lam * t) ** 2),
            Wrong("the paper's estimate", theory.paper_live_weights(m=m, lam=lam, t=t)),
            Wrong(
                "lambda_code for lambda", float(numerics.half_normal_law(m, 4 * lam, [t]).live[0])
            ),
        ),
    )


def checks() -> tuple[Check, ...]:
    """All checks of counts, winners and single rows; quick checks first, then nightly ones."""
    return (
        _initial_pairs(),
        _initial_neurons_check(),
        _mean_in_training(64, 0.1, 1000),
        _mean_in_training(128, 0.1, _SHARED_RUNS),
        _paper_count(),
        *_limits(),
        _dispersion(),
        *_retained_fractions(),
        _retained_in_the_limit(),
        _live_weights(),
        _mean_in_training(256, 0.1, 5000, nightly=True),
        _mean_in_training(512, 0.03, 8000, margin=0.2, nightly=True),
        _mean_in_training(1024, 0.03, 16000, margin=0.2, nightly=True),
    )
