"""Rows of many weights whose penalty sparsifies: live weights, time, l1 norm, gaps."""

from __future__ import annotations

import sympy as sp

from ..proof import Step, of, stated
from ..proof import symbols as s
from ..proof.claims import Claim
from .draft import Draft

_B, _PAST = s.relative_threshold, s.past_threshold
_MANY = "relative O(1/live), and O(lambda sqrt(live)) where the row rests on its slow manifold"


def _tail_moment(density: sp.Expr, end: sp.Expr, power: int) -> sp.Expr:
    """The integral of (x - b)^power over the density beyond b."""
    return sp.Integral((_PAST - _B) ** power * density.subs(_B, _PAST), (_PAST, _B, end))


def add_many(draft: Draft) -> None:
    """Live weights, the clock and the l1 norm by the threshold in units of the initial scale."""
    law = draft.law
    inside = (law.end >= _B,) if law.end.is_finite else ()
    TAIL = draft.definition(
        "tail", law.tail, "The probability that the size of an initial weight exceeds b."
    )
    DENSITY = draft.claim(
        draft.formula(
            "density",
            law.density,
            "The density of the size of an initial weight, at variance 1.",
            regime=inside,
        ),
        "The size of an initial weight has the density {formula}, at variance 1.",
        Step(
            name="differentiate",
            left=of(TAIL, build=lambda tail: -sp.Derivative(tail, _B)),
            reason="the density is minus the derivative of the tail",
        ),
    )
    draft.claim(
        draft.formula(
            "live_weights",
            s.m * law.tail,
            "The expected number of live weights of a row whose threshold is b.",
            regime=inside,
        ),
        "Of m initial weights {formula} exceed the threshold b, on average.",
        prose="Each of the m weights exceeds b with the probability of the tail.",
        by=(TAIL,),
    )
    clock = _add_clock(draft)
    if draft.penalty.root == 1 and law.excess2 is not None:
        _add_closed(draft, DENSITY, clock, inside)
    else:
        _add_numbers(draft, clock)
    _add_extremes(draft, clock)


def _add_clock(draft: Draft) -> Claim:
    """How fast the threshold rises, by the mean squared excess of a weight over it."""
    root, free = draft.penalty.root, 1 - draft.penalty.l2
    return draft.claim(
        draft.formula(
            "relative_threshold_rate",
            s.lam * _B ** (1 - root) * (s.m * s.mean_excess2 / free) ** (root / 2),
            "The time derivative of the threshold in units of the initial standard deviation.",
            regime=((_B > 0,) if root > 1 else ()) + ((s.l2 < 1,) if draft.penalty.squared else ()),
            error=_MANY,
            unit="per flow time",
        ),
        "On the slow manifold the threshold b rises at the rate {formula}, whatever the scale of "
        "the initial weights.",
        Step(
            name="insert the norm",
            left=of(
                draft.definitions["threshold_rate"],
                build=lambda rate: (
                    sp.Subs(
                        rate,
                        (s.threshold, s.common),
                        (
                            s.scale * _B,
                            sp.sqrt(1 - draft.penalty.l2)
                            / (s.scale * sp.sqrt(s.m * s.mean_excess2)),
                        ),
                    )
                    / s.scale
                ),
            ),
            reason="B = b s, and A^2 M_2 = 1 - lambda_2 with M_2 = m s^2 mu_2",
        ),
        prose="The norm follows the threshold within a time of order 1, and M_2 of many weights is "
        "near its mean.",
        by=(draft.claims["row_solution"],),
    )


