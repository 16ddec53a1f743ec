"""Noise claims: wrong constants fail both routes, formulas have their properties."""

import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest
import sympy as sp
from scipy import integrate, linalg, optimize, stats

from polysem import theory
from polysem.numerics import (
    Noise,
    averaged_loss,
    corner_simplex,
    polysemantic_neurons,
    simplex_distance,
)
from polysem.theory.noise import outputs as noise
from polysem.theory.noise import simplex as noise_simplex
from polysem.theory.proof import symbols as s
from polysem.theory.proof.derivation import Derivation, check_step
from polysem.theory.proof.routes import numeric, symbolic


def swap(old, new):
    return lambda expression: expression.subs(old, new)


WRONG = {
    "growth_rate": {
        "1/24 for 1/12": lambda e: e / 2,
        "sign of the kurtosis": lambda e: -e,
        "sigma^2 for sigma": lambda e: e * s.sigma,
        "n for n - 1": lambda e: e.subs(s.n, s.n + 1),
        "q for sqrt(q)": lambda e: e * sp.sqrt(s.row_norm2),
    },
    "overlap_rate": {
        "1/24 for 1/12": lambda e: e / 2,
        "sign of the kurtosis": lambda e: -e,
        "sigma^2 for sigma": lambda e: e * s.sigma,
    },
    "kurtosis_cost": {"1/24 for 1/12": lambda e: e / 2, "sign": lambda e: -e},
    "isotropic_fourth_norm": {
        "3/m for 3/(m+2)": lambda e: e.subs(s.m, s.m - 2),
        "1/(m+2)": lambda e: e / 3,
    },
    "isotropic_drift": {"m for m - 1": lambda e: e * s.m / (s.m - 1)},
    "initial_growth": {"n for n - 1": lambda e: e * s.n / (s.n - 1), "24 for 12": lambda e: 2 * e},
    "half_time": {"sign of the kurtosis": lambda e: -e, "1/sigma^2": lambda e: e / s.sigma},
    "fourth_norm_rate": {"q^2 for q": lambda e: e / s.row_norm2},
    "rectified_square": {"Phi for 1 - Phi": swap(s.overlap, -s.overlap)},
    "overlap_noise_kurtosis": {"q for q^2": lambda e: e * s.row_norm2},
    "rectified_square_expansion": {
        "1/1152 for 1/576": lambda e: (
            e
            + s.row_noise**2
            * noise.density(s.overlap / s.row_noise)
            * s.overlap_kurtosis**2
            / 1152
            * (s.overlap / s.row_noise) ** 5
        )
    },
    "mirrored_square_below": {"without the half": lambda e: 2 * e},
    "mirrored_square_above": {"half of u^2": lambda e: e - s.depth**2 / 2},
    "rectified_curvature": {"1/2 for 1/4": lambda e: 2 * e},
    "diagonal_norm2": {"sigma^2 for sigma^2/2": lambda e: 2 * e - 1},
    "antipodal_gain": {"2 sigma^2": lambda e: 2 * e},
    "simplex_overlap": {"n for n - 1": lambda e: e.subs(s.n, s.n + 1)},
    "simplex_relative_overlap": {
        "n for n - 1": lambda e: e.subs(s.n, s.n + 1),
        "1/sigma^2": lambda e: e / s.sigma,
    },
    "simplex_norm2": {"sigma^2": lambda e: 2 * e - 1},
    "dead_zone": {
        "n for n - 1": lambda e: e.subs(s.n, s.n + 1),
        "m for sqrt(m)": lambda e: e / sp.sqrt(s.m),
    },
    "crowded_loss": {"n/2 for n": lambda e: e / 2},
    "corner_fourth_norm": {"n - 1 for n": lambda e: e * s.n / (s.n - 1)},
    "centred_fourth_norm": {"n for n - 1": lambda e: e * (s.n - 1) / s.n},
    "shared_weight_limit": {
        "one weight for two": lambda e: sp.sqrt(2) * e,
        "n for n - 1": lambda e: e.subs(s.n, s.n + 1),
    },
}


