"""Diagnosis of trained weights by the exclusion law and the measured training band."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ... import numerics
from ...numerics._types import Array, BoolArray
from ...numerics._validate import check_choice, check_weights
from ...numerics.training.measure import AUTHORS_BAND
from ..measured import training_band
from ..stats.power import POWER_QUANTILE
from ..stats.totals import detectable_ratios, ratio_interval, total_law
from .result import LAW_MARGIN, Diagnosis

SPARSE_SHARE = 0.9
"""Smallest share of live rows with one dominant weight at which neurons are counted."""

LARGEST = 1_000_000_000
"""Memory that a diagnosis uses at most, in bytes."""

_SMALL = 256  # rows of a matrix all of whose eigenvalues are computed at once

LAYOUTS = ("features-first", "neurons-first")

SIMPLEX_SHARE = 0.5
"""Largest distance from a regular simplex, over that of an orthonormal code, of a simplex."""


def diagnose(
    weights: ArrayLike,
    *,
    layout: str | None = None,
    significance: float = 0.01,
    dead_below: float = numerics.DEAD_BELOW,
) -> Diagnosis:
    """Count the shared neurons of trained weights and compare the count with theory.

    The count is compared with the exclusion law (exact two-sided p-value of the total over the
    instances), and with the band of ratios that were measured after training near these sizes.  A
    small p-value does not identify a cause; possible causes are listed as candidates.  A large
    p-value is no evidence for the law: the count is compatible with it only if the interval of the
    ratio, count over law, lies within 20 % of 1.

    >>> import numpy as np
    >>> from polysem import verify
    >>> print(verify.diagnose(np.eye(3)[:, :2], layout="features-first").forced)
    0.0

    Parameters
    ----------
    weights : array_like, shape (n, m) or (instances, n, m)
        Trained weights; (m, n) with ``layout="neurons-first"``.
    layout : str, optional
        "features-first" or "neurons-first"; required if there are more rows than columns.
    significance : float
        The p-value below which a hypothesis is rejected, in (0, 1).
    dead_below : float
        A feature is dead, and taken as zero, if its row is no longer than this fraction of the
        longest row of its network, see :func:`polysem.numerics.dead_rows`.

    Returns
    -------
    Diagnosis
        Counts, law, p-value, band and verdict.

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite, or their orientation is unclear.

    Source
    ------
    paper_notes/statistics.md.
    """
    if not 0 < significance < 1:
        raise ValueError(f"Got significance={significance}; it must lie in (0, 1).")
    stack = check_weights("weights", weights)
    stack = stack[None] if stack.ndim == 2 else stack
    layout = _layout(stack, layout)
    if layout == "neurons-first":
        stack = np.swapaxes(stack, 1, 2)
    instances, n, m = stack.shape
    _check_memory(instances, n, m)

    dead_rows = numerics.dead_rows(stack, dead_below)
    stack = np.where(dead_rows[..., None], 0, stack)
    dead = dead_rows.sum(axis=-1)
    size = float(np.abs(stack).max())
    scaled = stack.astype(float) / (size or 1.0)
    sits = numerics.features_on_neurons(scaled, "scale-free")
    seated = sits.any(axis=-1).sum(axis=-1)
    live_rows = int(instances * n - np.sum(dead))
    share = float(seated.sum()) / live_rows if live_rows else 0.0
    shared = numerics.polysemantic_neurons(scaled, "scale-free")
    found: dict[str, Any] = {
        "n": n,
        "m": m,
        "instances": instances,
        "layout": layout,
        "sparse_share": share,
        "dead": float(np.mean(dead)),
        "dead_below": float(dead_below),
        "seated": float(seated.mean()),
        "neurons": _integers(shared),
        "neurons_authors": _integers(numerics.polysemantic_neurons(stack, "authors")),
        "antipodal_pairs": _integers(numerics.antipodal_pairs(scaled)),
        "forced": float(np.maximum(0, np.minimum(seated - m, m)).mean()),
        "cosines": _cosines(scaled),
        "simplex_distance": round(float(numerics.simplex_distance(scaled).max()), 9)
        if n > 1
        else None,
        "simplex_limit": _simplex_limit(scaled, size),
        "significance": significance,
        **_carried(stack, sits),
    }
    if not live_rows:
        return Diagnosis(**found, verdict="no-live-feature")
    regular = n > 2 and found["simplex_distance"] < SIMPLEX_SHARE / math.sqrt(n)
    simplex = regular and found["simplex_limit"] < AUTHORS_BAND[0]
    if share >= SPARSE_SHARE:
        if seated.max() > 2 * m:
            return Diagnosis(**found, verdict="more-features-than-slots")
        found |= _against_law(seated[seated > 0], int(np.sum(shared)), instances, m, significance)
    if simplex:
        return Diagnosis(**found, verdict="noise-simplex")
    return Diagnosis(**found, verdict="no-neurons" if share < SPARSE_SHARE else _verdict(found))


def _check_memory(instances: int, n: int, m: int) -> None:
    """All pairs of rows are compared: some arrays of the overlaps and of the weights."""
    needed = 8 * instances * n * (5 * n + 6 * m)
    if needed > LARGEST:
        raise ValueError(
            f"Got {instances} network(s) of {n} features x {m} neurons, whose diagnosis needs "
            f"about {needed / 1e9:.3g} GB of memory; at most {LARGEST / 1e9:g} GB are used: give "
            "fewer networks or features."
        )


def _simplex_limit(scaled: Array, size: float) -> float:
    """Largest common size of two weights of a neuron.

    The sum of their squares is at most the largest eigenvalue of W W^T, which is that of W^T W.
    """
    turned = scaled.swapaxes(1, 2)
    products = scaled @ turned if scaled.shape[1] <= scaled.shape[2] else turned @ scaled
    largest = max(_largest_eigenvalue(product) for product in products)
    return round(size * math.sqrt(max(largest, 0.0) / 2), 9)


def _largest_eigenvalue(product: Array) -> float:
    """By Lanczos iteration where all eigenvalues would take seconds."""
    if len(product) <= _SMALL or not product.any():
        return float(np.linalg.eigvalsh(product)[-1])
    from scipy.sparse.linalg import eigsh

    start = np.random.default_rng(0).standard_normal(len(product))
    return float(eigsh(product, k=1, which="LA", v0=start, return_eigenvectors=False)[0])


def _layout(stack: Array, layout: str | None) -> str:
    rows, columns = stack.shape[1:]
    if layout is not None:
        return check_choice("layout", layout, LAYOUTS)
    if rows > columns:
        raise ValueError(
            f"Got weights of shape {stack.shape}, with more rows than columns; give "
            f"layout='features-first' if a row is a feature ({rows} features), or "
            f"layout='neurons-first' if a row is a neuron ({columns} features)."
        )
    return "features-first"


def _integers(values: Array) -> tuple[int, ...]:
    return tuple(np.atleast_1d(values).tolist())


def _cosines(stack: Array) -> dict[str, float]:
    cosine = numerics.overlaps(np.stack([numerics.unit_rows(one) for one in stack]))
    if cosine.size == 0:
        cosine = np.zeros(1)
    return {
        "smallest": float(cosine.min()),
        "mean_absolute": float(np.abs(cosine).mean()),
        "largest": float(cosine.max()),
    }


def _carried(stack: Array, sits: BoolArray) -> dict[str, Any]:
    instances = len(stack)
    positive = (sits & (stack > 0)).sum(axis=1)
    negative = (sits & (stack < 0)).sum(axis=1)
    numbers = Counter((positive + negative).ravel().tolist())
    pairs = (positive * (positive - 1) + negative * (negative - 1)) // 2
    return {
        "features_per_neuron": {k: numbers[k] / instances for k in sorted(numbers)},
        "opposite_signs": float((positive * negative).sum()) / instances,
        "same_sign": float(pairs.sum()) / instances,
    }


def _against_law(
    seated: Array, total: int, instances: int, m: int, significance: float
) -> dict[str, Any]:
    """Comparison of the total over the instances with the law and with the training band."""
    laws = [
        (numerics.ExclusionLaw(int(n), m), int(count))
        for n, count in Counter(seated.tolist()).items()
    ]
    law = total_law(laws)
    mean = sum(one.mean() * count for one, count in laws)
    found: dict[str, Any] = {
        "expected": mean / instances,
        "expected_interval": tuple(end / instances for end in law.interval(0.95)),
        "p_value": min(1.0, 2 * min(law.tails(total))),
        "detectable": (None, None),
    }
    if not mean:
        return found
    error = math.sqrt(sum(one.var() * count for one, count in laws)) / mean
    found |= {
        "ratio": total / mean,
        "ratio_error": error,
        "ratio_interval": ratio_interval(laws, total, significance=significance),
        "networks_needed": _networks_needed(instances, error, significance),
        "detectable": detectable_ratios(laws, significance=significance),
    }
    band = training_band(round(float(seated.mean())), m)
    if band is None:
        return found
    outside = min(
        total_law(laws, ratio=band.lower).tails(total)[0],
        total_law(laws, ratio=band.upper).tails(total)[1],
    )
    return found | {
        "band": (band.lower, band.upper),
        "band_p_value": min(1.0, 2 * outside),
        "inside_band": 2 * outside >= significance,
    }


def _networks_needed(instances: int, error: float, significance: float) -> int:
    """About how many networks put the interval of a ratio of 1 inside the margin."""
    from scipy.stats import norm

    reach = (float(norm.isf(significance / 2)) + POWER_QUANTILE) * error
    return math.ceil(instances * (reach / LAW_MARGIN) ** 2)


def _verdict(found: dict[str, Any]) -> str:
    least = found["forced"] and np.mean(found["neurons"]) <= found["forced"]
    if least and not found["same_sign"]:
        return "forced-by-capacity"
    if found["p_value"] >= found["significance"]:
        low, high = found.get("ratio_interval", (1.0, 1.0))  # absent if the law allows only 0
        inside = max(1 - low, high - 1) <= LAW_MARGIN
        return "compatible-with-exclusion-law" if inside else "undecided"
    if "band" not in found:
        return "outside-the-law"
    if found["inside_band"]:
        return "inside-training-band"
    low = found["ratio"] < found["band"][0]
    return "below-training-band" if low else "above-training-band"
