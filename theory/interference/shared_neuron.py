"""Two features on one neuron: opposite signs do not interact, of equal signs one is expelled."""

from functools import partial

import sympy as sp

from ..model import THREE_FORCES, monosemantic_force, network, relu, sign
from ..proof import Formula, Root, Step, cited, derived, of, stated, turning_point
from ..proof import symbols as s

formula = partial(Formula, source="paper_notes/interference.md")
_SHARED_FOLD = sp.sqrt(6) / 9

opposite_sign_force = formula(
    name="opposite_sign_force",
    expression=monosemantic_force.expression,
    arguments=monosemantic_force.arguments,
    meaning="The velocity of a weight whose neuron another feature uses with the other sign.",
    example=">>> theory.opposite_sign_force(weight=0.5, lam=0.125)\n0.25",
    unit="weight per flow time",
)
OPPOSITE_SIGNS_KEPT = cited(
    opposite_sign_force,
    "Two features with opposite signs on one neuron do not interact: a weight of size w grows at "
    "the rate {formula}, as if the other feature were absent.",
    Step(
        name="two features",
        left=of(THREE_FORCES, build=lambda f: network(f, [[s.w], [-s.c]])),
        right=(1 - s.w**2) * s.w + relu(-s.w * s.c, evaluate=False) * s.c - s.lam * sign(s.w),
        reason="the overlap of the two rows is -w c, and the weight of the other row -c",
    ),
    Step(
        name="closed gate",
        right=(1 - s.w**2) * s.w - s.lam * sign(s.w),
        reason="-w c is negative, so ReLU removes the interference",
    ),
    Step(name="as if alone", reason="w > 0 has the sign 1"),
    label="opposite_signs_kept",
    source="Lecomte et al. 2023, Setup",
)

shared_force = formula(
    name="shared_force",
    expression=(1 - s.a**2 - s.c**2) * s.a - s.lam,
    arguments=(s.a, s.c, s.lam),
    meaning="The velocity of a weight whose neuron another feature uses with the same sign.",
    example=">>> theory.shared_force(a=0.5, c=0.5, lam=0.125)\n0.125",
    unit="weight per flow time",
)
SHARED_FORCE = derived(
    shared_force,
    "Two features with equal signs on one neuron move by {formula}.",
    Step(
        name="two features",
        left=of(THREE_FORCES, build=lambda f: network(f, [[s.a], [s.c]])),
        right=(1 - s.a**2) * s.a - relu(s.a * s.c, evaluate=False) * s.c - s.lam * sign(s.a),
        reason="the rows are a and c, and the velocity is that of a; the overlap of the two rows "
        "is a c",
    ),
    Step(
        name="open gate",
        right=(1 - s.a**2) * s.a - s.a * s.c**2 - s.lam,
        reason="a c is positive, so the interference is a c times c; a has the sign 1",
    ),
    Step(name="common factor", reason="a is common to the feature benefit and the interference"),
)

lam_of_shared_amplitude = formula(
    name="lam_of_shared_amplitude",
    expression=s.a * (1 - 2 * s.a**2),
    arguments=(s.a,),
    meaning="The lambda at which two equal weights of equal sign on one neuron are stationary.",
    example=">>> theory.lam_of_shared_amplitude(a=0.5)\n0.25",
    regime=(2 * s.a**2 <= 1,),
    unit="flow",
    letter=s.lam,
)
LAM_OF_SHARED_AMPLITUDE = derived(
    lam_of_shared_amplitude,
    "Two equal weights a of equal sign are stationary where {formula} = lambda.",
    Step(
        name="at rest",
        left=of(SHARED_FORCE, build=lambda f: Root(sp.Subs(f, s.c, s.a), s.lam, 0, 1)),
        right=Root((1 - 2 * s.a**2) * s.a - s.lam, s.lam, 0, 1),
        reason="set the force on one of two equal weights, c = a, to 0",
    ),
    Step(
        name="solve",
        reason="lambda balances the rest of the force",
    ),
)

