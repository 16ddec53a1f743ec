"""What dropout adds to the loss of a feature's own output, and its force on the fourth norm.

A mask D_h is 0 with the probability r_d, else 1/(1 - r_d); output i for input i is
sum_h D_h W_ih^2, which is never negative, so that the rectifier does not matter.
"""

from functools import partial

import sympy as sp

from ..noise.exact import BOTH_SIDES
from ..noise.outputs import moment, summed
from ..proof import Definition, Formula, Step, derived, of
from ..proof import symbols as s

_NOTES = "paper_notes/dropout.md"
formula = partial(Formula, source=_NOTES)
_V, _Q, _F, _H = s.dropout_noise, s.row_norm2, s.fourth_norm, s.sixth_norm
_RATE, _W, _U = s.dropout_rate, s.w, s.overlap
_SHAPE = (_F**2 <= _Q * _H,)

MASK = Definition(
    name="mask_cumulants",
    expression=sp.log(_RATE + (1 - _RATE) * sp.exp(s.tilt / (1 - _RATE))),
    meaning="The cumulant generating function of the mask of a neuron: 0, or 1/(1 - r_d).",
    source=_NOTES,
)

dropout_variance = formula(
    name="dropout_variance",
    expression=_RATE / (1 - _RATE),
    arguments=(_RATE,),
    meaning="The variance of the mask of dropout, whose mean is 1.",
    example=">>> theory.dropout_variance(0.5)\n1.0",
    regime=(_RATE < 1,),
    letter=_V,
)
DROPOUT_VARIANCE = derived(
    dropout_variance,
    "The mask of a neuron, 0 with probability r_d and else 1/(1 - r_d), has mean 1 and the "
    "variance v_d = {formula}; without the division by 1 - r_d, this is the variance over the "
    "squared mean.",
    Step(
        name="second cumulant",
        left=of(MASK, build=lambda generator: moment(generator, 2)),
        right=sp.Mul(_RATE * (1 - _RATE), (1 - _RATE) ** -2, evaluate=False),
        reason="the second derivative at 0 is the variance: that of a chance 1 - r_d, which is "
        "r_d (1 - r_d), times the square of the size 1/(1 - r_d)",
        ranges={_RATE: (0, 0.9)},
    ),
    Step(name="cancel", reason="1 - r_d cancels", ranges={_RATE: (0, 0.9)}),
)


def _own(mask: sp.Expr, order: int) -> sp.Expr:
    """A cumulant of a feature's own output, sum_h D_h W_h^2, whose masks are independent."""
    return summed(moment(mask, order) * _W ** (2 * order))


own_output_error = formula(
    name="own_output_error",
    expression=(1 - _Q) ** 2 + _V * _F,
    arguments=(_V, _Q, _F),
    meaning="The mean squared error of a feature's own output under dropout.",
    example=">>> theory.own_output_error(1.0, 1.0, 0.5)\n0.5",
    unit="summed loss",
)
OWN_OUTPUT_ERROR = derived(
    own_output_error,
    "Averaged over all masks, a feature's own output has the squared error {formula}: dropout "
    "charges the fourth norm F of the row, q = |W_i|^2.",
    Step(
        name="mean and variance",
        left=of(MASK, build=lambda mask: (_own(mask, 1) - 1) ** 2 + _own(mask, 2)),
        right=(1 - _Q) ** 2 + _RATE / (1 - _RATE) * _F,
        reason="E (Z - 1)^2 = (E Z - 1)^2 + Var Z; the mean of Z is q",
        ranges={_RATE: (0, 0.9)},
    ),
    Step(
        name="variance of a mask",
        reason="v_d = r_d/(1 - r_d)",
        given={_V: of(DROPOUT_VARIANCE)},
        ranges={_RATE: (0, 0.9)},
    ),
)

dropout_force = formula(
    name="dropout_force",
    expression=(1 - _Q) * _W - _V * _W**3 - s.lam,
    arguments=(_W, _Q, _V, s.lam),
    meaning="The velocity of a weight w > 0 of a lone row under dropout and l1.",
    example=">>> theory.dropout_force(0.5, 0.5, 1.0, 0.0)\n0.125",
    unit="weight per flow time",
)
DROPOUT_FORCE = derived(
    dropout_force,
    "A weight w > 0 of a row that overlaps with no other moves by {formula} under dropout and l1, "
    "q = |W_i|^2: dropout pulls on each weight by its cube.",
    Step(
        name="chain rule",
        left=of(
            OWN_OUTPUT_ERROR,
            build=lambda error: (
                -(sp.diff(error, _Q) * sp.diff(_W**2, _W) + sp.diff(error, _F) * sp.diff(_W**4, _W))
                / 4
                - s.lam
            ),
        ),
        right=sp.Add(-_W * (_Q - 1), -_V * _W**3, -s.lam, evaluate=False),
        reason="a quarter of the slope of the error (1 - q)^2 + v F, downhill; a weight enters q "
        "by w^2 and F by w^4, and l1 adds 4 lambda w to the loss",
    ),
    Step(name="sign", reason="-(q - 1) = 1 - q"),
)

