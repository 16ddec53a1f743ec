"""Result of a diagnosis of weights: numbers, verdict, table and figure."""

from __future__ import annotations

import html
import json
import math
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...numerics import ExclusionLaw
from ..show.figures import Plot
from ..show.tables import fields_table
from .neurons import Neuron

if TYPE_CHECKING:
    import pandas as pd

LAW_MARGIN = 0.2
"""The count is compatible with the law if the interval of the ratio deviates no more from 1."""

VERDICTS = {
    "noise-simplex": "a regular simplex, as noise on the hidden layer can make it: no two rows "
    "are orthogonal, and no neuron can hold two weights of size 0.8",
    "no-live-feature": "no live feature: all weights are zero",
    "no-neurons": "the rows are spread over many neurons: there are no neurons to count",
    "short-rows": "the rows are spread over many neurons and shorter than 0.2, as those of dead "
    "features are (live rows of the one-hot model have length 0.6 to 1): there are no neurons to "
    "count",
    "cannot-tell": "cannot tell whether there are neurons to count: at this width rows in random "
    "directions lie as closely along the neurons",
    "forced-by-capacity": "forced by capacity: as few neurons are shared as there can be",
    "slots-taken-twice": "fewer neurons are shared than capacity forces if no slot is taken twice: "
    "features with weights of one sign share a neuron",
    "degenerate-law": "no evidence for or against the law: n is so close to 2m that it allows "
    "next to one count only",
    "too-few-features": "no evidence for or against the law: with fewer than two live features no "
    "neuron can be shared",
    "compatible-with-exclusion-law": "compatible with {law}",
    "compatible-with-the-law": "compatible with {law}",
    "undecided": "undecided, too few networks to tell whether the count follows {law}",
    "inside-training-band": "not the exclusion law, but in the range of counts measured in trained "
    "networks",
    "below-training-band": "below the range of counts measured in trained networks",
    "above-training-band": "above the range of counts measured in trained networks",
    "below-the-law": "below {law}",
    "above-the-law": "above {law}",
    "outside-the-law": "not the exclusion law; no trained networks were measured near these sizes",
    "more-features-than-slots": "more features than slots (a neuron has two, one for each sign): "
    "features must share slots",
}
"""What each verdict means; {law} stands for the law that was compared."""

_COMPARED = ("compatible-with-exclusion-law", "compatible-with-the-law", "undecided")
_REJECTED = (
    *("inside-training-band", "below-training-band", "above-training-band"),
    *("below-the-law", "above-the-law", "outside-the-law"),
)

_CANDIDATES = {
    "below": (
        "an optimizer other than gradient flow",
        "weak regularisation, under which a feature draws several others to the opposite sign of "
        "its neuron, and these repel each other",
        "features that occur together",
        "training on other data or with another loss than the one-hot model",
    ),
    "above": (
        "features that share a neuron with one sign (no rectifier, or training cut short)",
        "initial weights that were not independent",
        "n near m, where the count of trained networks exceeds that at smaller n/m",
        "training on other data or with another loss than the one-hot model",
    ),
}


