"""The two equations of a lone row, solved at all its extinctions at once.

With the distance ``y`` of the threshold to the largest weight as the clock and ``v = 1/A``,

    dv/dB = (M_2 / v^2 - 1) / lambda,    dt/dB = 1 / (lambda v),    B = max|W(0)| - y,

and between two extinctions ``M_2`` is a quadratic. The mesh holds every extinction, so each
step sees a smooth right-hand side; the two-point Hermite rule with two derivatives (order 6,
A-stable) couples neighbours, and Newton's method solves for all nodes together.
paper_notes/row_flow.md.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import solve_banded

from .._types import FloatArray, IntArray

_TRANSIENT = 20.0  # flow time after which a row has forgotten its initial norm, to exp(-40)
_TIME_STEP = 0.02  # mesh in the transient
_LOG_STEP = 0.02  # mesh in log M_2
_GAP_STEP = 0.1  # largest part of the distance y that a first step may take
_STIFF = 10.0  # steps longer than this lie on the slow manifold: two derivatives suffice
_NEWTON = 60
_SETTLED = 1e-8  # the step is of second order: what is left is its square
_IMAGINARY = 1e-30  # complex step
_BLOCK = 4096  # nodes at a time, so that the work stays in the processor's cache


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """``M_p(B) = sum_k (|w_k| - B)_+^p`` from the distances of the weights to the largest one.

    All sums have positive terms, so that the moments keep their relative accuracy up to the
    last weight. ``first[j]`` and ``second[j]`` are the moments at ``y = distance[j]``.
    """

    distance: FloatArray
    first: FloatArray
    second: FloatArray

    @classmethod
    def of(cls, magnitudes: FloatArray) -> Moments:
        distance = np.sort(magnitudes.max() - magnitudes)
        step = np.diff(distance)
        count = np.arange(1, len(distance))
        first = np.concatenate([[0.0], np.cumsum(count * step)])
        rise = step * (2 * first[:-1] + count * step)
        return cls(distance=distance, first=first, second=np.concatenate([[0.0], np.cumsum(rise)]))

    def at(self, y: Any) -> tuple[Any, Any, Any]:
        """``M_0``, ``M_1`` and ``M_2`` at the distance y (a weight at y itself is dead)."""
        live = np.searchsorted(self.distance, y, side="left")
        last = np.maximum(live - 1, 0)
        rest = np.maximum(y - self.distance[last], 0.0)
        first = self.first[last] + live * rest
        return live, first, self.second[last] + rest * (self.first[last] + first)

    def levels(self, start: float, end: float) -> FloatArray:
        """Distances between start and end at equal steps of log M_2."""
        high, low = (float(self.at(y)[2]) for y in (start, end))
        count = math.ceil(math.log(high / low) / _LOG_STEP)
        second = np.geomspace(high, low, count + 1)[1:-1]
        last = np.searchsorted(self.second, second, side="right") - 1
        excess = second - self.second[last]
        first, live = self.first[last], last + 1
        return self.distance[last] + excess / (first + np.sqrt(first**2 + live * excess))


@dataclass(frozen=True, kw_only=True, eq=False)
class Track:
    """A lone row from its start until only its largest weights are left.

    At the nodes ``y`` falls and ``time`` rises; ``inverse`` is ``v = 1/A``. All extinctions between
    start and end are nodes.
    """

    y: FloatArray
    time: FloatArray
    inverse: FloatArray
    live: IntArray  # on each interval
    moments: Moments
    lam: float

    @classmethod
    def of(cls, moments: Moments, largest: float, end: float, lam: float) -> Track:
        """Follow the row from ``y = largest`` to ``y = end > 0``."""
        first_y, first_v = _first_steps(moments, largest, end, lam)
        early = first_y[first_y > end]
        knots = moments.distance[(moments.distance > end) & (moments.distance < largest)]
        y = np.concatenate(
            [[end], knots, moments.levels(largest, end)[::-1], early[::-1], [largest]]
        )
        y = np.sort(y, kind="stable")[::-1]
        y = np.append(y[:-1][np.diff(y) < 0], end)
        live = np.searchsorted(moments.distance, (y[1:] + y[:-1]) / 2, side="left")
        _, first, second = moments.at(y)
        inverse = (lam * first + np.sqrt((lam * first) ** 2 + 4 * second)) / 2
        known = -np.append(largest, first_y), np.append(1.0, first_v)
        transient = y >= -known[0][-1]
        inverse[transient] = np.interp(-y[transient], *known)
        step = y[:-1] - y[1:]
        for _ in range(_NEWTON):
            left, d_left = _half(inverse[:-1], step, first[:-1], second[:-1], live, lam)
            right, d_right = _half(inverse[1:], -step, first[1:], second[1:], live, lam)
            residual = np.diff(inverse) - left + right
            banded = np.zeros((2, len(step)))
            banded[0] = 1 + d_right
            banded[1, :-1] = -(1 + d_left[1:])
            change = solve_banded((1, 0), banded, -residual, check_finite=False)
            moved = np.maximum(inverse[1:] + change, inverse[1:] / 4)
            worst = np.max(np.abs(moved / inverse[1:] - 1))
            inverse[1:] = moved
            if worst < _SETTLED:
                break
        else:
            raise ArithmeticError(
                f"Got lam={lam}; Newton's method for the flow of the row did not converge (its "
                f"last relative change was {worst:.1g}): change lam or the initial weights "
                "slightly; if this does not help, report it."
            )
        duration = _durations(inverse, step, first, second, live, lam)
        return cls(
            y=y,
            time=np.concatenate([[0.0], np.cumsum(duration)]),
            inverse=inverse,
            live=live,
            moments=moments,
            lam=lam,
        )

    def at(self, time: FloatArray) -> tuple[FloatArray, FloatArray]:
        """``y`` and ``v`` at times within the track, by Hermite interpolation in time."""
        place = np.clip(np.searchsorted(self.time, time, side="right") - 1, 0, len(self.live) - 1)
        start, end = self.time[place], self.time[place + 1]
        ends = []
        for node in (place, place + 1):
            y, v = self.y[node], self.inverse[node]
            _, first, second = self.moments.at(y)
            slope, bend, _ = _slopes(v, first, second, self.live[place], self.lam)
            rate = self.lam * v * slope
            turn = self.lam**2 * v * (slope**2 + v * bend)
            ends.append(((y, -self.lam * v, -self.lam * rate), (v, rate, turn)))
        y, v = (_hermite(time, start, end, ends[0][part], ends[1][part]) for part in (0, 1))
        return y, v


def _slopes(v: Any, first: Any, second: Any, live: Any, lam: float) -> tuple[Any, Any, Any]:
    """``dv/dB`` and its first two derivatives along the solution."""
    up = 1 / v
    square = up * up
    share = second * square
    slope = (share - 1) / lam
    pull = slope * up
    bend = (-2 / lam) * (first * square + share * pull)
    curl = live * square + (4 * first * square + 3 * share * pull) * pull - share * (bend * up)
    return slope, bend, (2 / lam) * curl


def _half(
    v: FloatArray, step: Any, first: Any, second: Any, live: Any, lam: float
) -> tuple[FloatArray, FloatArray]:
    """One end's part of the Hermite rule, and its derivative by v (complex step)."""
    part, derivative = np.empty_like(v), np.empty_like(v)
    for start in range(0, len(v), _BLOCK):
        here = slice(start, start + _BLOCK)
        tilted = v[here] * (1 + 1j * _IMAGINARY)
        slope, bend, curl = _slopes(tilted, first[here], second[here], live[here], lam)
        h = step[here]
        value = h * (slope / 2 + h * (bend / 10 + h * curl / 120))
        part[here] = value.real
        derivative[here] = value.imag / (_IMAGINARY * v[here])
    return part, derivative


