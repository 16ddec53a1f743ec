"""Witnesses of the claims on prices: noise, perturbations, the race, and what the paper says."""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath
import numpy as np
from scipy import optimize

from ..witness.declare import witness
from .witnesses_model import Rows, cost, excess_error, precise, root, rows, velocity

Weights = np.ndarray[Any, np.dtype[Any]]
_EVERY_PAIR = np.array([[0, 1, 0, 1], [0, 0, 1, 1]])


def _network(n: int, shared: int, weight: Any) -> Rows:
    """Features with one weight each, the first of them in pairs on the first neurons."""
    found, size = rows(np.zeros((n, n)).tolist()), mpmath.mpf(weight)
    for i in range(n):
        paired = i < 2 * shared
        found[i, i // 2 if paired else i - shared] = -size if paired and i % 2 else size
    return found


def _two(shared: int, weight: float) -> Weights:
    return _network(2, shared, weight).astype(float)


# noise on the neurons


def _errors(weights: Weights, deviations: Weights, x: Weights) -> list[float]:
    """The mean error of each output less that of a silent one; every output is normal."""
    means = weights @ (weights.T @ x)
    outputs = zip(means, deviations, x, strict=True)
    return [excess_error(float(mean), float(s), float(target)) for mean, s, target in outputs]


def _hidden_noise(weights: Weights, sigma: float, x: Weights) -> list[float]:
    return _errors(weights, sigma * np.linalg.norm(weights, axis=1), x)


def _difference(shared: list[float], alone: list[float]) -> float:
    """The difference of two sums, in which equal terms cancel without rounding."""
    return math.fsum([*shared, *(-x for x in alone)])


def _prices(weight: float, sigma: float) -> Weights:
    """What a shared neuron costs on each set of two active features."""
    shared, alone = _two(1, weight), _two(0, weight)
    return np.array(
        [
            _difference(_hidden_noise(shared, sigma, x), _hidden_noise(alone, sigma, x))
            for x in _EVERY_PAIR.T
        ]
    )


def _chances(p: float) -> Weights:
    return np.array([(1 - p) ** 2, p * (1 - p), (1 - p) * p, p**2])


@witness("active_error", method="quadrature", samples=20)
def active_error(weight: float, sigma: float) -> float:
    return 1 + excess_error(weight**2, weight * sigma, 1.0)


@witness("both_active_error", method="quadrature", samples=20)
def both_active_error(weight: float, sigma: float) -> float:
    return 2 + math.fsum(_hidden_noise(_two(1, weight), sigma, np.ones(2)))


@witness("hidden_noise_price", method="quadrature", samples=20)
def hidden_noise_price(weight: float, sigma: float) -> float:
    """The sum over the inputs in which one of the two is active."""
    return float(_prices(weight, sigma)[1:3].sum())


@witness("noisy_cooccurrence_price", method="quadrature", samples=20)
def noisy_cooccurrence_price(activation_probability: float, weight: float, sigma: float) -> float:
    return float(_chances(activation_probability) @ _prices(weight, sigma))


def _break_even(prices: Weights) -> float:
    """The odds at which the price changes its sign; NaN where it has one sign at all odds."""

    def price(log_odds: float) -> float:
        """Over p (1 - p)."""
        odds = math.exp(log_odds)
        return float(np.array([1 / odds, 1, 1, odds]) @ prices)

    if price(-80) * price(80) >= 0:
        return math.nan
    return math.exp(optimize.brentq(price, -80, 80, xtol=1e-14, rtol=1e-14))


@witness(
    "break_even_odds",
    method="root finding",
    samples=9,
    within={"weight": (1e-3, 2)},
    reach="a larger weight lies outside the regime",
)
def break_even_odds(weight: float, sigma: float) -> float:
    return _break_even(_prices(weight, sigma))


@witness(
    "break_even_odds_small",
    method="root finding",
    accuracy=1e-40,
    samples=10,
    along={"sigma": (1e-5, 1e-6, 1e-7)},
    order="sigma**3",
)
def break_even_odds_small(weight: float, sigma: float) -> float:
    return _break_even(_prices(weight, sigma))


def _largest_price(rng: np.random.Generator, *, strong: bool) -> float:
    """The price at a random probability below 1, over that of both active; 0 where it is < 0."""
    while True:
        weight, sigma = np.exp(rng.uniform(math.log(0.01), math.log(30), size=2))
        prices = _prices(weight, sigma)
        if (prices[3] <= 0) == strong:
            break
    p = 1 - 10 ** rng.uniform(-6, 0)
    return max(float(_chances(p) @ prices / abs(prices).max()), 0.0)


@witness(
    "pays_at_all_odds",
    method="quadrature",
    samples=20,
    wrong=lambda rng: _largest_price(rng, strong=False),
)
def pays_at_all_odds(rng: np.random.Generator) -> float:
    return _largest_price(rng, strong=True)


# co-occurrence


@witness("cooccurrence_price", method="enumeration", samples=20)
@precise
def cooccurrence_price(pair_weight: float, weight: float, rng: np.random.Generator) -> Any:
    single = rng.uniform(0, 2)
    shared = cost(_network(2, 1, weight), single, pair_weight, 0)
    return shared - cost(_network(2, 0, weight), single, pair_weight, 0)


@witness(
    "pairs_network_loss",
    method="enumeration",
    within={"n": (1, 8), "k": (0, 4)},
    reach="all inputs of a network are enumerated",
)
@precise
def pairs_network_loss(n: int, k: int, pair_weight: float, weight: float) -> Any:
    return cost(_network(n, k, weight), 1, pair_weight, 0)


# noise on inputs and weights, silenced neurons


def _input_noise_price(n: int, weight: float, deviation: float) -> float:
    def errors(shared: int) -> list[float]:
        weights = _network(n, shared, weight).astype(float)
        deviations = deviation * np.linalg.norm(weights @ weights.T, axis=1)
        return [error for x in np.eye(n) for error in _errors(weights, deviations, x)]

    return _difference(errors(1), errors(0))


_FEW: dict[str, Any] = {"n": (2, 12)}


@witness(
    "input_noise_price",
    method="quadrature",
    within=_FEW,
    reach="the outputs of all features are integrated",
)
def input_noise_price(n: int, weight: float, perturbation: float) -> float:
    return _input_noise_price(n, weight, perturbation)


@witness(
    "input_noise_price_small",
    method="quadrature",
    accuracy=1e-40,
    samples=6,
    within=_FEW | {"weight": (0.03, 1e3)},
    reach="the outputs of all features are integrated, and rounding hides the error at small "
    "weights",
    along={"perturbation": (0.2, 0.16, 0.14, 0.125)},
    order="exp(-1/(4*perturbation**2))",
)
def input_noise_price_small(n: int, weight: float, perturbation: float) -> float:
    return _input_noise_price(n, weight, perturbation)


def _square_of_noisy_overlap(first: Weights, second: Weights, deviation: float, m: int) -> float:
    """E ReLU(g)^2 of the overlap g of two rows in a plane of m dimensions, noise on all weights.

    For given noise on the first row, which is integrated over the plane and over the squared
    length in the other dimensions, g is normal.
    """
    z, chance = np.polynomial.hermite_e.hermegauss(12)
    chance = chance / chance.sum()
    length, share = _chi_squared(m - 2)
    total = 0.0
    for (i, j), q in itertools.product(np.ndindex(12, 12), range(len(length))):
        row = first + deviation * np.array([z[i], z[j]])
        norm = math.sqrt(row @ row + deviation**2 * length[q])
        square = excess_error(float(row @ second), deviation * norm, 0.0)
        total += chance[i] * chance[j] * share[q] * square
    return total


def _chi_squared(freedom: int) -> tuple[Weights, Weights]:
    """Nodes and weights of the mean over a chi-squared law."""
    from scipy.special import roots_genlaguerre

    nodes, parts = roots_genlaguerre(3, freedom / 2 - 1)
    return 2 * nodes, parts / parts.sum()


@witness(
    "weight_noise_price",
    method="quadrature",
    accuracy=1e-14,
    samples=3,
    within={"weight": (0.5, 10)},
    reach="the noise of the sequence must be small against the weight",
    along={"perturbation": (0.04, 0.02, 0.01), "m": (20, 20, 20)},
    order="m*perturbation**4",
)
def weight_noise_price(weight: float, perturbation: float, m: int) -> float:
    """Each of the two features is read where the other is active; own outputs are the same."""
    row = np.array([weight, 0.0])
    apart = _square_of_noisy_overlap(row, row[::-1], perturbation, m)
    return 2 * (_square_of_noisy_overlap(row, -row, perturbation, m) - apart)


def _silenced(n: int, shared: int, weight: float, probability: float) -> tuple[Any, Any]:
    """Mean and variance of the one-hot loss over all sets of silenced neurons."""
    full, off = _network(n, shared, weight), mpmath.mpf(probability)
    used = n - shared
    outcomes = []
    for kept in itertools.product([0, 1], repeat=used):
        mask = np.array([*kept, *[1] * shared])
        chance = (1 - off) ** sum(kept) * off ** (used - sum(kept))
        outcomes.append((chance, cost(full * mask, 1, 0, 0)))
    mean = sum(chance * loss for chance, loss in outcomes)
    return mean, sum(chance * (loss - mean) ** 2 for chance, loss in outcomes)


@witness(
    "ablation_variance",
    method="enumeration",
    within={"n": (1, 6), "k": (0, 3)},
    reach="all sets of silenced neurons are enumerated",
)
@precise
def ablation_variance(n: int, k: int, weight: float, ablation_probability: float) -> Any:
    """NaN unless the mean is that of the network without shared neurons."""
    mean, variance = _silenced(n, k, weight, ablation_probability)
    expected, _ = _silenced(n, 0, weight, ablation_probability)
    return variance if mpmath.almosteq(mean, expected, 1e-30) else math.nan


# the race of two colliding features


@witness(
    "race_velocity",
    method="arithmetic",
    within={"shared_weight": (1e-3, 0.999), "opposite_weight": (1e-3, 0.999)},
    reach="where both weights are 1 the outputs are 0, and the loss has no slope there",
)
@precise
def race_velocity(strength: float, shared_weight: float, opposite_weight: float) -> Any:
    """Two rows of norm 1, each with a weight on the shared neuron and one on its own."""
    x, y, lam = mpmath.mpf(shared_weight), mpmath.mpf(opposite_weight), mpmath.mpf("0.01")
    weights = rows([[x, mpmath.sqrt(1 - x**2), 0], [-y, 0, mpmath.sqrt(1 - y**2)]])
    return velocity(weights, 1, strength * lam, lam)[0, 0] / lam


@witness(
    "handicap_rate",
    method="root finding",
    accuracy=1e-15,
    samples=8,
    within={"shared_weight": (1e-3, 0.999), "opposite_weight": (1e-3, 0.999)},
    reach="a row of one weight has no other weight, of which the threshold could be seen",
    along={"lam": (1e-7, 1e-8, 1e-9)},
    order="lam",
)
@precise
def handicap_rate(
    strength: float,
    shared_weight: float,
    opposite_weight: float,
    lam: float,
    rng: np.random.Generator,
) -> Any:
    """Two rows of such norms that these are at rest, on one shared and three more neurons each.

    A weight x = A (w - B) of a row moves by (dA/dt) x/A - A dB/dt, which two weights give, and
    the shared weight by A dC/dt less. NaN where a third weight moves otherwise.
    """
    pair = mpmath.mpf(strength) * lam
    others = np.sort(np.random.default_rng(0).uniform(0.2, 1, size=(2, 3)))
    weights = rows(np.zeros((2, 7)).tolist())
    for row, (sign, shared) in enumerate(((1, shared_weight), (-1, opposite_weight))):
        own = slice(1 + 3 * row, 4 + 3 * row)
        weights[row, 0] = sign * mpmath.mpf(shared)
        weights[row, own] = others[row] * mpmath.sqrt(1 - mpmath.mpf(shared) ** 2)
        weights[row, own] /= mpmath.sqrt(mpmath.mpf(float((others[row] ** 2).sum())))

    def growth(*sizes: Any) -> list[Any]:
        there = weights * np.array(sizes, dtype=object)[:, None]
        return list((velocity(there, 1, pair, lam) * there).sum(axis=1))

    there = weights * np.array(root(growth, [1, 1]), dtype=object)[:, None]
    (x, first, second, third), *_ = there[0, :4], None
    (v, v1, v2, v3), *_ = velocity(there, 1, pair, lam)[0, :4], None
    growing = (v2 - v1) / (second - first)
    falling = growing * first - v1
    if abs(growing * third - v3 - falling) > 1e-20 * abs(falling):
        return math.nan
    return (growing * x - v - falling) / falling


# what the paper says of noise


def _output_square(
    row: Weights, mean: float, sigma: float, share: float, values: Weights, chances: Weights
) -> float:
    """E ReLU^2 of an output whose noise is in part normal, in part from a law of few values."""
    rest = sigma * math.sqrt((1 - share) * (row @ row))
    total = 0.0
    for places in itertools.product(range(len(values)), repeat=len(row)):
        chosen = list(places)
        moved = mean + sigma * math.sqrt(share) * float(values[chosen] @ row)
        total += float(chances[chosen].prod()) * excess_error(moved, rest, 0.0)
    return total


def _loss_of_sparsity(rng: np.random.Generator, values: Weights, chances: Weights) -> float:
    """How much the mean squared output grows as a row of a simplex becomes sparse, if it does.

    The share of the law of few values is small, so that the first order in its kurtosis counts.
    """
    n, m = rng.integers(2, 9), rng.integers(2, 5)
    row = rng.standard_normal(m)
    row *= rng.uniform(0.7, 1.2) / np.linalg.norm(row)
    sigma = rng.uniform(0.5, 2) / (n - 1)
    mean, norm2 = -float(row @ row) / (n - 1), float(row @ row)
    sparser = row**3 - (row**4).sum() / norm2 * row
    sparser /= np.linalg.norm(sparser)
    step = 1e-4

    def square(distance: float) -> float:
        moved = row + distance * sparser
        moved *= math.sqrt(norm2) / np.linalg.norm(moved)
        return _output_square(moved, mean, sigma, 0.2, values, chances)

    return max((square(step) - square(-step)) / (2 * step) / sigma**2, 0.0)


_BIPOLAR = np.array([-1.0, 1.0]), np.array([0.5, 0.5])
_RARE = np.array([-2.0, 0.0, 2.0]), np.array([0.125, 0.75, 0.125])  # excess kurtosis 1


@witness(
    "paper_noise_sparsifies",
    method="quadrature",
    samples=12,
    wrong=lambda rng: _loss_of_sparsity(rng, *_RARE),
)
def paper_noise_sparsifies(rng: np.random.Generator) -> float:
    """Also the force of bipolar noise in the dead zone: an output that is never reached."""
    n, m = rng.integers(2, 9), rng.integers(1, 5)
    row = rng.standard_normal(m)
    row /= np.linalg.norm(row)
    sigma = rng.uniform(0, 1) / ((n - 1) * math.sqrt(m))
    reached = _output_square(row, -1 / (n - 1), sigma, 1.0, *_BIPOLAR)
    return max(_loss_of_sparsity(rng, *_BIPOLAR), reached)
