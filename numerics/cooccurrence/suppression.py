"""Whether a collision survives co-occurrence, by sampling the reduction to two features.

Two features start with the same neuron in front, with opposite signs.  For lambda -> 0 and
m >> n each row follows its own soft threshold B, and the shared weight loses C in addition:

    x_k = A (w_k - B - C),  x_l = A (w_l - B)_+,  dC/dB = r x_k y_k^2,  r = pair_weight/lambda.

The collision survives if in both rows the shared weight outlives the runner-up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from .._integrate import runge_kutta
from .._types import Array, BoolArray, FloatArray
from .._validate import check_choice, check_integer, check_positive, check_rng

_DEPTH = 128  # order statistics kept of each row; those below act through their mean
_CHUNK = 4000


def collision_survives(
    strength: ArrayLike,
    samples: int,
    rng: np.random.Generator,
    *,
    m: int | None = None,
    values: Literal["binary", "uniform"] = "binary",
    step: float = 0.2,
) -> BoolArray:
    """Whether sampled collisions survive co-occurrence of strength r; the mean is F(r).

    All strengths see the same initial weights.  ``m=None`` is the limit of wide networks, where
    the gaps between the largest weights are exponential: E_1, E_2/2, E_3/3, ...; a number takes
    that many half-normal weights.  The reduction holds for lambda -> 0 and n << m; the error of
    the integration vanishes with ``step``.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> survives = numerics.collision_survives([0, 0.5], 400, np.random.default_rng(0))
    >>> survives.mean(axis=-1).round(1)
    array([1. , 0.2])

    Parameters
    ----------
    strength : array_like, shape (...)
        r, the weight of a pair over lambda, times E u^2 for uniform values.
    samples : int
        Number of collisions.
    rng : numpy.random.Generator
        Source of the initial weights.
    m : int, optional
        Number of neurons; without it the limit of infinitely many.
    values : {"binary", "uniform"}
        Values of active features: 1, or uniform on [0, 1].
    step : float
        Largest advance of the threshold B in a step of the integration.

    Returns
    -------
    ndarray of bool, shape (..., samples)
        True where the shared weight outlives the runner-up in both rows.

    Raises
    ------
    ValueError
        For a negative or infinite ``strength``, ``samples`` below 1, ``m`` below 2, other values, a
        step that is not positive.

    Source
    ------
    paper_notes/cooccurrence.md.
    """
    strengths = np.asarray(strength, float)
    if not (np.isfinite(strengths) & (strengths >= 0)).all():
        raise ValueError(f"Got strength={strength!r}; strengths must be >= 0 and finite.")
    samples, m, step = _checked(samples, rng, m, values, step)
    kept = np.empty((strengths.size, samples), bool)
    for start in range(0, samples, _CHUNK):
        count = min(_CHUNK, samples - start)
        rows = (_Rows.sample(count, m, rng), _Rows.sample(count, m, rng))
        for index, r in enumerate(strengths.ravel()):
            kept[index, start : start + count] = _race(rows, r, values, step)[0]
    return kept.reshape(*strengths.shape, samples)


def suppression_slope(
    samples: int,
    rng: np.random.Generator,
    *,
    values: Literal["binary", "uniform"] = "binary",
    step: float = 0.2,
) -> FloatArray:
    """Samples whose mean is the initial slope -F'(0) of the suppression in the wide limit.

    To first order in r a collision breaks if the gap of a row is below its handicap.  The gap
    has density 1 at 0, so -F'(0) = 2 E[integral of x_k y_k^2 dB | first row tied at the top],
    with the factor 1 - 3 x_k y_k / 4 for uniform values.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> slope = numerics.suppression_slope(2000, np.random.default_rng(0))
    >>> bool(abs(slope.mean() - 2.48) < 0.15)
    True

    Parameters
    ----------
    samples : int
        Number of collisions.
    rng : numpy.random.Generator
        Source of the initial weights.
    values : {"binary", "uniform"}
        Values of active features: 1, or uniform on [0, 1].
    step : float
        Largest advance of the threshold B in a step of the integration.

    Returns
    -------
    ndarray, shape (samples,)
        Twice the handicap per unit of r of the tied row.

    Raises
    ------
    ValueError
        For ``samples`` below 1.

    Source
    ------
    paper_notes/cooccurrence.md.
    """
    samples, _, step = _checked(samples, rng, None, values, step)
    slopes = []
    for start in range(0, samples, _CHUNK):
        count = min(_CHUNK, samples - start)
        tied, free = _Rows.sample(count, None, rng), _Rows.sample(count, None, rng)
        tied = replace(tied, top=tied.others[:, 0])
        slopes.append(2 * _race((tied, free), 0.0, values, step)[1])
    return np.concatenate(slopes)


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Initial weights of many rows: the shared one, the others in descending order."""

    top: Array  # (N,)
    others: Array  # (N, depth)
    sums: Array  # (N, depth + 1), of the others from the largest down
    squares: Array  # (N, depth + 1), likewise
    tail: bool  # weights below the last are there in the mean

    @classmethod
    def sample(cls, count: int, m: int | None, rng: np.random.Generator) -> _Rows:
        if m is None:
            gaps = rng.exponential(size=(count, _DEPTH)) / np.arange(1, _DEPTH + 1)
            ordered = np.cumsum(gaps[:, ::-1], -1)[:, ::-1]
        else:
            ordered = -np.sort(-np.abs(rng.normal(size=(count, m))), -1)
        others = ordered[:, 1:]
        first = np.zeros_like(ordered)
        second = np.zeros_like(ordered)
        np.cumsum(others, -1, out=first[:, 1:])
        np.cumsum(others**2, -1, out=second[:, 1:])
        return cls(top=ordered[:, 0], others=others, sums=first, squares=second, tail=m is None)

    def __getitem__(self, index: Array) -> _Rows:
        return replace(
            self,
            top=self.top[index],
            others=self.others[index],
            sums=self.sums[index],
            squares=self.squares[index],
        )

    def rest(self, threshold: Array) -> Array:
        """Sum over the other weights of (w - threshold)_+^2."""
        alive = (self.others > threshold[:, None]).sum(-1)
        row = np.arange(alive.size)
        first, second = self.sums[row, alive], self.squares[row, alive]
        return np.maximum(second - threshold * (2 * first - threshold * alive), 0)