concentration_rate = formula(
    name="concentration_rate",
    expression=-4 * _V * (_Q * _H - _F**2) / _Q**3,
    arguments=(_V, _Q, _F, _H),
    meaning="The rate of F/q^2 of a lone row under dropout without l1, H the sum of the sixth "
    "powers.",
    example=">>> theory.concentration_rate(1.0, 1.0, 0.5, 0.5)\n-1.0",
    regime=_SHAPE,
    unit="per flow time",
)


def _concentration(force: sp.Expr) -> sp.Expr:
    """The rate of F/q^2 as each weight of a row moves by a force."""
    free = force.subs(s.lam, 0)
    along, fourth = summed(_W * free), summed(_W**3 * free)
    return 4 * fourth / _Q**2 - 2 * _F * 2 * along / _Q**3


CONCENTRATION_RATE = derived(
    concentration_rate,
    "Under dropout without l1 the concentration F/q^2 of a lone row changes at the rate {formula}, "
    "H = sum_k W_ik^6.",
    Step(
        name="each weight moves",
        left=of(DROPOUT_FORCE, build=_concentration),
        reason="q changes at 2 sum w w', F at 4 sum w^3 w'; the feature benefit keeps F/q^2",
    ),
)

DROPOUT_SPREADS = derived(
    "dropout_spreads",
    "Dropout without l1 spreads a lone row: F/q^2 falls until all weights that are not 0 have the "
    "same size, then it stays.",
    page=_NOTES,
    prose="By the Cauchy-Schwarz inequality F^2 <= q H, with equality only if w^3 is in proportion "
    "to w over the row, that is, if all weights that are not 0 have the same size.",
    by=(CONCENTRATION_RATE,),
)

DROPOUT_OTHERS = derived(
    "dropout_other_outputs",
    "Averaged over all masks, the squared output of another feature lies between ReLU(u)^2 and "
    "ReLU(u)^2 + v_d sum_h W_ih^2 W_kh^2, with the overlap u: dropout adds no cost where no "
    "product of two weights is positive.",
    page=_NOTES,
    prose="ReLU(x)^2 is convex, and the mean of the output before the rectifier is u: Jensen's "
    "inequality gives the lower bound. For u > 0, ReLU(u + z)^2 <= (u + z)^2; for u <= 0, "
    "ReLU(u + z)^2 <= z^2; the variance of z is v_d times the sum of the squared products. Where no"
    " product is positive, no mask gives a positive output.",
    by=(DROPOUT_VARIANCE,),
)

even_spread_ratio = formula(
    name="even_spread_ratio",
    expression=(s.n + 1) / (2 * s.m),
    arguments=(s.n, s.m),
    meaning="What dropout adds to the loss of orthogonal unit rows with weights of one size, over "
    "what it adds for rows of one weight on neurons of their own.",
    example=">>> theory.even_spread_ratio(3, 4)\n0.5",
    regime=(s.n <= s.m,),
    where="rows of a Hadamard matrix: weights of one size, overlaps 0, and the products of two "
    "rows as often positive as negative",
)
EVEN_SPREAD = derived(
    even_spread_ratio,
    "For n orthogonal unit rows with all weights of the size 1/sqrt(m), dropout adds {formula} "
    "times what it adds for rows of one weight each: with n + 1 < 2 m, as for n <= m with m > 1, "
    "spread rows are cheaper.",
    Step(
        name="own and other outputs",
        left=of(
            OWN_OUTPUT_ERROR,
            BOTH_SIDES,
            build=lambda own, both: (
                (
                    s.n * own.subs({_Q: 1, _F: 1 / s.m})
                    + s.n * (s.n - 1) * both.subs(_U, sp.sqrt(_V / s.m)) / 2
                )
                / (s.n * own.subs({_Q: 1, _F: 1}))
            ),
        ),
        reason="F is 1/m; an output of overlap 0 has the variance v_d/m, and a law that is "
        "symmetric about 0, of which the rectifier passes half",
        ranges={_V: (0.1, 2)},
    ),
)
