"""Closed forms of dropout against the averaged loss of the model, and against false versions."""

import dataclasses

import numpy as np
import pytest
import sympy as sp

from polysem import numerics, theory
from polysem.verify.witness.declare import witnesses
from polysem.verify.witness.judge import judge, samples

RATE = 0.3
NOISE = theory.dropout_variance(RATE)
LARGER = sp.Max(theory.symbols.like_product, theory.symbols.unlike_product)


def row(rng):
    return rng.uniform(0.1, 1.0, size=(1, 4))


def test_the_own_output_pays_the_fourth_norm(entropy):
    weights = row(np.random.default_rng([entropy, 1]))
    norm2, fourth = (float((weights**power).sum()) for power in (2, 4))
    expected = theory.own_output_error(NOISE, norm2, fourth)
    assert numerics.Dropout(rate=RATE).loss(weights) == pytest.approx(expected, rel=1e-12)


def test_dropout_lowers_the_fourth_norm(entropy):
    """At fixed norm: the sign of its force, and its size."""
    weights = row(np.random.default_rng([entropy, 2]))
    weights /= np.linalg.norm(weights)
    force = -numerics.Dropout(rate=RATE).gradient(weights) / 4
    norms = [float((weights**power).sum()) for power in (2, 4, 6)]
    rate = float(4 * (weights**3 * force).sum() - 4 * norms[1] * (weights * force).sum())
    assert rate < 0
    assert rate == pytest.approx(theory.concentration_rate(NOISE, *norms), rel=1e-9)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_equal_rows_rest_where_the_theory_says(count):
    weight = 0.4
    lam = theory.equal_row_lam(weight, count, NOISE)
    problem = numerics.Problem(lam=lam, model=numerics.Dropout(rate=RATE))
    weights = np.full((1, count), weight)
    assert np.abs(problem.subgradient(weights)).max() < 1e-12
    loss = theory.equal_row_loss(weight, count, NOISE, lam)
    assert problem.loss(weights) == pytest.approx(loss, rel=1e-12)


def test_the_cheapest_count_has_the_least_loss():
    lam = theory.cheapest_lam(3.0, NOISE)
    losses = []
    for count in (1, 2, 3, 4, 5):
        start = np.full((1, count), 0.5)
        problem = numerics.Problem(lam=lam, model=numerics.Dropout(rate=RATE))
        end = numerics.train(start, lam, model=problem.model, max_time=500).weights
        losses.append(float(problem.loss(end)))
    assert int(np.argmin(losses)) == 2


def test_spread_rows_cost_less_by_the_ratio():
    rows = np.array([[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1]]) / 2
    model = numerics.Dropout(rate=RATE)
    ratio = float(model.loss(rows) / model.loss(np.eye(3, 4)))
    assert ratio == pytest.approx(theory.even_spread_ratio(3, 4), rel=1e-12)


@pytest.mark.parametrize(
    ("label", "wrong"),
    [
        ("dropout_variance", lambda e, r: e.subs(r, 1 - r)),
        ("dropout_variance", lambda e, r: r),
        ("own_output_error", lambda e, r: e.subs(theory.symbols.dropout_noise, 0)),
        ("concentration_rate", lambda e, r: -e),
        ("spread_lam", lambda e, r: 2 * e),
        ("masked_output", lambda e, r: e.subs(theory.symbols.dropout_noise, 0)),
        ("masked_output", lambda e, r: e.subs(theory.symbols.like_product, LARGER)),
    ],
)
def test_a_wrong_formula_is_rejected(label, wrong):
    """The rate for 1 - rate, no scaling, no variance, other sign, factor 2, other products."""
    form, rate = theory.claims()[label].formula, theory.symbols.dropout_rate
    witness = witnesses()[label]
    found = samples(witness, form)
    spoilt = dataclasses.replace(form, expression=wrong(form.expression, rate))
    assert judge(witness, form, found).message == ""
    assert judge(witness, spoilt, found).message
