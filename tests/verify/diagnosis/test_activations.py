"""Responses of hidden neurons to classes: planted ones are found, and chance is calibrated."""

import json

import numpy as np
import pytest
from scipy import stats

from polysem import verify
from polysem.verify.diagnosis.activations import _at_random, _effects


def planted(responses, rng, *, samples=40, noise=0.2):
    """Activations of neurons that respond to these classes each."""
    classes = 1 + max(max(one) for one in responses if one)
    labels = np.repeat(np.arange(classes), samples)
    means = np.zeros((classes, len(responses)))
    for neuron, those in enumerate(responses):
        means[list(those), neuron] = 1
    return labels, means[labels] + noise * rng.standard_normal((len(labels), len(responses)))


def test_planted_responses_are_found():
    responses = [(0,), (1, 4), (), (2, 3), (0,)]
    labels, hidden = planted(responses, np.random.default_rng(0))
    found = verify.diagnose_activations(labels, hidden)
    assert [found.classes_of(k) for k in range(5)] == responses
    assert (found.several, found.responding, found.neurons) == (2, 4, 5)
    assert found.selectivity[0] > found.selectivity[1]
    assert json.loads(json.dumps(found.to_dict()))["several"] == 2
    assert found.to_frame().classes.tolist() == ["0", "1 4", "", "2 3", "0"]
    assert "neither that the neuron causes anything" in found.text()


def test_effects_are_those_of_the_textbook():
    rng = np.random.default_rng(1)
    values, codes = rng.standard_normal((30, 4)), np.repeat([0, 1, 2], 10)
    effects, means = _effects(values, np.eye(3)[codes])
    groups = np.stack([values[codes == c] for c in range(3)])
    pooled = np.sqrt(groups.var(axis=1, ddof=1).mean(axis=0))
    expected = (groups.mean(axis=1) - np.median(groups.mean(axis=1), axis=0)) / pooled
    assert effects == pytest.approx(expected.T)
    assert means == pytest.approx(groups.mean(axis=1).T)


def test_the_number_at_random_has_the_hypergeometric_mean():
    """Two classes with 6 of 20 neurons each: 20 (6/20)^2 shared on average among all live."""
    responds = np.zeros((20, 2), bool)
    responds[:6, 0] = responds[6:12, 1] = responds[12:, 0] = True  # 14 and 6 neurons
    drawn = _at_random(responds, 4000, np.random.default_rng(2))
    law = stats.hypergeom(20, 14, 6)
    error = law.std() / np.sqrt(4000)
    assert abs(drawn.mean() - law.mean()) < 5.7 * error  # 1e-8


def false_responses(draws, seed):
    """Unrelated labels and heavy-tailed activations: how often any neuron responds."""
    rng = np.random.default_rng(seed)
    labels = np.repeat([0, 1, 2], 6)
    found = 0
    for draw in range(draws):
        hidden = rng.exponential(size=(18, 4))
        result = verify.diagnose_activations(
            labels, hidden, significance=0.1, effect=0.01, permutations=99, seed=draw
        )
        found += result.responding > 0
    return found


def test_unrelated_labels_give_a_response_at_most_at_the_stated_rate():
    assert stats.binomtest(false_responses(150, 3), 150, 0.1, alternative="greater").pvalue > 1e-6


@pytest.mark.nightly
def test_the_rate_of_false_responses_in_many_draws(entropy):
    found = false_responses(10_000, entropy)
    assert stats.binomtest(found, 10_000, 0.1, alternative="greater").pvalue > 1e-6
    assert found > 700  # the level is used: at most a tenth is lost to ties and steps


def test_classes_that_share_neurons_on_purpose_depart_from_chance():
    together = [(k % 4, 4 + k % 4) for k in range(24)] + [()] * 48  # at random: 10 or 11 shared
    labels, hidden = planted(together, np.random.default_rng(4))
    found = verify.diagnose_activations(labels, hidden)
    assert (found.several, found.p_value) == (24, 2 / 1000)
    assert 9 < found.expected < 12


def test_torch_tensors_and_silent_neurons_are_taken():
    torch = pytest.importorskip("torch")
    labels, hidden = planted([(0,), (1,)], np.random.default_rng(5))
    hidden = np.column_stack([hidden, np.zeros(len(hidden))])
    tensor = torch.tensor(hidden, requires_grad=True)
    found = verify.diagnose_activations(torch.tensor(labels), tensor)
    assert found.classes_of(2) == ()
    assert found.effects[2].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("labels", "activations", "options", "words"),
    [
        ([0, 1], np.ones((3, 2)), {}, "one label for each sample"),
        ([0, 0, 0], np.ones((3, 2)), {}, "1 classes"),
        ([0, 0, 1], np.ones((3, 2)), {}, r"smallest with 1 sample"),
        ([0, 0, 1, 1], np.full((4, 2), np.nan), {}, "must be finite"),
        ([0, 0, 1, 1], np.ones((4, 2)), {"effect": 0}, "effect=0"),
        ([0, 0, 1, 1], np.ones((4, 2)), {"significance": 0.0}, "significance=0"),
        ([0, 0, 1, 1], np.ones((4, 2)), {"permutations": 10}, "permutations=10"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(labels, activations, options, words):
    with pytest.raises(ValueError, match=words):
        verify.diagnose_activations(labels, activations, **options)
