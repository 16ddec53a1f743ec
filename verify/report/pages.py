"""The report as Markdown and as one HTML page that needs no other file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...numerics._extras import need
from ..chapter import Chapter
from ..show.tables import Table
from . import story

_TEMPLATES = Path(__file__).parent

HOW_TO_READ = (
    "Each comparison gives a prediction, a measurement with its confidence interval, and the ratio "
    "of the measurement to the prediction. It *agrees* if the whole interval lies within the "
    "stated margin around the prediction. It *departs* if the whole interval lies outside this "
    "margin. Otherwise it is *undecided*: the sample does not decide. A rival is a formula that is "
    "compared in order to show where it fails; for a rival, *departs* is no fault of the theory. "
    "The exclusion law, which is chance, is a rival for the counts of trained networks. The "
    "formulas of polysem include fits and recorded measurements; `polysem claims` prints their "
    "status. Alpha is the probability that an interval misses the true value.",
    "n and m are the numbers of features and of neurons, W are the weights (row i of W holds the "
    "weights of feature i), lambda is the weight of the l1 term in the gradient flow, a quarter of "
    "the weight in the authors' program, t is the time of this flow, sigma and kappa are the "
    "standard deviation and the excess kurtosis of the noise on a neuron, and q is the squared "
    "length of a row. Chance is the mean of the exclusion law: n features take n different slots "
    "at random, where a slot is a neuron with a sign.",
)


def markdown(summary: dict[str, Any], chapters: Sequence[Chapter]) -> str:
    """The report as Markdown; its figures are files beside it."""

    def table(shown: Table) -> str:
        return str(shown.frame.to_markdown(index=False, disable_numparse=True))

    return _render("page.md.jinja", summary, chapters, table=table, autoescape=False)


def html(summary: dict[str, Any], chapters: Sequence[Chapter], folder: Path) -> str:
    """The report as HTML; the figures of the folder are embedded."""

    def table(shown: Table) -> str:
        return shown._repr_html_()

    def image(name: str) -> str:
        return base64.b64encode((folder / f"{name}.png").read_bytes()).decode("ascii")

    return _render("page.html.jinja", summary, chapters, table=table, image=image, autoescape=True)


def _render(
    template: str,
    summary: dict[str, Any],
    chapters: Sequence[Chapter],
    *,
    autoescape: bool,
    **functions: Any,
) -> str:
    jinja = need("jinja2", "tables")
    environment = jinja.Environment(
        loader=jinja.FileSystemLoader(_TEMPLATES),
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja.StrictUndefined,
    )
    return str(
        environment.get_template(template).render(
            summary=summary,
            chapters=chapters,
            main_results=[result for chapter in chapters for result in chapter.main_results],
            captions={plot.name: plot.caption for c in chapters for plot in c.figures},
            story=story,
            how_to_read=HOW_TO_READ,
            **functions,
        )
    )
