"""Arrays of other libraries as NumPy arrays, without an import of these libraries."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...numerics._types import Array


def to_numpy(value: Any) -> Array:
    """A NumPy array with the values: of a list, a NumPy or JAX array, a torch tensor or parameter.

    A tensor is detached, moved to the CPU, and, if NumPy lacks its type, widened to float32.

    >>> from polysem.verify.diagnosis.arrays import to_numpy
    >>> to_numpy([[1, 2]]).shape
    (1, 2)
    """
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if "bfloat16" in str(value.dtype):
            value = value.float()
    return np.asarray(value)
