"""Derivations and formulas in LaTeX, long sums on several lines, reasons below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap

import sympy as sp

from .formula import Formula, IndexForm
from .step import Step

LINE = 75  # letters of a formula on a line of 17 cm


def align(steps: Sequence[Step], sides: Sequence[tuple[sp.Expr, sp.Expr]]) -> str:
    """The steps as an ``align*`` block.

    >>> from polysem import theory
    >>> from polysem.theory.proof.typeset import align
    >>> derivation = theory.claims()["fold"].derivation
    >>> print(align(derivation.steps, derivation.sides()).splitlines()[0])
    \\begin{align*}
    """
    rows = []
    for step, (left, right) in zip(steps, sides, strict=True):
        if step.left is not None:
            rows += _rows("", left)
        rows += _rows(r"\quad = ", right)
        rows += [rf"\qquad\text{{{_escaped(line)}}}" for line in wrap(step.reason, LINE)]
    return "\\begin{align*}\n" + " \\\\\n".join(f"& {row}" for row in rows) + "\n\\end{align*}"


def named(formula: IndexForm) -> str:
    """A formula, behind its name if it has arguments to name, in as many lines as it needs.

    A number of many digits is rounded.

    >>> from polysem import theory
    >>> from polysem.theory.proof.typeset import named
    >>> named(theory.fold)
    '\\\\mathtt{fold}() = \\\\frac{2 \\\\sqrt{3}}{9}'
    """
    latex, rows = formula.latex(), []
    if isinstance(formula, Formula):
        taken = ", ".join(map(sp.latex, formula.arguments))
        rows = [rf"\mathtt{{{_escaped(formula.name)}}}({taken})"]
    if formula.expression.is_Rational and len(latex) > LINE:
        return rf"{rows[0]} \approx {sp.latex(formula.expression.evalf(8))}"
    if _width("".join(rows) + latex) <= LINE:
        return " = ".join([*rows, latex])
    rows += _rows(r"\quad = " if rows else "", formula.expression)
    return r"\begin{aligned} " + r" \\ ".join(f"& {row}" for row in rows) + r" \end{aligned}"


def _rows(head: str, expression: sp.Expr) -> list[str]:
    """One side in as many lines as it needs, broken before a sign of a sum."""
    rows, open_brackets = [head], 0
    for piece in _pieces(_breakable(expression)):
        if _width(rows[-1] + piece) > LINE and _width(rows[-1]) > len(head):
            rows[-1] += r" \right." * open_brackets
            rows.append(r"\qquad " + r"\left. " * open_brackets + "{}")
        rows[-1] += piece
        open_brackets += piece.count(r"\left") - piece.count(r"\right")
    return rows


def _breakable(expression: sp.Expr) -> str:
    """The formula; where it is wide, with fewer fractions, in which no line can break."""
    latex = sp.latex(expression)
    if _width(latex) <= LINE:
        return latex
    top, bottom = (sp.latex(part, long_frac_ratio=3) for part in sp.fraction(expression))
    if _width(bottom) > LINE:
        return rf"\left({top}\right) / \left({bottom}\right)"
    return sp.latex(expression, long_frac_ratio=3)


def _pieces(latex: str) -> list[str]:
    """A formula cut before each + and - that stands in no group of TeX's."""
    cuts, depth = [0], 0
    for place, letter in enumerate(latex):
        depth += (letter == "{") - (letter == "}")
        if depth == 0 and latex[place : place + 3] in (" + ", " - "):
            cuts.append(place)
    return [latex[start:end] for start, end in zip(cuts, [*cuts[1:], None], strict=True)]


def _width(latex: str) -> int:
    """About how many letters a formula is wide: the larger part of a fraction counts."""
    while found := re.search(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", latex):
        latex = latex[: found.start()] + max(found.groups(), key=len) + latex[found.end() :]
    letters = re.sub(r"\\[a-zA-Z]+", "x", re.sub(r"\\left|\\right", "", latex))
    return len(re.sub(r"[{}^_ ]", "", letters))


def _escaped(words: str) -> str:
    return words.replace("^", r"\^{}").replace("_", r"\_").replace("&", r"\&")
