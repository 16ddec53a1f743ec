"""Experiments for the check names that claims declare: a group of checks, or lines of a chapter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from .checks import checks
from .report import CHAPTERS
from .stats.agreement import Agreement
from .stats.check import Check

ENTROPY = 20231206


class NotBoundError(ValueError):
    """A check has no experiment at the quick scale: it runs at paper scale or nightly only."""


IN_CHAPTER = {
    "noise_capacity_pairs": ("noise", "capacity_pairs"),
    "paper_noise_polysemantic": ("noise", "random_collisions_under_noise"),
    "kick_identity": ("reshuffling", "kick_identity"),
    "pair_constant": ("reshuffling", "pair_constant"),
    "fast_phase_law": ("reshuffling", "fast_phase_law"),
    "sparse_phase_law": ("reshuffling", "sparse_kick_size"),
    "sparse_phase_law_laplace": ("reshuffling", "sparse_kick_size_laplace"),
    "fitted_kick_size": ("reshuffling", "fitted_kick_size"),
    "two_row_prediction": ("reshuffling", "two_row_prediction"),
    "winner_trend": ("reshuffling", "winner_in_network"),
    "dispersion_in_the_limit": ("reshuffling", "dispersion_in_the_limit"),
    "count_without_support": ("reshuffling", "count_without_support"),
    "one_curve_collapse": ("reshuffling", "one_curve_collapse"),
    "suppression_in_training": ("cooccurrence", "suppression_fit"),
    "partial_suppression_in_training": ("cooccurrence", "partial_suppression"),
}
"""Name of a check: the chapter of the report, and the claim of its lines."""


def bound() -> frozenset[str]:
    """The names of checks that have an experiment.

    >>> from polysem.verify.bindings import bound
    >>> "paper_winner_in_network" in bound()
    True
    """
    return frozenset({check.group for check in checks().values()} | set(IN_CHAPTER))


def run(name: str) -> dict[str, Any]:
    """The verdict of a check and its sentences, without the nightly checks.

    Raises
    ------
    NotBoundError
        If the check has no experiment at the quick scale.
    """
    if name in IN_CHAPTER:
        chapter, claim = IN_CHAPTER[name]
        found = [a for a in _chapter(chapter) if a.claim == claim]
    else:
        found = _from_checks(name)
    if not found:
        raise NotBoundError(
            f"Got check={name}; it has no experiment at the quick scale (few networks): see a "
            "report of polysem report --scale paper, or the nightly tests."
        )
    entry = _entry([a.verdict for a in found], [a.sentence() for a in found])
    if name in IN_CHAPTER:
        return {"scale": "quick", **entry}
    return {"declared": declared(name), **entry}


def declared(group: str) -> dict[str, list[float]]:
    """Samples, margin and prediction of each check of a group, on which a verdict depends.

    >>> from polysem.verify.bindings import declared
    >>> declared("initial_pairs")
    {'initial_pairs': [544000, 0.1, 0.03125]}
    """
    return {
        check.name: [check.samples, check.margin, float(f"{check.prediction:.6g}")]
        for check in _members(group)
    }


def from_report(summary: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The verdicts of the lines of a report, by name of the check.

    Parameters
    ----------
    summary : mapping
        The content of report.json.
    """
    lines = [
        (chapter["name"], agreement)
        for chapter in summary["chapters"]
        for agreement in chapter["agreements"]
    ]
    found = {}
    for name, (chapter, claim) in IN_CHAPTER.items():
        mine = [line for where, line in lines if (where, line["claim"]) == (chapter, claim)]
        if mine:
            said = _entry([line["verdict"] for line in mine], [line["sentence"] for line in mine])
            found[name] = {"scale": summary["scale"], **said}
    return found


def _entry(verdicts: list[str], sentences: list[str]) -> dict[str, Any]:
    """One verdict for all lines: "departs" if any line departs, "agrees" only if all agree."""
    undecided = "agrees" if set(verdicts) == {"agrees"} else "undecided"
    verdict = "departs" if "departs" in verdicts else undecided
    if len(verdicts) > 1:
        tally = (f"{verdicts.count(word)} {word}" for word in sorted(set(verdicts)))
        sentences = [f"{len(verdicts)} lines: {', '.join(tally)}.", *sentences]
    return {"verdict": verdict, "sentence": " ".join(sentences)}


@cache
def _from_checks(group: str) -> list[Agreement]:
    return [check.run(ENTROPY).agreement for check in _members(group)]


def _members(group: str) -> list[Check]:
    return [c for c in checks().values() if c.group == group and not c.nightly]


@cache
def _chapter(name: str) -> tuple[Agreement, ...]:
    module = import_module(CHAPTERS[name], __package__)
    return module.chapter("quick", entropy=ENTROPY, progress=False).agreements
