"""The recorded networks that show what removes AdamW's excess."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..published import data_rows

TABLE = "adam_interventions.csv"
ADAMW = "adamw"
WITHOUT_MEMORY = ("short memory", "sign descent", "row mean")
_SIZE = (16, 1024, 0.016)


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """Networks of one variant of AdamW, n = 16, m = 1024, lambda = 0.016.

    Parameters
    ----------
    variant : str
        What was changed.
    networks, neurons : int
        The networks, and their polysemantic neurons in total.
    low, high : float
        The 95 % interval of the mean of one network.
    chance : float
        The mean of the exclusion law.
    retained : float
        The retained fraction.
    """

    variant: str
    networks: int
    neurons: int
    low: float
    high: float
    chance: float
    retained: float

    @property
    def mean(self) -> float:
        """Polysemantic neurons of one network."""
        return self.neurons / self.networks


@cache
def interventions() -> tuple[Intervention, ...]:
    """The rows of the committed table at the size of the interventions.

    >>> from polysem.verify.optimizer.interventions import interventions
    >>> [one.variant for one in interventions()][:2]
    ['adamw', 'short memory']
    """
    found = []
    for row in data_rows(TABLE):
        if (int(row["n"]), int(row["m"]), float(row["lam"])) == _SIZE:
            networks = int(row["networks"])
            found.append(
                Intervention(
                    variant=row["variant"],
                    networks=networks,
                    neurons=int(row["neurons"]),
                    low=float(row["neurons_low"]),
                    high=float(row["neurons_high"]),
                    chance=float(row["chance"]),
                    retained=int(row["retained"]) / (networks * int(row["n"])),
                )
            )
    return tuple(found)
