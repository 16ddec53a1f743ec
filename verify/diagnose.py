"""Is the polysemanticity in these weights what chance, or training, produces?"""

from __future__ import annotations

import html
import json
import math
from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..numerics import (
    ExclusionLaw,
    antipodal_pairs,
    dead_features,
    features_on_neurons,
    overlaps,
    polysemantic_neurons,
    simplex_distance,
    unit_rows,
)
from ..numerics._validate import check_choice, check_sizes, check_weights
from ..numerics.measure import AUTHORS_BAND
from .measured import training_band
from .totals import detectable_ratios, total_law

if TYPE_CHECKING:
    from .figures import Plot

SPARSE_SHARE = 0.9
"""Neurons are spoken of when this share of the live rows has more than half its square in one."""

LAYOUTS = ("features-first", "neurons-first")

SIMPLEX_SHARE = 0.5
"""Overlaps are those of a regular simplex below this share of an orthonormal code's distance."""

VERDICTS = {
    "noise-simplex": "a regular simplex, as noise on the hidden layer makes it: no two rows are "
    "at right angles, and no neuron has room for two weights of size 0.8",
    "no-neurons": "the rows are spread over many neurons: there are no neurons to count",
    "forced-by-capacity": "forced by capacity: as few neurons are shared as there can be",
    "compatible-with-exclusion-law": "compatible with the exclusion law",
    "inside-training-band": "not the exclusion law, but inside the band that training produces",
    "below-training-band": "below the band that training produces",
    "above-training-band": "above the band that training produces",
    "outside-the-law": "not the exclusion law; no training was measured near these sizes",
    "more-features-than-slots": "more features than slots (n > 2m): slots must be shared",
}

_OF_THE_LAW = (
    "expected",
    "expected_interval",
    "ratio",
    "ratio_error",
    "p_value",
    "detectable",
    "band",
    "band_p_value",
    "inside_band",
)

