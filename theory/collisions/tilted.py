"""The tilted exclusion law: neurons that are independent apart from the number of features."""

from functools import partial

import sympy as sp

from ..proof import Definition, Formula, Root, Step, derived, of, quadratic_root
from ..proof import symbols as s
from .exclusion import EXCLUSION_PMF_RATIO

_NOTES = "paper_notes/count_law.md"
formula = partial(Formula, source=_NOTES)
_GROWN = sp.Symbol("u", positive=True, integer=True)
_step = partial(Step, ranges={s.n: (2, 12), s.m: (2, 12), s.k: (0, 4)})
_REGIME = (2 * s.k + 2 <= s.n, s.n - s.k <= s.m)

WAYS = Definition(
    name="weight_of_pairs",
    expression=sp.factorial(s.m)
    / (sp.factorial(s.k) * sp.factorial(s.n - 2 * s.k) * sp.factorial(s.m - s.n + s.k))
    * 2 ** (s.n - 2 * s.k)
    * s.omega**s.k,
    meaning="The total weight of the networks with k opposite pairs. A neuron that is empty, or "
    "that has one feature of either sign, has the weight 1. A neuron with an opposite pair has the "
    "weight omega.",
    source=_NOTES,
)

tilted_pmf_ratio = formula(
    name="tilted_pmf_ratio",
    expression=s.omega
    * (s.n - 2 * s.k)
    * (s.n - 2 * s.k - 1)
    / (4 * (s.k + 1) * (s.m - s.n + s.k + 1)),
    arguments=(s.k, s.n, s.m, s.omega),
    meaning="P(K = k + 1) / P(K = k) for the number K of polysemantic neurons, tilted law.",
    example=">>> theory.tilted_pmf_ratio(k=0, n=4, m=4, omega=0.5)\n1.5",
    regime=_REGIME,
)
TILTED_PMF_RATIO = derived(
    tilted_pmf_ratio,
    "If neurons are independent apart from the number of features, and an opposite pair on a "
    "neuron has the weight omega, then P(K = k+1)/P(K = k) = {formula}.",
    _step(
        name="divide",
        left=of(WAYS, build=lambda ways: sp.Subs(ways, s.k, s.k + 1) / ways),
        right=sp.Mul(WAYS.expression.subs(s.k, s.k + 1), 1 / WAYS.expression, evaluate=False),
        reason="all networks with k + 1 pairs over all with k pairs",
        assumptions=_REGIME,
    ),
    _step(
        name="factor by factor",
        right=s.omega
        / 4
        * (sp.factorial(s.k) / sp.factorial(s.k + 1))
        * (sp.factorial(s.n - 2 * s.k) / sp.factorial(s.n - 2 * s.k - 2))
        * (sp.factorial(s.m - s.n + s.k) / sp.factorial(s.m - s.n + s.k + 1)),
        reason="m! cancels; one pair more brings a factor omega, and takes two features, that "
        "is two choices of a sign, from the neurons with one",
        assumptions=_REGIME,
    ),
    _step(
        name="ratios of factorials",
        reason="k!/(k+1)! = 1/(k+1), (n-2k)!/(n-2k-2)! = (n-2k) (n-2k-1) and (m-n+k)!/(m-n+k+1)! = "
        "1/(m-n+k+1)",
        assumptions=_REGIME,
    ),
)

tilt_of_exclusion = formula(
    name="tilt_of_exclusion",
    expression=sp.Integer(1),
    meaning="The weight of an opposite pair for which the tilted law is the exclusion law.",
    example=">>> theory.tilt_of_exclusion()\n1.0",
)
TILT_OF_EXCLUSION = derived(
    tilt_of_exclusion,
    "The tilted law is the exclusion law for omega = {formula}.",
    Step(
        name="compare the ratios",
        left=of(
            TILTED_PMF_RATIO,
            EXCLUSION_PMF_RATIO,
            build=lambda tilted, exclusion: Root(tilted - exclusion, s.omega, 0, 2),
        ),
        reason="the ratios of the laws are equal where omega times the one is the other",
        ranges={s.n: (8, 10), s.m: (10, 12), s.k: (0, 2)},
    ),
)

