"""The NumPy function of a formula gives the numbers of the formula."""

import ast

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from polysem import numerics, theory
from polysem.theory.proof.formula import Formula
from polysem.theory.proof.symbols import entry, lam, m

PAIRS = theory.expected_pairs
ROOT = Formula(
    name="root",
    expression=sp.sqrt(sp.Rational(1, 4) - lam) * m**-3,
    arguments=(lam, m),
    meaning="A root.",
    source="-",
    example="",
    regime=(lam <= sp.Rational(1, 4),),
)


@given(n=st.integers(1, 10**7), m=st.integers(1, 10**7))
def test_the_function_is_the_formula(n, m):
    value = numerics.numpy_function(PAIRS)(n, m)
    assert value == pytest.approx(PAIRS(n, m), rel=1e-14)


def test_integer_arrays_neither_overflow_nor_refuse_negative_powers():
    m = np.array([1, 2, 3_000_000], dtype=np.int32)
    np.testing.assert_allclose(
        numerics.numpy_function(ROOT)(lam=0, m=m), 0.5 / m.astype(float) ** 3, rtol=1e-14
    )


def test_it_broadcasts_and_is_made_once():
    table = numerics.numpy_function(PAIRS)(np.arange(1, 4)[:, None], np.arange(1, 6))
    assert table.shape == (3, 5)
    assert numerics.numpy_function(PAIRS) is numerics.numpy_function(PAIRS)


def test_outside_the_regime_is_nan():
    values = numerics.numpy_function(ROOT)([0.2, 0.3, -0.1, np.inf], [1, 1, 1, 1])
    assert np.isfinite(values).tolist() == [True, False, False, False]
    assert np.isnan(numerics.numpy_function(PAIRS)(2.5, 1))


def example_point(formula):
    """The arguments of the call in the formula's example, by name."""
    code = "".join(line[4:] for line in formula.example.splitlines() if line[:3] in (">>>", "..."))
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    call = next(c for c in calls if getattr(c.func, "attr", None) == formula.name)
    values = map(ast.literal_eval, call.args)
    bound = formula.bind(*values, **{w.arg: ast.literal_eval(w.value) for w in call.keywords})
    return {entry(symbol).argument: value for symbol, value in bound.items()}


@pytest.mark.parametrize(
    "name", [name for name in theory.__all__ if isinstance(getattr(theory, name), Formula)]
)
def test_every_public_formula_agrees_with_its_function(name):
    """At the point of its example, as a number and as an array of two equal numbers."""
    formula = getattr(theory, name)
    point = example_point(formula)
    exact = formula(**point)
    function = numerics.numpy_function(formula)
    assert function(**point) == pytest.approx(exact, rel=1e-9, abs=1e-12)
    if point:
        pairs = {argument: np.array([value, value]) for argument, value in point.items()}
        np.testing.assert_allclose(function(**pairs), [exact, exact], rtol=1e-9, atol=1e-12)


def test_a_missing_argument_is_named():
    with pytest.raises(TypeError, match="expected_pairs takes n, m"):
        numerics.numpy_function(PAIRS)(3)
