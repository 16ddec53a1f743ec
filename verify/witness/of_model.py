"""Witnesses of the claims about the model: gradient, forces, units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize

from . import model
from .declare import witness


def _network(rng: np.random.Generator) -> model.Weights:
    """Random weights of either sign; the sizes differ by a factor of up to 100."""
    n, m = rng.integers(1, 5, size=2)
    return rng.standard_normal((n, m)) * 10 ** rng.uniform(-1.5, 0.5)


def _somewhere(rng: np.random.Generator, weights: model.Weights) -> tuple[int, int]:
    n, m = weights.shape
    return int(rng.integers(n)), int(rng.integers(m))


def _arguments(weights: model.Weights, place: tuple[int, int], **more: float) -> dict[str, Any]:
    n, m = weights.shape
    return {"W": weights, "n": n, "m": m, "i": place[0] + 1, "l": place[1] + 1, **more}


@witness("gradient", method="arithmetic", accuracy=1e-7, samples=30)
def gradient(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    weights, lam = _network(rng), rng.uniform(0, 1)
    place = _somewhere(rng, weights)
    value = model.slope(weights, lam, place, step=1e-4 * abs(weights[place]))
    return _arguments(weights, place, lam_code=4 * lam), value


@witness("three_forces", method="arithmetic", accuracy=1e-7, samples=30)
def three_forces(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    weights, lam = _network(rng), rng.uniform(0, 1)
    place = _somewhere(rng, weights)
    value = -model.slope(weights, lam, place, step=1e-4 * abs(weights[place])) / 4
    return _arguments(weights, place, lam=lam), value


def _at_zero(rng: np.random.Generator) -> model.Weights:
    """A network with two rows on different neurons, and a row of zeros."""
    weights = np.zeros((3, 4))
    weights[0, :2], weights[1, 2:] = rng.standard_normal(2), rng.standard_normal(2)
    return weights


def _broken(rng: np.random.Generator, lam: float) -> float:
    """How far the one-sided slopes at zero overlaps and zero rows are from the velocity."""
    weights, step = _at_zero(rng), 1e-6
    found = 0.0
    for place in np.ndindex(weights.shape):
        for side in (step, -step):
            moved = weights.copy()
            moved[place] += side
            slope = (model.loss(moved, lam) - model.loss(weights, lam)) / side
            found = max(found, float(abs(slope + 4 * model.velocity(weights, lam)[place])))
    return found


@witness(
    "gradient_at_zero_overlap",
    method="arithmetic",
    accuracy=1e-4,
    wrong=lambda rng: _broken(rng, 0.1),
)
def gradient_at_zero_overlap(rng: np.random.Generator) -> float:
    """One-sided slopes of the squared error; with l1 they differ where a weight is 0."""
    return _broken(rng, 0.0)


@witness("lone_row", method="arithmetic", accuracy=1e-7, samples=30)
def lone_row(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """The descent of a row whose inner product with every other row is at most 0."""
    weights, lam = _network(rng), rng.uniform(0, 1)
    weights[1:] *= np.where(weights[1:] @ weights[0] > 0, -1, 1)[:, None]
    neuron = int(rng.integers(weights.shape[1]))
    value = -model.slope(weights, lam, (0, neuron), step=1e-4 * abs(weights[0, neuron])) / 4
    arguments = _arguments(weights, (0, neuron), lam=lam)
    return {name: arguments[name] for name in ("W", "m", "l", "lam")}, value


def _program_loss(weights: model.Weights, lam_code: float) -> float:
    """The loss as the authors' program writes it."""
    output = np.maximum(weights @ weights.T, 0)
    return float(((output - np.eye(len(weights))) ** 2).sum() + lam_code * np.abs(weights).sum())


def _force_over_benefit(loss: Callable[[model.Weights, float], float], n: int, l1: float) -> float:
    """The force of l1 in units in which the feature benefit lets a small weight grow at rate 1."""
    weights, change = 3e-4 * np.eye(n), np.zeros((n, n))
    change[0, 0] = 3e-5

    def descent(part: float) -> float:
        return loss(weights - change, part) - loss(weights + change, part)

    return -(descent(l1) - descent(0.0)) / (descent(0.0) / weights[0, 0])


@witness("lam_from_code", method="arithmetic", accuracy=1e-6)
def lam_from_code(lam_code: float) -> float:
    return _force_over_benefit(_program_loss, 1, lam_code)


def _mean_loss(weights: model.Weights, lam_code: float) -> float:
    """The loss as a mean over the inputs, one after the other."""
    inputs = np.eye(len(weights))
    errors = [((np.maximum(weights @ (x @ weights), 0) - x) ** 2).sum() for x in inputs]
    return float(np.mean(errors) + lam_code * np.abs(weights).sum())


@witness(
    "lam_from_averaged_code",
    method="arithmetic",
    accuracy=1e-6,
    within={"n": (1, 40)},
    reach="a loop over the inputs",
)
def lam_from_averaged_code(n: int, lam_code: float) -> float:
    return _force_over_benefit(_mean_loss, n, lam_code)


@witness(
    "flow_time",
    method="training",
    accuracy=1e-6,
    samples=1,
    along={"step_size": (0.02, 0.01, 0.005, 0.0025), "steps": (10, 20, 40, 80)},
    order="step_size",
)
def flow_time(step_size: float, steps: int) -> float:
    """The time at which the flow comes closest to the weights after some steps of SGD."""
    start, lam = np.array([[0.5, 0.2], [0.3, 0.4]]), 0.01
    weights = start.copy()
    for _ in range(steps):
        slopes = [model.slope(weights, lam, place) for place in np.ndindex(weights.shape)]
        weights = weights - step_size * np.reshape(slopes, weights.shape)
    found = optimize.minimize_scalar(
        lambda time: float(((model.flow(start, lam, time) - weights) ** 2).sum()),
        bounds=(0.01, 8 * step_size * steps),
        method="bounded",
        options={"xatol": 1e-8},
    )
    return float(found.x)


def _lone(weight: float, lam: float, step: float = 0.2) -> float:
    """The descent of the loss of a lone weight; the difference is exact for a quartic."""
    return -model.slope(np.array([[weight]]), lam, (0, 0), step=step * weight) / 4


@witness("monosemantic_force", method="arithmetic", accuracy=1e-7)
def monosemantic_force(weight: float, lam: float) -> float:
    return _lone(weight, lam)


def _added(rows: list[float], lam: float, rng: np.random.Generator) -> float:
    """What rows with one weight each, on one neuron, add to the loss of a network."""
    others = rng.standard_normal((2, 4))
    others[:, 0] = 0
    with_rows = np.vstack([np.zeros((len(rows), 4)), others])
    with_rows[: len(rows), 0] = rows
    return model.loss(with_rows, lam) - model.loss(others, lam)


@witness("monosemantic_loss", method="arithmetic", accuracy=1e-7)
def monosemantic_loss(weight: float, lam: float, rng: np.random.Generator) -> float:
    return _added([weight], lam, rng)


@witness("antipodal_pair_loss", method="arithmetic", accuracy=1e-7)
def antipodal_pair_loss(weight: float, lam: float, rng: np.random.Generator) -> float:
    return _added([weight, -weight], lam, rng)
