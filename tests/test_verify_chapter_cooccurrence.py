"""The chapter on co-occurrence: its experiments, and that it writes what it says."""

import numpy as np
import pytest

from polysem import numerics, theory
from polysem.verify import chapter_cooccurrence as chapter
from polysem.verify import cooccurrence_runs as runs


def test_more_cooccurrence_leaves_fewer_polysemantic_neurons():
    counted = runs.counts(16, 24, 0.03, (0.0, 2.0), 10, entropy=5)
    assert counted.shape == (2, 10)
    assert counted[1].sum() < counted[0].sum()
    again = runs.counts(16, 24, 0.03, (2.0,), 10, entropy=5)
    np.testing.assert_array_equal(again[0], counted[1])


def test_the_ratio_samples_have_the_mean_and_the_spread_of_the_ratio():
    """Spread against the bootstrap, which knows nothing of the linearisation."""
    rng = np.random.default_rng(0)
    without = rng.poisson(8, 4000)
    with_pairs = rng.binomial(without, 0.4)
    samples = runs.ratio_samples(with_pairs, without)
    assert samples.mean() == pytest.approx(with_pairs.mean() / without.mean(), rel=1e-12)
    drawn = rng.integers(0, 4000, (400, 4000))
    ratios = with_pairs[drawn].mean(-1) / without[drawn].mean(-1)
    assert samples.std() / 4000**0.5 == pytest.approx(ratios.std(), rel=0.2)  # 5.6 sd of 400 draws


def test_the_loss_of_a_trained_network_is_that_of_its_parts():
    """Linear in K: features alone and relaxed pairs, nothing else."""
    lam, strength, n, m = 0.02, 0.3, 12, 12
    pair_weight = strength * lam
    start = numerics.initial_weights(n, m, np.random.default_rng(7), instances=4)
    run = runs.train_pairs(start, lam, strength)
    counted = numerics.polysemantic_neurons(run.weights)
    assert counted.sum() > 0
    alone = theory.amplitude(lam=lam / (1 + pair_weight * (n - 1)))
    lone = theory.cooccurring_loss(alone, 1, pair_weight * (n - 1), lam)
    loss = numerics.Pairs(pair_weight=pair_weight).loss(run.weights)
    loss = loss + 4 * lam * np.abs(run.weights).sum((-2, -1))
    predicted = n * lone + counted * runs.pair_price(n, lam, strength)
    np.testing.assert_allclose(loss, predicted, rtol=1e-7)
    symmetric = n * lone + counted * theory.cooccurrence_price(pair_weight, alone)
    assert (np.abs(loss / symmetric - 1) > 1e-6)[counted > 0].all()  # the symmetric pair is wrong


def test_a_pair_survives_small_kicks_and_not_large_ones():
    lam, strength = 0.02, 8.0
    pair = runs.network(2, 1, theory.amplitude(lam=lam))[None].repeat(6, 0)
    rng = np.random.default_rng(1)
    assert runs.kicked_counts(pair, lam, strength, 1e-3, rng).sum() == 6
    assert runs.kicked_counts(pair, lam, strength, 0.5, rng).sum() < 6


def test_the_prices_are_found_again():
    rng = np.random.default_rng(3)
    drawn = runs.price_samples("input noise", 4, 0.9, 0.2, 20_000, rng)
    error = drawn.std() / drawn.size**0.5
    predicted = theory.input_noise_price(4, 0.9, 0.2)
    assert abs(drawn.mean() - predicted) < 6 * error  # false-alarm rate 2e-9
    assert 6 * error < 0.1 * predicted  # n for n - 1 would be off by a third
    assert runs.ablation_variance(4, 1, 0.9, 0.2) == pytest.approx(
        theory.ablation_variance(4, 1, 0.9, 0.2), rel=1e-12
    )


def test_the_shipped_counts_have_the_demanded_error_bars():
    frame = chapter._committed()
    table = frame[frame.lam == 0.01].set_index(["m", "strength"])
    for m, limit in ((64, 0.05), (128, 0.05), (512, 0.10)):
        for strength in chapter.STRENGTHS:
            assert 1.96 * table.loc[(m, strength), "ratio_error"] <= limit
    assert sorted(frame[frame.m == 128].lam.unique()) == [0.003, 0.01, 0.03]


def test_the_guess_for_crowded_networks_is_as_good_as_it_says():
    frame = chapter._committed()
    for m, error in ((64, 0.23), (128, 0.02), (512, 0.05)):
        cell = frame[(frame.m == m) & (frame.lam == 0.01) & (frame.strength > 0)]
        off = [
            abs(theory.crowded_suppression(64, m, row.strength) - row.ratio)
            for row in cell.itertuples()
        ]
        assert max(off) < error


def test_the_chapter_writes_its_tables_and_figures(monkeypatch, tmp_path):
    tiny = ((64, 0.05, (0.0, 1.0), 2),)
    for name, value in (
        ("CELLS", {"quick": tiny}),
        ("REDUCTION_SAMPLES", {"quick": 100}),
        ("KICKED", {"quick": (1, 1)}),
        ("KICKS", {1.0: (0.001,)}),
    ):
        monkeypatch.setattr(chapter, name, value)
    monkeypatch.setattr(runs, "BLOCK", 2)
    found = chapter.chapter("quick", entropy=1, progress=False)
    names = {path.name for item in (*found.tables, *found.figures) for path in item.write(tmp_path)}
    for figure in found.figures:
        assert {f"{figure.name}.csv", f"{figure.name}.pdf", f"{figure.name}.txt"} <= names
        assert any(word in figure.caption for word in ("fit", "proved", "measured"))
    assert {a.claim for a in found.agreements} <= set(theory.claims())
    assert "departs" not in {
        a.verdict for a in found.agreements if a.claim in ("input_noise_price", "larger_balance")
    }
