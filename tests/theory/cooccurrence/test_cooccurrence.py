"""Closed forms of co-occurrence against the model itself; wrong versions are rejected."""

import itertools

import numpy as np
import pytest

from polysem import numerics, theory
from polysem.theory.proof import symbols as s
from polysem.theory.proof.claims import CONJECTURE, MEASURED, UNDECIDED, topics
from polysem.theory.proof.record import Record

P, LAM = 0.3, 0.02


def direct(weights, values="binary", pair_weight=P, lam=LAM):
    """The trained loss of the pairs model, summed over inputs by the definition."""
    n = len(weights)
    overlaps = weights @ weights.T
    singles = [(1.0, np.eye(n)[i]) for i in range(n)]
    pairs = [
        (pair_weight, np.eye(n)[i] + np.eye(n)[j]) for i, j in itertools.combinations(range(n), 2)
    ]
    loss = 4 * lam * np.abs(weights).sum()
    for weight, x in singles + pairs:
        loss += weight * ((np.maximum(overlaps @ x, 0) - x) ** 2).sum()
    return loss


def slope(f, x, step=1e-5):
    return (f(x + step) - f(x - step)) / (2 * step)


def pair(a, c):
    return np.array([[a], [-c]])


def third(epsilon, a, c, w):
    return np.array([[a, 0], [-c, 0], [-epsilon, w]])


def leaving(epsilon, a, c):
    return np.array([[a, epsilon], [-c, 0]])


def pair_loss(f):
    return [
        f.subs({s.a: a, s.c: c, s.single_weight: 1, s.pair_weight: P, s.lam: LAM})
        - direct(pair(a, c))
        for a, c in ((1.1, 0.9), (0.9, 0.4))
    ]


def third_party(f):
    """One-sided slope: the loss is a polynomial on the side of epsilon > 0."""
    found = []
    for a, c, w in ((1.05, 0.95, 0.99), (1.1, 0.8, 1.0)):
        at = [direct(third(e, a, c, w)) for e in (0, 1e-5, 2e-5)]
        rise = (-3 * at[0] + 4 * at[1] - at[2]) / 2e-5
        found.append(f.subs({s.a: a, s.c: c, s.w: w, s.pair_weight: P, s.lam: LAM}) - rise)
    return found


def escape(f):
    a, c = 1.05, 0.9
    at = [direct(leaving(e, a, c)) - 4 * LAM * e for e in (0, 1e-3, 2e-3)]
    gain = (at[0] - (16 * at[1] - at[2]) / 15) * 15 / 12e-6  # a polynomial in e^2
    return [f.subs({s.a: a, s.c: c, s.single_weight: 1, s.pair_weight: P}) - gain]


def larger(f):
    a, c = 1.1, 0.9
    rest = LAM - slope(lambda x: direct(pair(x, c)), a) / 4
    return [f.subs({s.a: a, s.c: c, s.single_weight: 1, s.pair_weight: P}) - rest]


def kink(f):
    w = 0.9
    fall = direct(pair(w, w - 1e-6), lam=0) - direct(pair(w, w), lam=0)
    alone = direct(pair(w, w - 1e-6), lam=0, pair_weight=0) - direct(
        pair(w, w), lam=0, pair_weight=0
    )
    return [f.subs({s.w: w, s.pair_weight: P}) + (fall - alone) / 1e-6]


def penalty(f):
    found = []
    for overlap in (0.3, 0.9):
        unit = np.array([[1, 0], [-overlap, np.sqrt(1 - overlap**2)]])
        value = direct(unit, lam=0) - direct(np.eye(2), lam=0)
        found.append(f.subs({s.antipodal_overlap: overlap, s.pair_weight: P}) - value)
    return found


def saddle(f):
    """The angle at which the energy of a turning row is largest, by a grid."""
    found = []
    for r in (0.25, 1.0, 4.0):
        angle = np.linspace(0, np.pi / 4, 400_001)
        energy = np.cos(angle) + np.sin(angle) + r / 2 * np.cos(angle) ** 2
        found.append((f.subs(s.strength, r) - angle[energy.argmax()]) / 10)
    return found


