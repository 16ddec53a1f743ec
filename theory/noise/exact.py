"""Exact results for symmetric noise: identities, the best row, the own output, pairs."""

from functools import partial

import sympy as sp

from ..proof import Definition, Formula, Step, below, density, derived, of, turning_point
from ..proof import symbols as s
from .outputs import OVERLAP_NOISE_VARIANCE, RECTIFIED_SQUARE

formula = partial(Formula, source="paper_notes/noise.md")
_Q, _D, _Z = s.row_norm2, s.depth, s.draw


def _mirrored(relu: sp.Expr, overlap: sp.Expr, target: int = 0) -> sp.Expr:
    """The squared error of an output, averaged over a draw and its negative."""
    outputs = (relu.subs(s.overlap, overlap + draw) for draw in (_Z, -_Z))
    return sp.Add(*((output - target) ** 2 for output in outputs)) / 2


RECTIFIER = Definition(
    name="rectifier",
    expression=sp.Max(0, s.overlap),
    meaning="The rectifier, of an overlap or of an overlap with noise.",
    source="Lecomte et al. 2023, Setup",
)

mirrored_square_below = formula(
    name="mirrored_square_below",
    expression=sp.Max(0, _Z - _D) ** 2 / 2,
    arguments=(_D, _Z),
    meaning="The squared output at overlap -d <= 0, averaged over the two signs of a draw.",
    example=">>> theory.mirrored_square_below(depth=0.5, draw=1.5)\n0.5",
    unit="output squared",
)
MIRRORED_BELOW = derived(
    mirrored_square_below,
    "For symmetric noise and u <= 0, exactly E ReLU(u+Z)^2 = E (|Z| - |u|)_+^2 / 2.",
    Step(
        name="both signs",
        left=of(RECTIFIER, build=lambda relu: _mirrored(relu, -_D)),
        reason="a symmetric law is the mean over z and -z; only z > d passes",
    ),
)


mirrored_square_above = formula(
    name="mirrored_square_above",
    expression=_D**2 + _Z**2 - sp.Max(0, _Z - _D) ** 2 / 2,
    arguments=(_D, _Z),
    meaning="The squared output at overlap d >= 0, averaged over the two signs of a draw.",
    example=">>> theory.mirrored_square_above(depth=0.5, draw=1.5)\n2.0",
    unit="output squared",
)
MIRRORED_ABOVE = derived(
    mirrored_square_above,
    "For symmetric noise and u >= 0, exactly E ReLU(u+Z)^2 = u^2 + s^2 - E (|Z| - u)_+^2 / 2.",
    Step(
        name="draw above the overlap",
        left=of(RECTIFIER, build=lambda relu: _mirrored(relu, _D)),
        right=mirrored_square_above,
        reason="only u + z passes",
        assumptions=(_Z > _D,),
    ),
    Step(
        name="draw below the overlap",
        left=of(RECTIFIER, build=lambda relu: _mirrored(relu, _D)),
        reason="both u + z and u - z pass",
        assumptions=(_Z < _D,),
    ),
)

mirrored_square_within = formula(
    name="mirrored_square_within",
    expression=(_D**2 + _Z**2) / 2 - _D * _Z,
    arguments=(_D, _Z),
    meaning="The squared output at overlap -d, over both signs of a draw no smaller than d.",
    example=">>> theory.mirrored_square_within(depth=0.5, draw=1.5)\n0.5",
    regime=(_D <= _Z,),
    unit="output squared",
)
MIRRORED_WITHIN = derived(
    mirrored_square_within,
    "Where |u| never exceeds |Z|, E ReLU(u+Z)^2 = (u^2 + s^2)/2 + u E|Z|: at u = 0 there is no "
    "kurtosis force, and every overlap is pushed down at rate E|Z|.",
    Step(
        name="no cut",
        left=of(MIRRORED_BELOW),
        reason="the draw exceeds the overlap",
        assumptions=(_Z > _D,),
    ),
    prose="For u > 0 the same polynomial follows from the claim for u >= 0. For bipolar "
    "noise Khintchine's inequality puts E|Z| between s/sqrt 2 and s.",
    by=(MIRRORED_ABOVE,),
)

rectified_curvature = formula(
    name="rectified_curvature",
    expression=_D / (4 * _Z ** sp.Rational(3, 2)),
    arguments=(_D, _Z),
    meaning="The second derivative of (sqrt(y) - d)^2 / 2 in y: positive, so y gains by spread.",
    example=">>> theory.rectified_curvature(depth=1.0, draw=1.0)\n0.25",
    unit="per output squared",
)
RECTIFIED_CURVATURE = derived(
    rectified_curvature,
    "As a function of Z^2 the squared output at u <= 0 is convex.",
    Step(
        name="second derivative",
        left=of(
            MIRRORED_WITHIN,
            build=lambda square: sp.Derivative(square.subs(_Z, sp.sqrt(_Z)), (_Z, 2)),
        ),
        reason="with y = z^2 in place of z",
    ),
    prose="Above y = d^2 the second derivative is positive; below it the function is 0, "
    "and the slope is continuous at y = d^2.",
)

