"""The generated parts of the README: the status of the paper's claims, and the benchmarks.

``python -m polysem.verify.readme README.md`` rewrites them between their markers.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from ..numerics._files import write_text
from ..theory.proof.claims import claims
from .tables.standard import benchmark_table, claims_table


def _claims() -> str:
    cited = [label for label, claim in claims().items() if claim.kind == "cited"]
    return _markdown(claims_table(cited).to_frame()[["claim", "statement", "status"]])


def _benchmark() -> str:
    """The machine, the smallest and the largest ratio of each comparison with PyTorch."""
    frame = benchmark_table().to_frame()
    compared = frame["benchmark"].str.endswith("in PyTorch")
    ratios = frame[compared & frame["quantity"].str.endswith(", ratio")]
    values = ratios["value"].astype(float).groupby(ratios["benchmark"])
    machine = frame.index[compared & (frame["quantity"] == "machine")]
    return _markdown(frame.loc[sorted([*machine, *values.idxmin(), *values.idxmax()])])


def _markdown(frame: object) -> str:
    cells = frame.map(lambda text: str(text).replace("|", "\\|"))  # type: ignore[attr-defined]
    return str(cells.to_markdown(index=False, disable_numparse=True))


BLOCKS: dict[str, Callable[[], str]] = {"claims": _claims, "benchmark": _benchmark}


def refreshed(text: str) -> str:
    """The text with each generated block rewritten between its markers.

    A block stands between ``<!-- generated: NAME -->`` and ``<!-- end: NAME -->``.
    """

    def block(found: re.Match[str]) -> str:
        name = found[1]
        if name not in BLOCKS:
            raise ValueError(f"Got block={name!r}; choose from {', '.join(BLOCKS)}.")
        return f"<!-- generated: {name} -->\n{BLOCKS[name]()}\n<!-- end: {name} -->"

    pattern = re.compile(r"<!-- generated: (\w+) -->.*?<!-- end: \1 -->", re.DOTALL)
    return pattern.sub(block, text)


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        write_text(path, refreshed(path.read_text(encoding="utf-8")))
