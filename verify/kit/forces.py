"""What a step of gradient descent is made of, and the wrong gradients that are often met."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...numerics._types import Array, FloatArray

FORCES = ("benefit", "interference", "negative", "l1", "l2")
"""Parts of a step in flow units: (1 - |W_i|^2) W_i; -sum_j ReLU(G_ij) W_j; the same for negative
overlaps, which the rectifier removes; -sign(W); -W."""


def columns(weights: Array) -> dict[str, Array]:
    """Each part of a step for a stack of networks.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> from polysem.verify.kit.forces import columns
    >>> stack = np.random.default_rng(0).standard_normal((1, 3, 4))
    >>> parts = columns(stack)
    >>> bool(np.allclose(-4 * (parts["benefit"] + parts["interference"]),
    ...                  numerics.gradient(stack)))
    True
    """
    gram = weights @ weights.swapaxes(-1, -2)
    squares = np.einsum("...ii->...i", gram)[..., None].copy()
    np.einsum("...ii->...i", gram)[...] = 0
    return {
        "benefit": (1 - squares) * weights,
        "interference": -np.maximum(gram, 0) @ weights,
        "negative": -np.minimum(gram, 0) @ weights,
        "l1": -np.sign(weights),
        "l2": -weights,
    }


def _eye(gram: Array) -> FloatArray:
    return np.eye(gram.shape[-1])


def _transposed(weights: Array) -> Array:
    turned = weights.swapaxes(-1, -2)
    gram = turned @ weights
    return np.asarray(-((np.maximum(gram, 0) - _eye(gram)) @ turned).swapaxes(-1, -2))


def _transposed_linear(weights: Array) -> Array:
    turned = weights.swapaxes(-1, -2)
    gram = turned @ weights
    return np.asarray(-((gram - _eye(gram)) @ turned).swapaxes(-1, -2))


def _hidden_relu(weights: Array, *, output: bool = True) -> Array:
    """A quarter of the descent direction with a rectifier on the hidden layer."""
    hidden = np.maximum(weights, 0)
    result = hidden @ weights.swapaxes(-1, -2)
    error = 2 * ((np.maximum(result, 0) if output else result) - _eye(result))
    if output:
        error = error * (result > 0)
    by_encoder = (error @ weights) * (weights > 0)
    return np.asarray(-(by_encoder + error.swapaxes(-1, -2) @ hidden) / 4)


def _absolute_error(weights: Array) -> Array:
    gram = weights @ weights.swapaxes(-1, -2)
    error = np.sign(np.maximum(gram, 0) - _eye(gram)) * (gram > 0)
    return np.asarray(-error @ weights / 2)


def _root_error(weights: Array) -> Array:
    """The norm of the error of each input, not its square."""
    gram = weights @ weights.swapaxes(-1, -2)
    error = (np.maximum(gram, 0) - _eye(gram)) * (gram > 0)
    error /= np.maximum(np.linalg.norm(error, axis=-1, keepdims=True), np.finfo(float).tiny)
    return np.asarray(-(error + error.swapaxes(-1, -2)) @ weights / 4)


def _sigmoid(weights: Array) -> Array:
    gram = weights @ weights.swapaxes(-1, -2)
    output = 1 / (1 + np.exp(-gram))
    error = (output - _eye(gram)) * output * (1 - output)
    return np.asarray(-error @ weights)


WRONG_GRADIENTS: dict[str, tuple[Callable[[Array], Array], str]] = {
    "transposed": (
        _transposed,
        "W is neurons first: the loop multiplies W^T W where features first needs W W^T",
    ),
    "transposed_linear": (
        _transposed_linear,
        "W is neurons first (W^T W where features first needs W W^T), and ReLU is missing",
    ),
    "hidden_relu": (_hidden_relu, "a ReLU acts on the hidden layer; the theory has none there"),
    "hidden_relu_only": (
        lambda weights: _hidden_relu(weights, output=False),
        "the ReLU acts on the hidden layer and not on the outputs",
    ),
    "absolute": (_absolute_error, "the loss sums |y - x|, not its square"),
    "root": (_root_error, "the loss takes the root of the squared error of each input"),
    "sigmoid": (_sigmoid, "the outputs go through a sigmoid, not ReLU"),
}
"""Directions in flow units of losses that are not ours, and the likely bug."""


def _group(weights: Array) -> Array:
    lengths = np.linalg.norm(weights, axis=-1, keepdims=True)
    return np.asarray(-weights / np.maximum(lengths, np.finfo(float).tiny))


def _frobenius(weights: Array) -> Array:
    return np.asarray(-weights / np.linalg.norm(weights, axis=(-2, -1), keepdims=True))


def _squared_l1(weights: Array) -> Array:
    return np.asarray(-np.sign(weights) * np.abs(weights).sum(axis=(-2, -1), keepdims=True))


def _cubic(weights: Array) -> Array:
    return np.asarray(-(weights**3))


def _output_l1(weights: Array) -> Array:
    gram = weights @ weights.swapaxes(-1, -2)
    return np.asarray((gram > 0).astype(float) @ weights * -2.0)


WRONG_PENALTIES: dict[str, tuple[Callable[[Array], Array], str]] = {
    "group": (_group, "the penalty sums the lengths of rows (a group lasso), not |W_ik|"),
    "frobenius": (
        _frobenius,
        "the penalty is the 2-norm of W (torch.norm without p=1), not the sum of |W_ik|",
    ),
    "squared_l1": (_squared_l1, "the penalty is the square of the l1 norm"),
    "cubic": (_cubic, "the penalty is of the fourth power of the weights"),
    "outputs": (_output_l1, "the l1 penalty acts on the outputs, not on the weights"),
}
"""Directions of penalties that are not ours, and the likely bug."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A step as a sum of parts.

    Parameters
    ----------
    parts : dict of str to float
        The coefficient of each part.
    errors : dict of str to float
        Their standard errors.
    residual : float
        Norm of what is left over, relative to that of the step.
    """

    parts: dict[str, float]
    errors: dict[str, float]
    residual: float


def fit(step: Array, parts: dict[str, Array], kept: Array) -> Fit:
    """Least squares of a step on its parts, over the entries that are kept."""
    matrix = np.stack([part[kept] for part in parts.values()], axis=-1)
    target = step[kept]
    scale = np.linalg.norm(matrix, axis=0)
    scale[scale == 0] = 1
    solution, *_ = np.linalg.lstsq(matrix / scale, target, rcond=None)
    left = target - matrix / scale @ solution
    norm = float(np.linalg.norm(target)) or 1.0
    freedom = max(len(target) - len(scale), 1)
    inverse = np.linalg.pinv((matrix / scale).T @ (matrix / scale))
    errors = np.sqrt(np.maximum(np.diag(inverse), 0) * float(left @ left) / freedom)
    return Fit(
        parts=dict(zip(parts, (solution / scale).tolist(), strict=True)),
        errors=dict(zip(parts, (errors / scale).tolist(), strict=True)),
        residual=float(np.linalg.norm(left)) / norm,
    )
