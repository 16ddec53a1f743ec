"""Predictions, runs and chapter on reshuffling."""

import dataclasses
import itertools
import math

import numpy as np
import pytest
from matplotlib.figure import Figure

from polysem import numerics, theory, verify
from polysem.verify.interference import plots
from polysem.verify.interference import predict as block
from polysem.verify.interference.chapter import (
    _dispersion,
    _dispersion_terms,
    _fast_agreement,
    _kind,
    _law,
    _repeated,
    _support,
    _trend,
    _two_row_agreements,
    _with_shipped,
)
from polysem.verify.interference.plan import ensembles
from polysem.verify.interference.runs import Ensemble, Means, Outcomes
from polysem.verify.prediction import Setting
from polysem.verify.published import data_rows


def test_no_two_kinds_of_ensembles_draw_the_same_numbers():
    kinds = itertools.product(("gaussian", "laplace"), (True, False), (None, 1.0))
    keys = [
        Ensemble(n=4, m=16, lam=0.0, runs=1, law=law, winner_push=push, until=until).spawn_key
        for law, push, until in kinds
    ]
    assert len(set(keys)) == 8
    states = {np.random.SeedSequence(0, spawn_key=key).generate_state(1)[0] for key in keys}
    assert len(states) == 8


def test_an_ensemble_gives_the_same_networks_for_the_same_entropy():
    ensemble = Ensemble(n=4, m=16, lam=0.0, runs=30)
    first, again = ensemble.run(1), ensemble.run(1)
    assert np.array_equal(first["opposite_sign_neurons"], again["opposite_sign_neurons"])
    other = ensemble.run(2)
    assert not np.array_equal(first["same_neuron"], other["same_neuron"])


def test_every_ensemble_has_its_own_draws():
    for scale in ("quick", "paper"):
        listed = [ensemble for of_purpose in ensembles(scale).values() for ensemble in of_purpose]
        assert len({ensemble.spawn_key for ensemble in listed}) == len(listed)
        assert len(set(listed)) == len(listed)


def test_the_counts_of_an_ensemble_are_those_of_its_networks():
    ensemble = Ensemble(n=16, m=16, lam=0.0, runs=20)
    found = Outcomes(ensemble=ensemble, **ensemble.run(3))
    assert found.opposite_sign_neurons.max() <= 8
    rng = np.random.default_rng(np.random.SeedSequence(3, spawn_key=ensemble.spawn_key))
    trained = ensemble.train(ensemble.initial(rng, 20))
    counts = [sum(min(neuron) < 0 < max(neuron) for neuron in one.T) for one in trained]
    assert found.opposite_sign_neurons.tolist() == counts
    assert max(counts) > 0
    assert ((found.same_neuron >= 0) & (found.same_neuron <= 1)).all()
    assert (found.dead == 0).all()
    row = found.row()
    expected = theory.expected_neurons_exclusion(n=16, m=16)
    assert row["count_ratio"] == pytest.approx(found.opposite_sign_neurons.mean() / expected)


def outcomes(ensemble, same_neuron, neurons):
    spread = 1 + 1e-3 * np.linspace(-1, 1, ensemble.runs)
    return Outcomes(
        ensemble=ensemble,
        same_neuron=same_neuron * spread,
        opposite_sign_neurons=neurons * spread,
        dead=0 * spread,
    )


def means(ensemble, same_neuron, neurons):
    return Means.of(outcomes(ensemble, same_neuron, neurons))


def test_agreements_tell_right_from_wrong():
    ensemble = Ensemble(n=128, m=1024, lam=0.0, runs=50)
    law = 0.551
    assert next(a.verdict for a in _law(means(ensemble, law, 1.0))) == "agrees"
    assert next(a.verdict for a in _law(means(ensemble, 0.8 * law, 1.0))) == "departs"
    ensemble = dataclasses.replace(ensemble, n=16, m=16, lam=0.01, support=0.0)
    mean = theory.expected_neurons_exclusion(n=16, m=16)
    assert [a.verdict for a in _support(means(ensemble, 0.5, mean))] == ["agrees"]
    assert [a.verdict for a in _support(means(ensemble, 0.5, 0.87 * mean))] == ["departs"]


