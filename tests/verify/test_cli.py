"""The command line: what it prints, and one line with exit status 2 for bad input."""

import json
import os
import re
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from polysem import numerics, theory, verify
from polysem.verify.cli import main


def call(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


PREDICT = ("predict", "--features", 256, "--neurons", 1024)
TRAIN = ("train", "--features", 8, "--neurons", 32, "--l1", 0.02, "--seed", 0)


def test_predict_gives_every_demanded_number():
    result = json.loads(call(*PREDICT, "--l1", 0.00025, "--json").stdout)
    assert result["expected_pairs"] == 15.9375
    assert result["amplitude"] == pytest.approx(1 - 0.00025 / 2 - 3 * 0.00025**2 / 8, abs=1e-9)
    assert result["loss_per_feature"] == pytest.approx(4 * 0.00025 - 0.00025**2, abs=1e-9)
    assert result["expected_neurons_exclusion"] == pytest.approx(256 * 255 / (2 * 2047))
    assert 0 < result["variance_neurons_exclusion"] < result["expected_neurons_exclusion"]
    assert result["expected_neurons_independent"] < result["expected_pairs"]
    assert result["reasons"] == {}


def test_predict_gives_null_and_a_reason_outside_a_regime():
    result = json.loads(call("predict", "--features", 65, "--neurons", 32, "--json").stdout)
    assert result["expected_neurons_exclusion"] is None
    assert "n=65" in result["reasons"]["expected_neurons_exclusion"]
    assert result["amplitude"] is None
    assert result["expected_pairs"] == 65 * 64 / (4 * 32)
    above = json.loads(call(*PREDICT, "--l1", 0.4, "--json").stdout)
    assert above["amplitude"] is None
    assert "0.4" in above["reasons"]["amplitude"]


@pytest.mark.parametrize(
    ("arguments", "name", "reason"),
    [
        ((*PREDICT, "--sigma", 1e-300, "--kurtosis", -2), "half_time", "dead zone"),
        ((*PREDICT, "--sigma", 1e-300, "--kurtosis", -1), "half_time", "half_time"),
        ((*PREDICT, "--l1", 1e-12), "dead_fraction", "lam >= 1e-08"),
        (
            ("predict", "--features", 1, "--neurons", 8, "--sigma", 0.1, "--kurtosis", -2),
            "dead_zone",
            "n >= 2",
        ),
    ],
)
def test_predict_gives_a_reason_where_arithmetic_or_time_run_out(arguments, name, reason):
    result = json.loads(call(*arguments, "--json").stdout)
    assert result[name] is None
    assert reason in result["reasons"][name]


def test_predict_speaks_to_people_too():
    text = call(*PREDICT).stdout
    assert text.startswith("Expect 12.")
    assert re.search(r"expected_pairs +15\.9375", text)
    assert theory.expected_pairs.meaning not in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("size", [(256, 1024), (65, 32), (4, 20_000), (1, 1)])
@pytest.mark.parametrize("more", [(), ("--l1", 0.3), ("--sigma", 0.1, "--kurtosis", -2)])
def test_no_line_is_wider_than_a_terminal(size, more):
    given = ("predict", "--features", size[0], "--neurons", size[1], *more)
    for options in ((), ("--all",)):
        lines = call(*given, *options).stdout.splitlines()
        assert max(map(len, lines)) <= 100
    assert any(theory.expected_pairs.meaning[:40] in line for line in lines) or size[0] == 1


def test_train_and_claims_begin_with_the_answer():
    text = call(*TRAIN).stdout
    assert text.splitlines()[0] == "The weights came to rest."
    assert "features are alive" in text.splitlines()[1]
    for lines in (text, call("claims").stdout):
        assert max(map(len, lines.splitlines())) <= 100


def test_train_gives_every_demanded_number_and_the_same_again():
    first, second = (call(*TRAIN, "--json").stdout for _ in range(2))
    assert first == second
    result = json.loads(first)
    assert result["outcome"] == "converged"
    assert result["optimizer"] == "flow"
    assert result["features_alive"] == 8
    assert result["mean_nonzero_per_feature"] == 1
    assert 0 <= result["winner_is_initial_argmax"] <= 1
    assert result["loss"] == pytest.approx(8 * (4 * 0.02 - 0.02**2), rel=1e-3)
    assert {
        "rule",
        "polysemantic_neurons",
        "polysemantic_neurons_authors",
        "polysemantic_neurons_scale_free",
    } <= set(result)


def trained(*arguments):
    result = call(*TRAIN, *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


SGD = ("--optimizer", "sgd", "--steps", 40)
BLOCKS = ("--data", "blocks", "--cooccurrence", 0.2)


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        ((), "weights (encoder and decoder are tied)"),
        (("--bias",), "weights (encoder and decoder are tied; not measured: bias)"),
        (("--untied",), "encoder (untied; not measured: decoder)"),
        (("--untied", "--bias"), "encoder (untied; not measured: decoder, bias)"),
        ((*BLOCKS, *SGD), "weights (encoder and decoder are tied)"),
        (("--untied", *BLOCKS, *SGD), "encoder (untied; not measured: decoder)"),
    ],
)
def test_train_says_which_rows_it_measures(arguments, rows):
    result = trained(*arguments)
    assert result["measured_rows"] == rows
    assert 0 < result["features_alive"] <= result["features"] == 8
    assert result["mean_nonzero_per_feature"] <= 32


