"""False claims that must not pass: each tries to have a false sentence called proved or derived.

Every case is a claim as a user would write it. None may end as proved, verified, derived,
asymptotic or measured, and each rejection must give its reason in one line.
"""

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest
import sympy as sp

from polysem.theory import model
from polysem.theory.collisions import exclusion, independent
from polysem.theory.proof import symbols as s
from polysem.theory.proof.claims import Claim, Prose, claims
from polysem.theory.proof.derivation import Derivation
from polysem.theory.proof.formula import Formula
from polysem.theory.proof.operators import Expansion, Root, Taylor
from polysem.theory.proof.record import Record, _passed, check_digest, definitions, digest
from polysem.theory.proof.status import (
    ARGUED,
    ASYMPTOTIC,
    CONJECTURE,
    DERIVED,
    FAILS,
    IN_WORDS,
    MEANING,
    MEASURED,
    PROVED,
    UNDECIDED,
    VERIFIED,
    WRONG,
    Evidence,
    status,
)
from polysem.theory.proof.step import Definition, Step, of
from polysem.theory.row import stationary

ACCEPTED = {PROVED, IN_WORDS, VERIFIED, DERIVED, ASYMPTOTIC, MEASURED}
AT_REST = stationary.STATIONARY_WEIGHT  # (1 - w^2) w = lambda
FORCE = model.MONOSEMANTIC_FORCE
PAIRS = independent.EXPECTED_PAIRS
VARIANCE = exclusion.VARIANCE_NEURONS_EXCLUSION
MEAN = exclusion.EXPECTED_NEURONS_EXCLUSION
NINE_TENTHS = sp.Rational(9, 10)
CLAIMS = claims()


def formula(expression, arguments=(), **options):
    plain = {"name": "false", "meaning": "A number.", "source": "here", "example": ""}
    return Formula(expression=sp.sympify(expression), arguments=arguments, **(plain | options))


def claim(form, *steps, statement="It is {formula}.", **options):
    return Claim(
        label="false",
        template=statement,
        kind="derived here",
        source="here",
        formula=form,
        derivation=Derivation(*steps) if steps else None,
        **options,
    )


def one_step(form, *sources, build=lambda f: f, statement="It is {formula}.", **options):
    step = Step(name="so", left=of(*sources, build=build), right=form, reason="", **options)
    return claim(form, step, statement=statement)


ALL_PROVED = Evidence(
    steps=dict.fromkeys(claims(), True),
    witnesses=dict.fromkeys(claims(), True),
    definitions=definitions(),
)
"""Evidence under which every claim of the package holds, so that a false claim fails by itself."""


def judged(build_claim):
    """The status that a claim gets, and the reason."""
    try:
        false = build_claim()
    except ValueError as error:
        return "refused", str(error)
    results = false.derivation.check(enclosures=False, seconds=20) if false.derivation else ()
    steps = {"false": _passed(false, [asdict(result) for result in results])} if results else {}
    found = status(false, replace(ALL_PROVED, steps=ALL_PROVED.steps | steps))
    said = "\n".join(result.message for result in results if not result.passed)
    return found, said or MEANING[found]


HIDDEN_ZERO = (s.w + 1) ** 2 - s.w**2 - 2 * s.w - 1
FIT = formula(2 * sp.sqrt(3) / 5, name="fit")


KNOWN = [FIT]


def plus_fit(f):
    return f + FIT.expression


def fold_by(build, *sources, **options):
    return lambda: one_step(formula(NINE_TENTHS), *(sources or (AT_REST,)), build=build, **options)


