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
from polysem.verify.diagnosis.result import LAW_MARGIN
from polysem.verify.published import data_rows
from polysem.verify.stats.totals import detectable_ratios, ratio_interval, total_law
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


def test_tall_weights_take_the_small_eigenvalue_problem(monkeypatch):
    """4096 x 256 took half a minute in an n x n problem."""
    sizes = []
    eigenvalues = np.linalg.eigvalsh

    def noted(matrix):
        sizes.append(matrix.shape[-1])
        return eigenvalues(matrix)

    weights = np.random.default_rng(0).standard_normal((300, 7))
    expected = np.linalg.norm(weights, 2) / math.sqrt(2)
    monkeypatch.setattr(np.linalg, "eigvalsh", noted)
    for shaped, layout in ((weights, "features-first"), (weights.T, "neurons-first")):
        found = verify.diagnose(shaped, layout=layout, dead_below=0)
        assert found.simplex_limit == pytest.approx(expected, rel=1e-8)
    assert max(sizes) == 7


@pytest.mark.parametrize("kind", ["random", "code", "zero"])
def test_the_largest_eigenvalue_of_a_large_network(kind):
    size = 300  # above the size at which all eigenvalues are computed
    weights = {"random": np.random.default_rng(0).standard_normal((size, size))}.get(kind)
    weights = {"code": np.eye(size), "zero": np.zeros((size, size))}.get(kind, weights)
    expected = np.linalg.norm(weights, 2) / math.sqrt(2)
    found = verify.diagnose(weights, layout="features-first")
    assert found.simplex_limit == pytest.approx(expected, rel=1e-8)


def test_a_network_too_large_to_compare_all_pairs_is_refused():
    weights = np.zeros((10**6, 1), np.float32)
    with pytest.raises(ValueError, match=r"1000000 features x 1 neurons, .* at most 1 GB"):
        verify.diagnose(weights, layout="features-first")


@pytest.mark.parametrize("size", [5e-324, 1e-300, 1e300, 1.7e308])
def test_weights_at_the_ends_of_double_precision(size):
    assert verify.diagnose(size * np.eye(4), layout="features-first").dead == 0
    assert verify.diagnose(np.full((3, 5), size)).antipodal_pairs == (0,)


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


@pytest.mark.parametrize("jitter", [1e-30, 1e-6, 1e-3])
def test_what_an_optimizer_leaves_of_dead_features_changes_nothing(jitter):
    rng = np.random.default_rng(1)
    clean = np.stack(
        [np.vstack([exclusion_state(8, 64, rng), np.zeros((8, 64))]) for _ in range(3)]
    )
    left = jitter * rng.standard_normal(clean.shape)
    dirty = np.where(clean.any(axis=-1, keepdims=True), clean, left)
    assert verify.diagnose(dirty).to_dict() == verify.diagnose(clean).to_dict()
    assert verify.diagnose(dirty).dead == 8
    assert verify.diagnose(dirty, dead_below=0).dead == 0


@pytest.mark.parametrize("jitter", [1e-30, 1e-3])
def test_a_network_of_jitter_beside_others_is_dead(jitter):
    rng = np.random.default_rng(1)
    stack = np.stack([exclusion_state(8, 64, rng) for _ in range(3)])
    left = jitter * rng.standard_normal((1, 8, 64))
    found = verify.diagnose(np.concatenate([stack, left]))
    assert found.dead == 2
    assert found.to_dict() == verify.diagnose(np.concatenate([stack, 0 * left])).to_dict()


def test_networks_of_jitter_alone_are_told_from_spread_rows():
    spread = numerics.initial_weights(16, 32, np.random.default_rng(0), instances=2)
    assert verify.diagnose(1e-3 * spread).verdict == "short-rows"
    assert "as those of dead features are" in verify.diagnose(1e-3 * spread).text()
    longest = np.linalg.norm(spread, axis=-1).max()
    assert verify.diagnose(0.199 / longest * spread).verdict == "short-rows"
    assert verify.diagnose(0.201 / longest * spread).verdict == "no-neurons"


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


@pytest.mark.parametrize("weights", [np.eye(4)[:1], np.diag([1.0, 0, 0, 0])])
def test_one_live_feature_is_no_evidence_for_a_law(weights):
    assert verify.diagnose(weights, layout="features-first").verdict == "too-few-features"


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
    found = verify.diagnose(np.array([[0.75, 0.0], [-0.75, 0.0]]), layout="features-first")
    assert found.verdict == "undecided"


def test_a_tall_array_asks_for_its_layout():
    with pytest.raises(
        ValueError, match=r"shape \(8, 6\).*first: 8 features x 6 .*first: 6 features x 8"
    ):
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