_CANDIDATES = {
    "below": (
        "an optimizer other than gradient flow",
        "weak regularisation, where opposite-sign support crowds the free slots",
        "features that occur together",
        "training on other data or with another loss than the one-hot model",
    ),
    "above": (
        "features that share a neuron with one sign (no rectifier, or training cut short)",
        "initial weights that were not independent",
        "the return to the law near n = m",
        "training on other data or with another loss than the one-hot model",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What the weights of one or many networks say about their polysemanticity.

    Examples
    --------
    >>> import numpy as np
    >>> from polysem import verify
    >>> state = verify.strategies.exclusion_state(64, 128, np.random.default_rng(0))
    >>> found = verify.diagnose(state)
    >>> found.verdict
    'compatible-with-exclusion-law'

    Parameters
    ----------
    n, m, instances : int
        Features, neurons and networks.
    layout : str
        How the array was read: "features-first" or "neurons-first".
    sparse_share : float
        Share of the live rows with more than half of their square in one weight.
    dead : float
        Mean number of features without a weight.
    neurons : tuple of int
        Neurons shared by at least two features in each network, scale-free rule; the count on
        which law, p-value and verdict rest.
    neurons_authors : tuple of int
        The same by the authors' rule (weights of size .8 to 1.2).
    antipodal_pairs : tuple of int
        Pairs of rows with a cosine below -.8, in each network.
    features_per_neuron : dict of int to float
        Mean number of neurons that carry 0, 1, 2, ... features.
    opposite_signs, same_sign : float
        Mean number of pairs of features that share a neuron with opposite signs, and with one.
    forced : float
        The least mean number of shared neurons that capacity allows, the mean of max(0, n - m).
    expected, expected_interval : float, tuple of float
        Mean of the exclusion law for the live features, and its 95 % interval for the mean over
        the instances.  These and the fields down to ``inside_band`` are None where there are no
        neurons to count, more features than slots, or no measurement near.
    ratio, ratio_error : float
        Mean count over expected, and its standard error by the law.
    p_value : float
        Exact, two-sided, for the total over the instances under the exclusion law.
    detectable : tuple of float
        The largest ratio below 1 and the smallest above 1 that this test detects with
        probability 0.99 at ``significance``; None for one that it cannot.
    band : tuple of float
        Ratios that training produces near these sizes.
    band_p_value : float
        Probability of a total as far outside, if the ratio were at the nearer end of the band.
    inside_band : bool
        Whether the count is compatible with a ratio inside the band.
    cosines : dict of str to float
        Basis-free: smallest, mean absolute and largest cosine between rows.
    simplex_distance : float
        Largest relative distance of a network's overlaps from those of a regular simplex; None
        for one feature.
    simplex_limit : float
        The largest size that two weights of one neuron can both have, by the largest eigenvalue
        of the overlaps.
    significance : float
        The p-value below which a hypothesis is given up.
    verdict : str
        A key of ``VERDICTS``.

    Source
    ------
    paper_notes/statistics.md.
    """

    n: int
    m: int
    instances: int
    layout: str
    sparse_share: float
    dead: float
    neurons: tuple[int, ...]
    neurons_authors: tuple[int, ...]
    antipodal_pairs: tuple[int, ...]
    features_per_neuron: dict[int, float]
    opposite_signs: float
    same_sign: float
    forced: float
    expected: float | None
    expected_interval: tuple[float, float] | None
    ratio: float | None
    ratio_error: float | None
    p_value: float | None
    detectable: tuple[float | None, float | None] | None
    band: tuple[float, float] | None
    band_p_value: float | None
    inside_band: bool | None
    cosines: dict[str, float]
    simplex_distance: float | None
    simplex_limit: float
    significance: float
    verdict: str

    @property
    def mean(self) -> float:
        """Mean number of shared neurons."""
        return float(np.mean(self.neurons))

    @property
    def words(self) -> str:
        """The verdict in words."""
        words = VERDICTS[self.verdict]
        if self.verdict == "compatible-with-exclusion-law" and self.inside_band is not None:
            words += ", and " + ("inside" if self.inside_band else "outside")
            words += " the band that training produces"
        return words

    def _detects(self) -> str:
        low, high = self.detectable or (None, None)
        ends = [
            f"ratios {word} {end:.2f}" for word, end in (("below", low), ("above", high)) if end
        ]
        return "it detects " + (" and ".join(ends) or "no other ratio")

    @property
    def candidates(self) -> tuple[str, ...]:
        """Candidate causes of a departure from the law; a count alone singles out none."""
        if self.ratio is None or self.p_value is None or self.p_value >= self.significance:
            return ()
        return _CANDIDATES["below" if self.ratio < 1 else "above"]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self) | {
            "neurons": list(self.neurons),
            "neurons_authors": list(self.neurons_authors),
            "antipodal_pairs": list(self.antipodal_pairs),
            "mean_neurons": self.mean,
            "mean_neurons_authors": float(np.mean(self.neurons_authors)),
            "mean_antipodal_pairs": float(np.mean(self.antipodal_pairs)),
            "verdict_in_words": self.words,
            "candidate_causes": list(self.candidates),
        }

    def __repr__(self) -> str:
        return (
            f"Diagnosis({self.instances} network(s), n={self.n}, m={self.m}: {self.mean:g} shared "
            f"neurons; {self.words})"
        )

    def to_frame(self) -> Any:
        """The fields as a pandas table."""
        from .standard_tables import fields_table

        return fields_table("diagnosis", self.words, self.to_dict()).to_frame()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.text())}</pre>"

    def to_json(self) -> str:
        """JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def text(self) -> str:
        """Some lines to read."""
        lines = [
            f"{self.instances} network(s), {self.n} features x {self.m} neurons, read "
            f"{self.layout}.",
            f"{100 * self.sparse_share:.0f} % of the live rows have most of their square in one "
            f"neuron; {self.dead:g} dead feature(s) a network.",
            f"cosines of rows: {self.cosines['smallest']:.3f} to {self.cosines['largest']:.3f}, "
            f"mean absolute {self.cosines['mean_absolute']:.3f}; antipodal pairs "
            f"{np.mean(self.antipodal_pairs):g}.",
        ]
        if self.verdict == "noise-simplex":
            lines.append(
                f"the rows sum to zero (distance {self.simplex_distance:.3f} from a regular "
                f"simplex; an orthonormal code has {1 / math.sqrt(self.n):.3f}): the squared "
                "norm of a neuron's weights is at most q n/(n-1), so that two of them cannot "
                f"both exceed {self.simplex_limit:.3f}."
            )
        if self.verdict != "no-neurons":
            carried = ", ".join(f"{k}: {v:g}" for k, v in self.features_per_neuron.items())
            lines += [
                f"neurons by number of features: {carried}; pairs with opposite signs "
                f"{self.opposite_signs:g}, with one sign {self.same_sign:g}.",
                f"shared neurons: {self.mean:g} a network (authors' rule "
                f"{np.mean(self.neurons_authors):g}); capacity forces {self.forced:g}.",
            ]
        if self.p_value is not None and self.expected_interval is not None:
            low, high = self.expected_interval
            lines.append(
                f"exclusion law: {self.expected:.4g} [{low:.4g}, {high:.4g}]; "
                + (
                    f"ratio {self.ratio:.3f} +- {self.ratio_error:.3f}; "
                    if self.ratio is not None
                    else ""
                )
                + f"exact two-sided p = {self.p_value:.3g}; {self._detects()}."
            )
        if self.band is not None:
            lines.append(
                f"training near these sizes: ratio {self.band[0]:.3f} to {self.band[1]:.3f}; "
                + ("inside." if self.inside_band else f"outside, p = {self.band_p_value:.3g}.")
            )
        lines.append(f"verdict: {self.words}.")
        if self.candidates:
            lines.append(
                "candidate causes, none of them shown: " + "; ".join(self.candidates) + "."
            )
        return "\n".join(lines)

    def to_latex(self) -> str:
        """One row of a table: n, m, networks, shared neurons, law, ratio, p, verdict."""
        error = (
            float(np.std(self.neurons, ddof=1) / math.sqrt(self.instances))
            if (self.instances > 1)
            else None
        )
        shared = f"${self.mean:.2f}" + (f" \\pm {error:.2f}$" if error is not None else "$")
        cells = [
            str(self.n),
            str(self.m),
            str(self.instances),
            shared,
            "--" if self.expected is None else f"{self.expected:.2f}",
            "--" if self.ratio is None else f"{self.ratio:.2f}",
            "--" if self.p_value is None else f"{self.p_value:.2g}",
            VERDICTS[self.verdict],
        ]
        return " & ".join(cells) + r" \\"

    def plot(self) -> Plot:
        """The counts beside the exclusion law and the training band."""
        import pandas as pd

        from .figures import Plot

        counts = Counter(self.neurons)
        alive = round(self.n - self.dead)
        top = max([*counts, int(2 * (self.expected or 0)) + 3])
        frame = pd.DataFrame({"neurons": range(top + 1)})
        frame["share"] = [counts[k] / self.instances for k in frame.neurons]
        if self.expected is not None:
            frame["exclusion_law"] = ExclusionLaw(alive, self.m).pmf(frame.neurons.to_numpy())

        def draw(figure: Any, data: pd.DataFrame) -> None:
            axes = figure.subplots()
            axes.bar(data.neurons, data.share, color="0.75", label=f"{self.instances} network(s)")
            if "exclusion_law" in data:
                axes.plot(data.neurons, data.exclusion_law, "o-", label="exclusion law")
            if self.band is not None and self.expected is not None:
                axes.axvspan(
                    self.band[0] * self.expected,
                    self.band[1] * self.expected,
                    alpha=0.2,
                    label="mean, as trained",
                )
            axes.set_xlabel("neurons with two features or more")
            axes.set_ylabel("share of networks")
            axes.legend()

        return Plot(
            name="diagnosis",
            caption=f"Shared neurons of {self.instances} network(s), n = {self.n}, m = {self.m}, "
            "beside the exclusion law (exact) and the means that training gives (measured). "
            f"Verdict: {VERDICTS[self.verdict]}.",
            data=frame,
            draw=draw,
        )


def diagnose(
    weights: ArrayLike, *, layout: str | None = None, significance: float = 0.01
) -> Diagnosis:
    """Count the shared neurons of trained weights and say what could have made them.

    The count is compared with the exclusion law (exact two-sided p-value of the total over the
    instances) and with the band of ratios that training was measured to produce near these
    sizes.  A small p-value never yields a cause; causes are listed as candidates.

    Examples
    --------
    >>> import numpy as np
    >>> from polysem import verify
    >>> print(verify.diagnose(np.eye(3)[:, :2], layout="features-first").forced)
    0.0

    Parameters
    ----------
    weights : array_like, shape (n, m) or (instances, n, m)
        Trained weights; (m, n) with ``layout="neurons-first"``.
    layout : str, optional
        "features-first" or "neurons-first"; may be left out unless there are more rows than
        columns.
    significance : float
        The p-value below which a hypothesis is given up, in (0, 1).

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
    check_sizes(n, m, instances)

    dead = np.atleast_1d(dead_features(stack))
    sits = features_on_neurons(stack, "scale-free")
    live_rows = int(instances * n - dead.sum())
    share = float(sits.any(axis=-1).sum()) / live_rows if live_rows else 0.0
    shared = np.atleast_1d(polysemantic_neurons(stack, "scale-free"))
    alive = n - dead
    found: dict[str, Any] = {
        "n": n,
        "m": m,
        "instances": instances,
        "layout": layout,
        "sparse_share": share,
        "dead": float(dead.mean()),
        "neurons": _integers(shared),
        "neurons_authors": _integers(np.atleast_1d(polysemantic_neurons(stack, "authors"))),
        "antipodal_pairs": _integers(np.atleast_1d(antipodal_pairs(stack))),
        "forced": float(np.maximum(0, np.minimum(alive - m, m)).mean()),
        "cosines": _cosines(stack),
        "simplex_distance": round(float(simplex_distance(stack).max()), 9) if n > 1 else None,
        "simplex_limit": _simplex_limit(stack),
        "significance": significance,
        **_carried(stack, sits),
    }
    no_neurons = share < SPARSE_SHARE
    found |= dict.fromkeys(_OF_THE_LAW)
    if not no_neurons and alive.min() >= 1 and alive.max() <= 2 * m:
        found |= _against_law(alive, shared, m, significance)
    regular = n > 1 and found["simplex_distance"] < SIMPLEX_SHARE / math.sqrt(n)
    if regular and found["simplex_limit"] < AUTHORS_BAND[0]:
        return Diagnosis(**found, verdict="noise-simplex")
    return Diagnosis(**found, verdict="no-neurons" if no_neurons else _verdict(found))


def _simplex_limit(stack: NDArray[Any]) -> float:
    """Two weights of a neuron hold at most the largest eigenvalue of W W^T in squares."""
    largest = np.linalg.eigvalsh(stack @ stack.swapaxes(1, 2))[:, -1].max()
    return round(float(np.sqrt(max(largest, 0.0) / 2)), 9)


def _layout(stack: NDArray[Any], layout: str | None) -> str:
    rows, columns = stack.shape[1:]
    if layout is not None:
        return check_choice("layout", layout, LAYOUTS)
    if rows > columns:
        raise ValueError(
            f"Got weights of shape {stack.shape}, more rows than columns; say "
            f"layout='features-first' ({rows} features) or 'neurons-first' ({columns} features)."
        )
    return "features-first"


def _integers(values: NDArray[Any]) -> tuple[int, ...]:
    return tuple(int(value) for value in values)


def _cosines(stack: NDArray[Any]) -> dict[str, float]:
    cosine = overlaps(np.stack([unit_rows(one) for one in stack]))
    if cosine.size == 0:
        cosine = np.zeros(1)
    return {
        "smallest": float(cosine.min()),
        "mean_absolute": float(np.abs(cosine).mean()),
        "largest": float(cosine.max()),
    }


def _carried(stack: NDArray[Any], sits: NDArray[np.bool_]) -> dict[str, Any]:
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
    alive: NDArray[Any], shared: NDArray[Any], m: int, significance: float
) -> dict[str, Any]:
    """The total over the instances against the law, and against the ends of the training band."""
    instances, total = len(shared), int(shared.sum())
    laws = [(ExclusionLaw(int(n), m), int(count)) for n, count in Counter(alive.tolist()).items()]
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
        "detectable": detectable_ratios(laws, significance=significance),
    }
    band = training_band(round(float(alive.mean())), m)
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


def _verdict(found: dict[str, Any]) -> str:
    if found["p_value"] is None:
        return "more-features-than-slots"
    if found["forced"] and np.mean(found["neurons"]) <= found["forced"]:
        return "forced-by-capacity"
    if found["p_value"] >= found["significance"]:
        return "compatible-with-exclusion-law"
    if found["band"] is None:
        return "outside-the-law"
    if found["inside_band"]:
        return "inside-training-band"
    low = found["ratio"] < found["band"][0]
    return "below-training-band" if low else "above-training-band"
