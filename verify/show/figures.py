"""Figures for papers: PDF and PNG in one style, with the data as CSV and the caption."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...numerics._files import writable_folder, write_bytes, write_text

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("polysem.mplstyle")
_LETTERS = 16  # of a title, on an inch


@dataclass(frozen=True, kw_only=True, repr=False)
class Plot:
    """A figure with its data and its caption.

    >>> import pandas as pd
    >>> from polysem import verify
    >>> plot = verify.Plot(
    ...     name="line", caption="A line.", data=pd.DataFrame({"x": [0, 1], "y": [0, 1]}),
    ...     draw=lambda figure, data: figure.subplots().plot(data.x, data.y),
    ... )
    >>> plot.figure().axes[0].lines[0].get_ydata().tolist()
    [0, 1]

    Parameters
    ----------
    name : str
        The stem of the files.
    caption : str
        What the figure shows, and what is proved, measured or fitted in it.
    data : pandas.DataFrame
        All drawn data.
    draw : callable
        Takes an empty figure and the data, and draws.
    size : tuple of float
        Width and height in inches.
    title : str
        What the figure shows, as a sentence above it; empty for none.

    Source
    ------
    The style sheet verify/polysem.mplstyle.
    """

    name: str
    caption: str
    data: pd.DataFrame
    draw: Callable[[Figure, pd.DataFrame], Any]
    size: tuple[float, float] = (3.4, 3.0)
    title: str = ""

    def figure(self) -> Figure:
        """The drawn figure."""
        from matplotlib import style
        from matplotlib.figure import Figure

        with style.context(STYLE):
            figure = Figure(figsize=self.size)
            self.draw(figure, self.data)
            if self.title:
                figure.suptitle(textwrap.fill(self.title, int(_LETTERS * self.size[0])), fontsize=8)
        return figure

    def _repr_png_(self) -> bytes:
        from matplotlib import style

        with style.context([STYLE, {"savefig.dpi": 150}]):
            buffer = io.BytesIO()
            self.figure().savefig(buffer, format="png", metadata={"Software": None})
        return buffer.getvalue()

    def __repr__(self) -> str:
        return f"Plot({self.name}: {', '.join(map(str, self.data.columns))})"

    def write(self, folder: str | Path) -> list[Path]:
        """Write NAME.pdf, NAME.png, NAME.csv and NAME.txt (the caption)."""
        import logging

        from matplotlib import style

        folder = writable_folder(folder)
        logging.getLogger("fontTools").setLevel(logging.ERROR)  # it warns about old fonts
        paths = [folder / f"{self.name}.{ending}" for ending in ("pdf", "png", "csv", "txt")]
        with style.context(STYLE):
            figure = self.figure()
            for path, metadata in (
                (paths[0], {"CreationDate": None}),
                (paths[1], {"Software": None}),
            ):
                buffer = io.BytesIO()
                figure.savefig(buffer, format=path.suffix[1:], metadata=metadata)
                write_bytes(path, buffer.getvalue())
        write_text(paths[2], self.data.to_csv(index=False, lineterminator="\n"))
        write_text(paths[3], self.caption + "\n")
        return paths


def plain_ticks(axis: Axis, values: Sequence[float]) -> None:
    """Ticks at some values of a logarithmic axis, printed without powers of ten."""
    axis.set_ticks(values, labels=[f"{value:g}" for value in values])
    axis.set_ticks([], minor=True)
