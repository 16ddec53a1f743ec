"""Two rows on their own, and the prediction made of their kicks."""

import numpy as np
import pytest
from scipy.optimize import brentq

from polysem import numerics
from polysem.numerics.interference.two_rows import _run


def slow_run(initial, rel):
    """One pair, one weight at a time: turn apart once, then shrink under the least reaction."""
    m = initial.shape[1]
    amplitude, threshold, kick = np.ones(2), np.zeros(2), np.zeros_like(initial)
    alive = np.ones(initial.shape, dtype=bool)

    def push(pushes, moved):
        for i in range(2):
            for k in range(m):
                if alive[i, k]:
                    kick[i, k] += np.sign(initial[i, k]) * pushes[i, k] / amplitude[i]
                alive[i, k] &= moved[i, k] * initial[i, k] > 0
            norm = np.sqrt(moved[i] @ moved[i])
            moved[i] /= norm
            amplitude[i] /= norm
        return moved

    def shrunk(values, shrink):
        return np.sign(values) * np.maximum(np.abs(values) - shrink, 0)

    rows = initial.copy()
    for i in range(2):
        norm = np.sqrt(sum(rows[i, k] ** 2 for k in range(m)))
        rows[i] /= norm
        amplitude[i] /= norm
    mu = np.arctanh(max(0.0, rows[0] @ rows[1])) / 2
    turned = np.cosh(mu) * rows - np.sinh(mu) * rows[::-1]
    rows = push(turned - rows, turned)
    while (np.count_nonzero(rows, axis=1) > 1).any() or rows[0] @ rows[1] > 0:
        l1 = np.abs(rows).sum(axis=1)
        size = rel / l1.max()
        shrink = [size * (1 - size * l1[i] / 2) for i in range(2)]

        def repelled(c, rows=rows, shrink=shrink):
            return np.array([shrunk(rows[i] - c * rows[1 - i], shrink[i]) for i in range(2)])

        def overlap(c, repelled=repelled):
            return repelled(c)[0] @ repelled(c)[1]

        c = brentq(overlap, 0, 1, xtol=1e-16, rtol=1e-14) if overlap(0.0) > 0 else 0.0
        for i in range(2):
            threshold[i] += shrink[i] / amplitude[i]
        rows = push(-c * rows[::-1], repelled(c))
    return rows, kick, amplitude, threshold, alive


@pytest.mark.parametrize("seed", range(4))
def test_the_batch_equals_one_pair_at_a_time_and_obeys_the_kick_identity(seed):
    initial = np.random.default_rng(seed).standard_normal((3, 2, 24))
    kick, final = _run(initial, 0.05)
    for pair in range(3):
        rows, slow_kick, amplitude, threshold, alive = slow_run(initial[pair], 0.05)
        assert np.allclose(final[pair], rows, rtol=0, atol=1e-12)
        assert np.allclose(kick[pair], slow_kick, rtol=0, atol=1e-11)
        height = np.abs(initial[pair]) + slow_kick - threshold[:, None]
        found = amplitude[:, None] * np.sign(initial[pair]) * height
        assert np.allclose(found[alive], rows[alive], rtol=1e-9, atol=0)


def test_the_step_hardly_matters():
    """Kicks of the same pairs under finer steps: their variance changes by less than 1 %."""
    initial = np.random.default_rng(5).standard_normal((400, 2, 64))
    coarse, fine = (_run(initial, rel)[0].var() for rel in (0.03, 0.01))
    assert coarse == pytest.approx(fine, rel=0.01)


def test_pairs_end_where_the_networks_scheme_takes_them():
    """Same starts, both schemes at rel = 0.01: at most 2 % of 100 winners differ (near ties)."""
    initial = np.random.default_rng(7).standard_normal((50, 2, 16)) / 4
    _, final = _run(initial, 0.01)
    other = numerics.train(initial, 0.0, optimizer="quasistatic", rel=0.01).weights
    same = np.abs(final).argmax(axis=-1) == np.abs(other).argmax(axis=-1)
    assert (~same).sum() <= 2


def test_without_partners_every_winner_is_kept_and_with_wild_kicks_few_are():
    rng = np.random.default_rng(0)
    kicks = rng.normal(0, 10, (500, 8))
    assert numerics.two_row_prediction(kicks, 1, 64, rng, draws=100)[0] == 1
    value, error = numerics.two_row_prediction(kicks, 5, 64, rng, draws=4000)
    assert abs(value - 1 / 8) < 6 * np.sqrt(1 / 8 * 7 / 8 / 4000)
    assert error < 0.02


def test_two_rows_predict_themselves(entropy):
    """Null: at n = 2 prediction and pairs agree.  Rate 1e-8; sees 0.02 of a fraction near 0.94."""
    rng = np.random.default_rng([entropy, 4])
    pairs, draws = 6000, 20_000
    found = numerics.two_rows(64, pairs, rng)
    value, _ = numerics.two_row_prediction(found.kicks, 2, 64, rng, draws=draws)
    # rows of a pair may be dependent, and both sides use the same kicks
    spread = np.sqrt(0.94 * 0.06 * (1 / draws + 1 / (2 * pairs) + 1 / pairs))
    assert 5.7 * spread < 0.025
    assert abs(value - found.retained.mean()) < 5.7 * spread


def test_bad_input():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="rel=1"):
        numerics.two_rows(8, 2, rng, rel=1.0)
    with pytest.raises(ValueError, match="law='uniform'"):
        numerics.two_rows(8, 2, rng, law="uniform")
    with pytest.raises(ValueError, match="at least 10 rows"):
        numerics.two_row_prediction(np.zeros((5, 3)), 2, 8, rng)


def test_the_flow_of_two_rows_nears_its_limit(entropy):
    """Null: kept winners at small lambda are those of the limit.  Rate 1e-8; sees 0.1."""
    rng = np.random.default_rng([entropy, 6])
    limit = numerics.two_rows(16, 2000, rng).retained.mean()
    flow = numerics.two_rows(16, 400, rng, lam=0.01)
    bound = 5.7 * np.sqrt(0.94 * 0.06 * (1 / 400 + 1 / 2000))  # rows of a pair may be dependent
    assert bound < 0.08
    assert abs(flow.retained.mean() - limit) < bound
    assert flow.kicks.shape == (800, 16)
