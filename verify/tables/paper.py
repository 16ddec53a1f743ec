"""Tables and figures for a paper: predictions on any grid, beside the means of a sweep."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from ...numerics import Cell
from ...numerics._extras import need
from ...numerics._files import write_text
from ...numerics._validate import check_integer
from ..predict import predict
from ..prediction import Prediction
from ..show.figures import Plot
from ..show.rounding import number, rounded
from ..show.tables import Table, rows_table
from ..sweeps import SweepSummary

Grid = str | Path | SweepSummary | Iterable[Mapping[str, Any]]
Columns = Sequence[str] | Mapping[str, str]

_HEADINGS = {
    "n": "$n$",
    "m": "$m$",
    "lam": r"$\lambda$",
    "sigma": r"$\sigma$",
    "kurtosis": r"$\kappa$",
    "cooccurrence": "$p$",
    "learning_rate": "learning rate",
    "omega": r"$\omega$",
    "polysemantic_neurons_authors": "polysemantic neurons",
    "winner_is_initial_argmax": "retained winners",
}
_PREDICTED_AS = {"flow": "flow", "splitting": "flow", "quasistatic": "quasistatic"}
_MEASURED = "polysemantic_neurons_authors"


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One setting of a grid: the arguments of predict, and what a sweep measured there."""

    setting: Mapping[str, Any]
    predicted: Mapping[str, Prediction]
    means: Mapping[str, tuple[float, float]]

    def value(self, column: str) -> tuple[float, float] | None:
        """The value of a column and its standard error, 0 if it is exact."""
        if column in self.means:
            return self.means[column]
        found = self.predicted.get(column)
        if found is None or found.value is None:
            return None
        return found.value, found.standard_error


def paper_table(
    grid: Grid,
    columns: Columns = (),
    *,
    digits: int = 4,
    caption: str = "",
    name: str = "grid",
) -> Table:
    """A table for a paper: predictions on a grid of settings, beside the means of a sweep.

    A mean is printed with its standard error, as 3.42(9), and so is a prediction that has one.

    >>> from polysem import verify
    >>> grid = [{"n": 64, "m": m} for m in (256, 1024)]
    >>> table = verify.paper_table(grid, ["expected_pairs", "expected_neurons_exclusion"])
    >>> table.to_frame().values.tolist()
    [['64', '256', '3.938', '3.945'], ['64', '1024', '0.9844', '0.9849']]
    >>> print(table.to_latex(environment=True).splitlines()[3])
    \\begin{table}[htbp]

    Parameters
    ----------
    grid : str, Path, SweepSummary or iterable of mapping
        The folder of a sweep, its summary, or the arguments of :func:`predict` for each row.
    columns : sequence of str, or mapping of str to str
        Names of predictions and of the measures of the sweep; a mapping gives their headings, which
        may hold math between dollar signs. Unless given, the expected number of polysemantic
        neurons, beside the measured one if there is one.
    digits : int
        Significant digits of a value without an error.
    caption : str
        The caption, in plain text; math stands between dollar signs.
    name : str
        The stem of the file names; the label is ``tab:`` and the name.

    Returns
    -------
    Table
        With ``to_latex(environment=True)`` a ``table`` with caption and label, else a tabular.

    Raises
    ------
    ValueError
        For an empty grid, an unknown column, or what :func:`predict` refuses.

    Source
    ------
    paper_notes/tables_and_figures.md.
    """
    check_integer("digits", digits, "the number of significant digits")
    rows = _rows(grid)
    headings = _headings(columns, rows)
    shown = [
        {
            **{_heading(key): _plain(row.setting.get(key)) for key in _axes(rows)},
            **{heading: _cell(row.value(column), digits) for column, heading in headings.items()},
        }
        for row in rows
    ]
    return rows_table(name, caption or _caption(headings, rows), shown)


