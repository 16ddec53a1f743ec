"""How noise makes a row sparse: the growth law, its exact one-row solution, the half time."""

from functools import partial

import sympy as sp

from ..proof import Definition, Formula, Step, density, derived, of
from ..proof import symbols as s
from .outputs import KURTOSIS_COST, OVERLAP_NOISE_KURTOSIS, OVERLAP_NOISE_VARIANCE, moment, summed
from .simplex import SIMPLEX_OVERLAP

_NOTES = "paper_notes/noise.md"
definition = partial(Definition, source=_NOTES)
formula = partial(Formula, source=_NOTES)
_Q = s.row_norm2
_OTHERS = sp.symbols("x_1:3", positive=True)
_SIMPLEX = {s.n: (2, 9), s.sigma: (0.05, 1), _Q: (0.5, 1.5)}
_UNCLIPPED = "noise that clips no feature's own output"

overlap_rate = formula(
    name="overlap_rate",
    expression=s.kurtosis
    * s.sigma
    * s.overlap
    / (12 * sp.sqrt(_Q))
    * density(s.overlap / (s.sigma * sp.sqrt(_Q))),
    arguments=(s.overlap, s.sigma, s.kurtosis, _Q),
    meaning="What one overlap adds to the rate r at which noise makes a row sparse.",
    example=">>> round(theory.overlap_rate(overlap=-0.1, sigma=0.1, kurtosis=-2, row_norm2=1), 6)"
    "\n0.000403",
    error="first order in the kurtosis",
    unit="per flow time",
)
OVERLAP_RATE = derived(
    overlap_rate,
    "Each overlap u turns its row with velocity r W^3/q, r = kappa sigma^2 a phi(a)/12 = "
    "{formula}, a = u/(sigma sqrt(q)).",
    Step(
        name="quarter of the gradient",
        left=of(
            KURTOSIS_COST,
            OVERLAP_NOISE_KURTOSIS,
            OVERLAP_NOISE_VARIANCE,
            build=lambda cost, kurtosis, variance: (
                -_Q
                * sp.Derivative(
                    sp.Subs(
                        cost,
                        (s.overlap_kurtosis, s.row_noise),
                        (kurtosis, sp.sqrt(variance)),
                    ),
                    s.fourth_norm,
                )
            ),
        ),
        right=-_Q
        * sp.Derivative(
            -s.kurtosis
            * s.fourth_norm
            / _Q**2
            / 12
            * s.overlap
            * s.sigma
            * sp.sqrt(_Q)
            * density(s.overlap / (s.sigma * sp.sqrt(_Q))),
            s.fourth_norm,
        ),
        reason="dW/dt = -(1/4) dcost/dW = -(1/4) (dcost/dF) 4 W^3 at fixed overlaps and norms, "
        "which is r W^3/q with r = -q dcost/dF; the output has the kurtosis kappa F/q^2 and the "
        "deviation sigma sqrt(q)",
    ),
    Step(name="linear in F", reason="the cost is a constant times F"),
)

growth_rate = formula(
    name="growth_rate",
    expression=-s.kurtosis
    * s.sigma
    * sp.sqrt(_Q)
    / 12
    * density(sp.sqrt(_Q) / ((s.n - 1) * s.sigma)),
    arguments=(s.n, s.sigma, s.kurtosis, _Q),
    meaning="The rate r at which noise makes the rows of a regular simplex sparse.",
    example=">>> round(theory.growth_rate(n=8, sigma=0.1, kurtosis=-2, row_norm2=1), 6)\n0.002397",
    regime=(s.n >= 2,),
    error="first order in the kurtosis, without the sixth cumulant: right to a factor 2 for "
    "0.4 < (n-1) sigma < 2 (measured)",
    where=_UNCLIPPED,
    unit="per flow time",
)
GROWTH_RATE = derived(
    growth_rate,
    "On the regular simplex the rate is r = -kappa sigma sqrt(q) phi(a*)/12 = {formula} with a* = "
    "-sqrt(q)/((n-1) sigma), where the noise does not clip a feature's own output.",
    Step(
        name="sum over the others",
        left=of(
            OVERLAP_RATE,
            SIMPLEX_OVERLAP,
            build=lambda one, overlap: sp.Sum(sp.Subs(one, s.overlap, overlap), (s.j, 1, s.n - 1)),
        ),
        right=(s.n - 1) * sp.Subs(overlap_rate.expression, s.overlap, -_Q / (s.n - 1)),
        reason="each of the n - 1 other rows has the overlap -q/(n - 1) with this row",
        ranges=_SIMPLEX,
    ),
    Step(
        name="insert the overlap",
        right=sp.Mul(
            s.n - 1,
            -s.kurtosis * s.sigma * _Q / (12 * sp.sqrt(_Q) * (s.n - 1)),
            density(sp.sqrt(_Q) / ((s.n - 1) * s.sigma)),
            evaluate=False,
        ),
        reason="u = -q/(n - 1) in kappa sigma u phi(u/(sigma sqrt(q)))/(12 sqrt(q))",
        ranges=_SIMPLEX,
    ),
    Step(name="cancel", reason="n - 1 cancels, and q/sqrt(q) = sqrt(q)", ranges=_SIMPLEX),
)

