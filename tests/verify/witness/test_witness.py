"""Witnesses confirm the claims, reject false ones, and start at the model alone."""

import ast
import inspect
import math
import re
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from polysem.theory.proof import symbols as s
from polysem.theory.proof.claims import claims
from polysem.theory.proof.formula import Formula
from polysem.theory.proof.record import Record, confirms
from polysem.theory.proof.status import DERIVED, IN_WORDS, PROVED, VERIFIED, status
from polysem.verify.topics import TOPICS
from polysem.verify.witness import model
from polysem.verify.witness.declare import Witness, inherited, witnesses
from polysem.verify.witness.domain import _draw
from polysem.verify.witness.judge import Sample, claimed, find, judge, refuted, samples
from polysem.verify.witness.record import digest

WITH_FORMULA = [label for label in witnesses() if claimed(label) is not None]
WITHOUT_FORMULA = [label for label in witnesses() if claimed(label) is None]


@pytest.mark.parametrize("label", WITHOUT_FORMULA)
def test_the_witness_of_a_claim_without_a_formula_confirms_it(label):
    found = find(witnesses()[label], seed=1)
    assert found.passed, found.message


DAILY = [
    pytest.param(label, marks=[pytest.mark.nightly] * witnesses()[label].nightly)
    for label in WITH_FORMULA
]


