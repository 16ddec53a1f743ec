"""The declaration of a witness: what it computes, by which method, where and how accurately."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from ..topics import TOPICS

Method = Literal[
    "arithmetic",
    "enumeration",
    "quadrature",
    "root finding",
    "minimisation",
    "integration",
    "training",
    "sampling",
]


_COARSE = 0.05
"""The largest accuracy, relative, that needs no reason."""


@dataclass(frozen=True)
class Measured:
    """A value with its standard error, from a witness that draws samples.

    >>> from polysem.verify.witness.declare import Measured
    >>> Measured(0.5, 0.01).error
    0.01
    """

    value: float
    error: float


@dataclass(frozen=True, kw_only=True)
class Witness:
    """A computation of a claimed quantity that starts at the model and uses no formula of ours.

    >>> from polysem.verify.witness.declare import witnesses
    >>> witnesses()["fold"].method
    'minimisation'

    Parameters
    ----------
    label : str
        The label of a claim, or the name of a definition.
    compute : callable
        Takes the arguments of the formula by name, and ``rng`` where it draws random numbers, and
        returns the value. A witness that takes ``rng`` alone chooses the arguments by itself and
        returns ``(arguments, value)``. For a claim without a formula it returns how far the claim
        fails: 0 or False where the claim holds.
    method : str
        How it computes the value.
    accuracy : float
        The largest relative deviation that the computation explains.
    samples : int
        The number of arguments: corners, edges, and at least one random one.
    within : mapping of str to (low, high)
        Ranges to which arguments are restricted because the computation reaches no further.
    reach : str
        Why arguments are restricted, in words.
    relation : {"=", "<=", ">="}
        How the computed value relates to the formula: a bound holds on one side.
    attained : bool
        Whether a bound is met somewhere.
    along : mapping of str to sequence of float
        For an asymptotic formula: the values of one argument, towards its limit.
    order : str
        For an asymptotic formula: the claimed size of its error, as an expression in the argument
        names, such as "lam**5".
    relative : bool
        Whether that size is relative to the value.
    absolute : bool
        Whether deviations are taken as they are, and not relative to the value.
    through : callable, optional
        What of the formula's value the witness computes; without it the value itself.
    nightly : bool
        Whether the witness is too slow for the daily tests.
    wrong : callable, optional
        For a claim without a formula: the same computation for a false version of the claim, which
        must be rejected.

    Source
    ------
    paper_notes/blueprint.md
    """

    label: str
    compute: Callable[..., Any]
    method: Method
    accuracy: float = 1e-9
    samples: int = 12
    within: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    reach: str = ""
    relation: Literal["=", "<=", ">="] = "="
    attained: bool = False
    along: Mapping[str, Sequence[float]] = field(default_factory=dict)
    order: str = ""
    relative: bool = False
    absolute: bool = False
    through: Callable[[float], float] | None = None
    nightly: bool = False
    wrong: Callable[..., Any] | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.accuracy <= (math.inf if self.reach else _COARSE):
            raise ValueError(
                f"Witness {self.label!r} has accuracy={self.accuracy:g}; give at most {_COARSE:g}, "
                "or reach=... with the reason why the computation is coarser."
            )
        if self.within and not self.reach:
            raise ValueError(
                f"Witness {self.label!r} restricts {', '.join(self.within)} without a reason; give "
                "reach=... with the reason."
            )
        if bool(self.along) != bool(self.order):
            raise ValueError(
                f"Witness {self.label!r}: along={self.along}, order={self.order!r}; an asymptotic "
                "formula needs both."
            )


_WITNESSES: dict[str, Witness] = {}
_INHERITED: dict[str, tuple[str, ...]] = {}


def witness(label: str, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a function as the witness of a claim; the options are those of :class:`Witness`.

    Raises
    ------
    ValueError
        Where the label has a witness already.
    """

    def declare(compute: Callable[..., Any]) -> Callable[..., Any]:
        if label in _WITNESSES or label in _INHERITED:
            raise ValueError(f"Got a second witness for {label!r}; a claim has one witness.")
        _WITNESSES[label] = Witness(label=label, compute=compute, **options)
        return compute

    return declare


def inherits(label: str, *sources: str) -> None:
    """Declare that a claim is algebra of other claims, and rests on their witnesses.

    Raises
    ------
    ValueError
        Where the label has a witness already, or no source is named.
    """
    if label in _WITNESSES or label in _INHERITED or not sources:
        raise ValueError(
            f"Got inherits({label!r}, {', '.join(map(repr, sources))}); name at least one claim, "
            "and a claim that has no witness yet."
        )
    _INHERITED[label] = sources


@cache
def _loaded() -> bool:
    import_module(".of_model", __package__)
    for topic in TOPICS:
        for file in sorted((Path(__file__).parents[1] / topic).glob("witnesses*.py")):
            import_module(f"..{topic}.{file.stem}", __package__)
    return True


def witnesses() -> Mapping[str, Witness]:
    """All witnesses by label.

    >>> from polysem.verify.witness.declare import witnesses
    >>> "fold" in witnesses()
    True
    """
    _loaded()
    return _WITNESSES


def inherited() -> Mapping[str, tuple[str, ...]]:
    """The claims that rest on the witnesses of other claims, with the labels of those.

    >>> from polysem.verify.witness.declare import inherited, witnesses
    >>> all(set(sources) <= set(witnesses()) for sources in inherited().values())
    True
    """
    _loaded()
    return _INHERITED
