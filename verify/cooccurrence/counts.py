"""Counts under co-occurrence as rows with errors, and the lines of the report that rest on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ... import theory
from ..published import data_rows
from ..stats.agreement import Agreement
from ..stats.budget import REPORT_ALPHA
from ..stats.power import POWER_QUANTILE
from .runs import Scan, ratio_samples

if TYPE_CHECKING:
    import pandas as pd

FEATURES = 64
LAM = 0.01  # the lambda that others are compared with
STRENGTHS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0)
_FEW = (0.0, 0.25, 1.0)
_PLAN: dict[str, tuple[tuple[int, float, tuple[float, ...], int], ...]] = {
    "quick": (
        (64, 0.01, (0.0, 0.5), 10),
        (128, 0.01, _FEW, 20),
        (512, 0.01, (0.0, 0.25), 30),
    ),
    "paper": (
        (512, 0.003, (0.0, 0.25, 0.5), 160),
        (64, 0.003, _FEW, 80),
        (128, 0.003, _FEW, 100),
        (64, 0.01, STRENGTHS, 80),
        (128, 0.01, STRENGTHS, 300),
        (512, 0.01, STRENGTHS, 260),
        (64, 0.03, STRENGTHS, 160),
        (128, 0.03, STRENGTHS, 300),
        (512, 0.03, STRENGTHS, 400),
    ),
}
SCANS = {
    scale: tuple(
        Scan(n=FEATURES, m=m, lam=lam, strengths=strengths, networks=networks)
        for m, lam, strengths, networks in plan
    )
    for scale, plan in _PLAN.items()
}
_QUANTILE = NormalDist().inv_cdf(1 - REPORT_ALPHA / 2)

Counted = Mapping[Scan, Mapping[str, NDArray]]


def mean_and_error(samples: NDArray) -> tuple[float, float]:
    """Mean of independent samples and its standard error."""
    return float(samples.mean()), float(samples.std(ddof=1) / len(samples) ** 0.5)


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
            mean, ratio = mean_and_error(k), mean_and_error(ratio_samples(k, reference))
            rows.append(
                {
                    "n": scan.n,
                    "m": scan.m,
                    "lam": scan.lam,
                    "strength": strength,
                    "networks": scan.networks,
                    "mean": mean[0],
                    "mean_error": mean[1],
                    "ratio": ratio[0],
                    "ratio_error": ratio[1],
                    "shift": shift[0],
                    "shift_error": shift[1],
                    "compared": both,
                    "dead": int(found["dead"][place].sum()),
                    "restless": int(found["restless"][place].sum()),
                }
            )
    return rows


def committed(name: str) -> pd.DataFrame:
    """Rows measured at paper scale, as shipped."""
    import pandas as pd

    frame = pd.DataFrame(data_rows(name)).replace("", "nan")
    words = [column for column in ("scheme", "values") if column in frame]
    numbers = {column: float for column in frame if column not in words}
    return frame.astype(numbers).astype({"n": int, "m": int, "networks": int})


def count_agreements(counted: Counted) -> Iterable[Agreement]:
    """Training in wide networks against the reduced race."""
    for scan, found in counted.items():
        for strength, k in zip(scan.strengths, found["neurons"], strict=True):
            if scan.m == 512 and scan.lam == LAM and strength in (0.1, 0.25, 0.5):
                yield Agreement.of_mean(
                    claim="suppression_fit",
                    quantity=f"K(p)/K(0) after training, n = {scan.n}, m = {scan.m}, "
                    f"lambda = {scan.lam:g}, r = {strength:g}, against the fit for n << m",
                    prediction=theory.suppression_fit(strength=strength),
                    samples=ratio_samples(k, found["neurons"][0]),
                    margin=0.25,
                    bounds=None,
                    alpha=REPORT_ALPHA,
                )


def collapse_agreements(measured: pd.DataFrame) -> Iterable[Agreement]:
    """K(p)/K(0) at other lambda less that at lambda = 0.01, from the same weights.

    Where both have lost all their polysemantic neurons there is nothing to compare.
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
    return Agreement(
        claim=claim,
        quantity=quantity,
        prediction=0.0,
        estimate=row.shift,
        interval=(
            row.shift - _QUANTILE * row.shift_error,
            row.shift + _QUANTILE * row.shift_error,
        ),
        margin=0.1,
        alpha=REPORT_ALPHA,
        smallest_detectable=float((_QUANTILE + POWER_QUANTILE) * row.shift_error),
        samples=int(samples),
        unit="K(0)",
        assumption="independent networks with a normal mean",
    )


def ratio_agreement(claim: str, quantity: str, prediction: float, row: Any) -> Agreement:
    """A ratio of counts against its prediction."""
    error = row.ratio_error
    return Agreement(
        claim=claim,
        quantity=quantity,
        prediction=prediction,
        estimate=row.ratio,
        interval=(row.ratio - _QUANTILE * error, row.ratio + _QUANTILE * error),
        margin=0.25,
        alpha=REPORT_ALPHA,
        smallest_detectable=float((_QUANTILE + POWER_QUANTILE) * error / prediction),
        samples=int(row.networks),
        assumption="independent networks with a normal mean",
    )
