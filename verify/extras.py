"""Optional libraries: a missing one is named on first use, with what installs it."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def need(module: str, extra: str) -> Any:
    """Import an optional library, or say which extra of polysem brings it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".")[0]:
            raise
        raise ImportError(
            f"This needs {module}, which is not installed; pip install 'polysem[{extra}]'."
        ) from error
