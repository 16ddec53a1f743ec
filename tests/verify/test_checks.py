"""Every check holds with its declared rate, power and sample, and rejects its wrong formulas."""

import dataclasses
import os
import secrets
from pathlib import Path

import numpy as np
import pytest

from polysem import theory, verify
from polysem.numerics import Cell
from polysem.verify.collisions.checks import _counted
from polysem.verify.interference.runs import Means
from polysem.verify.stats.budget import ALPHA, SUITE_ALPHA
from polysem.verify.stats.check import Wrong
from polysem.verify.stats.intervals import normal_interval

ROOT = Path(__file__).resolve().parents[2]
QUICK = [name for name, check in verify.checks().items() if not check.nightly]
NIGHTLY = [name for name, check in verify.checks().items() if check.nightly]
EXPENSIVE = (
    "exclusion_mean_in_training_m128",
    "paper_count_in_training",
    "dispersion_in_training",
    "paper_count_in_the_limit",
    "exclusion_mean_in_the_limit",
    "retained_fraction_in_the_limit",
)
"""Checks that take more than 15 CPU seconds each; a smaller network stands in for each by day."""

WATCHED = [name for name, check in verify.checks().items() if check.event]


def failures(name, entropy, capsys):
    result = verify.checks()[name].run(entropy)
    with capsys.disabled():
        print(f"\n{result.verdict}: {result.agreement.sentence()}")
    return result.failures()


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.nightly] if name in EXPENSIVE else [])
        for name in QUICK
    ],
)
def test_quick_checks(name, entropy, capsys):
    assert failures(name, entropy, capsys) == ()


def test_every_guess_is_a_possible_mean_and_variance():
    """A guess outside the bounds is valid, but it makes the interval wide."""
    for check in verify.checks().values():
        if check.guess is not None:
            low, high = check.bounds
            mean, variance = check.guess
            assert low <= mean <= high, check.name
            assert 0 < variance <= (high - low) ** 2 / 4, check.name


def smaller(name, cell, runs, measure, **changes):
    """A check with other networks, the same for all checks of one cell."""
    check = verify.checks()[name]

    def draw(entropy):
        return measure(_counted(cell, runs, entropy, None))

    changed = dataclasses.replace(check, draw=draw, samples=runs, **changes)
    return dataclasses.replace(
        changed, wrong=tuple(w for w in changed.wrong if w.draw is None), event=None
    )


def factors(n, m):
    return (Wrong("n^2/2m", n**2 / (2 * m)), Wrong("n^2/8m", n**2 / (8 * m)))


def test_small_networks_follow_the_paper_count_and_the_dispersion(entropy):
    """The claims of paper_count_in_training and of dispersion_in_training at smaller sizes."""
    n, m = 16, 32
    mean = theory.expected_neurons_exclusion(n=n, m=m)
    dispersion = smaller(
        "dispersion_in_training",
        Cell(n=n, m=m, lam=0.15),
        8000,
        lambda counts: np.minimum((counts.neurons - mean) ** 2, 25),
        bounds=(0, 25),
        guess=(1.1, 2.3),
        prediction=theory.variance_neurons_exclusion(n=n, m=m),
        wrong=(Wrong("Poisson for the under-dispersed law", mean),),
    )
    n = m = 64
    paper = smaller(
        "paper_count_in_training",
        Cell(n=n, m=m, lam=0.1),
        1000,
        lambda counts: counts.neurons,
        prediction=theory.paper_polysemantic_neurons(n=n, m=m),
        wrong=factors(n, m),
    )
    for check in (dispersion, paper):
        assert check.run(entropy).failures() == ()


def test_small_networks_in_the_limit(entropy):
    """The claims of the three checks in the limit at n = m = 16, where the table has 4000 networks.

    Both laws of the count depart, and the retained fraction is that of the table.
    """
    n = m = 16
    cell, runs = Cell(n=n, m=m, lam=0.0, optimizer="quasistatic"), 500
    (known,) = (
        means for means in Means.shipped("limit") if (means.ensemble.n, means.ensemble.m) == (n, m)
    )
    estimate = known.estimate("same_neuron")
    laws = {
        "paper_count_in_the_limit": theory.paper_polysemantic_neurons,
        "exclusion_mean_in_the_limit": theory.expected_neurons_exclusion,
    }
    for name, law in laws.items():
        check = smaller(
            name,
            cell,
            runs,
            lambda c: c.neurons,
            prediction=law(n=n, m=m),
            wrong=factors(n, m),
            bounds=(0, n // 2),
            guess=(3.3, 1.2),
        )
        assert check.expected == "departs"
        assert check.run(entropy).failures() == ()
    retained = smaller(
        "retained_fraction_in_the_limit",
        cell,
        runs,
        lambda c: c.retained,
        prediction=estimate["estimate"],
        numerical_error=normal_interval(
            0.0, estimate["error"], alpha=ALPHA, samples=estimate["samples"]
        )[1],
        guess=(estimate["estimate"], estimate["samples"] * estimate["error"] ** 2),
        margin=0.2,
        detects=0.15,
    )
    assert retained.run(entropy).failures() == ()


def test_each_expensive_check_is_a_quick_one_by_its_declaration():
    assert set(EXPENSIVE) <= set(QUICK)


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
    names = [rate.name for rate in budget.entries]
    assert {name.split(":")[0] for name in names} == set(verify.checks())
    assert len(names) == len(set(names))
    assert sum("sequential test" in name for name in names) == len(WATCHED)
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


def test_every_check_rejects_something():
    assert [name for name, check in verify.checks().items() if not check.wrong] == []


def test_checks_name_claims_that_exist():
    labels = set(theory.claims())
    formulas = set(theory.__all__)
    for check in verify.checks().values():
        assert check.claim in labels | formulas, check.name


def test_claims_that_do_not_hold_are_bound_to_depart():
    departing = {n for n, check in verify.checks().items() if check.expected == "departs"}
    assert departing == {
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
    with pytest.raises(ValueError, match="has no event to count"):
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
