"""When l1 kills a whole feature."""

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.stats import norm

from polysem import numerics, theory


def excess2(b):
    """E(|z| - b)_+^2 of a half-normal weight."""
    return 2 * ((1 + b * b) * norm.sf(b) - b * norm.pdf(b))


def test_coefficients_of_the_series_are_their_integrals():
    """int mu, 2 int mu (b - I), int mu (3 (b - I)^2 - 4 K), with I' = mu and K' = mu (b - I)."""
    step = 1e-4
    b = np.arange(0, 12, step)
    mu = excess2(b)
    inner = np.concatenate([[0], np.cumsum((mu[1:] + mu[:-1]) / 2 * step)])
    outer_rate = mu * (b - inner)
    outer = np.concatenate([[0], np.cumsum((outer_rate[1:] + outer_rate[:-1]) / 2 * step)])
    integrals = (
        np.trapezoid(mu, b),
        2 * np.trapezoid(outer_rate, b),
        np.trapezoid(mu * (3 * (b - inner) ** 2 - 4 * outer), b),
    )
    series = (theory.collapse_shift(), theory.collapse_first(), theory.collapse_second())
    assert integrals == pytest.approx(series, abs=1e-7)


def slow_series_threshold(strength):
    """Where v = 0 for dv/db = -(1 - mu/v^2)/Lambda, weights beyond b_c left out, m -> infinity."""
    total, b, step = 1.0, 0.0, 1e-3
    while total > 0.02:
        total -= step / strength * (1 - excess2(b + step / 2) / total**2)
        b += step
    return b + strength * total


def test_the_series_approaches_the_threshold_of_the_ode():
    """At Lambda = 8 the weights beyond the threshold no longer count."""
    found = slow_series_threshold(8.0)
    assert theory.collapse_threshold(l1_strength=8.0) == pytest.approx(found, abs=2e-3)


@pytest.mark.parametrize("lam", [0.05, 0.2, 0.35])
def test_one_weight_dies_below_the_unstable_state(lam):
    """One neuron: x' = (1 - x^2) x - lambda, so z_c (1 - z_c^2) = lambda."""
    z = numerics.critical_weight(1, lam)
    assert z * (1 - z * z) == pytest.approx(lam, rel=1e-6)


def dies_forward(z, m, lam):
    """The one-curve flow in time, from the start of the row, with the mean excess by quad."""

    def others(length):
        inner = quad(lambda y: y**2 * np.exp(-((z - length + y) ** 2) / 2), 0, length)[0]
        return np.sqrt(2 / np.pi) * inner

    share = (m - 1) / m / (2 * norm.cdf(z) - 1)

    def rate(_, state):
        x, log_amplitude = state
        amplitude = np.exp(log_amplitude)
        growth = 1 - x**2 - amplitude**2 * share * others(max(x, 0) * np.sqrt(m) / amplitude)
        return growth * x - lam, growth

    def dead(_, state):
        return state[0]

    def wins(_, state):
        return state[0] - 0.95

    dead.terminal = wins.terminal = True
    found = solve_ivp(
        rate, (0, 1e4), (z / np.sqrt(m), 0.0), "LSODA", events=(dead, wins), rtol=1e-9, atol=1e-12
    )
    assert found.status == 1  # one of the two has happened
    return bool(len(found.t_events[0]))


@pytest.mark.parametrize(("m", "lam"), [(2, 0.04), (64, 0.01), (1024, 0.04)])
def test_the_critical_weight_parts_death_from_survival_in_time(m, lam):
    z = numerics.critical_weight(m, lam)
    assert dies_forward(z * (1 - 1e-7), m, lam)
    assert not dies_forward(z * (1 + 1e-7), m, lam)


def test_half_of_the_rows_of_few_weights_outlive_every_lambda():
    """The median of one or two weights lies above the state at the fold, 1/sqrt(3)."""
    fold = 2 / (3 * np.sqrt(3))
    assert numerics.half_collapse_lam(1) == numerics.half_collapse_lam(2) == pytest.approx(fold)
    assert numerics.half_collapse_lam(3) < fold


