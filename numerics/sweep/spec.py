"""The specification of a sweep: its cells and the runs of each, read from a TOML file."""

from __future__ import annotations

import itertools
import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .._files import read_text
from .._validate import (
    check_choice,
    check_fields,
    check_fraction,
    check_integer,
    check_nonnegative,
    check_seed,
    check_sizes,
)
from ..cooccurrence.pairs import Pairs
from ..noise.law import LAWS, Noise
from ..noise.model import DRAWS, AveragedNoise, SampledNoise
from ..training.gradient import Model, OneHot
from ..training.initial import SCALES
from ..training.optimizers import resolve_optimizer
from ..training.place import DTYPES, HERE
from ..training.problem import Problem
from ..training.records import zero_scale

NOISE = ("averaged", *DRAWS)
LARGEST_CHUNK = 10_000
LARGEST_GRID = 10_000  # settings
LARGEST_SWEEP = 100_000  # chunks
_NAMES = ["entropy", "runs", "chunk", "device", "dtype"]


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One point of a grid: the settings that its runs share.

    >>> from polysem import numerics
    >>> numerics.Cell(n=64, m=256, lam=0.01).optimizer
    'flow'

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons.
    lam : float
        The paper's lambda, in units of the flow.
    optimizer : str
        "flow", "splitting", "quasistatic", "sgd", "adamw", "rmsprop" or "lion".
    scale : str
        Initial weights, by the names of :func:`initial_scale`.
    sigma : float
        Standard deviation of hidden noise.
    law : str
        Its law, by the names of :class:`Noise`.
    excess_kurtosis : float, optional
        Of the three-point law.
    noise : {"averaged", "shared", "independent"}
        Its exact mean, or new draws at each step: one for all inputs, or one each.
    pair_weight : float
        Weight of each co-occurring pair.
    values : {"binary", "uniform"}
        Values of co-occurring features.
    settings : tuple of (str, object)
        Settings of the optimizer to replace.
    dead_below : float, optional
        Rows no longer than this are dead, see :func:`without_jitter`; unless given 0, exact zeros,
        for an optimizer that sets weights to zero, and 0.2 for one that does not.

    Raises
    ------
    ValueError
        For a value out of range; the message shows the value and what is allowed.

    Source
    ------
    paper_notes/sweeps.md.
    """

    n: int
    m: int
    lam: float
    optimizer: str = "flow"
    scale: str = "paper"
    sigma: float = 0.0
    law: str = "bipolar"
    excess_kurtosis: float | None = None
    noise: str = "averaged"
    pair_weight: float = 0.0
    values: str = "binary"
    settings: tuple[tuple[str, Any], ...] = ()
    dead_below: float | None = None

    def __post_init__(self) -> None:
        check_sizes(self.n, self.m)
        check_fields(self, check_integer, n="the number of features", m="the number of neurons")
        check_fields(
            self,
            check_nonnegative,
            lam="an l1 weight",
            sigma="the standard deviation of the noise",
            pair_weight="the weight of a co-occurring pair",
        )
        check_choice("scale", self.scale, SCALES)
        if self.dead_below is not None:
            check_fields(self, check_fraction, dead_below="the largest length of a dead row")
        check_choice("noise", self.noise, NOISE)
        check_choice("law", self.law, LAWS)
        check_choice("values", self.values, ("binary", "uniform"))
        if self.sigma and self.pair_weight:
            raise ValueError(
                f"Got sigma={self.sigma} and pair_weight={self.pair_weight}; a setting of a sweep "
                "has noise (sigma) or co-occurrence (pair_weight), not both: remove one of them."
            )
        problem = Problem(lam=self.lam, model=self.model)
        self.built_optimizer.start(np.broadcast_to(0.0, (1, self.n, self.m)), problem)

    @property
    def built_optimizer(self) -> Any:
        """The optimizer with the cell's settings."""
        return resolve_optimizer(self.optimizer, dict(self.settings))

    @property
    def zero_scale(self) -> float:
        """The length up to which a row is dead."""
        given = self.dead_below
        return zero_scale(self.built_optimizer, self.lam) if given is None else given

    @property
    def model(self) -> Model:
        """What is trained."""
        if self.pair_weight:
            return Pairs(pair_weight=self.pair_weight, values=self.values)  # type: ignore[arg-type]
        if not self.sigma:
            return OneHot()
        noise = Noise(sigma=self.sigma, law=self.law, excess_kurtosis=self.excess_kurtosis)
        if self.noise == "averaged":
            return AveragedNoise(noise=noise)
        return SampledNoise(noise=noise, draws=self.noise)


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Consecutive runs of one cell, computed and stored together.

    >>> from polysem import numerics
    >>> numerics.Chunk(cell=3, first=20, count=10).name
    'cell00003-run000020'

    Parameters
    ----------
    cell : int
        Place of the cell in the grid.
    first, count : int
        The first run, and how many.

    Source
    ------
    paper_notes/sweeps.md.
    """

    cell: int
    first: int
    count: int

    def __post_init__(self) -> None:
        check_fields(
            self,
            partial(check_integer, minimum=0),
            cell="the place of a cell",
            first="the first run",
        )
        check_fields(self, check_integer, count="the number of runs")

    @property
    def name(self) -> str:
        """The stem of its files."""
        return f"cell{self.cell:05d}-run{self.first:06d}"


@dataclass(frozen=True, kw_only=True)
class SweepSpec:
    """A grid of cells, the runs of each, and the root of all random draws.

    >>> from polysem import numerics
    >>> spec = numerics.SweepSpec.from_dict(
    ...     {"entropy": 7, "runs": 25, "chunk": 10, "grid": [{"n": 8, "m": [16, 32], "lam": 0.1}]}
    ... )
    >>> len(spec.cells), [chunk.count for chunk in spec.chunks()]
    (2, [10, 10, 5, 10, 10, 5])

    Parameters
    ----------
    entropy : int
        Run r of cell c draws from ``SeedSequence(entropy, spawn_key=(c, r))``.
    runs : int
        Runs of each cell.
    cells : tuple of Cell
        In the order of the grid; new cells go to its end.
    chunk : int
        Runs to a file.
    device, dtype : str
        Where the runs are computed, and in which type, as :func:`training_on` takes them.

    Raises
    ------
    ValueError
        For an unknown or missing name, an empty grid, or a value that makes no sense.

    Source
    ------
    paper_notes/sweeps.md.
    """

    entropy: int
    runs: int
    cells: tuple[Cell, ...]
    chunk: int = 10
    device: str = "cpu"
    dtype: str = "float64"

    def __post_init__(self) -> None:
        check_choice("dtype", self.dtype, DTYPES)
        check_fields(self, check_seed, entropy="the root of all draws")
        check_fields(
            self,
            check_integer,
            runs="the number of runs of a cell",
            chunk="the number of runs to a file",
        )
        if self.chunk > LARGEST_CHUNK:
            raise ValueError(
                f"Got chunk={self.chunk}; chunk is the number of runs in one file and must be <= "
                f"{LARGEST_CHUNK}."
            )
        if not self.cells:
            raise ValueError("Got an empty grid; give at least one setting (n, m, lam).")
        chunks = len(self.cells) * -(-self.runs // self.chunk)
        if chunks > LARGEST_SWEEP:
            raise ValueError(
                f"Got runs={self.runs}, chunk={self.chunk} and {len(self.cells)} settings, which "
                f"make {chunks} files; at most {LARGEST_SWEEP} are allowed: lower runs, or raise "
                f"chunk (up to {LARGEST_CHUNK})."
            )

    @classmethod
    def from_toml(cls, path: str | Path) -> SweepSpec:
        """Read a spec from a TOML file."""
        text = read_text(Path(path))
        try:
            content = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{path} is not TOML: {error}.") from None
        return cls.from_dict(content)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> SweepSpec:
        """Build a spec from the names of its fields, and a ``grid`` of tables for the cells.

        Every list in a table is an axis; the cells of the table are the product of its axes.
        """
        given = dict(content)
        grid = given.pop("grid", [])
        _known("the spec", given, _NAMES, ["entropy", "runs"])
        if not isinstance(grid, list) or not all(isinstance(table, Mapping) for table in grid):
            raise ValueError(f"Got grid={grid!r}; write each part of it as a table [[grid]].")
        tables = [_axes(table) for table in grid]
        settings = sum(math.prod(map(len, axes.values())) for axes in tables)
        if settings > LARGEST_GRID:
            raise ValueError(
                f"Got a grid of {settings} settings; at most {LARGEST_GRID} are allowed: shorten "
                "its lists."
            )
        return cls(cells=tuple(cell for axes in tables for cell in _cells(axes)), **given)

    def to_dict(self) -> dict[str, Any]:
        """The spec with its cells written out, ready for JSON."""
        return asdict(self)

    def chunks(self) -> Iterator[Chunk]:
        """All chunks, cell by cell."""
        for cell in range(len(self.cells)):
            for first in range(0, self.runs, self.chunk):
                yield Chunk(cell=cell, first=first, count=min(self.chunk, self.runs - first))

    @property
    def place(self) -> dict[str, str]:
        """Where it is computed, for :func:`training_on`: what differs from its defaults."""
        given = {"device": self.device, "dtype": self.dtype}
        return {name: value for name, value in given.items() if value != getattr(HERE, name)}

    def rng(self, cell: int, run: int) -> np.random.Generator:
        """The generator of one run: a pure function of entropy, cell and run."""
        return run_generator(self.entropy, cell, run)


def run_generator(entropy: int, cell: int, run: int) -> np.random.Generator:
    """The generator of one run."""
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=(cell, run)))


_HAS_NO_EFFECT = {"sigma": ("law", "excess_kurtosis", "noise"), "pair_weight": ("values",)}
"""The names of a grid that have no effect without another one."""


def _axes(table: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The list of values of each name in a table of the grid."""
    names = [item.name for item in fields(Cell)]
    _known("the grid", table, names, ["n", "m", "lam"])
    axes = {name: value if isinstance(value, list) else [value] for name, value in table.items()}
    for name, axis in axes.items():
        if not axis:
            raise ValueError(f"Got {name}=[] in the grid; give at least one value.")
    for needed, unused in _HAS_NO_EFFECT.items():
        idle = [name for name in unused if name in axes]
        if idle and not any(axes.get(needed, ())):
            raise ValueError(
                f"Got {', '.join(idle)} in the grid without {needed}; add {needed} > 0, or remove "
                f"{', '.join(idle)}."
            )
    return axes


def _cells(axes: Mapping[str, list[Any]]) -> Iterator[Cell]:
    for values in itertools.product(*axes.values()):
        chosen = dict(zip(axes, values, strict=True))
        settings = chosen.pop("settings", {})
        if not isinstance(settings, Mapping):
            raise ValueError(f"Got settings={settings!r}; give a table of names and values.")
        yield Cell(**chosen, settings=tuple(sorted(settings.items())))


def _known(where: str, given: Mapping[str, Any], names: list[str], needed: list[str]) -> None:
    for name in given:
        if name not in names:
            raise ValueError(f"Got {name!r} in {where}; choose from {', '.join(names)}.")
    for name in needed:
        if name not in given:
            raise ValueError(f"Got no {name!r} in {where}; it needs {', '.join(needed)}.")
