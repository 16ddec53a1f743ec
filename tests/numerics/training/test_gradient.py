"""The gradient by hand against SymPy, finite differences and a slow readable twin."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from polysem import numerics

RATIONALS = st.fractions(min_value=-2, max_value=2, max_denominator=9)


def slow_reconstruction_loss(weights):
    n, m = weights.shape
    total = 0.0
    for i in range(n):
        for j in range(n):
            overlap = sum(weights[i, k] * weights[j, k] for k in range(m))
            total += (max(overlap, 0) - (i == j)) ** 2
    return total


def slow_gradient(weights):
    """dL/dW_ik = 4 sum_j (ReLU(W_i . W_j) - delta_ij) W_jk, term by term."""
    n, m = weights.shape
    gradient = np.zeros((n, m))
    for i in range(n):
        for j in range(n):
            overlap = sum(weights[i, k] * weights[j, k] for k in range(m))
            for k in range(m):
                gradient[i, k] += 4 * (max(overlap, 0) - (i == j)) * weights[j, k]
    return gradient


@st.composite
def rational_weights(draw):
    n, m = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    return [[draw(RATIONALS) for _ in range(m)] for _ in range(n)]


@given(rational_weights())
@settings(max_examples=25, deadline=None)
def test_gradient_is_the_derivative_of_the_loss_in_exact_rationals(rows):
    n, m = len(rows), len(rows[0])
    letters = sp.Matrix(n, m, lambda i, k: sp.Symbol(f"w_{i}_{k}", real=True))
    gram = letters * letters.T
    values = {letters[i, k]: sp.Rational(rows[i][k]) for i in range(n) for k in range(m)}
    loss = sum(
        ((gram[i, j] if gram[i, j].subs(values) > 0 else 0) - int(i == j)) ** 2
        for i in range(n)
        for j in range(n)
    )
    weights = np.array([[Fraction(value) for value in row] for row in rows], dtype=object)
    ours = numerics.OneHot().gradient(weights)
    for i in range(n):
        for k in range(m):
            assert sp.Rational(ours[i, k]) == sp.diff(loss, letters[i, k]).subs(values)


@pytest.mark.parametrize(("n", "m"), [(5, 3), (12, 30), (40, 7)])
@pytest.mark.parametrize("relu", [True, False])
def test_gradient_agrees_with_finite_differences(n, m, relu):
    rng = np.random.default_rng([n, m])
    weights = numerics.initial_weights(n, m, rng)
    direction = rng.standard_normal((n, m))
    model = numerics.OneHot(relu=relu)
    slope = (model.gradient(weights) * direction).sum()
    # The loss is a quartic with kinks in the second derivative only: a central difference with
    # step h is off by O(h^2) = 1e-10 times third derivatives of order m.
    h = 1e-5
    difference = (model.loss(weights + h * direction) - model.loss(weights - h * direction)) / (
        2 * h
    )
    assert difference == pytest.approx(slope, rel=1e-6)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_fast_routines_agree_with_their_slow_twins(n, m, seed):
    weights = numerics.initial_weights(n, m, np.random.default_rng(seed), scale=0.8)
    np.testing.assert_allclose(
        numerics.gradient(weights), slow_gradient(weights), rtol=1e-12, atol=1e-12
    )
    assert numerics.reconstruction_loss(weights) == pytest.approx(
        slow_reconstruction_loss(weights), rel=1e-12
    )


def test_forces_add_up_to_a_quarter_of_the_descent_direction():
    weights = numerics.initial_weights(7, 11, np.random.default_rng(3), instances=2)
    forces = numerics.forces(weights, lam=0.3)
    expected = -(numerics.gradient(weights) + 4 * 0.3 * np.sign(weights)) / 4
    np.testing.assert_allclose(forces.total, expected, rtol=1e-12, atol=1e-14)


def test_stacked_networks_are_independent():
    weights = numerics.initial_weights(5, 9, np.random.default_rng(4), instances=3)
    for together, alone in zip(numerics.gradient(weights), weights, strict=True):
        np.testing.assert_allclose(together, numerics.gradient(alone), rtol=1e-13)


def test_a_missing_gate_or_factor_is_seen():
    weights = numerics.initial_weights(6, 4, np.random.default_rng(5))
    truth = slow_gradient(weights)
    assert not np.allclose(numerics.OneHot(relu=False).gradient(weights), truth)
    assert not np.allclose(numerics.gradient(weights) / 2, truth)


def test_bad_weights_are_refused_in_one_line():
    with pytest.raises(ValueError, match=r"Got weights with 1 NaN; all weights must be finite\."):
        numerics.gradient(np.array([[np.nan, 1.0]]))
    with pytest.raises(ValueError, match=r"shape \(3,\); give an array of shape \(n, m\)"):
        numerics.gradient(np.zeros(3))
    with pytest.raises(ValueError, match=r"Got lam=-0\.1; lam is an l1 weight"):
        numerics.loss(np.eye(2), lam=-0.1)
