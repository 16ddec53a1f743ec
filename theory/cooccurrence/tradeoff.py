"""The price of a polysemantic neuron under each perturbation, and the tradeoff in training.

All neurons of a trained network are a direct sum, so every loss is linear in their number K;
the price is what one antipodal pair (w, -w) costs more than two features alone.
"""

from functools import partial

import sympy as sp

from ..collisions.independent import EXPECTED_PAIRS, expected_pairs
from ..model import MONOSEMANTIC_LOSS
from ..noise.outputs import (
    RECTIFIED_MEAN,
    RECTIFIED_SQUARE,
    at_output,
    output_error,
    rectified_mean,
    rectified_square,
)
from ..proof import Formula, Root, Step, derived, of, turning_point
from ..proof import symbols as s
from .pairs import COOCCURRING_LOSS, PAIR_LOSS
from .race import SUPPRESSION_FIT, suppression_fit

formula = partial(Formula, source="paper_notes/cooccurrence.md")
_W, _SIG, _TAU, _PROB = s.w, s.sigma, s.perturbation, s.activation_probability


def _square(mean: sp.Expr, scale: sp.Expr) -> sp.Expr:
    return at_output(rectified_square.expression, mean, scale).doit()


def _error(mean: sp.Expr, scale: sp.Expr) -> sp.Expr:
    return output_error(rectified_square.expression, rectified_mean.expression, mean, scale).doit()


_GAIN = _W**2 * _SIG**2 - 2 * _square(-(_W**2), _W * _SIG)
_BOTH = 2 - 2 * sp.sqrt(2 / sp.pi) * _W * _SIG + _W**2 * _SIG**2
_ACTIVE = _error(_W**2, _W * _SIG)
_WORST = (sp.sqrt(57) - 5) / 8


def _fan(weight: sp.Expr, deviation: sp.Expr) -> sp.Expr:
    """The deviation of an output of a pair, which sees the noise of both inputs."""
    return sp.sqrt(2) * weight**2 * deviation


active_error = formula(
    name="active_error",
    expression=_ACTIVE,
    arguments=(_W, _SIG),
    meaning="The mean error of the active feature under noise on the neurons.",
    example=">>> round(theory.active_error(1, 0.1), 6)\n0.01",
    unit="squared error",
)
ACTIVE_ERROR = derived(
    active_error,
    "Under noise on the neurons the active output is normal with mean w^2 and deviation w sigma, "
    "and its mean error is {formula}.",
    Step(
        name="active output",
        left=of(
            RECTIFIED_SQUARE,
            RECTIFIED_MEAN,
            build=lambda square, mean: output_error(square, mean, _W**2, _W * _SIG),
        ),
        reason="E (ReLU(y) - 1)^2",
    ),
)

both_active_error = formula(
    name="both_active_error",
    expression=_BOTH,
    arguments=(_W, _SIG),
    meaning="The mean error of an antipodal pair, both active, under noise on the neurons.",
    example=">>> round(theory.both_active_error(1, 0.1), 6)\n1.850423",
    unit="squared error",
)
BOTH_ACTIVE_ERROR = derived(
    both_active_error,
    "With both features of an antipodal pair active each of the two outputs is normal with mean 0 "
    "before the rectifier, and their mean error is {formula}.",
    Step(
        name="cancelled outputs",
        left=of(
            RECTIFIED_SQUARE,
            RECTIFIED_MEAN,
            build=lambda square, mean: 2 * output_error(square, mean, 0, _W * _SIG),
        ),
        right=2
        + sp.Mul(2, _W**2 * _SIG**2 / 2, evaluate=False)
        - sp.Mul(4, _W * _SIG / sp.sqrt(2 * sp.pi), evaluate=False),
        reason="the two inputs cancel on the neuron, so that each output has the mean 0 before the "
        "rectifier; of a normal law of deviation s, ReLU leaves the mean square s^2/2 and the mean "
        "s/sqrt(2 pi)",
    ),
    Step(name="multiply", reason="4/sqrt(2 pi) = 2 sqrt(2/pi)"),
)

