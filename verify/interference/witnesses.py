"""Witnesses of the claims on interference: shared neurons, the fast phase, kicks and winners."""

from __future__ import annotations

import math
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray
from scipy import integrate, optimize, stats

from ..witness import model
from ..witness.declare import witness

Array = NDArray[Any]
_ROUNDING = {"within": {"a": (1e-3, 3), "c": (1e-3, 3)}, "reach": "a difference of large numbers"}


def _velocity(a: float, c: float, lam: float) -> tuple[float, float]:
    """The velocities of two features with one weight each on one neuron."""
    found = model.velocity(np.array([[a], [c]]), lam)
    return float(found[0, 0]), float(found[1, 0])


@witness("opposite_signs_kept", method="arithmetic", samples=30)
def opposite_signs_kept(weight: float, lam: float, rng: np.random.Generator) -> float:
    return _velocity(weight, -(10 ** rng.uniform(-3, 1)), lam)[0]


@witness("shared_force", method="arithmetic", samples=30)
def shared_force(a: float, c: float, lam: float) -> float:
    return _velocity(a, c, lam)[0]


@witness("difference_rate", method="arithmetic", samples=30, **_ROUNDING)
def difference_rate(a: float, c: float, rng: np.random.Generator) -> float:
    of_a, of_c = _velocity(a, c, rng.uniform(0, 1))
    return of_a - of_c


@witness("shared_radius_rate", method="arithmetic", samples=30)
def shared_radius_rate(a: float, c: float) -> float:
    of_a, of_c = _velocity(a, c, 0.0)
    step = 1e-3 / (1 + a**2 + c**2)
    ahead, behind = ((a + way * of_a) ** 2 + (c + way * of_c) ** 2 for way in (step, -step))
    return (ahead - behind) / (2 * step)


def _resting_lam(a: float) -> float:
    """The lambda at which two equal weights rest."""
    return float(optimize.brentq(lambda lam: _velocity(a, a, lam)[0], -1, 1, xtol=1e-16))


@witness("lam_of_shared_amplitude", method="root finding")
def lam_of_shared_amplitude(a: float) -> float:
    return _resting_lam(a)


@witness("shared_fold_amplitude", method="minimisation", accuracy=1e-7)
def shared_fold_amplitude() -> float:
    found = optimize.minimize_scalar(
        lambda a: -_resting_lam(a),
        bounds=(0, 1 / math.sqrt(2)),
        method="bounded",
        options={"xatol": 1e-12},
    )
    return float(found.x)


@witness("shared_fold", method="minimisation")
def shared_fold() -> float:
    return _resting_lam(shared_fold_amplitude())


@witness("shared_amplitude", method="root finding", samples=20, accuracy=1e-7)
def shared_amplitude(lam: float) -> float:
    """The largest weight at rest; at the fold a double zero is found to the root of rounding."""
    top = shared_fold_amplitude()
    if _velocity(top, top, lam)[0] <= 0:
        return top
    return float(optimize.brentq(lambda a: _velocity(a, a, lam)[0], top, 2, xtol=1e-15))


def _growth_rate(a: float, sign: int) -> float:
    """The growth rate of a deviation of two equal weights along (1, sign), by differences."""

    def at(distance: float) -> float:
        of_a, of_c = _velocity(a + distance, a + sign * distance, 0.0)
        return (of_a + sign * of_c) / 2

    step = 1e-2 * a
    return (8 * (at(step) - at(-step)) - at(2 * step) + at(-2 * step)) / (12 * step)


