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


def test_budget_tells_the_rates_that_rest_on_normality():
    exact, normal = (
        verify.Agreement.of_mean(
            claim="c", quantity="q", prediction=1.0, samples=[0.9, 1.1], margin=0.5, bounds=bounds
        )
        for bounds in ((0, 2), None)
    )
    assert "normality" not in verify.Budget.of([exact]).sentence()
    assert "; 1 of them under normality of a mean." in verify.Budget.of([exact, normal]).sentence()
    checks = [check for check in verify.checks().values() if check.bounds is None]
    assert verify.checks_budget().normal >= len(checks) > 0
