"""The rows from which witnesses compute: they move as rows of the model do."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from polysem.verify.row import witnesses_half_normal, witnesses_sparsification
from polysem.verify.witness import model
from polysem.verify.witness.declare import witnesses
from polysem.verify.witness.judge import claimed, judge, samples


def test_a_row_with_counts_moves_as_the_row_that_repeats_its_weights():
    sizes, counts = np.array([0.3, 0.4]), np.array([3, 2])
    path = witnesses_sparsification.row_path(sizes, 0.01, 2.0, counts)
    repeated = model.flow(np.repeat(sizes, counts)[None], 0.01, 2.0)[0]
    assert path.y[:, -1] == pytest.approx(repeated[[0, -1]], rel=1e-9)


def test_a_stack_of_networks_moves_as_its_networks():
    stack = np.random.default_rng(0).standard_normal((3, 4, 2))
    each = [model.velocity(weights, 0.1) for weights in stack]
    assert np.array_equal(model.velocity(stack, 0.1), each)


def test_the_moments_of_two_sizes_are_those_asked_for():
    sizes, counts = witnesses_sparsification._two_sizes(5.0, 0.7, 0.9)
    assert [counts @ sizes**power for power in range(3)] == pytest.approx([5.0, 0.7, 0.9])


def test_a_wide_row_is_the_limit_of_rows_of_quantiles():
    """The midpoint rule errs by about 1/m: with ten times as many weights, by a fifth at most."""
    strength, threshold = 0.3, 1.5
    time, norm = witnesses_half_normal._wide_row(threshold, strength)

    def excess(m: int) -> float:
        quantiles = stats.halfnorm.ppf((np.arange(m) + 0.5) / m) / np.sqrt(m)
        options = {"rtol": 1e-8, "atol": 1e-11}
        path = witnesses_sparsification.row_path(quantiles, strength / np.sqrt(m), time, **options)
        return float(np.maximum(path.y[:, -1], 0).sum() / np.sqrt(m) / norm - 1)

    assert abs(excess(3000)) < abs(excess(300)) / 5 < 0.005


def test_a_relative_error_counts_where_the_values_are_tiny():
    witness, form = witnesses()["excess2_series"], claimed("excess2_series")
    drawn = samples(witness, form)
    assert max(sample.value for sample in drawn) < 1e-50
    assert judge(witness, form, drawn).passed
    assert not judge(witness, replace(form, expression=2 * form.expression), drawn).passed
