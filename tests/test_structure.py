"""The order of the packages, topics and modules: import directions, circles, sizes."""

import ast
import importlib
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("theory", "numerics", "verify")
TOPICS = (
    *("row", "collisions", "interference", "optimizer", "noise", "cooccurrence"),
    *("features", "dropout"),
)
ABOVE_TOPICS = {
    "theory": {"paper", "variants"},
    "numerics": {"programs", "sweep", "variants"},
    "verify": {
        *("variants", "diagnosis", "kit", "predict", "report", "bindings", "claims"),
        *("collection", "cli", "runs", "sweeps", "tables", "readme", "pytest_plugin"),
    },
}
FORBIDDEN = {
    "theory": {"numpy", "scipy", "matplotlib", "pandas"},
    "numerics": {"matplotlib", "pandas", "hypothesis", "pytest"},
    "verify": set(),
}
ALLOWED = {"numerics/_show.py": {"pandas"}}  # tables, where pandas is installed
MODULES_IN_A_FOLDER = 20


@cache
def modules():
    """All modules as paths relative to the root."""
    return tuple(
        path.relative_to(ROOT)
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    )


def dotted(path):
    """The name of a module below polysem; a folder has the name of its __init__."""
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path, text=None):
    """(level 0 module or None, dotted name below polysem or None) of all imports of a file."""
    names = {dotted(module) for module in modules()}
    package = list(path.parts[:-1])
    text = (ROOT / path).read_text(encoding="utf-8") if text is None else text
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module, None
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1]
            target = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{target}.{alias.name}".strip(".")
                yield None, whole if whole in names else target


@cache
def graph():
    """Each module with the modules that it imports, in functions and for types too."""
    found = {}
    for path in modules():
        if path.name != "__init__.py" or len(path.parts) > 2:
            found[dotted(path)] = {target for _, target in imports(path) if target}
    return found


def layer(name):
    """The place of a module in its package: common files, topics in order, what is above."""
    package, _, rest = name.partition(".")
    first = rest.split(".")[0]
    if first in TOPICS:
        return TOPICS.index(first)
    return len(TOPICS) if first in ABOVE_TOPICS[package] else -1


def wrong_directions(name, targets):
    """The imports of a module that go to a package, or to a topic, on its right."""
    package = name.split(".")[0]
    for target in targets:
        other = target.split(".")[0]
        if PACKAGES.index(other) > PACKAGES.index(package) or (
            other == package and target != package and layer(target) > layer(name)
        ):
            yield target


@pytest.mark.parametrize("path", modules(), ids=str)
def test_a_package_imports_only_what_it_may(path):
    for module, _ in imports(path):
        if module:
            first = module.split(".")[0]
            forbidden = FORBIDDEN[path.parts[0]] - ALLOWED.get(str(path), set())
            assert first not in forbidden, f"{path} imports {module}"
            assert first not in (*PACKAGES, "polysem"), f"{path}: use a relative import"


@pytest.mark.parametrize("name", sorted(graph()))
def test_a_module_imports_only_to_its_left(name):
    assert list(wrong_directions(name, graph()[name])) == []


@pytest.mark.parametrize(
    ("path", "line", "seen"),
    [
        ("numerics/bridge.py", "from ..verify import count", "verify"),
        ("numerics/bridge.py", "from ..verify.stats.check import x", "verify.stats.check"),
        ("theory/row/stationary.py", "from ..noise.exact import x", "theory.noise.exact"),
        ("theory/model.py", "from .row import stationary", "theory.row.stationary"),
        ("numerics/training/train.py", "from ..sweep import run", "numerics.sweep.run"),
    ],
)
def test_a_wrong_direction_is_seen(path, line, seen):
    path = Path(path)
    targets = {target for _, target in imports(path, line) if target}
    assert list(wrong_directions(dotted(path), targets)) == [seen]


def test_no_module_imports_in_a_circle():
    """Imports inside functions and under TYPE_CHECKING count."""
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_a_circle_is_seen():
    circle = {"a": {"b"}, "b": {"c"}, "c": {"a"}}
    with pytest.raises(CycleError):
        TopologicalSorter(circle).prepare()


def test_no_folder_is_crowded():
    folders = {path.parent for path in modules()}
    folders |= {
        path.parent.relative_to(ROOT) for path in (ROOT / "tests").rglob("*.py") if path.is_file()
    }
    crowded = {
        str(folder): count
        for folder in folders
        if (count := len(list((ROOT / folder).glob("*.py")))) > MODULES_IN_A_FOLDER + 1
    }
    assert crowded == {}


def test_the_topics_are_the_same_in_every_package():
    for package in PACKAGES:
        folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
        assert set(TOPICS) <= folders


def test_no_module_hides_a_function_of_its_name():
    code = (
        "import importlib\n"
        f"for name in {list(graph())!r}:\n"
        "    importlib.import_module('polysem.' + name)\n"
        f"packages = [importlib.import_module('polysem.' + name) for name in {PACKAGES!r}]\n"
        "print([name for package in packages for name in package.__all__\n"
        "       if getattr(package, name) is not package.__getattr__(name)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_the_topics_of_verify_are_those_of_the_rules():
    topics = importlib.import_module("polysem.verify.topics")
    assert topics.TOPICS == TOPICS
    assert all(TOPICS.index(a) < TOPICS.index(b) for a, b in pairwise(TOPICS))
