"""The reduced race against the constrained flow itself, and its limits."""

import numpy as np
import pytest

from polysem import numerics, theory
from polysem.numerics import suppression


def slow_survival(first, second, r, values, step=2e-4):
    """Two unit rows under l1 and the repulsion on the shared neuron 0, by small Euler steps.

    dx = (mu x - 1 - r x_0 y_0^2 on neuron 0) d tau, with mu that keeps the norm.
    """
    x, y = (row / np.linalg.norm(row, axis=-1, keepdims=True) for row in (first, second))
    for _ in range(int(8 / step)):
        push = r * x[:, 0] * y[:, 0]
        if values == "uniform":
            push = push * (1 - 0.75 * x[:, 0] * y[:, 0])
        new = []
        for row, other in ((x, y), (y, x)):
            moved = row - step * (row > 0)
            moved[:, 0] -= step * push * other[:, 0] * (row[:, 0] > 0)
            moved = np.maximum(moved, 0)
            new.append(moved / np.linalg.norm(moved, axis=-1, keepdims=True))
        x, y = new
    survives = (x[:, 0] > 0) & (y[:, 0] > 0)
    alone = ((x > 0).sum(-1) == 1) & ((y > 0).sum(-1) == 1)
    return survives, ~survives | alone


@pytest.mark.parametrize(("r", "values"), [(0.4, "binary"), (0.8, "uniform")])
def test_the_reduction_is_the_constrained_flow(r, values):
    seed, samples, m = 11, 120, 12
    fast = numerics.collision_survives(
        r, samples, np.random.default_rng(seed), m=m, values=values, step=0.02
    )
    rng = np.random.default_rng(seed)
    rows = [-np.sort(-np.abs(rng.normal(size=(samples, m))), -1) for _ in range(2)]
    slow, decided = slow_survival(*rows, r, values)
    assert decided.mean() > 0.9
    different = (fast != slow) & decided
    assert different.sum() <= 1  # a near-tie may fall either way
    assert 0.15 < slow.mean() < 0.85  # both outcomes occur


def test_without_cooccurrence_all_survive_and_more_of_it_breaks_more():
    kept = numerics.collision_survives([0, 0.1, 0.4, 1, 3], 1000, np.random.default_rng(2))
    assert kept[0].all()
    assert (np.diff(kept.mean(-1)) < 0).all()
    assert not (kept[1:] & ~kept[:-1]).any()  # what breaks at r breaks beyond it


def test_a_smaller_step_changes_nothing_that_matters():
    coarse, fine = (
        numerics.collision_survives([0.3, 1], 1500, np.random.default_rng(4), step=step)
        for step in (0.2, 0.02)
    )
    assert (coarse != fine).mean() < 0.003


def test_the_tail_acts_through_its_mean(monkeypatch):
    """Cutting the row at 128 or at 512 order statistics gives the same slope."""
    means = []
    for depth in (128, 512):
        monkeypatch.setattr(suppression, "_DEPTH", depth)
        slope = numerics.suppression_slope(3000, np.random.default_rng(5))
        means.append((slope.mean(), slope.std() / np.sqrt(slope.size)))
    (one, error), (other, error_2) = means
    assert abs(one - other) < 6 * np.hypot(error, error_2)  # false-alarm rate 2e-9
    assert 6 * error < 0.15  # so that a tail left out altogether, 0.09 at depth 64, is near


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="Got strength=-1"):
        numerics.collision_survives(-1, 10, np.random.default_rng(0))
    with pytest.raises(ValueError, match="Got m=1"):
        numerics.collision_survives(1, 10, np.random.default_rng(0), m=1)


def test_the_fits_hold_and_wrong_ones_are_rejected():
    """Null: the fit; 6000 collisions; rate 2e-9 a strength; it sees 0.04 of all collisions."""
    for values, fit in (
        ("binary", theory.suppression_fit),
        ("uniform", theory.uniform_suppression_fit),
    ):
        strengths = np.array([0.25, 0.5])
        kept = numerics.collision_survives(
            strengths, 6000, np.random.default_rng(8), values=values
        ).mean(-1)
        bound = 6 * np.sqrt(0.25 / 6000)
        assert bound < 0.04

        def largest(of, kept=kept, fit=fit, strengths=strengths):
            return max(abs(fit(strength=of(r)) - f) for r, f in zip(strengths, kept, strict=True))

        assert largest(lambda r: r) < bound
        assert largest(lambda r: r / 4) > bound  # the code's lambda for lambda
        assert largest(lambda r: 2 * r) > bound  # 2p for p
        assert largest(lambda r: r / 2) > bound
