"""What the letters and the notation of explanations mean, for the reader of a chain of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sympy as sp

from .operators import AtWeights, Expansion, Root, Taylor
from .symbols import KNOWN

_BASES = {
    "W": "weights, W[i, l] that of feature i on neuron l",
    "w_0": "sizes of the initial weights of a row",
    "f": "weights of the inputs of the features alone",
    "v": "weights of the errors of the outputs",
    "P": "weights of the pairs of features",
}
_f, _a, _b, _r = sp.symbols("f a b r")
_x = sp.Symbol("x", real=True)
_i, _j, _n, _k = sp.symbols("i j n k", integer=True)
_W = sp.IndexedBase("W")
NOTATION: tuple[tuple[type, sp.Expr, str], ...] = (
    (sp.Subs, sp.Subs(_f, _x, _a), "f with a in place of x, not yet carried out"),
    (
        AtWeights,
        AtWeights(_f, _W, [[_a, _b]], {_n: 1}),
        "f for the network with these weights, a row a feature",
    ),
    (Root, Root(_f, _x, _a, _b), "the only x between a and b at which f = 0"),
    (sp.Sum, sp.Sum(_f, (_j, 1, _n)), "f added up for j from 1 to n"),
    (sp.Integral, sp.Integral(_f, (_x, _a, _b)), "the integral of f over x from a to b"),
    (sp.Derivative, sp.Derivative(_f, _x, evaluate=False), "the derivative of f by x"),
    (sp.Limit, sp.Limit(_f, _x, _a), "what f tends to as x tends to a"),
    (Taylor, Taylor(_f, _x, 2), "f up to the power x^2, as x tends to 0"),
    (Expansion, Expansion(_f, _x, 2), "f up to the power x^-2, as x tends to infinity"),
    (sp.Heaviside, sp.Heaviside(_x), "1 for x > 0 and 0 for x < 0"),
    (sp.KroneckerDelta, sp.KroneckerDelta(_i, _j), "1 for i = j, else 0"),
    (sp.sign, sp.sign(_x), "1 for x > 0, 0 for x = 0 and -1 for x < 0"),
    (sp.Max, sp.Max(0, _x), "the larger of 0 and x, that is ReLU(x)"),
    (sp.Min, sp.Min(_a, _b), "the smaller of a and b"),
    (sp.binomial, sp.binomial(_n, _k), "the number of ways to choose k of n"),
    (sp.FallingFactorial, sp.ff(_x, _r), "x (x - 1) ... (x - r + 1)"),
    (sp.erfc, sp.erfc(_x), "2/sqrt(pi) times the integral of exp(-y^2), y from x to infinity"),
    (sp.erf, sp.erf(_x), "1 - erfc(x)"),
    (sp.erfinv, sp.erfinv(_x), "the y with 1 - erfc(y) = x"),
)
"""Each kind of expression that a reader may not know, an example, and what the example means."""


def legend(expressions: Iterable[sp.Expr], write: Callable[[Any], str]) -> list[str]:
    """What the letters and the notation of some expressions mean, in two lines at most.

    >>> import sympy as sp
    >>> from polysem.theory import symbols as s
    >>> from polysem.theory.proof.formula import plain
    >>> from polysem.theory.proof.notation import legend
    >>> print(*legend([sp.Subs(s.w**2, s.w, s.a)], plain), sep="\\n")
    Letters: w (non-zero weight of a stationary row), a (weight of one feature on a shared neuron).
    Notation: (f at x = a) is f with a in place of x, not yet carried out.
    """
    nodes = {node for e in expressions for node in sp.preorder_traversal(e)}
    bases = {str(node): node for node in nodes if isinstance(node, sp.IndexedBase)}
    letters = [
        *(f"{write(bases[name])} ({meaning})" for name, meaning in _BASES.items() if name in bases),
        *(
            f"{write(letter)} ({about.meaning})"
            for letter, about in KNOWN.items()
            if letter in nodes
        ),
    ]
    notation = [
        f"{write(example)} is {meaning}"
        for kind, example, meaning in NOTATION
        if any(isinstance(node, kind) for node in nodes)
    ]
    lines = {"Letters": ", ".join(letters), "Notation": "; ".join(notation)}
    return [f"{name}: {found}." for name, found in lines.items() if found]
