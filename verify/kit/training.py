"""Later steps, and whole training runs beside ours from the same initial weights."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ... import numerics, theory
from ...numerics._types import Array
from ..diagnosis import nulls
from ..stats.power import POWER_QUANTILE
from ..stats.totals import ratio_interval
from .identified import Identified, Stated
from .loop import Loop
from .report import Finding, agrees, departs, undecided
from .units import close, units

COUNT_MARGIN = 0.3
"""The count agrees with the law if the interval of their ratio deviates no more from 1."""

_STEPS = (0, 1, 2, 3, 4, 20, 21, 50, 51)
_FACTOR = 0.01  # by which a later step may differ from what the first one shows
_SIGN_STEPS = 20
_SIGN_DIFFERENCE = 0.05
_FEW = 3  # lone features that show an amplitude
_SAME = 0.8  # of the features that end on the neuron and sign of our run
_LIVE = 0.05  # difference of the live weights on the way
_MOST_NETWORKS = 400


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long training runs may take, and their error rate.

    Parameters
    ----------
    seconds : float
        Time for the user's loop.
    alpha : float
        Probability that a correct loop departs in the random points.
    """

    seconds: float
    alpha: float


def later_steps(loop: Loop, stated: Stated, first: Identified, rng: np.random.Generator) -> Finding:
    """Whether later steps are made of the same parts as the first one."""
    start = numerics.initial_weights(loop.n, loop.m, rng, instances=loop.instances or 2)
    if first.family == "sign":
        return _later_signs(loop, stated, first, start)
    states = dict(zip(_STEPS, loop.run(start, _STEPS), strict=True))
    if first.l1 == "unknown":
        kinds = [replace(first, l1=kind) for kind in ("proximal", "subgradient")]
        first.l1 = min(kinds, key=lambda one: _distance(one, states)).l1
    moved, predicted = {}, {}
    for step in _STEPS:
        if step + 1 in states:
            moved[step] = states[step + 1] - states[step]
            predicted[step] = first.next(states[step]) - states[step]
    factors = {step: _factor(moved[step], predicted[step]) for step in moved if step}
    shown = ", ".join(f"{factor:.3g}" for factor in factors.values())
    line = f"steps 2, 3, 4, 21 and 51 are {shown} of what the first one shows"
    if not stated.momentum and all(close(one, 1, _FACTOR) for one in factors.values()):
        return agrees("later steps", line)
    kept = [_factor(moved[step] - predicted[step], moved[step - 1]) for step in (1, 2, 3)]
    stable = max(kept) - min(kept) < 0.1 * max(kept)
    if stable and stated.momentum and close(kept[0], stated.momentum, 0.05):
        return agrees("later steps", f"{line}, as the momentum {stated.momentum:g} makes them")
    if min(kept) > _FACTOR and stable:
        whole = "gradients accumulate from step to step: zero_grad is missing"
        part = f"there is momentum {kept[0]:.2g}, which lengthens the steps"
        return departs("later steps", line, whole if kept[0] > 0.995 else part)
    if stated.momentum and max(map(abs, kept)) < _FACTOR:
        bug = f"the momentum {stated.momentum:g} is missing"
    elif math.isfinite(factors[50]):
        bug = f"the learning rate changes: it is {factors[50]:.3g} of the first one at step 51"
    else:
        bug = "the weights do not stay finite: the learning rate is too large"
    return departs("later steps", line, bug)


def _distance(first: Identified, states: dict[int, Array]) -> float:
    """How far later steps are from those of the parts."""
    after = [(states[step + 1], states[step]) for step in states if step + 1 in states]
    return sum(float(np.linalg.norm(new - first.next(old))) for new, old in after)


def _factor(found: Array, expected: Array) -> float:
    """How many times the expected array the found one is, by least squares."""
    return float((found * expected).sum() / (expected**2).sum())


def _adam_of_sums(start: Array, lam: float, rate: float, decay: float, steps: int) -> Array:
    """AdamW whose gradients are not set to zero between steps."""
    weights, total = start.copy(), np.zeros_like(start)
    first, second = np.zeros_like(start), np.zeros_like(start)
    for step in range(1, steps + 1):
        total += numerics.gradient(weights) + 4 * lam * np.sign(weights)
        first = 0.9 * first + 0.1 * total
        second = 0.999 * second + 0.001 * total**2
        change = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        weights = weights * (1 - rate * decay) - rate * change
    return weights


