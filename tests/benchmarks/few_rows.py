"""How often two given features end as an opposite pair, in networks of a few features.

The probability is that of chance, 1/(2m - 1), times a ratio, which is measured for lambda -> 0. The
starts are sampled by the ranks that the weights of the two features have on one neuron, because
pairs come from the largest weights; every network counts with its probability over that of the
sample. Networks of one batch begin with the same rows, so ratios for different n differ little by
chance. Appends to a table: m, n, batch, networks, ratio.
"""

import argparse
import csv
from pathlib import Path

import numpy as np

from polysem import numerics

LARGEST_BOTH, OPPOSITE = 0.3, 0.97  # of the sample


def joint_ranks(m):
    """The sampling law of the two ranks."""
    falling = np.arange(1, m + 1) ** -1.3
    law = np.outer(falling, falling)
    law[0, 0] = 0
    law *= (1 - LARGEST_BOTH) / law.sum()
    law[0, 0] = LARGEST_BOTH
    return law


def starts(networks, n, m, rng):
    """Initial weights, in which features 1 and 2 compete for neuron 0, and their importance."""
    weights = rng.standard_normal((networks, n, m)).astype(np.float32) / np.float32(np.sqrt(m))
    law = joint_ranks(m)
    places = (rng.permutation(networks) + rng.random(networks)) / networks
    drawn = np.minimum(np.searchsorted(np.cumsum(law.ravel()), places), m * m - 1)
    ranks = np.divmod(drawn, m)
    opposite = rng.random(networks) < OPPOSITE
    order, every = np.argsort(-np.abs(weights[:, :2]), axis=-1), np.arange(networks)
    for row, rank in enumerate(ranks):
        place = order[every, row, rank]
        at_zero, there = weights[every, row, 0].copy(), weights[every, row, place].copy()
        weights[every, row, 0], weights[every, row, place] = there, at_zero
    weights[:, 0, 0] = np.abs(weights[:, 0, 0])
    weights[:, 1, 0] = np.abs(weights[:, 1, 0]) * np.where(opposite, -1, 1)
    chance = law[ranks] * np.where(opposite, OPPOSITE, 1 - OPPOSITE)
    return weights, (1 - 0.5 / m) / chance


def ratios(m, sizes, networks, batch, rel=0.1):
    """The probability of the pair over chance, for each number of features."""
    weights, importance = starts(
        networks, max(sizes), m, np.random.default_rng([m, networks, batch])
    )
    for n in sizes:
        start = np.ascontiguousarray(weights[:, :n])
        final = numerics.train(start, 0.0, optimizer="quasistatic", rel=rel).weights[:, :2]
        there = (np.abs(final).argmax(axis=-1) == 0).all(axis=-1)
        paired = there & (final[:, 0, 0] * final[:, 1, 0] < -0.3)
        yield n, float(np.mean(paired * importance))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--neurons", type=int, required=True)
    parser.add_argument("--features", type=int, nargs="+", required=True)
    parser.add_argument("--networks", type=int, default=4000)
    parser.add_argument("--batches", type=int, nargs=2, default=(0, 10), help="first, and end")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    for batch in range(*given.batches):
        with given.out.open("a", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            for n, ratio in ratios(given.neurons, given.features, given.networks, batch):
                table.writerow((given.neurons, n, batch, given.networks, f"{ratio:.6g}"))


if __name__ == "__main__":
    main()
