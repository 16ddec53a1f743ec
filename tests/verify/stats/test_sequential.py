"""The e-process: expectation one under the null, rare false alarms at any look, kept on disk."""

import json
import math

import numpy as np
import pytest
from scipy.stats import binom

from polysem import verify


@pytest.mark.parametrize("trials", [1, 7, 60])
@pytest.mark.parametrize("p", [0.02, 0.25, 0.9])
def test_expectation_is_exactly_one_under_a_simple_null(trials, p):
    counts = np.arange(trials + 1)
    evidence = [
        math.exp(verify.EProcess(null=(p, p)).add(successes=int(k), trials=trials).log_evidence)
        for k in counts
    ]
    assert binom.pmf(counts, trials, p) @ evidence == pytest.approx(1, rel=1e-10)


@pytest.mark.parametrize("p", [0.2, 0.23, 0.3])
def test_expectation_is_at_most_one_anywhere_in_a_wide_null(p):
    counts = np.arange(61)
    evidence = [
        math.exp(verify.EProcess(null=(0.2, 0.3)).add(successes=int(k), trials=60).log_evidence)
        for k in counts
    ]
    assert binom.pmf(counts, 60, p) @ evidence <= 1


def test_looking_at_every_trial_keeps_the_rate():
    """Null: p = .25. 300 processes of 400 looks at rate .05; false alarm of this test 1e-6."""
    rng = np.random.default_rng(0)
    alarms = 0
    for draws in rng.random((300, 400)) < 0.25:
        process = verify.EProcess(null=(0.25, 0.25))
        for draw in draws:
            process = process.add(successes=int(draw), trials=1)
        alarms += process.rejects(alpha=0.05)
    lower, _ = verify.binomial_interval(alarms, 300, alpha=2e-6)
    assert lower <= 0.05


def test_evidence_once_reached_is_kept():
    process = verify.EProcess(null=(0.5, 0.5)).add(successes=40, trials=40)
    later = process.add(successes=0, trials=40)
    assert later.log_evidence < 1
    assert later.p_value == process.p_value < 1e-9


def test_nights_add_up_on_disk(tmp_path):
    path = tmp_path / "winners.json"
    for _ in range(3):
        process = verify.EProcess.load(path, null=(0.4, 0.5))
        process.add(successes=60, trials=100).save(path)
    kept = verify.EProcess.load(path, null=(0.4, 0.5))
    assert (kept.successes, kept.trials) == (180, 300)
    assert kept.log_evidence == pytest.approx(
        verify.EProcess(null=(0.4, 0.5)).add(successes=180, trials=300).log_evidence
    )
    assert json.loads(path.read_text())["trials"] == 300
    with pytest.raises(ValueError, match=r"null=\(0.1, 0.2\)"):
        verify.EProcess.load(path, null=(0.1, 0.2))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"null": 3}',
        '{"null": [0, 1], "prior": [1, 1], "x": 1}',
        '{"null": [0, 1], "prior": [1, 1], "successes": "7", "trials": 9}',
        '{"null": [0, 1], "prior": [1, 1], "successes": 70, "trials": 10}',
        '{"null": [0, 1], "prior": [1, 1], "largest": NaN}',
    ],
)
def test_another_file_is_not_taken_for_evidence(tmp_path, content):
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(ValueError, match="does not hold a sequential test"):
        verify.EProcess.load(path, null=(0.0, 1.0))
    assert path.read_text() == content


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: verify.EProcess(null=(0.6, 0.5)), "null="),
        (lambda: verify.EProcess(null=(0.5, 0.5), prior=(0, 1)), "prior="),
        (
            lambda: verify.EProcess(null=(0.5, 0.5)).add(successes=3, trials=2),
            "successes=3, trials=2",
        ),
    ],
)
def test_bad_input_shows_its_value(call, message):
    with pytest.raises(ValueError, match=message):
        call()
