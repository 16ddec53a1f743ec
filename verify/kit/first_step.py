"""What one step shows: gradient, rectifier, orientation, units, penalty, optimizer."""

from __future__ import annotations

import numpy as np

from ...numerics._types import Array, BoolArray
from . import probes
from .forces import WRONG_GRADIENTS, WRONG_PENALTIES, Fit, columns, fit
from .identified import Identified, Stated
from .loop import Loop
from .report import Finding, agrees, departs, undecided
from .signs import of_signs
from .units import CLOSE, close, units

_EXPLAINED = 2e-3  # largest residual of a step that is a sum of parts, apart from rounding
_PART = 5e-3  # largest coefficient of a part that is absent
_SEEN = 1e-6  # least part of a step that is the gradient's; Adam under a huge l1 shows none
_SIGN = 0.05  # relative spread of the sizes of a step that divides the gradient by its size
_RANDOM = 1e-3


def identify(loop: Loop, stated: Stated, rng: np.random.Generator) -> Identified:
    """Take one step from planted weights, and say what it is made of."""
    weights = probes.spread(loop.n, loop.m, rng)
    after = loop.first_step(weights)
    if not np.isfinite(after).all():
        bug = "a step of weights of length 1 gives values that are not finite"
        return Identified(family="unknown", findings=[departs("gradient", "one step", bug)])
    again = loop.first_step(weights)
    step = after - weights
    size = np.linalg.norm(step)
    if size == 0:
        return Identified(
            family="unknown",
            findings=[departs("gradient", "one step", "the step returns its weights unchanged")],
        )
    if np.linalg.norm(again - after) > _RANDOM * size:
        return Identified(
            family="unknown",
            findings=[
                departs(
                    "gradient",
                    "two steps from the same weights differ by "
                    f"{np.linalg.norm(again - after) / size:.2g} of their size",
                    "the loop is random: mini-batches, noise or dropout, or it remembers earlier "
                    "calls (an optimizer or a counter outside the step)",
                )
            ],
        )
    kept = np.sign(after) == np.sign(weights)
    forced = _constraint(weights, after)
    if forced is not None:
        return Identified(family="unknown", findings=[forced])
    if kept.mean() < 0.05:
        bug = "the threshold of the proximal step lacks the learning rate, or is far too large"
        line = f"{100 * (1 - kept.mean()):.0f} % of the weights become 0 or turn in one step"
        return Identified(family="unknown", findings=[departs("penalty", line, bug)])
    found = fit(step, columns(weights), kept)
    room = _EXPLAINED + 2 * _rounding(loop, weights, step)
    pull = found.parts["benefit"] * np.linalg.norm(columns(weights)["benefit"])
    if found.residual <= room and (not stated.lam or abs(pull) > _SEEN * size):
        return _parts(loop, stated, found, rng)
    sizes = np.abs(step[step != 0])
    if np.mean(np.abs(sizes / np.median(sizes) - 1) < _SIGN) > 0.9:
        return of_signs(loop, stated, weights, step, rng)
    return _other_gradient(weights, step, kept, found, room)


def _constraint(weights: Array, after: Array) -> Finding | None:
    """A condition that the weights after a step fulfil, and that no gradient step gives."""
    if (weights < 0).mean() > 0.2 and (after >= 0).all():
        clipped = (after[weights < 0] == 0).mean() > 0.5
        bug = (
            "negative weights are set to 0"
            if clipped
            else "the soft threshold loses the sign: multiply by sign(W)"
        )
        return departs("penalty", "no weight stays negative", bug)
    size = np.abs(after)
    largest = np.isclose(size, size.max(), rtol=1e-6)
    if largest.sum() > 2 and largest.mean() > 1e-3:
        bug = f"weights are clamped to the size {size.max():.3g}"
        return departs("gradient", "several weights have the largest size", bug)
    lengths = np.linalg.norm(after, axis=-1)
    if np.ptp(lengths) < 1e-4 * lengths.max() and lengths.size > 2:
        return departs("gradient", "all rows have one length", "rows are normalised in each step")
    return None


