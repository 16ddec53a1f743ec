r"""The fraction of initial winners that still win after kicks of a given law.

On top of a row the entries stand like a Poisson process of density :math:`e^{-y}` in units of
the gap below the winner. Independent kicks x leave the winner in front with probability
:math:`R = E[1/D(x)]`, :math:`D(s) = E\max(1, e^{x'-s})`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr, ndtri

from ... import theory
from .._types import FloatArray
from .._validate import LARGEST, check_choice, check_integer, check_lam, check_rng
from ..bridge import numpy_function

ROW_LAWS = ("gaussian", "laplace")
_SMALLEST, _LARGEST_KICK = 1e-3, 10.0  # the least fraction, and kicks that leave fewer
_NODES = np.linspace(-12.0, 12.0, 961)  # the trapezoidal rule is spectral here: error < 1e-14


def retained_fraction(kick_size: ArrayLike) -> Any:
    r"""Fraction of winners left in place by independent Gaussian kicks.

    .. math:: R(\delta) = \int \frac{\varphi(x)\,dx}
              {\Phi(x) + e^{\delta^2/2-\delta x}\,\Phi(\delta-x)}

    Exact for exponential gaps; Gaussian rows differ by O(1/log m). The same as
    :data:`polysem.theory.retained_fraction`, vectorised: to 1e-13 for sizes up to 3.

    >>> from polysem import numerics
    >>> numerics.retained_fraction([0.0, 0.5, 1.0]).round(4)
    array([1.    , 0.7444, 0.5387])

    Parameters
    ----------
    kick_size : array_like, shape (...)
        Standard deviation of a kick, in units of the gap below the winner, >= 0.

    Returns
    -------
    ndarray, shape (...)

    Raises
    ------
    ValueError
        If a size is negative or not a number.

    Source
    ------
    paper_notes/reshuffling.md (winners under independent kicks).
    """
    size = np.asarray(kick_size, dtype=float)[..., None]
    if not ((size >= 0) & (size <= LARGEST)).all():
        raise ValueError(
            f"Got kick_size={kick_size!r}; it is the standard deviation of the kicks and must be "
            f">= 0 and <= {LARGEST:g}."
        )
    with np.errstate(over="ignore"):  # no winner stays
        above = np.exp(size**2 / 2 - size * _NODES + log_ndtr(size - _NODES))
    weight = np.exp(-(_NODES**2) / 2) / np.sqrt(2 * np.pi) * (_NODES[1] - _NODES[0])
    return (weight / (ndtr(_NODES) + above)).sum(axis=-1)[()]


def retained_fraction_of_kicks(kicks: ArrayLike) -> float:
    r"""Fraction of winners left in place by independent kicks of an empirical law.

    :math:`R = E[1/D(x)]`, :math:`D(s) = E\max(1, e^{x'-s})`, with the averages over the sample;
    exact for exponential gaps and kicks of that law. O(N log N) for N kicks.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> kicks = np.random.default_rng(0).normal(0, 0.5, 100_000)
    >>> round(numerics.retained_fraction_of_kicks(kicks), 2)
    0.74

    Parameters
    ----------
    kicks : array_like, shape (N,)
        A sample of kicks, in units of the gap below the winner.

    Raises
    ------
    ValueError
        If there are no kicks, or one is not finite.

    Source
    ------
    paper_notes/reshuffling.md (winners under independent kicks).
    """
    x = np.sort(np.asarray(kicks, dtype=float).ravel())
    if not (x.size and np.isfinite(x).all()):
        bad = x.size - int(np.isfinite(x).sum())
        raise ValueError(
            f"Got {x.size} kicks (changes of weights by interference), of which {bad} are not "
            "finite; give at least one kick, and only finite kicks."
        )
    tail = np.cumsum(np.exp(x - x[-1])[::-1])[::-1]  # sum over x' >= x of e^(x' - max)
    mean = (np.arange(x.size) + np.exp(x[-1] - x) * tail) / x.size
    return float(np.mean(1 / mean))


def retained_fraction_fast(n: ArrayLike, m: ArrayLike) -> Any:
    """Fraction of initial winners in front after the fast phase, n/m small, lambda t << 1.

    ``R(delta)`` at :data:`polysem.theory.fast_kick_size`. Asymptotic in n/sqrt(m); within 3 points
    of the flow for n/m <= 1/4.

    >>> from polysem import numerics
    >>> round(float(numerics.retained_fraction_fast(16, 64)), 3)
    0.745

    Parameters
    ----------
    n, m : array_like of int
        Numbers of features and of neurons, n <= m.

    Returns
    -------
    ndarray

    Source
    ------
    paper_notes/reshuffling.md (the fast phase).
    """
    return retained_fraction(numpy_function(theory.fast_kick_size)(n=n, m=m))


def retained_fraction_sparse(n: ArrayLike, m: ArrayLike, *, law: str = "gaussian") -> Any:
    """Fraction of features whose initial winner wins in the end, lambda -> 0, no fitted constant.

    ``R(delta)`` at :data:`polysem.theory.sparse_kick_size`. Heuristic in one factor of order 1:
    measured within 9 % of R for n <= 2 sqrt(m) at m = 64..4096, up to 13 % too large at 4 sqrt(m).

    >>> from polysem import numerics
    >>> round(float(numerics.retained_fraction_sparse(128, 1024)), 3)
    0.551

    Parameters
    ----------
    n, m : array_like of int
        Numbers of features and of neurons, m > 1.
    law : {"gaussian", "laplace"}
        The law of the initial weights.

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        For another law of the weights.

    Source
    ------
    paper_notes/reshuffling.md (freeze-out).
    """
    check_choice("law", law, ROW_LAWS)
    formula = theory.sparse_kick_size if law == "gaussian" else theory.sparse_kick_size_laplace
    constant = float(theory.PAIR_CONSTANT)
    return retained_fraction(numpy_function(formula)(n=n, m=m, pair_constant=constant))


def retained_fraction_flow(n: int, m: int, lam: float, *, limit: float | None = None) -> float:
    r"""Fraction of features whose initial winner wins in the end under the flow.

    The kicks of the limit :math:`\lambda\to0`, their variance times
    :data:`polysem.theory.late_kick_share`; no fitted constant. From the measured fraction of the
    limit it has 2 % of error, root mean square, for n <= 2m/3, m = 30..1024; from that of
    :func:`retained_fraction_sparse` 5 %, for n <= 4 sqrt(m), m = 64..1024.

    >>> from polysem import numerics
    >>> round(numerics.retained_fraction_flow(64, 256, 0.03, limit=0.48), 3)
    0.593
    >>> round(numerics.retained_fraction_flow(64, 256, 0.03), 3)
    0.623

    Parameters
    ----------
    n, m : int
        Numbers of features and of neurons, m > 1.
    lam : float
        The paper's lambda, in units of the flow.
    limit : float, optional
        The fraction for lambda -> 0, from 0.001 to 1; unless given, the law's.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For a fraction out of range, or sizes that :func:`retained_fraction_sparse` refuses.

    Source
    ------
    paper_notes/omega_theory.md
    """
    lam = check_lam(lam)
    start = float(retained_fraction_sparse(n, m)) if limit is None else limit
    if not _SMALLEST <= start <= 1:
        raise ValueError(
            f"Got n={n}, m={m} and limit={start:.3g}; it is the fraction of winners kept for "
            f"lambda -> 0 and must lie between {_SMALLEST:g} and 1."
        )
    if not lam or start == 1:
        return start
    size = brentq(lambda x: float(retained_fraction(x)) - start, 0.0, _LARGEST_KICK)
    share = theory.late_kick_share(
        lag=theory.contact_lag(m=m, lam=lam),
        last_stage=math.sqrt(theory.winner_height(m=m) / math.sqrt(m)),
    )
    return float(retained_fraction(size * math.sqrt(share)))


def top_weights(
    m: int, rows: int, keep: int, rng: np.random.Generator, *, law: str = "gaussian"
) -> FloatArray:
    """The largest of m absolute weights, in falling order, without drawing the others.

    Exact: the j-th largest of m uniforms is the (j-1)-th times an m-j+1-th root of a uniform.

    >>> import numpy as np
    >>> from polysem import numerics
    >>> top = numerics.top_weights(10**9, rows=2, keep=3, rng=np.random.default_rng(0))
    >>> top.shape, bool((np.diff(top) < 0).all())
    ((2, 3), True)

    Parameters
    ----------
    m : int
        Number of weights in a row.
    rows, keep : int
        Number of rows, and of weights kept from each.
    rng : numpy.random.Generator
        Source of the draws.
    law : {"gaussian", "laplace"}
        The law of the weights.

    Returns
    -------
    ndarray, shape (rows, keep)
        In units of the scale of the weights.

    Raises
    ------
    ValueError
        If keep is larger than m, or for another law.

    Source
    ------
    paper_notes/reshuffling.md (the two-row prediction).
    """
    check_rng(rng)
    check_choice("law", law, ROW_LAWS)
    m = check_integer("m", m, "the number of weights in a row")
    rows = check_integer("rows", rows, "the number of rows")
    keep = check_integer("keep", keep, "the number of weights kept")
    if keep > m:
        raise ValueError(
            f"Got keep={keep}, m={m}; keep is the number of weights of each row that are kept and "
            "must lie between 1 and m."
        )
    falls = rng.exponential(size=(rows, keep)) / (m - np.arange(keep))
    above = -np.expm1(-np.cumsum(falls, axis=1))  # fraction of the law above each weight
    return -np.log(above) if law == "laplace" else -ndtri(above / 2)
