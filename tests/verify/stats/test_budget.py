"""The rates of many checks add up, and an overspent budget names the largest."""

import pytest

from polysem import verify


def test_budget_adds_up_and_fails():
    check = verify.Agreement.of_poisson(
        claim="c", quantity="q", prediction=4.0, count=400, runs=100, margin=0.5, alpha=4e-7
    )
    verify.Budget.of([check, check]).check()
    overspent = verify.Budget.of([check] * 3)
    assert overspent.spent == pytest.approx(1.2e-6)
    with pytest.raises(verify.BudgetError, match="3 random checks"):
        overspent.check()


def test_budget_tells_bounds_from_approximations():
    exact, normal = (
        verify.Agreement.of_mean(
            claim="c", quantity="q", prediction=1.0, samples=[0.9, 1.1], margin=0.5, bounds=bounds
        )
        for bounds in ((0, 2), None)
    )
    alone = verify.Budget.of([exact]).sentence()
    assert "alpha at most 1e-08" in alone
    assert "each rate is a bound" in alone
    both = verify.Budget.of([exact, normal]).sentence()
    assert "alpha about 2e-08" in both
    assert "bounds: 1, approximations that assume a normal mean: 1 (together 1e-08)" in both
    assert "alpha about 1e-08" in normal.sentence()
    assert "alpha 1e-08" in exact.sentence()


def test_only_the_errors_of_the_table_are_approximate():
    rough = [rate.name for rate in verify.checks_budget().entries if rate.approximate]
    assert rough == [
        "retained_fraction: the error of the table",
        "retained_fraction_in_the_limit: the error of the table",
    ]


@pytest.mark.parametrize("excess", [1e-12, 1e-6])
def test_a_budget_is_overspent_beyond_rounding(excess):
    budget = verify.Budget(entries=(verify.Rate("a", 1e-6 * (1 + excess)),))
    assert budget.overspent == (excess > 1e-9)


@pytest.mark.parametrize("limit", [float("nan"), 0.0, -1.0, 1.5])
def test_a_limit_is_a_probability(limit):
    with pytest.raises(ValueError, match=f"limit={limit}"):
        verify.Budget(entries=(), limit=limit)