hidden_noise_price = formula(
    name="hidden_noise_price",
    expression=-_GAIN,
    arguments=(_W, _SIG),
    meaning="The price of a polysemantic neuron under noise on the neurons, one-hot inputs: "
    "negative, near -w^2 sigma^2.",
    example=">>> round(theory.hidden_noise_price(1, 0.1), 6)\n-0.01",
    unit="summed loss",
)
HIDDEN_NOISE_PRICE = derived(
    hidden_noise_price,
    "For one-hot inputs with noise on the neurons a polysemantic neuron has the price {formula}, "
    "which is negative and near -w^2 sigma^2 for weak noise.",
    Step(
        name="silent outputs",
        left=of(
            RECTIFIED_SQUARE,
            build=lambda square: (
                2 * (at_output(square, -(_W**2), _W * _SIG) - at_output(square, 0, _W * _SIG))
            ),
        ),
        right=sp.Add(
            2 * at_output(rectified_square.expression, -(_W**2), _W * _SIG),
            -sp.Mul(2, _W**2 * _SIG**2 / 2, evaluate=False),
            evaluate=False,
        ),
        reason="for each of the two inputs the partner's output sits at -w^2 and not at 0, where "
        "half of the variance w^2 sigma^2 passes ReLU",
    ),
    Step(name="insert", reason="the mean square at u = -w^2, s = w sigma; Phi(-x) is erfc/2"),
)

noisy_cooccurrence_price = formula(
    name="noisy_cooccurrence_price",
    expression=_PROB**2 * (_BOTH - 2 * _ACTIVE) - _PROB * (1 - _PROB) * _GAIN,
    arguments=(_PROB, _W, _SIG),
    meaning="The price of a polysemantic neuron when features are active independently and the "
    "neurons are noisy.",
    example=">>> round(theory.noisy_cooccurrence_price(0.1, 1, 0.1), 6)\n0.017404",
    regime=(_PROB <= 1,),
    unit="mean loss",
)
NOISY_PRICE = derived(
    noisy_cooccurrence_price,
    "For independent features of probability p the price is {formula}, that is p^2 (B - 2A) - "
    "p(1-p) G with the error A of an active feature, the error B of an active pair and the gain G "
    "for one-hot inputs.",
    Step(
        name="four cases",
        left=of(
            BOTH_ACTIVE_ERROR,
            ACTIVE_ERROR,
            HIDDEN_NOISE_PRICE,
            build=lambda both, active, price: (
                _PROB**2 * (both - 2 * active) + _PROB * (1 - _PROB) * price
            ),
        ),
        reason="both active, or one of them; with none active the outputs cost the same",
    ),
)

break_even_odds = formula(
    name="break_even_odds",
    expression=_GAIN / (_BOTH - 2 * _ACTIVE),
    arguments=(_W, _SIG),
    meaning="The odds p/(1-p) of activity below which polysemanticity pays under noise on the "
    "neurons.",
    example=">>> round(theory.break_even_odds(1, 0.1), 6)\n0.005463",
    regime=(_BOTH - 2 * _ACTIVE > 0,),
)
BREAK_EVEN_ODDS = derived(
    break_even_odds,
    "Where B > 2A, polysemanticity pays below the odds p/(1-p) = {formula}, the gain G for one-hot "
    "inputs over the extra error B - 2A of an active pair, and costs above them.",
    Step(
        name="price zero",
        left=of(
            BOTH_ACTIVE_ERROR,
            ACTIVE_ERROR,
            HIDDEN_NOISE_PRICE,
            build=lambda both, active, price: sp.Mul(
                -1, price, 1 / sp.Add(both, -2 * active, evaluate=False), evaluate=False
            ),
        ),
        reason="p^2 (B - 2A) = p (1 - p) times the gain, minus the price for one-hot inputs",
    ),
)

PAYS_AT_ALL_ODDS = derived(
    "pays_at_all_odds",
    "Where the noise on the neurons is so strong that B <= 2A, polysemanticity pays at all "
    "probabilities of activity below 1.",
    page="paper_notes/cooccurrence.md",
    prose="The price is p^2 (B - 2A) - p (1 - p) G. Its first part is at most 0, and the gain G is "
    "positive, because the output of a silent partner has the mean -w^2 and not 0.",
    by=(NOISY_PRICE, HIDDEN_NOISE_PRICE),
)

