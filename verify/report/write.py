"""The report: theory against simulation, with tables, figures and verdicts."""

from __future__ import annotations

import json
import platform
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ... import __version__
from ...numerics._extras import need
from ...numerics._files import writable_folder, write_text
from ...numerics._validate import check_choice, check_seed
from ...numerics.training.place import current_place
from ..cache import cache_in
from ..chapter import Chapter
from ..show.latex import check_latex
from . import pages
from .story import headline

SCALES = ("quick", "paper")
CHAPTERS = {
    "l1": ".row.chapter",
    "initialisation": ".collisions.chapter_initialisation",
    "statistics": ".collisions.chapter_statistics",
    "reshuffling": ".interference.chapter",
    "optimizer": ".optimizer.chapter",
    "noise": ".noise.chapter",
    "cooccurrence": ".cooccurrence.chapter",
    "features": ".features.chapter",
    "dropout": ".dropout.chapter",
}
"""The module of each chapter."""

_LIBRARIES = ("sympy", "numpy", "scipy", "matplotlib", "pandas")


def write_report(
    out: str | Path,
    *,
    scale: str = "quick",
    entropy: int = 20231206,
    only: Sequence[str] = (),
    progress: bool = True,
) -> dict[str, Any]:
    """Write report.html, report.md, report.json, the tables and the figures of all chapters.

    Each chapter is written as soon as it is computed; these three are written last,
    so that a folder with a report.json holds a complete report. Finished experiments are stored
    in ``runs/``: an interrupted report that is started again in its folder reads them there. Inside
    :func:`polysem.numerics.training_on` the networks are trained on that device.

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
    for stale in ("report.json", "report.md", "report.html"):
        (folder / stale).unlink(missing_ok=True)
    written = []
    pieces: list[str] = []
    for name in only or CHAPTERS:
        start = time.perf_counter()
        module = import_module(CHAPTERS[name], "polysem.verify")
        with cache_in(folder / "runs"):
            chapter = module.chapter(scale, entropy=entropy, progress=progress)
        files = [
            path.name for item in (*chapter.tables, *chapter.figures) for path in item.write(folder)
        ]
        pieces += [table.to_latex() for table in chapter.tables]
        written.append((chapter, files, time.perf_counter() - start))
    summary = _summary(folder, scale, entropy, written, check_latex(pieces).sentence())
    chapters = [chapter for chapter, _, _ in written]
    write_text(folder / "report.md", pages.markdown(summary, chapters))
    write_text(folder / "report.html", pages.html(summary, chapters, folder))
    write_text(folder / "report.json", json.dumps(summary, indent=2, ensure_ascii=False) + "\n")
    return summary


def _summary(
    folder: Path,
    scale: str,
    entropy: int,
    written: Sequence[tuple[Chapter, list[str], float]],
    latex: str,
) -> dict[str, Any]:
    chapters = [chapter for chapter, _, _ in written]
    verdicts = sum((Counter(chapter.verdicts()) for chapter in chapters), Counter[str]())
    return {
        "headline": f"{headline(chapters)}; {latex}",
        "main_results": [
            {"sentence": result.sentence, **result.agreement.to_dict()}
            for chapter in chapters
            for result in chapter.main_results
        ],
        "folder": str(folder),
        "date": time.strftime("%Y-%m-%d"),
        "scale": scale,
        "entropy": entropy,
        **asdict(current_place()),
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
