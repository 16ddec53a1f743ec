"""Prices of a polysemantic neuron against the perturbed network itself."""

import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from polysem import numerics, theory
from polysem.theory.proof import symbols as s
from polysem.theory.proof.claims import topics

W, SIGMA = 0.95, 0.4


def network(n, pairs, w=W):
    """n features of weight w, the first 2 * pairs of them in antipodal pairs."""
    weights = np.zeros((n, n))
    for i in range(n):
        paired = i < 2 * pairs
        weights[i, i // 2 if paired else i] = -w if paired and i % 2 else w
    return weights


def price(loss, n=4):
    """What one polysemantic neuron costs; the loss is linear in their number."""
    values = [loss(network(n, k)) for k in (0, 1, 2)]
    assert values[2] - values[1] == pytest.approx(values[1] - values[0], abs=1e-7)
    return values[1] - values[0]


def expected_error(output_mean, output_scale, target):
    """E (ReLU(y) - target)^2 of a normal y, by quadrature."""
    if output_scale == 0:
        return (max(output_mean, 0) - target) ** 2
    return quad(
        lambda z: (max(output_mean + output_scale * z, 0) - target) ** 2 * norm.pdf(z),
        -12,
        12,
        points=[-output_mean / output_scale],
        epsabs=1e-11,
    )[0]


def noisy_loss(weights, x, sigma):
    """Exact loss of one input under noise on the neurons: each output is normal."""
    means, scales = weights @ (weights.T @ x), sigma * np.linalg.norm(weights, axis=1)
    return sum(expected_error(*each) for each in zip(means, scales, x, strict=True))


def hidden_noise():
    return price(lambda w: sum(noisy_loss(w, x, SIGMA) for x in np.eye(4)))


def bernoulli_noise(p=0.3):
    inputs = np.array(list(itertools.product([0, 1], repeat=4)), float)
    chance = np.prod(np.where(inputs, p, 1 - p), axis=1)
    return price(
        lambda w: sum(c * noisy_loss(w, x, SIGMA) for c, x in zip(chance, inputs, strict=True))
    )


def input_noise(tau=0.5):
    def loss(weights):
        overlaps = weights @ weights.T
        scales = tau * np.linalg.norm(overlaps, axis=1)
        return sum(
            expected_error(overlaps[k, i], scales[k], float(i == k))
            for i in range(4)
            for k in range(4)
        )

    return price(loss)


def cooccurrence(p=0.2):
    return price(lambda w: float(numerics.Pairs(pair_weight=p).loss(w)))


def ablation(delta=0.3):
    """The variance of the loss over all sets of silenced neurons, per polysemantic neuron."""

    def variance(weights):
        losses, chances = [], []
        for kept in itertools.product([0, 1], repeat=4):
            overlaps = (weights * kept) @ (weights * kept).T
            losses.append(((np.maximum(overlaps, 0) - np.eye(4)) ** 2).sum())
            chances.append(np.prod(np.where(kept, 1 - delta, delta)))
        mean = np.dot(chances, losses)
        means.append(mean)
        return np.dot(chances, (np.array(losses) - mean) ** 2)

    means = []
    value = price(variance)
    assert np.ptp(means) < 1e-12  # the mean does not depend on their number
    return value


def value_of(expression, **given):
    letters = {"w": W, "sigma": SIGMA, "n": 4} | given
    places = {
        "w": s.w,
        "sigma": s.sigma,
        "n": s.n,
        "tau": s.perturbation,
        "k": s.k,
        "p": s.pair_weight,
        "p_a": s.activation_probability,
        "delta": s.ablation_probability,
    }
    return float(expression.subs({places[name]: value for name, value in letters.items()}))


PA = s.activation_probability
CASES = {
    "hidden_noise_price": (
        hidden_noise,
        {},
        {
            "sigma for sigma^2": lambda f: f / s.sigma,
            "sign": lambda f: -f,
            "no gate": lambda f: -2 * s.w**2 * s.sigma**2,
        },
    ),
    "noisy_cooccurrence_price": (
        bernoulli_noise,
        {"p_a": 0.3},
        {
            "missing (1 - p)": lambda f: f - PA**2 * theory.hidden_noise_price.expression * -1,
            "p for p^2": lambda f: f / PA,
            "one active error": lambda f: f + PA**2 * theory.active_error.expression,
        },
    ),
    "input_noise_price": (
        input_noise,
        {"tau": 0.5},
        {"n + 1 for n": lambda f: f.subs(s.n, s.n + 1), "tau": lambda f: f / s.perturbation},
    ),
    "cooccurrence_price": (
        cooccurrence,
        {"p": 0.2},
        {"p for 2p": lambda f: f / 2, "no 2 - w^2": lambda f: f / (2 - s.w**2)},
    ),
    "ablation_variance": (
        ablation,
        {"delta": 0.3},
        {
            "n + K": lambda f: f / 2,
            "missing (1 - delta)": lambda f: f / (1 - s.ablation_probability),
        },
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_price_is_that_of_the_perturbed_network(name):
    measure, given, wrong = CASES[name]
    formula = getattr(theory, name).expression
    if name == "ablation_variance":
        formula = formula.subs(s.k, 1) - formula.subs(s.k, 0)
    measured = measure()
    assert value_of(formula, **given) == pytest.approx(measured, rel=1e-6)
    for label, change in wrong.items():
        assert value_of(change(formula), **given) != pytest.approx(measured, rel=0.02), label


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
    assert theory.break_even_odds(1, 1.2) < 0  # always pays


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


@pytest.mark.parametrize(
    "claim", topics()["cooccurrence/tradeoff"][1], ids=lambda claim: claim.label
)
def test_the_derivation_passes(claim):
    for result in claim.derivation.check(enclosures=False) if claim.derivation else ():
        assert (result.symbolic, result.numeric) == ("passed", "passed"), result.message


@pytest.mark.parametrize("sigma", [0.1, 0.3, 1.0, 3.0])
@pytest.mark.parametrize("weight", [0.6, 0.9, 1.0])
def test_polysemanticity_pays_below_the_break_even_odds_or_at_all_odds(weight, sigma):
    """For w = sigma = 1 the odds are -7.6 and polysemanticity pays at every p."""
    odds = theory.break_even_odds(weight, sigma)
    extra = theory.both_active_error(weight, sigma) - 2 * theory.active_error(weight, sigma)
    assert (odds > 0) == (extra > 0)
    for p in (0.001, 0.01, 0.1, 0.5, 0.9, 0.999):
        change = p**2 * extra + p * (1 - p) * theory.hidden_noise_price(weight, sigma)
        assert (change < 0) == (odds < 0 or p / (1 - p) < odds)
