"""The law of the number of opposite-sign pairs among independent choices.

``P(pairs = k) = n!/(2m)^n [x^n y^k] g(x, y)^m`` with ``g = sum_a x^a/a! exp(x y^a)``. Both
coefficients are taken by Fourier sums on circles: x at the tilt n/(2m), at which the total is
Poisson(n), and y on the unit circle. paper_notes/counting_laws.md.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import gammaln

from ... import theory
from .laws import CountLaw, Masses, complex_log1p

_RESOLVED = 1e-13  # absolute error of a probability
_MOST_WORK = 2e10  # complex exponentials; some minutes


@dataclass(frozen=True)
class IndependentPairsLaw(CountLaw):
    """The number of pairs of features on one neuron with opposite signs, independent choices.

    ``P(pairs = k) = n!/(2m)^n [x^n y^k] ( sum_{a,b} x^(a+b) y^(ab) / (a! b!) )^m``. Exact up to an
    absolute error of 1e-13; a probability that is smaller counts as 0. It is not the law of the
    number of neurons: one neuron may hold many pairs.

    >>> from polysem import numerics
    >>> law = numerics.IndependentPairsLaw(n=64, m=128)
    >>> law.mean(), round(law.var(), 3), round(float(law.pmf(7)), 4)
    (7.875, 7.844, 0.142)

    Parameters
    ----------
    n : int
        Number of features.
    m : int
        Number of neurons.

    Returns
    -------
    a frozen distribution, as ExclusionLaw

    Raises
    ------
    ValueError
        If n or m is not a positive integer, or n/m is so large that the law cannot be computed.

    Source
    ------
    paper_notes/counting_laws.md; Lecomte et al. 2023, collisions section, has the mean.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self._work() > _MOST_WORK:
            raise ValueError(
                f"Got n={self.n}, m={self.m}; the law of the pairs would need {self._work():.1g} "
                f"operations, and at most {_MOST_WORK:.1g} are allowed: lower n or raise m."
            )

    def support(self) -> tuple[int, int]:
        """No pair, or all features on one neuron, half of them with each sign."""
        return 0, (self.n // 2) * (self.n - self.n // 2)

    def mean(self) -> float:
        """E pairs, from its closed form."""
        return theory.expected_pairs(self.n, self.m)

    def var(self) -> float:
        """Var pairs, from its closed form."""
        return theory.variance_pairs(self.n, self.m)

    def _sizes(self) -> tuple[int, int, int, int]:
        """First pair count of the window, its size, nodes of x, terms of g."""
        tilt, high = self.n / (2 * self.m), self.support()[1]
        mean, deviation = 2 * tilt * (self.n - 1) / 4, math.sqrt(tilt * self.n / 2)
        first = max(0, math.floor(mean - 40 * deviation))
        last = min(high, math.ceil(mean + 40 * deviation + 200))
        nodes = 2 * math.ceil(6 * math.sqrt(self.n) + 24) + 1
        return first, last - first + 1, nodes, math.ceil(tilt + 12 * math.sqrt(tilt) + 40)

    def _work(self) -> float:
        _, window, nodes, terms = self._sizes()
        angles = min(window / 2, 1000.0) if self.m >= 64 else window / 2
        return angles * nodes * terms

    @cached_property
    def _masses(self) -> Masses:
        first, window, _, _ = self._sizes()
        window += window % 2
        wave = np.zeros(window // 2 + 1, dtype=np.complex128)
        still = 0
        for j in range(len(wave)):
            angle = 2 * math.pi * j / window
            wave[j] = np.conj(self._characteristic(angle) * np.exp(-1j * angle * first))
            still = still + 1 if abs(wave[j]) < 1e-18 * abs(wave[0]) else 0
            if still == 16 and self.m >= 64:
                break  # with many neurons it does not rise again
        mass = np.fft.irfft(wave / wave[0].real, window)
        mass = np.where(mass > _RESOLVED, mass, 0.0)
        return Masses(low=first, mantissa=mass, exponent=np.zeros(window, dtype=np.int64))

    def _characteristic(self, angle: float) -> complex:
        """E exp(i angle pairs) times a constant, by the Fourier sum over the circle of x."""
        _, _, nodes, terms = self._sizes()
        tilt = self.n / (2 * self.m)
        turn = 2 * math.pi / nodes * np.arange(nodes)
        turn = np.where(turn > math.pi, turn - 2 * math.pi, turn)
        a = np.arange(terms)
        weight = np.exp(a * math.log(tilt) - tilt - gammaln(a + 1))
        excess = np.zeros(nodes, dtype=np.complex128)
        for order, share in zip(a, weight, strict=True):
            inner = tilt * np.expm1(1j * (turn + order * angle))
            excess += share * np.expm1(1j * turn * order + inner)
        phase = self.m * complex_log1p(excess)
        return complex(np.sum(np.exp(phase - 1j * self.n * turn)))
