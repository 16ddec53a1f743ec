"""How co-occurrence suppresses collisions of features, and the fraction that survives."""

from functools import partial

import sympy as sp

from ..model import network
from ..proof import Formula, Root, Step, derived, of
from ..proof import symbols as s
from .pairs import PAIRS

_NOTES = "paper_notes/cooccurrence.md"
formula = partial(Formula, source=_NOTES)
_SLOPE = sp.Symbol("C_B", nonnegative=True)
_X, _Y = s.shared_weight, s.opposite_weight

_READ = 1 - _X * _Y  # what each of the two outputs reads when both features are active
_OPEN = (sp.Eq(sp.Max(0, _READ), _READ), sp.Eq(sp.Heaviside(_READ), 1))


def _shared(loss: sp.Expr) -> sp.Expr:
    """The velocity of the weight of row 1 on the shared neuron, in time lambda t, by a loss."""
    rows = [
        [s.a, sp.sqrt(1 - _X**2), sp.Integer(0)],
        [-_Y, sp.Integer(0), sp.sqrt(1 - _Y**2)],
    ]
    inserted = network(loss.subs(s.pair_weight, s.strength * s.lam), rows)
    return -sp.Subs(sp.Derivative(inserted, s.a), s.a, _X) / (4 * s.lam)


race_velocity = formula(
    name="race_velocity",
    expression=s.strength * _X**2 * _Y - 1 - s.strength * _X * _Y**2,
    arguments=(s.strength, _X, _Y),
    meaning="The velocity, in time lambda t, of the weight of a unit row on a neuron that it "
    "shares with a co-occurring feature of the other sign.",
    example=">>> theory.race_velocity(0.5, 0.5, 0.5)\n-1.0",
    regime=(_X <= 1, _Y <= 1),
    where="lambda > 0, two rows of norm 1 that overlap on one neuron only",
)
RACE = derived(
    race_velocity,
    "In time lambda t the weight x_s of a unit row on a neuron that it shares with -y_s of a "
    "co-occurring feature moves at the rate {formula}, r_c = p_2/lambda: along the row, by l1, and "
    "by the repulsion of the other feature.",
    Step(
        name="quarter of the slope",
        left=of(PAIRS, build=_shared),
        right=-(4 * s.lam + 4 * s.strength * s.lam * (_READ - 1) * (_X - _Y)) / (4 * s.lam),
        reason="rows of norm 1 have no error on one-hot inputs; with both features active each "
        "output reads 1 - x y, which is x y below 1, and x moves the one as 2 x - y, the other as "
        "-y; l1 adds 4 lambda, and p_2 = lambda r_c",
        assumptions=_OPEN,
        ranges={_X: (0, 1), _Y: (0, 1), s.lam: (0.1, 1)},
    ),
    Step(name="multiply out", reason="4 lambda cancels, and x y (x - y) = x^2 y - x y^2"),
)

handicap_rate = formula(
    name="handicap_rate",
    expression=s.strength * _X * _Y**2,
    arguments=(s.strength, s.shared_weight, s.opposite_weight),
    meaning="What co-occurrence adds to the threshold of a shared weight, per rise of that of "
    "the other weights: dC/dB.",
    example=">>> theory.handicap_rate(0.5, 1, 1)\n0.5",
    regime=(_X <= 1, _Y <= 1),
    error="O(lambda) at fixed pair_weight / lambda",
    where="two rows that overlap on one neuron only, as for m >> n",
)
HANDICAP_RATE = derived(
    handicap_rate,
    "On the shared neuron a row has, beside its threshold B, a handicap C with dC/dB = {formula}.",
    Step(
        name="keep the norm",
        left=of(
            RACE,
            build=lambda velocity: Root(
                velocity
                + s.multiplier * _X
                - ((s.multiplier + s.strength * _X * _Y) * _X - 1 - _SLOPE),
                _SLOPE,
                0,
                s.strength,
            ),
        ),
        right=Root(_SLOPE - s.strength * _X * _Y**2, _SLOPE, 0, s.strength),
        reason="x = A (w - B - C), w the initial weight, moves by mu x - A (B' + C') with mu = "
        "A'/A, and B' = 1/A: so its velocity is mu x - 1 - C_B, C_B = dC/dB. It is also that of "
        "the race and mu_r x, which keeps the norm. All that moves the row along itself is mu x, "
        "so mu = mu_r + r_c x y; insert it in the difference of the two velocities",
    ),
    Step(name="solve", reason="what is left is the repulsion of the other feature"),
    prose="For lambda -> 0 every row keeps norm 1, so A grows at a common rate; for m >> n the two "
    "rows overlap on the shared neuron alone.",
)

