r"""Loss and gradient of the tied rectified autoencoder, by hand.

The derivation in one line: with :math:`G = WW^\top` and :math:`R = \mathrm{ReLU}(G) - I`,
:math:`dL = 2\langle R, dG\rangle` (the rectifier's derivative is already in :math:`R` off the
diagonal, and :math:`G_{ii} \ge 0`), and :math:`dG = dW\,W^\top + W\,dW^\top` with :math:`R`
symmetric gives :math:`dL = 4\langle RW, dW\rangle`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from .._arrays import diagonal_of, namespace, raise_diagonal, rectified, set_diagonal
from .._types import Array
from .._validate import check_array, check_lam

_UNSCALED = 16.0  # row sum from which on steps are in inverse proportion to it


def diagonal(matrix: Array) -> Array:
    """The diagonal of each square matrix of a stack, as a view that can be written to."""
    return np.einsum("...ii->...i", matrix)


def stiffness(row_sum: Array) -> Array:
    """What the steps of the flow are in inverse proportion to, from the row sums of ReLU(W W^T)."""
    row_sum = np.maximum(row_sum, 1)
    return np.minimum(row_sum**3, _UNSCALED**2 * row_sum)


class Model(Protocol):
    """What the training loop asks of a model: its loss and its gradient.

    Any object with these members can be trained, see :func:`polysem.numerics.train`. The l1 and l2
    regularisers are not part of the model. A model whose array holds parameters that are not
    regularised has a method ``regularised(weights)``: 1 where the regularisers act, else 0.
    A model whose array holds more than rows of weights has a method ``unpack(parameters)``, whose
    first result are the rows to measure.
    A model that samples noise or data draws it from ``rng``; then no step shows rest.
    A model gets arrays of NumPy. Set ``array_api = True`` in a model that takes arrays of every
    library of the array API standard and returns arrays of the same library on the same device;
    such a model can be trained on an accelerator.

    >>> from polysem import numerics
    >>> model: numerics.Model = numerics.OneHot()

    Parameters
    ----------
    keeps_zero_neurons : bool
        True if a neuron whose weights are all zero has a zero gradient. The loop then leaves
        such neurons out, which changes no result. Use False if you do not know.

    Source
    ------
    Lecomte et al. 2023, Sec. 2.
    """

    @property
    def keeps_zero_neurons(self) -> bool: ...

    def loss(self, weights: Array) -> Array:
        """Loss of each network, shape ``weights.shape[:-2]``."""

    def gradient(self, weights: Array, rng: np.random.Generator | None = None) -> Array:
        """Derivative of the loss by each weight, shape of ``weights``; a new array."""


@dataclass(frozen=True, kw_only=True)
class OneHot:
    r"""The paper's model: every feature shown once, alone, with value 1.

    :math:`L = \sum_i \lVert \sigma(WW^\top e_i) - e_i \rVert^2` with :math:`\sigma` the
    rectifier, or the identity. Exact.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> float(numerics.OneHot().loss(np.array([[1.0], [-1.0]])))
    0.0
    >>> float(numerics.OneHot(relu=False).loss(np.array([[1.0], [-1.0]])))
    2.0

    Parameters
    ----------
    relu : bool
        Whether the output is rectified.
    keeps_zero_neurons : bool
        Whether a neuron without weights stays without, so that it may be left out.

    Source
    ------
    Lecomte et al. 2023, Sec. 2.
    """

    array_api: ClassVar[bool] = True

    relu: bool = True
    keeps_zero_neurons: bool = True

    def loss(self, weights: Array) -> Array:
        """Loss of each network."""
        residual = self.residual(weights)
        residual *= residual
        return namespace(residual).sum(residual, axis=(-2, -1))

    def gradient(self, weights: Array, rng: np.random.Generator | None = None) -> Array:
        """4 (ReLU(W W^T) - I) W."""
        residual = self.residual(weights)
        residual *= 4
        return residual @ weights

    def residual(self, weights: Array) -> Array:
        """Error of the reconstruction, ReLU(W W^T) - I, shape (..., n, n); a new array."""
        gram = weights @ weights.mT  # NumPy takes the symmetric product here
        if self.relu:
            gram = rectified(gram, out=gram)
        return raise_diagonal(gram, -1)


def reconstruction_loss(weights: Array) -> Array:
    r"""Squared error of the reconstruction, summed over all inputs and outputs.

    :math:`L = \lVert \mathrm{ReLU}(WW^\top) - I \rVert_F^2`. Exact.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> float(numerics.reconstruction_loss(np.zeros((3, 2))))
    3.0

    Parameters
    ----------
    weights : numpy.ndarray, shape (n, m) or (networks, n, m)
        The weights, features first.

    Returns
    -------
    numpy.ndarray, shape () or (networks,)
        The loss of each network, a sum and not a mean.

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 2.
    """
    return OneHot().loss(check_array("weights", weights))


def loss(weights: Array, lam: float) -> Array:
    r"""The loss that is trained: reconstruction and l1 regulariser.

    :math:`\lVert \mathrm{ReLU}(WW^\top) - I \rVert_F^2 + 4\lambda\lVert W\rVert_1`: in the
    authors' program the weight of the second term is :math:`\lambda_{code} = 4\lambda`. Exact.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> float(numerics.loss(np.eye(3), lam=0.25))
    3.0

    Parameters
    ----------
    weights : numpy.ndarray, shape (n, m) or (networks, n, m)
        The weights, features first.
    lam : float
        The paper's lambda, in flow units.

    Returns
    -------
    numpy.ndarray, shape () or (networks,)
        The loss of each network.

    Raises
    ------
    ValueError
        If lam is negative or the weights are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 2.
    """
    lam, weights = check_lam(lam), check_array("weights", weights)
    xp = namespace(weights)
    return reconstruction_loss(weights) + 4 * lam * xp.sum(xp.abs(weights), axis=(-2, -1))


def gradient(weights: Array) -> Array:
    r"""Derivative of the reconstruction loss by the weights.

    :math:`\partial L/\partial W = 4\,(\mathrm{ReLU}(WW^\top) - I)\,W`. Exact.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.gradient(np.array([[2.0]]))
    array([[24.]])

    Parameters
    ----------
    weights : numpy.ndarray, shape (n, m) or (networks, n, m)
        The weights, features first.

    Returns
    -------
    numpy.ndarray, shape of ``weights``
        The gradient, in units of the loss; the flow is -1/4 of it.

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 2.
    """
    return OneHot().gradient(check_array("weights", weights))


@dataclass(frozen=True, kw_only=True)
class Forces:
    """The three forces of the paper on each weight, in flow units, as :func:`forces` returns them.

    Parameters
    ----------
    feature_benefit, interference, regularization : numpy.ndarray, shape of the weights
        (1 - |W_i|^2) W_i; -sum over j of ReLU(W_i . W_j) W_j; -lam sign(W_i).

    Source
    ------
    Lecomte et al. 2023, Sec. 3.
    """

    feature_benefit: Array
    interference: Array
    regularization: Array

    @property
    def total(self) -> Array:
        """Their sum: the velocity of the flow where no weight is zero."""
        return self.feature_benefit + self.interference + self.regularization


def forces(weights: Array, lam: float) -> Forces:
    r"""Feature benefit, interference and regularisation.

    :math:`\dot W_i = (1-|W_i|^2) W_i - \sum_{j\ne i}\mathrm{ReLU}(W_i\cdot W_j) W_j
    - \lambda\,\mathrm{sign}(W_i)`, which is -1/4 of the derivative of :func:`loss`. Exact.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> numerics.forces(np.array([[1.0, 0.0], [0.5, 0.0]]), lam=0.1).interference
    array([[-0.25, -0.  ],
           [-0.5 , -0.  ]])

    Parameters
    ----------
    weights : numpy.ndarray, shape (n, m) or (networks, n, m)
        The weights, features first.
    lam : float
        The paper's lambda, in flow units.

    Raises
    ------
    ValueError
        If lam is negative or the weights are not finite.

    Source
    ------
    Lecomte et al. 2023, Sec. 3.
    """
    weights, lam = check_array("weights", weights), check_lam(lam)
    gram = weights @ weights.mT
    row_norm2 = diagonal_of(gram)
    gram = set_diagonal(rectified(gram, out=gram), 0.0)
    return Forces(
        feature_benefit=(1 - row_norm2)[..., None] * weights,
        interference=-(gram @ weights),
        regularization=-lam * namespace(weights).sign(weights),
    )
