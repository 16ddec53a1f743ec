"""What to change so that a network has no polysemantic neuron, with the probability of each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ... import numerics
from ...numerics._validate import check_fraction, check_lam, check_sizes
from ...numerics.optimizer.count import forgets
from ..prediction import Setting
from ..show.tables import Table, Tabular, rows_table
from .predict import NOTES, count_of

_SHORT = 0.9
_WIDEST = 1 << 22


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One way to train, and the polysemantic neurons to expect.

    >>> from polysem import verify
    >>> verify.advise(16, 1024, 0.016)[0].change
    'nothing'

    Parameters
    ----------
    change : str
        What to change, in words.
    expected_neurons : float
        The expected number of polysemantic neurons.
    probability_none : float
        The probability that there is none.
    enough : bool
        Whether this probability is at least the wanted one.
    basis : str
        How we know it.

    Source
    ------
    paper_notes/optimizer.md
    """

    change: str
    expected_neurons: float
    probability_none: float
    enough: bool
    basis: str


class AdviceList(Tabular, list[Advice]):
    """The ways to train, as :func:`advise` returns them, with a text and a JSON form.

    >>> from polysem import verify
    >>> print(verify.advise(16, 1024, 0.016).text().splitlines()[0][:7])
    nothing

    Parameters
    ----------
    iterable : iterable of Advice
        The ways, in order.

    Source
    ------
    paper_notes/optimizer.md
    """

    def to_dict(self) -> dict[str, Any]:
        """The ways to train under ``advice``, in order."""
        return {"advice": [vars(one) for one in self]}

    def table(self) -> Table:
        """One row for each way to train."""
        rows = [
            {
                "change": one.change,
                "expected neurons": f"{one.expected_neurons:.3g}",
                "P(none)": f"{one.probability_none:.3g}",
                "enough": "yes" if one.enough else "no",
                "basis": one.basis,
            }
            for one in self
        ]
        return rows_table("advice", "What to change so that no neuron is polysemantic.", rows)

    def text(self) -> str:
        """Each way to train, and below it what to expect."""
        return "\n".join(
            f"{one.change}\n    P(none) = {one.probability_none:.3g}, {one.expected_neurons:.3g} "
            f"expected{', enough' if one.enough else ''} ({one.basis})"
            for one in self
        )


def advise(
    n: int,
    m: int,
    lam: float,
    *,
    optimizer: numerics.AdamW | None = None,
    probability_none: float = 0.9,
) -> AdviceList:
    """What to change in a training by AdamW so that no neuron is polysemantic.

    The first entry changes nothing. Each other entry makes one change, and gives the expected
    number of polysemantic neurons and the probability that there is none.

    >>> from polysem import verify
    >>> advice = verify.advise(16, 1024, 0.016, probability_none=0.9)
    >>> [one.change for one in advice if one.enough][:2]
    ['SGD instead of AdamW', 'beta2 = 0.9']

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons.
    lam : float
        The paper's lambda, in flow units; > 0.
    optimizer : AdamW, optional
        AdamW with its settings; by default the authors'.
    probability_none : float
        The wanted probability that no neuron is polysemantic, in (0, 1).

    Returns
    -------
    AdviceList

    Raises
    ------
    ValueError
        For sizes below 1, or a number out of its range.

    Source
    ------
    paper_notes/optimizer.md
    """
    n, m, _ = check_sizes(n, m, copies=0)
    wanted = check_fraction(
        "probability_none", probability_none, "the wanted probability of no polysemantic neuron"
    )
    lam = check_lam(lam)
    setting = Setting(n=n, m=m, lam=lam, adam=optimizer or numerics.AdamW())
    return AdviceList(
        Advice(
            change=change,
            expected_neurons=mean,
            probability_none=none,
            enough=none >= wanted,
            basis=basis,
        )
        for change, mean, none, basis in _ways(setting, wanted)
    )


def _ways(setting: Setting, wanted: float) -> Iterator[tuple[str, float, float, str]]:
    """Each change with its mean, the probability of none, and how we know it."""
    n, m, lam, adam = setting.n, setting.m, setting.lam or 0.0, setting.adam
    assert adam is not None
    now, flow = count_of(setting), numerics.trained_count(n, m, lam)
    yield "nothing", now.mean(), now.probability_none, f"predicted, {NOTES}"
    chance = flow.mean(), flow.probability_none
    yield "SGD instead of AdamW", *chance, "law of the count of the flow"
    short = replace(adam, betas=(adam.betas[0], min(_SHORT, adam.betas[1])))
    quick = count_of(replace(setting, adam=short))
    yield f"beta2 = {short.betas[1]:g}", quick.mean(), quick.probability_none, f"predicted, {NOTES}"
    if not forgets(m, adam):
        slow = (1 - adam.betas[1]) / math.sqrt(m)
        yield f"learning rate <= {slow:.2g}", *chance, "rule 1 - beta2 >= learning rate sqrt(m)"
    wide = _width(n, m, lam, wanted)
    if wide:
        law = numerics.trained_count(n, wide, lam)
        yield (
            f"SGD and m = {wide} neurons",
            law.mean(),
            law.probability_none,
            "law of the count of the flow",
        )
    if n <= m:
        yield (
            f"initial rows on disjoint sets of {m // n} neurons",
            0.0,
            1.0,
            "exact: such rows do not interact",
        )
        yield "initial weights of one sign", 0.0, 1.0, "measured: opposite signs do not arise"


def _width(n: int, m: int, lam: float, wanted: float) -> int | None:
    """The least width, doubling from m, at which the flow has no polysemantic neuron as wanted."""
    while m < _WIDEST:
        m *= 2
        try:
            law = numerics.trained_count(n, m, lam)
        except ValueError:  # l1 kills features
            return None
        if law.probability_none >= wanted:
            return m
    return None
