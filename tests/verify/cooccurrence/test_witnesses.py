"""The model of the witnesses, and that they alone reject two formulas as they once stood."""

from dataclasses import replace

import numpy as np
import pytest

from polysem import theory
from polysem.theory.proof import symbols as s
from polysem.verify.cooccurrence.witnesses_model import cost, excess_error, precise, rows, slope
from polysem.verify.cooccurrence.witnesses_model import velocity as motion
from polysem.verify.witness.declare import witnesses
from polysem.verify.witness.judge import judge, samples

OLD = (
    # two rows that turn were said to decay at the rate of the raw flow to first order
    replace(theory.overlap_decay, expression=2 * s.pair_weight * s.antipodal_overlap),
    # negative odds were said to be the break-even where polysemanticity pays at all odds
    replace(theory.break_even_odds, regime=()),
)


@pytest.mark.parametrize("old", OLD, ids=lambda form: form.name)
def test_the_witness_rejects_the_formula_as_it_stood(old):
    witness = witnesses()[old.name]
    found = judge(witness, old, samples(witness, old))
    assert not found.passed
    now = getattr(theory, old.name)
    assert judge(witness, now, samples(witness, now)).passed


def test_the_old_break_even_odds_are_negative_where_the_price_has_one_sign():
    witness = witnesses()["break_even_odds"]
    assert np.isnan(witness.compute(weight=1.0, sigma=1.0))
    with pytest.raises(theory.RegimeError, match="break_even_odds holds for"):
        theory.break_even_odds(1.0, 1.0)


def test_the_velocity_is_a_quarter_of_the_slope_of_the_loss():
    rng = np.random.default_rng(5)
    for _ in range(10):
        weights = rng.standard_normal(rng.integers(1, 5, size=2))
        network, (single, pair, lam) = rows(weights), rng.uniform(0, 1, size=3)
        place = tuple(int(rng.integers(size)) for size in weights.shape)

        def moved(x, network=network, place=place, chosen=(single, pair, lam)):
            there = network.copy()
            there[place] += x
            return cost(there, *chosen)

        found = float(motion(network, single, pair, lam)[place])
        assert found == pytest.approx(-float(precise(slope)(moved)) / 4, rel=1e-12, abs=1e-12)


def test_features_alone_on_their_neurons_only_repeat_the_inputs_of_the_others():
    """On this the witness of the threshold of third features rests."""
    pair, changes = 0.3, []
    for three in ([[1.1, 0], [-0.8, 0], [-0.02, 0.9]], [[0.9, 0.1], [-0.7, 0], [0, 1.2]]):
        whole = np.zeros((5, 4))
        whole[:3, :2], whole[3, 2], whole[4, 3] = three, 0.95, 0.8
        repeated = cost(np.array(three), 1 + 2 * pair, pair, 0.01)
        changes.append(cost(whole, 1.0, pair, 0.01) - repeated)
    assert changes[0] == pytest.approx(changes[1], rel=1e-12)


@pytest.mark.parametrize("mean", [-3.0, 0.0, 0.2, 40.0])
@pytest.mark.parametrize("deviation", [0.0, 0.01, 1.0, 30.0])
def test_the_quadrature_of_a_rectified_normal_output(mean, deviation):
    """Against samples; the error rate of one comparison is 1e-6 (4.9 standard errors)."""
    rng = np.random.default_rng(6)
    outputs = np.maximum(mean + deviation * rng.standard_normal(100_000), 0)
    errors = (outputs - 1) ** 2 - 1
    spread = 4.9 * errors.std() / np.sqrt(len(errors)) + 1e-12
    assert abs(excess_error(mean, deviation, 1.0) - errors.mean()) <= spread
