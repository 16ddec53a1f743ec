"""Every public name is documented in the fixed order, with an example that runs.

One sentence; the formula, its regime and its error; an example, for a class perhaps that of the
function that returns it; Parameters with their type; Returns, where the annotation does not say
all; Raises; Source. numpydoc parses, so that a section that it does not know is found too.
"""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest
from numpydoc.docscrape import NumpyDocString

from polysem import theory

PACKAGES = ("theory", "numerics", "verify")
ORDER = ("Examples", "Parameters", "Attributes", "Returns", "Yields", "Raises", "Source")


class Docstring(NumpyDocString):
    """numpydoc's parser, told of our last section."""

    sections = NumpyDocString.sections | {"Source": ""}


def public() -> Iterator[tuple[str, Any]]:
    for package in PACKAGES:
        module = importlib.import_module(f"polysem.{package}")
        for name in module.__all__:
            thing = getattr(module, name)
            if isinstance(thing, theory.Formula) or inspect.isclass(thing) or callable(thing):
                yield f"{package}.{name}", thing


NAMES = dict(public())


def documentation(thing: Any) -> str:
    return thing.describe() if isinstance(thing, theory.Formula) else inspect.getdoc(thing) or ""


SHOWN = {
    str(inspect.signature(inspect.unwrap(thing)).return_annotation)
    for thing in NAMES.values()
    if inspect.isfunction(inspect.unwrap(thing)) and ">>>" in documentation(thing)
}
"""What public functions with an example return: the example shows the returned class too."""


def has_example(thing: Any) -> bool:
    return ">>>" in documentation(thing) or (inspect.isclass(thing) and thing.__name__ in SHOWN)


def problems(name: str, thing: Any) -> list[str]:
    """What a docstring lacks; empty where it is as it should be."""
    text = documentation(thing)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            parsed = Docstring(text)
        except (UserWarning, ValueError) as error:
            return [f"numpydoc: {error}"]
    found = []
    summary = " ".join(parsed["Summary"])
    if not summary.endswith((".", "?")):
        found.append(f"the summary is not one sentence: {summary!r}")
    if not has_example(thing):
        found.append("no example")
    headings = [line for line in text.splitlines() if line in ORDER]
    if headings != sorted(headings, key=ORDER.index):
        found.append(f"sections in the order {headings}")
    if 0 <= text.find("\nParameters\n") < text.find(">>>"):
        found.append("the example stands behind the parameters")
    found += [
        f"parameter {parameter.name!r} has no type"
        for parameter in parsed["Parameters"]
        if not parameter.type and not parameter.name.startswith("*")
    ]
    if not "".join(parsed["Source"]).strip():
        found.append("no source")
    return found + _against_signature(thing, parsed)


def _says_all(annotation: str) -> bool:
    """Whether an annotation alone tells what is returned: a number, a text or a public class."""
    name = annotation.removeprefix("numerics.").removesuffix(" | None")
    return name in ("None", "bool", "float", "int", "str") or any(
        inspect.isclass(getattr(importlib.import_module(f"polysem.{package}"), name, None))
        for package in PACKAGES
    )


def _against_signature(thing: Any, parsed: Docstring) -> list[str]:
    """Parameters and returns that the signature has and the docstring does not.

    A docstring need not repeat an annotation that tells what is returned.
    """
    if isinstance(thing, theory.Formula) or not callable(thing):
        return []
    if inspect.isclass(thing) and (
        issubclass(thing, Exception | dict | Enum) or getattr(thing, "_is_protocol", False)
    ):
        return []
    try:
        taken = inspect.signature(inspect.unwrap(thing)).parameters.values()
    except (TypeError, ValueError):
        return []
    named = {
        name.strip().lstrip("*")
        for parameter in (*parsed["Parameters"], *parsed["Attributes"])
        for name in parameter.name.split(",")
    }
    found = [
        f"parameter {parameter.name!r} is not described"
        for parameter in taken
        if parameter.name not in named and not parameter.name.startswith("_")
    ]
    returns = inspect.signature(inspect.unwrap(thing)).return_annotation
    manager = inspect.isgeneratorfunction(inspect.unwrap(thing))
    told = inspect.isclass(thing) or manager or parsed["Returns"] or _says_all(returns)
    if not told:
        found.append("Returns is missing")
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_documented_in_the_fixed_order(name):
    assert problems(name, NAMES[name]) == []


def test_none_is_without_an_example():
    """The count of the rules: all public names, and none without an example."""
    documented = [name for name, thing in NAMES.items() if has_example(thing)]
    assert len(documented) == len(NAMES) > 150


def example(x: float) -> list[float]:
    """Double a number.

    Parameters
    ----------
    y : float
        Another name.

    >>> example(1.0)
    [2.0]
    """
    return [2 * x]


def test_the_test_sees_what_is_missing():
    found = problems("example", example)
    assert "the example stands behind the parameters" in found
    assert "no source" in found
    assert "parameter 'x' is not described" in found
    assert "Returns is missing" in found
