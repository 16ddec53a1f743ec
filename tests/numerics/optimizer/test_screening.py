"""The screening by other features is fitted by this procedure to the committed networks."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from polysem import numerics
from polysem.numerics.optimizer import count
from polysem.verify.optimizer.runs import read
from polysem.verify.published import data_rows

LEAST_STRENGTH = 0.02  # lambda sqrt(m); below it the reduced model's p2 is too large
DISPERSION = 0.85  # variance of K over its mean


def fitted_rows():
    """n, m, lam, networks and total count of the rows to which the screening is fitted."""
    found = {}
    for row in data_rows("adam_interventions.csv"):
        size = int(row["n"]), int(row["m"]), float(row["lam"])
        if row["variant"] == "adamw":
            found[size] = int(row["networks"]), int(row["neurons"])
    for row in data_rows("adam_networks.csv"):
        if row["use"] == "fit":
            one = read(row)
            size = one.setting.n, one.setting.m, one.setting.lam
            found[size] = one.setting.networks, round(one.mean * one.setting.networks)
    strong = [(*size, *sums) for size, sums in found.items()]
    return [row for row in strong if row[2] * math.sqrt(row[1]) > LEAST_STRENGTH]


def misfit(constants, rows, monkeypatch):
    """Chi-square of the means, with the errors of the count and of p2."""
    monkeypatch.setattr(count, "SCREENED", tuple(constants))
    total = 0.0
    for n, m, lam, networks, neurons in rows:
        p2, error = count.pair_probability(m, lam)
        left = math.comb(n, 2) * count.screening(n, m, lam)
        flow = numerics.TiltedLaw(n, m, numerics.trained_count(n, m).omega).mean()
        mean = flow + left * (p2 - numerics.ExclusionLaw(2, m).mean())
        variance = DISPERSION * mean / networks + (left * error) ** 2
        total += (neurons / networks - mean) ** 2 / variance
    return total


def test_the_constants_are_those_of_the_fit(monkeypatch):
    rows, constants = fitted_rows(), np.array(count.SCREENED)
    best = misfit(constants, rows, monkeypatch)
    assert best < 1.5 * len(rows)
    for one in (0, 1):
        for factor in (0.97, 1.03):
            other = constants.copy()
            other[one] *= factor
            assert misfit(other, rows, monkeypatch) > best - 0.01
    found = minimize(misfit, constants, (rows, monkeypatch), method="Nelder-Mead").x
    assert found == pytest.approx(constants, rel=0.005)


def test_a_screening_that_ignores_m_and_lambda_fits_worse(monkeypatch):
    """Both forms have two constants, fitted to the same rows."""
    rows = fitted_rows()
    right = misfit(count.SCREENED, rows, monkeypatch)
    monkeypatch.setattr(
        count,
        "screening",
        lambda n, m, lam: 1 / (1 + (n / count.SCREENED[0]) ** count.SCREENED[1]),
    )
    by_n_alone = minimize(misfit, [22.2, 2.0], (rows, monkeypatch), method="Nelder-Mead")
    assert by_n_alone.fun > right + 25
