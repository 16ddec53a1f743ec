"""What the witnesses of the noise claims find where a claim does not hold."""

import numpy as np
import pytest

from polysem import theory
from polysem.verify.noise import witnesses, witnesses_growth


@pytest.mark.parametrize(("n", "m", "fraction"), [(2, 5, 1.0), (3, 2, 0.0)])
def test_the_count_of_directions_fails_for_two_and_three_rows(n, m, fraction):
    """The count gives 1/2 for two rows, and 1/3 for three rows on two neurons."""
    found = witnesses_growth._retained(n, m, 20, np.random.default_rng(1))
    assert found.value == pytest.approx(fraction, abs=1e-9)


def test_the_growth_law_fails_where_noise_clips_the_own_outputs():
    """Three rows at sigma = 1/2: the own outputs work against sparsity."""
    sizes = {"n": 3, "sigma": 0.5, "kurtosis": -0.01, "row_norm2": 1.0}
    rate = witnesses_growth.growth_rate(**sizes)
    assert 0 < rate < theory.growth_rate(**sizes) / 2


@pytest.mark.parametrize("sigma", [0.1, 0.4])
def test_bipolar_noise_does_not_clip_the_own_output_of_a_drawn_row(sigma):
    """The output q + sqrt(q) sigma (+-W_1 ... +-W_m) of a direction W stays positive."""
    rng = np.random.default_rng(1)
    for norm2 in (0.3, 1.0):
        rows = [witnesses._unclipped_row(sigma, norm2, rng) for _ in range(50)]
        assert any(row.size > 1 for row in rows)
        for row in rows:
            assert row.size == 1 or norm2 > np.sqrt(norm2) * sigma * np.abs(row).sum()
