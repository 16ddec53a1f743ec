"""The rates of many checks add up, and an overspent budget names the largest."""

import pytest

from polysem import verify


def test_budget_adds_up_and_fails():
    check = verify.Agreement.of_poisson(
        claim="c", quantity="q", prediction=4.0, count=400, runs=100, margin=0.5, false_alarm=4e-7
    )
    verify.Budget.of([check, check]).check()
    overspent = verify.Budget.of([check] * 3)
    assert overspent.spent == pytest.approx(1.2e-6)
    with pytest.raises(verify.BudgetError, match="3 random checks"):
        overspent.check()
