"""The limit process: its constraints, its exact one-row solution, its step error."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from polysem import numerics
from polysem.numerics import Outcome
from polysem.numerics.training import quasistatic


def start(n, m, seed, **options):
    return numerics.initial_weights(n, m, np.random.default_rng(seed), **options)


@given(st.integers(1, 10), st.integers(0, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_every_feature_ends_alone_on_its_slot(n, more, seed):
    run = numerics.train(start(n, n + more, seed), 0.0, optimizer="quasistatic")
    assert run.outcome is Outcome.CONVERGED
    np.testing.assert_array_equal(numerics.live_weights(run.weights), 1)
    np.testing.assert_allclose(numerics.row_norms(run.weights, 2), 1, rtol=1e-12)
    slots = set(
        zip(
            numerics.winners(run.weights).tolist(),
            numerics.winner_signs(run.weights).tolist(),
            strict=True,
        )
    )
    assert len(slots) == n


def test_repulsion_removes_positive_overlaps_and_keeps_unit_rows():
    rows = numerics.unit_rows(start(30, 60, 1))
    apart = numerics.remove_positive_overlaps(rows, 1e-4)
    assert numerics.overlaps(apart).max() <= 1e-4
    np.testing.assert_allclose(numerics.row_norms(apart, 2), 1, rtol=1e-12)
    again = numerics.remove_positive_overlaps(apart, 1e-4)
    np.testing.assert_allclose(apart, again, atol=1e-15)


def slow_remove_positive_overlaps(rows, tolerance):
    """As the docstring reads."""
    n = len(rows)
    rows = np.array([row / np.linalg.norm(row) for row in rows])
    last, total, age = np.zeros((n, n)), np.zeros((n, n)), 0
    while True:
        overlap = np.array(
            [[0 if i == j else rows[i] @ rows[j] for j in range(n)] for i in range(n)]
        )
        if overlap.max() <= tolerance:
            return rows
        push = min(0.5, 0.9 / np.maximum(overlap, 0).sum(axis=1).max()) * overlap
        ahead = np.maximum(push + age / (age + 3) * last, -total)
        if (ahead * overlap).sum() < 0:
            ahead, age = np.maximum(push, -total), 0
        last, total, age = ahead, total + ahead, age + 1
        rows = np.array([rows[i] - sum(ahead[i, j] * rows[j] for j in range(n)) for i in range(n)])
        rows = np.array([row / np.linalg.norm(row) for row in rows])


@pytest.mark.parametrize(("n", "m"), [(8, 8), (8, 12), (6, 40)])  # rows or only overlaps moved
def test_repulsion_agrees_with_its_slow_twin(n, m):
    rows = start(n, m, 4)
    np.testing.assert_allclose(
        numerics.remove_positive_overlaps(rows, 1e-3),
        slow_remove_positive_overlaps(rows, 1e-3),
        atol=1e-12,
    )


def plain_repel(rows, tolerance, max_pushes):
    """The reference of one network: repulsion by the positive overlaps alone."""
    apart = numerics.unit_rows(rows.base[0])
    while True:
        push = np.maximum(apart @ apart.T, 0)
        np.fill_diagonal(push, 0)
        if push.max() <= tolerance:
            break
        push *= min(0.5, 0.9 / push.sum(axis=1).max())
        apart = numerics.unit_rows(apart - push @ apart)
    rows.base, rows.collected, rows.overlap = apart[None], None, (apart @ apart.T)[None]
    return np.array([], int)


def test_accelerated_and_plain_repulsion_have_the_same_limit(monkeypatch):
    """They end at different points; the winners that this changes are fewer than those that the
    error of a step of rel = .1 changes (.002 and .016 of the features, measured at n = m = 32)."""
    networks = start(20, 20, 11, instances=12)

    def ends(rel):
        runs = [numerics.train(w, 0.0, optimizer="quasistatic", rel=rel) for w in networks]
        return np.array([run.weights for run in runs])

    coarse, fine = ends(0.1), ends(0.02)
    monkeypatch.setattr(quasistatic, "repel", plain_repel)
    plain = ends(0.02)
    between_schemes = np.count_nonzero(~numerics.retained_winners(plain, fine))
    of_the_step = np.count_nonzero(~numerics.retained_winners(coarse, fine))
    assert between_schemes <= of_the_step, (between_schemes, of_the_step)
    assert of_the_step > 0


def slow_move(rows, ends, c, thresholds):
    """The shrunk W - c (W + V)/2; of the largest mode of c beyond 1.5, with the new V for V."""
    pulled, mode = rows - c @ (rows + ends) / 2, c.sum(axis=1)
    if mode.max() <= 1.5:
        return shrunk(pulled, thresholds[:, None]), 0.0
    for _ in range(8):
        mode = c @ (mode / np.linalg.norm(mode))
    excess = max(0.0, np.linalg.norm(mode) - 1.5)
    mode = mode / np.linalg.norm(mode)
    moved = np.zeros_like(rows)
    for k in range(rows.shape[1]):

        def new(a, k=k):
            change = excess / 2 * mode * (mode @ ends[:, k] - a)
            return shrunk(pulled[:, k] + change, thresholds)

        moved[:, k] = new(
            brentq(lambda a, new=new: mode @ new(a) - a, -len(rows), len(rows), xtol=1e-15)
        )
    return moved, excess


def shrunk(values, thresholds):
    return np.sign(values) * np.maximum(np.abs(values) - thresholds, 0)


def slow_step(rows, c, rel, last):
    """One step as its docstring reads, from unit rows."""
    n = len(rows)
    size = rel / max(np.abs(row).sum() for row in rows)
    thresholds = np.array([size - size**2 * np.abs(row).sum() / 2 for row in rows])
    rows = ends = slow_remove_positive_overlaps(rows, 1e-3)
    if last:
        c = c * size / last
    excess, met = 0, None
    for gain in (1.8, 0.5, 1.1, 0.65):
        moved, more = slow_move(rows, ends, c, thresholds)
        excess = max(excess, more)
        ends = np.array([row / np.linalg.norm(row) for row in moved])
        overlap = np.array(
            [[0 if i == j else ends[i] @ ends[j] for j in range(n)] for i in range(n)]
        )
        if met is None:
            met = np.array(
                [[np.sum(ends[j][ends[i] != 0] ** 2) for j in range(n)] for i in range(n)]
            )
            crowd = (ends**2).sum(axis=0)
            least = 0.7 * np.sqrt([crowd[row != 0].mean() for row in ends])
            met = np.maximum(met + met.T, np.maximum.outer(least, least))
        felt = [
            sum(abs(overlap[i, j]) for j in range(n) if c[i, j] > 0 or overlap[i, j] > 0)
            for i in range(n)
        ]
        gentle = min(1, 1.8 / max(felt))
        c = np.maximum(c + gentle * gain * overlap / met, 0)
        c = c * (overlap != 0)
    return ends, c, size, excess


@pytest.mark.parametrize(
    ("n", "m", "rel", "steps", "stiff"),
    [(8, 8, 0.1, 6, False), (8, 12, 0.1, 6, False), (6, 40, 0.1, 6, False), (60, 60, 0.3, 8, True)],
)
def test_steps_agree_with_their_slow_twin(n, m, rel, steps, stiff, monkeypatch):
    monkeypatch.setattr(quasistatic, "_NEWTON_TOLERANCE", 1e-12)
    rows = numerics.unit_rows(numerics.fast_phase(start(n, m, 7)))
    c, size, excess = np.zeros((n, n)), None, []
    for _ in range(steps):
        rows, c, size, more = slow_step(rows, c, rel, size)
        excess.append(more)
    run = numerics.train(start(n, m, 7), 0.0, optimizer="quasistatic", rel=rel, max_steps=steps)
    np.testing.assert_allclose(run.partial_weights, rows, atol=1e-12)
    assert (max(excess) > 0) == stiff, excess


def test_the_error_of_a_step_falls_faster_than_in_proportion_to_it():
    """Repulsion by the rows' places at the start of the step has a ratio of 4.7 here."""

    def ends(initial, rel):
        settings = {"rel": rel, "max_time": 0.2, "overlap_tolerance": 1e-6}
        return numerics.train(initial, 0.0, optimizer="quasistatic", **settings).partial_weights

    coarse, fine = [], []
    for seed in range(10):
        initial = start(12, 24, seed)
        exact = ends(initial, 0.005)
        coarse.append(np.linalg.norm(ends(initial, 0.16) - exact))
        fine.append(np.linalg.norm(ends(initial, 0.04) - exact))
    ratio = np.mean(coarse) / np.mean(fine)
    assert ratio > 6, ratio


