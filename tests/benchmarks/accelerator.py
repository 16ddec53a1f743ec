"""Networks per second on an accelerator: limit, flow and AdamW, and the authors' program.

Writes a row to the table as soon as it is measured: our training in PyTorch on the device, the
authors' program on the same device, and our training in NumPy on the processor, all in float32.
A row that the time no longer allows is left out and named. AdamW and the authors' program are
timed over a block of steps, whose cost does not change, and counted as 7500 steps.
"""

import argparse
import csv
import platform
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch_programs import AuthorsProgram

from polysem import numerics

STEPS = 7500  # of the authors' program
HEAD = ("program", "n", "m", "networks", "seconds", "networks per second", "computed on")
# n, m; networks together on the device, networks on the processor, steps of a block
SIZES = {
    "full": [(64, 256, 4096, 16, 200), (256, 1024, 512, 1, 100), (1024, 4096, 16, 0, 40)],
    "small": [(4, 16, 8, 2, 3), (6, 24, 4, 0, 3)],
}
LAM = {"limit": 0.0, "flow": 0.03, "adamw": 2.5e-4}


def start(n, m, networks):
    rng = np.random.default_rng([n, m, 0])
    return numerics.initial_weights(n, m, rng, instances=networks, dtype=np.float32)


def ours(name, initial, block, device):
    """A function that trains the networks, and the factor from its time to that of whole runs."""
    steps = {"steps": block} if name == "adamw" else {}
    optimizer = {"limit": "quasistatic"}.get(name, name)

    def run():
        with numerics.training_on(device, "float32"):
            numerics.train(initial, LAM[name], optimizer=optimizer, **steps)

    return run, STEPS / block if steps else 1.0


def authors(initial, block, device):
    """The same for the authors' program."""
    program = AuthorsProgram(initial, device=device)

    def run():
        for _ in range(block):
            program.step()
        float(program.weights.detach()[0, 0, 0])  # waits for the device

    return run, STEPS / block


def rows(sizes, device):
    """What to measure: the most telling first."""
    for n, m, networks, on_processor, block in sizes:
        for name in LAM:
            yield name, n, m, networks, device, ours, (name, block)
        yield "the authors' program", n, m, networks, device, authors, (block,)
        for name in LAM if on_processor else ():
            yield f"{name}, NumPy", n, m, on_processor, "cpu", ours, (name, max(1, block // 10))


def seconds(make, initial, arguments, device):
    """The time of whole runs; what a first run compiles or allocates does not count."""
    *name, block = arguments
    warm, _ = make(*name, initial[:1, :8, :32], 2, device)
    warm()
    run, factor = make(*name, initial, block, device)
    begun = time.perf_counter()
    run()
    return factor * (time.perf_counter() - begun)


def hardware(device):
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(torch.device(device))
    return f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda", help="A device of PyTorch; cpu:0 for a trial.")
    parser.add_argument("--out", type=Path, required=True, help="The table, a .csv file.")
    parser.add_argument("--sizes", choices=SIZES, default="full")
    parser.add_argument("--limit", type=float, default=480, help="Seconds after which to end.")
    given = parser.parse_args()
    begun, left_out = time.perf_counter(), []
    with given.out.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(HEAD)
        for name, n, m, networks, device, make, arguments in rows(SIZES[given.sizes], given.device):
            if time.perf_counter() - begun > given.limit:
                left_out.append(f"{name} ({n}, {m})")
                continue
            taken = seconds(make, start(n, m, networks), arguments, device)
            where = hardware(device)
            rate = f"{networks / taken:.4g}"
            table.writerow((name, n, m, networks, f"{taken:.3g}", rate, f"{device}: {where}"))
            file.flush()
            print(f"{name} ({n}, {m}): {networks / taken:.4g} networks per second", flush=True)
    if left_out:
        print(f"No time was left for {', '.join(left_out)}.", file=sys.stderr)


if __name__ == "__main__":
    main()
