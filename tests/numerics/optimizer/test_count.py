"""The law of the count under AdamW: its two terms, the measured factor, and where it vanishes."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from polysem import numerics
from polysem.numerics.optimizer.count import (
    FEWEST,
    correction,
    count_table,
    limit_mean,
    pair_probability,
    pair_surface,
    screening,
    support_term,
)

SHORT = numerics.AdamW(betas=(0.9, 0.9))
OTHER = numerics.AdamW(betas=(0.9, 0.99), steps=4000)


def test_the_terms_are_those_of_the_flow_and_of_the_support():
    n, m, lam = 16, 1024, 0.016
    p2, _ = pair_probability(m, lam)
    flow, support = limit_mean(n, m), support_term(n, m, lam, p2)
    assert flow == numerics.TiltedLaw(n, m, numerics.trained_count(n, m).omega).mean()
    assert support == math.comb(n, 2) * (p2 - 1 / (2 * m - 1)) * screening(n, m, lam)
    assert support > 5 * flow


def test_the_law_passes_through_the_measured_means():
    """Within four standard errors of the mean and of the law together; most are far closer."""
    away = []
    for row in count_table():
        law = numerics.adam_count(int(row["n"]), int(row["m"]), float(row["lam"]))
        mean, variance = float(row["neurons_mean"]), float(row["neurons_variance"])
        if mean * int(row["networks"]) < FEWEST:
            continue
        omega = numerics.TiltedLaw(law.n, law.m, law.omega)
        error = math.hypot(math.sqrt(variance / int(row["networks"])), law.mean_error)
        away.append((omega.mean() - mean) / error)
    assert np.abs(away).max() < 4
    assert np.square(away).mean() < 1.2


def test_a_short_memory_leaves_the_count_at_that_of_the_flow():
    n, m, lam = 16, 1024, 0.016
    law = numerics.adam_count(n, m, lam, optimizer=SHORT)
    assert law.omega == pytest.approx(numerics.trained_count(n, m).omega, rel=1e-6)


def test_settings_other_than_the_authors_run_the_reduced_model_and_always_give_the_same():
    first, again = (pair_probability.__wrapped__(1024, 0.016, OTHER, 200) for _ in range(2))
    assert first == again
    assert 1 / 200 <= first[1] < 0.2
    assert pair_probability(1024, 0.016) == pair_probability(1024, 0.016, numerics.AdamW())


@pytest.mark.parametrize("surface", [pair_surface, correction])
def test_each_interpolation_passes_its_own_leave_one_out_test(surface):
    errors, _ = surface().left_out()
    assert 0.7 < np.sqrt((errors**2).mean()) < 1.3


@pytest.mark.parametrize("surface", [pair_surface, correction])
def test_the_length_scales_are_near_their_most_likely_values(surface):
    """Each scale, changed by half by itself, makes the measured values less likely."""
    right = surface()
    best = right.log_likelihood()
    for place, scale in itertools.product(range(len(right.lengths)), (1 / 2, 2)):
        lengths = list(right.lengths)
        lengths[place] *= scale
        assert replace(right, lengths=tuple(lengths)).log_likelihood() < best


@pytest.mark.parametrize("lam", [0.0, -1.0])
def test_lambda_must_be_positive(lam):
    with pytest.raises(ValueError, match="lam"):
        numerics.adam_count(16, 64, lam)


def test_the_table_holds_the_mean_of_the_flow_in_the_limit():
    """It saves most of the time of the first call."""
    for row in count_table()[::20]:
        assert float(row["limit_mean"]) == pytest.approx(
            limit_mean(int(row["n"]), int(row["m"])), rel=1e-5
        )


@pytest.mark.parametrize(("n", "m"), [(120, 64), (128, 64), (30, 16), (3, 2), (110, 64)])
def test_up_to_two_features_for_each_neuron_the_law_gives_a_possible_count(n, m):
    law = numerics.adam_count(n, m, 0.01)
    least, most = law.support()
    assert least <= law.mean() <= most
    assert law.basis.startswith("extrapolated")


def test_other_settings_of_adamw_are_named():
    law = numerics.adam_count(16, 1024, 0.016, optimizer=SHORT)
    assert law.basis == "networks were measured with the authors' settings of AdamW only"


def test_where_only_one_count_is_possible_the_law_gives_it():
    assert numerics.adam_count(1, 64, 0.01).mean() == 0
    assert numerics.adam_count(2, 1, 0.01).mean() == 1
    assert numerics.adam_count(64, 32, 0.001).mean() == 32


def test_a_probability_is_at_most_one():
    assert pair_probability(1, 0.01)[0] == 1


def test_beyond_the_measured_range_the_law_says_so_and_is_less_sure():
    inside, beyond = numerics.adam_count(16, 1024, 0.016), numerics.adam_count(400, 4096, 0.001)
    assert inside.basis == "interpolated"
    assert beyond.basis == "extrapolated: no measured network is near"
    assert numerics.adam_count(8, 8192, 0.001).basis.startswith("extrapolated in n/sqrt(m)")
    relative = [law.mean_error / law.mean() for law in (inside, beyond)]
    assert relative[0] < 0.08 < relative[1]
