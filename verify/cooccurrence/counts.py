"""Counts under co-occurrence as rows with errors, and the report's lines about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pandas as pd

from ... import theory
from ...numerics._types import Array
from ..chapter import estimate_line
from ..published import data_rows
from ..show.rounding import mean_and_error
from ..stats.agreement import Agreement
from .runs import Scan, ratio_samples
from .variants import BATCH, WIDE, Variant
from .variants import FEATURES as VARIANT_FEATURES

FEATURES = 64
LAM = 0.01  # the lambda that others are compared with
STRENGTHS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
_FEW = (0.0, 0.25, 1.0)
_PLAN: tuple[tuple[int, float, tuple[float, ...], int], ...] = (
    (512, 0.003, (0.0, 0.25, 0.5), 160),
    (64, 0.003, _FEW, 80),
    (128, 0.003, _FEW, 100),
    (64, 0.01, STRENGTHS, 80),
    (128, 0.01, STRENGTHS, 300),
    (512, 0.01, STRENGTHS, 260),
    (64, 0.03, STRENGTHS, 160),
    (128, 0.03, STRENGTHS, 300),
    (512, 0.03, STRENGTHS, 400),
)
SCANS = tuple(
    Scan(n=FEATURES, m=m, lam=lam, strengths=strengths, networks=networks)
    for m, lam, strengths, networks in _PLAN
)

Counted = Mapping[Scan, Mapping[str, Array]]


def count_rows(counted: Counted) -> list[dict[str, Any]]:
    """Means, ratios to no co-occurrence, and their shift against lambda = 0.01, with errors.

    The shift is that of networks which start from the same weights.
    """
    rows = []
    for scan, found in counted.items():
        base = next((c for c in counted if c.m == scan.m and c.lam == LAM and c != scan), None)
        for place, strength in enumerate(scan.strengths):
            k, reference = found["neurons"][place], found["neurons"][0]
            shift, both = (np.nan, np.nan), 0
            if base is not None and strength in base.strengths[1:]:
                both = min(scan.networks, base.networks)
                other = counted[base]["neurons"][:, :both]
                shift = mean_and_error(
                    ratio_samples(k[:both], reference[:both])
                    - ratio_samples(other[base.strengths.index(strength)], other[0])
                )
            ratio = mean_and_error(ratio_samples(k, reference))
            rows.append(
                {"n": scan.n, "m": scan.m, "lam": scan.lam, "strength": strength}
                | {"networks": scan.networks}
                | _columns(mean=mean_and_error(k), ratio=ratio, shift=shift)
                | {"compared": both}
                | {name: int(found[name][place].sum()) for name in ("dead", "restless")}
            )
    return rows


def _columns(**measured: tuple[float, float]) -> dict[str, Any]:
    """Each mean and its standard error as two columns."""
    return {
        column: value
        for name, pair in measured.items()
        for column, value in zip((name, f"{name}_error"), pair, strict=True)
    }


def committed(name: str) -> pd.DataFrame:
    """The shipped rows, which were measured at paper scale."""
    frame = pd.DataFrame(data_rows(name)).replace("", "nan")
    words = [column for column in ("scheme", "values") if column in frame]
    numbers = {column: float for column in frame if column not in words}
    return frame.astype(numbers).astype({"n": int, "m": int, "networks": int})


def count_agreements(measured: pd.DataFrame, source: str) -> Iterable[Agreement]:
    """Training in wide networks against the reduced race; ``source`` names a recorded table."""
    for row in measured[(measured.m == 512) & (measured.lam == LAM)].itertuples():
        if row.strength in (0.1, 0.25, 0.5):
            yield ratio_agreement(
                "suppression_fit",
                f"K(p)/K(0) after training, n = {row.n}, m = {row.m}, lambda = {row.lam:g}, "
                f"r = {row.strength:g}, against the fit for n << m{source}",
                theory.suppression_fit(strength=row.strength),
                row,
            )


def collapse_agreements(measured: pd.DataFrame) -> Iterable[Agreement]:
    """K(p)/K(0) at other lambda less that at lambda = 0.01, from the same weights.

    Rows without polysemantic neurons are not compared.
    """
    for row in measured[measured["shift"].notna() & (measured["mean"] > 0)].itertuples():
        yield shift_agreement(
            "handicap_rate",
            f"K(p)/K(0) at r = {row.strength:g}, m = {row.m}, lambda = {row.lam:g}, less that at "
            f"lambda = {LAM:g}",
            row,
            row.compared,
        )


def shift_agreement(claim: str, quantity: str, row: Any, samples: float) -> Agreement:
    """A difference of ratios against 0, in units of K(0)."""
    return estimate_line(
        claim=claim,
        quantity=quantity,
        prediction=0.0,
        estimate=row.shift,
        error=row.shift_error,
        samples=int(samples),
        margin=0.1,
        unit="K(0)",
    )


def ratio_agreement(claim: str, quantity: str, prediction: float, row: Any) -> Agreement:
    """A ratio of counts against its prediction."""
    return estimate_line(
        claim=claim,
        quantity=quantity,
        prediction=prediction,
        estimate=row.ratio,
        error=row.ratio_error,
        samples=int(row.networks),
        margin=0.25,
    )


def variant_rows(counted: Mapping[Variant, Array]) -> list[dict[str, Any]]:
    """Ratios to no co-occurrence with errors, and their difference from the expected ratio.

    All is in units of K(0), from networks with the same initial weights. Minibatches are compared
    with all pairs of the same strength and values; a fraction f of the pairs with
    1 - f + f times the ratio where all co-occur. "together" and "apart" are the neurons whose
    features co-occur, over f K(0), and the others, over (1 - f) K(0).
    """
    rows = []
    for variant, found in counted.items():
        networks = found.shape[-1]

        def ratio(k: Array, variant: Variant = variant, networks: int = networks) -> Array:
            without = replace(variant, scheme="pairs", strength=0.0, fraction=1.0, batch=BATCH)
            return ratio_samples(k, counted[replace(without, values="binary")].sum(0)[:networks])

        f, whole = variant.fraction, replace(variant, scheme="pairs", fraction=1.0, batch=BATCH)
        samples = {"ratio": ratio(found.sum(0))}
        if whole != variant:
            every = ratio(counted[whole].sum(0)[:networks])
            samples["shift"] = samples["ratio"] - (1 - f + f * every)
        if f < 1:
            samples["together"], samples["apart"] = ratio(found[0]) / f, ratio(found[1]) / (1 - f)
        samples = {"mean": found.sum(0)} | samples
        measured = {
            name: mean_and_error(samples[name]) if name in samples else (np.nan, np.nan)
            for name in ("mean", "ratio", "shift", "together", "apart")
        }
        row = {"n": VARIANT_FEATURES} | asdict(variant) | {"networks": networks}
        rows.append(row | _columns(**measured))
    return rows


def variant_agreements(measured: pd.DataFrame) -> Iterable[Agreement]:
    """Minibatches against pairs; in wide networks, some pairs against the interpolation."""
    for row in measured[measured["shift"].notna()].itertuples():
        size = f"r = {row.strength:g}, n = {row.n}, m = {row.m}"
        if row.scheme == "minibatch":
            yield shift_agreement(
                "handicap_rate",
                f"K(p)/K(0) with minibatches of {row.batch:g}, values {row.values}, {size}, less "
                "that with all pairs",
                row,
                row.networks,
            )
        elif row.m == WIDE:
            yield ratio_agreement(
                "partial_suppression",
                f"K(p)/K(0) where a fraction {row.fraction:g} of the pairs co-occurs, {size}, "
                "against the interpolation for n << m",
                theory.partial_suppression(row.fraction, row.strength),
                row,
            )
