"""All benchmarks of the training loop; writes results.md and paper_notes/data/benchmark.csv.

Ratios are of medians of at least five timings, the two sides timed in turn within one process.
Against the authors' program both sides have the same number of threads; against our own program
in PyTorch its time is the shorter of those on one and on two. Each section says what it does
otherwise.
"""

import argparse
import csv
import gc
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
from functools import partial
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from polysem import numerics
from polysem.numerics._files import write_text

HERE = Path(__file__).resolve().parent
PAGE = HERE / "results.md"
TABLE = HERE.parents[1] / "paper_notes" / "data" / "benchmark.csv"
LAM = 2.5e-4  # the authors' lambda_code = 1e-3
AUTHORS_STEPS = 7500
REPEATS = 5
DEFAULT_STEP = "quasistatic, rel = 0.1"
AUTHORS = "PyTorch, AdamW, 7500 steps"


def start(n, m, seed=0, dtype=np.float32):
    return numerics.initial_weights(n, m, np.random.default_rng([n, m, seed]), dtype=dtype)


def median_seconds(action, repeats=REPEATS):
    times = []
    for repeat in range(repeats):
        gc.collect()
        begun = time.perf_counter()
        action(repeat)
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def faster_of_threads(action, repeats=REPEATS, threads=(1, 2)):
    """The median on one thread and on two; the smaller, and its number of threads."""
    import torch

    medians = {}
    for count in threads:
        torch.set_num_threads(count)
        with threadpool_limits(count):
            medians[count] = median_seconds(action, repeats)
    best = min(medians, key=medians.get)
    return medians[best], best


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def machine():
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    import torch

    return (
        f"{os.cpu_count()} cores, {model}; Python {platform.python_version()}, "
        f"NumPy {np.__version__}, PyTorch {torch.__version__}"
    )


def clocks(action, repeat):
    """Wall time and processor time of a call."""
    gc.collect()
    begun = time.perf_counter(), time.process_time()
    action(repeat)
    return time.perf_counter() - begun[0], time.process_time() - begun[1]


def against_authors_program():
    """Time to the final number of polysemantic neurons of one network, the sides in turn."""
    import torch
    from torch_programs import AuthorsProgram

    rows, values = [], []
    for m, block, threads in ((1024, 20, 1), (1024, 20, 2), (4096, 6, 1), (4096, 6, 2)):
        program, counts = AuthorsProgram(start(256, m)), {}

        def theirs(_, program=program, block=block):
            for _ in range(block):
                program.step()

        def ours(name, seed, m=m, counts=counts, **settings):
            run = numerics.train(start(256, m, seed), LAM, **settings)
            assert run.outcome is numerics.Outcome.CONVERGED
            counts.setdefault(name, []).append(int(numerics.polysemantic_neurons(run.weights)))

        sides = {
            f"quasistatic, rel = {rel}": {"optimizer": "quasistatic", "rel": rel}
            for rel in (0.1, 0.05)
        }
        if m == 1024 and threads == 1:
            sides["splitting"] = {"optimizer": "splitting"}
        times = {name: [] for name in (AUTHORS, *sides)}
        torch.set_num_threads(threads)
        with threadpool_limits(threads):
            theirs(0)
            for repeat in range(REPEATS):
                times[AUTHORS].append(np.array(clocks(theirs, repeat)) * AUTHORS_STEPS / block)
                for name, settings in sides.items():
                    action = partial(ours, name, **settings)
                    times[name].append(clocks(action, repeat))
        whole = np.array(times[AUTHORS])
        for name, taken in times.items():
            wall, cpu = np.median(taken, axis=0)
            row = (m, threads, name, f"{wall:.2f} s", f"{cpu:.2f} s")
            if name == AUTHORS:
                rows.append((*row, "", "", ""))
                continue
            medians = np.median(whole, axis=0) / np.median(taken, axis=0)
            paired = whole / np.array(taken)
            texts = [
                f"{middle:.0f} ({low:.0f} to {high:.0f})"
                for middle, low, high in zip(
                    medians, paired.min(axis=0), paired.max(axis=0), strict=True
                )
            ]
            rows.append((*row, *texts, f"{statistics.mean(counts[name]):.1f}"))
            case = f"m = {m}, threads = {threads}: {name}"
            quoted = threads == 1 and name != DEFAULT_STEP  # in the README
            values.append((f"{case}{',' if quoted else ':'} ratio", f"{medians[0]:.0f}"))
            values.append((f"{case}: ratio of processor times", f"{medians[1]:.0f}"))
    head = ("m", "threads", "program", "time", "CPU time", "ratio", "ratio of CPU times", "mean K")
    text = (
        "n = 256, lambda_code = 1e-3, float32, five networks. PyTorch's time is 7500 times that of "
        "a step, whose cost does not change with the steps; ours are whole runs to rest. Ratios of "
        "medians; in brackets the smallest and the largest ratio of two timings in turn.\n\n"
    )
    return text + table(head, rows), values


