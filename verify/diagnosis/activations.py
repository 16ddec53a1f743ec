"""Which classes the neurons of a hidden layer respond to, against chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...numerics._types import Array, BoolArray, FloatArray
from ...numerics._validate import check_fraction, check_integer, check_positive
from .arrays import to_numpy

if TYPE_CHECKING:
    import pandas as pd

_CAVEAT = (
    "A response is a difference of means: it says neither that the neuron causes anything, nor "
    "that it holds these classes alone, nor which features inside a class it holds. Classes that "
    "look alike share neurons for that reason too, which chance does not contain."
)


@dataclass(frozen=True, kw_only=True)
class ActivationDiagnosis:
    """The result of :func:`diagnose_activations`.

    Parameters
    ----------
    classes : tuple
        The labels, sorted.
    effects : ndarray, shape (neurons, classes)
        Mean activation in the class minus the (lower) median of all class means, over the standard
        deviation within the classes.
    responds : ndarray of bool, shape (neurons, classes)
        Whether a neuron responds to a class.
    selectivity : ndarray, shape (neurons,)
        Largest class mean minus the mean of the other class means, over the sum of both sizes;
        from 0 to 1 for activations >= 0.
    threshold : float
        Size of an effect that permuted labels exceed in any neuron with probability
        ``significance``.
    effect : float
        Smallest size of an effect that counts as a response.
    several : int
        Neurons that respond to two classes or more.
    expected, expected_interval : float, tuple of float
        Mean of this number, and its central 95 % interval, if each class keeps its number of
        neurons and draws them at random among those that vary.
    p_value : float
        Two-sided, from these draws.
    samples, permutations : int
        Numbers of samples, and of permutations.
    significance : float
        Probability that permuted labels give any response.

    Source
    ------
    paper_notes/digits.md.
    """

    classes: tuple[Any, ...]
    effects: FloatArray = field(repr=False)
    responds: BoolArray = field(repr=False)
    selectivity: FloatArray = field(repr=False)
    threshold: float
    effect: float
    several: int
    expected: float
    expected_interval: tuple[float, float]
    p_value: float
    samples: int
    permutations: int
    significance: float

    @property
    def neurons(self) -> int:
        """Number of neurons."""
        return len(self.effects)

    @property
    def responding(self) -> int:
        """Number of neurons that respond to a class at all."""
        return int(self.responds.any(axis=1).sum())

    def classes_of(self, neuron: int) -> tuple[Any, ...]:
        """The classes to which a neuron responds."""
        return tuple(self.classes[place] for place in np.flatnonzero(self.responds[neuron]))

    def text(self) -> str:
        """The result in a few lines of text."""
        low, high = self.expected_interval
        numbers = np.bincount(self.responds.sum(axis=1))
        return "\n".join(
            [
                f"{self.several} of {self.neurons} neurons respond to several of "
                f"{len(self.classes)} classes; at random {self.expected:.3g} "
                f"[{low:g}, {high:g}], p = {self.p_value:.2g}.",
                "neurons by number of classes: "
                + ", ".join(f"{k}: {count}" for k, count in enumerate(numbers))
                + f"; median selectivity {np.median(self.selectivity):.2f}.",
                f"A response is an effect of at least {max(self.effect, self.threshold):.2f} "
                f"standard deviations; permuted labels exceed {self.threshold:.2f} in any neuron "
                f"with probability {self.significance:g} ({self.samples} samples).",
                _CAVEAT,
            ]
        )

    def __repr__(self) -> str:
        return (
            f"ActivationDiagnosis({self.several} of {self.neurons} neurons respond to several "
            f"classes; at random {self.expected:.3g}, p = {self.p_value:.2g})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "neurons": self.neurons,
            "responding": self.responding,
            "several": self.several,
            "expected": self.expected,
            "expected_interval": list(self.expected_interval),
            "p_value": self.p_value,
            "threshold": self.threshold,
            "effect": self.effect,
            "significance": self.significance,
            "classes_of": [[str(one) for one in self.classes_of(k)] for k in range(self.neurons)],
            "selectivity": self.selectivity.tolist(),
            "caveat": _CAVEAT,
        }

    def to_frame(self) -> pd.DataFrame:
        """One row for each neuron: classes, selectivity, largest effect."""
        import pandas as pd

        return pd.DataFrame(
            {
                "neuron": range(self.neurons),
                "classes": [" ".join(map(str, self.classes_of(k))) for k in range(self.neurons)],
                "selectivity": self.selectivity,
                "largest_effect": np.abs(self.effects).max(axis=1),
            }
        )


def diagnose_activations(
    labels: Any,
    activations: Any,
    *,
    effect: float = 1.0,
    significance: float = 0.01,
    permutations: int = 999,
    seed: int = 0,
) -> ActivationDiagnosis:
    r"""Find the classes to which each neuron responds, and compare shared neurons with chance.

    A neuron responds to a class if its mean activation there differs from the median of its class
    means by at least ``effect`` standard deviations, and by more than permuted labels give in any
    neuron and class (the largest effect of each permutation: Westfall and Young).  The number of
    neurons with several classes is compared with draws in which each class keeps its number of
    neurons and takes them at random among the neurons that vary.  p-values are
    (1 + exceedances) / (1 + permutations) and hold at every size.

    What it can say: whether neurons are shared by classes more, or less, often than at random.  It
    cannot say why: a response is a difference of means, not a cause.

    >>> import numpy as np
    >>> from polysem import verify
    >>> labels = np.repeat([0, 1, 2, 3], 25)
    >>> hidden = np.eye(4)[labels] @ np.array([[1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    >>> hidden = hidden + 0.1 * np.random.default_rng(0).standard_normal(hidden.shape)
    >>> found = verify.diagnose_activations(labels, hidden)
    >>> found.classes_of(0), found.several
    ((0, 1), 1)

    Parameters
    ----------
    labels : array_like, shape (samples,)
        The class of each sample.
    activations : array_like, shape (samples, neurons)
        The hidden layer, also a torch tensor.
    effect : float
        The smallest effect that counts, in standard deviations.
    significance : float
        Probability of any response if labels and activations are unrelated.
    permutations : int
        Number of permutations.
    seed : int
        Of the permutations.

    Returns
    -------
    ActivationDiagnosis
        Responses, selectivity, and the comparison with chance.

    Raises
    ------
    ValueError
        If the shapes do not fit, a value is not finite, or there are fewer than two classes of two
        samples each.

    Source
    ------
    Westfall and Young 1993; selectivity: Morcos et al. 2018; paper_notes/digits.md.
    """
    names, codes = np.unique(to_numpy(labels), return_inverse=True)
    values = np.asarray(to_numpy(activations), dtype=float)
    sizes = np.bincount(codes)
    if values.ndim != 2 or values.size == 0 or codes.shape != values.shape[:1]:
        raise ValueError(
            f"Got labels of shape {codes.shape} and activations of shape {values.shape}; give one "
            "label for each sample, and activations of shape (samples, neurons)."
        )
    if len(names) < 2 or sizes.min() < 2:
        raise ValueError(
            f"Got {len(names)} classes, the smallest with {sizes.min()} sample(s); give at least "
            "two classes with two samples each."
        )
    if not np.isfinite(values).all():
        raise ValueError("Got activations that are not finite; all activations must be finite.")
    check_positive("effect", effect, "a number of standard deviations")
    if not check_fraction("significance", significance, "an error rate"):
        raise ValueError("Got significance=0; give an error rate above 0.")
    check_integer("permutations", permutations, "the number of permutations", minimum=99)
    rng = np.random.default_rng(seed)
    effects, means = _effects(values, np.eye(len(names))[codes])
    largest = np.sort(
        [
            np.abs(_effects(values, np.eye(len(names))[rng.permutation(codes)])[0]).max()
            for _ in range(permutations)
        ]
    )
    # at most significance * (1 + permutations) values, the observed one among them, lie above
    rank = permutations - int(significance * (1 + permutations) + 1e-9)
    threshold = float(largest[min(max(rank, 0), permutations - 1)])
    responds = (np.abs(effects) >= effect) & (np.abs(effects) > threshold)
    several = int((responds.sum(axis=1) > 1).sum())
    vary = np.ptp(values, axis=0) > 0
    drawn = _at_random(responds[vary], permutations, rng)
    more, fewer = (
        (1 + int(side.sum())) / (1 + permutations) for side in (drawn >= several, drawn <= several)
    )
    low, high = np.quantile(drawn, [0.025, 0.975])
    return ActivationDiagnosis(
        classes=tuple(names.tolist()),
        effects=effects,
        responds=responds,
        selectivity=_selectivity(means),
        threshold=threshold,
        effect=float(effect),
        several=several,
        expected=float(drawn.mean()),
        expected_interval=(float(low), float(high)),
        p_value=min(1.0, 2 * min(more, fewer)),
        samples=len(values),
        permutations=permutations,
        significance=significance,
    )


def _effects(values: Array, member: Array) -> tuple[Array, Array]:
    """Standardised distances of the class means (neurons, classes), and the class means."""
    sizes = member.sum(axis=0)
    means = values.T @ member / sizes
    scatter = np.einsum("ik,ik->k", values, values)[:, None] - (sizes * means**2).sum(
        axis=1, keepdims=True
    )
    deviation = np.sqrt(np.maximum(scatter, 0) / (len(values) - len(sizes)))
    middle = np.sort(means, axis=1)[:, [(len(sizes) - 1) // 2]]
    floor = 1e-9 * np.abs(values).max(axis=0)[:, None]  # rounding, of a silent neuron too
    distance = np.where(np.abs(means - middle) > floor, means - middle, 0.0)
    return distance / np.maximum(deviation, floor + np.finfo(float).tiny), means


def _selectivity(means: Array) -> FloatArray:
    best = means.max(axis=1)
    rest = (means.sum(axis=1) - best) / (means.shape[1] - 1)
    size = np.abs(best) + np.abs(rest)
    return np.asarray(np.where(size > 0, (best - rest) / np.where(size > 0, size, 1), 0.0))


def _at_random(responds: BoolArray, draws: int, rng: np.random.Generator) -> Array:
    """Neurons with several classes if each class takes as many neurons at random."""
    return np.array(
        [(rng.permuted(responds, axis=0).sum(axis=1) > 1).sum() for _ in range(draws)], dtype=int
    )
