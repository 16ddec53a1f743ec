"""The record of results: status computed from it alone, keyed by what was checked."""

import json
from dataclasses import replace

import pytest
import sympy as sp

from polysem import theory
from polysem.theory import symbols as s
from polysem.theory.proof.claims import Prose
from polysem.theory.proof.record import Record, confirms, definitions, digest, recheck, versions
from polysem.theory.proof.status import (
    ARGUED,
    ASYMPTOTIC,
    CONJECTURE,
    DERIVED,
    FAILS,
    FITTED,
    IN_WORDS,
    MEANING,
    MEASURED,
    PROVED,
    STRENGTH,
    UNCHECKED,
    UNDECIDED,
    VERIFIED,
    WRONG,
    Evidence,
    reason,
    status,
)

CLAIMS = theory.claims()


def test_the_record_survives_writing_and_reading(tmp_path):
    record = Record({}, {}, {}).updated(recheck([CLAIMS["fold"], CLAIMS["stationary_weight"]]), {})
    record.save(tmp_path / "status.json")
    again = Record.load(tmp_path / "status.json")
    assert again.claims == record.claims
    assert again.versions == versions()
    assert not again.changed("fold")
    assert [path.name for path in tmp_path.iterdir()] == ["status.json"]


def test_without_a_record_nothing_is_proved():
    empty = Record({}, {}, {})
    assert empty.stale("fold")
    assert empty.status("fold") == UNCHECKED


def test_other_libraries_make_it_stale_but_do_not_change_the_status():
    record = Record.load()
    older = Record(record.claims, record.checks, record.versions | {"sympy": "0.1"})
    assert older.stale("fold")
    assert not older.changed("fold")
    assert older.status("fold") == record.status("fold")


def with_changed_step(claim):
    (step,) = claim.derivation.steps
    return replace(claim, derivation=theory.Derivation(replace(step, name="other")))


def with_changed_statement(claim):
    return replace(claim, template=f"{claim.template} And more.")


@pytest.mark.parametrize("changed", [with_changed_step, with_changed_statement])
def test_the_digest_sees_a_change_of_a_claim_and_of_what_it_uses(changed):
    def resting_on(claim):
        return replace(CLAIMS["gradient"], prose=Prose(argument="As there.", page="", by=(claim,)))

    old = CLAIMS["stationary_weight"]
    new = changed(old)
    assert digest(new) != digest(old)
    assert digest(resting_on(new)) != digest(resting_on(old))
    assert digest(resting_on(replace(old))) == digest(resting_on(old))


def known(label=None, passed=True, witness=None, **checks):
    """Evidence under which all claims of the package are derived, and what is known of one."""
    steps = dict.fromkeys(theory.claims(), True)
    if label:
        steps[label] = passed
    return Evidence(
        steps=steps,
        witnesses={} if witness is None else {label: witness},
        checks={label: checks} if checks else {},
        definitions=definitions(),
    )


def claim(**options):
    plain = {"label": "x", "template": "X.", "kind": "derived here", "source": "test"}
    return theory.Claim(**(plain | options))


def test_the_status_follows_from_the_results():
    fold = theory.claims()["fold_amplitude"]
    assert status(fold, known()) == DERIVED
    assert status(fold, known("fold_amplitude", witness=True)) == PROVED
    assert status(fold, known("fold_amplitude", witness=False)) == FAILS
    assert status(fold, known("fold_amplitude", passed=False)) == FAILS
    assert status(fold, known("stationary_weight", passed=False)) == FAILS
    assert status(fold, Evidence()) == UNCHECKED


def test_words_and_witnesses_without_steps():
    words = Prose(argument="It follows.", page="x")
    assert status(claim(), known()) == CONJECTURE
    assert status(claim(), known("x", witness=True)) == VERIFIED
    assert status(claim(prose=words), known()) == ARGUED
    assert status(claim(prose=words), known("x", witness=True)) == IN_WORDS


def test_checks_on_simulations():
    seen = claim(checks=("a", "b"))
    assert status(seen, known()) == CONJECTURE
    assert status(seen, known("x", a="agrees")) == UNDECIDED
    assert status(seen, known("x", a="agrees", b="undecided")) == UNDECIDED
    assert status(seen, known("x", a="agrees", b="agrees")) == MEASURED
    assert status(seen, known("x", a="agrees", b="departs")) == WRONG
    assert status(seen, known("x", witness=True, a="agrees", b="departs")) == WRONG


def test_a_claim_is_no_better_than_the_worst_that_it_rests_on():
    """Its own witness still verifies it."""
    fold = theory.claims()["fold_amplitude"]
    lemma = theory.claims()["stationary_weight"]
    doubtful = known("fold_amplitude", witness=True)
    doubtful = replace(doubtful, steps=doubtful.steps | {"stationary_weight": False})
    assert lemma.label in fold.uses
    assert status(fold, doubtful) == VERIFIED
    by = (claim(label="y", prose=Prose(argument="Clear.", page="x")),)
    rests = claim(prose=Prose(argument="It follows.", page="x", by=by))
    assert status(rests, known("x", witness=True)) == VERIFIED
    assert status(rests, known()) == ARGUED


def test_an_asymptotic_formula_needs_its_measured_order():
    series = theory.claims()["amplitude_series"]
    witnesses = dict.fromkeys(theory.claims(), True)
    assert status(series, replace(known(), witnesses=witnesses)) == ASYMPTOTIC
    del witnesses["amplitude_series"]
    assert status(series, replace(known(), witnesses=witnesses)) == ARGUED
    falls = {"samples": 4, "error": 0.1, "accuracy": 1e-9, "order": 0.99}
    assert confirms(falls)
    assert not confirms(falls | {"order": 0.5})


