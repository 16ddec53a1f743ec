"""The exclusion law: the number of shared neurons where no slot is taken twice."""

from functools import partial

import sympy as sp

from ..proof import Definition, Formula, IndexForm, Step, derived, of
from ..proof import symbols as s

_NOTES = "paper_notes/collisions.md"
formula = partial(Formula, source=_NOTES)
_MEAN = s.n * (s.n - 1) / (2 * (2 * s.m - 1))
_step = partial(Step, ranges={s.n: (1, 12), s.m: (1, 12), s.k: (0, 4), s.r: (0, 4)})
_DISPERSION = (2 * s.m - s.n) * (2 * s.m - s.n - 1) / ((2 * s.m - 1) * (2 * s.m - 3))
_FITS = (s.n <= 2 * s.m,)
_HALF = sp.Rational(1, 2)


def _sets_with_pairs(k: sp.Expr) -> sp.Expr:
    """The number of sets of n slots that hold both slots of just k neurons (multinomial)."""
    empty, half = s.m - s.n + k, s.n - 2 * k
    ways = sp.factorial(s.m) / (sp.factorial(k) * sp.factorial(half) * sp.factorial(empty))
    return ways * 2**half


SETS = Definition(
    name="sets_of_slots",
    expression=sp.binomial(2 * s.m, s.n),
    meaning="The number of sets of n different slots of the 2m (a neuron with a sign). Under the "
    "exclusion law they are equally likely, and K neurons are full: both their slots are taken.",
    source=_NOTES,
)

exclusion_pmf = formula(
    name="exclusion_pmf",
    expression=sp.binomial(s.m, s.k)
    * sp.binomial(s.m - s.k, s.n - 2 * s.k)
    * 2 ** (s.n - 2 * s.k)
    / sp.binomial(2 * s.m, s.n),
    arguments=(s.k, s.n, s.m),
    meaning="The probability of k neurons with both signs when no slot is taken twice.",
    example=">>> round(theory.exclusion_pmf(k=1, n=4, m=4), 6)\n0.685714",
    regime=(s.n <= 2 * s.m, 2 * s.k <= s.n, s.n - s.k <= s.m),
)
EXCLUSION_PMF = derived(
    exclusion_pmf,
    "If no slot is taken twice, P(K = k) = {formula}.",
    _step(
        name="count",
        left=of(SETS, build=lambda sets: _sets_with_pairs(s.k) / sets),
        right=sp.Mul(
            sp.factorial(s.m) / (sp.factorial(s.k) * sp.factorial(s.m - s.k)),
            sp.factorial(s.m - s.k) / (sp.factorial(s.n - 2 * s.k) * sp.factorial(s.m - s.n + s.k)),
            2 ** (s.n - 2 * s.k) / SETS.expression,
            evaluate=False,
        ),
        reason="m!/(k! (n-2k)! (m-n+k)!) is the number of ways to split m neurons into k full, "
        "n - 2k half-full and m - n + k empty ones; each half-full one has one of two signs; "
        "multiply and divide by (m - k)!",
        assumptions=exclusion_pmf.regime,
    ),
    _step(
        name="two choices",
        reason="C(m, k) choices of the full neurons, and C(m-k, n-2k) of the half-full ones",
        assumptions=exclusion_pmf.regime,
    ),
)


def _certificate(k: sp.Expr) -> sp.Expr:
    """The term of which P(n + 1, k) - P(n, k) is the difference in k."""
    pmf = exclusion_pmf.expression.subs(s.k, k)
    return 4 * k * (k + s.m - s.n) / ((2 * s.m - s.n) * (2 * k - s.n - 1)) * pmf


exclusion_total_form = IndexForm(
    name="exclusion_total",
    expression=_certificate(s.k + 1) - _certificate(s.k),
    meaning="How P(K = k) changes when a feature is added, as a telescoping difference in k.",
    source=_NOTES,
    regime=(2 * s.k + 2 <= s.n, s.n - s.k + 1 <= s.m),
)
EXCLUSION_TOTAL = derived(
    exclusion_total_form,
    "The exclusion law adds up to 1 for all n and m, because P(K = k) changes by {formula} when a "
    "feature is added.",
    _step(
        name="telescope",
        left=of(EXCLUSION_PMF, build=lambda pmf: sp.Subs(pmf, s.n, s.n + 1) - pmf),
        reason="over P(K = k), both sides are rational functions of k, n and m, and these are the "
        "same; the telescoping terms are the certificate of Wilf and Zeilberger",
        assumptions=exclusion_total_form.regime,
    ),
    prose="At the other k the equality holds with the limits of both sides. Summed over k the "
    "difference is 0, and for n = 0 the only term is 1.",
)

