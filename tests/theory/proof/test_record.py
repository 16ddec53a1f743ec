"""The record of results: status computed from it alone, keyed by what was checked."""

import json
from dataclasses import replace

import pytest

from polysem import theory
from polysem.theory.proof.claims import (
    _STRENGTH,
    ASYMPTOTIC,
    CONJECTURE,
    FAILS,
    MEASURED,
    PROSE,
    PROVED,
    REFINED,
    UNDECIDED,
    WRONG,
    Prose,
)
from polysem.theory.proof.record import Record, digest, recheck, versions


def test_the_record_survives_writing_and_reading(tmp_path):
    record = Record({}, {}, {}).updated(recheck(["fold", "stationary_weight"]), {})
    record.save(tmp_path / "status.json")
    again = Record.load(tmp_path / "status.json")
    assert again.claims == record.claims
    assert again.versions == versions()
    assert not again.changed("fold")
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_without_a_record_nothing_is_proved():
    empty = Record({}, {}, {})
    assert empty.stale("fold")
    assert empty.status("fold") == FAILS


def test_other_libraries_make_it_stale_but_do_not_change_the_status():
    record = Record.load()
    older = Record(record.claims, record.checks, record.versions | {"sympy": "0.1"})
    assert older.stale("fold")
    assert not older.changed("fold")
    assert older.status("fold") == record.status("fold")


def with_changed_step(claim):
    (step,) = claim.derivation.steps
    return replace(claim, derivation=theory.Derivation(replace(step, digits=40)))


def with_changed_statement(claim):
    return replace(claim, template=f"{claim.template} And more.")


@pytest.mark.parametrize("changed", [with_changed_step, with_changed_statement])
def test_the_digest_sees_a_change_of_a_claim_and_of_what_it_uses(monkeypatch, changed):
    from polysem.theory.proof import record

    before = {label: digest(label) for label in ("fold", "stationary_weight", "gradient")}
    found = dict(theory.claims())
    found["stationary_weight"] = changed(found["stationary_weight"])
    monkeypatch.setattr(record, "claims", lambda: found)
    digest.cache_clear()
    try:
        assert digest("stationary_weight") != before["stationary_weight"]
        assert digest("fold") != before["fold"]
        assert digest("gradient") == before["gradient"]
    finally:
        digest.cache_clear()


def passed(*labels):
    return dict.fromkeys(labels, True)


def claim(**options):
    plain = {"label": "x", "template": "X.", "kind": "derived here", "source": "test"}
    return theory.Claim(**(plain | options))


def test_the_status_follows_from_the_results():
    fold = theory.claims()["fold"]
    weight = ("stationary_weight", "fold_amplitude", "monosemantic_force", "lone_row")
    below = passed("fold", *weight, "three_forces", "gradient")
    assert fold.status({}, below) == PROVED
    assert fold.status({}, below | {"fold": False}) == FAILS
    assert fold.status({}, below | {"stationary_weight": False}) == FAILS
    assert claim().status({}, {}) == CONJECTURE
    seen = claim(checks=("a", "b"))
    assert seen.status({}, {}) == CONJECTURE
    assert seen.status({"a": "agrees"}, {}) == UNDECIDED
    assert seen.status({"a": "agrees", "b": "agrees"}, {}) == MEASURED
    assert seen.status({"a": "agrees", "b": "departs"}, {}) == WRONG


def test_a_claim_is_no_better_than_the_worst_that_it_rests_on():
    every = passed(*theory.claims())
    limit = theory.claims()["paper_count_limit"]
    assert limit.status({"initial_pairs": "agrees"}, every) == ASYMPTOTIC
    assert limit.status({"initial_pairs": "departs"}, every) == WRONG
    assert limit.status({"initial_pairs": "departs"}, every | {limit.label: False}) == FAILS
    by = (claim(kind="cited", factor=theory.claims()["l1_norm_limit"]),)
    refined = claim(prose=Prose(argument="It follows.", page="x", by=by))
    assert refined.status({}, every) == REFINED


def test_every_status_has_its_rank():
    names = (PROVED, PROSE, ASYMPTOTIC, MEASURED, REFINED, UNDECIDED, CONJECTURE, WRONG, FAILS)
    assert sorted(_STRENGTH) == sorted(names)


def test_a_cited_estimate_is_judged_by_its_factor():
    one, two = theory.claims()["l1_norm_limit"], theory.claims()["live_limit"]
    every = passed(*theory.claims())
    assert claim(kind="cited", factor=one).status({}, every) == REFINED
    assert claim(kind="cited", factor=two).status({}, every) == WRONG
    assert claim(kind="cited", factor=two).status({}, {}) == UNDECIDED


def test_a_claim_has_no_field_for_its_status():
    assert "status" not in theory.Claim.__dataclass_fields__


def test_the_record_of_the_clone_is_current_and_good():
    """After a change of the theory: polysem claims --recheck --save."""
    record = Record.load()
    changed = [label for label in theory.claims() if record.changed(label)]
    assert changed == []
    failing = [label for label in theory.claims() if record.status(label) == FAILS]
    assert failing == []


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"claims": {}})])
def test_a_broken_record_is_no_record(tmp_path, text):
    path = tmp_path / "status.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="is not a record of checks"):
        Record.load(path)
