"""Every claim: its derivation passes, what it names exists, its uses have no circle."""

from graphlib import TopologicalSorter
from importlib import import_module

import pytest

from polysem import theory

CLAIMS = theory.claims()
DERIVED = [label for label, claim in CLAIMS.items() if claim.derivation]


L1 = (
    "model",
    "stationary",
    "sparsification",
    "slow_manifold",
    "half_normal",
    "half_normal_series",
    "interference",
    "fast_phase",
    "collisions",
    "exclusion",
)


def is_model(source):
    return isinstance(source, theory.Definition)


@pytest.mark.parametrize("label", DERIVED)
def test_all_steps_pass_all_routes(label):
    for result in CLAIMS[label].derivation.check():
        assert result.passed, result.message


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
