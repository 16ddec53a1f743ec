"""The split flow: its two halves against exact solutions, and the order of the whole."""

import numpy as np
import pytest

from polysem import numerics
from polysem.numerics import Outcome


def start(n, m, seed, **options):
    return numerics.initial_weights(n, m, np.random.default_rng(seed), **options)


def exact_row(row, lam, t):
    flow = numerics.row_flow(row, lam, [t])
    return flow.amplitude[-1] * numerics.soft_threshold(row, flow.threshold[-1])


def test_benefit_and_l1_follow_the_exact_row_to_second_order():
    lam, row = 0.002, start(1, 300, 1)
    row = exact_row(row[0], lam, 100.0)  # beyond the transient, where large steps are taken
    errors = []
    for rel in (0.0125, 0.003):
        t = rel / (lam * np.abs(row).sum())
        ours = numerics.benefit_and_l1(row[None], lam, t)[0]
        errors.append(np.abs(ours - exact_row(row, lam, t)).max() / np.abs(row).max())
    assert errors[0] < 5e-5
    assert 2 < np.log2(errors[0] / errors[1]) / np.log2(0.0125 / 0.003) < 3.2


def test_a_lone_weight_comes_to_rest_at_the_amplitude():
    lam = 0.1
    (w,) = numerics.benefit_and_l1(np.array([[0.7]]), lam, 500.0)[0]
    assert (1 - w * w) * w == pytest.approx(lam, rel=1e-12)
    assert numerics.benefit_and_l1(np.array([[0.05]]), lam, 500.0)[0, 0] == 0


def test_interference_is_that_of_the_flow():
    rows = start(6, 10, 2)
    ours = numerics.interference(rows, 0.01, 0.0)
    force = numerics.forces(rows, 0.0).interference
    np.testing.assert_allclose(ours, rows + 0.01 * force, atol=1e-12)
    long = numerics.interference(rows, 1000.0, 1e-6)
    assert numerics.overlaps(long).max() <= 1e-6


def test_the_error_at_a_fixed_time_is_of_first_order():
    lam, initial, until = 0.002, start(10, 40, 3), 30.0

    def at(rel):
        return numerics.train(
            initial, lam, optimizer="splitting", rel=rel, max_time=until, overlap_tolerance=1e-9
        ).weights

    exact = numerics.train(initial, lam, step_size=1e-3, max_time=until).weights
    coarse, fine = (np.linalg.norm(at(rel) - exact) for rel in (0.004, 0.0005))
    assert np.log2(coarse / fine) / 3 == pytest.approx(1, abs=0.2)


def test_it_ends_where_the_flow_ends():
    initial, lam = start(12, 24, 4, instances=3), 0.002
    ours = numerics.train(initial, lam, optimizer="splitting", rel=0.0025)
    flow = numerics.train(initial, lam)
    assert ours.outcome is Outcome.CONVERGED
    np.testing.assert_array_equal(numerics.winners(ours.weights), numerics.winners(flow.weights))
    np.testing.assert_allclose(
        np.abs(ours.weights).max(axis=-1), np.abs(flow.weights).max(axis=-1), atol=1e-5
    )


def test_the_number_of_steps_does_not_grow_with_one_over_lam():
    initial = start(8, 32, 5)
    steps = [int(numerics.train(initial, lam, optimizer="splitting").steps) for lam in (1e-3, 1e-5)]
    assert steps[1] < 1.5 * steps[0]


def test_collapse_and_what_it_does_not_cover():
    assert numerics.train(start(3, 50, 0), 1.0, optimizer="splitting").outcome is Outcome.COLLAPSED
    with pytest.raises(ValueError, match=r"Got optimizer='splitting' with a model, an l2 or a lam"):
        numerics.train(start(3, 5, 0), 0.0, optimizer="splitting")


def test_benefit_and_l1_refuses_bad_input():
    assert numerics.benefit_and_l1([[0.5, 0.1]], 0.01, 0.1).shape == (1, 2)
    with pytest.raises(ValueError, match=r"^Got t=0"):
        numerics.benefit_and_l1(np.eye(2), 0.01, 0)
    with pytest.raises(ValueError, match=r"^Got lam=-1"):
        numerics.benefit_and_l1(np.eye(2), -1, 0.1)
    with pytest.raises(ValueError, match=r"^Got weights of shape \(2,\)"):
        numerics.benefit_and_l1([1.0, 2.0], 0.01, 0.1)
    with pytest.raises(ValueError, match=r"^Got weights of shape \(2,\)"):
        numerics.interference([1.0, 2.0], 1.0, 0.0)
    with pytest.raises(ValueError, match=r"^Got t=-1"):
        numerics.interference(np.eye(2), -1, 0.0)


@pytest.mark.parametrize("weight", [0.18789, 0.1918, 0.26023])
def test_networks_that_die_within_a_step_have_collapsed(weight):
    """Their zero neurons are left out: no weight is left for the next step."""
    run = numerics.train(np.full((2, 3), weight) * [[1.0], [-1.0]], 0.5, optimizer="splitting")
    assert run.outcome is Outcome.COLLAPSED


def test_unscaled_weights_end_as_by_the_flow():
    """In 12 networks of deviation 10: .98 of the winners, and .83 with steps of scaled weights."""
    same = []
    for seed in range(12):
        initial = 10 * np.random.default_rng(seed).standard_normal((8, 16))
        split = numerics.train(initial, 0.02, optimizer="splitting").weights
        flow = numerics.train(initial, 0.02).weights
        same.append((numerics.winners(split) == numerics.winners(flow)).mean())
    assert np.mean(same) > 0.92
