"""Diagnosis of weights: exact p-values, power, invariances, layouts, and the authors' networks."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given

from polysem import numerics, verify
from polysem.verify.cli import main
from polysem.verify.published import data_rows
from polysem.verify.stats.totals import detectable_ratios, total_law
from polysem.verify.strategies import exclusion_state, networks

RATE = 1e-8


def state_with(pairs, n, m, rng):
    """Unit weights of which ``pairs`` neurons carry two features of opposite signs."""
    neurons = rng.permutation(m)[: n - pairs]
    slots = [(k, sign) for k in neurons[:pairs] for sign in (1, -1)]
    slots += [(k, rng.choice([1, -1])) for k in neurons[pairs:]]
    weights = np.zeros((n, m))
    for feature, (neuron, sign) in enumerate(slots):
        weights[feature, neuron] = sign
    return rng.permutation(weights, axis=0)


def p_values_of_all_totals(law):
    totals = law.low + np.arange(len(law.probability))
    return np.array([min(1.0, 2 * min(law.tails(int(total)))) for total in totals])


@pytest.mark.parametrize(("n", "m", "networks"), [(6, 4, 1), (12, 16, 5), (64, 128, 16)])
def test_p_values_are_uniform_up_to_their_steps(n, m, networks):
    law = total_law([(numerics.ExclusionLaw(n, m), networks)])
    p = p_values_of_all_totals(law)
    step = 2 * law.probability.max()
    for value in np.unique(p):
        reached = law.probability[p <= value].sum()
        assert reached <= value + 1e-12
        assert reached >= value - step - 1e-12


def test_p_values_of_drawn_weights_have_the_exact_law():
    """Null: weights drawn from the exclusion law. Dvoretzky-Kiefer-Wolfowitz bound at 1e-8."""
    n, m, repeats = 12, 16, 800
    law = total_law([(numerics.ExclusionLaw(n, m), 2)])
    exact = p_values_of_all_totals(law)
    rng = np.random.default_rng(0)
    drawn = np.array(
        [
            verify.diagnose(np.stack([exclusion_state(n, m, rng) for _ in range(2)])).p_value
            for _ in range(repeats)
        ]
    )
    room = math.sqrt(math.log(2 / RATE) / (2 * repeats))
    assert room < 0.12
    for value in np.unique(exact):
        assert abs((drawn <= value + 1e-12).mean() - law.probability[exact <= value].sum()) < room


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_doubled_and_halved_counts_are_flagged(ratio):
    """Power at this ratio is above .99 by the stated detectable ratios: 40 of 40 but 6."""
    n, m, instances = 64, 128, 16
    low, high = detectable_ratios([(numerics.ExclusionLaw(n, m), instances)], significance=0.01)
    assert 0.5 <= low < 1 < high <= 2.0
    one = total_law([(numerics.ExclusionLaw(n, m), 1)], ratio=ratio)
    rng = np.random.default_rng(3)
    flagged = 0
    for _ in range(40):
        pairs = one.low + rng.choice(len(one.probability), size=instances, p=one.probability)
        found = verify.diagnose(np.stack([state_with(k, n, m, rng) for k in pairs]))
        assert found.neurons == tuple(pairs)
        wanted = "below-training-band" if ratio < 1 else "above-training-band"
        flagged += found.verdict == wanted
        assert not found.candidates or "none of them tested" in found.text()
    assert flagged >= 34


def test_networks_with_dead_features_have_detectable_ratios():
    """The laws of networks with other numbers of live features have other smallest ratios."""
    laws = [(numerics.ExclusionLaw(5, 5), 3), (numerics.ExclusionLaw(4, 5), 2)]
    low, high = detectable_ratios(laws, significance=0.01)
    null = total_law(laws)
    for ratio, side, nearest in ((low, 0, max), (high, 1, min)):
        critical = nearest(t for t in range(11) if 2 * null.tails(t)[side] < 0.01)
        assert total_law(laws, ratio=ratio).tails(critical)[side] == pytest.approx(0.99, abs=1e-4)


@given(networks(max_features=10, max_neurons=10, slots=True))
def test_only_the_arrangement_counts(network):
    """Permutations of features and neurons and signs of neurons change nothing."""
    weights, rng = network.occupied(), network.rng()
    signs = rng.choice([-1.0, 1.0], size=network.m)
    moved = (rng.permutation(weights, axis=0) * signs)[:, rng.permutation(network.m)]
    first = verify.diagnose(weights, layout="features-first")
    second = verify.diagnose(moved, layout="features-first")
    third = verify.diagnose(3 * weights.T, layout="neurons-first")
    assert first.to_dict() == second.to_dict()
    assert first.neurons == third.neurons
    assert first.forced <= first.mean
    assert first.same_sign == 0


def test_capacity_forces():
    weights = np.vstack([np.eye(4), -np.eye(4)])
    found = verify.diagnose(weights, layout="features-first")
    assert found.verdict == "forced-by-capacity"
    assert found.forced == 4
    crowded = verify.diagnose(np.vstack([weights, np.eye(4)]), layout="features-first")
    assert crowded.verdict == "more-features-than-slots"
    assert crowded.p_value is None
    assert crowded.same_sign == 4
    for one in (found, crowded):
        json.loads(one.to_json())
        one.text()
        assert one.to_latex().count("&") == 7


def test_spread_rows_have_no_neurons():
    weights = numerics.initial_weights(16, 32, np.random.default_rng(0))
    found = verify.diagnose(weights)
    assert found.verdict == "no-neurons"
    assert found.p_value is None
    assert "cosines" in found.text()
    assert found.cosines["smallest"] < found.cosines["largest"]


def test_dead_features_leave_the_law_of_the_live_ones():
    rng = np.random.default_rng(1)
    weights = np.vstack([exclusion_state(20, 40, rng), np.zeros((5, 40))])
    found = verify.diagnose(weights)
    assert found.dead == 5
    assert found.expected == pytest.approx(numerics.ExclusionLaw(20, 40).mean())


def test_spread_rows_among_others_are_no_features_of_the_law():
    rng = np.random.default_rng(2)
    state = exclusion_state(64, 128, rng)
    state[:6] = rng.normal(0, 128**-0.5, (6, 128))
    found = verify.diagnose(state)
    assert found.seated == 58
    assert found.expected == pytest.approx(numerics.ExclusionLaw(58, 128).mean())


def test_a_dead_network_says_nothing_of_the_others():
    rng = np.random.default_rng(3)
    stack = np.stack([exclusion_state(12, 16, rng) for _ in range(4)])
    with_dead = np.concatenate([stack, np.zeros((1, 12, 16))])
    whole, part = verify.diagnose(stack), verify.diagnose(with_dead)
    assert part.p_value == whole.p_value
    assert part.ratio == whole.ratio
    assert part.verdict == whole.verdict
    none = verify.diagnose(np.zeros((2, 3)))
    assert none.verdict == "no-live-feature"
    assert "verdict: no live feature" in none.text()
    json.loads(none.to_json())


def test_slots_taken_twice_are_not_forced():
    crowd = np.zeros((30, 20))
    crowd[:, 0] = 1
    found = verify.diagnose(crowd, layout="features-first")
    assert found.mean < found.forced
    assert found.verdict not in ("forced-by-capacity", "compatible-with-exclusion-law")


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_the_size_of_single_precision_weights_does_not_matter(size):
    state = exclusion_state(16, 24, np.random.default_rng(4))
    found = verify.diagnose((size * state).astype(np.float32)).to_dict()
    plain = verify.diagnose(state).to_dict()
    sized = {"neurons_authors", "mean_neurons_authors", "simplex_limit"}
    assert {k: v for k, v in found.items() if k not in sized} == {
        k: v for k, v in plain.items() if k not in sized
    }
    assert found["simplex_limit"] == pytest.approx(
        size * plain["simplex_limit"], rel=1e-6, abs=1e-9
    )


def test_two_opposite_rows_are_no_simplex_of_noise():
    found = verify.diagnose(np.array([[0.75, 0.0], [-0.75, 0.0]]))
    assert found.verdict == "compatible-with-exclusion-law"


def test_a_tall_array_asks_for_its_layout():
    with pytest.raises(ValueError, match="layout='features-first' \\(8 features\\)"):
        verify.diagnose(np.eye(8)[:, :6])
    with pytest.raises(ValueError, match="layout='rows'"):
        verify.diagnose(np.eye(8), layout="rows")
    with pytest.raises(ValueError, match="significance=0"):
        verify.diagnose(np.eye(8), significance=0)


@pytest.mark.parametrize("ratio", [0.6, 1.4])
def test_tilted_law_has_its_mean(ratio):
    law = numerics.ExclusionLaw(64, 96)
    total = total_law([(law, 3)], ratio=ratio)
    totals = total.low + np.arange(len(total.probability))
    assert total.probability.sum() == pytest.approx(1, rel=1e-12)
    assert totals @ total.probability == pytest.approx(3 * ratio * law.mean(), rel=1e-8)


def test_total_law_is_the_slow_sum():
    law = numerics.ExclusionLaw(5, 4)
    support = range(int(law.support()[0]), int(law.support()[1]) + 1)
    slow: dict[int, float] = {}
    for a in support:
        for b in support:
            for c in support:
                weight = float(law.pmf(a) * law.pmf(b) * law.pmf(c))
                slow[a + b + c] = slow.get(a + b + c, 0.0) + weight
    total = total_law([(law, 3)])
    assert [total.low + j for j in range(len(total.probability))] == sorted(slow)
    assert total.probability == pytest.approx([slow[t] for t in sorted(slow)], rel=1e-12)


def counts_of(instance_rows, setting):
    return [row for row in instance_rows if row["file"] == setting]


@pytest.mark.parametrize("setting", ["l1_adamw_n64_m128", "l1_adamw_n64_m512"])
def test_networks_of_the_authors_program_lie_inside_the_training_band(setting):
    """From the counts derived from the networks; the networks themselves below, where present."""
    rows = counts_of(data_rows("authors_networks.csv"), setting)
    n, m = int(rows[0]["n_features"]), int(rows[0]["n_neurons"])
    rng = np.random.default_rng(0)
    counts = [int(row["polysemantic_neurons"]) for row in rows]
    found = verify.diagnose(np.stack([state_with(k, n, m, rng) for k in counts]))
    assert found.neurons == tuple(counts)
    assert found.inside_band
    if m == 128:
        assert found.mean == 5.625
        assert found.expected == pytest.approx(7.906, abs=1e-3)
        assert found.p_value < 1e-4
        assert found.verdict == "inside-training-band"
        assert len(found.candidates) >= 2


@pytest.mark.parametrize("setting", ["l1_adamw_n64_m128", "l1_adamw_n64_m512"])
def test_the_networks_themselves_where_present(setting):
    folder = os.environ.get("POLYSEM_REFERENCE")
    if not folder:
        pytest.skip(f"POLYSEM_REFERENCE is not set: {setting}.npz itself was not diagnosed")
    done = CliRunner().invoke(main, ["diagnose", str(Path(folder) / f"{setting}.npz"), "--json"])
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    rows = counts_of(data_rows("authors_networks.csv"), setting)
    assert found["array"] == "final"
    assert found["neurons_authors"] == [int(row["polysemantic_neurons"]) for row in rows]
    assert found["inside_band"] is True
    assert found["layout"] == "features-first"


def test_command_writes_text_latex_and_figure(tmp_path):
    path = tmp_path / "w.npy"
    np.save(path, exclusion_state(16, 32, np.random.default_rng(0)))
    run = CliRunner().invoke
    text = run(main, ["diagnose", str(path), "--figure", str(tmp_path / "fig")])
    assert text.exit_code == 0
    assert "verdict:" in text.stdout
    assert "features-first" in text.stdout
    assert {file.suffix for file in (tmp_path / "fig").iterdir()} == {
        ".pdf",
        ".png",
        ".csv",
        ".txt",
    }
    both = run(main, ["diagnose", str(path), "--latex", "--json"])
    assert both.exit_code == 2
    assert both.stderr == "polysem: Got --latex and --json; give one of them.\n"
    latex = run(main, ["diagnose", str(path), "--latex"])
    assert latex.stdout.startswith("16 & 32 & 1 & $")
    tall = run(main, ["diagnose", str(path), "--layout", "neurons-first"])
    assert "32 features x 16 neurons, read neurons-first" in tall.stdout
