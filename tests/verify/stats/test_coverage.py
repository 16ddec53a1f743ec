"""Each interval in use misses as often as it says, and as the table of the page says."""

from pathlib import Path

import pytest
from interval_coverage import cases

PAGE = Path(__file__).resolve().parents[3] / "paper_notes" / "statistics.md"
CASES = cases()
NOT_USED = "not used: shown for comparison"
EXACT = ("Clopper-Pearson", "Garwood", "order statistics", "normal")
BY_DAY = (
    "overlap of start and end",
    "neurons, n = m = 64",
    "exclusion_mean_in_the_limit",
    NOT_USED,
)


def table() -> dict[tuple[str, ...], tuple[float, float]]:
    """The measured rates of the page and their errors (0 where the rate is exact)."""
    lines = PAGE.read_text(encoding="utf-8").split("<!-- coverage -->")[1].strip().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return {tuple(cells): _measured(text) for *cells, text in rows}


def _measured(text: str) -> tuple[float, float]:
    rate, _, error = text.partition(" ± ")
    return float(rate), float(error or 0)


def test_the_table_lists_every_interval_in_use():
    assert list(table()) == [case.cells() for case in CASES]


def assert_rate(case, effort):
    """Bounds hold, approximations miss at most twice too often, and the page says so."""
    rate, error = case.rate(effort)
    said, its_error = table()[case.cells()]
    assert abs(rate - said) <= 5 * (error + its_error) + 0.05 * said
    if case.used == NOT_USED:
        assert rate > 3 * case.nominal
    else:
        assert rate - 5 * error <= (1 if case.bound else 2) * case.nominal * (1 + 1e-9)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.interval in EXACT or case.used in BY_DAY or case.size == 1],
    ids=str,
)
def test_intervals_keep_their_rate(case):
    assert_rate(case, 0.1)


@pytest.mark.nightly
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_interval_keeps_its_rate(case):
    assert_rate(case, 1.0)
