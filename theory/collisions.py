"""Counting laws: pairs, neurons with independent choices, neurons with exclusion."""

import sympy as sp

from . import symbols as s
from .formula import Formula

_NOTES = "paper_notes/collisions.md"
_PAIRS = s.n * (s.n - 1) / (4 * s.m)
_MEAN = s.n * (s.n - 1) / (2 * (2 * s.m - 1))
_DISPERSION = (2 * s.m - s.n) * (2 * s.m - s.n - 1) / ((2 * s.m - 1) * (2 * s.m - 3))
_FITS = (s.n <= 2 * s.m,)

pair_probability = Formula(
    name="pair_probability",
    expression=1 / (2 * s.m),
    arguments=(s.m,),
    meaning="The probability that two features choose one neuron with opposite signs.",
    source="Lecomte et al. 2023, Collisions; paper_notes/collisions.md",
    example=">>> theory.pair_probability(m=64)\n0.0078125",
)
expected_pairs = Formula(
    name="expected_pairs",
    expression=_PAIRS,
    arguments=(s.n, s.m),
    meaning="The expected number of pairs of features that choose one neuron with opposite signs.",
    source="Lecomte et al. 2023, Collisions; paper_notes/collisions.md",
    example=">>> theory.expected_pairs(n=256, m=1024)\n15.9375",
)
variance_pairs = Formula(
    name="variance_pairs",
    expression=_PAIRS * (1 - 1 / (2 * s.m)),
    arguments=(s.n, s.m),
    meaning="The variance of that number of pairs.",
    source=_NOTES,
    example=">>> theory.variance_pairs(n=3, m=2)\n0.5625",
)
chen_stein_bound = Formula(
    name="chen_stein_bound",
    expression=(1 - sp.exp(-_PAIRS)) * (4 * s.n - 7) / (2 * s.m),
    arguments=(s.n, s.m),
    meaning="A bound on the total variation distance of the number of pairs from Poisson's law.",
    source=_NOTES,
    example=">>> round(theory.chen_stein_bound(n=16, m=4096), 6)\n0.000101",
    regime=(s.n >= 2,),
    error="exact as a bound, but far from sharp",
)
paper_polysemantic_neurons = Formula(
    name="paper_polysemantic_neurons",
    expression=s.n**2 / (4 * s.m),
    arguments=(s.n, s.m),
    meaning="The paper's estimate of the number of polysemantic neurons.",
    source="Lecomte et al. 2023, Collisions",
    example=">>> theory.paper_polysemantic_neurons(n=256, m=1024)\n16.0",
    error="relative O(1/n) of expected_pairs",
)
expected_neurons_independent = Formula(
    name="expected_neurons_independent",
    expression=s.m * (1 - 2 * (1 - 1 / (2 * s.m)) ** s.n + (1 - 1 / s.m) ** s.n),
    arguments=(s.n, s.m),
    meaning="The expected number of neurons chosen with both signs, independent choices.",
    source=_NOTES,
    example=">>> round(theory.expected_neurons_independent(n=256, m=1024), 4)\n14.0961",
)
expected_shared_neurons_independent = Formula(
    name="expected_shared_neurons_independent",
    expression=s.m * (1 - (1 - 1 / s.m) ** s.n - s.n / s.m * (1 - 1 / s.m) ** (s.n - 1)),
    arguments=(s.n, s.m),
    meaning="The expected number of neurons chosen by two or more features, independent choices.",
    source=_NOTES,
    example=">>> round(theory.expected_shared_neurons_independent(n=256, m=1024), 4)\n27.0619",
)
expected_neurons_exclusion = Formula(
    name="expected_neurons_exclusion",
    expression=_MEAN,
    arguments=(s.n, s.m),
    meaning="The expected number of neurons with both signs when no slot is taken twice.",
    source=_NOTES,
    example=">>> theory.expected_neurons_exclusion(n=16, m=8)\n8.0",
    regime=_FITS,
)
variance_neurons_exclusion = Formula(
    name="variance_neurons_exclusion",
    expression=_MEAN * _DISPERSION,
    arguments=(s.n, s.m),
    meaning="The variance of the number of neurons with both signs when no slot is taken twice.",
    source=_NOTES,
    example=">>> theory.variance_neurons_exclusion(n=2, m=2)\n0.2222222222222222",
    regime=_FITS,
)
dispersion_neurons_exclusion = Formula(
    name="dispersion_neurons_exclusion",
    expression=_DISPERSION,
    arguments=(s.n, s.m),
    meaning="Variance over mean of the number of neurons with both signs, no slot taken twice.",
    source=_NOTES,
    example=">>> round(theory.dispersion_neurons_exclusion(n=64, m=64), 4)\n0.254",
    regime=_FITS,
)
exclusion_pmf = Formula(
    name="exclusion_pmf",
    expression=sp.binomial(s.m, s.k)
    * sp.binomial(s.m - s.k, s.n - 2 * s.k)
    * 2 ** (s.n - 2 * s.k)
    / sp.binomial(2 * s.m, s.n),
    arguments=(s.k, s.n, s.m),
    meaning="The probability of k neurons with both signs when no slot is taken twice.",
    source=_NOTES,
    example=">>> round(theory.exclusion_pmf(k=1, n=4, m=4), 6)\n0.685714",
    regime=(s.n <= 2 * s.m, 2 * s.k <= s.n, s.n - s.k <= s.m),
)
exclusion_pmf_ratio = Formula(
    name="exclusion_pmf_ratio",
    expression=(s.n - 2 * s.k) * (s.n - 2 * s.k - 1) / (4 * (s.k + 1) * (s.m - s.n + s.k + 1)),
    arguments=(s.k, s.n, s.m),
    meaning="P(K = k + 1) / P(K = k) for the number K of neurons with both signs, exclusion.",
    source=_NOTES,
    example=">>> theory.exclusion_pmf_ratio(k=0, n=4, m=4)\n3.0",
    regime=(s.n <= 2 * s.m, 2 * s.k <= s.n, s.n - s.k <= s.m),
)
exclusion_factorial_moment = Formula(
    name="exclusion_factorial_moment",
    expression=sp.ff(s.m, s.r)
    * sp.binomial(2 * s.m - 2 * s.r, s.n - 2 * s.r)
    / sp.binomial(2 * s.m, s.n),
    arguments=(s.r, s.n, s.m),
    meaning="E K (K - 1) ... (K - r + 1) for the number K of neurons with both signs, exclusion.",
    source=_NOTES,
    example=">>> theory.exclusion_factorial_moment(r=1, n=16, m=8)\n8.0",
    regime=(s.n <= 2 * s.m, s.r <= s.m),
)
poisson_bound = Formula(
    name="poisson_bound",
    expression=(1 - sp.exp(-_MEAN)) * (1 - _DISPERSION),
    arguments=(s.n, s.m),
    meaning="A bound on the total variation distance of K (exclusion law) from Poisson's law.",
    source=_NOTES,
    example=">>> round(theory.poisson_bound(n=16, m=4096), 6)\n5.1e-05",
    regime=_FITS,
    error="exact as a bound",
)
