"""The names of checks that claims hold, bound to the experiments that carry them out."""

from __future__ import annotations

from typing import Any

ENTROPY = 20231206
REJECTED = {
    "paper_winner_in_network": ("winner_in_network", "the largest initial weight always wins"),
}
"""Statements of the paper that a check confronts as one of its wrong versions."""


def bound() -> frozenset[str]:
    """The names of checks that resolve."""
    from .checks import checks

    return frozenset({check.group for check in checks().values()} | set(REJECTED))


def run(name: str) -> dict[str, Any]:
    """The verdict of a check and its sentences, the checks of the night left out.

    Raises
    ------
    ValueError
        Where no check has the name.
    """
    from .checks import checks, group_verdicts

    group, wrong = REJECTED.get(name, (name, None))
    members = [c for c in checks().values() if c.group == group and not c.nightly]
    if not members:
        raise ValueError(f"Got check={name}; no experiment carries it out.")
    results = [check.run(ENTROPY) for check in members]
    if wrong is None:
        said = [result.agreement for result in results]
        verdict = group_verdicts(results)[group]
    else:
        said = [result.wrong[wrong] for result in results]
        verdict = "departs" if {a.verdict for a in said} == {"departs"} else "undecided"
    return {"verdict": verdict, "sentence": " ".join(a.sentence() for a in said)}
