"""Noise on the hidden layer: what it adds to an output, and what it costs on average.

Output j for input i is ReLU(u_ij + Z_j): u_ij is the overlap of the rows, Z_j = sigma xi . W_j
the noise. The code names them overlap and row_noise (the standard deviation of Z_j).
"""

import sympy as sp

from ..proof import symbols as s
from ..proof.claims import Claim, Prose
from ..proof.derivation import Definition, Derivation, Step, of
from ..proof.formula import Formula

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

CLAIMS = (
    OVERLAP_NOISE_VARIANCE,
    OVERLAP_NOISE_KURTOSIS,
    OVERLAP_NOISE_SIXTH,
    RECTIFIED_MEAN,
    RECTIFIED_SQUARE,
    KURTOSIS_COST,
    RECTIFIED_SQUARE_EXPANSION,
    CUMULANT_TERM,
)