def test_many_rows_that_repel_each_other_come_to_rest():
    """Taken explicitly, the mode of all rows together grows here, and wakes the dead."""
    initial = numerics.initial_weights(256, 1024, np.random.default_rng(0), dtype=np.float32)
    run = numerics.train(initial, 0.0, optimizer="quasistatic", rel=0.4, max_steps=100)
    assert run.outcome is Outcome.CONVERGED


def test_repulsion_that_gives_up_says_so():
    with pytest.warns(RuntimeWarning, match="Got max_pushes=2"):
        numerics.remove_positive_overlaps(start(12, 8, 8), max_pushes=2)


def test_rows_that_stay_overlapping_end_the_run_and_say_so():
    run = numerics.train(start(12, 8, 8), 0.0, optimizer="quasistatic", max_pushes=2)
    assert run.outcome is Outcome.OVERLAPPING
    assert np.isfinite(run.partial_weights).all()
    assert run.partial_weights.any()
    with pytest.raises(numerics.TrainingError, match="raise overlap_tolerance"):
        numerics.train(start(12, 8, 8), 0.0, optimizer="quasistatic", max_pushes=2, throw=True)


@pytest.mark.parametrize(("n", "m"), [(8, 12), (6, 40)])
def test_the_fast_phase_is_the_flow_without_regulariser(n, m):
    initial, times = start(n, m, 5), []
    apart = numerics.fast_phase(initial)
    numerics.train(
        initial,
        0.0,
        max_time=200.0,
        observe=lambda step: times.append(np.abs(step.after[0] - apart).max()),
    )
    assert min(times) < 1e-12


