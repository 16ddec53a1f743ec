"""Types of arrays by the kind of their entries."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int_]
BoolArray = NDArray[np.bool_]


class Packed(np.ndarray[Any, Any]):
    """The parameters of a model in one array, with a decoder or a bias: no matrix of weights."""
