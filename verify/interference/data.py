"""The command that writes the shipped table of reshuffling runs from a report at paper scale.

``python -m polysem.verify.interference.data REPORT OUT.csv`` reads the cached results of the
report; results that other code computed are computed again.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...numerics._files import write_text
from ..cache import cache_in, run_tasks
from .plan import ensembles
from .plots import NUMBERS
from .runs import Outcomes

COLUMNS = ["purpose", *NUMBERS[:4], "law", "support", "winner_push", *NUMBERS[5:], "seed"]

HEADER = """\
# Recorded on {date}.
# Trained networks, ensemble by ensemble: features that keep their neuron, and opposite signs.
# Made by the chapter reshuffling at paper scale (verify/interference/plan.py), float32; lam = 0 is
# the limit by the quasi-static scheme at rel = .1, lam > 0 the flow by proximal steps (safety .4;
# .05 until t = 10 and .4 from then on where support or winner_push is altered; .0125 where
# lam sqrt(m) > 1: the dead fraction is then .007 too high, the others are not affected); purpose
# fast: the flow stopped at t = 10.
# same_neuron: fraction of features that end on the neuron of their largest initial weight, of
# either sign; count_ratio: neurons with weights of both signs over the mean of the exclusion law;
# count_variance: from network to network; dead: features without a weight; *_error: standard errors
# over networks; seed: of the report.
"""


def table_of(rows: Iterable[dict[str, Any]], date: str) -> str:
    """The rows as they are shipped, with six digits each.

    >>> from polysem.verify.interference.data import COLUMNS, table_of
    >>> table_of([dict.fromkeys(COLUMNS, 1 / 3)], "2026-01-01").splitlines()[-1][:17]
    '0.333333,0.333333'
    """
    text = io.StringIO()
    text.write(HEADER.format(date=date))
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        values = [row[name] for name in COLUMNS]
        writer.writerow(f"{v:.6g}" if isinstance(v, float) else v for v in values)
    return text.getvalue()


def main(report: Path, out: Path) -> None:
    """Write the table of a report's runs."""
    summary = json.loads((report / "report.json").read_text(encoding="utf-8"))
    entropy = int(summary["entropy"])
    plan = ensembles(summary["scale"])
    with cache_in(report / "runs"):
        tasks = [one for listed in plan.values() for one in listed]
        results = run_tasks("reshuffling", tasks, entropy, progress=True)
    rows = [
        Outcomes(ensemble=one, **results[one]).row() | {"purpose": purpose, "seed": entropy}
        for purpose, listed in plan.items()
        for one in listed
    ]
    write_text(out, table_of(rows, summary["date"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
