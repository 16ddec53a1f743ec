"""The reduced race against the constrained flow itself, and its limits."""

import dataclasses

import numpy as np
import pytest
from scipy import integrate

from polysem import numerics, theory
from polysem.numerics.cooccurrence import suppression


def slow_survival(first, second, r, values, step=5e-4):
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
        for step in (0.2, 0.04)
    )
    assert (coarse != fine).mean() < 0.003


def test_the_tail_acts_through_its_mean(monkeypatch):
    """Cutting the row at 16 or at 128 order statistics gives the same slope; without it, not."""

    def slope(depth):
        monkeypatch.setattr(suppression, "_DEPTH", depth)
        slope = numerics.suppression_slope(4000, np.random.default_rng(5))
        return slope.mean(), slope.std() / np.sqrt(slope.size)

    (one, error), (other, error_2) = slope(16), slope(128)
    bound = 6 * np.hypot(error, error_2)  # false-alarm rate 2e-9
    assert abs(one - other) < bound
    monkeypatch.setattr(
        suppression, "_before_the_first_death", lambda rows: np.zeros((2, rows[0].top.size))
    )
    assert abs(slope(16)[0] - other) > bound


def closure_slope(samples, points, rng, density=None, step=0.1):
    """The slope when `points` weights below the top are random and the others act in the mean.

    The largest weights are the points of a Poisson process of density e^-z: e^-z_j is the arrival
    time of point j. Below the last random one, at z, the mean density is e^-z e^(z - b) db, so the
    sum of squares above the threshold z - s is e^-z (2 e^s - 2 - 2 s - s^2).
    """
    arrivals = np.cumsum(rng.exponential(size=(points + 1, 2, samples)), axis=0)
    if density is not None:  # at the last point, the same in all rows
        arrivals *= density / arrivals[-1]
    top, others = -np.log(arrivals[0]), -np.log(arrivals[1:])
    top[0] = others[0, 0]  # tied

    def slope(threshold, alone):
        depth = np.maximum(others[-1] - threshold, 0)
        shared = np.maximum(top - threshold, 0)
        rest = (np.maximum(others - threshold, 0) ** 2).sum(0)
        rest += arrivals[-1] * (2 * np.exp(depth) - 2 - 2 * depth - depth**2)
        speed = np.sqrt(shared**2 + rest)
        share = np.where(alone, 1.0, shared / np.maximum(speed, 1e-300))
        speed = np.where(alone, 0.0, speed)
        speed /= np.maximum(speed.max(0), 1e-300)
        return speed, speed[0] * share[0] * share[1] ** 2

    threshold, paid = np.full((2, samples), -12.0), np.zeros(samples)
    handicap, alone = np.full(samples, np.nan), np.zeros((2, samples), bool)
    while np.isnan(handicap).any():
        first, force = slope(threshold, alone)
        middle, halfway = slope(threshold + step / 2 * first, alone)
        again, once_more = slope(threshold + step / 2 * middle, alone)
        last, final = slope(threshold + step * again, alone)
        ahead = threshold + step / 6 * (first + 2 * middle + 2 * again + last)
        gain = step / 6 * (force + 2 * halfway + 2 * once_more + final)
        ends = ~alone & (ahead >= others[0])
        part = (others[0, 0] - threshold[0])[ends[0]] / (ahead - threshold)[0, ends[0]]
        handicap[ends[0]] = paid[ends[0]] + part * gain[ends[0]]
        alone |= ends
        threshold, paid = ahead, paid + gain
    return 2 * handicap


def test_the_race_is_the_limit_of_few_random_weights():
    """A route of its own to the slope: arrival times, another frame, the tail by its density.

    Null: both means are equal; 20 000 and 8000 collisions; rate 2e-9; it sees 4 % of the slope.
    """
    race = numerics.suppression_slope(8000, np.random.default_rng(6))
    close = closure_slope(20_000, 4, np.random.default_rng(7))
    bound = 6 * np.hypot(race.std() / 8000**0.5, close.std() / 20_000**0.5)
    assert bound < 0.04 * race.mean()
    assert abs(race.mean() - close.mean()) < bound
    # a density that is the same in every row is no law: 15 % below, 10 % above
    for density in (2.0, 1.0):
        fixed = closure_slope(8000, 1, np.random.default_rng(8), density=density)
        assert abs(race.mean() - fixed.mean()) > bound


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


def test_the_tail_pays_each_row_its_own_handicap():
    """Against the integral of the docstring; its first factor belongs to the row that pays."""
    first, second = 0.5, 2.0
    rng = np.random.default_rng(0)
    rows = tuple(
        dataclasses.replace(suppression._Rows.sample(1, None, rng), top=np.array([top]))
        for top in (first, second)
    )
    paid = suppression._before_the_first_death(rows)[:, 0]
    for handicap, mine, other in zip(paid, (first, second), (second, first), strict=True):
        whole, _ = integrate.quad(
            lambda s, a=mine, b=other: (
                (a + s) * (b + s) ** 2 * (2 * suppression._DEPTH * np.exp(s)) ** -1.5
            ),
            0,
            60,
        )
        assert handicap == pytest.approx(whole, rel=1e-9)
