"""Training on a device: NumPy in and out, the same networks, and results that say where."""

import json
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from polysem import numerics
from polysem.verify.cli import main


def start(n, m, seed=0, **options):
    return numerics.initial_weights(n, m, np.random.default_rng(seed), **options)


@pytest.fixture
def device():
    """The processor, as PyTorch's device."""
    pytest.importorskip("torch")
    return "cpu:0"


def test_numpy_comes_back_from_a_device_with_the_same_numbers(device):
    initial = start(6, 18, 1, instances=3)
    plain = numerics.train(initial, 0.03, record="l1_norm", record_at=[2.0])
    with numerics.training_on(device):
        there = numerics.train(initial, 0.03, record="l1_norm", record_at=[2.0])
    assert type(there.weights) is np.ndarray
    np.testing.assert_allclose(there.weights, plain.weights, atol=1e-12)
    np.testing.assert_allclose(there.records["l1_norm"], plain.records["l1_norm"], atol=1e-12)
    assert plain.stats["device"] == "cpu"
    assert numerics.current_place().device == "cpu"


def test_what_computes_in_numpy_alone_stays_on_the_processor(device):
    seen = []
    with numerics.training_on(device, "float32"):
        pairs = numerics.train(
            start(4, 9), 0.02, model=numerics.Pairs(pair_weight=0.01), max_time=1.0
        )
        numerics.train(start(4, 9), 0.02, max_time=1.0, observe=lambda step: seen.append(step))
        own = numerics.train(
            start(4, 9),
            0.02,
            max_time=1.0,
            record={"largest": lambda weights: np.max(weights, axis=(1, 2))},
            record_at=[0.5],
        )
    assert pairs.weights.dtype == own.weights.dtype == np.float32
    assert type(seen[0].after) is np.ndarray


def test_a_sweep_on_a_device_finds_the_same_networks_and_says_where(device, tmp_path):
    grid = [{"n": 6, "m": [12, 24], "lam": 0.05}]
    plain = numerics.SweepSpec.from_dict({"entropy": 5, "runs": 5, "chunk": 3, "grid": grid})
    there = numerics.SweepSpec.from_dict(
        {"entropy": 5, "runs": 5, "chunk": 3, "grid": grid, "device": device, "dtype": "float32"}
    )
    runs = []
    for name, spec in (("plain", plain), ("there", there)):
        numerics.sweep(spec, tmp_path / name)
        runs.append(numerics.sweep_runs(tmp_path / name))
    counts = "polysemantic_neurons_authors", "features_alive", "winner_is_initial_argmax", "run"
    for count in counts:
        np.testing.assert_array_equal(runs[0][count], runs[1][count])
    np.testing.assert_allclose(runs[0]["l1_norm"], runs[1]["l1_norm"], rtol=1e-5)
    label = json.loads((tmp_path / "there/chunks/cell00000-run000000.json").read_text())
    assert (label["device"], label["dtype"]) == (device, "float32")
    again = numerics.sweep(plain, tmp_path / "there")  # not mixed with runs in double precision
    assert again.computed == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["--device", "nowhere"],
            "Got device='nowhere', dtype='float64', which PyTorch",
        ),
        (["--dtype", "float16"], "Got dtype='float16'; choose one of float64, float32."),
    ],
)
@pytest.mark.parametrize("command", ["train", "sweep", "report"])
def test_an_unknown_device_or_type_is_one_line_and_writes_nothing(
    device, command, options, message, tmp_path
):
    result = call(command, options, tmp_path)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(f"polysem: {message}")
    assert not (tmp_path / "out").exists()


def call(command, options, folder):
    spec = folder / "spec.toml"
    spec.write_text("entropy = 1\nruns = 1\n[[grid]]\nn = 2\nm = 4\nlam = 0.1\n")
    arguments = {
        "train": ["--features", "4", "--neurons", "8", "--l1", "0.05", "--seed", "0"],
        "sweep": [str(spec), "--out", str(folder / "out")],
        "report": ["--out", str(folder / "out")],
    }
    return CliRunner().invoke(main, [command, *arguments[command], *options])


@pytest.mark.parametrize("command", ["train", "sweep", "report"])
def test_without_pytorch_a_device_says_what_to_install(command, monkeypatch, tmp_path):
    assert numerics.TrainedCount  # SciPy's distributions load before PyTorch is hidden from them
    monkeypatch.setitem(sys.modules, "torch", None)
    result = call(command, ["--device", "cuda"], tmp_path)
    assert result.exit_code == 2
    assert result.stderr == (
        "polysem: This needs torch, which is not installed: run pip install 'polysem[torch]'.\n"
    )
    assert not (tmp_path / "out").exists()


def test_the_command_line_trains_on_a_device_and_names_it(device, tmp_path):
    result = call("train", ["--device", device, "--dtype", "float32", "--json"], tmp_path)
    found = json.loads(result.stdout)
    assert found["dtype"] == "float32"
    assert found["device"] == "cpu"
    assert found["outcome"] == "converged"
