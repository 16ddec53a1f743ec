"""The counting laws against full enumeration, exactly, in rationals."""

from fractions import Fraction
from itertools import combinations, product
from math import comb, perm

import pytest
import sympy as sp

from polysem import theory

SIZES = [(n, m) for m in (1, 2, 3, 4) for n in range(1, 2 * m + 1)]
SMALL = [(n, m) for n in (1, 2, 3, 4) for m in (1, 2, 3)]


def exact(formula, **arguments):
    return formula(**{name: sp.Integer(value) for name, value in arguments.items()})


def full(slots, m):
    """The number of neurons of which both slots (2k and 2k + 1) are taken."""
    return sum({2 * k, 2 * k + 1} <= set(slots) for k in range(m))


def choices(n, m):
    """All choices of slots by n features, each as likely as the others."""
    return list(product(range(2 * m), repeat=n))


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_the_exclusion_law_is_that_of_all_sets_of_slots(n, m):
    counts = [full(slots, m) for slots in combinations(range(2 * m), n)]
    for k in range(max(0, n - m), n // 2 + 1):
        assert exact(theory.exclusion_pmf, k=k, n=n, m=m) == sp.Rational(
            counts.count(k), len(counts)
        )
    mean = Fraction(sum(counts), len(counts))
    variance = Fraction(sum(c * c for c in counts), len(counts)) - mean**2
    assert exact(theory.expected_neurons_exclusion, n=n, m=m) == sp.Rational(mean)
    assert exact(theory.variance_neurons_exclusion, n=n, m=m) == sp.Rational(variance)
    for r in range(min(3, m) + 1):
        moment = Fraction(sum(perm(c, r) for c in counts), len(counts))
        assert exact(theory.exclusion_factorial_moment, r=r, n=n, m=m) == sp.Rational(moment)
        assert theory.exclusion_factorial_moment(r, n, m) == pytest.approx(float(moment))


@pytest.mark.parametrize(("n", "m"), SMALL)
def test_the_laws_of_independent_choices_are_those_of_all_choices(n, m):
    all_choices = choices(n, m)
    pairs = [
        sum(slots[i] ^ 1 == slots[j] for i, j in combinations(range(n), 2)) for slots in all_choices
    ]
    mean = Fraction(sum(pairs), len(pairs))
    variance = Fraction(sum(c * c for c in pairs), len(pairs)) - mean**2
    both = Fraction(sum(full(slots, m) for slots in all_choices), len(all_choices))
    shared = Fraction(
        sum(
            sum([slot // 2 for slot in slots].count(k) >= 2 for k in range(m))
            for slots in all_choices
        ),
        len(all_choices),
    )
    assert exact(theory.expected_pairs, n=n, m=m) == sp.Rational(mean)
    assert exact(theory.variance_pairs, n=n, m=m) == sp.Rational(variance)
    assert exact(theory.expected_neurons_independent, n=n, m=m) == sp.Rational(both)
    assert exact(theory.expected_shared_neurons_independent, n=n, m=m) == sp.Rational(shared)


@pytest.mark.parametrize(("n", "m"), [(2, 1), (3, 3), (6, 4), (8, 5), (10, 40), (40, 30)])
def test_the_poisson_bound_holds_against_the_exact_law(n, m):
    law = {k: theory.exclusion_pmf(k=k, n=n, m=m) for k in range(max(0, n - m), n // 2 + 1)}
    mean = theory.expected_neurons_exclusion(n=n, m=m)
    assert distance(law, mean) <= theory.poisson_bound(n=n, m=m) * (1 + 1e-12)


@pytest.mark.parametrize(("n", "m"), [(2, 3), (3, 4), (4, 6)])
def test_the_chen_stein_bound_holds_against_the_exact_law(n, m):
    pairs = [
        sum(slots[i] ^ 1 == slots[j] for i, j in combinations(range(n), 2))
        for slots in choices(n, m)
    ]
    law = {k: pairs.count(k) / len(pairs) for k in set(pairs)}
    mean = theory.expected_pairs(n=n, m=m)
    assert distance(law, mean) <= theory.chen_stein_bound(n=n, m=m) * (1 + 1e-12)


def distance(law, mean):
    """Total variation distance of a law on 0, 1, ... from Poisson's law."""
    top = max(law) + 60
    poisson = [float(sp.exp(-mean) * mean**k / sp.factorial(k)) for k in range(top)]
    return sum(abs(law.get(k, 0.0) - poisson[k]) for k in range(top)) / 2


def test_counts_known_from_elsewhere():
    assert round(theory.expected_shared_neurons_independent(n=256, m=4096), 6) == 7.646820
    assert theory.expected_pairs(n=256, m=4096) == 3.984375 * 1.0
    assert comb(16, 8) == exact(theory.exclusion_pmf, k=0, n=8, m=8) ** -1 * 2**8
