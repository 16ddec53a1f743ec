"""The chapter on the optimizer: its verdicts, the opposite claims, and the recorded tables."""

import numpy as np
import pytest

from polysem import numerics, theory, verify
from polysem.verify.optimizer import chapter, experiments, plots
from polysem.verify.optimizer.interventions import ADAMW, WITHOUT_MEMORY, interventions
from polysem.verify.optimizer.pairs import pair_counts
from polysem.verify.stats.budget import REPORT_ALPHA

ROWS = {one.variant: one for one in interventions()}


def test_the_recorded_networks_support_the_claims():
    assert chapter._excess().verdict == "agrees"
    assert chapter._without_memory().verdict == "agrees"


@pytest.mark.parametrize(
    "variant", [*WITHOUT_MEMORY, "beta2 .968", "no support", "row mean and no support", "sgd"]
)
def test_each_intervention_rejects_that_it_leaves_the_excess(variant):
    """By an interval that misses with probability 1e-3."""
    one = ROWS[variant]
    high = verify.poisson_interval(one.neurons, exposure=one.networks, alpha=REPORT_ALPHA)[1]
    low = verify.poisson_interval(
        ROWS[ADAMW].neurons, exposure=ROWS[ADAMW].networks, alpha=REPORT_ALPHA
    )[0]
    assert high < low
    assert low > 5 * one.chance


def test_the_checks_reject_the_opposite_claims(monkeypatch):
    swapped = {"adamw": "short memory", "short memory": "adamw"}
    wrong = [
        type(one)(**{**vars(one), "variant": swapped.get(one.variant, one.variant)})
        for one in interventions()
    ]
    monkeypatch.setattr(chapter, "interventions", lambda: wrong)
    assert chapter._excess().verdict == "departs"
    assert chapter._without_memory().verdict == "departs"


def test_the_reduced_model_is_compared_in_every_setting_above_twice_chance():
    rows = [one for one in pair_counts() if one.exceeds]
    assert len(rows) >= 12
    for one in rows:
        assert abs(one.deviation) < max(0.25, 2 * one.deviation_error)
        assert abs(one.retained / one.trained_retained - 1) < 0.1


def test_a_model_without_interaction_would_be_rejected():
    """p2 at chance, in place of the reduced model's."""
    rows = [one for one in pair_counts() if one.exceeds]
    errors = [(one.chance - one.trained) / one.trained_error for one in rows]
    assert max(errors) < -2


@pytest.mark.nightly
def test_the_table_of_the_reduced_model_can_be_repeated():
    one = pair_counts()[1]
    again = one.setting.reduced(one.pairs)
    assert int(again.together.sum()) == one.together
    assert again.retained_fraction[0] == pytest.approx(one.retained, abs=6e-5)


def law_holds(one):
    """Whether the printed count lies in the 95 % interval of the prediction."""
    low, high = numerics.adam_count(64, one.count.m, one.lam).interval(0.95)
    return low <= one.count.neurons <= high


def test_the_notebook_is_unlikely_by_chance_and_not_by_the_prediction():
    rows = {one.count.m: one for one in plots.printed()}
    chance = numerics.ExclusionLaw(64, 4096)
    assert rows[4096].lam == theory.lam_from_averaged_code(n=64, lam_code=0.001) == 0.016
    assert rows[4096].chance == pytest.approx(float(chance.pmf(np.arange(5, 33)).sum()))
    assert rows[4096].chance < 1e-5
    assert all(one.predicted > 0.05 for one in rows.values())
    assert all(law_holds(one) for one in rows.values())


def test_baselines_that_were_spoilt_depart():
    task = experiments.Baseline(n=8, m=64, networks=32, optimizer="sgd")
    right = task.run(0)["fourth_norm"]
    assert chapter._spread(task, right).verdict != "departs"
    assert chapter._spread(task, 1.2 * right).verdict == "departs"
    forced = experiments.Forced(n=12, m=8, lam=0.02, networks=60, optimizer="flow")
    neurons = forced.run(0)["neurons"]
    assert neurons.min() >= 4
    assert chapter._forced(forced, neurons).verdict != "departs"
    assert chapter._forced(forced, neurons + 1).verdict == "departs"
