"""Chapter cooccurrence of the report: suppression, kicks, prices and the tradeoff."""

from __future__ import annotations

import numpy as np

from ... import numerics, theory
from ..chapter import Chapter
from ..stats.agreement import Agreement
from .counts import (
    SCANS,
    collapse_agreements,
    committed,
    count_agreements,
    count_rows,
)
from .kicks import kick_agreements, kick_frame
from .prices import SAMPLES as PRICE_SAMPLES
from .prices import network, prices
from .race import SAMPLES as RACE_SAMPLES
from .race import race_agreements, race_frame
from .runs import counts
from .variants import variant_agreements, variant_counts, variant_rows, variants

COUNTS, VARIANTS = "cooccurrence_counts.csv", "cooccurrence_variants.csv"


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the co-occurrence chapter at a scale."""
    import pandas as pd

    from . import plots as plots
    from . import tables as tables

    for_race, for_kicks, for_prices, for_slope = np.random.SeedSequence(entropy).spawn(4)
    counted = counts(SCANS[scale], entropy=entropy, progress=progress)
    if scale == "paper":
        measured = pd.DataFrame(count_rows(counted))
        others = variant_counts(variants(), entropy=entropy, progress=progress)
        varied = pd.DataFrame(variant_rows(others))
    else:
        measured, varied = committed(COUNTS), committed(VARIANTS)
    race = race_frame(RACE_SAMPLES[scale], for_race)
    kicks = kick_frame(scale, for_kicks)
    priced, price_agreements = prices(PRICE_SAMPLES[scale], for_prices)
    return Chapter(
        name="cooccurrence",
        title="Features that co-occur, and the price of polysemanticity",
        agreements=(
            *race_agreements(race, RACE_SAMPLES[scale], for_slope),
            *count_agreements(counted),
            *collapse_agreements(measured),
            *variant_agreements(varied),
            *_state_agreements(),
            *kick_agreements(kicks),
            *price_agreements,
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
                "The counts of the tables and of the figures are those measured at paper scale; "
                "of the agreements, those of training against the fit rest on this run's own, "
                "smaller sample."
                if scale == "quick"
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