mass_action = formula(
    name="mass_action",
    expression=s.omega * (s.n - 2 * s.k) ** 2 / (4 * s.k * (s.m - s.n + s.k)),
    arguments=(s.k, s.n, s.m, s.omega),
    meaning="P(K = k + 1) / P(K = k) where all numbers of neurons are large, tilted law.",
    example=">>> theory.mass_action(k=1, n=4, m=4, omega=1)\n1.0",
    regime=(s.k >= 1, *_REGIME, s.n - s.k < s.m),
    error="relative O(1/k + 1/(n - 2 k) + 1/(m - n + k))",
)
MASS_ACTION = derived(
    mass_action,
    "Where the numbers of pairs, of neurons with one feature and of empty neurons are large, "
    "P(K = k+1)/P(K = k) is near {formula}. At the most likely K this is 1, so K E/H^2 = omega/4, "
    "where H neurons have one feature and E neurons are empty.",
    Step(
        name="large numbers",
        left=of(
            TILTED_PMF_RATIO,
            build=lambda ratio: sp.Limit(
                sp.Subs(ratio, (s.k, s.n, s.m), (_GROWN * s.k, _GROWN * s.n, _GROWN * s.m)),
                _GROWN,
                sp.oo,
            ),
        ),
        right=sp.Limit(
            s.omega
            * (s.n - 2 * s.k)
            * (s.n - 2 * s.k - 1 / _GROWN)
            / (4 * (s.k + 1 / _GROWN) * (s.m - s.n + s.k + 1 / _GROWN)),
            _GROWN,
            sp.oo,
        ),
        reason="all numbers grow by one factor u; divide numerator and denominator by u^2",
        ranges={s.n: (8, 12), s.m: (12, 16), s.k: (1, 3)},
    ),
    Step(
        name="limit",
        reason="1/u tends to 0",
        ranges={s.n: (8, 12), s.m: (12, 16), s.k: (1, 3)},
    ),
)

_CROWD = s.m - s.n + s.omega * s.n
mass_action_count = formula(
    name="mass_action_count",
    expression=s.omega
    * s.n**2
    / (2 * (_CROWD + sp.sqrt(_CROWD**2 + (1 - s.omega) * s.omega * s.n**2))),
    arguments=(s.n, s.m, s.omega),
    meaning="The expected number of polysemantic neurons of the tilted law in a large network.",
    example=">>> round(theory.mass_action_count(n=256, m=1024, omega=0.72), 2)\n12.34",
    regime=(s.n <= 2 * s.m,),
    error="relative O(1/n)",
)
MASS_ACTION_COUNT = derived(
    mass_action_count,
    "A large network has about {formula} polysemantic neurons under the tilted law.",
    Step(
        name="ratio 1",
        left=of(
            MASS_ACTION,
            build=lambda ratio: quadratic_root(
                sp.expand(sp.numer(ratio) - sp.denom(ratio)), s.k, -1
            ),
        ),
        right=(_CROWD - sp.sqrt(_CROWD**2 + (1 - s.omega) * s.omega * s.n**2))
        / (2 * (s.omega - 1)),
        reason="the most likely K is where the ratio is 1, a quadratic equation in k; the root "
        "that is 0 for omega = 0; divide numerator and denominator by 4",
        ranges={s.omega: (0.1, 0.9)},
    ),
    Step(
        name="rational numerator",
        reason="multiply both by the sum of the two terms: the numerator becomes (omega - 1) omega "
        "n^2, and omega - 1 cancels",
        ranges={s.omega: (0.1, 0.9)},
    ),
    prose="The ratio falls with k, so the law has one maximum. Its width is of the order of "
    "sqrt(n), so the mean differs from the maximum by a relative O(1/n).",
)

TILTED_LAW_IN_TRAINING = derived(
    "tilted_law_in_training",
    "The number of polysemantic neurons of trained networks follows the tilted exclusion law: with "
    "omega fixed by the mean, the variance is right to 5 % for n < m under the flow and in the "
    "limit lambda -> 0, and to 10 % under AdamW.",
    page=_NOTES,
    checks=("tilted_law_in_training",),
)
