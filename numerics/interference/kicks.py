r"""Interference as additive kicks to the initial weights, recorded along a run.

While a weight has not touched zero, :math:`|W_{ik}| = A_i(|w_{ik}| + \eta_{ik} - B_i)` with
:math:`\dot A_i = (1-|W_i|^2)A_i`, :math:`\dot B_i = \lambda/A_i` and
:math:`\dot\eta_{ik} = \sigma_{ik} F_{ik}/A_i`, F the interference. The steps of the flow obey the
same identity without error when growth acts first: a step h multiplies A by
:math:`1 + h(1-|W|^2)`, and adds :math:`h\lambda/A` to B and :math:`h\sigma F/A` to
:math:`\eta` with the new A.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .._types import Array, FloatArray
from .._validate import check_integer, check_weights
from ..training.train import Step


class KickRecorder:
    """Amplitude, threshold and kicks of every row, fed by ``train(..., observe=recorder)``.

    For the optimizer "flow" (proximal steps), with the paper's interference or an altered one.
    The kick of a weight stays what it was when the weight first touched zero.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(4, 16, np.random.default_rng(0))
    >>> recorder = numerics.KickRecorder(start)
    >>> run = numerics.train(start, lam=0.01, max_time=5.0, observe=recorder)
    >>> live = recorder.alive[0]
    >>> bool(np.allclose(run.weights[live], recorder.weights()[0][live], rtol=1e-10, atol=0))
    True

    Parameters
    ----------
    initial : numpy.ndarray, shape (n, m) or (networks, n, m)
        The weights from which the run starts.
    thresholds : iterable of float, optional
        Values of the clock B, in units of the weights, at which each row's kicks are kept.

    Attributes
    ----------
    amplitude, threshold : numpy.ndarray, shape (networks, n)
        A and B of each row.
    kick : numpy.ndarray, shape (networks, n, m)
        The kicks, in units of the weights.
    alive : numpy.ndarray of bool, shape (networks, n, m)
        Which weights have never touched zero.
    kick_at : numpy.ndarray, shape (thresholds, networks, n, m)
        Kicks when B first passed each threshold; NaN where it never did.

    Source
    ------
    paper_notes/reshuffling.md (the kick identity).
    """

    def __init__(self, initial: Array, thresholds: Iterable[float] = ()):
        initial = check_weights("initial", initial)
        initial = (initial if initial.ndim == 3 else initial[None]).astype(np.float64)
        self.size, self.sign = np.abs(initial), np.sign(initial)
        self.alive = self.size > 0
        self.kick = np.zeros_like(initial)
        self.amplitude = np.ones(initial.shape[:2])
        self.threshold = np.zeros(initial.shape[:2])
        self.thresholds = np.asarray(tuple(thresholds), dtype=float)
        self.kick_at = np.full((len(self.thresholds), *initial.shape), np.nan)

    def __call__(self, step: Step) -> None:
        before = step.before.astype(np.float64, copy=False)
        h = step.size[:, None]
        benefit = 1 - np.square(before).sum(axis=-1)
        force = -step.problem.gradient(before) / 4 - benefit[..., None] * before
        self.amplitude = self.amplitude * (1 + h * benefit)
        self.kick += np.where(self.alive, (h / self.amplitude)[..., None] * self.sign * force, 0.0)
        self.threshold = self.threshold + h * step.problem.lam / self.amplitude
        self.alive &= step.after * self.sign > 0
        for kept, threshold in zip(self.kick_at, self.thresholds, strict=True):
            passed = np.isnan(kept[..., 0]) & (self.threshold >= threshold)
            kept[passed] = self.kick[passed]

    def weights(self) -> FloatArray:
        """The weights that the identity gives: meaningful where ``alive``, 0 elsewhere."""
        height = self.size + self.kick - self.threshold[..., None]
        return np.where(self.alive, self.sign * self.amplitude[..., None] * height, 0.0)


def top_kicks(initial: Array, kick: Array, keep: int) -> FloatArray:
    """The kicks of the largest initial weights of each row, in the order of those weights.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start, kick = np.array([[0.1, -0.3, 0.2]]), np.array([[1.0, 2.0, 3.0]])
    >>> numerics.top_kicks(start, kick, keep=2)
    array([[2., 3.]])

    Parameters
    ----------
    initial, kick : numpy.ndarray, shape (..., m)
        Initial weights and kicks.
    keep : int
        How many weights of each row.

    Returns
    -------
    ndarray, shape (rows, keep)
        All rows in one list.

    Source
    ------
    paper_notes/reshuffling.md (the two-row prediction).
    """
    keep = check_integer("keep", keep, "the number of weights kept")
    if keep > initial.shape[-1]:
        raise ValueError(
            f"Got keep={keep}; a row has only {initial.shape[-1]} weights: give a smaller keep."
        )
    order = np.argsort(-np.abs(initial), axis=-1)[..., :keep]
    return np.take_along_axis(kick, order, axis=-1).reshape(-1, keep)
