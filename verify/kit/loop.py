"""The user's training loop behind one face: NumPy in, NumPy out, features first."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from ...numerics._types import Array
from ...numerics._validate import check_choice, check_sizes
from ..diagnosis.arrays import to_numpy
from ..diagnosis.orientation import LAYOUTS

KINDS = ("step", "train")
_TRAINED = 0.1  # a second call of a training function moves the weights by less of the first
_FAR = 0.3  # of their size, by which one step hardly moves the weights


@dataclass(kw_only=True)
class Loop:
    """A training loop: one step at a time, or from initial to final weights, or both.

    Parameters
    ----------
    n, m : int
        Features and neurons.
    instances : int, optional
        Networks that the loop takes at once; None if it takes one matrix.
    layout : str
        Order of the last two axes of the user's arrays.
    step : callable, optional
        One step on the user's array, returning NumPy.
    reset : callable
        Forgets what an optimizer remembers.
    train : callable, optional
        From initial to final weights, on the user's arrays.
    dtype : type
        What the loop computes in, as far as its results show.
    """

    n: int
    m: int
    instances: int | None
    layout: str
    step: Callable[[Array], Array] | None
    reset: Callable[[], None]
    train: Callable[[Array], Array] | None
    dtype: Any = np.float64

    def _out(self, weights: Array) -> Array:
        return weights.swapaxes(-1, -2) if self.layout == "neurons-first" else weights

    def _each(self, call: Callable[[Array], Array], weights: Array) -> Array:
        """Apply a function of the user's arrays to a stack (networks, n, m)."""
        size = self.instances or 1
        found = []
        for start in range(0, len(weights), size):
            part = weights[start : start + size]
            padded = np.concatenate([part, *[part[-1:]] * (size - len(part))])
            given = self._out(padded if self.instances is not None else padded[0])
            result = self._out(self._checked(call(given.copy()), given.shape))
            found.append((result if self.instances is not None else result[None])[: len(part)])
        return np.concatenate(found)

    def _checked(self, result: Array, shape: tuple[int, ...]) -> Array:
        if result.shape != shape:
            raise ValueError(
                f"Got an array of shape {result.shape} from the training loop for weights of shape "
                f"{shape}; return the new weights, in the same shape."
            )
        self.dtype = result.dtype if result.dtype.kind == "f" else np.dtype(np.float64)
        return result.astype(np.float64)

    def first_step(self, weights: Array) -> Array:
        """The weights after one step from a fresh start, shape (networks, n, m)."""
        return self.run(weights, [1])[0]

    def run(self, weights: Array, at: Sequence[int]) -> Array:
        """The weights after these numbers of steps from a fresh start, (times, networks, n, m)."""
        step = self.step
        assert step is not None
        kept: list[Array] = []

        def whole(given: Array) -> Array:
            self.reset()
            states = [given] if at[0] == 0 else []
            for count in range(1, at[-1] + 1):
                given = step(given)
                if count in at:
                    states.append(given.copy())
            kept.append(np.stack([self._out(self._checked(s, s.shape)) for s in states]))
            return given

        self._each(whole, weights)
        stacked = [part if self.instances is not None else part[:, None] for part in kept]
        return np.concatenate(stacked, axis=1)[:, : len(weights)]

    def final(self, weights: Array) -> Array:
        """The weights after training."""
        assert self.train is not None
        self.reset()
        return self._each(self.train, weights)


def loop_of(
    target: Callable[..., Any],
    *,
    n: int,
    m: int,
    kind: str | None,
    module: Any,
    optimizer: Any,
    instances: int | None,
    layout: str | None,
    as_array: Callable[[Array], Any],
) -> Loop:
    """The loop of the user's function: a step, a training function, or a step of a module."""
    n, m, instances = check_sizes(n, m, instances)
    if layout is not None:
        check_choice("layout", layout, LAYOUTS)
    if module is not None:
        return _module_loop(target, n, m, module, optimizer, layout)
    common: dict[str, Any] = {
        "n": n,
        "m": m,
        "instances": instances,
        "layout": layout or "features-first",
        "reset": lambda: None,
    }

    def call(weights: Array, **more: Any) -> Array:
        return np.array(to_numpy(target(as_array(weights), **more)))

    if "steps" in inspect.signature(target).parameters:
        one_step = partial(call, steps=1)
        return _Restarted(step=one_step, train=call, after=call, **common)
    loop = Loop(step=call, train=call, **common)
    kind = check_choice("kind", kind, KINDS) if kind is not None else _kind(loop)
    return Loop(
        step=call if kind == "step" else None, train=call if kind == "train" else None, **common
    )


@dataclass(kw_only=True)
class _Restarted(Loop):
    """A function of the number of steps, which starts afresh at each call."""

    after: Callable[..., Array]

    def run(self, weights: Array, at: Sequence[int]) -> Array:
        """As that of Loop."""

        def at_step(count: int) -> Array:
            return self._each(partial(self.after, steps=count), weights)

        return np.stack([at_step(count) if count else weights for count in at])


def _kind(loop: Loop) -> str:
    """A step moves weights little, and in its second call as far as in its first."""
    rng = np.random.default_rng(0)
    start = rng.normal(0, loop.m**-0.5, (1, loop.n, loop.m))
    once = loop.first_step(start)
    twice = loop.first_step(once)
    first, second = (float(np.abs(b - a).max()) for a, b in ((start, once), (once, twice)))
    far = np.linalg.norm(once - start) > _FAR * np.linalg.norm(start)
    return "train" if far or second < _TRAINED * first else "step"


def _module_loop(
    step: Callable[[], Any], n: int, m: int, module: Any, optimizer: Any, layout: str | None
) -> Loop:
    """A step of a torch module: a function without arguments that updates the parameters."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    weights = [p for p in parameters if len(p.shape) in (2, 3)]
    if len(weights) != 1:
        raise UntiedError(len(weights), [tuple(p.shape) for p in parameters])
    (weight,) = weights
    shapes = {"features-first": (n, m), "neurons-first": (m, n)}
    fitting = [name for name, shape in shapes.items() if tuple(weight.shape[-2:]) == shape]
    if not fitting or (layout is not None and layout not in fitting):
        raise ValueError(
            f"Got a parameter of shape {tuple(weight.shape)} for n={n} features and m={m} neurons"
            f"{f' and layout={layout!r}' if layout else ''}; give the sizes of the module."
        )
    groups = [dict(group) for group in getattr(optimizer, "param_groups", [])]

    def reset() -> None:
        for parameter in module.parameters():
            parameter.grad = None
        if groups:
            optimizer.state.clear()
            for group, stored in zip(optimizer.param_groups, groups, strict=True):
                group.update({k: v for k, v in stored.items() if k != "params"})

    def call(given: Array) -> Array:
        weight.data.copy_(weight.data.new_tensor(given))
        step()
        return np.array(to_numpy(weight))

    return Loop(
        n=n,
        m=m,
        instances=weight.shape[0] if len(weight.shape) == 3 else None,
        layout=layout or fitting[0],
        step=call,
        reset=reset,
        train=None,
    )


class UntiedError(ValueError):
    """The module has another number of weight matrices than one."""

    def __init__(self, count: int, shapes: list[tuple[int, ...]]) -> None:
        self.count = count
        super().__init__(
            f"Got a module with {count} trained weight matrices ({shapes}); the theory is about "
            "one matrix for both layers: tie them."
        )