suppression_fit = formula(
    name="suppression_fit",
    expression=sp.exp(-sp.Rational(5, 2) * s.strength - s.strength**2),
    arguments=(s.strength,),
    meaning="The fraction of collisions that survive co-occurrence, wide networks, values 1.",
    example=">>> round(theory.suppression_fit(0.25), 3)\n0.503",
    regime=(s.strength <= sp.Rational(3, 2),),
    error="fitted: within 10 % for n << m -> infinity, and 1 % in its logarithm for "
    "0.1 <= r <= 1.5; in networks of 64 neurons 14 % more survive at r = 0.5",
)
SUPPRESSION_FIT = derived(
    suppression_fit,
    "In wide networks a fraction {formula} of the collisions survives, r_c = p_2/lambda.",
    checks=("suppression_in_training",),
)

uniform_suppression_fit = formula(
    name="uniform_suppression_fit",
    expression=sp.exp(-sp.Rational(31, 20) * s.strength - sp.Rational(17, 100) * s.strength**2),
    arguments=(s.strength,),
    meaning="The fraction of collisions that survive co-occurrence, wide networks, values u "
    "uniform on [0, 1]; r = pair_weight E u^2 / lambda.",
    example=">>> round(theory.uniform_suppression_fit(0.25), 3)\n0.672",
    regime=(s.strength <= 3,),
    error="fitted: within 10 % for n << m -> infinity, and 2 % in its logarithm for 0.1 <= r <= 3",
)
UNIFORM_SUPPRESSION_FIT = derived(
    uniform_suppression_fit,
    "For values uniform on [0, 1] the fraction of collisions that survives in wide networks is "
    "{formula}, r_c = p_2 E u^2/lambda.",
)

_OCCUPIED = s.n - s.n * (s.n - 1) / (2 * (2 * s.m - 1))

crowded_suppression = formula(
    name="crowded_suppression",
    expression=suppression_fit.expression ** (1 - _OCCUPIED / s.m),
    arguments=(s.n, s.m, s.strength),
    meaning="K(p)/K(0) in a network whose neurons are not nearly all free: the suppression of "
    "wide networks to the power of the fraction of free neurons.",
    example=">>> round(theory.crowded_suppression(64, 128, 0.5), 3)\n0.431",
    regime=(s.n <= s.m, s.strength <= 2),
    error="heuristic: within 0.15 of K(p)/K(0) for n <= m/2; for n = 64, r <= 2 and lambda = 0.01 "
    "within 0.02 at m = 128 and 0.05 at m = 512, but up to 0.23 too small at n = m; off by 0.05 "
    "at (128, lambda = 0.003, r = 0.25) and 0.06 at (512, 0.03, 0.5)",
)
CROWDED_SUPPRESSION = derived(
    crowded_suppression,
    "In crowded networks co-occurrence suppresses less: the fraction that survives is {formula}, "
    "that of wide networks to the power of the share of free neurons.",
)

partial_suppression = formula(
    name="partial_suppression",
    expression=1 - s.fraction + s.fraction * suppression_fit.expression,
    arguments=(s.fraction, s.strength),
    meaning="K(p)/K(0) where only a fraction of the pairs co-occurs: the other collisions stay.",
    example=">>> round(theory.partial_suppression(0.5, 0.5), 3)\n0.612",
    regime=(s.fraction <= 1, s.strength <= sp.Rational(3, 2)),
    error="heuristic: within 0.15 of K(p)/K(0) for n <= m/8, within 0.03 at m = 256; in crowded "
    "networks too small, by up to 0.24 at n/m = 1/2",
)
PARTIAL_SUPPRESSION = derived(
    partial_suppression,
    "In wide networks the polysemantic neurons whose features never meet stay: if a "
    "fraction f_c of the pairs co-occurs, {formula} of all are left.",
    checks=("partial_suppression_in_training",),
)