def _rounding(loop: Loop, weights: Array, step: Array) -> float:
    """How far rounding moves the weights, relative to the step."""
    return float(np.finfo(loop.dtype).eps * np.linalg.norm(weights) / np.linalg.norm(step))


def _other_gradient(
    weights: Array, step: Array, kept: BoolArray, ours: Fit, room: float
) -> Identified:
    """The wrong gradient or penalty that explains a step which ours does not."""
    forces = columns(weights)
    tried: list[tuple[float, str, str]] = []
    for direction, bug in WRONG_GRADIENTS.values():
        parts = {"gradient": direction(weights), "l1": forces["l1"], "l2": forces["l2"]}
        tried.append((fit(step, parts, kept).residual, "gradient", bug))
    for penalty, bug in WRONG_PENALTIES.values():
        parts = {**forces, "l1": penalty(weights)}
        tried.append((fit(step, parts, kept).residual, "penalty", bug))
    constant = {**forces, "constant": np.ones_like(weights)}
    tried.append((fit(step, constant, kept).residual, "gradient", "a constant is added to W"))
    each = [
        fit(step[[k]], {name: force[[k]] for name, force in forces.items()}, kept[[k]]).residual
        for k in range(len(weights))
    ]
    adaptive = "the length of a step depends on the weights: gradient clipping, or an adaptive step"
    tried.append((max(each), "optimizer", adaptive))
    best = min(tried)
    line = f"{ours.residual:.2g} of the step is no part of our gradient"
    if best[0] > room + 0.05 * ours.residual:
        bug = "the gradient is of another loss than that of the tied, rectified autoencoder"
        return Identified(family="unknown", findings=[departs("gradient", line, bug)])
    return Identified(family="unknown", findings=[departs(best[1], line, best[2])])


def _parts(loop: Loop, stated: Stated, found: Fit, rng: np.random.Generator) -> Identified:
    parts = found.parts
    scale = max(abs(parts["benefit"]), abs(parts["interference"])) or 1.0
    noise = {name: 6 * error / scale for name, error in found.errors.items()}
    result = Identified(family="gradient", parts=parts)
    findings = result.findings

    def absent(name: str) -> bool:
        return abs(parts[name]) <= (_PART + noise[name]) * scale

    benefit, interference = parts["benefit"], parts["interference"]
    if absent("benefit") or benefit < 0:
        bug = "the loss lacks its target: the outputs are not compared with the inputs"
        findings.append(departs("gradient", f"benefit {benefit / scale:.3g} of interference", bug))
        return result
    if close(parts["l2"], benefit, 0.05):
        bug = "the loss lacks its target: the outputs are not compared with the inputs"
        findings.append(departs("gradient", "weights shrink where W W^T is 0", bug))
        return result
    if loop.n == 1:
        findings.append(agrees("gradient", "benefit explains the step of the only feature"))
    elif absent("interference"):
        bug = "the loss lacks the outputs other than the one that is shown (no interference)"
        findings.append(
            departs("gradient", f"interference {interference / benefit:.3g} of ours", bug)
        )
    elif not close(interference, benefit, CLOSE + noise["benefit"] + noise["interference"]):
        bug = (
            f"the interference is {interference / benefit:.3g} times ours: its gradient flows "
            "through one of the two factors W, or the outputs are weighted"
        )
        line = f"interference {interference / benefit:.4g} of benefit"
        findings.append(departs("gradient", line, bug))
    else:
        line = f"4 (ReLU(W W^T) - I) W explains the step up to {found.residual:.1g}"
        findings.append(agrees("gradient", line))
    negative = parts["negative"] / benefit
    if loop.n == 1:
        findings.append(undecided("rectifier", "one feature has no negative overlaps"))
    elif absent("negative"):
        findings.append(agrees("rectifier", f"negative overlaps act with {abs(negative):.1g}"))
    else:
        slope = np.sqrt(abs(negative))
        bug = "ReLU is missing" if negative > 0.9 else f"ReLU leaks with the slope {slope:.3g}"
        findings.append(departs("rectifier", f"negative overlaps act with {negative:.3g}", bug))
    findings.append(agrees("orientation", f"rows are features, {loop.layout}"))
    result.rate, result.lam = benefit / 4, parts["l1"] / benefit
    result.decay = parts["l2"] / result.rate
    _check_units(loop, stated, result, noise["l1"])
    if stated.lam and absent("l1") and not absent("l2"):
        bug = "the penalty is a 2-norm, or a sum of squares, of W, not the sum of |W_ik|"
        findings[-1] = departs("penalty", findings[-1].line, bug)
        return result
    _check_decay(stated, result, absent("l2"))
    if stated.lam:
        _penalty(loop, stated, result, rng)
    return result


