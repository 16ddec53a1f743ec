"""Row flow against the explicit Euler loop: m = 1e5, lambda = 1e-5, to t = 3e4.

Prints the median times of five runs of the exact flow, the time of the loop, their ratio, and
the error of each against the two equations integrated by another method at tolerance 1e-13.
"""

import json
import time

import numpy as np
from scipy.integrate import solve_ivp

from polysem import numerics

M, LAM, STEP = 100_000, 1e-5, 0.5
TIMES = np.array([10.0, 1e2, 1e3, 1e4, 3e4])


def euler(row):
    """The explicit loop: every step moves all weights that are still alive."""
    weights, live, l1 = np.abs(row), [], []
    for step in range(1, round(TIMES[-1] / STEP) + 1):
        rate = (1 - weights @ weights) * weights - LAM
        weights = weights + STEP * rate
        weights = weights[weights > 0]
        if step * STEP in TIMES:
            live.append(len(weights))
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
        start = time.perf_counter()
        value = work()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds)), value


def main():
    row = np.random.RandomState(0).normal(0, 0.9 / np.sqrt(M), M)
    exact_seconds, flow = timed(lambda: numerics.row_flow(row, LAM, TIMES), 5)
    death_seconds, deaths = timed(lambda: numerics.extinction_times(row, LAM), 5)
    loop_seconds, (loop_live, loop_l1) = timed(lambda: euler(row), 1)
    live, l1 = reference(row)
    print(
        json.dumps(
            {
                "row_flow seconds": exact_seconds,
                "extinction_times seconds": death_seconds,
                "euler seconds": loop_seconds,
                "ratio": loop_seconds / exact_seconds,
                "ratio with all extinction times": loop_seconds / (exact_seconds + death_seconds),
                "live, reference": live.tolist(),
                "live, row_flow": flow.live.tolist(),
                "live, from extinction times": [int((deaths > t).sum()) for t in TIMES],
                "live, euler": loop_live.tolist(),
                "largest relative error of l1, row_flow": float(np.max(abs(flow.l1_norm / l1 - 1))),
                "largest relative error of l1, euler": float(np.max(abs(loop_l1 / l1 - 1))),
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
