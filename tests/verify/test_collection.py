"""A user's file of claims: status with and without a witness, record, command line, bad files."""

import json
from dataclasses import replace

import pytest
import sympy as sp
from click.testing import CliRunner

from polysem import theory, verify
from polysem.theory import symbols as s
from polysem.theory.proof.record import PATH
from polysem.theory.proof.status import ARGUED, DERIVED, FAILS, PROVED, UNCHECKED, VERIFIED
from polysem.verify.cli import main
from polysem.verify.witness.declare import Measured

BOOK = """
import sympy as sp
from polysem import theory, verify
from polysem.theory import symbols as s

print("a line of the user")
same_neuron = theory.Formula(
    name="same_neuron", expression=1 / s.m, arguments=(s.m,), source="mybook.py",
    meaning="The chance that two features choose one neuron.", example=">>> same_neuron(m=4)",
)
SAME_NEURON = theory.derived(
    same_neuron,
    "Two features choose one neuron with probability {formula}.",
    theory.Step(
        name="given the first", reason="a neuron has two of the slots",
        left=theory.of(theory.SLOTS, build=lambda slots: sp.Sum(1 / slots, (s.k, 1, 2))),
    ),
)
book = verify.Collection("mybook", SAME_NEURON, record="mybook.json")

@book.witness(SAME_NEURON, method="enumeration", within={"m": (1, 9)}, reach="all are listed")
def by_enumeration(m):
    return sum(a // 2 == b // 2 for a in range(2 * m) for b in range(2 * m)) / (2 * m) ** 2
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "mybook.py"
    path.write_text(BOOK, encoding="utf-8")
    return path


def called(file, *arguments):
    return CliRunner().invoke(main, ["claims", "--from", str(file), *arguments])


def refusal(file, *arguments):
    """The one line with which a command refuses its input."""
    result = called(file, *arguments)
    assert result.exit_code == 2
    assert not result.stdout
    lines = [line for line in result.stderr.splitlines() if line != "a line of the user"]
    assert len(lines) == 1
    return lines[0]


def status_of(file):
    return json.loads(called(file, "same_neuron", "--json").stdout)["status"]


def formula(name, expression, arguments=(s.m,), **options):
    plain = {"meaning": f"The {name}.", "source": "a test", "example": ""}
    return theory.Formula(
        name=name, expression=expression, arguments=arguments, **(plain | options)
    )


def from_source(form, source, build=lambda slots: 2 / slots):
    """A claim whose step inserts the source into what is built, so that its sides differ."""
    inserted = theory.of(source, build=lambda x: sp.Subs(build(s.draw), s.draw, x))
    step = theory.Step(name="step", left=inserted, reason="a test")
    return theory.derived(form, "It is {formula}.", step)


def test_the_record_is_kept_by_the_file_and_counts_until_something_changes(file):
    package = PATH.read_bytes()
    assert status_of(file) == UNCHECKED
    assert json.loads(called(file, "--recheck", "--json").stdout)["claims"][0]["status"] == PROVED
    assert [path.name for path in file.parent.iterdir()] == ["mybook.py"]
    assert called(file, "--recheck", "--save").exit_code == 0
    assert list(json.loads((file.parent / "mybook.json").read_text())["claims"]) == ["same_neuron"]
    assert status_of(file) == PROVED
    assert "enumeration from the model confirms" in called(file, "same_neuron").stdout
    assert called(file).stdout.startswith("same_neuron  proved  derived here\n    Two features")
    for old, new in [("Two features", "Any two features"), ("(2 * m) ** 2", "(4 * m**2)")]:
        file.write_text(BOOK.replace(old, new), encoding="utf-8")
        assert status_of(file) == UNCHECKED
    file.write_text(f"{BOOK}# a comment\n", encoding="utf-8")
    assert status_of(file) == PROVED
    assert PATH.read_bytes() == package


@pytest.mark.parametrize(
    ("old", "new"),
    [("expression=1 / s.m", "expression=1 / (s.m + 1)"), ("a // 2 == b // 2", "a == b")],
)
def test_a_false_formula_and_a_witness_that_contradicts_fail(file, old, new):
    file.write_text(BOOK.replace(old, new), encoding="utf-8")
    (claim,) = json.loads(called(file, "--recheck", "--json").stdout)["claims"]
    assert claim["status"] == FAILS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("book = (", "SyntaxError"),
        ("x = 1\ny = x / 0", "raised ZeroDivisionError in line 2: division by zero"),
        ("raise SystemExit(0)", "raised SystemExit in line 1"),
        ("import no_such_module", "raised ModuleNotFoundError in line 1"),
        ("x = 1", "makes 0 collections: write exactly one in it"),
        (f"{BOOK}\nother = verify.Collection('other', SAME_NEURON)", "makes 2 collections"),
        (BOOK.replace("1 / s.m", "1 / s.x"), "raised AttributeError in line 8"),
    ],
)
def test_a_file_with_an_error_is_told_in_one_line(file, text, message):
    file.write_text(text, encoding="utf-8")
    assert message in refusal(file)


def test_the_chain_of_a_claim_of_the_user_has_the_claims_of_the_package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = [
        "from polysem import theory, verify",
        "expected = theory.claims()['expected_pairs']",
        "own = theory.derived('own', 'Pairs are rare.', page='x', prose='x', by=(expected,))",
        "book = verify.Collection('mybook', own)",
    ]
    (tmp_path / "mine.py").write_text("\n".join(lines), encoding="utf-8")
    shown = called(tmp_path / "mine.py", "own", "--full").stdout
    assert shown.startswith("own rests on slots: 3 claims")
    assert "Witness: enumeration from the model confirms" in shown


def test_bad_options_are_told_in_one_line(file):
    assert "no_such.py" in refusal(file.with_name("no_such.py"))
    assert "there is no claim with this label: did you mean same_neuron" in refusal(
        file, "same_neurons", "--recheck"
    )
    assert "without --recheck" in refusal(file, "--save")
    assert "Got --from with --simulations" in refusal(file, "--recheck", "--simulations")
    file.write_text(BOOK.replace(', record="mybook.json"', ""), encoding="utf-8")
    assert "has no file to save to" in refusal(file, "--recheck", "--save")


def test_an_error_of_a_witness_and_a_damaged_record_are_told_in_one_line(file):
    file.write_text(BOOK.replace("(2 * m) ** 2", "unknown"), encoding="utf-8")
    assert "raised NameError in line 23" in refusal(file, "--recheck", "--save")
    assert [path.name for path in file.parent.iterdir()] == ["mybook.py"]
    for text in ("{}", "[", '{"claims": [], "checks": {}, "versions": {}}'):
        (file.parent / "mybook.json").write_text(text, encoding="utf-8")
        assert "mybook.json; it is not a record of checks" in refusal(file)


def of_own_definition():
    chance = theory.Definition(
        name="chance", expression=1 / s.m, meaning="The chance of a neuron.", source="a test"
    )
    return chance, from_source(formula("both", s.m**-2), chance, lambda p: p**2)


def test_a_definition_of_the_user_counts_as_argued_without_a_witness():
    chance, claim = of_own_definition()
    book = verify.Collection("mybook", claim)
    assert book.check() == {"both": ARGUED}
    witness = book.witness(chance, method="enumeration", within={"m": (1, 99)}, reach="small")
    witness(lambda m: 1 / len(range(m)))
    assert book.check("both") == {"both": ARGUED, "chance": "conjecture"}
    assert book.check() == {"both": DERIVED, "chance": VERIFIED}
    shown = book.page("chance").splitlines()
    assert shown[0].startswith("chance: verified (the witness confirms the claim")
    assert shown[1] == "The chance of a neuron: 1/m."


def test_a_witness_of_the_claim_alone_does_not_prove_a_definition():
    _, claim = of_own_definition()
    book = verify.Collection("mybook", claim)
    book.witness(claim, method="arithmetic", within={"m": (1, 99)}, reach="small")(lambda m: m**-2)
    assert book.check() == {"both": VERIFIED}


def test_claims_on_which_a_claim_rests_are_included_and_limit_it():
    first = from_source(formula("first", 1 / s.m), theory.SLOTS)
    wrong = replace(first, label="wrong", formula=None, template="X.", derivation=None)
    second = replace(
        from_source(formula("second", 1 / s.m**2), first, lambda p: p**2),
        template="It is {formula}, the square of {first}.",
    )
    book = verify.Collection("mybook", second)
    assert list(book.claims) == ["first", "second"]
    assert book.claims["second"].statement == "It is m^(-2), the square of 1/m."
    assert book.check("second") == {"first": UNCHECKED, "second": UNCHECKED}
    assert book.check() == {"first": DERIVED, "second": DERIVED}
    rests = replace(second, label="third", factor=None)
    prose = theory.Prose(argument="It follows.", page="a test", by=(wrong,))
    third = replace(rests, prose=prose)
    assert verify.Collection("mybook", third).check()["third"] == "conjecture"


def test_a_claim_may_rest_on_the_claims_of_the_package():
    pair = theory.claims()["pair_probability"]
    claim = from_source(formula("twice", 1 / s.m), pair, lambda p: 2 * p)
    book = verify.Collection("mybook", claim)
    assert list(book.claims) == ["twice"]
    assert book.check() == {"twice": DERIVED}
    assert "Uses: `pair_probability`." in book.blueprint()


def test_names_that_stand_for_two_things_are_refused():
    chance, claim = of_own_definition()
    for twin in (
        replace(claim, label="fold"),
        from_source(formula("own", 1 / s.m), replace(chance, name="slots"), lambda p: p),
        replace(claim, label="slots"),
    ):
        with pytest.raises(ValueError, match="the package has another one of this name"):
            verify.Collection("mybook", twin)
    other = replace(chance, expression=2 / s.m)
    twin = from_source(formula("own", 2 / s.m), other, lambda p: p)
    for claims in [(claim, twin), (claim, replace(claim))]:
        with pytest.raises(ValueError, match="the collection 'mybook' has another one"):
            verify.Collection("mybook", *claims)
    assert list(verify.Collection("mybook", claim, claim).claims) == ["both"]


def test_a_derivation_must_start_from_a_claim_or_a_definition():
    form = formula("plain", 1 / s.m)
    claim = from_source(formula("own", 2 / s.m), form, lambda p: 2 * p)
    with pytest.raises(ValueError, match="can use only claims of theory"):
        verify.Collection("mybook", claim)
    with pytest.raises(ValueError, match="can use only claims of theory"):
        verify.Collection("mybook", form)
    with pytest.raises(ValueError, match="without claims"):
        verify.Collection("mybook")


def test_a_witness_needs_a_claim_of_the_collection_and_can_fail():
    _, claim = of_own_definition()
    words = theory.derived("words", "Every neuron is a neuron.")
    book = verify.Collection("mybook", claim, words)
    with pytest.raises(ValueError, match="needs a claim or a definition of the collection"):
        book.witness(theory.claims()["fold"], method="arithmetic")
    book.witness(claim, method="arithmetic")(lambda m: m**-2)
    with pytest.raises(ValueError, match="that has no witness yet"):
        book.witness(claim, method="arithmetic")
    with pytest.raises(ValueError, match=r"give wrong=\.\.\."):
        book.witness(words, method="arithmetic")
    book.witness(words, method="arithmetic", wrong=lambda rng: 0.0)(lambda rng: 0.0)
    with pytest.raises(ValueError, match="also confirms the false version"):
        book.check("words")


def test_a_letter_of_the_user_reaches_the_witness():
    ratio = theory.letter("ratio_in_a_test", "a ratio", symbol="rho_test", positive=True)
    claim = from_source(
        formula("scaled", ratio / s.m, (s.m, ratio)), theory.SLOTS, lambda slots: 2 * ratio / slots
    )
    book = verify.Collection("mybook", claim)
    witness = book.witness(claim, method="arithmetic")
    witness(lambda m, ratio_in_a_test: sum(ratio_in_a_test for _ in range(2 * m)) / (2 * m**2))
    assert book.check() == {"scaled": PROVED}
    assert repr(book).startswith("scaled  proved  derived here\n    It is rho_test/m.")


def test_latex_compiles_and_says_the_status():
    _, claim = of_own_definition()
    claim = replace(claim, template="For a_b < 50 % of m^2 & #1 it is {formula}.")
    book = verify.Collection("mybook", claim)
    latex = book.latex()
    assert latex.startswith(r"For a\_b $<$ 50 \% of $m^{2}$ \& \#1 it is $\frac{1}{m^{2}}$.")
    assert "(not checked)" in latex
    assert r"\begin{align*}" in latex
    assert verify.check_latex([latex]).problems == ()
    assert sp.latex(claim.formula.expression) in book.blueprint()


def test_the_error_of_a_witness_that_draws_samples_is_told():
    claim = from_source(formula("same", 1 / s.m), theory.SLOTS)
    book = verify.Collection("mybook", claim)
    options = {"method": "sampling", "within": {"m": (1, 9)}, "reach": "small"}

    @book.witness(claim, accuracy=1e-3, **options)
    def noisy(m):
        return Measured(1 / m, 0.01 / m)

    assert book.check() == {"same": FAILS}
    shown = " ".join(book.page("same").split())
    assert "the largest deviation, with five standard errors (at most 0.05), is 0.05" in shown
    assert "the model gives 0.111111111111 with the standard error 0.00111, the" in shown
    exact = verify.Collection("mybook", claim)
    exact.witness(claim, **options)(lambda m: 1 / m)
    assert exact.check() == {"same": PROVED}
    assert "the largest deviation is 0" in " ".join(exact.page("same").split())
