"""The law of the number of polysemantic neurons after training, from measured networks."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import numpy as np
from scipy import linalg, special

from .._types import FloatArray
from .._validate import check_choice, check_lam
from ..row.collapse import dead_fraction
from .laws import CountLaw, ExclusionLaw, Masses
from .tilted import TiltedLaw, tilt_of_mean

OPTIMIZERS = ("flow", "adamw")
DEAD = 0.01
"""The fraction of dead features above which the table holds no networks."""
LARGEST = 1_000_000
"""The largest number of features for which the law is computed."""
_NODES = 21  # over which the uncertain omega is averaged
_STRENGTH_SCALE = 0.05  # of lambda sqrt(m), below which omega changes little


@dataclass(frozen=True, kw_only=True)
class Surface:
    """A Gaussian process over coordinates, here those of `place`.

    Far from all data it returns to 0 with the stated amplitude.

    Parameters
    ----------
    amplitude : float
        Standard deviation of the value before any data.
    lengths : tuple of float
        Length scale in each coordinate.
    spread : float
        Standard deviation of what the coordinates do not explain.
    places : ndarray, shape (settings, coordinates)
        Coordinates of the measured settings.
    values, errors : ndarray, shape (settings,)
        Measured values and their standard errors.
    """

    amplitude: float
    lengths: tuple[float, ...]
    spread: float
    places: FloatArray
    values: FloatArray
    errors: FloatArray

    def _covariance(self, left: FloatArray, right: FloatArray) -> FloatArray:
        distance = (left[:, None, :] - right[None, :, :]) / np.array(self.lengths)
        return np.asarray(self.amplitude**2 * np.exp(-(distance**2).sum(axis=-1) / 2))

    @cached_property
    def _factor(self) -> tuple[FloatArray, bool]:
        noise = np.diag(self.errors**2 + self.spread**2)
        factor, lower = linalg.cho_factor(self._covariance(self.places, self.places) + noise)
        return factor, bool(lower)

    def at(self, place: FloatArray) -> tuple[float, float]:
        """The value at a place and its standard error."""
        near = self._covariance(place[None, :], self.places)[0]
        mean = float(near @ linalg.cho_solve(self._factor, self.values))
        known = float(near @ linalg.cho_solve(self._factor, near))
        return mean, math.sqrt(max(self.amplitude**2 - known, 0.0) + self.spread**2)

    def left_out(self) -> tuple[FloatArray, FloatArray]:
        """For each setting, the error of its prediction from the others, over its standard error.

        The second array is the prediction's standard error, that of the measurement included.
        """
        inverse = linalg.cho_solve(self._factor, np.eye(len(self.values)))
        scale = 1 / np.sqrt(np.diag(inverse))
        return (inverse @ self.values) * scale, scale

    def log_likelihood(self) -> float:
        """The logarithm of the probability density of the measured values, up to a constant."""
        quadratic = self.values @ linalg.cho_solve(self._factor, self.values)
        return float(-quadratic / 2 - np.log(np.diag(self._factor[0])).sum())


def place(n: int, m: int, lam: float) -> FloatArray:
    """The coordinates of a setting, in which omega is smooth.

    >>> from polysem.numerics.collisions.trained_count import place
    >>> place(64, 64, 0.0).round(3).tolist()
    [2.079, 1.0, 0.0, 4.159]
    """
    crowding, strength = n / math.sqrt(m), lam * math.sqrt(m)
    return np.array(
        [math.log(crowding), n / m, math.log1p(strength / _STRENGTH_SCALE), math.log(m)]
    )


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Networks of one setting in the table.

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons.
    lam : float
        The paper's lambda; 0 is the limit.
    networks : int
        Number of networks.
    mean, mean_error : float
        Mean number of polysemantic neurons, and its standard error.
    retained, retained_error : float
        Fraction of features on the slot of their largest initial weight, and its standard error;
        NaN where it was not measured.
    source : str
        "polysem", "held out" or "reference".
    """

    n: int
    m: int
    lam: float
    networks: int
    mean: float
    mean_error: float
    retained: float
    retained_error: float
    source: str

    @property
    def log_tilt(self) -> tuple[float, float]:
        """log omega from the mean, and its standard error."""
        omega = tilt_of_mean(self.mean, n=self.n, m=self.m)
        law = TiltedLaw(self.n, self.m, omega)
        return math.log(omega), max(self.mean_error, self._least_error(law)) / law.var()

    def _least_error(self, law: TiltedLaw) -> float:
        """The standard error of the law itself; a sample of few counts may show less."""
        return law.std() / math.sqrt(self.networks)


