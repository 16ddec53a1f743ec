"""The neurons of a network with the features that sit on them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ...numerics._types import Array, BoolArray

_SHOWN = 20  # rows in the terminal


@dataclass(frozen=True, kw_only=True)
class Neuron:
    """A neuron with the features that sit on it, counted from 0.

    Parameters
    ----------
    network, neuron : int
        Which one.
    features : tuple of int
        The features that have more than half of their squared norm here.
    weights : tuple of float
        Their weights.
    """

    network: int
    neuron: int
    features: tuple[int, ...]
    weights: tuple[float, ...]

    @property
    def signs(self) -> str:
        """The signs of the weights, such as "+-"."""
        return "".join("+" if weight > 0 else "-" for weight in self.weights)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {
            "features": list(self.features),
            "signs": self.signs,
            "weights": list(self.weights),
        }


def neurons_with_features(stack: Array, sits: BoolArray) -> tuple[Neuron, ...]:
    """All neurons on which features sit.

    >>> import numpy as np
    >>> from polysem.verify.diagnosis.neurons import neurons_with_features
    >>> stack = np.array([[[0.9, 0.0], [-0.8, 0.1]]])
    >>> neurons_with_features(stack, np.abs(stack) > 0.5)[0].signs
    '+-'
    """
    found = []
    for network, neuron in np.argwhere(sits.any(axis=1)).tolist():
        features = np.flatnonzero(sits[network, :, neuron])
        found.append(
            Neuron(
                network=network,
                neuron=neuron,
                features=tuple(features.tolist()),
                weights=tuple(stack[network, features, neuron].tolist()),
            )
        )
    return tuple(found)


def table_text(neurons: tuple[Neuron, ...]) -> str:
    """The neurons with most features first, at most twenty of them."""
    ordered = sorted(neurons, key=lambda one: -len(one.features))
    lines = ["network  neuron  signs  features (weights)"]
    for one in ordered[:_SHOWN]:
        carried = ", ".join(
            f"{i} ({w:+.3g})" for i, w in zip(one.features, one.weights, strict=True)
        )
        lines.append(f"{one.network:7d}  {one.neuron:6d}  {one.signs:5s}  {carried}")
    if len(ordered) > _SHOWN:
        lines.append(f"and {len(ordered) - _SHOWN} more; --csv or --json gives all")
    return "\n".join(lines)


def table_csv(neurons: tuple[Neuron, ...]) -> str:
    """One line for each feature on a neuron."""
    lines = ["network,neuron,feature,sign,weight"]
    for one in neurons:
        lines += [
            f"{one.network},{one.neuron},{i},{'+' if w > 0 else '-'},{w!r}"
            for i, w in zip(one.features, one.weights, strict=True)
        ]
    return "\n".join(lines) + "\n"