def _before_the_first_death(rows: tuple[_Rows, _Rows]) -> Array:
    """Handicaps per unit of r that the tail of an infinite row leaves, shape (2, N).

    At threshold -s the row has depth e^s weights, and A^-2 = 2 depth e^s in the mean, so the
    handicap is the integral over s > 0 of (a + s) (b + s)^2 (2 depth e^s)^(-3/2).
    """
    if not rows[0].tail:
        return np.zeros((2, rows[0].top.size))
    moment = [math.factorial(power) / 1.5 ** (power + 1) for power in range(4)]

    def handicap(a: Array, b: Array) -> Array:
        terms = (a * b**2, b**2 + 2 * a * b, a + 2 * b, 1.0)
        return sum(t * v for t, v in zip(terms, moment, strict=True)) / (2 * _DEPTH) ** 1.5

    a, b = rows[0].top, rows[1].top
    return np.stack([handicap(a, b), handicap(b, a)])


def _ahead(
    rows: tuple[_Rows, _Rows], state: Array, alone: BoolArray, r: float, values: str, step: float
) -> Array:
    """Thresholds and handicaps of both rows after a step."""
    top = np.stack([row.top for row in rows])

    def slope(state: Array) -> Array:
        b, c = state
        shared = np.maximum(top - b - r * c, 0)
        rest = np.stack([row.rest(now) for row, now in zip(rows, b, strict=True)])
        speed = np.sqrt(shared**2 + rest)
        share = np.where(alone, 1.0, shared / np.maximum(speed, 1e-300))
        force = share * share[::-1] ** 2
        if values == "uniform":
            force = force * (1 - 0.75 * share * share[::-1])
        speed = np.where(alone, 0.0, speed)
        speed = speed / np.maximum(speed.max(0), 1e-300)
        return np.stack([speed, speed * force])

    return runge_kutta(slope, state, step, slope(state))


def _race(
    rows: tuple[_Rows, _Rows], r: float, values: str, step: float
) -> tuple[BoolArray, FloatArray]:
    """Who survives, and the handicap per unit of r of the first row when its runner-up dies."""
    count = rows[0].top.size
    survives = np.zeros(count, bool)
    handicap = np.zeros(count)
    threshold = np.zeros((2, count))
    paid = _before_the_first_death(rows)
    alone = np.zeros((2, count), bool)  # the runner-up is dead, the shared weight is not
    index = np.arange(count)
    while index.size:
        top = np.stack([row.top for row in rows])
        runner_up = np.stack([row.others[:, 0] for row in rows])
        state = np.stack([threshold, paid])
        ahead = _ahead(rows, state, alone, r, values, step)

        # where in the step the shared weight and the runner-up die (above 1: not in this step)
        before, after = top - state[0] - r * state[1], top - ahead[0] - r * ahead[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            falls = np.where(after <= 0, before / (before - after), 2.0)
            settles = (runner_up - state[0]) / (ahead[0] - state[0])
        settles = np.where(alone | (ahead[0] < runner_up), 2.0, settles)
        broken = (~alone & (falls < settles)).any(0)
        newly = ~alone & (settles <= 1)
        first = newly[0]
        handicap[index[first]] = (state[1, 0] + settles[0] * (ahead[1, 0] - state[1, 0]))[first]
        alone = alone | newly
        survives[index[alone.all(0) & ~broken]] = True

        going = np.asarray(~broken & ~alone.all(0))
        index, alone = index[going], alone[:, going]
        threshold, paid = ahead[0][:, going], ahead[1][:, going]
        if not going.all():
            rows = (rows[0][going], rows[1][going])
    return survives, handicap


def _checked(
    samples: Any, rng: Any, m: Any, values: Any, step: Any
) -> tuple[int, int | None, float]:
    samples = check_integer("samples", samples, "the number of collisions")
    check_rng(rng)
    if m is not None:
        m = check_integer("m", m, "the number of neurons, a runner-up's among them", minimum=2)
    check_choice("values", values, ("binary", "uniform"))
    return samples, m, check_positive("step", step, "an advance of the threshold")
