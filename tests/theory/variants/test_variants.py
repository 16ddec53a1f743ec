"""Variants of the model: derivations, the book's formulas as a special case, numbers."""

import itertools
import math
from dataclasses import replace

import pytest
import sympy as sp
from scipy.integrate import quad
from scipy.special import erfcx

from polysem import theory, verify
from polysem.theory import symbols as s
from polysem.theory.collisions.independent import EXPECTED_PAIRS
from polysem.theory.proof.step import stated
from polysem.theory.variants.law import LAWS
from polysem.theory.variants.penalty import Penalty
from polysem.theory.variants.variant import BENEFITS

BOOK = {
    "lam_of_amplitude": theory.lam_of_amplitude,
    "amplitude": theory.amplitude,
    "fold_amplitude": theory.fold_amplitude,
    "fold": theory.fold,
    "amplitude_rate": theory.amplitude_rate,
    "threshold_rate": theory.threshold_rate,
    "soft_threshold_weight": theory.soft_threshold_weight,
    "live_weights": theory.half_normal_live,
    "l1_norm": theory.half_normal_l1_norm,
    "expected_pairs": theory.expected_pairs,
    "expected_neurons": theory.expected_neurons_independent,
    "expected_shared_neurons": theory.expected_shared_neurons_independent,
}


@pytest.mark.parametrize("name", BOOK)
def test_l1_with_a_gaussian_start_gives_the_formulas_of_the_book(name):
    ours = theory.variant()[name].expression.subs(s.live, 1)
    assert sp.simplify(ours - BOOK[name].expression) == 0


def test_the_clock_of_l1_with_a_gaussian_start_is_that_of_the_book():
    ours, book = (
        form.expression.replace(sp.Integral, lambda f, limit: f)
        for form in (theory.variant()["threshold_time"], theory.half_normal_time)
    )
    assert sp.simplify(ours / book) == 1


def test_the_flow_of_a_row_under_l1_is_that_of_the_book():
    """The book has signs and 1 as the index of the row."""
    lone = stated(theory.claims()["lone_row"])
    sizes = theory.variant()["row_flow"].expression.atoms(sp.IndexedBase).pop()
    by_sizes = lone.replace(
        lambda e: isinstance(e, sp.Indexed), lambda e: sizes[e.indices[1]]
    ).subs(sp.sign(sizes[s.l]), 1)
    assert sp.expand(by_sizes - theory.variant()["row_flow"].expression) == 0


@pytest.mark.parametrize(
    "words",
    [
        {"penalty": "l2", "benefit": "linear"},
        {"penalty": "elastic net", "initial": "laplace"},
        {"penalty": "l1.5 + l2", "initial": "student", "benefit": "linear"},
        {"penalty": "l0.5", "initial": "one-signed"},
        {"penalty": "l1", "initial": "uniform"},
        {"penalty": "l3", "initial": "orthogonal"},
    ],
    ids=str,
)
def test_every_derivation_passes(words):
    results = theory.variant(**words).check()
    assert set(results.values()) <= {"passed", "in words"}
    assert list(results.values()).count("passed") >= 5


def test_a_false_formula_does_not_pass():
    """The derivation of the fold with the weight at the fold halved."""
    claim = theory.variant(penalty="l1.5").claims["fold"]
    wrong = replace(claim.formula, expression=claim.formula.expression / 2)
    (step,) = claim.derivation.steps
    false = theory.derived(wrong, claim.template, replace(step, right=None))
    assert not false.derivation.check()[0].passed


def test_only_a_power_below_two_sparsifies():
    growth = {
        name: theory.variant(penalty=name)["selection_rate"].expression.subs(
            {s.larger: 2, s.smaller: 1, s.lam: 1}
        )
        for name in ("l0.5", "l1.5", "l2", "l3")
    }
    assert growth["l0.5"] > 0 < growth["l1.5"]
    assert growth["l2"] == 0 > growth["l3"]
    assert [theory.variant(penalty=name).sparsifies for name in growth] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize("penalty", ["l0.5", "l1.5", "l1.5 + l2"])
def test_a_numerical_amplitude_solves_its_equation(penalty):
    variant = theory.variant(penalty=penalty)
    given = {"l2": 0.2} if "l2" in penalty else {}
    weight = variant["amplitude"](lam=0.1, **given)
    assert variant["lam_of_amplitude"](weight=weight, live=1, **given) == pytest.approx(0.1)
    assert weight > variant["fold_amplitude"](live=1, **given)


@pytest.mark.parametrize("penalty", ["l1 + l2", "l1.5 + l2"])
@pytest.mark.parametrize("initial", ["gaussian", "uniform"])
def test_the_numbers_of_a_row_hold_for_live_rows_under_weak_l2(penalty, initial):
    """A row at rest has |W|^2 = 1 - l2, and no weight is left beyond the largest initial size."""
    variant = theory.variant(penalty=penalty, initial=initial)
    given = {"m": 50, "relative_threshold": 0.5}
    norm = variant["l1_norm"]
    assert norm(**given, l2=0.5) == pytest.approx(norm(**given, l2=0.0) * math.sqrt(0.5))
    with pytest.raises(ValueError, match="l1_norm holds for lambda_2 < 1"):
        norm(**given, l2=1.5)
    if initial == "uniform":
        with pytest.raises(ValueError, match=r"l1_norm holds for sqrt\(3\) > b"):
            norm(m=50, relative_threshold=2.0, l2=0.5)


