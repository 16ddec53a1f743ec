"""Operations that SymPy lacks: roots, truncated expansions, networks with given weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy as sp

Tactic = Callable[[sp.Expr], sp.Expr]


class _Operator(sp.Expr):
    """An expression about a function of one variable."""

    function = property(lambda self: self.args[0])
    variable = property(lambda self: self.args[1])

    def __new__(cls, function: Any, variable: Any, *more: Any) -> Any:
        return super().__new__(cls, *map(sp.sympify, (function, variable, *more)))


class Root(_Operator):
    """The only zero of ``function`` in ``variable`` between ``low`` and ``high``.

    >>> import sympy as sp
    >>> from polysem.theory.proof.operators import Root
    >>> x = sp.Symbol("x")
    >>> root = Root(x**2 - 2, x, 1, 2)
    >>> root.is_solved_by(sp.sqrt(2)), root.is_solved_by(-sp.sqrt(2))
    (True, False)
    """

    bounds = property(lambda self: self.args[2:])

    @property
    def free_symbols(self) -> set[sp.Basic]:
        bounds: set[sp.Basic] = set().union(*(bound.free_symbols for bound in self.bounds))
        return (self.function.free_symbols - {self.variable}) | bounds

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        return [self.variable]

    def _eval_subs(self, old: sp.Basic, new: sp.Basic) -> sp.Expr | None:
        return self if old == self.variable else None

    def is_solved_by(self, value: sp.Expr) -> bool | None:
        """True if ``value`` is a zero and the function is monotone between the bounds.

        False if ``value`` is known to lie beyond a bound; where letters leave that open, the
        numeric route decides, which finds the zero between the bounds. Where ``value`` is a
        function of another root, it is a change of the variable: True if the new equation is the
        old one in the new variable, up to a factor of one sign, and the bounds are the old ones.
        """
        low, high = self.bounds
        if value.has(Root):
            return self._becomes(value)
        if (value - low).is_negative or (high - value).is_negative:
            return False
        inside = sp.Interval.open(low, high)
        sign = {"positive": True} if low.is_nonnegative else {"real": True}
        anywhere = sp.Dummy("x", **sign)  # its sign between the bounds
        function = self.function.doit().subs(self.variable, anywhere)
        slope = sp.diff(function, anywhere)
        monotone = bool(slope.is_positive or slope.is_negative)
        for zeros in (sp.denom(sp.together(function)), slope if not monotone else sp.S.One):
            if sp.solveset(zeros, anywhere, inside) is not sp.S.EmptySet:
                return None
        return vanishes(self.function.subs(self.variable, value))

    def _becomes(self, value: sp.Expr) -> bool | None:
        (new,) = value.atoms(Root)
        old = value.xreplace({new: new.variable})
        ends = {sp.simplify(old.subs(new.variable, bound)) for bound in new.bounds}
        if ends != {*map(sp.simplify, self.bounds)}:
            return None
        before, after = self.function.doit().subs(self.variable, old), new.function.doit()
        factor = sp.simplify(before / after)
        return bool(factor.is_positive or factor.is_negative) or vanishes(before - after)

    def _sympystr(self, printer: Any) -> str:
        function, variable, low, high = map(printer._print, self.args)
        return f"root({function} = 0, {variable} = {low}..{high})"

    def _latex(self, printer: Any) -> str:
        low, high = map(printer._print, self.bounds)
        variable, function = printer._print(self.variable), printer._print(self.function)
        return (
            rf"\operatorname{{root}}_{{{variable} \in [{low}, {high}]}}\left({function} = 0\right)"
        )


class AtWeights(_Operator):
    """An expression in index notation for a network with given weights, not yet carried out.

    ``rows`` are the weights of ``base``, a row a feature; ``sizes`` are pairs of a letter and its
    value, for the numbers of features and neurons and for the indices.

    >>> import sympy as sp
    >>> from polysem.theory.proof.operators import AtWeights
    >>> W, k, m, w = sp.IndexedBase("W"), *sp.symbols("k m"), sp.Symbol("w")
    >>> network = AtWeights(sp.Sum(W[1, k] ** 2, (k, 1, m)), W, [[w, 3]], [(m, 2)])
    >>> network.doit()
    w**2 + 9
    """

    rows = property(lambda self: self.args[2])
    sizes = property(lambda self: dict(self.args[3]))

    def __new__(cls, function: Any, base: Any, rows: Any, sizes: Any) -> Any:
        pairs = sizes.items() if isinstance(sizes, dict) else sizes
        weights, places = (sp.Tuple(*(sp.Tuple(*x) for x in given)) for given in (rows, pairs))
        return super().__new__(cls, function, base, weights, places)

    @property
    def free_symbols(self) -> set[sp.Basic]:
        own = {*self.sizes, self.variable.label}
        free = {s for s in self.function.free_symbols - own if not isinstance(s, sp.Indexed)}
        return free - {self.variable} | self.args[2].free_symbols | self.args[3].free_symbols - own

    def _eval_subs(self, old: sp.Basic, new: sp.Basic) -> sp.Expr | None:
        return self if old in self.sizes else None

    def doit(self, **hints: Any) -> sp.Expr:
        written = self.function.subs(self.sizes).doit(**hints)
        places = {
            self.variable[i, k]: weight
            for i, row in enumerate(self.rows, 1)
            for k, weight in enumerate(row, 1)
        }
        return written.subs(places, simultaneous=True)

    def _sympystr(self, printer: Any) -> str:
        sizes = [f"{letter} = {printer._print(value)}" for letter, value in self.args[3]]
        rows = "; ".join(", ".join(map(printer._print, row)) for row in self.rows)
        place = ", ".join([f"{self.variable} = [{rows}]", *sizes])
        return f"({printer._print(self.function)} at {place})"

    def _latex(self, printer: Any) -> str:
        body = r" \\ ".join(" & ".join(map(printer._print, row)) for row in self.rows)
        rows = rf"\left(\begin{{smallmatrix}} {body} \end{{smallmatrix}}\right)"
        sizes = [f"{printer._print(x)} = {printer._print(value)}" for x, value in self.args[3]]
        place = r",\, ".join([f"{printer._print(self.variable)} = {rows}", *sizes])
        return rf"\left. {printer._print(self.function)} \right|_{{{place}}}"


def turning_point(function: sp.Expr, variable: sp.Symbol, low: sp.Expr, high: sp.Expr) -> Root:
    """The only zero of the derivative of a function between two bounds.

    >>> import sympy as sp
    >>> from polysem.theory.proof.operators import turning_point
    >>> x = sp.Symbol("x")
    >>> turning_point(x**2 - x, x, 0, 1).doit().is_solved_by(sp.Rational(1, 2))
    True
    """
    return Root(sp.Derivative(function, variable), variable, low, high)


class Taylor(_Operator):
    """The Taylor polynomial of ``function`` in ``variable`` about 0, up to degree ``degree``.

    >>> import sympy as sp
    >>> from polysem.theory.proof.operators import Taylor
    >>> x = sp.Symbol("x")
    >>> Taylor(sp.cos(x), x, 2).doit()
    1 - x**2/2
    """

    degree = property(lambda self: int(self.args[2]))

    def doit(self, **hints: Any) -> sp.Expr:
        if not hints.get("deep", True):
            return self
        function = self.function.doit(**hints)
        return sp.series(function, self.variable, 0, self.degree + 1).removeO()

    def _sympystr(self, printer: Any) -> str:
        function, variable = map(printer._print, self.args[:2])
        return f"taylor({function}, {variable}, order {self.degree})"

    def _latex(self, printer: Any) -> str:
        return rf"T_{{{self.degree}}}\left[{printer._print(self.function)}\right]"


class Expansion(_Operator):
    """The expansion of ``function`` in 1/``variable``, up to the power ``order``.

    >>> import sympy as sp
    >>> from polysem.theory.proof.operators import Expansion
    >>> x = sp.Symbol("x", positive=True)
    >>> Expansion(x / (x + 1), x, 2).doit()
    1 - 1/x + x**(-2)
    """

    order = property(lambda self: int(self.args[2]))

    def doit(self, **hints: Any) -> sp.Expr:
        small = sp.Dummy("y", positive=True)
        function = self.function.doit(**hints).replace(sp.erfc, self._far_erfc)
        inverse = sp.cancel(sp.powsimp(sp.expand(function.subs(self.variable, 1 / small))))
        series = sp.series(inverse, small, 0, self.order + 1).removeO()
        return sp.expand(series.subs(small, 1 / self.variable))

    def _far_erfc(self, x: sp.Expr) -> sp.Expr:
        """erfc by its asymptotic series, with extra terms because leading ones may cancel."""
        terms = range(self.order + 4)
        series = sp.Add(*[(-1) ** k * sp.factorial2(2 * k - 1) / (2 * x**2) ** k for k in terms])
        return sp.exp(-(x**2)) / (x * sp.sqrt(sp.pi)) * series

    def _sympystr(self, printer: Any) -> str:
        function, variable = map(printer._print, self.args[:2])
        return f"expansion({function}, 1/{variable}, order {self.order})"

    def _latex(self, printer: Any) -> str:
        variable, function = printer._print(self.variable), printer._print(self.function)
        return rf"\left[{function}\right]_{{{variable}^{{-{self.order}}}}}"


def density(x: sp.Expr) -> sp.Expr:
    """The standard normal density.

    >>> import sympy as sp
    >>> from polysem.theory.proof.operators import density
    >>> density(sp.Integer(0))
    sqrt(2)/(2*sqrt(pi))
    """
    return sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)


def below(x: sp.Expr) -> sp.Expr:
    """The standard normal distribution function.

    >>> import sympy as sp
    >>> from polysem.theory.proof.operators import below
    >>> below(sp.Integer(0))
    1/2
    """
    return sp.erfc(-x / sp.sqrt(2)) / 2


def quadratic_root(expression: sp.Expr, variable: sp.Symbol, sign: int) -> sp.Expr:
    """The zero of a quadratic that has this sign before the square root.

    >>> import sympy as sp
    >>> from polysem.theory.proof.operators import quadratic_root
    >>> x = sp.Symbol("x")
    >>> quadratic_root(x**2 - x - 2, x, 1), quadratic_root(x**2 - x - 2, x, -1)
    (2, -1)
    """
    second, first, free = sp.Poly(expression, variable).all_coeffs()
    return (-first + sign * sp.sqrt(first**2 - 4 * second * free)) / (2 * second)


def vanishes(expression: sp.Expr) -> bool | None:
    """Whether an expression is zero: True, False, or None where SymPy does not decide.

    >>> import sympy as sp
    >>> from polysem.theory.proof.operators import vanishes
    >>> x = sp.Symbol("x", positive=True)
    >>> vanishes((x + 1) ** 2 - x**2 - 2 * x - 1), vanishes(x)
    (True, None)
    """
    for tactic in _TACTICS:
        expression = tactic(expression)
        if expression == 0:
            return True
        if expression.is_Number or (expression.is_number and expression.is_zero is False):
            return False
    return None


def pick(expression: sp.Expr, upper: dict[sp.Basic, sp.Basic]) -> sp.Expr:
    """Sums over a Kronecker delta, picked out where the index is known to lie in the range.

    >>> import sympy as sp
    >>> from polysem.theory.proof.operators import pick
    >>> f, i, j, n = sp.Function("f"), *sp.symbols("i j n", integer=True, positive=True)
    >>> pick(sp.Sum(f(j) * sp.KroneckerDelta(i, j), (j, 1, n)), {i: n})
    f(i)
    """

    def one(total: sp.Sum) -> sp.Expr:
        function = sp.expand(total.function)
        for variable, low, high in total.limits:
            rest = [limit for limit in total.limits if limit[0] != variable]
            found, left = [], []
            for term in sp.Add.make_args(function):
                deltas = [d for d in term.atoms(sp.KroneckerDelta) if variable in d.args]
                others = [x for d in deltas for x in d.args if x != variable]
                good = [x for x in others if low == 1 and upper.get(x) == high]
                if good:
                    found.append(term.subs(variable, good[0]))
                else:
                    left.append(term)
            if found:
                picked = sp.Add(*found)
                picked = one(sp.Sum(picked, *rest)) if rest else picked
                return picked + (one(sp.Sum(sp.Add(*left), *total.limits)) if left else 0)
        return total.func(function, *total.limits)

    if not expression.has(sp.KroneckerDelta):
        return expression
    return expression.replace(lambda e: isinstance(e, sp.Sum), one)


def _gates(expression: sp.Expr) -> sp.Expr:
    """Write max(x, 0) for max(x, 0) H(x), also below a square."""

    def close(product: sp.Mul) -> sp.Expr:
        gates = [f for f in product.args if isinstance(f, sp.Heaviside)]
        for gate in gates:
            if product.has(sp.Max(gate.args[0], 0)):
                product = product / gate
        return product

    return sp.expand(expression).replace(lambda e: isinstance(e, sp.Mul), close)


def _linear(expression: sp.Expr) -> sp.Expr:
    """Sums over one range put together, and what they add up put in normal form."""
    parts: dict[tuple[Any, ...], sp.Expr] = {}
    rest = []
    for term in sp.Add.make_args(sp.expand(expression)):
        nodes = [factor for factor in sp.Mul.make_args(term) if isinstance(factor, sp.Sum)]
        if not nodes:
            rest.append(term)
            continue
        node = nodes[0]
        names = {
            limit[0]: sp.Symbol(f"_{place}", **limit[0]._assumptions_orig)
            for place, limit in enumerate(node.limits)
        }
        limits = tuple(
            (names[x], low.subs(names), high.subs(names)) for x, low, high in node.limits
        )
        parts[limits] = parts.get(limits, sp.S.Zero) + term / node * node.function.subs(names)
    sums = [sp.Sum(f, *limits) for limits, f in parts.items() if not vanishes(f)]
    return sp.Add(*rest, *sums)


def _integrals(expression: sp.Expr) -> sp.Expr:
    """Integrals that are multiples of one another written by one of them."""
    known: list[sp.Integral] = []

    def by_known(integral: sp.Integral) -> sp.Expr:
        (variable, *bounds), *rest = integral.limits
        for other in known:
            if rest or [*other.limits[0][1:]] != bounds:
                continue
            function = other.function.subs(other.limits[0][0], variable)
            ratio = sp.simplify(sp.expand_power_base(sp.factor(integral.function / function)))
            if not ratio.has(variable):
                return ratio * other
        known.append(integral)
        return integral

    return expression.replace(lambda e: isinstance(e, sp.Integral), by_known)


def _where(kinds: tuple[type, ...], tactic: Tactic) -> Tactic:
    """A tactic that leaves expressions without these functions as they are."""
    return lambda e: tactic(e) if e.has(*kinds) else e


_FACTORIALS = (sp.binomial, sp.factorial, sp.gamma, sp.RisingFactorial, sp.FallingFactorial)
_TACTICS: tuple[Tactic, ...] = (
    _integrals,
    sp.expand,
    _where((sp.Heaviside,), _gates),
    _where((sp.Sum,), _linear),
    lambda e: e.doit(),
    lambda e: sp.expand(sp.numer(sp.together(e))),
    _where(_FACTORIALS, lambda e: sp.simplify(sp.gammasimp(e.rewrite(sp.gamma)))),
    _where((sp.erf, sp.erfc), lambda e: sp.expand(e.doit().rewrite(sp.erf))),
    _where((sp.cos, sp.sin), lambda e: sp.trigsimp(sp.expand(e))),
    sp.simplify,
    lambda e: sp.simplify(sp.factor(sp.powsimp(sp.expand_log(e, force=False)))),
    _where((sp.log,), lambda e: sp.simplify(sp.logcombine(sp.expand(e)))),
)