def _later_signs(loop: Loop, stated: Stated, first: Identified, start: Array) -> Finding:
    yours = loop.run(start, [_SIGN_STEPS])[0]

    def trained(optimizer: Any) -> Array:
        return numerics.train(start, stated.lam, optimizer=optimizer).weights

    common: dict[str, Any] = {"weight_decay": max(first.decay, 0.0), "steps": _SIGN_STEPS}
    rate = first.rate
    candidates: dict[str, tuple[Callable[[], Array], str]] = {
        "AdamW": (lambda: trained(numerics.AdamW(learning_rate=rate, **common)), ""),
        "RMSprop": (lambda: trained(numerics.RMSprop(learning_rate=rate / 10, **common)), ""),
        "Lion": (lambda: trained(numerics.Lion(learning_rate=rate, **common)), ""),
        "sign descent": (
            lambda: trained(numerics.Lion(learning_rate=rate, betas=(0.0, 0.0), **common)),
            "the optimizer forgets its moments: it is made anew at every step",
        ),
        "AdamW of summed gradients": (
            lambda: _adam_of_sums(start, stated.lam, rate, common["weight_decay"], _SIGN_STEPS),
            "gradients accumulate from step to step: zero_grad is missing",
        ),
    }
    differences = {}
    for name, (run, _) in candidates.items():
        ours = run()
        differences[name] = float(np.linalg.norm(yours - ours) / np.linalg.norm(ours - start))
    best = min(differences, key=differences.__getitem__)
    line = f"{_SIGN_STEPS} steps differ from those of {best} by {differences[best]:.2g}"
    if differences[best] > _SIGN_DIFFERENCE:
        bug = "the state of the optimizer, its betas or the learning rate differ from the defaults"
        return departs("later steps", line, bug)
    bug = candidates[best][1]
    return departs("later steps", line, bug) if bug else agrees("later steps", line)


