"""Stationary states: the equations that they solve, their limits and their order."""

import math

import pytest
import sympy as sp

from polysem import theory

LAMBDAS = [0.0, 1e-6, 0.01, 0.1, 0.2721, 0.38]


@pytest.mark.parametrize("lam", LAMBDAS)
def test_the_amplitude_is_the_stable_root(lam):
    w = theory.amplitude(lam)
    assert abs(theory.monosemantic_force(w, lam)) < 1e-15
    assert w >= theory.fold_amplitude()
    assert theory.live_curvature(w) > 0
    assert math.isclose(
        theory.loss_per_feature(lam), theory.monosemantic_loss(w, lam), abs_tol=1e-15
    )


def test_limits_at_both_ends():
    assert theory.amplitude(0) == 1.0
    assert theory.loss_per_feature(0) == 0.0
    top = theory.fold.expression
    assert theory.amplitude(lam=top) == theory.fold_amplitude.expression
    excess = sp.simplify(theory.loss_per_feature(lam=theory.crossing.expression) - 1).evalf()
    assert abs(excess) < 1e-12


@pytest.mark.parametrize("lam", [1e-3, 1e-2])
def test_the_series_are_off_by_their_next_term(lam):
    amplitude = theory.amplitude(lam) - theory.amplitude_series(lam)
    loss = theory.loss_per_feature(lam) - theory.loss_series(lam)
    assert amplitude == pytest.approx(-1.5 * lam**5, rel=0.1, abs=3e-16)
    assert loss == pytest.approx(-21 / 32 * lam**5, rel=0.1, abs=3e-16)


def test_a_feature_is_worth_its_cost_below_the_crossing_only():
    crossing = theory.crossing()
    assert theory.loss_per_feature(crossing * 0.999) < 1 < theory.loss_per_feature(crossing * 1.001)
    assert crossing < theory.fold()


@pytest.mark.parametrize("lam", [0.01, 0.1, 0.27])
def test_two_equal_weights_balance_and_do_not_stay(lam):
    a = theory.shared_amplitude(lam)
    assert abs(theory.shared_force(a, a, lam)) < 1e-15
    assert theory.expulsion_rate(lam, a) > 0 > theory.shared_sum_rate(a)
    assert math.isclose(a, theory.amplitude(math.sqrt(2) * lam) / math.sqrt(2), rel_tol=1e-14)
