"""The README: its example session runs as printed, and its generated parts are current."""

import doctest
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def test_the_session_runs():
    result = doctest.testfile(str(README), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 5
    assert result.failed == 0


def test_the_generated_parts_are_current():
    from polysem.verify.readme import BLOCKS, refreshed

    text = README.read_text(encoding="utf-8")
    for name in BLOCKS:
        assert f"<!-- generated: {name} -->" in text
    assert refreshed(text) == text, "run: python -m polysem.verify.readme README.md"


def test_the_benchmark_table_shows_machines_and_extremes():
    from polysem.verify.readme import BLOCKS

    rows = BLOCKS["benchmark"]().splitlines()[2:]
    cells = [[cell.strip() for cell in row.split("|")[1:3]] for row in rows]
    assert [name for name, _ in cells] == [
        *["Against the authors' program in PyTorch"] * 3,
        *["Against our own gradient-flow program in PyTorch"] * 3,
    ]
    assert [what == "machine" for _, what in cells] == [True, False, False] * 2
