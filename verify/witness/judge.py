"""What a witness says of a formula: its samples, their deviation, and the measured order."""

from __future__ import annotations

import inspect
import itertools
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import mpmath
import numpy as np
import sympy as sp

from ...theory.proof.claims import claims
from ...theory.proof.evaluate import Field, Point, value_of
from ...theory.proof.formula import Formula, IndexForm
from ...theory.proof.record import LEAST_ORDER, definitions
from ...theory.proof.symbols import KNOWN
from .declare import Measured, Witness
from .domain import draws

_FLOOR = 1e-5  # smaller values are compared absolutely, on this scale
_STANDARD_ERRORS = 5
_SHARP = 1e-4  # an accuracy at which no order need be measured
_LEAST_POINTS = 3
_ATTAINED = 1e-6
_DIGITS = 30
_REAL = 1e-15  # of an imaginary part that is rounding


@dataclass(frozen=True)
class Sample:
    """The value that a witness computed for some arguments; ``series`` numbers the sequences.

    >>> from polysem.verify.witness.judge import Sample
    >>> Sample({"lam": 0.1}, 0.5).error
    0.0
    """

    arguments: Mapping[str, Any]
    value: float
    error: float = 0.0
    series: int = 0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What a witness found, as it is stored in the record.

    >>> from polysem.verify.witness.judge import find
    >>> from polysem.verify.witness.declare import witnesses
    >>> find(witnesses()["fold"]).passed
    True

    Parameters
    ----------
    method : str
        How the values were computed.
    samples : int
        The number of values.
    error : float
        The largest deviation: relative, or the last one of a sequence; of a bound the largest
        violation.
    accuracy : float
        The deviation that the computation explains.
    order : float, optional
        For an asymptotic formula: the measured power of the claimed size of the error.
    message : str
        Why the formula was rejected; empty where it was not.
    noise : float
        The largest part of a deviation that is five standard errors of a value.
    """

    method: str
    samples: int
    error: float
    accuracy: float
    order: float | None = None
    message: str = ""
    noise: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.message


def find(witness: Witness, *, seed: int = 0, factor: int = 1) -> Finding:
    """Draw the samples of a witness and compare them with what its claim says.

    Parameters
    ----------
    witness : Witness
        The witness.
    seed : int, optional
        Another seed draws other arguments.
    factor : int, optional
        How many times as many arguments are drawn.
    """
    return compared(witness, claimed(witness.label), seed=seed, factor=factor)


def compared(
    witness: Witness, form: IndexForm | None, *, seed: int = 0, factor: int = 1
) -> Finding:
    """The finding of a witness for a given formula, or for a claim without one.

    >>> from polysem import theory
    >>> from polysem.verify.witness.declare import witnesses
    >>> from polysem.verify.witness.judge import compared
    >>> compared(witnesses()["fold"], theory.fold_amplitude).passed
    False
    """
    if form is None:
        return _without_formula(witness, witness.compute, seed, factor)
    return judge(witness, form, samples(witness, form, seed=seed, factor=factor))


def refuted(witness: Witness) -> Finding:
    """The finding for the false version of a claim without a formula."""
    assert witness.wrong is not None
    return _without_formula(witness, witness.wrong, 0, 1)


def claimed(label: str) -> IndexForm | None:
    """The formula of a claim or a definition; None for a claim without one.

    Raises
    ------
    ValueError
        Where there is neither a claim nor a definition with the label.
    """
    if label in claims():
        return claims()[label].formula
    for found in (definition for definition in definitions() if definition.name == label):
        return IndexForm(
            name=label,
            expression=found.expression,
            meaning=found.meaning,
            source=found.source,
        )
    raise ValueError(
        f"Got a witness for {label!r}; no claim and no definition has this name: use the label of "
        "a claim."
    )


def samples(
    witness: Witness, form: IndexForm, *, seed: int = 0, factor: int = 1
) -> tuple[Sample, ...]:
    """The values that a witness computes for random arguments."""
    rng = _generator(witness.label, seed)
    count = witness.samples * factor
    if list(inspect.signature(witness.compute).parameters) == ["rng"] and _letters(form):
        return tuple(_sample(*witness.compute(rng)) for _ in range(count))
    assert isinstance(form, Formula)
    found = []
    for series, arguments in enumerate(draws(form, witness.within, count, rng)):
        for point in _sequence(witness, arguments):
            found.append(_sample(point, _computed(witness, point, rng), series))
    return tuple(found)


def _letters(form: IndexForm) -> bool:
    return bool(form.expression.free_symbols)


def _generator(label: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(label.encode()), seed])


def _computed(witness: Witness, arguments: Mapping[str, Any], rng: np.random.Generator) -> Any:
    wanted = inspect.signature(witness.compute).parameters
    return witness.compute(**arguments, **({"rng": rng} if "rng" in wanted else {}))


def _sample(arguments: Mapping[str, Any], value: Any, series: int = 0) -> Sample:
    if isinstance(value, Measured):
        return Sample(arguments, float(value.value), float(value.error), series)
    return Sample(arguments, float(value), 0.0, series)


def _sequence(witness: Witness, arguments: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The arguments, once or along the sequence of an asymptotic formula."""
    if not witness.along:
        yield dict(arguments)
        return
    for values in zip(*witness.along.values(), strict=True):
        yield dict(arguments) | dict(zip(witness.along, values, strict=True))


