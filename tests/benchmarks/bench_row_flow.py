"""Row flow against the explicit Euler loop: m = 1e5, lambda = 1e-5, dt = .5, to t = 3e4.

Prints median processor times of five runs each: the exact flow, all extinction times, an Euler
loop that moves all weights at every step and one that moves only those still alive; their ratios;
and the error of each against the two equations integrated by an implicit Runge-Kutta method
at tolerance 1e-11.
"""

import json
import time

import numpy as np
from scipy.integrate import solve_ivp

from polysem import numerics

M, LAM, STEP = 100_000, 1e-5, 0.5
TIMES = np.array([10.0, 1e2, 1e3, 1e4, 3e4])


def euler(row, *, keep_dead):
    """The explicit loop."""
    weights, live, l1 = np.abs(row), [], []
    for step in range(1, round(TIMES[-1] / STEP) + 1):
        growth = STEP * (1 - weights @ weights)
        if keep_dead:
            weights += growth * weights - STEP * LAM
            np.maximum(weights, 0, out=weights)
        else:
            weights = weights * (1 + growth) - STEP * LAM
            weights = weights[weights > 0]
        if step * STEP in TIMES:
            live.append(np.count_nonzero(weights))
            l1.append(weights.sum())
    return np.array(live), np.array(l1)


def reference(row):
    """u' = -2 (u - M2(B)), B' = lambda sqrt(u), by an implicit Runge-Kutta method."""
    ordered = np.sort(np.abs(row))
    first = np.concatenate([np.cumsum(ordered[::-1])[::-1], [0.0]])
    second = np.concatenate([np.cumsum(ordered[::-1] ** 2)[::-1], [0.0]])

    def moments(threshold):
        dead = np.searchsorted(ordered, threshold, side="right")
        live = M - dead
        m1 = first[dead] - live * threshold
        return live, m1, second[dead] - 2 * threshold * first[dead] + live * threshold**2

    run = solve_ivp(
        lambda _, s: (-2 * (s[0] - moments(s[1])[2]), LAM * np.sqrt(s[0])),
        (0, TIMES[-1]),
        (1.0, 0.0),
        method="Radau",
        rtol=1e-11,
        atol=1e-15,
        t_eval=TIMES,
    )
    live, m1, _ = np.array([moments(threshold) for threshold in run.y[1]]).T
    return live.astype(int), m1 / np.sqrt(run.y[0])


def timed(work, repeats):
    seconds = []
    for _ in range(repeats):
        start = time.process_time()
        value = work()
        seconds.append(time.process_time() - start)
    return float(np.median(seconds)), value


def main():
    row = np.random.RandomState(0).normal(0, 0.9 / np.sqrt(M), M)
    flow_seconds, flow = timed(lambda: numerics.row_flow(row, LAM, TIMES), 5)
    death_seconds, deaths = timed(lambda: numerics.extinction_times(row, LAM), 5)
    loop_seconds, (loop_live, loop_l1) = timed(lambda: euler(row, keep_dead=True), 5)
    lean_seconds, _ = timed(lambda: euler(row, keep_dead=False), 5)
    live, l1 = reference(row)
    result = {
        "row_flow seconds": flow_seconds,
        "extinction_times seconds": death_seconds,
        "euler seconds, all weights": loop_seconds,
        "euler seconds, live weights only": lean_seconds,
        "ratio to row_flow, all weights": loop_seconds / flow_seconds,
        "ratio to row_flow, live weights only": lean_seconds / flow_seconds,
        "live, reference": live.tolist(),
        "live, row_flow": flow.live.tolist(),
        "live, from extinction times": [int((deaths > t).sum()) for t in TIMES],
        "live, euler": loop_live.tolist(),
        "largest relative error of l1, row_flow": float(np.max(abs(flow.l1_norm / l1 - 1))),
        "largest relative error of l1, euler": float(np.max(abs(loop_l1 / l1 - 1))),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
