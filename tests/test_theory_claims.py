"""Every claim: its derivation passes, what it names exists, its uses have no circle."""

from graphlib import TopologicalSorter

import pytest

from polysem import theory

CLAIMS = theory.claims()
DERIVED = [label for label, claim in CLAIMS.items() if claim.derivation]


@pytest.mark.parametrize("label", DERIVED)
def test_all_steps_pass_all_routes(label):
    for result in CLAIMS[label].derivation.check():
        assert result.passed, result.message


def test_uses_have_no_circle_and_resolve():
    graph = {label: set(claim.uses) for label, claim in CLAIMS.items()}
    assert set().union(*graph.values()) <= set(CLAIMS)
    order = list(TopologicalSorter(graph).static_order())
    assert len(order) == len(CLAIMS)


def test_every_claim_says_where_it_stands_and_what_carries_it():
    for claim in CLAIMS.values():
        assert claim.kind in ("cited", "derived here")
        assert claim.statement.endswith(".")
        assert claim.source
        assert claim.derivation or claim.prose or claim.factor or claim.checks, claim.label


def test_every_formula_has_its_claim_or_is_a_part_of_one():
    """No closed form stands alone: a claim has it, or it states the model."""
    carried = {claim.formula for claim in CLAIMS.values()}
    model = {"gaussian_density", "amplitude_rate", "threshold_rate", "soft_threshold_weight"}
    for name in theory.__all__:
        thing = getattr(theory, name)
        if isinstance(thing, theory.Formula):
            assert thing in carried or name in model, name


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
    } <= set(CLAIMS)
