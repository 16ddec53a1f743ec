"""Tables for papers, as LaTeX with booktabs and siunitx, and as CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...numerics._extras import need
from ...numerics._files import writable_folder, write_text
from ...theory.proof.prose import in_latex
from .rounding import rounded

if TYPE_CHECKING:
    import pandas as pd

_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?(\(\d+(\.\d+)?\))?(e[-+]?\d+)?")
PREAMBLE = tuple(
    f"\\usepackage{{{name}}}" for name in ("booktabs", "siunitx", "array", "longtable")
)
LINE = 89  # letters of text on a line of 17 cm
_LETTER = 0.185  # width of a letter, in cm
_GAP = 2  # letters between two columns
_HEADING = 18  # letters of a heading that stays on one line
ROWS = 45  # rows on a page; a longer table breaks over pages


@dataclass(frozen=True, kw_only=True, repr=False)
class Table:
    """A table that can be written as LaTeX and CSV.

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
        The stem of the file names, and the label.
    caption : str
        What the table shows, and what is proved, measured or fitted in it.
    frame : pandas.DataFrame
        The rounded cells; strings such as "1.23(4)" become an S column.

    Source
    ------
    booktabs and siunitx, by the Styler of pandas.
    """

    name: str
    caption: str
    frame: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """The cells as a data frame."""
        return self.frame

    def __repr__(self) -> str:
        return f"Table({self.name}: {len(self.frame)} rows; {', '.join(map(str, self.frame))})"

    def _repr_html_(self) -> str:
        text = str(self.frame.to_html(index=False, border=0))
        text = re.sub(r"\$\\([a-z]+)\$", r"&\1;", text)  # HTML has the Greek letters by their names
        text = re.sub(r"\$(\w)\$", r"<i>\1</i>", text)
        return re.sub(r">[^<$]+<", lambda cell: re.sub("([_/])", r"\1<wbr>", cell[0]), text)

    def to_latex(self, *, environment: bool = False) -> str:
        r"""The tabular, with the required packages in comments above it.

        Wide text columns wrap within the width that the other columns leave; a table longer than
        a page is a longtable.

        Parameters
        ----------
        environment : bool
            Put the tabular into a ``table`` with its ``\\caption`` and its ``\\label``.
        """
        cells = self.frame.astype(str)
        cells.columns = [str(column) for column in cells.columns]
        formats = _formats(cells)
        wraps = any(form.startswith(">") for form in formats.values())
        long = len(cells) > (ROWS // 4 if wraps else ROWS)
        caption, label = in_latex(self.caption), f"tab:{self.name}"
        titles: dict[str, Any] = {"caption": caption, "label": label} if environment else {}
        if environment and not long:
            titles |= {"position": "htbp", "position_float": "centering"}
        tabular = (
            cells.style.hide(axis="index")
            .format(
                {column: _FORMS[form[0]] for column, form in formats.items()},
            )
            .format_index(_heading, axis="columns")
            .to_latex(
                hrules=True,
                column_format="".join(formats.values()),
                environment="longtable" if long else None,
                **titles,
            )
        )
        booktabs, siunitx, array, longtable = PREAMBLE
        needed = [booktabs, siunitx, *([array] if wraps else []), *([longtable] if long else [])]
        return f"% needs {' '.join(needed)}\n% caption: {caption}\n% label: {label}\n" + tabular

    def write(self, folder: str | Path) -> list[Path]:
        """Write NAME.tex and NAME.csv."""
        folder = writable_folder(folder)
        paths = [folder / f"{self.name}.tex", folder / f"{self.name}.csv"]
        write_text(paths[0], self.to_latex())
        write_text(paths[1], self.frame.to_csv(index=False, lineterminator="\n"))
        return paths


def rows_table(name: str, caption: str, rows: Iterable[Mapping[str, Any]]) -> Table:
    """A table from its rows."""
    return Table(name=name, caption=caption, frame=need("pandas", "tables").DataFrame(rows))


def fields_table(name: str, caption: str, values: Mapping[str, Any]) -> Table:
    """A table of two columns, one quantity in each row; numbers rounded, a dash if missing."""
    rows = [{"quantity": quantity, "value": _cell(value)} for quantity, value in values.items()]
    return rows_table(name, caption, rows)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return rounded(value, 6)
    return "-" if value is None else str(value)


class Tabular:
    """Base of objects that show themselves as a table: data frame, LaTeX and notebook."""

    def table(self) -> Table:
        """The table."""
        raise NotImplementedError

    def to_frame(self) -> pd.DataFrame:
        """The table as a data frame."""
        return self.table().to_frame()

    def to_latex(self) -> str:
        """The table as a tabular."""
        return self.table().to_latex()

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _formats(cells: pd.DataFrame) -> dict[str, str]:
    """The format of each column; text columns wrap if the table is wider than a line."""
    formats = {column: _column_format(list(cells[column])) for column in cells}
    shown = {
        column: [*_parts(column), *(_as_printed(text) for text in cells[column])]
        for column in cells
    }
    natural = {
        column: max(*map(len, texts), _digits(formats[column])) for column, texts in shown.items()
    }
    least = {
        column: max(len(word) for text in texts for word in re.split(r"[\s_/-]", text)) + 1
        for column, texts in shown.items()
    }
    widths = dict(natural)
    for _ in range(sum(natural.values()) + _GAP * len(natural) - LINE):
        room = {c: widths[c] for c, form in formats.items() if form == "l" and widths[c] > least[c]}
        if room:
            widths[max(room, key=room.__getitem__)] -= 1
    return formats | {
        column: rf">{{\raggedright\arraybackslash}}p{{{_LETTER * width:.2f}cm}}"
        for column, width in widths.items()
        if width < natural[column]
    }


def _digits(form: str) -> int:
    """The number of letters that an S column reserves."""
    if not form.startswith("S"):
        return 1
    power = 4 if "e" in form.removeprefix("S[table-format=") else 0  # the width of "x 10^"
    return sum(map(int, re.findall(r"\d+", form))) + 2 + power


def _parts(heading: str) -> list[str]:
    """A long heading, split after underscores and spaces into one part per line."""
    if len(heading) <= _HEADING or "$" in heading:
        return [heading]
    return re.findall(r".+?(?:_| |$)", heading)


def _heading(heading: str) -> str:
    parts = [in_latex(part.strip()) for part in _parts(heading)]
    if len(parts) == 1:
        return f"{{{parts[0]}}}"
    return r"{\shortstack{" + r"\\".join(parts) + "}}"


def _as_printed(text: str) -> str:
    """A text about as long as its printed form: a LaTeX command counts as one letter."""
    return re.sub(r"[${}\\^_]", "", re.sub(r"\\[a-zA-Z]+", "x", text)) if "$" in text else text


def _column_format(values: list[str]) -> str:
    """An S column if at least one cell is a number and no cell is long text."""
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
    """Text in an S column needs braces."""
    return value if _is_number(value) else f"{{{in_latex(value)}}}"


_FORMS = {"S": _braced, "l": in_latex, ">": partial(in_latex, breakable=True)}
