"""Rows of equal weights under dropout and l1: states at rest, their stability and their price."""

from functools import partial

import sympy as sp

from ..model import LOSS, W, at, relu
from ..proof import Definition, Formula, Root, Step, Taylor, derived, of
from ..proof import symbols as s
from ..row.stationary import FOLD, STATIONARY_WEIGHT
from .own_output import DROPOUT_FORCE, OWN_OUTPUT_ERROR

_NOTES = "paper_notes/dropout.md"
formula = partial(Formula, source=_NOTES)
_DELTA = sp.KroneckerDelta
_V, _Q, _F, _W, _K = s.dropout_noise, s.row_norm2, s.fourth_norm, s.w, s.equal_weights


def _stiffness() -> sp.Expr:
    """k + v, by which the law of a row of equal weights differs from that of one weight."""
    return _K + _V


equal_row_loss = formula(
    name="equal_row_loss",
    expression=(1 - _K * _W**2) ** 2 + _V * _K * _W**4 + 4 * s.lam * _K * _W,
    arguments=(_W, _K, _V, s.lam),
    meaning="The loss of a lone row of k equal weights under dropout and l1.",
    example=">>> theory.equal_row_loss(1, 1, 0.5, 0.25)\n1.5",
    unit="summed loss",
)
EQUAL_ROW_LOSS = derived(
    equal_row_loss,
    "A lone row of k_w weights of the size w costs {formula} under dropout and l1.",
    Step(
        name="norms of the row",
        left=of(
            OWN_OUTPUT_ERROR,
            LOSS,
            build=lambda error, loss: (
                error.subs({_Q: _K * _W**2, _F: _K * _W**4})
                + _K * sp.Derivative(at(loss, [[_W]]), s.lam_code) * 4 * s.lam
            ),
        ),
        reason="q = k w^2, F = k w^4; l1 charges each weight",
    ),
)

equal_row_lam = formula(
    name="equal_row_lam",
    expression=_W * (1 - _stiffness() * _W**2),
    arguments=(_W, _K, _V),
    meaning="The lambda at which a lone row of k equal weights w is at rest under dropout.",
    example=">>> theory.equal_row_lam(0.5, 2, 1)\n0.125",
    regime=(_stiffness() * _W**2 <= 1,),
    letter=s.lam,
    unit="flow",
)
EQUAL_ROW_LAM = derived(
    equal_row_lam,
    "A lone row of k_w weights of the size w is at rest under dropout where lambda = {formula}.",
    Step(
        name="force at rest",
        left=of(DROPOUT_FORCE, build=lambda f: f.subs({_Q: _K * _W**2, s.lam: 0})),
        reason="lambda that balances the other forces, q = k w^2",
    ),
)

scaled_rest = formula(
    name="scaled_rest",
    expression=(1 - _W**2) * _W,
    arguments=(_W,),
    meaning="lambda sqrt(k + v) at which w is the scaled weight, the weight times sqrt(k + v).",
    example=">>> theory.scaled_rest(0.5)\n0.375",
    regime=(_W <= 1,),
    unit="flow",
)
SCALED_REST = derived(
    scaled_rest,
    "Scaled by sqrt(k_w + v_d), the weight and lambda of a row of equal weights follow the law of "
    "one weight without dropout: {formula} = lambda sqrt(k_w + v_d) for the scaled weight w.",
    Step(
        name="scale",
        left=of(
            EQUAL_ROW_LAM,
            build=lambda lam: sp.Subs(lam, _W, _W / sp.sqrt(_stiffness())) * sp.sqrt(_stiffness()),
        ),
        right=_W - _W**3,
        reason="insert the scaled weight",
    ),
    Step(name="same law", reason="take out a factor w"),
)

