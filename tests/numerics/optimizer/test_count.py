"""The law of the count under AdamW: the support's term, and where it vanishes."""

import math

import numpy as np
import pytest

from polysem import numerics
from polysem.numerics.optimizer.count import excess_surface, pair_probability, screening

SHORT = numerics.AdamW(betas=(0.9, 0.9))
OTHER = numerics.AdamW(betas=(0.9, 0.99), steps=4000)


def test_the_mean_is_that_of_the_flow_plus_the_term_of_the_support():
    n, m, lam = 16, 1024, 0.016
    law = numerics.adam_count(n, m, lam)
    flow = numerics.TiltedLaw(n, m, numerics.trained_count(n, m).omega).mean()
    p2, _ = pair_probability(m, lam)
    term = math.comb(n, 2) * (p2 - 1 / (2 * m - 1)) * screening(n, m, lam)
    omega = numerics.TiltedLaw(n, m, law.omega)
    assert omega.mean() == pytest.approx(flow + term, rel=1e-6)
    assert omega.mean() > 5 * numerics.ExclusionLaw(n, m).mean()


def test_a_short_memory_leaves_the_count_at_chance():
    n, m, lam = 16, 1024, 0.016
    law = numerics.adam_count(n, m, lam, optimizer=SHORT)
    assert law.omega == pytest.approx(numerics.trained_count(n, m).omega, rel=1e-6)


def test_settings_other_than_the_authors_run_the_reduced_model_and_always_give_the_same():
    first, again = (pair_probability.__wrapped__(1024, 0.016, OTHER, 200) for _ in range(2))
    assert first == again
    assert 1 / 200 <= first[1] < 0.2
    assert pair_probability(1024, 0.016) == pair_probability(1024, 0.016, numerics.AdamW())


def test_the_interpolation_passes_its_own_leave_one_out_test():
    errors, _ = excess_surface().left_out()
    assert np.sqrt((errors**2).mean()) < 1.6


@pytest.mark.parametrize("lam", [0.0, -1.0])
def test_lambda_must_be_positive(lam):
    with pytest.raises(ValueError, match="lam"):
        numerics.adam_count(16, 64, lam)


def test_one_feature_shares_with_none():
    assert numerics.adam_count(1, 64, 0.01).mean() == 0


def test_a_weak_l1_term_is_named_where_the_excess_is_overestimated():
    weak, strong = (numerics.adam_count(16, 1024, lam) for lam in (0.001, 0.016))
    assert "lambda sqrt(m) < 0.05" in weak.basis
    assert weak.omega_error > strong.omega_error
    assert strong.basis == "interpolated"
