"""What the paper says beyond its formulas, compared with claims derived here."""

from .cooccurrence.race import SUPPRESSION_FIT
from .noise.growth import FOURTH_NORM_RATE, GROWTH_RATE
from .noise.simplex import DEAD_ZONE
from .proof import cited

NOISE_SPARSIFIES = cited(
    "paper_noise_sparsifies",
    "Noise of negative excess kurtosis on the hidden layer makes the rows sparse (derived to first "
    "order in the kurtosis). But weak bipolar noise, with sigma <= {dead_zone}, exerts no force.",
    source="Lecomte et al. 2023, Noise",
    prose="For negative kurtosis the rate is positive to first order, and at a positive "
    "rate the fourth norm of a row of given size never falls. In the dead zone of bipolar "
    "noise, sigma <= sqrt(q)/((n-1) sqrt(m)), there is no force at all.",
    page="paper_notes/noise.md",
    by=(GROWTH_RATE, FOURTH_NORM_RATE, DEAD_ZONE),
)

NOISE_POLYSEMANTIC = cited(
    "paper_noise_polysemantic",
    "As l1 does, noise of negative excess kurtosis makes a neuron polysemantic if two features "
    "happen to start with their largest weights on it.",
    source="Lecomte et al. 2023, Noise",
    checks=("paper_noise_polysemantic",),
)

RARE_COOCCURRENCE = cited(
    "paper_rare_cooccurrence",
    "If features rarely occur together, a network has as many polysemantic neurons as if they "
    "never occurred together.",
    source="Lecomte et al. 2023, Setup",
    factor=SUPPRESSION_FIT,
)
