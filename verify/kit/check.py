"""One call that checks a training loop against the theory."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import numerics
from ...numerics._types import Array
from ...numerics._validate import check_choice, check_lam, check_positive
from ..diagnosis.arrays import to_numpy
from .first_step import identify
from .identified import Stated
from .loop import Loop, UntiedError, loop_of
from .report import Finding, LoopReport, agrees, departs
from .training import Budget, later_steps, training_runs

LEVELS = {"quick": 3.0, "default": 8.0, "thorough": 120.0}
"""Seconds that the training runs of each level take at most."""

_GRADIENT = 1e-3  # relative difference that rounding in float32 does not reach
_POINTS = 5
_DIFFERENCE = 1e-4  # step of the difference quotient


def check_training_loop(
    step_or_train: Callable[..., Any],
    *,
    n: int,
    m: int,
    lam: float,
    kind: str | None = None,
    learning_rate: float | None = None,
    weight_decay: float | None = None,
    momentum: float | None = None,
    l1: str | None = None,
    module: Any = None,
    optimizer: Any = None,
    loss: Callable[..., Any] | None = None,
    gradient: Callable[..., Any] | None = None,
    instances: int | None = None,
    layout: str | None = None,
    steps: int | None = None,
    as_array: Callable[[Array], Any] = np.asarray,
    train: bool = True,
    level: str = "default",
    alpha: float = 1e-6,
    seed: int = 0,
    progress: bool | None = None,
) -> LoopReport:
    """Check a training loop of the toy model against the theory, and name the likely bugs.

    Single steps from planted weights are taken apart into the forces of the theory: this shows
    gradient, rectifier, orientation, units, weight decay, the kind of the l1 step and whether zero
    weights can grow again.  A few steps in a row show the state of the optimizer.  Whole runs
    beside ours from the same initial weights show the live weights on the way, the amplitude at
    rest, the retained winners, and the count by its law.  Only the count is random given the
    initial weights: a correct loop departs with probability at most ``alpha``.

    >>> from polysem import numerics, verify
    >>> def step(weights):  # the l1 weight is four times what it should be
    ...     moved = weights - 0.01 * numerics.gradient(weights)
    ...     return numerics.soft_threshold(moved, 0.01 * 16 * 0.05)
    >>> verify.check_training_loop(step, n=6, m=12, lam=0.05).bugs
    ('your l1 weight is four times ours: the weight of |W|_1 in the summed loss is 4 lam',)

    Parameters
    ----------
    step_or_train : callable
        ``step(W) -> W``, ``train(W) -> W`` from initial to final weights, or ``train(W, steps)``;
        with ``module`` a function without arguments that updates the module.
    n, m : int
        Features and neurons; small sizes (16, 32) are fast.
    lam : float
        The paper's lambda: a quarter of the weight of the l1 norm in the summed loss.
    kind : {"step", "train"}, optional
        What the function is; found by two calls unless given.
    learning_rate, weight_decay, momentum : float, optional
        What the loop is meant to use, for the summed loss; read from a torch optimizer.
    l1 : {"proximal", "subgradient"}, optional
        The kind of the l1 step that is meant.
    module, optimizer : object, optional
        A torch module with one weight matrix, and its optimizer; its state is cleared.
    loss, gradient : callable, optional
        The reconstruction loss and its gradient, functions of the weights; also compared with
        finite differences.
    instances : int, optional
        Networks that the function takes at once, as the first axis.
    layout : str, optional
        "features-first" (default) or "neurons-first".
    steps : int, optional
        Steps of a training run; for gradient descent by default until the weights rest.
    as_array : callable
        Makes the user's array from NumPy's: ``torch.tensor``, ``jax.numpy.asarray``.
    train : bool
        Whether to make training runs.
    level : {"quick", "default", "thorough"}
        Training runs of about 3, 8 or 120 seconds of your loop.
    alpha : float
        Probability that a correct loop departs in a random point.
    seed : int
        Of all draws.
    progress : bool, optional
        Print what is being done to stderr; by default on a terminal.

    Returns
    -------
    LoopReport
        One finding for each point.

    Raises
    ------
    ValueError
        For settings out of range, and for a function that returns another shape.

    Source
    ------
    paper_notes/test_your_training_loop.md.
    """
    check_choice("level", level, LEVELS)
    check_positive("alpha", alpha, "an error rate")
    group = (getattr(optimizer, "param_groups", None) or [{}])[0]
    stated = Stated(
        lam=check_lam(lam),
        learning_rate=group.get("lr") if learning_rate is None else learning_rate,
        weight_decay=group.get("weight_decay") if weight_decay is None else weight_decay,
        momentum=float(group.get("momentum", 0.0) if momentum is None else momentum),
        l1=l1,
    )
    rng = np.random.default_rng([seed, n, m])
    say = _sayer(sys.stderr.isatty() if progress is None else progress)
    try:
        loop = loop_of(
            step_or_train,
            n=n,
            m=m,
            kind=kind,
            module=module,
            optimizer=optimizer,
            instances=instances,
            layout=layout,
            as_array=as_array,
        )
    except UntiedError as error:
        bug = f"the layers are not tied: {error.count} weight matrices are trained"
        found = departs("tying", "a module with other parameters than one matrix", bug)
        return LoopReport(findings=(found,), alpha=alpha)
    findings: list[Finding] = [agrees("tying", "one weight matrix")]
    say("gradient and loss")
    findings += _of_functions(loop, loss, gradient, as_array, rng)
    first = None
    if loop.step is not None:
        say("single steps")
        first = identify(loop, stated, rng)
        findings += first.findings
        if first.clean:
            findings.append(later_steps(loop, stated, first, rng))
    if train and all(one.verdict != "departs" for one in findings):
        say("training runs")
        budget = Budget(seconds=LEVELS[level], alpha=alpha)
        findings += training_runs(loop, stated, first, steps, budget, rng)
    return LoopReport(findings=tuple(findings), alpha=alpha)


def _sayer(shown: bool) -> Callable[[str], None]:
    def say(words: str) -> None:
        if shown:
            print(f"polysem: checking {words}", file=sys.stderr, flush=True)

    return say


def _of_functions(
    loop: Loop,
    loss: Callable[..., Any] | None,
    gradient: Callable[..., Any] | None,
    as_array: Callable[[Array], Any],
    rng: np.random.Generator,
) -> list[Finding]:
    """The user's loss and gradient against ours, and against each other."""
    weights = rng.normal(0, loop.m**-0.5, (loop.instances or 1, loop.n, loop.m))

    def given(value: Array) -> Any:
        turned = value.swapaxes(-1, -2) if loop.layout == "neurons-first" else value
        return as_array(turned if loop.instances is not None else turned[0])

    def value(at: Array) -> float:
        assert loss is not None
        return float(np.sum(to_numpy(loss(given(at)))))

    findings = []
    if loss is not None:
        ours, yours = float(numerics.reconstruction_loss(weights).sum()), value(weights)
        line = f"loss {yours:.6g}, ours {ours:.6g}"
        good = abs(yours - ours) <= _GRADIENT * ours
        bug = f"the reconstruction loss is {yours / ours:.4g} times ours"
        findings.append(agrees("loss", line) if good else departs("loss", line, bug))
    if gradient is None:
        return findings
    shape = weights.shape
    found = np.array(to_numpy(gradient(given(weights))), float)
    yours_gradient = (found.swapaxes(-1, -2) if loop.layout == "neurons-first" else found).reshape(
        shape
    )
    difference = yours_gradient - numerics.gradient(weights)
    relative = float(np.linalg.norm(difference) / np.linalg.norm(numerics.gradient(weights)))
    line = f"relative difference {relative:.1g} from 4 (ReLU(W W^T) - I) W"
    bug = "the gradient function is not that of the summed loss"
    findings.append(
        agrees("gradient function", line)
        if relative < _GRADIENT
        else departs("gradient function", line, bug)
    )
    if loss is not None:
        findings.append(_finite_differences(weights, value, yours_gradient, rng))
    return findings


def _finite_differences(
    weights: Array, value: Callable[[Array], float], gradient: Array, rng: np.random.Generator
) -> Finding:
    """The derivative of the user's loss in random directions, by central differences."""
    worst = 0.0
    for _ in range(_POINTS):
        way = rng.standard_normal(weights.shape)
        ahead, behind = value(weights + _DIFFERENCE * way), value(weights - _DIFFERENCE * way)
        slope, expected = (ahead - behind) / (2 * _DIFFERENCE), float((gradient * way).sum())
        worst = max(worst, abs(slope - expected) / float(np.linalg.norm(gradient)))
    line = f"differences of the loss and the gradient differ by {worst:.1g}"
    if worst < 0.02:
        return agrees("finite differences", line)
    bug = "the gradient function is not the derivative of the loss function"
    return departs("finite differences", line, bug)
