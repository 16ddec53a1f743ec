r"""Two rows without others, and what their kicks predict for a whole network.

For lambda -> 0 the rows first repel each other until they are orthogonal. This has a closed form:
repulsion turns :math:`W_1 \to \cosh\mu\,W_1 - \sinh\mu\,W_2` and likewise for :math:`W_2`, so an
overlap q > 0 vanishes at :math:`\tanh 2\mu = q`. Then each step shrinks the repelled rows,
:math:`V_1=S(W_1-cW_2)`, :math:`V_2=S(W_2-cW_1)`, with the least :math:`c\ge0` for which V has no
positive overlap, and restores unit norms. The functions of
:mod:`polysem.numerics.interference.kicks` collect the kicks on the way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .._types import Array, BoolArray, FloatArray, IntArray
from .._validate import (
    check_choice,
    check_integer,
    check_lam,
    check_rel,
    check_rng,
    check_sizes,
)
from ..training.train import train
from .kicks import KickRecorder, top_kicks
from .retained import ROW_LAWS, top_weights

_BLOCK = 1 << 15  # weights of a row held at once; more falls out of the cache
_MAX_STEPS = 100_000
_NEWTON_STEPS = 50
_ORTHOGONAL = 1e-12
KICK_GROUPS = 10  # whose spread is the standard error of the prediction


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoRows:
    """Kicks and winners of pairs of rows (:func:`two_rows`), each reduced to its last weight.

    Parameters
    ----------
    kicks : numpy.ndarray, shape (2 pairs, keep)
        Kicks of the largest initial weights of each row, in units of their initial scale.
    retained : numpy.ndarray of bool, shape (2 pairs,)
        Whether the initially largest weight won.

    Source
    ------
    paper_notes/reshuffling.md (the two-row prediction).
    """

    kicks: FloatArray
    retained: BoolArray


def two_rows(
    m: int,
    pairs: int,
    rng: np.random.Generator,
    *,
    lam: float = 0.0,
    rel: float = 0.03,
    keep: int = 24,
    law: str = "gaussian",
) -> TwoRows:
    """Run independent pairs of rows and collect the kicks: by the flow, or its limit lambda -> 0.

    In the limit the step has an error of first order in ``rel`` and all else is exact; for
    lambda > 0 the steps are those of the optimizer "flow".

    >>> import numpy as np
    >>> from polysem import numerics
    >>> found = numerics.two_rows(64, pairs=200, rng=np.random.default_rng(0))
    >>> found.kicks.shape, bool(found.retained.mean() > 0.8)
    ((400, 24), True)

    Parameters
    ----------
    m : int
        Number of neurons.
    pairs : int
        Number of independent pairs.
    rng : numpy.random.Generator
        Source of the initial weights.
    lam : float
        The paper's lambda, in flow units; 0 stands for the limit.
    rel : float
        In the limit: step, as a fraction of the time in which the larger row would vanish.
    keep : int
        How many of the largest initial weights to follow.
    law : {"gaussian", "laplace"}
        The law of the initial weights.

    Raises
    ------
    ValueError
        For a size, step or law out of range.

    Source
    ------
    paper_notes/reshuffling.md (the two-row prediction).
    """
    check_rng(rng)
    m = check_integer("m", m, "the number of neurons")
    pairs = check_integer("pairs", pairs, "the number of pairs of rows")
    check_choice("law", law, ROW_LAWS)
    rel = check_rel(rel)
    lam = check_lam(lam)
    keep = min(check_integer("keep", keep, "the number of weights kept"), m)
    draw = rng.standard_normal if law == "gaussian" else (lambda size: rng.laplace(size=size))
    kicks, retained = [], []
    for first in range(0, pairs, max(1, _BLOCK // m)):
        initial = draw((min(pairs - first, max(1, _BLOCK // m)), 2, m))
        kick, final = _run(initial, rel) if lam == 0 else _flow(initial, lam)
        kicks.append(top_kicks(initial, kick, keep))
        winner, start = np.abs(final).argmax(axis=-1), np.abs(initial).argmax(axis=-1)
        retained.append((winner == start).ravel())
    return TwoRows(kicks=np.concatenate(kicks), retained=np.concatenate(retained))


def _flow(initial: FloatArray, lam: float) -> tuple[Array, Array]:
    """Kicks and final rows by the flow; kicks in units of the initial scale 1/sqrt(m)."""
    scale = initial.shape[-1] ** -0.5
    recorder = KickRecorder(scale * initial)
    final = train(scale * initial, lam, observe=recorder, tolerance=1e-3).weights
    return recorder.kick / scale, final


def _run(initial: FloatArray, rel: float) -> tuple[Array, Array]:
    """Kicks in units of the initial weights, and final rows of unit norm."""
    kick, final = np.zeros_like(initial), np.zeros_like(initial)
    amplitude = 1 / _norms(initial)
    batch = _Batch(
        pair=np.arange(len(initial)),
        neuron=np.broadcast_to(np.arange(initial.shape[-1]), initial[:, 0].shape),
        rows=initial * amplitude[..., None],
        amplitude=amplitude,
        sign=np.sign(initial),
        kick=np.zeros_like(initial),
        alive=np.ones(initial.shape, dtype=bool),
        rate=np.zeros(len(initial)),
    )
    batch.turn_apart()
    for _ in range(_MAX_STEPS):
        live = batch.rows != 0
        over = (live.sum(axis=-1) == 1).all(axis=-1) & (_overlap(batch.rows) <= 0)
        width = int((live | batch.alive).any(axis=1).sum(axis=-1).max(initial=0))
        if over.any() or 2 * width <= live.shape[-1]:
            batch.store(kick, final)
            batch = batch.part(~over, width)
        if not batch.pair.size:
            return kick, final
        batch.step(rel)
    raise ArithmeticError(
        f"Got rel={rel:g}; two rows did not converge within {_MAX_STEPS} steps of this size: "
        "give a larger rel, below 1."
    )


@dataclass(kw_only=True, eq=False)
class _Batch:
    """Pairs that still move, each with the neurons on which it may have a weight."""

    pair: IntArray  # (pairs,)
    neuron: IntArray  # (pairs, width)
    rows: FloatArray  # (pairs, 2, width), as are the next but amplitude (pairs, 2)
    amplitude: FloatArray
    sign: FloatArray
    kick: FloatArray
    alive: BoolArray
    rate: FloatArray  # (pairs,): of the reaction in the last step

    def turn_apart(self) -> None:
        """Repulsion alone, until no pair has a positive overlap."""
        overlap = np.clip(_overlap(self.rows), 0, 1 - 1e-15)
        mu = np.arctanh(overlap)[:, None, None] / 2
        apart = np.cosh(mu) * self.rows - np.sinh(mu) * self.rows[:, ::-1]
        self._finish(apart - self.rows, apart)

    def step(self, rel: float) -> None:
        l1 = np.abs(self.rows).sum(axis=-1)
        size = rel / l1.max(axis=-1)
        threshold = (size[:, None] * (1 - size[:, None] * l1 / 2))[..., None]
        reaction, rows = _apart(self.rows, threshold, self.rate * size)
        self.rate = reaction / size
        self._finish(-reaction[:, None, None] * self.rows[:, ::-1], rows)

    def _finish(self, push: FloatArray, rows: FloatArray) -> None:
        self.kick += np.where(self.alive, self.sign * push / self.amplitude[..., None], 0.0)
        self.alive &= rows * self.sign > 0
        norms = _norms(rows)
        self.rows, self.amplitude = rows / norms[..., None], self.amplitude / norms

    def store(self, kick: FloatArray, final: FloatArray) -> None:
        for whole, part in ((kick, self.kick), (final, self.rows)):
            for row in (0, 1):
                whole[self.pair[:, None], row, self.neuron] = part[:, row]

    def part(self, keep: BoolArray, width: int) -> _Batch:
        """The pairs that go on, on the neurons that matter to them."""
        used = ((self.rows != 0) | self.alive).any(axis=1)[keep]
        place = np.argsort(~used, axis=-1, kind="stable")[:, :width]

        def pick(array: Array) -> Array:
            return np.take_along_axis(array[keep], place[:, None], axis=-1)

        return _Batch(
            pair=self.pair[keep],
            neuron=np.take_along_axis(self.neuron[keep], place, axis=-1),
            rows=pick(self.rows),
            amplitude=self.amplitude[keep],
            sign=pick(self.sign),
            kick=pick(self.kick),
            alive=pick(self.alive),
            rate=self.rate[keep],
        )


def _apart(
    rows: FloatArray, threshold: FloatArray, reaction: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The least reactions c >= 0 with which the shrunk rows do not overlap, and these rows.

    By Newton's method from the given reactions: the overlap is piecewise quadratic in c.
    """
    alone = rows - np.clip(rows, -threshold, threshold)
    reaction = np.where(_overlap(alone) > 0, reaction, 0.0)
    for _ in range(_NEWTON_STEPS):
        moved = rows - reaction[:, None, None] * rows[:, ::-1]
        moved -= np.clip(moved, -threshold, threshold)
        overlap = _overlap(moved)
        if (np.where(reaction > 0, np.abs(overlap), overlap) <= _ORTHOGONAL).all():
            break
        fall = np.einsum("pik,pik,pik->p", rows, moved, moved[:, ::-1] != 0)
        reaction = np.maximum(0, reaction + overlap / np.maximum(fall, _ORTHOGONAL))
    return reaction, moved


