"""Counting collisions of independent choices: pairs, shared neurons, the paper's estimate."""

from functools import partial

import sympy as sp

from ..proof import Definition, Formula, Step, cited, defining, derived, of
from ..proof import symbols as s

_NOTES = "paper_notes/collisions.md"
formula = partial(Formula, source=_NOTES)
_PAIRS = s.n * (s.n - 1) / (4 * s.m)
UNIFORM = (
    "The law of an initial row does not change if neurons are exchanged or signs "
    "flipped, so all slots are equally likely for the largest weight."
)

SLOTS = Definition(
    name="slots",
    expression=2 * s.m,
    meaning="The number of slots, a neuron with a sign, that a feature chooses with equal chance.",
    source="Lecomte et al. 2023, Collisions",
)

pair_probability = Formula(
    name="pair_probability",
    expression=1 / (2 * s.m),
    arguments=(s.m,),
    meaning="The probability that two features choose one neuron with opposite signs.",
    source="Lecomte et al. 2023, Collisions; paper_notes/collisions.md",
    example=">>> theory.pair_probability(m=64)\n0.0078125",
)
PAIR_PROBABILITY = cited(
    pair_probability,
    "The largest initial weights of two given features lie on the same neuron and have opposite "
    "signs with probability {formula}.",
    Step(
        name="opposite slots",
        left=of(SLOTS, build=lambda slots: sp.Sum(1 / slots**2, (s.k, 1, slots))),
        right=sp.Mul(2 * s.m, 1 / (4 * s.m**2), evaluate=False),
        reason="one feature in slot k, the other in the opposite slot, for each of the 2m slots; "
        "the rows are independent, so each of these cases has the probability 1/(2m)^2",
    ),
    Step(name="all slots alike", reason="2m terms of one size"),
    source="Lecomte et al. 2023, Collisions",
    prose=UNIFORM,
    page=_NOTES,
)

expected_pairs = Formula(
    name="expected_pairs",
    expression=_PAIRS,
    arguments=(s.n, s.m),
    meaning="The expected number of pairs of features that choose one neuron with opposite signs.",
    source="Lecomte et al. 2023, Collisions; paper_notes/collisions.md",
    example=">>> theory.expected_pairs(n=256, m=1024)\n15.9375",
)
EXPECTED_PAIRS = derived(
    expected_pairs,
    "The expected number of opposite-sign pairs is {formula}, exactly.",
    Step(
        name="linearity",
        left=of(
            PAIR_PROBABILITY,
            build=lambda p: sp.Sum(p, (s.j, s.i + 1, s.n), (s.i, 1, s.n)),
        ),
        right=sp.binomial(s.n, 2) / (2 * s.m),
        reason="an expected count is the sum of the probabilities of the pairs i < j, and there "
        "are C(n, 2) of them",
    ),
    Step(name="number of pairs", reason="C(n, 2) = n (n-1)/2"),
    page=_NOTES,
    checks=("initial_pairs",),
)


def _pair_variance(slots: sp.Expr, p: sp.Expr) -> sp.Expr:
    """Variances of n(n-1)/2 pairs, and covariances of pairs that share a feature."""
    pairs, sharing = sp.binomial(s.n, 2), s.n * (s.n - 1) * (s.n - 2)
    both = sp.Sum(1 / slots**3, (s.k, 1, slots))  # j and k opposite to i
    return pairs * p * (1 - p) + sharing * (both - p**2)


variance_pairs = formula(
    name="variance_pairs",
    expression=_PAIRS * (1 - 1 / (2 * s.m)),
    arguments=(s.n, s.m),
    meaning="The variance of the number of pairs of features that choose one neuron with opposite "
    "signs.",
    example=">>> theory.variance_pairs(n=3, m=2)\n0.5625",
)
VARIANCE_PAIRS = derived(
    variance_pairs,
    "The number of opposite-sign pairs has variance {formula}.",
    Step(
        name="pairwise independence",
        left=of(SLOTS, PAIR_PROBABILITY, build=lambda slots, p: _pair_variance(slots, p)),
        right=sp.binomial(s.n, 2) * (1 / (2 * s.m)) * (1 - 1 / (2 * s.m)),
        reason="two pairs that share a feature have probability p^2, no covariance",
    ),
    Step(name="with the mean", reason="mu = n(n-1)/(4m)"),
)


def _chen_stein(n: sp.Expr, p: sp.Expr, mu: sp.Expr) -> sp.Expr:
    """(b1 + b2)(1 - exp(-mu))/mu for pairs of n features, each of probability p."""
    neighbours = 2 * (n - 2)
    b1 = sp.binomial(n, 2) * p**2 * (1 + neighbours)
    b2 = sp.binomial(n, 2) * p**2 * neighbours
    return (b1 + b2) * (1 - sp.exp(-mu)) / mu


chen_stein_bound = formula(
    name="chen_stein_bound",
    expression=(1 - sp.exp(-_PAIRS)) * (4 * s.n - 7) / (2 * s.m),
    arguments=(s.n, s.m),
    meaning="A bound on the total variation distance of the number of pairs from Poisson's law.",
    example=">>> round(theory.chen_stein_bound(n=16, m=4096), 6)\n0.000101",
    regime=(s.n >= 2,),
    error="bound",
)
CHEN_STEIN_BOUND = derived(
    chen_stein_bound,
    "The number of pairs is within {formula} of Poisson's law in total variation; for n = 2 it is "
    "at this distance, for more features much closer.",
    Step(
        name="b1 and b2",
        left=of(PAIR_PROBABILITY, EXPECTED_PAIRS, build=lambda p, mu: _chen_stein(s.n, p, mu)),
        right=sp.binomial(s.n, 2) * (4 * s.n - 7) / (4 * s.m**2) * (1 - sp.exp(-_PAIRS)) / _PAIRS,
        reason="a pair has 2 (n - 2) neighbours, with which it shares a feature: b1 is C(n, 2) p^2 "
        "(1 + 2 (n - 2)), b2 is C(n, 2) p^2 2 (n - 2)",
    ),
    Step(name="cancel", reason="C(n, 2) = n (n-1)/2 cancels against the mean n (n-1)/(4m)"),
    prose="Theorem of Arratia, Goldstein and Gordon with b3 = 0: pairs without a common "
    "feature are independent.",
)

