"""Closed forms of unequal features against the trained model, and against false versions."""

import dataclasses

import numpy as np
import pytest

from polysem import numerics, theory
from polysem.verify.witness.declare import witnesses
from polysem.verify.witness.judge import judge, samples

s = theory.symbols


def test_each_feature_has_the_amplitude_of_its_own_weight():
    lam, frequencies, importance = 0.02, [1.0, 0.5, 0.3], [1.0, 0.4, 2.0]
    model = numerics.UnequalFeatures(frequencies=frequencies, importance=importance)
    end = numerics.train(np.diag([0.9, 0.8, 0.7]), lam, model=model, tolerance=1e-9).weights
    own = np.array(frequencies) * importance
    expected = [theory.unequal_amplitude(lam, d) for d in own]
    np.testing.assert_allclose(np.diag(end), expected, atol=1e-7)


def test_a_feature_above_its_fold_dies_and_the_others_live():
    own = np.array([1.0, 0.5, 0.25])
    lam = 1.02 * theory.unequal_fold(0.25)
    model = numerics.UnequalFeatures(frequencies=own)
    end = numerics.train(np.eye(3), lam, model=model).weights
    assert (np.diag(end) > 0).tolist() == [True, True, False]
    below = numerics.train(np.eye(3), 0.98 * lam / 1.02, model=model).weights
    assert (np.diag(below) > 0).all()


@pytest.mark.parametrize(("importance", "kept"), [((1.0, 1.0), 0), ((1.0, 3.0), 1)])
def test_the_feature_of_the_larger_own_weight_keeps_the_neuron(importance, kept):
    """Frequencies 1 and 0.7; the intruder of the larger own weight grows, the other one falls."""
    frequencies = (1.0, 0.7)
    model = numerics.UnequalFeatures(frequencies=frequencies, importance=importance)
    start = np.random.default_rng(0).uniform(0.3, 0.6, size=(50, 2, 1))
    start[:, kept] += 0.1
    end = numerics.train(start, 0.01, model=model).weights[..., 0]
    assert (end[:, kept] > 0).all()
    assert (end[:, 1 - kept] == 0).all()
    rate = theory.intruder_rate(
        frequencies[kept], frequencies[1 - kept], *_ordered(importance, kept)
    )
    own = np.multiply(frequencies, importance)
    assert rate <= theory.intruder_bound(own[kept], own[1 - kept]) < 0


def _ordered(pair, first):
    return pair[first], pair[1 - first]


def test_a_pair_costs_its_price():
    model = numerics.UnequalFeatures(
        frequencies=[1.0, 0.5], importance=[1.0, 0.2], pairs=[[0, 0.1], [0.1, 0]]
    )
    shared, alone = np.array([[0.9], [-0.9]]), np.diag([0.9, 0.9])
    price = float(model.loss(shared) - model.loss(alone))
    assert theory.unequal_price(0.1, 1.0, 0.2, 0.9) == pytest.approx(price, rel=1e-12)


@pytest.mark.parametrize(
    ("label", "wrong"),
    [
        ("unequal_price", {s.importance: s.importance**2}),
        ("unequal_strength", {s.importance: s.importance**2}),
        ("paired_own_weight", {s.importance: s.importance**2}),
        ("paired_own_weight", {s.pair_weight: s.frequency}),
        ("unequal_pair_loss", {s.pair_weight: s.frequency * s.other_frequency}),
        ("unequal_rest", {s.own_weight: s.own_weight**2}),
        ("intruder_rate", {s.frequency: s.other_frequency}),
        ("three_feature_collision", {s.first_kept: 1, s.second_kept: 1}),
        ("three_feature_collision", {s.kept: s.first_kept, s.first_kept: s.kept}),
    ],
)
def test_a_wrong_formula_is_rejected(label, wrong):
    """Importance squared, the frequency of one feature in place of the pair's, and others."""
    form, witness = theory.claims()[label].formula, witnesses()[label]
    found = samples(witness, form)
    spoilt = dataclasses.replace(form, expression=form.expression.subs(wrong, simultaneous=True))
    assert judge(witness, form, found).message == ""
    assert judge(witness, spoilt, found).message
