r"""The limit of weak regularisation, as a sweeping process whose cost does not depend on lambda.

With :math:`\tau = \lambda t` fixed and :math:`\lambda \to 0` the fast forces are always in
equilibrium: rows have unit norm and no pair of rows has a positive overlap. What remains is the
projected gradient flow of the l1 norm on that set. Each constraint has a reaction, a multiplier
:math:`c_{ij}\ge0` with which two rows repel each other; a step shrinks the repelled weights, and
the multipliers follow the overlaps that are left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._arrays import (
    cast,
    copied,
    each,
    namespace,
    rectified,
    set_diagonal,
    shrunk,
    taken,
    to_library,
    to_numpy,
    written,
)
from .._types import Array
from .._validate import check_fields, check_integer, check_positive, check_rel
from .descent import Moved, State, UntilRest
from .problem import Problem
from .repulsion import (
    Rows,
    fast_phases,
    largest_entry,
    largest_row_sum,
    repel,
    unit_rows,
    without_overlap,
)
from .rest import several_weights, still_rows
from .solution import Outcome

# Of a multiplier in each round of a step; 1 would cure the overlap of a lone pair at once. They are
# near the inverse zeros of the fourth Chebyshev polynomial on [.5, 2] (1.80, .51, 1.04, .65), which
# together cure best what responds to a multiplier by half to twice of a lone pair's response.
_GAINS = (1.8, 0.5, 1.1, 0.65)
_CROWD = 0.7  # of the part that many rows have in how overlaps respond
_LARGEST_FORCE = 1.8  # sum of a row's overlaps from which on the gains are lowered
_LARGEST_EXPLICIT = 1.5  # step times rate of a mode; from 2 on the rounds would diverge
_POWERS = 8
_NEWTON_STEPS = 20
_NEWTON_TOLERANCE = 1e-2  # of what the regulariser takes from a weight


@dataclass(frozen=True, kw_only=True)
class QuasiStatic(UntilRest):
    r"""The limit of weak regularisation, in steps that are fractions of the rows' own l1 norm.

    It begins with the fast phase of the flow. A step removes what there is of positive overlaps
    by repulsion alone, which leaves unit rows W; then, with
    :math:`d\tau = \mathrm{rel}/\max_i\lVert W_i\rVert_1`, it does four times

    .. math:: V \leftarrow S_{d\tau}\Big(W - c\,\frac{W+V}2\Big), \qquad
              c_{ij} \leftarrow \Big(c_{ij} + \frac{g\,G_{ij}}{\max(F_{ij}, e_i, e_j)}\Big)_+ ,

    where V begins as W and is scaled to unit rows each time, c has no diagonal, G are the overlaps
    of V, and F, of the first time, is the square that each of two rows has on the other's live
    neurons, taken together: what a repulsion can work on. Where it is little, many rows together
    matter more, and :math:`(e_i/0.7)^2` is the sum of squares of all rows on a neuron, averaged
    over the live neurons of row i. Rows repel each other as they are in the middle of the step:
    by their places at its start, the error of a step would be two to four times as large. The
    gains g = 1.8, 0.5, 1.1, 0.65 are near Chebyshev's. Some hundred rows repel each
    other mostly in one mode, all together; for what this mode has in c beyond 1.5, the equation is
    solved with the new V on both sides (from 2 on the repetition would diverge). It ends when
    every row has one weight, or weights that started equal and balance.
    Regulariser and reaction act together: a reaction that moves dead weights is taken back by the
    regulariser, and in turns they would have several times the error of the step. Time is
    :math:`\tau/\lambda` (:math:`\tau` itself for lam = 0); the result depends on lam in nothing
    else. Two errors: that of the limit, which vanishes with lam, and that of the step, which
    vanishes with rel; both are tabulated in paper_notes/training.md. A lone row has an error of
    second order in rel.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(8, 32, np.random.default_rng(0))
    >>> run = numerics.train(start, 0.0, optimizer="quasistatic")
    >>> run.outcome.name, int(numerics.live_weights(run.weights).max())
    ('CONVERGED', 1)

    Parameters
    ----------
    rel : float
        Step, as a fraction of the time in which the largest row would shrink to nothing.
    overlap_tolerance : float
        The largest positive overlap that a repulsion may leave.
    max_time, max_steps : float, int
        Where to end a run that has not come to rest.
    max_pushes : int
        Number of pushes of one repulsion after which the run ends as OVERLAPPING.
    reduce : bool
        Leave out zero neurons and features at rest that share no neuron with another: exact.

    Source
    ------
    paper_notes/training.md.
    """

    name: ClassVar[str] = "quasistatic"
    regularises: ClassVar[bool] = True
    check_every: ClassVar[int] = 4

    rel: float = 0.1
    overlap_tolerance: float = 1e-3
    max_steps: int = 100_000
    max_pushes: int = 10_000

    def __post_init__(self) -> None:
        super().__post_init__()
        check_rel(self.rel)
        check_fields(self, check_positive, overlap_tolerance="an overlap")
        check_fields(self, check_integer, max_pushes="the largest number of pushes")

    def start(self, weights: Array, problem: Problem) -> _Reactions:
        """The limit process remembers the multipliers."""
        if not problem.decouples:
            raise ValueError(
                "Got optimizer='quasistatic' with a model or an l2 that it cannot train; it needs "
                "the paper's model (tied weights, ReLU output, one-hot inputs) and l2=0: use "
                "optimizer='flow'."
            )
        n, m = weights.shape[-2:]
        if n > 2 * m:
            raise ValueError(
                f"Got n={n}, m={m} and optimizer='quasistatic'; it needs n <= 2m, because "
                "among more than 2m rows at least two have a positive inner product: raise m, or "
                "use optimizer='flow'."
            )
        zeros = namespace(weights).zeros
        multipliers = zeros((*weights.shape[:-1], n), dtype=weights.dtype, device=weights.device)
        return _Reactions(multipliers=multipliers)

    def step(self, weights: Array, problem: Problem, limit: Array, state: _Reactions) -> Moved:
        """New weights, exactly sparse, and the time that has passed."""
        xp, clock = namespace(weights), problem.lam or 1.0
        if state.overlap is None:
            weights = fast_phases(weights, self.overlap_tolerance)
        rows, work = Rows(weights, state.overlap), xp.abs(weights)
        l1 = xp.sum(work, axis=-1) / rows.norms()
        longest = to_numpy(xp.max(l1, axis=-1)).astype(float)
        size = np.minimum(self.rel / np.where(longest, longest, self.rel), clock * limit)
        threshold = each(size, weights)
        threshold = threshold * (1 - threshold * l1[..., None] / 2)
        overlapping = repel(rows, self.overlap_tolerance, self.max_pushes)
        state.outcome = dict.fromkeys(overlapping.tolist(), Outcome.OVERLAPPING)
        state.begin(size)
        before = ends = rows.weights() / rows.norms()[..., None]
        for gain in _GAINS:
            alone = not xp.any(state.multipliers)
            excess, mode = state.stiff_mode()
            moved = (state.multipliers / -2) @ (before + ends)
            moved += before
            if excess.any():
                half, guess = each(excess / 2, mode) * mode[..., None], mode[:, None, :] @ ends
                moved += half * guess
                moved -= half * mode_amplitude(moved, threshold, excess / 2, mode, guess)
            ends = unit_rows(shrunk(moved, threshold, work))
            state.follow(ends, gain)
            if alone and not xp.any(state.multipliers):  # the next round would change nothing
                break
        return ends, size / clock

    def resting_rows(self, before: Array, after: Array, size: Array, problem: Problem) -> Array:
        """Which rows have one weight, or exact balance, and no positive overlap."""
        apart = without_overlap(after, self.overlap_tolerance)
        return apart & (still_rows(before, after, 0.0) | ~several_weights(after))


def mode_amplitude(
    moved: Array, threshold: Array, strength: Array, mode: Array, guess: Array
) -> Array:
    r"""What is left of one mode of the rows after it was damped and the weights were shrunk.

    The solution of :math:`a_k=\sum_iu_iS(W_{ik}-y\,u_ia_k)` in each network, by Newton's method:
    the right side is piecewise linear in :math:`a_k` and falls with it. It ends after twenty steps
    at most; six were the most that a run has needed.
    """
    xp, damping = namespace(moved), each(strength, moved)
    pull, row = damping * mode[..., None], mode[:, None, :]
    amplitude = copied(guess)
    accuracy = _NEWTON_TOLERANCE * to_numpy(xp.min(threshold, axis=(-2, -1)))
    force, going = largest_entry(pull), np.full(len(strength), True)
    left, work = xp.empty_like(moved), xp.empty_like(moved)
    for _ in range(_NEWTON_STEPS):
        left = written(xp.multiply, pull, amplitude, out=left)
        left = shrunk(written(xp.subtract, moved, left, out=left), threshold, work)
        live = cast(left != 0, left.dtype)
        change = (row @ left - amplitude) / (1 + damping * (xp.square(row) @ live))
        amplitude += each(going, change) * change
        going &= largest_entry(xp.abs(change)) * force > accuracy
        if not going.any():
            break
    return amplitude


@dataclass(kw_only=True)
class _Reactions(State):
    """The multipliers of the constraints: what each pair repelled each other in the last step.

    Beside them the length of that step, the squares in it and the overlaps after it.
    """

    multipliers: Array
    size: Array | None = None
    met: Array | None = None
    overlap: Array | None = None

    def begin(self, size: Array) -> None:
        """A step of this length."""
        if self.size is not None:
            self.multipliers *= each(size / self.size, self.multipliers)
        self.size, self.met = size, None

    def stiff_mode(self) -> tuple[Array, Array]:
        """The mode in which the rows repel each other most, and by how much this is too much.

        The multipliers are not negative: the mode is that of Perron and Frobenius, close to the
        sum of all rows.
        """
        xp = namespace(self.multipliers)
        mode = xp.sum(self.multipliers, axis=-1)[..., None]
        strength = to_numpy(xp.max(mode, axis=(-2, -1))).astype(float)
        stiff = strength > _LARGEST_EXPLICIT
        if stiff.any():
            for _ in range(_POWERS):
                mode = self.multipliers @ (mode / _length(mode))
            length = _length(mode)
            strength = np.where(stiff, to_numpy(length[:, 0, 0]), 0.0)
            mode = mode / length
        return np.maximum(0.0, strength - _LARGEST_EXPLICIT), mode[..., 0]

    def follow(self, rows: Array, gain: float) -> None:
        """Raise the multipliers where unit rows overlap, lower them where they have parted."""
        xp, c = namespace(rows), self.multipliers
        overlap = rows @ rows.mT
        self.overlap = copied(overlap)
        overlap = set_diagonal(overlap, 0.0)
        if self.met is None:
            live = cast(rows != 0, rows.dtype)
            met, number = live @ xp.square(rows).mT, xp.sum(live, axis=-1)
            crowd = xp.sum(met, axis=-1) / xp.where(number == 0, 1.0, number)
            least = _CROWD * xp.sqrt(xp.where(number == 0, 1.0, crowd))
            self.met = xp.maximum(met + met.mT, xp.maximum(least[:, :, None], least[:, None, :]))
        apart = overlap == 0  # no common neuron: no force
        felt = xp.where((c > 0) | (overlap > 0), xp.abs(overlap), 0.0)
        force = largest_row_sum(felt).astype(float)
        overlap /= self.met
        overlap *= gain
        if (force > _LARGEST_FORCE).any():
            overlap *= each(_LARGEST_FORCE / np.maximum(force, _LARGEST_FORCE), overlap)
        c += overlap
        self.multipliers = xp.where(apart, 0.0, rectified(c, out=c))

    def keep(self, places: Array) -> None:
        """Go on with some of the features."""
        index = to_library(places, self.multipliers)

        def part(matrix: Array) -> Array:
            along = namespace(matrix).take_along_axis
            rows: Array = along(matrix, index[:, :, None], axis=1)
            return along(rows, index[:, None, :], axis=2)

        self.multipliers = part(self.multipliers)
        if self.overlap is not None:
            self.overlap = part(self.overlap)

    def keep_networks(self, index: Array) -> None:
        """Go on with some of the networks."""
        self.multipliers = taken(self.multipliers, index)
        if self.overlap is not None and self.size is not None:
            self.overlap, self.size = taken(self.overlap, index), self.size[index]


def _length(mode: Array) -> Array:
    """The length of a column of numbers, 1 where it is zero."""
    length: Array = namespace(mode).sqrt(mode.mT @ mode)
    return namespace(mode).where(length == 0, 1.0, length)