growth_rate_strong = formula(
    name="growth_rate_strong",
    expression=-s.kurtosis * s.sigma * sp.sqrt(_Q) / (12 * sp.sqrt(2 * sp.pi)),
    arguments=(s.sigma, s.kurtosis, _Q),
    meaning="The growth rate for (n - 1) sigma >> 1: linear in sigma, whatever n.",
    example=">>> round(theory.growth_rate_strong(sigma=0.1, kurtosis=-2, row_norm2=1), 6)"
    "\n0.006649",
    error="first order in the kurtosis, (n-1) sigma -> oo",
    where=_UNCLIPPED,
    unit="per flow time",
)
GROWTH_RATE_STRONG = derived(
    growth_rate_strong,
    "For (n-1) sigma >> 1 the rate is {formula}: linear in sigma, and independent of n.",
    Step(
        name="many features",
        left=of(GROWTH_RATE, build=lambda rate: sp.Limit(rate, s.n, sp.oo)),
        reason="phi(a*) tends to phi(0)",
        ranges={s.sigma: (0.5, 1.5), _Q: (0.5, 1)},
    ),
)

TANGENTIAL_FLOW = definition(
    name="tangential_flow",
    expression=s.rate * (s.w**2 - s.fourth_norm / _Q) * s.w / _Q,
    meaning="The velocity r W^3/q of a weight, less its part along the row.",
)


fourth_norm_rate = formula(
    name="fourth_norm_rate",
    expression=4 * s.rate / _Q * (s.sixth_norm - s.fourth_norm**2 / _Q),
    arguments=(s.rate, s.fourth_norm, s.sixth_norm, _Q),
    meaning="The velocity of the fourth norm of a row that turns at rate r on its own.",
    example=">>> theory.fourth_norm_rate(rate=1, fourth_norm=0.5, sixth_norm=0.5, row_norm2=1)"
    "\n1.0",
    unit="weight^4 per flow time",
)
FOURTH_NORM_RATE = derived(
    fourth_norm_rate,
    "The fourth norm F of a row grows at {formula}, H = |W|_6^6, which is never negative "
    "for r_j > 0.",
    Step(
        name="chain rule",
        left=of(TANGENTIAL_FLOW, build=lambda v: summed(4 * s.w**3 * v)),
        reason="dF/dt = 4 sum W^3 dW/dt with dW/dt = r (W^3 - F W/q)/q; sum W^6 = H, sum W^4 = F",
    ),
    prose="The sign is the Cauchy-Schwarz inequality (sum W^4)^2 <= sum W^6 sum W^2.",
    by=(GROWTH_RATE,),
)

UNNORMALIZED = definition(
    name="unnormalized_share",
    expression=s.share_start / (1 - s.clock * s.share_start),
    meaning="The share of a weight at a clock time, before it is divided by the sum of all.",
)


def _shares(unnormalized: sp.Expr) -> list[sp.Expr]:
    """Three weights that share a row: their shares before division by the sum."""
    return [unnormalized.subs(s.share_start, x) for x in (s.share_start, *_OTHERS)]


def _share(unnormalized: sp.Expr) -> sp.Expr:
    return unnormalized / sp.Add(*_shares(unnormalized))


def _concentration(unnormalized: sp.Expr) -> sp.Expr:
    shares = _shares(unnormalized)
    return sp.Add(*(y**2 for y in shares)) / sp.Add(*shares) ** 2


SHARE = definition(
    name="share_path",
    expression=_share(UNNORMALIZED.expression),
    meaning="The share of a weight at a clock time.",
    letter=s.share,
)

CONCENTRATION = definition(
    name="concentration_path",
    expression=_concentration(UNNORMALIZED.expression),
    meaning="The sum of the squared shares at a clock time.",
    letter=s.concentration,
)

