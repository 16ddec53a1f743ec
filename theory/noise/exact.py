"""Exact results for symmetric noise: identities, the best row, the own output, pairs."""

from functools import partial

import sympy as sp

from ..proof import Definition, Formula, Root, Step, below, density, derived, of, turning_point
from ..proof import symbols as s
from .outputs import OVERLAP_NOISE_VARIANCE, RECTIFIED_SQUARE

formula = partial(Formula, source="paper_notes/noise.md")
_Q, _D, _Z = s.row_norm2, s.depth, s.draw


def _mirrored(relu: sp.Expr, overlap: sp.Expr, target: int = 0) -> sp.Expr:
    """The squared error of an output, averaged over a draw and its negative."""
    outputs = (sp.Subs(relu, s.overlap, overlap + draw) for draw in (_Z, -_Z))
    return sp.Add(*((output - target) ** 2 for output in outputs)) / 2


def _gate(x: sp.Expr) -> sp.Expr:
    """max(x, 0), also where the sign of x is known."""
    return sp.Max(0, x, evaluate=False)


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
    "At overlap -d <= 0 the squared output, averaged over a draw z and its negative, is {formula}: "
    "for symmetric noise and u <= 0, exactly E ReLU(u+Z)^2 = E (|Z| - |u|)_+^2 / 2.",
    Step(
        name="both signs",
        left=of(RECTIFIER, build=lambda relu: _mirrored(relu, -_D)),
        right=_gate(_Z - _D) ** 2 / 2 + _gate(-_Z - _D) ** 2 / 2,
        reason="a symmetric law is the mean over a draw z and its negative",
    ),
    Step(name="one gate stays shut", reason="-d - z is never positive; only z > d passes"),
)

