"""Chapter cooccurrence of the report: suppression, kicks, prices and the tradeoff."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import numerics, theory
from ..numerics.cooccurrence import Values
from .agreement import Agreement
from .cooccurrence_runs import (
    ablation_variance,
    counts,
    kicked_counts,
    network,
    pair_price,
    price_samples,
    ratio_samples,
    train_pairs,
)
from .figures import Plot
from .published import data_rows
from .report import Chapter
from .tables import Table

if TYPE_CHECKING:
    import pandas as pd

FEATURES = 64
STRENGTHS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
# neurons, lambda, strengths, networks; the first strength is 0, the reference
CELLS = {
    "quick": (
        (64, 0.01, (0.0, 0.5), 10),
        (128, 0.01, (0.0, 0.25, 1.0), 20),
        (512, 0.01, (0.0, 0.25), 30),
    ),
    "paper": (
        (64, 0.01, STRENGTHS, 80),
        (128, 0.01, STRENGTHS, 300),
        (512, 0.01, STRENGTHS, 260),
        (128, 0.03, STRENGTHS, 300),
        (128, 0.003, (0.0, 0.25, 1.0), 100),
    ),
}
REDUCTION_STRENGTHS = (0.02, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5)
REDUCTION_SAMPLES = {"quick": 2500, "paper": 40_000}
MEAN_GAP_SLOPE = 2.48  # -F'(0) of the reduction, measured earlier to 0.01
PRICE_SAMPLES = {"quick": 20_000, "paper": 400_000}
KICKED = {"quick": (3, 1), "paper": (6, 4)}  # networks for the smallest kick, for the others
KICKS = {1.0: (0.001, 0.1, 0.2), 8.0: (0.001, 0.02, 0.05, 0.1)}  # the first only breaks ties
FALSE_ALARM = 1e-3  # of each line of the chapter
_QUANTILE = NormalDist().inv_cdf(1 - FALSE_ALARM / 2)
_POWER = NormalDist().inv_cdf(0.99)


def chapter(scale: str, *, entropy: int, progress: bool = True) -> Chapter:
    """Compute the co-occurrence chapter at a scale."""
    import pandas as pd
    from tqdm.auto import tqdm

    seeds = iter(np.random.SeedSequence(entropy).spawn(4))
    reduced = _reduction(scale, np.random.default_rng(next(seeds)))
    cells = {}
    for m, lam, strengths, networks in tqdm(
        CELLS[scale], desc="cooccurrence", disable=None if progress else True
    ):
        cells[m, lam] = (
            strengths,
            counts(FEATURES, m, lam, strengths, networks, entropy=entropy),
        )
    fresh = pd.DataFrame(count_rows(cells))
    measured = fresh if scale == "paper" else _committed()
    kicks = _kicks(scale, np.random.default_rng(next(seeds)))
    prices, price_agreements = _prices(scale, np.random.default_rng(next(seeds)))
    return Chapter(
        name="cooccurrence",
        title="Features that co-occur, and the price of polysemanticity",
        agreements=(
            *_reduction_agreements(reduced, scale, np.random.default_rng(next(seeds))),
            *_count_agreements(cells),
            *_collapse_agreements(measured),
            *_state_agreements(),
            *_kick_agreements(kicks),
            *price_agreements,
        ),
        tables=(_count_table(measured), _price_table(prices)),
        figures=(
            _suppression_figure(measured, reduced),
            _kick_figure(kicks),
            _fold_figure(),
            _tradeoff_figure(measured),
            _map_figure(),
        ),
        remarks=(
            "r = p/lambda, with p the weight of a pair and lambda in flow units. "
            + (
                "The counts of the table and of the figures are those measured at paper scale; "
                "the agreements of this run rest on its own, smaller sample."
                if scale == "quick"
                else "All counts are measured in this run."
            ),
        ),
    )


def count_rows(cells: dict[tuple[int, float], tuple[Any, np.ndarray]]) -> list[dict[str, Any]]:
    """Means and ratios to no co-occurrence, each with its standard error."""
    rows = []
    for (m, lam), (strengths, counted) in cells.items():
        networks = counted.shape[-1]
        for strength, k in zip(strengths, counted, strict=True):
            ratio = ratio_samples(k, counted[0])
            rows.append(
                {
                    "n": FEATURES,
                    "m": m,
                    "lam": lam,
                    "strength": strength,
                    "networks": networks,
                    "mean": k.mean(),
                    "mean_error": k.std(ddof=1) / networks**0.5,
                    "ratio": ratio.mean(),
                    "ratio_error": ratio.std(ddof=1) / networks**0.5,
                }
            )
    return rows


def _committed() -> pd.DataFrame:
    """The counts measured at paper scale, as shipped."""
    import pandas as pd

    rows = data_rows("cooccurrence_counts.csv")
    frame = pd.DataFrame(rows).astype(float)
    return frame.astype({"n": int, "m": int, "networks": int})


def _reduction(scale: str, rng: np.random.Generator) -> pd.DataFrame:
    import pandas as pd

    samples = REDUCTION_SAMPLES[scale]
    parts = []
    fits: dict[Values, theory.Formula] = {
        "binary": theory.suppression_fit,
        "uniform": theory.uniform_suppression_fit,
    }
    for values, formula in fits.items():
        kept = numerics.collision_survives(REDUCTION_STRENGTHS, samples, rng, values=values)
        fraction = kept.mean(-1)
        parts.append(
            pd.DataFrame(
                {
                    "values": values,
                    "strength": REDUCTION_STRENGTHS,
                    "samples": samples,
                    "survive": kept.sum(-1),
                    "fraction": fraction,
                    "error": np.sqrt(fraction * (1 - fraction) / samples),
                    "fit": [formula(strength=r) for r in REDUCTION_STRENGTHS],
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _reduction_agreements(
    reduced: pd.DataFrame, scale: str, rng: np.random.Generator
) -> list[Agreement]:
    slope = numerics.suppression_slope(REDUCTION_SAMPLES[scale], rng)
    found = [
        Agreement.of_mean(
            claim="handicap_rate",
            quantity="initial slope of the suppression, reduced race, measured again",
            prediction=MEAN_GAP_SLOPE,
            samples=slope,
            margin=0.05,
            bounds=None,
            false_alarm=FALSE_ALARM,
        )
    ]
    for row in reduced.itertuples():
        if row.strength in (0.1, 0.3, 0.75):
            label = "" if row.values == "binary" else "uniform_"
            found.append(
                Agreement.of_proportion(
                    claim=f"{label}suppression_fit",
                    quantity=f"collisions that survive r = {row.strength:g} in the reduced race, "
                    f"values {row.values}, against the fit",
                    prediction=row.fit,
                    successes=int(row.survive),
                    trials=int(row.samples),
                    margin=0.1,
                    false_alarm=FALSE_ALARM,
                )
            )
    return found


def _count_agreements(cells: dict[tuple[int, float], Any]) -> list[Agreement]:
    """Training in wide networks against the reduced race."""
    found = []
    for (m, lam), (strengths, counted) in cells.items():
        for strength, k in zip(strengths, counted, strict=True):
            if m == 512 and strength in (0.1, 0.25, 0.5):
                found.append(
                    Agreement.of_mean(
                        claim="suppression_fit",
                        quantity=f"K(p)/K(0) after training, n = {FEATURES}, m = {m}, "
                        f"lambda = {lam:g}, r = {strength:g}, against the fit for n << m",
                        prediction=theory.suppression_fit(strength=strength),
                        samples=ratio_samples(k, counted[0]),
                        margin=0.25,
                        bounds=None,
                        false_alarm=FALSE_ALARM,
                    )
                )
    return found


def _collapse_agreements(measured: pd.DataFrame) -> list[Agreement]:
    """K(p)/K(0) at other lambda against lambda = 0.01, at m = 128; both sides have errors."""
    wide = measured[measured.m == 128]
    base = wide[wide.lam == 0.01].set_index("strength")
    found = []
    for row in wide[(wide.lam != 0.01) & (wide.strength > 0)].itertuples():
        reference = base.loc[row.strength]
        error = np.hypot(row.ratio_error, reference.ratio_error)
        margin = 0.1  # of K(0), as the ratios are
        found.append(
            Agreement(
                claim="handicap_rate",
                quantity=f"K(p)/K(0) at r = {row.strength:g}, m = 128, lambda = {row.lam:g}, less "
                "that at lambda = 0.01",
                prediction=0.0,
                estimate=row.ratio - reference.ratio,
                interval=(
                    row.ratio - reference.ratio - _QUANTILE * error,
                    row.ratio - reference.ratio + _QUANTILE * error,
                ),
                margin=margin,
                false_alarm=FALSE_ALARM,
                smallest_detectable=float(margin + (_QUANTILE + _POWER) * error),
                samples=int(row.networks),
                unit="K(0)",
            )
        )
    return found


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


def _kicks(scale: str, rng: np.random.Generator) -> pd.DataFrame:
    """Trained without co-occurrence, kicked, trained on with it: who is left."""
    import pandas as pd

    lam, (instances, fewer) = 0.01, KICKED[scale]
    start = numerics.initial_weights(FEATURES, FEATURES, rng, instances=instances, dtype=np.float32)
    final = train_pairs(start, lam, 0.0).weights
    rows = []
    for strength, kicks in KICKS.items():
        for place, kick in enumerate(kicks[:3] if scale == "quick" else kicks):
            used = final if place == 0 else final[:fewer]
            rows.append(
                {
                    "strength": strength,
                    "kick": kick,
                    "before": int(numerics.polysemantic_neurons(used).sum()),
                    "after": int(kicked_counts(used, lam, strength, kick, rng).sum()),
                    "escape_angle": theory.escape_angle(strength=strength),
                }
            )
    return pd.DataFrame(rows)


def _kick_agreements(kicks: pd.DataFrame) -> list[Agreement]:
    return [
        Agreement.of_proportion(
            claim="escape_cost",
            quantity=f"pairs formed before that survive co-occurrence r = {row.strength:g}, kicked "
            f"by {row.kick:g}",
            prediction=1.0,
            successes=min(row.after, row.before),
            trials=row.before,
            margin=0.15,
            false_alarm=FALSE_ALARM,
        )
        for row in kicks.itertuples()
        if row.kick == KICKS[row.strength][0]
    ]


def _prices(scale: str, rng: np.random.Generator) -> tuple[list[dict[str, Any]], list[Agreement]]:
    """Closed forms of the price against the perturbed network."""
    n, w, samples = 6, theory.amplitude(lam=0.01), PRICE_SAMPLES[scale]
    cases = (
        ("hidden noise", 0.2, 0.0, theory.hidden_noise_price(w, 0.2)),
        ("hidden noise", 0.5, 0.0, theory.hidden_noise_price(w, 0.5)),
        ("weight noise", 0.03, 0.0, theory.weight_noise_price(w, 0.03)),
        ("input noise", 0.1, 0.0, theory.input_noise_price(n, w, 0.1)),
        ("input noise", 0.5, 0.0, theory.input_noise_price(n, w, 0.5)),
        ("bernoulli", 0.2, 0.2, theory.noisy_cooccurrence_price(0.2, w, 0.2)),
        ("bernoulli", 0.5, 0.05, theory.noisy_cooccurrence_price(0.05, w, 0.5)),
    )
    labels = {
        "hidden noise": "hidden_noise_price",
        "weight noise": "weight_noise_price",
        "input noise": "input_noise_price",
        "bernoulli": "noisy_cooccurrence_price",
    }
    rows, found = [], []
    for kind, size, p, predicted in cases:
        drawn = np.concatenate(
            [
                price_samples(kind, n, w, size, 20_000, rng, activation_probability=p)
                for _ in range(samples // 20_000)
            ]
        )
        told = f"{kind}, {'tau' if kind[0] in 'wi' else 'sigma'} = {size:g}"
        told += f", p = {p:g}" if p else ""
        check = Agreement.of_mean(
            claim=labels[kind],
            quantity=f"price of a polysemantic neuron, n = {n}: {told}",
            prediction=predicted,
            samples=drawn,
            margin=0.1,
            bounds=None,
            false_alarm=FALSE_ALARM,
        )
        error = drawn.std(ddof=1) / drawn.size**0.5
        rows.append({"perturbation": told, "closed form": predicted, "measured": (drawn, error)})
        found.append(check)
    for pairs in (0, 2):
        predicted = theory.ablation_variance(n, pairs, w, 0.3)
        found.append(
            Agreement.of_value(
                claim="ablation_variance",
                quantity=f"variance of the loss, neurons silenced with 0.3, K = {pairs}",
                prediction=predicted,
                estimate=ablation_variance(n, pairs, w, 0.3),
                numerical_error=1e-12,
                margin=1e-10,
            )
        )
    model = numerics.Pairs(pair_weight=0.05)
    measured = float(model.loss(network(n, 1, w)) - model.loss(network(n, 0, w)))
    predicted = theory.cooccurrence_price(0.05, w)
    rows.append({"perturbation": "pairs, p = 0.05", "closed form": predicted, "measured": measured})
    return rows, found


def _price_table(rows: list[dict[str, Any]]) -> Table:
    import pandas as pd

    from .rounding import with_error

    return Table(
        name="cooccurrence_prices",
        caption="What one polysemantic neuron costs (w at lambda = 0.01, n = 6; negative: it "
        "pays): closed form (proved; leading order for weight noise) and Monte Carlo "
        "mean(standard error), or the exact loss where there is no noise.",
        frame=pd.DataFrame(
            [
                {
                    "perturbation": row["perturbation"],
                    "closed form": f"{row['closed form']:.5f}",
                    "measured": with_error(row["measured"][0])
                    if isinstance(row["measured"], tuple)
                    else f"{row['measured']:.5f}",
                }
                for row in rows
            ]
        ),
    )


def _count_table(measured: pd.DataFrame) -> Table:
    import pandas as pd

    rows = []
    for (m, lam), cell in measured.groupby(["m", "lam"], sort=True):
        rows.append(
            {
                "$m$": str(m),
                "$\\lambda$": f"{lam:g}",
                "networks": str(int(cell.networks.max())),
                "K(0)": _told(cell["mean"].iloc[0], cell.mean_error.iloc[0]),
                **{
                    f"r = {row.strength:g}": _told(row.ratio, row.ratio_error)
                    for row in cell[cell.strength > 0].itertuples()
                },
            }
        )
    frame = pd.DataFrame(rows).fillna("--")
    return Table(
        name="cooccurrence_counts",
        caption=f"Measured: polysemantic neurons K(p)/K(0) after the flow on all pairs, n = "
        f"{FEATURES}, r = p/lambda, mean(standard error); each strength starts from the same "
        "weights.",
        frame=frame,
    )


def _told(value: float, error: float) -> str:
    from .extras import need

    if not error > 0:
        return f"{value:.3f}"
    return f"{need('uncertainties', 'tables').ufloat(value, error):.1uS}"


def _suppression_figure(measured: pd.DataFrame, reduced: pd.DataFrame) -> Plot:
    import pandas as pd

    trained = measured[measured.strength > 0].assign(source="training")
    race = reduced[reduced["values"] == "binary"].rename(
        columns={"fraction": "ratio", "error": "ratio_error", "samples": "networks"}
    )
    grid = np.linspace(0, 1.5, 61)
    fit = pd.DataFrame(
        {
            "source": "fit",
            "strength": grid,
            "ratio": [theory.suppression_fit(strength=float(r)) for r in grid],
        }
    )
    columns = ["source", "n", "m", "lam", "strength", "ratio", "ratio_error", "networks"]
    data = pd.concat([trained, race.assign(source="reduction"), fit])[columns]

    def draw(figure: Any, data: pd.DataFrame) -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        for axis in (left, right):
            line = data[data.source == "fit"]
            axis.plot(line.strength, line.ratio, "k", linewidth=0.8, label="fit, $n \\ll m$")
            axis.set(xlabel=r"$r = p/\lambda$", yscale="log", ylim=(3e-3, 1.3))
        points = data[data.source == "reduction"]
        left.errorbar(
            points.strength, points.ratio, points.ratio_error, fmt="k.", label="reduced race"
        )
        for place, m in enumerate((64, 128, 512)):
            cell = data[(data.source == "training") & (data.m == m) & (data.lam == 0.01)]
            left.errorbar(
                cell.strength, cell.ratio, cell.ratio_error, fmt=f"C{place}o", label=f"$m = {m}$"
            )
        for place, lam in enumerate((0.03, 0.01, 0.003)):
            cell = data[(data.source == "training") & (data.m == 128) & (data.lam == lam)]
            right.errorbar(
                cell.strength * (1 + 0.03 * (place - 1)),
                cell.ratio,
                cell.ratio_error,
                fmt=f"C{place}o",
                label=rf"$\lambda = {lam:g}$",
            )
        left.set(ylabel="$K(p)/K(0)$", title=r"width, $\lambda = 0.01$")
        right.set(title="$m = 128$")
        left.legend()
        right.legend()

    return Plot(
        name="cooccurrence_suppression",
        caption="Polysemantic neurons that still form when features co-occur, n = 64. Points: "
        "full training (measured, standard errors) and the two-feature race (the reduction is "
        "proved for lambda -> 0 and n << m, its outcome sampled). Line: exp(-5r/2 - r^2), a fit "
        "to the race, not derived. Left: the wider the network, the nearer to the race. Right: at "
        "m = 128 the ratio depends on r = p/lambda and hardly on lambda (points shifted sideways).",
        data=data,
        draw=draw,
        size=(6.8, 3.0),
    )


def _kick_figure(kicks: pd.DataFrame) -> Plot:
    def draw(figure: Any, data: pd.DataFrame) -> None:
        axis = figure.subplots()
        for place, (strength, cell) in enumerate(data.groupby("strength")):
            axis.semilogx(
                cell.kick, cell.after / cell.before, f"C{place}o-", label=f"$r = {strength:g}$"
            )
            axis.axvline(cell.escape_angle.iloc[0], color=f"C{place}", linestyle=":")
        axis.set(xlabel="kick of every weight (standard deviation)", ylabel="pairs left")
        axis.legend()

    return Plot(
        name="cooccurrence_kicks",
        caption="Hysteresis (n = m = 64, lambda = 0.01): networks trained without co-occurrence, "
        "then kicked and trained on with p = r lambda. Points: measured fraction of polysemantic "
        "neurons left. Dotted: the angle at which a single row escapes (proved for lambda -> 0); "
        "kicks of all 64 weights of a row do so at a smaller deviation.",
        data=kicks,
        draw=draw,
    )


def _fold_figure() -> Plot:
    import pandas as pd

    ratios = np.geomspace(1e-3, 1e3, 49)
    data = pd.DataFrame(
        {
            "pair_ratio": ratios,
            "fold": [numerics.pair_fold(float(x)) for x in ratios],
            "series": [max(theory.pair_fold_series(float(x)), 0) for x in ratios],
            "limit": theory.pair_fold_limit(),
        }
    )

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axis = figure.subplots()
        axis.loglog(data.pair_ratio, data.fold, label="continuation")
        axis.loglog(
            data.pair_ratio, data.series.where(data.series > 0), "--", label="weak co-occurrence"
        )
        axis.loglog(data.pair_ratio, data.limit, ":", label="limit")
        axis.set(
            xlabel="both / one alone, $q/c$", ylabel=r"$\lambda/c$ of the fold", ylim=(0.02, 1)
        )
        axis.legend()

    return Plot(
        name="cooccurrence_fold",
        caption="The antipodal pair of two co-occurring features exists below the line "
        "(continuation, to rounding). Dashed: first order for weak co-occurrence (asymptotic). "
        "Dotted: the limit of strong co-occurrence (proved).",
        data=data,
        draw=draw,
    )


def _tradeoff_figure(measured: pd.DataFrame) -> Plot:
    import pandas as pd

    rows = []
    for row in measured[measured.lam == 0.01].itertuples():
        price = pair_price(FEATURES, row.lam, row.strength) / row.lam
        pairs = theory.expected_pairs(n=FEATURES, m=row.m)
        rows.append(
            {
                "source": "training",
                "m": row.m,
                "strength": row.strength,
                "loss": row.mean * price / pairs,
                "error": row.mean_error * price / pairs,
            }
        )
    grid = np.linspace(0, 1.5, 61)
    rows += [
        {
            "source": "law",
            "m": 512,
            "strength": r,
            "loss": 2 * r * theory.suppression_fit(strength=float(r)),
        }
        for r in grid
    ]
    for lam in (0.003, 0.01, 0.03):
        rows += [
            {
                "source": "worst",
                "m": m,
                "lam": lam,
                "strength": theory.worst_strength(),
                "loss": theory.worst_tradeoff_loss(FEATURES, m, lam),
            }
            for m in (256, 512, 1024, 2048, 4096)
        ]
    data = pd.DataFrame(rows)

    def draw(figure: Any, data: pd.DataFrame) -> None:
        left, right = figure.subplots(1, 2)
        law = data[data.source == "law"]
        left.plot(law.strength, law.loss, "k", linewidth=0.8, label=r"$2rF(r)$, $n \ll m$")
        for place, m in enumerate((64, 128, 512)):
            cell = data[(data.source == "training") & (data.m == m)]
            left.errorbar(
                cell.strength, cell.loss, cell.error, fmt=f"C{place}o", label=f"$m = {m}$"
            )
        left.set(xlabel=r"$r = p/\lambda$", ylabel=r"$\Delta L/(\lambda K_0)$")
        left.legend()
        for place, (lam, cell) in enumerate(data[data.source == "worst"].groupby("lam")):
            right.loglog(cell.m, cell.loss, f"C{place}", label=rf"$\lambda = {lam:g}$")
        right.set(xlabel="neurons $m$", ylabel=r"largest $\Delta L$ over $p$")
        right.set_xticks((256, 1024, 4096), ("256", "1024", "4096"), minor=False)
        right.set_xticks((), minor=True)
        right.legend()

    return Plot(
        name="cooccurrence_tradeoff",
        caption="What polysemanticity costs a network trained on co-occurring features, n = 64. "
        "Left: measured counts times the price of a relaxed pair (proved), in units of lambda "
        "times n(n-1)/(4m), lambda = 0.01; line: the law with the fitted suppression. Training "
        "limits the cost: more co-occurrence leaves fewer pairs. Right: its largest value over p, "
        "0.26 lambda n(n-1)/(4m) (rests on the fit; n << m).",
        data=data,
        draw=draw,
        size=(6.8, 3.0),
    )


def _map_figure() -> Plot:
    import pandas as pd

    w = theory.amplitude(lam=0.001)
    sigmas, probabilities = np.geomspace(0.02, 2, 81), np.geomspace(1e-4, 0.9, 81)
    price = numerics.numpy_function(theory.noisy_cooccurrence_price)
    grid = np.array([[float(s), float(p)] for s in sigmas for p in probabilities])
    data = pd.DataFrame(
        {
            "sigma": grid[:, 0],
            "activation_probability": grid[:, 1],
            "price": price(activation_probability=grid[:, 1], weight=w, sigma=grid[:, 0]),
        }
    )
    odds = numerics.numpy_function(theory.break_even_odds)(weight=w, sigma=data.sigma)
    weak = numerics.numpy_function(theory.break_even_odds_small)(weight=w, sigma=data.sigma)
    data["break_even"] = np.where(odds > 0, odds / (1 + odds), 1.0)
    data["break_even_weak_noise"] = weak / (1 + weak)

    def draw(figure: Any, data: pd.DataFrame) -> None:
        axis = figure.subplots()
        pays = data.pivot(index="activation_probability", columns="sigma", values="price") < 0
        axis.contourf(
            pays.columns,
            pays.index,
            pays.astype(float),
            levels=[-0.5, 0.5, 1.5],
            colors=["#f5d9c8", "#cfe3f1"],
        )
        line = data.drop_duplicates("sigma")
        axis.loglog(line.sigma, line.break_even, "k", label="break-even")
        axis.loglog(line.sigma, line.break_even_weak_noise, "k--", label="weak noise")
        axis.text(0.03, 0.2, "costs")
        axis.text(0.7, 0.001, "pays")
        axis.set(
            xlabel=r"noise on the neurons $\sigma$",
            ylabel="activation probability $p$",
            ylim=(1e-4, 0.9),
        )
        axis.legend(loc="lower right")

    return Plot(
        name="cooccurrence_map",
        caption="Where a polysemantic neuron pays (blue: it lowers the mean loss) and where it "
        "costs, features active independently with probability p, normal noise on the neurons "
        "(w at lambda = 0.001). Line: break-even odds (proved). Dashed: their weak-noise form "
        "(asymptotic).",
        data=data,
        draw=draw,
    )
