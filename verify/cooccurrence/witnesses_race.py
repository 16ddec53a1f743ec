"""Witnesses of the fits of the suppression: the race of two features for a neuron, sampled.

For lambda -> 0 and m >> n two colliding rows of norm 1 overlap on one neuron alone. In time
lambda t every weight of a row loses 1, the shared weights lose what the loss of the pair gains by
their overlap as well, and the norm is restored. The initial sizes are those of the largest of very
many weights, in units of their gap: sums of exponential gaps E_1, E_2/2, E_3/3, ...
"""

from __future__ import annotations

import itertools
import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.stats import qmc

from ..witness.declare import Measured, witness
from .witnesses_model import cost

Array = NDArray[Any]
_DEPTH = 48  # weights of a row; those below act through the mean of their square
_STEP = 0.1  # of the threshold, in gaps
_PARTS, _SIZE = 8, 2048  # independent quasi-random samples, and collisions of each
_NODES, _SHARES = np.polynomial.legendre.leggauss(40)
_EARLY, _EARLY_SHARES = np.polynomial.laguerre.laggauss(12)


def _uniform_push(overlap: float) -> float:
    """The slope of the loss of a pair in an overlap -s, over 4 E u^2, for uniform values u.

    An output ReLU(u - s v) of the target u errs by s v where it is positive.
    """
    values = (_NODES + 1) / 2
    slopes = 2 * overlap * values**2 * (1 - overlap * values)
    return float(3 * 2 / 4 * (_SHARES / 2) @ slopes)


_OVERLAPS = np.linspace(0, 1, 201)
_PUSH = {
    "binary": _OVERLAPS,  # the loss of two features is 2 s^2, E u^2 = 1
    "uniform": np.array([_uniform_push(s) for s in _OVERLAPS]),
}


class _Race:
    """Pairs of rows, the shared weight first, the others in falling order, of norm 1."""

    def __init__(self, strength: float, values: str, gaps: Array) -> None:
        self.strength, self.push = strength, _PUSH[values]
        depth = gaps.shape[2]
        sizes = np.cumsum((gaps / np.arange(1, depth + 1))[:, :, ::-1], axis=2)[:, :, ::-1].copy()
        sizes[:, :, 0] -= self._earlier(sizes[:, :, 0], depth)
        sizes = np.maximum(sizes, 0)
        self.unit = 1 / np.linalg.norm(sizes, axis=2)  # a gap, in units of the weights
        self.rows = sizes * self.unit[..., None]
        self.place = np.arange(len(gaps))
        self.survives = np.zeros(len(gaps), bool)

    def _earlier(self, tops: Array, depth: int) -> Array:
        """What the shared weights lost while more were alive: depth e^s, s gaps before."""
        before = _EARLY / 1.5
        shared = (tops[..., None] + before) / np.sqrt(2 * depth * np.exp(before))
        lost = self._force(shared[:, 0], shared[:, 1])
        return (np.stack(lost, axis=1) * (_EARLY_SHARES / 1.5 * np.exp(_EARLY))).sum(axis=2)

    def _force(self, first: Array, second: Array) -> tuple[Array, Array]:
        """What the shared weights lose to the other feature, where l1 takes 1."""
        push = self.strength * np.interp(first * second, _OVERLAPS, self.push)
        return push * second, push * first

    def run(self) -> Array:
        """Which of the pairs still share the neuron when every row has one weight."""
        turns = 0
        while self.place.size:
            self._advance()
            turns += 1
            if turns % 4 == 0:
                width = max(2, int((self.rows > 0).any(axis=(0, 1)).sum()))
                self.rows = np.ascontiguousarray(self.rows[:, :, :width])
        return self.survives

    def _advance(self) -> None:
        alone = self.rows[:, :, 1] <= 0
        force = self._forces(self.rows)
        loss = self._lost(self.rows, force)  # of the norm, per unit of time
        time = np.where(alone, np.inf, np.minimum(_STEP * self.unit, 0.3 / loss)).min(axis=1)
        middle = self._forces(_unit(self._moved(self.rows, force, time / 2)))
        moved = self._moved(self.rows, middle, time)
        first_dead = self.rows[:, :, 0] / (1 + middle) < self.rows[:, :, 1]
        broken = ((moved[:, :, 0] <= 0) & ~alone & first_dead).any(axis=1)
        moved = np.maximum(moved, 0)
        settled = alone | (moved[:, :, 1] <= 0)
        moved[settled, 0] = np.maximum(moved[settled, 0], 1e-9)  # it is 1 at norm 1
        done = settled.all(axis=1) & ~broken
        self.survives[self.place[done]] = True
        going = ~(broken | done)
        length = np.linalg.norm(moved[going], axis=2)
        self.rows = moved[going] / length[..., None]
        self.unit = self.unit[going] / length
        self.place = self.place[going]

    def _forces(self, rows: Array) -> Array:
        return np.stack(self._force(rows[:, 0, 0], rows[:, 1, 0]), axis=1)

    @staticmethod
    def _lost(rows: Array, force: Array) -> Array:
        return np.asarray(rows.sum(axis=2) + rows[:, :, 0] * force)

    def _moved(self, rows: Array, force: Array, time: Array) -> Array:
        """The rows after a time, to second order, in units of the norm before."""
        taken = time[:, None] * (1 - self._lost(rows, force) * time[:, None] / 2)
        moved = rows - taken[..., None]
        moved[:, :, 0] -= taken * force
        return np.asarray(moved)