@pytest.mark.parametrize("label", DAILY)
def test_the_witness_confirms_its_claim_and_rejects_wrong_versions(label):
    """No symbolic route takes part. A third may survive; of all together at most 5 of 100 may.

    Half may where the claim states a relative error of more than 10 %, which covers small changes.
    """
    witness, form = witnesses()[label], claimed(label)
    drawn = samples(witness, form, seed=1)
    found = judge(witness, form, drawn)
    assert found.passed, found.message
    kept, count = survivors(label, drawn)
    coarse = witness.accuracy > 0.1 and not witness.absolute
    assert len(kept) <= max(1, count // (2 if coarse else 3)), kept


@pytest.mark.nightly
@pytest.mark.parametrize("label", witnesses())
def test_the_witness_confirms_its_claim_at_many_more_arguments(label):
    found = find(witnesses()[label], seed=2, factor=5)
    assert found.passed, found.message


@pytest.mark.parametrize("label", WITHOUT_FORMULA)
def test_the_witness_of_a_claim_without_a_formula_rejects_a_false_version(label):
    assert witnesses()[label].wrong is not None, "give wrong=..., a false version of the claim"
    assert not refuted(witnesses()[label]).passed


def test_every_formula_has_a_witness_or_inherits_one():
    """A formula that can have none is to be named here, with the reason."""
    without = {}
    missing = {
        label
        for label, claim in claims().items()
        if claim.formula is not None and label not in {*witnesses(), *inherited()}
    }
    assert missing == set(without)


GUESSED = [
    label
    for label, claim in claims().items()
    if claim.formula is not None and claim.formula.kind in ("fitted", "heuristic")
]


@pytest.mark.parametrize("label", sorted(set(GUESSED) & set(witnesses())))
def test_a_fit_or_an_estimate_states_the_error_within_which_its_witness_confirms_it(label):
    witness, stated = witnesses()[label], claims()[label].formula.error
    percent = "" if witness.absolute else " %"
    size = witness.accuracy if witness.absolute else round(100 * witness.accuracy, 6)
    assert f"within {size:g}{percent}" in stated


@pytest.mark.parametrize("label", GUESSED)
def test_a_fit_or_an_estimate_states_the_size_of_its_error(label):
    assert re.search(r"within \d", claims()[label].formula.error)


@pytest.mark.parametrize("label", GUESSED)
def test_a_witness_proves_no_fit_and_no_estimate(label):
    known = Record.load().evidence
    found = replace(
        known,
        steps=dict.fromkeys(claims(), True),
        witnesses=dict.fromkeys({*known.witnesses, *witnesses()}, True),
    )
    assert status(claims()[label], found) not in (PROVED, IN_WORDS, VERIFIED, DERIVED)


def imported(file):
    """What a file imports, as dotted names; relative ones begin with dots."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = "." * node.level + (f"{node.module}." if node.module else "")
            yield from (base + alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_witnesses_start_at_the_model_alone():
    """They import the declaration, the model in NumPy and one another, nothing else of ours."""
    folder = Path(inspect.getfile(model)).parents[1]
    files = [*folder.glob("*/witnesses*.py"), folder / "witness/of_model.py", Path(model.__file__)]
    assert len(files) >= 3
    for file in files:
        for name in imported(file):
            ours = name.startswith((".", "polysem"))
            allowed = re.match(r"\.+(witness\.)?(declare|model)\b|\.witnesses", name)
            assert not ours or allowed, f"{file.name} imports {name}"


def test_a_claim_inherits_only_from_claims_with_a_witness():
    for label, sources in inherited().items():
        assert label in claims()
        assert set(sources) <= set(witnesses()), label


def test_the_record_holds_the_present_witnesses():
    """After a change of a witness: polysem claims --recheck --save."""
    kept = Record.load().claims
    for label in claims():
        entry = kept[label].get("witness")
        if label in witnesses():
            assert entry["digest"] == digest(witnesses()[label]), label
            assert confirms(entry), label
        elif label in inherited():
            assert entry == {"from": list(inherited()[label])}
        else:
            assert entry is None, label


def test_the_fast_velocity_is_the_slope_of_the_loss():
    rng = np.random.default_rng(3)
    for _ in range(20):
        weights = rng.standard_normal(rng.integers(1, 5, size=2)) * 0.7
        place = tuple(int(rng.integers(size)) for size in weights.shape)
        slope = model.slope(weights, 0.1, place, step=1e-4 * abs(weights[place]))
        assert model.velocity(weights, 0.1)[place] == pytest.approx(-slope / 4, rel=1e-7, abs=1e-8)


def test_training_ends_where_the_velocity_is_zero():
    rng = np.random.default_rng(4)
    rest = model.train(rng.standard_normal((3, 6)) / 3, 0.05)
    force = model.velocity(rest, 0.05)
    assert np.abs(force[rest != 0]).max() < 1e-11


def changes(expression):
    """Wrong versions: factors, signs, other numbers, other sizes, terms left out, other powers."""
    yield 2 * expression
    yield expression / 2
    yield -expression
    yield expression + sp.Rational(1, 7) * (1 + expression)
    names = {str(symbol): symbol for symbol in expression.free_symbols}
    if "lambda" in names:
        yield expression.subs(names["lambda"], 4 * names["lambda"])
    for size in ("n", "m"):
        if size in names and not expression.has(sp.Indexed):
            yield expression.subs(names[size], names[size] + 1)
    for number in sorted(expression.atoms(sp.Rational), key=str)[:4]:
        yield expression.xreplace({number: number + 1})
    for power in sorted(expression.atoms(sp.Pow), key=str)[:2]:
        yield expression.xreplace({power: power.base ** (power.exp + 1)})
    for term in sp.Add.make_args(expression)[:3]:
        if term != expression:
            yield expression - term


def wrong_versions(label):
    form = claimed(label)
    seen = {form.expression}
    for changed in changes(form.expression):
        if changed not in seen and changed != sp.nan:
            seen.add(changed)
            yield replace(form, expression=changed)


def survivors(label, drawn):
    """The wrong versions of a claim that its witness alone does not reject, and their number."""
    versions = list(wrong_versions(label))
    kept = [v.expression for v in versions if judge(witnesses()[label], v, drawn).passed]
    return kept, len(versions)


@pytest.mark.nightly
def test_the_witnesses_together_reject_95_of_100_wrong_versions():
    """Of all claims with a formula, fits and estimates included; the counts of each topic."""
    found = {
        label: survivors(label, samples(witnesses()[label], claimed(label)))
        for label in WITH_FORMULA
    }
    counted, kept = Counter(), Counter()
    for label, (survived, count) in found.items():
        topic = witnesses()[label].compute.__module__.split(".")[2]
        counted[topic] += count
        kept[topic] += len(survived)
    for topic, count in counted.items():
        print(f"{topic}: {count - kept[topic]} of {count} wrong versions are rejected")
    print(f"all {len(found)} formulas: {counted.total() - kept.total()} of {counted.total()}")
    assert set(TOPICS) < set(counted)
    assert counted.total() >= 5 * len(found)
    survived = {label: survived for label, (survived, _) in found.items() if survived}
    assert kept.total() <= 0.05 * counted.total(), survived


def test_a_witness_states_why_it_does_not_reach_the_whole_regime():
    with pytest.raises(ValueError, match="without a reason"):
        Witness(label="x", compute=max, method="arithmetic", within={"n": (1, 2)})
    with pytest.raises(ValueError, match="needs both"):
        Witness(label="x", compute=max, method="arithmetic", order="n")


def form(expression, arguments=(), **options):
    plain = {"name": "false", "meaning": "A number.", "source": "here", "example": ""}
    return Formula(expression=sp.sympify(expression), arguments=arguments, **(plain | options))


def finding(expression, compute, arguments=(), error="exact", **options):
    """What a witness that is honest, or uses the options badly, says of a false formula."""
    false = form(expression, arguments, error=error)
    witness = Witness(label="false", compute=compute, method="arithmetic", **options)
    return judge(witness, false, samples(witness, false))


FALSE = {
    "a value that the formula lacks": lambda: finding(
        1 / (s.n - 1), lambda n: 1 / (n - 1) if n > 1 else 7.0, (s.n,)
    ),
    "a bound that is called exact": lambda: finding(10**6, lambda: 0.385, relation="<="),
    "an order that is called exact": lambda: finding(
        1, lambda n: n / (n + 1), (s.n,), along={"n": (8, 16, 32)}, order="1/n"
    ),
    "an order that nothing measures": lambda: finding(
        s.n, lambda n: 1.01 * n, (s.n,), error="O(n^-9)", accuracy=0.04
    ),
    "a sequence that leaves the limit": lambda: finding(
        0, lambda n: 1 / n, (s.n,), error="O(n)", along={"n": (8, 16, 32)}, order="n"
    ),
    "an order of two points": lambda: finding(
        0, lambda n: 1 / n, (s.n,), error="O(1/n)", along={"n": (8, 16)}, order="1/n"
    ),
    "small sizes of a number of either sign": lambda: finding(
        sp.sign(s.tilt), lambda tilt: math.erf(tilt), (s.tilt,)
    ),
    "small sizes of a number that may be 0": lambda: finding(
        sp.sign(s.lam), lambda lam: math.erf(100 * lam), (s.lam,)
    ),
    "the real part of a complex number": lambda: finding(sp.acos(s.n + 1), lambda n: 0.0, (s.n,)),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_formula_is_not_confirmed(name):
    found = FALSE[name]()
    assert not found.passed
    assert not confirms(asdict(found))
    assert len(found.message.splitlines()) == 1


def test_failures_that_are_no_numbers_or_negative_are_failures():
    for failure in (math.nan, -1.0):
        witness = Witness(
            label="fold", compute=max, method="training", wrong=lambda rng, f=failure: f
        )
        assert not refuted(witness).passed


def test_a_value_with_a_large_standard_error_confirms_nothing():
    witness = Witness(label="false", compute=max, method="arithmetic")
    for error, passes in ((0.0, True), (0.1, False)):
        found = judge(witness, form(1), [Sample(arguments={}, value=1.0, error=error)])
        assert found.passed is passes


@pytest.mark.parametrize(("relation", "side"), [("=", 1), ("=", -1), ("<=", 1), (">=", -1)])
def test_a_value_may_miss_a_formula_by_the_accuracy_and_no_more(relation, side):
    kind = "exact" if relation == "=" else "bound"
    witness = Witness(
        label="false", compute=max, method="arithmetic", accuracy=1e-3, relation=relation
    )
    for part, passes in ((0.7, True), (1.4, False)):
        found = judge(witness, form(1, error=kind), [Sample({}, 1 + side * part * 1e-3)])
        assert found.passed is passes


def test_a_deviation_may_be_absolute():
    for absolute, passes in ((False, True), (True, False)):
        witness = Witness(
            label="false", compute=max, method="arithmetic", accuracy=1e-3, absolute=absolute
        )
        assert judge(witness, form(100), [Sample({}, 100.01)]).passed is passes


def test_a_witness_may_compute_a_function_of_the_value():
    witness = Witness(label="false", compute=max, method="arithmetic", through=math.sqrt)
    for value, passes in ((4, True), (2, False)):
        assert judge(witness, form(value), [Sample({}, 2.0)]).passed is passes


@pytest.mark.parametrize("bounds", [(-1.0, 0.0), (0.0, 2.0), (-1.0, 1.0), (0.5, 3.0)])
def test_drawn_arguments_are_within_their_bounds_and_differ(bounds):
    rng = np.random.default_rng(1)
    drawn = [_draw(s.tilt, bounds, rng) for _ in range(200)]
    assert bounds[0] <= min(drawn) < max(drawn) <= bounds[1]
    assert len(set(drawn)) == 200


def test_an_accuracy_that_confirms_everything_is_refused():
    for accuracy in (-1.0, 2.0, math.nan):
        with pytest.raises(ValueError, match=r"give at most 0\.05"):
            Witness(label="x", compute=max, method="arithmetic", accuracy=accuracy)


def test_an_heir_counts_only_where_it_uses_its_sources():
    known = Record.load()
    entry = known.claims["amplitude_series"]
    false = entry | {"witness": {"from": ["gradient"]}}
    changed = Record({**known.claims, "amplitude_series": false}, known.checks, known.versions)
    assert changed.status("amplitude_series") == "fails its checks"
