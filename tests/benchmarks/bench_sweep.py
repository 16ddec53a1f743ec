"""Sweeps: the cost of a run against n, m and lambda, the overhead of a run, the gain of two cores.

``--fit`` prints the constants of numerics/sweep_cost.py; without it the sweep of 1000 runs at
n = 64, m = 256 is timed on one worker process and on two, in turn.
"""

import argparse
import itertools
import json
import os
import tempfile
import time

import numpy as np

from polysem import numerics, verify

SIZES = [(16, 64), (16, 256), (16, 1024), (64, 64), (64, 256), (64, 1024), (128, 128), (128, 512)]
LAMS = (0.1, 0.03, 0.01)
STEPS = 50


def seconds(cell):
    """Processor time of one run, its median over three seeds."""
    spec = numerics.SweepSpec(entropy=1, runs=3, cells=(cell,))
    taken = []
    for run in range(3):
        rng = spec.rng(0, run)
        initial = numerics.initial_weights(cell.n, cell.m, rng)
        started = time.process_time()
        numerics.train(initial, cell.lam, optimizer=cell.built_optimizer, rng=rng)
        taken.append(time.process_time() - started)
    return float(np.median(taken))


def fit():
    for optimizer in ("flow", "quasistatic", "sgd", "adamw"):
        fixed = optimizer in ("sgd", "adamw")
        lams = LAMS if optimizer == "flow" else (0.01,)
        settings = (("steps", STEPS),) if fixed else ()
        cells = [
            numerics.Cell(n=n, m=m, lam=lam, optimizer=optimizer, settings=settings)
            for (n, m), lam in itertools.product(SIZES, lams)
        ]
        logs = np.log([seconds(cell) / (STEPS if fixed else 1) for cell in cells])
        columns = [
            [1.0, np.log(cell.n / 64), np.log(cell.m / 256), np.log(cell.lam / 0.01)]
            for cell in cells
        ]
        table = np.array(columns)[:, : 4 if optimizer == "flow" else 3]
        solution = np.linalg.lstsq(table, logs, rcond=None)[0]
        worst = float(np.exp(np.abs(table @ solution - logs).max()))
        print(optimizer, float(np.exp(solution[0])), solution[1:].round(2).tolist(), "worst", worst)


def sweep_time(spec, scheduler, jobs):
    with tempfile.TemporaryDirectory() as folder, verify.scheduler(scheduler, jobs):
        started = time.perf_counter()
        numerics.sweep(spec, folder)
        taken = time.perf_counter() - started
        store = numerics.Store.read(folder)
        work = sum(store.seconds(chunk) for chunk in spec.chunks())
    return taken, work


def scaling(runs, lam, repeats):
    spec = numerics.SweepSpec.from_dict(
        {"entropy": 1, "runs": runs, "chunk": 10, "grid": [{"n": 64, "m": 256, "lam": lam}]}
    )
    warm = numerics.SweepSpec.from_dict(
        {"entropy": 1, "runs": 4, "chunk": 1, "grid": [{"n": 4, "m": 8, "lam": 0.1}]}
    )
    alone, together, overhead, load = [], [], [], []
    for _ in range(repeats):
        load.append(os.getloadavg()[0])
        taken, work = sweep_time(spec, "loop", 1)
        overhead.append(1000 * (taken - work) / runs)
        alone.append(taken)
        with verify.scheduler("processes", 2):
            sweep_time(warm, "processes", 2)
        together.append(sweep_time(spec, "processes", 2)[0])
    print(
        json.dumps(
            {
                "runs": runs,
                "lam": lam,
                "seconds, one process": alone,
                "seconds, two processes": together,
                "median ratio": float(np.median(np.array(alone) / np.array(together))),
                "overhead per run, milliseconds": float(np.median(overhead)),
                "load average before each repeat": load,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--lam", type=float, default=0.1)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    if options.fit:
        fit()
    else:
        scaling(options.runs, options.lam, options.repeats)