def _overlap(rows: FloatArray) -> FloatArray:
    return np.einsum("pk,pk->p", rows[:, 0], rows[:, 1])


def _norms(rows: FloatArray) -> FloatArray:
    return np.sqrt(np.einsum("...k,...k->...", rows, rows))


def two_row_prediction(
    kicks: ArrayLike,
    n: int,
    m: int,
    rng: np.random.Generator,
    *,
    draws: int = 20_000,
    law: str = "gaussian",
) -> tuple[float, float]:
    """Fraction of winners retained among n rows if each row is kicked by n - 1 independent ones.

    Draws the largest weights of a fresh row, adds the kick vectors of n - 1 partners drawn from
    the sample, and asks whether the first weight is still in front. No fitted constant; the
    partners' screening of one another is left out: measured within 2 % of R for lambda -> 0 and
    n <= 2 sqrt(m), within 8 % at n = 4 sqrt(m), too low beyond and at larger lambda.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> rng = np.random.default_rng(0)
    >>> kicks = numerics.two_rows(64, pairs=500, rng=rng).kicks
    >>> value, error = numerics.two_row_prediction(kicks, 16, 64, rng, draws=2000)
    >>> 0.5 < value < 0.7, error < 0.05
    (True, True)

    Parameters
    ----------
    kicks : array_like, shape (rows, keep)
        Kick vectors of the largest weights, in units of their initial scale.
    n, m : int
        Numbers of features and of neurons of the network.
    rng : numpy.random.Generator
        Source of the draws.
    draws : int
        Number of rows drawn.
    law : {"gaussian", "laplace"}
        The law of the initial weights.

    Returns
    -------
    value, error : float
        The fraction, and its standard error: of the draws and of the sample of kicks, from ten
        groups of kicks.

    Raises
    ------
    ValueError
        For sizes out of range.

    Source
    ------
    paper_notes/reshuffling.md (the two-row prediction).
    """
    check_rng(rng)
    n, m, _ = check_sizes(n, m)
    kicks = np.asarray(kicks, dtype=float)
    draws = check_integer("draws", draws, "the number of rows drawn", minimum=KICK_GROUPS)
    if kicks.ndim != 2 or len(kicks) < KICK_GROUPS:
        raise ValueError(
            f"Got kicks of shape {kicks.shape}; give an array of shape (rows, keep), as "
            f"numerics.top_kicks returns it, with at least {KICK_GROUPS} rows."
        )
    groups = np.array_split(kicks, KICK_GROUPS)
    values = [_fraction(group, n, m, draws // KICK_GROUPS, rng, law) for group in groups]
    whole = _fraction(kicks, n, m, draws, rng, law)
    return whole, float(np.std(values, ddof=1) / np.sqrt(KICK_GROUPS))


def _fraction(
    kicks: FloatArray, n: int, m: int, draws: int, rng: np.random.Generator, law: str
) -> float:
    weights = top_weights(m, draws, kicks.shape[-1], rng, law=law)
    for _ in range(n - 1):
        weights += kicks[rng.integers(len(kicks), size=draws)]
    return float(np.mean(weights.argmax(axis=-1) == 0))
