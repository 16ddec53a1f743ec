"""The l1 chapter: published numbers read whole, and its curves those of the theory."""

import numpy as np
import pytest

from polysem import numerics, theory, verify
from polysem.verify.row import chapter as chapter_l1
from polysem.verify.row import plots as l1_plots
from polysem.verify.row import runs as l1_runs


def test_all_published_counts_are_read():
    counts = verify.published_counts()
    assert len(counts) == 41
    assert sum(c.source == "figure" for c in counts) == 16
    assert {c.reading_error for c in counts if c.source == "figure"} == {0.02}
    mean = {c.m: c.neurons for c in counts if c.source == "figure"}
    assert mean[256] == 72.2
    assert mean[4096] == 3.8


def test_the_sparsification_figure_compares_three_curves():
    data = l1_runs.sparsification()
    mid = data[(data.t >= 10) & (data.t <= 1e4)]
    law_error = np.abs(mid.live_law / mid.live_exact - 1)
    paper_error = np.abs(mid.live_paper / mid.live_exact - 1)
    assert law_error.max() < 0.1
    assert paper_error[mid.t >= 1e3].min() > 0.5
    at = data[data.t == 1000.0].iloc[0]
    assert at.live_paper == pytest.approx(theory.paper_live_weights(m=10**5, lam=1e-5, t=1000))


def test_published_agreements_take_the_reading_error_in():
    found = chapter_l1._published_agreements(verify.published_counts())
    assert len(found) == 12
    assert all(a.numerical_error > 0 for a in found if "figure" in a.quantity)
    assert all(a.numerical_error == 0 for a in found if "notebook" in a.quantity)
    assert any(a.verdict == "departs" for a in found)


def test_published_agreements_sum_each_width_once():
    one, others = chapter_l1._published_agreements(verify.published_counts())[:6:3]
    counts = [c for c in verify.published_counts() if c.source == "figure"]
    assert one.estimate == pytest.approx(72.2)
    assert one.prediction == theory.expected_neurons_exclusion(n=256, m=256)
    assert one.estimate + others.estimate == pytest.approx(sum(c.neurons for c in counts))
    law = sum(theory.expected_neurons_exclusion(n=256, m=c.m) for c in counts)
    assert one.prediction + others.prediction == pytest.approx(law)


def test_published_counts_deviate_in_units_of_the_spread_of_their_mean():
    (one,) = (c for c in verify.published_counts() if c.source == "figure" and c.m == 512)
    means = (
        np.random.default_rng(0)
        .choice(
            np.arange(257),
            p=numerics.ExclusionLaw(256, 512).pmf(np.arange(257)),
            size=(4000, one.runs),
        )
        .mean(axis=1)
    )
    assert l1_plots._spread(one) == pytest.approx(means.std(), rel=0.06)


def test_every_line_names_a_claim():
    lines = chapter_l1._published_agreements(verify.published_counts())
    lines += chapter_l1._row_agreements(l1_runs.Rows(rows=3).run(0)["live"])
    counted = {"neurons": np.array([15, 16, 14]), "retained": np.array([0.3, 0.4, 0.35])}
    lines += chapter_l1._count_agreements(l1_plots.Counted.of(64, counted))
    assert {line.claim for line in lines} <= set(theory.claims())


def test_widths_that_the_quick_scale_does_not_train_come_from_the_measured_table():
    shipped = {counted.m: counted for counted in l1_plots.Counted.shipped()}
    assert set(shipped) | set(l1_runs.NETWORKS["quick"]) == set(l1_runs.NETWORKS["paper"])
    line = chapter_l1._count_agreements(shipped[128])[0]
    assert line.samples == shipped[128].networks
    assert f"recorded on {shipped[128].recorded}" in line.quantity
