"""Where AdamW rests: the training code against the claims."""

import numpy as np
import pytest

from polysem import numerics, theory

RATES = (1e-2, 1e-3, 1e-4)


def rest(lam, **settings):
    """The only weight of a row after long training with ever smaller steps."""
    weights = np.array([[0.8]])
    for rate in RATES:
        optimizer = numerics.AdamW(learning_rate=rate, steps=3000, **settings)
        weights = numerics.train(weights, lam, optimizer=optimizer).weights
    return float(weights[0, 0])


@pytest.mark.parametrize(("decay", "floor"), [(0.4, 0.05), (0.8, 0.2), (0.1, 1.0)])
def test_the_gradient_at_rest_is_that_of_the_claim(decay, floor):
    lam = 0.05
    weight = rest(lam, weight_decay=decay, epsilon=floor, betas=(0.5, 0.9))
    force = 4 * theory.monosemantic_force(weight=weight, lam=lam)
    claimed = theory.adamw_rest_slope(weight=weight, weight_decay=decay, floor=floor)
    assert force == pytest.approx(claimed, rel=1e-4)
    assert force != pytest.approx(1.1 * claimed, rel=1e-2)


@pytest.mark.parametrize("decay", [0.0, 1e-2, 0.5])
def test_with_the_usual_floor_the_decay_leaves_the_amplitude_of_l1(decay):
    """But for the steps, of which the last are 1e-4."""
    weight = rest(0.016, weight_decay=decay)
    assert weight == pytest.approx(theory.amplitude(lam=0.016), abs=RATES[-1] / 10)


def test_a_decay_of_more_than_one_over_the_weight_does_not_leave_it():
    assert rest(0.016, weight_decay=2.0) < 0.6
