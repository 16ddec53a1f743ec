"""The claims as table, page, JSON and blueprint; their checks resolve."""

import importlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from polysem import theory, verify
from polysem.theory.proof.record import Record
from polysem.verify import bindings, recorded
from polysem.verify import claims as claims_view
from polysem.verify.cli import main
from polysem.verify.report.write import CHAPTERS
from polysem.verify.stats.agreement import Agreement


def called(*arguments):
    return CliRunner().invoke(main, ["claims", *arguments])


def test_json_lists_every_claim_with_all_its_fields():
    listed = json.loads(called("--json").stdout)["claims"]
    assert len(listed) >= 35
    for entry in listed:
        assert {"label", "statement", "source", "kind", "status", "uses", "checks"} <= set(entry)
        assert entry["status"]
    assert [entry["label"] for entry in listed] == list(theory.claims())


def test_one_claim_in_full():
    shown = called("live_curvature").stdout
    for part in (
        "second derivative 12 w^2 - 4, positive",
        "Kind: derived here. Source: paper_notes/stationary.md.",
        "both up: the gate of the pair is closed",
        "symbolic: passed, numeric: passed",
        "Uses: loss.",
        "Used by: ",
    ):
        assert part in shown
    assert json.loads(called("live_curvature", "--json").stdout)["status"] == "proved"


def test_a_wrong_label_gives_one_line_with_the_remedy():
    result = called("amplitud")
    assert result.exit_code == 2
    assert (
        "LABEL=amplitud; there is no claim with this label: did you mean amplitude" in result.stderr
    )
    assert len(result.stderr.splitlines()) == 1


def test_recheck_of_one_claim_is_fresh():
    shown = json.loads(called("fold", "--recheck", "--json").stdout)
    assert not shown["stale"]
    assert shown["steps"][0]["symbolic"] == "passed"


def test_stale_is_said(monkeypatch):
    record = Record.load()
    old = Record(record.claims, record.checks, {"sympy": "0.1", "mpmath": "0.1"})
    assert "(stale)" in claims_view.table(old).splitlines()[0]
    assert claims_view.page("fold", old).startswith("fold: proved (stale)")


def test_the_blueprint_is_what_the_record_gives():
    """After a change of the theory: polysem claims --recheck --save."""
    written = claims_view.BLUEPRINT.read_text(encoding="utf-8")
    assert written == claims_view.blueprint(Record.load())


def test_the_page_of_letters_has_them_all():
    """After a change of the letters: polysem claims --recheck --save."""
    written = claims_view.BLUEPRINT.with_name("notation.md").read_text(encoding="utf-8")
    assert written == claims_view.notation()


def test_save_writes_both_files_whole(tmp_path, monkeypatch):
    from polysem.theory.proof import record

    monkeypatch.setattr(claims_view, "BLUEPRINT", tmp_path / "blueprint.md")
    kept = Record.load()
    monkeypatch.setattr(Record.save, "__defaults__", (tmp_path / "status.json",))
    claims_view.save(kept)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "blueprint.md",
        "notation.md",
        "status.json",
    ]
    assert record.Record.load(tmp_path / "status.json").claims == kept.claims
    monkeypatch.setattr(claims_view, "BLUEPRINT", tmp_path / "none" / "blueprint.md")
    with pytest.raises(ValueError, match="outside a clone"):
        claims_view.save(kept)


def test_used_by_is_the_reverse_of_uses():
    for label, claim in theory.claims().items():
        for used in claim.uses:
            assert label in claims_view.used_by(used, theory.claims())


def test_every_name_of_a_check_resolves():
    named = {name for claim in theory.claims().values() for name in claim.checks}
    assert named <= bindings.bound()


def test_each_name_has_one_experiment():
    """A name with checks by night alone is told by its line in a chapter."""
    quick = {check.group for check in verify.checks().values() if not check.nightly}
    assert not quick & set(bindings.IN_CHAPTER)
    assert quick | set(bindings.IN_CHAPTER) == bindings.bound()


def test_the_verdicts_of_the_record_are_of_the_checks_as_they_stand():
    """After a change of a check: polysem claims --recheck --simulations --save."""
    groups = {check.group for check in verify.checks().values() if not check.nightly}
    kept = Record.load().checks
    assert groups <= set(kept)
    for name in groups:
        declared = bindings._members(name)
        assert len(kept[name]["lines"]) == len(declared)
        for line, check in zip(kept[name]["lines"], declared, strict=True):
            assert (line["quantity"], line["samples"]) == (check.quantity, check.samples)
            assert line["margin"] == check.margin
            assert line["prediction"] == pytest.approx(check.prediction, rel=1e-9)


