"""Predictions, runs and chapter on reshuffling."""

import dataclasses

import numpy as np
import pytest

from polysem import theory, verify
from polysem.verify import predict_reshuffling as block
from polysem.verify.chapter_reshuffling import _law, _support
from polysem.verify.published import data_rows
from polysem.verify.reshuffling_runs import Ensemble, Outcomes, ensembles, run_ensemble


def test_an_ensemble_gives_the_same_networks_for_the_same_entropy():
    ensemble = Ensemble(n=4, m=16, lam=0.0, runs=30)
    first, again = run_ensemble(ensemble, 1), run_ensemble(ensemble, 1)
    assert np.array_equal(first.neurons, again.neurons)
    other = run_ensemble(ensemble, 2)
    assert not np.array_equal(first.retained, other.retained)


def test_every_ensemble_has_its_own_seed():
    for scale in ("quick", "paper"):
        listed = [ensemble for of_purpose in ensembles(scale).values() for ensemble in of_purpose]
        assert len({ensemble.seed for ensemble in listed}) == len(listed)


def test_the_counts_of_an_ensemble_are_those_of_its_networks():
    found = run_ensemble(Ensemble(n=16, m=16, lam=0.0, runs=20), 3)
    assert found.neurons.max() <= 8
    assert ((found.retained >= 0) & (found.retained <= 1)).all()
    assert (found.dead == 0).all()
    row = found.row()
    expected = theory.expected_neurons_exclusion(n=16, m=16)
    assert row["count_ratio"] == pytest.approx(found.neurons.mean() / expected)


def outcomes(ensemble, retained, neurons):
    ones = np.ones(ensemble.runs)
    spread = 1 + 1e-3 * np.linspace(-1, 1, ensemble.runs)
    return Outcomes(
        ensemble=ensemble, retained=retained * spread, neurons=neurons * spread, dead=0 * ones
    )


def test_agreements_tell_right_from_wrong():
    ensemble = Ensemble(n=128, m=1024, lam=0.0, runs=50)
    law = 0.551
    assert next(a.verdict for a in _law(outcomes(ensemble, law, 1.0))) == "agrees"
    assert next(a.verdict for a in _law(outcomes(ensemble, 0.8 * law, 1.0))) == "departs"
    ensemble = dataclasses.replace(ensemble, n=16, m=16, lam=0.01, support=0.0)
    mean = theory.expected_neurons_exclusion(n=16, m=16)
    assert [a.verdict for a in _support(outcomes(ensemble, 0.5, mean))] == ["agrees"]
    assert [a.verdict for a in _support(outcomes(ensemble, 0.5, 0.87 * mean))] == ["departs"]


def test_the_committed_runs_are_whole_and_count_what_they_say():
    rows = data_rows("reshuffling_runs.csv")
    assert len({(r["n"], r["m"]) for r in rows if r["purpose"] == "limit"}) >= 20
    for row in rows:
        assert 0 < float(row["retained"]) < 1
        assert int(row["n"]) <= 2 * int(row["m"])
    lone = [float(r["dead"]) for r in rows if r["purpose"] == "limit"]
    assert max(lone) == 0


def test_predict_holds_the_block_and_warns_where_l1_kills():
    quiet = verify.predict(64, 1024, lam=0.001).to_dict()
    assert quiet["warnings"] == {}
    assert quiet["dead_fraction"] < 1e-6
    assert quiet["retained_fraction_limit"] == pytest.approx(0.665, abs=1e-3)
    loud = verify.predict(64, 64, lam=0.25)
    assert "kills features" in loud.to_dict()["warnings"]["dead_fraction"]
    assert "Warning" in loud.text()
    assert loud["expected_neurons_measured"].value is None
    assert "n <= m/2" in loud["expected_neurons_measured"].reason


def test_the_measured_count_interpolates_and_stays_in_its_range():
    at_point, _ = block.measured_count_ratio(32, 64, 0.0)
    assert 0.75 < at_point < 0.95
    assert block.measured_count_ratio(2, 1024, 0.0)[0] is None
    assert block.measured_count_ratio(32, 64, 1.0)[0] is None


def test_predictions_without_lambda_or_out_of_range_give_a_reason():
    found = {p.name: p for p in block.reshuffling_predictions(200, 100, None)}
    assert found["dead_fraction"].reason == "needs lam"
    for name in ("retained_fraction_limit", "retained_fraction_fast", "expected_neurons_measured"):
        assert found[name].value is None
        assert found[name].reason
    above = {p.name: p for p in block.reshuffling_predictions(4, 16, 0.5)}
    assert above["dead_fraction"].value == 1
