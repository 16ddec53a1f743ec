"""Noise on the hidden layer: symmetric laws of given variance and kurtosis."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from .._extras import need
from .._types import Array, FloatArray
from .._validate import check_choice, check_fields, check_nonnegative

LAWS = ("bipolar", "gaussian", "uniform", "laplace", "three-point")
_KURTOSIS = {"bipolar": -2.0, "gaussian": 0.0, "uniform": -1.2, "laplace": 3.0}
_SIXTH = {"bipolar": 16.0, "gaussian": 0.0, "uniform": 48.0 / 7.0, "laplace": 30.0}


@dataclass(frozen=True, kw_only=True)
class Noise:
    r"""Independent symmetric noise of standard deviation sigma on every neuron.

    The hidden layer of input :math:`e_i` becomes :math:`W_i + \sigma\xi`, where the entries of
    :math:`\xi` are independent, symmetric and of variance 1. The three-point law takes the values
    :math:`0, \pm\sqrt{3+\kappa}` and has any excess kurtosis :math:`\kappa \ge -2`;
    at :math:`\kappa = -2` it is bipolar noise.

    >>> from polysem import numerics
    >>> numerics.Noise(sigma=0.1, law="uniform").kurtosis
    -1.2
    >>> numerics.Noise(sigma=0.1, law="three-point", excess_kurtosis=-1).kurtosis
    -1.0

    Parameters
    ----------
    sigma : float
        Standard deviation, in units of a hidden activation; >= 0.
    law : {"bipolar", "gaussian", "uniform", "laplace", "three-point"}
        The law of one entry.
    excess_kurtosis : float, optional
        Excess kurtosis of the three-point law, >= -2; the other laws have their own.

    Raises
    ------
    ValueError
        If sigma is negative or not finite, the law is unknown, or the kurtosis is below -2,
        not finite, missing, or given to a law that has its own.

    Source
    ------
    Lecomte et al. 2023, section on noise; paper_notes/noise.md.
    """

    sigma: float
    law: str = "bipolar"
    excess_kurtosis: float | None = None

    def __post_init__(self) -> None:
        check_fields(self, check_nonnegative, sigma="the standard deviation of the noise")
        check_choice("noise law", self.law, LAWS)
        given = self.excess_kurtosis
        if self.law != "three-point":
            if given is not None and given != _KURTOSIS[self.law]:
                raise ValueError(
                    f"Got kurtosis={given}; {self.law} noise always has excess kurtosis "
                    f"{_KURTOSIS[self.law]:g}; remove the kurtosis, or choose the three-point law."
                )
        elif given is None:
            raise ValueError(
                "Got the three-point law without its excess kurtosis; give a number >= -2."
            )
        elif not (isinstance(given, Real) and math.isfinite(given) and given >= -2):
            raise ValueError(
                f"Got kurtosis={given}; an excess kurtosis is a finite number >= -2 "
                "(-2 is bipolar noise)."
            )

    @property
    def kurtosis(self) -> float:
        """Excess kurtosis of one entry."""
        if self.law == "three-point":
            assert self.excess_kurtosis is not None
            return float(self.excess_kurtosis)
        return _KURTOSIS[self.law]

    @property
    def sixth_cumulant(self) -> float:
        """Sixth cumulant of one entry at unit variance."""
        if self.law == "three-point":
            fourth_moment = 3.0 + self.kurtosis
            return fourth_moment**2 - 15.0 * fourth_moment + 30.0
        return _SIXTH[self.law]

    @property
    def atoms(self) -> tuple[FloatArray, FloatArray] | None:
        """Values of one entry at unit variance and their probabilities; None if continuous."""
        if self.law == "bipolar" or (self.law == "three-point" and self.kurtosis == -2):
            return np.array([-1.0, 1.0]), np.array([0.5, 0.5])
        if self.law == "three-point":
            fourth_moment = 3.0 + self.kurtosis
            value, half = math.sqrt(fourth_moment), 0.5 / fourth_moment
            return np.array([-value, 0.0, value]), np.array([half, 1.0 - 2.0 * half, half])
        return None

    def sample(self, rng: np.random.Generator, shape: tuple[int, ...]) -> FloatArray:
        """Draws sigma xi of the given shape."""
        if self.atoms is not None:
            values, chances = self.atoms
            if len(values) == 2:
                signs = rng.integers(0, 2, size=shape, dtype=np.int8)
                return np.asarray((2.0 * self.sigma) * signs - self.sigma)
            return self.sigma * rng.choice(values, size=shape, p=chances)
        if self.law == "gaussian":
            return self.sigma * rng.standard_normal(shape)
        if self.law == "uniform":
            return rng.uniform(-1.0, 1.0, shape) * (self.sigma * math.sqrt(3.0))
        return rng.laplace(0.0, 1.0, shape) * (self.sigma / math.sqrt(2.0))

    def sample_on(self, generator: Any, like: Array, shape: tuple[int, ...]) -> Array:
        """The same law from a generator of PyTorch, on the device and of the type of ``like``."""
        torch = need("torch", "torch")
        options = {"generator": generator, "device": like.device, "dtype": like.dtype}
        if self.law == "gaussian":
            return self.sigma * torch.randn(shape, **options)
        drawn = torch.rand(shape, **options)
        if self.atoms is not None:
            values, chances = (torch.tensor(part).to(drawn) for part in self.atoms)
            place = torch.searchsorted(chances.cumsum(0)[:-1], drawn, right=True)
            return self.sigma * values[place]
        centred = 2 * drawn - 1
        if self.law == "uniform":
            return self.sigma * math.sqrt(3.0) * centred
        return -self.sigma / math.sqrt(2.0) * centred.sign() * torch.log1p(-centred.abs())

    def characteristic(self, t: FloatArray) -> FloatArray:
        """Characteristic function of one entry at unit variance; real, as the law is symmetric."""
        if self.atoms is not None:
            values, chances = self.atoms
            return np.cos(np.multiply.outer(t, values)) @ chances
        if self.law == "gaussian":
            return np.exp(-(t**2) / 2)
        if self.law == "uniform":
            return np.sinc(t * (math.sqrt(3.0) / math.pi))
        return 1.0 / (1.0 + t**2 / 2)

    def characteristic_slope(self, t: FloatArray) -> FloatArray:
        """Derivative of :meth:`characteristic`."""
        if self.atoms is not None:
            values, chances = self.atoms
            return -np.sin(np.multiply.outer(t, values)) @ (chances * values)
        if self.law == "gaussian":
            return -t * np.exp(-(t**2) / 2)
        if self.law == "uniform":
            x = math.sqrt(3.0) * t
            small = np.abs(x) < 1e-2
            safe = np.where(small, 1.0, x)
            series = -x / 3 * (1 - x**2 / 10 * (1 - x**2 / 28))
            return math.sqrt(3.0) * np.where(
                small, series, (np.cos(safe) - np.sin(safe) / safe) / safe
            )
        return -t / (1.0 + t**2 / 2) ** 2
