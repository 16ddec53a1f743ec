"""Exact law of a total count over independent networks, also with another mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ...numerics._types import Array, FloatArray
from .power import POWER

if TYPE_CHECKING:
    from ...numerics.collisions.laws import CountLaw

_NEGLIGIBLE = 1e-100


@dataclass(frozen=True, kw_only=True, eq=False)
class Total:
    """The law of a sum of independent counts: ``probability[j]`` is P(T = low + j).

    Masses below 1e-100 of the largest are dropped.

    >>> import numpy as np
    >>> from polysem.verify.stats.totals import Total
    >>> coin = Total(low=0, probability=np.array([0.5, 0.5]))
    >>> coin.plus(coin).tails(2)
    (1.0, 0.25)
    """

    low: int
    probability: FloatArray

    def plus(self, other: Total) -> Total:
        """The law of the sum of two independent totals."""
        masses = np.convolve(self.probability, other.probability)
        kept = np.flatnonzero(masses > _NEGLIGIBLE * masses.max())
        first, last = int(kept[0]), int(kept[-1])
        return Total(low=self.low + other.low + first, probability=masses[first : last + 1])

    def times(self, networks: int) -> Total:
        """The law of the sum over independent networks, by doubling."""
        result, power = Total(low=0, probability=np.ones(1)), self
        while networks:
            if networks % 2:
                result = result.plus(power)
            networks //= 2
            if networks:
                power = power.plus(power)
        return result

    def tails(self, total: int) -> tuple[float, float]:
        """P(T <= total) and P(T >= total)."""
        place = total - self.low
        below = self.probability[: max(place + 1, 0)].sum()
        above = self.probability[max(place, 0) :].sum()
        return min(float(below), 1.0), min(float(above), 1.0)

    def interval(self, level: float) -> tuple[int, int]:
        """The central interval with at least this probability."""
        below = np.cumsum(self.probability)
        side = (1 - level) / 2
        last = len(below) - 1
        ends = np.searchsorted(below, [side, 1 - side])
        first, final = (self.low + min(int(end), last) for end in ends)
        return first, final


def total_law(laws: Iterable[tuple[CountLaw, int]], *, ratio: float = 1.0) -> Total:
    r"""The total over independent networks under the exclusion law, or with another mean.

    With ``ratio`` other than 1 each law is tilted, :math:`P(k) \to P(k) e^{\theta k} / Z`, to
    ``ratio`` times its mean, with the dispersion of the tilted law; that measured counts have this
    dispersion is checked, not proved.  A mean outside the support becomes its nearest end.

    Each law comes with the number of networks under it.

    >>> from polysem import numerics
    >>> from polysem.verify.stats.totals import total_law
    >>> law = total_law([(numerics.ExclusionLaw(2, 2), 3)])
    >>> print([round(float(p), 3) for p in law.probability])
    [0.296, 0.444, 0.222, 0.037]
    """
    total = Total(low=0, probability=np.ones(1))
    for law, networks in laws:
        low, high = (int(end) for end in law.support())
        one = Total(low=low, probability=_tilted(law, np.arange(low, high + 1), ratio))
        total = total.plus(one.times(networks))
    return total


def detectable_ratios(
    laws: Iterable[tuple[CountLaw, int]], *, significance: float
) -> tuple[float | None, float | None]:
    """The smallest departures of the mean from the law, as ratios, that the exact test detects.

    At these ratios, and farther from 1, the two-sided test of the total rejects the law with
    probability at least 0.99; None if the sample is too small to detect any ratio on that side.

    Each law comes with the number of networks under it.

    >>> from polysem import numerics
    >>> from polysem.verify.stats.totals import detectable_ratios
    >>> low, high = detectable_ratios([(numerics.ExclusionLaw(64, 128), 16)], significance=0.01)
    >>> print(f"{low:.2f} {high:.2f}")
    0.68 1.35
    """
    return _detectable_ratios(tuple(laws), significance)


@lru_cache
def _detectable_ratios(
    laws: tuple[tuple[CountLaw, int], ...], significance: float
) -> tuple[float | None, float | None]:
    from scipy.optimize import brentq

    null = total_law(laws)
    tails = {
        total: null.tails(total) for total in range(null.low, null.low + len(null.probability))
    }
    few = [total for total, (below, _) in tails.items() if 2 * below < significance]
    many = [total for total, (_, above) in tails.items() if 2 * above < significance]
    least, most = _extreme_ratios(laws)

    def power(ratio: float, critical: int, side: int) -> float:
        return total_law(laws, ratio=ratio).tails(critical)[side] - POWER

    lower = upper = None
    if few:
        lower = float(brentq(power, least, 1.0, args=(max(few), 0), xtol=1e-6))
    if many:
        upper = float(brentq(power, 1.0, most, args=(min(many), 1), xtol=1e-6))
    return lower, upper


def ratio_interval(
    laws: Sequence[tuple[CountLaw, int]], total: int, *, significance: float
) -> tuple[float, float]:
    """The ratios of the mean to that of the law which the exact test of a total does not reject.

    The interval misses the true ratio with probability at most ``significance`` if the counts
    follow the tilted law of :func:`total_law`.

    Examples
    --------
    >>> from polysem import numerics
    >>> from polysem.verify.stats.totals import ratio_interval
    >>> low, high = ratio_interval([(numerics.ExclusionLaw(64, 128), 16)], 126, significance=0.01)
    >>> print(f"{low:.2f} {high:.2f}")
    0.83 1.18

    Parameters
    ----------
    laws : sequence of (CountLaw, int)
        Each law and the number of networks under it; at least one law has a positive mean.
    total : int
        The total count over all networks; one outside the support counts as its nearest end.
    significance : float
        Level of the two-sided test.

    Returns
    -------
    tuple of float
        The smallest and the largest ratio.

    Source
    ------
    paper_notes/statistics.md.
    """
    from scipy.optimize import brentq

    least, most = _extreme_ratios(laws)
    first, last = (sum(int(law.support()[end]) * count for law, count in laws) for end in (0, 1))
    total = min(max(total, first), last)

    def excess(ratio: float, side: int) -> float:
        return total_law(laws, ratio=ratio).tails(total)[side] - significance / 2

    low = least if excess(least, 1) >= 0 else brentq(excess, least, most, args=(1,), xtol=1e-6)
    high = most if excess(most, 0) >= 0 else brentq(excess, least, most, args=(0,), xtol=1e-6)
    return float(low), float(high)


def _extreme_ratios(laws: Iterable[tuple[CountLaw, int]]) -> tuple[float, float]:
    """The ratios at which the tilted law of every network lies at one end of its support."""
    ends = [np.array(law.support()) / law.mean() for law, _ in laws if law.mean()]
    return float(min(low for low, _ in ends)), float(max(high for _, high in ends))


def _tilted(law: CountLaw, support: Array, ratio: float) -> FloatArray:
    if ratio == 1.0:
        return np.asarray(law.pmf(support))
    from scipy.optimize import brentq
    from scipy.special import softmax

    target = ratio * law.mean()
    log_masses = np.asarray(law.logpmf(support))

    def excess(tilt: float) -> float:
        return float(softmax(log_masses + tilt * support) @ support) - target

    if target <= support[0] + 1e-9 or target >= support[-1] - 1e-9:
        end = 0 if target <= support[0] + 1e-9 else -1
        masses = np.zeros(support.size)
        masses[end] = 1.0
        return masses
    return softmax(log_masses + brentq(excess, -60.0, 60.0) * support)