def _add_closed(draft: Draft, density: Claim, clock: Claim, inside: tuple[sp.Basic, ...]) -> None:
    """The moments of the excess, the time and the l1 norm in closed form (l1 or elastic net)."""
    law = draft.law
    moments = {}
    for power, value in ((1, law.excess1), (2, law.excess2)):
        moments[power] = draft.claim(
            draft.formula(
                f"excess{power}",
                value,
                f"The mean of (size - b)_+^{power} of an initial weight.",
                regime=inside,
                letter=s.mean_excess2 if power == 2 else None,
            ),
            f"The mean of (size - b)_+^{power} over the law of an initial weight is {{formula}}.",
            Step(
                name="tail moment",
                left=of(
                    density,
                    build=lambda density, power=power: _tail_moment(density, law.end, power),
                ),
                reason="integrate over the density beyond b",
                assumptions=(_B > 0,),
                ranges={_B: (0.1, 1.7)},
            ),
        )
    below = (law.end > _B,) if law.end.is_finite else ()
    weak = (s.l2 < 1,) if draft.penalty.squared else ()
    draft.claim(
        draft.formula(
            "threshold_time",
            _time(draft),
            "The time at which a row of many weights reaches the threshold b.",
            regime=(s.lam > 0, *below, *weak),
            error=_MANY,
            unit="flow",
        ),
        "A row of many weights meets the threshold b at the time {formula}.",
        Step(
            name="way over velocity",
            left=of(
                clock,
                moments[2],
                build=lambda rate, excess2: _way(rate.subs(s.mean_excess2, excess2), law.end),
            ),
            reason="dt = db/(db/dt)",
            ranges={_B: (0.1, 1.7), s.l2: (0.1, 0.9)},
        ),
    )
    norm = sp.sqrt(1 - draft.penalty.l2) * sp.sqrt(s.m)
    draft.claim(
        draft.formula(
            "l1_norm",
            norm * law.excess1 / sp.sqrt(law.excess2),
            "The l1 norm of a row of many weights at the threshold b.",
            regime=(*below, *weak),
            error=_MANY,
            unit="weight",
        ),
        "The l1 norm of a row of many weights is {formula} at the threshold b.",
        Step(
            name="fixed norm",
            left=of(
                moments[1],
                moments[2],
                build=lambda one, two: sp.Subs(
                    s.common * s.m * one,
                    s.common,
                    sp.sqrt(1 - draft.penalty.l2) / sp.sqrt(s.m * two),
                ),
            ),
            reason="A M_1 with A^2 M_2 = 1 - lambda_2",
            ranges={_B: (0.1, 1.7), s.l2: (0.1, 0.9)},
        ),
    )


def _way(rate: sp.Expr, end: sp.Expr) -> sp.Expr:
    """The time over which the threshold passes; by the distance from the end where there is one."""
    if not end.is_finite:
        return sp.Integral(1 / rate.subs(_B, _PAST), (_PAST, 0, _B))
    at = end * (1 - s.a)
    return sp.Integral(end / rate.subs(_B, at), (s.a, 1 - _B / end, 1))


def _time(draft: Draft) -> sp.Expr:
    """The integral of the clock under l1 or the elastic net, closed where it has a closed form."""
    factor = sp.sqrt(1 - draft.penalty.l2) / (s.lam * sp.sqrt(s.m))
    law = draft.law
    if law.tail.has(sp.erfc):
        pace = 1 / sp.sqrt(law.excess2)
        return factor * sp.Integral(pace.subs(_B, _PAST), (_PAST, 0, _B))
    if law.end.is_finite:
        return factor * 2 * law.end * (1 / sp.sqrt(law.tail) - 1)
    return factor * sp.sqrt(2) * (sp.exp(_B / sp.sqrt(2)) - 1)


def _mean(draft: Draft, power: sp.Rational, threshold: sp.Expr) -> sp.Expr:
    """The mean of (x^r - b^r)_+^(power/r) over the law of the size x."""
    root, x = draft.penalty.root, s.initial
    excess = (x**root - threshold**root) ** (power / root)
    return sp.Integral(excess * draft.law.density.subs(_B, x), (x, threshold, draft.law.end))


