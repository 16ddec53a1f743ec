"""How the flow approaches its quasi-static limit: winners and counts over lambda and rel.

Prints the tables of paper_notes/training.md. The smallest lambda is integrated by split steps of
rel = .0025, the others by the flow.
"""

import argparse

import numpy as np

from polysem import numerics

LAMS = (0.01, 0.003, 0.001, 0.0003)
RELS = (0.2, 0.1, 0.03, 0.01)


def compare(n, m, networks):
    rng = np.random.default_rng([n, m, 99])
    initial = numerics.initial_weights(n, m, rng, instances=networks)
    limits = [
        numerics.train(initial, 0.0, optimizer="quasistatic", rel=rel).weights for rel in RELS
    ]
    print(f"n = {n}, m = {m}, {networks} networks: same winner and sign; K, limit minus flow")
    for lam in LAMS:
        settings = {"optimizer": "splitting", "rel": 0.0025} if lam == min(LAMS) else {}
        flow = numerics.train(initial, lam, **settings).weights
        line = [f"lambda = {lam:g}:"]
        for rel, limit in zip(RELS, limits, strict=True):
            change = numerics.polysemantic_neurons(limit) - numerics.polysemantic_neurons(flow)
            error = change.std(ddof=1) / networks**0.5
            same = numerics.retained_winners(limit, flow).mean()
            line.append(f"rel {rel:g}: {same:.3f}, {change.mean():+.2f}({error:.2f})")
        print("  ".join(line), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="*", default=["16:16:30", "32:64:30"])
    for size in parser.parse_args().sizes:
        compare(*map(int, size.split(":")))
