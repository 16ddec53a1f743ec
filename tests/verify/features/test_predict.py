"""Predictions for unequal features, as functions and as commands, and the files that they read."""

import itertools
import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from polysem import numerics, theory, verify
from polysem.verify.cli import main

N, M, LAM = 6, 64, 0.02


def model(**given):
    return numerics.UnequalFeatures(**({"frequencies": np.ones(N)} | given))


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_each_feature_feels_lambda_over_its_own_weight():
    frequencies, importance = numerics.zipf(N, 1.5), np.linspace(1, 2, N)
    found = verify.predict_features(
        model(frequencies=frequencies, importance=importance), M, lam=LAM
    )
    own = frequencies * importance
    np.testing.assert_allclose(found.own_weight, own)
    np.testing.assert_allclose(found.fold, theory.fold() * own)
    alive = [1 - numerics.dead_fraction(M, LAM / d) for d in own]
    np.testing.assert_allclose(found.survival, alive)
    np.testing.assert_allclose(
        found.amplitude[:3], [theory.unequal_amplitude(LAM, d) for d in own[:3]]
    )


def test_a_pair_is_suppressed_by_its_own_cooccurrence():
    pairs = np.zeros((N, N))
    pairs[0, 1] = pairs[1, 0] = 0.01
    importance = np.ones(N)
    importance[1] = 0.5
    found = verify.predict_features(model(pairs=pairs, importance=importance), M, lam=LAM)
    strength = theory.unequal_strength(0.01, 1.0, 0.5, LAM)
    assert found.strength[0, 1] == pytest.approx(strength)
    suppressed, free, beside = (
        theory.unequal_collision_probability(M, 1.0, 1.0, r, lost)
        for r, lost in ((strength, 0.0), (0.0, 0.0), (0.0, 1 - theory.suppression_fit(strength)))
    )
    assert found.collision[0, 1] / found.collision[2, 3] == pytest.approx(suppressed / free)
    assert found.collision[0, 2] / found.collision[2, 3] == pytest.approx(beside / free)
    assert found.own_weight[:2] == pytest.approx([1.01, 0.505])
    assert found.price[0, 1] == pytest.approx(
        theory.unequal_price(0.01, 1.0, 0.5, float(found.amplitude[:2].min()))
    )
    assert found.price[2, 3] == 0


def test_equal_features_are_expected_to_collide_as_the_answer_says():
    """Where no trained networks are known, as the exclusion law says."""
    found = verify.predict_features(model(), M, lam=LAM)
    answer = verify.predict(N, M, lam=LAM)["expected_neurons"].value
    assert found.expected_neurons == pytest.approx(answer)
    unknown = verify.predict_features(model(), 1, lam=0.0)
    assert unknown.expected_neurons == pytest.approx(theory.expected_neurons_exclusion(2, 1) * 15)
    assert found.expected_alive == pytest.approx(N)


@pytest.mark.parametrize("alive", [1.0, 0.0])
def test_third_features_that_avoid_a_neuron_leave_it_to_a_pair(alive):
    """Two groups of three, which meet across the groups: all places of the six, counted."""
    n, m = 6, 32
    across = np.arange(n)[:, None] % 2 != np.arange(n) % 2
    importance = np.where(np.arange(n) % 2 == 0, 1.0, alive)
    found = verify.predict_features(model(importance=importance, pairs=across * 1.0), m, lam=0.0)
    free = verify.predict_features(model(), m, lam=0.0)
    total = pairs = 0
    for a, b in itertools.product((0, 1), repeat=2):  # pairs within each group
        weight = 3 ** (a + b) * 2 ** (n - a - b) * math.perm(m, n - a - b)
        total, pairs = total + weight, pairs + weight * a
    ratio = found.collision[0, 2] / free.collision[0, 2]
    places = pairs / total / 3 * (2 * m - 1)
    assert places > 1.08
    counts = [
        numerics.trained_count(k, m, 0.0).mean() / theory.expected_neurons_exclusion(k, m)
        for k in (3, n)  # as many features can meet the two
    ]
    expected = places * counts[0] / counts[1] if alive else 1.0
    assert ratio == pytest.approx(expected, rel=0.01)
    assert found.collision[0, 1] == 0


def test_a_feature_that_never_occurs_is_dead():
    frequencies = np.ones(N)
    frequencies[0] = 0
    for lam in (0.0, LAM):
        found = verify.predict_features(model(frequencies=frequencies), M, lam=lam)
        assert found.survival[:2] == pytest.approx([0, 1])
        assert np.isnan(found.amplitude[0])
    assert found.to_dict()["amplitude"][0] is None
    assert found.text().splitlines()[1].split()[0] == "0"


