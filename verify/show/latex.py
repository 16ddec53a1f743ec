"""Compilation test for pieces of LaTeX, if its engine is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...numerics._validate import check_choice
from .tables import PREAMBLE

ENGINES = ("pdflatex", "lualatex")
ENCODINGS = ("OT1", "T1")
_DOCUMENT = r"""\documentclass[a4paper]{article}
%s
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath,amssymb}
%s
\begin{document}
%s
\end{document}
"""
_RUNS = 4  # a longtable needs two or three runs to find its column widths
_PROBLEM = re.compile(
    r"^(?:!|LaTeX Warning|Package \w+ Warning|Overfull|Underfull).*", re.MULTILINE
)


@dataclass(frozen=True, kw_only=True)
class LatexCheck:
    """The result of a compilation of pieces of LaTeX.

    >>> from polysem import verify
    >>> verify.LatexCheck(compiled=None, problems=()).sentence()
    'LaTeX not compiled: no pdflatex on this machine'

    Parameters
    ----------
    compiled : bool or None
        Whether they compiled without a problem; None if the engine is not installed.
    problems : tuple of str
        Errors, warnings and overfull boxes from the log.

    Source
    ------
    The log of the engine.
    """

    compiled: bool | None
    problems: tuple[str, ...]

    def sentence(self) -> str:
        """The result in one line."""
        if self.compiled is None:
            return "LaTeX not compiled: no pdflatex on this machine"
        if self.problems:
            return f"LaTeX reports: {self.problems[0]}"
        return "LaTeX compiled without warning"


def check_latex(
    pieces: Sequence[str], *, engine: str = "pdflatex", encoding: str = "OT1"
) -> LatexCheck:
    """Compile pieces of LaTeX, each on its own page, and collect the problems from the log.

    >>> from polysem import verify
    >>> verify.check_latex([r"$1 + 1$"]).problems
    ()

    Parameters
    ----------
    pieces : sequence of str
        Bodies such as a tabular or a displayed equation.
    engine : {"pdflatex", "lualatex"}
        The program that compiles them.
    encoding : {"OT1", "T1"}
        The font encoding of pdflatex; lualatex has its own.

    Raises
    ------
    ValueError
        For another engine or encoding.

    Source
    ------
    The log of the engine.
    """
    check_choice("engine", engine, ENGINES)
    check_choice("encoding", encoding, ENCODINGS)
    fonts = ""
    if encoding == "T1" and engine == "pdflatex":
        fonts = r"\usepackage[T1]{fontenc}\usepackage{lmodern}"
    if shutil.which(engine) is None or (fonts and not _found("lmodern.sty")):
        return LatexCheck(compiled=None, problems=())
    body = "\n\n\\clearpage\n".join(f"\\noindent\n{piece}" for piece in pieces)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "pieces.tex"
        source.write_text(_DOCUMENT % (fonts, "\n".join(PREAMBLE), body), encoding="utf-8")
        for _ in range(_RUNS):
            done = subprocess.run(
                [engine, "-interaction=nonstopmode", "-halt-on-error", source.name],
                cwd=folder,
                capture_output=True,
                check=False,
            )
            log = source.with_suffix(".log").read_text(encoding="latin-1")
            if "Rerun" not in log:
                break
    problems = tuple(_PROBLEM.findall(log))
    return LatexCheck(compiled=done.returncode == 0 and not problems, problems=problems)


def _found(name: str) -> bool:
    """Whether LaTeX finds a file."""
    return subprocess.run(["kpsewhich", name], capture_output=True, check=False).returncode == 0
