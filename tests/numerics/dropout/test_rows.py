"""Lone rows under dropout: one weight below the threshold, several above."""

import numpy as np
import pytest

from polysem import numerics, theory


def fraction(lam, noise, samples=200):
    rate = noise / (1 + noise)
    return numerics.monosemantic_rows(16, lam, rate, samples, np.random.default_rng(0)).mean()


def test_the_threshold_divides_one_weight_from_several():
    lam = 0.1
    threshold = 0.215
    assert theory.spread_lam(2.0, threshold) < lam < theory.spread_lam(2.0, 1.02 * threshold)
    assert fraction(lam, 0.9 * threshold) == 1.0
    assert fraction(lam, 1.5 * threshold) < 0.6


@pytest.mark.parametrize("count", [2, 3])
def test_equal_weights_stay_or_fall_where_the_theory_says(count):
    noise = 0.3
    limit = theory.spread_lam(float(count), noise)
    start = np.full((1, count), 0.5) + 1e-3 * np.arange(count)
    model = numerics.Dropout(rate=noise / (1 + noise))
    for factor, left in ((0.9, count), (1.1, count - 1)):
        end = numerics.train(start, factor * limit, model=model, max_time=2000).weights
        assert (numerics.live_weights(end) == count) == (left == count)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="an l1 weight"):
        numerics.monosemantic_rows(4, 0.0, 0.1, 10, np.random.default_rng(0))
    with pytest.raises(ValueError, match="rate=1"):
        numerics.monosemantic_rows(4, 0.1, 1, 10, np.random.default_rng(0))
    with pytest.raises(ValueError, match="rate=1"):
        numerics.pair_chances(4, 0.1, 1, 10, np.random.default_rng(0))


@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_the_chance_of_a_pair_is_that_of_random_starts(rate, entropy):
    """Null: the means agree; standard error 6 %, |z| < 6, rate 1e-8."""
    rng = np.random.default_rng([entropy, 1])
    start = numerics.initial_weights(2, 8, rng, instances=4000)
    model = numerics.Dropout(rate=rate)
    end = numerics.train(start, 0.1, model=model, max_time=400).weights
    random = numerics.polysemantic_neurons(end) > 0
    drawn = numerics.pair_chances(8, 0.1, rate, 2000, np.random.default_rng([entropy, 2]))
    error = np.hypot(random.std() / 4000**0.5, drawn.std() / 2000**0.5)
    assert error < 0.08 * random.mean()
    assert abs(drawn.mean() - random.mean()) < 6 * error
    assert (drawn > 0).mean() > random.mean() + 6 * error  # the starts are not the random ones
