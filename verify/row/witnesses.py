"""Witnesses of the claims about rows at rest: amplitude, fold, loss, stability."""

from __future__ import annotations

import numpy as np
from scipy import optimize

from ..witness import model
from ..witness.declare import witness
from . import witnesses_half_normal, witnesses_sparsification, witnesses_winners

__all__ = ["witnesses_half_normal", "witnesses_sparsification", "witnesses_winners"]


def _force(weight: float, lam: float) -> float:
    """The velocity of a lone weight."""
    return float(model.velocity(np.array([[weight]]), lam)[0, 0])


def _strongest() -> float:
    """The weight at which the force without l1 is largest."""
    found = optimize.minimize_scalar(
        lambda w: -_force(w, 0.0), bounds=(0, 1), method="bounded", options={"xatol": 1e-12}
    )
    return float(found.x)


def _networks() -> model.Weights:
    """Starts of every kind: random ones of all scales, rows with one weight, antipodal pairs."""
    rng = np.random.default_rng(1)
    random = rng.standard_normal((20, 4, 3)) * 10 ** rng.uniform(-1, 0, (20, 1, 1))
    single = np.eye(4, 3) + 0.1 * rng.standard_normal((5, 4, 3))
    pairs = np.vstack([np.eye(2, 3), -np.eye(2, 3)]) + 0.1 * rng.standard_normal((5, 4, 3))
    return np.concatenate([random, single, pairs])


@witness("fold", method="minimisation")
def fold() -> float:
    """The largest lambda at which a weight is at rest."""
    return _force(_strongest(), 0.0)


def _largest_weight(factor: float) -> float:
    """The largest weight of all networks after training at this multiple of the fold."""
    return float(np.abs(model.train(_networks(), factor * fold())).max())


@witness(
    "fold_of_networks",
    method="training",
    samples=1,
    wrong=lambda rng: _largest_weight(0.999),
)
def fold_of_networks(rng: np.random.Generator) -> float:
    """The largest weight just above the fold; just below it a row lives on."""
    return _largest_weight(1.001)


@witness("fold_amplitude", method="minimisation", accuracy=1e-7)
def fold_amplitude() -> float:
    """The weight with the largest force; a maximum is found to the root of rounding."""
    return _strongest()


@witness("stationary_weight", method="root finding", samples=20)
def stationary_weight(weight: float, rng: np.random.Generator) -> float:
    """The lambda at which neither a lone weight nor a weight of an antipodal pair moves."""
    rows = np.array([[weight], [-weight]])[: rng.integers(1, 3)]
    found = optimize.brentq(
        lambda lam: model.slope(rows, lam, (0, 0), step=0.2 * weight), -0.1, 1.0, xtol=1e-14
    )
    return float(found)


@witness("amplitude", method="root finding", samples=20, accuracy=1e-7)
def amplitude(lam: float) -> float:
    """The largest weight at rest; at the fold a double zero is found to the root of rounding."""
    top = _strongest()
    if _force(top, lam) <= 0:
        return top
    return float(optimize.brentq(_force, top, 2.0, args=(lam,), xtol=1e-15))


@witness(
    "amplitude_series",
    method="root finding",
    accuracy=1e-14,
    samples=1,
    along={"lam": (0.08, 0.04, 0.02, 0.01)},
    order="lam**5",
)
def amplitude_series(lam: float) -> float:
    return amplitude(lam)


@witness("loss_of_amplitude", method="arithmetic", samples=20)
def loss_of_amplitude(weight: float, rng: np.random.Generator) -> float:
    return model.loss(np.array([[weight]]), stationary_weight(weight, rng))


@witness("loss_per_feature", method="root finding", samples=20)
def loss_per_feature(lam: float, rng: np.random.Generator) -> float:
    """The loss of a lone feature, or half of that of an antipodal pair, at rest."""
    features = rng.integers(1, 3)
    rows = amplitude(lam) * np.array([[1.0], [-1.0]])[:features]
    return model.loss(rows, lam) / int(features)


@witness(
    "loss_series",
    method="root finding",
    accuracy=1e-14,
    samples=1,
    along={"lam": (0.08, 0.04, 0.02, 0.01)},
    order="lam**5",
)
def loss_series(lam: float) -> float:
    return model.loss(np.array([[amplitude(lam)]]), lam)


@witness("crossing", method="root finding")
def crossing() -> float:
    """The lambda at which a trained feature costs as much as one without weights."""
    dead = model.loss(np.array([[0.0]]), 0.0)
    return float(optimize.brentq(lambda lam: loss_series(lam) - dead, 0.1, 0.38, xtol=1e-14))


@witness("crossing_amplitude", method="root finding")
def crossing_amplitude() -> float:
    return amplitude(crossing())


@witness("final_loss", method="arithmetic")
def final_loss(n: int, lam: float, rng: np.random.Generator) -> float:
    """The loss of a network whose rows lie at rest on random slots, none taken twice."""
    neurons = int(rng.integers((n + 1) // 2, n + 3))
    slots = rng.choice(2 * neurons, size=n, replace=False)
    weights = np.zeros((n, neurons))
    weights[np.arange(n), slots // 2] = np.where(slots % 2, -1, 1) * amplitude(lam)
    return model.loss(weights, lam)


@witness("live_curvature", method="arithmetic", accuracy=1e-6, samples=20)
def live_curvature(weight: float, rng: np.random.Generator) -> float:
    """The second difference along a lone weight, or in any direction of an antipodal pair."""
    rows = np.array([[weight], [-weight]])[: rng.integers(1, 3)]
    direction = rng.standard_normal(rows.shape)
    direction *= 0.1 * weight / np.linalg.norm(direction)
    at = [model.loss(rows + place * direction, 0.1) for place in (-2, -1, 0, 1, 2)]
    return float(np.dot([-1, 16, -30, 16, -1], at)) / (12 * (0.1 * weight) ** 2)


@witness("zero_weight_force", method="arithmetic", samples=20)
def zero_weight_force(lam: float) -> float:
    return float(model.velocity(np.array([[amplitude(lam), 1e-12]]), lam)[0, 1])
