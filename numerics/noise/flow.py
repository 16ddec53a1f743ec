"""The flow of the noise-averaged loss over long times, by an implicit method."""

from __future__ import annotations

import time as clock
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from scipy.integrate import LSODA

from .._types import Array
from .._validate import check_positive, check_times, check_weights
from ..training.solution import Outcome, Solution
from .average import averaged_gradient
from .law import Noise

_LOOK_EVERY = 16  # steps between looks at rest
_RESTING = 1e3  # at rest: at this speed no weight would move by so many tolerances until the end


@dataclass(frozen=True, kw_only=True)
class NoiseFlow:
    """The settings of :func:`noise_flow`, stored in its solution.

    >>> from polysem import numerics
    >>> numerics.NoiseFlow(noise=numerics.Noise(sigma=0.1)).tolerance
    1e-06

    Parameters
    ----------
    noise : Noise
        The law of the noise.
    tolerance : float
        Error allowed per step of the integrator, absolute and relative.

    Source
    ------
    paper_notes/noise.md.
    """

    name: ClassVar[str] = "noise flow"

    noise: Noise
    tolerance: float = 1e-6


def noise_flow(
    initial: Array, noise: Noise, times: Iterable[float], *, tolerance: float = 1e-6
) -> Solution:
    r"""Weights along the gradient flow of the noise-averaged loss.

    :math:`dW/dt = -\tfrac14 \nabla L(W)`, integrated by LSODA. Its Newton steps use the Jacobian
    of the Gaussian closed form at the same sigma, which is cheap; the error control acts on the
    exact gradient, so this choice costs steps and no accuracy. A network has come to rest, and its
    run ends, when at its speed no weight would move by a thousand tolerances until the last time.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(4, 8, np.random.default_rng(0))
    >>> run = numerics.noise_flow(start, numerics.Noise(sigma=0.2), times=[0, 50, 500])
    >>> run.records["weights"].shape
    (3, 4, 8)

    Parameters
    ----------
    initial : numpy.ndarray, shape (n, m) or (networks, n, m)
        Initial weights.
    noise : Noise
        The law of the noise.
    times : sequence of float
        Increasing flow times at which to keep the weights; the last ends the run, as asked.
    tolerance : float
        Error allowed per step of the integrator.

    Returns
    -------
    Solution
        With the weights in ``records["weights"]``, shape (times, ...) + initial.shape.

    Raises
    ------
    ValueError
        For wrong times or weights, or if the exact average takes too much memory or time.

    Source
    ------
    paper_notes/noise.md.
    """
    initial = check_weights("initial", initial).astype(float)
    times = check_times("times", times)
    if not times.size:
        raise ValueError("Got times=[]; give at least one time.")
    settings = NoiseFlow(
        noise=noise, tolerance=check_positive("tolerance", tolerance, "an error per step")
    )
    started = clock.perf_counter()
    batch = initial if initial.ndim == 3 else initial[None]
    paths = [_one_path(start, times, settings) for start in batch]
    weights, outcomes, ends, steps, evaluations = zip(*paths, strict=True)
    path = np.stack(weights, axis=1)
    return Solution.of_stack(
        initial,
        partial_weights=path[-1],
        lam=0.0,
        optimizer=settings,
        outcomes=np.array(outcomes, dtype=object),
        time=np.array(ends),
        steps=np.array(steps),
        records={"time": times, "weights": path},
        stats={"seconds": clock.perf_counter() - started, "evaluations": sum(evaluations)},
    )


def _one_path(
    start: Array, times: Array, settings: NoiseFlow
) -> tuple[Array, Outcome, float, int, int]:
    """Weights at the times, outcome, end of the run, steps and evaluations of one network."""
    n, m = start.shape
    noise, guide = settings.noise, replace(settings.noise, law="gaussian", excess_kurtosis=None)
    nudge = 1e-6 * np.eye(n * m).reshape(-1, n, m)

    def speed(_: float, flat: Array) -> Array:
        return -0.25 * averaged_gradient(flat.reshape(n, m), noise).ravel()

    def jacobian(_: float, flat: Array) -> Array:
        here = flat.reshape(n, m)
        rise = averaged_gradient(here + nudge, guide) - averaged_gradient(here - nudge, guide)
        return -0.25 * rise.reshape(n * m, n * m).T / 2e-6

    path = np.empty((len(times), n, m))
    done = int(times[0] == 0)
    path[:done] = start
    solver = LSODA(
        speed,
        0.0,
        start.ravel(),
        max(times[-1], np.finfo(float).tiny),
        jac=jacobian,
        rtol=settings.tolerance,
        atol=settings.tolerance,
    )
    outcome, steps = Outcome.COMPLETED, 0
    while solver.status == "running" and done < len(times):
        solver.step()
        if solver.status == "failed":
            outcome = Outcome.DIVERGED
            path[done:] = np.nan
            break
        steps += 1
        reached = int(np.searchsorted(times, solver.t, side="right"))
        if reached > done:
            path[done:reached] = solver.dense_output()(times[done:reached]).T.reshape(-1, n, m)
            done = reached
        if steps % _LOOK_EVERY == 0:
            fastest = float(np.abs(speed(0.0, solver.y)).max())
            if fastest * (times[-1] - solver.t) < _RESTING * settings.tolerance:
                outcome = Outcome.CONVERGED
                path[done:] = solver.y.reshape(n, m)
                break
    return path, outcome, float(solver.t), steps, solver.nfev