expected_neurons_independent = formula(
    name="expected_neurons_independent",
    expression=s.m * (1 - 2 * (1 - 1 / (2 * s.m)) ** s.n + (1 - 1 / s.m) ** s.n),
    arguments=(s.n, s.m),
    meaning="The expected number of neurons chosen with both signs, independent choices.",
    example=">>> round(theory.expected_neurons_independent(n=256, m=1024), 4)\n14.0961",
)
EXPECTED_NEURONS_INDEPENDENT = derived(
    expected_neurons_independent,
    "With independent choices {formula} neurons are chosen with both signs, on average.",
    Step(
        name="inclusion and exclusion",
        left=of(
            SLOTS,
            build=lambda slots: (
                s.m
                * (
                    1
                    - sp.Sum((1 - 1 / slots) ** s.n, (s.k, 1, 2))
                    + (1 - sp.Sum(1 / slots, (s.k, 1, 2))) ** s.n
                )
            ),
        ),
        right=s.m
        * (
            1
            - 2 * (1 - 1 / (2 * s.m)) ** s.n
            + sp.Add(1, -sp.Mul(2, 1 / (2 * s.m), evaluate=False), evaluate=False) ** s.n
        ),
        reason="for each of m neurons: 1, less the chance that its slot k = 1 or 2 stays empty, "
        "plus the chance that both do, which was taken away twice; a feature misses a slot with "
        "the chance 1 - 1/(2m), and both slots of a neuron with 1 - 2/(2m)",
    ),
    Step(name="cancel", reason="2/(2m) = 1/m"),
    prose=UNIFORM,
    checks=("initial_neurons",),
)


def _features_on(chance: sp.Expr) -> sp.Expr:
    """The probability of k features where each of n is there with some chance."""
    return sp.binomial(s.n, s.k) * chance**s.k * (1 - chance) ** (s.n - s.k)


expected_shared_neurons_independent = formula(
    name="expected_shared_neurons_independent",
    expression=s.m * (1 - (1 - 1 / s.m) ** s.n - s.n / s.m * (1 - 1 / s.m) ** (s.n - 1)),
    arguments=(s.n, s.m),
    meaning="The expected number of neurons chosen by two or more features, independent choices.",
    example=">>> round(theory.expected_shared_neurons_independent(n=256, m=1024), 4)\n27.0619",
)
EXPECTED_SHARED_NEURONS_INDEPENDENT = derived(
    expected_shared_neurons_independent,
    "With independent choices {formula} neurons are chosen by two features or more, on average.",
    Step(
        name="neither none nor one",
        left=of(
            SLOTS,
            build=lambda slots: s.m * (1 - sp.Sum(_features_on(2 / slots), (s.k, 0, 1))),
        ),
        reason="for each of m neurons, which has two of the slots: 1 less the chance of k = 0 or "
        "k = 1 features, which is binomial",
    ),
    prose=UNIFORM,
)

paper_polysemantic_neurons = Formula(
    name="paper_polysemantic_neurons",
    expression=s.n**2 / (4 * s.m),
    arguments=(s.n, s.m),
    meaning="The paper's estimate of the number of polysemantic neurons.",
    source="Lecomte et al. 2023, Collisions",
    example=">>> theory.paper_polysemantic_neurons(n=256, m=1024)\n16.0",
    error="heuristic: within 40 % for 8 <= n <= m under the flow, while all features live",
)

PAPER_ESTIMATE = defining(
    paper_polysemantic_neurons,
    "The paper's estimate of the number of polysemantic neurons, n^2/(4m).",
)

paper_count_limit = formula(
    name="paper_count_limit",
    expression=sp.Integer(1),
    meaning="The limit of the expected number of pairs over the paper's estimate, n -> infinity.",
    example=">>> theory.paper_count_limit()\n1.0",
    error="O(1/n)",
)
PAPER_COUNT_LIMIT = derived(
    paper_count_limit,
    "The expected number of pairs is the paper's {paper_polysemantic_neurons} to leading "
    "order in n: their ratio tends to {formula}.",
    Step(
        name="ratio",
        left=of(
            EXPECTED_PAIRS,
            PAPER_ESTIMATE,
            build=lambda pairs, paper: sp.Limit(
                sp.Mul(pairs, 1 / paper, evaluate=False), s.n, sp.oo
            ),
        ),
        right=sp.Limit(1 - 1 / s.n, s.n, sp.oo),
        reason="4m cancels, and n (n-1)/n^2 = 1 - 1/n",
    ),
    Step(name="limit", reason="1/n tends to 0"),
)

PAPER_POLYSEMANTIC_NEURONS = cited(
    paper_polysemantic_neurons,
    "A trained network with n features and m neurons has {formula} polysemantic neurons.",
    checks=("paper_count_in_training",),
    factor=PAPER_COUNT_LIMIT,
)