def test_the_record_names_the_claims_that_its_checks_test():
    for name, entry in Record.load().checks.items():
        named = sorted(label for label, c in theory.claims().items() if name in c.checks)
        assert sorted(entry["claims"]) == named == sorted(bindings.tested(name)), name


def test_only_checks_that_are_not_bound_are_left_out_and_told(monkeypatch, capsys):
    def run(name):
        if name == "far":
            raise bindings.NotBoundError("no experiment")
        raise ValueError("an error of the experiment")

    monkeypatch.setattr(claims_view, "run", run)
    assert claims_view._verdicts(["far"]) == {}
    assert capsys.readouterr().err == "No experiment at quick scale: far.\n"
    with pytest.raises(ValueError, match="an error of the experiment"):
        claims_view._verdicts(["near"])


@pytest.mark.nightly
@pytest.mark.parametrize("name", sorted(bindings.bound()))
def test_each_name_gives_a_verdict_at_quick_scale(name):
    """The dispersion needs more networks than the quick scale trains."""
    if name == "dispersion_in_the_limit":
        with pytest.raises(bindings.NotBoundError):
            bindings.run(name)
    else:
        assert bindings.run(name)["sentence"]


def test_the_names_of_chapter_lines_are_lines_of_the_chapter():
    for chapter, claim in bindings.IN_CHAPTER.values():
        folder = Path(importlib.import_module(CHAPTERS[chapter], "polysem.verify").__file__).parent
        modules = folder.glob("*.py")
        assert any(f'"{claim}"' in module.read_text("utf-8") for module in modules), claim


def test_a_check_departs_if_a_line_departs_and_agrees_if_all_agree(monkeypatch):
    def line(estimate):
        return Agreement.of_value(
            claim="x",
            quantity="x",
            prediction=1.0,
            estimate=estimate,
            numerical_error=0.01,
            margin=0.1,
        )

    for estimates, verdict in (
        ((1.0, 1.02), "agrees"),
        ((1.0, 1.095), "undecided"),
        ((1.0, 1.095, 2.0), "departs"),
        ((2.0,), "departs"),
    ):
        found = [line(estimate) for estimate in estimates]
        monkeypatch.setattr(bindings, "_from_checks", lambda name, found=found: found)
        assert recorded.verdict_of(recorded.agreements(bindings.run("x"))) == verdict
    monkeypatch.setattr(bindings, "_from_checks", lambda name: [])
    with pytest.raises(ValueError, match="Got check=x; this check needs large simulations"):
        bindings.run("x")


def a_line(estimate, claim="sparse_kick_size"):
    return Agreement.of_value(
        claim=claim,
        quantity="winners kept",
        prediction=0.5,
        estimate=estimate,
        numerical_error=0.001,
        margin=0.1,
    ).to_dict()


def a_report(estimate=0.51):
    lines = [a_line(0.5), a_line(estimate), a_line(2.0, claim="other")]
    return {"scale": "paper", "chapters": [{"name": "reshuffling", "agreements": lines}]}


def test_a_report_gives_the_numbers_of_its_lines():
    (name,) = found = bindings.from_report(a_report())
    assert name == "sparse_phase_law"
    entry = found[name]
    assert (entry["scale"], entry["claims"]) == ("paper", ["sparse_kick_size"])
    assert [line["estimate"] for line in entry["lines"]] == [0.5, 0.51]
    assert "verdict" not in entry
    assert recorded.sentence_of(recorded.agreements(entry)).startswith("2 lines: 2 agrees.")


def test_verdicts_of_paper_scale_stay_unless_a_small_sample_departs(tmp_path, monkeypatch):
    path = tmp_path / "report.json"
    path.write_text(json.dumps(a_report()), encoding="utf-8")
    record = claims_view.rechecked(Record.load(), "sparse_kick_size", report=path)
    assert record.status("sparse_kick_size") == "measured"
    assert "Check sparse_phase_law (paper scale): agrees.\n" in claims_view.page(
        "sparse_kick_size", record
    )
    for estimate, kept in ((0.55, "paper"), (0.5, "paper"), (0.9, "quick")):
        (entry,) = bindings.from_report(a_report(estimate)).values()
        monkeypatch.setattr(claims_view, "run", lambda name, e=entry: e | {"scale": "quick"})
        again = claims_view.rechecked(record, "sparse_kick_size", simulations=True)
        assert again.checks["sparse_phase_law"]["scale"] == kept
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"it is not a report\.json"):
        claims_view.rechecked(record, "sparse_kick_size", report=path)