def test_an_untied_network_is_measured_by_its_encoder():
    """The same network by hand: neither decoder nor bias enters a count or a norm."""
    result = trained("--untied", "--bias", "--optimizer", "sgd", "--steps", 200)
    rng = np.random.default_rng(0)
    model = numerics.Autoencoder(tied=False, bias=True)
    layers = numerics.initial_weights(8, 32, rng), numerics.initial_weights(8, 32, rng)
    start = model.pack(*layers, np.zeros(8))
    end = numerics.train(start, 0.02, model=model, optimizer="sgd", steps=200).weights
    encoder, decoder, bias = model.unpack(end)
    assert result["norm2"] == pytest.approx(numerics.row_norms(encoder, 2).mean(), rel=1e-12)
    assert result["l1_norm"] == pytest.approx(numerics.row_norms(encoder, 1).mean(), rel=1e-12)
    assert result["antipodal_pairs"] == numerics.antipodal_pairs(encoder)
    retained = numerics.winners(encoder) == numerics.winners(layers[0])
    assert result["winner_is_initial_argmax"] == retained.mean()
    assert np.abs(bias).max() > 1e-3
    l1 = np.abs(encoder).sum() + np.abs(decoder).sum()  # the bias is not regularised
    assert result["loss"] == pytest.approx(float(model.loss(end)) + 4 * 0.02 * l1, rel=1e-12)


@pytest.mark.parametrize(
    ("arguments", "model"),
    [
        ((), None),
        (("--data", "pairs", "--cooccurrence", 0.1), numerics.Pairs(pair_weight=0.1)),
        (
            ("--data", "pairs", "--cooccurrence", 0.1, "--untied"),
            numerics.Autoencoder(tied=False, data=numerics.PairInputs(pair_weight=0.1)),
        ),
        (
            ("--data", "uniform", "--cooccurrence", 0.1, "--bias"),
            numerics.Autoencoder(
                bias=True,
                data=numerics.BernoulliInputs(activation_probability=0.1, values="uniform"),
            ),
        ),
        (
            BLOCKS,
            numerics.Autoencoder(data=numerics.BlockInputs(activation_probability=0.2)),
        ),
        (
            ("--data", "uniform-blocks", "--cooccurrence", 0.2, "--untied"),
            numerics.Autoencoder(
                tied=False,
                data=numerics.BlockInputs(activation_probability=0.2, values="uniform"),
            ),
        ),
        (
            ("--noise", "bipolar", "--sigma", 0.1, "--draws", "independent", *BLOCKS, *SGD),
            numerics.Autoencoder(
                data=numerics.BlockInputs(activation_probability=0.2),
                noise=numerics.Noise(sigma=0.1),
                draws="independent",
            ),
        ),
        (
            ("--noise", "bipolar", "--sigma", 0.1, *SGD),
            numerics.SampledNoise(noise=numerics.Noise(sigma=0.1)),
        ),
    ],
)
def test_the_options_of_train_choose_the_model(arguments, model, monkeypatch):
    done, models = verify.run(2, 4, 0.1, seed=0), []

    def run(*_, model, **__):
        models.append(model)
        return done

    monkeypatch.setattr("polysem.verify.runs.run", run)
    assert call(*TRAIN, *arguments).exit_code == 0
    assert models == [model]


