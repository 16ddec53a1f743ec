"""The measured table: whole, as precise as claimed, and the band drawn from it."""

import numpy as np
import pytest

from polysem import verify
from polysem.verify import checks_l1

TABLE = verify.measured_counts()
BY_SETTING = {(e.n, e.m, e.optimizer, e.lam): e for e in TABLE}


@pytest.mark.parametrize("lam", [0.1, 0.03, 0.01, 0.003])
@pytest.mark.parametrize(
    ("m", "error"), [(64, 0.03), (128, 0.03), (256, 0.03), (512, 0.06), (1024, 0.06)]
)
def test_flow_entries_have_their_error_bars(m, lam, error):
    entry = BY_SETTING[64, m, "flow", lam]
    assert entry.ratio_error <= error


@pytest.mark.parametrize(
    ("m", "error"), [(64, 0.02), (128, 0.02), (256, 0.02), (512, 0.02), (1024, 0.03)]
)
def test_entries_of_the_limit_have_their_error_bars_and_step_errors(m, error):
    entry = BY_SETTING[64, m, "quasistatic", 0.0]
    assert entry.ratio_error <= error
    assert entry.step_error > 0


def test_band_takes_the_very_sizes_first_and_near_ones_else():
    here = verify.training_band(64, 128)
    assert {(e.n, e.m) for e in here.entries} == {(64, 128)}
    assert here.lower < min(e.ratio for e in here.entries)
    near = verify.training_band(60, 130)
    assert {(e.n, e.m) for e in near.entries} >= {(64, 128)}
    published = verify.training_band(256, 1024)
    assert {e.source for e in published.entries} == {"published"}
    assert verify.training_band(2, 10**7) is None


def test_dying_settings_are_no_part_of_a_band():
    dying = BY_SETTING[64, 512, "flow", 0.1]
    assert dying.dead > 6
    assert dying not in verify.training_band(64, 512).entries


@pytest.mark.parametrize("root", [20231205, 20231206])
def test_no_check_draws_the_networks_of_the_table(root):
    """The table was made at entropy 20231206; run by run the fractions are others."""
    check = verify.checks()["retained_fraction_in_the_limit"]
    cell = check.draw.args[0]
    own = verify.count(cell, runs=8, entropy=20231206).retained
    drawn = checks_l1._retained(cell, 8, root)
    assert not np.array_equal(drawn, own)
