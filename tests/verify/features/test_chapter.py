"""Calibration of the predictions for unequal features, and what a wrong one would give."""

import numpy as np
import pytest

from polysem import numerics, theory
from polysem.verify.features import chapter
from polysem.verify.features.predict import predict_features
from polysem.verify.features.runs import Case, Planted, planted, reliability, shares, together

SMALL = 300  # networks
ZIPF = Case(kind="zipf", lam=0.03, networks=SMALL)


def survival(own):
    alive = [
        1 - numerics.dead_fraction(ZIPF.m, ZIPF.lam / d) if d * theory.fold() > ZIPF.lam else 0.0
        for d in own
    ]
    return np.array(alive)


def test_the_survival_of_each_feature_is_calibrated(entropy):
    """Null: slope within 0.05 of 1; 300 networks, standard error about 0.003, rate below 1e-9."""
    alive = ZIPF.run(entropy)["alive"]
    expected = ZIPF.expected
    slope, error, _ = reliability(expected.survival, alive, SMALL)
    assert error < 0.008
    assert abs(slope - 1) < 0.05
    assert np.abs(alive / SMALL - expected.survival).max() < 0.05 + 6.2 * 0.5 / SMALL**0.5
    for wrong in (expected.own_weight**2, np.ones(ZIPF.n), expected.own_weight**0.5):
        assert np.abs(alive / SMALL - survival(wrong)).max() > 0.4


def test_the_strengths_of_the_pairs_are_those_that_are_listed():
    expected = Case(kind="pairs").expected
    strengths = np.round(expected.strength[np.triu_indices(12, 1)], 9)
    values, counts = np.unique(strengths, return_counts=True)
    assert values.tolist() == [0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0]
    assert counts.tolist() == [42, *[4] * 6]


def test_the_slope_is_that_of_a_line():
    predicted = np.array([0.1, 0.2, 0.6])
    slope, _, start = reliability(predicted, 1000 * (0.05 + 0.8 * predicted), 1000)
    assert slope == pytest.approx(0.8)
    assert start == pytest.approx(0.05)


def test_the_error_of_the_slope_is_that_of_its_draws(entropy):
    """Standard deviation over 400 draws; null: ratio 1, standard error 0.035, |z| < 6."""
    rng = np.random.default_rng([entropy, 1])
    predicted = rng.uniform(0.01, 0.2, 20)
    found = [reliability(predicted, rng.binomial(2000, predicted), 2000) for _ in range(400)]
    slopes, errors, _ = np.array(found).T
    assert slopes.mean() == pytest.approx(1, abs=6 * errors.mean() / 20)
    assert slopes.std() / errors.mean() == pytest.approx(1, abs=6 * 0.036)


def test_two_features_share_a_neuron_with_opposite_signs_only():
    weights = np.array([[0.9, 0.1], [-0.8, 0.3], [0.7, 0.0], [0.1, 0.5]])
    assert np.argwhere(np.triu(shares(weights))).tolist() == [[0, 1], [1, 2]]


def test_the_square_of_a_count_is_that_of_the_whole_network():
    singles = [Case(kind="pairs", networks=1, chunk=chunk).run(1) for chunk in range(4)]
    for one in singles:
        count, square = one["neurons"]
        assert count == np.triu(one["shared"], 1).sum()
        assert square == count**2
    assert max(one["neurons"][0] for one in singles) > 1


def test_every_line_names_a_claim():
    counted = {
        name: together([Case(kind=case.kind, lam=case.lam, networks=20).run(1)] * 2)
        for name, case in chapter.CASES.items()
    }
    networks = dict.fromkeys(counted, 40)
    task = Planted(importance=(1, 1), frequencies=(1, 1), strength=0.2, networks=20)
    lines = [*chapter.agreements(counted, networks), chapter._expelled()]
    lines += chapter.planted_agreements({task: {"lasts": np.arange(20) < 10}})
    assert {line.claim for line in lines} <= set(theory.claims())
    assert len(lines) == 7
    assert chapter.survival_table(counted["zipf"], 40).frame.shape == (12, 5)
    assert set(chapter.reliability_figure(counted, networks).data.kind) == {
        *("survival", "zipf", "pairs")
    }


