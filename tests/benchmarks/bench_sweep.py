"""The overhead of a run of a sweep, and the gains of float32 and of a second worker process.

The sweep of 1000 runs at n = 64, m = 256 is timed on one worker process and on two, in turn. With
--types it is timed in float64, one network at a time, and in float32, up to 64 networks in a stack.
"""

import argparse
import json
import os
import tempfile
import time

import numpy as np

from polysem import numerics, verify


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


def types(runs, lam, repeats):
    grid = [{"n": 64, "m": 256, "lam": lam}]
    alone, stacked = (
        numerics.SweepSpec.from_dict(
            {"entropy": 1, "runs": runs, "chunk": 100, "dtype": dtype, "grid": grid}
        )
        for dtype in ("float64", "float32")
    )
    times, load = {"float64": [], "float32": []}, []
    for _ in range(repeats):
        load.append(os.getloadavg()[0])
        for name, spec in (("float64", alone), ("float32", stacked)):
            times[name].append(sweep_time(spec, "loop", 1)[0])
    ratios = np.array(times["float64"]) / np.array(times["float32"])
    print(
        json.dumps(
            {
                "runs": runs,
                "lam": lam,
                **{f"seconds, {name}": taken for name, taken in times.items()},
                "ratio of medians": float(
                    np.median(times["float64"]) / np.median(times["float32"])
                ),
                "smallest and largest ratio": [float(ratios.min()), float(ratios.max())],
                "load average before each repeat": load,
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--lam", type=float, default=0.1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--types", action="store_true")
    options = parser.parse_args()
    measure = types if options.types else scaling
    measure(options.runs, options.lam, options.repeats)
