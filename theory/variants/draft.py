"""The claims of a variant while they are collected."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from ..proof import Definition, Formula, IndexForm, derived
from ..proof import symbols as s
from ..proof.claims import Claim
from .law import Law
from .numerical import Numerical
from .penalty import Penalty

PAGE = "paper_notes/variants.md"
_ORDER = (
    *(s.k, s.n, s.w, s.larger, s.smaller, s.common, s.row_norm2, s.initial_norm, s.initial),
    *(s.threshold, s.excess2, s.lam, s.l2, s.live, s.m, s.relative_threshold, s.mean_excess2, s.t),
)


@dataclass
class Draft:
    """The parts of a variant, and the claims about it so far."""

    words: dict[str, str]
    penalty: Penalty
    law: Law
    relu: bool
    claims: dict[str, Claim] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    formulas: dict[str, IndexForm] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """A name that can be part of a label."""
        parts = [self.words["penalty"], self.words["initial"]]
        parts += [] if self.relu else [self.words["benefit"]]
        return re.sub(r"\W+", "_", "_".join(parts))

    def formula(
        self,
        name: str,
        expression: sp.Expr,
        meaning: str,
        kind: type[Formula] = Formula,
        *,
        also: tuple[sp.Symbol, ...] = (),
        **more: Any,
    ) -> Formula:
        """A formula; its arguments are the letters that occur in it, and ``also``."""
        taken = {*expression.free_symbols, *also}
        given = ", ".join(f'{part}="{word}"' for part, word in self.words.items())
        return kind(
            name=name,
            expression=expression,
            arguments=tuple(letter for letter in _ORDER if letter in taken),
            meaning=meaning,
            source=PAGE,
            example=f'>>> theory.variant({given})["{name}"]',
            **more,
        )

    def numerical(self, name: str, expression: sp.Expr, meaning: str, **more: Any) -> Formula:
        """A formula that is an equation or an integral."""
        return self.formula(name, expression, meaning, Numerical, **more)

    def definition(self, name: str, expression: sp.Expr, meaning: str, **more: Any) -> Definition:
        """A definition from which derivations start."""
        made = Definition(
            name=f"{self.name}_{name}", expression=expression, meaning=meaning, source=PAGE, **more
        )
        self.definitions[name] = made
        return made

    def defining(self, formula: Formula, meaning: str) -> Definition:
        """The definition that a formula states, under a name of the variant."""
        self.formulas[formula.name] = formula
        return self.definition(formula.name, formula.expression, meaning, letter=formula.letter)

    def claim(self, formula: IndexForm, template: str, *steps: Any, **more: Any) -> Claim:
        """A claim, found under the name of its formula."""
        name = formula.name
        self.formulas[name] = formula
        made = derived(formula, template, *steps, label=f"{self.name}_{name}", page=PAGE, **more)
        self.claims[name] = made
        return made