break_even_odds_small = formula(
    name="break_even_odds_small",
    expression=_SIG**2 / (2 * (2 - _W**2)),
    arguments=(_W, _SIG),
    meaning="The odds p/(1-p) of activity below which polysemanticity pays, for weak noise on the "
    "neurons.",
    example=">>> round(theory.break_even_odds_small(1, 0.1), 6)\n0.005",
    regime=(_W**2 < 2,),
    error="O(sigma^3)",
)
BREAK_EVEN_SMALL = derived(
    break_even_odds_small,
    "For weak noise the break-even odds are {formula}.",
    Step(
        name="weak noise",
        left=of(
            BOTH_ACTIVE_ERROR,
            build=lambda both: _W**2 * _SIG**2 / (sp.Subs(both, _SIG, 0) - 2 * (1 - _W**2) ** 2),
        ),
        reason="the tails are exponentially small, A -> (1 - w^2)^2",
    ),
)

cooccurrence_price = formula(
    name="cooccurrence_price",
    expression=2 * s.pair_weight * _W**2 * (2 - _W**2),
    arguments=(s.pair_weight, _W),
    meaning="The price of a symmetric polysemantic neuron when its two features co-occur.",
    example=">>> theory.cooccurrence_price(0.01, 1)\n0.02",
    unit="summed loss",
)
COOCCURRENCE_PRICE = derived(
    cooccurrence_price,
    "Co-occurrence charges a symmetric polysemantic neuron {formula}.",
    Step(
        name="pair less two alone",
        left=of(
            PAIR_LOSS,
            COOCCURRING_LOSS,
            build=lambda pair, alone: sp.Subs(pair, (s.a, s.c), (_W, _W)) - 2 * alone,
        ),
        right=2 * s.pair_weight - 2 * s.pair_weight * (1 - _W**2) ** 2,
        reason="l1 and the errors of a feature alone are the same; with both active the pair reads "
        "nothing, a loss of 2, and two features alone err by 1 - w^2 each",
    ),
    Step(name="factor", reason="1 - (1 - w^2)^2 = w^2 (2 - w^2)"),
)

pairs_network_loss = formula(
    name="pairs_network_loss",
    expression=s.n * (1 + s.pair_weight * (s.n - 1)) * (1 - _W**2) ** 2
    + s.k * cooccurrence_price.expression,
    arguments=(s.n, s.k, s.pair_weight, _W),
    meaning="The reconstruction loss of n features of weight w with k polysemantic neurons, all "
    "pairs co-occurring.",
    example=">>> theory.pairs_network_loss(4, 1, 0.01, 1)\n0.02",
    regime=(2 * s.k <= s.n,),
    unit="summed loss",
)
PAIRS_NETWORK_LOSS = derived(
    pairs_network_loss,
    "The reconstruction loss of a network is linear in its number of polysemantic neurons, "
    "{formula}.",
    Step(
        name="sum over features and neurons",
        left=of(
            COOCCURRING_LOSS,
            COOCCURRENCE_PRICE,
            build=lambda alone, price: (
                s.n
                * sp.Subs(
                    alone,
                    (s.lam, s.single_weight, s.pair_weight),
                    (0, 1, s.pair_weight * (s.n - 1)),
                )
                + s.k * price
            ),
        ),
        reason="every feature co-occurs with n - 1 others",
    ),
    prose="With one weight a row the network is a direct sum over neurons: features on different "
    "neurons do not overlap, so each neuron adds its own loss and K counts those with a price.",
)

input_noise_price = formula(
    name="input_noise_price",
    expression=2 * (_error(_W**2, _fan(_W, _TAU)) - _error(_W**2, _W**2 * _TAU))
    + 2 * (_square(-(_W**2), _fan(_W, _TAU)) - _square(0, _W**2 * _TAU))
    + 2 * (s.n - 2) * (_square(0, _fan(_W, _TAU)) - _square(0, _W**2 * _TAU)),
    arguments=(s.n, _W, _TAU),
    meaning="The price of a polysemantic neuron under normal noise on all inputs, clean targets.",
    example=">>> round(theory.input_noise_price(64, 1, 0.1), 6)\n0.63",
    regime=(s.n >= 2,),
    unit="summed loss",
)
INPUT_NOISE_PRICE = derived(
    input_noise_price,
    "Under normal noise on the inputs the price of a polysemantic neuron is a sum of rectified "
    "normal moments, {formula}.",
    Step(
        name="outputs of the pair",
        left=of(
            RECTIFIED_SQUARE,
            RECTIFIED_MEAN,
            build=lambda square, mean: (
                2 * output_error(square, mean, _W**2, _fan(_W, _TAU))
                - 2 * output_error(square, mean, _W**2, _W**2 * _TAU)
                + 2 * at_output(square, -(_W**2), _fan(_W, _TAU))
                + 2 * (s.n - 2) * at_output(square, 0, _fan(_W, _TAU))
                - 2 * (s.n - 1) * at_output(square, 0, _W**2 * _TAU)
            ),
        ),
        reason="outputs of a pair see both inputs: deviation sqrt(2) w^2 tau for w^2 tau",
    ),
)