@pytest.mark.parametrize(
    ("label", "mistake"), [(label, mistake) for label in WRONG for mistake in WRONG[label]]
)
def test_wrong_constants_are_rejected_by_both_routes(label, mistake):
    claim = theory.claims()[label]
    *before, last = claim.derivation.steps
    wrong = WRONG[label][mistake](claim.formula.expression)
    spoilt = replace(last, right=wrong)
    sides = Derivation(*before, spoilt).sides()[-1]
    given = (spoilt, *sides, (*spoilt.assumptions, *claim.formula.regime))
    assert symbolic(*given) != "passed"
    assert numeric(*given) != "passed"
    assert not check_step(spoilt, *sides, regime=claim.formula.regime, enclosures=False).passed


@pytest.mark.parametrize("order", range(3, 11))
def test_general_term_of_the_cumulant_expansion(order):
    """The r-th derivative is 2 (-1)^(r-3) He_(r-3)(a) phi(a) s^(2-r): SymPy, and mpmath."""
    x = sp.Symbol("x", real=True)
    hermite = sp.hermite_prob_poly(order - 3, x).subs(x, s.overlap / s.row_noise)
    expected = (
        2
        * (-1) ** (order - 3)
        * hermite
        * noise.density(s.overlap / s.row_noise)
        * s.row_noise ** (2 - order)
    )
    square = theory.rectified_square.expression
    assert sp.simplify(sp.diff(square, s.overlap, order) - expected) == 0
    at = {s.overlap: sp.Rational(-3, 7), s.row_noise: sp.Rational(4, 5)}
    with mpmath.workdps(60):
        value = sp.lambdify(s.overlap, square.subs(s.row_noise, at[s.row_noise]), "mpmath")
        numeric = mpmath.diff(value, mpmath.mpf(-3) / 7, order)
        assert abs(numeric - mpmath.mpf(expected.subs(at).evalf(60))) < mpmath.mpf(10) ** -25


@pytest.mark.parametrize("overlap", [-1.0, -0.2, 0.0, 0.3])
def test_gaussian_moments_are_their_integrals(overlap):
    law = stats.norm(scale=0.4)
    for power, formula in ((1, theory.rectified_mean), (2, theory.rectified_square)):
        expected, _ = integrate.quad(
            lambda z, power=power: (overlap + z) ** power * law.pdf(z), -overlap, 8, epsabs=1e-13
        )
        assert formula(overlap=overlap, row_noise=0.4) == pytest.approx(expected, abs=1e-11)


def one_output(row, overlap, noise_law):
    """E ReLU(u + Z)^2 of one output by enumeration of all bipolar states."""
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(row))).reshape(len(row), -1)
    values = overlap + noise_law.sigma * row @ signs
    return float(np.mean(np.maximum(values, 0) ** 2))


def test_each_order_of_the_expansion_improves_dense_rows(entropy):
    """Null: the first order divides the mean error by ten, the second that by three.

    20 rows of 14 weights within a factor of three, bipolar noise. In 75 other such samples the
    least factors were 26 and 5.2; the bounds are at least ten standard deviations of a mean away.
    """
    rng = np.random.default_rng([entropy, 11])
    law = Noise(sigma=0.1)
    for a in (-1.43, -0.95):
        errors = []
        for _ in range(20):
            row = rng.uniform(0.5, 1.5, size=14)
            row /= np.linalg.norm(row)
            exact = one_output(row, 0.1 * a, law)
            kappa_4 = theory.overlap_noise_kurtosis(-2, float((row**4).sum()), 1)
            kappa_6 = theory.overlap_noise_sixth(16, float((row**6).sum()), 1)
            zero = theory.rectified_square(0.1 * a, 0.1)
            first = zero + theory.kurtosis_cost(0.1 * a, 0.1, kappa_4)
            second = theory.rectified_square_expansion(0.1 * a, 0.1, kappa_4, kappa_6)
            errors.append([abs(value - exact) / 0.01 for value in (zero, first, second)])
        mean = np.mean(errors, axis=0)
        assert mean[0] > 10 * mean[1] > 30 * mean[2]


