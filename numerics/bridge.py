"""Closed forms of ``theory`` as NumPy functions."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from scipy import special

from ..theory.proof.formula import Formula
from ..theory.proof.symbols import entry

_ASSUMPTIONS = (
    ("is_positive", lambda values: values > 0),
    ("is_nonnegative", lambda values: values >= 0),
    ("is_integer", lambda values: values == np.floor(values)),
    ("is_real", np.isfinite),
)

# SymPy would write these as quotients of gamma functions, which overflow early.
_SPECIAL = {
    "binomial": special.binom,
    "erfcx": special.erfcx,
    "FallingFactorial": lambda x, r: special.poch(x - r + 1, r),
}
_MODULES = [_SPECIAL, "scipy", "numpy"]


@cache
def numpy_function(formula: Formula) -> Callable[..., Any]:
    """The NumPy function of a closed form: the same arguments, numbers or arrays of them.

    All arithmetic is in float64, whatever the type of the arguments (an integer array neither
    overflows nor refuses a negative power). Its error is that of float64 arithmetic in the
    order in which the expression is written; outside the formula's regime, or where a factor
    overflows, the value is NaN.

    >>> from polysem import numerics, theory
    >>> numerics.numpy_function(theory.expected_pairs)(n=256, m=[1024, 2048, -1])
    array([15.9375 ,  7.96875,      nan])

    Parameters
    ----------
    formula : Formula
        A closed form; its function is made once and cached.

    Returns
    -------
    callable
        Takes the formula's arguments by position or by name and broadcasts them.

    Raises
    ------
    TypeError
        (the function) If an argument is missing or unknown.

    Source
    ------
    The formula's own.
    """
    value = sp.lambdify(formula.arguments, _without_overflow(formula.expression), _MODULES)
    if formula.expression.has(sp.Integral):  # becomes a quadrature, one number at a time
        value = np.vectorize(value, otypes=[np.float64])
    holds = [
        sp.lambdify(formula.arguments, condition, modules=_MODULES) for condition in formula.regime
    ]

    def function(*values: Any, **named: Any) -> Any:
        bound = formula.bind(*values, **named)
        arrays = [np.asarray(bound[symbol], dtype=np.float64) for symbol in formula.arguments]
        with np.errstate(all="ignore"):
            inside = np.ones(np.broadcast_shapes(*(array.shape for array in arrays)), dtype=bool)
            for symbol, array in zip(formula.arguments, arrays, strict=True):
                for assumption, test in _ASSUMPTIONS:
                    if getattr(symbol, assumption):
                        inside &= test(array)
            for condition in holds:
                inside &= np.asarray(condition(*arrays), dtype=bool)
            result = np.where(inside, value(*arrays), np.nan)
        return result[()]

    names = ", ".join(entry(symbol).argument for symbol in formula.arguments)
    function.__name__ = formula.name
    function.__doc__ = f"{formula.name}({names}): {formula.meaning} In float64; NaN outside."
    return function


def _without_overflow(expression: sp.Expr) -> sp.Expr:
    """exp(x^2) erfc(x) written as erfcx(x), because its factors overflow and vanish."""

    def scaled(product: sp.Mul) -> sp.Expr:
        for tail in product.atoms(sp.erfc) & set(product.args):
            growth = sp.exp(tail.args[0] ** 2)
            for factor in product.args:
                if isinstance(factor, sp.exp) and sp.expand(factor.exp - growth.exp) == 0:
                    return product / (tail * factor) * sp.Function("erfcx")(tail.args[0])
        return product

    return expression.replace(lambda e: isinstance(e, sp.Mul), scaled)
