"""Every formula: its example runs, its three faces agree, bad input is told in one line."""

import doctest
import math
from dataclasses import replace

import mpmath
import pytest
import sympy as sp

from polysem import numerics, theory
from polysem.theory import symbols as s
from polysem.theory.proof.symbols import LETTERS

FORMULAS = [
    thing
    for thing in (getattr(theory, name) for name in theory.__all__)
    if isinstance(thing, theory.Formula)
]


def named(formula):
    return formula.name


@pytest.mark.parametrize("formula", FORMULAS, ids=named)
def test_the_example_runs_as_printed(formula):
    assert f">>> theory.{formula.name}(" in formula.example.replace("round(", "")
    test = doctest.DocTestParser().get_doctest(formula.__doc__, {}, formula.name, None, 0)
    assert len(test.examples) >= 2
    result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test)
    assert result.failed == 0


@pytest.mark.parametrize("formula", FORMULAS, ids=named)
def test_a_formula_is_found_under_its_name_and_tells_its_content(formula):
    assert getattr(theory, formula.name) is formula
    assert formula.expression.free_symbols <= set(formula.arguments) <= set(LETTERS)
    for part in (formula.meaning, formula.source, formula.error):
        assert part
        assert part in formula.__doc__
    assert formula.meaning.endswith(".")


@pytest.mark.parametrize("formula", FORMULAS, ids=named)
def test_number_numpy_function_and_latex_follow_the_expression(formula):
    """A formula is written once: change its expression and all its faces change."""
    call = formula.example.replace("\n...", "").splitlines()[0]
    inner = call[call.index(formula.name + "(") + len(formula.name) :]
    depth = [inner[: end + 1].count("(") - inner[: end + 1].count(")") for end in range(len(inner))]
    values, named = eval(f"(lambda *values, **named: (values, named)){inner[: depth.index(0) + 1]}")
    changed = replace(formula, expression=3 * formula.expression + 7)
    plain, other = formula(*values, **named), changed(*values, **named)
    assert math.isclose(other, 3 * plain + 7, rel_tol=1e-14)
    function = numerics.numpy_function(changed)
    bound = [float(value) for value in changed.bind(*values, **named).values()]
    assert math.isclose(function(*bound), other, rel_tol=1e-9)
    assert changed.latex() != formula.latex()
    assert changed.__doc__ != formula.__doc__


def test_numbers_in_three_kinds():
    assert theory.expected_pairs(256, 1024) == 15.9375
    assert theory.expected_pairs(n=sp.Integer(3), m=sp.Integer(4)) == sp.Rational(3, 8)
    x = sp.Symbol("x", positive=True)
    assert theory.lam_of_amplitude(x) == x * (1 - x**2)
    assert theory.expected_pairs(256.0, 1024) == 15.9375


