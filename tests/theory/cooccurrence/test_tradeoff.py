"""Prices of a polysemantic neuron: limits, known values and the network of all pairs."""

import numpy as np
import pytest

from polysem import numerics, theory

W = 0.95


def network(n, pairs, w=W):
    """n features of weight w, the first 2 * pairs of them in antipodal pairs."""
    weights = np.zeros((n, n))
    for i in range(n):
        paired = i < 2 * pairs
        weights[i, i // 2 if paired else i] = -w if paired and i % 2 else w
    return weights


def test_the_network_loss_is_linear_in_the_number_of_polysemantic_neurons():
    for k in (0, 1, 2):
        loss = float(numerics.Pairs(pair_weight=0.2).loss(network(4, k)))
        assert theory.pairs_network_loss(4, k, 0.2, W) == pytest.approx(loss, rel=1e-12)


def test_weak_noise():
    for sigma in (0.02, 0.05):
        exact = theory.break_even_odds(1, sigma)
        assert theory.break_even_odds_small(1, sigma) == pytest.approx(exact, rel=2 * sigma)
        assert theory.hidden_noise_price(1, sigma) == pytest.approx(-(sigma**2), rel=1e-9)
        assert theory.input_noise_price(6, 1, sigma) == pytest.approx(
            theory.input_noise_price_small(6, 1, sigma), rel=1e-9
        )


def test_known_break_even_probabilities():
    """lambda = .001, by root finding on the price itself."""
    w = theory.amplitude(lam=0.001)
    for sigma, known in ((0.05, 0.00130), (0.2, 0.02377), (0.5, 0.2024), (0.8, 0.6603)):
        odds = theory.break_even_odds(w, sigma)
        p = odds / (1 + odds)
        assert p == pytest.approx(known, rel=3e-3)
        assert theory.noisy_cooccurrence_price(p, w, sigma) == pytest.approx(0, abs=1e-15)
        assert theory.noisy_cooccurrence_price(1.1 * p, w, sigma) > 0


def test_the_worst_strength_is_the_largest_tradeoff():
    strengths = np.linspace(0.2, 0.5, 3001)
    losses = [theory.tradeoff_loss(64, 512, float(r), 0.01) for r in strengths[::30]]
    assert strengths[::30][np.argmax(losses)] == pytest.approx(theory.worst_strength(), abs=4e-3)
    assert theory.worst_tradeoff_loss(64, 512, 0.01) == pytest.approx(max(losses), rel=1e-4)
    assert theory.worst_tradeoff_loss(64, 512, 0.01) == pytest.approx(
        0.26 * 0.01 * theory.expected_pairs(64, 512), rel=5e-3
    )


@pytest.mark.parametrize("sigma", [0.1, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("weight", [0.6, 0.9, 1.0])
def test_polysemanticity_pays_below_the_break_even_odds_or_at_all_odds(weight, sigma):
    """For w = sigma = 1 there are no such odds: polysemanticity pays at every p."""
    extra = theory.both_active_error(weight, sigma) - 2 * theory.active_error(weight, sigma)
    if extra > 0:
        odds = theory.break_even_odds(weight, sigma)
    else:
        with pytest.raises(theory.RegimeError):
            theory.break_even_odds(weight, sigma)
        odds = np.inf
    for p in (0.001, 0.01, 0.1, 0.5, 0.9, 0.999):
        change = p**2 * extra + p * (1 - p) * theory.hidden_noise_price(weight, sigma)
        assert (change < 0) == (p / (1 - p) < odds)
