"""The README's session runs as printed."""

import doctest
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def test_the_session_runs():
    result = doctest.testfile(str(README), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert result.attempted > 5
    assert result.failed == 0


def test_the_generated_parts_are_fresh():
    from polysem.verify.readme import BLOCKS, refreshed

    text = README.read_text(encoding="utf-8")
    for name in BLOCKS:
        assert f"<!-- generated: {name} -->" in text
    assert refreshed(text) == text, "run: python -m polysem.verify.readme README.md"