def _add_numbers(draft: Draft, clock: Claim) -> None:
    """The time and the l1 norm as integrals."""
    below = (draft.law.end > _B,) if draft.law.end.is_finite else ()
    weak = (s.l2 < 1,) if draft.penalty.squared else ()
    rate = stated(clock).subs(_B, _PAST)
    rate = rate.subs(s.mean_excess2, _mean(draft, 2, _PAST))
    draft.claim(
        draft.numerical(
            "threshold_time",
            sp.Integral(1 / rate, (_PAST, 0, _B)),
            "The time at which a row of many weights reaches the threshold b.",
            regime=(s.lam > 0, *below, *weak),
            error=_MANY,
            unit="flow",
        ),
        "A row of many weights meets the threshold b at the time {formula}, a quadrature.",
        prose="The way over the velocity of the threshold.",
        by=(clock,),
    )
    free = 1 - draft.penalty.l2
    draft.claim(
        draft.numerical(
            "l1_norm",
            sp.sqrt(free * s.m) * _mean(draft, 1, _B) / sp.sqrt(_mean(draft, 2, _B)),
            "The l1 norm of a row of many weights at the threshold b.",
            regime=(*below, *weak),
            error=_MANY,
            unit="weight",
        ),
        "The l1 norm of a row of many weights is {formula} at the threshold b, a quadrature.",
        prose="A M_1 with A^2 M_2 = 1 - lambda_2.",
        by=(clock,),
    )


def _add_extremes(draft: Draft, clock: Claim) -> None:
    """The mean gap below the largest initial size, and the mean time to one weight."""
    law = draft.law
    draft.claim(
        draft.numerical(
            "expected_gap",
            sp.Integral(s.m * law.tail * (1 - law.tail) ** (s.m - 1), (_B, 0, law.end)),
            "The mean gap between the two largest initial sizes of a row, at variance 1.",
            regime=(s.m >= 2,),
            fixed=True,
        ),
        "The two largest of m initial sizes differ by {formula} standard deviations on average, a "
        "quadrature.",
        prose="The integral over b of the probability that exactly one size exceeds b.",
        by=(draft.definitions["tail"],),
    )
    weak = (s.l2 < 1,) if draft.penalty.squared else ()
    draft.claim(
        draft.numerical(
            "one_weight_time",
            _one_weight(draft),
            "The mean time at which only one weight of a row is live.",
            regime=(s.m >= 2, s.lam > 0, *weak),
            error="O(1) in time as lambda -> 0: the slow manifold to leading order",
            unit="flow",
            fixed=True,
        ),
        "A row has one live weight from the time {formula} on, on average, a quadrature with an "
        "error below 1 % up to m = 1024.",
        prose="The way over the velocity of the threshold, averaged over the numbers and the "
        "excesses of the weights above it; the mean of a power -r/2 of a sum is an integral over "
        "the mean of an exponential.",
        by=(clock,),
    )


def _one_weight(draft: Draft) -> sp.Expr:
    """The mean over rows of the integral of dt up to the second largest size.

    By Y = X^r for a size X, at the threshold Y = a: given j >= 2 sizes above it, with excesses y,
    dt = (1 - lambda_2)^(r/2) da / (r lambda (sum y^(2/r))^(r/2)). The power of the sum is an
    integral over c of exp(-sum (y/c)^(2/r)), whose mean is a power of the mean for one size.
    """
    law, root = draft.law, draft.penalty.root
    a, c, y = s.a, s.c, s.draw
    end = law.end**root
    tail = law.tail.subs(_B, a ** (1 / root))
    density = law.density.subs(_B, (a + y) ** (1 / root)) * (a + y) ** (1 / root - 1) / root
    kept = sp.Integral(sp.exp(-((y / c) ** (2 / root))) * density, (y, 0, end - a))
    several = (1 - tail + kept) ** s.m - (1 - tail) ** s.m - s.m * (1 - tail) ** (s.m - 1) * kept
    late = law.late**root  # more nodes where the last weights die
    mean = sp.Add(
        *(
            sp.Integral(several / c**2, (c, 0, sp.oo), ends)
            for ends in ((a, 0, late), (a, late, end))
        )
    )
    factor = 2 / (root**2 * sp.gamma(root / 2) * s.lam)
    return factor * (1 - draft.penalty.l2) ** (root / 2) * mean
