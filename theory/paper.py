"""What the paper says beyond its formulas, confronted with claims derived here."""

from .cooccurrence.race import SUPPRESSION_FIT
from .noise.growth import FOURTH_NORM_RATE, GROWTH_RATE
from .noise.simplex import DEAD_ZONE
from .proof.claims import Claim, Prose

NOISE_SPARSIFIES = Claim(
    label="paper_noise_sparsifies",
    statement="Noise of negative excess kurtosis on the hidden layer makes the rows sparse "
    "(here: to first order in the kurtosis, above its dead zone).",
    kind="cited",
    source="Lecomte et al. 2023, Noise",
    prose=Prose(
        argument="For negative kurtosis the rate is positive to first order, and at a positive "
        "rate the fourth norm of a row of given size never falls. In the dead zone of bipolar "
        "noise, sigma <= sqrt(q)/((n-1) sqrt(m)), there is no force at all.",
        page="paper_notes/noise.md",
        by=(GROWTH_RATE, FOURTH_NORM_RATE, DEAD_ZONE),
    ),
)
NOISE_POLYSEMANTIC = Claim(
    label="paper_noise_polysemantic",
    statement="Noise of negative excess kurtosis makes polysemantic neurons as l1 does, by chance "
    "collisions.",
    kind="cited",
    source="Lecomte et al. 2023, Noise",
    checks=("paper_noise_polysemantic",),
)
RARE_COOCCURRENCE = Claim(
    label="paper_rare_cooccurrence",
    statement="The setting in which features never co-occur stands for one in which they rarely "
    "do: the number of polysemantic neurons is the same.",
    kind="cited",
    source="Lecomte et al. 2023, Setup",
    factor=SUPPRESSION_FIT,
)
CLAIMS = (NOISE_SPARSIFIES, NOISE_POLYSEMANTIC, RARE_COOCCURRENCE)
