"""The optimizers by name, and their settings."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from .._validate import check_choice
from .adaptive import AdamW, Lion, RMSprop
from .descent import SGD, Flow, Optimizer
from .quasistatic import QuasiStatic
from .splitting import SplitFlow


def optimizers() -> dict[str, type[Optimizer]]:
    """The optimizers by name.

    >>> from polysem import numerics
    >>> sorted(numerics.optimizers())
    ['adamw', 'flow', 'lion', 'quasistatic', 'rmsprop', 'sgd', 'splitting']

    Returns
    -------
    dict
        Name to class.

    Source
    ------
    paper_notes/training.md.
    """
    kinds = (Flow, SplitFlow, QuasiStatic, SGD, AdamW, RMSprop, Lion)
    return {kind.name: kind for kind in kinds}


def resolve_optimizer(optimizer: str | Optimizer, settings: dict[str, Any]) -> Optimizer:
    """An optimizer from its name or itself, with some settings replaced.

    >>> from polysem import numerics
    >>> numerics.resolve_optimizer("sgd", {"steps": 10}).learning_rate
    0.02

    Parameters
    ----------
    optimizer : str or Optimizer
        A name that :func:`optimizers` lists, or an optimizer.
    settings : dict
        Settings to replace.

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
            f"Got optimizer={optimizer!r}; give the name of an optimizer, or an object that "
            "inherits from numerics.Optimizer, such as numerics.SGD()."
        )
    known = [entry.name for entry in fields(optimizer)]  # type: ignore[arg-type]
    for name in settings:
        if name not in known:
            raise ValueError(
                f"Got {name}={settings[name]!r}; {optimizer.name} has no setting {name}: choose "
                f"from {', '.join(known)}."
            )
    return replace(optimizer, **settings)  # type: ignore[type-var]