rectified_square_bound = formula(
    name="rectified_square_bound",
    expression=sp.Max(0, s.row_noise - _D) ** 2 / 2,
    arguments=(_D, s.row_noise),
    meaning="The least mean squared output at overlap -d over all symmetric noise of size s.",
    example=">>> theory.rectified_square_bound(depth=0.5, row_noise=1.5)\n0.5",
    error="exact (a lower bound; met by bipolar noise on a row with one weight)",
    unit="output squared",
)
RECTIFIED_BOUND = derived(
    rectified_square_bound,
    "For u < 0 and any symmetric noise, E ReLU(u+Z)^2 >= (s - |u|)_+^2 / 2, with equality "
    "iff |Z| = s, or |Z| <= |u|, almost surely: at given norms a row with one weight under "
    "bipolar noise is optimal.",
    Step(
        name="constant size",
        left=of(MIRRORED_BELOW, build=lambda square: square.subs(_Z, s.row_noise)),
        reason="the value at |Z| = s",
    ),
    prose="Jensen's inequality for the convex function of Z^2, whose mean is s^2. |Z| = s "
    "for independent entries only if all but one weight vanish and that entry is bipolar.",
    by=(RECTIFIED_CURVATURE,),
)

diagonal_loss = formula(
    name="diagonal_loss",
    expression=(1 - _Q) ** 2 + s.sigma**2 * _Q,
    arguments=(s.sigma, _Q),
    meaning="The mean squared error of a feature's own output, where its noise never clips.",
    example=">>> theory.diagonal_loss(sigma=0.5, row_norm2=1.0)\n0.25",
    error="exact where |Z_j| <= q, so for bipolar noise where sigma |W_j|_1 <= q",
    unit="summed loss",
)
DIAGONAL_LOSS = derived(
    diagonal_loss,
    "A feature's own output errs by {formula} where |Z| <= q surely.",
    Step(
        name="both signs",
        left=of(RECTIFIER, build=lambda relu: _mirrored(relu, _Q, 1)),
        right=(1 - _Q) ** 2 + _Z**2,
        reason="no cut: the draw is smaller than q",
        assumptions=(_Z < _Q,),
    ),
    Step(
        name="mean of the squared draw",
        left=of(OVERLAP_NOISE_VARIANCE, build=lambda variance: (1 - _Q) ** 2 + variance),
        reason="E Z^2 = sigma^2 q",
    ),
)

diagonal_norm2 = formula(
    name="diagonal_norm2",
    expression=1 - s.sigma**2 / 2,
    arguments=(s.sigma,),
    meaning="The squared norm of a row that makes its own output's error least.",
    example=">>> theory.diagonal_norm2(sigma=0.5)\n0.875",
    regime=(s.sigma < sp.sqrt(2),),
    error="exact where the noise never clips",
    unit="weight squared",
)
DIAGONAL_NORM2 = derived(
    diagonal_norm2,
    "The own output is best at q = {formula}.",
    Step(
        name="minimise",
        left=of(DIAGONAL_LOSS, build=lambda loss: turning_point(loss, _Q, -1, 2)),
        reason="the loss is a parabola in q",
        ranges={s.sigma: (0, 1)},
    ),
)

diagonal_loss_least = formula(
    name="diagonal_loss_least",
    expression=s.sigma**2 - s.sigma**4 / 4,
    arguments=(s.sigma,),
    meaning="The least mean squared error of a feature's own output.",
    example=">>> theory.diagonal_loss_least(sigma=0.5)\n0.234375",
    regime=(s.sigma < sp.sqrt(2),),
    error="exact where the noise never clips",
    unit="summed loss",
)
DIAGONAL_LOSS_LEAST = derived(
    diagonal_loss_least,
    "The least error of the own output is {formula}.",
    Step(
        name="insert",
        left=of(DIAGONAL_LOSS, DIAGONAL_NORM2, build=lambda loss, q: loss.subs(_Q, q)),
        reason="the loss at the best norm",
        ranges={s.sigma: (0, 1)},
    ),
)


def _saved(square: sp.Expr, letter: sp.Symbol, end: int) -> sp.Expr:
    """What two outputs save as a letter goes from 0 to its end."""
    return 2 * (square.subs(letter, 0) - square.subs(letter, end))


antipodal_gain = formula(
    name="antipodal_gain",
    expression=s.sigma**2,
    arguments=(s.sigma,),
    meaning="What two unit rows gain by turning from right angles to opposite, bounded noise.",
    example=">>> theory.antipodal_gain(sigma=0.5)\n0.25",
    regime=(s.sigma <= 1,),
    error="exact for bipolar noise on rows with one weight",
    unit="summed loss",
)
ANTIPODAL_GAIN = derived(
    antipodal_gain,
    "Two unit rows with one weight each gain {formula} by sharing a neuron with opposite signs, "
    "compared with right angles, under bipolar noise with sigma <= 1.",
    Step(
        name="from 0 to -1",
        left=of(MIRRORED_BELOW, build=lambda square: _saved(square.subs(_Z, s.sigma), _D, 1)),
        reason="two outputs, each of them with |Z| = sigma",
        assumptions=(s.sigma < 1,),
    ),
)

antipodal_gain_gaussian = formula(
    name="antipodal_gain_gaussian",
    expression=s.sigma**2
    - 2 * (1 + s.sigma**2) * below(-1 / s.sigma)
    + 2 * s.sigma * density(1 / s.sigma),
    arguments=(s.sigma,),
    meaning="What two unit rows gain by turning from right angles to opposite, Gaussian noise.",
    example=">>> round(theory.antipodal_gain_gaussian(sigma=0.2), 13)\n0.0399999984525",
    unit="summed loss",
)
ANTIPODAL_GAIN_GAUSSIAN = derived(
    antipodal_gain_gaussian,
    "Under Gaussian noise two unit rows gain sigma^2 - 2 sigma^2 G(-1/sigma) by turning from "
    "right angles to opposite, s^2 G(u/s) the mean squared output.",
    Step(
        name="from 0 to -1",
        left=of(
            RECTIFIED_SQUARE,
            build=lambda square: _saved(square.subs(s.row_noise, s.sigma), s.overlap, -1),
        ),
        reason="two outputs",
    ),
)
