"""Factors between the user's loss and ours, in words."""

from __future__ import annotations

from .report import Finding, agrees, departs

CLOSE = 0.01
"""Largest relative difference of a factor from 1 that counts as agreement."""

_TIMES = {4: "four times", 2: "twice", 0.5: "half of", 0.25: "a quarter of"}


def close(value: float, target: float, room: float = CLOSE) -> bool:
    """Whether two factors are equal within the room.

    >>> from polysem.verify.kit.units import close
    >>> close(4.001, 4), close(4.2, 4)
    (True, False)
    """
    return abs(value - target) <= room * abs(target)


def _averages(n: int, m: int, instances: int | None) -> dict[float, str]:
    """By what a reconstruction loss is divided, and how that comes about."""
    found: dict[float, str] = {
        n * n: f"the loss is averaged over all {n * n} outputs (reduction='mean'), not summed",
        n: f"the loss is averaged over {n} inputs, not summed",
        n * m: f"the loss is divided by the {n * m} weights, not summed",
        4: "the reconstruction gradient is a quarter of ours, as in flow units, but the l1 weight "
        "is not",
        2: "the reconstruction gradient is half of ours: one of the two factors W is detached, or "
        "the loss has a factor 1/2",
    }
    if instances and instances > 1:
        found[instances] = f"the loss is averaged over the {instances} instances, not summed"
        found[instances * n] = (
            f"the loss is averaged over {instances} instances x {n} inputs, not summed"
        )
        found[instances * n * n] = (
            f"the loss is averaged over all {instances * n * n} outputs of all instances "
            "(reduction='mean'), not summed"
        )
    return found


def _l1_words(ratio: float, n: int, m: int, instances: int | None) -> str:
    """What is wrong with an l1 weight that is so many times ours."""
    if ratio < -CLOSE:
        return "the l1 term has the wrong sign"
    if ratio < 1e-6:
        return "there is no l1 term"
    sizes = {n * m: f"the {n * m} weights", n: f"the {n} features", m: f"the {m} neurons"}
    if instances and instances > 1:
        sizes |= {instances * n * m: f"all {instances * n * m} weights"}
        sizes |= {instances: f"the {instances} instances"}
    for size, words in sizes.items():
        if size not in (1, 2, 4) and close(1 / ratio, size, 0.02):
            return f"the l1 term is averaged over {words}, not summed"
    for times, words in _TIMES.items():
        if close(ratio, times, 0.02):
            return (
                f"your l1 weight is {words} ours: the weight of |W|_1 in the summed loss is 4 lam"
            )
    return f"your l1 weight is {ratio:.3g} times ours"


def units(
    *,
    scale: float | None,
    ratio: float | None,
    n: int,
    m: int,
    instances: int | None,
    room: float = CLOSE,
) -> list[Finding]:
    """Findings on the scale of the loss and on the l1 weight.

    ``scale`` is the step over the one that the learning rate gives, ``ratio`` the l1 weight
    relative to the reconstruction loss over the one that lam gives; None where it is not known.

    >>> from polysem.verify.kit.units import units
    >>> [found] = units(scale=None, ratio=4.0, n=16, m=32, instances=None)
    >>> found.bug
    'your l1 weight is four times ours: the weight of |W|_1 in the summed loss is 4 lam'
    """
    right_l1 = ratio is None or close(ratio, 1, room)
    right_scale = scale is None or close(scale, 1, room)
    shown = [
        *([f"step {scale:.4g} times that of the learning rate"] if scale is not None else []),
        *([f"l1 weight {ratio:.4g} times ours"] if ratio is not None else []),
    ]
    line = ", ".join(shown) or "neither learning rate nor l1 was given"
    if right_l1 and right_scale:
        return [agrees("units", line)]
    averages = _averages(n, m, instances)
    if right_l1 and scale is not None:
        by = next((words for k, words in averages.items() if close(scale * k, 1, 0.02)), "")
        bug = by or f"the whole loss, or the learning rate, is {scale:.3g} times what was stated"
        if by:
            bug += ", l1 included: only the time scale differs"
        return [departs("units", line, bug)]
    assert ratio is not None
    if scale is None or close(scale * ratio, 1, 0.02):
        for size, words in averages.items():
            known = scale is not None or size not in (2, 4)
            if known and close(ratio, size, 0.02):
                return [departs("units", line, words)]
        if scale is not None and scale > 0:
            bug = f"the reconstruction loss is {1 / ratio:.3g} times ours"
            return [departs("units", line, bug)]
    return [departs("units", line, _l1_words(ratio, n, m, instances))]
