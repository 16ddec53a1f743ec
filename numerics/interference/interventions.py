"""Interference with one of its parts removed, to measure the effect of this part.

Row j pushes each of its weights onto the weight of row i on the same neuron. The push repels
where the two have one sign, and supports where their signs are opposite. Here support can be
scaled, and the support by each row's largest weight removed; all else stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._arrays import diagonal_of, namespace, rectified, set_diagonal
from .._types import Array
from ..training.gradient import reconstruction_loss


@dataclass(frozen=True, kw_only=True)
class AlteredInterference:
    r"""The paper's model with the support by opposite signs scaled; a model for ``train``.

    A weight :math:`W_{ik} \ne 0` feels :math:`-\sum_j G_{ij}^+ W_{jk} c_{ijk}`, with c = 1 where
    :math:`W_{ik}W_{jk} > 0` and c = ``support`` where it is < 0 (0 for the largest weight of row
    j without ``winner_push``). A weight at zero is pulled towards the sign, if there is one,
    which the same rule would let it keep: without support none revives. With support = 1 and
    winner_push this is the paper's force, exactly. Otherwise it is not the gradient of a loss.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> start = numerics.initial_weights(4, 16, np.random.default_rng(0))
    >>> whole = numerics.AlteredInterference()
    >>> bool(np.allclose(whole.gradient(start), numerics.gradient(start), atol=1e-14))
    True
    >>> off = numerics.AlteredInterference(support=0.0)
    >>> numerics.train(start, 0.02, model=off, step_size=0.2).outcome.name
    'CONVERGED'

    Parameters
    ----------
    support : float
        Factor in [0, 1] on pushes onto weights of opposite sign.
    winner_push : bool
        Whether a row's currently largest weight supports weights of opposite sign.

    Source
    ------
    paper_notes/reshuffling.md (what lowers the count); paper_notes/optimizer.md (under AdamW).
    """

    array_api: ClassVar[bool] = True
    keeps_zero_neurons: ClassVar[bool] = True

    support: float = 1.0
    winner_push: bool = True

    def __post_init__(self) -> None:
        if not 0 <= self.support <= 1:
            raise ValueError(
                f"Got support={self.support!r}; it must lie in [0, 1]: it multiplies the forces "
                "between weights of opposite signs (1 leaves them unchanged, 0 removes them)."
            )

    def loss(self, weights: Array) -> Array:
        """The reconstruction loss; the altered force does not descend it."""
        return reconstruction_loss(weights)

    def gradient(self, weights: Array, rng: np.random.Generator | None = None) -> Array:
        """Minus four times feature benefit and altered interference, as a gradient would be."""
        xp, gram = namespace(weights), weights @ weights.mT
        gram = rectified(gram, out=gram)
        benefit = 1 - diagonal_of(gram)
        gram = set_diagonal(gram, 0.0)
        down, up = gram @ rectified(weights), gram @ rectified(-weights)
        if self.winner_push:
            support_up, support_down = up, down
        else:
            largest = xp.argmax(xp.abs(weights), axis=-1, keepdims=True)
            neurons = xp.arange(weights.shape[-1], device=weights.device)
            rest = xp.where(neurons == largest, 0.0, weights)
            support_up, support_down = gram @ rectified(-rest), gram @ rectified(rest)
        positive = self.support * support_up - down  # growth of a positive weight
        negative = self.support * support_down - up  # growth of a negative one
        dead = rectified(positive) - rectified(negative)
        interference = xp.where(weights > 0, positive, xp.where(weights < 0, -negative, dead))
        return -4 * (benefit[..., None] * weights + interference)
