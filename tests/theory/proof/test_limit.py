"""Each route of a step has a time limit, and the other routes still run."""

import threading
import time

import pytest
import sympy as sp

from polysem.theory.proof import symbols as s
from polysem.theory.proof.derivation import Derivation
from polysem.theory.proof.formula import Formula
from polysem.theory.proof.limit import OutOfTime, time_limit
from polysem.theory.proof.step import Definition, Step, of


def binomial_tail():
    """The expected number of neurons with at least three features, which SymPy cannot reduce."""
    chance = 1 / s.m
    drawn = Definition(
        name="slots_of_a_neuron", expression=chance, meaning="One neuron in m.", source="here"
    )
    k = s.k

    def shared(chance, low):
        term = sp.binomial(s.n, k) * chance**k * (1 - chance) ** (s.n - k)
        return s.m * sp.Sum(term, (k, low, s.n))

    expected = Formula(
        name="shared_by_three",
        expression=s.m
        * (1 - sum(sp.binomial(s.n, q) * chance**q * (1 - chance) ** (s.n - q) for q in range(3))),
        arguments=(s.n, s.m),
        meaning="The expected number of neurons with at least three features.",
        source="here",
        example="",
    )
    return Derivation(
        Step(
            name="less than three",
            left=of(drawn, build=lambda chance: shared(chance, 3)),
            right=expected,
            reason="one less the chances of none, one and two",
            ranges={s.n: (3, 6), s.m: (2, 5)},
        )
    )


def test_a_route_that_takes_too_long_says_so_and_the_others_run():
    started = time.monotonic()
    (found,) = binomial_tail().check(seconds=2)
    assert time.monotonic() - started < 12
    assert found.symbolic == "not decided in 2 s, add an intermediate step"
    assert found.numeric == "passed"
    assert not found.passed
    assert "symbolic route: not decided in 2 s" in found.message


def test_the_limit_is_lifted_afterwards():
    with pytest.raises(OutOfTime), time_limit(0.01):
        time.sleep(1)
    with time_limit(0.05):
        pass
    time.sleep(0.1)


def test_another_thread_runs_to_its_end():
    found = []

    def work():
        with time_limit(0.001):
            time.sleep(0.05)
            found.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [True]


def test_a_handler_of_ordinary_errors_does_not_swallow_the_limit():
    def stubborn():
        try:
            time.sleep(1)
        except Exception:
            time.sleep(1)

    with pytest.raises(OutOfTime), time_limit(0.05):
        stubborn()
