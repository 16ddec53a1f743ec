"""A second engine agrees with SymPy: exact fractions and certified balls of python-flint.

By night SymPy itself runs with its other ground types.
"""

import json
import os
import subprocess
import sys

import pytest
import sympy as sp

from polysem import theory
from polysem.theory.proof import symbols as s
from polysem.theory.proof.record import Record

pytest.importorskip("flint")
from second_engine import exactly

DERIVED = {label: claim.derivation for label, claim in theory.claims().items() if claim.derivation}
GROUND_TYPES = ("python", "flint", "gmpy")
CHECK_ALL = """
import json
from sympy.external.gmpy import GROUND_TYPES
from polysem import theory
failed = [
    f"{label}: {result.message}"
    for label, claim in theory.claims().items()
    if claim.derivation
    for result in claim.derivation.check(enclosures=False)
    if not result.passed
]
print(json.dumps([GROUND_TYPES, failed]))
"""


def verdicts(spoil=lambda right: right):
    """What the exact engine says of each step, with its right side changed."""
    return {
        (label, step.name): exactly(left, spoil(right), step.replaced)
        for label, derivation in DERIVED.items()
        for step, (left, right) in zip(derivation.steps, derivation.sides(), strict=True)
    }


def test_no_step_differs_exactly_and_a_quarter_is_equal_exactly():
    found = verdicts()
    assert [step for step, verdict in found.items() if verdict is False] == []
    assert list(found.values()).count(True) >= len(found) / 4


def test_no_wrong_step_is_equal_exactly():
    found = verdicts(lambda right: 2 * right + 1)
    assert [step for step, verdict in found.items() if verdict is True] == []


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        ((s.a + s.c) ** 2, s.a**2 + 2 * s.a * s.c + s.c**2, True),
        (1 / (s.a + 1) + 1 / (s.a - 1), 2 * s.a / (s.a**2 - 1), True),
        (1 / (s.a + 1), 1 / (s.a + 2), False),
        (sp.sqrt(2) * sp.sqrt(s.m) ** 3, s.m * sp.sqrt(2) * sp.sqrt(s.m), True),
        (1 / (1 + sp.sqrt(2)), sp.sqrt(2) - 1, True),
        (sp.sqrt(2), sp.sqrt(3), None),
        (sp.exp(s.a) * s.c, s.c * sp.exp(s.a), True),
        (sp.Derivative(s.a**3 / s.c, s.a), 3 * s.a**2 / s.c, True),
        (sp.Subs(sp.Derivative(s.a**3, s.a), s.a, s.c + 1), 3 * (s.c + 1) ** 2, True),
        (sp.Subs(s.a**2 + s.c, (s.a, s.c), (s.c, s.a)), s.c**2 + s.a, True),
        (sp.Subs(s.a**2 + s.c, (s.a, s.c), (s.c, s.a)), s.a**2 + s.c, False),
        (sp.Subs(sp.exp(s.a), s.a, s.c), sp.exp(s.a), None),
        (sp.Sum(s.k * s.a, (s.k, 1, 3)), 6 * s.a, True),
        (sp.Max(s.a, s.w - s.a), s.a, None),
    ],
)
def test_the_exact_engine_decides_known_cases(left, right, verdict):
    assert exactly(left, right, {}) is verdict


def test_the_exact_engine_replaces_letters():
    at_rest = {s.lam: s.w - s.w**3}
    assert exactly(s.lam / s.w, 1 - s.w**2, at_rest) is True
    assert exactly(s.lam / s.w, 1 + s.w**2, at_rest) is False


def test_the_record_has_certified_balls_for_nearly_all_steps():
    record = Record.load()
    found = [
        step["enclosure"]
        for label in DERIVED
        if not record.changed(label)
        for step in record.claims[label]["steps"]
    ]
    assert found
    assert found.count("passed") >= 0.99 * len(found)
    assert all(said.startswith(("passed", "not run")) for said in found)


@pytest.mark.nightly
@pytest.mark.parametrize("label", DERIVED)
def test_certified_balls_reject_a_wrong_formula(label):
    from dataclasses import replace

    from polysem.theory.proof.enclosure import enclose

    step, (left, right) = DERIVED[label].steps[-1], DERIVED[label].sides()[-1]
    wrong = replace(step, right=2 * right + 1)
    assumptions = (*step.assumptions, *DERIVED[label].formula.regime)
    assert enclose(wrong, left, 2 * right + 1, assumptions) != "passed"


@pytest.mark.nightly
@pytest.mark.parametrize("ground", GROUND_TYPES)
def test_the_symbolic_route_passes_with_each_ground_type(ground):
    if ground == "gmpy":
        pytest.importorskip("gmpy2")
    done = subprocess.run(
        [sys.executable, "-c", CHECK_ALL],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SYMPY_GROUND_TYPES": ground},
    )
    used, failed = json.loads(done.stdout)
    assert used.startswith(ground)
    assert failed == []