def judge(witness: Witness, form: IndexForm, found: Sequence[Sample]) -> Finding:
    """Whether the samples of a witness agree with a formula.

    Parameters
    ----------
    witness : Witness
        The witness, which states relation, accuracy and order.
    form : IndexForm
        The formula that is judged: the claimed one, or a wrong version of it.
    found : sequence of Sample
        The values of the witness.
    """
    unfit = _unfit(witness, form)
    if unfit:
        return _finding(witness, len(found), math.inf, unfit)
    values = [_value(form, sample.arguments) for sample in found]
    if witness.through is not None:
        values = [witness.through(value) for value in values]
    if witness.order:
        return _judged_order(witness, found, values)
    signs = {"=": (1, -1), "<=": (1,), ">=": (-1,)}[witness.relation]
    slack = math.inf
    worst, noise, message = 0.0, 0.0, ""
    for sample, value in zip(found, values, strict=True):
        scale = 1.0 if witness.absolute else max(abs(sample.value), abs(value)) + _FLOOR
        difference = (sample.value - value) / scale
        uncertain = _STANDARD_ERRORS * sample.error / scale
        deviation = max(*(sign * difference for sign in signs), 0.0) + uncertain
        noise = max(noise, uncertain)
        slack = min(slack, abs(difference))
        worst = max(worst, deviation) if math.isfinite(deviation) else math.inf
        if not deviation <= witness.accuracy and not message:
            error = f" with the standard error {sample.error:.3g}" if sample.error else ""
            message = (
                f"at {_shown(sample.arguments)} the model gives {sample.value:.12g}{error}, the "
                f"formula {value:.12g}; the accuracy is {witness.accuracy:g}"
            )
    if witness.attained and not slack <= max(_ATTAINED, witness.accuracy) and not message:
        message = f"the bound is not met: the smallest relative distance is {slack:.3g}"
        worst = max(worst, slack)
    return replace(_finding(witness, len(found), worst, message), noise=float(f"{noise:.3g}"))


def _unfit(witness: Witness, form: IndexForm) -> str:
    """Why a witness cannot judge a formula of this kind; empty where it can."""
    if witness.relation != "=" and form.kind != "bound":
        return (
            f"the witness compares by {witness.relation}, but the formula is not said to be a bound"
        )
    if witness.order and form.kind in ("exact", "bound"):
        return f"the witness measures an order, but the error is said to be {form.error!r}"
    if form.kind == "asymptotic" and not witness.order and witness.accuracy > _SHARP:
        return f"the error is said to be {form.error!r}; give along=... and order=..."
    return ""


def _finding(
    witness: Witness, count: int, worst: float, message: str, order: float | None = None
) -> Finding:
    return Finding(
        method=witness.method,
        samples=count,
        error=float(f"{worst:.3g}"),
        accuracy=witness.accuracy,
        order=order,
        message=message,
    )