def test_large_sizes_neither_hang_nor_cancel():
    n, m = 10**6, 10**12
    assert math.isclose(theory.expected_neurons_independent(n, m), 0.2499995, rel_tol=1e-6)
    assert 0 < theory.exclusion_pmf(250_000, 10**6, 10**6) < 1e-2
    k = 250_000
    ratio = theory.exclusion_pmf(k + 1, 10**6, 10**6) / theory.exclusion_pmf(k, 10**6, 10**6)
    assert math.isclose(ratio, theory.exclusion_pmf_ratio(k, 10**6, 10**6), rel_tol=1e-13)
    assert math.isclose(
        theory.exclusion_factorial_moment(1, 10**6, 10**6),
        theory.expected_neurons_exclusion(10**6, 10**6),
        rel_tol=1e-14,
    )
    assert math.isclose(theory.loss_per_feature(1e-18), 4e-18, rel_tol=1e-15)
    assert theory.exclusion_pmf(k=0, n=10**6, m=10**6) == 0.0  # 1e-54311: below all floats
    with mpmath.workdps(60):  # shifted to 30, where the density is exp(-450) of that at 0
        rest = mpmath.quad(lambda z: z**2 * mpmath.exp(-30 * z - z**2 / 2), [0, 0.1, 0.3, 1, 5])
        tail = 2 * rest * mpmath.npdf(30)
    assert math.isclose(theory.half_normal_excess2(1, 30.0, 1.0), tail, rel_tol=1e-14)


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (
            lambda: theory.amplitude(lam=-0.1),
            "amplitude: got lam=-0.1; lam is the weight of the l1 regulariser and must be >= 0.",
        ),
        (
            lambda: theory.amplitude(0.5),
            "amplitude holds for lambda <= 2*sqrt(3)/9; got lam=0.5.",
        ),
        (
            lambda: theory.expected_pairs(n=2.5, m=3),
            "expected_pairs: got n=2.5; n is the number of features and must be an integer.",
        ),
        (
            lambda: theory.expected_neurons_exclusion(n=9, m=4),
            "expected_neurons_exclusion holds for n <= 2*m; got n=9, m=4.",
        ),
        (
            lambda: theory.sparse_kick_size(n=4, m=1, pair_constant=0.3),
            "sparse_kick_size holds for m > 1; got n=4, m=1, pair_constant=0.3.",
        ),
        (
            lambda: theory.amplitude(math.nan),
            "amplitude: got lam=nan; lam is the weight of the l1 regulariser and must be >= 0.",
        ),
    ],
)
def test_outside_the_regime(call, line):
    with pytest.raises(theory.RegimeError) as caught:
        call()
    assert str(caught.value) == line


@pytest.mark.parametrize("value", ["0.1", "__import__('os')", None, [1, 2], (1, 2)])
def test_what_is_not_a_number_is_refused(value):
    with pytest.raises(TypeError, match="it takes a number"):
        theory.amplitude(lam=value)


def test_wrong_names_are_told():
    with pytest.raises(
        TypeError,
        match="expected_pairs takes n, m; got 0 positional arguments and the named arguments "
        "n, lam",
    ):
        theory.expected_pairs(n=3, lam=0.1)


def test_a_huge_argument_of_erfc_gives_its_limit():
    assert theory.rival_weight(kick=1e80, kick_size=1.0) == 1


def test_the_closed_end_of_a_regime_belongs_to_it():
    """At the fold the weight is 1/sqrt(3), and an antipodal pair does not turn."""
    fold, weight = theory.fold.expression, 1 / sp.sqrt(3)
    at_the_fold = (1 - weight**2) ** 2 + 4 * fold * weight
    assert sp.simplify(theory.loss_per_feature(lam=fold) - at_the_fold) == 0
    assert theory.overlap_decay(0.5, 1) == 0
    assert theory.zero_weight_force(lam=fold) == -fold


def test_a_value_that_is_0_is_0_and_a_tiny_one_is_not():
    """Evaluations of 0 have errors that fall with the precision, so no two of them agree."""
    shared = theory.Formula(
        name="shared",
        expression=s.m
        - s.m * (1 - 1 / s.m) ** s.n
        - s.n * (1 - 1 / s.m) ** (s.n - 1)
        - s.n * (s.n - 1) / (2 * s.m) * (1 - 1 / s.m) ** (s.n - 2),
        arguments=(s.n, s.m),
        meaning="Neurons that three or more features share.",
        source="a test",
        example="",
    )
    assert [shared(n=n, m=m) for n, m in [(2, 3), (1, 7), (1, 5), (2, 5)]] == [0.0] * 4
    assert shared(n=3, m=7) == pytest.approx(1 / 49)
    square = replace(shared, expression=sp.sqrt((s.lam + 1) ** 2) - 1 - s.lam, arguments=(s.lam,))
    assert square(lam=0.1) == 0.0
    tiny = replace(square, expression=sp.sqrt(1 + s.lam**9) - 1)
    assert tiny(lam=1e-20) == pytest.approx(0.5e-180)