def test_leading_order_is_no_law_for_all_rows():
    """The cost can rise with the fourth norm: the paper's reading holds at first order only."""
    less = np.sqrt([0.473, 0.151, 0.0001, 0.3759])
    more = np.sqrt([0.506, 0.053, 0.001, 0.440])
    law = Noise(sigma=1.0)
    assert (more**4).sum() > (less**4).sum() + 0.06
    assert one_output(more, -0.283, law) > one_output(less, -0.283, law) + 0.01


@pytest.mark.parametrize("a", [-0.2, -0.9, -1.7])
def test_one_weight_under_bipolar_noise_is_optimal(a, entropy):
    rng = np.random.default_rng([entropy, 12])
    bound = theory.rectified_square_bound(depth=-a, row_noise=1.0)
    assert one_output(np.array([1.0]), a, Noise(sigma=1.0)) == pytest.approx(bound, abs=1e-15)
    for size in (2, 3, 6):
        for _ in range(20):
            row = rng.normal(size=size)
            row /= np.linalg.norm(row)
            assert one_output(row, a, Noise(sigma=1.0)) >= bound - 1e-15


@pytest.mark.parametrize("n", [4, 8])
@pytest.mark.parametrize("sigma", [0.1, 0.3])
def test_gaussian_simplex_loss_is_the_averaged_loss(centred_simplex, n, sigma):
    q = 0.93
    for code in (corner_simplex(n, n), centred_simplex(n, n + 2)):
        loss = averaged_loss(np.sqrt(q) * code, Noise(sigma=sigma, law="gaussian"))
        assert loss == pytest.approx(theory.simplex_loss_gaussian(n, sigma, q), abs=1e-12)


def test_best_norm_of_the_gaussian_simplex():
    """The error is of second order in sigma at fixed (n - 1) sigma, of no other."""
    errors = []
    for sigma, n in ((0.1, 21), (0.05, 41), (0.025, 81)):
        best = optimize.minimize_scalar(
            lambda q, n=n, sigma=sigma: theory.simplex_loss_gaussian(n, sigma, q),
            bounds=(0.7, 1.1),
            method="bounded",
            options={"xatol": 1e-9},
        ).x
        errors.append(abs(best - theory.simplex_norm2(n, sigma)))
    assert errors[0] < 5e-4
    # n - 1 doubles while sigma halves: the bracket grows like n, so the error falls as sigma^2,
    # by 4.8 and 4.4; orders 1, 3 and 4 would be 2, 8 and 16
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.3)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.2)


@pytest.mark.parametrize(("sigma", "norm2", "loss"), [(0.1, 0.995763, 0.095195)])
def test_published_minimum_of_the_notes(sigma, norm2, loss):
    assert theory.simplex_norm2(8, sigma) == pytest.approx(norm2, abs=2e-6)
    assert theory.simplex_loss_gaussian(8, sigma, norm2) == pytest.approx(loss, abs=1e-6)


def test_dead_zones(entropy):
    """Every rotation of the simplex is silent below the limit, some rotation above is not."""
    rng = np.random.default_rng([entropy, 13])
    n, m = 5, 6
    limit = theory.dead_zone(n, m, 1)
    frames = [np.linalg.qr(rng.normal(size=(m, m)))[0] for _ in range(20)]

    def excess(sigma, rotation):
        q = 1 - sigma**2 / 2
        loss = averaged_loss(math.sqrt(q) * corner_simplex(n, m) @ rotation, Noise(sigma=sigma))
        return float(loss) - theory.silent_loss(n, sigma)

    assert max(abs(excess(0.99 * limit, frame)) for frame in frames) < 1e-14
    assert max(excess(1.3 * limit, frame) for frame in frames) > 1e-8


@pytest.mark.parametrize(
    ("n", "value"), [(4, 0.197284), (8, 0.079961), (16, 0.036466), (64, 0.008548)]
)
def test_margin_of_the_family_and_its_limit(n, value):
    ratio = s.opposite_weight
    margin = sp.lambdify(ratio, noise_simplex.FAMILY_MARGIN.expression.subs(s.n, n))
    best = optimize.minimize_scalar(lambda w: -margin(w), bounds=(0, 2 / (n - 2)), method="bounded")
    assert -best.fun == pytest.approx(value, abs=1e-6)
    assert theory.family_dead_zone(n) == pytest.approx(-best.fun, rel=2 / n)


