"""The digest of source code changes where the code does, and only there."""

import pytest

from polysem.theory.proof.source import syntax_digest

CODE = '''
"""A module."""

def half(x):
    """Half of a number."""
    return [x, None, 1 / 2]  # exactly
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  # exactly", ""),
        ("  # exactly", "  # in binary"),
        ("A module.", "One function."),
        ('"""A module."""', ""),
        ('    """Half of a number."""\n', ""),
        ("[x, None, 1 / 2]", "[\n        x,\n        None,\n        1/2,\n    ]"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(old, new):
    changed = CODE.replace(old, new)
    assert changed != CODE
    assert syntax_digest(changed) == syntax_digest(CODE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1 / 2", "1 / 3"),
        ("1 / 2", "1 * 2"),
        ("1 / 2", "1 / 2.0"),
        ("None", "''"),
        ("None", "0"),
        ("None", "False"),
        ("half(x)", "half(y)"),
        ("half(x)", "half(x=1)"),
        ("def half", "async def half"),
        ("return", "yield"),
        ("    return", "    'x'\n    return"),
    ],
)
def test_code_counts(old, new):
    changed = CODE.replace(old, new)
    assert changed != CODE
    assert syntax_digest(changed) != syntax_digest(CODE)


def test_a_file_has_the_digest_of_its_text(tmp_path):
    path = tmp_path / "half.py"
    path.write_text(CODE, encoding="utf-8")
    assert syntax_digest(path) == syntax_digest(CODE)
    with pytest.raises(SyntaxError):
        syntax_digest("half of")


def test_the_digest_is_the_same_in_every_version_of_python():
    """Versions differ in how they parse nested f-strings and in what ast.dump omits."""
    found = syntax_digest("x = f'{1!r:>{2}} and {y}' 'z'")
    assert found.startswith("56c9fc635f1248a0")
