"""Diagnosis of trained weights by a law of the count and the measured training band."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np

from ... import numerics
from ...numerics._types import Array, BoolArray
from ...numerics._validate import check_lam, check_weights
from ...numerics.training.measure import AUTHORS_BAND
from ..measured import training_band
from ..stats.power import POWER_QUANTILE
from ..stats.totals import detectable_ratios, ratio_interval, total_law
from .arrays import to_numpy
from .isotropy import SPARSE_SHARE, alignment_p_value, rotation_free
from .neurons import neurons_with_features
from .nulls import Laws, degenerate, excess, law, names_of, point_laws, total_and_error
from .orientation import resolve_layout
from .result import LAW_MARGIN, Diagnosis

LARGEST = 1_000_000_000
"""Memory that a diagnosis uses at most, in bytes."""

_SMALL = 256  # rows of a matrix all of whose eigenvalues are computed at once

SIMPLEX_SHARE = 0.5
"""Largest distance from a regular simplex, over that of an orthonormal code, of a simplex."""


def diagnose(
    weights: Any,
    *,
    layout: str | None = None,
    null: str = "exclusion",
    optimizer: str | None = None,
    lam: float | None = None,
    significance: float = 0.01,
    dead_below: float = numerics.DEAD_BELOW,
) -> Diagnosis:
    """Count the shared neurons of trained weights and compare the count with theory.

    The count is compared with a law (exact two-sided p-value of the total over the instances), and
    with the band of ratios that were measured after training near these sizes.  A small p-value
    does not identify a cause; possible causes are listed as candidates.  A large p-value is no
    evidence for the law: the count is compatible with it only if the interval of the ratio, count
    over law, lies within 20 % of 1.

    Neurons are counted if the rows lie along them more closely than rows without a preferred basis
    would: at a small width even random rows have most of their squared norm in one weight.  If
    they do not, the verdict is "cannot-tell" or "no-neurons", and measures that do not depend on
    the basis are given.  Copies of one network among the instances count once.

    >>> import numpy as np
    >>> from polysem import verify
    >>> print(verify.diagnose(np.eye(3)[:, :2], layout="features-first").forced)
    0.0

    Parameters
    ----------
    weights : array_like, shape (n, m) or (instances, n, m)
        Trained weights, also a torch tensor or parameter; (m, n) with ``layout="neurons-first"``.
    layout : str, optional
        "features-first" or "neurons-first".  Without it a matrix with fewer rows than columns is
        read features-first, unless the other reading has the smaller reconstruction loss; a stack
        is read the way that fits clearly better.
    null : {"exclusion", "independent"}
        The law: no slot taken twice, or independent choices.
    optimizer : {"flow", "quasistatic", "adamw"}, optional
        Compare with the law of the count after training, :func:`polysem.numerics.trained_count`.
    lam : float, optional
        The paper's lambda, in flow units, for ``optimizer``; without it the limit 0, and for
        AdamW the value under which it was measured.
    significance : float
        The p-value below which a hypothesis is rejected, in (0, 1).
    dead_below : float
        A feature is dead, and taken as zero, if its row is no longer than this fraction of the
        longest row of all networks, see :func:`polysem.numerics.dead_rows`.

    Returns
    -------
    Diagnosis
        Counts, law, p-value, band and verdict.

    Raises
    ------
    ValueError
        If the weights have another rank or are not finite, or their orientation is unclear, or the
        law was not measured at these sizes.

    Source
    ------
    paper_notes/statistics.md.
    """
    if not 0 < significance < 1:
        raise ValueError(f"Got significance={significance}; it must lie in (0, 1).")
    name, words = names_of(null, optimizer, None if lam is None else check_lam(lam))
    values = check_weights(
        "weights", weights if isinstance(weights, np.ndarray) else to_numpy(weights)
    )
    stack = values[None] if values.ndim == 2 else values
    layout = resolve_layout(stack, layout, stacked=values.ndim == 3)
    if layout == "neurons-first":
        stack = np.swapaxes(stack, 1, 2)
    given, n, m = stack.shape
    _check_memory(given, n, m)

    dead_rows, short = _dead_rows(stack, dead_below)
    stack = np.where(dead_rows[..., None], 0, stack)
    stack = _distinct(stack)
    instances = len(stack)
    dead_rows = np.asarray(~stack.any(axis=-1))
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
        "copies": given - instances,
        "layout": layout,
        "law": words,
        "sparse_share": share,
        "alignment_p_value": alignment_p_value(scaled),
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
        "carried": neurons_with_features(stack, sits),
        **_carried(stack, sits),
    }
    if not live_rows:
        return Diagnosis(**found, verdict="no-live-feature")
    regular = n > 2 and found["simplex_distance"] < SIMPLEX_SHARE / math.sqrt(n)
    simplex = regular and found["simplex_limit"] < AUTHORS_BAND[0]
    countable = share >= SPARSE_SHARE and found["alignment_p_value"] < significance
    if not countable:
        found["rotation_free"] = rotation_free(scaled)
    elif seated.max() > 2 * m:
        return Diagnosis(**found, verdict="more-features-than-slots")
    else:
        laws = [
            (law(name, int(size), m, lam), count)
            for size, count in Counter(seated[seated > 0].tolist()).items()
        ]
        found |= _against_law(laws, int(np.sum(shared)), instances, significance)
        found |= _excess(found) if n > m else {}
        found |= _against_band(seated[seated > 0], int(np.sum(shared)), m, significance)
    if simplex:
        return Diagnosis(**found, verdict="noise-simplex")
    if not countable and share < SPARSE_SHARE:
        return Diagnosis(**found, verdict="short-rows" if short else "no-neurons")
    if not countable:
        return Diagnosis(**found, verdict="cannot-tell")
    return Diagnosis(**found, verdict=_verdict(found))


def _dead_rows(stack: Array, dead_below: float) -> tuple[BoolArray, bool]:
    """Which rows are dead beside the longest of all networks, and whether even that is short."""
    size = float(np.abs(stack).max()) or 1.0
    longest = float(np.linalg.norm(stack / size, axis=-1).max())
    dead = numerics.dead_rows(stack / size, dead_below, length=longest)
    return dead, longest < numerics.DEAD_BELOW / size


def _distinct(stack: Array) -> Array:
    """The networks in their order, each once."""
    kept: dict[bytes, int] = {}
    for place, network in enumerate(stack):
        kept.setdefault(network.tobytes(), place)
    return stack[list(kept.values())]


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


def _against_law(laws: Laws, total: int, instances: int, significance: float) -> dict[str, Any]:
    """Comparison of the total over the instances with the law."""
    law, uncertain = total_and_error(laws)
    point = point_laws(laws)
    mean = sum(one.mean() * count for one, count in point)
    found: dict[str, Any] = {
        "expected": mean / instances,
        "expected_interval": tuple(end / instances for end in law.interval(0.95)),
        "p_value": min(1.0, 2 * min(law.tails(total))),
        "detectable": (None, None),
        "degenerate": degenerate(law),
    }
    if not mean:
        return found
    error = math.hypot(math.sqrt(sum(one.var() * count for one, count in point)) / mean, uncertain)
    low, high = ratio_interval(point, total, significance=significance)
    wider = math.exp(_quantile(significance) * uncertain)
    return found | {
        "ratio": total / mean,
        "ratio_error": error,
        "ratio_interval": (low / wider, high * wider),
        "networks_needed": _networks_needed(instances, error, significance),
        "detectable": detectable_ratios(point, significance=significance),
    }


def _excess(found: dict[str, Any]) -> dict[str, Any]:
    """The shared neurons above the forced ones; each leaves one neuron without a feature."""
    forced = found["forced"]
    above = float(np.mean(found["neurons"])) - forced
    if "ratio_interval" not in found or above < 0:
        return {}
    return {
        "excess": above,
        "excess_interval": excess(found["ratio_interval"], found["expected"], forced),
    }


def _against_band(seated: Array, total: int, m: int, significance: float) -> dict[str, Any]:
    """Comparison with the ratios to the exclusion law that training gave near these sizes."""
    band = training_band(round(float(seated.mean())), m)
    laws = [(numerics.ExclusionLaw(int(n), m), count) for n, count in Counter(seated).items()]
    if band is None or not sum(one.mean() for one, _ in laws):
        return {}
    outside = min(
        total_law(laws, ratio=band.lower).tails(total)[0],
        total_law(laws, ratio=band.upper).tails(total)[1],
    )
    return {
        "band": (band.lower, band.upper),
        "band_p_value": min(1.0, 2 * outside),
        "inside_band": 2 * outside >= significance,
    }


def _quantile(significance: float) -> float:
    from scipy.stats import norm

    return float(norm.isf(significance / 2))


def _networks_needed(instances: int, error: float, significance: float) -> int:
    """About how many networks put the interval of a ratio of 1 inside the margin."""
    reach = (_quantile(significance) + POWER_QUANTILE) * error
    return math.ceil(instances * (reach / LAW_MARGIN) ** 2)


def _verdict(found: dict[str, Any]) -> str:
    mean = np.mean(found["neurons"])
    if mean < found["forced"]:
        return "slots-taken-twice"
    if found["forced"] and mean == found["forced"] and not found["same_sign"]:
        return "forced-by-capacity"
    if found["forced"] and found["degenerate"]:
        return "degenerate-law"
    if found["p_value"] >= found["significance"]:
        if "ratio_interval" not in found:
            return "too-few-features"
        low, high = found["ratio_interval"]
        inside = max(1 - low, high - 1) <= LAW_MARGIN
        return f"compatible-with-{_slug(found)}" if inside else "undecided"
    if found["law"] != "the exclusion law":
        return "below-the-law" if found.get("ratio", 2.0) < 1 else "above-the-law"
    if "band" not in found:
        return "outside-the-law"
    if found["inside_band"]:
        return "inside-training-band"
    low = found["ratio"] < found["band"][0]
    return "below-training-band" if low else "above-training-band"


def _slug(found: dict[str, Any]) -> str:
    return "exclusion-law" if found["law"] == "the exclusion law" else "the-law"
