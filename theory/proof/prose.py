"""Plain text in LaTeX and in Markdown: its formulas in math mode, special characters escaped."""

from __future__ import annotations

import re
from collections.abc import Callable

_SPECIAL = {
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    '"': "''",
}
_ESCAPES = str.maketrans(_SPECIAL)
_GREEK = "lambda|sigma|kappa|omega|rho|alpha|beta|eps"
_LETTER = rf"(?:[WKpq]_(?:[a-z]{{1,2}}|\d)|{_GREEK}|[nmqtwBFKW])"
_ATOM = rf"(?:\d+ ?)?(?:sqrt\([nmt]\)|{_LETTER}(?:\^\d+)?)"
_SYMBOLS = re.compile(
    rf"(?<![\w'.])(?<!\w-){_ATOM}(?:(?: ?/ ?|(?: ?\* ?)| ){_ATOM})*(?![\w'-]|\.\w)"
    r"|\^(?:\w+|\(-?\w+\))|->|<=|>="
)


def in_latex(text: str, *, breakable: bool = False) -> str:
    r"""A text as LaTeX; what stands between two dollar signs is kept.

    If it is breakable, a line may end after an underscore or a slash.

    >>> from polysem.theory.proof.prose import in_latex
    >>> print(in_latex("The paper's n^2/4m at lambda -> 0, 5 % off, is (x + 1)^2."))
    The paper's $n^{2}/4m$ at $\lambda$ $\to$ 0, 5 \% off, is (x + 1)$^{2}$.
    """

    def words(part: str) -> str:
        escaped = part.translate(_ESCAPES)
        return re.sub(r"(\\_|/)", r"\1\\allowbreak{}", escaped) if breakable else escaped

    return _around(r"\$[^$]*\$", text, words)


def in_markdown(text: str) -> str:
    """A text as Markdown; what stands between two dollar signs or two backticks is kept.

    >>> from polysem.theory.proof.prose import in_markdown
    >>> in_markdown("a* of sigma^2")
    'a\\\\* of $\\\\sigma^{2}$'
    """
    return _around(r"\$[^$]*\$|`[^`]*`", text, lambda part: re.sub(r"([|*<])", r"\\\1", part))


def _around(kept: str, text: str, words: Callable[[str], str]) -> str:
    parts = re.split(f"({kept})", text)
    return "".join(part if place % 2 else _plain(part, words) for place, part in enumerate(parts))


def _plain(text: str, words: Callable[[str], str]) -> str:
    pieces, last = [], 0
    for found in _SYMBOLS.finditer(text):
        pieces += [words(text[last : found.start()]), f"${_math(found[0])}$"]
        last = found.end()
    return "".join([*pieces, words(text[last:])])


def _math(symbols: str) -> str:
    for sign, command in (("->", r"\to"), ("<=", r"\le"), (">=", r"\ge"), ("*", "")):
        symbols = symbols.replace(sign, command)
    symbols = re.sub(r"sqrt\((\w)\)", r"\\sqrt{\1}", symbols)
    symbols = re.sub(r"\^\((-?\w+)\)", r"^{\1}", symbols)
    symbols = re.sub(r"([\^_])(\w+)", r"\1{\2}", symbols)
    symbols = re.sub(r"\beps\b", r"\\varepsilon", symbols)
    return re.sub(rf"(?<!\\)\b({_GREEK})\b", r"\\\1", symbols)
