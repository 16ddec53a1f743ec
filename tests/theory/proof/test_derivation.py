"""The core of derivations: what passes, what is caught, and that a chain cannot be empty."""

import pytest
import sympy as sp

from polysem import theory
from polysem.theory.proof import symbols as s
from polysem.theory.proof.derivation import Derivation
from polysem.theory.proof.evaluate import Point, value_of
from polysem.theory.proof.operators import Expansion, Root, Taylor, _integrals, vanishes
from polysem.theory.proof.step import Definition, Step, of

SQUARE = Definition(name="square", expression=s.a**2, meaning="A square.", source="test")


def step(name="step", left=None, right=None, **options):
    return Step(name=name, left=left, right=right, reason="test", **options)


def only(*steps):
    return Derivation(*steps).check()[-1]


def test_a_true_step_passes_by_both_routes():
    result = only(step(left=of(SQUARE, build=lambda q: (q - 1) / (s.a - 1)), right=s.a + 1))
    assert (result.symbolic, result.numeric) == ("passed", "passed")
    assert result.enclosure in ("passed", "not run")  # without python-flint
    assert result.passed
    assert result.message == ""


def test_a_false_step_names_itself_both_sides_and_a_point():
    result = only(step("halve", left=of(SQUARE, build=lambda q: q / 2), right=s.a**2))
    assert not result.passed
    assert "Step 'halve', symbolic route" in result.message
    assert "Step 'halve', numeric route" in result.message
    assert "a**2/2 against a**2" in result.message
    assert "at {'a': '" in result.message


def test_either_route_alone_is_not_enough(monkeypatch):
    from polysem.theory.proof import routes

    false = step(left=of(SQUARE, build=lambda q: q / 2), right=s.a**2)
    monkeypatch.setattr(routes, "vanishes", lambda _: True)
    result = only(false)
    assert result.symbolic == "passed"
    assert not result.passed
    monkeypatch.setattr(routes, "vanishes", lambda _: None)
    assert not only(step(left=of(SQUARE), right=s.a * s.a + 0)).passed


def test_a_left_side_that_ignores_its_source_is_caught():
    result = only(step(left=of(SQUARE, build=lambda _: 2 * s.a), right=s.a * (s.a + 2) - s.a**2))
    assert not result.passed
    assert "said to come from square but does not" in result.message


def test_a_step_that_repeats_itself_is_caught():
    first = step("one", left=of(SQUARE), right=s.a**2)
    assert not only(first, step("two", right=s.a**2)).passed


def test_the_first_step_needs_a_source():
    with pytest.raises(ValueError, match="no left side"):
        Derivation(step(right=s.a))


def test_the_last_side_is_the_formula_itself():
    formula = theory.fold
    same_text = theory.Formula(**{f: getattr(formula, f) for f in formula.__dataclass_fields__})
    derivation = theory.claims()["fold"].derivation
    with pytest.raises(ValueError, match="must be the formula of the claim itself"):
        theory.Claim(
            label="x",
            template="{formula}",
            kind="derived here",
            source="x",
            formula=same_text,
            derivation=derivation,
        )


def formula(expression, arguments, **options):
    plain = {"name": "x", "meaning": "A number.", "source": "test", "example": ""}
    return theory.Formula(expression=expression, arguments=arguments, **(plain | options))


def test_assumptions_are_needed_where_they_are_declared():
    """They hold where they are part of the regime of the formula on which the chain ends."""

    def kink(q):
        return sp.Max(s.a - s.c, 0) * q / s.a

    above = (s.a > s.c,)
    right = formula(s.a * (s.a - s.c), (s.a, s.c), regime=above)
    assert only(step(left=of(SQUARE, build=kink), right=right, assumptions=above)).passed
    anywhere = formula(s.a * (s.a - s.c), (s.a, s.c))
    narrower = only(step(left=of(SQUARE, build=kink), right=anywhere, assumptions=above))
    assert "assumes a > c, which is no part of the claim's regime" in narrower.symbolic
    without = only(step(left=of(SQUARE, build=kink), right=anywhere))
    assert without.symbolic != "passed"
    assert without.numeric != "passed"


def test_given_letters_are_replaced_on_both_sides():
    """Only the letter that a source gives may be replaced."""
    gives = Definition(
        name="lambda", expression=s.a**2, meaning="A square.", source="test", letter=s.lam
    )

    def chain(source):
        left = of(SQUARE, build=lambda q: q + s.lam)
        return step(left=left, right=2 * s.lam, given={s.lam: of(source)})

    assert only(chain(gives)).passed
    assert "only the letter that a source gives" in only(chain(SQUARE)).symbolic