def _check_units(loop: Loop, stated: Stated, result: Identified, noise: float) -> None:
    scale = result.rate / stated.learning_rate if stated.learning_rate else None
    ratio = result.lam / stated.lam if stated.lam else None
    room = CLOSE + (noise / stated.lam if stated.lam else 0.0)
    if ratio and stated.learning_rate and close(ratio * stated.learning_rate, 1, 0.02):
        bug = "the threshold of the proximal step lacks the learning rate"
        result.findings.append(departs("units", f"l1 weight {ratio:.3g} times ours", bug))
        return
    if not stated.lam and abs(result.lam) > _PART:
        line = f"l1 weight {result.lam:.3g}"
        result.findings.append(departs("units", line, "there is an l1 term, but lam=0 was stated"))
        return
    sizes = {"n": loop.n, "m": loop.m, "instances": loop.instances}
    result.findings += units(scale=scale, ratio=ratio, room=room, **sizes)  # type: ignore[arg-type]


def _check_decay(stated: Stated, result: Identified, absent: bool) -> None:
    expected = stated.weight_decay or 0.0
    line = f"decay of the weights {0.0 if absent else result.decay:.3g} per unit of learning rate"
    if (absent and not expected) or (
        expected and abs(result.decay - expected) < 0.05 * expected + _PART
    ):
        result.findings.append(agrees("weight decay", line))
        return
    bug = (
        f"there is weight decay of {result.decay:.3g}; {expected:g} was stated"
        if not absent
        else f"the weight decay {expected:g} is missing"
    )
    result.findings.append(departs("weight decay", line, bug))


def _penalty(loop: Loop, stated: Stated, result: Identified, rng: np.random.Generator) -> None:
    """Small weights show the kind of the l1 step, zero ones whether they can grow again."""
    weights, small, zero = probes.with_small_and_zero(loop.n, loop.m, rng)
    after = loop.first_step(weights)
    shrink = result.parts["l1"]
    forces = columns(weights)
    pull = sum(result.parts[name] * forces[name] for name in result.parts if name != "l1")
    held = small & (np.abs(pull) < 0.5 * shrink)
    moved = zero & (np.abs(pull) > 2 * shrink)
    if held.sum() < 3:
        result.findings.append(undecided("penalty", "no small weight is held by l1 alone"))
    elif (after[held] == 0).mean() > 0.9:
        result.l1 = "proximal"
    else:
        result.l1 = "subgradient"
    if result.l1 != "unknown":
        line = f"the l1 step is {result.l1}"
        wrong = stated.l1 not in (None, result.l1)
        bug = f"the l1 step is {result.l1}, but {stated.l1} was stated"
        result.findings.append(departs("penalty", line, bug) if wrong else agrees("penalty", line))
    if moved.sum() >= 3:
        still = float((after[moved] == 0).mean())
        line = f"{100 * (1 - still):.0f} % of the zero weights grow under a force larger than l1"
        bug = "weights at zero are masked: they cannot grow again, as interference makes them"
        result.findings.append(
            departs("zero weights", line, bug) if still > 0.1 else agrees("zero weights", line)
        )