exclusion_pmf_ratio = formula(
    name="exclusion_pmf_ratio",
    expression=(s.n - 2 * s.k) * (s.n - 2 * s.k - 1) / (4 * (s.k + 1) * (s.m - s.n + s.k + 1)),
    arguments=(s.k, s.n, s.m),
    meaning="P(K = k + 1) / P(K = k) for the number K of neurons with both signs, exclusion.",
    example=">>> theory.exclusion_pmf_ratio(k=0, n=4, m=4)\n3.0",
    regime=(s.n <= 2 * s.m, 2 * s.k <= s.n, s.n - s.k <= s.m),
)
EXCLUSION_PMF_RATIO = derived(
    exclusion_pmf_ratio,
    "P(K = k+1)/P(K = k) = {formula}.",
    _step(
        name="divide",
        left=of(EXCLUSION_PMF, build=lambda pmf: sp.Subs(pmf, s.k, s.k + 1) / pmf),
        right=sp.Mul(
            sp.Rational(1, 4),
            1 / (s.k + 1),
            (s.n - 2 * s.k) * (s.n - 2 * s.k - 1) / (s.m - s.n + s.k + 1),
            evaluate=False,
        ),
        reason="C(m, k+1)/C(m, k) = (m-k)/(k+1), C(m-k-1, n-2k-2)/C(m-k, n-2k) = (n-2k)(n-2k-1)"
        "/((m-k)(m-n+k+1)), in which m - k cancels, and the signs give 2^-2",
    ),
    _step(name="multiply", reason="4 (k + 1) = 4k + 4"),
)


exclusion_factorial_moment = formula(
    name="exclusion_factorial_moment",
    expression=sp.ff(s.n, 2 * s.r) / (4**s.r * sp.ff(s.m - sp.Rational(1, 2), s.r)),
    arguments=(s.r, s.n, s.m),
    meaning="E K (K - 1) ... (K - r + 1) for the number K of neurons with both signs, exclusion.",
    example=">>> theory.exclusion_factorial_moment(r=1, n=16, m=8)\n8.0",
    regime=_FITS,
)
EXCLUSION_FACTORIAL_MOMENT = derived(
    exclusion_factorial_moment,
    "E K(K-1)...(K-r+1) = {formula}, with (x)_r = x(x-1)...(x-r+1); it is 0 for 2r > n.",
    _step(
        name="ordered full neurons",
        left=of(
            SETS,
            build=lambda sets: (
                sp.factorial(s.r)
                * sp.binomial(s.m, s.r)
                * sp.binomial(2 * s.m - 2 * s.r, s.n - 2 * s.r)
                / sets
            ),
        ),
        right=sp.ff(s.m, s.r) * sp.ff(s.n, 2 * s.r) / sp.ff(2 * s.m, 2 * s.r),
        reason="r given neurons are full in C(2m-2r, n-2r) sets of slots; there are r! C(m, r) = "
        "(m)_r ordered choices of r neurons, and C(2m-2r, n-2r)/C(2m, n) = (n)_2r/(2m)_2r",
        assumptions=_FITS,
    ),
    _step(
        name="even and odd factors",
        reason="(2m)_2r = 2m (2m-1) (2m-2) ... is 4^r (m)_r (m - 1/2)_r: the even factors are "
        "2m, 2m-2, ..., the odd ones 2 (m - 1/2), 2 (m - 3/2), ...",
        assumptions=_FITS,
    ),
)

expected_neurons_exclusion = formula(
    name="expected_neurons_exclusion",
    expression=_MEAN,
    arguments=(s.n, s.m),
    meaning="The expected number of neurons with both signs when no slot is taken twice.",
    example=">>> theory.expected_neurons_exclusion(n=16, m=8)\n8.0",
    regime=_FITS,
)
EXPECTED_NEURONS_EXCLUSION = derived(
    expected_neurons_exclusion,
    "The exclusion law has mean {formula}.",
    _step(
        name="r = 1",
        left=of(EXCLUSION_FACTORIAL_MOMENT, build=lambda moment: sp.Subs(moment, s.r, 1)),
        right=sp.Mul(s.n * (s.n - 1), 1 / sp.Mul(4, s.m - _HALF, evaluate=False), evaluate=False),
        reason="E K is the first factorial moment; (n)_2 = n (n-1), (m - 1/2)_1 = m - 1/2",
    ),
    _step(name="multiply", reason="4 (m - 1/2) = 2 (2m - 1)"),
)

EXCLUSION_MEAN_IN_TRAINING = derived(
    "exclusion_mean_in_training",
    "Trained networks have as many polysemantic neurons as the exclusion law's mean says.",
    page=_NOTES,
    checks=("exclusion_mean_in_training", "exclusion_mean_in_the_limit"),
)

