"""How results show themselves: one line in the REPL, a table where pandas is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np


def one_line(thing: Any) -> str:
    """A dataclass in one line: arrays by their shape, numbers short."""
    shown = (f"{field.name}={_short(getattr(thing, field.name))}" for field in fields(thing))
    return f"{type(thing).__name__}({', '.join(shown)})"


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


def frame(columns: Mapping[str, Any]) -> Any:
    """The columns as a pandas table; says what to install where pandas is missing."""
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise ImportError(
            "This needs pandas, which is not installed; pip install 'polysem[tables]'."
        ) from error
    return pandas.DataFrame(dict(columns))


def table_of_fields(thing: Any) -> Any:
    """The array fields of a dataclass as columns, a row for each time."""
    return frame({field.name: getattr(thing, field.name) for field in fields(thing)})
