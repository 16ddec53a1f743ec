"""Witnesses of the claims on the stability of a pair: small steps, third features, turns."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import mpmath
import numpy as np
from scipy import integrate, optimize

from ..witness.declare import witness
from .witnesses import at_rest, lam_at_rest
from .witnesses_model import (
    Rows,
    cost,
    curvature,
    pair_rows,
    precise,
    root,
    rows,
    slope,
    velocity,
    wide,
)

_RIGHT_ANGLE = (0.0, math.pi / 2)
Arguments = tuple[dict[str, Any], Any]


# escape to a free neuron


@witness("escape_cost", method="arithmetic", samples=20)
@precise
def escape_cost(lam: float, rng: np.random.Generator) -> Any:
    """The rise as one of the two features, at random, grows a weight of either sign."""
    single, pair, a = wide(rng), wide(rng), wide(rng)
    c, side, larger = a * rng.uniform(0.01, 1), int(rng.choice([-1, 1])), rng.random() < 0.5

    def sprouting(x: Any) -> Any:
        return cost(rows([[a, x * larger], [-c, x * (not larger)]]), single, pair, lam)

    return side * slope(sprouting, side)


def _gain(a: Any, c: Any, single: float, pair: float) -> Any:
    """What the loss without l1 falls by as the larger feature grows a weight, over its square."""
    return -curvature(lambda x: cost(rows([[a, x], [-c, 0]]), single, pair, 0)) / 2


@witness("escape_gain", method="arithmetic", samples=20)
@precise
def escape_gain(a: float, c: float, single_weight: float, pair_weight: float) -> Any:
    return _gain(a, c, single_weight, pair_weight)


@witness("escape_gain_at_rest", method="root finding", samples=20)
@precise
def escape_gain_at_rest(rng: np.random.Generator) -> Arguments:
    """The gain of a pair at rest at lambda = 0; NaN unless a > 1 > c and the gain is positive."""
    single, ratio = wide(rng), wide(rng)
    below = next(c for c in np.linspace(1, 0.01, 100) if lam_at_rest(c, ratio)[0] > 0)
    c = optimize.brentq(lambda c: lam_at_rest(c, ratio)[0], below, 1.0, xtol=1e-15)
    a = lam_at_rest(c, ratio)[1]
    gain = _gain(a, c, single, ratio * single)
    holds = a > 1 > c and gain > 0
    return {"a": a, "c": c, "single_weight": single}, gain if holds else math.nan


# third features


@precise
def _third_slope(a: Any, c: Any, w: Any, single: Any, pair: Any, lam: Any) -> Any:
    """The rise as a third feature grows a weight on the neuron of a pair."""
    return slope(lambda x: cost(rows([[a, 0], [-c, 0], [-x, w]]), single, pair, lam))


@witness("third_party_slope", method="arithmetic", samples=20)
def third_party_slope(
    a: float, c: float, weight: float, pair_weight: float, lam: float, rng: np.random.Generator
) -> Any:
    return _third_slope(a, c, weight, wide(rng), pair_weight, lam)


def _three_motions(a: Any, c: Any, w: Any, single: Any, pair: Any, lam: Any) -> list[Any]:
    """The velocities of the weights of a pair and of a third feature alone."""
    found = velocity(rows([[a, 0], [-c, 0], [0, w]]), single, pair, lam)
    return [found[0, 0], -found[1, 0], found[2, 1]]


@witness(
    "third_party_margin",
    method="root finding",
    accuracy=1e-15,
    samples=6,
    within={"pair_weight": (0.1, 10), "lam": (0, 0.1)},
    reach="the pair must exist at the ratios of the sequence",
    along={"pair_ratio": (0.08, 0.04, 0.02, 0.01)},
    order="pair_weight*pair_ratio**3 + lam*pair_ratio**2",
)
@precise
def third_party_margin(pair_weight: float, pair_ratio: float, lam: float) -> Any:
    """Three features: one of two is active without the other alone and with the third."""
    single = pair_weight / mpmath.mpf(pair_ratio) - pair_weight
    near = pair_ratio / 3
    data = {"single": single, "pair": pair_weight, "lam": lam}
    weights = root(partial(_three_motions, **data), [1 + near, 1 - near, 1])
    return _third_slope(*weights, **data)


@witness(
    "third_party_threshold",
    method="root finding",
    accuracy=1e-15,
    samples=1,
    along={"lam": (1e-4, 1e-5, 1e-6), "n": (30, 95, 300)},
    order="lam",
    relative=True,
)
@precise
def third_party_threshold(n: int, lam: float) -> Any:
    """The other features are alone on their neurons: for the rest of the network, an input with one
    of them and another feature is an input with the other alone.
    """

    near = mpmath.sqrt(lam)

    def all_at_rest(a: Any, c: Any, w: Any, p: Any) -> list[Any]:
        network = (a, c, w, 1 + p * (n - 3), p, lam)
        return [*_three_motions(*network), _third_slope(*network)]

    return root(all_at_rest, [1 + near / 3, 1 - near / 3, 1, 2 * near])[3]


# turns to a free neuron


@precise
def _turned(angle: Any, shift: Any, single: float, strength: float, lam: float) -> Any:
    """The loss of two rows of norm 1, each turned from the shared neuron to a free one."""
    cos, sin = mpmath.cos, mpmath.sin
    weights = rows([[cos(angle), sin(angle), 0], [-cos(shift), 0, sin(shift)]])
    return cost(weights, single, mpmath.mpf(strength) * lam, lam)


@witness("escape_plane", method="enumeration", samples=20)
def escape_plane(rng: np.random.Generator) -> Arguments:
    """Angles from 0 to pi/2, the edges included."""
    angle, shift = (float(x) for x in np.clip(rng.uniform(-0.2, 1.8, size=2), *_RIGHT_ANGLE))
    strength, lam = wide(rng), wide(rng)
    value = _turned(angle, shift, wide(rng), strength, lam) / (4 * lam)
    return {"angle": angle, "shift": shift, "strength": strength}, value


@witness(
    "escape_slope",
    method="arithmetic",
    samples=20,
    within={"angle": _RIGHT_ANGLE},
    reach="the whole regime",
)
@precise
def escape_slope(angle: float, strength: float, rng: np.random.Generator) -> Any:
    single, lam, side = wide(rng), wide(rng), 1 if angle < 1 else -1
    return slope(lambda x: _turned(angle + x, 0, single, strength, lam), side) / (4 * lam)


@precise
def _saddle(strength: float, lam: float) -> Rows:
    """The saddle between the pair and the free neuron: from the top of a turn at norm 1."""
    pair = mpmath.mpf(strength) * lam

    def turned(angle: float) -> float:
        weights = np.array([[math.cos(angle), math.sin(angle)], [-1.0, 0.0]])
        return -cost(weights, 0.0, strength, 1.0)

    top = optimize.minimize_scalar(turned, bounds=(0, math.pi / 4), method="bounded").x

    def motion(x: Any, y: Any, c: Any) -> list[Any]:
        found = velocity(rows([[x, y], [-c, 0]]), 1, pair, lam)
        return [found[0, 0], found[0, 1], -found[1, 0]]

    x, y, c = root(motion, [math.cos(top), math.sin(top), 1])
    return rows([[x, y], [-c, 0]])


_TURNS: dict[str, Any] = {
    "method": "root finding",
    "accuracy": 1e-15,
    "samples": 6,
    "within": {"strength": (1e-3, 30)},
    "reach": "the error shows its order where lambda strength^3 is small",
    "along": {"lam": (1e-6, 1e-7, 1e-8)},
    "order": "lam",
}


@witness("escape_difference", **_TURNS)
@precise
def escape_difference(strength: float, lam: float) -> Any:
    (x, y), _ = _saddle(strength, lam)
    return (x - y) / mpmath.hypot(x, y)


def _returns(angle: float, strength: float, lam: float) -> bool:
    """Whether a pair of unit rows, one of them turned by an angle, is a pair again in the end."""

    def flow(_: float, state: Any) -> list[float]:
        x, y, c = state
        found = velocity(np.array([[x, y], [-c, 0.0]]), 1.0, strength * lam, lam)
        return [found[0, 0], found[0, 1], -found[1, 0]]

    def back(_: float, state: Any) -> float:
        return float(state[1] - math.sin(angle) / 2)

    def away(_: float, state: Any) -> float:
        return float(state[1] - state[0] - 0.05)  # half of the turn and a little more

    back.terminal = away.terminal = True  # type: ignore[attr-defined]
    start = [math.cos(angle), math.sin(angle), 1.0]
    options = {"method": "LSODA", "rtol": 1e-9, "atol": 1e-12, "events": (back, away)}
    path = integrate.solve_ivp(flow, (0, 1000 / lam), start, **options)
    return len(path.t_events[0]) == 1


@witness("escape_angle", **_TURNS | {"samples": 4})
@precise
def escape_angle(strength: float, lam: float) -> Any:
    """The angle of the saddle; NaN unless 2 % less returns and 2 % more escapes in the flow."""
    (x, y), _ = _saddle(strength, lam)
    angle = mpmath.atan2(y, x)
    below, above = (_returns(float(angle) * factor, strength, lam) for factor in (0.98, 1.02))
    return angle if below and not above else math.nan


@witness("escape_barrier", **_TURNS)
@precise
def escape_barrier(strength: float, lam: float) -> Any:
    pair = mpmath.mpf(strength) * lam
    start = pair_rows(*at_rest(pair, lam))
    return (cost(_saddle(strength, lam), 1, pair, lam) - cost(start, 1, pair, lam)) / (4 * lam)
