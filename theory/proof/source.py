"""A digest of Python code that changes only where the code itself changes."""

from __future__ import annotations

import ast
from hashlib import sha256
from pathlib import Path
from typing import Any

_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def syntax_digest(source: Path | str) -> str:
    """A digest of Python code that ignores its comments, docstrings and layout.

    The digest is the same in all supported versions of Python.

    >>> from polysem.theory.proof.source import syntax_digest
    >>> syntax_digest("x = 1") == syntax_digest("x  =  1  # one")
    True
    >>> syntax_digest("x = 1") == syntax_digest("x = 2")
    False

    Parameters
    ----------
    source : pathlib.Path or str
        A file of Python code, or the code itself.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    SyntaxError
        Where the code does not parse.
    """
    text = source.read_text(encoding="utf-8") if isinstance(source, Path) else source
    return sha256(_written(ast.parse(text)).encode()).hexdigest()


def _written(node: Any) -> str:
    """A syntax tree as text, without docstrings and without empty fields.

    ``ast.dump`` writes empty fields in some versions of Python and omits them in others.
    """
    if isinstance(node, list):
        return f"[{', '.join(map(_written, node))}]"
    if isinstance(node, ast.Constant) or not isinstance(node, ast.AST):
        return repr(getattr(node, "value", node))
    fields = dict(ast.iter_fields(node))
    if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
        fields["body"] = node.body[1:]
    if isinstance(node, ast.JoinedStr):  # Python 3.12 adds empty parts to nested f-strings
        fields["values"] = [part for part in node.values if getattr(part, "value", None) != ""]
    filled = (f"{name}={_written(x)}" for name, x in fields.items() if x not in (None, []))
    return f"{type(node).__name__}({', '.join(filled)})"