shared_amplitude = formula(
    name="shared_amplitude",
    expression=sp.sqrt(sp.Rational(2, 3)) * sp.cos(sp.acos(-3 * sp.sqrt(6) / 2 * s.lam) / 3),
    arguments=(s.lam,),
    meaning="The weight of two features that share a neuron with equal sign, a saddle.",
    example=">>> round(theory.shared_amplitude(lam=0.1), 6)\n0.650488",
    regime=(s.lam <= _SHARED_FOLD,),
    unit="weight",
)
SHARED_AMPLITUDE = derived(
    shared_amplitude,
    "The larger weight at which two equal weights of equal sign balance is {formula}.",
    Step(
        name="triple angle",
        left=of(
            LAM_OF_SHARED_AMPLITUDE,
            build=lambda f: Root(f - s.lam, s.a, 1 / sp.sqrt(6), 1 / sp.sqrt(2)),
        ),
        right=sp.sqrt(sp.Rational(2, 3))
        * sp.cos(Root(-_SHARED_FOLD * sp.cos(3 * s.angle) - s.lam, s.angle, sp.pi / 6, sp.pi / 3)),
        reason="set a = sqrt(2/3) cos(vartheta): by cos(3 x) = 4 cos(x)^3 - 3 cos(x) the cubic a "
        "(1 - 2 a^2) becomes -sqrt(6) cos(3 vartheta)/9",
    ),
    Step(name="largest root", reason="cos(3 vartheta) = -3 sqrt(6) lambda/2; take the arccosine"),
    prose="With a = w/sqrt(2) it is the equation of a lone weight at sqrt(2) lambda.",
)

shared_fold_amplitude = formula(
    name="shared_fold_amplitude",
    expression=1 / sp.sqrt(6),
    meaning="The weight of two equal-sign features on one neuron at the largest lambda.",
    example=">>> round(theory.shared_fold_amplitude(), 6)\n0.408248",
    unit="weight",
)
SHARED_FOLD_AMPLITUDE = derived(
    shared_fold_amplitude,
    "The lambda at which two equal weights of equal sign balance is largest at a = {formula}.",
    Step(
        name="turning point",
        left=of(LAM_OF_SHARED_AMPLITUDE, build=lambda f: turning_point(f, s.a, 0, 1)),
        right=Root(1 - 6 * s.a**2, s.a, 0, 1),
        reason="d/da (a - 2 a^3) = 1 - 6 a^2, and the second derivative is negative",
    ),
    Step(name="solve", reason="6 a^2 = 1"),
)

shared_fold = formula(
    name="shared_fold",
    expression=_SHARED_FOLD,
    meaning="The largest lambda at which two equal-sign features can balance on one neuron.",
    example=">>> round(theory.shared_fold(), 6)\n0.272166",
    unit="flow",
)
SHARED_FOLD = derived(
    shared_fold,
    "Two equal weights of equal sign balance only for lambda <= {formula}.",
    Step(
        name="insert the top",
        left=of(
            LAM_OF_SHARED_AMPLITUDE,
            SHARED_FOLD_AMPLITUDE,
            build=lambda f, top: sp.Subs(f, s.a, top),
        ),
        right=sp.Mul(sp.sqrt(6) / 6, sp.Rational(2, 3), evaluate=False),
        reason="lambda = a (1 - 2 a^2) at the turning point a = 1/sqrt(6), where 1 - 2/6 = 2/3",
    ),
    Step(name="largest lambda", reason="2/3 times 1/sqrt(6)"),
)


def _other(force: sp.Expr) -> sp.Expr:
    """The force on the other feature: the two exchanged."""
    return force.subs({s.a: s.c, s.c: s.a}, simultaneous=True)