both_sides_square = formula(
    name="both_sides_square",
    expression=s.overlap**2,
    arguments=(s.overlap,),
    meaning="The squared rectified overlap and that of its negative, added.",
    example=">>> theory.both_sides_square(overlap=-3.0)\n9.0",
    unit="output squared",
)
BOTH_SIDES = derived(
    both_sides_square,
    "An overlap x passes the rectifier, or -x does: ReLU(x)^2 + ReLU(-x)^2 = {formula} at x = u.",
    Step(
        name="rectifier by the absolute value",
        left=of(
            RECTIFIER,
            build=lambda relu: sp.Add(
                *(relu.subs(s.overlap, x).rewrite(sp.Abs) ** 2 for x in (s.overlap, -s.overlap))
            ),
        ),
        reason="ReLU(x) = (x + |x|)/2",
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
    "At overlap d >= 0 the squared output, averaged over a draw z and its negative, is {formula}: "
    "for symmetric noise and u >= 0, exactly E ReLU(u+Z)^2 = u^2 + s^2 - E (|Z| - u)_+^2 / 2.",
    Step(
        name="less the outputs at -d",
        left=of(
            BOTH_SIDES,
            MIRRORED_BELOW,
            build=lambda both, below: (
                sp.Add(*(both.subs(s.overlap, _D + draw) for draw in (_Z, -_Z))) / 2 - below
            ),
        ),
        reason="ReLU(d + z)^2 = (d + z)^2 - ReLU(-d - z)^2 for both signs of z",
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
    "At overlap -d and a draw z >= d that average is {formula}: where |u| never exceeds |Z|, E "
    "ReLU(u+Z)^2 = (u^2 + s^2)/2 + u E|Z|. So at u = 0 there is no kurtosis force, and every "
    "overlap is pushed down at rate E|Z|.",
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
    expression=_D / (4 * _Z**3),
    arguments=(_D, _Z),
    meaning="The second derivative of the squared output at overlap -d by the squared draw z^2.",
    example=">>> theory.rectified_curvature(depth=1.0, draw=2.0)\n0.03125",
    regime=(_D <= _Z,),
    unit="per output squared",
)
RECTIFIED_CURVATURE = derived(
    rectified_curvature,
    "At overlap -d the squared output has, by y = z^2, the second derivative {formula} where z >= "
    "d; for smaller z it is 0. So it is convex in z^2.",
    Step(
        name="second derivative",
        left=of(
            MIRRORED_WITHIN,
            build=lambda square: sp.Derivative(sp.Derivative(square, _Z) / (2 * _Z), _Z) / (2 * _Z),
        ),
        right=sp.Derivative((_Z - _D) / (2 * _Z), _Z) / (2 * _Z),
        reason="y = z^2, so d/dy = (d/dz)/(2 z); the square is (z - d)^2/2",
    ),
    Step(name="once more", reason="the slope 1/2 - d/(2 z) has the derivative d/(2 z^2)"),
    prose="Above y = d^2 the second derivative is not negative; below it the function is 0, "
    "and the slope is continuous at y = d^2.",
)

rectified_square_bound = formula(
    name="rectified_square_bound",
    expression=sp.Max(0, s.row_noise - _D) ** 2 / 2,
    arguments=(_D, s.row_noise),
    meaning="The least mean squared output at overlap -d over all symmetric noise of size s.",
    example=">>> theory.rectified_square_bound(depth=0.5, row_noise=1.5)\n0.5",
    unit="output squared",
)
RECTIFIED_BOUND = derived(
    rectified_square_bound,
    "At overlap -d <= 0 the least mean squared output of all symmetric noise of size s is "
    "{formula}. For d > 0 it is reached iff |Z| = s, or |Z| <= d, almost surely: at given norms a "
    "row with one weight under bipolar noise is optimal.",
    Step(
        name="constant size",
        left=of(MIRRORED_BELOW, build=lambda square: sp.Subs(square, _Z, s.row_noise)),
        reason="the value at |Z| = s",
    ),
    prose="Jensen's inequality for the convex function of Z^2, whose mean is s^2. |Z| = s "
    "for independent entries only if all but one weight vanish and that entry is bipolar.",
    by=(RECTIFIED_CURVATURE,),
)

unclipped_error = formula(
    name="unclipped_error",
    expression=(1 - _Q) ** 2 + _Z**2,
    arguments=(_Z, _Q),
    meaning="The squared error of a feature's own output, averaged over the two signs of a draw.",
    example=">>> theory.unclipped_error(draw=0.5, row_norm2=1.0)\n0.25",
    regime=(_Z <= _Q,),
    unit="summed loss",
)
UNCLIPPED_ERROR = derived(
    unclipped_error,
    "A feature's own output errs by {formula}, averaged over a draw z <= q and its negative.",
    Step(
        name="both signs",
        left=of(RECTIFIER, build=lambda relu: _mirrored(relu, _Q, 1)),
        right=(_Q + _Z - 1) ** 2 / 2 + (_Q - _Z - 1) ** 2 / 2,
        reason="no cut: the draw is smaller than q, so that both outputs q + z and q - z pass",
        assumptions=(_Z < _Q,),
    ),
    Step(name="mixed terms cancel", reason="(x + z)^2 + (x - z)^2 = 2 x^2 + 2 z^2 at x = q - 1"),
)

_NEVER_CLIPS = "symmetric noise that never exceeds q, such as bipolar with sigma |W_j|_1 <= q"

diagonal_loss = formula(
    name="diagonal_loss",
    expression=(1 - _Q) ** 2 + s.sigma**2 * _Q,
    arguments=(s.sigma, _Q),
    meaning="The mean squared error of a feature's own output, where its noise never clips.",
    example=">>> theory.diagonal_loss(sigma=0.5, row_norm2=1.0)\n0.25",
    regime=(s.sigma**2 <= _Q,),
    where=_NEVER_CLIPS,
    unit="summed loss",
)
DIAGONAL_LOSS = derived(
    diagonal_loss,
    "A feature's own output errs by {formula} where |Z| <= q surely.",
    Step(
        name="mean of the squared draw",
        left=of(
            UNCLIPPED_ERROR,
            OVERLAP_NOISE_VARIANCE,
            build=lambda error, variance: sp.Subs(error, _Z, sp.sqrt(variance)),
        ),
        reason="the error is linear in Z^2, and E Z^2 = sigma^2 q",
    ),
)

diagonal_norm2 = formula(
    name="diagonal_norm2",
    expression=1 - s.sigma**2 / 2,
    arguments=(s.sigma,),
    meaning="The squared norm of a row that makes its own output's error least.",
    example=">>> theory.diagonal_norm2(sigma=0.5)\n0.875",
    regime=(3 * s.sigma**2 <= 2,),
    where=_NEVER_CLIPS,
    unit="weight squared",
)
DIAGONAL_NORM2 = derived(
    diagonal_norm2,
    "Among squared norms q that the noise never exceeds, the own output is best at q = {formula}.",
    Step(
        name="minimise",
        left=of(DIAGONAL_LOSS, build=lambda loss: turning_point(loss, _Q, -1, 2)),
        right=Root(2 * _Q - 2 + s.sigma**2, _Q, -1, 2),
        reason="the loss is a parabola in q, with the slope -2 (1 - q) + sigma^2",
        ranges={s.sigma: (0, 1)},
    ),
    Step(name="solve", reason="2 q = 2 - sigma^2", ranges={s.sigma: (0, 1)}),
)

diagonal_loss_least = formula(
    name="diagonal_loss_least",
    expression=s.sigma**2 - s.sigma**4 / 4,
    arguments=(s.sigma,),
    meaning="The least mean squared error of a feature's own output.",
    example=">>> theory.diagonal_loss_least(sigma=0.5)\n0.234375",
    regime=(3 * s.sigma**2 <= 2,),
    where=_NEVER_CLIPS,
    unit="summed loss",
)
DIAGONAL_LOSS_LEAST = derived(
    diagonal_loss_least,
    "Among squared norms q that the noise never exceeds, the least error of the own output is "
    "{formula}.",
    Step(
        name="insert",
        left=of(DIAGONAL_LOSS, DIAGONAL_NORM2, build=lambda loss, q: sp.Subs(loss, _Q, q)),
        right=(s.sigma**2 / 2) ** 2 + s.sigma**2 * (1 - s.sigma**2 / 2),
        reason="the loss at the best norm, where 1 - q = sigma^2/2",
        ranges={s.sigma: (0, 1)},
    ),
    Step(name="add", reason="sigma^4/4 - sigma^4/2 = -sigma^4/4", ranges={s.sigma: (0, 1)}),
)


def _saved(square: sp.Expr, letter: sp.Symbol, end: int) -> sp.Expr:
    """What two outputs save as a letter goes from 0 to its end."""
    return 2 * (sp.Subs(square, letter, 0) - sp.Subs(square, letter, end))


antipodal_gain = formula(
    name="antipodal_gain",
    expression=s.sigma**2,
    arguments=(s.sigma,),
    meaning="What two unit rows gain by turning from right angles to opposite, bounded noise.",
    example=">>> theory.antipodal_gain(sigma=0.5)\n0.25",
    regime=(s.sigma <= 1,),
    where="bipolar noise, rows with one weight",
    unit="summed loss",
)
ANTIPODAL_GAIN = derived(
    antipodal_gain,
    "Two unit rows with one weight each gain {formula} by sharing a neuron with opposite signs, "
    "compared with right angles, under bipolar noise with sigma <= 1.",
    Step(
        name="from 0 to -1",
        left=of(MIRRORED_BELOW, build=lambda square: _saved(square.subs(_Z, s.sigma), _D, 1)),
        right=s.sigma**2 - _gate(s.sigma - 1) ** 2,
        reason="two outputs, each of them with |Z| = sigma: at the overlap 0 they cost sigma^2/2, "
        "at the overlap -1 max(0, sigma - 1)^2/2",
    ),
    Step(
        name="silent",
        reason="noise of a size of at most 1 does not lift the overlap -1 above 0",
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
    "Under Gaussian noise two unit rows gain sigma^2 - 2 sigma^2 G(-1/sigma) = {formula} by "
    "turning from right angles to opposite, s^2 G(u/s) the mean squared output.",
    Step(
        name="from 0 to -1",
        left=of(
            RECTIFIED_SQUARE,
            build=lambda square: _saved(square.subs(s.row_noise, s.sigma), s.overlap, -1),
        ),
        reason="two outputs",
    ),
)
