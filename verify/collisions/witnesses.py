"""Witnesses of the counting claims: laws by enumeration, the choice of slots by quadrature."""

from __future__ import annotations

from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import integrate, stats

from ..witness.declare import witness

Table = NDArray[np.float64]
Array = NDArray[Any]
_COUNTING = {"method": "enumeration", "samples": 18}


def _exclusion(n: int, m: int) -> Table:
    """P(K = k) for k = 0, 1, ...: all sets of n slots are counted, neuron by neuron.

    A neuron adds no slot, one of two, or both, which adds 1 to K.
    """
    sets = np.zeros((n + 1, n // 2 + 1))
    sets[0, 0] = 1
    for _ in range(m):
        more = sets.copy()
        more[1:] += 2 * sets[:-1]
        more[2:, 1:] += sets[:-2, :-1]
        sets = more
    return np.asarray(sets[n] / sets[n].sum())


def _mean(law: Table) -> float:
    return float(law @ np.arange(len(law)))


def _variance(law: Table) -> float:
    return float(law @ (np.arange(len(law)) - _mean(law)) ** 2)


def _from_poisson(law: Table) -> float:
    """The total variation distance from Poisson's law of the same mean."""
    poisson = stats.poisson.pmf(np.arange(len(law)), _mean(law))
    return float(np.maximum(law - poisson, 0).sum())


@witness("exclusion_pmf", **_COUNTING)
def exclusion_pmf(k: int, n: int, m: int) -> float:
    return float(_exclusion(n, m)[k])


@witness("exclusion_total", **_COUNTING)
def exclusion_total(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """The change of P(K = k) when a feature is added, at all k of the regime."""
    m = int(rng.integers(3, 60))
    n = int(rng.integers(2, 2 * m - 3))
    k = int(rng.integers(max(0, n - m + 1), n // 2))
    return {"n": n, "m": m, "k": k}, _exclusion(n + 1, m)[k] - _exclusion(n, m)[k]


@witness("exclusion_pmf_ratio", **_COUNTING)
def exclusion_pmf_ratio(k: int, n: int, m: int) -> float:
    law = np.append(_exclusion(n, m), 0)
    return float(law[k + 1] / law[k])


@witness(
    "exclusion_factorial_moment", within={"r": (0, 8)}, reach="4 r slots overflow", **_COUNTING
)
def exclusion_factorial_moment(r: int, n: int, m: int) -> float:
    law = _exclusion(n, m)
    return float(law @ [np.prod(np.arange(k - r + 1, k + 1.0)) for k in range(len(law))])


@witness("expected_neurons_exclusion", **_COUNTING)
def expected_neurons_exclusion(n: int, m: int) -> float:
    return _mean(_exclusion(n, m))


@witness("variance_neurons_exclusion", **_COUNTING)
def variance_neurons_exclusion(n: int, m: int) -> float:
    return _variance(_exclusion(n, m))


@witness("dispersion_neurons_exclusion", **_COUNTING)
def dispersion_neurons_exclusion(n: int, m: int) -> float:
    law = _exclusion(n, m)
    return _variance(law) / _mean(law)


@witness("dispersion_limit", method="enumeration", along={"m": (50, 100, 200, 400)}, order="1/m")
def dispersion_limit(m: int) -> float:
    return dispersion_neurons_exclusion(m, m)


@witness(
    "poisson_bound",
    within={"n": (2, 100), "m": (2, 100)},
    reach="one neuron has only one pair, so that many bounds are met there",
    relation="<=",
    attained=True,
    **_COUNTING,
)
def poisson_bound(n: int, m: int) -> float:
    return _from_poisson(_exclusion(n, m))


def _slot_chances(m: int) -> Table:
    """The chance of each slot to hold the largest of m normal weights, by quadrature.

    The weight of the slot is x > 0, and those of the other neurons are smaller.
    """
    chance, _ = integrate.quad(
        lambda x: stats.norm.pdf(x) * (stats.norm.cdf(x) - stats.norm.cdf(-x)) ** (m - 1),
        0,
        40,
        points=[1, 2, 3, 5],
        epsabs=1e-13,
        epsrel=1e-12,
    )
    return np.full(2 * m, chance)


@witness("pair_probability", method="quadrature")
def pair_probability(m: int) -> float:
    chances = _slot_chances(m)
    return float(chances @ np.roll(chances, m))


def _choosers(n: int, m: int) -> tuple[Array, Array, Table]:
    """All numbers (a, b) of features on the two slots of a neuron, and their probabilities."""
    a, b = np.meshgrid(np.arange(n + 1), np.arange(n + 1))
    slot = 1 / (2 * m)
    law = stats.binom.pmf(a, n, slot) * stats.binom.pmf(b, n - a, slot / (1 - slot))
    return a, b, np.where(a + b <= n, law, 0)


@witness("expected_pairs", **_COUNTING)
def expected_pairs(n: int, m: int) -> float:
    a, b, law = _choosers(n, m)
    return float(m * (law * a * b).sum())


@witness("expected_neurons_independent", **_COUNTING)
def expected_neurons_independent(n: int, m: int) -> float:
    a, b, law = _choosers(n, m)
    return float(m * law[(a > 0) & (b > 0)].sum())


@witness("expected_shared_neurons_independent", **_COUNTING)
def expected_shared_neurons_independent(n: int, m: int) -> float:
    a, b, law = _choosers(n, m)
    return float(m * law[a + b >= 2].sum())


@witness("paper_count_limit", method="enumeration", along={"n": (25, 50, 100, 200)}, order="1/n")
def paper_count_limit(n: int, rng: np.random.Generator) -> float:
    m = int(rng.integers(1, 1000))
    return expected_pairs(n, m) / (n**2 / (4 * m))


def _pairs(n: int, m: int) -> Table:
    """The probability of each number of opposite pairs: all choices of slots, neuron by neuron.

    A neuron with a and b features on its slots has a b pairs.
    """
    ways = np.zeros((n + 1, n**2 // 4 + 1))
    ways[0, 0] = 1
    for _ in range(m):
        more = np.zeros_like(ways)
        for chosen in range(n + 1):
            for a in range(chosen + 1):
                new = a * (chosen - a)
                for before in range(n + 1 - chosen):
                    choices = comb(n - before, chosen) * comb(chosen, a) / (2 * m) ** chosen
                    more[before + chosen, new:] += choices * ways[before, : len(ways[0]) - new]
        ways = more
    return np.asarray(ways[n] / ways[n].sum())


@witness(
    "variance_pairs",
    within={"n": (1, 8), "m": (1, 12)},
    reach="the choices of slots by n features are enumerated, (2m)^n of them",
    **_COUNTING,
)
def variance_pairs(n: int, m: int) -> float:
    return _variance(_pairs(n, m))


@witness(
    "chen_stein_bound",
    within={"n": (2, 8), "m": (2, 12)},
    reach="the choices of slots are enumerated; one neuron would meet many bounds",
    relation="<=",
    attained=True,
    **_COUNTING,
)
def chen_stein_bound(n: int, m: int) -> float:
    return _from_poisson(_pairs(n, m))
