"""Every letter of the theory once: its assumptions, its meaning, its shape and its unit.

Code uses the argument names given here; the paper's own letter stands beside each.
"""

from dataclasses import dataclass

import sympy as sp


@dataclass(frozen=True)
class Letter:
    """One letter of the theory: a SymPy symbol and what it stands for.

    Parameters
    ----------
    argument : str
        The name under which Python functions take the quantity.
    symbol : sympy.Symbol
        The symbol, with its assumptions.
    meaning : str
        What it stands for, in words.
    unit : str
        Its unit, in words ("none" for a pure number).
    shape : str
        "scalar", or the shape of the array for which the symbol stands.
    paper : str
        The letter that the paper uses ("-" where it has none).
    """

    argument: str
    symbol: sp.Symbol
    meaning: str
    unit: str = "none"
    shape: str = "scalar"
    paper: str = "-"


LETTERS: dict[sp.Symbol, Letter] = {}


def _letter(
    argument: str,
    name: str,
    meaning: str,
    *,
    unit: str = "none",
    shape: str = "scalar",
    paper: str = "-",
    **assumptions: bool,
) -> sp.Symbol:
    symbol = sp.Symbol(name, **assumptions)
    LETTERS[symbol] = Letter(argument, symbol, meaning, unit, shape, paper)
    return symbol


def letter(symbol: sp.Symbol) -> Letter:
    """The entry of a symbol in the table of letters."""
    return LETTERS[symbol]


n = _letter("n", "n", "number of features", paper="n", integer=True, positive=True)
m = _letter("m", "m", "number of neurons", paper="m", integer=True, positive=True)
k = _letter("k", "k", "number of polysemantic neurons", integer=True, nonnegative=True)
r = _letter("r", "r", "order of a moment", integer=True, nonnegative=True)
lam = _letter(
    "lam", "lambda", "weight of the l1 regulariser", unit="flow", paper="λ", nonnegative=True
)
lam_code = _letter(
    "lam_code",
    "lambda_code",
    "weight of the l1 regulariser in the authors' program, 4 lambda",
    unit="summed loss",
    nonnegative=True,
)
t = _letter("t", "t", "time", unit="flow", paper="t", nonnegative=True)
scale = _letter(
    "scale", "s", "standard deviation of an initial weight", unit="weight", positive=True
)