def test_gaps_with_a_closed_form():
    gap = {name: theory.variant(initial=name)["expected_gap"] for name in ("laplace", "uniform")}
    assert gap["laplace"](m=50) == pytest.approx(1 / math.sqrt(2), rel=1e-7)
    assert gap["uniform"](m=50) == pytest.approx(math.sqrt(3) / 51, rel=1e-7)


def test_the_time_to_one_of_two_weights():
    """Sizes x > y of a Laplace row: the integral of 1/|(x - B, y - B)| is asinh(d/|x-y|) terms.

    By memorylessness both excesses are exponential at each threshold, so that the mean is half
    the mean of 1/sqrt(e^2 + f^2), which in polar coordinates is an integral over the angle.
    """
    angle = sp.Symbol("angle")
    mean = sp.Integral(1 / (sp.cos(angle) + sp.sin(angle)), (angle, 0, sp.pi / 2)).evalf()
    time = theory.variant(initial="laplace")["one_weight_time"](lam=1.0, m=2)
    assert time == pytest.approx(float(mean) / 2, rel=1e-3)


def test_choices_of_independent_rows_are_those_of_the_book_whatever_the_law():
    for name in ("laplace", "uniform", "student"):
        assert theory.variant(initial=name).claims["expected_pairs"] is EXPECTED_PAIRS


@pytest.mark.parametrize("name", ["l", "l0", "l1 + l1.5", "l2 + l2", "ridge", "l-1"])
def test_a_penalty_that_is_not_known_is_refused(name):
    with pytest.raises(ValueError, match="Got penalty="):
        Penalty.named(name)


def test_words_that_are_not_known_are_refused():
    with pytest.raises(ValueError, match="choose one of gaussian"):
        theory.variant(initial="cauchy")
    with pytest.raises(ValueError, match="choose one of relu, linear"):
        theory.variant(benefit="tanh")
    with pytest.raises(KeyError, match="the formulas of this variant are"):
        theory.variant(penalty="l2")["fold"]


def test_a_printed_variant_says_whether_a_neuron_wins():
    assert "no neuron wins" in str(theory.variant(penalty="l2"))
    assert "outlives the others" in str(theory.variant(initial="laplace"))


def test_a_notebook_shows_the_formulas_of_a_variant_in_latex():
    shown = theory.variant(penalty="l1.5")._repr_markdown_().splitlines()
    assert "- `rest_norm2`: $1 - \\lambda_{2}$, for lambda_2 <= 1" in (
        theory.variant(penalty="l2")._repr_markdown_().splitlines()
    )
    assert any(line.startswith("- `one_weight_time`: numerical, for m >= 2") for line in shown)


@pytest.mark.parametrize("penalty", ["l1", "l2", "elastic net", "l0.5", "l1.5 + l2", "l3"])
def test_the_claims_of_all_variants_fit_into_one_collection(penalty):
    """Definitions and claims of all initial laws and outputs have names of their own."""
    every = [
        theory.variant(penalty=penalty, initial=initial, benefit=benefit).claims.values()
        for initial in LAWS
        for benefit in BENEFITS
    ]
    claims = dict.fromkeys(claim for found in every for claim in found)
    book = verify.Collection("all", *claims)
    own = [claim for claim in claims if theory.claims().get(claim.label) is not claim]
    assert len(book.claims) == len(own) > 50


def test_a_listing_has_a_formula_before_its_derivative():
    names = list(theory.variant(penalty="l2").formulas)
    assert names.index("norm2") < names.index("norm2_slope")


def test_a_claim_of_a_variant_says_how_it_is_checked():
    first, second, *_ = str(theory.variant(penalty="l2").claims["rest_norm2"]).splitlines()
    assert "not checked (there" in first
    assert "verify.Collection(...).check()" in second
    assert "--recheck" not in first + second
    first, second, *_ = str(theory.variant().claims["expected_gap"]).splitlines()
    assert "stale" not in first + second


def test_the_time_to_one_weight_of_a_laplace_row_as_m_grows():
    """At every threshold the excesses of j live weights are independent exponentials.

    So the threshold rises by 1/(j sqrt 2) on average while j weights live, and the mean of one over
    the norm of the excesses is an integral over the power j of the mean of exp(-(c e)^2).
    """

    def total(terms):
        def integrand(c):
            return terms(math.sqrt(math.pi) / (2 * c) * erfcx(1 / (2 * c)))

        ends = [1e-6, 1e-2, 1, 100, math.inf]
        parts = (quad(integrand, *pair)[0] for pair in itertools.pairwise(ends))
        return 2 / math.sqrt(math.pi) * sum(parts)

    time = theory.variant(initial="laplace")["one_weight_time"]
    assert time(lam=1.0, m=16) == pytest.approx(
        total(lambda x: sum(x**j / j for j in range(2, 17))), rel=2e-3
    )
    forever = total(lambda x: -math.log(1 - x) - x)
    assert forever == pytest.approx(1.7583, abs=1e-3)
    assert time(lam=1.0, m=64) < time(lam=1.0, m=1024) < forever < 1.04 * time(lam=1.0, m=1024)