input_noise_price_small = formula(
    name="input_noise_price_small",
    expression=(s.n - 1) * _W**4 * _TAU**2,
    arguments=(s.n, _W, _TAU),
    meaning="The price of a polysemantic neuron under weak normal noise on all inputs, clean "
    "targets: positive.",
    example=">>> theory.input_noise_price_small(5, 1, 0.5)\n1.0",
    regime=(s.n >= 2,),
    error="O(exp(-1/(4 tau^2)))",
    unit="summed loss",
)
INPUT_NOISE_SMALL = derived(
    input_noise_price_small,
    "Noise on the inputs makes a polysemantic neuron more expensive by {formula}.",
    Step(
        name="without tails",
        left=of(
            RECTIFIED_SQUARE,
            build=lambda square: (
                # active outputs are never clipped, their silent partners never rise
                2 * (_fan(_W, _TAU) ** 2 - _W**4 * _TAU**2)
                + 2 * (s.n - 2) * at_output(square, 0, _fan(_W, _TAU))
                - 2 * (s.n - 1) * at_output(square, 0, _W**2 * _TAU)
            ),
        ),
        right=sp.Add(
            2 * _W**4 * _TAU**2,
            2 * (s.n - 2) * _W**4 * _TAU**2,
            -(s.n - 1) * _W**4 * _TAU**2,
            evaluate=False,
        ),
        reason="the means are exponentially close to those of unrectified outputs; half of the "
        "variance of an output of mean 0 passes ReLU",
    ),
    Step(name="add", reason="2 + 2 (n - 2) - (n - 1) = n - 1"),
)

weight_noise_price = formula(
    name="weight_noise_price",
    expression=-2 * _W**2 * _TAU**2,
    arguments=(_W, _TAU),
    meaning="The price of a polysemantic neuron under independent noise on all weights.",
    example=">>> theory.weight_noise_price(1, 0.5)\n-0.5",
    error="O(tau^4 m)",
    unit="summed loss",
)
WEIGHT_NOISE_PRICE = derived(
    weight_noise_price,
    "Noise on the weights adds {formula} to the price of a polysemantic neuron, which makes it "
    "cheaper.",
    Step(
        name="overlaps that matter",
        left=of(
            RECTIFIED_SQUARE,
            build=lambda square: -2 * at_output(square, 0, sp.sqrt(2) * _W * _TAU),
        ),
        reason="on two neurons the overlap of two features has variance 2 w^2 tau^2 and is read "
        "in both directions; on one neuron it stays near -w^2; half of the variance passes ReLU",
    ),
)

ablation_variance = formula(
    name="ablation_variance",
    expression=s.ablation_probability
    * (1 - s.ablation_probability)
    * (1 - (1 - _W**2) ** 2) ** 2
    * (s.n + 2 * s.k),
    arguments=(s.n, s.k, _W, s.ablation_probability),
    meaning="The variance of the one-hot loss when each neuron is silenced at random; its mean "
    "does not depend on the number of polysemantic neurons.",
    example=">>> theory.ablation_variance(4, 1, 1, 0.5)\n1.5",
    regime=(s.ablation_probability <= 1, 2 * s.k <= s.n),
    unit="summed loss squared",
)
ABLATION_VARIANCE = derived(
    ablation_variance,
    "If neurons are silenced at random, the mean of the loss does not depend on the number K of "
    "polysemantic neurons, and its variance is {formula}.",
    Step(
        name="sum over neurons",
        left=of(
            MONOSEMANTIC_LOSS,
            build=lambda loss: (
                s.ablation_probability
                * (1 - s.ablation_probability)
                * (sp.Subs(loss, (s.lam, _W), (0, 0)) - sp.Subs(loss, s.lam, 0)) ** 2
                * ((s.n - 2 * s.k) * 1**2 + s.k * 2**2)
            ),
        ),
        right=s.ablation_probability
        * (1 - s.ablation_probability)
        * (1 - (1 - _W**2) ** 2) ** 2
        * sp.Add(s.n - 2 * s.k, 4 * s.k, evaluate=False),
        reason="n - 2K neurons hold one feature and K hold two; the variance of what one of them "
        "adds is delta (1 - delta) times its square, D^2 or (2 D)^2 with D = 1 - (1 - w^2)^2",
    ),
    Step(name="add", reason="n - 2K + 4K = n + 2K"),
    prose="A silenced neuron raises the loss by D = 1 - (1 - w^2)^2 per feature on it, so the mean "
    "rises by delta n D. Neurons are silenced independently, so variances add.",
)