def test_collapse_is_a_result():
    result = call("train", "--features", 4, "--neurons", 16, "--l1", 2, "--seed", 0, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["outcome"] == "collapsed"
    assert json.loads(result.stdout)["features_alive"] == 0


ADAMW = ("train", "--features", 16, "--neurons", 64, "--seed", 1, "--optimizer", "adamw")


def test_half_of_the_features_die_under_adamw(tmp_path):
    """Its subgradient leaves weights around zero; they are no live weights."""
    arguments = (*ADAMW, "--steps", 3000, "--l1", 0.215, "--json")
    result = json.loads(call(*arguments).stdout)
    assert result["dead_below"] == 0.2
    assert result["features_alive"] == 8
    assert result["mean_nonzero_per_feature"] == 0.5
    assert result["winner_is_initial_argmax"] <= 0.5
    exact = json.loads(call(*arguments, "--dead-below", 0).stdout)
    assert (exact["dead_below"], exact["features_alive"]) == (0, 16)
    start = numerics.initial_weights(16, 64, np.random.default_rng(1))
    weights = numerics.train(start, 0.215, optimizer="adamw", steps=3000).weights
    np.save(tmp_path / "w.npy", weights)
    found = json.loads(call("diagnose", tmp_path / "w.npy", "--json").stdout)
    assert (found["dead"], found["sparse_share"], found["dead_below"]) == (8, 1, 0.2)
    assert found["verdict"] == "undecided"  # one network does not decide
    found = json.loads(call("diagnose", tmp_path / "w.npy", "--dead-below", 0, "--json").stdout)
    assert (found["dead"], found["dead_below"]) == (0, 0)


def test_all_features_die_under_adamw():
    result = json.loads(call(*ADAMW, "--steps", 3000, "--l1", 2, "--json").stdout)
    assert result["features_alive"] == result["mean_nonzero_per_feature"] == 0


@pytest.mark.parametrize(
    ("options", "optimizer"),
    [
        (
            ("adamw", "--betas", 0.5, 0.9, "--warm-up", 5),
            numerics.AdamW(betas=(0.5, 0.9), schedule=numerics.RateSchedule(warm_up=5)),
        ),
        (
            ("rmsprop", "--beta2", 0.5, "--decay", "cosine"),
            numerics.RMSprop(beta2=0.5, schedule=numerics.RateSchedule(decay="cosine")),
        ),
        (("lion", "--betas", 0, 0), numerics.Lion(betas=(0.0, 0.0))),
        (("sgd", "--momentum", 0.5), numerics.SGD(momentum=0.5)),
    ],
)
def test_the_command_line_trains_with_every_optimizer_in_steps(options, optimizer):
    arguments = (*TRAIN, "--optimizer", *options, "--steps", 30, "--json")
    found = json.loads(call(*arguments).stdout)
    start = numerics.initial_weights(8, 32, np.random.default_rng(0))
    run = numerics.train(start, 0.02, optimizer=optimizer, steps=30)
    assert found["l1_norm"] == pytest.approx(numerics.row_norms(run.weights).mean(), rel=1e-9)


def test_the_subgradient_and_the_proximal_map_leave_the_same_live_features():
    found = [
        verify.run(
            16, 64, 0.215, seed=1, optimizer=numerics.SGD(steps=3000, l1=l1), dead_below=below
        )
        for l1, below in (("subgradient", None), ("proximal", None), ("proximal", 0.2))
    ]
    assert [run.dead_below for run in found] == [0.2, 0.0, 0.2]
    assert len({run.features_alive for run in found}) == 1
    for run in found:
        assert run.mean_nonzero_per_feature == run.features_alive / 16 < 1


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ((*TRAIN, "--dead-below", 1), "dead_below=1.0"),
        ((*TRAIN, "--momentum", 0.5), "momentum=0.5; flow has no setting momentum: choose from"),
        ((*TRAIN, "--optimizer", "sgd", "--warm-up", -1), "warm_up=-1"),
        ((*TRAIN, "--optimizer", "sgd", "--decay", "linear"), "decay='linear'"),
        ((*TRAIN, "--dead-below", "nan"), "dead_below=nan"),
        (("predict", "--features", 0, "--neurons", 4), "n=0"),
        (("predict", "--features", 4, "--neurons", 0), "m=0"),
        (("predict", "--features", 4, "--neurons", -1), "m=-1"),
        (("predict", "--features", "many", "--neurons", 4), "many"),
        (("predict", "--features", 4), "--neurons"),
        (("predict", "--features", 4, "--neurons", 4, "--l1", -0.1), "-0.1"),
        (("predict", "--features", 4, "--neurons", 4, "--l1", "nan"), "nan"),
        (("train", "--features", 0, "--neurons", 4, "--l1", 0.1, "--seed", 0), "n=0"),
        (("train", "--features", 4, "--neurons", 4, "--l1", -1, "--seed", 0), "lam=-1"),
        (("train", "--features", 4, "--neurons", 4, "--l1", "nan", "--seed", 0), "nan"),
        (("train", "--features", 4, "--neurons", 4, "--l1", 0.1, "--seed", -1), "seed=-1"),
        (("train", "--features", 10**6, "--neurons", 10**7, "--l1", 0.1, "--seed", 0), "memory"),
        ((*TRAIN, "--optimizer", "magic"), "magic"),
        (("report", "--out", "/proc/nowhere"), "/proc/nowhere"),
        (("report", "--out", "x", "--scale", "huge"), "huge"),
        (("report", "--out", "x", "--chapter", "magic"), "magic"),
        (("nonsense",), "nonsense"),
        (("predict", "--features", 4, "--neurons", 10**20), "m=100000000000000000000"),
        ((*PREDICT, "--l1", 1e308), "lam=1e+308"),
        ((*TRAIN[:6], 1e308, *TRAIN[7:]), "lam=1e+308"),
        ((*TRAIN, "--noise", "laplace", "--sigma", 1e154), "sigma=1e+154"),
        ((*PREDICT, "--learning-rate", 0.1), "--learning-rate without --sigma"),
        ((*TRAIN, "--kurtosis", 0), "--kurtosis without --noise"),
        ((*TRAIN, "--draws", "shared"), "--draws without --noise"),
        ((*TRAIN, "--noise", "bipolar"), "noise=bipolar and sigma=None"),
        ((*TRAIN, "--data", "blocks"), "data=blocks and cooccurrence=None"),
        ((*TRAIN, "--cooccurrence", 0.1), "data=None and cooccurrence=0.1"),
        ((*TRAIN, "--data", "magic", "--cooccurrence", 0.1), "blocks, uniform-blocks"),
        ((*TRAIN, "--data", "blocks", "--cooccurrence", 2), "cooccurrence=2.0"),
        ((*TRAIN, "--untied", "--optimizer", "quasistatic"), "use optimizer='flow'"),
        ((*TRAIN, "--bias", "--noise", "bipolar", "--sigma", 0.1), "use optimizer='sgd'"),
        (("predict", "--features", 4, "--neurons", 4, *BLOCKS), "data='blocks'"),
        (("claims", "--save"), "--save without --recheck"),
        (("claims", "--simulations"), "--simulations without --recheck"),
    ],
)
def test_bad_input_gets_one_line_and_status_2(arguments, shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert shown in result.stderr
    assert "Usage" not in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("more", [(), ("--json",), ("--array", "absent")])
def test_no_control_character_reaches_the_terminal(tmp_path, more):
    np.savez(tmp_path / "w.npz", **{"\x1b[31mred\x07\u202e": np.eye(3, 4)})
    done = call("diagnose", tmp_path / "w.npz", *more)
    assert all(letter == "\n" or letter.isprintable() for letter in done.output)
    assert r"\u001b[31mred\u0007\u202e" in done.output
    if more == ("--json",):
        assert json.loads(done.stdout)["array"] == "\x1b[31mred\x07\u202e"


def test_a_file_name_that_is_no_unicode_gives_valid_json(tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b"bad\xff.npy")
    with open(path, "wb") as stream:
        np.save(stream, np.eye(3, 4))
    for more in ((), ("--json",)):
        done = call("diagnose", os.fsdecode(path), *more)
        assert done.exit_code == 0
        assert "bad\ufffd.npy" in done.stdout_bytes.decode("utf-8")


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "--out", ""),
        ("diagnose", "w.npy", "--figure", ""),
        ("claims", ""),
        ("report", "--out", "r", "--seed", -1),
        ("claims", "fold", "--recheck", "--report", "/dev/zero"),
        ("claims", "fold", "--recheck", "--report", "w.npy"),
        ("claims", "fold", "--recheck", "--report", "deep.json"),
        ("claims", "fold", "--recheck", "--report", "list.json"),
    ],
)
def test_empty_paths_and_foreign_files_get_one_line(tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    np.save("w.npy", np.eye(3, 4))
    (tmp_path / "deep.json").write_text("[" * 200_000)
    (tmp_path / "list.json").write_text("[1]")
    before = sorted(tmp_path.iterdir())
    done = call(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("features", [1, 3, 64, 10**8])
@pytest.mark.parametrize("neurons", [1, 64, 10**9, 10**13, 10**15])
@pytest.mark.parametrize("l1", [0, 5e-324, 1e-300, 0.01, 1e50])
def test_every_prediction_is_finite_or_says_why_not(features, neurons, l1):
    given = ("--features", features, "--neurons", neurons, "--l1", l1)
    done = call("predict", *given, "--sigma", 0.1, "--kurtosis", -2, "--json")
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout, parse_constant=pytest.fail)
    for name, value in found.items():
        if value is None:
            assert len(found["reasons"][name]) > 8, name
            assert "(34" not in found["reasons"][name]


def test_divergence_prints_the_outcome_and_exits_2():
    arguments = (*TRAIN, "--optimizer", "sgd", "--learning-rate", 10)
    result = call(*arguments, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["outcome"] == "diverged"
    assert len(result.stderr.splitlines()) == 1
    silent = call(*arguments)
    assert silent.exit_code == 2
    assert silent.stdout == ""
    assert "step size" in silent.stderr


def test_a_run_that_did_not_end_as_asked_is_measured_only_where_that_is_wanted():
    with pytest.raises(numerics.TrainingError):
        verify.run(4, 8, 0.02, seed=0, max_steps=3)
    assert verify.run(4, 8, 0.02, seed=0, max_steps=3, partial=True).outcome == "out_of_steps"
    assert verify.run(4, 8, 0.02, seed=0, max_time=3.0).outcome == "completed"


def test_train_shows_what_there_is_after_ctrl_c_and_ends_with_130(monkeypatch):
    step, taken = numerics.Flow.step, []

    def stop(*given):
        taken.append(1)
        if len(taken) == 20:
            raise KeyboardInterrupt
        return step(*given)

    monkeypatch.setattr(numerics.Flow, "step", stop)
    result = call(*TRAIN, "--json")
    assert result.exit_code == 130
    assert json.loads(result.stdout)["outcome"] == "interrupted"
    assert result.stderr == f"polysem: {numerics.Outcome.INTERRUPTED.value}\n"
    taken.clear()
    with pytest.raises(KeyboardInterrupt):
        verify.run(8, 32, 0.02, seed=0)


def test_ctrl_c_is_said_by_a_command_that_has_nothing_to_add(monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules[verify.predict.__module__], "predict", stop)
    result = call("predict", "--features", 4, "--neurons", 8)
    assert result.exit_code == 130
    assert result.stderr.split("\n")[-2:] == ["polysem: interrupted", ""]


def test_sampled_data_are_trained_for_a_time():
    """They never rest; without l1 the time follows from the weight of a feature."""
    arguments = (*TRAIN[:-4], "--l1", 0, "--data", "bernoulli", "--cooccurrence", 0.05)
    result = call(*arguments, "--seed", 0, "--json")
    found = json.loads(result.stdout)
    assert (found["outcome"], found["time"]) == ("completed", pytest.approx(200))
    assert found["norm2"] == pytest.approx(1, abs=0.02)


def test_a_file_in_the_way_of_the_report_is_said(tmp_path):
    (tmp_path / "file").write_text("kept")
    result = call("report", "--out", tmp_path / "file")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert (tmp_path / "file").read_text() == "kept"


def test_a_full_disk_is_said_with_the_remedy(monkeypatch, tmp_path):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("polysem.verify.report.write.write_report", full)
    result = call("report", "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "free some" in result.stderr
