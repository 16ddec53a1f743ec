"""Counting laws: pairs, neurons with independent choices, neurons with exclusion."""

import sympy as sp

from . import symbols as s
from .claims import Claim, Prose
from .derivation import Definition, Derivation, Step, of
from .formula import Formula, IndexForm

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
dispersion_limit = Formula(
    name="dispersion_limit",
    expression=sp.Rational(1, 4),
    arguments=(),
    meaning="Variance over mean of K (exclusion law) for n = m -> infinity; Poisson's law has 1.",
    source=_NOTES,
    example=">>> theory.dispersion_limit()\n0.25",
    error="asymptotic: O(1/n)",
)
paper_count_limit = Formula(
    name="paper_count_limit",
    expression=sp.Integer(1),
    arguments=(),
    meaning="The limit of the expected number of pairs over the paper's estimate, n -> infinity.",
    source=_NOTES,
    example=">>> theory.paper_count_limit()\n1.0",
    error="asymptotic: O(1/n)",
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

_SIZES = {s.n: (2, 12), s.m: (2, 12), s.k: (0, 4), s.r: (0, 4)}


def _pair_variance(slots: sp.Expr, p: sp.Expr) -> sp.Expr:
    """Variances of n(n-1)/2 pairs, and covariances of pairs that share a feature."""
    pairs, sharing = sp.binomial(s.n, 2), s.n * (s.n - 1) * (s.n - 2)
    both = sp.Sum(1 / slots**3, (s.k, 1, slots))  # j and k opposite to i
    return pairs * p * (1 - p) + sharing * (both - p**2)


def _chen_stein(n: sp.Expr, p: sp.Expr, mu: sp.Expr) -> sp.Expr:
    """(b1 + b2)(1 - exp(-mu))/mu for pairs of n features, each of probability p."""
    neighbours = 2 * (n - 2)
    b1 = sp.binomial(n, 2) * p**2 * (1 + neighbours)
    b2 = sp.binomial(n, 2) * p**2 * neighbours
    return (b1 + b2) * (1 - sp.exp(-mu)) / mu


def _sets_with_pairs(k: sp.Expr) -> sp.Expr:
    """The number of sets of n slots that hold both slots of just k neurons (multinomial)."""
    empty, half = s.m - s.n + k, s.n - 2 * k
    ways = sp.factorial(s.m) / (sp.factorial(k) * sp.factorial(half) * sp.factorial(empty))
    return ways * 2**half


def _sets_beside(r: sp.Expr) -> sp.Expr:
    """The number of sets of n slots that hold both slots of r given neurons."""
    rest, taken = 2 * s.m - 2 * r, s.n - 2 * r
    return sp.factorial(rest) / (sp.factorial(taken) * sp.factorial(rest - taken))


def _certificate(k: sp.Expr) -> sp.Expr:
    """The term of which P(n + 1, k) - P(n, k) is the difference in k."""
    pmf = exclusion_pmf.expression.subs(s.k, k)
    return 4 * k * (k + s.m - s.n) / ((2 * s.m - s.n) * (2 * k - s.n - 1)) * pmf


SLOTS = Definition(
    name="slots",
    expression=2 * s.m,
    meaning="The number of slots, a neuron with a sign, that a feature chooses with equal chance.",
    source="Lecomte et al. 2023, Collisions",
)
SETS = Definition(
    name="sets_of_slots",
    expression=sp.binomial(2 * s.m, s.n),
    meaning="The number of sets of n different slots, equally likely under the exclusion law.",
    source=_NOTES,
)
UNIFORM = Prose(
    argument="The law of an initial row does not change if neurons are exchanged or signs "
    "flipped, so all slots are equally likely for the largest weight.",
    page=_NOTES,
)
PAIR_PROBABILITY = Claim(
    label="pair_probability",
    statement="Two features choose one neuron with opposite signs with probability 1/(2m).",
    kind="cited",
    source="Lecomte et al. 2023, Collisions",
    formula=pair_probability,
    derivation=Derivation(
        Step(
            name="opposite slots",
            left=of(SLOTS, build=lambda slots: sp.Sum(1 / slots**2, (s.k, 1, slots))),
            right=pair_probability,
            reason="one feature in slot k, the other in the opposite slot",
        ),
    ),
    prose=UNIFORM,
)
EXPECTED_PAIRS = Claim(
    label="expected_pairs",
    statement="The expected number of opposite-sign pairs is n(n-1)/(4m), exactly.",
    kind="derived here",
    source=_NOTES,
    formula=expected_pairs,
    derivation=Derivation(
        Step(
            name="linearity",
            left=of(PAIR_PROBABILITY, build=lambda p: sp.binomial(s.n, 2) * p),
            right=expected_pairs,
            reason="n(n-1)/2 pairs of features",
        ),
    ),
    checks=("initial_pairs",),
)
VARIANCE_PAIRS = Claim(
    label="variance_pairs",
    statement="The number of opposite-sign pairs has variance mu (1 - 1/(2m)).",
    kind="derived here",
    source=_NOTES,
    formula=variance_pairs,
    derivation=Derivation(
        Step(
            name="pairwise independence",
            left=of(SLOTS, PAIR_PROBABILITY, build=lambda slots, p: _pair_variance(slots, p)),
            right=sp.binomial(s.n, 2) * (1 / (2 * s.m)) * (1 - 1 / (2 * s.m)),
            reason="two pairs that share a feature have probability p^2, no covariance",
        ),
        Step(name="with the mean", right=variance_pairs, reason="mu = n(n-1)/(4m)"),
    ),
)
CHEN_STEIN_BOUND = Claim(
    label="chen_stein_bound",
    statement="The number of pairs is within (1 - exp(-mu))(4n - 7)/(2m) of Poisson's law.",
    kind="derived here",
    source=_NOTES,
    formula=chen_stein_bound,
    derivation=Derivation(
        Step(
            name="b1 and b2",
            left=of(PAIR_PROBABILITY, EXPECTED_PAIRS, build=lambda p, mu: _chen_stein(s.n, p, mu)),
            right=chen_stein_bound,
            reason="a pair has 2(n - 2) neighbours, with which it shares a feature",
            assumptions=(s.n >= 2,),
        ),
    ),
    prose=Prose(
        argument="Theorem of Arratia, Goldstein and Gordon with b3 = 0: pairs without a common "
        "feature are independent.",
        page=_NOTES,
    ),
)
EXPECTED_NEURONS_INDEPENDENT = Claim(
    label="expected_neurons_independent",
    statement="With independent choices m (1 - 2 (1 - 1/(2m))^n + (1 - 1/m)^n) neurons are chosen "
    "with both signs, on the average.",
    kind="derived here",
    source=_NOTES,
    formula=expected_neurons_independent,
    derivation=Derivation(
        Step(
            name="inclusion and exclusion",
            left=of(
                SLOTS,
                build=lambda slots: s.m * (1 - 2 * (1 - 1 / slots) ** s.n + (1 - 2 / slots) ** s.n),
            ),
            right=expected_neurons_independent,
            reason="1 less the chance that one of the two slots stays empty",
        ),
    ),
    prose=UNIFORM,
    checks=("initial_neurons",),
)
EXPECTED_SHARED_NEURONS_INDEPENDENT = Claim(
    label="expected_shared_neurons_independent",
    statement="With independent choices m (1 - (1 - 1/m)^n - (n/m)(1 - 1/m)^(n-1)) neurons are "
    "chosen by two features or more, on the average.",
    kind="derived here",
    source=_NOTES,
    formula=expected_shared_neurons_independent,
    derivation=Derivation(
        Step(
            name="neither none nor one",
            left=of(
                SLOTS,
                build=lambda slots: (
                    s.m
                    * (
                        1
                        - (1 - 2 / slots) ** s.n
                        - s.n * (2 / slots) * (1 - 2 / slots) ** (s.n - 1)
                    )
                ),
            ),
            right=expected_shared_neurons_independent,
            reason="a neuron has two of the slots",
            assumptions=(s.m >= 2,),
        ),
    ),
    prose=UNIFORM,
)
EXCLUSION_PMF = Claim(
    label="exclusion_pmf",
    statement="If no slot is taken twice, P(K = k) = C(m,k) C(m-k,n-2k) 2^(n-2k) / C(2m,n).",
    kind="derived here",
    source=_NOTES,
    formula=exclusion_pmf,
    derivation=Derivation(
        Step(
            name="count",
            left=of(SETS, build=lambda sets: _sets_with_pairs(s.k) / sets),
            right=exclusion_pmf,
            reason="choose the full neurons, the half-full ones and their signs",
            assumptions=(2 * s.k <= s.n, s.n - s.k <= s.m),
            ranges=_SIZES,
        ),
    ),
)
exclusion_total_form = IndexForm(
    name="exclusion_total",
    expression=_certificate(s.k + 1) - _certificate(s.k),
    meaning="How P(K = k) changes when a feature is added, as a telescoping difference in k.",
    source=_NOTES,
)
EXCLUSION_TOTAL = Claim(
    label="exclusion_total",
    statement="The exclusion law adds up to 1 for all n and m.",
    kind="derived here",
    source=_NOTES,
    formula=exclusion_total_form,
    derivation=Derivation(
        Step(
            name="telescope",
            left=of(EXCLUSION_PMF, build=lambda pmf: pmf.subs(s.n, s.n + 1) - pmf),
            right=exclusion_total_form,
            reason="the certificate of Wilf and Zeilberger",
            assumptions=(2 * s.k + 2 <= s.n, s.n - s.k + 1 <= s.m),
            ranges=_SIZES,
        ),
    ),
    prose=Prose(
        argument="Summed over k the difference is 0, and for n = 0 the only term is 1.",
        page=_NOTES,
    ),
)
EXCLUSION_PMF_RATIO = Claim(
    label="exclusion_pmf_ratio",
    statement="P(K = k+1)/P(K = k) = (n-2k)(n-2k-1) / (4(k+1)(m-n+k+1)).",
    kind="derived here",
    source=_NOTES,
    formula=exclusion_pmf_ratio,
    derivation=Derivation(
        Step(
            name="divide",
            left=of(EXCLUSION_PMF, build=lambda pmf: pmf.subs(s.k, s.k + 1) / pmf),
            right=exclusion_pmf_ratio,
            reason="ratios of binomial coefficients",
            assumptions=(2 * s.k + 2 <= s.n, s.n - s.k <= s.m),
            ranges=_SIZES,
        ),
    ),
)
EXCLUSION_FACTORIAL_MOMENT = Claim(
    label="exclusion_factorial_moment",
    statement="E K(K-1)...(K-r+1) = (m)_r C(2m-2r, n-2r) / C(2m, n).",
    kind="derived here",
    source=_NOTES,
    formula=exclusion_factorial_moment,
    derivation=Derivation(
        Step(
            name="ordered full neurons",
            left=of(
                SETS,
                build=lambda sets: (
                    sp.factorial(s.r) * sp.binomial(s.m, s.r) * _sets_beside(s.r) / sets
                ),
            ),
            right=exclusion_factorial_moment,
            reason="r given neurons are full in C(2m-2r, n-2r) sets",
            assumptions=(2 * s.r <= s.n,),
            ranges=_SIZES,
        ),
    ),
)
EXPECTED_NEURONS_EXCLUSION = Claim(
    label="expected_neurons_exclusion",
    statement="The exclusion law has mean n(n-1)/(2(2m-1)).",
    kind="derived here",
    source=_NOTES,
    formula=expected_neurons_exclusion,
    derivation=Derivation(
        Step(
            name="r = 1",
            left=of(EXCLUSION_FACTORIAL_MOMENT, build=lambda moment: moment.subs(s.r, 1)),
            right=expected_neurons_exclusion,
            reason="the first factorial moment",
            assumptions=(s.n >= 2,),
            ranges=_SIZES,
        ),
    ),
)
EXCLUSION_MEAN_IN_TRAINING = Claim(
    label="exclusion_mean_in_training",
    statement="Trained networks have nearly as many polysemantic neurons as the exclusion law's "
    "mean, where l1 is not too weak.",
    kind="derived here",
    source=_NOTES,
    checks=("exclusion_mean_in_training",),
)
VARIANCE_NEURONS_EXCLUSION = Claim(
    label="variance_neurons_exclusion",
    statement="The exclusion law has variance n(n-1)(2m-n)(2m-n-1) / (2(2m-1)^2(2m-3)).",
    kind="derived here",
    source=_NOTES,
    formula=variance_neurons_exclusion,
    derivation=Derivation(
        Step(
            name="r = 2",
            left=of(
                EXCLUSION_FACTORIAL_MOMENT,
                EXPECTED_NEURONS_EXCLUSION,
                build=lambda moment, mean: moment.subs(s.r, 2) + mean - mean**2,
            ),
            right=variance_neurons_exclusion,
            reason="Var K = E K(K-1) + E K - (E K)^2",
            assumptions=(s.n >= 4,),
            ranges=_SIZES,
        ),
    ),
)
DISPERSION_IN_TRAINING = Claim(
    label="dispersion_in_training",
    statement="The number of polysemantic neurons varies between trained networks as the "
    "exclusion law says, less than Poisson's.",
    kind="derived here",
    source=_NOTES,
    checks=("dispersion_in_training",),
)
DISPERSION_NEURONS_EXCLUSION = Claim(
    label="dispersion_neurons_exclusion",
    statement="K is under-dispersed: Var K / E K = (2m-n)(2m-n-1) / ((2m-1)(2m-3)) <= 1.",
    kind="derived here",
    source=_NOTES,
    formula=dispersion_neurons_exclusion,
    derivation=Derivation(
        Step(
            name="divide",
            left=of(
                VARIANCE_NEURONS_EXCLUSION,
                EXPECTED_NEURONS_EXCLUSION,
                build=lambda variance, mean: variance / mean,
            ),
            right=dispersion_neurons_exclusion,
            reason="variance over mean",
            assumptions=(s.n >= 2,),
            ranges=_SIZES,
        ),
    ),
)
DISPERSION_LIMIT = Claim(
    label="dispersion_limit",
    statement="For n = m and many neurons Var K / E K tends to 1/4.",
    kind="derived here",
    source=_NOTES,
    formula=dispersion_limit,
    derivation=Derivation(
        Step(
            name="n = m",
            left=of(
                DISPERSION_NEURONS_EXCLUSION,
                build=lambda ratio: sp.Limit(ratio.subs(s.n, s.m), s.m, sp.oo),
            ),
            right=dispersion_limit,
            reason="m (m - 1)/((2m - 1)(2m - 3))",
        ),
    ),
)
POISSON_BOUND = Claim(
    label="poisson_bound",
    statement="K is within (1 - exp(-E K))(1 - Var K/E K) of Poisson's law in total variation.",
    kind="derived here",
    source=_NOTES,
    formula=poisson_bound,
    derivation=Derivation(
        Step(
            name="negative relation",
            left=of(
                EXPECTED_NEURONS_EXCLUSION,
                VARIANCE_NEURONS_EXCLUSION,
                build=lambda mean, variance: (1 - sp.exp(-mean)) * (1 - variance / mean),
            ),
            right=poisson_bound,
            reason="theorem of Barbour, Holst and Janson",
            assumptions=(s.n >= 2,),
            ranges=_SIZES,
        ),
    ),
    prose=Prose(
        argument="Given that a neuron is full, the rest of the set is a uniform set of n - 2 "
        "slots, which can be drawn from within the unconditioned one: the indicators are "
        "negatively related.",
        page=_NOTES,
    ),
)
PAPER_ESTIMATE = Definition(
    name="paper_polysemantic_neurons",
    expression=paper_polysemantic_neurons.expression,
    meaning="The paper's estimate of the number of polysemantic neurons, n^2/(4m).",
    source="Lecomte et al. 2023, Collisions",
)
PAPER_COUNT_LIMIT = Claim(
    label="paper_count_limit",
    statement="The expected number of pairs is the paper's n^2/(4m) to leading order in n.",
    kind="derived here",
    source=_NOTES,
    formula=paper_count_limit,
    derivation=Derivation(
        Step(
            name="ratio",
            left=of(
                EXPECTED_PAIRS,
                PAPER_ESTIMATE,
                build=lambda pairs, paper: sp.Limit(pairs / paper, s.n, sp.oo),
            ),
            right=paper_count_limit,
            reason="(n - 1)/n",
        ),
    ),
)
PAPER_POLYSEMANTIC_NEURONS = Claim(
    label="paper_polysemantic_neurons",
    statement="A trained network has n^2/(4m) polysemantic neurons.",
    kind="cited",
    source="Lecomte et al. 2023, Collisions",
    formula=paper_polysemantic_neurons,
    factor=PAPER_COUNT_LIMIT,
    checks=("paper_count_in_training",),
)
CLAIMS = (
    PAIR_PROBABILITY,
    EXPECTED_PAIRS,
    VARIANCE_PAIRS,
    CHEN_STEIN_BOUND,
    EXPECTED_NEURONS_INDEPENDENT,
    EXPECTED_SHARED_NEURONS_INDEPENDENT,
    EXCLUSION_PMF,
    EXCLUSION_TOTAL,
    EXCLUSION_PMF_RATIO,
    EXCLUSION_FACTORIAL_MOMENT,
    EXPECTED_NEURONS_EXCLUSION,
    EXCLUSION_MEAN_IN_TRAINING,
    VARIANCE_NEURONS_EXCLUSION,
    DISPERSION_IN_TRAINING,
    DISPERSION_NEURONS_EXCLUSION,
    DISPERSION_LIMIT,
    POISSON_BOUND,
    PAPER_COUNT_LIMIT,
    PAPER_POLYSEMANTIC_NEURONS,
)
