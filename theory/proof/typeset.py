"""Derivations and formulas in LaTeX and in plain text, with the reasons below."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from textwrap import wrap

import sympy as sp

from .formula import Formula, IndexForm, plain
from .prose import in_latex
from .step import Step
from .step import named as name_of

LINE = 75  # letters of a formula on a line of 17 cm


def chain(steps: Sequence[Step], sides: Sequence[tuple[sp.Expr, sp.Expr]]) -> list[str]:
    """The steps in plain text, a line a side, the reason behind each right side.

    >>> from polysem import theory
    >>> from polysem.theory.proof.typeset import chain
    >>> derivation = theory.claims()["fold"].derivation
    >>> chain(derivation.steps, derivation.sides())[-1]
    '  = 2 sqrt(3)/9   [2/3 times 1/sqrt(3)]'
    """
    lines = [f"    {plain(sides[0][0])}"]
    for step, (_, right) in zip(steps, sides, strict=True):
        lines.append(f"  = {plain(right)}   [{because(step, plain)}]")
    return lines


def because(step: Step, write: Callable[[sp.Expr], str]) -> str:
    """Why a step holds: the reason, and the letters that it replaces with their source.

    >>> from polysem import theory
    >>> from polysem.theory.proof.formula import plain
    >>> from polysem.theory.proof.typeset import because
    >>> because(theory.claims()["loss_of_amplitude"].derivation.steps[0], plain)
    'lambda = (1 - w^2) w at rest; lambda by stationary_weight'
    """
    inserted = [
        f"{write(letter)} by {', '.join(map(name_of, origin.sources))}"
        for letter, origin in step.given.items()
    ]
    return "; ".join([step.reason, *inserted])


def typewriter(name: str) -> str:
    """A name in a formula.

    >>> from polysem.theory.proof.typeset import typewriter
    >>> print(typewriter("fold_amplitude"))
    \\mathtt{fold\\_amplitude}
    """
    return f"\\mathtt{{{name}}}".replace("_", r"\_")


def align(
    steps: Sequence[Step],
    sides: Sequence[tuple[sp.Expr, sp.Expr]],
    environment: str = "align*",
) -> str:
    """The steps as an ``align*`` block, or in another environment.

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
        reason = wrap(because(step, lambda letter: f"${sp.latex(letter)}$"), LINE)
        rows += [rf"\qquad\text{{{in_latex(line)}}}" for line in reason]
    body = " \\\\\n".join(f"& {row}" for row in rows)
    return f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}"


def named(formula: IndexForm) -> str:
    """A formula, behind its name if it has arguments to name, in as many lines as it needs.

    A number of many digits is rounded.

    >>> from polysem import theory
    >>> from polysem.theory.proof.typeset import named
    >>> named(theory.fold)
    '\\\\mathtt{fold}() = \\\\frac{2 \\\\sqrt{3}}{9}'
    """
    head = ""
    if isinstance(formula, Formula):
        taken = ", ".join(map(sp.latex, formula.arguments))
        head = f"{typewriter(formula.name)}({taken})"
    if formula.expression.is_Rational and len(formula.latex()) > LINE:
        return rf"{head} \approx {sp.latex(formula.expression.evalf(8))}"
    return displayed(head, formula.expression)


def inline(formula: IndexForm) -> str:
    """A formula within a sentence; words in its place where it is too wide for a line.

    >>> from polysem import theory
    >>> from polysem.theory.proof.typeset import inline
    >>> inline(theory.pair_probability)
    '$\\\\frac{1}{2 m}$'
    """
    latex = formula.latex()
    return f"${latex}$" if _width(latex) <= LINE else "the expression at the end of the lines below"


def displayed(head: str, expression: sp.Expr) -> str:
    """An expression behind what it stands for, in as many lines as it needs.

    >>> import sympy as sp
    >>> from polysem.theory.proof.typeset import displayed
    >>> displayed("K", sp.Symbol("n") / 2)
    'K = \\\\frac{n}{2}'
    """
    latex = sp.latex(expression)
    if _width(head + latex) <= LINE:
        return " = ".join([*filter(None, [head]), latex])
    rows = [*filter(None, [head]), *_rows(r"\quad = " if head else "", expression)]
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