def against_hand_written_torch():
    """The same proximal flow to rest, with the same hand-written gradient on both sides."""
    from torch_programs import hand_flow

    rows = []
    for n, m, lam, dtype in (
        (64, 256, 0.01, np.float64),
        (64, 256, 0.001, np.float64),
        (256, 1024, LAM, np.float32),
    ):
        initial = start(n, m, dtype=dtype)
        rest = numerics.train(initial, lam, optimizer="splitting")
        needed = round(float(rest.time) / numerics.Flow().safety)  # the step is safety at the end
        block = min(needed, 100)
        seconds, threads = faster_of_threads(
            lambda _, initial=initial, lam=lam, block=block: hand_flow(
                initial, lam, max_steps=block
            )
        )
        whole = seconds / block * needed
        case = (n, m, f"{lam:g}", np.dtype(dtype).name)
        rows.append((*case, "our own program, PyTorch", f"{whole:.2f} s", threads, "", needed))
        for name in ("flow", "splitting", "quasistatic"):
            if name == "flow" and m > 256:
                continue
            steps = []

            def ours(_, initial=initial, lam=lam, steps=steps, name=name):
                steps.append(int(numerics.train(initial, lam, optimizer=name).steps))

            seconds, threads = faster_of_threads(ours, threads=(1,))
            ratio = f"{whole / seconds:.1f}"
            rows.append((*case, name, f"{seconds:.2f} s", threads, ratio, steps[0]))
    head = ("n", "m", "lambda", "type", "program", "time", "threads", "ratio", "steps")
    values = [
        (f"n = {row[0]}, m = {row[1]}, lambda = {row[2]}: {row[4]}, ratio", row[7])
        for row in rows
        if row[7]
    ]
    text = (
        "PyTorch's time is that of a step (dense, medians of blocks of 100) times the number of "
        "steps to the time at which the network rests; ours are whole runs.\n\n"
    )
    return text + table(head, rows), values


def dense_phase():
    """Share of the matrix-product rate that numpy.dot reaches on the same shapes."""
    rows = []
    with threadpool_limits(1):
        for n, m in ((256, 1024), (256, 4096), (512, 2048)):
            for dtype in (np.float32, np.float64):
                weights = start(n, m, dtype=dtype)[None]
                square = np.random.default_rng(0).standard_normal((n, n)).astype(dtype)
                out = np.empty_like(weights[0])
                flow, problem = numerics.Flow(), numerics.Problem(lam=LAM)
                limit = np.array([np.inf])
                product, step = [], []
                for _ in range(21):
                    begun = time.process_time()
                    np.dot(square, weights[0], out=out)
                    product.append(time.process_time() - begun)
                    begun = time.process_time()
                    flow.step(weights, problem, limit, None)
                    step.append(time.process_time() - begun)
                product, step = statistics.median(product), statistics.median(step)
                work = 2 * n * n * m
                rows.append(
                    (
                        n,
                        m,
                        np.dtype(dtype).name,
                        f"{work / product / 1e9:.0f}",
                        f"{2 * work / step / 1e9:.0f}",
                        f"{200 * product / step:.0f} %",
                        f"{150 * product / step:.0f} %",
                    )
                )
    head = (
        "n",
        "m",
        "type",
        "dot, GFLOP/s",
        "a step, GFLOP/s",
        "share",
        "share, W W^T counted half",
    )
    return (
        "A step is two products, W W^T and (.) W, and a shrink; one thread; medians of 21, CPU "
        "seconds. NumPy computes W W^T as a symmetric product, with half the operations.\n\n"
        + table(head, rows)
    ), [(f"n = {row[0]}, m = {row[1]}, {row[2]}: share of the rate of dot", row[5]) for row in rows]