replicator_velocity = formula(
    name="replicator_velocity",
    expression=2 * s.rate * (s.share - s.concentration) * s.share,
    arguments=(s.share, s.concentration, s.rate),
    meaning="The velocity of one weight's share of its row: shares above the mean grow.",
    example=">>> theory.replicator_velocity(share=0.5, concentration=0.25, rate=1)\n0.25",
    unit="per flow time",
)
REPLICATOR = derived(
    replicator_velocity,
    "The shares x_k = W_k^2/q of a row that turns on its own obey dx_k/dt = {formula}, C = "
    "sum x^2, solved by x_k = y_k/sum y, y = x_0/(1 - zeta x_0), exp(-2 r_j t) = prod (1 - "
    "zeta x_0): the largest initial weight wins.",
    Step(
        name="the solution moves so",
        left=of(
            UNNORMALIZED,
            build=lambda y: sp.Derivative(_share(y), s.clock) * 2 * s.rate / sp.Add(*_shares(y)),
        ),
        given={s.share: of(SHARE), s.concentration: of(CONCENTRATION)},
        reason="dy/dzeta = y^2, and dzeta/dt = 2 r/sum y; three weights, of the shares x_0, x_1 "
        "and x_2 at the start, stand for m",
        ranges={s.clock: (0, 1), s.share_start: (0, 1), _OTHERS[0]: (0, 1), _OTHERS[1]: (0, 1)},
    ),
    label="replicator",
    prose="For m weights only the sums get longer. The clock runs from 0 to 1/max x_0, "
    "where the largest share tends to 1.",
    by=(TANGENTIAL_FLOW,),
)

NORMAL_GENERATOR = Definition(
    name="normal_generator",
    expression=sp.exp(s.tilt**2 / 2),
    meaning="The moment generating function of a standard normal entry.",
    source="Lecomte et al. 2023, Setup",
)

LENGTH_GENERATOR = Definition(
    name="length_generator",
    expression=(1 - 2 * s.tilt) ** (-s.m / 2),
    meaning="The moment generating function of the squared norm of m standard normal entries.",
    source="Lecomte et al. 2023, Setup",
)


isotropic_fourth_norm = formula(
    name="isotropic_fourth_norm",
    expression=3 * _Q**2 / (s.m + 2),
    arguments=(s.m, _Q),
    meaning="The mean fourth norm of a row of squared norm q that may point anywhere.",
    example=">>> theory.isotropic_fourth_norm(m=16, row_norm2=1)\n0.16666666666666666",
    unit="weight^4",
)
ISOTROPIC_FOURTH_NORM = derived(
    isotropic_fourth_norm,
    "Gaussian noise leaves the mean fourth norm at {formula}, with the mean of q^2: no sparsity.",
    Step(
        name="moments of a random direction",
        left=of(
            NORMAL_GENERATOR,
            LENGTH_GENERATOR,
            build=lambda entry, length: _Q**2 * s.m * moment(entry, 4) / moment(length, 2),
        ),
        right=sp.Mul(_Q**2 * s.m, 3, 1 / (s.m * (s.m + 2)), evaluate=False),
        reason="length and direction of a normal vector are independent, so a moment of a weight "
        "of norm 1 is that of an entry over that of the length: E x^4 = 3, E r^4 = m (m + 2)",
        ranges={s.m: (2, 9)},
    ),
    Step(name="cancel", reason="m cancels", ranges={s.m: (2, 9)}),
    prose="The initial weights, the Gaussian noise and the loss do not change when all "
    "rows are turned by one rotation of R^m, so the law of W(t) does not either, along the "
    "flow and along SGD.",
    checks=("noise_gaussian_fourth_norm",),
)

isotropic_drift = formula(
    name="isotropic_drift",
    expression=6 * (s.m - 1) / ((s.m + 2) * (s.m + 4) * (s.m + 6)),
    arguments=(s.m,),
    meaning="The mean of |w|_6^6 - |w|_4^8 for a unit row that may point anywhere.",
    example=">>> round(theory.isotropic_drift(m=16), 6)\n0.011364",
)
ISOTROPIC_DRIFT = derived(
    isotropic_drift,
    "For a random unit row the mean of |w|_6^6 - |w|_4^8 is {formula}.",
    Step(
        name="moments of a random direction",
        left=of(
            NORMAL_GENERATOR,
            LENGTH_GENERATOR,
            build=lambda entry, length: (
                s.m * moment(entry, 6) / moment(length, 3)
                - (s.m * moment(entry, 8) + s.m * (s.m - 1) * moment(entry, 4) ** 2)
                / moment(length, 4)
            ),
        ),
        right=15 / ((s.m + 2) * (s.m + 4))
        - (105 + 9 * (s.m - 1)) / ((s.m + 2) * (s.m + 4) * (s.m + 6)),
        reason="|w|_4^8 = sum w_k^8 + sum over k != l of w_k^4 w_l^4; E x^4, x^6, x^8 = 3, 15, 105",
        ranges={s.m: (2, 9)},
    ),
    Step(
        name="one denominator",
        reason="15 (m + 6) - 105 - 9 (m - 1) = 6 (m - 1)",
        ranges={s.m: (2, 9)},
    ),
)

