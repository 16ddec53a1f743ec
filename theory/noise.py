"""Noise on the hidden layer: what it adds to an output, and what it costs on average.

Output j for input i is ReLU(u_ij + Z_j): u_ij is the overlap of the rows, Z_j = sigma xi . W_j
the noise. The code names them overlap and row_noise (the standard deviation of Z_j).
"""

import sympy as sp

from . import symbols as s
from .claims import Claim, Prose
from .derivation import Definition, Derivation, Step, of
from .formula import Formula
from .operators import Root

_NOTES = "paper_notes/noise.md"
_PAPER = "Lecomte et al. 2023, section on noise"
_Z = sp.Symbol("y", real=True)


def density(x: sp.Expr) -> sp.Expr:
    """Standard normal density."""
    return sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)


def below(x: sp.Expr) -> sp.Expr:
    """Standard normal distribution function."""
    return sp.erfc(-x / sp.sqrt(2)) / 2


def _output_cumulants(entry: sp.Expr) -> sp.Expr:
    """Generating function of sum_k sigma W_k xi_k, the powers of W_k summed to norms of the row."""
    weight = sp.Symbol("weight")
    one = sp.expand(entry.subs(s.tilt, s.sigma * weight * s.tilt))
    norms = {2: s.row_norm2, 4: s.fourth_norm, 6: s.sixth_norm}
    return sp.Add(*(one.coeff(weight, power) * norm for power, norm in norms.items()))