def test_the_law_of_the_fast_phase_is_that_of_n_features_and_m_neurons():
    ensemble = Ensemble(n=16, m=64, lam=0.0, runs=9)
    law = numerics.retained_fraction_fast(16, 64)
    assert _fast_agreement(means(ensemble, 0.5, 1.0)).prediction == pytest.approx(float(law))


def test_the_trend_tells_a_fall_from_none():
    few, many = (Ensemble(n=n, m=64, lam=0.0, runs=50) for n in (16, 32))
    law = [numerics.retained_fraction_sparse(n, 64) for n in (16, 32)]
    (fall,) = _trend([means(few, law[0], 1.0), means(many, law[1], 1.0)])
    assert fall.verdict == "agrees"
    assert fall.prediction == pytest.approx(law[0] - law[1])
    (none,) = _trend([means(few, law[0], 1.0), means(many, law[0], 1.0)])
    assert none.verdict == "undecided"
    (rise,) = _trend([means(few, law[0], 1.0), means(many, law[0] + 0.05, 1.0)])
    assert rise.verdict == "departs"
    wider = Ensemble(n=16, m=256, lam=0.0, runs=50)
    (fall,) = _trend([means(wider, 0.736, 1.0), means(few, law[0], 1.0)])
    assert fall.verdict == "agrees"


def test_variance_over_mean_counts_the_spread_of_the_mean():
    rng = np.random.default_rng(0)
    samples = rng.poisson(3.0, (400, 2000))
    terms = np.array([_dispersion_terms(counts.astype(float)) for counts in samples])
    ratios = samples.var(axis=1, ddof=1) / samples.mean(axis=1)
    assert terms.mean(axis=1) == pytest.approx(ratios)
    # for Poisson counts the ratio has the variance 2/N; null: the terms say so; 400 ratios give
    # their spread within 3.5 % (one sigma), so that 20 % is a false alarm of 1e-8
    spread = terms.std(axis=1).mean() / 2000**0.5
    assert spread == pytest.approx((2 / 2000) ** 0.5, rel=0.02)
    assert ratios.std() == pytest.approx(spread, rel=0.2)


def test_dispersion_is_judged_where_it_is_claimed():
    ensemble = Ensemble(n=32, m=64, lam=0.0, runs=4000)
    rng = np.random.default_rng(1)
    counts = numerics.ExclusionLaw(n=32, m=64).rvs(4000, rng=rng).astype(float)
    found = Outcomes(
        ensemble=ensemble, same_neuron=counts, opposite_sign_neurons=counts, dead=0 * counts
    )
    by_claim = {a.claim: a.verdict for a in _dispersion(found)}
    assert by_claim == {"dispersion_in_the_limit": "agrees", "poisson_dispersion": "departs"}
    counts = rng.poisson(3.9, 4000).astype(float)
    found = Outcomes(
        ensemble=ensemble, same_neuron=counts, opposite_sign_neurons=counts, dead=0 * counts
    )
    by_claim = {a.claim: a.verdict for a in _dispersion(found)}
    assert by_claim["dispersion_in_the_limit"] == "departs"
    assert by_claim["poisson_dispersion"] != "departs"


def test_too_few_networks_are_not_asked_for_a_variance():
    ensemble = Ensemble(n=32, m=64, lam=0.0, runs=999)
    assert list(_dispersion(outcomes(ensemble, 0.5, 4.0))) == []
    enough = dataclasses.replace(ensemble, runs=1000)
    assert len(list(_dispersion(outcomes(enough, 0.5, 4.0)))) == 2


