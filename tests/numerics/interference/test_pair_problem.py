"""The dense pair problem: its kernel, its complementarity, its constant."""

import numpy as np
import pytest
from scipy.linalg import expm, solve_continuous_lyapunov

from polysem import numerics, theory
from polysem.numerics.interference.pair_problem import _DRIFT, _NOISE, _OVERLAP, Memory

BOUND = 5.7  # standard errors at a false-alarm rate of 1e-8


def test_the_process_has_the_correlation_of_two_soft_thresholded_rows():
    stationary = solve_continuous_lyapunov(_DRIFT, -np.outer(_NOISE, _NOISE))
    for lag in (0.0, 0.3, 1.0, 4.0):
        value = _OVERLAP @ expm(_DRIFT * lag) @ stationary @ _OVERLAP
        assert value == pytest.approx(np.exp(-lag) * (1 + lag / 2) ** 2, rel=1e-12)


def slow_pressure(overlap, step):
    """Impulses that hold q - sum e^-D (2 + D) dL at or below 0, by the sum over all the past."""
    impulses = []
    for now, value in enumerate(overlap):
        past = sum(
            np.exp(-(now - then) * step) * (2 + (now - then) * step) * impulse
            for then, impulse in enumerate(impulses)
        )
        impulses.append(max(0.0, (value - past) / 2))
    return np.array(impulses)


def test_the_two_modes_equal_the_sum_over_the_past_and_solve_the_problem():
    step = 0.1
    path = np.cumsum(np.random.default_rng(0).normal(0, 0.4, 200))
    memory = Memory.empty(1)
    fast, held = [], []
    for value in path:
        fast.append(memory.press(np.array([value]), step)[0])
        held.append(value - 2 * memory.plain[0] - memory.linear[0])
    fast, held = np.array(fast), np.array(held)
    assert np.allclose(fast, slow_pressure(path, step), rtol=0, atol=1e-12)
    assert (fast > 0).sum() > 20
    assert (held <= 1e-12).all()
    assert (np.abs(held[fast > 0]) < 1e-12).all()


def test_the_constant_is_the_one_of_the_law(entropy):
    """Null: J = 0.346.  Rate 1e-8; sees 0.01, 3 %; step error below 0.003 (halved twice)."""
    found = numerics.pair_problem(np.random.default_rng([entropy, 3]), step=0.02, chains=1000)
    bound = BOUND * found.constant_error + 0.003
    assert bound < 0.01
    assert abs(found.constant - float(theory.PAIR_CONSTANT)) < bound
    assert abs(found.constant - 2 * float(theory.PAIR_CONSTANT)) > bound
    assert abs(found.pressure - 0.152) < BOUND * found.pressure_error + 0.002
    assert abs(found.contact - 0.329) < BOUND * found.contact_error + 0.006


def test_bad_input():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="step=0"):
        numerics.pair_problem(rng, step=0.0)
    with pytest.raises(ValueError, match="chains=5"):
        numerics.pair_problem(rng, chains=5)