A, C, Q = s.a, s.c, s.pair_weight
CASES = {
    theory.pair_loss: (
        pair_loss,
        {
            "2p for p": lambda f: f.subs(Q, 2 * Q),
            "lambda of the code for lambda": lambda f: f.subs(s.lam, s.lam / 4),
            "symmetric for asymmetric": lambda f: f.subs({A: (A + C) / 2, C: (A + C) / 2}),
            "the smaller feature read too": lambda f: f - Q + Q * (1 + C * (A - C)) ** 2,
        },
    ),
    theory.third_party_slope: (
        third_party,
        {
            "2p for p": lambda f: f.subs(Q, 2 * Q),
            "sign of the larger member": lambda f: 8 * s.lam - f,
            "symmetric for asymmetric": lambda f: f.subs(C, A),
            "lambda of the code": lambda f: f.subs(s.lam, s.lam / 4),
        },
    ),
    theory.escape_gain: (
        escape,
        {"2p for p": lambda f: f.subs(Q, 2 * Q), "half": lambda f: f / 2},
    ),
    theory.larger_balance: (
        larger,
        {
            "p/2 missing its half": lambda f: f.subs(Q, 2 * Q),
            "a for 2a - c": lambda f: f.subs(C, A),
        },
    ),
    theory.pair_kink: (kink, {"one p": lambda f: f / 2, "sign": lambda f: -f}),
    theory.overlap_penalty: (
        penalty,
        {
            "one of the two outputs": lambda f: f / 2,
            "overlap not squared": lambda f: f / s.antipodal_overlap,
        },
    ),
    theory.escape_angle: (
        saddle,
        {
            "r with the code's lambda": lambda f: f.subs(s.strength, s.strength / 4),
            "2r": lambda f: f.subs(s.strength, 2 * s.strength),
        },
    ),
}


@pytest.mark.parametrize("formula", CASES, ids=lambda f: f.name)
def test_the_formula_is_what_the_model_does(formula):
    check, wrong = CASES[formula]
    assert max(map(abs, check(formula.expression))) < 1e-6
    for name, change in wrong.items():
        assert max(map(abs, check(change(formula.expression)))) > 1e-3, name


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


@pytest.mark.parametrize(
    "claim",
    [
        claim
        for topic in ("cooccurrence/pairs", "cooccurrence/escape", "cooccurrence/race")
        for claim in topics()[topic][1]
    ],
    ids=lambda claim: claim.label,
)
def test_the_derivation_passes(claim):
    for result in claim.derivation.check(enclosures=False) if claim.derivation else ():
        assert (result.symbolic, result.numeric) == ("passed", "passed"), result.message


def test_what_is_fitted_or_guessed_is_not_called_proved():
    record = Record.load()
    for claim in topics()["cooccurrence/race"][1]:
        if claim.formula.error.startswith(("a fit", "a guess")):
            assert record.status(claim.label) in (MEASURED, UNDECIDED, CONJECTURE)
    assert record.status("suppression_fit") == UNDECIDED
    assert record.status("uniform_suppression_fit") == CONJECTURE


@pytest.mark.parametrize("overlap", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_negative_overlap_decays_as_the_flow_of_two_rows_says(overlap):
    """From the loss of two features that are both active, by central differences."""
    weight, step = 0.3, 1e-6
    rows = np.array([[1.0, 0.0], [-overlap, np.sqrt(1 - overlap**2)]])

    def loss(rows):
        outputs = np.maximum(rows @ rows.sum(axis=0), 0)
        return weight * np.sum((outputs - 1) ** 2)

    slope = np.zeros((2, 2))
    for place in np.ndindex(2, 2):
        moved = np.zeros((2, 2))
        moved[place] = step
        slope[place] = (loss(rows + moved) - loss(rows - moved)) / (2 * step)
    velocity = -slope / 4
    raw = velocity[0] @ rows[1] + rows[0] @ velocity[1]
    assert raw == pytest.approx(2 * weight * overlap * (1 - overlap), abs=1e-8)
    kept = velocity - np.sum(velocity * rows, axis=1, keepdims=True) * rows
    rate = kept[0] @ rows[1] + rows[0] @ kept[1]
    if overlap:
        assert rate == pytest.approx(theory.overlap_decay(weight, overlap), abs=1e-8)
    else:
        assert rate == pytest.approx(0, abs=1e-8)
