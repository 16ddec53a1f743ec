"""Imports of optional libraries, with a message that says how to install them."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def need(module: str, extra: str) -> Any:
    """Import an optional library, or name the extra of polysem that installs it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.split(".")[0]:
            raise
        raise ImportError(
            f"This needs {module}, which is not installed: run pip install 'polysem[{extra}]'."
        ) from error