VACUOUS = {
    "times zero": fold_by(lambda f: NINE_TENTHS + 0 * f),
    "f - f": fold_by(lambda f: NINE_TENTHS + f - f),
    "times a hidden zero": fold_by(lambda f: NINE_TENTHS + HIDDEN_ZERO * f),
    "a square not expanded": fold_by(lambda f: NINE_TENTHS + (f + 1) ** 2 - f**2 - 2 * f - 1),
    "an empty integral": fold_by(lambda f: NINE_TENTHS + sp.Integral(f, (s.w, 1, 1))),
    "zero not evaluated": fold_by(lambda f: NINE_TENTHS + sp.Mul(0, f, evaluate=False)),
    "slope in a letter that is absent": fold_by(lambda f: NINE_TENTHS + sp.Derivative(f, s.a)),
    "power zero": fold_by(lambda f: NINE_TENTHS * sp.Pow(f, 0, evaluate=False)),
    "a number too small to see": fold_by(lambda f: NINE_TENTHS + f / sp.Integer(10) ** 60),
    "a case that never happens": fold_by(
        lambda f: sp.Piecewise((NINE_TENTHS, s.w > 0), (f, True), evaluate=False)
    ),
    "a maximum that never switches": fold_by(lambda f: sp.Max(NINE_TENTHS, -(f**2))),
    "one of two sources": fold_by(
        lambda f, g: NINE_TENTHS * f / (f.func(*f.args)) + 0 * g, AT_REST, FORCE
    ),
}

NARROWER = {
    "n = 2 m, where the variance is 0": lambda: one_step(
        formula(0, (s.n, s.m)), VARIANCE, assumptions=(sp.Eq(s.n, 2 * s.m),)
    ),
    "one feature": lambda: one_step(formula(s.n - 1, (s.n,)), PAIRS, assumptions=(sp.Eq(s.n, 1),)),
    "an assumption that never holds": lambda: one_step(
        formula(s.w, (s.w,), regime=(s.w <= 1,)), AT_REST, assumptions=(s.w < -1,)
    ),
    "an equality within a tolerance": lambda: one_step(
        formula(s.w, (s.w, s.lam)),
        FORCE,
        build=lambda f: f + s.lam + s.w**3,
        assumptions=(sp.Eq(s.lam, 0),),
        ranges={s.lam: (0, "1e-45")},
    ),
    "sizes of one": lambda: one_step(formula(0, (s.n, s.m)), PAIRS, assumptions=(s.n <= 1,)),
    "more than the regime says": lambda: one_step(
        formula(1 - s.w**3 + s.w - 1, (s.w,), regime=(s.w <= 2,)),
        FORCE,
        build=lambda f: sp.Max(f, -1 - f) + 0 * s.w,
        assumptions=(s.w < 1,),
    ),
}

REPLACED = {
    "any letter": lambda: one_step(
        formula(s.a, (s.a,)),
        model.MONOSEMANTIC_LOSS,
        given={s.a: of(model.MONOSEMANTIC_LOSS)},
    ),
    "any build": lambda: one_step(
        formula(0),
        model.MONOSEMANTIC_LOSS,
        given={s.lam: of(AT_REST, build=lambda f: f - (1 - s.w**2) * (1 + 3 * s.w**2) / (4 * s.w))},
    ),
    "two sources": lambda: one_step(
        formula(s.w, (s.w,)), FORCE, given={s.lam: of(AT_REST, FORCE, build=lambda f, g: f - g)}
    ),
}

TOTAL = Definition(
    name="total",
    expression=s.n * s.lam_code,
    meaning="The loss of a trained network.",
    source="model",
)
MY_FOLD = Definition(
    name="my_fold", expression=NINE_TENTHS, meaning="The fold.", source="paper_notes/stationary.md"
)
IN_WORDS_ALONE = {
    "a definition of one's own": lambda: one_step(
        formula(4 * s.n * s.lam, (s.n, s.lam)),
        TOTAL,
        build=lambda d: d.subs(s.lam_code, 4 * s.lam),
        statement="The loss of every trained network is {formula}.",
    ),
    "a circle through a definition": lambda: one_step(
        formula(NINE_TENTHS), MY_FOLD, statement="The fold is {formula}."
    ),
    "words": lambda: claim(
        None, statement="P = NP.", prose=Prose(argument="Trivial.", page="nowhere.md")
    ),
    "steps that rest on words": lambda: one_step(
        formula(2 * NINE_TENTHS),
        replace(
            claim(formula(NINE_TENTHS), prose=Prose(argument="Clear.", page="nowhere.md")),
            label="lemma",
        ),
        build=lambda f: 2 * f,
    ),
    "a statement and no proof": lambda: claim(
        formula(NINE_TENTHS), statement="The fold is {formula}."
    ),
}