@pytest.mark.parametrize("n", [3, 4, 5])
def test_a_turned_simplex_of_three_features_is_one_of_noise(n):
    frame = 0.9 * numerics.random_simplex(n, 8, np.random.default_rng(n))
    assert verify.diagnose(frame).verdict == "noise-simplex"


def test_the_network_farthest_from_a_simplex_decides():
    frame = 0.9 * numerics.random_simplex(6, 8, np.random.default_rng(0))
    found = verify.diagnose(np.stack([frame, np.eye(6, 8)]))
    assert found.simplex_distance == verify.diagnose(np.eye(6, 8)).simplex_distance
    assert found.verdict != "noise-simplex"


@pytest.mark.parametrize("sign", [1, -1])
def test_pairs_of_one_sign_are_counted_for_either_sign(sign):
    weights = np.eye(6, 6)
    weights[:3] = 0
    weights[:3, 0] = sign
    found = verify.diagnose(weights, layout="features-first")
    assert (found.same_sign, found.opposite_signs) == (3, 0)


def test_the_error_of_the_ratio_is_that_of_the_law():
    states = np.stack([exclusion_state(12, 16, np.random.default_rng(k)) for k in range(5)])
    law = numerics.ExclusionLaw(12, 16)
    expected = math.sqrt(5 * law.var()) / (5 * law.mean())
    assert verify.diagnose(states).ratio_error == pytest.approx(expected, rel=1e-12)


def test_more_features_than_neurons_have_detectable_ratios():
    """The law then has a smallest count above 0, and so a smallest ratio."""
    laws = [(numerics.ExclusionLaw(20, 14), 6)]
    low, high = detectable_ratios(laws, significance=0.01)
    null = total_law(laws)
    totals = range(null.low, null.low + len(null.probability))
    for ratio, side, nearest in ((low, 0, max), (high, 1, min)):
        critical = nearest(t for t in totals if 2 * null.tails(t)[side] < 0.01)
        assert total_law(laws, ratio=ratio).tails(critical)[side] == pytest.approx(0.99, abs=1e-4)


@pytest.mark.parametrize("total", [0, 70, 126, 160, 600])
def test_the_interval_of_the_ratio_holds_what_the_test_does_not_reject(total):
    laws = [(numerics.ExclusionLaw(64, 128), 16)]
    low, high = ratio_interval(laws, total, significance=0.01)
    assert 0 <= low < high
    nearest = min(total, 16 * 32)
    for ratio in np.linspace(0.02, 4, 60):
        rejected = 2 * min(total_law(laws, ratio=ratio).tails(nearest)) < 0.01
        assert rejected == (not low <= ratio <= high)


def test_compatible_is_said_only_inside_the_margin():
    """One network leaves the law undecided, and the number named decides (power .99)."""
    n, m = 64, 128
    rng = np.random.default_rng(7)
    few = verify.diagnose(exclusion_state(n, m, rng))
    assert few.verdict == "undecided"
    assert few.p_value >= few.significance
    assert f"about {few.networks_needed} networks would decide" in few.words
    decided = 0
    for _ in range(20):
        states = np.stack([exclusion_state(n, m, rng) for _ in range(few.networks_needed)])
        many = verify.diagnose(states)
        decided += many.verdict == "compatible-with-exclusion-law"
        inside = max(1 - many.ratio_interval[0], many.ratio_interval[1] - 1) <= LAW_MARGIN
        assert (many.verdict == "compatible-with-exclusion-law") == (
            inside and many.p_value >= many.significance
        )
    assert decided >= 13  # the power is .98: fewer have probability 5e-9


@pytest.mark.parametrize("total", [118, 134])
def test_an_interval_beyond_either_end_of_the_margin_is_undecided(total):
    """The intervals are [.77, 1.11] and [.89, 1.24]; the p-values .35 and .41."""
    rng = np.random.default_rng(total)
    counts = [total // 16 + (k < total % 16) for k in range(16)]
    found = verify.diagnose(np.stack([state_with(k, 64, 128, rng) for k in counts]))
    low, high = found.ratio_interval
    assert (low < 1 - LAW_MARGIN) != (high > 1 + LAW_MARGIN)
    assert found.p_value > 0.3
    assert found.verdict == "undecided"


def test_the_fewest_neurons_possible_end_the_interval():
    """30 features share at least 10 of 20 neurons: no smaller ratio exists."""
    law = numerics.ExclusionLaw(30, 20)
    for total in (7, 10):
        low, high = ratio_interval([(law, 1)], total, significance=0.01)
        assert low == pytest.approx(10 / law.mean(), rel=1e-12)
        assert high > low