@pytest.mark.parametrize(("n", "m"), [(10, 20), (40, 60)])
def test_leaving_out_settled_features_changes_nothing(n, m):
    initial = start(n, m, 6)
    fast = numerics.train(initial, 0.01, optimizer="quasistatic")
    plain = numerics.train(initial, 0.01, optimizer="quasistatic", reduce=False)
    np.testing.assert_allclose(fast.weights, plain.weights, atol=1e-12)
    assert fast.time == pytest.approx(float(plain.time))


def lone_row_threshold(row, tau):
    """B(tau) of a lone row: dB/dtau = |(|w| - B)_+|, by many small steps of the midpoint rule."""

    def speed(threshold):
        return np.linalg.norm(np.maximum(np.abs(row) - threshold, 0))

    threshold, steps = 0.0, 20_000
    for _ in range(steps):
        middle = threshold + tau / steps / 2 * speed(threshold)
        threshold += tau / steps * speed(middle)
    return threshold


def test_a_lone_row_follows_its_exact_solution_to_second_order():
    row, tau = start(1, 200, 3), 0.2
    threshold = lone_row_threshold(row[0], tau)
    exact = numerics.unit_rows(numerics.soft_threshold(row, threshold))
    errors = [
        np.linalg.norm(
            numerics.train(row, 0.0, optimizer="quasistatic", rel=rel, max_time=tau).weights - exact
        )
        for rel in (0.08, 0.01)
    ]
    assert np.log2(errors[0] / errors[1]) / 3 == pytest.approx(2, abs=0.25)


@pytest.mark.parametrize("seed", range(5))
def test_a_lone_row_keeps_its_largest_weight(seed):
    row = start(1, 50, seed)
    run = numerics.train(row, 0.0, optimizer="quasistatic")
    assert numerics.retained_winners(row, run.weights).all()


def test_the_result_does_not_depend_on_lam_but_the_clock_does():
    initial = start(6, 20, 2)
    first = numerics.train(initial, 0.0, optimizer="quasistatic")
    second = numerics.train(initial, 0.01, optimizer="quasistatic")
    np.testing.assert_array_equal(first.weights, second.weights)
    assert second.time == pytest.approx(float(first.time) / 0.01)


def test_what_the_limit_does_not_cover_is_refused():
    with pytest.raises(
        ValueError, match=r"Got n=5, m=2 and optimizer='quasistatic'; it needs n <= 2m"
    ):
        numerics.train(start(5, 2, 0), 0.0, optimizer="quasistatic")
    with pytest.raises(ValueError, match=r"with a model or an l2 that it cannot train; it needs"):
        numerics.train(start(2, 5, 0), 0.0, optimizer="quasistatic", l2=0.1)
    with pytest.raises(
        ValueError, match=r"Got rel=1\.0; rel is .* with rel >= 1 a step can set a whole row"
    ):
        numerics.QuasiStatic(rel=1.0)


def test_stacked_networks_give_what_they_give_alone():
    initial = start(8, 16, 5, instances=3)
    together = numerics.train(initial, 0.0, optimizer="quasistatic")
    for k in range(3):
        alone = numerics.train(initial[k], 0.0, optimizer="quasistatic")
        np.testing.assert_array_equal(together.weights[k], alone.weights)


@pytest.mark.parametrize("function", [numerics.remove_positive_overlaps, numerics.fast_phase])
def test_repulsion_refuses_bad_input_and_takes_lists(function):
    assert function([[1.0, 0.0], [0.0, 2.0]]).shape == (2, 2)
    with pytest.raises(ValueError, match=r"^Got weights of shape \(2,\)"):
        function([1.0, 2.0])
    with pytest.raises(ValueError, match=r"^Got weights of shape \(1, 2, 2\); give one network"):
        function(np.ones((1, 2, 2)))
    with pytest.raises(ValueError, match=r"^Got tolerance=0"):
        function(np.eye(2), 0)


def test_two_features_for_each_neuron_are_covered():
    """n = 2m is the most features whose unit rows can be without positive overlap."""
    run = numerics.train(start(4, 2, 0), 0.0, optimizer="quasistatic")
    assert run.weights.shape == (4, 2)
    assert numerics.overlaps(run.weights).max() < 1e-6


def test_the_fast_phase_of_unscaled_weights_ends_without_overlap():
    initial = 1e4 * np.random.default_rng(0).standard_normal((4, 8))
    assert numerics.overlaps(numerics.fast_phase(initial)).max() <= 1e-3
