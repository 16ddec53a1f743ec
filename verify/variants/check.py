"""Every number of a variant against training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from ...numerics._validate import check_integer, check_sizes
from ...theory.variants.variant import Variant
from ..show.tables import Table, Tabular, rows_table
from ..stats.agreement import TABLE_CAPTION
from . import counts, rows
from .setting import Compared, Setting, mean_and_error

_LAM = 0.05  # of the trained networks
_HEAD = (
    "The initial weights have the variance 1/m, where no other start is named. After +-: the "
    "standard\nerror, or a bound on the numerical error where the number is not random."
)


@dataclass(frozen=True, kw_only=True, repr=False)
class VariantCheck(Tabular):
    """The numbers of a variant against training, as :func:`check_variant` returns them.

    Parameters
    ----------
    variant : Variant
        The variant.
    agreements : tuple of Agreement
        One for each number, with its setting ``where`` and the ``error`` of the measured value: the
        standard error, or the bound on the numerical error where the number is not random.
    trained_neurons, retained : tuple of float, or None
        Measured, not predicted: the mean number of shared neurons of the trained networks (a
        feature sits on a neuron if the size of its weight is .8 to 1.2, the rule of the authors),
        and the part of the features that keep the neuron of their largest initial weight, each
        with its standard error. None where no neuron wins, because the rows stay dense.
    trained : str
        The setting of the trained networks; empty where none is trained.

    Source
    ------
    paper_notes/variants.md
    """

    variant: Variant
    agreements: tuple[Compared, ...]
    trained_neurons: tuple[float, float] | None
    retained: tuple[float, float] | None
    trained: str

    @property
    def agrees(self) -> bool:
        """Whether every number agrees within its margin."""
        return all(agreement.verdict == "agrees" for agreement in self.agreements)

    def table(self) -> Table:
        """One row for each number."""
        return rows_table(
            "variant", TABLE_CAPTION, [agreement.row() for agreement in self.agreements]
        )

    def __repr__(self) -> str:
        width = max(len(found.quantity) for found in self.agreements)
        lines = [repr(self.variant), _HEAD]
        for where, group in groupby(self.agreements, key=lambda found: found.where):
            lines.append(f"{where}:")
            lines += (
                f"  {found.quantity:<{width}}  predicted {found.prediction:<9.5g} measured "
                f"{found.estimate:<10.5g} +- {found.error:<7.2g} {found.verdict}"
                for found in group
            )
        if self.trained_neurons and self.retained:
            lines += [
                f"{self.trained}; measured only:",
                "  shared neurons (two or more weights of size .8 to 1.2): {:.4f} +- {:.4f}".format(
                    *self.trained_neurons
                ),
                "  features that keep the neuron of their largest initial weight: "
                "{:.4f} +- {:.4f}".format(*self.retained),
            ]
        return "\n".join(lines)


def check_variant(
    variant: Variant,
    *,
    n: int = 16,
    m: int = 64,
    l2: float = 0.1,
    rows: int = 20_000,
    wide: int = 50,
    networks: int = 20_000,
    trained: int = 300,
    entropy: int = 0,
) -> VariantCheck:
    """Train a variant and compare every number that it states.

    Numbers of a row must agree within 2 %, counts within 5 %. Each random number has an interval
    that misses the true value with a probability of 1 %, and it agrees if this interval lies within
    the margin. Each check chooses a lambda that suits its formula: a quarter of the fold at rest,
    and one so small that rows become sparse within 400 units of time.

    >>> from polysem import theory, verify
    >>> radial = theory.variant(penalty="l2")
    >>> verify.check_variant(radial, n=8, m=16, trained=100).agrees
    True

    Parameters
    ----------
    variant : Variant
        Of :func:`polysem.theory.variant`.
    n, m : int
        Features and neurons of the networks whose choices are counted.
    l2 : float
        The weight of the l2 term, where the penalty has one.
    rows : int
        Rows that are followed to one weight; ten times as many are drawn for the gap.
    wide : int
        Rows of many weights whose live weights and l1 norm are measured at two times; a law with a
        long tail needs more.
    networks : int
        Networks whose initial choices are counted.
    trained : int
        Networks that are trained.
    entropy : int
        Seed of all random numbers.

    Returns
    -------
    VariantCheck

    Raises
    ------
    ValueError
        For sizes that are not positive, or a penalty that has no test here (an exponent above 2).

    Source
    ------
    paper_notes/variants.md
    """
    n, m, _ = check_sizes(n, m, None)
    samples = {"rows": rows, "wide": wide, "networks": networks, "trained": trained}
    for name, value in samples.items():
        check_integer(name, value, "a number of samples", minimum=2)
    setting = Setting(
        variant=variant, n=n, m=m, l2=l2, rows=rows, wide=wide, networks=networks, entropy=entropy
    )
    if not variant.sparsifies and setting.penalty.power is not None:
        raise ValueError(
            f"Got the penalty {variant.penalty!r}; check_variant trains exponents below 2 and l2: "
            "compare the formulas of this one by numerics.train with numerics.PowerFlow."
        )
    found = (*_rows(setting), *counts.choices(setting))
    if not variant.sparsifies:
        return VariantCheck(
            variant=variant, agreements=found, trained_neurons=None, retained=None, trained=""
        )
    shared, same = counts.trained(setting, trained, _LAM)
    where = counts.trained_where(setting, trained, _LAM)
    return VariantCheck(
        variant=variant,
        agreements=(*found, *counts.trained_zero(setting, shared, where)),
        trained_neurons=mean_and_error(shared),
        retained=mean_and_error(same),
        trained=where,
    )


def _rows(setting: Setting) -> Iterator[Compared]:
    if not setting.variant.sparsifies:
        yield from rows.radial(setting)
        return
    for check in (rows.rest, rows.solution, rows.many, rows.extremes):
        yield from check(setting)