def test_sums_integrals_and_their_enclosures():
    pytest.importorskip("flint")
    total = of(SQUARE, build=lambda q: sp.Sum(q * s.k, (s.k, 1, s.n)))
    result = only(step(left=total, right=s.a**2 * s.n * (s.n + 1) / 2))
    assert result.passed
    assert result.enclosure == "passed"
    area = of(SQUARE, build=lambda q: sp.Integral(q, (s.a, 0, s.c)))
    assert only(step(left=area, right=s.c**3 / 3)).enclosure == "passed"
    assert "is not" in only(step(left=area, right=s.c**3 / 4)).enclosure


def test_a_missing_third_route_is_told_and_changes_nothing(monkeypatch):
    from polysem.theory.proof import enclosure

    monkeypatch.setattr(enclosure, "available", lambda: False)
    total = of(SQUARE, build=lambda q: sp.Sum(q * s.k, (s.k, 1, s.n)))
    result = only(step(left=total, right=s.a**2 * s.n * (s.n + 1) / 2))
    assert result.enclosure == "not run"
    assert result.passed


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (sp.Sum(s.k * s.h, (s.h, 1, s.k), (s.k, 1, 3)), 25),
        (sp.Derivative(s.a**3, s.a, s.a), 12),
        (sp.Limit((2 * s.c + 1) / (s.c + 5), s.c, sp.oo), 2),
        (sp.Limit(sp.sin(s.c) / s.c, s.c, 0), 1),
        (Root(s.c**2 - 2, s.c, 1, 2), sp.sqrt(2)),
        (Taylor(sp.exp(s.a), s.a, 2), 5),
        (sp.Max(s.a, 3), 3),
        (sp.Min(s.a, 3), 2),
        (sp.Piecewise((1, s.a > 5), (7, True)), 7),
        (sp.Integral(sp.exp(-s.c), (s.c, 0, sp.oo)), 1),
        (sp.Integral(sp.exp(-(s.tilt**2)), (s.tilt, -sp.oo, sp.oo)), sp.sqrt(sp.pi)),
        (sp.Integral(1 / (2 * s.c - 5), (s.c, 0, 1)), sp.log(sp.Rational(3, 5)) / 2),
    ],
)
def test_the_tree_walk_gives_known_values(expression, value):
    import mpmath

    with mpmath.workdps(50):
        difference = value_of(expression, Point({s.a: 2})) - mpmath.mpf(sp.N(value, 60))
        assert abs(difference) < mpmath.mpf(10) ** -45


def test_a_power_series_that_the_library_lacks_is_refused():
    """python-flint has the power series of the zeta function of one argument alone."""
    pytest.importorskip("flint")
    from polysem.theory.proof.enclosure import ball

    with pytest.raises(NotImplementedError, match="no power series"):
        ball(Taylor(sp.zeta(s.a + 3, 2), s.a, 1), Point({s.a: 1}))


@pytest.mark.parametrize(
    "function",
    [
        s.c**2 * sp.exp(-(s.c**2) / 2) / 10**6,
        s.c**2 * sp.exp(-(s.c**2) / 2) * 10**6,
        sp.exp(-(s.c**2) / 2 + 3 * s.c - 1),
        (1 - sp.exp(-2 * s.c)) * sp.exp(-2 * s.c),
        s.c**3 * sp.exp(-s.c / 2),
    ],
)
def test_the_ball_of_a_tail_holds_the_tail(function):
    pytest.importorskip("flint")
    import mpmath

    from polysem.theory.proof.enclosure import _FAR, _tail

    bound = _tail(function, s.c, Point({})).real.rad()
    values = sp.lambdify(s.c, function, "mpmath")
    tail = mpmath.quad(values, [*range(_FAR, _FAR + 60, 2), mpmath.inf])
    assert tail <= mpmath.mpf(str(bound.upper().str(20, radius=False))) < 10 * tail


@pytest.mark.parametrize(
    "function", [sp.exp(s.c), sp.exp(-(s.c**3)), sp.cos(s.c) * sp.exp(-s.c), s.c**2]
)
def test_a_tail_without_a_bound_is_refused(function):
    pytest.importorskip("flint")
    from polysem.theory.proof.enclosure import _tail

    with pytest.raises(NotImplementedError, match="interval arithmetic"):
        _tail(function, s.c, Point({}))


@pytest.mark.parametrize(
    ("root", "value"),
    [
        (Root(s.w**2 - 2, s.w, 1, 2), -sp.sqrt(2)),
        (Root(sp.Symbol("x") ** 2 - 2, sp.Symbol("x"), -2, -1), sp.sqrt(2)),
        (Root(s.w**2 - s.m, s.w, 0, sp.oo), -sp.sqrt(s.m)),
    ],
)
def test_a_zero_beyond_the_bounds_is_no_root(root, value):
    assert vanishes(root.function.subs(root.variable, value))
    assert root.is_solved_by(value) is False
    assert root.is_solved_by(-value)


