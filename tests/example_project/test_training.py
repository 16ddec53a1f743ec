"""Does my training loop do what the theory of incidental polysemanticity says?"""

import numpy as np
from hypothesis import given, settings
from training import train

from polysem import numerics, theory, verify

N, M, L1, RUNS = 16, 16, 0.1, 1000


def test_training_loop():
    verify.assert_training_loop(
        lambda weights, steps=400: train(weights, 0.1, steps=steps), n=N, m=M, lam=0.1, instances=8
    )


def test_number_of_polysemantic_neurons(polysem_entropy):
    """Null: the mean count is that of the exclusion law, up to 15 %."""
    rng = np.random.default_rng(polysem_entropy)
    final = train(rng.normal(0, M**-0.5, (RUNS, N, M)), L1)
    law = numerics.ExclusionLaw(N, M)

    def against(prediction):
        return verify.Agreement.of_mean(
            claim="my-loop",
            quantity="polysemantic neurons",
            prediction=prediction,
            samples=numerics.polysemantic_neurons(final),
            bounds=(0, N // 2),
            guess=(law.mean(), law.var()),
            margin=0.15,
        )

    verify.assert_agrees(
        against(law.mean()),
        detects=0.15,
        rejects=[against(N**2 / (2 * M)), against(N**2 / (8 * M))],
    )


@settings(deadline=None, max_examples=10, derandomize=True)
@given(verify.strategies.networks(max_features=4, max_neurons=6, min_lam=0.05, max_lam=0.2))
def test_weights_at_rest_have_the_right_size(network):
    final = train(network.weights(), network.lam, steps=2000)
    alone = np.count_nonzero(final, axis=1) == 1
    alone &= [np.count_nonzero(final[:, k]) == 1 for k in np.abs(final).argmax(axis=1)]
    size = np.abs(final[alone]).max(axis=1)
    np.testing.assert_allclose(size, theory.amplitude(lam=network.lam), rtol=1e-4)


def test_trained_weights_pass_the_diagnosis(polysem_entropy):
    rng = np.random.default_rng(polysem_entropy + 1)
    weights = train(rng.normal(0, M**-0.5, (30, N, M)), L1)
    found = verify.diagnose(weights, layout="features-first", significance=1e-8)
    assert found.inside_band, found.text()
