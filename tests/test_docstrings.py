"""Every public name is documented in the fixed order, with an example that runs.

One sentence; the formula, its regime and its error; an example; Parameters with their type;
Returns; Raises; Source. numpydoc parses, so that a section that it does not know is found too.
"""

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


def problems(name: str, thing: Any) -> list[str]:
    """What a docstring lacks; empty where it is as it should be."""
    text = thing.describe() if isinstance(thing, theory.Formula) else inspect.getdoc(thing) or ""
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
    if ">>>" not in text:
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


def _against_signature(thing: Any, parsed: Docstring) -> list[str]:
    """Parameters and returns that the signature has and the docstring does not."""
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
    if not inspect.isclass(thing) and not manager and returns != "None" and not parsed["Returns"]:
        found.append("Returns is missing")
    return found


NAMES = dict(public())


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_documented_in_the_fixed_order(name):
    assert problems(name, NAMES[name]) == []


def test_none_is_without_an_example():
    """The count of the rules: all public names, and none without an example."""
    documented = [
        name
        for name, thing in NAMES.items()
        if ">>>"
        in (thing.describe() if isinstance(thing, theory.Formula) else inspect.getdoc(thing) or "")
    ]
    assert len(documented) == len(NAMES) > 150


def example(x: float) -> float:
    """Double a number.

    Parameters
    ----------
    y : float
        Another name.

    >>> example(1.0)
    2.0
    """
    return 2 * x


def test_the_test_sees_what_is_missing():
    found = problems("example", example)
    assert "the example stands behind the parameters" in found
    assert "no source" in found
    assert "parameter 'x' is not described" in found
    assert "Returns is missing" in found
