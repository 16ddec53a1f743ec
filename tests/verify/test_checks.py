"""Every check holds with its declared rate, power and sample, and rejects its wrong formulas."""

import dataclasses
import os
import secrets
from pathlib import Path

import numpy as np
import pytest

from polysem import theory, verify
from polysem.verify.stats.budget import SUITE_ALPHA

ROOT = Path(__file__).resolve().parents[2]
QUICK = [name for name, check in verify.checks().items() if not check.nightly]
NIGHTLY = [name for name, check in verify.checks().items() if check.nightly]
WATCHED = [name for name, check in verify.checks().items() if check.event]


def failures(name, entropy, capsys):
    result = verify.checks()[name].run(entropy)
    with capsys.disabled():
        print(f"\n{result.verdict}: {result.agreement.sentence()}")
    return result.failures()


@pytest.mark.parametrize("name", QUICK)
def test_quick_checks(name, entropy, capsys):
    assert failures(name, entropy, capsys) == ()


@pytest.mark.nightly
@pytest.mark.parametrize("name", NIGHTLY)
def test_nightly_checks(name, entropy, capsys):
    assert failures(name, entropy, capsys) == ()


@pytest.mark.nightly
@pytest.mark.parametrize("repetition", range(20))
def test_twenty_repetitions_raise_no_false_alarm(repetition):
    """New entropy each time; a false alarm of any interval has probability below 6e-6.

    A right prediction stays undecided no more often. Those that depart lie at least 2.3 half
    widths of their interval beyond the margin (measured).
    """
    entropy = secrets.randbits(64)
    for name in QUICK:
        result = verify.checks()[name].run(entropy)
        assert result.failures() == (), f"repetition {repetition}, entropy {entropy}"


@pytest.mark.nightly
@pytest.mark.parametrize("name", WATCHED)
def test_evidence_of_the_nights(name):
    """Evidence against each claim, kept in POLYSEM_EVIDENCE, adds up over the nights."""
    folder = Path(os.environ.get("POLYSEM_EVIDENCE", ROOT / ".nightly"))
    folder.mkdir(parents=True, exist_ok=True)
    check, path = verify.checks()[name], folder / f"{name}.json"
    drawn = check.draw(secrets.randbits(64))
    process = check.evidence(drawn, verify.EProcess.load(path, null=check.event[1:]))
    process.save(path)
    assert not process.rejects(alpha=check.alpha), process


def test_the_budget_holds_and_is_printed(capsys):
    budget = verify.checks_budget()
    budget.check()
    assert budget.limit == SUITE_ALPHA == 1e-6
    names = [name for name, _ in budget.entries]
    assert {name.split(":")[0] for name in names} == set(verify.checks())
    assert len(names) == len(set(names))
    assert sum("evidence" in name for name in names) == len(WATCHED)
    assert sum("table" in name for name in names) == 2
    with capsys.disabled():
        print(f"\n{budget.sentence()} Rate of each: {verify.checks()[QUICK[0]].alpha:g}.")


@pytest.mark.parametrize("m", [64, 128])
def test_mean_counts_show_ten_per_cent(m):
    check = verify.checks()[f"exclusion_mean_in_training_m{m}"]
    assert not check.nightly
    assert check.detects <= 0.1
    assert check.margin <= 0.1


def test_every_wrong_formula_of_the_list_is_somewhere_rejected():
    names = {wrong.name for check in verify.checks().values() for wrong in check.wrong}
    assert names >= {
        "n^2/2m for n^2/4m",
        "n^2/8m for n^2/4m",
        "pair law for the neuron law",
        "1/(lambda t)^2 for 2/(lambda t)^2",
        "lambda_code for lambda",
        "AdamW for the flow",
        "missing ReLU gate",
        "independent for exclusion",
        "wrong signs counted",
    }


def test_checks_name_claims_that_exist():
    labels = set(theory.claims())
    formulas = set(theory.__all__)
    for check in verify.checks().values():
        assert check.claim in labels | formulas, check.name


def test_claims_that_do_not_hold_are_bound_to_depart():
    departing = {n for n, check in verify.checks().items() if check.expected == "departs"}
    assert departing == {
        "paper_winner_in_network",
        "paper_count_in_the_limit",
        "exclusion_mean_in_the_limit",
    }


def test_a_check_that_cannot_tell_says_so():
    check = dataclasses.replace(
        verify.checks()["initial_pairs"],
        draw=lambda entropy: np.random.default_rng(entropy).random(100) < 1 / 32,
    )
    found = " ".join(check.run(0).failures())
    assert "draw more samples" in found
    assert "fills more than half of its margin" in found
    assert "drew 100 samples, declared 544000" in found
    assert "does not reject n^2/2m" in found


def test_evidence_grows_when_the_claim_is_false(tmp_path):
    check = verify.checks()["exclusion_mean_in_training_m128"]
    reached, low, high = check.event
    assert 0 < low < high < 1
    process = verify.EProcess(null=(low, high))
    with pytest.raises(ValueError, match="has no event"):
        verify.checks()["initial_pairs"].evidence(np.ones(3), process)
    always = np.full(200, reached)
    assert check.evidence(always, process).rejects(alpha=check.alpha)


def test_verdicts_in_words():
    """Samples that are all of one value: the verdict is known without a draw."""
    check = verify.checks()["exclusion_mean_in_training_m64"]
    for drawn, words in (
        (check.prediction, "leading order within"),
        (2 * check.prediction, "does not hold"),
    ):
        result = dataclasses.replace(
            check, draw=lambda entropy, drawn=drawn: np.full(check.samples, drawn), wrong=()
        ).run(0)
        assert result.verdict.startswith(words)
    few = dataclasses.replace(check, draw=lambda entropy: np.array([15.0, 16.0]), wrong=())
    assert few.run(0).verdict == "undecided"