def grid_of(axes: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """All combinations of the values of some settings; a setting without values is left out.

    >>> from polysem.verify.tables.paper import grid_of
    >>> grid_of({"n": [64], "m": [64, 256], "lam": []})
    [{'n': 64, 'm': 64}, {'n': 64, 'm': 256}]
    """
    given = {name: values for name, values in axes.items() if values}
    return [dict(zip(given, values, strict=True)) for values in product(*given.values())]


def paper_figure(
    grid: Grid, columns: Columns = (), *, x: str = "m", caption: str = "", name: str = "grid"
) -> Plot:
    """The figure that matches :func:`paper_table`: predictions as lines, means as points.

    >>> from polysem import verify
    >>> plot = verify.paper_figure([{"n": 64, "m": m} for m in (256, 512, 1024)])
    >>> len(plot.data)
    3

    Parameters
    ----------
    grid, columns, caption, name : as for :func:`paper_table`
        What the figure shows.
    x : str
        The setting on the horizontal axis; every other one that varies gives a line of its own.

    Raises
    ------
    ValueError
        As :func:`paper_table`, and for an x that does not vary.

    Source
    ------
    paper_notes/tables_and_figures.md.
    """
    rows = _rows(grid)
    headings = _headings(columns, rows)
    axes = _axes(rows)
    if x not in axes or len({row.setting[x] for row in rows}) < 2:
        raise ValueError(f"Got x={x!r}; a figure needs a grid with at least two values of x.")
    others = [key for key in axes if key != x and len({row.setting.get(key) for row in rows}) > 1]
    points = [
        {
            "column": column,
            "measured": column in row.means,
            "line": ", ".join(
                f"{_heading(key)} = {_plain(row.setting.get(key))}" for key in others
            ),
            x: row.setting[x],
            "value": value[0],
            "error": value[1],
        }
        for column in headings
        for row in rows
        if (value := row.value(column)) is not None
    ]
    data = need("pandas", "tables").DataFrame(points)

    def draw(figure: Any, data: Any) -> None:
        plot = figure.subplots()
        lines = list(dict.fromkeys(data.line))
        for (column, line), part in data.groupby(["column", "line"], sort=False):
            part = part.sort_values(x)
            label = f"{headings[column]}, {line}".removesuffix(", ")
            colour = f"C{lines.index(line) if len(lines) > 1 else list(headings).index(column)}"
            if part.measured.all():
                plot.errorbar(part[x], part.value, part.error, fmt="o", color=colour, label=label)
            else:
                plot.plot(part[x], part.value, color=colour, label=label)
                band = part.value - part.error, part.value + part.error
                plot.fill_between(part[x], *band, color=colour, alpha=0.2, linewidth=0)
        plot.set(xlabel=_heading(x), ylabel=next(iter(headings.values())), xscale="log")
        ticks = sorted(set(data[x]))
        plot.set_xticks(ticks, [_plain(tick) for tick in ticks])
        plot.minorticks_off()
        plot.legend()

    return Plot(name=name, caption=caption or _caption(headings, rows), data=data, draw=draw)


def _rows(grid: Grid) -> list[_Row]:
    if isinstance(grid, str | Path):
        grid = SweepSummary.of(grid)
    if isinstance(grid, SweepSummary):
        rows = _sweep_rows(grid)
    else:
        rows = [_Row(setting=one, predicted=predict(**one), means={}) for one in grid]
    if not rows:
        raise ValueError("Got an empty grid; give at least one setting.")
    return rows


def _sweep_rows(summary: SweepSummary) -> list[_Row]:
    frame = summary.to_frame(by="cell")
    measures = [name for name in frame if f"{name}_error" in frame]
    rows = []
    for place, entry in frame.iterrows():
        cell = summary.cells[place]
        means = {
            name: (float(entry[name]), float(entry[f"{name}_error"]))
            for name in measures
            if math.isfinite(entry[name])
        }
        setting = _setting(cell)
        rows.append(_Row(setting=setting, predicted=_predicted(cell, setting), means=means))
    return rows


def _setting(cell: Cell) -> dict[str, Any]:
    """The arguments of predict for a cell of a sweep."""
    setting: dict[str, Any] = {"n": cell.n, "m": cell.m, "lam": cell.lam}
    setting["optimizer"] = cell.optimizer
    if cell.pair_weight:
        setting |= {"data": "pairs", "cooccurrence": cell.pair_weight}
    if cell.sigma:
        setting["sigma"] = cell.sigma
    return setting


def _predicted(cell: Cell, setting: Mapping[str, Any]) -> Mapping[str, Prediction]:
    """The predictions for a cell; none for what the predictions do not cover."""
    optimizer = _PREDICTED_AS.get(cell.optimizer, cell.optimizer)
    if cell.sigma or optimizer not in ("flow", "quasistatic", "adamw"):
        return {}
    lam = cell.lam or None
    return predict(**{**setting, "optimizer": optimizer, "lam": lam})


def _axes(rows: Sequence[_Row]) -> list[str]:
    """The settings that a table shows: the sizes, and all others that some row gives."""
    keys = list(dict.fromkeys(key for row in rows for key in row.setting))
    varied = {key: len({row.setting.get(key) for row in rows}) > 1 for key in keys}
    return [key for key in keys if key in ("n", "m", "lam") or varied[key]]


def _headings(columns: Columns, rows: Sequence[_Row]) -> dict[str, str]:
    measured = list(dict.fromkeys(name for row in rows for name in row.means))
    known = list(dict.fromkeys(name for row in rows for name in row.predicted))
    if not columns:
        columns = ["expected_neurons", *([_MEASURED] if _MEASURED in measured else [])]
    unknown = [name for name in columns if name not in (*measured, *known)]
    if unknown:
        raise ValueError(
            f"Got columns={unknown}; choose from the predictions {', '.join(known)}"
            + (f", and the measures {', '.join(measured)}." if measured else ".")
        )
    if isinstance(columns, Mapping):
        return dict(columns)
    return {name: _heading(name) + (" (measured)" if name in measured else "") for name in columns}


def _heading(name: str) -> str:
    return _HEADINGS.get(name, name.replace("_", " "))


def _named(name: str, value: Any) -> str:
    return _plain(value) if isinstance(value, str) else f"{_heading(name)} = {_plain(value)}"


def _plain(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cell(value: tuple[float, float] | None, digits: int) -> str:
    if value is None:
        return "-"
    mean, error = value
    if error > 0:
        return number(mean, error)
    return f"{mean:g}" if mean.is_integer() else rounded(mean, digits)


def _caption(headings: Mapping[str, str], rows: Sequence[_Row]) -> str:
    measured = any(row.means for row in rows)
    words = "Predictions of polysem"
    words += " beside the means of trained networks" if measured else ""
    return f"{words}, with standard errors in brackets; a dash if there is no value."


def write_means(folder: str | Path, path: str | Path) -> None:
    """Write the LaTeX table of a sweep's means beside the predictions."""
    write_text(Path(path), paper_table(folder, name=Path(path).stem).to_latex(environment=True))