retained_drift = formula(
    name="retained_drift",
    expression=(s.n - 1) * (2 * s.m - s.n) / (2 * s.n * (s.m - 1)),
    arguments=(s.n, s.m),
    meaning="The part of the drift of free rows that a rigid simplex leaves: directions counted.",
    example=">>> theory.retained_drift(n=8, m=16)\n0.7",
    regime=(s.m >= s.n - 1, s.n >= 4),
    error="heuristic: directions counted; measured within 10 % for m >= 2n, 35 % for m < 2n",
)
RETAINED_DRIFT = derived(
    retained_drift,
    "A rigid simplex of n >= 4 rows leaves about the fraction {formula} of the drift of free rows: "
    "the dimension of its rotations over that of n free directions.",
    checks=("noise_retained_drift",),
)

initial_growth = formula(
    name="initial_growth",
    expression=12
    * s.rate
    * (s.n - 1)
    * (2 * s.m - s.n)
    / (s.n * (s.m + 2) * (s.m + 4) * (s.m + 6)),
    arguments=(s.n, s.m, s.rate),
    meaning="The velocity of the mean fourth norm of a randomly turned simplex of unit rows.",
    example=">>> round(theory.initial_growth(n=8, m=16, rate=0.0024), 8)\n7.636e-05",
    regime=(s.m >= s.n - 1, s.n >= 4),
    error="heuristic: directions counted as in retained_drift, within 10 % for m >= 2n and 35 % "
    "for m < 2n",
    unit="weight^4 per flow time",
)
INITIAL_GROWTH = derived(
    initial_growth,
    "A randomly turned simplex of n >= 4 rows starts to grow sparse at about the rate {formula}.",
    Step(
        name="rate times drift",
        left=of(
            FOURTH_NORM_RATE,
            ISOTROPIC_DRIFT,
            RETAINED_DRIFT,
            build=lambda rate, drift, retained: (
                sp.Derivative(rate, s.sixth_norm).subs(_Q, 1) * drift * retained
            ),
        ),
        reason="4 r times the mean of |w|_6^6 - |w|_4^8, times what the simplex leaves",
        ranges={s.n: (4, 6), s.m: (5, 9)},
    ),
)

half_time = formula(
    name="half_time",
    expression=s.half_rotation / growth_rate.expression,
    arguments=(s.n, s.sigma, s.kurtosis, _Q, s.half_rotation),
    meaning="The flow time at which the fourth norm has grown half way to the corner simplex.",
    example=">>> round(theory.half_time(n=8, sigma=0.1, kurtosis=-2, row_norm2=1, "
    "half_rotation=4.4), 1)\n1835.9",
    regime=(s.n >= 2, s.kurtosis < 0),
    error="first order in the kurtosis: right to a factor 2 for 0.4 < (n-1) sigma < 2 (measured)",
    where=_UNCLIPPED,
    unit="flow",
)
HALF_TIME = derived(
    half_time,
    "Half growth takes tau_half/r = {formula}, so it scales as 1/(|kappa| sigma phi(a*)); tau_half "
    "depends on n and m alone. For bipolar noise this is right to a factor 2 for 0.4 < (n-1) sigma "
    "< 2 (measured for n >= 4).",
    Step(
        name="rescale time",
        left=of(
            GROWTH_RATE,
            build=lambda rate: sp.Integral(1 / rate, (s.clock, 0, s.half_rotation)),
        ),
        reason="the rigid flow depends on t only through zeta = r t, so dt = dzeta/r, and half "
        "growth is at zeta = tau_half",
        ranges={s.n: (2, 9), s.sigma: (0.2, 1), s.kurtosis: (-2, -0.1)},
    ),
    prose="The overlaps reach the simplex while the rows hardly turn; then r is constant "
    "and the rows turn with all overlaps and norms held fixed, which is the rigid flow. Half "
    "growth is where the fourth norm is half way to that of the corner simplex.",
    checks=("noise_growth_time",),
)