def _durations(
    inverse: FloatArray, step: Any, first: Any, second: Any, live: Any, lam: float
) -> FloatArray:
    """The flow time of each interval: the same rule for ``1 / (lambda v)``."""
    parts = []
    for part in (slice(None, -1), slice(1, None)):
        v = inverse[part]
        slope, bend, _ = _slopes(v, first[part], second[part], live, lam)
        parts.append((1 / v, -slope / v**2, (2 * slope**2 / v - bend) / v**2))
    (g0, d0, c0), (g1, d1, c1) = parts
    rough = step / 2 * (g0 + g1) + step**2 / 12 * (d0 - d1)
    fine = step / 2 * (g0 + g1) + step**2 / 10 * (d0 - d1) + step**3 / 120 * (c0 + c1)
    return np.where(rough / lam > _STIFF, rough, fine) / lam


def _hermite(time: Any, start: Any, end: Any, left: Any, right: Any) -> FloatArray:
    """Through value, rate and turn at both ends; without the turns in a stiff interval."""
    length = np.where(end > start, end - start, 1.0)
    s = (time - start) / length
    rest = 1 - s
    (p0, v0, a0), (p1, v1, a1) = left, right
    cubic = (1 + 2 * s) * rest**2 * p0 + (1 + 2 * rest) * s**2 * p1
    cubic = cubic + length * s * rest * (rest * v0 - s * v1)
    quintic = rest**3 * (p0 * (1 + 3 * s + 6 * s**2) + length * v0 * s * (1 + 3 * s))
    quintic = quintic + s**3 * (
        p1 * (1 + 3 * rest + 6 * rest**2) - length * v1 * rest * (1 + 3 * rest)
    )
    quintic = quintic + length**2 / 2 * (a0 * s**2 * rest**3 + a1 * s**3 * rest**2)
    return np.where(length > _STIFF, cubic, quintic)


def _first_steps(
    moments: Moments, largest: float, end: float, lam: float
) -> tuple[FloatArray, FloatArray]:
    """Mesh and first guess in the transient: the classical Runge-Kutta method in time."""
    fastest = max(1.0, math.sqrt(float(moments.at(largest)[2])))
    reach = max(end, largest - lam * (_TRANSIENT + 1) * fastest)
    skipped = max(0, int(np.searchsorted(moments.distance, reach)) - 1)
    distance, first, second = (
        values[skipped:].tolist() for values in (moments.distance, moments.first, moments.second)
    )

    def rate(y: float, v: float) -> tuple[float, float]:
        place = max(bisect_left(distance, y) - 1, 0)
        rest = max(y - distance[place], 0.0)
        m2 = second[place] + rest * (2 * first[place] + (skipped + place + 1) * rest)
        return -lam * v, m2 / v - v

    y, v, t = largest, 1.0, 0.0
    mesh, guess = [], []
    while t < _TRANSIENT:
        k1 = rate(y, v)
        h = min(_TIME_STEP / (1 + abs(k1[1]) / v), _GAP_STEP * y / (lam * v))
        k2 = rate(y + h / 2 * k1[0], v + h / 2 * k1[1])
        k3 = rate(y + h / 2 * k2[0], v + h / 2 * k2[1])
        k4 = rate(y + h * k3[0], v + h * k3[1])
        y += h / 6 * (k1[0] + 2 * k2[0] + 2 * k3[0] + k4[0])
        v += h / 6 * (k1[1] + 2 * k2[1] + 2 * k3[1] + k4[1])
        t += h
        mesh.append(y)
        guess.append(v)
        if y <= end:
            break
    return np.array(mesh), np.array(guess)
