"""Initial weights: their law, their names, their precision."""

import math

import numpy as np
import pytest

from polysem import numerics


def test_scales_by_name():
    assert numerics.initial_scale("paper", 3, 25) == pytest.approx(0.2)
    assert numerics.initial_scale("one-feature", 1, 100_000) == pytest.approx(
        0.9 / math.sqrt(100_000)
    )
    assert numerics.initial_scale("xavier", 10, 22) == pytest.approx(0.25)
    assert numerics.initial_scale("authors-xavier", 4, 16, instances=4) == pytest.approx(0.125)


@pytest.mark.parametrize("scale", ["paper", "one-feature", "xavier", "authors-xavier", 0.3])
def test_weights_have_the_stated_standard_deviation(scale):
    # Null: normal with the stated scale. 16 x 40 x 200 draws: the sum of squares is chi-square
    # with 128000 degrees of freedom, its relative standard deviation .395 %; six of them are a
    # false-alarm rate of 2e-9, and a wrong scale is seen from 2 % on (power over 0.999).
    weights = numerics.initial_weights(40, 200, np.random.default_rng(7), instances=16, scale=scale)
    expected = (
        scale if isinstance(scale, float) else numerics.initial_scale(scale, 40, 200, instances=16)
    )
    ratio = np.square(weights).mean() / expected**2
    assert abs(ratio - 1) < 6 * math.sqrt(2 / weights.size)


def test_single_precision_starts_from_the_same_network():
    double = numerics.initial_weights(4, 8, np.random.default_rng(1))
    single = numerics.initial_weights(4, 8, np.random.default_rng(1), dtype=np.float32)
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, double.astype(np.float32))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 4), r"Got n=0; n is the number of features and must be an integer >= 1\."),
        ((4, 0), r"Got m=0; m is the number of neurons"),
        ((4, 2.5), r"Got m=2\.5; m is the number of neurons"),
        ((10**7, 10**7), r"Got n=10000000, m=10000000.*reduce n, m or instances\."),
    ],
)
def test_bad_sizes_are_refused_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message):
        numerics.initial_weights(*arguments, np.random.default_rng(0))


def test_a_seed_is_no_generator():
    with pytest.raises(ValueError, match=r"Got rng=0; give a Generator"):
        numerics.initial_weights(2, 2, 0)
    with pytest.raises(ValueError, match=r"Got scale='he'; choose one of paper"):
        numerics.initial_weights(2, 2, np.random.default_rng(0), scale="he")
    with pytest.raises(ValueError, match=r"Got scale=-1\.0; scale is the standard deviation"):
        numerics.initial_weights(2, 2, np.random.default_rng(0), scale=-1.0)
