"""The chapter on co-occurrence: its experiments, and that it writes what it says."""

from dataclasses import replace
from types import SimpleNamespace

import joblib
import numpy as np
import pytest

from polysem import numerics, theory
from polysem.verify import cache
from polysem.verify.cooccurrence import chapter as chapter
from polysem.verify.cooccurrence import counts as cooccurrence_counts
from polysem.verify.cooccurrence import kicks as cooccurrence_kicks
from polysem.verify.cooccurrence import prices as cooccurrence_prices
from polysem.verify.cooccurrence import runs as runs
from polysem.verify.cooccurrence import variants as other
from polysem.verify.cooccurrence.runs import Scan
from polysem.verify.cooccurrence.variants import Variant


@pytest.fixture(autouse=True)
def one_process():
    with joblib.parallel_config(backend="sequential"):
        yield


def test_more_cooccurrence_leaves_fewer_polysemantic_neurons():
    scan = Scan(n=16, m=24, lam=0.03, strengths=(0.0, 2.0), networks=10)
    counted = runs.counts([scan], entropy=5)[scan]
    assert counted["neurons"].shape == (2, 10)
    assert counted["neurons"][1].sum() < counted["neurons"][0].sum()
    assert not counted["restless"].any()
    assert not counted["dead"].any()
    alone = replace(scan, strengths=(2.0,))
    again = runs.counts([alone], entropy=5)[alone]
    np.testing.assert_array_equal(again["neurons"][0], counted["neurons"][1])


def test_an_interrupted_report_finds_its_networks_again(monkeypatch, tmp_path):
    scan = Scan(n=6, m=8, lam=0.05, strengths=(0.0, 1.0), networks=10)
    few = Variant(scheme="pairs", strength=1.0, m=40, fraction=0.5)
    price = next(iter(cooccurrence_prices.price_tasks(20_000)))

    def everything():
        return (
            runs.counts([scan], entropy=5)[scan]["neurons"].tolist(),
            other.variant_counts({few: 10}, entropy=5)[few].tolist(),
            cache.run_tasks("price", [price], 3, progress=False)[price]["drawn"][1],
        )

    monkeypatch.setattr(other, "FEATURES", 8)
    with cache.cache_in(tmp_path):
        first = everything()
        monkeypatch.setattr(numerics, "train", None)
        monkeypatch.setattr(runs, "price_samples", None)
        assert everything() == first


def test_minibatches_have_the_strength_of_the_pairs():
    """Weight of both over lambda is r, and lambda over the weight of a feature is LAM."""
    for values, square in (("binary", 1), ("uniform", 1 / 3)):
        variant = Variant(scheme="minibatch", strength=0.5, values=values)
        p = variant.activation_probability
        lam = other.LAM * p * square
        assert p**2 * square / lam == pytest.approx(0.5)
        data = numerics.Bernoulli(activation_probability=0.3, values=values, batch=200_000)
        inputs = data.sample(2, np.random.default_rng(1))
        assert (inputs**2).mean() == pytest.approx(0.3 * square, rel=0.02)  # 7 sd


def test_neurons_are_told_apart_by_whether_their_features_co_occur():
    weights = np.zeros((1, 5, 4))
    weights[0, :2, 0], weights[0, 2:4, 1], weights[0, 4, 2] = [1, -1], [1, -1], 1
    together = np.zeros((5, 5), bool)
    together[0, 1] = together[1, 0] = together[3, 4] = together[4, 3] = True
    assert other._split_counts(weights, together).tolist() == [[1], [1]]


def test_shifts_are_those_of_the_same_networks():
    base = Scan(n=64, m=64, lam=0.01, strengths=(0.0, 1.0), networks=4)
    scan = replace(base, lam=0.03, networks=3)
    nothing = np.zeros((2, 4), int)
    neurons = np.array([[4, 6, 5, 9], [2, 3, 1, 4]])
    rows = cooccurrence_counts.count_rows(
        {
            base: {"neurons": neurons, "dead": nothing, "restless": nothing},
            scan: {"neurons": neurons[:, :3], "dead": nothing[:, :3], "restless": nothing[:, :3]},
        }
    )
    assert [row["shift"] for row in rows[:3]] == pytest.approx([np.nan] * 3, nan_ok=True)
    assert (rows[3]["shift"], rows[3]["shift_error"]) == pytest.approx((0, 0))
    assert rows[3]["ratio"] == pytest.approx(6 / 15) != rows[1]["ratio"]