TRUNCATED = {
    "a Taylor polynomial": lambda: one_step(
        formula(s.w - s.lam, (s.w, s.lam)), FORCE, build=lambda f: Taylor(f, s.w, 1)
    ),
    "a limit of large m": lambda: one_step(
        formula(sp.Rational(1, 4)),
        VARIANCE,
        MEAN,
        build=lambda v, e: sp.Limit((v / e).subs(s.n, s.m), s.m, sp.oo),
    ),
    "an expansion": lambda: one_step(
        formula(s.n / 4, (s.n,)),
        PAIRS,
        build=lambda f: (
            Expansion(f.subs(s.m, s.n), s.n, 0) + s.n / 4 + sp.Rational(1, 4) - sp.Rational(1, 4)
        ),
    ),
    "an error that only begins with exact": lambda: formula(
        s.w - s.lam, (s.w, s.lam), error="exactly first order"
    ),
    "an error in no known words": lambda: formula(s.w, (s.w,), error="very small"),
    "a Taylor polynomial on the way": lambda: claim(
        form := formula(s.w - s.lam, (s.w, s.lam)),
        Step(
            name="cut",
            left=of(FORCE, build=lambda f: 2 * Taylor(f, s.w, 1)),
            right=2 * s.w - 2 * s.lam,
            reason="",
        ),
        Step(name="halve", right=form, reason=""),
    ),
}

UNLINKED = {
    "a chain that starts again": lambda: claim(
        form := formula(2 * s.lam, (s.lam,)),
        Step(name="a", left=of(AT_REST), right=s.w - s.w**3, reason=""),
        Step(
            name="b",
            left=of(FORCE, build=lambda f: -2 * f.coeff(s.lam) * s.lam),
            right=form,
            reason="",
        ),
    ),
    "a sentence without its formula": lambda: one_step(
        formula(model.MONOSEMANTIC_LOSS.formula.expression, (s.w, s.lam)),
        model.MONOSEMANTIC_LOSS,
        statement="A trained network has no polysemantic neurons.",
    ),
    "a derivation of another formula": lambda: replace(
        one_step(formula(s.w - s.w**3, (s.w,)), AT_REST), formula=formula(NINE_TENTHS)
    ),
    "the same side twice": lambda: claim(
        form := formula(s.w - s.w**3, (s.w,), regime=(s.w <= 1,)),
        Step(name="a", left=of(AT_REST), right=s.w - s.w**3, reason=""),
        Step(name="b", right=s.w - s.w**3, reason=""),
        Step(name="c", right=form, reason=""),
    ),
}


def with_fit(build):
    """(1 - w^2) w plus a fitted number, which no source gives."""
    return one_step(formula(s.w - s.w**3 + FIT.expression, (s.w,)), AT_REST, build=build)


UNCITED = {
    "a formula of the module": lambda: with_fit(lambda f: f + FIT.expression),
    "a default argument": lambda: with_fit(lambda f, fit=FIT: f + fit.expression),
    "a helper": lambda: with_fit(plus_fit),
    "a partial": lambda: with_fit(partial(lambda fit, f: f + fit.expression, FIT)),
    "a closure": lambda: (lambda hidden: with_fit(lambda f: f + hidden))(FIT.expression),
    "another module": lambda: one_step(
        formula(s.w - s.w**3 + stationary.fold.expression, (s.w,)),
        AT_REST,
        build=lambda f: f + stationary.fold.expression,
    ),
    "a list": lambda: with_fit(lambda f: f + KNOWN[0].expression),
}

