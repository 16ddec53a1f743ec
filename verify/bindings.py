"""Experiments for the check names that claims declare: a group of checks, or lines of a chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from importlib import import_module
from typing import Any

from ..theory.proof.record import check_digest
from .checks import checks
from .report.write import CHAPTERS
from .stats.agreement import Agreement
from .stats.check import Check

ENTROPY = 20231206


class NotBoundError(ValueError):
    """No simulation at the quick scale tests a check: it runs at paper scale or nightly only."""


IN_CHAPTER = {
    "tilted_law_in_training": ("statistics", "tilted_law_in_training"),
    "pair_weight_limit": ("statistics", "pair_weight_limit"),
    "pair_weight_flow": ("statistics", "pair_weight_flow"),
    "retained_under_flow": ("statistics", "retained_under_flow"),
    "noise_capacity_pairs": ("noise", "capacity_pairs"),
    "paper_noise_polysemantic": ("noise", "paper_noise_polysemantic"),
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
    "adam_excess": ("optimizer", "adam_excess"),
    "adam_without_memory": ("optimizer", "adam_without_memory"),
    "adam_reduced_model": ("optimizer", "adam_reduced_model"),
    "rows_without_l1": ("optimizer", "rows_without_l1"),
    "forced_sharing": ("optimizer", "forced_sharing"),
    "suppression_in_training": ("cooccurrence", "suppression_fit"),
    "partial_suppression_in_training": ("cooccurrence", "partial_suppression"),
    "unequal_collisions_in_training": ("features", "unequal_collision_probability"),
    "dropout_neurons_in_training": ("dropout", "dropout_neurons"),
}
"""Name of a check: the chapter of the report, and the claim of its lines."""


def bound() -> frozenset[str]:
    """The names of checks that have an experiment."""
    return frozenset({check.group for check in checks().values()} | set(IN_CHAPTER))


def tested(name: str) -> list[str]:
    """The labels of the claims that a check tests, as the experiments state them.

    >>> from polysem.verify.bindings import tested
    >>> tested("initial_pairs")
    ['expected_pairs']
    """
    if name in IN_CHAPTER:
        return [IN_CHAPTER[name][1]]
    return sorted({check.claim for check in _members(name, nightly=True)})


def run(name: str) -> dict[str, Any]:
    """The entry of a check for the record, without the nightly checks."""
    if name in IN_CHAPTER:
        chapter, claim = IN_CHAPTER[name]
        found = [a for a in _chapter(chapter) if a.claim == claim]
    else:
        found = _from_checks(name)
    if not found:
        raise NotBoundError(
            f"Got check={name}; this check needs large simulations: run polysem report --scale "
            "paper, or the nightly tests."
        )
    return _entry(name, "quick", [a.to_dict() for a in found])


def from_report(summary: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The verdicts of the lines of a report, by name of the check."""
    lines = [
        (chapter["name"], agreement)
        for chapter in summary["chapters"]
        for agreement in chapter["agreements"]
    ]
    found = {}
    for name, (chapter, claim) in IN_CHAPTER.items():
        mine = [line for where, line in lines if (where, line["claim"]) == (chapter, claim)]
        if mine:
            found[name] = _entry(name, summary["scale"], mine)
    return found


def _entry(name: str, scale: str, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What the record holds of a check: the claims that it tests, and the numbers of its lines."""
    kept = [field.name for field in fields(Agreement)]
    return {
        "scale": scale,
        "claims": tested(name),
        "digest": check_digest(name),
        "lines": [{field: line[field] for field in kept} for line in lines],
    }


@cache
def _from_checks(group: str) -> list[Agreement]:
    return [check.run(ENTROPY).agreement for check in _members(group)]


def _members(group: str, *, nightly: bool = False) -> list[Check]:
    found = [check for check in checks().values() if check.group == group]
    return [check for check in found if nightly or not check.nightly]


@cache
def _chapter(name: str) -> tuple[Agreement, ...]:
    module = import_module(CHAPTERS[name], __package__)
    return module.chapter("quick", entropy=ENTROPY, progress=False).agreements
