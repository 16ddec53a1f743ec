"""Blind diagnosis: networks of known origin, in unknown orientation and file form.

A case is a file with a stack of networks.  The command reads it without help; where it asks for the
layout, it is told.  A verdict is false if the origin rules it out.
"""

import json
from collections import Counter

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file
from scipy import stats

from polysem import numerics
from polysem.verify.cli import main
from polysem.verify.strategies import exclusion_state

SIGNIFICANCE = 0.01
OPEN = {"undecided", "cannot-tell", "degenerate-law"}
COUNTED = {"compatible-with-exclusion-law", "inside-training-band", "outside-the-law"}


def flow(rng):
    n, m = [(16, 24), (32, 64), (24, 32)][rng.integers(3)]
    return numerics.train(numerics.initial_weights(n, m, rng, instances=60), 0.03).weights


def adamw(rng):
    start = numerics.initial_weights(48, 64, rng, instances=24)
    optimizer = numerics.AdamW(learning_rate=5e-3, steps=2500)
    return numerics.train(start, 0.005, optimizer=optimizer).weights


def noise(rng):
    n = int(rng.integers(4, 9))
    frames = [0.9 * numerics.random_simplex(n, 2 * n, rng) for _ in range(8)]
    return np.stack(frames) * (1 + 0.01 * rng.standard_normal((8, 1, 1)))


def untrained(rng):
    m = int(rng.integers(2, 40))
    return numerics.initial_weights(int(rng.integers(2, m + 1)), m, rng, instances=6)


def forced(rng):
    start = numerics.initial_weights(28, 20, rng, instances=60)
    return numerics.train(start, 0.03).weights


def permuted(rng):
    n, m = [(16, 24), (32, 64), (24, 32)][rng.integers(3)]
    return 0.97 * np.stack([exclusion_state(n, m, rng) for _ in range(90)])


def cooccurring(rng):
    start = numerics.initial_weights(24, 32, rng, instances=40)
    model = numerics.Pairs(pair_weight=0.05)
    return numerics.train(start, 0.03, model=model, optimizer=numerics.Flow(max_time=150)).weights


ORIGINS = {
    flow: COUNTED,
    adamw: COUNTED,
    noise: {"noise-simplex", "no-neurons"},
    untrained: {"no-neurons"},
    forced: COUNTED | {"forced-by-capacity"},
    permuted: {"compatible-with-exclusion-law"},
    cooccurring: {"below-training-band", "inside-training-band", "outside-the-law"},
}
"""Where networks come from, and the definite verdicts that are not false."""


def decidable(origin, stack):
    """Random rows in a narrow layer look like any others."""
    return origin is not untrained or min(stack.shape[1:]) >= 8


def saved(stack, folder, form):
    path = folder / f"weights.{form}"
    if form == "npy":
        np.save(path, stack)
    elif form == "npz":
        np.savez(path, step=np.int64(3), W=stack)
    elif form == "safetensors":
        save_file({"model.W": np.ascontiguousarray(stack)}, path)
    else:
        torch = pytest.importorskip("torch")
        torch.save({"model": {"W": torch.tensor(stack)}, "epoch": 3}, path)
    return path


def diagnosed(origin, rng, folder):
    """The verdict on a case, whether the layout was asked, and whether it can be decided."""
    stack = origin(rng)
    transposed = bool(rng.integers(2))
    form = ["npy", "npz", "safetensors", "pt"][rng.integers(4)]
    written = stack.swapaxes(1, 2) if transposed else stack
    path = saved(written.astype(np.float32), folder, form)
    command = ["diagnose", str(path), "--json", "--significance", str(SIGNIFICANCE)]
    done = CliRunner().invoke(main, command)
    asked = done.exit_code == 2
    if asked:
        assert "--layout" in done.stderr
        layout = "neurons-first" if transposed else "features-first"
        done = CliRunner().invoke(main, [*command, "--layout", layout])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)["verdict"], asked, decidable(origin, stack)


def tally(cases, entropy, folder):
    """Numbers of false, definite and decidable cases, and all verdicts by origin."""
    found: Counter = Counter()
    verdicts: Counter = Counter()
    for case in range(cases):
        origin = list(ORIGINS)[case % len(ORIGINS)]
        rng = np.random.default_rng([entropy, case])
        verdict, asked, can = diagnosed(origin, rng, folder)
        verdicts[origin.__name__, verdict] += 1
        found["asked"] += asked
        found["false"] += verdict not in ORIGINS[origin] | OPEN
        found["decidable"] += can
        found["definite"] += can and verdict not in OPEN
    return found, verdicts


def test_one_case_of_each_origin(tmp_path):
    """At significance 0.01, two false verdicts of seven have probability 0.002."""
    found, verdicts = tally(len(ORIGINS), 2, tmp_path)
    assert found["false"] <= 1, verdicts
    assert found["definite"] >= 4, verdicts


@pytest.mark.nightly
def test_300_networks_of_known_origin(tmp_path, entropy):
    found, verdicts = tally(300, entropy, tmp_path)
    print(found, sorted(verdicts.items()))
    rate = stats.binomtest(found["false"], 300, SIGNIFICANCE, alternative="greater").pvalue
    assert rate > 1e-6, verdicts
    assert found["definite"] >= 0.8 * found["decidable"], verdicts