_MEASURES = {
    "cosine_square": "mean square of the cosines of two rows",
    "capacity": "mean capacity (dimensionality) of a feature",
    "dimensions": "dimensions that the rows fill",
}


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """The result of :func:`diagnose`: the polysemanticity of one or many networks.

    >>> import numpy as np
    >>> from polysem import verify
    >>> rng = np.random.default_rng(0)
    >>> states = [verify.strategies.exclusion_state(64, 128, rng) for _ in range(50)]
    >>> verify.diagnose(np.stack(states)).verdict
    'compatible-with-exclusion-law'
    >>> found = verify.diagnose(states[0])
    >>> found.verdict, found.networks_needed
    ('undecided', 44)

    Parameters
    ----------
    n, m, instances : int
        Features, neurons and different networks.
    copies : int
        How many of the networks given are copies of others; they do not count.
    layout : str
        The order of the axes that was assumed: "features-first" or "neurons-first".
    law : str
        The law with which the count is compared.
    sparse_share : float
        Share of the live rows with more than half of their squared norm in one weight.
    alignment_p_value : float
        Probability, at most, that rows without a preferred basis lie along the neurons as closely:
        the test of "no regulariser", whose law does not change if the neurons are rotated.
    dead : float
        Mean number of dead features.
    dead_below : float
        A feature is dead if its row is no longer than this fraction of the longest row of all
        networks.
    seated : float
        Mean number of features that sit on a neuron: more than half of the squared norm in one
        weight.
    neurons : tuple of int
        Neurons shared by at least two features in each network, by the scale-free rule; law,
        p-value and verdict use this count.
    neurons_authors : tuple of int
        The same by the authors' rule (weights of size .8 to 1.2).
    antipodal_pairs : tuple of int
        Pairs of rows with a cosine below -.8, in each network.
    features_per_neuron : dict of int to float
        Mean number of neurons that carry 0, 1, 2, ... features.
    opposite_signs, same_sign : float
        Mean number of pairs of features that share a neuron with opposite signs, and with one.
    forced : float
        The smallest mean number of shared neurons that capacity allows if no slot is taken twice:
        the mean of max(0, n - m), where n counts the features that sit on a neuron.
    carried : tuple of Neuron
        The neurons with features, their features, signs and weights.
    excess, excess_interval : float, tuple of float
        With more features than neurons: the mean number of shared neurons above ``forced``, and
        its interval, from that of the ratio.  As many neurons hold no feature.
    degenerate : bool
        Whether the law gives one total with probability 0.9 or more.
    expected, expected_interval : float, tuple of float
        Mean of the law for the features that sit on a neuron, and its 95 % interval for
        the mean over the instances.  These and the fields down to ``inside_band`` are None if there
        are no neurons to count, more features than slots, or no measurement at near sizes.
    ratio, ratio_error : float
        Mean count over expected, and its standard error under the law.
    ratio_interval : tuple of float
        The ratios that the exact test does not reject at ``significance``.  The verdict says
        "compatible" only if they lie within 20 % of 1.
    networks_needed : int
        About how many networks of these sizes would show this with probability 0.99 if the law is
        right.
    p_value : float
        Exact and two-sided, for the total over the instances under the law.
    detectable : tuple of float
        The largest ratio below 1 and the smallest ratio above 1 that this test detects with
        probability 0.99 at ``significance``; None if it detects none on that side.
    band : tuple of float
        Ratios that training produces near these sizes.
    band_p_value : float
        Probability of a total at least as far outside the band if the true ratio is the nearer end
        of the band.
    inside_band : bool
        Whether the count is compatible with a ratio inside the band.
    cosines : dict of str to float
        Smallest, mean absolute and largest cosine between rows; independent of the basis.
    rotation_free : dict
        If neurons cannot be counted: the mean square of the cosines, the mean capacity
        (dimensionality) of a feature and the number of dimensions that the rows fill, each with
        expected value, 95 % interval and p-value for rows in independent random directions.
    simplex_distance : float
        Largest relative distance of a network's overlaps from those of a regular simplex; None
        for one feature.
    simplex_limit : float
        The largest size that two weights of one neuron can both have, from the largest eigenvalue
        of the overlaps.
    significance : float
        The p-value below which a hypothesis is rejected.
    verdict : str
        A key of ``VERDICTS``.

    Source
    ------
    paper_notes/statistics.md.
    """

    n: int
    m: int
    instances: int
    copies: int
    layout: str
    law: str
    sparse_share: float
    alignment_p_value: float
    dead: float
    dead_below: float
    seated: float
    neurons: tuple[int, ...]
    neurons_authors: tuple[int, ...]
    antipodal_pairs: tuple[int, ...]
    features_per_neuron: dict[int, float]
    opposite_signs: float
    same_sign: float
    forced: float
    carried: tuple[Neuron, ...] = field(repr=False)
    excess: float | None = None
    excess_interval: tuple[float, float] | None = None
    degenerate: bool | None = None
    expected: float | None = None
    expected_interval: tuple[float, float] | None = None
    ratio: float | None = None
    ratio_error: float | None = None
    ratio_interval: tuple[float, float] | None = None
    networks_needed: int | None = None
    p_value: float | None = None
    detectable: tuple[float | None, float | None] | None = None
    band: tuple[float, float] | None = None
    band_p_value: float | None = None
    inside_band: bool | None = None
    cosines: dict[str, float]
    rotation_free: dict[str, dict[str, Any]] = field(default_factory=dict)
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
        words = VERDICTS[self.verdict].format(law=self.law)
        if self.ratio_interval is not None and self.verdict in (*_COMPARED, *_REJECTED):
            low, high = self.ratio_interval
            interval = f"ratio lies in [{low:.2f}, {high:.2f}]"
            if self.verdict in _REJECTED:
                words += f" (the {interval})"
            else:
                words += f" within {100 * LAW_MARGIN:g} % (the {interval}"
                words += f"; {self._needed()})" if self.verdict == "undecided" else ")"
        if self.verdict == "forced-by-capacity" and self.degenerate:
            words += "; n is so close to 2m that the law allows next to one count only"
        if self.verdict == "compatible-with-exclusion-law" and self.inside_band is not None:
            words += ", and " + ("in" if self.inside_band else "outside")
            words += " the range of counts measured in trained networks"
        return words

    def _needed(self) -> str:
        more = self.networks_needed or 0
        few = f"about {more} networks" if more > self.instances else "more networks"
        return f"{few} would decide"

    def _detects(self) -> str:
        low, high = self.detectable or (None, None)
        ends = [
            f"ratios {word} {end:.2f}" for word, end in (("below", low), ("above", high)) if end
        ]
        return "it detects " + (" and ".join(ends) or "no other ratio")

    @property
    def candidates(self) -> tuple[str, ...]:
        """Candidate causes of a departure from the law; a count alone cannot identify the cause."""
        if self.ratio is None or self.p_value is None or self.p_value >= self.significance:
            return ()
        if self.verdict in ("slots-taken-twice", "degenerate-law"):
            return ()
        return _CANDIDATES["below" if self.ratio < 1 else "above"]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, without the neurons (``carried``)."""
        names = ("neurons", "neurons_authors", "antipodal_pairs")
        counts = {name: list(getattr(self, name)) for name in names}
        means = {f"mean_{name}": float(np.mean(count)) for name, count in counts.items()}
        values = asdict(self)
        del values["carried"]
        return (
            values
            | counts
            | means
            | {
                "verdict_in_words": self.words,
                "candidate_causes": list(self.candidates),
            }
        )

    def __repr__(self) -> str:
        return (
            f"Diagnosis({self.instances} network(s), n={self.n}, m={self.m}: {self.mean:g} "
            f"polysemantic neurons; {self.words})"
        )

    def to_frame(self) -> Any:
        """The fields as a pandas table."""
        return fields_table("diagnosis", self.words, self.to_dict()).to_frame()

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.text())}</pre>"

    def to_json(self) -> str:
        """JSON text."""
        return json.dumps(self.to_dict(), indent=2, allow_nan=False)

    def text(self) -> str:
        """The result in a few lines of text."""
        lines = [
            f"verdict: {self.words}.",
            f"{self.instances} network(s), {self.n} features x {self.m} neurons, read "
            f"{self.layout}{self._copies()}.",
            f"{100 * self.sparse_share:.0f} % of the live rows have most of their squared norm in "
            f"one neuron; {self.dead:g} dead feature(s) per network (rows shorter than "
            f"{self.dead_below:g} of the longest); rows without a preferred basis lie as closely "
            f"along the neurons with probability at most {self.alignment_p_value:.2g}.",
            f"cosines of rows: {self.cosines['smallest']:.3f} to {self.cosines['largest']:.3f}, "
            f"mean absolute {self.cosines['mean_absolute']:.3f}; antipodal pairs "
            f"{np.mean(self.antipodal_pairs):g}.",
        ]
        if self.verdict == "noise-simplex":
            lines.append(
                f"the rows sum to zero (distance {self.simplex_distance:.3f} from a regular "
                f"simplex; an orthonormal code has {1 / math.sqrt(self.n):.3f}): the squared "
                "norm of a neuron's weights is at most q n/(n-1), so two of them cannot "
                f"both exceed {self.simplex_limit:.3f}."
            )
        lines += [
            f"{_MEASURES[name]}: {one['value']:.4g}; rows in independent random directions "
            f"{one['expected']:.4g} [{one['interval'][0]:.4g}, {one['interval'][1]:.4g}], "
            f"p = {one['p_value']:.2g}."
            for name, one in self.rotation_free.items()
        ]
        if self.verdict not in ("no-neurons", "short-rows", "cannot-tell", "no-live-feature"):
            carried = ", ".join(f"{k}: {v:g}" for k, v in self.features_per_neuron.items())
            lines += [
                f"neurons by number of features: {carried}; pairs with opposite signs "
                f"{self.opposite_signs:g}, with equal signs {self.same_sign:g}.",
                f"polysemantic neurons: {self.mean:g} per network (authors' rule "
                f"{np.mean(self.neurons_authors):g}); capacity forces {self.forced:g} if no "
                "slot is taken twice.",
            ]
        if self.p_value is not None and self.expected_interval is not None:
            low, high = self.expected_interval
            known = self.ratio is not None
            ratio = f"ratio {self.ratio:.3f} +- {self.ratio_error:.3f}; " if known else ""
            lines.append(
                f"{self.law.removeprefix('the ')} of {self.seated:g} features: {self.expected:.4g} "
                f"[{low:.4g}, {high:.4g}]; {ratio}exact two-sided p = {self.p_value:.3g}; "
                f"{self._detects()}."
            )
        if self.band is not None:
            place = "inside" if self.inside_band else f"outside, p = {self.band_p_value:.3g}"
            lines.append(
                f"training near these sizes: ratio {self.band[0]:.3f} to {self.band[1]:.3f}; "
                f"{place}."
            )
        if self.excess is not None and self.excess_interval is not None:
            low, high = self.excess_interval
            lines.append(
                f"above the forced count: {self.excess:.3g} [{low:.3g}, {high:.3g}] per network; "
                "as many neurons hold no feature."
            )
        if self.candidates:
            causes = "; ".join(self.candidates)
            lines.append(f"candidate causes, none of them tested: {causes}.")
        return "\n".join(lines)

    def _copies(self) -> str:
        if not self.copies:
            return ""
        return f"; {self.copies} more are copies of these and do not count"

    def to_latex(self) -> str:
        """One row of a table: n, m, networks, shared neurons, law, ratio, p, verdict."""
        from scipy.stats import sem

        error = rf" \pm {sem(self.neurons):.2f}" if self.instances > 1 else ""
        cells = [
            str(self.n),
            str(self.m),
            str(self.instances),
            f"${self.mean:.2f}{error}$",
            "--" if self.expected is None else f"{self.expected:.2f}",
            "--" if self.ratio is None else f"{self.ratio:.2f}",
            "--" if self.p_value is None else f"{self.p_value:.2g}",
            VERDICTS[self.verdict].format(law=self.law),
        ]
        return " & ".join(cells) + r" \\"

    def plot(self) -> Plot:
        """The counts, with the exclusion law and the training band."""
        import pandas as pd

        counts = Counter(self.neurons)
        neurons = range(max([*counts, int(2 * (self.expected or 0)) + 3]) + 1)
        frame = pd.DataFrame({"neurons": neurons})
        frame["share"] = [counts[k] / self.instances for k in neurons]
        caption = f"Polysemantic neurons of {self.instances} network(s), n = {self.n}, m = {self.m}"
        band = None
        if self.expected is not None:
            frame["exclusion_law"] = ExclusionLaw(round(self.seated), self.m).pmf(np.array(neurons))
            caption += ", beside the exclusion law (exact)"
            if self.band is not None:
                band = tuple(end * self.expected for end in self.band)
                caption += " and the means that training gives (measured)"

        def draw(figure: Any, data: pd.DataFrame) -> None:
            axes = figure.subplots()
            axes.bar(data.neurons, data.share, color="0.75", label=f"{self.instances} network(s)")
            if "exclusion_law" in data:
                axes.plot(data.neurons, data.exclusion_law, "o-", label="exclusion law")
            if band is not None:
                axes.axvspan(*band, alpha=0.2, label="mean, as trained")
            axes.set_xlabel("neurons with two features or more")
            axes.set_ylabel("share of networks")
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.legend()

        caption += f". Verdict: {VERDICTS[self.verdict].format(law=self.law)}."
        return Plot(name="diagnosis", caption=caption, data=frame, draw=draw)