equal_row_fold = formula(
    name="equal_row_fold",
    expression=2 / (3 * sp.sqrt(3 * _stiffness())),
    arguments=(_K, _V),
    meaning="The largest lambda at which a lone row of k equal weights is at rest under dropout.",
    example=">>> round(theory.equal_row_fold(1, 0), 6)\n0.3849",
    unit="flow",
)
EQUAL_ROW_FOLD = derived(
    equal_row_fold,
    "A lone row of k_w equal weights can be at rest under dropout only for lambda <= {formula}.",
    Step(
        name="scale back",
        left=of(
            FOLD,
            SCALED_REST,
            STATIONARY_WEIGHT,
            build=lambda fold, scaled, plain: fold * scaled / plain / sp.sqrt(_stiffness()),
        ),
        reason="scaled_rest is the law of one weight, so the scaled lambda has its fold, which is "
        "2/(3 sqrt(3)); divide by sqrt(k + v)",
    ),
)

rest_norm2 = formula(
    name="rest_norm2",
    expression=1 - _V * _W**2 - s.lam / _W,
    arguments=(_W, _V, s.lam),
    meaning="The squared norm of a lone row in which a weight w is at rest under dropout and l1.",
    example=">>> theory.rest_norm2(1, 0.5, 0.25)\n0.25",
    letter=_Q,
    unit="weight squared",
)
REST_NORM2 = derived(
    rest_norm2,
    "Where a weight w of a lone row is at rest under dropout and l1, the squared norm of the row "
    "is {formula}.",
    Step(
        name="no force",
        left=of(DROPOUT_FORCE, build=lambda force: _Q + force / _W),
        reason="the force w (1 - q) - v w^3 - lambda is 0 at rest; divided by w, it is 1 - v w^2 - "
        "lambda/w less q",
    ),
)

equal_difference_rate = formula(
    name="equal_difference_rate",
    expression=s.lam / _W - 2 * _V * _W**2,
    arguments=(_W, _V, s.lam),
    meaning="The rate at which a small difference of two equal weights of a row at rest grows.",
    example=">>> theory.equal_difference_rate(0.5, 1, 0.5)\n0.5",
    unit="per flow time",
)
DIFFERENCE_RATE = derived(
    equal_difference_rate,
    "A small difference of two equal weights w of a lone row at rest grows at the rate {formula}: "
    "l1 drives them apart, and dropout makes them equal.",
    Step(
        name="slope of the force",
        left=of(DROPOUT_FORCE, build=lambda force: sp.Derivative(force, _W)),
        right=1 - _Q - 3 * _V * _W**2,
        reason="a difference leaves the squared norm as it is, to first order",
    ),
    Step(name="at rest", reason="1 - q = v w^2 + lambda/w", given={_Q: of(REST_NORM2)}),
)

spread_margin = formula(
    name="spread_margin",
    expression=1 - (_K + 3 * _V) * _W**2,
    arguments=(_W, _K, _V),
    meaning="The growth rate of a difference between k equal weights w at rest.",
    example=">>> theory.spread_margin(0.5, 1, 1)\n0.0",
    regime=(_stiffness() * _W**2 <= 1,),
    unit="per flow time",
)
SPREAD_MARGIN = derived(
    spread_margin,
    "Differences between k_w >= 2 equal weights w of a lone row at rest grow at the rate "
    "{formula}.",
    Step(
        name="lambda at rest",
        left=of(DIFFERENCE_RATE),
        right=sp.Add(1, -_stiffness() * _W**2, -2 * _V * _W**2, evaluate=False),
        reason="lambda/w = 1 - (k + v) w^2",
        given={s.lam: of(EQUAL_ROW_LAM)},
        ranges={_W: (0.1, 0.4), _K: (1, 4), _V: (0, 2)},
    ),
    Step(name="add", reason="v w^2 + 2 v w^2 = 3 v w^2"),
)

