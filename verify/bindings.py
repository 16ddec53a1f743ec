"""The names of checks that claims hold, bound to the experiments that carry them out.

A name is the group of a check, or stands below with the chapter of the report that has its line.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from .agreement import Agreement

ENTROPY = 20231206
IN_CHAPTER = {
    "noise_growth_time": ("noise", "half_time"),
    "noise_gaussian_fourth_norm": ("noise", "isotropic_fourth_norm"),
    "noise_fast_phase": ("noise", "simplex_least"),
    "noise_dead_zone": ("noise", "silent_loss"),
    "noise_final_fourth_norm": ("noise", "corner_fourth_norm"),
    "noise_polysemantic": ("noise", "shared_weight_limit"),
    "noise_capacity_pairs": ("noise", "capacity_pairs"),
    "paper_noise_polysemantic": ("noise", "random_collisions_under_noise"),
    "kick_identity": ("reshuffling", "kick_identity"),
    "pair_constant": ("reshuffling", "pair_constant"),
    "fast_phase_law": ("reshuffling", "fast_phase_law"),
    "sparse_phase_law": ("reshuffling", "sparse_kick_size"),
    "sparse_phase_law_laplace": ("reshuffling", "sparse_kick_size_laplace"),
    "fitted_kick_size": ("reshuffling", "fitted_kick_size"),
    "two_row_prediction": ("reshuffling", "two_row_prediction"),
    "count_without_support": ("reshuffling", "count_without_support"),
    "one_curve_collapse": ("reshuffling", "one_curve_collapse"),
    "suppression_in_training": ("cooccurrence", "suppression_fit"),
}
"""Name of a check: the chapter, and the claim that its lines name."""


def bound() -> frozenset[str]:
    """The names of checks that resolve.

    >>> from polysem.verify.bindings import bound
    >>> "paper_winner_in_network" in bound()
    True
    """
    from .checks import checks

    groups = {check.group for check in checks().values()}
    return frozenset(groups | set(IN_CHAPTER))


def run(name: str) -> dict[str, Any]:
    """The verdict of a check and its sentences, the checks of the night left out.

    Raises
    ------
    ValueError
        Where no experiment carries the check out.
    """
    found = _from_chapter(*IN_CHAPTER[name]) if name in IN_CHAPTER else _from_checks(name)
    if not found:
        raise ValueError(f"Got check={name}; no experiment carries it out.")
    verdicts = {agreement.verdict for agreement in found}
    verdict = verdicts.pop() if len(verdicts) == 1 else "undecided"
    return {"verdict": verdict, "sentence": " ".join(a.sentence() for a in found)}


@cache
def _from_checks(group: str) -> list[Agreement]:
    from .checks import checks

    members = [c for c in checks().values() if c.group == group and not c.nightly]
    return [check.run(ENTROPY).agreement for check in members]


def _from_chapter(chapter: str, claim: str) -> list[Agreement]:
    return [agreement for agreement in _chapter(chapter) if agreement.claim == claim]


@cache
def _chapter(name: str) -> tuple[Agreement, ...]:
    module = import_module(f".chapter_{name}", __package__)
    return module.chapter("quick", entropy=ENTROPY, progress=False).agreements