difference_rate = formula(
    name="difference_rate",
    expression=(1 - s.a**2 - s.c**2) * (s.a - s.c),
    arguments=(s.a, s.c),
    meaning="The time derivative of the difference of two equal-sign weights on one neuron.",
    example=">>> theory.difference_rate(a=0.75, c=0.25)\n0.1875",
    unit="weight per flow time",
)
DIFFERENCE_RATE = derived(
    difference_rate,
    "The difference of two equal-sign weights moves by {formula}.",
    Step(
        name="subtract",
        left=of(SHARED_FORCE, build=lambda f: sp.Add(f, -_other(f), evaluate=False)),
        right=(1 - s.a**2 - s.c**2) * s.a - (1 - s.a**2 - s.c**2) * s.c,
        reason="the velocities of a and of c; lambda cancels",
    ),
    Step(name="common factor", reason="1 - a^2 - c^2 is the same for both"),
)

shared_radius_rate = formula(
    name="shared_radius_rate",
    expression=2 * (1 - s.a**2 - s.c**2) * (s.a**2 + s.c**2),
    arguments=(s.a, s.c),
    meaning="The time derivative of a^2 + c^2 for equal signs on one neuron, at lambda = 0.",
    example=">>> theory.shared_radius_rate(a=0.5, c=0.5)\n0.5",
    unit="weight squared per flow time",
)
SHARED_RADIUS_RATE = derived(
    shared_radius_rate,
    "At lambda = 0 the sum a^2 + c^2 of two equal-sign features moves by {formula}: all of the "
    "circle a^2 + c^2 = 1 is stationary, and it attracts.",
    Step(
        name="radius",
        left=of(
            SHARED_FORCE,
            build=lambda f: (2 * s.a * f + 2 * s.c * _other(f)).subs(s.lam, 0),
        ),
        right=sp.Mul(2, s.a**2 + s.c**2, 1 - s.a**2 - s.c**2, evaluate=False),
        reason="d(a^2 + c^2)/dt = 2 a a' + 2 c c', with a' = (1 - a^2 - c^2) a and likewise for c",
    ),
    Step(name="2 inside", reason="it is 0 on the circle, positive within and negative beyond"),
)


def _jacobian(force: sp.Expr, sign: int) -> sp.Expr:
    """The growth rate of a deviation along (1, sign) from equal weights."""
    return sp.Subs(sp.Derivative(force, s.a) + sign * sp.Derivative(force, s.c), s.c, s.a)


expulsion_rate = formula(
    name="expulsion_rate",
    expression=s.lam / s.a,
    arguments=(s.lam, s.a),
    meaning="The rate at which the difference of two equal-sign weights on one neuron grows.",
    example=">>> theory.expulsion_rate(lam=0.25, a=0.5)\n0.5",
    regime=(2 * s.a**2 <= 1,),
    unit="per flow time",
    where="two equal weights at rest, lambda = a (1 - 2 a^2)",
)
EXPULSION_RATE = cited(
    expulsion_rate,
    "Two features with equal weights a of the same sign on one neuron are in an unstable "
    "equilibrium: a small difference between the weights grows at the rate {formula}, and one "
    "of the weights goes to 0.",
    Step(
        name="Jacobian along (1, -1)",
        left=of(SHARED_FORCE, build=lambda f: _jacobian(f, -1)),
        right=sp.Subs(1 - 3 * s.a**2 - s.c**2 + 2 * s.a * s.c, s.c, s.a),
        reason="a moves at the rate f(a, c), c at f(c, a), so a small difference, (1, -1) times e, "
        "changes a at the rate (df/da - df/dc) e at c = a, and c at the opposite one",
    ),
    Step(name="equal weights", right=1 - 2 * s.a**2, reason="c = a"),
    Step(
        name="at rest", reason="lambda = a (1 - 2 a^2)", given={s.lam: of(LAM_OF_SHARED_AMPLITUDE)}
    ),
    source="Lecomte et al. 2023, Setup",
    prose="The two velocities have the factor 1 - a^2 - c^2 in common, so that for c < a the "
    "relative gap obeys (1 - c/a)' = (lambda/a) (1 - c/a) exactly, however large it is. As a "
    "falls where it exceeds 1, the rate lambda/a stays above a positive bound, and c reaches 0 in "
    "finite time.",
    page="paper_notes/interference.md",
)