def _judged_order(witness: Witness, found: Sequence[Sample], values: Sequence[float]) -> Finding:
    """Whether the error falls at the claimed order along each sequence."""
    worst, slowest, message = 0.0, math.inf, ""
    for series in sorted({sample.series for sample in found}):
        mine = [(s, v) for s, v in zip(found, values, strict=True) if s.series == series]
        larger = [max(abs(s.value), abs(v)) or 1.0 for s, v in mine]
        scales = larger if witness.relative else [1.0] * len(mine)
        errors = [abs(s.value - v) / x for (s, v), x in zip(mine, scales, strict=True)]
        sizes = [_size(witness.order, s.arguments) for s, _ in mine]
        falls = all(b < a for a, b in itertools.pairwise(sizes)) and len(sizes) >= _LEAST_POINTS
        worst = max(worst, errors[-1]) if math.isfinite(errors[-1]) else math.inf
        seen = [
            (math.log(x), math.log(e))
            for x, e, (s, _) in zip(sizes, errors, mine, strict=True)
            if e > max(witness.accuracy, _STANDARD_ERRORS * s.error) and math.isfinite(e)
        ]
        if not all(map(math.isfinite, errors)) or not falls:
            slope = -math.inf
        elif len(seen) < 2:
            slope = math.inf if errors[-1] <= min(witness.accuracy, _SHARP) else -math.inf
        else:
            last = np.array(seen[-3:])
            slope = float(np.polyfit(last[:, 0], last[:, 1], 1)[0])
        slowest = min(slowest, slope)
        if slope < LEAST_ORDER and not message:
            message = (
                f"at {_shown(mine[-1][0].arguments)} the error {errors[-1]:.3g} falls as the power "
                f"{slope:.2f} of the claimed size {witness.order}; the power 1 is claimed"
            )
    order = None if slowest == math.inf else round(max(slowest, -99.0), 3)
    return _finding(witness, len(found), worst, message, order)


def _size(order: str, arguments: Mapping[str, Any]) -> float:
    known = {name: value for name, value in arguments.items() if not isinstance(value, np.ndarray)}
    return float(sp.sympify(order, locals=known))


def _value(form: IndexForm, arguments: Mapping[str, Any]) -> float:
    """The value of a formula; NaN where it has none."""
    by_name = {entry.argument: symbol for symbol, entry in KNOWN.items()}
    point = Point()
    for name, value in arguments.items():
        if isinstance(value, np.ndarray):
            point[_base(form, name)] = Field(partial(_entry, value))
        else:
            point[by_name[name]] = value
    try:
        with mpmath.workdps(_DIGITS):
            value = mpmath.mpmathify(value_of(form.expression, point))
            return float(value.real) if abs(value.imag) <= _REAL * abs(value) else math.nan
    except (ArithmeticError, LookupError, ValueError):
        return math.nan


def _entry(array: np.ndarray, place: tuple[int, ...]) -> float:
    """The entry of an array whose indices start at 1."""
    return float(array[tuple(index - 1 for index in place)])


def _base(form: IndexForm, name: str) -> sp.Symbol:
    bases = {base.label for base in form.expression.atoms(sp.IndexedBase)}
    return next((base for base in bases if str(base) == name), sp.Symbol(name))


def _shown(arguments: Mapping[str, Any]) -> str:
    parts = (
        f"{name}={value:.6g}"
        for name, value in arguments.items()
        if not isinstance(value, np.ndarray)
    )
    return ", ".join(parts) or "no arguments"


def _without_formula(witness: Witness, compute: Any, seed: int, factor: int) -> Finding:
    rng = _generator(witness.label, seed)
    failures = [abs(float(compute(rng))) for _ in range(witness.samples * factor)]
    worst = max(failures) if all(map(math.isfinite, failures)) else math.inf
    message = ""
    if not worst <= witness.accuracy:
        message = f"the claim fails by {worst:.3g}; the accuracy is {witness.accuracy:g}"
    return _finding(witness, len(failures), worst, message)
