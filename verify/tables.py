"""Tables for papers: booktabs and siunitx by pandas, CSV beside, same bytes each time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .files import write_text

if TYPE_CHECKING:
    import pandas as pd

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(\(\d+(\.\d+)?\))?(e[-+]?\d+)?")
PREAMBLE = ("\\usepackage{booktabs}", "\\usepackage{siunitx}")


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table that writes itself as LaTeX and CSV.

    >>> import pandas as pd
    >>> from polysem import verify
    >>> frame = pd.DataFrame({"neurons": [64, 128], "count": ["15.1(3)", "7.2(2)"]})
    >>> print(verify.Table(name="counts", caption="Counts.", frame=frame).to_latex())
    % needs \\usepackage{booktabs} \\usepackage{siunitx}
    % caption: Counts.
    % label: tab:counts
    \\begin{tabular}{S[table-format=3.0]S[table-format=2.1(1)]}
    \\toprule
    {neurons} & {count} \\\\
    \\midrule
    64 & 15.1(3) \\\\
    128 & 7.2(2) \\\\
    \\bottomrule
    \\end{tabular}
    <BLANKLINE>

    Parameters
    ----------
    name : str
        The stem of the files and the label.
    caption : str
        What the table shows, and what is proved, measured or fitted in it.
    frame : pandas.DataFrame
        The cells, rounded: numbers as strings such as "1.23(4)" become an S column.
    """

    name: str
    caption: str
    frame: pd.DataFrame

    def to_latex(self) -> str:
        """The bare tabular, with what it needs in comments above it."""
        cells = self.frame.astype(str)
        cells.columns = [str(column) for column in cells.columns]
        formats = {column: _column_format(list(cells[column])) for column in cells}
        tabular = (
            cells.style.hide(axis="index")
            .format(
                {c: _braced if form != "l" else str for c, form in formats.items()},
                escape="latex-math",
            )
            .format_index("{{{}}}", axis="columns", escape="latex-math")
            .to_latex(hrules=True, column_format="".join(formats.values()))
        )
        head = [
            "% needs " + " ".join(PREAMBLE),
            f"% caption: {self.caption}",
            f"% label: tab:{self.name}",
        ]
        return "\n".join(head) + "\n" + tabular

    def write(self, folder: Path) -> list[Path]:
        """Write NAME.tex and NAME.csv."""
        paths = [folder / f"{self.name}.tex", folder / f"{self.name}.csv"]
        write_text(paths[0], self.to_latex())
        write_text(paths[1], self.frame.to_csv(index=False, lineterminator="\n"))
        return paths


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _column_format(values: list[str]) -> str:
    """An S column of fitting width where at least one cell is a number and no cell is prose."""
    numbers = [value for value in values if _is_number(value)]
    if not numbers or any(not _is_number(value) and len(value) > 8 for value in values):
        return "l"
    mantissas = [re.split("[e(]", number)[0] for number in numbers]
    whole = max(len(mantissa.split(".")[0].lstrip("+-")) for mantissa in mantissas)
    digits = max(len(([*mantissa.split("."), ""])[1]) for mantissa in mantissas)
    errors = [match for number in numbers for match in re.findall(r"\(([\d.]+)\)", number)]
    error = f"({max(len(e.replace('.', '')) for e in errors)})" if errors else ""
    exponents = [match for number in numbers for match in re.findall(r"e([-+]?\d+)", number)]
    sign = "-" if any(mantissa.startswith("-") for mantissa in mantissas) else ""
    power = f"e{'-' if any('-' in e for e in exponents) else ''}" if exponents else ""
    if exponents:
        power += str(max(len(e.lstrip("+-0")) or 1 for e in exponents))
    return f"S[table-format={sign}{whole}.{digits}{error}{power}]"


def _braced(value: str) -> str:
    """siunitx reads what is not a number only in braces."""
    return value if _is_number(value) else f"{{{value}}}"
