"""The report's chapter on co-occurrence: suppression, hysteresis, prices and the tradeoff."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ... import numerics, theory
from ..cache import Task, run_tasks
from ..chapter import Chapter, main_result
from ..published import recorded_on
from ..stats.agreement import Agreement
from .counts import (
    SCANS,
    collapse_agreements,
    committed,
    count_agreements,
    count_rows,
    variant_agreements,
    variant_rows,
)
from .kicks import kick_agreements, kick_frame, kick_task
from .prices import SAMPLES as PRICE_SAMPLES
from .prices import price_tasks, prices
from .race import SAMPLES as RACE_SAMPLES
from .race import race_agreements, race_frame
from .runs import Race, Slope, counts, network
from .variants import variant_counts, variants

COUNTS, VARIANTS = "cooccurrence_counts.csv", "cooccurrence_variants.csv"


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the co-occurrence chapter at a scale."""

    from . import plots as plots
    from . import tables as tables

    samples, priced_tasks = RACE_SAMPLES[scale], price_tasks(PRICE_SAMPLES[scale])
    raced, sloped, kicked = Race(samples=samples), Slope(samples=samples), kick_task(scale)
    tasks: list[Task] = [kicked, raced, sloped, *priced_tasks]
    results = run_tasks("cooccurrence", tasks, entropy, progress=progress)
    race = race_frame(samples, results[raced])
    kicks = kick_frame(kicked, results[kicked])
    priced, price_agreements = prices(priced_tasks, results)
    if scale == "paper":
        source = ""
        measured = pd.DataFrame(count_rows(counts(SCANS, entropy=entropy, progress=progress)))
        others = variant_counts(variants(), entropy=entropy, progress=progress)
        varied = pd.DataFrame(variant_rows(others))
    else:
        source = f" (recorded on {recorded_on(COUNTS)})"
        measured, varied = committed(COUNTS), committed(VARIANTS)
    agreements = (
        *race_agreements(race, results[sloped]),
        *count_agreements(measured, source),
        *collapse_agreements(measured),
        *variant_agreements(varied),
        *_state_agreements(),
        *kick_agreements(kicks),
        *price_agreements,
    )
    return Chapter(
        name="cooccurrence",
        title="Features that co-occur, and the price of polysemanticity",
        agreements=agreements,
        main_results=main_result(
            agreements,
            "suppression_fit",
            "m = 512, lambda = 0.01, r = 0.25",
            "Features that occur together share fewer neurons. Where each pair of features has "
            "the weight p = lambda/4 in the loss, about half of the polysemantic neurons are "
            "left (64 features, 512 neurons).",
            compared="A fit to a model of two features",
            figure="cooccurrence_suppression",
        ),
        tables=(
            tables.count_table(measured),
            tables.variant_table(varied),
            tables.fraction_table(varied),
            tables.price_table(priced),
        ),
        figures=(
            plots.suppression_figure(measured, race),
            plots.collapse_figure(measured),
            plots.variant_figure(varied),
            plots.kick_figure(kicks),
            plots.fold_figure(),
            plots.tradeoff_figure(measured),
            plots.map_figure(),
        ),
        remarks=(
            "r = p/lambda, with p the weight of a pair and lambda in flow units. "
            + (
                "The counts of networks in the tables, the figures and the agreements were "
                f"recorded at paper scale, on {recorded_on(COUNTS)} and on "
                f"{recorded_on(VARIANTS)}; "
                "the samples of the race, of the prices and of the perturbations are this run's."
                if source
                else "All counts are measured in this run."
            ),
        ),
    )


def _state_agreements() -> list[Agreement]:
    """The trained pair against the asymmetric state; the fold against its limits."""
    lam, pair_weight = 0.01, 0.2
    start = np.array([[0.9], [-0.8]])
    model = numerics.Pairs(pair_weight=pair_weight)
    run = numerics.train(start, lam, model=model, tolerance=1e-8)
    state = numerics.pair_state(pair_weight, lam)
    weights = network(6, 2, 0.99)
    return [
        *(
            Agreement.of_value(
                claim=f"{name}_balance",
                quantity=f"{name} weight of a trained pair, p = {pair_weight}, lambda = {lam}",
                prediction=predicted,
                estimate=float(abs(weight)),
                numerical_error=1e-6,
                margin=1e-5,
            )
            for name, predicted, weight in zip(
                ("larger", "smaller"), state, run.weights[:, 0], strict=True
            )
        ),
        Agreement.of_value(
            claim="pair_fold_limit",
            quantity="fold of the pair at pair_ratio = 1e5",
            prediction=theory.pair_fold_limit(),
            estimate=numerics.pair_fold(1e5),
            numerical_error=1e-9,
            margin=1e-4,
        ),
        Agreement.of_value(
            claim="pairs_network_loss",
            quantity="loss of 6 features with 2 polysemantic neurons, p = 0.2",
            prediction=theory.pairs_network_loss(6, 2, pair_weight, 0.99),
            estimate=float(numerics.Pairs(pair_weight=pair_weight).loss(weights)),
            numerical_error=1e-12,
            margin=1e-10,
        ),
    ]