def test_a_fraction_of_the_pairs_is_compared_with_the_guess():
    without, every = Variant(scheme="pairs", strength=0.0), Variant(scheme="pairs", strength=1.0)
    half = replace(every, fraction=0.5)
    apart = np.zeros(4, int)
    counted = {
        without: np.array([[4, 4, 4, 4], apart]),
        every: np.array([[1, 1, 1, 1], apart]),
        half: np.array([[0, 1, 0, 1], [2, 3, 2, 3]]),
    }
    row = cooccurrence_counts.variant_rows(counted)[2]
    assert row["ratio"] == pytest.approx(3 / 4)
    assert row["shift"] == pytest.approx(3 / 4 - (1 / 2 + 1 / 2 * 1 / 4))
    assert (row["together"], row["apart"]) == pytest.approx((1 / 4, 5 / 4))


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
    predicted = n * lone + counted * cooccurrence_prices.pair_price(n, lam, strength)
    np.testing.assert_allclose(loss, predicted, rtol=1e-7)
    symmetric = n * lone + counted * theory.cooccurrence_price(pair_weight, alone)
    assert (np.abs(loss / symmetric - 1) > 1e-6)[counted > 0].all()  # the symmetric pair is wrong


def test_a_pair_survives_small_perturbations_and_not_large_ones():
    lam, strength = 0.02, 8.0
    pair = runs.network(2, 1, theory.amplitude(lam=lam))[None].repeat(6, 0)
    rng = np.random.default_rng(1)
    assert runs.kicked_counts(pair, lam, strength, 1e-3, rng).sum() == 6
    assert runs.kicked_counts(pair, lam, strength, 0.5, rng).sum() < 6


@pytest.mark.parametrize(("strength", "lam"), [(1.0, 0.01), (20.0, 0.01), (5.0, 0.05)])
def test_the_price_of_a_pair_is_what_training_pays_for_it(strength, lam):
    model = numerics.Pairs(pair_weight=strength * lam)

    def cost(start):
        weights = numerics.train(np.array(start), lam, model=model).weights
        return float(model.loss(weights)) + 4 * lam * np.abs(weights).sum()

    paid = cost([[0.95, 0.0], [-0.8, 0.0]]) - cost([[0.9, 0.0], [0.0, 0.9]])
    price = cooccurrence_prices.pair_price(2, lam, strength)
    assert price == pytest.approx(paid, rel=1e-10)


def test_the_prices_are_found_again():
    rng = np.random.default_rng(3)
    drawn = runs.price_samples("input noise", 4, 0.9, 0.2, 20_000, rng)
    error = drawn.std() / drawn.size**0.5
    predicted = theory.input_noise_price(4, 0.9, 0.2)
    assert abs(drawn.mean() - predicted) < 6 * error  # false-alarm rate 2e-9
    assert 6 * error < 0.1 * predicted  # n for n - 1 would be off by a third
    assert cooccurrence_prices.ablation_variance(4, 1, 0.9, 0.2) == pytest.approx(
        theory.ablation_variance(4, 1, 0.9, 0.2), rel=1e-12
    )


def test_the_shipped_counts_have_the_demanded_error_bars():
    frame = cooccurrence_counts.committed(chapter.COUNTS)
    table = frame[frame.lam == 0.01].set_index(["m", "strength"])
    for m, limit in ((64, 0.05), (128, 0.05), (512, 0.10)):
        for strength in cooccurrence_counts.STRENGTHS:
            assert 1.96 * table.loc[(m, strength), "ratio_error"] <= limit
        assert sorted(frame[frame.m == m].lam.unique()) == [0.003, 0.01, 0.03]
    assert not frame[["dead", "restless"]].any(axis=None)


def test_the_shipped_rows_are_those_of_the_paper_scale():
    counts = cooccurrence_counts.committed(chapter.COUNTS)
    planned = {
        (scan.m, scan.lam, strength, scan.networks)
        for scan in cooccurrence_counts.SCANS
        for strength in scan.strengths
    }
    assert set(counts[["m", "lam", "strength", "networks"]].itertuples(index=False)) == planned
    varied = cooccurrence_counts.committed(chapter.VARIANTS)
    names = ["scheme", "strength", "m", "values", "fraction", "batch"]
    shipped = varied.set_index(names).networks.to_dict()
    assert shipped == {
        tuple(getattr(variant, name) for name in names): networks
        for variant, networks in other.variants().items()
    }


