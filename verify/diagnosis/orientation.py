"""Whether a row of an array of weights is a feature or a neuron."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ... import numerics
from ...numerics._types import Array
from ...numerics._validate import check_choice

LAYOUTS = ("features-first", "neurons-first")

CLEARLY = 0.1
"""By how much the loss of a feature is smaller if the other reading fits clearly better."""

_NETWORKS = 16  # read at most
_LARGEST = 4096  # rows at which all overlaps are compared


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One way to read an array, and the loss of a tied autoencoder with these weights.

    Parameters
    ----------
    layout : str
        "features-first" or "neurons-first".
    features, neurons : int
        The numbers of both under this reading.
    loss : float
        Reconstruction loss divided by the number of features; 1 for weights 0, infinite if it was
        not computed.
    """

    layout: str
    features: int
    neurons: int
    loss: float

    def __str__(self) -> str:
        known = f", reconstruction loss {self.loss:.2g} per feature" if self.loss < 1e6 else ""
        return f"{self.layout}: {self.features} features x {self.neurons} neurons{known}"


class UnclearLayoutError(ValueError):
    """The array alone does not tell whether a row is a feature or a neuron."""

    def __init__(self, shape: tuple[int, ...], readings: tuple[Reading, Reading]) -> None:
        self.shape, self.readings = shape, readings
        super().__init__(
            f"Got weights of shape {shape}, which alone do not tell whether a row is a feature or "
            f"a neuron ({'; '.join(map(str, readings))}); give layout='features-first' or "
            "layout='neurons-first' (at the command line --layout)."
        )


def resolve_layout(stack: Array, layout: str | None, *, stacked: bool) -> str:
    """The layout that was given, or the one that the array shows.

    A matrix with fewer rows than columns is read features-first unless the other reading fits
    better; any other matrix does not tell.  A stack that is not square is read the way that fits
    clearly better, and features-first if neither does and it has fewer rows than columns.

    >>> import numpy as np
    >>> from polysem.verify.diagnosis.orientation import resolve_layout
    >>> angles = 2 * np.pi * np.arange(5) / 5
    >>> pentagon = np.stack([np.cos(angles), np.sin(angles)])  # 2 neurons x 5 features
    >>> resolve_layout(np.stack([pentagon] * 8), None, stacked=True)
    'neurons-first'
    """
    if layout is not None:
        return check_choice("layout", layout, LAYOUTS)
    *_, rows, columns = stack.shape
    readings = (
        _reading(stack, "features-first"),
        _reading(stack.swapaxes(1, 2), "neurons-first"),
    )
    first, other = readings
    if stacked and rows != columns:
        best, rest = sorted(readings, key=lambda reading: reading.loss)
        if best.loss < min(rest.loss, 1) - CLEARLY:
            return best.layout
    if rows < columns and not other.loss < min(first.loss, 1):
        return "features-first"
    raise UnclearLayoutError(stack.shape if stacked else (rows, columns), readings)


def _reading(stack: Array, layout: str) -> Reading:
    _, features, neurons = stack.shape
    loss = np.inf
    if features <= _LARGEST:
        with np.errstate(over="ignore", invalid="ignore"):
            losses = [numerics.OneHot().loss(one.astype(float)) for one in stack[:_NETWORKS]]
            loss = float(np.nan_to_num(np.mean(losses) / features, nan=np.inf))
    return Reading(layout=layout, features=features, neurons=neurons, loss=loss)
