"""Formulas found by form, by value and by words; clear errors."""

import re

import pytest
import sympy as sp

from polysem import theory
from polysem.theory import symbols as s

CLAIMS = theory.claims()


def labels(found):
    return [claim.label for claim in found]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("1/(2m)", "pair_probability"),
        ("n(n-1)/(4m)", "expected_pairs"),
        ("n**2/(4*m) - n/(4*m)", "expected_pairs"),
        ("w - w^3", "stationary_weight"),
        ("weight - weight**3 - lam", "monosemantic_force"),
        ("w - w^3 - lambda", "monosemantic_force"),
        ("2/(3 sqrt(3))", "fold"),
        ("2 cos(arccos(-3 sqrt(3) lambda/2)/3)/sqrt(3)", "amplitude"),
    ],
)
def test_an_expression_is_found_in_whatever_way_it_is_written(text, label):
    assert label in labels(theory.find(text))


@pytest.mark.parametrize("label", ["fold", "expected_pairs", "growth_rate", "fitted_kick_size"])
def test_a_formula_is_found_by_itself(label):
    assert label in labels(theory.find(sp.expand(CLAIMS[label].formula.expression)))


def test_another_expression_is_not_found():
    assert theory.find("1/(3m)") == []
    assert theory.find("1/(2n)") == []
    assert theory.find(s.w - s.w**3 + sp.Rational(1, 10**9) * s.w) == []


@pytest.mark.parametrize(
    ("number", "first"),
    [(0.3849, "fold"), ("0.38490", "fold"), (0.2722, "crossing"), (2, "live_limit")],
)
def test_a_number_finds_first_the_formulas_with_this_value(number, first):
    assert labels(theory.find(number))[0] == first


def test_a_number_is_compared_to_the_digits_that_are_given():
    assert "fold" in labels(theory.find(0.385))
    assert "fold" not in labels(theory.find(0.386))
    assert "fold" not in labels(theory.find("0.3850"))


def test_a_constant_within_a_formula_is_found_after_the_values():
    found = labels(theory.find(0.3849))
    assert "amplitude" in found[1:]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("foo/2", "foo in 'foo/2'; it is no letter"),
        ("lamda/4", "did you mean lambda"),
        ("1/(2m", "no expression"),
        ("n; m", "give an expression of letters"),
        ("__import__('os')", "no letter"),
        ("", "give an expression"),
    ],
)
def test_other_text_is_refused_in_one_line(text, message):
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        theory.find(text)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("noise growth", "growth_rate"),
        ("fold", "fold"),
        ("variance of pairs", "variance_pairs"),
        ("kurtosis of the output", "overlap_noise_kurtosis"),
        ("Poisson bound", "poisson_bound"),
    ],
)
def test_words_find_a_claim(words, label):
    assert label in labels(theory.search(words))[:5]


def test_a_claim_is_found_first_by_its_label():
    for label in ("fold", "crossing", "growth_rate", "expected_pairs", "dead_zone"):
        assert labels(theory.search(label))[0] == label


def test_words_that_no_claim_contains_find_nothing_and_no_word_is_refused():
    assert theory.search("xyzzy") == []
    with pytest.raises(ValueError, match="give one or more words"):
        theory.search(" ")
