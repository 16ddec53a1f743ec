"""AdamW by the compiled program adam_rows.c, many times faster than numerics.train.

    adam_rows.py n m lam networks [steps]

trains networks that start from Networks.start (polysem.verify.optimizer.runs) and prints one line
with the columns of Counted.row().

    adam_rows.py --pairs m lam events [most]

trains pairs of rows twice, in the reduced model and as they are, until so many pairs have ended on
one neuron in each of the two, or until about ``most`` pairs are trained. It prints one line: m,
lam, pairs, then the pairs on one neuron and the retained fraction in the reduced model, and the
same two numbers of the pairs as they are.

The order of the sums depends on the machine, so near-ties of two weights may end otherwise on
another machine: up to some three rows in a thousand (tests/numerics/optimizer/test_program.py).
"""

import argparse
import csv
import ctypes
import math
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from polysem import numerics
from polysem.numerics.optimizer.reduced import CUT, _Race
from polysem.verify.optimizer.runs import Networks

SOURCE = Path(__file__).with_suffix(".c")
FLAGS = ["-std=c11", "-O3", "-march=native", "-ffast-math", "-fopenmp-simd", "-fPIC"]
LEAVE_OUT = 0.0009
"""Lambda from which neurons whose weights have all changed sign are left out.

At lam = .001 it ends 11 of 2000 rows of pairs on 2048 neurons elsewhere, and another rounding 3.
In six other settings, lam from .0009 to .002, it ends 6 of 16312 elsewhere, another rounding 10.
"""
ALIVE = 0.5  # least size of the weight on which a row ends
PAIR_ENTROPY, PAIR_STEPS = 20261128, 9000
FEWEST_PAIRS, BLOCK = 50, 1 << 18  # pairs, and weights, that are drawn at once


class _Setting(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_float) for name in ("lam", "rate", "beta1", "beta2", "decay")),
        *((name, ctypes.c_int) for name in ("steps", "warm_up", "leave_out")),
    )


def compiler():
    """The C compiler: that of the variable CC, or cc; None if there is none."""
    return shutil.which(os.environ.get("CC", "cc"))


@cache
def program():
    """The compiled program.

    It is linked in a step of its own, without -ffast-math, with which some compilers make the whole
    process round subnormal numbers to zero.
    """
    if compiler() is None:
        raise RuntimeError("Found no C compiler; install one as cc, or name it by the variable CC.")
    with tempfile.TemporaryDirectory() as folder:
        compiled, library = Path(folder, "adam_rows.o"), Path(folder, "adam_rows.so")
        for options in (
            [*FLAGS, "-c", SOURCE, "-o", compiled],
            ["-shared", compiled, "-o", library, "-lm"],
        ):
            subprocess.run([compiler(), *options], check=True)
        return ctypes.CDLL(str(library)).train


def _pointer(array):
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_float))


def trained(start, setting, *, leave_out=None, counts=None):
    """The final weights of a stack of networks, or with counts of pairs in the reduced model."""
    weights = np.array(start, np.float32, order="C")
    if counts is not None:
        counts = np.ascontiguousarray(counts, np.float32)
    given = _Setting(
        lam=setting.lam,
        rate=setting.learning_rate,
        beta1=setting.beta1,
        beta2=setting.beta2,
        decay=setting.weight_decay,
        steps=setting.steps,
        warm_up=setting.warm_up,
        leave_out=setting.lam >= LEAVE_OUT if leave_out is None else leave_out,
    )
    program()(
        _pointer(weights),
        None if counts is None else _pointer(counts),
        *map(ctypes.c_int, weights.shape),
        ctypes.byref(given),
    )
    return weights


def reduced(sizes, setting):
    """Pairs of rows in the reduced model, from initial sizes of shape (pairs, 2, m)."""
    race = _Race(sizes.astype(np.float32), CUT)
    bins = race.bins

    def apart(values):
        """The bins of the two rows in columns of their own."""
        own = [values[..., :bins] * np.array(rows)[:, None] for rows in ((1, 0), (0, 1))]
        return np.concatenate([*own, values[..., bins:]], axis=-1)

    final = trained(apart(race.weights), setting, leave_out=True, counts=apart(race.counts))
    both = final[..., :bins] + final[..., bins : 2 * bins]
    race.weights = np.concatenate([both, final[..., 2 * bins :]], axis=-1)
    race._store(np.ones(len(sizes), bool))
    return race._result()


@dataclass(frozen=True, kw_only=True)
class Compiled(Networks):
    """Networks that the compiled program trains."""

    def trained(self):
        """Initial and final weights, some networks at a time."""
        some = max(1, BLOCK // (self.n * self.m))
        for first in range(0, self.networks, some):
            seeds = range(first, min(first + some, self.networks))
            start = np.stack([self.start(seed) for seed in seeds])
            yield start, trained(start, self)


def pairs_row(m, lam, events, most=math.inf):
    """The row of --pairs."""
    setting = Networks(n=2, m=m, lam=lam, networks=1, steps=PAIR_STEPS)
    rng = np.random.default_rng([PAIR_ENTROPY, m, round(lam * 1e6)])
    some = max(FEWEST_PAIRS, BLOCK // (2 * m))
    pairs, together, retained = 0, np.zeros(2, int), np.zeros(2)
    while together.min() < events and pairs < most:
        sizes = rng.standard_normal((some, 2, m))
        start = (sizes / np.sqrt(m)).astype(np.float32)
        final = trained(start, setting)
        kept = numerics.retained_winners(start, final) & (np.abs(final).max(axis=-1) > ALIVE)
        found = reduced(sizes, setting)
        pairs += some
        together += [found.together.sum(), (numerics.polysemantic_neurons(final) > 0).sum()]
        retained += [found.retained.mean(axis=-1).sum(), kept.mean(axis=-1).sum()]
    shares = [f"{share:.4f}" for share in retained / pairs]
    return m, f"{lam:g}", pairs, together[0], shares[0], together[1], shares[1]


def networks_row(n, m, lam, networks, steps=7500):
    """The row of networks of one setting."""
    row = Compiled(n=n, m=m, lam=lam, networks=networks, steps=steps).counted().row()
    return tuple(row.values())


def _read(texts, kinds):
    """The numbers of a command line, of which the last may be missing."""
    if len(texts) not in (len(kinds) - 1, len(kinds)):
        raise ValueError(f"Got {len(texts)} numbers; give {len(kinds) - 1} or {len(kinds)}.")
    numbers = [kind(text) for kind, text in zip(kinds, texts, strict=False)]
    if not all(0 < number < math.inf for number in numbers):
        raise ValueError(f"Got {' '.join(texts)}; give numbers above 0.")
    return numbers


def main():
    title, networks, _, pairs, *_ = __doc__.split("\n\n")
    parser = argparse.ArgumentParser(
        description=title, usage=f"{networks.strip()} | {pairs.strip()}"
    )
    parser.add_argument("--pairs", action="store_true", help="pairs of rows; otherwise networks")
    parser.add_argument("numbers", nargs="+")
    given = parser.parse_args()
    row, kinds = (
        (pairs_row, (int, float, int, int))
        if given.pairs
        else (networks_row, (int, int, float, int, int))
    )
    try:
        values = row(*_read(given.numbers, kinds))
    except ValueError as error:
        parser.error(str(error))
    except RuntimeError as error:
        sys.exit(str(error))
    csv.writer(sys.stdout, lineterminator="\n").writerow(values)


if __name__ == "__main__":
    main()
