"""Sample sizes of the reshuffling chapter at both scales.

The sizes at paper scale were set before the runs, from the spread of an earlier, smaller sample. A
line of the chapter is decided with probability about .95 if the measured value stays as far from
its margin as it was then. Where that would take too long, the size is what could be afforded. The
quick scale trains a few ensembles that it can decide and reads the others from the shipped table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from .experiments import DensePairs, LoneRows, TwoRowSample
from .runs import Ensemble

FAST_TIME, FAST_LAM = 10.0, 1e-3
SUPPORT_LAM = 0.01
STRENGTHS = {"quick": (0.3,), "paper": (0.1, 0.3, 0.7)}  # lambda sqrt(m) of the flow

Networks = dict[int, dict[int, int]]  # by neurons and features

LIMIT: dict[str, Networks] = {
    "quick": {16: {16: 200}, 64: {16: 200}},
    "paper": {
        16: {2: 1500, 4: 4000, 8: 3000, 16: 4000},
        64: {4: 1500, 8: 1500, 16: 3000, 32: 2000, 64: 300},
        256: {8: 500, 16: 500, 32: 600, 64: 1200, 128: 60, 256: 8},
        1024: {16: 250, 32: 250, 64: 400, 128: 150, 256: 16},
        4096: {64: 90, 128: 70, 256: 24},
    },
}
LAPLACE: dict[str, Networks] = {
    "quick": {64: {32: 150}},
    "paper": {
        64: {8: 600, 16: 400, 32: 1100},
        256: {16: 200, 32: 250, 64: 1000},
        1024: {32: 100, 64: 100, 128: 300},
    },
}
FLOW: dict[str, Networks] = {
    "quick": {64: {32: 150}},
    "paper": {
        16: {2: 1000, 4: 1000, 8: 600, 16: 300},
        64: {4: 500, 8: 400, 16: 400, 32: 400, 64: 150},
        256: {8: 150, 16: 150, 32: 120, 64: 100, 128: 40, 256: 6},
        1024: {16: 40, 32: 40, 64: 30, 128: 20, 256: 6},
    },
}
FAST: dict[str, Networks] = {
    "quick": {256: {64: 300}},
    "paper": {64: {16: 120_000}, 256: {64: 1000}, 1024: {64: 600, 128: 600}},
}
NO_SUPPORT: dict[str, Networks] = {
    "quick": {},
    "paper": {16: {4: 100_000, 8: 84_000, 16: 12_000}, 64: {32: 300, 64: 100}, 256: {64: 100}},
}
FULL_SUPPORT: dict[str, Networks] = {
    "quick": {},
    "paper": {16: {4: 12_000, 8: 9000, 16: 3000}, 64: {32: 300}, 256: {64: 100}},
}
PART_OF_SUPPORT = {"quick": (), "paper": (0.25, 0.5, 0.75)}
DEAD: dict[str, dict[int, dict[float, int]]] = {  # by neurons and lambda
    "quick": {},
    "paper": {
        64: dict.fromkeys((0.16, 0.19, 0.22, 0.25), 60),
        1024: dict.fromkeys((0.07, 0.077, 0.084, 0.092), 12),
    },
}
PAIRS: dict[str, dict[int, dict[float, int]]] = {  # by neurons and lambda sqrt(m)
    "quick": {},
    "paper": {64: {0.0: 100_000, 0.3: 30_000}, 256: {0.0: 60_000}, 1024: {0.0: 75_000}},
}
ROWS: dict[str, dict[int, dict[float, int]]] = {  # by neurons and lambda
    "quick": {64: {0.2380: 60_000}, 256: {0.1485: 20_000}},
    "paper": {
        64: dict.fromkeys((0.2023, 0.2380, 0.2737), 60_000),
        256: dict.fromkeys((0.1262, 0.1485, 0.1708), 40_000),
        1024: dict.fromkeys((0.0741, 0.0872, 0.1002), 20_000),
    },
}
CHAINS = {"quick": 1000, "paper": 16_000}
DRAWS = {"quick": 20_000, "paper": 100_000}


def ensembles(scale: str) -> dict[str, list[Ensemble]]:
    """The ensembles of the chapter by purpose, at a scale."""
    support = [
        Ensemble(n=n, m=m, lam=SUPPORT_LAM, runs=runs, support=factor)
        for factor, networks in ((0.0, NO_SUPPORT[scale]), (1.0, FULL_SUPPORT[scale]))
        for m, n, runs in _each(networks)
    ]
    support += [
        Ensemble(n=32, m=64, lam=SUPPORT_LAM, runs=300, support=factor)
        for factor in PART_OF_SUPPORT[scale]
    ]
    if scale == "paper":
        support.append(Ensemble(n=32, m=64, lam=SUPPORT_LAM, runs=300, winner_push=False))
    return {
        "support": support,
        "limit": [Ensemble(n=n, m=m, lam=0.0, runs=r) for m, n, r in _each(LIMIT[scale])],
        "laplace": [
            Ensemble(n=n, m=m, lam=0.0, runs=r, law="laplace") for m, n, r in _each(LAPLACE[scale])
        ],
        "fast": [
            Ensemble(n=n, m=m, lam=FAST_LAM, runs=r, until=FAST_TIME)
            for m, n, r in _each(FAST[scale])
        ],
        "dead": [Ensemble(n=64, m=m, lam=lam, runs=r) for m, lam, r in _each(DEAD[scale])],
        "flow": [
            Ensemble(n=n, m=m, lam=strength / math.sqrt(m), runs=r)
            for strength in STRENGTHS[scale]
            for m, n, r in _each(FLOW[scale])
        ],
    }


def two_row_samples(scale: str) -> list[TwoRowSample]:
    """The samples of pairs, each with the numbers of features of the networks to predict."""
    return [
        TwoRowSample(
            m=m,
            strength=strength,
            pairs=pairs,
            features=tuple((FLOW if strength else LIMIT)[scale][m]),
            draws=DRAWS[scale],
        )
        for m, strength, pairs in _each(PAIRS[scale])
    ]


def lone_rows(scale: str) -> list[LoneRows]:
    """The samples of lone rows under a strong l1 term."""
    return [LoneRows(m=m, lam=lam, rows=rows) for m, lam, rows in _each(ROWS[scale])]


def dense_pairs(scale: str) -> list[DensePairs]:
    """The dense pair problem at two steps."""
    return [DensePairs(step=step, chains=CHAINS[scale]) for step in (0.04, 0.02)]


def _each(sizes: dict[int, dict[Any, int]]) -> Iterator[tuple[int, Any, int]]:
    """Neurons, the other key and the size."""
    for m, inner in sizes.items():
        for key, size in inner.items():
            yield m, key, size
