"""Letters of the user: they work like those of the theory, and clashes are refused."""

import re

import numpy as np
import pytest
import sympy as sp

from polysem import numerics, theory
from polysem.theory import symbols as s
from polysem.theory.proof.symbols import KNOWN, LETTERS


@pytest.fixture
def penalty(monkeypatch):
    """A letter of the user, for one test."""
    monkeypatch.setattr(KNOWN, "maps", [{}, LETTERS])
    return theory.letter("penalty", "weight of the l2 penalty", unit="flow", positive=True)


def shrunk(letter):
    return theory.Formula(
        name="shrunk",
        expression=s.w / (1 + letter),
        arguments=(s.w, letter),
        meaning="A weight under an l2 penalty.",
        source="a test",
        example=">>> shrunk(weight=1, penalty=1)\n0.5",
    )


def test_a_formula_with_a_letter_of_the_user_has_all_its_faces(penalty):
    formula = shrunk(penalty)
    assert formula(weight=1, penalty=3) == 0.25
    assert repr(formula) == "shrunk(weight, penalty) = w/(penalty + 1)"
    assert "Weight of the l2 penalty (penalty); unit: flow." in formula.__doc__
    values = numerics.numpy_function(formula)(weight=1.0, penalty=np.array([1.0, 3.0, -1.0]))
    assert np.array_equal(values, [0.5, 0.25, np.nan], equal_nan=True)
    with pytest.raises(theory.RegimeError, match="penalty is the weight of the l2 penalty"):
        formula(weight=1, penalty=-1)


def test_the_letters_of_the_theory_stay_as_they_are(penalty):
    assert penalty in KNOWN
    assert penalty not in LETTERS


def test_the_same_letter_twice_is_one_letter(penalty):
    again = theory.letter("penalty", "weight of the l2 penalty", unit="flow", positive=True)
    assert again is penalty
    with pytest.raises(ValueError, match="conflicts with the letter 'penalty'"):
        theory.letter("penalty", "another meaning", positive=True)


@pytest.mark.parametrize(
    ("argument", "options", "message"),
    [
        ("n", {}, "conflicts with the letter 'n' (printed as n), which stands for the number"),
        ("lam", {"symbol": "mu"}, "conflicts with the letter 'lam' (printed as lambda)"),
        ("my_lam", {"symbol": "lambda"}, "conflicts with the letter 'lam' (printed as lambda)"),
        ("w", {}, "conflicts with the letter 'weight' (printed as w)"),
        ("2mu", {}, "give a name that Python accepts"),
        ("lambda", {}, "give a name that Python accepts"),
    ],
)
def test_a_clash_of_letters_is_refused_in_one_line(argument, options, message):
    before = dict(KNOWN)
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        theory.letter(argument, "something else", **options)
    assert len(str(error.value).splitlines()) == 1
    assert dict(KNOWN) == before


def test_a_letter_without_a_meaning_is_refused():
    with pytest.raises(ValueError, match="say in words what it stands for"):
        theory.letter("empty", " ")


def test_mu_is_free_for_users(monkeypatch):
    monkeypatch.setattr(KNOWN, "maps", [{}, LETTERS])
    assert theory.letter("mu", "weight of the l2 penalty", positive=True).is_positive


@pytest.mark.parametrize("letter", [sp.Symbol("mu"), sp.Symbol("n")])
def test_a_formula_with_an_unknown_letter_is_refused_when_it_is_made(letter):
    with pytest.raises(ValueError, match=r"not known as a letter; .*theory\.letter\(") as error:
        shrunk(letter)
    assert len(str(error.value).splitlines()) == 1


def test_a_formula_whose_arguments_lack_a_letter_is_refused():
    with pytest.raises(ValueError, match="m in its expression and not among its arguments"):
        theory.Formula(
            name="ratio",
            expression=s.n / s.m,
            arguments=(s.n,),
            meaning="A ratio.",
            source="a test",
            example="",
        )