tradeoff_loss = formula(
    name="tradeoff_loss",
    expression=expected_pairs.expression * suppression_fit.expression * 2 * s.strength * s.lam,
    arguments=(s.n, s.m, s.strength, s.lam),
    meaning="The loss that polysemanticity costs a wide network (n << m) trained on co-occurring "
    "features.",
    example=">>> round(theory.tradeoff_loss(64, 512, 0.25, 0.01), 6)\n0.00495",
    regime=(s.strength <= sp.Rational(3, 2),),
    error="fitted: within 10 %, by the fit of the suppression",
    where="n << m, small lambda",
    unit="summed loss",
)
TRADEOFF_LOSS = derived(
    tradeoff_loss,
    "In wide networks (n << m) training suppresses what co-occurrence would charge: the loss is "
    "{formula}, that is 2 p K0 F(p/lambda) with the expected pairs K0 and the surviving fraction "
    "F.",
    Step(
        name="count times price",
        left=of(
            EXPECTED_PAIRS,
            SUPPRESSION_FIT,
            COOCCURRENCE_PRICE,
            build=lambda pairs, f, price: (
                pairs * f * sp.Subs(price, (_W, s.pair_weight), (1, s.strength * s.lam))
            ),
        ),
        right=sp.Mul(
            expected_pairs.expression,
            suppression_fit.expression,
            2 * s.strength * s.lam,
            evaluate=False,
        ),
        reason="expected pairs without co-occurrence, the fraction that survives, and the price 2 "
        "p_2 of a pair of weights 1, p_2 = r_c lambda",
    ),
    Step(name="multiply", reason="n (n-1)/(4m) times 2 r_c lambda"),
)


worst_strength = formula(
    name="worst_strength",
    expression=_WORST,
    meaning="The co-occurrence p/lambda at which tradeoff_loss is largest.",
    example=">>> round(theory.worst_strength(), 4)\n0.3187",
    error="fitted: within 5 %, by the fit of the suppression",
)
WORST_STRENGTH = derived(
    worst_strength,
    "The tradeoff loss is largest at p/lambda = {formula}, about 0.32.",
    Step(
        name="largest",
        left=of(SUPPRESSION_FIT, build=lambda f: turning_point(s.strength * f, s.strength, 0, 1)),
        right=Root(1 - sp.Rational(5, 2) * s.strength - 2 * s.strength**2, s.strength, 0, 1),
        reason="the loss is r F(r) times a constant, and the slope of r F this quadratic times F",
    ),
    Step(name="solve", reason="4 r^2 + 5 r - 2 = 0; the positive root"),
)

worst_tradeoff_loss = formula(
    name="worst_tradeoff_loss",
    expression=tradeoff_loss.expression.subs(s.strength, _WORST),
    arguments=(s.n, s.m, s.lam),
    meaning="The most that polysemanticity can cost a wide network (n << m) trained on features "
    "that co-occur: near 0.26 lambda times the expected number of pairs.",
    example=">>> round(theory.worst_tradeoff_loss(64, 512, 0.01), 6)\n0.005111",
    error="fitted: within 5 %, by the fit of the suppression",
    where="n << m, small lambda",
    unit="summed loss",
)
WORST_TRADEOFF = derived(
    worst_tradeoff_loss,
    "In wide networks (n << m) polysemanticity is self-limiting: it costs at most {formula}, about "
    "0.26 lambda K0 with the expected pairs K0.",
    Step(
        name="insert",
        left=of(
            TRADEOFF_LOSS,
            WORST_STRENGTH,
            build=lambda loss, worst: sp.Subs(loss, s.strength, worst),
        ),
        reason="the loss at its maximum",
    ),
)
