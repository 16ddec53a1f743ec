"""The reduced model of two rows: its gradient, its limits, and what it must not ignore."""

import numpy as np
import pytest

from polysem import numerics
from polysem.numerics.optimizer.reduced import Grouped, _Race


def expanded(rng):
    """Two rows as bins and common neurons, and the same rows neuron by neuron."""
    counts = np.array([[3, 2], [1, 4]])
    bins = rng.normal(size=(2, 2))
    common = rng.normal(size=(2, 5))
    neurons = [np.zeros((2, counts.sum())), common]
    place = 0
    for row in range(2):
        for one in range(2):
            neurons[0][row, place : place + counts[row, one]] = bins[row, one]
            place += counts[row, one]
    model = Grouped(counts=np.concatenate([counts, np.ones((2, 5))], axis=1)[None], bins=2)
    return model, np.concatenate([bins, common], axis=1)[None], np.concatenate(neurons, axis=1)


@pytest.mark.parametrize("seed", range(4))
def test_bins_stand_for_equal_weights_of_the_whole_model(seed):
    model, weights, neurons = expanded(np.random.default_rng(seed))
    whole = numerics.gradient(neurons)
    found = model.gradient(weights)[0]
    assert model.loss(weights)[0] == pytest.approx(float(numerics.OneHot().loss(neurons)))
    assert found[:, 2:] == pytest.approx(whole[:, 10:], abs=1e-12)
    alone = [whole[0, 0], whole[0, 3], whole[1, 5], whole[1, 6]]
    assert found[:, :2].ravel() == pytest.approx(alone, abs=1e-12)


def trained(m, lam, pairs, seed, steps):
    """Whether pairs of rows end together, and whether each row keeps its winner, by training."""
    rng = np.random.default_rng(seed)
    start = (rng.standard_normal((pairs, 2, m)) / np.sqrt(m)).astype(np.float32)
    final = numerics.train(start, lam, optimizer="adamw", steps=steps).weights
    kept = np.abs(start).argmax(axis=-1) == np.abs(final).argmax(axis=-1)
    return numerics.polysemantic_neurons(final) > 0, kept


def test_without_a_cut_it_gives_the_winners_of_training():
    """All neurons are followed one by one, from the same start as training."""
    m, lam, pairs, steps = 64, 0.05, 60, 3000
    optimizer = numerics.AdamW(steps=steps)
    found, alone = (
        numerics.reduced_pairs(
            m, lam, pairs, np.random.default_rng(3), optimizer=optimizer, cut=cut
        )
        for cut in (0.0, 9.0)
    )
    together, kept = trained(m, lam, pairs, 3, steps)
    assert found.variables == pytest.approx(2 * m)
    assert (found.together == together).mean() > 0.95
    assert (found.retained == kept).mean() > 0.95
    assert not alone.together.any()


def test_with_the_default_cut_as_many_rows_keep_their_winner_as_in_training():
    """From the same start; the second model, in which no weights interact, keeps too many."""
    m, lam, pairs, steps = 256, 0.016, 60, 3000
    optimizer = numerics.AdamW(steps=steps)
    found, alone = (
        numerics.reduced_pairs(
            m, lam, pairs, np.random.default_rng(4), optimizer=optimizer, cut=cut
        )
        for cut in (1.0, 9.0)
    )
    kept = trained(m, lam, pairs, 4, steps)[1].mean()
    assert found.variables < 0.65 * 2 * m
    assert found.retained_fraction[0] == pytest.approx(kept, abs=0.05)
    assert alone.retained_fraction[0] > kept + 0.05


def test_a_neuron_is_followed_where_one_of_its_weights_is_large():
    """The support of a large weight lifts even a small one: such pairs decide at small m."""
    sizes = np.array([[[2.0, 0.2, 0.3], [0.1, -0.4, 0.5]]], dtype=np.float32)
    race = _Race(sizes, 1.0)
    followed = race.weights[0, :, race.bins :] * np.sqrt(3)
    np.testing.assert_allclose(followed, [[2.0], [0.1]], rtol=1e-6)
    assert race.variables == 6


def test_at_256_neurons_two_rows_end_together_more_often_than_twice_chance():
    """With a cut on the smaller weight the model gave 1.3 times chance there; training gives 2.9.

    A Poisson count at 1.3 times chance passes with probability .008, one at 2.8 fails with .003.
    """
    m, pairs = 256, 12_000
    found = numerics.reduced_pairs(m, 0.004, pairs, np.random.default_rng(20261128))
    assert found.together.sum() > 1.9 * pairs / (2 * m - 1)


def test_the_memory_decides_whether_the_largest_weight_stays():
    """Sign descent keeps it in each row but for ties within a bin; a long memory does not."""
    rng = np.random.default_rng(0)
    short = numerics.AdamW(betas=(0.0, 0.0), steps=3000)
    kept = numerics.reduced_pairs(1024, 0.016, 100, rng, optimizer=short).retained_fraction[0]
    lost = numerics.reduced_pairs(1024, 0.016, 100, rng).retained_fraction[0]
    assert kept > 0.93
    assert lost < 0.87


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"lam": 0.0}, "lam > 0"),
        ({"optimizer": numerics.Flow()}, "fixed number of steps"),
        ({"optimizer": numerics.AdamW(row_mean=True)}, "row_mean"),
        ({"pairs": 0}, "pairs"),
        ({"cut": -1.0}, "cut"),
    ],
)
def test_a_wrong_argument_is_named(changed, words):
    given = {"m": 64, "lam": 0.1, "pairs": 4, "rng": np.random.default_rng(0)} | changed
    with pytest.raises(ValueError, match=words):
        numerics.reduced_pairs(**given)
