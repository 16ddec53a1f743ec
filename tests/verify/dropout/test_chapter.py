"""The dropout chapter: its runs, its lines, and the count at five rates."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from polysem import theory
from polysem.verify.dropout import chapter
from polysem.verify.dropout.runs import LAM, RATIOS, Spread, Trained, threshold


def small(ratio):
    return Trained(ratio=ratio, networks=20, rows=60, starts=200, m=16, lam=0.1)


def test_the_threshold_is_where_two_weights_are_stable():
    assert theory.spread_lam(2.0, threshold(LAM)) == pytest.approx(LAM)
    assert threshold(0.002) == pytest.approx(theory.two_weights_noise(0.002), rel=1e-3)


def test_l1_leaves_one_weight_below_the_threshold_and_several_above():
    below, above = small(0.5).run(0), small(2.0).run(0)
    assert (below["weights"] == 1).all()
    assert (below["alone"] == 1).all()
    assert below["large"].all()
    assert above["weights"].mean() > 1.5
    assert above["neurons"].mean() < below["neurons"].mean()


def test_networks_spread_without_l1():
    found = Spread(rate=0.4, networks=4, m=16, time=100.0).run(0)
    assert found["start"].mean() > 2
    assert found["end"].mean() < 1.4
    assert found["alone"].mean() < 1.05


def test_every_line_names_a_claim():
    trained = {small(ratio): small(ratio).run(0) for ratio in (0.5, 1.1)}
    spread = {Spread(rate=0.4, networks=4, m=16, time=20.0): {"alone": np.array([1.0, 1.01])}}
    lines = [*chapter.agreements(trained), *chapter._spread_agreements(spread)]
    assert {line.claim for line in lines} == {
        *("dropout_neurons", "two_weights_noise", "dropout_spreads")
    }
    assert chapter.weights_table(trained).frame.shape == (2, 8)
    counts = chapter.count_figure(trained)
    assert counts.data.ratio.tolist() == [0.5, 1.1]
    figure = Figure()
    counts.draw(figure, counts.data)
    assert figure.axes[0].get_ylim()[0] == 0  # counts are compared with 0


def test_the_quick_scale_has_a_line_on_single_weights_below_the_threshold():
    task = small(min(chapter._SHOWN["quick"]))
    claims = [line.claim for line in chapter.agreements({task: task.run(0)})]
    assert claims == ["dropout_neurons", "two_weights_noise"]


def test_the_ratio_of_chances_has_the_error_of_its_draws():
    rng = np.random.default_rng(1)
    draws = [chapter.chance_ratio(drawn(rng)) for _ in range(400)]
    ratios, errors = np.array(draws).T
    assert ratios.mean() == pytest.approx(0.8, rel=0.02)
    assert ratios.std() / errors.mean() == pytest.approx(1, abs=6 * 0.036)


def drawn(rng):
    plain = rng.normal(0.5, 0.5, 500)
    return {"pairs": 0.8 * plain + rng.normal(0, 0.2, 500), "plain_pairs": plain}


@pytest.mark.nightly
@pytest.mark.parametrize("ratio", RATIOS)
def test_the_count_is_that_of_two_rows_alone(ratio, entropy):
    """Null: within 10 %; 2000 networks, standard error 4 to 7 %, |z| < 3.3, rate 1e-3."""
    found = Trained(ratio=ratio, networks=2000, starts=10_000).run(entropy)
    chance, error = chapter.chance_ratio(found)
    expected, plain = (theory.dropout_neurons(8, 32, r) for r in (chance, 1.0))
    mean = found["neurons"].mean()
    spread = np.hypot(found["neurons"].std() / 2000**0.5, plain * error)
    assert spread < 0.08 * expected
    assert abs(mean - expected) < 0.1 * expected + 3.3 * spread
    if ratio > 1:  # with the count of no dropout, and with the ratio twice
        assert min(abs(mean - plain), abs(mean - expected * chance)) > 3.3 * spread