def test_the_shipped_batches_reject_wrong_strengths():
    """Null: the ratio of a strength read wrongly; 400 networks; 6 standard errors, rate 2e-9."""
    frame = cooccurrence_counts.committed(chapter.VARIANTS)
    frame = frame[(frame.m == other.NARROW) & (frame.fraction == 1) & (frame.batch > 1000)]
    row = frame.set_index(["scheme", "values", "strength"]).sort_index().loc

    def apart(one, another):
        one, another = row[one], row[another]
        error = np.hypot(one.ratio_error, another.ratio_error)
        assert 6 * error < 0.13
        return abs(one.ratio - another.ratio) > 6 * error

    for strength in (0.25, 0.5):
        for values in ("binary", "uniform"):
            sampled = ("minibatch", values, strength)
            assert not apart(sampled, ("pairs", values, strength))
            assert apart(sampled, ("pairs", values, 2 * strength))  # 2p for p
        assert apart(("minibatch", "uniform", strength), ("pairs", "binary", strength))


def test_the_guess_for_crowded_networks_is_as_good_as_it_says():
    frame = cooccurrence_counts.committed(chapter.COUNTS)
    for m, error in ((64, 0.23), (128, 0.02), (512, 0.05)):
        scan = frame[(frame.m == m) & (frame.lam == 0.01) & (frame.strength > 0)]
        off = [
            abs(theory.crowded_suppression(64, m, row.strength) - row.ratio)
            for row in scan.itertuples()
        ]
        assert max(off) < error


def test_the_chapter_writes_its_tables_and_figures(monkeypatch, tmp_path):
    monkeypatch.setattr(chapter, "RACE_SAMPLES", {"quick": 100})
    monkeypatch.setattr(chapter, "PRICE_SAMPLES", {"quick": 20_000})
    monkeypatch.setattr(cooccurrence_kicks, "NETWORKS", {"quick": (1, 1)})
    monkeypatch.setattr(cooccurrence_kicks, "KICKS", {1.0: (0.001,)})
    found = chapter.chapter("quick", entropy=1, progress=False)
    for table in found.tables:
        assert all(path.stat().st_size for path in table.write(tmp_path))
    for figure in found.figures:
        assert figure._repr_png_()
        assert any(word in figure.caption for word in ("fit", "proved", "measured"))
    assert {a.claim for a in found.agreements} <= set(theory.claims())
    assert "departs" not in {
        a.verdict for a in found.agreements if a.claim in ("input_noise_price", "larger_balance")
    }


def test_counts_that_the_quick_scale_does_not_train_come_from_the_table_with_their_date():
    measured = cooccurrence_counts.committed(chapter.COUNTS)
    lines = list(cooccurrence_counts.count_agreements(measured, " (recorded on a day)"))
    assert {line.samples for line in lines} == {260}
    assert len(lines) == 3
    assert all("recorded on a day" in line.quantity for line in lines)


def test_the_paper_scale_measures_its_own_counts(monkeypatch):
    """A tiny plan in place of the paper's: the same lines, tables and figures, nothing read."""
    tiny = tuple(
        Scan(n=64, m=m, lam=0.01, strengths=(0.0, 0.1, 0.25), networks=2) for m in (64, 128, 512)
    )
    few = dict.fromkeys(
        [
            Variant(scheme="pairs", strength=0.0),
            Variant(scheme="pairs", strength=0.5),
            Variant(scheme="pairs", strength=0.5, fraction=0.5),
        ],
        2,
    )
    for name, value in (
        ("SCANS", tiny),
        ("RACE_SAMPLES", {"paper": 100}),
        ("PRICE_SAMPLES", {"paper": 20_000}),
        ("variants", lambda: few),
        ("committed", None),
    ):
        monkeypatch.setattr(chapter, name, value)
    monkeypatch.setattr(cooccurrence_kicks, "NETWORKS", {"paper": (1, 1)})
    monkeypatch.setattr(cooccurrence_kicks, "KICKS", {1.0: (0.001,)})
    monkeypatch.setattr(runs, "BLOCK", 2)
    monkeypatch.setattr(other, "BLOCK", 2)
    found = chapter.chapter("paper", entropy=1, progress=False)
    assert sum("after training" in line.quantity for line in found.agreements) == 2
    assert not any("recorded" in line.quantity for line in found.agreements)
    assert found.remarks[0].endswith("All counts are measured in this run.")


def test_a_shift_is_compared_with_0():
    row = SimpleNamespace(shift=0.02, shift_error=0.01)
    line = cooccurrence_counts.shift_agreement("claim", "shift", row, 400)
    assert (line.prediction, line.estimate, line.verdict) == (0.0, 0.02, "agrees")


def test_a_ratio_may_miss_its_prediction_by_a_quarter_and_not_by_two_fifths():
    for ratio, verdict in ((0.55, "agrees"), (0.7, "departs")):
        row = SimpleNamespace(ratio=ratio, ratio_error=0.005, networks=400)
        line = cooccurrence_counts.ratio_agreement("claim", "ratio", 0.5, row)
        assert line.verdict == verdict
