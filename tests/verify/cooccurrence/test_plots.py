"""The figures of the co-occurrence chapter show the columns that their axes name."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from polysem import verify
from polysem.verify.cooccurrence import plots
from polysem.verify.cooccurrence.counts import LAM


def test_the_kick_figure_shows_the_share_left_against_the_size_of_the_kick():
    kicks = pd.DataFrame(
        {"strength": [1.0] * 3, "kick": [0.1, 0.2, 0.4], "escape_angle": [0.3] * 3}
    )
    kicks = kicks.assign(before=[8.0, 8.0, 4.0], after=[8.0, 6.0, 1.0])
    figure = Figure()
    plots.kick_figure(kicks).draw(figure, kicks)
    (bars,) = figure.axes[0].containers
    points, _, (segments,) = bars.lines
    assert points.get_xdata().tolist() == [0.1, 0.2, 0.4]
    assert points.get_ydata().tolist() == [1.0, 0.75, 0.25]
    low, high = verify.binomial_interval(6, 8, alpha=0.05)
    assert segments.get_segments()[1][:, 1].tolist() == pytest.approx([low, high])
    assert any(set(line.get_xdata()) == {0.3} for line in figure.axes[0].lines)


def test_the_errors_of_the_trade_off_are_those_of_its_counts():
    rows = {"lam": [LAM, LAM], "m": [64, 256], "strength": [0.5, 1.0]}
    measured = pd.DataFrame(rows | {"mean": [8.0, 2.0], "mean_error": [0.4, 0.2]})
    trained = plots.tradeoff_figure(measured).data.query("source == 'training'")
    np.testing.assert_allclose(trained.error / trained.loss, [0.05, 0.1])


def test_each_panel_of_the_collapse_shows_the_fit():
    cells = [(m, lam) for m in plots.WIDTHS for lam in (0.03, 0.01, 0.003)]
    measured = pd.DataFrame(cells, columns=["m", "lam"])
    measured = measured.assign(strength=0.5, ratio=0.4, ratio_error=0.01, n=64, networks=9)
    figure, plot = Figure(), plots.collapse_figure(measured)
    plot.draw(figure, plot.data)
    fit = plots._fit()
    assert len(figure.axes) == len(plots.WIDTHS)
    for axis in figure.axes:
        line = axis.lines[0]
        assert line.get_xdata().tolist() == fit.strength.tolist()
        assert line.get_ydata().tolist() == fit.ratio.tolist()


def test_the_map_of_noise_and_activity_is_shaded_over_its_own_axes():
    figure, plot = Figure(), plots.map_figure()
    plot.draw(figure, plot.data)
    (x, y) = np.concatenate([path.vertices for path in figure.axes[0].collections[0].get_paths()]).T
    assert [x.min(), x.max()] == pytest.approx([plot.data.sigma.min(), plot.data.sigma.max()])
    chance = plot.data.activation_probability
    assert [y.min(), y.max()] == pytest.approx([chance.min(), chance.max()])
