"""The reference implementations agree with the formulas of the theory."""

from fractions import Fraction

import pytest
import sympy as sp
from reference import enumerated_exclusion_law, enumerated_independent_law

from polysem import theory


@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 1), (3, 2), (4, 4), (5, 3), (6, 4)])
def test_enumerated_exclusion_law_has_the_exact_pmf(n, m):
    law = enumerated_exclusion_law(n, m)
    assert sum(law.values()) == 1
    assert min(law) == max(0, n - m)
    for k, probability in law.items():
        exact = theory.exclusion_pmf(sp.Integer(k), sp.Integer(n), sp.Integer(m))
        assert sp.Rational(probability.numerator, probability.denominator) == exact


@pytest.mark.parametrize(("n", "m"), [(1, 1), (3, 2), (4, 3)])
@pytest.mark.parametrize("both_signs", [True, False])
def test_enumerated_independent_law_has_the_exact_mean(n, m, both_signs):
    law = enumerated_independent_law(n, m, both_signs=both_signs)
    mean = sum((k * p for k, p in law.items()), Fraction(0))
    formula = (
        theory.expected_neurons_independent
        if both_signs
        else theory.expected_shared_neurons_independent
    )
    assert formula(sp.Integer(n), sp.Integer(m)) == sp.Rational(mean.numerator, mean.denominator)