def test_two_rows_are_judged_outside_their_range_under_another_name():
    two_rows = {(64, 0.0, 32): (0.85, 0.002), (64, 0.3, 32): (0.85, 0.002)}
    networks = [Ensemble(n=32, m=64, lam=lam, runs=50) for lam in (0.0, 0.3 / 8)]
    found = list(_two_row_agreements(two_rows, [means(one, 0.85, 1.0) for one in networks]))
    assert [a.claim for a in found] == ["two_row_prediction", "two_row_prediction_outside"]
    assert [a.verdict for a in found] == ["agrees", "agrees"]


def test_the_shipped_table_holds_the_plan_of_the_paper_scale():
    for purpose, planned in ensembles("paper").items():
        shipped = [found.ensemble for found in Means.shipped(purpose)]
        for found in (planned, shipped):
            assert len({_kind(one) for one in found}) == len(found)
        assert {(_kind(one), one.runs) for one in planned} == {
            (_kind(one), one.runs) for one in shipped
        }


def test_each_kind_of_ensemble_counts_once_beside_the_shipped_ones():
    shipped = Means.shipped("limit")
    again = dataclasses.replace(shipped[0].ensemble, runs=7)
    new = dataclasses.replace(shipped[0].ensemble, n=3)
    fresh = [means(one, 0.85, 1.0) for one in (again, new)]
    assert _with_shipped("limit", fresh) == [*shipped, fresh[1]]


def test_the_committed_runs_are_whole_and_count_what_they_say():
    rows = data_rows("reshuffling_runs.csv")
    assert len({(r["n"], r["m"]) for r in rows if r["purpose"] == "limit"}) >= 20
    for row in rows:
        assert 0 < float(row["same_neuron"]) < 1
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
    assert loud["expected_neurons"].value is None
    assert "would lose all weights" in loud["expected_neurons"].reason


def test_predictions_without_lambda_or_out_of_range_give_a_reason():
    found = {p.name: p for p in block.predictions(Setting(n=200, m=100))}
    assert found["dead_fraction"].reason == "needs lam"
    for name in ("retained_fraction_limit", "retained_fraction_fast"):
        assert found[name].value is None
        assert found[name].reason
    above = {p.name: p for p in block.predictions(Setting(n=4, m=16, lam=0.5))}
    assert above["dead_fraction"].value == 1


def test_shipped_means_are_those_of_the_table_with_their_date():
    shipped = Means.shipped("laplace")
    assert {found.ensemble.law for found in shipped} == {"laplace"}
    assert all("recorded on 20" in found.source for found in shipped)
    lines = [line for found in shipped for line in _law(found)]
    assert {line.samples for line in lines} == {found.ensemble.runs for found in shipped}
    assert all("recorded on" in line.quantity for line in lines)
    assert Means.of(outcomes(Ensemble(n=4, m=16, lam=0.0, runs=9), 0.5, 1.0)).source == ""


def test_every_ensemble_of_the_quick_scale_is_in_the_shipped_table():
    for listed in ensembles("quick").values():
        for ensemble in listed:
            line = _repeated(means(ensemble, 0.5, 1.0))
            assert line.claim == "committed_runs"


def test_the_law_without_l1_is_drawn_for_wide_networks_in_its_own_panel():
    rows = [found.row for purpose in ("limit", "flow") for found in Means.shipped(purpose)]
    figure, plot = Figure(), plots.crowding_figure(rows)
    plot.draw(figure, plot.data)
    curves = [
        [line.get_ydata() for line in axis.lines if len(line.get_xdata()) > 30]
        for axis in figure.axes
    ]
    data = plot.data
    wide = sorted({int(m) for m in data.m[data.strength == 0] if m >= 64})
    assert len(wide) > 1
    assert [len(found) for found in curves] == [len(wide), 0, 0, 0]
    for m, found in zip(wide, curves[0], strict=True):
        law = numerics.retained_fraction_sparse(np.arange(2, 4 * math.isqrt(m) + 1), m)
        np.testing.assert_allclose(found, law)
