"""Noise on the hidden layer: what it adds to an output, and what it costs on average.

Output j for input i is ReLU(u_ij + Z_j): u_ij is the overlap of the rows, Z_j = sigma xi . W_j
the noise. The code names them overlap and row_noise (the standard deviation of Z_j).
"""

from functools import partial

import sympy as sp

from ..proof import Definition, Formula, Step, below, cited, density, derived, of
from ..proof import symbols as s

_NOTES = "paper_notes/noise.md"
formula = partial(Formula, source=_NOTES)
_U, _S = s.overlap, s.row_noise
_PAPER = "Lecomte et al. 2023, section on noise"
_Z = sp.Symbol("y", real=True)
_A = _U / _S

_KURTOSIS_TERM = -s.overlap_kurtosis / 12 * _U * _S * density(_A)


def moment(generator: sp.Expr, order: int) -> sp.Expr:
    """The moment or cumulant of an order, by its generating function in the tilt."""
    return sp.Subs(sp.Derivative(generator, (s.tilt, order)), s.tilt, 0)


def at_output(moment: sp.Expr, mean: sp.Expr, scale: sp.Expr) -> sp.Expr:
    """A moment of a rectified normal output, for an output of this mean and deviation."""
    return sp.Subs(moment, (_U, _S), (mean, scale))


def output_error(square: sp.Expr, first: sp.Expr, mean: sp.Expr, scale: sp.Expr) -> sp.Expr:
    """E (ReLU(y) - 1)^2 of a normal output y, by its rectified square and mean."""
    return at_output(square, mean, scale) - 2 * at_output(first, mean, scale) + 1


def summed(polynomial: sp.Expr) -> sp.Expr:
    """The sum over the weights w of a row of a polynomial in w, its powers written as norms."""
    one = sp.expand(polynomial)
    norms = {2: s.row_norm2, 4: s.fourth_norm, 6: s.sixth_norm}
    return sp.Add(*(one.coeff(s.w, power) * norm for power, norm in norms.items()))


def _output_cumulants(entry: sp.Expr) -> sp.Expr:
    """Generating function of the noise on an output, sum_k sigma W_k xi_k."""
    return summed(entry.subs(s.tilt, s.sigma * s.w * s.tilt))


