"""Properties of the model over random sizes, l1 weights and seeds (exact where arithmetic is)."""

import numpy as np
import pytest
from hypothesis import given, settings
from reference import slow_polysemantic_neurons

from polysem import numerics, verify
from polysem.verify.strategies import networks, sizes

EIGHTHS = 8  # weights that are multiples of 1/8 make every sum exact in floating point


def dyadic(network):
    return np.round(4 * network.weights() * EIGHTHS) / EIGHTHS


@given(networks())
def test_gradient_and_loss_know_no_order_and_no_sign_of_neurons(network):
    weights, rng = dyadic(network), network.rng()
    rows, columns = rng.permutation(network.n), rng.permutation(network.m)
    signs = rng.choice([-1.0, 1.0], size=network.m)
    moved = (weights * signs)[rows][:, columns]
    expected = (numerics.gradient(weights) * signs)[rows][:, columns]
    assert (numerics.gradient(moved) == expected).all()
    assert numerics.reconstruction_loss(moved) == numerics.reconstruction_loss(weights)


@settings(max_examples=25)
@given(networks(min_lam=0.02, max_lam=0.3))
def test_training_is_odd_in_each_neuron(network):
    weights = network.weights()
    signs = network.rng().choice([-1.0, 1.0], size=network.m)
    final = numerics.train(weights, network.lam, max_time=50.0).weights
    flipped = numerics.train(weights * signs, network.lam, max_time=50.0).weights
    assert (flipped == final * signs).all()


@settings(max_examples=25)
@given(networks(max_lam=0.3))
def test_loss_never_rises_along_the_flow(network):
    losses = []
    numerics.train(
        network.weights(),
        network.lam,
        optimizer=numerics.Flow(step_size=0.02, max_time=4.0),
        observe=lambda step: losses.append(float(step.problem.loss(step.after)[0])),
    )
    assert len(losses) > 10
    assert (np.diff(losses) <= 1e-12 * (1 + np.abs(losses[:-1]))).all()


@given(networks(max_features=1, max_neurons=20, min_lam=0.01, max_lam=0.3))
def test_a_lone_row_keeps_signs_and_order(network):
    weights = network.weights()
    final = numerics.train(weights, network.lam, max_time=3.0).weights
    assert (final * weights >= 0).all()
    order = np.argsort(np.abs(weights[0]))
    assert (np.diff(np.abs(final[0])[order]) >= -1e-12).all()


@settings(max_examples=25)
@given(networks(max_neurons=8, min_lam=0.02))
def test_zero_neurons_stay_zero(network):
    weights = network.weights()
    dead = network.rng().random(network.m) < 0.4
    weights[:, dead] = 0
    assert not numerics.train(weights, network.lam, max_time=30.0).weights[:, dead].any()


@given(networks(slots=True))
def test_a_final_state_has_its_count_between_the_bounds(network):
    state = network.occupied()
    count = int(numerics.polysemantic_neurons(state))
    low, high = numerics.ExclusionLaw(network.n, network.m).support()
    assert max(0, network.n - network.m) == low <= count <= high == network.n // 2
    assert count == slow_polysemantic_neurons(state)
    assert int(numerics.antipodal_pairs(state)) == count


@given(sizes())
def test_the_exclusion_law_is_normalised(size):
    n, m = size
    law = numerics.ExclusionLaw(n, m)
    low, high = law.support()
    masses = law.pmf(np.arange(low, high + 1))
    assert masses.sum() == pytest.approx(1, rel=1e-12)
    assert masses @ np.arange(low, high + 1) == pytest.approx(
        n * (n - 1) / (2 * (2 * m - 1)), rel=1e-11
    )


@pytest.mark.parametrize(
    ("n", "m", "law"),
    [(1, 1, {0: 1}), (1, 9, {0: 1}), (2, 1, {1: 1}), (6, 3, {3: 1}), (3, 3, {0: 0.4, 1: 0.6})],
)
def test_limits_of_the_exclusion_law(n, m, law):
    exclusion = numerics.ExclusionLaw(n, m)
    low, high = (int(end) for end in exclusion.support())
    assert {k: float(exclusion.pmf(k)) for k in range(low, high + 1)} == pytest.approx(law)


def test_networks_with_slots_fit_and_a_full_house_is_refused():
    @given(networks(slots=True))
    def fits(network):
        assert network.n <= 2 * network.m

    fits()
    with pytest.raises(ValueError, match="n=5, m=2"):
        verify.strategies.exclusion_state(5, 2, np.random.default_rng(0))
