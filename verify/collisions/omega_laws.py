"""Pairs and kept winners in the limit and under the flow, against what the theory says."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import numpy as np
from scipy import special

from ... import numerics, theory
from ...numerics.collisions.trained_count import (
    Setting,
    Surface,
    place,
    retained_surface,
    settings,
    tilt_surface,
)
from ..chapter import estimate_line
from ..published import data_rows
from ..stats.agreement import Agreement

LARGEST_ERROR = {"omega": 0.04, "retained": 0.004}
"""The largest standard error in a setting that is compared; that of omega is relative."""
MARGIN = 0.05
_FULLEST = 2 / 3  # n/m, beyond which the laws of the flow fail
_CROWDS = (0.0, 3.0, 7.0, math.inf)  # classes of h (n-2)/sqrt(m); from 7.1 on omega is constant
_CROWDING = (0.0, 2.0, 3.5, math.inf)  # classes of n/sqrt(m)
_NEURONS = (0, 128, 512, 10**9)  # classes of m


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What was measured in a setting of the flow, and what a law says.

    Parameters
    ----------
    setting : Setting
        Measured networks.
    limit : float
        The value for lambda -> 0 at the same sizes, interpolated.
    measured, predicted : float
        The value under the flow.
    error : float
        Relative standard error of measured over predicted.
    """

    setting: Setting
    limit: float
    measured: float
    predicted: float
    error: float


def _in_limit(surface: Surface, chosen: tuple[Setting, ...]) -> Surface:
    """The surface through the settings of the limit alone."""
    limit = np.array([one.lam == 0 for one in chosen])
    parts = {name: getattr(surface, name)[limit] for name in ("places", "values", "errors")}
    return replace(surface, **parts)


def _measured_retained() -> tuple[Setting, ...]:
    return tuple(one for one in settings("flow") if math.isfinite(one.retained))


@cache
def limit_surfaces() -> dict[str, Surface]:
    """log omega, and the logit of the retained fraction, for lambda -> 0."""
    return {
        "omega": _in_limit(tilt_surface(), settings("flow")),
        "retained": _in_limit(retained_surface(), _measured_retained()),
    }


def pairs() -> list[Compared]:
    """The weight of opposite pairs, in the settings in which it is known well enough.

    >>> from polysem.verify.collisions.omega_laws import pairs
    >>> len(pairs()) > 50
    True
    """
    found = []
    for one in settings("flow"):
        value, error = one.log_tilt
        if one.lam and one.n <= _FULLEST * one.m and error <= LARGEST_ERROR["omega"]:
            limit, limit_error = limit_surfaces()["omega"].at(place(one.n, one.m, 0.0))
            kept = math.exp(-2 * theory.contact_lag(m=one.m, lam=one.lam))
            found.append(
                Compared(
                    setting=one,
                    limit=math.exp(limit),
                    measured=math.exp(value),
                    predicted=theory.pair_weight_flow(m=one.m, lam=one.lam, omega=math.exp(limit)),
                    error=math.hypot(error, kept * limit_error),
                )
            )
    return found


def in_limit() -> list[Compared]:
    """The weight of opposite pairs for lambda -> 0, where it is known well enough.

    >>> from polysem.verify.collisions.omega_laws import in_limit
    >>> len(in_limit()) > 30
    True
    """
    return [
        _compared_limit(one, theory.winner_height(m=one.m))
        for one in settings("flow")
        if not one.lam and 2 < one.n <= one.m / 2 and one.log_tilt[1] <= LARGEST_ERROR["omega"]
    ]