spread_lam = formula(
    name="spread_lam",
    expression=2 * _V * (_K + 3 * _V) ** sp.Rational(-3, 2),
    arguments=(_K, _V),
    meaning="The lambda up to which k >= 2 equal weights of a lone row are stable under dropout.",
    example=">>> theory.spread_lam(1, 1)\n0.25",
    letter=s.lam,
    unit="flow",
)
SPREAD_LAM = derived(
    spread_lam,
    "k_w >= 2 equal weights of a lone row are stable under dropout only for lambda <= {formula}; "
    "above it l1 removes some of them.",
    Step(
        name="no growth",
        left=of(
            EQUAL_ROW_LAM,
            SPREAD_MARGIN,
            build=lambda lam, margin: sp.Subs(lam, _W, _W / sp.sqrt(1 - margin)),
        ),
        right=sp.Mul(1 / sp.sqrt(_K + 3 * _V), 1 - _stiffness() / (_K + 3 * _V), evaluate=False),
        reason="the growth rate is 0 at w^2 = 1/(k + 3 v), where lambda = w (1 - (k + v) w^2) is "
        "this; a larger weight makes the rate negative, and belongs to a smaller lambda",
    ),
    Step(name="subtract", reason="k + 3 v less k + v is 2 v"),
)

spread_count = formula(
    name="spread_count",
    expression=(2 * _V / s.lam) ** sp.Rational(2, 3) - 3 * _V,
    arguments=(_V, s.lam),
    meaning="The number of equal weights of a lone row up to which dropout keeps them equal "
    "against l1.",
    example=">>> round(theory.spread_count(0.02, 0.02), 4)\n1.5274",
    regime=(s.lam > 0,),
)
SPREAD_COUNT = derived(
    spread_count,
    "Dropout keeps at most {formula} equal weights of a lone row against l1, if this is at least "
    "2; else l1 leaves one.",
    Step(
        name="solve for the count",
        left=of(
            SPREAD_LAM,
            build=lambda lam: Root(
                (lam / s.lam) ** sp.Rational(-2, 3) - 1, _K, -3 * _V, 1 + 2 * _V / s.lam
            ),
        ),
        reason="k + 3 v is in proportion to lambda^(-2/3)",
        ranges={_V: (0.01, 2), s.lam: (0.01, 0.3)},
    ),
)

cheapest_lam = formula(
    name="cheapest_lam",
    expression=sp.sqrt(2) * _V * (2 * _K + 3 * _V) ** sp.Rational(-3, 2),
    arguments=(_K, _V),
    meaning="The lambda at which k equal weights are the cheapest number for a lone row, k taken "
    "as continuous.",
    example=">>> round(theory.cheapest_lam(0.5, 1), 6)\n0.176777",
    unit="flow",
)
count_slope = formula(
    name="count_slope",
    expression=2 * _W**2 - (2 * _K + 3 * _V) * _W**4,
    arguments=(_W, _K, _V),
    meaning="The slope of the loss of a row of k equal weights at rest in their number k.",
    example=">>> theory.count_slope(1, 1, 0)\n0.0",
    regime=(_stiffness() * _W**2 <= 1,),
    unit="summed loss",
)
COUNT_SLOPE = derived(
    count_slope,
    "The loss of a lone row of k_w equal weights at rest has the slope {formula} in their number.",
    Step(
        name="lambda at rest",
        left=of(EQUAL_ROW_LOSS, build=lambda loss: sp.Derivative(loss, _K)),
        right=4 * _W**2 * (1 - _stiffness() * _W**2) + _V * _W**4 - 2 * _W**2 * (1 - _K * _W**2),
        reason="at rest the loss does not change with w to first order; insert lambda",
        given={s.lam: of(EQUAL_ROW_LAM)},
        ranges={_W: (0.1, 0.4), _K: (1, 4), _V: (0, 2)},
    ),
    Step(name="collect", reason="4 - 2 in w^2, and -4 (k + v) + v + 2 k in w^4"),
)
CHEAPEST_LAM = derived(
    cheapest_lam,
    "Of all numbers of equal weights, k_w is the cheapest for a lone row at lambda = {formula}, "
    "k_w taken as continuous.",
    Step(
        name="level",
        left=of(
            EQUAL_ROW_LAM,
            COUNT_SLOPE,
            build=lambda lam, slope: sp.Subs(
                lam, _W, sp.sqrt(2 / sp.cancel((2 * _W**2 - slope) / _W**4))
            ),
        ),
        right=sp.Mul(
            sp.sqrt(2 / (2 * _K + 3 * _V)),
            1 - 2 * _stiffness() / (2 * _K + 3 * _V),
            evaluate=False,
        ),
        reason="the slope in the number is 0 at w^2 = 2/(2 k + 3 v), where lambda = w (1 - (k + v) "
        "w^2) is this",
    ),
    Step(name="subtract", reason="2 k + 3 v less 2 (k + v) is v"),
)


