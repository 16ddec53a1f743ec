"""The measured table: whole, as precise as claimed, and the band drawn from it."""

import numpy as np
import pytest

from polysem import numerics, verify
from polysem.verify.collisions import checks as checks_l1

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
    "size", [(64, m) for m in (64, 128, 256, 512, 1024)] + [(n, n) for n in (32, 128, 256, 512)]
)
def test_entries_of_the_limit_have_their_error_bars_and_step_errors(size):
    entry = BY_SETTING[*size, "quasistatic", 0.0]
    assert entry.ratio_error <= 0.02
    assert 0 < entry.step_error <= 0.02 * entry.expected


def test_entries_hold_the_setting_that_counts_them():
    assert BY_SETTING[64, 64, "flow", 0.1].cell == numerics.Cell(n=64, m=64, lam=0.1)
    finer = BY_SETTING[512, 512, "quasistatic", 0.0].cell
    assert finer.built_optimizer.rel < numerics.QuasiStatic().rel


def test_band_takes_the_very_sizes_first_and_near_ones_else():
    here = verify.training_band(64, 128)
    assert {(e.n, e.m) for e in here.entries} == {(64, 128)}
    assert here.lower < min(e.ratio for e in here.entries)
    near = verify.training_band(60, 130)
    assert {(e.n, e.m) for e in near.entries} >= {(64, 128)}
    alone = verify.training_band(32, 32)  # measured in the limit only
    assert {(e.n, e.m) for e in alone.entries} > {(32, 32)}
    published = verify.training_band(256, 1024)
    assert {(e.n, e.m) for e in published.entries if e.source == "published"} >= {(256, 1024)}
    assert {e.source for e in published.entries} == {"published", "measured"}
    assert verify.training_band(2, 10**7) is None


def test_band_holds_two_standard_errors_and_the_error_of_the_step():
    limit = BY_SETTING[64, 64, "quasistatic", 0.0]
    step = abs(limit.step_shift) + 2 * limit.step_error
    assert limit.step_bound == pytest.approx(step)
    assert BY_SETTING[64, 64, "flow", 0.01].step_bound == 0
    band = verify.training_band(64, 64)
    ends = [e.ratio - 2 * e.ratio_error - e.step_bound / e.expected for e in band.entries]
    assert band.lower == pytest.approx(min(ends))


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
