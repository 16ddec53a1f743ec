"""The topics in reading order; each has its predictions, checks, runs and chapters in a folder."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

TOPICS = (
    *("row", "collisions", "interference", "optimizer", "noise", "cooccurrence"),
    *("features", "dropout"),
)


def modules(name: str) -> Iterator[ModuleType]:
    """The modules of one name, from each topic that has it."""
    for topic in TOPICS:
        if (Path(__file__).parent / topic / f"{name}.py").is_file():
            yield import_module(f".{topic}.{name}", __package__)
