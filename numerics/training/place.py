"""Where training computes: the device and the type of the weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._extras import need
from .._types import Array
from .._validate import check_choice

DTYPES = ("float64", "float32")


@dataclass(frozen=True, kw_only=True)
class Place:
    """A device and a type of numbers, as :func:`training_on` takes them.

    Raises
    ------
    ValueError
        For another type, or a device that PyTorch does not know or cannot use here.
    ImportError
        For a device without PyTorch.
    """

    device: str = "cpu"
    dtype: str = "float64"

    def __post_init__(self) -> None:
        check_choice("dtype", self.dtype, DTYPES)
        if self.device != "cpu":
            float(self.moved(np.ones(1))[0])

    def moved(self, weights: Array) -> Any:
        """The weights there: an array of NumPy on the processor, else a tensor of PyTorch."""
        if self.device == "cpu":
            return weights.astype(self.dtype, copy=False)
        torch = need("torch", "torch")
        try:
            dtype = getattr(torch, self.dtype)
            return torch.tensor(weights, dtype=dtype, device=torch.device(self.device))
        except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
            reason = str(error).partition("\n")[0].rstrip(".")
            raise ValueError(
                f"Got device={self.device!r}, dtype={self.dtype!r}, which PyTorch cannot use here "
                f"({reason}); give cpu, or a device of this machine, such as cuda or cuda:1."
            ) from None


HERE = Place()
_PLACE: ContextVar[Place] = ContextVar("place", default=HERE)


@contextmanager
def training_on(device: str = "cpu", dtype: str = "float64") -> Iterator[Place]:
    """Let :func:`train` compute on a device, and in a type, while the context lasts.

    The initial weights are NumPy's and so are the results: only the work between is done there.
    What computes in NumPy alone stays on the processor: a model or an optimizer without
    ``array_api``, a run with ``observe`` or with measures of your own. ``Solution.stats`` says
    where a run was computed.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(4, 16, np.random.default_rng(0))
    >>> with numerics.training_on("cpu", "float32"):
    ...     run = numerics.train(start, 0.05)
    >>> run.weights.dtype, run.stats["device"]
    (dtype('float32'), 'cpu')

    Parameters
    ----------
    device : str
        "cpu" for NumPy, or a device of PyTorch: "cuda", "cuda:1", "mps", "xpu"; "cpu:0" is the
        processor in PyTorch.
    dtype : {"float64", "float32"}
        Type of the weights. Without a context it is that of the initial weights.

    Raises
    ------
    ValueError
        For another type, or a device that PyTorch does not know or cannot use here.
    ImportError
        For a device without PyTorch.

    Source
    ------
    paper_notes/training.md.
    """
    place = Place(device=device, dtype=dtype)
    token = _PLACE.set(place)
    try:
        yield place
    finally:
        _PLACE.reset(token)


def current_place() -> Place:
    """Where training computes now.

    >>> from polysem import numerics
    >>> with numerics.training_on(dtype="float32"):
    ...     numerics.current_place().dtype
    'float32'

    Returns
    -------
    Place
        With the names ``device`` and ``dtype``.

    Source
    ------
    paper_notes/training.md.
    """
    return _PLACE.get()


def placed(weights: Array, *, anywhere: bool) -> Array:
    """NumPy's weights where training computes now; on the processor unless ``anywhere``."""
    place = _PLACE.get()
    if place == HERE:
        return weights
    if not anywhere:
        return weights.astype(place.dtype, copy=False)
    moved: Array = place.moved(weights)
    return moved