def test_codes_have_their_fourth_norms(centred_simplex):
    for n in range(2, 13):
        for code, formula in (
            (corner_simplex(n, n), theory.corner_fourth_norm),
            (centred_simplex(n, n), theory.centred_fourth_norm),
        ):
            assert (code**4).sum(axis=1).mean() == pytest.approx(formula(n), abs=1e-13)
    larger = [theory.corner_fourth_norm(n) > theory.centred_fourth_norm(n) for n in range(3, 33)]
    assert larger == [n <= 12 for n in range(3, 33)]


def test_no_neuron_is_polysemantic_from_five_features_on_by_the_authors_rule():
    assert theory.shared_weight_limit(4, 1) > 0.8 > theory.shared_weight_limit(5, 1)
    assert theory.shared_weight_limit(5, 1.023) < 0.8


@pytest.mark.parametrize("n", [5, 6, 9])
def test_a_simplex_can_share_neurons_by_the_scale_free_rule(n):
    """The columns (e_1 - e_2)/sqrt(2), (e_3 - e_4)/sqrt(2), ..., completed to a regular simplex."""
    pairs = np.zeros((n, n // 2))
    for k in range(n // 2):
        pairs[2 * k : 2 * k + 2, k] = math.sqrt(0.5), -math.sqrt(0.5)
    rest = linalg.null_space(np.column_stack([pairs, np.ones(n)]).T)
    weights = math.sqrt(n / (n - 1)) * np.column_stack([pairs, rest])
    assert simplex_distance(weights) < 1e-12
    assert polysemantic_neurons(weights, "scale-free") == n // 2
    assert polysemantic_neurons(weights) == 0


def test_a_rigid_simplex_of_two_or_three_rows_does_not_follow_the_count_of_directions():
    """Two opposite rows move as free rows do; three in a plane keep their fourth norm."""
    for n in (2, 3):
        with pytest.raises(theory.RegimeError, match="retained_drift holds for n >= 4"):
            theory.retained_drift(n=n, m=n)
    angles = np.array([[0.1], [0.7], [1.3]]) + np.arange(3) * 2 * np.pi / 3
    fourth = (np.cos(angles) ** 4 + np.sin(angles) ** 4).sum(axis=1)
    np.testing.assert_allclose(fourth, fourth[0], rtol=1e-13)


def test_the_best_own_output_is_stated_only_where_noise_can_stay_below_it():
    """Bipolar noise on one weight clips once sigma^2 > 1 - sigma^2/2."""
    assert theory.diagonal_norm2(0.81) > 0.81**2
    with pytest.raises(theory.RegimeError, match="diagonal_norm2 holds for"):
        theory.diagonal_norm2(0.82)


def test_paired_code_on_half_the_neurons():
    pairs = np.vstack([np.eye(4), -np.eye(4)])
    q = theory.crowded_norm2(8, 0.15)
    loss = averaged_loss(math.sqrt(q) * pairs, Noise(sigma=0.15))
    assert loss == pytest.approx(theory.crowded_loss(8, 0.15), abs=1e-13)
    assert averaged_loss(np.eye(6), Noise(sigma=0.2)) == pytest.approx(
        theory.orthonormal_loss(6, 0.2), abs=1e-13
    )
    one_pair = np.eye(6)
    one_pair[1] = -one_pair[0]
    assert averaged_loss(one_pair, Noise(sigma=0.2)) == pytest.approx(
        theory.orthonormal_loss(6, 0.2) - theory.antipodal_gain(0.2), abs=1e-13
    )


def test_growth_rate_bad_input():
    with pytest.raises(theory.RegimeError, match="sigma is the standard deviation"):
        theory.growth_rate(n=8, sigma=-0.1, kurtosis=-2, row_norm2=1)
    with pytest.raises(theory.RegimeError, match="half_time holds for"):
        theory.half_time(n=8, sigma=0.1, kurtosis=1, row_norm2=1, half_rotation=4.4)
