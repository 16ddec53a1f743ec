"""Orientation, widths at which rows look like neurons, copies, checkpoints, and other laws."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from scipy import stats

from polysem import numerics, verify
from polysem.verify.cli import main
from polysem.verify.diagnosis.diagnose import _against_law
from polysem.verify.diagnosis.isotropy import alignment_p_value, rotation_free, share_above
from polysem.verify.stats.totals import total_law
from polysem.verify.strategies import exclusion_state

PENTAGON = np.exp(2j * np.pi * np.arange(5) / 5)


def call(*arguments):
    return CliRunner().invoke(main, ["diagnose", *map(str, arguments)])


def linear_weight(neurons=8):
    """nn.Linear(2k, k).weight: one row for each neuron, which carries two features."""
    weights = np.zeros((neurons, 2 * neurons), np.float32)
    weights[np.arange(neurons), 2 * np.arange(neurons)] = 0.97
    weights[np.arange(neurons), 2 * np.arange(neurons) + 1] = -0.93
    return weights


def turned(points, angle):
    """Points of the plane, one row each, turned by an angle."""
    both = points * np.exp(1j * angle)
    return np.stack([both.real, both.imag], axis=-1)


def random_rotation(m, rng):
    return stats.ortho_group(m).rvs(random_state=rng) if m > 1 else np.ones((1, 1))


@pytest.mark.parametrize(
    "weights", [linear_weight(), np.eye(5), np.eye(8)[:, :6], turned(PENTAGON, 0.3).T]
)
def test_an_array_that_does_not_tell_its_layout_is_refused(tmp_path, weights):
    rows, columns = weights.shape
    with pytest.raises(ValueError, match=f"features-first: {rows} features x {columns} .*layout="):
        verify.diagnose(weights)
    np.save(tmp_path / "w.npy", weights)
    done = call(tmp_path / "w.npy")
    assert done.exit_code == 2
    assert done.stdout == ""
    first, second, last = done.stderr.splitlines()
    assert f"features-first: {rows} features x {columns} neurons" in first
    assert f"neurons-first: {columns} features x {rows} neurons" in second
    assert "--layout" in last
    told = call(tmp_path / "w.npy", "--layout", "neurons-first")
    assert f"{columns} features x {rows} neurons, read neurons-first" in told.stdout


@pytest.mark.parametrize("m", [24, 64])
@pytest.mark.parametrize("lam", [0.02, 0.1])
def test_trained_networks_are_read_as_documented(m, lam):
    start = numerics.initial_weights(16, m, np.random.default_rng(3), instances=6)
    stack = numerics.train(start, lam).weights
    assert verify.diagnose(stack).layout == "features-first"
    assert verify.diagnose(stack.swapaxes(1, 2)).layout == "neurons-first"
    assert [verify.diagnose(one).layout for one in stack] == ["features-first"] * 6


def test_stacks_of_notebooks_are_recognised():
    stack = np.stack([turned(PENTAGON, k).T for k in range(8)])  # (instances, hidden, features)
    found = verify.diagnose(stack)
    assert (found.n, found.m, found.layout) == (5, 2, "neurons-first")
    assert found.verdict == "cannot-tell"
    cosines = (1 + 2 * np.cos(4 * np.pi / 5) ** 2 + 2 * np.cos(2 * np.pi / 5) ** 2 - 1) / 4
    assert found.rotation_free["cosine_square"]["value"] == pytest.approx(cosines)
    assert found.rotation_free["capacity"]["value"] == pytest.approx(2 / 5)
    assert found.rotation_free["dimensions"]["value"] == pytest.approx(2)
    assert "p = " in found.text()
    square = numerics.initial_weights(9, 9, np.random.default_rng(0), instances=3)
    with pytest.raises(ValueError, match="do not tell"):
        verify.diagnose(square)


@pytest.mark.parametrize(
    ("m", "share"), [(2, 1.0), (3, 0.88), (4, 0.73), (5, 0.58), (6, 0.45), (8, 0.27)]
)
def test_the_share_of_random_directions_with_a_dominant_weight(m, share):
    """Exact; and in 4000 draws within the Clopper-Pearson interval at 1e-8."""
    exact = share_above(0.5, m)
    assert round(exact, 2) == share
    rows = np.random.default_rng(m).standard_normal((4000, m))
    squares = rows**2 / (rows**2).sum(axis=1, keepdims=True)
    low, high = verify.binomial_interval(int((squares.max(axis=1) > 0.5).sum()), 4000, alpha=1e-8)
    assert low <= exact <= high


@pytest.mark.parametrize(("n", "m"), [(5, 2), (4, 2), (3, 3), (4, 4), (5, 4), (6, 3)])
def test_random_rows_have_no_neurons_at_any_width(n, m):
    """The rate of a false "there are neurons" is at most the significance: 0 of 40 at 1e-9."""
    rng = np.random.default_rng(n * m)
    for _ in range(40):
        rows = rng.normal(0, m**-0.5, (n, m))
        found = verify.diagnose(rows, layout="features-first", significance=1e-9)
        assert found.verdict in ("cannot-tell", "no-neurons")
        assert found.p_value is None


@pytest.mark.parametrize("angle", [0.0, 0.2, 0.5, 1.0])
def test_a_turned_pentagon_has_one_verdict(angle):
    found = verify.diagnose(turned(PENTAGON, angle), layout="features-first")
    assert found.verdict == "cannot-tell"
    assert "cannot tell" in found.text().splitlines()[0]


def test_weights_exactly_on_the_neurons_are_neurons_at_width_two():
    digons = np.array([[0.9, 0.0], [-0.9, 0.0], [0.0, 0.9], [0.0, -0.9]])
    assert verify.diagnose(digons, layout="features-first").verdict == "forced-by-capacity"
    turn = random_rotation(2, np.random.default_rng(0))
    assert verify.diagnose(digons @ turn, layout="features-first").verdict == "cannot-tell"


def p_values_are_valid(values, alphas=(0.5, 0.1, 0.01)):
    """No rate exceeds its alpha, by one-sided binomial tests at 1e-6 each."""
    values = np.asarray(values)
    for alpha in alphas:
        below = int((values <= alpha).sum())
        assert stats.binomtest(below, len(values), alpha, alternative="greater").pvalue > 1e-6


def null_p_values(draws, seed):
    """Rows in random directions, and one arrangement turned at random; one or two networks."""
    rng = np.random.default_rng(seed)
    digons = np.vstack([np.eye(4), -np.eye(4)])
    independent, rigid, measured = [], [], {"cosine_square": [], "capacity": [], "dimensions": []}
    for _ in range(draws):
        stack = rng.standard_normal((2, 6, 3))
        independent.append(alignment_p_value(stack))
        rigid.append(alignment_p_value((digons @ random_rotation(4, rng))[None]))
        for name, one in rotation_free(stack[:1]).items():
            measured[name].append(one["p_value"])
    return independent, rigid, measured


def test_p_values_of_alignment_and_measures_are_valid():
    independent, rigid, measured = null_p_values(150, 1)
    for values in (independent, rigid, *measured.values()):
        p_values_are_valid(values)
    assert np.mean(measured["capacity"]) == pytest.approx(0.5, abs=0.15)  # 5 standard errors: .12


@pytest.mark.nightly
def test_p_values_of_alignment_and_measures_are_valid_in_many_draws(entropy):
    independent, rigid, measured = null_p_values(10_000, entropy)
    for values in (independent, rigid, *measured.values()):
        p_values_are_valid(values, (0.5, 0.1, 0.05, 0.01, 0.005))


def test_a_wrong_law_of_the_alignment_would_fail():
    """The p-values of rows that lie along the neurons are not valid under the null."""
    rng = np.random.default_rng(2)
    aligned = [np.eye(3)[None] + 0.02 * rng.standard_normal((1, 3, 3)) for _ in range(60)]
    with pytest.raises(AssertionError):
        p_values_are_valid([alignment_p_value(stack) for stack in aligned])


def test_copies_count_once():
    rng = np.random.default_rng(5)
    states = np.stack([exclusion_state(12, 16, rng) for _ in range(3)])
    found = verify.diagnose(np.concatenate([states, states[:2]]))
    assert (found.instances, found.copies) == (3, 2)
    assert found.to_dict() | {"copies": 0} == verify.diagnose(states).to_dict()
    assert "2 more are copies" in found.text()


def test_a_slot_taken_twice_is_not_above_the_band():
    copies = np.stack([np.vstack([np.eye(8), -np.eye(8)])] * 5)
    copies[2, 3] = np.eye(8)[5]
    found = verify.diagnose(copies, layout="features-first")
    assert found.verdict == "slots-taken-twice"
    assert found.mean < found.forced
    assert found.degenerate
    assert found.candidates == ()


def test_near_two_features_for_each_neuron_the_law_is_degenerate():
    whole = np.vstack([np.eye(8), -np.eye(8)])
    full = verify.diagnose(whole, layout="features-first")
    assert full.verdict == "forced-by-capacity"
    assert "close to 2m" in full.text().splitlines()[0]
    fewer = whole[[*range(7), *range(8, 15)]]  # 14 features on 7 of 8 neurons: one above the least
    law = numerics.ExclusionLaw(14, 8)
    assert law.pmf(6) > 0.9
    found = verify.diagnose(fewer, layout="features-first")
    assert found.verdict == "degenerate-law"
    assert (found.excess, found.forced) == (1, 6)


def test_more_features_than_neurons_state_the_excess():
    start = numerics.initial_weights(20, 14, np.random.default_rng(6), instances=12)
    found = verify.diagnose(numerics.train(start, 0.03).weights)
    assert found.excess == pytest.approx(found.mean - 6)
    empty = found.features_per_neuron[0]
    assert found.excess == pytest.approx(empty)
    low, high = found.excess_interval
    assert low < found.excess < high
    assert low == pytest.approx(found.ratio_interval[0] * found.expected - 6)
    assert "above the forced count" in found.text()


def test_the_first_line_is_the_verdict_with_its_margin():
    rng = np.random.default_rng(8)
    states = np.stack([exclusion_state(64, 128, rng) for _ in range(60)])
    first = verify.diagnose(states).text().splitlines()[0]
    assert first.startswith("verdict: compatible with the exclusion law within 20 % (the ratio")
    shared = verify.diagnose(states, null="independent").text().splitlines()[0]
    low, high = verify.diagnose(states, null="independent").ratio_interval
    assert shared == (
        f"verdict: below independent choices (the ratio lies in [{low:.2f}, {high:.2f}])."
    )


@pytest.mark.parametrize("optimizer", ["flow", "quasistatic", "adamw"])
def test_the_law_of_the_count_of_an_optimizer(optimizer):
    """Null: counts drawn from the law; p-values below 1e-6 have that probability."""
    n, m, networks = 64, 128, 30
    lam = 2.5e-4 if optimizer == "adamw" else 0.0
    law = numerics.trained_count(n, m, lam, "adamw" if optimizer == "adamw" else "flow")
    tilted = numerics.TiltedLaw(n, m, law.omega)
    counts = tilted.rvs(networks, rng=np.random.default_rng(4))
    rng = np.random.default_rng(5)
    stack = np.stack([state_with(int(k), n, m, rng) for k in counts])
    found = verify.diagnose(stack, optimizer=optimizer)
    assert found.law == f"the law of the count under {optimizer}"
    assert found.expected == pytest.approx(law.mean(), rel=0.01)
    assert found.p_value > 1e-6
    assert found.verdict in ("undecided", "compatible-with-the-law")
    exact = total_law([(numerics.ExclusionLaw(n, m), networks)])
    assert found.p_value != min(1.0, 2 * min(exact.tails(int(counts.sum()))))
    low, high = found.ratio_interval
    alone = numerics.TiltedLaw(n, m, law.omega)
    assert math.log(high / low) > 4 * alone.std() / alone.mean() / math.sqrt(networks)


def against_fitted_law(draws, seed, networks=300, significance=0.05):
    """p-values, and whether the interval of the ratio holds 1, for counts whose omega is drawn."""
    law = numerics.trained_count(64, 128, 2.5e-4, "adamw")
    rng, found, results = np.random.default_rng(seed), {}, []
    for _ in range(draws):
        omega = law.omega * math.exp(law.omega_error * rng.standard_normal())
        total = int(numerics.TiltedLaw(64, 128, omega).rvs(networks, rng=rng).sum())
        if total not in found:
            found[total] = _against_law([(law, networks)], total, networks, significance)
        results.append(found[total])
    covers = [low <= 1 <= high for low, high in (one["ratio_interval"] for one in results)]
    return [one["p_value"] for one in results], sum(covers)


def test_the_error_of_a_fitted_law_is_part_of_p_value_and_interval():
    values, covered = against_fitted_law(100, 1)
    p_values_are_valid(values)
    assert stats.binomtest(covered, 100, 0.95, alternative="less").pvalue > 1e-6


@pytest.mark.nightly
def test_p_value_and_interval_under_a_fitted_law_in_many_draws(entropy):
    values, covered = against_fitted_law(10_000, entropy)
    p_values_are_valid(values, (0.5, 0.1, 0.05, 0.01, 0.005))
    assert stats.binomtest(covered, 10_000, 0.95, alternative="less").pvalue > 1e-6


def state_with(pairs, n, m, rng):
    neurons = rng.permutation(m)[: n - pairs]
    weights = np.zeros((n, m))
    weights[np.arange(n - pairs), neurons] = 1
    weights[np.arange(n - pairs, n), neurons[:pairs]] = -1
    return weights


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"optimizer": "sgd"}, "optimizer='sgd'"),
        ({"null": "none"}, "null='none'"),
        ({"null": "independent", "optimizer": "flow"}, "give one of them"),
        ({"lam": 0.1}, "without optimizer"),
        ({"optimizer": "quasistatic", "lam": 0.1}, "leave out lam"),
        ({"optimizer": "adamw"}, "which was measured for"),
        ({"optimizer": "flow", "lam": -1.0}, "lam=-1"),
    ],
)
def test_laws_that_are_not_known_are_refused(options, word):
    state = exclusion_state(4, 16, np.random.default_rng(0))
    with pytest.raises(ValueError, match=word):
        verify.diagnose(state, **options)


def test_the_table_of_neurons(tmp_path):
    weights = np.array([[0.9, 0.0, 0.0], [-0.8, 0.1, 0.0]])
    np.save(tmp_path / "w.npy", weights)
    csv = tmp_path / "neurons.csv"
    done = call(tmp_path / "w.npy", "--neurons", "--csv", csv)
    assert "0       0  +-     0 (+0.9), 1 (-0.8)" in done.stdout
    assert csv.read_text().splitlines() == [
        "network,neuron,feature,sign,weight",
        "0,0,0,+,0.9",
        "0,0,1,-,-0.8",
    ]
    (row,) = json.loads(call(tmp_path / "w.npy", "--json").stdout)["neuron_table"]
    expected = {
        "network": 0,
        "neuron": 0,
        "features": [0, 1],
        "signs": "+-",
        "weights": [0.9, -0.8],
    }
    assert row == expected


def test_checkpoints_give_a_table_and_a_figure(tmp_path):
    start = numerics.initial_weights(8, 16, np.random.default_rng(0), instances=5)
    for step, time in ((0, 1e-9), (200, 30.0), (1000, 1e6)):
        weights = numerics.train(start, 0.05, max_time=time).weights
        np.save(tmp_path / f"run_{step}.npy", weights.swapaxes(1, 2))
    done = call(tmp_path, "--figure", tmp_path / "figure")
    assert done.exit_code == 0
    assert "read neurons-first" in done.stdout
    lines = done.stdout.splitlines()[-3:]
    assert [line.split()[0].rsplit("_", 1)[1] for line in lines] == ["0.npy", "200.npy", "1000.npy"]
    assert lines[0].split()[2] == "1.000"
    assert {path.suffix for path in (tmp_path / "figure").iterdir()} == {
        *(".pdf", ".png", ".csv", ".txt")
    }
    rows = json.loads(call(tmp_path, "--json").stdout)["checkpoints"]
    final = np.load(tmp_path / "run_1000.npy").swapaxes(1, 2)
    assert rows[-1]["retained"] == pytest.approx(numerics.retained_winners(start, final).mean())
    several = call(tmp_path / "run_0.npy", tmp_path / "run_1000.npy", "--layout", "neurons-first")
    assert len(several.stdout.splitlines()) == 5
    refused = call(tmp_path, "--latex")
    assert refused.exit_code == 2
    assert "--latex without a single file" in refused.stderr
    (tmp_path / "empty").mkdir()
    assert "without weights" in call(tmp_path / "empty").stderr


def test_checkpoints_in_a_deep_folder_leave_room_for_the_figure():
    states = {f"{'/folder' * 40}/run_{step}.npy": np.eye(4, 9) for step in (0, 10)}
    figure = verify.diagnose_checkpoints(states).plot().figure()
    assert [label.get_text() for label in figure.axes[1].get_xticklabels()] == [
        "run_0.npy",
        "run_10.npy",
    ]


def test_nested_checkpoints_are_searched(tmp_path):
    torch = pytest.importorskip("torch")
    weights = torch.eye(6, 8)
    module = torch.nn.ParameterDict({"W": weights})
    optimizer = torch.optim.AdamW(module.parameters())
    module["W"].sum().backward()
    optimizer.step()
    state = {"model": module.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}
    path = tmp_path / "epoch.pt"
    torch.save(state, path)
    assert verify.read_weights(path)[1] == "model.W"
    assert verify.read_weights(path, array="model.W")[0].shape == (6, 8)
    moment = "optimizer.state.0.exp_avg"
    assert verify.read_weights(path, array=moment)[1] == moment
    torch.save({"encoder": [weights, weights]}, path)
    with pytest.raises(ValueError, match=r"encoder\.0 \(6, 8\), encoder\.1 \(6, 8\)"):
        verify.read_weights(path)
    itself = {"a": {}}
    itself["a"]["b"] = itself
    torch.save(itself, path)
    with pytest.raises(ValueError, match="no array of rank 2 or 3"):
        verify.read_weights(path)


def test_a_parameter_of_a_module_is_detached():
    torch = pytest.importorskip("torch")
    state = exclusion_state(4, 6, np.random.default_rng(0)).astype(np.float32)
    for dtype in (torch.float32, torch.bfloat16):
        parameter = torch.nn.Parameter(torch.tensor(state, dtype=dtype))
        assert verify.diagnose(parameter).to_dict() == verify.diagnose(state).to_dict()