def _standardized(order: int):
    """The cumulant of an order of the noise on an output, over its variance to order/2."""

    def build(entry: sp.Expr) -> sp.Expr:
        total = _output_cumulants(entry)
        cumulant, variance = (
            sp.Subs(sp.Derivative(total, (s.tilt, o)), s.tilt, 0) for o in (order, 2)
        )
        return cumulant / variance ** (order // 2)

    return build


def _on_both_signs(function) -> sp.Expr:
    return (function(s.draw) + function(-s.draw)) / 2


def _square_above(relu: sp.Expr) -> sp.Expr:
    return _on_both_signs(lambda z: relu.subs(s.overlap, s.depth + z) ** 2)


ENTRY_CUMULANTS = Definition(
    name="entry_cumulants",
    expression=s.tilt**2 / 2 + s.kurtosis * s.tilt**4 / 24 + s.sixth_cumulant * s.tilt**6 / 720,
    meaning="The cumulant generating function of one noise entry over sigma, to sixth order.",
    source=_PAPER,
)
NORMAL_NOISE = Definition(
    name="normal_noise",
    expression=density(_Z / s.row_noise) / s.row_noise,
    meaning="The density of Gaussian noise on an output.",
    source=_PAPER,
)
RECTIFIER = Definition(
    name="rectifier",
    expression=sp.Max(0, s.overlap),
    meaning="The rectifier, of an overlap or of an overlap with noise.",
    source="Lecomte et al. 2023, Setup",
)

overlap_noise_variance = Formula(
    name="overlap_noise_variance",
    expression=s.sigma**2 * s.row_norm2,
    arguments=(s.sigma, s.row_norm2),
    meaning="The variance of the noise on an output, for any noise of variance sigma^2.",
    source=_PAPER,
    example=">>> theory.overlap_noise_variance(sigma=0.5, row_norm2=1.0)\n0.25",
    unit="weight^4",
)
overlap_noise_kurtosis = Formula(
    name="overlap_noise_kurtosis",
    expression=s.kurtosis * s.fourth_norm / s.row_norm2**2,
    arguments=(s.kurtosis, s.fourth_norm, s.row_norm2),
    meaning="The excess kurtosis of the noise on an output.",
    source=_PAPER,
    example=">>> theory.overlap_noise_kurtosis(kurtosis=-2, fourth_norm=0.25, row_norm2=1)\n-0.5",
)
overlap_noise_sixth = Formula(
    name="overlap_noise_sixth",
    expression=s.sixth_cumulant * s.sixth_norm / s.row_norm2**3,
    arguments=(s.sixth_cumulant, s.sixth_norm, s.row_norm2),
    meaning="The sixth standardized cumulant of the noise on an output.",
    source=_NOTES,
    example=">>> theory.overlap_noise_sixth(sixth_cumulant=16, sixth_norm=0.25, row_norm2=1)\n4.0",
)
_A = s.overlap / s.row_noise
rectified_mean = Formula(
    name="rectified_mean",
    expression=s.row_noise * density(_A) + s.overlap * below(_A),
    arguments=(s.overlap, s.row_noise),
    meaning="The mean output under Gaussian noise, E ReLU(u + Z).",
    source=_NOTES,
    example=">>> round(theory.rectified_mean(overlap=0.0, row_noise=1.0), 6)\n0.398942",
    unit="output",
)
rectified_square = Formula(
    name="rectified_square",
    expression=(s.overlap**2 + s.row_noise**2) * below(_A) + s.overlap * s.row_noise * density(_A),
    arguments=(s.overlap, s.row_noise),
    meaning="The mean squared output under Gaussian noise, E ReLU(u + Z)^2 = s^2 G(u/s).",
    source=_NOTES,
    example=">>> theory.rectified_square(overlap=0.0, row_noise=0.5)\n0.125",
    unit="output squared",
)
_KURTOSIS_TERM = -s.overlap_kurtosis / 12 * s.overlap * s.row_noise * density(_A)
kurtosis_cost = Formula(
    name="kurtosis_cost",
    expression=_KURTOSIS_TERM,
    arguments=(s.overlap, s.row_noise, s.overlap_kurtosis),
    meaning="What the kurtosis of the noise adds to the mean squared output, at first order.",
    source=_NOTES,
    example=">>> round(theory.kurtosis_cost(overlap=-0.1, row_noise=0.1, overlap_kurtosis=-0.5), 7)"
    "\n-0.0001008",
    error="second order in the cumulants; fails for sparse rows",
    unit="output squared",
)
rectified_square_expansion = Formula(
    name="rectified_square_expansion",
    expression=rectified_square.expression
    + _KURTOSIS_TERM
    - s.row_noise**2
    * density(_A)
    * (
        s.overlap_sixth / 360 * (_A**3 - 3 * _A)
        + s.overlap_kurtosis**2 / 576 * (_A**5 - 10 * _A**3 + 15 * _A)
    ),
    arguments=(s.overlap, s.row_noise, s.overlap_kurtosis, s.overlap_sixth),
    meaning="The mean squared output under any symmetric noise, to second order in cumulants.",
    source=_NOTES,
    example=">>> round(theory.rectified_square_expansion(overlap=-0.1, row_noise=0.1, "
    "overlap_kurtosis=-0.5, overlap_sixth=1.0), 7)\n0.0006454",
    error="third order in the cumulants: about 3e-4 of s^2 at 14 dense bipolar neurons",
    unit="output squared",
)
mirrored_square_below = Formula(
    name="mirrored_square_below",
    expression=sp.Max(0, s.draw - s.depth) ** 2 / 2,
    arguments=(s.depth, s.draw),
    meaning="The squared output at overlap -d <= 0, averaged over the two signs of a draw.",
    source=_NOTES,
    example=">>> theory.mirrored_square_below(depth=0.5, draw=1.5)\n0.5",
    unit="output squared",
)
mirrored_square_above = Formula(
    name="mirrored_square_above",
    expression=s.depth**2 + s.draw**2 - sp.Max(0, s.draw - s.depth) ** 2 / 2,
    arguments=(s.depth, s.draw),
    meaning="The squared output at overlap d >= 0, averaged over the two signs of a draw.",
    source=_NOTES,
    example=">>> theory.mirrored_square_above(depth=0.5, draw=1.5)\n2.0",
    unit="output squared",
)
mirrored_square_within = Formula(
    name="mirrored_square_within",
    expression=(s.depth**2 + s.draw**2) / 2 - s.depth * s.draw,
    arguments=(s.depth, s.draw),
    meaning="The squared output at overlap -d, over both signs of a draw no smaller than d.",
    source=_NOTES,
    example=">>> theory.mirrored_square_within(depth=0.5, draw=1.5)\n0.5",
    regime=(s.depth <= s.draw,),
    unit="output squared",
)
rectified_square_bound = Formula(
    name="rectified_square_bound",
    expression=sp.Max(0, s.row_noise - s.depth) ** 2 / 2,
    arguments=(s.depth, s.row_noise),
    meaning="The least mean squared output at overlap -d over all symmetric noise of size s.",
    source=_NOTES,
    example=">>> theory.rectified_square_bound(depth=0.5, row_noise=1.5)\n0.5",
    error="exact (a lower bound; met by bipolar noise on a row with one weight)",
    unit="output squared",
)
rectified_curvature = Formula(
    name="rectified_curvature",
    expression=s.depth / (4 * s.draw ** sp.Rational(3, 2)),
    arguments=(s.depth, s.draw),
    meaning="The second derivative of (sqrt(y) - d)^2 / 2 in y: positive, so y gains by spread.",
    source=_NOTES,
    example=">>> theory.rectified_curvature(depth=1.0, draw=1.0)\n0.25",
    unit="per output squared",
)
diagonal_loss = Formula(
    name="diagonal_loss",
    expression=(1 - s.row_norm2) ** 2 + s.sigma**2 * s.row_norm2,
    arguments=(s.sigma, s.row_norm2),
    meaning="The mean squared error of a feature's own output, where its noise never clips.",
    source=_NOTES,
    example=">>> theory.diagonal_loss(sigma=0.5, row_norm2=1.0)\n0.25",
    error="exact where |Z_j| <= q, so for bipolar noise where sigma |W_j|_1 <= q",
    unit="summed loss",
)
diagonal_norm2 = Formula(
    name="diagonal_norm2",
    expression=1 - s.sigma**2 / 2,
    arguments=(s.sigma,),
    meaning="The squared norm of a row that makes its own output's error least.",
    source=_NOTES,
    example=">>> theory.diagonal_norm2(sigma=0.5)\n0.875",
    regime=(s.sigma < sp.sqrt(2),),
    error="exact where the noise never clips",
    unit="weight squared",
)
diagonal_loss_least = Formula(
    name="diagonal_loss_least",
    expression=s.sigma**2 - s.sigma**4 / 4,
    arguments=(s.sigma,),
    meaning="The least mean squared error of a feature's own output.",
    source=_NOTES,
    example=">>> theory.diagonal_loss_least(sigma=0.5)\n0.234375",
    regime=(s.sigma < sp.sqrt(2),),
    error="exact where the noise never clips",
    unit="summed loss",
)
antipodal_gain = Formula(
    name="antipodal_gain",
    expression=s.sigma**2,
    arguments=(s.sigma,),
    meaning="What two unit rows gain by turning from right angles to opposite, bounded noise.",
    source=_NOTES,
    example=">>> theory.antipodal_gain(sigma=0.5)\n0.25",
    regime=(s.sigma <= 1,),
    error="exact for bipolar noise on rows with one weight",
    unit="summed loss",
)
antipodal_gain_gaussian = Formula(
    name="antipodal_gain_gaussian",
    expression=s.sigma**2
    - 2 * (1 + s.sigma**2) * below(-1 / s.sigma)
    + 2 * s.sigma * density(1 / s.sigma),
    arguments=(s.sigma,),
    meaning="What two unit rows gain by turning from right angles to opposite, Gaussian noise.",
    source=_NOTES,
    example=">>> round(theory.antipodal_gain_gaussian(sigma=0.2), 13)\n0.0399999984525",
    unit="summed loss",
)

OVERLAP_NOISE_VARIANCE = Claim(
    label="overlap_noise_variance",
    statement="The noise on an output has variance sigma^2 |W_j|^2, whatever its law.",
    kind="cited",
    source=_PAPER,
    formula=overlap_noise_variance,
    derivation=Derivation(
        Step(
            name="variances add",
            left=of(
                ENTRY_CUMULANTS,
                build=lambda entry: sp.Subs(
                    sp.Derivative(_output_cumulants(entry), (s.tilt, 2)), s.tilt, 0
                ),
            ),
            right=overlap_noise_variance,
            reason="second cumulant of a sum of independent entries",
        ),
    ),
)
OVERLAP_NOISE_KURTOSIS = Claim(
    label="overlap_noise_kurtosis",
    statement="The noise on an output has excess kurtosis kappa |W_j|_4^4 / |W_j|^4.",
    kind="cited",
    source=_PAPER,
    formula=overlap_noise_kurtosis,
    derivation=Derivation(
        Step(
            name="cumulants add",
            left=of(ENTRY_CUMULANTS, build=_standardized(4)),
            right=overlap_noise_kurtosis,
            reason="the generating function of a sum of independent entries is the sum of theirs",
        ),
    ),
)
OVERLAP_NOISE_SIXTH = Claim(
    label="overlap_noise_sixth",
    statement="The sixth standardized cumulant of an output is lambda_6 |W_j|_6^6 / |W_j|^6.",
    kind="derived here",
    source=_NOTES,
    formula=overlap_noise_sixth,
    derivation=Derivation(
        Step(
            name="cumulants add",
            left=of(ENTRY_CUMULANTS, build=_standardized(6)),
            right=overlap_noise_sixth,
            reason="the generating function of a sum of independent entries is the sum of theirs",
        ),
    ),
)
RECTIFIED_MEAN = Claim(
    label="rectified_mean",
    statement="Under Gaussian noise the mean output is s phi(u/s) + u Phi(u/s).",
    kind="derived here",
    source=_NOTES,
    formula=rectified_mean,
    derivation=Derivation(
        Step(
            name="integrate",
            left=of(
                NORMAL_NOISE,
                build=lambda p: (
                    s.overlap / 2
                    + s.row_noise / sp.sqrt(2 * sp.pi)
                    + sp.Integral((s.overlap + _Z) * p, (_Z, -s.overlap, 0))
                ),
            ),
            right=rectified_mean,
            reason="the rectifier cuts at -u; Z > 0 has the moments 1/2 and s/sqrt(2 pi)",
        ),
    ),
)
RECTIFIED_SQUARE = Claim(
    label="rectified_square",
    statement="Under Gaussian noise the mean squared output is s^2 [(1 + a^2) Phi(a) + a phi(a)] "
    "with a = u/s.",
    kind="derived here",
    source=_NOTES,
    formula=rectified_square,
    derivation=Derivation(
        Step(
            name="integrate",
            left=of(
                NORMAL_NOISE,
                build=lambda p: (
                    s.overlap**2 / 2
                    + 2 * s.overlap * s.row_noise / sp.sqrt(2 * sp.pi)
                    + s.row_noise**2 / 2
                    + sp.Integral((s.overlap + _Z) ** 2 * p, (_Z, -s.overlap, 0))
                ),
            ),
            right=rectified_square,
            reason="the rectifier cuts at -u; Z > 0 has the moments 1/2, s/sqrt(2 pi), s^2/2",
        ),
    ),
)
KURTOSIS_COST = Claim(
    label="kurtosis_cost",
    statement="Excess kurtosis adds -(kappa_4/12) s^2 a phi(a) to the mean squared output: "
    "at a < 0, negative kurtosis rewards a larger fourth norm, at first order.",
    kind="derived here",
    source=_NOTES,
    formula=kurtosis_cost,
    derivation=Derivation(
        Step(
            name="fourth derivative",
            left=of(
                RECTIFIED_SQUARE,
                build=lambda square: (
                    s.overlap_kurtosis * s.row_noise**4 / 24 * sp.Derivative(square, (s.overlap, 4))
                ),
            ),
            right=kurtosis_cost,
            reason="E f(u + Z) = exp(kappa_4 s^4 D^4/24 + ...) E f(u + Gaussian)",
        ),
    ),
    prose=Prose(
        argument="The formal cumulant operator is Edgeworth's expansion. The size of the "
        "remainder is measured, not bounded: it fails where the row is sparse.",
        page=_NOTES,
    ),
)
RECTIFIED_SQUARE_EXPANSION = Claim(
    label="rectified_square_expansion",
    statement="Second order in the cumulants adds -s^2 phi(a) [kappa_6 He_3(a)/360 + "
    "kappa_4^2 He_5(a)/576].",
    kind="derived here",
    source=_NOTES,
    formula=rectified_square_expansion,
    derivation=Derivation(
        Step(
            name="sixth and eighth derivative",
            left=of(
                RECTIFIED_SQUARE,
                KURTOSIS_COST,
                build=lambda square, first: (
                    square
                    + first
                    + s.overlap_sixth * s.row_noise**6 / 720 * sp.Derivative(square, (s.overlap, 6))
                    + s.overlap_kurtosis**2
                    * s.row_noise**8
                    / 1152
                    * sp.Derivative(square, (s.overlap, 8))
                ),
            ),
            right=rectified_square_expansion,
            reason="the cumulant operator to second order",
        ),
    ),
)
CUMULANT_TERM = Claim(
    label="cumulant_term",
    statement="For r >= 3 the r-th derivative of the mean squared output in the overlap is "
    "2 (-1)^(r-3) He_(r-3)(a) phi(a) s^(2-r), which gives every term of the expansion.",
    kind="derived here",
    source=_NOTES,
    prose=Prose(
        argument="The third derivative of s^2 G(u/s) is 2 phi(a)/s, and d/da of He_k phi is "
        "-He_(k+1) phi.",
        page=_NOTES,
        by=(RECTIFIED_SQUARE,),
    ),
)
MIRRORED_BELOW = Claim(
    label="mirrored_square_below",
    statement="For symmetric noise and u <= 0, exactly E ReLU(u+Z)^2 = E (|Z| - |u|)_+^2 / 2.",
    kind="derived here",
    source=_NOTES,
    formula=mirrored_square_below,
    derivation=Derivation(
        Step(
            name="both signs",
            left=of(
                RECTIFIER,
                build=lambda relu: _on_both_signs(lambda z: relu.subs(s.overlap, z - s.depth) ** 2),
            ),
            right=mirrored_square_below,
            reason="a symmetric law is the mean over z and -z; only z > d passes",
        ),
    ),
)
MIRRORED_ABOVE = Claim(
    label="mirrored_square_above",
    statement="For symmetric noise and u >= 0, exactly "
    "E ReLU(u+Z)^2 = u^2 + s^2 - E (|Z| - u)_+^2 / 2.",
    kind="derived here",
    source=_NOTES,
    formula=mirrored_square_above,
    derivation=Derivation(
        Step(
            name="draw above the overlap",
            left=of(RECTIFIER, build=_square_above),
            right=mirrored_square_above,
            reason="only u + z passes",
            assumptions=(s.draw > s.depth,),
        ),
        Step(
            name="draw below the overlap",
            left=of(RECTIFIER, build=_square_above),
            right=mirrored_square_above,
            reason="both u + z and u - z pass",
            assumptions=(s.draw < s.depth,),
        ),
    ),
)
MIRRORED_WITHIN = Claim(
    label="mirrored_square_within",
    statement="Where |u| never exceeds |Z|, E ReLU(u+Z)^2 = (u^2 + s^2)/2 + u E|Z|: at u = 0 "
    "there is no kurtosis force, and every overlap is pushed down at rate E|Z|.",
    kind="derived here",
    source=_NOTES,
    formula=mirrored_square_within,
    derivation=Derivation(
        Step(
            name="no cut",
            left=of(MIRRORED_BELOW),
            right=mirrored_square_within,
            reason="the draw exceeds the overlap",
            assumptions=(s.draw > s.depth,),
        ),
    ),
    prose=Prose(
        argument="For u > 0 the same polynomial follows from the claim for u >= 0. For bipolar "
        "noise Khintchine's inequality puts E|Z| between s/sqrt 2 and s.",
        page=_NOTES,
        by=(MIRRORED_ABOVE,),
    ),
)
RECTIFIED_CURVATURE = Claim(
    label="rectified_curvature",
    statement="As a function of Z^2 the squared output at u <= 0 is convex.",
    kind="derived here",
    source=_NOTES,
    formula=rectified_curvature,
    derivation=Derivation(
        Step(
            name="second derivative",
            left=of(
                MIRRORED_WITHIN,
                build=lambda square: sp.Derivative(
                    square.subs(s.draw, sp.sqrt(s.draw)), (s.draw, 2)
                ),
            ),
            right=rectified_curvature,
            reason="with y = z^2 in place of z",
        ),
    ),
    prose=Prose(
        argument="Above y = d^2 the second derivative is positive; below it the function is 0, "
        "and the slope is continuous at y = d^2.",
        page=_NOTES,
    ),
)
RECTIFIED_BOUND = Claim(
    label="rectified_square_bound",
    statement="For u < 0 and any symmetric noise, E ReLU(u+Z)^2 >= (s - |u|)_+^2 / 2, with "
    "equality iff |Z| = s, or |Z| <= |u|, almost surely: at given norms a row with one weight "
    "under bipolar noise is optimal.",
    kind="derived here",
    source=_NOTES,
    formula=rectified_square_bound,
    derivation=Derivation(
        Step(
            name="constant size",
            left=of(MIRRORED_BELOW, build=lambda square: square.subs(s.draw, s.row_noise)),
            right=rectified_square_bound,
            reason="the value at |Z| = s",
        ),
    ),
    prose=Prose(
        argument="Jensen's inequality for the convex function of Z^2, whose mean is s^2. |Z| = s "
        "for independent entries only if all but one weight vanish and that entry is bipolar.",
        page=_NOTES,
        by=(RECTIFIED_CURVATURE,),
    ),
)
DIAGONAL_LOSS = Claim(
    label="diagonal_loss",
    statement="A feature's own output errs by (1 - q)^2 + sigma^2 q where |Z| <= q surely.",
    kind="derived here",
    source=_NOTES,
    formula=diagonal_loss,
    derivation=Derivation(
        Step(
            name="both signs",
            left=of(
                RECTIFIER,
                build=lambda relu: _on_both_signs(
                    lambda z: (relu.subs(s.overlap, s.row_norm2 + z) - 1) ** 2
                ),
            ),
            right=(1 - s.row_norm2) ** 2 + s.draw**2,
            reason="no cut: the draw is smaller than q",
            assumptions=(s.draw < s.row_norm2,),
        ),
        Step(
            name="mean of the squared draw",
            left=of(
                OVERLAP_NOISE_VARIANCE, build=lambda variance: (1 - s.row_norm2) ** 2 + variance
            ),
            right=diagonal_loss,
            reason="E Z^2 = sigma^2 q",
        ),
    ),
)
DIAGONAL_NORM2 = Claim(
    label="diagonal_norm2",
    statement="The own output is best at q = 1 - sigma^2/2.",
    kind="derived here",
    source=_NOTES,
    formula=diagonal_norm2,
    derivation=Derivation(
        Step(
            name="minimise",
            left=of(
                DIAGONAL_LOSS,
                build=lambda loss: Root(sp.Derivative(loss, s.row_norm2), s.row_norm2, -1, 2),
            ),
            right=diagonal_norm2,
            reason="the loss is a parabola in q",
            ranges={s.sigma: (0, 1)},
        ),
    ),
)
DIAGONAL_LOSS_LEAST = Claim(
    label="diagonal_loss_least",
    statement="The least error of the own output is sigma^2 - sigma^4/4.",
    kind="derived here",
    source=_NOTES,
    formula=diagonal_loss_least,
    derivation=Derivation(
        Step(
            name="insert",
            left=of(DIAGONAL_LOSS, DIAGONAL_NORM2, build=lambda loss, q: loss.subs(s.row_norm2, q)),
            right=diagonal_loss_least,
            reason="the loss at the best norm",
            ranges={s.sigma: (0, 1)},
        ),
    ),
)
ANTIPODAL_GAIN = Claim(
    label="antipodal_gain",
    statement="Two unit rows with one weight each gain sigma^2 by sharing a neuron with opposite "
    "signs, against right angles, under bipolar noise with sigma <= 1.",
    kind="derived here",
    source=_NOTES,
    formula=antipodal_gain,
    derivation=Derivation(
        Step(
            name="from 0 to -1",
            left=of(
                MIRRORED_BELOW,
                build=lambda square: (
                    2
                    * (
                        square.subs({s.depth: 0, s.draw: s.sigma})
                        - square.subs({s.depth: 1, s.draw: s.sigma})
                    )
                ),
            ),
            right=antipodal_gain,
            reason="two outputs, each of them with |Z| = sigma",
            assumptions=(s.sigma < 1,),
        ),
    ),
)
ANTIPODAL_GAIN_GAUSSIAN = Claim(
    label="antipodal_gain_gaussian",
    statement="Under Gaussian noise the same gain is sigma^2 - 2 sigma^2 G(-1/sigma).",
    kind="derived here",
    source=_NOTES,
    formula=antipodal_gain_gaussian,
    derivation=Derivation(
        Step(
            name="from 0 to -1",
            left=of(
                RECTIFIED_SQUARE,
                build=lambda square: (
                    2
                    * (
                        square.subs({s.overlap: 0, s.row_noise: s.sigma})
                        - square.subs({s.overlap: -1, s.row_noise: s.sigma})
                    )
                ),
            ),
            right=antipodal_gain_gaussian,
            reason="two outputs",
        ),
    ),
)
CLAIMS = (
    OVERLAP_NOISE_VARIANCE,
    OVERLAP_NOISE_KURTOSIS,
    OVERLAP_NOISE_SIXTH,
    RECTIFIED_MEAN,
    RECTIFIED_SQUARE,
    KURTOSIS_COST,
    RECTIFIED_SQUARE_EXPANSION,
    CUMULANT_TERM,
    MIRRORED_BELOW,
    MIRRORED_ABOVE,
    MIRRORED_WITHIN,
    RECTIFIED_CURVATURE,
    RECTIFIED_BOUND,
    DIAGONAL_LOSS,
    DIAGONAL_NORM2,
    DIAGONAL_LOSS_LEAST,
    ANTIPODAL_GAIN,
    ANTIPODAL_GAIN_GAUSSIAN,
)