ENTRY_CUMULANTS = Definition(
    name="entry_cumulants",
    expression=s.tilt**2 / 2 + s.kurtosis * s.tilt**4 / 24 + s.sixth_cumulant * s.tilt**6 / 720,
    meaning="The cumulant generating function of one noise entry over sigma, to sixth order.",
    source=_PAPER,
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
OVERLAP_NOISE_VARIANCE = cited(
    overlap_noise_variance,
    "Independent noise of variance sigma^2 on each neuron gives output j noise of variance "
    "{formula}, where q = |W_j|^2, for every distribution of the noise.",
    Step(
        name="cumulants add",
        left=of(ENTRY_CUMULANTS, build=lambda entry: moment(_output_cumulants(entry), 2)),
        right=sp.Subs(
            sp.expand(sp.diff(_output_cumulants(ENTRY_CUMULANTS.expression), s.tilt, 2)), s.tilt, 0
        ),
        reason="the output has the noise sigma sum_k W_jk xi_k, so that sum_k W_jk^2 = q "
        "multiplies theta^2/2; F = |W_j|_4^4 and H = |W_j|_6^6 belong to the higher powers; the "
        "variance is the second derivative at 0",
    ),
    Step(name="at 0", reason="the higher powers vanish"),
)


def _standardized(order: int) -> sp.Expr:
    """The cumulant of an order of the noise on an output, over its variance to order/2."""

    def build(entry: sp.Expr) -> sp.Expr:
        total = _output_cumulants(entry)
        return moment(total, order) / moment(total, 2) ** (order // 2)

    return build


overlap_noise_kurtosis = Formula(
    name="overlap_noise_kurtosis",
    expression=s.kurtosis * s.fourth_norm / s.row_norm2**2,
    arguments=(s.kurtosis, s.fourth_norm, s.row_norm2),
    meaning="The excess kurtosis of the noise on an output.",
    source=_PAPER,
    example=">>> theory.overlap_noise_kurtosis(kurtosis=-2, fourth_norm=0.25, row_norm2=1)\n-0.5",
)
OVERLAP_NOISE_KURTOSIS = cited(
    overlap_noise_kurtosis,
    "Independent noise of excess kurtosis kappa on each neuron gives output j noise of excess "
    "kurtosis {formula}, where F = |W_j|_4^4 and q = |W_j|^2.",
    Step(
        name="cumulants add",
        left=of(ENTRY_CUMULANTS, build=_standardized(4)),
        right=sp.Mul(
            s.kurtosis * s.sigma**4 * s.fourth_norm,
            1 / (s.sigma**2 * s.row_norm2) ** 2,
            evaluate=False,
        ),
        reason="the generating function of a sum of independent entries is the sum of theirs: its "
        "fourth cumulant is kappa sigma^4 F, its variance sigma^2 q",
    ),
    Step(name="cancel", reason="sigma^4 cancels"),
)

overlap_noise_sixth = formula(
    name="overlap_noise_sixth",
    expression=s.sixth_cumulant * s.sixth_norm / s.row_norm2**3,
    arguments=(s.sixth_cumulant, s.sixth_norm, s.row_norm2),
    meaning="The sixth standardized cumulant of the noise on an output.",
    example=">>> theory.overlap_noise_sixth(sixth_cumulant=16, sixth_norm=0.25, row_norm2=1)\n4.0",
)
OVERLAP_NOISE_SIXTH = derived(
    overlap_noise_sixth,
    "The sixth standardized cumulant of an output is {formula} with H = |W_j|_6^6 and q = |W_j|^2.",
    Step(
        name="cumulants add",
        left=of(ENTRY_CUMULANTS, build=_standardized(6)),
        right=sp.Mul(
            s.sixth_cumulant * s.sigma**6 * s.sixth_norm,
            1 / (s.sigma**2 * s.row_norm2) ** 3,
            evaluate=False,
        ),
        reason="the generating function of a sum of independent entries is the sum of theirs: its "
        "sixth cumulant is lambda_6 sigma^6 H, its variance sigma^2 q",
    ),
    Step(name="cancel", reason="sigma^6 cancels"),
)

NORMAL_NOISE = Definition(
    name="normal_noise",
    expression=density(_Z / _S) / _S,
    meaning="The density of Gaussian noise on an output.",
    source=_PAPER,
)
_P = NORMAL_NOISE.expression
_HALF_SQUARE = _U**2 / 2 + 2 * _U * _S / sp.sqrt(2 * sp.pi) + _S**2 / 2  # of the part with y > 0

rectified_mean = formula(
    name="rectified_mean",
    expression=_S * density(_A) + _U * below(_A),
    arguments=(_U, _S),
    meaning="The mean output under Gaussian noise, E ReLU(u + Z).",
    example=">>> round(theory.rectified_mean(overlap=0.0, row_noise=1.0), 6)\n0.398942",
    unit="output",
)
RECTIFIED_MEAN = derived(
    rectified_mean,
    "Under Gaussian noise the mean output is s phi(u/s) + u Phi(u/s) = {formula}.",
    Step(
        name="cut at 0",
        left=of(
            NORMAL_NOISE,
            build=lambda p: sp.Add(
                sp.Integral((_U + _Z) * p, (_Z, -_U, 0)), sp.Integral((_U + _Z) * p, (_Z, 0, sp.oo))
            ),
        ),
        right=_U / 2 + _S / sp.sqrt(2 * sp.pi) + sp.Integral((_U + _Z) * _P, (_Z, -_U, 0)),
        reason="the output is ReLU(u + y), with u the overlap and y the noise, of deviation s: it "
        "is u + y for y > -u, else 0; for y > 0 the density has the moments 1/2 and s/sqrt(2 pi)",
    ),
    Step(
        name="rest of the integral",
        right=_U / 2
        + _S / sp.sqrt(2 * sp.pi)
        + _S * (density(_A) - 1 / sp.sqrt(2 * sp.pi))
        + _U * (below(_A) - sp.Rational(1, 2)),
        reason="y p(y) = -s^2 p'(y) integrates to s phi(u/s) - s/sqrt(2 pi), p to Phi(u/s) - 1/2",
    ),
    Step(name="add", reason="s/sqrt(2 pi) and u/2 cancel"),
)

rectified_square = formula(
    name="rectified_square",
    expression=(_U**2 + _S**2) * below(_A) + _U * _S * density(_A),
    arguments=(_U, _S),
    meaning="The mean squared output under Gaussian noise, E ReLU(u + Z)^2 = s^2 G(u/s).",
    example=">>> theory.rectified_square(overlap=0.0, row_noise=0.5)\n0.125",
    unit="output squared",
)
RECTIFIED_SQUARE = derived(
    rectified_square,
    "Under Gaussian noise the mean squared output is s^2 [(1 + a^2) Phi(a) + a phi(a)] = {formula} "
    "with a = u/s.",
    Step(
        name="cut at 0",
        left=of(
            NORMAL_NOISE,
            build=lambda p: sp.Add(
                sp.Integral((_U + _Z) ** 2 * p, (_Z, -_U, 0)),
                sp.Integral((_U + _Z) ** 2 * p, (_Z, 0, sp.oo)),
            ),
        ),
        right=_HALF_SQUARE + sp.Integral((_U + _Z) ** 2 * _P, (_Z, -_U, 0)),
        reason="the output is ReLU(u + y), with u the overlap and y the noise, of deviation s: it "
        "is u + y for y > -u, else 0; for y > 0 the density has the moments 1/2, s/sqrt(2 pi) and "
        "s^2/2",
    ),
    Step(
        name="rest of the integral",
        right=_HALF_SQUARE
        + (_U**2 + _S**2) * (below(_A) - sp.Rational(1, 2))
        + 2 * _U * _S * (density(_A) - 1 / sp.sqrt(2 * sp.pi))
        - _U * _S * density(_A),
        reason="p integrates to Phi(u/s) - 1/2, y p(y) = -s^2 p'(y) to s phi(u/s) - s/sqrt(2 pi), "
        "and by parts y^2 p to s^2 (Phi(u/s) - 1/2) - u s phi(u/s)",
    ),
    Step(name="add", reason="what came from y > 0 cancels; 2 u s phi - u s phi = u s phi"),
)

kurtosis_cost = formula(
    name="kurtosis_cost",
    expression=_KURTOSIS_TERM,
    arguments=(_U, _S, s.overlap_kurtosis),
    meaning="What the kurtosis of the noise adds to the mean squared output, at first order.",
    example=">>> round(theory.kurtosis_cost(overlap=-0.1, row_noise=0.1, overlap_kurtosis=-0.5), 7)"
    "\n-0.0001008",
    error="O(kappa_4^2)",
    where="rows of many weights of one order of size, noise whose output has a density",
    unit="output squared",
)
KURTOSIS_COST = derived(
    kurtosis_cost,
    "Excess kurtosis adds -(kappa_4/12) s^2 a phi(a) = {formula} to the mean squared output, a = "
    "u/s: at a < 0, negative kurtosis rewards a larger fourth norm, at first order.",
    Step(
        name="fourth derivative",
        left=of(
            RECTIFIED_SQUARE,
            build=lambda square: s.overlap_kurtosis * _S**4 / 24 * sp.Derivative(square, (_U, 4)),
        ),
        right=s.overlap_kurtosis * _S**4 / 24 * sp.Derivative(2 * below(_A), (_U, 2)),
        reason="E f(u + Z) = exp(kappa_4 s^4 D^4/24 + ...) E f(u + Gaussian), D = d/du, for noise "
        "Z of deviation s and excess kurtosis kappa_4; the second derivative of ReLU(x)^2 is 2 "
        "for x > 0, so that of its mean is 2 Phi(a), Phi the normal distribution function and a = "
        "u/s",
    ),
    Step(name="normal density", reason="d^2/du^2 of 2 Phi(u/s) is -2 a phi(a)/s^2"),
    prose="The formal cumulant operator is Edgeworth's expansion. The size of the "
    "remainder is measured, not bounded: it fails where the row is sparse.",
)

rectified_square_expansion = formula(
    name="rectified_square_expansion",
    expression=rectified_square.expression
    + _KURTOSIS_TERM
    - _S**2
    * density(_A)
    * (
        s.overlap_sixth / 360 * (_A**3 - 3 * _A)
        + s.overlap_kurtosis**2 / 576 * (_A**5 - 10 * _A**3 + 15 * _A)
    ),
    arguments=(_U, _S, s.overlap_kurtosis, s.overlap_sixth),
    meaning="The mean squared output under any symmetric noise, to second order in cumulants.",
    example=">>> round(theory.rectified_square_expansion(overlap=-0.1, row_noise=0.1, "
    "overlap_kurtosis=-0.5, overlap_sixth=1.0), 7)\n0.0006454",
    error="O(kappa_4^3)",
    where="rows of many weights of one order of size, noise whose output has a density",
    unit="output squared",
)
RECTIFIED_SQUARE_EXPANSION = derived(
    rectified_square_expansion,
    "Second order in the cumulants adds -s^2 phi(a) [kappa_6 He_3(a)/360 + kappa_4^2 He_5(a)/576]: "
    "the mean squared output is {formula}.",
    Step(
        name="sixth and eighth derivative",
        left=of(
            RECTIFIED_SQUARE,
            KURTOSIS_COST,
            build=lambda square, first: (
                square
                + first
                + s.overlap_sixth * _S**6 / 720 * sp.Derivative(square, (_U, 6))
                + s.overlap_kurtosis**2 * _S**8 / 1152 * sp.Derivative(square, (_U, 8))
            ),
        ),
        reason="the cumulant operator to second order",
    ),
)

CUMULANT_TERM = derived(
    "cumulant_term",
    "For r >= 3 the r-th derivative of the mean squared output in the overlap is 2 "
    "(-1)^(r-3) He_(r-3)(a) phi(a) s^(2-r), which gives every term of the expansion.",
    page=_NOTES,
    prose="The third derivative of s^2 G(u/s) is 2 phi(a)/s, and d/da of He_k phi is "
    "-He_(k+1) phi.",
    by=(RECTIFIED_SQUARE,),
)
