"""A second engine for the algebra: exact fractions of polynomials in python-flint.

It walks the sides of a step as they are written; no simplification of SymPy takes part.
"""

from dataclasses import dataclass

import flint
import sympy as sp

_ROOTS = 12  # the largest root and the largest power that are written out


class Unsupported(Exception):
    """The engine has no exact rule for a part of an expression."""


@dataclass
class Fraction:
    """A fraction of two polynomials with rational coefficients."""

    top: object
    bottom: object

    def __add__(self, other):
        return Fraction(
            self.top * other.bottom + other.top * self.bottom, self.bottom * other.bottom
        )

    def __mul__(self, other):
        return Fraction(self.top * other.top, self.bottom * other.bottom)

    def power(self, exponent):
        if abs(exponent) > _ROOTS:
            raise Unsupported("a high power")
        if exponent >= 0:
            return Fraction(self.top**exponent, self.bottom**exponent)
        if self.top == 0:
            raise Unsupported("a division by 0")
        return Fraction(self.bottom**-exponent, self.top**-exponent)


class Exact:
    """Fractions of SymPy's expressions, with a generator for each letter, root and function."""

    def __init__(self, *expressions):
        found = []
        for expression in expressions:
            for part in sp.preorder_traversal(expression):
                key = self._key(part)
                if key is not None and key not in found:
                    found.append(key)
        self.keys = found
        self.context = flint.fmpq_mpoly_ctx.get([f"g{place}" for place in range(len(found))])
        self.letters = dict(zip(found, self.context.gens(), strict=True))

    @staticmethod
    def _key(part):
        """What stands for a part: a letter, a root, or a function as it is written."""
        if part.is_Symbol or isinstance(part, sp.Indexed) or part in (sp.pi, sp.E):
            return part
        if isinstance(part, sp.Pow) and part.exp.is_Rational and not part.exp.is_Integer:
            return sp.Pow(part.base, sp.Rational(1, part.exp.q), evaluate=False)
        if isinstance(part, sp.Function) and not isinstance(part, sp.Max | sp.Abs | sp.sign):
            return part
        return None

    def constant(self, value):
        return Fraction(self.context.constant(value), self.context.constant(1))

    def of(self, expression, given):
        """The fraction of an expression, some letters replaced by fractions."""
        if expression.is_Rational:
            return self.constant(flint.fmpq(int(expression.p), int(expression.q)))
        if expression in given:
            return given[expression]
        if isinstance(expression, sp.Add | sp.Mul):
            total = self.constant(int(isinstance(expression, sp.Mul)))
            for part in expression.args:
                value = self.of(part, given)
                total = total * value if isinstance(expression, sp.Mul) else total + value
            return total
        if isinstance(expression, sp.Pow) and expression.exp.is_Rational:
            return self._power(expression, given)
        if isinstance(expression, sp.Derivative):
            return self._derivative(expression, given)
        if isinstance(expression, sp.Subs):
            values = [self.of(value, given) for value in expression.point]
            return self._inserted(self.of(expression.expr, {}), expression.variables, values, given)
        if isinstance(expression, sp.Sum):
            return self._sum(expression, given)
        key = self._key(expression)
        if key is None or set(given) & expression.free_symbols:
            raise Unsupported(type(expression).__name__)
        return Fraction(self.letters[key], self.context.constant(1))

    def _power(self, power, given):
        if power.exp.is_Integer:
            return self.of(power.base, given).power(int(power.exp))
        if set(given) & power.free_symbols or power.exp.q > _ROOTS:
            raise Unsupported("a root of a replaced letter")
        root = Fraction(self.letters[self._key(power)], self.context.constant(1))
        return root.power(int(power.exp.p))

    def _derivative(self, derivative, given):
        value = self.of(derivative.expr, {})
        for letter, count in derivative.variable_count:
            self._free_of_roots(value, letter)
            place = self.keys.index(letter)
            for _ in range(int(count)):
                slope = value.top.derivative(place) * value.bottom
                slope -= value.top * value.bottom.derivative(place)
                value = Fraction(slope, value.bottom**2)
        return self._inserted(value, list(given), list(given.values()), {})

    def _free_of_roots(self, value, letter):
        for place, key in enumerate(self.keys):
            used = any(part.degrees()[place] for part in (value.top, value.bottom) if part != 0)
            if used and key != letter and letter in key.free_symbols:
                raise Unsupported("the slope of a root or a function")

    def _inserted(self, value, letters, values, given):
        """A fraction with some generators replaced by fractions, all at once."""
        replaced = dict(zip(letters, values, strict=True))
        for key in self.keys:
            if key not in replaced and (set(replaced) | set(given)) & key.free_symbols:
                used = self.keys.index(key)
                if any(p.degrees()[used] for p in (value.top, value.bottom) if p != 0):
                    if key in given:
                        continue
                    raise Unsupported("a replacement within a root or a function")
        replaced = {**given, **replaced}
        return self._polynomial(value.top, replaced) * self._polynomial(
            value.bottom, replaced
        ).power(-1)

    def _polynomial(self, polynomial, replaced):
        total = self.constant(0)
        for powers, coefficient in polynomial.terms():
            term = self.constant(coefficient)
            for key, power in zip(self.keys, powers, strict=True):
                if power:
                    one = replaced.get(key, Fraction(self.letters[key], self.context.constant(1)))
                    term = term * one.power(int(power))
            total = total + term
        return total

    def _sum(self, total, given):
        if len(total.limits) > 1:
            raise Unsupported("a double sum")
        ((letter, low, high),) = total.limits
        if not (low.is_Integer and high.is_Integer and high - low <= _ROOTS):
            raise Unsupported("a sum of a number of terms that is a letter")
        result = self.constant(0)
        for place in range(int(low), int(high) + 1):
            result = result + self.of(total.function, {**given, letter: self.constant(place)})
        return result

    def vanishes(self, polynomial):
        """Whether a polynomial is 0, by g^q = base for each root g."""
        for place, key in enumerate(self.keys):
            if isinstance(key, sp.Pow) and key.exp.is_Rational and key.exp.q > 1:
                polynomial = self._reduced(polynomial, place, key)
        return polynomial == 0

    def _reduced(self, polynomial, place, key):
        base, q = self.of(key.base, {}), key.exp.q
        top, highest = self.context.constant(0), polynomial.degrees()[place] if polynomial else 0
        for powers, coefficient in polynomial.terms():
            rest = list(map(int, powers))
            whole, rest[place] = divmod(rest[place], q)
            term = self.context.from_dict({tuple(rest): coefficient})
            missing = int(highest) // q - whole  # all terms over one power of the base's bottom
            top += term * base.top**whole * base.bottom**missing
        return top


def exactly(left, right, given):
    """Whether the difference of two sides is the zero fraction; None where that is not decided."""
    try:
        engine = Exact(left, right, *given.keys(), *given.values())
        replaced = {letter: engine.of(value, {}) for letter, value in given.items()}
        difference = engine.of(left, replaced) + engine.constant(-1) * engine.of(right, replaced)
        if engine.vanishes(difference.top):
            return True
        rational = all(key.is_Symbol or isinstance(key, sp.Indexed) for key in engine.keys)
        return False if rational else None
    except Unsupported:
        return None
