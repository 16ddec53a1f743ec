r"""Two crowded rows under vanishing regularisation: a problem without parameters, by simulation.

While many neurons are alive in both rows, their rescaled overlap would be a stationary Gaussian
process :math:`q(B)` with correlation :math:`e^{-D}(1+D/2)^2` if they did not repel. Repulsion
keeps it from being positive: find the pressure :math:`\nu \ge 0` with

.. math:: q(B) - \int_{-\infty}^B e^{-(B-B')}(2+B-B')\,\nu(B')\,dB' \le 0,

equal to 0 wherever :math:`\nu > 0` (a one-sided Volterra-Skorokhod problem). The kernel has two
exponential modes and q is a 3-dimensional Ornstein-Uhlenbeck process, so a step costs O(1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._types import FloatArray
from .._validate import check_integer, check_positive, check_rng

_BURN_IN = 12.0  # units of B; the slowest mode has then fallen to D^2 exp(-12), 1e-3 of 1 %
_DRIFT = np.array([[-1.0, 0.0, 0.0], [1.0, -1.0, 0.0], [0.0, 1.0, -1.0]])
_NOISE = np.array([1.0, 0.0, 0.0])
_OVERLAP = np.array([0.0, 1.0, math.sqrt(5) - 1])
_CONTROLS_EVERY = 0.2


@dataclass(frozen=True, kw_only=True)
class PairProblem:
    """Averages of the stationary pair problem (:func:`pair_problem`), each with its standard error.

    Parameters
    ----------
    step : float
        Step in B; the averages have an error of first order in it.
    pressure, pressure_error : float
        Mean of nu.
    contact, contact_error : float
        Fraction of B in which the overlap is held at 0.
    constant, constant_error : float
        ``J = 2 int_0^inf e^-D (2 + D) E[nu(0) nu(D)] dD = 2 E[nu q]``; the variance of the kick
        of one entry is ``J n / (c sqrt(m))`` when ``c sqrt(m)`` weights of each row live.

    Source
    ------
    paper_notes/reshuffling.md (the dense pair problem).
    """

    step: float
    pressure: float
    pressure_error: float
    contact: float
    contact_error: float
    constant: float
    constant_error: float


def pair_problem(
    rng: np.random.Generator, *, step: float = 0.01, length: float = 200.0, chains: int = 2000
) -> PairProblem:
    """Simulate the stationary pair problem and average over B and over independent chains.

    The Gaussian process is exact on the grid; the pressure of a step acts at its end. The
    averages of the process itself, which are known, serve as control variates: they lower the
    standard errors three- to tenfold.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> found = numerics.pair_problem(np.random.default_rng(1), step=0.04, length=20, chains=200)
    >>> 0.12 < found.pressure < 0.18
    True

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the noise.
    step, length : float
        Step and length of a chain, in units of B.
    chains : int
        Number of independent chains, more than 20.

    Raises
    ------
    ValueError
        If the step or the length is not positive, or there are too few chains for errors.

    Source
    ------
    paper_notes/reshuffling.md (the dense pair problem).
    """
    check_rng(rng)
    step = check_positive("step", step, "a step in B")
    length = check_positive("length", length, "a length in B")
    chains = check_integer("chains", chains, "the number of chains")
    if chains <= 20:
        raise ValueError(f"Got chains={chains}; a standard error needs more than 20 chains.")
    path, memory = _Path(rng, step, chains), Memory.empty(chains)
    for _ in range(round(_BURN_IN / step)):
        path.advance()
        memory.press(path.overlap, step)
    count, every = max(1, round(length / step)), max(1, round(_CONTROLS_EVERY / step))
    totals, controls = np.zeros((3, chains)), np.zeros((7, chains))
    for index in range(count):
        path.advance()
        impulse = memory.press(path.overlap, step)
        totals += np.stack([impulse / step, impulse > 0, 2 * impulse * path.overlap / step])
        if index % every == 0:
            controls += path.controls()
    design = np.column_stack([np.ones(chains), controls.T / count])
    found = {}
    for name, total in zip(("pressure", "contact", "constant"), totals, strict=True):
        found[name], found[f"{name}_error"] = _controlled(total / count, design)
    return PairProblem(step=step, **found)


@dataclass(kw_only=True, eq=False)
class Memory:
    """What the past pressure still takes from the overlap: ``int e^-D (2 + D) dL``, in two modes.

    ``plain`` and ``linear`` are ``int e^-D dL`` and ``int D e^-D dL`` over the past of each chain.

    >>> import numpy as np
    >>> from polysem.numerics.interference.pair_problem import Memory
    >>> memory = Memory.empty(1)
    >>> [round(float(memory.press(np.array([q]), 0.5)[0]), 4) for q in (1.0, 1.0, 0.0)]
    [0.5, 0.1209, 0.0]
    """

    plain: FloatArray
    linear: FloatArray

    @classmethod
    def empty(cls, chains: int) -> Memory:
        return cls(plain=np.zeros(chains), linear=np.zeros(chains))

    def press(self, overlap: FloatArray, step: float) -> FloatArray:
        """Go one step on, and push the overlap down to 0 where it is positive: the impulse."""
        decay = math.exp(-step)
        self.linear = decay * (self.linear + step * self.plain)
        self.plain = decay * self.plain
        impulse = np.maximum(overlap - 2 * self.plain - self.linear, 0) / 2
        self.plain = self.plain + impulse
        return impulse


class _Path:
    """The Gaussian process q as a projection of three coupled Ornstein-Uhlenbeck processes."""

    def __init__(self, rng: np.random.Generator, step: float, chains: int):
        from scipy.linalg import expm, solve_continuous_lyapunov

        self.rng, self.chains = rng, chains
        self.stationary = solve_continuous_lyapunov(_DRIFT, -np.outer(_NOISE, _NOISE))
        self.propagator = expm(_DRIFT * step)
        spread = self.stationary - self.propagator @ self.stationary @ self.propagator.T
        self.kick = np.linalg.cholesky(spread)
        self.state = np.linalg.cholesky(self.stationary) @ self._normal()

    def _normal(self) -> FloatArray:
        return self.rng.standard_normal((3, self.chains))

    def advance(self) -> None:
        self.state = self.propagator @ self.state + self.kick @ self._normal()
        self.overlap = _OVERLAP @ self.state

    def controls(self) -> FloatArray:
        """Functions of the path with mean 0."""
        squares = self.state**2 - np.diag(self.stationary)[:, None]
        return np.vstack([self.state, squares, self.overlap**2 - 1])


def _controlled(values: FloatArray, design: Any) -> tuple[float, float]:
    """Mean and standard error after regression on the controls."""
    coefficients, *_ = np.linalg.lstsq(design, values, rcond=None)
    rest = values - design @ coefficients
    freedom = len(values) - design.shape[1]
    return float(coefficients[0]), math.sqrt(float(rest @ rest) / freedom / len(values))
