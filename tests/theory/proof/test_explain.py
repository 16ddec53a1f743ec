"""Explanations: the whole chain, in text, Markdown and LaTeX; a claim and a derivation in print."""

import pytest
import sympy as sp
from click.testing import CliRunner
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.logic.boolalg import BooleanAtom

from polysem import theory
from polysem.theory import symbols as s
from polysem.theory.proof.claims import Claim
from polysem.theory.proof.formula import plain
from polysem.theory.proof.notation import NOTATION
from polysem.theory.proof.step import Definition
from polysem.verify.cli import main

CLAIMS = theory.claims()


def called(*arguments):
    return CliRunner().invoke(main, ["claims", *arguments])


@pytest.mark.parametrize("label", CLAIMS)
def test_every_claim_comes_after_all_that_it_rests_on(label):
    chain = theory.explain(label).chain
    assert chain[-1] is CLAIMS[label]
    seen = set()
    for source in chain:
        if isinstance(source, Claim):
            assert set(source.rests_on) <= seen
        else:
            assert isinstance(source, Definition)
        seen.add(source)
    assert len(seen) == len(chain)


def test_the_text_has_every_step_with_its_reason_and_the_results():
    text = str(theory.explain("fold"))
    assert text == repr(theory.explain(CLAIMS["fold"]))
    assert max(map(len, text.splitlines())) <= 100
    text = " ".join(text.split())
    for claim in theory.explain("fold").claims:
        assert claim.statement in text
        for step in claim.derivation.steps:
            assert f"{step.name}: {step.reason}" in text
    for part in ("1. loss: definition", "8. fold: ", "where i <= n and l <= m", "Witness: "):
        assert part in text
    assert "In words: " in str(theory.explain("amplitude"))


@pytest.mark.parametrize("write", [str, theory.Explanation.markdown, theory.Explanation.latex])
def test_all_formats_tell_the_same(write):
    text = write(theory.explain("amplitude"))
    for part in (
        "gradient",
        "Routes of the steps: " if write is not str else "symbolic: ",
        "arccosine",
    ):
        assert part in text
    assert text.count("Witness: ") == len(theory.explain("amplitude").claims)
    assert "enclosure" in text


def test_a_check_on_simulations_is_told():
    text = str(theory.explain("expected_pairs"))
    assert "Check initial_pairs" in text
    assert "holds within its margin for" in text


def test_a_claim_of_the_user_is_explained_too():
    chance = theory.Formula(
        name="own_chance",
        expression=1 / s.m,
        arguments=(s.m,),
        meaning="A chance.",
        source="test",
        example="",
    )
    claim = theory.derived(chance, "It is {formula}.", by=(CLAIMS["pair_probability"],), prose="x")
    explanation = theory.explain(claim)
    assert [source.label for source in explanation.claims] == ["pair_probability", "own_chance"]
    assert "own_chance: " in str(claim)
    heir = theory.derived("own_heir", "It follows.", page="test", by=(claim,), prose="x")
    text = str(theory.explain(heir))
    assert "1. slots: definition" in text
    assert "3. own_chance: " in text
    assert "own_heir: " in text


def test_the_command_prints_the_explanation_and_the_claim():
    assert called("fold", "--full").stdout.strip() == str(theory.explain("fold"))
    assert called("fold").stdout.strip() == str(CLAIMS["fold"])


@pytest.mark.parametrize("arguments", [("--full",), ("fold", "--full", "--json")])
def test_full_without_a_label_is_refused_in_one_line(arguments):
    result = called(*arguments)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "--full" in result.stderr


def test_an_unknown_label_is_told_with_similar_ones():
    with pytest.raises(ValueError, match="did you mean fold"):
        theory.explain("folds")


def test_a_derivation_prints_its_chain():
    lines = str(CLAIMS["fold"].derivation).splitlines()
    assert lines[0].strip() == "(w (1 - w^2) at w = sqrt(3)/3)"
    assert [line.strip()[0] for line in lines[1:]] == ["=", "=", "="]
    assert repr(CLAIMS["fold"].derivation).startswith("Derivation(insert the top -> ")


COMMON = (sp.Add, sp.Mul, sp.Pow, sp.exp, sp.log, sp.cos, sp.sin, sp.acos, sp.Abs, sp.factorial)
PARTS = (
    sp.Atom,
    sp.Tuple,
    sp.Indexed,
    sp.IndexedBase,
    sp.Rel,
    sp.Piecewise,
    ExprCondPair,
    BooleanAtom,
)


def printed(claim):
    """The formula of a claim and the sides of its steps."""
    yield from [claim.formula.expression] if claim.formula else []
    for sides in claim.derivation.sides() if claim.derivation else []:
        yield from sides


@pytest.mark.parametrize("label", CLAIMS)
def test_all_letters_and_all_notation_are_told(label):
    claim, text = CLAIMS[label], " ".join(str(CLAIMS[label]).split())
    reasons = " ".join(step.reason for step in claim.derivation.steps) if claim.derivation else ""
    for letter in {letter for expression in printed(claim) for letter in expression.free_symbols}:
        local = isinstance(letter, sp.Indexed | sp.Dummy) or str(letter) in reasons
        assert local or f"{letter} (" in text
    for node in {node for e in printed(claim) for node in sp.preorder_traversal(e)}:
        words = [
            f"{plain(like)} is {words}" for kind, like, words in NOTATION if isinstance(node, kind)
        ]
        assert words or isinstance(node, (*COMMON, *PARTS))
        assert all(part in text for part in words)


def compiled(labels):
    from polysem.verify.show.latex import check_latex

    found = check_latex([theory.explain(label).latex() for label in labels])
    if found.compiled is None:
        pytest.skip(found.sentence())
    return found


def test_the_latex_of_some_explanations_compiles():
    assert compiled(["fold", "exclusion_total", "paper_live_weights"]).problems == ()


@pytest.mark.nightly
def test_the_latex_of_all_explanations_compiles():
    assert compiled(CLAIMS).problems == ()
