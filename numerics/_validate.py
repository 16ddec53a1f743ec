"""Checks of arguments; an error shows the value, what is allowed and what to do in one line."""

from __future__ import annotations

import math
import operator
import os
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

import numpy as np

from ._arrays import device_name, is_foreign, namespace
from ._types import Array, Packed

LARGEST = 1e50
"""The largest number that a weight, a rate or a time may have."""

MOST = 10**15
"""The largest size or count; up to it integers are exact in double precision."""


def check_integer(
    name: str, value: Any, meaning: str, *, minimum: int = 1, maximum: int | None = MOST
) -> int:
    """The value as an int that is at least ``minimum`` and at most ``maximum``."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < minimum:
        raise ValueError(
            f"Got {name}={value!r}; {name} is {meaning} and must be an integer >= {minimum}."
        )
    value = operator.index(value)
    if maximum is not None and value > maximum:
        raise ValueError(f"Got {name}={value}; {name} is {meaning} and must be <= {maximum:.0e}.")
    return value


def check_seed(name: str, value: Any, meaning: str) -> int:
    """The value as an int >= 0, of any length."""
    return check_integer(name, value, meaning, minimum=0, maximum=None)


def check_fields(instance: Any, check: Callable[[str, Any, str], Any], **meanings: str) -> None:
    """Check fields of a frozen dataclass, and set them to Python's numbers.

    A size of a small integer type, as numpy.uint8, would overflow in later products.
    """
    for name, meaning in meanings.items():
        object.__setattr__(instance, name, check(name, getattr(instance, name), meaning))


def check_nonnegative(name: str, value: Any, meaning: str) -> float:
    """The value as a float >= 0 whose powers in the formulas are finite."""
    if not 0 <= _number(value) <= LARGEST:
        raise ValueError(
            f"Got {name}={value!r}; {name} is {meaning} and must be >= 0 and <= {LARGEST:g}."
        )
    return float(value)


def check_positive(name: str, value: Any, meaning: str) -> float:
    """The value as a float > 0 whose powers in the formulas are finite."""
    if not 0 < _number(value) <= LARGEST:
        raise ValueError(
            f"Got {name}={value!r}; {name} is {meaning} and must be > 0 and <= {LARGEST:g}."
        )
    return float(value)


def check_lam(lam: Any) -> float:
    """The weight of the l1 regulariser, in flow units."""
    return check_nonnegative("lam", lam, "an l1 weight")


def check_max_time(value: Any) -> float:
    """The time at which to end a run that does not come to rest; it may be infinite."""
    if not _number(value) > 0:
        raise ValueError(f"Got max_time={value!r}; it is a time and must be > 0.")
    return float(value)


def check_rel(value: Any) -> float:
    """A step, as a fraction of the time in which a row would shrink to nothing."""
    if check_positive("rel", value, "a step relative to the l1 norm") >= 1:
        raise ValueError(
            f"Got rel={value!r}; rel is the size of a step relative to the l1 norm of a row, and "
            "with rel >= 1 a step can set a whole row to zero: give a number between 0 and 1."
        )
    return float(value)


def check_sizes(
    n: Any, m: Any, instances: Any = None, *, copies: int = 8
) -> tuple[int, int, int | None]:
    """The sizes as ints, if they are positive and the arrays fit into the memory.

    ``copies`` is the number of float64 arrays of the size of the weights that the caller needs.
    """
    n = check_integer("n", n, "the number of features")
    m = check_integer("m", m, "the number of neurons")
    if instances is not None:
        instances = check_integer("instances", instances, "the number of independent networks")
    networks = instances or 1
    needed = 8 * copies * networks * n * max(m, n)
    available = _memory()
    if available is not None and needed > available:
        raise ValueError(
            f"Got n={n}, m={m}, instances={networks}; this needs about {_bytes(needed)} of "
            f"memory, but this machine has only {_bytes(available)}: reduce n, m or instances."
        )
    return n, m, instances


def check_weights(name: str, weights: Any) -> Array:
    """The value as a finite float array of shape (n, m) or (networks, n, m)."""
    if isinstance(weights, Packed):
        raise ValueError(
            f"Got all parameters of a model as {name}; give only the encoder, "
            "model.unpack(parameters)[0]."
        )
    if is_foreign(weights) and "cpu" not in device_name(weights).lower():
        raise ValueError(
            f"Got {name} on the device {device_name(weights)}; this function computes in NumPy: "
            f"give {name}.cpu()."
        )
    weights = np.asarray(weights)
    _check_shape(name, weights)
    if weights.dtype.kind in "iub":
        weights = weights.astype(np.float64)
    if weights.dtype not in (np.float32, np.float64):
        raise ValueError(f"Got {name} of type {weights.dtype}; give float32 or float64.")
    if not np.isfinite(weights).all():
        raise ValueError(f"Got {name} with {_not_finite(weights)}; all weights must be finite.")
    return weights


def check_array(name: str, weights: Any) -> Array:
    """As :func:`check_weights`; an array of another library than NumPy stays where it is."""
    if not is_foreign(weights):
        return check_weights(name, weights)
    xp = namespace(weights)
    _check_shape(name, weights)
    if xp.isdtype(weights.dtype, ("bool", "integral")):
        weights = xp.astype(weights, xp.float64)
    if weights.dtype not in (xp.float32, xp.float64):
        raise ValueError(f"Got {name} of type {weights.dtype}; give float32 or float64.")
    if not xp.all(xp.isfinite(weights)):
        raise ValueError(f"Got {name} with NaN or infinite values; all weights must be finite.")
    checked: Array = weights.detach() if hasattr(weights, "detach") else weights
    return checked


def _check_shape(name: str, weights: Any) -> None:
    if weights.ndim not in (2, 3) or 0 in weights.shape:
        raise ValueError(
            f"Got {name} of shape {tuple(weights.shape)}; give an array of shape (n, m) or "
            "(networks, n, m), features first, with no axis of length 0."
        )


def check_network(name: str, weights: Any) -> Array:
    """The value as a finite float array of shape (n, m)."""
    weights = check_array(name, weights)
    if weights.ndim != 2:
        raise ValueError(
            f"Got {name} of shape {tuple(weights.shape)}; give one network, of shape (n, m)."
        )
    return weights


def check_fraction(name: str, value: Any, meaning: str) -> float:
    """The value as a float >= 0 and < 1."""
    if not 0 <= _number(value) < 1:
        raise ValueError(f"Got {name}={value!r}; {name} is {meaning} and must lie in [0, 1).")
    return float(value)


def check_vector(name: str, values: Any, meaning: str, *, minimum: float | None = None) -> Any:
    """The values as a finite float64 array of one dimension, not empty; a number counts as one."""
    vector = np.atleast_1d(np.asarray(values))
    if vector.dtype.kind not in "iuf" or vector.ndim != 1 or not vector.size:
        raise ValueError(f"Got {name}={values!r}; {name} is {meaning}: give a list of numbers.")
    vector = vector.astype(np.float64)
    if not np.isfinite(vector).all():
        raise ValueError(
            f"Got {name} with {_not_finite(vector)}; {name} is {meaning}: all values must be "
            "finite."
        )
    if np.abs(vector).max() > LARGEST:
        raise ValueError(
            f"Got {name} with the size {np.abs(vector).max():g}; {name} is {meaning}: all sizes "
            f"must be <= {LARGEST:g}."
        )
    if minimum is not None and vector.min() < minimum:
        raise ValueError(
            f"Got {name} with the value {vector.min():g}; {name} is {meaning}: all values must be "
            f">= {minimum:g}."
        )
    return vector


def check_choice(name: str, value: Any, choices: Iterable[str]) -> str:
    """The value, if it is one of the choices."""
    choices = tuple(choices)
    if value not in choices:
        raise ValueError(f"Got {name}={value!r}; choose one of {', '.join(choices)}.")
    return value


def check_rng(rng: Any) -> np.random.Generator:
    """The value, if it is a NumPy Generator."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"Got rng={rng!r}; give a Generator, such as numpy.random.default_rng(seed)."
        )
    return rng


def check_times(name: str, values: Any) -> Array:
    """The values as increasing, finite times >= 0; there may be none."""
    try:
        times = np.asarray(tuple(values), float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Got {name}={values!r}; give a list of times.") from error
    if not (np.isfinite(times).all() and (times >= 0).all() and (np.diff(times) > 0).all()):
        raise ValueError(f"Got {name}={times.tolist()}; give increasing, finite times >= 0.")
    return times


def _number(value: Any) -> float:
    """The value as a float; NaN for what is no number, infinite for too large an integer."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _not_finite(array: Array) -> str:
    nan = int(np.isnan(array).sum())
    return f"{nan} NaN" if nan else f"{int(np.isinf(array).sum())} infinite values"


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _bytes(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} PB"