def test_the_recorded_networks_are_calibrated_and_reject_the_prediction_without_third_features():
    networks, counted = chapter.recorded()
    assert {line.verdict for line in chapter.agreements(counted, networks)} == {"agrees"}
    case = chapter.CASES["pairs"]
    upper, expected = np.triu_indices(case.n, 1), case.expected
    strength = expected.strength[upper]
    shared, total = counted["pairs"]["shared"][upper], networks["pairs"]
    assert counted["pairs"]["neurons"][0] == shared.sum()
    for wrong in (
        np.exp(-5 / 2 * strength - strength**2) / (2 * case.m - 1),  # without third features
        np.full(len(strength), expected.collision[upper].mean()),  # one weight for all pairs
    ):
        chi2 = ((shared - total * wrong) ** 2 / (total * wrong)).sum()
        assert chi2 > 66 + 6 * (2 * 66) ** 0.5


def test_a_planted_collision_is_on_one_neuron_with_opposite_signs(entropy):
    start = np.random.default_rng([entropy, 2]).standard_normal((50, 2, 8))
    moved = planted(start)
    assert shares(moved)[:, 0, 1].all()
    np.testing.assert_allclose(np.sort(np.abs(moved)), np.sort(np.abs(start)))


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("importance", "frequencies"),
    [((1.6, 0.4), (1.0, 1.0)), ((1.0, 0.2), (1.0, 1.0)), ((1.0, 1.0), (1.0, 0.4))],
)
def test_the_mean_importance_is_the_strength_of_a_pair(importance, frequencies, entropy):
    """Null: within 0.03 of the race; 2500 networks, standard error 0.01, |z| < 4, rate 1e-4."""
    given = {"importance": importance, "frequencies": frequencies}
    task = Planted(**given, strength=0.25, networks=2500)
    lasts = task.run(entropy)["lasts"].mean()
    race = [
        numerics.collision_survives(r, 10_000, np.random.default_rng(0), m=task.m).mean()
        for r in (0.25, task.pair_weight * np.square(importance).mean() / task.lam)
    ]
    assert abs(lasts - race[0]) < 0.03 + 0.04
    if importance == (1.6, 0.4):  # the square of the importance
        assert abs(lasts - race[1]) > 0.07


@pytest.mark.nightly
@pytest.mark.parametrize(("name", "chunks"), [("zipf", 40), ("pairs", 25)])
def test_collisions_are_calibrated(name, chunks, entropy):
    """Null: slope and count within 0.05 of 1; standard error about 0.02, |z| < 3.3, rate 1e-3."""
    case = chapter.CASES[name]
    tasks = [Case(kind=case.kind, lam=case.lam, chunk=chunk) for chunk in range(chunks)]
    counted, networks = together(task.run(entropy) for task in tasks), 1000 * chunks
    upper, expected = np.triu_indices(case.n, 1), case.expected
    shared = counted["shared"][upper]
    slope, error, _ = reliability(expected.collision[upper], shared, networks)
    assert error < 0.025
    assert abs(slope - 1) < 0.05 + 3.3 * error
    ratio = shared.sum() / networks / expected.expected_neurons
    assert abs(ratio - 1) < 0.05 + 3.3 / shared.sum() ** 0.5
    if name == "pairs":  # one weight for all pairs, and the frequencies for the pairs
        for strength in (np.full(len(upper[0]), expected.strength[upper].mean()), np.zeros(66)):
            even = np.exp(-5 / 2 * strength - strength**2) / (2 * case.m - 1)
            worst = np.abs(shared / networks - even) / np.sqrt(even / networks)
            assert worst.max() > 6


@pytest.mark.nightly
@pytest.mark.parametrize(("n", "m"), [(10, 48), (12, 32)])
def test_groups_that_avoid_each_other_have_more_pairs_within(n, m, entropy):
    """Null: within 10 %; 1500 networks, standard error 4 to 5 %, |z| < 3.9, rate 1e-4."""
    lam, networks = 0.02, 1500
    across = np.arange(n)[:, None] % 2 != np.arange(n) % 2
    model = numerics.UnequalFeatures(frequencies=np.ones(n), pairs=1.5 * lam * across)
    rng = np.random.default_rng([entropy, n])
    start = numerics.initial_weights(n, m, rng, instances=networks)
    met = np.triu(shares(numerics.train(start, lam, model=model).weights), 1)
    within = (met & ~across).sum(axis=(-2, -1))
    expected, error = predict_features(model, m, lam=lam), within.std() / networks**0.5
    law = expected.collision[np.triu(~across, 1)].sum()
    assert abs(within.mean() - law) < 0.1 * law + 3.9 * error
    free = numerics.trained_count(n, m, lam).mean() * np.triu(~across, 1).sum() * 2 / (n * (n - 1))
    assert within.mean() - free > 3.1 * error  # no third features
