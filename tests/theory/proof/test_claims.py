"""Every claim: its derivation passes, what it names exists, its uses have no circle."""

import sys
from graphlib import TopologicalSorter
from importlib import import_module

import pytest

from polysem import theory
from polysem.theory.proof.claims import cited, derived, topics
from polysem.theory.proof.record import Record
from polysem.theory.proof.step import StepResult

CLAIMS = theory.claims()
DERIVED = [label for label, claim in CLAIMS.items() if claim.derivation]
SLOW = {
    "collapse_second",
    "half_normal_time",
    "l1_norm_constant_series",
    "l1_norm_constant_slope",
    "lam_from_averaged_code",
    "rival_weight",
    "third_party_slope",
}
"""Checked again by night: the record, which a test compares with the claims by day, holds them."""

L1 = (
    "model",
    "row.stationary",
    "row.sparsification",
    "row.slow_manifold",
    "row.half_normal",
    "row.half_normal_series",
    "collisions.independent",
    "collisions.exclusion",
    "interference.shared_neuron",
    "interference.fast_phase",
)


def is_model(source):
    return isinstance(source, theory.Definition)


@pytest.mark.parametrize(
    "label",
    [
        pytest.param(label, marks=[pytest.mark.nightly] if label in SLOW else [])
        for label in DERIVED
    ],
)
def test_all_steps_pass_all_routes(label):
    for result in CLAIMS[label].derivation.check():
        assert result.passed, result.message


def test_each_slow_claim_is_recorded_as_it_stands():
    record = Record.load()
    for label in SLOW:
        assert not record.changed(label)
        assert len(record.claims[label]["steps"]) == len(CLAIMS[label].derivation.steps)
        assert all(StepResult(**step).passed for step in record.claims[label]["steps"])


def test_uses_have_no_circle_and_resolve():
    graph = {label: set(claim.uses) for label, claim in CLAIMS.items()}
    assert set().union(*graph.values()) <= set(CLAIMS)
    order = list(TopologicalSorter(graph).static_order())
    assert len(order) == len(CLAIMS)


def test_every_claim_says_where_it_stands():
    for claim in CLAIMS.values():
        assert claim.kind in ("cited", "derived here")
        assert claim.statement.endswith(".")
        assert claim.source


@pytest.mark.parametrize("name", L1)
def test_every_formula_has_its_claim_or_states_the_model(name):
    """No closed form of the l1 theory stands alone."""
    module = import_module(f"polysem.theory.{name}")
    carried = {claim.formula for claim in CLAIMS.values()}
    stated = {d.expression for claim in CLAIMS.values() for d in claim.rests_on if is_model(d)}
    for name, thing in vars(module).items():
        if isinstance(thing, theory.Formula) and thing not in carried:
            assert thing.expression in stated, name


def test_at_least_35_claims_with_the_rows_of_the_review_among_them():
    assert len(CLAIMS) >= 35
    assert {
        "three_forces",
        "opposite_signs_kept",
        "winner_lone_row",
        "winner_in_network",
        "paper_l1_norm",
        "paper_live_weights",
        "paper_polysemantic_neurons",
        "paper_winner_in_network",
        "paper_noise_sparsifies",
        "paper_noise_polysemantic",
        "paper_rare_cooccurrence",
    } <= set(CLAIMS)


def test_a_claim_belongs_to_the_module_that_declares_it():
    """Modules import the claims of others; each claim counts once, where it is declared."""
    for topic, (meaning, found) in topics().items():
        assert meaning.endswith(".")
        for claim in found:
            assert claim.module == f"polysem.theory.{topic.replace('/', '.')}"
            assert claim in vars(sys.modules[claim.module]).values()
    assert [claim.label for _, found in topics().values() for claim in found] == list(CLAIMS)
    assert "suppression_fit" not in {claim.label for claim in topics()["cooccurrence/tradeoff"][1]}
    assert derived(theory.fold, "It is {formula}.").module == __name__
    assert cited(theory.fold, "It is {formula}.").module == __name__


def test_two_claims_with_one_label_are_an_error(monkeypatch):
    module = sys.modules[CLAIMS["fold"].module]
    twin = derived(theory.fold, "It is {formula}.")
    object.__setattr__(twin, "module", module.__name__)
    monkeypatch.setattr(module, "TWIN", twin, raising=False)
    theory.claims.cache_clear()
    try:
        with pytest.raises(ValueError, match="the label 'fold' for two claims"):
            theory.claims()
    finally:
        monkeypatch.undo()
        theory.claims.cache_clear()


def test_a_statement_contains_its_formula_by_reference():
    assert CLAIMS["expected_pairs"].statement == (
        "The expected number of opposite-sign pairs is n (n - 1)/(4 m), exactly."
    )
    for claim in CLAIMS.values():
        assert "{" not in claim.statement
        assert "*" not in claim.statement.replace("a*", "")
        if claim.formula:
            assert claim.formula.plain() not in claim.template or len(claim.formula.plain()) < 6
    for claim in (
        derived("x", "It is {formula}.", page="x"),
        derived(theory.fold, "It is {formula}, not {no_such_claim}."),
    ):
        with pytest.raises(ValueError, match="matches no formula"):
            _ = claim.statement


def test_a_claim_without_a_derivation_shows_its_formula_in_latex():
    plain = [claim for claim in CLAIMS.values() if not claim.derivation]
    assert any(claim.formula for claim in plain)
    for claim in plain:
        assert claim.latex() == (f"${claim.formula.latex()}$" if claim.formula else "")


def test_the_last_step_ends_on_the_formula():
    step = theory.Step(name="one", left=theory.of(theory.model.INITIAL), reason="test")
    claim = derived(theory.model.gaussian_density, "It is {formula}.", step)
    assert claim.derivation.steps[-1].right is claim.formula
    with pytest.raises(ValueError, match="'one' has no right side"):
        theory.Derivation(step)
