"""The optimizers by name, and their settings."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from .._validate import check_choice
from .descent import SGD, AdamW, Flow, Optimizer
from .quasistatic import QuasiStatic
from .splitting import SplitFlow


def optimizers() -> dict[str, type[Optimizer]]:
    """The optimizers by name.

    Examples
    --------
    >>> from polysem import numerics
    >>> sorted(numerics.optimizers())
    ['adamw', 'flow', 'quasistatic', 'sgd', 'splitting']

    Returns
    -------
    dict
        Name to class.

    Source
    ------
    paper_notes/training.md.
    """
    return {kind.name: kind for kind in (Flow, SplitFlow, QuasiStatic, SGD, AdamW)}


def resolve_optimizer(optimizer: str | Optimizer, settings: dict[str, Any]) -> Optimizer:
    """An optimizer from its name or itself, with some settings replaced.

    Examples
    --------
    >>> from polysem import numerics
    >>> numerics.resolve_optimizer("sgd", {"steps": 10}).learning_rate
    0.02

    Parameters
    ----------
    optimizer : str or Optimizer
        A name that :func:`optimizers` lists, or an optimizer.
    settings : dict
        Settings to replace.

    Returns
    -------
    Optimizer

    Raises
    ------
    ValueError
        If the name or a setting is unknown.

    Source
    ------
    paper_notes/training.md.
    """
    if isinstance(optimizer, str):
        known_names = optimizers()
        optimizer = known_names[check_choice("optimizer", optimizer, known_names)]()
    elif isinstance(optimizer, type) or not isinstance(optimizer, Optimizer):
        raise ValueError(
            f"Got optimizer={optimizer!r}; give a name or an object that inherits from "
            "numerics.Optimizer, as numerics.SGD()."
        )
    known = [entry.name for entry in fields(optimizer)]  # type: ignore[arg-type]
    for name in settings:
        if name not in known:
            raise ValueError(
                f"Got {name}={settings[name]!r}; {optimizer.name} takes {', '.join(known)}."
            )
    return replace(optimizer, **settings)  # type: ignore[type-var]