ROOTS = {
    "ranges that hide where the root leaves its bounds": lambda: one_step(
        formula(s.a, (s.a,)),
        AT_REST,
        build=lambda f: Root((f / s.w - 1 + s.w**2 + s.w - s.a), s.w, 0, 1),
        ranges={s.a: ("0.1", "0.9")},
    ),
    "the other root": lambda: one_step(
        formula(s.a, (s.a, s.c)),
        AT_REST,
        build=lambda f: Root((s.w - s.a) * (s.w - s.c) + f - s.w + s.w**3, s.w, 0, 1),
        ranges={s.a: ("0.1", "0.9"), s.c: ("1.1", "3")},
    ),
    "a root beyond the bound": lambda: one_step(
        formula(1), AT_REST, build=lambda f: Root(f, s.w, sp.Rational(1, 10), sp.Rational(1, 2))
    ),
}

UNEQUAL = {
    "a wrong factor": lambda: one_step(
        formula(2 * (s.w - s.w**3), (s.w,), regime=(s.w <= 1,)), AT_REST
    ),
    "a term of one millionth": lambda: one_step(
        formula(s.w - s.w**3 + sp.Rational(1, 10**6), (s.w,), regime=(s.w <= 1,)), AT_REST
    ),
    "equal for small sizes only": lambda: one_step(
        formula(s.n / (4 * s.m), (s.n, s.m)), PAIRS, ranges={s.n: (2, 2), s.m: (1, 5)}
    ),
}

ROWS_DIE = CLAIMS["row_death_time"]  # a bound
SERIES = CLAIMS["amplitude_series"]  # O(lambda^5)
INHERITED = {
    "a source that holds for n <= 2 m alone": lambda: one_step(
        formula(MEAN.formula.expression / s.m, (s.n, s.m)), MEAN, build=lambda f: f / s.m
    ),
    "a bound stated as exact": lambda: one_step(
        formula(
            ROWS_DIE.formula.expression, ROWS_DIE.formula.arguments, regime=ROWS_DIE.formula.regime
        ),
        ROWS_DIE,
    ),
    "a series stated as exact": lambda: one_step(
        formula(SERIES.formula.expression, (s.lam,), regime=SERIES.formula.regime), SERIES
    ),
    "no source at all": lambda: one_step(formula(NINE_TENTHS), build=lambda: NINE_TENTHS),
    "a Taylor polynomial called a bound": lambda: one_step(
        formula(s.w - s.lam, (s.w, s.lam), error="bound"), FORCE, build=lambda f: Taylor(f, s.w, 1)
    ),
    "a Taylor polynomial of any order": lambda: one_step(
        formula(s.w - s.lam, (s.w, s.lam), error="O(weight^9)"),
        FORCE,
        build=lambda f: Taylor(f, s.w, 1),
    ),
    "a size that is not an index": lambda: one_step(
        formula(s.n * (s.n - 1) / 4, (s.n, s.m)),
        PAIRS,
        build=lambda f: f * s.m,
        assumptions=(s.n <= 9,),
    ),
    "a sum that is empty for small sizes": lambda: one_step(
        formula(s.m * (s.n - 3) * (s.n - 2), (s.n, s.m)),
        independent.SLOTS,
        build=lambda f: f * sp.Sum(s.k, (s.k, 1, s.n - 3)),
        ranges={s.n: (3, 8)},
    ),
}

CASES = {
    f"{group}: {name}": case
    for group, cases in {
        "vacuous": VACUOUS,
        "narrower": NARROWER,
        "replaced": REPLACED,
        "in words": IN_WORDS_ALONE,
        "truncated": TRUNCATED,
        "unlinked": UNLINKED,
        "uncited": UNCITED,
        "root": ROOTS,
        "unequal": UNEQUAL,
        "inherited": INHERITED,
    }.items()
    for name, case in cases.items()
}


