"""What was measured in networks trained by AdamW: the excess, what removes it, the baselines."""

from functools import partial

from ..proof import derived

_measured = partial(derived, page="paper_notes/optimizer.md")

ADAM_EXCESS = _measured(
    "adam_excess",
    "With 16 features on 1024 neurons and lambda = 0.016, AdamW with its usual settings makes 5 to "
    "40 times as many polysemantic neurons as chance.",
    checks=("adam_excess",),
)

ADAM_WITHOUT_MEMORY = _measured(
    "adam_without_memory",
    "With 16 features on 1024 neurons and lambda = 0.016, there are at most twice as many "
    "polysemantic neurons as chance where AdamW has no long memory of each weight's squared "
    "gradient: with beta_2 = 0.9, under sign descent, or with one second moment for each row.",
    checks=("adam_without_memory",),
)

ADAM_REDUCED_MODEL = _measured(
    "adam_reduced_model",
    "The reduced model of two rows, in which the weights on a neuron interact only if one of them "
    "is above one initial standard deviation, gives the probability that two features that are "
    "trained alone end on one neuron under AdamW within 25 % on average over settings in which it "
    "exceeds twice chance.",
    checks=("adam_reduced_model",),
)

ROWS_WITHOUT_L1 = _measured(
    "rows_without_l1",
    "Without l1 and noise the rows stay as spread over the neurons as isotropic ones under the "
    "flow and SGD, within 5 % of the fourth norm.",
    checks=("rows_without_l1",),
)

FORCED_SHARING = _measured(
    "forced_sharing",
    "With more features than neurons and a weak l1 term, the mean number of polysemantic neurons "
    "exceeds n - m, and lies within 5 % of the mean of the exclusion law, under the flow and "
    "under AdamW.",
    checks=("forced_sharing",),
)
