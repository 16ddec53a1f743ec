"""The laws of omega and of the kept winners: right as they are, wrong without a part."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

from polysem import theory
from polysem.numerics import TiltedLaw
from polysem.numerics.collisions.trained_count import place
from polysem.verify.collisions import omega_laws
from polysem.verify.collisions.held_out import THIRD, held_out

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "omega_theory.py"


def rms(found, predicted):
    both = zip(found, predicted, strict=True)
    return float(np.sqrt(np.mean([(law / one.measured - 1) ** 2 for one, law in both])))


def limit_without(part):
    """The law of the limit, without one of its parts, in each setting of the limit."""
    for one in omega_laws.in_limit():
        n, m, height = one.setting.n, one.setting.m, theory.winner_height(m=one.setting.m)
        law = theory.pair_weight_limit(n=n, m=m, height=height)
        if part == "support":
            law /= 1 + theory.contact_impulse(m=m, height=height)
        if part == "crowd":
            law = theory.pair_weight_limit(n=2, m=m, height=height)
        if part == "height":  # as in a network of 64 neurons
            law = theory.pair_weight_limit(n=n, m=m, height=theory.winner_height(m=64))
        if part == "end of the suppression":
            crowd = 0.076 * omega_laws.crowd(one.setting)
            law *= math.exp(min(crowd, 0.54) - crowd)
        yield law


def test_omega_in_the_limit_follows_the_support_and_the_crowd():
    found = omega_laws.in_limit()
    assert rms(found, [one.predicted for one in found]) < 0.035
    few = [one for one in found if omega_laws.crowd(one.setting) < 7]
    assert rms(few, [one.predicted for one in few]) < 0.03
    laplace = omega_laws.in_limit_laplace()
    assert rms(laplace, [one.predicted for one in laplace]) < 0.04


@pytest.mark.parametrize("part", ["support", "crowd", "height", "end of the suppression"])
def test_omega_in_the_limit_needs_all_parts_of_its_law(part):
    assert rms(omega_laws.in_limit(), list(limit_without(part))) > 0.045


def test_the_weight_of_pairs_follows_the_lag_of_two_contacts():
    found = omega_laws.pairs()
    lags = [theory.contact_lag(m=one.setting.m, lam=one.setting.lam) for one in found]
    assert rms(found, [one.predicted for one in found]) < 0.032
    assert rms(found, [one.limit for one in found]) > 0.1
    assert rms(found, [1.0 for _ in found]) > 0.1
    one_contact = [one.limit ** math.exp(-lag) for one, lag in zip(found, lags, strict=True)]
    assert rms(found, one_contact) > 0.045


def test_the_kept_winners_follow_the_lag_at_all_stages():
    found = omega_laws.retained()
    assert rms(found, [one.predicted for one in found]) < 0.025
    assert rms(found, [one.limit for one in found]) > 0.1


def missed(one, omega):
    expected = TiltedLaw(one.n, one.m, omega).mean()
    return abs(one.mean / expected - 1) > max(0.02, 2 * one.mean_error / expected)


def test_the_lag_predicts_the_held_out_counts_of_the_flow():
    chosen = [one for one in held_out() if one.lam and one.n <= 2 / 3 * one.m]
    surface = omega_laws.limit_surfaces()["omega"]
    limits = [math.exp(surface.at(place(one.n, one.m, 0.0))[0]) for one in chosen]
    laws = [
        theory.pair_weight_flow(m=one.m, lam=one.lam, omega=limit)
        for one, limit in zip(chosen, limits, strict=True)
    ]
    assert len(chosen) == 13
    assert not any(map(missed, chosen, laws))
    assert sum(map(missed, chosen, limits)) > 4
    assert sum(map(missed, chosen, [1.0] * 13)) > 4


def test_the_formula_is_near_counts_that_were_not_known_when_it_was_made():
    chosen = [one for one in held_out(THIRD) if 2 * one.n <= one.m]
    laws = [
        theory.pair_weight_flow(
            m=one.m,
            lam=one.lam,
            omega=theory.pair_weight_limit(n=one.n, m=one.m, height=theory.winner_height(m=one.m)),
        )
        for one in chosen
    ]
    deviations = [
        one.mean / TiltedLaw(one.n, one.m, omega).mean() - 1
        for one, omega in zip(chosen, laws, strict=True)
    ]
    assert len(chosen) == 17
    assert np.sqrt(np.mean(np.square(deviations))) < 0.03  # of which the samples explain 0.015
    assert np.abs(deviations).max() < 0.06
    assert sum(map(missed, chosen, [1.0] * 17)) > 2 * sum(map(missed, chosen, laws))


@pytest.mark.parametrize("claim", ["pair_weight_limit", "pair_weight_flow", "retained_under_flow"])
def test_all_classes_of_settings_agree(claim):
    lines = [line for line in omega_laws.agreements() if line.claim == claim]
    assert len(lines) >= 3
    assert [line.verdict for line in lines] == ["agrees"] * len(lines)


def test_the_table_of_attempts_is_what_the_script_writes(tmp_path):
    spec = importlib.util.spec_from_file_location("omega_theory", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    committed = script.OUT.read_text(encoding="utf-8")
    script.OUT = tmp_path / "again.csv"
    script.main()
    old, new = (text.splitlines() for text in (committed, script.OUT.read_text(encoding="utf-8")))
    assert len(old) == len(new)
    for before, after in zip(old[2:], new[2:], strict=True):
        *labels, a, b, c = before.split(",")
        assert after.split(",")[: len(labels)] == labels
        numbers = [float(x or "nan") for x in (a, b, c)]
        again = [float(x or "nan") for x in after.split(",")[-3:]]
        assert again == pytest.approx(numbers, abs=2e-4, nan_ok=True)
