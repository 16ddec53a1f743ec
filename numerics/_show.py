"""One-line representations of results, and pandas tables if pandas is installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from ._extras import need


def one_line(thing: Any) -> str:
    """A dataclass in one line, with the type and shape of its arrays and rounded numbers."""
    shown = (f"{field.name}={_short(getattr(thing, field.name))}" for field in fields(thing))
    return f"{type(thing).__name__}({', '.join(shown)})"


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{list(value.shape)}"
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


def frame(columns: Mapping[str, Any]) -> Any:
    """The columns as a pandas table, or an error that says how to install pandas."""
    return need("pandas", "tables").DataFrame(dict(columns))


def table_of_fields(thing: Any) -> Any:
    """The array fields of a dataclass as columns, a row for each time."""
    return frame({field.name: getattr(thing, field.name) for field in fields(thing)})