def training_runs(
    loop: Loop,
    stated: Stated,
    first: Identified | None,
    steps: int | None,
    budget: Budget,
    rng: np.random.Generator,
) -> list[Finding]:
    """Train networks with the user's loop and with ours, and compare what is left."""
    if not 0 < stated.lam < theory.lam_of_amplitude(weight=theory.crossing_amplitude()):
        line = f"lam={stated.lam:g} leaves nothing to count"
        return [undecided("amplitude at rest", line)]
    size = loop.instances or 1
    start = numerics.initial_weights(loop.n, loop.m, rng, instances=size)
    if first is None or loop.step is None:
        return _of_final(loop, stated, start, budget, rng)
    if first.family == "gradient":
        rest = numerics.train(start, stated.lam)
        pace = 4 * first.rate / (1 - stated.momentum)
        steps = steps or math.ceil(float(np.max(rest.time)) / pace)
    steps = steps or 7500
    groups, cost = _groups(loop, start, steps, budget.seconds)
    law = _law(loop, stated, "flow" if first.family == "gradient" else "adamw")
    wanted = _networks_wanted(law, budget.alpha)
    if groups < 1:
        line = (
            f"a run of {steps} steps takes about {cost:.3g} s, and {budget.seconds:g} s are "
            "allowed: choose level='thorough', a larger learning rate or a smaller network"
        )
        return [undecided("amplitude at rest", line)]
    networks = min(groups * size, -(-wanted // size) * size, _MOST_NETWORKS)
    start = numerics.initial_weights(loop.n, loop.m, rng, instances=networks)
    times = sorted({max(1, steps // 16), max(1, steps // 4), steps})
    yours = dict(zip(times, loop.run(start, times), strict=True))
    ours = {count: _ours(start, stated, first, count) for count in times}
    live = [_live(yours[count], ours[count], count) for count in times[:-1]]
    return [*live, *_compare(loop, stated, law, start, yours[steps], ours[steps], budget.alpha)]


def _groups(loop: Loop, start: Array, steps: int, seconds: float) -> tuple[int, float]:
    """How many runs fit into the time, and what one takes."""
    probe = min(50, steps)
    began = time.perf_counter()
    loop.run(start, [probe])
    cost = (time.perf_counter() - began) / probe * steps
    return int(seconds / cost), cost


def _law(loop: Loop, stated: Stated, optimizer: str) -> numerics.TrainedCount | None:
    try:
        return numerics.trained_count(loop.n, loop.m, stated.lam, optimizer)
    except ValueError:
        return None


def _networks_wanted(law: numerics.TrainedCount | None, alpha: float) -> int:
    """About how many networks show a count that departs from the law by the margin."""
    if law is None or not law.mean():
        return 40
    from scipy.stats import norm

    quantiles = float(norm.isf(alpha / 2)) + POWER_QUANTILE
    return math.ceil((quantiles * law.std() / law.mean() / COUNT_MARGIN) ** 2)


def _ours(start: Array, stated: Stated, first: Identified, steps: int) -> Array:
    optimizer: Any
    if first.family == "gradient":
        kind = "proximal" if first.l1 == "proximal" else "subgradient"
        optimizer = numerics.SGD(
            learning_rate=first.rate, steps=steps, l1=kind, momentum=stated.momentum
        )
    else:
        optimizer = numerics.AdamW(
            learning_rate=first.rate, weight_decay=max(first.decay, 0.0), steps=steps
        )
    return numerics.train(start, stated.lam, optimizer=optimizer).weights


def _live(yours: Array, ours: Array, steps: int) -> Finding:
    mine, other = (
        float(numerics.live_weights(numerics.without_jitter(w)).mean()) for w in (yours, ours)
    )
    line = f"{mine:.3g} weights per feature after {steps} steps, ours {other:.3g}"
    if abs(mine - other) <= _LIVE * other + 0.1:
        return agrees("live weights", line)
    bug = "the weights die at another pace: the learning rate or the l1 step changes on the way"
    return departs("live weights", line, bug)


def _compare(
    loop: Loop,
    stated: Stated,
    law: numerics.TrainedCount | None,
    start: Array,
    yours: Array,
    ours: Array,
    alpha: float,
) -> list[Finding]:
    amplitude = _amplitude(loop, stated, yours, ours)
    count = _count(law, yours, ours, alpha)
    found = [amplitude, count, _retained(start, yours, ours)]
    for place in (1, 2):  # a departure explains the ones that follow
        if found[place - 1].verdict == "departs":
            return found[:place]
    return found


def _lone(weights: Array) -> Array:
    """Sizes of the weights of features that are alone on their neuron."""
    sits = numerics.features_on_neurons(weights, "scale-free")
    live = ~numerics.dead_rows(weights)
    alone = sits & live[..., None]
    alone &= alone.sum(axis=-2, keepdims=True) == 1
    return np.abs(weights[alone])


def _amplitude(loop: Loop, stated: Stated, final: Array, ours: Array) -> Finding:
    lone, other = _lone(final), _lone(ours)
    if len(lone) < _FEW:
        share = float(numerics.features_on_neurons(final, "scale-free").any(axis=-1).mean())
        line = f"{len(lone)} features are alone on a neuron; {100 * share:.0f} % sit on one"
        return undecided("amplitude at rest", line)
    size, expected = float(np.median(lone)), float(theory.amplitude(lam=stated.lam))
    line = f"lone weights have the size {size:.5g}, theory {expected:.5g}"
    if len(other) and close(size, float(np.median(other)), 0.02):
        return agrees("amplitude at rest", f"{line}, ours {np.median(other):.5g}")
    if close(size, expected, 0.02):
        return agrees("amplitude at rest", line)
    if not theory.fold_amplitude() <= size < 1:
        bug = "no l1 weight leaves this size: the loss has another scale or decay"
        return departs("amplitude at rest", line, bug)
    ratio = float(theory.lam_of_amplitude(weight=size)) / stated.lam
    (found,) = units(scale=None, ratio=ratio, n=loop.n, m=loop.m, instances=loop.instances)
    if found.verdict == "agrees":
        return agrees("amplitude at rest", line)
    return departs("amplitude at rest", line, found.bug)


def _retained(start: Array, yours: Array, ours: Array) -> Finding:
    clean = [numerics.without_jitter(w) for w in (ours, yours)]  # dead in both is the same
    slots = [numerics.winners(w) * numerics.winner_signs(w) for w in clean]
    neurons = [numerics.winners(w) for w in clean]
    same = float(((slots[0] == slots[1]) & (neurons[0] == neurons[1])).mean())
    mine, other = (float(numerics.retained_winners(start, w).mean()) for w in (yours, ours))
    line = (
        f"{100 * same:.0f} % of the features end where ours do; {mine:.3f} keep their largest "
        f"initial weight, ours {other:.3f}"
    )
    if same >= _SAME:
        return agrees("retained winners", line)
    chance = 1.5 / start.shape[-1]
    if mine < chance + 3 / math.sqrt(start[..., 0].size):
        bug = "the result does not depend on the initial weights that were given"
    else:
        bug = "features move to other neurons than in the gradient flow from the same start"
    return departs("retained winners", line, bug)


def _count(law: numerics.TrainedCount | None, yours: Array, ours: Array, alpha: float) -> Finding:
    counts, expected = (numerics.polysemantic_neurons(w, "scale-free") for w in (yours, ours))
    total, networks = int(counts.sum()), len(counts)
    if law is None or not law.mean():
        line = f"{counts.mean():.3g} shared neurons, ours {expected.mean():.3g}; no law is known"
        return undecided("count", line)
    laws = [(law, networks)]
    whole, error = nulls.total_and_error(laws)
    p_value = min(1.0, 2 * min(whole.tails(total)))
    low, high = ratio_interval(nulls.point_laws(laws), total, significance=alpha)
    line = (
        f"{counts.mean():.3g} shared neurons in {networks} networks, ours {expected.mean():.3g}, "
        f"law {law.mean():.3g}; their ratio lies in [{low:.2f}, {high:.2f}]"
    )
    if p_value < alpha and abs(counts.mean() - expected.mean()) > 0.1 * expected.mean() + 0.1:
        missing = counts.mean() < 0.2 * law.mean()
        bug = (
            "opposite pairs do not stay: ReLU is missing"
            if missing
            else "other features share neurons than in training by gradient descent"
        )
        return departs("count", line, bug)
    if p_value >= alpha and max(1 - low, high - 1) <= COUNT_MARGIN + 2 * error:
        return agrees("count", f"{line}, within {100 * COUNT_MARGIN:g} % of 1")
    needed = _networks_wanted(law, alpha)
    return undecided("count", f"{line}; about {max(needed, networks + 1)} networks would decide")


def _of_final(
    loop: Loop, stated: Stated, start: Array, budget: Budget, rng: np.random.Generator
) -> list[Finding]:
    """What final weights alone show."""
    began = time.perf_counter()
    first = loop.final(start)
    cost = time.perf_counter() - began
    findings = _sparse(first)
    if findings:
        return findings
    size = loop.instances or 1
    law = _law(loop, stated, "flow")
    wanted = -(-_networks_wanted(law, budget.alpha) // size)
    groups = max(1, min(wanted, int(budget.seconds / max(cost, 1e-4)), _MOST_NETWORKS // size))
    start = numerics.initial_weights(loop.n, loop.m, rng, instances=groups * size)
    yours = loop.final(start)
    ours = numerics.train(start, stated.lam).weights
    zeros = float((yours == 0).mean())
    kind = "proximal" if zeros > 0.3 else "subgradient"
    line = f"{100 * zeros:.0f} % of the final weights are exactly 0, as the {kind} step leaves them"
    return [agrees("penalty", line), *_compare(loop, stated, law, start, yours, ours, budget.alpha)]


def _sparse(final: Array) -> list[Finding]:
    """Final weights that are no solution: not finite, dead, or still spread over neurons."""
    if not np.isfinite(final).all():
        bug = "the weights do not stay finite: the learning rate is too large"
        return [departs("training", "the final weights are not finite", bug)]
    if not (np.abs(final) > 0.05).any():
        bug = "all features die: the l1 weight is far above lam, or the loss is averaged"
        return [departs("amplitude at rest", "no weight is left", bug)]
    live = final[~numerics.dead_rows(final)]
    share = float(numerics.features_on_neurons(live, "scale-free").any(axis=-1).mean())
    line = f"{100 * share:.0f} % of the live features sit on a neuron"
    columns = final.swapaxes(-1, -2)
    turned = float(numerics.features_on_neurons(columns, "scale-free").any(axis=-1).mean())
    if share < 0.9:
        if turned > 0.95 and final.shape[-1] < final.shape[-2]:
            return [departs("orientation", line, "W is neurons first")]
        bug = "training stops before the features settle, or there is no l1 term"
        return [departs("training", line, bug)]
    return []
