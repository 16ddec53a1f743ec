"""Numbers from expressions: conditions, gates and sums have the values of their definitions."""

import mpmath
import pytest
import sympy as sp

from polysem.theory.proof import symbols as s
from polysem.theory.proof.evaluate import Point, holds, value_of, whole

CONDITIONS = [
    (sp.Lt, (True, False, False)),
    (sp.Le, (True, True, False)),
    (sp.Gt, (False, False, True)),
    (sp.Ge, (False, True, True)),
    (sp.Eq, (False, True, False)),
    (sp.Ne, (True, False, True)),
]


@pytest.mark.parametrize(("relation", "expected"), CONDITIONS)
def test_a_condition_holds_below_at_and_above_its_bound(relation, expected):
    found = [holds(relation(s.lam, s.sigma), Point({s.lam: x, s.sigma: 2})) for x in (1.5, 2, 2.5)]
    assert tuple(found) == expected


def test_numbers_that_differ_by_rounding_are_equal():
    with mpmath.workdps(50):
        near, far = 2 + mpmath.mpf(10) ** -40, 2 + mpmath.mpf(10) ** -10
        for x, equal in ((near, True), (far, False)):
            at = Point({s.lam: x, s.sigma: 2})
            assert holds(sp.Eq(s.lam, s.sigma), at) is equal
            assert holds(sp.Ne(s.lam, s.sigma), at) is not equal


def test_gates_and_deltas():
    for i, j in ((1, 1), (1, 2)):
        assert value_of(sp.KroneckerDelta(s.n, s.m), Point({s.n: i, s.m: j})) == (i == j)
    for x, value in ((-1, 0), (0, 0.5), (1, 1)):
        assert value_of(sp.Heaviside(s.tilt), Point({s.tilt: x})) == value


def test_a_bound_of_a_sum_must_be_whole():
    assert whole(s.lam / 2, Point({s.lam: 6})) == 3
    with pytest.raises(ArithmeticError, match="must be an integer"):
        whole(s.lam / 2, Point({s.lam: 5}))