def in_limit_laplace() -> list[Compared]:
    """The same for Laplace rows, from the runs of the chapter on reshuffling.

    >>> from polysem.verify.collisions.omega_laws import in_limit_laplace
    >>> [(one.setting.n, one.setting.m) for one in in_limit_laplace()]
    [(32, 64), (64, 256), (128, 1024)]
    """
    found = []
    for row in data_rows("reshuffling_runs.csv"):
        if row["law"] == "laplace" and not float(row["lam"]):
            n, m = int(row["n"]), int(row["m"])
            chance = numerics.ExclusionLaw(n, m).mean()
            one = Setting(
                n=n,
                m=m,
                lam=0.0,
                networks=int(row["runs"]),
                mean=float(row["count_ratio"]) * chance,
                mean_error=float(row["count_ratio_error"]) * chance,
                retained=float(row["same_neuron"]),
                retained_error=float(row["same_neuron_error"]),
                source="polysem",
            )
            if one.log_tilt[1] <= LARGEST_ERROR["omega"]:
                found.append(_compared_limit(one, theory.winner_height_laplace(m=m)))
    return found


def _compared_limit(one: Setting, height: float) -> Compared:
    value, error = one.log_tilt
    return Compared(
        setting=one,
        limit=math.exp(value),
        measured=math.exp(value),
        predicted=theory.pair_weight_limit(n=one.n, m=one.m, height=height),
        error=error,
    )


def crowd(one: Setting) -> float:
    """The number of live weights of other rows on a neuron when the winner decides.

    >>> from polysem.verify.collisions.omega_laws import crowd, in_limit
    >>> max(crowd(one.setting) for one in in_limit()) > 20
    True
    """
    return theory.winner_height(m=one.m) * (one.n - 2) / math.sqrt(one.m)


def retained() -> list[Compared]:
    """The fraction of features that keep their largest weight, where it is known well enough.

    >>> from polysem.verify.collisions.omega_laws import retained
    >>> len(retained()) > 20
    True
    """
    found = []
    for one in _measured_retained():
        precise = one.retained_error <= LARGEST_ERROR["retained"]
        if one.lam and one.n <= _FULLEST * one.m and precise:
            logit, logit_error = limit_surfaces()["retained"].at(place(one.n, one.m, 0.0))
            limit = float(special.expit(logit))
            found.append(
                Compared(
                    setting=one,
                    limit=limit,
                    measured=one.retained,
                    predicted=numerics.retained_fraction_flow(one.n, one.m, one.lam, limit=limit),
                    error=math.hypot(one.retained_error / one.retained, (1 - limit) * logit_error),
                )
            )
    return found


def agreements() -> list[Agreement]:
    """Measured over predicted values, on average over classes of settings.

    >>> from polysem.verify.collisions.omega_laws import agreements
    >>> len(agreements())
    10
    """
    return [
        *_lines(
            "pair_weight_limit",
            "omega for lambda -> 0 over the law's, live weights on a neuron",
            in_limit(),
            _CROWDS,
            crowd,
        ),
        *_lines(
            "pair_weight_limit",
            "omega for lambda -> 0 over the law's, Laplace rows, m",
            in_limit_laplace(),
            (0.0, math.inf),
            lambda one: one.m,
            margin=0.1,
        ),
        *_lines(
            "pair_weight_flow",
            "omega under the flow over the law's, n/sqrt(m)",
            pairs(),
            _CROWDING,
            lambda one: one.n / math.sqrt(one.m),
        ),
        *_lines(
            "retained_under_flow",
            "retained features under the flow over the law's, m",
            retained(),
            _NEURONS,
            lambda one: one.m,
        ),
    ]


def _lines(
    claim: str,
    words: str,
    found: list[Compared],
    edges: tuple[float, ...],
    coordinate: Callable[[Setting], float],
    margin: float = MARGIN,
) -> list[Agreement]:
    lines = []
    for low, high in pairwise(edges):
        chosen = [one for one in found if low <= coordinate(one.setting) < high]
        weights = np.array([one.error**-2 for one in chosen])
        ratios = np.array([one.measured / one.predicted for one in chosen])
        where = f"from {low:g} on" if high == edges[-1] else f"from {low:g} to {high:g}"
        lines.append(
            estimate_line(
                claim=claim,
                quantity=f"{words} {where}, {len(chosen)} settings",
                prediction=1.0,
                estimate=float(np.average(ratios, weights=weights)),
                error=float(1 / np.sqrt(weights.sum())),
                samples=sum(one.setting.networks for one in chosen),
                margin=margin,
                assumption="independent settings",
            )
        )
    return lines
