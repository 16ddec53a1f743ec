"""The report: theory against simulation, with tables, figures and verdicts."""

from __future__ import annotations

import json
import platform
import time
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .. import __version__
from ..numerics._extras import need
from ..numerics._files import writable_folder, write_text
from ..numerics._validate import check_choice, check_seed
from .cache import cache_in
from .chapter import Chapter
from .show.latex import check_latex

SCALES = ("quick", "paper")
CHAPTERS = {
    "l1": ".row.chapter",
    "initialisation": ".collisions.chapter_initialisation",
    "statistics": ".collisions.chapter_statistics",
    "reshuffling": ".interference.chapter",
    "noise": ".noise.chapter",
    "cooccurrence": ".cooccurrence.chapter",
}
"""The module of each chapter."""

_LIBRARIES = ("sympy", "numpy", "scipy", "matplotlib", "pandas")

_HOW_TO_READ = (
    "Each comparison of a chapter gives a prediction, a measurement with its confidence interval "
    "in brackets, and the ratio of the measurement to the prediction. It *agrees* if the whole "
    "interval lies within the stated margin around the prediction. It *departs* if the whole "
    "interval lies outside this margin. Otherwise it is *undecided*: the sample does not decide. "
    "Some comparisons test an estimate that polysem corrects; for these *departs* is the expected "
    "result.",
    "",
    "*alpha* is the probability that the interval misses the true value. *It detects x beyond the "
    "margin* means: if the true deviation exceeds the margin by x, the comparison departs with "
    "probability 0.99 or more.",
    "",
    "n and m are the numbers of features and of neurons, W are the weights (row i of W holds the "
    "weights of feature i), lambda is the weight of the l1 term in the gradient flow, t is the "
    "time of this flow, sigma and kappa are the standard deviation and the excess kurtosis of the "
    "noise on a neuron, and q is the squared length of a row.",
)


def write_report(
    out: str | Path,
    *,
    scale: str = "quick",
    entropy: int = 20231206,
    only: Sequence[str] = (),
    progress: bool = True,
) -> dict[str, Any]:
    """Write report.json, report.md, the tables and the figures of all chapters.

    Each chapter is written as soon as it is computed; report.md and report.json are written last,
    so that a folder with a report.json holds a complete report. Finished experiments are stored
    in ``runs/``: an interrupted report that is started again in its folder reads them there.

    >>> import tempfile
    >>> from polysem import verify
    >>> with tempfile.TemporaryDirectory() as folder:  # doctest: +SKIP
    ...     verify.write_report(folder)["headline"]

    Parameters
    ----------
    out : str or Path
        The folder; created where missing.
    scale : {"quick", "paper"}
        "quick" takes minutes; "paper" has the sample sizes of a paper.
    entropy : int
        The entropy of all random draws.
    only : sequence of str
        Names of the chapters to write; empty for all.
    progress : bool
        Show progress on a terminal.

    Returns
    -------
    dict
        What report.json holds.

    Raises
    ------
    ValueError
        For an unknown chapter or scale.
    OSError
        If the folder cannot be written.

    Source
    ------
    The page that each chapter names.
    """
    check_choice("scale", scale, SCALES)
    check_seed("entropy", entropy, "the root of all draws")
    for name in only:
        check_choice("chapter", name, CHAPTERS)
    need("pandas", "tables")
    folder = writable_folder(out)
    for stale in ("report.json", "report.md"):
        (folder / stale).unlink(missing_ok=True)
    written = []
    pieces: list[str] = []
    for name in only or CHAPTERS:
        start = time.perf_counter()
        module = import_module(CHAPTERS[name], __package__)
        with cache_in(folder / "runs"):
            chapter = module.chapter(scale, entropy=entropy, progress=progress)
        files = [
            path.name for item in (*chapter.tables, *chapter.figures) for path in item.write(folder)
        ]
        pieces += [table.to_latex() for table in chapter.tables]
        written.append((chapter, files, time.perf_counter() - start))
    summary = _summary(folder, scale, entropy, written, check_latex(pieces).sentence())
    write_text(folder / "report.md", _markdown(summary, [chapter for chapter, _, _ in written]))
    write_text(folder / "report.json", json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    return summary


def _summary(
    folder: Path,
    scale: str,
    entropy: int,
    written: Sequence[tuple[Chapter, list[str], float]],
    latex: str,
) -> dict[str, Any]:
    verdicts = sum((Counter(chapter.verdicts()) for chapter, _, _ in written), Counter[str]())
    headline = ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items()))
    return {
        "headline": f"{headline}; {latex}",
        "folder": str(folder),
        "date": time.strftime("%Y-%m-%d"),
        "scale": scale,
        "entropy": entropy,
        "verdicts": verdicts,
        "latex": latex,
        "versions": {
            "polysem": __version__,
            "python": platform.python_version(),
            **{library: version(library) for library in _LIBRARIES},
        },
        "chapters": [
            {
                "name": chapter.name,
                "title": chapter.title,
                "seconds": round(seconds, 1),
                "agreements": [agreement.to_dict() for agreement in chapter.agreements],
                "remarks": list(chapter.remarks),
                "files": files,
            }
            for chapter, files, seconds in written
        ],
    }


def _markdown(summary: dict[str, Any], chapters: Sequence[Chapter]) -> str:
    lines = [
        "# polysem report",
        "",
        f"Scale: {summary['scale']} (the sample sizes). Entropy: {summary['entropy']} (the seed of "
        f"all random numbers). Result: {summary['headline']}.",
        "",
        *_HOW_TO_READ,
    ]
    for chapter in chapters:
        lines += ["", f"## {chapter.title}", ""]
        lines += [f"- {agreement.sentence()}" for agreement in chapter.agreements]
        lines += ["", *chapter.remarks] if chapter.remarks else []
        for figure in chapter.figures:
            lines += ["", f"![{figure.name}]({figure.name}.png)", "", f"*{figure.caption}*"]
        for table in chapter.tables:
            markdown = table.frame.to_markdown(index=False, disable_numparse=True)
            lines += ["", f"**{table.caption}**", "", markdown]
    return "\n".join(lines) + "\n"
