"""What the closed forms predict for the number of shared neurons."""

from ... import theory
from ..prediction import Prediction, Setting, evaluate

COUNTS = (
    theory.expected_pairs,
    theory.expected_neurons_independent,
    theory.expected_shared_neurons_independent,
    theory.expected_neurons_exclusion,
    theory.variance_neurons_exclusion,
    theory.paper_polysemantic_neurons,
)


def predictions(setting: Setting) -> list[Prediction]:
    """The counts of independent choices, of the exclusion law and of the paper."""
    return [evaluate(formula, n=setting.n, m=setting.m) for formula in COUNTS]
