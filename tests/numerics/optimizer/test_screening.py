"""The screening by other features is fitted by this procedure to the committed networks."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from polysem.numerics.optimizer import count

SCATTER = 0.08  # of the logarithm of a mean about the two terms, beside the sampling error


@pytest.fixture(scope="module")
def rows():
    """n, m, lam, mean, its relative error, first term, second one without screening."""
    found = []
    for row in count.count_table():
        m, lam, mean = int(row["m"]), float(row["lam"]), float(row["neurons_mean"])
        if mean * int(row["networks"]) < count.FEWEST:
            continue
        error = math.sqrt(float(row["neurons_variance"]) / int(row["networks"])) / mean
        n, limit = int(row["n"]), float(row["limit_mean"])
        support = count.support_term(n, m, lam, count.pair_probability(m, lam)[0])
        found.append((n, m, lam, mean, error, limit, support / count.screening(n, m, lam)))
    return found


@pytest.fixture
def misfit(rows, monkeypatch):
    """Sum of squares of the logarithms over their standard errors."""

    def total(constants):
        monkeypatch.setattr(count, "SCREENED", tuple(constants))
        found = 0.0
        for n, m, lam, mean, error, flow, excess in rows:
            away = math.log(mean / (flow + excess * count.screening(n, m, lam)))
            found += away**2 / (error**2 + SCATTER**2)
        return found

    return total


def test_the_constants_are_those_of_the_fit(misfit):
    constants = np.array(count.SCREENED)
    found = minimize(misfit, constants, method="Nelder-Mead").x
    assert found == pytest.approx(constants, rel=0.01)


def test_a_screening_that_ignores_lambda_and_m_fits_worse(rows, misfit):
    """With one constant less; both are fitted to the same rows."""
    a, p, b = count.SCREENED
    best = misfit((a, p, b))
    by_n_alone = minimize(lambda x: misfit((x[0], 0.0, x[1])), [20.0, 2.0], method="Nelder-Mead")
    assert by_n_alone.fun > 2 * best
    assert best < 3 * len(rows)