def test_there_are_at_least_forty():
    assert len(CASES) >= 40


@pytest.mark.parametrize("name", CASES)
def test_a_false_claim_is_not_accepted(name):
    found, reason = judged(CASES[name])
    assert found not in ACCEPTED, reason
    assert reason
    assert len(reason.splitlines()) <= 3


def recorded(checks=None, **entry):
    """The record with another entry for the claim "fold", or with other checks."""
    known = Record.load()
    changed = {"fold": known.claims["fold"] | entry} if entry else {}
    return Record({**known.claims, **changed}, known.checks | (checks or {}), known.versions)


def test_invented_steps_in_the_record_prove_nothing():
    passed = {"symbolic": "passed", "numeric": "passed", "enclosure": "passed"}
    assert recorded(steps=[{"name": "invented", **passed}]).status("fold") == FAILS
    first, *others = Record.load().claims["fold"]["steps"]
    assert recorded(steps=[first, *others]).status("fold") != FAILS
    assert recorded(steps=[first, first, *others]).status("fold") == FAILS
    assert recorded(steps=[first | {"numeric": "failed"}, *others]).status("fold") == FAILS


def test_an_entry_for_another_statement_proves_nothing():
    other = digest(claims()["amplitude"])
    assert recorded(digest=other).status("fold") == "not checked"


def test_a_witness_without_samples_or_accuracy_confirms_nothing():
    kept = Record.load().claims["fold"]["witness"]
    assert recorded(witness=kept | {"samples": 0}).status("fold") == FAILS
    assert recorded(witness=kept | {"error": 1.0}).status("fold") == FAILS
    assert recorded(witness={"from": ["no_such_claim"]}).status("fold") == FAILS
    assert recorded(witness=None).status("fold") == DERIVED


def test_a_verdict_is_computed_from_its_numbers():
    entry = Record.load().checks["initial_pairs"]
    (line,) = entry["lines"]
    wide = line | {"interval": [0.0, 1.0], "verdict": "agrees"}
    found = recorded({"initial_pairs": entry | {"lines": [wide], "verdict": "agrees"}})
    assert found.status("expected_pairs") == UNDECIDED
    off = line | {"interval": [0.5, 1.0]}
    assert recorded({"initial_pairs": entry | {"lines": [off]}}).status("expected_pairs") == WRONG


def test_a_check_of_another_claim_or_another_formula_counts_for_nothing():
    entry = Record.load().checks["noise_dead_zone"]
    false = claim(
        None, statement="Training makes no polysemantic neurons.", checks=("noise_dead_zone",)
    )
    assert status(false, Record.load().evidence) == CONJECTURE
    old = recorded({"noise_dead_zone": entry | {"digest": check_digest("initial_pairs")}})
    assert "noise_dead_zone" not in old.verdicts("dead_zone")


def test_an_undecided_check_beside_a_derivation_is_not_ignored():
    right = one_step(formula(s.w - s.w**3, (s.w,)), AT_REST)
    beside = replace(right, checks=("some_check",))
    evidence = replace(
        ALL_PROVED,
        steps=ALL_PROVED.steps | {"false": True},
        witnesses=ALL_PROVED.witnesses | {"false": True},
    )
    assert status(beside, evidence) == PROVED
    evidence = replace(evidence, checks={"false": {"some_check": "undecided"}})
    assert status(beside, evidence) == UNDECIDED
    departs = replace(evidence, checks={"false": {"some_check": "departs"}})
    assert status(beside, departs) == WRONG


def test_every_argument_in_words_is_on_a_page_that_exists():
    project = Path(__file__).resolve().parents[3]
    for label, found in claims().items():
        if found.prose:
            for page in found.prose.page.split("; "):
                assert (project / page).is_file() or page.startswith("Lecomte"), label
    assert (
        status(
            claim(None, statement="P = NP.", prose=Prose(argument="Trivial.", page="nowhere.md")),
            Evidence(),
        )
        == ARGUED
    )
