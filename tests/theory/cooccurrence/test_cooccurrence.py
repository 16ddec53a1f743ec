"""Closed forms of co-occurrence against the trained model and in their limits."""

import numpy as np
import pytest

from polysem import numerics, theory
from polysem.theory.proof.claims import topics
from polysem.theory.proof.record import Record
from polysem.theory.proof.status import ASYMPTOTIC, DERIVED, IN_WORDS, PROVED, VERIFIED

P = 0.3


def pair(a, c):
    return np.array([[a], [-c]])


@pytest.mark.parametrize(("a", "c"), [(1.1, 0.9), (1.0, 1.0), (0.8, 0.2)])
def test_the_uniform_error_is_that_of_the_pairs_model(a, c):
    model = numerics.Pairs(pair_weight=1.0, values="uniform")
    alone = numerics.Pairs(pair_weight=0.0, values="uniform")
    both = float(model.loss(pair(a, c)) - alone.loss(pair(a, c)))
    assert theory.uniform_pair_error(a, c) == pytest.approx(both, rel=1e-12)
    assert theory.uniform_pair_error(a, c) != pytest.approx(
        theory.pair_loss(a, c, 1, 1, 0) - theory.pair_loss(a, c, 1, 1e-300, 0), rel=0.1
    )


def test_the_uniform_penalty_is_that_of_the_pairs_model():
    for overlap in (0.3, 0.9):
        unit = np.array([[1, 0], [-overlap, np.sqrt(1 - overlap**2)]])
        model = numerics.Pairs(pair_weight=P, values="uniform")
        value = float(model.loss(unit) - model.loss(np.eye(2)))
        assert theory.uniform_overlap_penalty(P, overlap) == pytest.approx(value, rel=1e-12)


def test_the_symmetric_uniform_pair_is_stable():
    """Its curvature across is c (3 x^2 + 8 x + 64) / (6 (x + 4)), x = q/c, at lambda = 0."""
    for ratio in (0.1, 1.0, 10.0, 100.0):
        model = numerics.Pairs(pair_weight=ratio, values="uniform")
        w = np.sqrt((8 + 3 * ratio) / (8 + 2 * ratio))
        assert np.abs(model.gradient(pair(w, w))).max() < 1e-10 * (1 + ratio)
        d = 1e-5 / np.sqrt(2)  # the third derivative jumps at d = 0
        bent = model.loss(pair(w + d, w - d)) + model.loss(pair(w - d, w + d))
        curvature = float(bent - 2 * model.loss(pair(w, w))) / 1e-10
        assert curvature == pytest.approx(
            (3 * ratio**2 + 8 * ratio + 64) / (6 * (ratio + 4)), rel=1e-4
        )


def test_the_threshold_of_third_parties():
    """Exact and leading threshold, as far as the asymmetric state and w carry them."""
    for n, lam, exact in ((16, 1e-3, 0.06090), (16, 1e-2, 0.33989), (64, 1e-2, 1.2562)):
        low, high = 1e-4, 4.0
        while high - low > 1e-8:
            p = (low + high) / 2
            c = 1 + p * (n - 2)
            a, b = numerics.pair_state(p / c, lam / c)
            w = theory.amplitude(lam=lam / (c + p))
            stable = theory.third_party_slope(a, b, w, p, lam) > 0
            low, high = (p, high) if stable else (low, p)
        assert low == pytest.approx(exact, abs=6e-5)
        assert theory.third_party_threshold(n=n, lam=lam) == pytest.approx(low, rel=5e-3)


def test_the_angle_has_its_limits():
    for r in (0.01, 0.02):
        series = np.pi / 4 - np.sqrt(2) / 4 * r + 11 * np.sqrt(2) / 192 * r**3
        assert theory.escape_angle(r) == pytest.approx(series, abs=r**5)
        assert theory.escape_barrier(r) == pytest.approx(
            np.sqrt(2) - 1 - r / 4 + np.sqrt(2) / 16 * r**2, abs=r**3
        )
    for r in (50.0, 100.0):
        assert theory.escape_angle(r) == pytest.approx(
            1 / r - 1 / r**2 + 7 / (6 * r**3), abs=3 / r**4
        )
        assert theory.escape_barrier(r) == pytest.approx(1 / (2 * r) - 1 / (2 * r**2), abs=1 / r**3)


def test_what_is_fitted_or_guessed_is_not_called_proved():
    record, sound = Record.load(), (PROVED, IN_WORDS, VERIFIED, DERIVED, ASYMPTOTIC)
    kinds = {claim.label: claim.formula.kind for claim in topics()["cooccurrence/race"][1]}
    assert set(kinds.values()) >= {"fitted", "heuristic"}
    for label, kind in kinds.items():
        if kind in ("fitted", "heuristic"):
            assert record.status(label) not in sound


@pytest.mark.parametrize("strength", [0.0, 1.0, 1.5])
def test_partial_suppression_is_between_none_and_that_of_all_pairs(strength):
    everywhere = theory.suppression_fit(strength)
    assert theory.partial_suppression(0, strength) == 1
    assert theory.partial_suppression(1, strength) == pytest.approx(everywhere)
    assert theory.partial_suppression(0.5, strength) == pytest.approx((1 + everywhere) / 2)
