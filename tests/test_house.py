"""The rules of the house: import directions, doors, letters, examples, light imports."""

import ast
import doctest
import importlib
import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("theory", "numerics", "verify")
FORBIDDEN = {
    "theory": {"numpy", "scipy", "matplotlib", "pandas"},
    "numerics": {"matplotlib", "pandas", "hypothesis", "pytest"},
    "verify": set(),
}
ONE_DOOR = {("numerics", "_show.py"): {"pandas"}}  # tables for those who have it
HEAVY = ("matplotlib", "scipy.stats", "pandas", "hypothesis")


def modules():
    return [(room, path) for room in ROOMS for path in sorted((ROOT / room).glob("*.py"))]


def imported(path):
    """Pairs (level, module) of all imports of a file, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from ((node.level, name) for name in names)


@pytest.mark.parametrize(
    ("room", "path"), modules(), ids=lambda value: getattr(value, "name", value)
)
def test_a_room_imports_only_rooms_to_its_left(room, path):
    to_the_right = set(ROOMS[ROOMS.index(room) + 1 :])
    for level, module in imported(path):
        first = module.split(".")[0]
        if level == 0:
            forbidden = FORBIDDEN[room] - ONE_DOOR.get((room, path.name), set())
            assert first not in forbidden, f"{path.name} imports {module}"
            assert first not in (*ROOMS, "polysem"), f"{path.name}: use a relative import"
        elif level == 2:
            assert first not in to_the_right, f"{path.name} imports from {module}"


@pytest.mark.parametrize(
    "line",
    ["from .. import verify", "from ..verify import count", "from ..verify.counting import x"],
)
def test_a_wrong_direction_is_seen(line, tmp_path):
    path = tmp_path / "module.py"
    path.write_text(line, encoding="utf-8")
    with pytest.raises(AssertionError, match=r"module\.py imports from verify"):
        test_a_room_imports_only_rooms_to_its_left("numerics", path)


def test_the_rooms_are_flat():
    for room in ROOMS:
        folders = {path.name for path in (ROOT / room).iterdir() if path.is_dir()}
        assert folders <= {"__pycache__"}


@pytest.mark.parametrize("room", ROOMS)
def test_each_door_opens_on_everything_it_names(room):
    door = importlib.import_module(f"polysem.{room}")
    assert sorted(door.__all__) == sorted(set(door.__all__))
    for name in door.__all__:
        assert getattr(door, name) is not None


@pytest.mark.parametrize("room", ROOMS)
def test_no_module_hides_a_function_of_its_name(room):
    door = importlib.import_module(f"polysem.{room}")
    shared = sorted({path.stem for place, path in modules() if place == room} & set(door.__all__))
    code = (
        "import importlib\n"
        f"for name in {shared!r}:\n"
        f"    importlib.import_module('polysem.{room}.' + name)\n"
        f"door = importlib.import_module('polysem.{room}')\n"
        f"print([n for n in {shared!r} if getattr(door, n) is not door.__getattr__(n)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_no_two_letters_share_a_name():
    from polysem.theory.symbols import LETTERS

    for names in (
        [entry.symbol.name for entry in LETTERS.values()],
        [entry.argument for entry in LETTERS.values()],
    ):
        assert len(names) == len(set(names))


def test_light_imports():
    """Importing verify and its pytest plugin loads none of the heavy libraries."""
    code = (
        "import sys, json, polysem.verify, polysem.verify.cli, polysem.verify.pytest_plugin\n"
        f"print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(
    "name", [f"polysem.{room}.{path.stem}" for room, path in modules() if path.stem != "__init__"]
)
def test_examples_run(name):
    module = importlib.import_module(name)
    failures, _ = doctest.testmod(
        module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    assert failures == 0


def test_every_public_callable_has_a_docstring_with_an_example():
    without = []
    for room in ROOMS:
        door = importlib.import_module(f"polysem.{room}")
        for name in door.__all__:
            thing = getattr(door, name)
            if not (inspect.isclass(thing) or inspect.isfunction(thing)):
                continue
            if isinstance(thing, type) and issubclass(thing, Exception):
                continue
            if ">>>" not in (inspect.getdoc(thing) or ""):
                without.append(f"{room}.{name}")
    assert without == []


def test_the_project_names_no_machine_path():
    done = subprocess.run(
        ["git", "grep", "-nIE", "/(work|home|root|tmp)/[a-z]", "--", ".", ":!tests/test_house.py"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.stdout == ""


def test_every_page_that_is_cited_exists():
    done = subprocess.run(
        ["git", "grep", "-ohE", r"paper_notes/[A-Za-z0-9_/]+\.(md|csv)", "--", "*.py", "*.md"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    cited = set(done.stdout.split())
    assert len(cited) > 10
    assert {page for page in cited if not (ROOT / page).is_file()} == set()
