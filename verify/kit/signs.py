"""A step that divides the gradient by its size, as Adam's: it shows signs only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from ...numerics._types import Array
from . import probes
from .forces import WRONG_GRADIENTS, WRONG_PENALTIES, columns, fit
from .identified import Identified, Stated
from .loop import Loop
from .report import agrees, departs
from .units import close, units

_MANY = 60  # values of the l1 weight that are tried for a step that shows signs only
_SETS = 3  # of weights of each kind that are tried then
_TIE = 1e-3  # shares of explained signs that count as equal
_ENOUGH = 0.95  # share of the signs that a right explanation explains
_DECAY = 0.01  # the default weight decay of AdamW, also tried as a part of the gradient


def of_signs(
    loop: Loop, stated: Stated, weights: Array, step: Array, rng: np.random.Generator
) -> Identified:
    """A step that divides the gradient by its size shows only its sign: many weights are tried."""
    result = Identified(family="sign", l1="subgradient")
    shown = step != 0
    matrix = {"size": np.sign(step), "decay": -weights}
    sizes = fit(step, matrix, shown)
    result.rate = sizes.parts["size"]
    result.decay = sizes.parts["decay"] / result.rate
    tested = [(weights, np.sign(step))]
    for _ in range(_SETS if stated.lam else 0):
        for more in (
            probes.orthogonal(loop.n, loop.m, stated.lam, rng),
            probes.spread(loop.n, loop.m, rng) * 10 ** rng.uniform(-1, 1, (1, 1, 1)),
        ):
            tested.append((more, np.sign(loop.first_step(more) - more)))
    return _sign_findings(loop, stated, result, _best_explanation(loop, stated, tested))


@dataclass(frozen=True, kw_only=True)
class _Explanation:
    """Signs of a step as those of a gradient, an l1 weight over ours, and a coupled decay."""

    agreement: float
    gradient: str
    ratio: float
    coupled: float
    penalty: str = "l1"


def _best_explanation(
    loop: Loop, stated: Stated, tested: list[tuple[Array, Array]]
) -> _Explanation:
    """Of what explains the most signs: what is ours, if it explains as many."""
    n, m, instances = loop.n, loop.m, loop.instances or 1
    named = {1.0, 2.0, 4.0, 0.5, 0.25, 0.0, 1 / n, 1 / m, 1 / (n * m)}
    named |= {float(size * many) for size in (1, n, n * n) for many in (1, instances)}
    grid = np.geomspace(1 / (4 * n * m), 4 * n**2 * instances, _MANY).tolist()
    ratios = [*sorted(named), *grid] if stated.lam else [1.0]
    decays = sorted({0.0, (stated.weight_decay or 0.0) / 4, _DECAY / 4})
    penalties = {"l1": _l1, **{name: pull for name, (pull, _) in WRONG_PENALTIES.items()}}
    ours = [_our_direction(weights) for weights, _ in tested]
    tried = []
    for name, direction in _SIGNED.items():
        pulls = [direction(weights) for weights, _ in tested]
        shrinks = [_l1(weights) for weights, _ in tested]
        for ratio, decay in product(ratios, decays):
            share = _agreement(pulls, shrinks, tested, ratio * stated.lam, decay)
            tried.append(_Explanation(agreement=share, gradient=name, ratio=ratio, coupled=decay))
    for name, penalty in penalties.items() if stated.lam else ():
        shrinks = [penalty(weights) for weights, _ in tested]
        share = _agreement(ours, shrinks, tested, stated.lam, 0.0)
        tried.append(
            _Explanation(agreement=share, gradient="ours", ratio=1, coupled=0.0, penalty=name)
        )
    best = max(one.agreement for one in tried)
    right = _Explanation(agreement=0.0, gradient="ours", ratio=1.0, coupled=0.0)
    for one in tried:
        if one.agreement >= best - _TIE and replace(one, agreement=0.0) == right:
            return one
    close_by = [one for one in tried if one.agreement >= best - _TIE / 5]
    return min(
        close_by,
        key=lambda one: (
            one.gradient != "ours",
            one.coupled != 0,
            one.ratio not in named,
            -one.agreement,
        ),
    )


def _agreement(
    pulls: list[Array],
    shrinks: list[Array],
    tested: list[tuple[Array, Array]],
    lam: float,
    decay: float,
) -> float:
    """How often the sign of a step is that of its pulls, mean over the kinds of weights."""
    shares = []
    for pull, shrink, (weights, sign) in zip(pulls, shrinks, tested, strict=True):
        seen = (weights != 0) & (sign != 0)
        shares.append(np.mean(np.sign(pull + lam * shrink - decay * weights)[seen] == sign[seen]))
    return float(np.mean(shares))


def _l1(weights: Array) -> Array:
    return np.asarray(-np.sign(weights))


def _sign_findings(
    loop: Loop, stated: Stated, result: Identified, best: _Explanation
) -> Identified:
    name, ratio = best.gradient, best.ratio
    findings = result.findings
    line = f"{100 * best.agreement:.1f} % of the signs of a step are explained"
    if best.agreement < _ENOUGH:
        bug = "the gradient is of another loss than that of the tied, rectified autoencoder"
        findings.append(departs("gradient", line, bug))
        return result
    if name == "linear":
        findings.append(departs("rectifier", line, "ReLU is missing"))
    elif name.startswith("leaky"):
        bug = f"ReLU leaks with a slope of about {name.removeprefix('leaky ')}"
        findings.append(departs("rectifier", line, bug))
    elif name != "ours":
        findings.append(departs("gradient", line, _SIGNED_BUGS[name]))
    else:
        findings.append(agrees("gradient", line))
        findings.append(agrees("rectifier", "negative overlaps do not act"))
        findings.append(agrees("orientation", f"rows are features, {loop.layout}"))
    result.lam = ratio * stated.lam
    if best.penalty != "l1":
        findings.append(departs("penalty", line, WRONG_PENALTIES[best.penalty][1]))
        return result
    if stated.lam:
        sizes = {"n": loop.n, "m": loop.m, "instances": loop.instances}
        findings += units(scale=None, ratio=ratio, **sizes)  # type: ignore[arg-type]
    if stated.learning_rate and not close(result.rate, stated.learning_rate, 0.02):
        line = f"the first step has the size {result.rate:.3g}"
        bug = f"the learning rate {stated.learning_rate:g} is not the size of the first step"
        findings.append(departs("optimizer", line, bug))
    else:
        line = f"the gradient is divided by its size, as in Adam; rate {result.rate:.3g}"
        findings.append(agrees("optimizer", line))
    _sign_decay(stated, result, best.coupled)
    return result


def _sign_decay(stated: Stated, result: Identified, coupled: float) -> None:
    line = f"decay of the weights {result.decay:.3g} per unit of learning rate"
    expected = stated.weight_decay
    if coupled:
        bug = "weight decay is coupled: it is part of the gradient (Adam), not apart (AdamW)"
        result.findings.append(departs("weight decay", line, bug))
    elif expected is not None and abs(result.decay - expected) > 0.1 * expected + 5e-4:
        bug = f"the decay is {result.decay:.3g}; {expected:g} was stated"
        result.findings.append(departs("weight decay", line, bug))
    else:
        result.findings.append(agrees("weight decay", line))


def _our_direction(weights: Array) -> Array:
    forces = columns(weights)
    return np.asarray(forces["benefit"] + forces["interference"])


def _linear(weights: Array) -> Array:
    return np.asarray(_our_direction(weights) + columns(weights)["negative"])


def _leaky(slope: float) -> Callable[[Array], Array]:
    return lambda weights: np.asarray(
        _our_direction(weights) + slope**2 * columns(weights)["negative"]
    )


def _no_interference(weights: Array) -> Array:
    return columns(weights)["benefit"]


_SIGNED: dict[str, Callable[[Array], Array]] = {
    "ours": _our_direction,
    "linear": _linear,
    **{f"leaky {slope:g}": _leaky(slope) for slope in (0.1, 0.2, 0.3, 0.5, 0.7)},
    "no_interference": _no_interference,
    **{name: direction for name, (direction, _) in WRONG_GRADIENTS.items()},
}
_SIGNED_BUGS = {
    "no_interference": "the loss lacks the outputs other than the one that is shown",
    **{name: bug for name, (_, bug) in WRONG_GRADIENTS.items()},
}