def _unit(rows: Array) -> Array:
    rows = np.maximum(rows, 0)
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=2, keepdims=True), 1e-30))


@lru_cache
def _surviving(strength: float, values: str = "binary") -> Measured:
    """The fraction of the collisions that survive.

    The gap below the shared weight is drawn too long, and weighted, so that enough survive.
    """
    rate = 1 / (1 + strength)
    means = []
    for part in range(_PARTS):
        rng = np.random.default_rng([part, 5])
        uniform = qmc.Sobol(8, seed=rng).random(_SIZE).clip(1e-12, 1 - 1e-12)
        first = -np.log(uniform).reshape(_SIZE, 2, 4)
        gaps = np.concatenate([first, rng.exponential(size=(_SIZE, 2, _DEPTH - 4))], axis=2)
        weights = (np.exp((1 - 1 / rate) * gaps[:, :, 0]) / rate).prod(axis=1)
        gaps[:, :, 0] /= rate
        means.append(float((_Race(strength, values, gaps).run() * weights).mean()))
    return Measured(float(np.mean(means)), float(np.std(means, ddof=1) / _PARTS**0.5))


_FITTED: dict[str, Any] = {
    "method": "sampling",
    "accuracy": 0.1,
    "samples": 4,
    "reach": "the formula is a fit, and few sampled collisions survive a larger strength",
}


@witness("suppression_fit", within={"strength": (0, 0.8)}, **_FITTED)
def suppression_fit(strength: float) -> Measured:
    return _surviving(strength)


@witness("uniform_suppression_fit", within={"strength": (0, 1.3)}, **_FITTED)
def uniform_suppression_fit(strength: float) -> Measured:
    return _surviving(strength, "uniform")


# the price in training


def _expected_loss(n: int, m: int, strength: float, lam: float) -> Measured:
    """The mean loss of the pairs that collide at the start and survive, over that of no pair."""
    slots = list(itertools.product(range(m), (-1, 1)))
    meet = sum(a[0] == b[0] and a[1] != b[1] for a, b in itertools.product(slots, slots))
    collisions = math.comb(n, 2) * meet / len(slots) ** 2
    shared, alone = np.array([[1.0], [-1.0]]), np.eye(2)
    price = float(cost(shared, 1.0, strength * lam, 0) - cost(alone, 1.0, strength * lam, 0))
    kept = _surviving(strength)
    return Measured(collisions * kept.value * price, collisions * kept.error * price)


def _network(rng: np.random.Generator) -> tuple[int, int, float]:
    return int(rng.integers(2, 9)), int(rng.integers(1, 9)), float(10 ** rng.uniform(-4, -1))


@witness("tradeoff_loss", **_FITTED)
def tradeoff_loss(rng: np.random.Generator) -> tuple[dict[str, Any], Measured]:
    n, m, lam = _network(rng)
    strength = float(rng.choice([0.1, 0.3, 0.6]))
    return {"n": n, "m": m, "strength": strength, "lam": lam}, _expected_loss(n, m, strength, lam)


@lru_cache
def _dearest() -> float:
    """The strength at which the loss is largest, by a parabola through log F at three of them."""
    near = np.array([0.1, 0.3, 0.6])
    parabola = np.polyfit(near, [math.log(_surviving(r).value) for r in near], 2)
    found = optimize.minimize_scalar(
        lambda r: -r * math.exp(np.polyval(parabola, r)), bounds=(0.1, 0.6), method="bounded"
    )
    return float(found.x)


@witness("worst_strength", **_FITTED | {"samples": 1, "accuracy": 0.05})
def worst_strength() -> float:
    return _dearest()


@witness("worst_tradeoff_loss", **_FITTED | {"accuracy": 0.05})
def worst_tradeoff_loss(rng: np.random.Generator) -> tuple[dict[str, Any], Measured]:
    n, m, lam = _network(rng)
    return {"n": n, "m": m, "lam": lam}, _expected_loss(n, m, _dearest(), lam)
