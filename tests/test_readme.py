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


def test_the_benchmark_table_has_five_rows():
    from polysem.verify.readme import BLOCKS

    rows = BLOCKS["benchmark"]().splitlines()[2:]
    assert len(rows) == 5
    assert [row.split("|")[1].strip() for row in rows] == [
        "Machine",
        *["Against the authors' program in PyTorch"] * 2,
        *["Against our own gradient-flow program in PyTorch"] * 2,
    ]