def files(tmp_path):
    np.savetxt(tmp_path / "frequencies.csv", numerics.zipf(N, 1.0))
    np.save(tmp_path / "importance.npy", np.ones(N))
    np.savetxt(tmp_path / "pairs.csv", 0.001 * (1 - np.eye(N)), delimiter=",")
    return (
        *("--frequencies", tmp_path / "frequencies.csv"),
        *("--importance", tmp_path / "importance.npy"),
        *("--pairs", tmp_path / "pairs.csv"),
    )


def test_the_command_predicts_each_feature(tmp_path):
    arguments = ("predict", "--features", N, "--neurons", M, "--l1", LAM, *files(tmp_path))
    result = json.loads(call(*arguments, "--json").stdout)
    expected = verify.predict_features(
        model(frequencies=numerics.zipf(N, 1.0), pairs=0.001 * (1 - np.eye(N))), M, lam=LAM
    )
    assert result["features"]["survival"] == pytest.approx(expected.survival.tolist())
    assert result["expected_neurons_unequal"] == pytest.approx(expected.expected_neurons)
    assert "survival" in call(*arguments).stdout
    without = json.loads(call(*arguments[:5], *files(tmp_path), "--json").stdout)
    assert without["expected_neurons_unequal"] is None


def test_the_command_trains_unequal_features(tmp_path):
    train = ("train", "--features", N, "--neurons", M, "--l1", 0.1, "--seed", 1)
    few, many = (json.loads(call(*train, *more, "--json").stdout) for more in (files(tmp_path), ()))
    assert few["features_alive"] < many["features_alive"] == N


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", b"", "it is empty"),
        ("x.csv", b"1\n2\n", "importance of shape (2,) for 6 features"),
        ("x.csv", b"1\n-1\n", "the value -1"),
        ("x.csv", b"1\nnan\n", "1 values that are NaN"),
        ("x.csv", b"1,2\n3\n", "no list or matrix"),
        ("x.csv", b"one\n", "no list or matrix"),
        ("x.csv", b"\xff\xfe", "no list or matrix"),
        ("x.npy", b"not an array", "no list or matrix"),
        ("x.txt", b"1\n", "unknown format"),
    ],
)
def test_a_bad_file_is_one_line_and_status_2(name, content, message, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    arguments = ("--features", N, "--neurons", M, "--l1", LAM, "--importance", path)
    for command in (("predict",), ("train", "--seed", 0)):
        done = call(*command, *arguments)
        assert done.exit_code == 2
        assert message in done.stderr
        assert done.stderr.count("\n") == 1


def test_no_object_is_unpickled(tmp_path):
    path = tmp_path / "objects.npy"
    np.save(path, np.array([{"a": 1}]), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        verify.read_numbers(path)


@pytest.mark.parametrize(
    "more",
    [("--bias",), ("--untied",), ("--data", "pairs", "--cooccurrence", 0.1)],
)
def test_what_no_model_has_together_is_refused(more, tmp_path):
    train = ("train", "--features", N, "--neurons", M, "--l1", LAM, "--seed", 0)
    done = call(*train, *files(tmp_path), *more)
    assert done.exit_code == 2
    assert "unequal features and" in done.stderr


def test_dropout_goes_with_importance_and_frequencies(tmp_path):
    """Dropout leaves features of a large own weight several weights, where equal ones have one."""
    path = tmp_path / "frequencies.csv"
    path.write_text("\n".join(["3"] * N))
    size = ("--features", N, "--neurons", M, "--l1", 0.1)
    more = ("--frequencies", path, "--dropout", 0.12)
    frequent, equal = (
        json.loads(call("train", *size, "--seed", 0, *given, "--json").stdout)
        for given in (more, more[2:])
    )
    assert frequent["mean_nonzero_per_feature"] > 1.5 > 1 == equal["mean_nonzero_per_feature"]
    predicted = json.loads(call("predict", *size, *more, "--json").stdout)
    assert predicted["expected_neurons_unequal"] is predicted["expected_neurons_dropout"] is None
    assert "without dropout" in predicted["reasons"]["expected_neurons_unequal"]
    assert "equal features" in predicted["reasons"]["expected_neurons_dropout"]


def test_dropout_and_pairs_are_refused(tmp_path):
    pairs = np.full((N, N), 0.01) - np.diag(np.full(N, 0.01))
    path = tmp_path / "pairs.npy"
    np.save(path, pairs)
    size = ("--features", N, "--neurons", M, "--l1", LAM)
    done = call("train", *size, "--seed", 0, "--pairs", path, "--dropout", 0.1)
    assert done.exit_code == 2
    assert "Got dropout and pairs of features that co-occur" in done.stderr
    assert done.stderr.count("\n") == 1