variance_neurons_exclusion = formula(
    name="variance_neurons_exclusion",
    expression=_MEAN * _DISPERSION,
    arguments=(s.n, s.m),
    meaning="The variance of the number of neurons with both signs when no slot is taken twice.",
    example=">>> theory.variance_neurons_exclusion(n=2, m=2)\n0.2222222222222222",
    regime=_FITS,
)
VARIANCE_NEURONS_EXCLUSION = derived(
    variance_neurons_exclusion,
    "The exclusion law has variance {formula}.",
    _step(
        name="r = 2",
        left=of(
            EXCLUSION_FACTORIAL_MOMENT,
            EXPECTED_NEURONS_EXCLUSION,
            build=lambda moment, mean: sp.Subs(moment, s.r, 2) + mean - mean**2,
        ),
        right=_MEAN * (s.n - 2) * (s.n - 3) / (2 * (2 * s.m - 3)) + _MEAN - _MEAN**2,
        reason="Var K = E K(K-1) + E K - (E K)^2; E K(K-1) is (n)_4/(16 (m - 1/2)(m - 3/2))",
    ),
    _step(
        name="common factor",
        reason="take out the mean and put the rest over one denominator: (n-2) (n-3) (2m-1) + "
        "2 (2m-3) (2m-1) - n (n-1) (2m-3) = 2 (2m-n) (2m-n-1)",
    ),
)

DISPERSION_IN_TRAINING = derived(
    "dispersion_in_training",
    "The number of polysemantic neurons varies between trained networks as the exclusion "
    "law says, less than Poisson's.",
    page=_NOTES,
    checks=("dispersion_in_training",),
)

dispersion_neurons_exclusion = formula(
    name="dispersion_neurons_exclusion",
    expression=_DISPERSION,
    arguments=(s.n, s.m),
    meaning="Variance over mean of the number of neurons with both signs, no slot taken twice.",
    example=">>> round(theory.dispersion_neurons_exclusion(n=64, m=64), 4)\n0.254",
    regime=(s.n >= 2, *_FITS),
)
DISPERSION_NEURONS_EXCLUSION = derived(
    dispersion_neurons_exclusion,
    "K is under-dispersed: Var K / E K = {formula} < 1 for n >= 2.",
    _step(
        name="divide",
        left=of(
            VARIANCE_NEURONS_EXCLUSION,
            EXPECTED_NEURONS_EXCLUSION,
            build=lambda variance, mean: sp.Mul(variance, 1 / mean, evaluate=False),
        ),
        reason="variance over mean; the factor n (n-1)/(2 (2m-1)) cancels",
    ),
    prose="For 2 <= n <= 2m and m >= 2 the numerator does not rise with n and is "
    "(2m-2)(2m-3) at n = 2, less than the denominator; for m = 1 and n = 2 it is 0.",
)

dispersion_limit = formula(
    name="dispersion_limit",
    expression=sp.Rational(1, 4),
    meaning="Variance over mean of K (exclusion law) for n = m -> infinity; Poisson's law has 1.",
    example=">>> theory.dispersion_limit()\n0.25",
    error="O(1/n)",
)
DISPERSION_LIMIT = derived(
    dispersion_limit,
    "For n = m and many neurons Var K / E K tends to {formula}.",
    Step(
        name="n = m",
        left=of(
            DISPERSION_NEURONS_EXCLUSION,
            build=lambda ratio: sp.Limit(sp.Subs(ratio, s.n, s.m), s.m, sp.oo),
        ),
        right=sp.Limit(s.m * (s.m - 1) / ((2 * s.m - 1) * (2 * s.m - 3)), s.m, sp.oo),
        reason="2m - n is m",
    ),
    Step(
        name="divide by m^2",
        right=sp.Limit((1 - 1 / s.m) / ((2 - 1 / s.m) * (2 - 3 / s.m)), s.m, sp.oo),
        reason="divide numerator and denominator by m^2",
    ),
    Step(name="limit", reason="1/m tends to 0, and 1/(2 times 2) is left"),
)

poisson_bound = formula(
    name="poisson_bound",
    expression=(1 - sp.exp(-_MEAN)) * (1 - _DISPERSION),
    arguments=(s.n, s.m),
    meaning="A bound on the total variation distance of K (exclusion law) from Poisson's law.",
    example=">>> round(theory.poisson_bound(n=16, m=4096), 6)\n5.1e-05",
    regime=(s.n >= 2, *_FITS),
    error="bound",
)
POISSON_BOUND = derived(
    poisson_bound,
    "K is within {formula}, or (1 - exp(-E K))(1 - Var K/E K), of Poisson's law in total "
    "variation; for n = 2 it is at this distance.",
    _step(
        name="negative relation",
        left=of(
            EXPECTED_NEURONS_EXCLUSION,
            VARIANCE_NEURONS_EXCLUSION,
            build=lambda mean, variance: (
                (1 - sp.exp(-mean)) * (1 - sp.Mul(variance, 1 / mean, evaluate=False))
            ),
        ),
        reason="theorem of Barbour, Holst and Janson: (1 - exp(-E K))(1 - Var K/E K)",
    ),
    prose="Given that a neuron is full, the rest of the set is a uniform set of n - 2 "
    "slots, which can be drawn from within the unconditioned one: the indicators are "
    "negatively related.",
)