def test_the_winner_alone_raises_the_threshold_by_the_whole_cube():
    """A row with one weight: z sqrt(m) = Lambda + Lambda^3/m + O, not Lambda + (2/3) Lambda^3/m."""
    lam = 0.02
    z = numerics.critical_weight(1, lam)
    assert (z - lam) / lam**3 == pytest.approx(1, abs=3e-3)


@pytest.mark.parametrize(("m", "lam"), [(16, 0.3), (64, 0.238), (256, 0.1485)])
def test_the_fate_of_rows_is_that_of_the_exact_row_flow(m, lam):
    rows = numerics.initial_weights(60, m, np.random.default_rng(m))
    exact = np.array([np.isfinite(numerics.extinction_times(row, lam)).all() for row in rows])
    assert 10 < exact.sum() < 55
    assert (numerics.rows_die(rows, lam) == exact).all()


@pytest.mark.parametrize(
    ("row", "lam", "dies"),
    [
        ([0.5, 0.5], 0.1, False),  # ties: two weights come to rest together
        ([0.5, 0.5], 0.28, True),  # (1 - 2 x^2) x is at most .272
        ([5.0, 4.9, 4.8], 0.3, True),  # large at first
        ([50.0, 1.0], 0.1, False),
        ([0.0, 0.0], 0.1, True),
    ],
)
def test_the_fate_of_ties_and_of_large_rows(row, lam, dies):
    assert numerics.rows_die([row], lam).tolist() == [dies]
    assert np.isfinite(numerics.extinction_times(np.array(row), lam)).all() == dies


def test_the_one_curve_law_is_near_the_exact_fractions(entropy):
    """Null: the law is within 3 points.  Paired with the rows' largest weights; rate 1e-8."""
    rng = np.random.default_rng([entropy, 5])
    for m, lam, rows in ((64, 0.2380, 12_000), (256, 0.1262, 8000)):
        weights = rng.normal(0, m**-0.5, (rows, m))
        died = numerics.rows_die(weights, lam).astype(float)
        below = np.abs(weights).max(axis=1) * np.sqrt(m) < numerics.critical_weight(m, lam)
        difference = died - below
        bound = norm.isf(5e-9) * difference.std() / np.sqrt(rows)
        assert bound < 0.025
        assert abs(difference.mean()) + bound < 0.045
        wrong = 2 * lam  # a law for another lambda is seen
        assert abs(died.mean() - numerics.dead_fraction(m, wrong)) > 0.1


def test_above_the_fold_every_row_dies():
    assert numerics.dead_fraction(4, 0.39) == 1
    assert numerics.rows_die([[1.0, 0.5]], 0.39).all()


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_equal_weights_die_beyond_their_own_fold(count):
    """w' = (1 - count w^2) w - lambda is at rest up to the lambda 2/(3 sqrt(3 count))."""
    fold = 2 / (3 * np.sqrt(3 * count))
    row = [[1 / np.sqrt(count)] * count]
    assert not numerics.rows_die(row, 0.98 * fold).any()
    assert numerics.rows_die(row, 1.02 * fold).all()


def test_half_collapse_is_where_half_of_the_rows_die():
    lam = numerics.half_collapse_lam(256)
    assert numerics.dead_fraction(256, lam) == pytest.approx(0.5, abs=1e-3)


def test_the_mean_excess_is_the_half_normal_moment():
    assert quad(excess2, 0, np.inf)[0] == pytest.approx(2 / 3 * np.sqrt(2 / np.pi), rel=1e-8)


def test_bad_input():
    with pytest.raises(ValueError, match="lam=0"):
        numerics.dead_fraction(4, 0)
    with pytest.raises(ValueError, match="shape"):
        numerics.rows_die([1.0, 2.0], 0.1)
    with pytest.raises(ValueError, match="shape"):
        numerics.rows_die(np.zeros((0, 3)), 0.1)