def test_bounds_without_a_change_of_sign_have_no_root():
    x = sp.Symbol("x")
    with pytest.raises(ArithmeticError, match="No change of sign"):
        value_of(Root(x**2 - 2, x, 2, 3), Point())
    assert value_of(Root(x**2 - 4, x, 2, 3), Point()) == 2
    assert value_of(Root(x**2 - 4, x, 1, 2), Point()) == 2


def test_vanishes_is_three_valued():
    x = sp.Symbol("x")
    assert vanishes(sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1) is True
    assert vanishes(sp.Integer(2)) is False
    assert vanishes(sp.Function("f")(x)) is None


def test_integrals_are_multiples_if_the_ratio_of_their_functions_is_a_constant():
    x, y = sp.symbols("x y", real=True)

    def integral(function):
        return sp.Integral(function, (x, 0, 1))

    flat = sp.exp(-(x**4) - x)
    assert _integrals(integral(sp.exp(y) * flat) - sp.exp(y) * integral(flat)) == 0
    for other in (1 / flat, x * flat):
        assert _integrals(integral(flat) - integral(other)) != 0


def test_latex_is_an_align_block_with_reasons():
    text = theory.claims()["fold"].derivation.latex()
    assert text.startswith("\\begin{align*}\n")
    assert text.endswith("\n\\end{align*}")
    assert "\\text{2/3 times 1/sqrt(3)}" in text


LABELS = ("gradient", "half_normal_time", "exclusion_total", "slow_amplitude", "live_limit")


def compiled(labels):
    from polysem.verify.show.latex import check_latex

    found = check_latex([theory.claims()[label].derivation.latex() for label in labels])
    if found.compiled is None:
        pytest.skip(found.sentence())
    return found


def test_the_latex_of_derivations_compiles():
    assert compiled(LABELS).problems == ()


@pytest.mark.nightly
def test_the_latex_of_all_derivations_compiles():
    labels = [label for label, claim in theory.claims().items() if claim.derivation]
    assert compiled(labels).problems == ()


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (Root(s.c**3 - 5, s.c, 0, 2), sp.cbrt(5)),
        (Root(s.c - 1, s.c, 0, 2), 1),
        (Root(s.c**2 - s.c, s.c, 1, 3), 1),
        (Taylor(sp.cos(sp.acos(s.a / 9) / 3), s.a, 2), None),
        (Taylor(1 / sp.sqrt(1 + s.a), s.a, 2), 1 - s.a / 2 + 3 * s.a**2 / 8),
        (Expansion(s.a / (s.a + 1), s.a, 2), 1 - 1 / s.a + s.a**-2),
        (
            Expansion(s.a * sp.exp(s.a**2) * sp.erfc(s.a), s.a, 4),
            (1 - s.a**-2 / 2 + sp.Rational(3, 4) * s.a**-4) / sp.sqrt(sp.pi),
        ),
        (sp.Integral(sp.exp(3 * s.w), (s.w, -sp.oo, s.a)), sp.exp(3 * s.a) / 3),
        (sp.Integral(sp.exp(-(s.w**2)), (s.w, -sp.oo, sp.oo)), sp.sqrt(sp.pi)),
        (sp.Integral((s.w - 1) / (s.w**2 - 1), (s.w, 1, s.a)), sp.log(sp.Rational(3, 2))),
        (sp.erfinv(1 / s.a), None),
        (sp.Limit(sp.exp(-s.a / (s.c - 1) ** 2), s.c, sp.oo), 1),
        (sp.factorial(s.n) / sp.ff(s.n, 2), sp.factorial(s.n - 2)),
        (sp.ff(s.n, s.n - 4), 6 * 5),
        (sp.Subs(sp.Derivative(s.a**3 * s.c, s.a), s.a, s.c), 3 * s.c**3),
        (sp.acos(s.a / 9), None),
        (sp.Abs(-s.a), s.a),
    ],
)
def test_a_ball_contains_the_value(expression, value):
    flint = pytest.importorskip("flint")
    from polysem.theory.proof.enclosure import ball

    exact = expression.doit() if value is None else sp.sympify(value)
    point = Point({s.a: 2, s.c: sp.Rational(5, 4), s.n: 6})
    with flint.ctx.workprec(200):
        found = ball(expression, Point({**point, s.c: flint.fmpq(5, 4)}))
        known = flint.acb(flint.arb(str(sp.N(exact.subs(point).doit(), 60))), 0)
        assert float(found.real.rad()) < 1e-30
        assert float(abs(found - known).upper()) < 1e-30
        assert not found.overlaps(known + flint.arb("1e-20"))