def peak_megabytes(action):
    """Largest sum of what Python and NumPy hold at once in the course of a call."""
    tracemalloc.start()
    action(0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def cost():
    """Seconds to rest and memory against n, m and lambda, with fitted exponents."""
    texts = []
    grid = {
        "flow": [(n, m, lam) for n in (32, 128) for m in (128, 512) for lam in (0.02, 0.005)],
        "splitting": [
            (n, m, lam) for n in (32, 128) for m in (128, 512) for lam in (0.005, 0.0005)
        ],
        "quasistatic": [(n, m, 0.001) for n in (32, 64, 128, 256) for m in (128, 512, 2048)],
    }
    with threadpool_limits(1):
        for name, cells in grid.items():
            seconds, peaks = [], []
            for n, m, lam in cells:

                def run(seed, n=n, m=m, lam=lam, name=name):
                    numerics.train(start(n, m, seed), lam, optimizer=name)

                seconds.append(median_seconds(run))
                peaks.append(peak_megabytes(run))
            logs = np.log(np.array(cells))
            if len(set(logs[:, 2])) == 1:
                logs = logs[:, :2]
            design = np.column_stack([np.ones(len(logs)), logs])
            fit, *_ = np.linalg.lstsq(design, np.log(seconds), rcond=None)
            spread = np.exp(np.std(np.log(seconds) - design @ fit))
            powers = " ".join(
                f"{letter}^{power:.2f}"
                for letter, power in zip(("n", "m", "lambda"), fit[1:], strict=False)
            )
            texts.append(f"{name}: seconds ~ {powers} (factor {spread:.2f} about the fit)\n")
            texts.append(
                table(
                    ("n", "m", "lambda", "seconds", "peak memory, MB"),
                    [
                        (*cell, f"{value:.3f}", f"{peak:.1f}")
                        for cell, value, peak in zip(cells, seconds, peaks, strict=True)
                    ],
                )
            )
    text = "float32, one thread, one network.\n\n" + "\n\n".join(texts)
    return text, [(part.split(":")[0], part.split(": ")[1].strip()) for part in texts[::2]]


def large():
    """One network of n = 1024, m = 16384 to rest, once, in a process of its own."""
    code = (
        "import resource, time, numpy as np; from polysem import numerics as p;"
        "w = p.initial_weights(1024, 16384, np.random.default_rng(0), dtype=np.float32);"
        "begun = time.perf_counter(); run = p.train(w, 0.0, optimizer='quasistatic');"
        "seconds = time.perf_counter() - begun;"
        "print(run.outcome.name, int(run.steps), f'{seconds:.0f}',"
        " resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,"
        " int(p.polysemantic_neurons(run.weights)))"
    )
    threads = str(os.cpu_count())
    environment = {**os.environ, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    outcome, steps, seconds, memory, count = done.stdout.split()
    head = ("n", "m", "outcome", "steps", "seconds", "peak memory, MB", "K")
    text = f"The limit, float32, {threads} threads, one run.\n\n"
    return text + table(head, [(1024, 16384, outcome, steps, seconds, memory, count)]), [
        ("n = 1024, m = 16384 to rest: seconds", seconds),
        ("n = 1024, m = 16384 to rest: peak memory, MB", memory),
    ]


def winners():
    """The accelerated runs against a plain dense float64 run with small steps, 50 networks."""
    draws = np.random.default_rng(20231206)
    totals = {"flow": 0, "splitting, rel = .0025": 0}
    features, plain_count, kept = 0, [], {name: [] for name in totals}
    for case in range(50):
        n, m = int(draws.integers(4, 41)), int(draws.integers(8, 129))
        n = min(n, m)
        lam = float(10 ** draws.uniform(-2.3, -1.3))
        initial = start(n, m, case, np.float64)
        plain = numerics.train(initial, lam, safety=0.05, reduce=False).weights
        features += n
        plain_count.append(int(numerics.polysemantic_neurons(plain)))
        for name, settings in (
            ("flow", {}),
            ("splitting, rel = .0025", {"optimizer": "splitting", "rel": 0.0025}),
        ):
            fast = numerics.train(initial, lam, **settings).weights
            totals[name] += int(numerics.retained_winners(plain, fast).sum())
            kept[name].append(int(numerics.polysemantic_neurons(fast)))
    rows = []
    for name, same in totals.items():
        difference = np.array(kept[name]) - plain_count
        rows.append(
            (
                name,
                features,
                features - same,
                f"{100 * same / features:.2f} %",
                f"{np.mean(plain_count):.3f}",
                f"{difference.mean():+.3f} ({difference.std(ddof=1) / 50**0.5:.3f})",
            )
        )
    head = (
        "run",
        "features",
        "other winner",
        "same winner and sign",
        "K, plain",
        "K, difference (standard error)",
    )
    return (
        "50 random networks: n in 4..40, m in n..128, lambda in .005...05 (log-uniform). The plain "
        "run is dense, float64, with steps an eighth of the default, nothing left out.\n\n"
        + table(head, rows)
    ), [(f"{row[0]}: same winner and sign", row[3]) for row in rows]


def row_flow():
    """The exact row against the Euler loop, by its own program."""
    done = subprocess.run(
        [sys.executable, str(HERE / "bench_row_flow.py")],
        capture_output=True,
        text=True,
        check=True,
    )
    result = json.loads(done.stdout)
    values = [(name, f"{value:.3g}") for name, value in result.items() if isinstance(value, float)]
    return "```\n" + done.stdout.strip() + "\n```", values


SECTIONS = {
    "Against the authors' program in PyTorch": against_authors_program,
    "Against our own gradient-flow program in PyTorch": against_hand_written_torch,
    "Dense phase": dense_phase,
    "Winners do not depend on the acceleration": winners,
    "Cost": cost,
    "A large network": large,
    "One row": row_flow,
}


def put(title, text, values):
    """Replace one section of the page and its lines of the table; the others stay."""
    parts = PAGE.read_text(encoding="utf-8").split("\n## ")[1:] if PAGE.exists() else []
    sections = {part.split("\n")[0]: part.split("\n", 1)[1].strip() for part in parts}
    sections[title] = text
    page = ["# Benchmarks", "Written by `make bench`."]
    order = [name for name in SECTIONS if name in sections]
    order += [name for name in sections if name not in SECTIONS]
    page += [f"## {name}\n\n{sections[name]}" for name in order]
    write_text(PAGE, "\n\n".join(page) + "\n")
    with TABLE.open(encoding="utf-8", newline="") as file:
        old = [row for row in csv.reader(file) if row]
    rows = [row for row in old if row[0] not in ("benchmark", title)]
    rows += [(title, *pair) for pair in values]
    rows.sort(key=lambda row: list(SECTIONS).index(row[0]))
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(("benchmark", "quantity", "value"))
    writer.writerows(rows)
    write_text(TABLE, lines.getvalue())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="a word of the section's title")
    only = parser.parse_args().only.lower()
    for title, section in SECTIONS.items():
        if only in title.lower():
            conditions, load = machine(), f"{os.getloadavg()[0]:.1f}"
            print(f"{title} ...", file=sys.stderr, flush=True)
            text, values = section()
            print(text, flush=True)
            values = [("machine", conditions), *values, ("load average before", load)]
            put(title, f"{conditions}; load average {load} before.\n\n{text}", values)


if __name__ == "__main__":
    main()
