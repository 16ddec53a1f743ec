"""The model in plain NumPy, for witnesses: loss, its derivative, flow, and states at rest.

Nothing here uses a formula of the theory. The velocity is minus a quarter of the derivative of the
loss, which :func:`slope` finds by differences; :func:`velocity` is the fast form, and a test
compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import integrate

Weights = NDArray[np.float64]
Networks = NDArray[Any]  # a stack, in single or double precision
_SCALE = 4  # the flow is -1/4 of the gradient of the summed loss


def loss(weights: Weights, lam: float) -> float:
    """The authors' loss, with the paper's lambda (a quarter of theirs).

    >>> import numpy as np
    >>> from polysem.verify.witness.model import loss
    >>> loss(np.array([[1.0]]), 0.01)
    0.04
    """
    error = np.maximum(weights @ weights.T, 0) - np.eye(len(weights))
    return float((error**2).sum() + _SCALE * lam * np.abs(weights).sum())


def slope(weights: Weights, lam: float, place: tuple[int, int], step: float = 1e-5) -> float:
    """The derivative of the loss by one weight, by central differences of fourth order.

    >>> import numpy as np
    >>> from polysem.verify.witness.model import slope
    >>> round(slope(np.array([[1.0]]), 0.01, (0, 0)), 9)
    0.04
    """

    def at(distance: float) -> float:
        moved = weights.copy()
        moved[place] += distance
        return loss(moved, lam)

    near, far = at(step) - at(-step), at(2 * step) - at(-2 * step)
    return (8 * near - far) / (12 * step)


def velocity(weights: Weights, lam: float) -> Weights:
    """The velocity of the flow where no weight is 0: a quarter of the descent of the loss.

    The weights may be a stack of networks.

    >>> import numpy as np
    >>> from polysem.verify.witness.model import velocity
    >>> float(velocity(np.array([[0.5]]), 0.0)[0, 0])
    0.375
    """
    same = np.eye(weights.shape[-2], dtype=weights.dtype)
    error = np.maximum(weights @ weights.swapaxes(-1, -2), 0) - same
    return np.asarray(-error @ weights - lam * np.sign(weights))


def flow(weights: Weights, lam: float, time: float, **options: Any) -> Weights:
    """The weights after a time, by adaptive integration; for paths on which no weight meets 0.

    >>> import numpy as np
    >>> from polysem.verify.witness.model import flow
    >>> round(float(flow(np.array([[0.5]]), 0.0, 50.0)[0, 0]), 6)
    1.0
    """
    shape = weights.shape
    options = {"rtol": 1e-11, "atol": 1e-13, "method": "DOP853"} | options
    path = integrate.solve_ivp(
        lambda _, flat: velocity(flat.reshape(shape), lam).ravel(),
        (0, time),
        weights.ravel(),
        **options,
    )
    return np.asarray(path.y[:, -1].reshape(shape))


def train(weights: Weights, lam: float, *, step: float = 0.05, steps: int = 20_000) -> Weights:
    """The weights at rest: gradient steps on the error, then soft thresholding.

    The training ends when no weight moves by more than 1e-13 in a step.

    >>> import numpy as np
    >>> from polysem.verify.witness.model import train
    >>> train(np.array([[0.9, 0.2]]), 0.1).round(6)
    array([[0.945649, 0.      ]])

    Raises
    ------
    ArithmeticError
        If the weights still move after the last step.
    """
    for _ in range(steps):
        moved = weights + step * velocity(weights, 0.0)
        moved = np.sign(moved) * np.maximum(np.abs(moved) - step * lam, 0)
        if np.abs(moved - weights).max() < 1e-13:
            return np.asarray(moved)
        weights = moved
    raise ArithmeticError(f"The weights still move after {steps} steps of size {step}.")


def settle(
    weights: Networks,
    lam: float,
    time: float,
    *,
    step: float = 0.3,
    descent: Callable[[Networks], Networks] | None = None,
) -> Networks:
    """The weights after a time, by coarse steps along a descent, and soft thresholding.

    The weights may be a stack of networks; without a descent that of the squared error is taken.

    >>> import numpy as np
    >>> from polysem.verify.witness.model import settle
    >>> settle(np.array([[0.9, 0.2]]), 0.1, 100.0).round(6)
    array([[0.945649, 0.      ]])
    """
    for _ in range(round(time / step)):
        change = velocity(weights, 0.0) if descent is None else descent(weights)
        weights = weights + step * change
        weights = np.sign(weights) * np.maximum(np.abs(weights) - step * lam, 0)
    return weights


def shared_neurons(weights: Networks, least: float = 0.5) -> Networks:
    """How many neurons of each network of a stack carry two weights of a size at least.

    >>> import numpy as np
    >>> from polysem.verify.witness.model import shared_neurons
    >>> shared_neurons(np.array([[[0.9, 0.0], [-0.9, 0.1]]]))
    array([1])
    """
    return np.asarray(((np.abs(weights) >= least).sum(axis=-2) >= 2).sum(axis=-1))


def normal_start(networks: int, n: int, m: int, rng: np.random.Generator) -> Networks:
    """The initial weights of many networks, in single precision: normal, of variance 1/m.

    >>> import numpy as np
    >>> from polysem.verify.witness.model import normal_start
    >>> normal_start(2, 3, 4, np.random.default_rng(0)).shape
    (2, 3, 4)
    """
    return np.asarray(rng.standard_normal((networks, n, m), dtype=np.float32) / np.float32(m**0.5))


def ratio_of_means(values: Networks, others: Networks) -> tuple[float, float]:
    """The mean of some values over that of others of the same networks, and its standard error.

    >>> import numpy as np
    >>> from polysem.verify.witness.model import ratio_of_means
    >>> ratio_of_means(np.array([1.0, 2.0]), np.array([2.0, 4.0]))
    (0.5, 0.0)
    """
    ratio = float(values.mean() / others.mean())
    spread = float(np.std(values - ratio * others, ddof=1))
    return ratio, spread / float(others.mean()) / len(values) ** 0.5