shared_sum_rate = formula(
    name="shared_sum_rate",
    expression=1 - 6 * s.a**2,
    arguments=(s.a,),
    meaning="The growth rate of a deviation of the sum of two equal-sign weights from balance.",
    example=">>> theory.shared_sum_rate(a=0.5)\n-0.5",
    unit="per flow time",
)
SHARED_SUM_RATE = derived(
    shared_sum_rate,
    "A small deviation of the sum of two equal-sign weights from their balance grows at the rate "
    "{formula}. It is negative for the larger of the two balances, so the sum returns there.",
    Step(
        name="Jacobian along (1, 1)",
        left=of(SHARED_FORCE, build=lambda f: _jacobian(f, 1)),
        right=sp.Subs(1 - 3 * s.a**2 - s.c**2 - 2 * s.a * s.c, s.c, s.a),
        reason="a small common change, (1, 1) times e, grows at the rate df/da + df/dc",
    ),
    Step(name="equal weights", reason="c = a"),
)

expulsion_time = formula(
    name="expulsion_time",
    expression=sp.log(1 / s.gap) / (1 - 2 * s.a**2),
    arguments=(s.a, s.gap),
    meaning="The time in which one of two equal-sign features is expelled from a neuron.",
    example=">>> round(theory.expulsion_time(a=0.65, gap=0.01), 3)\n29.711",
    regime=(2 * s.a**2 < 1, s.gap < 1),
    error="relative O(1/log(1/Delta))",
    unit="flow",
)
EXPULSION_TIME = derived(
    expulsion_time,
    "One of two equal-sign features of weight a is expelled in the time {formula}, or (a/lambda) "
    "log(1/Delta), where Delta is the initial gap.",
    Step(
        name="way over rate",
        left=of(
            EXPULSION_RATE,
            build=lambda rate: sp.Integral(1 / (rate * s.c), (s.c, s.gap, 1)),
        ),
        right=s.a / s.lam * sp.log(1 / s.gap),
        reason="a gap c grows from its initial size Delta to 1 at the rate lambda/a: c' = "
        "(lambda/a) c",
        assumptions=(s.lam > 0,),
    ),
    Step(
        name="at rest",
        reason="lambda = a (1 - 2 a^2)",
        given={s.lam: of(LAM_OF_SHARED_AMPLITUDE)},
    ),
    prose="Near the balance the flow is linear; what is left out takes a time that does not depend "
    "on Delta.",
)


def _parting(flow: sp.Expr, feature: int, share: sp.Expr) -> sp.Expr:
    """The growth rate of a small weight on a second neuron, at lambda = 0."""
    rows = [[s.a, s.gap * s.c], [s.c, -s.gap * s.a]]
    velocity = network(flow.subs(s.lam, 0), rows, i=feature, neuron=2)
    return sp.Subs(sp.Derivative(velocity, s.gap), s.gap, 0) / share


escape_rate = formula(
    name="escape_rate",
    expression=sp.Integer(1),
    meaning="The rate at which two equal-sign features part along a second neuron, at lambda = 0.",
    example=">>> theory.escape_rate()\n1.0",
    where="to first order in the weights of the second neuron",
    unit="per flow time",
)
ESCAPE_RATE = derived(
    escape_rate,
    "With a second neuron two equal-sign features part along it at the rate {formula}, "
    "whatever their weights.",
    Step(
        name="along (c, -a)",
        left=of(THREE_FORCES, build=lambda f: _parting(f, 1, s.c)),
        right=_parting(stated(THREE_FORCES), 2, -s.a),
        reason="both features move along (c, -a) at one rate",
    ),
    Step(name="first order", reason="(1 - a^2) c + a c a = c"),
)