def _inverse(lam: sp.Expr) -> sp.Expr:
    """The variance at which two weights become stable, to second order in lambda, by Newton."""
    found = sp.Integer(0)
    for order in (1, 2):
        excess = s.lam - lam.subs({_K: 2, _V: found})
        step = Taylor(sp.sqrt(2) * excess, s.lam, order)
        found += step if order == 2 else step.doit()
    return found


two_weights_noise = formula(
    name="two_weights_noise",
    expression=sp.sqrt(2) * s.lam + sp.Rational(9, 2) * s.lam**2,
    arguments=(s.lam,),
    meaning="The variance of the mask from which on dropout keeps two weights of a lone row "
    "against l1.",
    example=">>> round(theory.two_weights_noise(0.01), 6)\n0.014592",
    error="O(lambda^3)",
)
TWO_WEIGHTS = derived(
    two_weights_noise,
    "Dropout keeps two weights of a lone row against l1 from the variance v_d = {formula} + "
    "O(lambda^3) on: below it l1 makes every row monosemantic, and dropout has no effect on the "
    "number of weights at the end.",
    Step(
        name="solve for the variance",
        left=of(SPREAD_LAM, build=_inverse),
        reason="the largest lambda for two weights is v/sqrt(2) to first order, so that a Newton "
        "step adds sqrt(2) times what lambda lacks; the second one adds 9 lambda^2/2",
    ),
)

ONE_NEURON = Definition(
    name="one_neuron_with_dropout",
    expression=sp.Sum(
        (relu((1 + _V) * W[s.p, 1] * W[s.q, 1]) - _DELTA(s.p, s.q)) ** 2 + _V * _DELTA(s.p, s.q),
        (s.p, 1, s.n),
        (s.q, 1, s.n),
    )
    / (1 + _V),
    meaning="The mean error of n features on one neuron, which dropout keeps with the probability "
    "1/(1 + v_d), multiplied by 1 + v_d, or silences.",
    source=_NOTES,
)

dropout_pair_error = formula(
    name="dropout_pair_error",
    expression=2 * (1 - _W**2) ** 2 + 2 * _V * _W**4,
    arguments=(_W, _V),
    meaning="The mean error of an antipodal pair (w, -w) under dropout.",
    example=">>> theory.dropout_pair_error(1, 0.5)\n1.0",
    unit="summed loss",
)
DROPOUT_PAIR = derived(
    dropout_pair_error,
    "Under dropout an antipodal pair costs {formula} without l1, as much as two features on "
    "neurons of their own: dropout puts no price on a polysemantic neuron.",
    Step(
        name="both masks",
        left=of(ONE_NEURON, build=lambda error: at(error, [[_W], [-_W]])),
        right=2 * (1 - 2 * _W**2 + (1 + _V) * _W**4),
        reason="the output of the other feature is never positive",
    ),
    Step(name="mean and variance", reason="E D^2 = 1 + v_d for the mask D, whose mean is 1"),
)
