"""Hypothesis strategies for networks: sizes, seeds and weights.

They draw a seed for the random weights, so a failing example can be reproduced.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..numerics._extras import need
from ..numerics._types import FloatArray
from ..numerics._validate import check_rng, check_sizes

need("hypothesis", "verify")

from hypothesis import strategies as st  # noqa: E402


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network to test: sizes, l1 weight and seed, which determine the initial weights.

    >>> from polysem import verify
    >>> verify.strategies.Network(n=3, m=4, lam=0.1, seed=0).weights().shape
    (3, 4)

    Parameters
    ----------
    n, m : int
        Features and neurons.
    lam : float
        The paper's lambda.
    seed : int
        Seed of the initial weights.
    """

    n: int
    m: int
    lam: float
    seed: int

    def rng(self) -> np.random.Generator:
        """A generator that depends on the sizes and the seed alone."""
        return np.random.default_rng([self.seed, self.n, self.m])

    def weights(self) -> FloatArray:
        """Initial weights, standard deviation 1/sqrt(m), shape (n, m)."""
        from ..numerics import initial_weights

        return initial_weights(self.n, self.m, self.rng())

    def occupied(self) -> FloatArray:
        """A final state in which no slot is taken twice, shape (n, m); requires n <= 2m."""
        return exclusion_state(self.n, self.m, self.rng())


def exclusion_state(n: int, m: int, rng: np.random.Generator) -> FloatArray:
    """Unit weights on n different (neuron, sign) slots drawn at random.

    >>> import numpy as np
    >>> from polysem import verify
    >>> state = verify.strategies.exclusion_state(4, 2, np.random.default_rng(0))
    >>> int(np.count_nonzero(state)), int(state.sum())
    (4, 0)

    Parameters
    ----------
    n, m : int
        Features and neurons, n <= 2m.
    rng : numpy.random.Generator
        Source of the random draw.

    Returns
    -------
    ndarray, shape (n, m)
        One weight +1 or -1 in each row.

    Raises
    ------
    ValueError
        If there are more features than slots.

    Source
    ------
    paper_notes/collisions.md.
    """
    n, m, _ = check_sizes(n, m)
    check_rng(rng)
    if n > 2 * m:
        raise ValueError(
            f"Got n={n}, m={m}; a neuron holds at most two features, one for each sign: n must be "
            "<= 2m."
        )
    slots = rng.permutation(2 * m)[:n]
    weights = np.zeros((n, m))
    weights[np.arange(n), slots // 2] = 1.0 - 2.0 * (slots % 2)
    return weights


def networks(
    *,
    max_features: int = 8,
    max_neurons: int = 12,
    min_lam: float = 0.0,
    max_lam: float = 0.25,
    slots: bool = False,
) -> st.SearchStrategy[Network]:
    """Networks of all sizes up to a maximum, with any l1 weight and seed.

    >>> from hypothesis import given
    >>> from polysem import verify
    >>> @given(verify.strategies.networks(max_features=4))
    ... def test_rows(network):
    ...     assert len(network.weights()) == network.n <= 4
    >>> test_rows()

    Parameters
    ----------
    max_features, max_neurons : int
        Largest n and m.
    min_lam, max_lam : float
        Range of the paper's lambda.
    slots : bool
        Only n <= 2m, so that every feature can have its own (neuron, sign) slot.
    """

    def of_size(m: int) -> st.SearchStrategy[Network]:
        return st.builds(
            Network,
            n=st.integers(1, min(max_features, 2 * m) if slots else max_features),
            m=st.just(m),
            lam=st.floats(min_lam, max_lam),
            seed=st.integers(0, 2**32 - 1),
        )

    return st.integers(1, max_neurons).flatmap(of_size)


def sizes(*, max_features: int = 200, max_neurons: int = 400) -> st.SearchStrategy[tuple[int, int]]:
    """Pairs (n, m) with n <= 2m, the range of the exclusion law.

    >>> from hypothesis import given
    >>> from polysem import verify
    >>> @given(verify.strategies.sizes())
    ... def test_room(size):
    ...     n, m = size
    ...     assert n <= 2 * m
    >>> test_room()

    Parameters
    ----------
    max_features, max_neurons : int
        Largest n and m.
    """
    return st.integers(1, max_neurons).flatmap(
        lambda m: st.tuples(st.integers(1, min(max_features, 2 * m)), st.just(m))
    )