def test_a_fit_stays_a_fit():
    fit = theory.claims()["suppression_fit"]
    assert status(fit, known("suppression_fit", witness=True)) == FITTED


def test_every_status_has_its_rank_and_its_meaning():
    assert list(MEANING) == list(STRENGTH)


def test_a_cited_estimate_is_judged_by_its_factor():
    one, two = theory.claims()["l1_norm_limit"], theory.claims()["live_limit"]
    every = replace(known(), witnesses=dict.fromkeys(theory.claims(), True))
    assert status(claim(kind="cited", factor=one), every) == ASYMPTOTIC
    assert status(claim(kind="cited", factor=two), every) == WRONG
    assert status(claim(kind="cited", factor=two), Evidence()) == UNDECIDED
    cited = theory.claims()["paper_live_weights"]
    assert cited.factor is two
    assert status(cited, every) == WRONG
    assert status(replace(cited, formula=theory.fold), every) == UNDECIDED  # not of this estimate


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


def test_numbers_that_are_not_finite_decide_nothing():
    from polysem.theory.proof.verdict import verdict

    assert verdict(float("inf"), (0, 1), 0.05) == "undecided"
    assert verdict(1.0, (5, 6), float("inf")) == "undecided"


@pytest.mark.parametrize("estimates", [(0.9, 0.5), (0.5, 0.9)])
def test_no_line_of_a_quantity_hides_another(estimates):
    """A check with two lines of one quantity, in either order: one departs, so the check does."""
    record = Record.load()
    entry = record.checks["initial_pairs"]
    line = entry["lines"][0] | {"prediction": 0.5, "margin": 0.1}
    lines = [line | {"interval": [value - 0.01, value + 0.01]} for value in estimates]
    changed = replace(record, checks={"initial_pairs": entry | {"lines": lines}})
    (label, *_) = entry["claims"]
    assert changed.evidence.checks[label]["initial_pairs"] == "departs"
    assert changed.status(label) == WRONG


def root_claim(**options):
    """A true claim of one step, which SymPy's simplification does not decide."""
    form = theory.Formula(
        name="root",
        expression=sp.sqrt(2 * s.m + 2 * sp.sqrt(2 * s.m - 1)),
        arguments=(s.m,),
        meaning="A number.",
        source="a test",
        example="",
    )
    left = theory.of(theory.SLOTS, build=lambda slots: sp.sqrt(slots - 1) + 1)
    step = theory.Step(name="one root", left=left, reason="square both sides")
    return theory.derived(form, "It is {formula}.", step, **options)


def test_a_step_that_is_not_decided_is_no_failure_and_no_proof():
    root = root_claim()
    (step,) = root.derivation.check()
    assert (step.passed, step.undecided) == (False, True)
    assert step.symbolic.startswith("not decided, add an intermediate step")
    known = Evidence(steps={"root": None}, definitions=definitions())
    assert status(root, known) == UNDECIDED
    assert reason(root, known) == (
        "a step of the derivation is not decided: add an intermediate step"
    )
    seen = replace(known, witnesses={"root": True})
    assert status(root, seen) == VERIFIED
    assert "a step of the derivation is not decided" in reason(root, seen)
    assert status(root, replace(known, witnesses={"root": False})) == FAILS
    assert status(root_claim(prose="X."), known) == UNDECIDED
    book = Record({}, {}, {}, known={"root": root}).updated(recheck([root]), {})
    assert book.status("root") == UNDECIDED


def test_a_step_fails_where_a_route_contradicts_it_or_the_numbers_do_not_confirm_it():
    (found,) = root_claim().derivation.check(enclosures=False)
    for change in (
        {"symbolic": "left less right is not zero"},
        {"numeric": "not run"},
        {"numeric": "not decided in 2 s"},
        {"enclosure": "1 is not 2"},
    ):
        assert not replace(found, **change).undecided


def test_the_reason_of_a_status_fits_the_case():
    chance = theory.Definition(name="chance", expression=1 / s.m, meaning="X.", source="a test")
    half = theory.Formula(
        name="half",
        expression=1 / (2 * s.m),
        arguments=(s.m,),
        meaning="X.",
        source="x",
        example="",
    )
    left = theory.of(chance, build=lambda p: sp.Subs(s.draw / 2, s.draw, p))
    one = theory.derived(half, "It is {formula}.", theory.Step(name="x", left=left, reason="x"))
    words = claim(label="words", prose=Prose(argument="X.", page="x", by=(one,)))
    plain = claim(label="plain", prose=Prose(argument="X.", page="x"))
    passed = Evidence(steps={"half": True}, definitions=definitions())
    seen = replace(passed, witnesses={"half": True})
    lacks = "it starts from the definition chance, which has no witness"
    assert reason(one, passed) == f"every step is checked, and {lacks}"
    assert reason(one, seen) == f"the witness confirms the claim, and {lacks}"
    assert reason(plain, passed) == "a part of the argument is in words, and there is no witness"
    rests = replace(words, derivation=one.derivation, formula=half, template="{formula}")
    known = replace(seen, steps={"half": True, "words": True}, witnesses={"words": True})
    assert "it starts from the definition chance" in reason(rests, known)
    assert reason(one, Evidence()).endswith("use verify.Collection(...).check()")
    assert reason(CLAIMS["fold"], Evidence()).endswith("polysem claims --recheck --save")


def test_every_claim_of_the_package_has_a_reason():
    record = Record.load()
    found = {reason(claim, record.evidence) for claim in CLAIMS.values()}
    assert all(found)
