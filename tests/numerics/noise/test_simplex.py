"""The regular simplex: defining properties of its two codes, and the distance from it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polysem import numerics

SIZES = st.integers(2, 12).flatmap(lambda n: st.tuples(st.just(n), st.integers(n, n + 5)))


def slow_distance(weights):
    """The minimum over a, of a parabola."""
    n = len(weights)
    gram = weights @ weights.T
    projector = np.eye(n) - np.ones((n, n)) / n

    def miss(a):
        return np.linalg.norm(gram - a * projector) ** 2

    low, middle, high = miss(-1.0), miss(0.0), miss(1.0)
    a = (low - high) / (2 * (low - 2 * middle + high))  # the miss is a parabola in a
    return np.sqrt(miss(a)) / np.linalg.norm(gram)


@given(SIZES)
def test_both_codes_have_unit_rows_and_equal_negative_overlaps(centred_simplex, sizes):
    n, m = sizes
    for weights in (numerics.corner_simplex(n, m), centred_simplex(n, m)):
        gram = weights @ weights.T
        expected = (n * np.eye(n) - 1) / (n - 1)
        np.testing.assert_allclose(gram, expected, atol=1e-13)
        assert numerics.simplex_distance(weights) < 1e-13


@given(SIZES, st.integers(0, 2**32 - 1))
def test_distance_is_the_nearest_simplex_and_ignores_rotation_and_size(sizes, seed):
    n, m = sizes
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(n, m))
    distance = numerics.simplex_distance(weights)
    assert distance == pytest.approx(slow_distance(weights), abs=1e-9)
    rotation, _ = np.linalg.qr(rng.normal(size=(m, m)))
    assert numerics.simplex_distance(3 * weights @ rotation) == pytest.approx(distance, abs=1e-12)


def test_known_distances():
    assert numerics.simplex_distance(np.eye(9)) == pytest.approx(1 / 3, abs=1e-14)
    assert numerics.simplex_distance(np.zeros((3, 2))) == 1.0
    pairs = np.vstack([np.eye(4), -np.eye(4)])
    assert numerics.simplex_distance(pairs) == pytest.approx(np.sqrt(1 - 4 / 7), abs=1e-14)


def test_spread_rows_and_polysemantic_neurons_of_the_codes(centred_simplex):
    for n in range(5, 13):
        corner, centred = numerics.corner_simplex(n, n), centred_simplex(n, n)
        assert numerics.spread_rows(corner) == 1 * (n > 5)
        assert numerics.spread_rows(centred) == 0
        for rule in ("authors", "scale-free"):
            assert numerics.polysemantic_neurons(corner, rule) == 0
            assert numerics.polysemantic_neurons(centred, rule) == 0
        assert numerics.antipodal_pairs(corner) == 0


def test_no_room_is_one_clear_line():
    with pytest.raises(ValueError, match=r"^Got n=8, m=6; a regular simplex .* m >= n - 1\.$"):
        numerics.corner_simplex(8, 6)
    with pytest.raises(ValueError, match=r"^Got n=1; "):
        numerics.simplex_distance(np.ones((1, 4)))
