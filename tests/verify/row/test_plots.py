"""The figures of the l1 chapter show the published counts."""

import numpy as np
from matplotlib.figure import Figure

from polysem import verify
from polysem.verify.row import plots


def test_the_count_figure_shows_every_published_count_that_is_not_zero():
    published = verify.published_counts()
    plot = plots.count_figure(plots.Counted.shipped(), published)
    figure = Figure()
    plot.draw(figure, plot.data)
    shown = np.concatenate(
        [bars.lines[0].get_ydata() for axes in figure.axes[:2] for bars in axes.containers]
    )
    assert {count.neurons for count in published if count.neurons} <= set(shown)
    assert len(shown) == (plot.data.neurons > 0).sum()