@witness("expulsion_rate", method="arithmetic", samples=20)
def expulsion_rate(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    a = rng.uniform(0, 1 / math.sqrt(2))
    return {"a": a, "lam": _resting_lam(a)}, _growth_rate(a, -1)


@witness("shared_sum_rate", method="arithmetic", samples=20)
def shared_sum_rate(a: float) -> float:
    return _growth_rate(a, 1)


@witness(
    "expulsion_time",
    method="integration",
    samples=4,
    accuracy=1e-7,
    within={"a": (1e-3, 0.7)},
    reach="the time of integration grows as 1/lambda",
    along={"gap": (1e-2, 1e-4, 1e-6)},
    order="1/log(1/gap)",
    relative=True,
)
def expulsion_time(a: float, gap: float) -> float:
    """The time until one of two weights is 0, from a (1 + gap/2) and a (1 - gap/2)."""
    lam = _resting_lam(a)

    def gone(_: float, weights: Array) -> float:
        return float(np.min(weights))

    gone.terminal = True  # type: ignore[attr-defined]
    path = integrate.solve_ivp(
        lambda _, weights: _velocity(weights[0], weights[1], lam),
        (0, 1e6),
        [a * (1 + gap / 2), a * (1 - gap / 2)],
        events=gone,
        method="DOP853",
        rtol=1e-11,
        atol=1e-14,
    )
    return float(path.t_events[0][0])


@witness("escape_rate", method="arithmetic")
def escape_rate(rng: np.random.Generator) -> float:
    """The rate along (c, -a) that differs most from 1, for many weights a and c of the neuron."""
    rates = []
    for a, c in 10 ** rng.uniform(-1, 0.3, size=(50, 2)):
        small = 1e-7
        weights = np.array([[a, small * c], [c, -small * a]])
        rates += list(model.velocity(weights, 0.0)[:, 1] / weights[:, 1])
    return max(rates, key=lambda rate: abs(rate - 1))


@witness("positive_overlap", method="quadrature")
def positive_overlap(n: int, m: int) -> float:
    """Given one row, its overlap with another is normal; the length of the row is integrated."""
    half, _ = integrate.quad(lambda x: x**2 * stats.norm.pdf(x), 0, 20, epsabs=1e-13)
    length = stats.chi(m, scale=1 / math.sqrt(m))
    low, middle, high = length.ppf([1e-16, 0.5, 1 - 1e-15])
    mean, _ = integrate.quad(
        lambda x: x**2 / m * half * length.pdf(x), low, high, points=[middle], epsabs=1e-13
    )
    return float((n - 1) * mean)


_ROWS = 3000
_FAST: dict[str, Any] = {
    "method": "integration",
    "samples": 3,
    "accuracy": 1e-6,
    "within": {"n": (2, 12)},
    "reach": "one feature meets no other, and averages over many features are costly",
    "along": {"m": (64, 256, 1024)},
}


def _fast_phase(n: int, m: int, rng: np.random.Generator) -> tuple[Array, Array, Array, Array]:
    """For the rows of many networks: cosine and sine of start and end, amplitude, initial overlap.

    At lambda = 0 the flow of n rows does not change if all are rotated, so it is integrated in n
    dimensions. The amplitude is that of a row that starts with norm 1. The initial overlap is the
    sum of squared positive cosines, less its mean: every cosine of two rows has mean square 1/m
    and a symmetric law.
    """
    start = rng.standard_normal((_ROWS // n, n, m))
    rows = np.linalg.cholesky(start @ start.swapaxes(1, 2) / m)
    units = _units(rows)
    positive = np.maximum(units @ units.swapaxes(1, 2) - np.eye(n), 0) * (1 - np.eye(n))
    weights, log_amplitude = rows, np.log(np.linalg.norm(rows, axis=2))
    for step in (*[0.1] * 40, *[0.2] * 60):
        slopes = [_rates(weights)]
        for part in (0.5, 0.5, 1):
            slopes.append(_rates(weights + part * step * slopes[-1][0]))
        for share, (velocity, growth) in zip((1, 2, 2, 1), slopes, strict=True):
            weights = weights + share * step / 6 * velocity
            log_amplitude = log_amplitude + share * step / 6 * growth
    ends = _units(weights)
    cosine = (ends * units).sum(2)
    sine = np.linalg.norm(ends - cosine[..., None] * units, axis=2)
    return cosine, sine, np.exp(log_amplitude), (positive**2).sum(2) - (n - 1) / (2 * m)


def _rates(weights: Array) -> tuple[Array, Array]:
    """The velocity of the weights of many networks at lambda = 0, and that of log A."""
    overlaps = weights @ weights.swapaxes(1, 2)
    growth = 1 - np.diagonal(overlaps, axis1=1, axis2=2)
    return weights - np.maximum(overlaps, 0) @ weights, growth


def _units(rows: Array) -> Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=2, keepdims=True))


def _without(values: Array, initial: Array) -> float:
    """The mean of some values, without what their regression on a variable of mean 0 explains."""
    x, y = initial.ravel(), values.ravel()
    return float(y.mean() - (x @ (y - y.mean()) / (x @ x) if x.any() else 0) * x.mean())


@witness("interference_cosine", order="n**2/m**1.5", **_FAST)
def interference_cosine(n: int, m: int, rng: np.random.Generator) -> float:
    cosine, _, _, initial = _fast_phase(n, m, rng)
    return _without(cosine, initial)


@witness("interference_shift", order="n/sqrt(m)", relative=True, **_FAST)
def interference_shift(n: int, m: int, rng: np.random.Generator) -> float:
    """Rows of norm 1 at the end move at right angles by the sine, in m entries."""
    _, sine, _, initial = _fast_phase(n, m, rng)
    return math.sqrt(_without(sine**2, initial))


@witness("fast_shrink", order="n**2/m**1.5", **_FAST)
def fast_shrink(n: int, m: int, rng: np.random.Generator) -> float:
    """The part of W/A along the initial row, over the length of that row."""
    cosine, _, amplitude, initial = _fast_phase(n, m, rng)
    return _without(cosine / amplitude, initial)


@witness("fast_kick_size", order="n/sqrt(m)", relative=True, **_FAST)
def fast_kick_size(n: int, m: int, rng: np.random.Generator) -> float:
    """The shift over the weights that it shifts, over the gap: the fall of the log of the tail."""
    top = largest_weight(m)
    step = 1e-3
    tails = stats.halfnorm.logsf([top - step, top + step])
    cosine, sine, _, initial = _fast_phase(n, m, rng)
    shift = math.sqrt(_without(sine**2, initial)) / _without(cosine, initial)
    return float((tails[0] - tails[1]) / (2 * step) * shift)


@witness("largest_weight", method="root finding")
def largest_weight(m: int) -> float:
    """The z below which all of m half-normal weights lie in half of the rows."""

    def surplus(z: float) -> float:
        below, _ = integrate.quad(stats.halfnorm.pdf, 0, z, epsabs=1e-14, epsrel=1e-13)
        return m * math.log(below) - math.log(0.5)

    return float(optimize.brentq(surplus, 1e-3, 20, xtol=1e-14))


@witness("kick_identity", method="arithmetic", samples=30, accuracy=1e-8)
def kick_identity(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """The change of W_il/A_i along the flow, by differences."""
    n, m = (int(q) for q in rng.integers(1, 5, size=2))
    weights, lam, amplitude = rng.standard_normal((n, m)), rng.uniform(0, 1), rng.uniform(0.3, 3)
    i, neuron = int(rng.integers(n)), int(rng.integers(m))
    flow = model.velocity(weights, lam)
    growth = (1 - weights[i] @ weights[i]) * amplitude

    def at(time: float) -> float:
        moved = weights[i, neuron] + time * flow[i, neuron]
        return float(moved / (amplitude + time * growth))

    step = 1e-3 * amplitude / (1 + abs(growth))
    value = (8 * (at(step) - at(-step)) - at(2 * step) + at(-2 * step)) / (12 * step)
    sizes = {"n": n, "m": m, "i": i + 1, "l": neuron + 1}
    return {"W": weights, "lam": lam, "common_amplitude": amplitude, **sizes}, value


@witness(
    "rival_weight",
    method="quadrature",
    within={"kick": (-10, 10), "kick_size": (0, 10)},
    reach="the exponential of larger numbers overflows",
)
def rival_weight(kick: float, kick_size: float) -> float:
    def weighted(x: Any) -> Any:
        return mpmath.npdf(x) * max(1, mpmath.exp(kick_size * (x - kick)))

    ends = sorted({-20.0, kick, kick_size, kick_size + 20})
    return float(mpmath.quad(weighted, ends))


@witness(
    "retained_fraction",
    method="quadrature",
    samples=1,
    within={"kick_size": (0, 8)},
    reach="the grids of the integrals are made for kicks up to this size",
)
def retained_fraction(kick_size: float) -> float:
    """The chance that the point ahead before the kicks is ahead after them too.

    The point lies at y and has the kick x. No other point of the Poisson process of density e^-y
    may lie above it before the kicks, and none may come from a depth u below to lie above it.
    The mean number of such points is counted, and none occurs with the exponential of minus that.
    """
    x, y = np.linspace(-12, 20, 321), np.linspace(-5, 250, 2551)
    nodes, widths = np.polynomial.legendre.leggauss(300)
    deepest = kick_size * (kick_size + 24)
    u = deepest * (nodes + 1) / 2
    tail = stats.norm.sf(x[:, None] + u / kick_size) if kick_size else np.zeros((x.size, u.size))
    rivals = 1 + (np.exp(u) * tail) @ widths * deepest / 2
    kept = np.exp(-y - rivals[:, None] * np.exp(-y)).sum(1) * (y[1] - y[0])
    return float((stats.norm.pdf(x) * kept).sum() * (x[1] - x[0]))


@witness("overlap_correlation", method="quadrature", within={"lag": (0, 40)}, reach="e^-D")
def overlap_correlation(lag: float) -> float:
    """The correlation of the products of two excesses at thresholds 0 and D, with random signs."""

    def mean(first: float, second: float) -> float:
        """The mean of the product of the excesses of one weight over two thresholds."""
        found, _ = integrate.quad(
            lambda y: (y - first) * (y - second) * math.exp(-y),
            second,
            second + 60,
            epsabs=0,
            epsrel=1e-12,
        )
        return found

    return mean(0, lag) ** 2 / (mean(0, 0) * mean(lag, lag))


def _slots(rng: np.random.Generator) -> Array:
    """The slots on which two features of two neurons end, in many trainings at lambda = 0.1.

    Left out are networks in which a feature has not come to one weight, or both have one slot.
    """
    weights = rng.standard_normal((4000, 2, 2)) / math.sqrt(2)
    for _ in range(1200):
        moved = weights + 0.1 * _rates(weights)[0]
        weights = np.sign(moved) * np.maximum(np.abs(moved) - 0.01, 0)
    one = ((weights != 0).sum(2) == 1).all(1)
    neuron = np.abs(weights).argmax(2)
    slots = 2 * neuron + (weights.sum(2) < 0)
    return np.asarray(slots[one & (slots[:, 0] != slots[:, 1])])


def _unevenness(slots: Array, expected: int) -> float:
    """Chi squared of the assignments against equal chances, less its mean, in its spread."""
    counts = np.unique(slots, axis=0, return_counts=True)[1]
    counts = np.append(counts, np.zeros(expected - len(counts)))
    freedom = expected - 1
    return float((stats.chisquare(counts).statistic - freedom) / math.sqrt(2 * freedom))


def _whatever_the_pairs(rng: np.random.Generator) -> float:
    return _unevenness(_slots(rng), 12)


@witness(
    "uniform_assignment",
    method="training",
    samples=1,
    accuracy=5.0,
    reach="the deviation is given in standard errors of the sample",
    wrong=_whatever_the_pairs,
)
def uniform_assignment(rng: np.random.Generator) -> float:
    """Two features on two neurons: 4 assignments form a pair, and 8 do not."""
    slots = _slots(rng)
    pair = slots[:, 0] ^ 1 == slots[:, 1]
    return max(_unevenness(slots[pair], 4), _unevenness(slots[~pair], 8))


@witness("late_kick_share", method="quadrature", accuracy=1e-7, samples=20)
def late_kick_share(lag: float, last_stage: float) -> float:
    """The kicks over the stages c from h to sqrt(m), in units of h: weights dc/c^2."""
    first = last_stage**-2
    late, _ = integrate.quad(lambda c: np.exp(-lag / np.sqrt(c)) / c**2, 1, first, epsabs=1e-13)
    every, _ = integrate.quad(lambda c: 1 / c**2, 1, first, epsabs=1e-13)
    return float(late / every)


@witness("contact_impulse", method="quadrature", accuracy=1e-7, samples=20)
def contact_impulse(m: int, height: float) -> float:
    """The impulse gap by gap: at the threshold b, c = sqrt(m) exp(-b), the rate is 0.152/c."""
    value, _ = integrate.quad(
        lambda b: 0.152 * (height + np.log(np.sqrt(m)) - b) * np.exp(b) / np.sqrt(m),
        0,
        np.log(np.sqrt(m) / height),
        epsabs=1e-13,
    )
    return float(value)