@cache
def settings(optimizer: str) -> tuple[Setting, ...]:
    """The measured settings of an optimizer, with at least one polysemantic neuron found.

    >>> from polysem.numerics.collisions.trained_count import settings
    >>> len(settings("flow")) > 60
    True
    """
    text = files(__package__).joinpath("trained_counts.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    found = []
    for row in csv.DictReader(lines):
        networks = int(row["networks"])
        if row["optimizer"] == optimizer and float(row["neurons_mean"]) > 0:
            found.append(
                Setting(
                    n=int(row["n"]),
                    m=int(row["m"]),
                    lam=float(row["lam"]),
                    networks=networks,
                    mean=float(row["neurons_mean"]),
                    mean_error=math.sqrt(float(row["neurons_variance"]) / networks),
                    retained=float(row["retained_mean"] or "nan"),
                    retained_error=math.sqrt(
                        float(row["retained_variance"] or math.nan) / networks
                    ),
                    source=row["source"],
                )
            )
    return tuple(found)


@cache
def tilt_surface(optimizer: str = "flow") -> Surface:
    """log omega over the settings; under AdamW its difference from the flow."""
    chosen = settings(optimizer)
    places = np.array([place(s.n, s.m, s.lam) for s in chosen])
    values, errors = np.array([s.log_tilt for s in chosen]).T
    if optimizer == "flow":
        return Surface(
            amplitude=0.78,
            lengths=(1.41, 0.53, 2.43, 26.0),
            spread=0.008,
            places=places,
            values=values,
            errors=errors,
        )
    flow = np.array([tilt_surface().at(x) for x in places])
    return Surface(
        amplitude=0.15,
        lengths=(1.41, 0.53, 2.43, 3.0),
        spread=0.02,
        places=places,
        values=values - flow[:, 0],
        errors=np.hypot(errors, flow[:, 1]),
    )


@cache
def retained_surface() -> Surface:
    """The logit of the fraction of features that keep their largest weight, under the flow."""
    chosen = [one for one in settings("flow") if math.isfinite(one.retained)]
    kept = np.array([s.retained for s in chosen])
    errors = np.array([s.retained_error for s in chosen])
    return Surface(
        amplitude=3.9,
        lengths=(4.1, 3.1, 3.0, 6.6),
        spread=0.01,
        places=np.array([place(s.n, s.m, s.lam) for s in chosen]),
        values=special.logit(kept),
        errors=errors / (kept * (1 - kept)),
    )


@dataclass(frozen=True)
class TrainedCount(CountLaw):
    """The law of the number of polysemantic neurons of a trained network; see `trained_count`.

    >>> from polysem import numerics
    >>> law = numerics.trained_count(64, 256)
    >>> 2.9 < law.mean() < 3.2, 0.68 < law.omega < 0.75
    (True, True)

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons.
    lam : float
        The paper's lambda; 0 is the limit.
    optimizer : str
        "flow" or "adamw".
    omega : float
        Weight of an opposite pair in the tilted law.
    omega_error : float
        Its relative standard error.
    basis : str
        "interpolated", or the coordinates in which the setting lies outside the measured ranges.

    Source
    ------
    paper_notes/count_law.md
    """

    lam: float
    optimizer: str
    omega: float
    omega_error: float
    basis: str

    def support(self) -> tuple[int, int]:
        """The least count, forced by capacity, and the greatest."""
        return ExclusionLaw(self.n, self.m).support()

    @cached_property
    def _masses(self) -> Masses:
        """The tilted laws averaged over the uncertain log omega, which is taken as normal."""
        nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
        low, high = self.support()
        total = np.zeros(high - low + 1)
        for node, weight in zip(nodes, weights / weights.sum(), strict=True):
            omega = self.omega * math.exp(node * self.omega_error)
            total += weight * TiltedLaw(self.n, self.m, omega).pmf(np.arange(low, high + 1))
        mantissa, exponent = np.frexp(total)
        return Masses(low=low, mantissa=mantissa, exponent=exponent)

    @property
    def mean_error(self) -> float:
        """The standard error of the mean, from that of omega to first order."""
        return self.omega_error * float(TiltedLaw(self.n, self.m, self.omega).var())

    @property
    def probability_none(self) -> float:
        """The probability that the network has no polysemantic neuron."""
        return float(self.pmf(0))

    def retained_fraction(self) -> tuple[float, float]:
        """The fraction of features that keep their largest initial weight, and its error.

        Raises
        ------
        ValueError
            Under AdamW, for which it is not predicted.
        """
        if self.optimizer != "flow":
            raise ValueError(
                f"Got optimizer={self.optimizer!r}; the retained fraction is predicted for the "
                "flow only: use optimizer='flow'."
            )
        value, error = retained_surface().at(place(self.n, self.m, self.lam))
        kept = float(special.expit(value))
        return kept, kept * (1 - kept) * error


def trained_count(n: int, m: int, lam: float = 0.0, optimizer: str = "flow") -> TrainedCount:
    """The law of the number of polysemantic neurons of a network after training.

    The tilted exclusion law with omega interpolated between measured networks: a Gaussian process
    over n/sqrt(m), n/m and lambda sqrt(m). The error of omega widens the law. Outside the ranges of
    the measured networks, which ``basis`` states, omega is an extrapolation with a larger error.

    >>> from polysem import numerics
    >>> law = numerics.trained_count(300, 3000, 0.002)
    >>> 5 < law.mean() < 7
    True
    >>> law.basis
    'interpolated'

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons; n <= 2m.
    lam : float, optional
        The paper's lambda, in units of the flow; 0 is the limit lambda -> 0. Under AdamW the
        authors' 2.5e-4 was measured.
    optimizer : {"flow", "adamw"}, optional
        The gradient flow (also SGD with small steps), or AdamW with learning rate 1e-3.

    Returns
    -------
    TrainedCount
        A frozen distribution with ``omega``, ``omega_error`` and ``basis``.

    Raises
    ------
    ValueError
        For sizes below 1, n > 2m, n above a million, a negative lam, an unknown optimizer, an l1
        term that kills more than one feature in a hundred, or AdamW outside the measured sizes.

    Source
    ------
    paper_notes/count_law.md
    """
    check_choice("optimizer", optimizer, OPTIMIZERS)
    size = ExclusionLaw(n, m)
    n, m, lam = size.n, size.m, check_lam(lam)
    if n > LARGEST:
        raise ValueError(
            f"Got n={n}; the law of the count is computed for n <= {LARGEST}: for more features "
            "use theory.mass_action_count."
        )
    if lam > 0 and (dead := dead_fraction(m, lam)) > DEAD:
        raise ValueError(
            f"Got lam={lam:g} with m={m}; about {100 * dead:.2g} % of the features would lose all "
            f"weights, and the law was measured only up to {100 * DEAD:g} %: give a smaller lam."
        )
    if optimizer == "adamw":
        _check_adamw(n, m, lam)
    value, error = _log_tilt(n, m, lam, optimizer)
    return TrainedCount(
        n,
        m,
        lam=lam,
        optimizer=optimizer,
        omega=math.exp(value),
        omega_error=error,
        basis=_basis(n, m, lam),
    )


def _log_tilt(n: int, m: int, lam: float, optimizer: str) -> tuple[float, float]:
    """log omega and its standard error."""
    where = place(n, m, lam)
    value, error = tilt_surface().at(where)
    if optimizer == "flow":
        return value, error
    change, spread = tilt_surface(optimizer).at(where)
    return value + change, math.hypot(error, spread)


def _basis(n: int, m: int, lam: float) -> str:
    """Whether a setting lies in the range of the measured ones, coordinate by coordinate."""
    measured = np.array([place(s.n, s.m, s.lam) for s in settings("flow")])
    where = place(n, m, lam)
    names = ("n/sqrt(m)", "n/m", "lambda sqrt(m)", "m")
    beyond = [
        name
        for name, x, low, high in zip(
            names, where, measured.min(axis=0), measured.max(axis=0), strict=True
        )
        if not low - 1e-9 <= x <= high + 1e-9
    ]
    if not beyond:
        return "interpolated"
    return f"extrapolated in {', '.join(beyond)}"


def _check_adamw(n: int, m: int, lam: float) -> None:
    """AdamW was measured in a small range, and leaves it in ways that are not predicted."""
    known = settings("adamw")
    sizes = min(s.m for s in known), max(s.m for s in known)
    crowding = min(s.n / math.sqrt(s.m) for s in known), max(s.n / math.sqrt(s.m) for s in known)
    (measured,) = {s.lam for s in known}
    inside = (
        sizes[0] <= m <= sizes[1]
        and crowding[0] <= n / math.sqrt(m) <= crowding[1]
        and n <= m
        and math.isclose(lam, measured)
    )
    if not inside:
        raise ValueError(
            f"Got n={n}, m={m}, lam={lam:g} under AdamW, which was measured for lam={measured:g}, "
            f"m = {sizes[0]} to {sizes[1]}, n <= m and n/sqrt(m) = {crowding[0]:g} to "
            f"{crowding[1]:g}; give a setting in this range."
        )
